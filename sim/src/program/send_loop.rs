//! Programs that write: sending a number of records, and creating topics.

use std::collections::BTreeSet;

use bytes::Bytes;
use kafkasim_core::call::{Answer, Call, ProducerRecord, SendError};
use kafkasim_core::ids::{CallId, TopicName};

use super::Program;
use super::filler::filled;

/// Sends a fixed number of distinct records, keeping a number of sends outstanding. The values are, or start with, `NAME-0`, `NAME-1`, …; after
/// a restart it starts over with `NAME.1-0`, so that every value is sent once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SendLoop {
    name: String,
    topic: TopicName,
    placement: Placement,
    records: u32,
    value_bytes: usize,
    outstanding_at_most: usize,
    burst: u32,
    flush_every: u32,
    delete_every: u32,
    /// How long the close at the end may take, if there is one: `None` within is as long as it takes.
    close: Option<Option<u64>>,
    /// How many partitions there are, once the producer has told.
    partitions: Option<u32>,
    next: u32,
    outstanding: BTreeSet<CallId>,
    phase: Phase,
}

/// What a send loop is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// It sends; so many records were sent when it last flushed.
    Sends { flushed: u32 },
    /// It waits to be told of partitions.
    Asks,
    /// It waits for a flush.
    Flushes,
    /// It has called close; it, or another of its threads, sends one record too many.
    Closes { sent_too_late: bool, is_closed: bool },
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
    /// Into one partition after the other, as many as the producer tells of before the first send.
    InTurn,
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
            value_bytes: 0,
            outstanding_at_most,
            burst: 1,
            flush_every: 0,
            delete_every: 0,
            close: None,
            partitions: None,
            next: 0,
            outstanding: BTreeSet::new(),
            phase: Phase::Sends { flushed: 0 },
        }
    }

    /// Sends so many records, at least 1, in a row before it thinks again.
    #[must_use]
    pub fn in_bursts_of(self, burst: u32) -> Self {
        Self {
            burst: burst.max(1),
            ..self
        }
    }

    /// Fills values up with text until they have so many bytes.
    #[must_use]
    pub fn with_values_of(self, value_bytes: usize) -> Self {
        Self { value_bytes, ..self }
    }

    /// Every n-th record has no value, so that it deletes its key; 0 is none.
    #[must_use]
    pub fn deleting_every(self, delete_every: u32) -> Self {
        Self { delete_every, ..self }
    }

    /// Flushes whenever so many records were sent, and at the end; 0 is never.
    #[must_use]
    pub fn flushing_every(self, flush_every: u32) -> Self {
        Self { flush_every, ..self }
    }

    /// Closes its producer as soon as everything is sent, and then sends one record more, which is too late.
    #[must_use]
    pub fn closing_within(self, timeout_ms: Option<u64>) -> Self {
        Self {
            close: Some(timeout_ms),
            ..self
        }
    }

    fn step(&self) -> Option<Step> {
        match self.phase {
            Phase::Sends { flushed } => {
                let is_all = self.next == self.records;
                let unflushed = self.next - flushed;
                if self.placement == Placement::InTurn && self.partitions.is_none() && !is_all {
                    Some(Step::Ask)
                } else if self.flush_every > 0 && unflushed > 0 && (unflushed == self.flush_every || is_all) {
                    Some(Step::Flush)
                } else if !is_all {
                    (self.outstanding.len() < self.outstanding_at_most).then_some(Step::Send)
                } else {
                    self.close.map(Step::Close)
                }
            }
            Phase::Closes { sent_too_late, .. } => (!sent_too_late).then_some(Step::Send),
            Phase::Asks | Phase::Flushes => None,
        }
    }

    fn send(&self) -> Call {
        let (partition, key) = match self.placement {
            Placement::Partition(partition) => (Some(partition), None),
            Placement::Keys(keys) => (None, Some(Bytes::from(format!("k{}", self.next % keys)))),
            Placement::Sticky => (None, None),
            Placement::InTurn => {
                let partitions = self.partitions.expect("a partition is chosen among known ones");
                (i32::try_from(self.next % partitions).ok(), None)
            }
        };
        let name = format!("{}-{}", self.name, self.next);
        let is_deletion = self.delete_every > 0 && (self.next + 1).is_multiple_of(self.delete_every);
        let value = (!is_deletion).then(|| Bytes::from(filled(name, self.next, self.value_bytes)));
        Call::Send {
            call: CallId(self.next),
            record: ProducerRecord {
                topic: self.topic.clone(),
                partition,
                key,
                value,
            },
        }
    }
}

/// What a send loop would do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Ask,
    Send,
    Flush,
    Close(Option<u64>),
}

