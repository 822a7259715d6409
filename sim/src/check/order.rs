//! Order: nonmonotonic-send for producers, poll-skip and nonmonotonic-poll for consumers.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafkasim_core::ids::{NodeId, Offset, TopicPartition};

use super::sends::{Send, text};
use super::{Finding, Promise, Scene, Verdict, guarantee};

/// Remembers how far each producer's records, and each consumer, have come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Order {
    /// By producer, its session, and partition: the place of the last committed record among the sends.
    sent: BTreeMap<(NodeId, u32, TopicPartition), u32>,
    readers: BTreeMap<(NodeId, TopicPartition), Reader>,
}

/// A consumer in one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Reader {
    /// The last offset that it was given.
    last: Option<Offset>,
    /// Where it is to start, while it was given nothing.
    starts_at: Option<Offset>,
    /// What was deleted when it had to start elsewhere, because what it was to read next was deleted.
    undercut: Option<Offset>,
}

/// What is wrong with the next records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    /// They start at or before what was given already.
    Back,
    /// They start behind something that was not given.
    Skip(Offset),
}

impl Order {
    /// A record is committed for the first time.
    pub(crate) fn committed(
        &mut self,
        scene: &Scene<'_>,
        partition: TopicPartition,
        (offset, value): &(Offset, Bytes),
        findings: &mut Vec<Finding>,
    ) {
        let Some(send) = scene.sends.get(value).filter(|send| send.committed.is_none()) else {
            return;
        };
        let last = self.sent.entry((send.producer, send.session, partition)).or_default();
        if send.order > *last {
            *last = send.order;
            return;
        }
        let otherwise = scene
            .view
            .producer(send.producer)
            .map_or(Verdict::Violated, |producer| {
                let retried = scene.risks.has_retried(send.producer, partition);
                guarantee::reordered(producer, retried, scene.risks.was_late(send.producer))
            });
        let truth = scene.truth.partition(partition);
        let verdict = guarantee::unknown_producer(truth.is_some_and(|truth| truth.has_forgotten_producers), otherwise);
        let (whose, what, producer) = (scene.truth.name(partition), text(value), scene.name(send.producer));
        let message = format!("{whose}: {what} at {offset} was sent by {producer} before what precedes it there");
        findings.push(Finding::new(Promise::NonmonotonicSend, verdict, message));
    }

    /// Records are lost: the next ones follow those that are left.
    pub(crate) fn lost<'a>(&mut self, partition: TopicPartition, kept: impl Iterator<Item = &'a Send>) {
        self.sent.retain(|(_, _, sent_to), _| *sent_to != partition);
        for send in kept {
            let last = self.sent.entry((send.producer, send.session, partition)).or_default();
            *last = send.order.max(*last);
        }
    }

    /// A consumer was given records of one partition, in this order.
    pub(crate) fn read(
        &mut self,
        scene: &Scene<'_>,
        node: NodeId,
        partition: TopicPartition,
        records: &[(Offset, Bytes)],
        findings: &mut Vec<Finding>,
    ) {
        let reader = self.readers.entry((node, partition)).or_default();
        for (offset, _) in records {
            let was_undercut = reader.undercut.is_some();
            if let Some(broken) = reader.next(*offset, |from| first_record(scene, partition, from)) {
                findings.push(broken.finding(scene, node, partition, *offset, was_undercut));
            }
        }
    }

    /// A consumer's position was looked up anew, in a log of which everything before `deleted` was given up.
    pub(crate) fn reset(&mut self, node: NodeId, partition: TopicPartition, to: Offset, deleted: Offset) {
        self.moved(node, partition, to);
        let reader = self.readers.entry((node, partition)).or_default();
        reader.undercut = reader.last.filter(|last| last.next() < deleted).map(|_| deleted);
    }

    /// A consumer's position was moved: looked up anew, or taken back behind a truncation.
    pub(crate) fn moved(&mut self, node: NodeId, partition: TopicPartition, to: Offset) {
        let reader = self.readers.entry((node, partition)).or_default();
        reader.starts_at = reader.last.is_none().then_some(to);
    }

    /// A consumer reads these partitions from now on, and goes on where it was in those that it has read before.
    pub(crate) fn assigned(&mut self, node: NodeId, partitions: &[TopicPartition]) {
        self.readers
            .retain(|(reader, partition), _| *reader != node || partitions.contains(partition));
    }

    /// A process is gone.
    pub(crate) fn stopped(&mut self, node: NodeId) {
        self.readers.retain(|(reader, _), _| *reader != node);
    }
}

