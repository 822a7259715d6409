//! The network: connections with a queue in each direction, and who cannot reach whom.
//!
//! Within a connection everything arrives in order, and the server works on one request at a time. A request outlives its connection:
//! what was under way when the client gave up or died may still arrive, and is then flagged as late. The end of a connection is an
//! item in its queues, behind what was sent before it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use kafkasim_core::ids::{Generation, NodeId};
use kafkasim_core::machine::{ConnectionId, Lane};
use kafkasim_core::message::{Api, Message, Request, Response};

use super::Queued;
use super::action::{Delivery, Direction, Link};
use crate::fingerprint::Fingerprint;
use crate::sorted::SortedMap;

/// A queue cannot be longer than this in a sound model: growth means that something never stops sending.
const QUEUE_CAP: usize = 1024;

/// Every connection, and every cut.
#[derive(Clone, Debug, Default)]
pub struct Network {
    connections: SortedMap<Link, Entry>,
    cuts: BTreeSet<(NodeId, NodeId)>,
}

#[derive(Clone, Debug)]
struct Entry {
    connection: Arc<Connection>,
    fingerprint: Option<Fingerprint>,
}

impl PartialEq for Network {
    fn eq(&self, other: &Self) -> bool {
        self.cuts == other.cuts
            && self.connections.len() == other.connections.len()
            && self
                .connections
                .iter()
                .zip(other.connections.iter())
                .all(|((link, ours), (other, theirs))| link == other && ours.connection == theirs.connection)
    }
}

impl Eq for Network {}

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Connection {
    client: End,
    server: End,
    /// The server works on a request of this kind that came over this connection; the next one waits.
    busy: Option<Api>,
    to_server: VecDeque<Request>,
    /// The server has yet to learn that the connection has ended, behind the requests.
    end_to_server: bool,
    to_client: VecDeque<Response>,
    /// The client has yet to learn that the connection has ended, behind the responses.
    end_to_client: bool,
}

/// What one end believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum End {
    /// Nothing yet: the connection is being made.
    Opening,
    Open,
    /// Gave up, died, or was told.
    Gone,
}

/// What was taken out of a queue.
#[derive(Debug)]
pub(super) enum Packet {
    Message(Message),
    End,
}

