//! A program that uses a topic as a commit log: it reads the log from its beginning and keeps the last value of every key.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use kafkasim_core::call::{Answer, Call, ConsumerRecord};
use kafkasim_core::ids::{Offset, TopicName};
use kafkasim_core::lookup::{LookedUp, OffsetLookup};

use super::Program;

/// Assigns the given partitions, asks where they end, and reads on from there once the table is rebuilt up to that: what was written before it
/// started is in the table by then. A record without a value deletes its key. When its process starts again, the table is rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    partitions: Vec<(TopicName, i32)>,
    poll_timeout_ms: u64,
    state: State,
    /// The ends that it has not come to, once it has been told.
    ends: Option<BTreeMap<(TopicName, i32), Offset>>,
    /// Whether it may have come to one since it last asked: what is deleted is passed over, so that only the consumer can tell.
    has_moved: bool,
    to_do: VecDeque<ConsumerRecord>,
    /// Where each partition goes on behind what is in the table.
    applied: BTreeMap<(TopicName, i32), Offset>,
    rows: BTreeMap<Bytes, Bytes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Unassigned,
    Idle,
    Waits,
}

impl Table {
    /// Rebuilds a table from these partitions, waiting at most `poll_timeout_ms` in each poll.
    #[must_use]
    pub const fn new(partitions: Vec<(TopicName, i32)>, poll_timeout_ms: u64) -> Self {
        Self {
            partitions,
            poll_timeout_ms,
            state: State::Unassigned,
            ends: None,
            has_moved: false,
            to_do: VecDeque::new(),
            applied: BTreeMap::new(),
            rows: BTreeMap::new(),
        }
    }

    /// The last value of every key.
    #[must_use]
    pub const fn rows(&self) -> &BTreeMap<Bytes, Bytes> {
        &self.rows
    }

    /// The offset behind the last record of a partition that is in the table.
    #[must_use]
    pub fn applied(&self, topic: &TopicName, partition: i32) -> Option<Offset> {
        self.applied.get(&(topic.clone(), partition)).copied()
    }

    /// Whether it has everything that had been written when it asked.
    #[must_use]
    pub fn is_rebuilt(&self) -> bool {
        self.ends.as_ref().is_some_and(BTreeMap::is_empty)
    }

    /// What it asks before it polls again.
    fn question(&self) -> Option<OffsetLookup> {
        let Some(ends) = &self.ends else {
            return Some(OffsetLookup::End(self.partitions.clone()));
        };
        let ((topic, partition), _) = ends.first_key_value().filter(|_| self.has_moved)?;
        Some(OffsetLookup::Position {
            topic: topic.clone(),
            partition: *partition,
        })
    }

    fn told(&mut self, found: &[LookedUp]) {
        let found = found.iter().filter_map(|found| {
            let offset = found.offset.filter(|offset| *offset > Offset::ZERO)?;
            Some(((found.topic.clone(), found.partition), offset))
        });
        let Some(ends) = &mut self.ends else {
            self.ends = Some(found.collect());
            return;
        };
        let before = ends.len();
        for (partition, position) in found {
            if ends.get(&partition).is_some_and(|end| *end <= position) {
                ends.remove(&partition);
            }
        }
        self.has_moved = ends.len() < before;
    }

    fn apply(&mut self, record: ConsumerRecord) -> (TopicName, i32, Offset) {
        let partition = (record.topic.clone(), record.partition);
        let next = record.offset.next();
        if let Some(key) = record.key {
            match record.value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
        self.applied.insert(partition, next);
        (record.topic, record.partition, record.offset)
    }
}

impl Program for Table {
    fn next_call(&self) -> Option<Call> {
        match self.state {
            State::Unassigned => Some(Call::Assign(self.partitions.clone())),
            State::Idle if self.to_do.is_empty() => Some(match self.question() {
                Some(lookup) => Call::LookUp {
                    lookup,
                    timeout_ms: None,
                },
                None => Call::Poll {
                    timeout_ms: self.poll_timeout_ms,
                },
            }),
            State::Idle | State::Waits => None,
        }
    }

