//! What a history tells of sends, and of what is in each log.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::ids::{LeaderEpoch, Offset, TopicName};

use crate::history::event::{Event, Partition, Value};
use crate::history::file::History;

/// Everything that is known in the end.
#[derive(Debug, Default)]
pub(super) struct Known<'a> {
    /// In the order in which they were made.
    pub(super) sends: Vec<Send<'a>>,
    by_value: BTreeMap<(&'a TopicName, &'a Value), usize>,
    logs: BTreeMap<Partition, VersionOrder<'a>>,
    sessions: BTreeMap<&'a str, u32>,
}

/// One send.
#[derive(Debug)]
pub(super) struct Send<'a> {
    pub(super) process: &'a str,
    /// Which start of its process sent it: another start is another producer.
    pub(super) session: u32,
    pub(super) topic: &'a TopicName,
    pub(super) partition: Option<i32>,
    pub(super) value: Option<&'a Value>,
    pub(super) line: usize,
    /// The line in which it was answered, whatever the answer.
    pub(super) answered: Option<usize>,
    pub(super) outcome: Outcome,
}

/// What the sender was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It may have been written.
    Open,
    /// It was written there.
    Ok { partition: i32, offset: Option<Offset> },
    /// It was not written.
    Failed,
}

/// What is known of one log: the version order.
#[derive(Debug, Default)]
pub(super) struct VersionOrder<'a> {
    pub(super) versions: BTreeMap<Offset, Vec<Version<'a>>>,
    /// For each leader epoch the least offset of a record that it has written.
    epochs: BTreeMap<LeaderEpoch, Offset>,
    pub(super) reads: Vec<Read<'a>>,
}

/// A value that was seen at some offset, in this line first.
#[derive(Debug)]
pub(super) struct Version<'a> {
    pub(super) value: Option<&'a Value>,
    pub(super) process: &'a str,
    pub(super) line: usize,
}

/// A record was returned by a poll.
#[derive(Debug)]
pub(super) struct Read<'a> {
    pub(super) value: &'a Value,
    pub(super) offset: Offset,
    pub(super) process: &'a str,
    pub(super) line: usize,
}

impl<'a> Known<'a> {
    pub(super) fn of(history: &'a History) -> Self {
        let mut known = Self::default();
        let mut under_way: BTreeMap<(&str, u64), usize> = BTreeMap::new();
        for (index, line) in history.lines.iter().enumerate() {
            let (number, process) = (History::line_number(index), line.process.as_str());
            known.sessions.entry(process).or_default();
            match &line.event {
                Event::Start { .. } => {
                    known.sessions.entry(process).and_modify(|session| *session += 1);
                }
                Event::Stop => under_way.retain(|(sender, _), _| *sender != process),
                Event::Send {
                    id,
                    topic,
                    partition,
                    value,
                    ..
                } => {
                    let send = known.sends.len();
                    under_way.insert((process, *id), send);
                    if let Some(value) = value {
                        known.by_value.insert((topic, value), send);
                    }
                    let session = known.sessions[process];
                    let (partition, value) = (*partition, value.as_ref());
                    let (answered, outcome) = (None, Outcome::Open);
                    known.sends.push(Send {
                        process,
                        session,
                        topic,
                        partition,
                        value,
                        line: number,
                        answered,
                        outcome,
                    });
                }
                Event::SendOk { id, partition, offset } => {
                    let outcome = Outcome::Ok {
                        partition: *partition,
                        offset: *offset,
                    };
                    let send = known.answered(under_way.remove(&(process, *id)), number, outcome);
                    if let (Some(offset), Some((topic, value))) = (offset, send) {
                        known.log(Partition::new(topic, *partition)).see(
                            *offset,
                            Version {
                                value,
                                process,
                                line: number,
                            },
                        );
                    }
                }
                Event::SendFail { id, .. } => {
                    known.answered(under_way.remove(&(process, *id)), number, Outcome::Failed);
                }
                Event::SendInfo { id, .. } => {
                    known.answered(under_way.remove(&(process, *id)), number, Outcome::Open);
                }
                Event::PollOk { records } => {
                    for record in records {
                        let log = known.log(record.partition.clone());
                        let (offset, value) = (record.offset, record.value.as_ref());
                        log.see(
                            offset,
                            Version {
                                value,
                                process,
                                line: number,
                            },
                        );
                        if let Some(epoch) = record.epoch {
                            let least = log.epochs.entry(epoch).or_insert(offset);
                            *least = offset.min(*least);
                        }
                        log.reads.extend(value.map(|value| Read {
                            value,
                            offset,
                            process,
                            line: number,
                        }));
                    }
                }
                Event::Assign { .. }
                | Event::Subscribe { .. }
                | Event::Unsubscribe
                | Event::UnsubscribeOk
                | Event::Poll
                | Event::PollFail { .. }
                | Event::Pause { .. }
                | Event::Resume { .. }
                | Event::Seek { .. }
                | Event::SeekToBeginning { .. }
                | Event::SeekToEnd { .. }
                | Event::Wakeup
                | Event::Assigned { .. }
                | Event::Revoked { .. }
                | Event::Lost { .. }
                | Event::Commit { .. }
                | Event::CommitOk { .. }
                | Event::CommitFail { .. }
                | Event::CommitInfo { .. }
                | Event::Committed { .. }
                | Event::CommittedOk { .. }
                | Event::CommittedFail { .. }
                | Event::Position { .. }
                | Event::PositionOk { .. }
                | Event::PositionFail { .. }
                | Event::Close
                | Event::CloseOk => {}
            }
        }
        known
    }