impl Network {
    /// Whether messages cannot get from one process to another.
    #[must_use]
    pub fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        !self.cuts.is_empty() && self.cuts.contains(&(from, to))
    }

    /// Every cut, as (sender, receiver).
    pub fn cuts(&self) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        self.cuts.iter().copied()
    }

    /// Every connection, or what is left of it.
    pub fn connections(&self) -> impl Iterator<Item = (Link, &Connection)> {
        self.connections.iter().map(|(link, entry)| (link, &*entry.connection))
    }

    /// One connection.
    #[must_use]
    pub fn connection(&self, link: Link) -> Option<&Connection> {
        self.connections.get(link).map(|entry| &*entry.connection)
    }

    /// What arrives next in one direction, if anything can.
    #[must_use]
    pub fn head(&self, link: Link, direction: Direction) -> Option<Delivery> {
        self.connection(link)?.head(direction)
    }

    /// An order-independent digest of everything.
    pub(super) fn fingerprint(&mut self) -> Fingerprint {
        let mut sum = Fingerprint::of(&self.cuts);
        for (link, entry) in self.connections.iter_mut() {
            let fingerprint = *entry
                .fingerprint
                .get_or_insert_with(|| Fingerprint::of(&(link, &*entry.connection)));
            sum = sum.plus(fingerprint);
        }
        sum
    }

    pub(super) fn cut(&mut self, from: NodeId, to: NodeId) {
        self.cuts.insert((from, to));
    }

    pub(super) fn mend(&mut self, from: NodeId, to: NodeId) {
        self.cuts.remove(&(from, to));
    }

    /// A client asks for a connection; it gets the smallest generation that is free in both directions, so that two processes which connect to
    /// each other can tell their connections apart.
    pub(super) fn open(&mut self, client: NodeId, server: NodeId, lane: Lane) -> Link {
        let link = (0..)
            .map(|generation| Link {
                client,
                server,
                lane,
                generation: Generation(generation),
            })
            .find(|link| {
                let back = Link {
                    client: server,
                    server: client,
                    ..*link
                };
                !self.connections.contains(*link) && !self.connections.contains(back)
            })
            .expect("there is always a free generation");
        let connection = Connection {
            client: End::Opening,
            server: End::Opening,
            busy: None,
            to_server: VecDeque::new(),
            end_to_server: false,
            to_client: VecDeque::new(),
            end_to_client: false,
        };
        self.connections.insert(
            link,
            Entry {
                connection: Arc::new(connection),
                fingerprint: None,
            },
        );
        link
    }

    /// The connection is made.
    pub(super) fn establish(&mut self, link: Link) {
        let connection = self.connection_mut(link);
        connection.client = End::Open;
        connection.server = End::Open;
    }

    /// The connection cannot be made.
    pub(super) fn refuse(&mut self, link: Link) {
        self.connections.remove(link);
    }

    /// A process sends over one of its connections. What is sent over one that has ended is dropped.
    pub(super) fn send(&mut self, from: NodeId, connection: ConnectionId, message: Message, queued: &mut Vec<Queued>) {
        let (link, direction) = match &message {
            Message::Request(_) => (link_from_client(from, connection), Direction::ToServer),
            Message::Response(_) => (link_from_server(from, connection), Direction::ToClient),
        };
        let Some(entry) = self.connections.get_mut(link) else {
            return;
        };
        entry.fingerprint = None;
        let connection = Arc::make_mut(&mut entry.connection);
        match message {
            Message::Request(request) => {
                if connection.client != End::Open || connection.server == End::Gone {
                    return;
                }
                connection.to_server.push_back(request);
                assert!(connection.to_server.len() <= QUEUE_CAP, "requests pile up on {link}");
            }
            Message::Response(response) => {
                connection.busy = None;
                // Over a connection that has broken nothing gets through, or it would be taken for the answer to what was lost before it.
                if connection.client != End::Open || connection.server != End::Open || connection.end_to_client {
                    return;
                }
                connection.to_client.push_back(response);
                assert!(connection.to_client.len() <= QUEUE_CAP, "responses pile up on {link}");
            }
        }
        queued.push(Queued::Packet { link, direction });
        if direction == Direction::ToClient && !connection.to_server.is_empty() {
            queued.push(Queued::Unblocked { link });
        }
    }

    /// Takes the head of one direction.
    pub(super) fn take(&mut self, link: Link, direction: Direction) -> Packet {
        let connection = self.connection_mut(link);
        let packet = match direction {
            Direction::ToServer => match connection.to_server.pop_front() {
                Some(request) => {
                    if connection.server == End::Open && connection.client == End::Open && request.expects_response() {
                        connection.busy = Some(request.api());
                    }
                    Packet::Message(Message::Request(request))
                }
                None => {
                    connection.end_to_server = false;
                    connection.server = End::Gone;
                    connection.busy = None;
                    Packet::End
                }
            },
            Direction::ToClient => match connection.to_client.pop_front() {
                Some(response) => Packet::Message(Message::Response(response)),
                None => {
                    connection.end_to_client = false;
                    connection.client = End::Gone;
                    Packet::End
                }
            },
        };
        if connection.is_over() {
            self.connections.remove(link);
        }
        packet
    }

    /// One end closes, dies or is cut off for good. With `outlive`, requests under way may still arrive.
    pub(super) fn close(&mut self, link: Link, closing: Direction, outlive: bool, queued: &mut Vec<Queued>) {
        let Some(entry) = self.connections.get_mut(link) else {
            return;
        };
        entry.fingerprint = None;
        let connection = Arc::make_mut(&mut entry.connection);
        match closing {
            Direction::ToServer => {
                if connection.client == End::Gone {
                    return;
                }
                connection.client = End::Gone;
                connection.to_client.clear();
                connection.end_to_client = false;
                connection.end_requests(outlive);
            }
            Direction::ToClient => {
                if connection.client == End::Opening {
                    // Whether it can be made is decided when it is tried.
                    return;
                }
                connection.server = End::Gone;
                connection.busy = None;
                connection.to_server.clear();
                connection.end_to_server = false;
                connection.end_to_client = connection.client == End::Open;
            }
        }
        self.announce(link, queued);
        self.forget_if_over(link);
    }

    /// The connection breaks in the middle: both ends have yet to learn of it.
    pub(super) fn reset(&mut self, link: Link, outlive: bool, queued: &mut Vec<Queued>) {
        let connection = self.connection_mut(link);
        connection.to_client.clear();
        connection.end_to_client = true;
        connection.end_requests(outlive);
        self.announce(link, queued);
    }

    /// The oldest late request of a connection gets lost.
    pub(super) fn lose(&mut self, link: Link) {
        let connection = self.connection_mut(link);
        connection
            .to_server
            .pop_front()
            .expect("a late request is there to be lost");
        self.forget_if_over(link);
    }

    /// Every connection in which a process takes part.
    pub(super) fn links_of(&self, node: NodeId) -> Vec<Link> {
        self.connections
            .keys()
            .filter(|link| link.client == node || link.server == node)
            .collect()
    }

    fn announce(&self, link: Link, queued: &mut Vec<Queued>) {
        let connection = &self
            .connections
            .get(link)
            .expect("it is there to be announced")
            .connection;
        let late = connection.to_server.len();
        if connection.client != End::Open || connection.end_to_client {
            queued.extend((0..late).map(|_| Queued::Late { link }));
        }
        if connection.end_to_server {
            queued.push(Queued::Packet {
                link,
                direction: Direction::ToServer,
            });
        }
        if connection.end_to_client {
            queued.push(Queued::Packet {
                link,
                direction: Direction::ToClient,
            });
        }
    }

    fn forget_if_over(&mut self, link: Link) {
        if self
            .connections
            .get(link)
            .is_some_and(|entry| entry.connection.is_over())
        {
            self.connections.remove(link);
        }
    }

    fn connection_mut(&mut self, link: Link) -> &mut Connection {
        let entry = self
            .connections
            .get_mut(link)
            .unwrap_or_else(|| panic!("there is a connection {link}"));
        entry.fingerprint = None;
        Arc::make_mut(&mut entry.connection)
    }
}

