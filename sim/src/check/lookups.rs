//! What consumers are told when they ask where something is: told-position, offset-for-time, beginning-offset, end-offset (KIP-207).
//!
//! A leader that has been deposed without knowing it may answer, too, as long as its consumer knows no better. So an answer is measured by what
//! the same consumer has been told and given before, and by what is committed when it arrives, not by what was when it was asked for.

use std::collections::BTreeMap;

use kafkasim_core::ids::{NodeId, Offset, Timestamp, TopicPartition};
use kafkasim_core::lookup::{LookedUp, OffsetLookup};

use super::order::Order;
use super::truth::batches;
use super::{Finding, Promise, Scene, Verdict};

/// Remembers what is asked, and which ends were told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Lookups {
    /// What each consumer waits for.
    asked: BTreeMap<NodeId, OffsetLookup>,
    /// The latest end that each consumer was told.
    told_ends: BTreeMap<(NodeId, TopicPartition), Offset>,
}

/// One answer about one partition.
struct Told<'a> {
    scene: &'a Scene<'a>,
    reader: NodeId,
    partition: TopicPartition,
}

impl Lookups {
    /// A consumer asks.
    pub(crate) fn asked(&mut self, reader: NodeId, lookup: &OffsetLookup) {
        self.asked.insert(reader, lookup.clone());
    }

    /// It is told nothing.
    pub(crate) fn failed(&mut self, reader: NodeId) {
        self.asked.remove(&reader);
    }

    /// It is told this, of each partition that it has asked about, in the same order.
    pub(crate) fn told(
        &mut self,
        scene: &Scene<'_>,
        order: &Order,
        reader: NodeId,
        found: &[LookedUp],
        findings: &mut Vec<Finding>,
    ) {
        let Some(lookup) = self.asked.remove(&reader) else {
            return;
        };
        for (index, found) in found.iter().enumerate() {
            // Which topic of this name was meant, nobody says.
            let place = scene.truth.locate(&found.topic, found.partition);
            let Some(partition) = place.filter(|_| !scene.truth.had_another(&found.topic)) else {
                continue;
            };
            let told = Told {
                scene,
                reader,
                partition,
            };
            let ends = (reader, partition);
            findings.extend(match (&lookup, found.offset) {
                (OffsetLookup::Position { .. }, Some(at)) => told.position(order, at),
                (OffsetLookup::Beginning(_), Some(at)) => told.beginning(at),
                (OffsetLookup::End(_), Some(at)) => {
                    let before = self.told_ends.insert(ends, at);
                    told.end(at, before.max(read_to(order, ends)))
                }
                (OffsetLookup::ForTimes(times), at) => {
                    let known = self.told_ends.get(&ends).copied().max(read_to(order, ends));
                    times
                        .get(index)
                        .and_then(|(.., time)| told.for_time(*time, at, found.timestamp, known))
                }
                (OffsetLookup::Position { .. } | OffsetLookup::Beginning(_) | OffsetLookup::End(_), None)
                | (OffsetLookup::Committed(_), _) => None,
            });
        }
    }

    /// A process is gone.
    pub(crate) fn stopped(&mut self, reader: NodeId) {
        self.asked.remove(&reader);
        self.told_ends.retain(|(told, _), _| *told != reader);
    }
}

/// The offset behind the last record that a consumer was given.
fn read_to(order: &Order, (reader, partition): (NodeId, TopicPartition)) -> Option<Offset> {
    order.last_given(reader, partition).map(Offset::next)
}

impl Told<'_> {
    fn position(&self, order: &Order, at: Offset) -> Option<Finding> {
        if order.may_be_at(self.scene, self.reader, self.partition, at) {
            return None;
        }
        let verdict = self.scene.truth.judge_view(self.scene.view, self.partition, at);
        Some(self.finding(
            Promise::ToldPosition,
            verdict,
            &format!("tells {at} as its position, which is not where it reads on"),
        ))
    }

    fn beginning(&self, at: Offset) -> Option<Finding> {
        let truth = self.scene.truth.partition(self.partition);
        let deleted = truth.map_or(Offset::ZERO, |truth| truth.committed.deleted());
        (at > deleted).then(|| {
            let verdict = self.scene.truth.judge_view(self.scene.view, self.partition, deleted);
            let what = format!("is told that the log starts at {at}, but only what lies before {deleted} was given up");
            self.finding(Promise::BeginningOffset, verdict, &what)
        })
    }

    fn end(&self, at: Offset, known: Option<Offset>) -> Option<Finding> {
        let truth = self.scene.truth.partition(self.partition);
        let committed = truth.map_or(Offset::ZERO, |truth| truth.committed.end());
        let known = known.filter(|known| at < *known);
        let what = if at > committed {
            format!("is told that the log ends at {at}, beyond {committed}, up to where it is committed")
        } else {
            let known = known?;
            format!("is told that the log ends at {at}, after it has been told, or has read, of {known}")
        };
        let verdict = self
            .scene
            .truth
            .judge_view(self.scene.view, self.partition, at.min(committed));
        Some(self.finding(Promise::EndOffset, verdict, &what))
    }

    /// What lies before `known` its leader cannot have overlooked.
    fn for_time(&self, time: Timestamp, at: Option<Offset>, told: Timestamp, known: Option<Offset>) -> Option<Finding> {
        let committed = &self.scene.truth.partition(self.partition)?.committed;
        let first = committed.first_at_or_after(committed.deleted(), time);
        let what = match at {
            None => {
                let (first, _) = first.filter(|(first, _)| known.is_some_and(|known| *first < known))?;
                format!("finds nothing at or after time {time}, though there is {first}")
            }
            Some(at) => match first {
                Some((first, _)) if first < at => format!("finds {at} for time {time}, though there is {first}"),
                Some(_) | None => {
                    if told >= time && committed.time_at(at) == Some(told) {
                        return None;
                    }
                    format!("finds {at} for time {time} with time {told}, which is not what is committed there")
                }
            },
        };
        if self.is_rotten() {
            return None;
        }
        let judged_at = first
            .map(|(first, _)| first)
            .into_iter()
            .chain(at)
            .min()
            .unwrap_or(Offset::ZERO);
        let verdict = self.scene.truth.judge_view(self.scene.view, self.partition, judged_at);
        Some(self.finding(Promise::OffsetForTime, verdict, &what))
    }

    /// Whether some replica's log has rotted: nobody checks a CRC to look for a time.
    fn is_rotten(&self) -> bool {
        let brokers = self.scene.view.brokers().into_iter();
        brokers
            .flat_map(|broker| batches(self.scene.view.log(broker, self.partition)))
            .any(|batch| batch.verify().is_err())
    }

    fn finding(&self, promise: Promise, verdict: Verdict, what: &str) -> Finding {
        let (whose, reader) = (self.scene.truth.name(self.partition), self.scene.name(self.reader));
        Finding::new(promise, verdict, format!("{whose}: {reader} {what}"))
    }
}