    /// A send is answered. Returns where it was sent, and what.
    fn answered(
        &mut self,
        send: Option<usize>,
        line: usize,
        outcome: Outcome,
    ) -> Option<(&'a TopicName, Option<&'a Value>)> {
        let send = &mut self.sends[send?];
        send.answered = Some(line);
        send.outcome = outcome;
        Some((send.topic, send.value))
    }

    fn log(&mut self, partition: Partition) -> &mut VersionOrder<'a> {
        self.logs.entry(partition).or_default()
    }

    /// The send of a value to a topic.
    pub(super) fn sender_of(&self, topic: &TopicName, value: &Value) -> Option<&Send<'a>> {
        self.by_value.get(&(topic, value)).map(|send| &self.sends[*send])
    }

    /// What is known of each partition.
    pub(super) fn logs(&self) -> impl Iterator<Item = (&Partition, &VersionOrder<'a>)> {
        self.logs.iter()
    }

    /// What is known of a partition, if anything is.
    pub(super) fn version_order(&self, partition: &Partition) -> Option<&VersionOrder<'a>> {
        self.logs.get(partition)
    }

    /// How many processes there are.
    pub(super) fn processes(&self) -> usize {
        self.sessions.len()
    }
}

impl<'a> VersionOrder<'a> {
    fn see(&mut self, offset: Offset, version: Version<'a>) {
        let versions = self.versions.entry(offset).or_default();
        if versions.iter().all(|known| known.value != version.value) {
            versions.push(version);
        }
    }

    /// Where the first known record is from an offset on.
    pub(super) fn first_record(&self, from: Offset) -> Option<Offset> {
        self.versions.range(from..).next().map(|(offset, _)| *offset)
    }

    /// The line in which an offset became known.
    pub(super) fn line_of(&self, offset: Offset) -> Option<usize> {
        self.versions.get(&offset)?.first().map(|version| version.line)
    }

    /// Whether a record at or behind an offset was known before this line.
    pub(super) fn reached(&self, offset: Offset, before: usize) -> bool {
        self.versions
            .range(offset..)
            .flat_map(|(_, versions)| versions)
            .any(|version| version.line < before)
    }

    /// Whether a record may be in the log in the end: no later epoch has written anything at or before its offset (KIP-101).
    pub(super) fn may_hold(&self, (offset, epoch): (Offset, LeaderEpoch)) -> bool {
        self.epochs.range(epoch.next()..).all(|(_, least)| *least > offset)
    }

    /// What is at an offset, in words.
    pub(super) fn text(&self, offset: Offset) -> String {
        let values = self.versions.get(&offset).into_iter().flatten();
        let values: BTreeSet<_> = values.map(|version| text(version.value)).collect();
        values.into_iter().collect::<Vec<_>>().join(" or ")
    }
}

/// A value in words.
pub(super) fn text(value: Option<&Value>) -> String {
    value.map_or_else(|| "a record without a value".to_owned(), ToString::to_string)
}
