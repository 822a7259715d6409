//! Messages under way, remembered so that a delivery can be told by its contents and by when it was sent.

use std::collections::{BTreeMap, VecDeque};

use kafkasim_core::message::Message;

use crate::world::{Action, Delivery, Direction, Fault, Link, World};

/// A message, and which action sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) message: Message,
    /// The number of the action, from 1.
    pub(super) by: usize,
}

/// Every message under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Transit {
    queues: BTreeMap<(Link, Direction), VecDeque<Sent>>,
}

impl Transit {
    /// What this action delivers or loses, if it is a message. To be asked before [`Self::follow`].
    pub(super) fn take(&mut self, action: &Action) -> Option<Sent> {
        match action {
            Action::Deliver {
                link,
                direction,
                what: Delivery::Message(_) | Delivery::Late(_),
            } => self.queues.get_mut(&(*link, *direction))?.pop_front(),
            Action::Fault(Fault::Lose(link)) => self.queues.get_mut(&(*link, Direction::ToServer))?.pop_front(),
            Action::Deliver {
                what: Delivery::End, ..
            }
            | Action::Start { .. }
            | Action::Connect(_)
            | Action::Refuse(_)
            | Action::Fire { .. }
            | Action::Sync { .. }
            | Action::Choose { .. }
            | Action::Call { .. }
            | Action::Work { .. }
            | Action::Fault(_) => None,
        }
    }

    /// Takes over what is under way in the world after action number `number`. What was there before is recognised, in order; the rest is new.
    pub(super) fn follow(&mut self, world: &World, number: usize) {
        let mut before = std::mem::take(&mut self.queues);
        for (link, connection) in world.network().connections() {
            let requests = connection
                .requests()
                .map(|request| Message::Request(request.clone()))
                .collect();
            let responses = connection
                .responses()
                .map(|response| Message::Response(response.clone()))
                .collect();
            for (direction, messages) in [(Direction::ToServer, requests), (Direction::ToClient, responses)] {
                let old = before.remove(&(link, direction)).unwrap_or_default();
                let queue = recognise(old, messages, number);
                if !queue.is_empty() {
                    self.queues.insert((link, direction), queue);
                }
            }
        }
    }
}

fn recognise(mut old: VecDeque<Sent>, messages: Vec<Message>, number: usize) -> VecDeque<Sent> {
    let sent = |message: Message| match old.iter().position(|sent| sent.message == message) {
        Some(position) => old.drain(..=position).next_back().expect("it is there"),
        None => Sent { message, by: number },
    };
    messages.into_iter().map(sent).collect()
}

#[cfg(test)]
mod tests {
    use kafkasim_core::message::{InitProducerIdRequest, MetadataRequest, Request};

    use super::*;

    #[test]
    fn what_was_under_way_is_recognised() {
        let metadata = Message::Request(Request::Metadata(MetadataRequest { topics: None }));
        let init = Message::Request(Request::InitProducerId(InitProducerIdRequest));
        let numbers = |queue: &VecDeque<Sent>| queue.iter().map(|sent| sent.by).collect::<Vec<_>>();
        let first = recognise(VecDeque::new(), vec![metadata.clone(), init.clone()], 1);
        assert_eq!(numbers(&first), [1, 1]);
        let second = recognise(first, vec![init.clone(), init], 2);
        assert_eq!(numbers(&second), [1, 2], "the first got lost, the last is new");
        let third = recognise(second, vec![metadata], 3);
        assert_eq!(numbers(&third), [3]);
    }
}
