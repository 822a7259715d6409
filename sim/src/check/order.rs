//! Order: nonmonotonic-send for producers, poll-skip and nonmonotonic-poll for consumers.

mod handed;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use kafkasim_core::call::Steering;
use kafkasim_core::config::ProducerConfig;
use kafkasim_core::ids::{LeaderEpoch, NodeId, Offset, TopicId, TopicName, TopicPartition};

use super::sends::{Outcome, Send, text};
use super::truth::Truth;
use super::{Finding, Promise, Scene, Verdict, guarantee};

/// Remembers how far each producer's records, and each consumer, have come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Order {
    /// By producer, its session, and partition: the place of the last committed record among the sends.
    sent: BTreeMap<(NodeId, u32, TopicPartition), u32>,
    /// By producer, its session, and partition: the place of the last acknowledged record among the sends.
    acknowledged: BTreeMap<(NodeId, u32, TopicPartition), u32>,
    readers: BTreeMap<(NodeId, TopicPartition), Reader>,
    paused: BTreeSet<(NodeId, TopicPartition)>,
    /// Who is to read what there was not yet, so that everything in it is new.
    came_first: BTreeSet<(NodeId, TopicName, i32)>,
    /// Who has subscribed to which topics.
    subscribed: BTreeMap<NodeId, Vec<TopicName>>,
}

/// A consumer in one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Reader {
    /// The last record that it was given: its offset and leader epoch, which say which record it is.
    last: Option<(Offset, LeaderEpoch)>,
    /// Where it is to start, while it was given nothing.
    starts_at: Option<Offset>,
    /// What was deleted when it had to start elsewhere, because what it was to read next was deleted.
    undercut: Option<Offset>,
    /// The application wants it at an end of the log, and that is still to be looked up.
    awaits_reset: bool,
    /// It was given the partition by its group, and is to start where that has come to; nothing was read or sought since.
    awaits_committed: bool,
    /// Its position was moved since: it has been told that it does not simply read on.
    was_moved: bool,
    /// Where its position was moved to last, until it is given something.
    moved_to: Option<Offset>,
}

/// What is wrong with the next records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    /// They start at or before what was given already.
    Back,
    /// They start before where the application has sought to, or before that was looked up.
    Early,
    /// They start behind something that was not given.
    Skip(Offset),
    /// They go on from a record that their log does not have, and nobody was told (KIP-320).
    Over(Offset),
}

impl Order {
    /// A record is committed that was sent like this; only its first time counts.
    pub(crate) fn committed(
        &mut self,
        scene: &Scene<'_>,
        partition: TopicPartition,
        (offset, value): &(Offset, Bytes),
        send: &Send,
        findings: &mut Vec<Finding>,
    ) {
        if send.committed.is_some() {
            return;
        }
        let last = self.sent.entry((send.producer, send.session, partition)).or_default();
        if send.order > *last {
            *last = send.order;
            return;
        }
        let otherwise = scene
            .view
            .producer(send.producer)
            .map_or(Verdict::Violated, |producer| {
                reordered(scene, producer, send.producer, partition)
            });
        let forgetting = scene.truth.forgetting(partition, *offset, None);
        let verdict = guarantee::unknown_producer(forgetting, otherwise);
        let (whose, what, producer) = (scene.truth.name(partition), text(value), scene.name(send.producer));
        let message = format!("{whose}: {what} at {offset} was sent by {producer} before what precedes it there");
        findings.push(Finding::new(Promise::NonmonotonicSend, verdict, message));
    }

