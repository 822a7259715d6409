//! Whether each consumer reads on where it is. The rules are those of the monitors of a simulated run (`check::Reader`), over the version order instead
//! of what is committed.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::ids::{LeaderEpoch, Offset};

use super::known::{Known, VersionOrder};
use super::{Allowance, Findings, Kind};
use crate::check::{Break, Log, Reader};
use crate::history::event::{Event, PolledRecord};
use crate::history::file::History;
use crate::history::name::Partition;

/// Looks for whatever is wrong with what polls have returned.
pub(super) fn check(history: &History, known: &Known<'_>, findings: &mut Findings<'_>) {
    let mut consumers: BTreeMap<&str, Consumer> = BTreeMap::new();
    for (index, line) in history.lines.iter().enumerate() {
        let number = History::line_number(index);
        let consumer = consumers.entry(&line.process).or_default();
        if let Event::PollOk { records } = &line.event {
            let poll = Poll {
                known,
                process: &line.process,
                line: number,
            };
            poll.returns(consumer, records, findings);
        } else {
            consumer.observe(number, &line.event);
        }
    }
}

/// One consumer.
#[derive(Debug, Default)]
struct Consumer {
    places: BTreeMap<Partition, Place>,
    paused: BTreeSet<Partition>,
    /// What was rebalanced since it was given records of it.
    rebalanced: BTreeSet<Partition>,
    subscribes: bool,
    /// Its rebalance listener was called.
    has_listener: bool,
}

/// One consumer in one partition.
#[derive(Debug, Default)]
struct Place {
    reader: Reader,
    /// The line of the poll that returned the last record.
    last_line: Option<usize>,
    /// Where it has sought to, with the line, until it is given something.
    sought: Option<(Offset, usize)>,
}

impl Consumer {
    fn observe(&mut self, line: usize, event: &Event) {
        match event {
            Event::Start { .. } | Event::Stop | Event::UnsubscribeOk => *self = Self::default(),
            Event::Assign { partitions } => {
                self.subscribes = false;
                self.places.retain(|partition, _| partitions.contains(partition));
                self.paused.retain(|partition| partitions.contains(partition));
            }
            Event::Subscribe { topics, .. } => {
                self.subscribes = true;
                if let Some(topics) = topics {
                    self.places.retain(|partition, _| topics.contains(&partition.topic));
                }
            }
            Event::Pause { partitions } => self.paused.extend(partitions.iter().cloned()),
            Event::Resume { partitions } => self.paused.retain(|partition| !partitions.contains(partition)),
            Event::Seek { partition, offset } => {
                let (reader, sought) = (Reader::starting_at(*offset), Some((*offset, line)));
                self.places.insert(
                    partition.clone(),
                    Place {
                        reader,
                        sought,
                        ..Place::default()
                    },
                );
            }
            // Where an end of the log is, nobody says.
            Event::SeekToBeginning { partitions } | Event::SeekToEnd { partitions } => {
                self.places.retain(|partition, _| !partitions.contains(partition));
            }
            Event::Assigned { partitions } => self.rebalanced(partitions),
            Event::Revoked { partitions } | Event::Lost { partitions } => {
                self.rebalanced(partitions);
                self.paused.retain(|partition| !partitions.contains(partition));
            }
            Event::Send { .. }
            | Event::SendOk { .. }
            | Event::SendFail { .. }
            | Event::SendInfo { .. }
            | Event::Unsubscribe
            | Event::Poll
            | Event::PollOk { .. }
            | Event::PollFail { .. }
            | Event::Wakeup
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

    fn rebalanced(&mut self, partitions: &[Partition]) {
        self.has_listener = true;
        self.rebalanced.extend(partitions.iter().cloned());
        for partition in partitions {
            // What it has sought to is forgotten with the partition.
            if self.places.get(partition).is_some_and(|place| place.sought.is_some()) {
                self.places.remove(partition);
            }
        }
    }
}

/// A poll that returns records.
struct Poll<'a> {
    known: &'a Known<'a>,
    process: &'a str,
    line: usize,
}

impl Poll<'_> {
    fn returns(&self, consumer: &mut Consumer, records: &[PolledRecord], findings: &mut Findings<'_>) {
        let without_listener = consumer.subscribes && !consumer.has_listener;
        let mut told = BTreeSet::new();
        for record in records {
            let partition = &record.partition;
            if consumer.paused.contains(partition) && told.insert(partition) {
                let message = format!(
                    "{} has read {}, though it has paused the partition",
                    self.process, record.offset
                );
                findings.add(Kind::PausedPoll, partition, message, vec![self.line], None);
            }
            let place = consumer.places.entry(partition.clone()).or_default();
            let excuse = if consumer.rebalanced.contains(partition) {
                Some(Allowance::Rebalance)
            } else {
                (without_listener && place.last_line != Some(self.line)).then_some(Allowance::Subscribe)
            };
            if let Some(log) = self.known.version_order(partition) {
                self.reads(place, record, log, excuse, findings);
            }
        }
        consumer
            .rebalanced
            .retain(|partition| records.iter().all(|record| record.partition != *partition));
    }

