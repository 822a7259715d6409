//! Order: nonmonotonic-send for producers, poll-skip and nonmonotonic-poll for consumers.

mod handed;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use kafkasim_core::call::Steering;
use kafkasim_core::config::ProducerConfig;
use kafkasim_core::ids::{LeaderEpoch, NodeId, Offset, TopicId, TopicName, TopicPartition};

use super::reader::{Break, Log, Reader};
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
            is_there: |(offset, epoch)| committed.and_then(|committed| committed.epoch_at(offset)) == Some(epoch),
        };
        for record in records {
            let was_undercut = reader.is_undercut();
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
        reader.undercut_by(deleted);
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
        self.readers.get(&(node, partition))?.last_given()
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