    /// A producer was told that a record was written.
    pub(crate) fn acknowledged(&mut self, scene: &Scene<'_>, send: &Send, value: &Bytes) -> Option<Finding> {
        let Outcome::Acknowledged(told) = &send.outcome else {
            return None;
        };
        let partition = scene.truth.locate(&told.topic, told.partition)?;
        let last = self
            .acknowledged
            .entry((send.producer, send.session, partition))
            .or_default();
        if send.order > *last {
            *last = send.order;
            return None;
        }
        let verdict = scene
            .view
            .producer(send.producer)
            .map_or(Verdict::Violated, |producer| {
                let retried = scene.risks.may_have_duplicated(send.producer, partition);
                let registered = scene.truth.registered(partition);
                let had_leaders = registered.is_none_or(|registered| registered.leader_epoch > LeaderEpoch(0));
                let otherwise = reordered(scene, producer, send.producer, partition);
                guarantee::told_late(producer, retried || had_leaders, otherwise)
            });
        let (whose, what, producer) = (scene.truth.name(partition), text(value), scene.name(send.producer));
        let message = format!("{whose}: {producer} is told of {what} after what it has sent behind it");
        Some(Finding::new(Promise::CallbackOrder, verdict, message))
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
        records: &[(Offset, LeaderEpoch)],
        findings: &mut Vec<Finding>,
    ) {
        if let (true, Some((offset, _))) = (self.paused.contains(&(node, partition)), records.first()) {
            let (whose, node) = (scene.truth.name(partition), scene.name(node));
            let message = format!("{whose}: {node} has read {offset}, though it had paused the partition");
            findings.push(Finding::new(Promise::PausedPoll, Verdict::Violated, message));
        }
        findings.extend(self.first_read(scene, node, partition, records));
        let reader = self.readers.entry((node, partition)).or_default();
        let committed = scene.truth.partition(partition).map(|truth| &truth.committed);
        let log = Log {
            first_record: |from| first_record(scene, partition, from),
            epoch_at: |offset| committed.and_then(|committed| committed.epoch_at(offset)),
        };
        for record in records {
            let was_undercut = reader.undercut.is_some();
            if let Some(broken) = reader.next(*record, &log) {
                findings.push(broken.finding(scene, node, partition, record.0, was_undercut));
            }
        }
    }

    /// A consumer that was to read all of a partition is given the first records of it: it may have brought its position along from a topic of the
    /// same name that was deleted.
    fn first_read(
        &mut self,
        scene: &Scene<'_>,
        node: NodeId,
        partition: TopicPartition,
        records: &[(Offset, LeaderEpoch)],
    ) -> Option<Finding> {
        if self.came_first.is_empty() {
            return None;
        }
        let topic = scene.truth.topic(partition.topic)?.name.clone();
        let had_another = scene.truth.had_another(&topic);
        let came_first = self.came_first.remove(&(node, topic, partition.partition));
        let (first, _) = records.first().filter(|_| came_first && had_another)?;
        let missed = first_record(scene, partition, Offset::ZERO).filter(|missed| missed < first)?;
        let verdict = guarantee::brought_along();
        Some(began_late(scene, node, partition, *first, missed, verdict))
    }

    /// A consumer's position was looked up anew.
    pub(crate) fn reset(
        &mut self,
        scene: &Scene<'_>,
        node: NodeId,
        partition: TopicPartition,
        to: Offset,
    ) -> Option<Finding> {
        let truth = scene.truth.partition(partition);
        let deleted = truth.map_or(Offset::ZERO, |truth| truth.committed.deleted());
        self.moved(node, partition, to);
        let reader = self.readers.entry((node, partition)).or_default();
        reader.undercut = reader.last.filter(|(last, _)| last.next() < deleted).map(|_| deleted);
        let topic = scene.truth.topic(partition.topic)?.name.clone();
        let came_first = self.came_first.remove(&(node, topic, partition.partition));
        let missed = first_record(scene, partition, deleted).filter(|missed| came_first && *missed < to)?;
        let policy = scene.view.consumer(node).map(|consumer| consumer.auto_offset_reset);
        let otherwise = scene.truth.judge_view(scene.view, partition, to);
        let verdict = guarantee::skipped(policy, true, otherwise);
        Some(began_late(scene, node, partition, to, missed, verdict))
    }

    /// A consumer's position was moved: looked up anew, or taken back behind a truncation.
    pub(crate) fn moved(&mut self, node: NodeId, partition: TopicPartition, to: Offset) {
        let reader = self.readers.entry((node, partition)).or_default();
        reader.moved(to);
    }

    /// The offset of the last record that a consumer was given since it was sent elsewhere.
    pub(crate) fn last_given(&self, node: NodeId, partition: TopicPartition) -> Option<Offset> {
        let last = self.readers.get(&(node, partition))?.last;
        last.map(|(offset, _)| offset)
    }

    /// Whether a consumer may tell that this is its position: where it was moved to, or behind what it was given, with no record in between.
    pub(crate) fn may_be_at(&self, scene: &Scene<'_>, node: NodeId, partition: TopicPartition, at: Offset) -> bool {
        let Some(reader) = self.readers.get(&(node, partition)) else {
            return true;
        };
        let first_from = |from| first_record(scene, partition, from);
        reader.may_be_at(at, first_from)
    }