    fn reads(
        &self,
        place: &mut Place,
        record: &PolledRecord,
        log: &VersionOrder<'_>,
        excuse: Option<Allowance>,
        findings: &mut Findings<'_>,
    ) {
        let (last, last_line) = (place.reader.last_given(), place.last_line.replace(self.line));
        let sought = place.sought.take();
        // Who seeks beyond the end of the log, or before its start, is sent elsewhere.
        if let Some((to, line)) = sought
            && !log.reached(to, line)
        {
            place.reader = Reader::default();
        }
        let epoch = record.epoch.unwrap_or(LeaderEpoch::NONE);
        let judged = Log {
            first_record: |from| log.first_record(from),
            is_there: |earlier| log.may_precede(earlier, epoch),
        };
        let Some(broken) = place.reader.next((record.offset, epoch), &judged) else {
            return;
        };
        let is_internal = last_line == Some(self.line);
        let (kind, message, shown) = self.tell(broken, record, last, sought, is_internal, log);
        let allowed = match broken {
            Break::Skip(_) | Break::Over(_) => excuse.or_else(|| log.rewritten(record.offset)),
            // Where the log has begun anew, what was sought to may not have been there.
            Break::Early => excuse.or_else(|| sought.and_then(|(to, _)| log.rewritten(to))),
            Break::Back => excuse,
        };
        let lines = [last_line, sought.map(|(_, line)| line), shown, Some(self.line)];
        findings.add(
            kind,
            &record.partition,
            message,
            lines.into_iter().flatten().collect(),
            allowed,
        );
    }

    /// What is wrong, in words, and the line that shows the record that is missing.
    fn tell(
        &self,
        broken: Break,
        record: &PolledRecord,
        last: Option<Offset>,
        sought: Option<(Offset, usize)>,
        is_internal: bool,
        log: &VersionOrder<'_>,
    ) -> (Kind, String, Option<usize>) {
        let (skip, back) = if is_internal {
            (Kind::IntPollSkip, Kind::IntNonmonotonicPoll)
        } else {
            (Kind::PollSkip, Kind::NonmonotonicPoll)
        };
        let (process, at) = (self.process, record.offset);
        let after = last.map_or_else(String::new, |last| format!(" after {last}"));
        match broken {
            Break::Back => (back, format!("{process} has read {at}{after}"), None),
            Break::Early => {
                let to = sought.map_or_else(String::new, |(to, _)| format!(" to {to}"));
                (back, format!("{process} has read {at}, but has sought{to}"), None)
            }
            Break::Skip(missed) => {
                let message = format!(
                    "{process} has read {at}{after}, but not {missed} before it ({})",
                    log.text(missed)
                );
                (skip, message, log.line_of(missed))
            }
            Break::Over(gone) => {
                let message = format!(
                    "{process} has read on at {at}, though what it has read at {gone} is gone: a later leader has begun before that"
                );
                (skip, message, None)
            }
        }
    }
}