impl Connection {
    /// Whether it is still being made.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        self.client == End::Opening
    }

    /// Whether both ends believe in it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.client == End::Open && self.server == End::Open && !self.end_to_client && !self.end_to_server
    }

    /// Whether its requests have outlived it.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.client == End::Gone || self.end_to_client
    }

    /// Whether nothing can come of it any more.
    fn is_over(&self) -> bool {
        let waits = !self.to_server.is_empty() || self.end_to_server || self.end_to_client;
        let alive = self.client != End::Gone && self.server != End::Gone;
        let to_be_told = self.client == End::Opening || (self.client == End::Open && !self.to_client.is_empty());
        !waits && !alive && !to_be_told
    }

    /// Requests under way.
    pub fn requests(&self) -> impl ExactSizeIterator<Item = &Request> {
        self.to_server.iter()
    }

    /// Responses under way.
    pub fn responses(&self) -> impl ExactSizeIterator<Item = &Response> {
        self.to_client.iter()
    }

    /// Whether the server works on one of its requests.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.busy.is_some()
    }

    /// Produces that its client has sent and not heard of: under way, at work on the server, or with their answers under way.
    #[must_use]
    pub fn unanswered_produces(&self) -> usize {
        let awaits_answer = |request: &&Request| matches!(request, Request::Produce(_)) && request.expects_response();
        let is_answer = |response: &&Response| matches!(response, Response::Produce(_));
        self.to_server.iter().filter(awaits_answer).count()
            + usize::from(self.busy == Some(Api::Produce))
            + self.to_client.iter().filter(is_answer).count()
    }

    /// Whether nothing but the end of the connection is under way in one direction.
    #[must_use]
    pub fn head_is_end(&self, direction: Direction) -> bool {
        self.head(direction) == Some(Delivery::End)
    }

    /// What arrives next in one direction, if anything can.
    fn head(&self, direction: Direction) -> Option<Delivery> {
        match direction {
            Direction::ToServer => match self.to_server.front() {
                Some(request) if self.is_late() => Some(Delivery::Late(request.api())),
                Some(request) => (!self.is_busy()).then(|| Delivery::Message(request.api())),
                None => self.end_to_server.then_some(Delivery::End),
            },
            Direction::ToClient => match self.to_client.front() {
                Some(response) => Some(Delivery::Message(response.api())),
                None => self.end_to_client.then_some(Delivery::End),
            },
        }
    }

    /// Ends the direction towards the server. A server that owes this client nothing need not be told: it would do nothing.
    fn end_requests(&mut self, outlive: bool) {
        if outlive {
            self.to_server.retain(|request| !request.is_read_only());
        } else {
            self.to_server.clear();
        }
        if self.server == End::Open {
            self.end_to_server = self.is_busy();
            if !self.is_busy() {
                self.server = End::Gone;
            }
        } else {
            self.server = End::Gone;
        }
    }
}