    /// An application moved or held its consumer's positions.
    pub(crate) fn steered(&mut self, node: NodeId, steering: &Steering, truth: &Truth) {
        let locate = |(topic, partition): &(TopicName, i32)| Some((node, truth.locate(topic, *partition)?));
        match steering {
            Steering::Pause(partitions) => self.paused.extend(partitions.iter().filter_map(locate)),
            Steering::Resume(partitions) => {
                for resumed in partitions.iter().filter_map(locate) {
                    self.paused.remove(&resumed);
                }
            }
            Steering::Seek {
                topic,
                partition,
                offset,
            } => {
                if let Some(partition) = truth.locate(topic, *partition) {
                    self.readers.insert((node, partition), Reader::starting_at(*offset));
                }
            }
            Steering::SeekToBeginning(partitions) | Steering::SeekToEnd(partitions) => {
                for sought in partitions.iter().filter_map(locate) {
                    self.readers.insert(sought, Reader::awaiting_reset());
                }
            }
            Steering::Wakeup => {}
        }
    }

    /// A consumer reads these partitions from now on, and goes on where it was in those that it has read before.
    pub(crate) fn assigned(&mut self, node: NodeId, partitions: &[(TopicName, i32)], truth: &Truth) {
        self.came_first.retain(|(reader, ..)| *reader != node);
        self.unsubscribed(node);
        let mut there = BTreeSet::new();
        for (topic, index) in partitions {
            match truth
                .locate(topic, *index)
                .filter(|partition| truth.registered(*partition).is_some())
            {
                Some(partition) => drop(there.insert(partition)),
                None => drop(self.came_first.insert((node, topic.clone(), *index))),
            }
        }
        self.readers
            .retain(|(reader, partition), _| *reader != node || there.contains(partition));
        self.paused
            .retain(|(reader, partition)| *reader != node || there.contains(partition));
    }

    /// A topic is deleted. Whoever reads it is to read all of another of this name, should there be one.
    pub(crate) fn removed(&mut self, id: TopicId, name: &TopicName) {
        let is_gone = |partition: TopicPartition| partition.topic == id;
        for (reader, partition) in self.readers.keys().filter(|(_, partition)| is_gone(*partition)) {
            self.came_first.insert((*reader, name.clone(), partition.partition));
        }
        self.readers.retain(|(_, partition), _| !is_gone(*partition));
        self.paused.retain(|(_, partition)| !is_gone(*partition));
        self.sent.retain(|(_, _, partition), _| !is_gone(*partition));
        self.acknowledged.retain(|(_, _, partition), _| !is_gone(*partition));
    }

    /// A process is gone.
    pub(crate) fn stopped(&mut self, node: NodeId) {
        self.readers.retain(|(reader, _), _| *reader != node);
        self.paused.retain(|(reader, _)| *reader != node);
        self.came_first.retain(|(reader, ..)| *reader != node);
        self.unsubscribed(node);
    }
}

/// What is committed, as far as readers are judged by it.
struct Log<R, E> {
    /// Where the first record from some offset on is.
    first_record: R,
    /// The leader epoch of what is at some offset.
    epoch_at: E,
}

impl Reader {
    fn starting_at(offset: Offset) -> Self {
        Self {
            starts_at: Some(offset),
            moved_to: Some(offset),
            was_moved: true,
            ..Self::default()
        }
    }

    fn awaiting_reset() -> Self {
        Self {
            awaits_reset: true,
            was_moved: true,
            ..Self::default()
        }
    }

    fn awaiting_committed() -> Self {
        Self {
            awaits_committed: true,
            was_moved: true,
            ..Self::default()
        }
    }

    fn moved(&mut self, to: Offset) {
        self.awaits_committed = false;
        self.starts_at = self.last.is_none().then_some(to);
        self.moved_to = Some(to);
        self.was_moved = true;
        self.awaits_reset = false;
    }

    fn may_be_at(&self, at: Offset, first_from: impl Fn(Offset) -> Option<Offset>) -> bool {
        match (self.moved_to, self.last) {
            _ if self.awaits_reset => false,
            (Some(to), _) => at == to,
            (None, Some((last, _))) => at > last && first_from(last.next()).is_none_or(|next| next >= at),
            (None, None) => true,
        }
    }

