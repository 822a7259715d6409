//! The connections that a process opens, and what it has asked over them: Kafka's `NetworkClient` without the bytes.
//!
//! Requests on one connection are answered in order. When one is not answered in time the whole connection is given up, and so is
//! every request on it, as in Kafka.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use crate::ids::NodeId;
use crate::machine::{ConnectionId, Lane, Outbox};
use crate::message::Request;
use crate::timer::{Timer, Window};

/// Connections by peer and lane; `P` is what the owner remembers about each unanswered request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Connections<P> {
    peers: BTreeMap<(NodeId, Lane), State<P>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State<P> {
    BackingOff,
    Connecting,
    Open {
        id: ConnectionId,
        unanswered: VecDeque<Unanswered<P>>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Unanswered<P> {
    slot: u8,
    pending: P,
}

impl<P> Default for Connections<P> {
    fn default() -> Self {
        Self { peers: BTreeMap::new() }
    }
}

impl<P> Connections<P> {
    /// Whether a request can be sent now; if there is no connection and none is being made, asks for one.
    pub fn ready(&mut self, peer: NodeId, lane: Lane, out: &mut Outbox) -> bool {
        match self.peers.get(&(peer, lane)) {
            Some(State::Open { .. }) => true,
            Some(State::BackingOff | State::Connecting) => false,
            None => {
                self.peers.insert((peer, lane), State::Connecting);
                out.connect(peer, lane);
                false
            }
        }
    }

    /// Whether a connection is open, without asking for one.
    #[must_use]
    pub fn is_open(&self, peer: NodeId, lane: Lane) -> bool {
        matches!(self.peers.get(&(peer, lane)), Some(State::Open { .. }))
    }

    /// What is unanswered on the connection to this peer, oldest first.
    pub fn unanswered(&self, peer: NodeId, lane: Lane) -> impl Iterator<Item = &P> {
        let open = match self.peers.get(&(peer, lane)) {
            Some(State::Open { unanswered, .. }) => Some(unanswered),
            Some(State::BackingOff | State::Connecting) | None => None,
        };
        open.into_iter().flatten().map(|request| &request.pending)
    }

    /// Everything unanswered on every connection.
    pub fn all_unanswered(&self) -> impl Iterator<Item = &P> {
        self.peers
            .values()
            .filter_map(|state| match state {
                State::Open { unanswered, .. } => Some(unanswered),
                State::BackingOff | State::Connecting => None,
            })
            .flatten()
            .map(|request| &request.pending)
    }

    /// The same, to be changed: their owner may have lost interest.
    pub fn all_unanswered_mut(&mut self) -> impl Iterator<Item = &mut P> {
        self.peers
            .values_mut()
            .filter_map(|state| match state {
                State::Open { unanswered, .. } => Some(unanswered),
                State::BackingOff | State::Connecting => None,
            })
            .flatten()
            .map(|request| &mut request.pending)
    }

    /// Sends a request and remembers `pending` until it is answered or the connection ends. One that expects no response is not remembered.
    ///
    /// # Panics
    /// If the connection is not open: ask [`Self::ready`] first.
    pub fn send(&mut self, peer: NodeId, lane: Lane, request: Request, pending: P, timeout: Window, out: &mut Outbox) {
        let Some(State::Open { id, unanswered }) = self.peers.get_mut(&(peer, lane)) else {
            panic!("a request was sent to {peer} on {lane:?} without an open connection");
        };
        if request.expects_response() {
            let slot = (0..=u8::MAX)
                .find(|slot| unanswered.iter().all(|request| request.slot != *slot))
                .expect("at most 256 requests are unanswered on one connection");
            unanswered.push_back(Unanswered { slot, pending });
            out.set_timer(Timer::RequestTimeout { connection: *id, slot }, timeout);
        }
        out.request(*id, request);
    }

    /// [`Input::Connected`](crate::machine::Input::Connected): the connection is open.
    ///
    /// # Panics
    /// If it was not asked for.
    pub fn connected(&mut self, id: ConnectionId) {
        let open = State::Open {
            id,
            unanswered: VecDeque::new(),
        };
        let before = self.peers.insert((id.peer, id.lane), open);
        assert!(
            matches!(before, Some(State::Connecting)),
            "nobody asked for the connection to {} on {:?} that came up",
            id.peer,
            id.lane
        );
    }

    /// [`Input::Refused`](crate::machine::Input::Refused): the connection could not be made. The next attempt waits for `backoff`, longer each time in a
    /// row if it grows.
    ///
    /// # Panics
    /// If it was not asked for.
    pub fn refused(&mut self, peer: NodeId, lane: Lane, backoff: Window, out: &mut Outbox) {
        let before = self.peers.insert((peer, lane), State::BackingOff);
        assert!(
            matches!(before, Some(State::Connecting)),
            "nobody asked for the connection to {peer} on {lane:?} that was refused"
        );
        out.set_timer(Timer::ReconnectBackoff { peer, lane }, backoff);
    }

    /// A response arrived: what was remembered about the oldest request. `None` if the connection is not ours any more.
    pub fn answered(&mut self, connection: ConnectionId, out: &mut Outbox) -> Option<P> {
        match self.peers.get_mut(&(connection.peer, connection.lane)) {
            Some(State::Open { id, unanswered }) if *id == connection => {
                let request = unanswered.pop_front()?;
                out.cancel_timer(Timer::RequestTimeout {
                    connection,
                    slot: request.slot,
                });
                Some(request.pending)
            }
            Some(_) | None => None,
        }
    }

    /// [`Input::Disconnected`](crate::machine::Input::Disconnected): everything that stays unanswered, oldest first. Reconnecting waits
    /// for `backoff`, which begins anew. Nothing happens if the connection is not ours any more.
    pub fn disconnected(&mut self, connection: ConnectionId, backoff: Window, out: &mut Outbox) -> Vec<P> {
        let key = (connection.peer, connection.lane);
        if !matches!(self.peers.get(&key), Some(State::Open { id, .. }) if *id == connection) {
            return Vec::new();
        }
        out.set_timer(
            Timer::ReconnectBackoff {
                peer: connection.peer,
                lane: connection.lane,
            },
            backoff.begins(),
        );
        match self.peers.insert(key, State::BackingOff) {
            Some(State::Open { unanswered, .. }) => {
                for request in &unanswered {
                    out.cancel_timer(Timer::RequestTimeout {
                        connection,
                        slot: request.slot,
                    });
                }
                unanswered.into_iter().map(|request| request.pending).collect()
            }
            Some(State::BackingOff | State::Connecting) | None => Vec::new(),
        }
    }

    /// [`Timer::RequestTimeout`]: gives the connection up, with everything unanswered on it, oldest first.
    pub fn timed_out(&mut self, connection: ConnectionId, backoff: Window, out: &mut Outbox) -> Vec<P> {
        if matches!(self.peers.get(&(connection.peer, connection.lane)), Some(State::Open { id, .. }) if *id == connection)
        {
            out.disconnect(connection);
            self.disconnected(connection, backoff, out)
        } else {
            Vec::new()
        }
    }

    /// [`Timer::ReconnectBackoff`]: the peer may be tried again.
    pub fn backed_off(&mut self, peer: NodeId, lane: Lane) {
        if matches!(self.peers.get(&(peer, lane)), Some(State::BackingOff)) {
            self.peers.remove(&(peer, lane));
        }
    }

    /// Closes every connection. Those that are still being made stay, until they are.
    pub fn close_all(&mut self, out: &mut Outbox) {
        let keys: Vec<_> = self.peers.keys().copied().collect();
        for (peer, lane) in keys {
            self.close(peer, lane, out);
        }
    }

    /// Closes the connection to this peer, if there is one; what was unanswered on it is returned, oldest first.
    pub fn close(&mut self, peer: NodeId, lane: Lane, out: &mut Outbox) -> Vec<P> {
        match self.peers.remove(&(peer, lane)) {
            Some(State::Open { id, unanswered }) => {
                out.disconnect(id);
                for request in &unanswered {
                    out.cancel_timer(Timer::RequestTimeout {
                        connection: id,
                        slot: request.slot,
                    });
                }
                unanswered.into_iter().map(|request| request.pending).collect()
            }
            Some(State::BackingOff) => {
                out.cancel_timer(Timer::ReconnectBackoff { peer, lane });
                Vec::new()
            }
            Some(state @ State::Connecting) => {
                self.peers.insert((peer, lane), state);
                Vec::new()
            }
            None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Generation;
    use crate::machine::Effect;
    use crate::timer::Growth;

    const CONNECTION: ConnectionId = ConnectionId {
        peer: NodeId(1),
        lane: Lane::Client,
        generation: Generation(0),
    };

    /// How the wait grows that begins when this connection, made or not, ends.
    fn growth(connections: &mut Connections<()>, is_made: bool) -> Growth {
        let mut out = Outbox::new();
        connections.ready(CONNECTION.peer, CONNECTION.lane, &mut out);
        let backoff = Window::doubling(50, 1000);
        if is_made {
            connections.connected(CONNECTION);
            connections.disconnected(CONNECTION, backoff, &mut out);
        } else {
            connections.refused(CONNECTION.peer, CONNECTION.lane, backoff, &mut out);
        }
        connections.backed_off(CONNECTION.peer, CONNECTION.lane);
        let [.., Effect::SetTimer { window, .. }] = out.effects() else {
            panic!("no back-off was armed: {:?}", out.effects());
        };
        window.growth
    }

    #[test]
    fn each_failed_attempt_waits_longer_until_there_is_a_connection() {
        let mut connections = Connections::default();
        let doubles = Growth::Doubles { at_most_ms: 1000 };
        assert_eq!(growth(&mut connections, false), doubles);
        assert_eq!(growth(&mut connections, false), doubles);
        assert_eq!(growth(&mut connections, true), Growth::Begins);
        assert_eq!(growth(&mut connections, false), doubles);
    }

    #[test]
    fn how_often_an_attempt_failed_is_not_part_of_the_state() {
        let (mut once, mut often) = (Connections::default(), Connections::default());
        growth(&mut once, false);
        for _ in 0..9 {
            growth(&mut often, false);
        }
        assert_eq!(once, often);
    }
}
