//! Programs that write: sending a number of records, and creating topics.

use std::collections::BTreeSet;

use bytes::Bytes;
use kafkasim_core::call::{Answer, Call, NewTopic, ProducerRecord};
use kafkasim_core::ids::{CallId, TopicName};

use super::Program;

/// Sends a fixed number of distinct records, keeping a number of sends outstanding. The values are `NAME-0`, `NAME-1`, …; after a restart
/// it starts over with `NAME.1-0`, so that every value is sent once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SendLoop {
    name: String,
    topic: TopicName,
    placement: Placement,
    records: u32,
    outstanding_at_most: usize,
    next: u32,
    outstanding: BTreeSet<CallId>,
}

/// How a send loop places its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placement {
    /// All into one partition.
    Partition(i32),
    /// By key, with so many distinct keys.
    Keys(u32),
    /// As the producer likes.
    Sticky,
}

impl SendLoop {
    /// `records` records named after `name`, at most `outstanding_at_most` of them unanswered at a time.
    #[must_use]
    pub fn new(name: &str, topic: &TopicName, placement: Placement, records: u32, outstanding_at_most: usize) -> Self {
        Self {
            name: name.to_owned(),
            topic: topic.clone(),
            placement,
            records,
            outstanding_at_most,
            next: 0,
            outstanding: BTreeSet::new(),
        }
    }
}

impl Program for SendLoop {
    fn started(&mut self, incarnation: u32) {
        if incarnation > 0 {
            self.name = format!("{}.{incarnation}", self.name);
        }
    }

    fn next_call(&self) -> Option<Call> {
        if !self.has_call() {
            return None;
        }
        let (partition, key) = match self.placement {
            Placement::Partition(partition) => (Some(partition), None),
            Placement::Keys(keys) => (None, Some(Bytes::from(format!("k{}", self.next % keys)))),
            Placement::Sticky => (None, None),
        };
        let value = Some(Bytes::from(format!("{}-{}", self.name, self.next)));
        Some(Call::Send {
            call: CallId(self.next),
            record: ProducerRecord {
                topic: self.topic.clone(),
                partition,
                key,
                value,
            },
        })
    }

    fn has_call(&self) -> bool {
        self.next < self.records && self.outstanding.len() < self.outstanding_at_most
    }

    fn called(&mut self, call: &Call) {
        if let Call::Send { call, .. } = call {
            self.outstanding.insert(*call);
            self.next += 1;
        }
    }

    fn answered(&mut self, answer: &Answer) {
        if let Answer::Sent { call, .. } = answer {
            self.outstanding.remove(call);
        }
    }

    fn is_done(&self) -> bool {
        self.next == self.records && self.outstanding.is_empty()
    }
}

/// Creates topics, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateTopics {
    topics: Vec<NewTopic>,
    created: usize,
    waiting: bool,
}

impl CreateTopics {
    /// All of these.
    #[must_use]
    pub const fn new(topics: Vec<NewTopic>) -> Self {
        Self {
            topics,
            created: 0,
            waiting: false,
        }
    }
}

impl Program for CreateTopics {
    fn next_call(&self) -> Option<Call> {
        if self.waiting {
            return None;
        }
        self.topics.get(self.created).cloned().map(Call::CreateTopic)
    }

    fn called(&mut self, _: &Call) {
        self.waiting = true;
    }

    fn answered(&mut self, answer: &Answer) {
        if let Answer::TopicCreated(_) = answer {
            self.waiting = false;
            self.created += 1;
        }
    }

    fn is_done(&self) -> bool {
        self.created == self.topics.len()
    }
}