impl Reader {
    /// It is given the record at this offset. `first_record` is where the first record from some offset on is.
    fn next(&mut self, offset: Offset, first_record: impl Fn(Offset) -> Option<Offset>) -> Option<Break> {
        let last = self.last.replace(offset);
        let starts_at = self.starts_at.take();
        let undercut = self.undercut.take();
        if last.is_some_and(|last| offset <= last) {
            return Some(Break::Back);
        }
        let from = last.map(Offset::next).or(starts_at)?;
        if offset == from {
            return None;
        }
        let from = undercut.map_or(from, |deleted| from.max(deleted));
        first_record(from).filter(|missed| *missed < offset).map(Break::Skip)
    }
}

impl Break {
    fn finding(
        self,
        scene: &Scene<'_>,
        node: NodeId,
        partition: TopicPartition,
        offset: Offset,
        was_undercut: bool,
    ) -> Finding {
        // A position is only ever moved because what was read is gone, or what was to be read; otherwise moving it was wrong.
        let otherwise = scene.truth.judge_view(scene.view, partition, offset);
        let policy = scene.view.consumer(node).map(|consumer| consumer.auto_offset_reset);
        let verdict = match self {
            Self::Back => guarantee::read_again(policy, was_undercut, otherwise),
            Self::Skip(_) => guarantee::skipped(policy, was_undercut, otherwise),
        };
        let (whose, node) = (scene.truth.name(partition), scene.name(node));
        match self {
            Self::Back => {
                let message = format!("{whose}: {node} has read {offset} after it had read as much or more");
                Finding::new(Promise::NonmonotonicPoll, verdict, message)
            }
            Self::Skip(missed) => {
                let message = format!("{whose}: {node} has read {offset}, but not {missed} before it");
                Finding::new(Promise::PollSkip, verdict, message)
            }
        }
    }
}

/// Where the first record is from an offset on; markers do not count.
fn first_record(scene: &Scene<'_>, partition: TopicPartition, from: Offset) -> Option<Offset> {
    let committed = &scene.truth.partition(partition)?.committed;
    committed.values_from(from).next().map(|(offset, _)| *offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader meets in a log with records at these offsets; `cut:7` looks its position up after the deletion of what is before 7.
    fn check(records: &[i64], steps: &str, expected: &str) {
        let first_record = |from: Offset| records.iter().copied().map(Offset).find(|offset| *offset >= from);
        let mut reader = Reader::default();
        let told: Vec<_> = steps
            .split_whitespace()
            .filter_map(|step| {
                if let Some(to) = step.strip_prefix("move:") {
                    reader.starts_at = reader.last.is_none().then(|| Offset(to.parse().expect("an offset")));
                    return None;
                }
                if let Some(deleted) = step.strip_prefix("cut:") {
                    reader.undercut = Some(Offset(deleted.parse().expect("an offset")));
                    return None;
                }
                let offset: i64 = step.parse().expect("an offset");
                Some(match reader.next(Offset(offset), first_record) {
                    None => format!("{offset}"),
                    Some(Break::Back) => format!("{offset}:back"),
                    Some(Break::Skip(missed)) => format!("{offset}:skips {missed}"),
                })
            })
            .collect();
        assert_eq!(told.join(" "), expected, "{steps}");
    }

    #[test]
    fn reads_are_contiguous_and_monotone() {
        check(&[0, 1, 2, 3], "0 1 2 3", "0 1 2 3");
        check(&[0, 1, 2, 3], "0 2", "0 2:skips 1");
        check(&[0, 1, 3], "0 1 3", "0 1 3");
        check(&[0, 1, 2], "0 1 1 2", "0 1 1:back 2");
        check(&[0, 1, 2], "2", "2");
        check(&[0, 1, 2], "move:0 2", "2:skips 0");
        check(&[0, 1, 2], "0 1 2 move:1 1", "0 1 2 1:back");
        check(&[0, 1, 2, 3], "0 move:3 3", "0 3:skips 1");
        check(&[0, 1, 2, 3, 4], "0 cut:3 3 4", "0 3 4");
        check(&[0, 1, 2, 3, 4], "0 cut:3 4", "0 4:skips 3");
        check(&[0, 1, 2, 3, 4], "0 1 cut:3 1", "0 1 1:back");
        check(&[0, 1, 2, 3, 4], "0 cut:2 2 4", "0 2 4:skips 3");
    }
}