    /// It is given this record.
    fn next(
        &mut self,
        record: (Offset, LeaderEpoch),
        log: &Log<impl Fn(Offset) -> Option<Offset>, impl Fn(Offset) -> Option<LeaderEpoch>>,
    ) -> Option<Break> {
        let offset = record.0;
        let last = self.last.replace(record);
        let starts_at = self.starts_at.take();
        let undercut = self.undercut.take();
        self.moved_to = None;
        self.awaits_committed = false;
        if self.awaits_reset || starts_at.is_some_and(|start| offset < start) {
            return Some(Break::Early);
        }
        let was_moved = std::mem::take(&mut self.was_moved);
        // An offset and a leader epoch name one record. What is read from another log than the committed one is judged as that.
        let is_committed = |(offset, epoch): (Offset, LeaderEpoch)| (log.epoch_at)(offset) == Some(epoch);
        if let Some(last) = last {
            if offset <= last.0 {
                return Some(Break::Back);
            }
            let has_new_epoch = last.1 != record.1;
            if has_new_epoch && !was_moved && is_committed(record) && !is_committed(last) {
                return Some(Break::Over(last.0));
            }
        }
        let from = last.map(|(last, _)| last.next()).or(starts_at)?;
        if offset == from {
            return None;
        }
        let from = undercut.map_or(from, |deleted| from.max(deleted));
        (log.first_record)(from)
            .filter(|missed| *missed < offset)
            .map(Break::Skip)
    }
}

impl Break {
    fn finding(
        self,
        scene: &Scene<'_>,
        node: NodeId,
        partition: TopicPartition,
        offset: Offset,
        had_no_position: bool,
    ) -> Finding {
        // A position is only ever moved because what was read is gone, or what was to be read; otherwise moving it was wrong.
        let otherwise = scene.truth.judge_view(scene.view, partition, offset);
        let topic = scene.truth.topic(partition.topic);
        let had_another = topic.is_some_and(|topic| scene.truth.had_another(&topic.name));
        let policy = scene.view.consumer(node).map(|consumer| consumer.auto_offset_reset);
        let verdict = match self {
            // What brokers that still have the topic before say of offsets and epochs is taken for what is said of this one.
            Self::Back if had_another => guarantee::brought_along(),
            Self::Back => guarantee::read_again(policy, had_no_position, otherwise),
            Self::Skip(_) => guarantee::skipped(policy, had_no_position, otherwise),
            // Whatever a configuration lets be lost, no reader is taken elsewhere than it wants, or over what is gone unawares.
            Self::Early | Self::Over(_) => Verdict::Violated,
        };
        let (whose, node) = (scene.truth.name(partition), scene.name(node));
        match self {
            Self::Back => {
                let message = format!("{whose}: {node} has read {offset} after it had read as much or more");
                Finding::new(Promise::NonmonotonicPoll, verdict, message)
            }
            Self::Early => {
                let message = format!("{whose}: {node} has read {offset}, which is not where it has sought to");
                Finding::new(Promise::NonmonotonicPoll, verdict, message)
            }
            Self::Skip(missed) => {
                let message = format!("{whose}: {node} has read {offset}, but not {missed} before it");
                Finding::new(Promise::PollSkip, verdict, message)
            }
            Self::Over(gone) => {
                let message = format!(
                    "{whose}: {node} has read on at {offset}, and was not told that what it has read at {gone} is gone"
                );
                Finding::new(Promise::PollSkip, verdict, message)
            }
        }
    }
}

/// Judges another order than that of the sends.
fn reordered(scene: &Scene<'_>, producer: &ProducerConfig, sender: NodeId, partition: TopicPartition) -> Verdict {
    let retried = scene.risks.has_retried(sender, partition);
    guarantee::reordered(producer, retried, scene.risks.was_late(sender))
}

/// A consumer begins behind a record that was written after it was to read all of this partition.
fn began_late(
    scene: &Scene<'_>,
    node: NodeId,
    partition: TopicPartition,
    at: Offset,
    missed: Offset,
    verdict: Verdict,
) -> Finding {
    let (whose, node) = (scene.truth.name(partition), scene.name(node));
    let message = format!(
        "{whose}: {node} begins at {at} and skips {missed}, though it was to read the partition before there was one"
    );
    Finding::new(Promise::PollSkip, verdict, message)
}

