//! The history of sends: what was sent by whom, in which order, what its sender was told, and where it is.
//!
//! Records are told apart by their values: programs send every value once.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use kafkasim_core::call::{Answer, Call, ProducerRecord, RecordMetadata};
use kafkasim_core::error::ErrorCode;
use kafkasim_core::ids::{CallId, NodeId, Offset, TopicName, TopicPartition};
use kafkasim_core::message::{Acks, Api};
use kafkasim_core::note::Note;
use kafkasim_core::record::Batch;

use super::view::View;
use crate::world::{Event, Fault};

/// Every send of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Sends {
    by_value: BTreeMap<Bytes, Send>,
    /// Sends that were not answered yet. Records without a value cannot be told apart.
    outstanding: BTreeMap<(NodeId, CallId), Option<Bytes>>,
    /// How many sends each process has made.
    made: BTreeMap<NodeId, u32>,
}

/// One send.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Send {
    pub(crate) producer: NodeId,
    /// Which start of its process sent it: another start is another producer.
    pub(crate) session: u32,
    /// Its place among all sends of its process.
    pub(crate) order: u32,
    pub(crate) topic: TopicName,
    pub(crate) partition: Option<i32>,
    pub(crate) outcome: Outcome,
    /// Where it was first committed.
    pub(crate) committed: Option<(TopicPartition, Offset)>,
    /// Somebody has read it.
    pub(crate) read: bool,
    /// The topic that it was sent to was deleted, so that nothing is promised of where it is.
    pub(crate) forsaken: bool,
}

impl Send {
    fn forsake(&mut self) {
        self.forsaken = true;
        self.committed = None;
    }
}

/// What the sender was told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    /// Nothing so far.
    Outstanding,
    /// It was written there.
    Acknowledged(RecordMetadata),
    /// It may have been written, or the sender is gone.
    Open,
    /// It was not written.
    Failed,
}

/// How a call, or an answer, goes together with what was called and answered before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Matching {
    /// Well, or the event is about something else.
    Fine,
    /// It completes the send of this value.
    Completed(Bytes),
    /// A call has the number of one that is outstanding.
    Reused(NodeId, CallId),
    /// An answer is to a call that is not outstanding.
    Unasked(NodeId, CallId),
}

impl Sends {
    /// A send by its value.
    pub(crate) fn get(&self, value: &Bytes) -> Option<&Send> {
        self.by_value.get(value)
    }

    /// A topic is deleted, with everything that was sent there.
    pub(crate) fn forsake_topic(&mut self, topic: &TopicName) {
        let sent = self.by_value.values_mut().filter(|send| send.topic == *topic);
        sent.for_each(Send::forsake);
    }

    /// This was appended to a log of a topic that is deleted.
    pub(crate) fn forsake(&mut self, batch: &Batch) {
        for value in batch.records().into_iter().flatten().filter_map(|record| record.value) {
            if let Some(send) = self.by_value.get_mut(&value) {
                send.forsake();
            }
        }
    }

    /// Every send of which something is promised.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&Bytes, &Send)> {
        self.iter().filter(|(_, send)| !send.forsaken)
    }

    /// Every send.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Bytes, &Send)> {
        self.by_value.iter()
    }

    /// The sends of a process that were not answered yet.
    pub(crate) fn outstanding(&self) -> impl Iterator<Item = (NodeId, Option<&Bytes>)> {
        self.outstanding
            .iter()
            .map(|((producer, _), value)| (*producer, value.as_ref()))
    }

    /// The calls of a process that were not answered yet.
    pub(crate) fn outstanding_calls(&self, producer: NodeId) -> impl Iterator<Item = CallId> {
        let calls = self
            .outstanding
            .range((producer, CallId(0))..=(producer, CallId(u32::MAX)));
        calls.map(|((_, call), _)| *call)
    }

    /// Remembers where a value was committed first.
    pub(crate) fn committed(&mut self, value: &Bytes, place: (TopicPartition, Offset)) {
        if let Some(send) = self.by_value.get_mut(value) {
            send.committed = send.committed.or(Some(place));
            // It was not on its way to the topic that was deleted, but waited, and got into the next one of that name.
            send.forsaken = false;
        }
    }

    /// What was committed there is lost.
    pub(crate) fn lost(&mut self, value: &Bytes, place: (TopicPartition, Offset)) {
        if let Some(send) = self.by_value.get_mut(value)
            && send.committed == Some(place)
        {
            send.committed = None;
        }
    }

    /// Somebody has read a value. Says whether that concerns the topic of this name that there is: its topic may have been deleted since.
    pub(crate) fn read(&mut self, value: &Bytes) -> bool {
        let Some(send) = self.by_value.get_mut(value) else {
            return true;
        };
        send.read = true;
        !send.forsaken
    }

    /// Takes an event in.
    pub(crate) fn observe(&mut self, view: &dyn View, event: &Event) -> Matching {
        match event {
            Event::Called {
                node,
                call: Call::Send { call, record },
            } => self.called(view, *node, *call, record),
            Event::Answered {
                node,
                answer: Answer::Sent { call, result },
            } => {
                let outcome = match result {
                    Ok(place) => Outcome::Acknowledged(place.clone()),
                    Err(failure) if failure.is_definite() => Outcome::Failed,
                    Err(_) => Outcome::Open,
                };
                self.answered(*node, *call, outcome)
            }
            Event::Stopped { node, .. } => {
                self.stopped(*node);
                Matching::Fine
            }
            Event::Called { .. }
            | Event::Answered { .. }
            | Event::Processed { .. }
            | Event::Started { .. }
            | Event::Fault(_)
            | Event::Late { .. }
            | Event::Severed { .. }
            | Event::WriteRefused { .. }
            | Event::Note { .. } => Matching::Fine,
        }
    }

    fn called(&mut self, view: &dyn View, producer: NodeId, call: CallId, record: &ProducerRecord) -> Matching {
        let order = self.made.entry(producer).or_default();
        *order += 1;
        if let Some(value) = &record.value {
            let send = Send {
                producer,
                session: view.starts(producer),
                order: *order,
                topic: record.topic.clone(),
                partition: record.partition,
                outcome: Outcome::Outstanding,
                committed: None,
                read: false,
                forsaken: false,
            };
            let before = self.by_value.insert(value.clone(), send);
            assert!(
                before.is_none(),
                "{} is sent twice, but records are told apart by their values",
                text(value)
            );
        }
        match self.outstanding.insert((producer, call), record.value.clone()) {
            None => Matching::Fine,
            Some(_) => Matching::Reused(producer, call),
        }
    }

    fn answered(&mut self, producer: NodeId, call: CallId, outcome: Outcome) -> Matching {
        let Some(value) = self.outstanding.remove(&(producer, call)) else {
            return Matching::Unasked(producer, call);
        };
        let Some(value) = value else { return Matching::Fine };
        if let Some(send) = self.by_value.get_mut(&value) {
            send.outcome = outcome;
        }
        Matching::Completed(value)
    }

    /// Nobody will ever learn what became of its sends.
    fn stopped(&mut self, producer: NodeId) {
        let by_value = &mut self.by_value;
        self.outstanding.retain(|(sender, _), value| {
            if *sender == producer
                && let Some(send) = value.as_ref().and_then(|value| by_value.get_mut(value))
            {
                send.outcome = Outcome::Open;
            }
            *sender != producer
        });
    }
}