    fn called(&mut self, call: &Call) {
        self.state = if matches!(call, Call::Assign(_)) {
            State::Idle
        } else {
            State::Waits
        };
    }

    fn answered(&mut self, answer: &Answer) {
        match answer {
            Answer::Polled(polled) => {
                self.state = State::Idle;
                self.has_moved = true;
                self.to_do.extend(polled.iter().flatten().cloned());
            }
            Answer::LookedUp(found) => {
                self.state = State::Idle;
                match found {
                    Ok(found) => self.told(found),
                    // It polls, if it may, and asks again.
                    Err(_) => self.has_moved = false,
                }
            }
            Answer::Sent { .. }
            | Answer::PartitionsFor { .. }
            | Answer::Flushed
            | Answer::Closed
            | Answer::Rebalanced(_)
            | Answer::Unsubscribed
            | Answer::Committed(_)
            | Answer::CommitCompleted { .. }
            | Answer::ShutDown
            | Answer::Administered { .. }
            | Answer::RecordsDeleted(_) => {}
        }
    }

    fn has_work(&self) -> bool {
        self.state == State::Idle && !self.to_do.is_empty()
    }

    fn work(&mut self) -> Vec<(TopicName, i32, Offset)> {
        let records = std::mem::take(&mut self.to_do);
        records.into_iter().map(|record| self.apply(record)).collect()
    }

    fn is_done(&self) -> bool {
        self.to_do.is_empty() && self.is_rebuilt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafkasim_core::ids::{LeaderEpoch, Timestamp};

    fn record(offset: i64, key: &'static str, value: Option<&'static str>) -> ConsumerRecord {
        ConsumerRecord {
            topic: "t".into(),
            partition: 0,
            offset: Offset(offset),
            leader_epoch: LeaderEpoch(0),
            timestamp: Timestamp(0),
            key: Some(Bytes::from_static(key.as_bytes())),
            value: value.map(|value| Bytes::from_static(value.as_bytes())),
        }
    }

    fn found(offset: i64) -> Answer {
        Answer::LookedUp(Ok(vec![LookedUp {
            topic: "t".into(),
            partition: 0,
            offset: Some(Offset(offset)),
            timestamp: Timestamp::NONE,
        }]))
    }

    fn call(table: &mut Table) -> Call {
        let call = table.next_call().expect("it has a call to make");
        table.called(&call);
        call
    }

    #[test]
    fn the_last_value_of_every_key_stays() {
        let mut table = Table::new(vec![("t".into(), 0)], 100);
        assert!(matches!(call(&mut table), Call::Assign(_)));
        assert!(matches!(call(&mut table), Call::LookUp { .. }));
        table.answered(&found(5));
        assert!(!table.is_done(), "it has read nothing");
        for records in [
            vec![record(0, "a", Some("1")), record(1, "b", Some("2"))],
            vec![record(2, "a", Some("3")), record(3, "b", None)],
        ] {
            assert!(matches!(call(&mut table), Call::Poll { .. }));
            table.answered(&Answer::Polled(Ok(records)));
            assert!(!table.has_call(), "it has rows to write");
            assert_eq!(table.work().len(), 2);
            assert!(matches!(call(&mut table), Call::LookUp { .. }));
            assert!(!table.is_done());
            // Somebody has deleted what was at 4.
            let position = table.applied(&"t".into(), 0).expect("it has read something");
            table.answered(&found(if position == Offset(4) { 5 } else { position.0 }));
        }
        assert!(table.is_rebuilt() && table.is_done());
        assert_eq!(table.applied(&"t".into(), 0), Some(Offset(4)));
        let rows = BTreeMap::from([(Bytes::from_static(b"a"), Bytes::from_static(b"3"))]);
        assert_eq!(*table.rows(), rows);
    }
}