/// Where the first record is from an offset on that its reader must be given; markers do not count.
fn first_record(scene: &Scene<'_>, partition: TopicPartition, from: Offset) -> Option<Offset> {
    scene.truth.partition(partition)?.committed.first_kept_from(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader meets in a log with records at these offsets, up to 9 of the epoch 1 and from 10 on of the epoch 2. `cut:7` looks its
    /// position up after the deletion of what is before 7.
    fn check(records: &[i64], steps: &str, expected: &str) {
        let epoch_of = |offset: i64| LeaderEpoch(if offset < 10 { 1 } else { 2 });
        let log = Log {
            first_record: |from: Offset| records.iter().copied().map(Offset).find(|offset| *offset >= from),
            epoch_at: |offset: Offset| records.contains(&offset.0).then(|| epoch_of(offset.0)),
        };
        let mut reader = Reader::default();
        let told: Vec<_> = steps
            .split_whitespace()
            .filter_map(|step| {
                if let Some(to) = step.strip_prefix("seek:") {
                    reader = to
                        .parse()
                        .map_or_else(|_| Reader::awaiting_reset(), |to| Reader::starting_at(Offset(to)));
                    return None;
                }
                if let Some(deleted) = step.strip_prefix("cut:") {
                    reader.undercut = Some(Offset(deleted.parse().expect("an offset")));
                    return None;
                }
                if let Some(to) = step.strip_prefix("move:") {
                    reader.moved(Offset(to.parse().expect("an offset")));
                    return None;
                }
                let (offset, epoch) = step.split_once('@').unwrap_or((step, ""));
                let offset: i64 = offset.parse().expect("an offset");
                let epoch = epoch.parse().map_or_else(|_| epoch_of(offset), LeaderEpoch);
                Some(match reader.next((Offset(offset), epoch), &log) {
                    None => format!("{offset}"),
                    Some(Break::Back) => format!("{offset}:back"),
                    Some(Break::Early) => format!("{offset}:early"),
                    Some(Break::Skip(missed)) => format!("{offset}:skips {missed}"),
                    Some(Break::Over(gone)) => format!("{offset}:over {gone}"),
                })
            })
            .collect();
        assert_eq!(told.join(" "), expected, "{steps}");
    }

    #[test]
    fn a_position_is_where_it_was_moved_to_or_behind_what_was_given() {
        let first_from = |from: Offset| [0, 1, 3].map(Offset).into_iter().find(|offset| *offset >= from);
        let may_be =
            |reader: &Reader| -> Vec<i64> { (0..6).filter(|at| reader.may_be_at(Offset(*at), first_from)).collect() };
        let log = Log {
            first_record: first_from,
            epoch_at: |_| None,
        };
        let mut reader = Reader::starting_at(Offset(1));
        assert_eq!(may_be(&reader), [1]);
        assert_eq!(reader.next((Offset(1), LeaderEpoch(1)), &log), None);
        assert_eq!(may_be(&reader), [2, 3]);
        reader.moved(Offset(0));
        assert_eq!(may_be(&reader), [0]);
        assert_eq!(may_be(&Reader::awaiting_reset()), [0_i64; 0]);
    }

    #[test]
    fn who_seeks_reads_from_there() {
        check(&[0, 1, 2, 3], "0 1 seek:3 3", "0 1 3");
        check(&[0, 1, 2, 3], "0 1 2 seek:1 1 2", "0 1 2 1 2");
        check(&[0, 1, 3], "0 seek:2 3", "0 3");
        check(&[0, 1, 2, 3], "0 seek:2 3", "0 3:skips 2");
        check(&[0, 1, 2, 3], "0 seek:2 1", "0 1:early");
        check(&[0, 1, 2, 3], "0 seek:end 1", "0 1:early");
        check(&[0, 1, 2, 3], "0 seek:end move:3 3", "0 3");
        check(&[0, 1, 2, 3], "0 seek:9 move:0 0", "0 0");
    }

    #[test]
    fn nobody_reads_on_over_what_is_gone() {
        check(&[8, 9, 10, 11], "8 9 10 11", "8 9 10 11");
        check(&[8, 9, 10, 11], "9 10@1 11@1", "9 10 11");
        check(&[8, 9, 10, 11], "9 10@1 11@2", "9 10 11:over 10");
        check(&[8, 9, 10, 11], "9@0 10", "9 10:over 9");
        check(&[8, 9, 10, 11], "9@0 move:10 10", "9 10");
        check(&[8, 9, 10, 11], "9 10@1 move:10 10 11", "9 10 10:back 11");
        check(&[8, 9, 10], "9@0 10@1", "9 10");
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