impl Program for SendLoop {
    fn started(&mut self, incarnation: u32) {
        if incarnation > 0 {
            self.name = format!("{}.{incarnation}", self.name);
        }
    }

    fn next_call(&self) -> Option<Call> {
        Some(match self.step()? {
            Step::Ask => Call::PartitionsFor {
                call: CallId(self.next),
                topic: self.topic.clone(),
            },
            Step::Send => self.send(),
            Step::Flush => Call::Flush,
            Step::Close(timeout_ms) => Call::Close { timeout_ms },
        })
    }

    fn has_call(&self) -> bool {
        self.step().is_some()
    }

    fn thinks(&self) -> bool {
        self.next.is_multiple_of(self.burst) || !matches!(self.phase, Phase::Sends { .. })
    }

    fn called(&mut self, call: &Call) {
        match call {
            Call::Send { call, .. } => {
                self.outstanding.insert(*call);
                if let Phase::Closes { sent_too_late, .. } = &mut self.phase {
                    *sent_too_late = true;
                }
                self.next += 1;
            }
            Call::PartitionsFor { .. } => self.phase = Phase::Asks,
            Call::Flush => self.phase = Phase::Flushes,
            Call::Close { .. } => {
                self.phase = Phase::Closes {
                    sent_too_late: false,
                    is_closed: false,
                };
            }
            Call::Assign(_)
            | Call::Subscribe(_)
            | Call::Unsubscribe
            | Call::ListenerReturned
            | Call::CommitSync { .. }
            | Call::CommitAsync { .. }
            | Call::Poll { .. }
            | Call::Steer(_)
            | Call::LookUp { .. }
            | Call::ShutDown
            | Call::Administer(_)
            | Call::DeleteRecords(_) => {}
        }
    }

    fn answered(&mut self, answer: &Answer) {
        match answer {
            Answer::Sent { call, .. } => {
                self.outstanding.remove(call);
            }
            Answer::PartitionsFor { result, .. } => {
                self.phase = Phase::Sends { flushed: 0 };
                match result {
                    Ok(partitions) => self.partitions = u32::try_from(partitions.len()).ok(),
                    // It asks again.
                    Err(SendError::MaxBlock) => {}
                    Err(_) => self.records = 0,
                }
            }
            Answer::Flushed => self.phase = Phase::Sends { flushed: self.next },
            Answer::Closed => {
                if let Phase::Closes { is_closed, .. } = &mut self.phase {
                    *is_closed = true;
                }
            }
            Answer::Polled(_)
            | Answer::Rebalanced(_)
            | Answer::Unsubscribed
            | Answer::Committed(_)
            | Answer::CommitCompleted { .. }
            | Answer::LookedUp(_)
            | Answer::ShutDown
            | Answer::Administered { .. }
            | Answer::RecordsDeleted(_) => {}
        }
    }

    fn is_done(&self) -> bool {
        let is_waiting = match self.phase {
            Phase::Sends { .. } => false,
            Phase::Asks | Phase::Flushes => true,
            Phase::Closes { is_closed, .. } => !is_closed,
        };
        self.step().is_none() && self.outstanding.is_empty() && !is_waiting
    }
}

#[cfg(test)]
mod tests {
    use kafkasim_core::call::PartitionInfo;

    use super::*;

    #[test]
    fn who_takes_partitions_in_turn_asks_until_told() {
        let mut program = SendLoop::new("p", &"t".into(), Placement::InTurn, 3, 5);
        let mut told = [Err(SendError::MaxBlock), Ok(vec![info(0), info(1)])].into_iter();
        let mut made = Vec::new();
        while let Some(call) = program.next_call() {
            program.called(&call);
            if let Call::PartitionsFor { call, .. } = call {
                assert!(!program.has_call() && !program.is_done(), "it waits for the answer");
                let result = told.next().expect("it asks until it is told");
                program.answered(&Answer::PartitionsFor { call, result });
                made.push(None);
            } else if let Call::Send { record, .. } = call {
                made.push(record.partition);
            } else {
                panic!("it only asks and sends, but called {call:?}");
            }
        }
        assert_eq!(made, [None, None, Some(0), Some(1), Some(0)]);
    }

    #[test]
    fn who_cannot_be_told_sends_nothing() {
        let mut program = SendLoop::new("p", &"t".into(), Placement::InTurn, 3, 5);
        program.called(&program.next_call().expect("it asks"));
        let (call, result) = (CallId(0), Err(SendError::Closed));
        program.answered(&Answer::PartitionsFor { call, result });
        assert!(program.is_done());
    }

    const fn info(partition: i32) -> PartitionInfo {
        PartitionInfo {
            partition,
            leader: None,
        }
    }
}
