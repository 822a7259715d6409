//! C4: what applications make of what they are given.
//!
//! A record that its group has passed, because somebody committed beyond it, is given to nobody any more. If it was not processed, it is lost to
//! the group; that is allowed only if it was committed before it was processed, which is the application's doing, or that of `enable.auto.commit`
//! where it polls again too early. And a record is processed twice only if another consumer, or the same one after a new beginning, was given it
//! again.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::call::ConsumerRecord;
use kafkasim_core::config::AutoOffsetReset;
use kafkasim_core::ids::{GroupId, NodeId, Offset, TopicPartition};
use kafkasim_core::message::OffsetCommitPartition;

use super::super::{Finding, Promise, Scene, Verdict, guarantee};
use super::{Place, group_of};

/// Remembers what is processed, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Processing {
    /// What each consumer was given and has not processed.
    given: BTreeMap<(NodeId, TopicPartition), BTreeSet<Offset>>,
    /// What each consumer has processed since it began in a partition.
    processed_since: BTreeMap<(NodeId, TopicPartition), BTreeSet<Offset>>,
    /// What somebody in the group has processed.
    processed: BTreeMap<(GroupId, TopicPartition), BTreeSet<Offset>>,
    /// What was committed before it was processed, and nobody has processed since; whether a consumer did that by itself.
    ahead: BTreeMap<(GroupId, TopicPartition), BTreeMap<Offset, bool>>,
    /// Whether some consumer of a group begins at the end where nothing is committed.
    latest: BTreeMap<GroupId, bool>,
}

impl Processing {
    /// A consumer was given these records.
    pub(super) fn polled(&mut self, scene: &Scene<'_>, node: NodeId, records: &[ConsumerRecord]) {
        let Some(group) = group_of(scene, node) else { return };
        let policy = scene.view.consumer(node).map(|consumer| consumer.auto_offset_reset);
        *self.latest.entry(group).or_default() |= policy == Some(AutoOffsetReset::Latest);
        for record in records {
            if let Some(partition) = scene.truth.locate(&record.topic, record.partition) {
                self.given.entry((node, partition)).or_default().insert(record.offset);
            }
        }
    }

    /// A consumer begins in a partition: what it has processed there may come again.
    pub(super) fn begins(&mut self, node: NodeId, partition: TopicPartition) {
        self.processed_since.remove(&(node, partition));
    }

    /// The same, of a partition by its name.
    pub(super) fn begins_in(&mut self, scene: &Scene<'_>, node: NodeId, (topic, index): &Place) {
        if let Some(partition) = scene.truth.locate(topic, *index) {
            self.begins(node, partition);
        }
    }

    /// An application has processed a record.
    pub(super) fn processed(
        &mut self,
        scene: &Scene<'_>,
        node: NodeId,
        (topic, index): &Place,
        offset: Offset,
    ) -> Option<Finding> {
        let partition = scene.truth.locate(topic, *index)?;
        let group = group_of(scene, node)?;
        if let Some(given) = self.given.get_mut(&(node, partition)) {
            given.remove(&offset);
        }
        let key = (group, partition);
        if let Some(ahead) = self.ahead.get_mut(&key) {
            ahead.remove(&offset);
        }
        let since = self.processed_since.entry((node, partition)).or_default();
        let is_new_here = since.insert(offset);
        let is_new = self.processed.entry(key).or_default().insert(offset);
        let verdict = match (is_new, is_new_here) {
            (true, _) => return None,
            (false, true) => guarantee::processed_again(scene.view.consumer(node)),
            (false, false) => scene.truth.judge_view(scene.view, partition, offset),
        };
        let (whose, node) = (scene.truth.name(partition), scene.name(node));
        let message = format!("{whose}: {node} has processed {offset}, which was processed before");
        Some(Finding::new(Promise::ProcessedTwice, verdict, message))
    }

    /// A consumer commits: what it was given before that, it has processed, or else it may never be.
    pub(super) fn commits(
        &mut self,
        scene: &Scene<'_>,
        node: NodeId,
        offsets: &[OffsetCommitPartition],
        is_automatic: bool,
    ) {
        let Some(group) = group_of(scene, node) else { return };
        for committed in offsets {
            let Some(partition) = scene.truth.locate(&committed.topic, committed.partition) else {
                continue;
            };
            let key = (group.clone(), partition);
            let processed = self.processed.get(&key);
            let given = self.given.get(&(node, partition)).into_iter();
            let passed = given.flat_map(|given| given.range(..committed.committed_offset));
            let left: Vec<_> = passed
                .filter(|offset| !processed.is_some_and(|processed| processed.contains(offset)))
                .copied()
                .collect();
            if !left.is_empty() {
                let ahead = self.ahead.entry(key).or_default();
                for offset in left {
                    ahead.entry(offset).or_insert(is_automatic);
                }
            }
        }
    }

    /// A process is gone, and with it what it had yet to process.
    pub(super) fn stopped(&mut self, node: NodeId) {
        self.given.retain(|(consumer, _), _| *consumer != node);
        self.processed_since.retain(|(consumer, _), _| *consumer != node);
    }

    /// The run is over: what each group has come past, and nobody has processed or still has to.
    pub(super) fn finish(
        &self,
        scene: &Scene<'_>,
        committed: impl Fn(&GroupId, &Place) -> Option<Offset>,
        findings: &mut Vec<Finding>,
    ) {
        for ((group, partition), processed) in &self.processed {
            let (Some(topic), Some(truth)) = (scene.truth.topic(partition.topic), scene.truth.partition(*partition))
            else {
                continue;
            };
            let place = (topic.name.clone(), partition.partition);
            let Some(end) = committed(group, &place) else { continue };
            let first = self.first_due(group, processed).max(truth.committed.deleted());
            let ahead = self.ahead.get(&(group.clone(), *partition));
            let lost = truth
                .committed
                .values_from(first)
                .map(|(offset, _)| *offset)
                .take_while(|offset| *offset < end)
                .filter(|offset| !processed.contains(offset) && !self.is_to_be_processed(*partition, *offset))
                .find(|offset| truth.committed.first_kept_from(*offset) == Some(*offset));
            if let Some(offset) = lost {
                let was_ahead = ahead.and_then(|ahead| ahead.get(&offset)).copied();
                let otherwise = scene.truth.judge_view(scene.view, *partition, offset);
                let is_latest = self.latest.get(group).is_some_and(|latest| *latest);
                let verdict = guarantee::passed_over(was_ahead, is_latest, otherwise);
                findings.push(passed_over(scene, group, *partition, (offset, end), verdict));
            }
        }
    }

    /// From where on a group has to process everything: from the start, unless it begins at the end.
    fn first_due(&self, group: &GroupId, processed: &BTreeSet<Offset>) -> Offset {
        match self.latest.get(group) {
            Some(false) => Offset::ZERO,
            Some(true) | None => processed.first().copied().unwrap_or(Offset::ZERO),
        }
    }

    fn is_to_be_processed(&self, partition: TopicPartition, offset: Offset) -> bool {
        let mut given = self.given.iter().filter(|((_, given), _)| *given == partition);
        given.any(|(_, offsets)| offsets.contains(&offset))
    }
}

fn passed_over(
    scene: &Scene<'_>,
    group: &GroupId,
    partition: TopicPartition,
    (offset, end): (Offset, Offset),
    verdict: Verdict,
) -> Finding {
    let whose = scene.truth.name(partition);
    let message = format!("{whose}: nobody in {group} has processed {offset}, but the group has come to {end}");
    Finding::new(Promise::ProcessedLoss, verdict, message)
}