/// What the environment did to requests that their producers' configurations may not cover. Only what some verdict
/// depends on is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Risks {
    /// Who sent a batch to a partition again, and whether it may have been appended before. Of idempotent producers only who did that.
    retried: BTreeMap<(NodeId, TopicPartition), bool>,
    /// Whose requests have outlived their connections.
    late: BTreeSet<NodeId>,
    /// Who lost requests that nobody answers.
    severed: BTreeSet<NodeId>,
    /// Where requests that nobody answers may have been refused.
    refused: BTreeSet<TopicPartition>,
}

impl Risks {
    /// Whether a producer sent a batch to a partition again.
    pub(crate) fn has_retried(&self, producer: NodeId, partition: TopicPartition) -> bool {
        self.retried.contains_key(&(producer, partition))
    }

    /// Whether a producer sent a batch to a partition again that may have been appended before.
    pub(crate) fn may_have_duplicated(&self, producer: NodeId, partition: TopicPartition) -> bool {
        self.retried.get(&(producer, partition)).copied().unwrap_or(false)
    }

    /// Whether a request of a producer has outlived its connection.
    pub(crate) fn was_late(&self, producer: NodeId) -> bool {
        self.late.contains(&producer)
    }

    /// Whether a request that nobody answers may not have been carried out.
    pub(crate) fn may_have_been_ignored(&self, producer: NodeId, partition: TopicPartition) -> bool {
        self.severed.contains(&producer) || self.refused.contains(&partition)
    }

    /// Takes an event in.
    pub(crate) fn observe(&mut self, view: &dyn View, event: &Event) {
        let is_numbered = |node| view.producer(node).is_none_or(|producer| producer.enable_idempotence);
        let is_answered = |node| view.producer(node).is_none_or(|producer| producer.acks != Acks::None);
        match event {
            Event::Note {
                node,
                note: Note::BatchRetried { partition, error },
            } => {
                let may_be_there = may_be_appended(*error);
                if may_be_there || !is_numbered(*node) {
                    *self.retried.entry((*node, *partition)).or_default() |= may_be_there;
                }
            }
            Event::Note {
                note: Note::ProduceRefused { partition, .. },
                ..
            } => {
                if view.producers().into_iter().any(|producer| !is_answered(producer)) {
                    self.refused.insert(*partition);
                }
            }
            Event::Late {
                link,
                api: Api::Produce,
            } if !is_numbered(link.client) => {
                self.late.insert(link.client);
            }
            // What is sent over a broken connection before its end has arrived is lost, too.
            Event::Severed { link } | Event::Fault(Fault::Reset(link)) if !is_answered(link.client) => {
                self.severed.insert(link.client);
            }
            Event::Stopped { node, .. } if view.producer(*node).is_none() => {
                self.severed
                    .extend(view.producers().into_iter().filter(|producer| !is_answered(*producer)));
            }
            Event::Note { .. }
            | Event::Late { .. }
            | Event::Severed { .. }
            | Event::WriteRefused { .. }
            | Event::Called { .. }
            | Event::Answered { .. }
            | Event::Processed { .. }
            | Event::Started { .. }
            | Event::Stopped { .. }
            | Event::Fault(_) => {}
        }
    }
}

/// A value as people read it.
pub(crate) fn text(value: &Bytes) -> String {
    abridged(&String::from_utf8_lossy(value)).to_owned()
}

/// A long value goes by its first word.
pub(crate) fn abridged(text: &str) -> &str {
    const LONG: usize = 40;
    match text.split_once(' ') {
        Some((first, _)) if text.len() > LONG => first,
        Some(_) | None => text,
    }
}

/// Whether a batch may have been appended although its producer was told so.
fn may_be_appended(error: ErrorCode) -> bool {
    [
        ErrorCode::NetworkException,
        ErrorCode::RequestTimedOut,
        ErrorCode::NotLeaderOrFollower,
        ErrorCode::NotEnoughReplicasAfterAppend,
        ErrorCode::KafkaStorageError,
        ErrorCode::UnknownServerError,
    ]
    .contains(&error)
}