const fn link_from_client(client: NodeId, connection: ConnectionId) -> Link {
    Link {
        client,
        server: connection.peer,
        lane: connection.lane,
        generation: connection.generation,
    }
}

const fn link_from_server(server: NodeId, connection: ConnectionId) -> Link {
    Link {
        client: connection.peer,
        server,
        lane: connection.lane,
        generation: connection.generation,
    }
}

#[cfg(test)]
mod tests {
    use kafkasim_core::message::{Acks, ProduceRequest, ProduceResponse};

    use super::*;

    const PRODUCER: NodeId = NodeId(5);
    const BROKER: NodeId = NodeId(1);

    fn produce() -> Message {
        let request = ProduceRequest {
            acks: Acks::All,
            timeout_ms: 1000,
            partition_data: Vec::new(),
        };
        Message::Request(request.into())
    }

    #[test]
    fn a_produce_is_unanswered_until_its_answer_arrives() {
        let mut network = Network::default();
        let link = network.open(PRODUCER, BROKER, Lane::Client);
        network.establish(link);
        let at = |peer| ConnectionId {
            peer,
            lane: Lane::Client,
            generation: link.generation,
        };
        let unanswered = |network: &Network| network.connection(link).map(Connection::unanswered_produces);
        for _ in 0..2 {
            network.send(PRODUCER, at(BROKER), produce(), &mut Vec::new());
        }
        assert_eq!(unanswered(&network), Some(2));
        network.take(link, Direction::ToServer);
        assert_eq!(unanswered(&network), Some(2), "the broker works on one of them");
        let answer = ProduceResponse { responses: Vec::new() };
        network.send(BROKER, at(PRODUCER), Message::Response(answer.into()), &mut Vec::new());
        assert_eq!(unanswered(&network), Some(2), "the answer is under way");
        network.take(link, Direction::ToClient);
        assert_eq!(unanswered(&network), Some(1));
    }

    #[test]
    fn an_answer_over_a_broken_connection_is_lost_and_not_taken_for_an_earlier_one() {
        let mut network = Network::default();
        let link = network.open(PRODUCER, BROKER, Lane::Client);
        network.establish(link);
        let at = |peer| ConnectionId {
            peer,
            lane: Lane::Client,
            generation: link.generation,
        };
        network.send(PRODUCER, at(BROKER), produce(), &mut Vec::new());
        network.take(link, Direction::ToServer);
        network.reset(link, false, &mut Vec::new());
        let answer = ProduceResponse { responses: Vec::new() };
        network.send(BROKER, at(PRODUCER), Message::Response(answer.into()), &mut Vec::new());
        assert!(matches!(network.take(link, Direction::ToClient), Packet::End));
    }
}
