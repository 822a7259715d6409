//! C4: no consumer commits beyond what it was given.
//!
//! Positions are committed, and a position is behind what polls have returned; what a poll is about to return does not count yet. A consumer may
//! begin elsewhere: where its group has come to, where it was reset to, or where its application has sought to.

use std::collections::BTreeMap;

use kafkasim_core::call::ConsumerRecord;
use kafkasim_core::ids::{NodeId, Offset, TopicPartition};
use kafkasim_core::message::OffsetCommitPartition;

use super::super::{Finding, Promise, Scene};
use super::{Place, group_of, name};

/// Remembers how far each consumer may have come, at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct CommitBounds {
    known: BTreeMap<(NodeId, TopicPartition), Offset>,
}

impl CommitBounds {
    /// A consumer was given these records.
    pub(super) fn polled(&mut self, scene: &Scene<'_>, node: NodeId, records: &[ConsumerRecord]) {
        if group_of(scene, node).is_none() {
            return;
        }
        for (index, record) in records.iter().enumerate() {
            let is_last = records
                .get(index + 1)
                .is_none_or(|next| (&next.topic, next.partition) != (&record.topic, record.partition));
            if is_last {
                let place = (record.topic.clone(), record.partition);
                self.may_come_to(scene, node, &place, record.offset.next());
            }
        }
    }

    /// A consumer or its application is told of an offset, or chooses one.
    pub(super) fn may_come_to(&mut self, scene: &Scene<'_>, node: NodeId, (topic, index): &Place, to: Offset) {
        if let Some(partition) = scene.truth.locate(topic, *index) {
            self.moved(scene, node, partition, to);
        }
    }

    /// A consumer's position was looked up.
    pub(super) fn moved(&mut self, scene: &Scene<'_>, node: NodeId, partition: TopicPartition, to: Offset) {
        if group_of(scene, node).is_some() {
            let known = self.known.entry((node, partition)).or_insert(to);
            *known = to.max(*known);
        }
    }

    /// A consumer commits.
    pub(super) fn committed(&self, scene: &Scene<'_>, node: NodeId, offsets: &[OffsetCommitPartition]) -> Vec<Finding> {
        let beyond = offsets.iter().filter_map(|committed| {
            let place = (committed.topic.clone(), committed.partition);
            let partition = scene.truth.locate(&place.0, place.1)?;
            // What it has read may have been in an earlier topic of this name.
            if scene.truth.had_another(&place.0) {
                return None;
            }
            let known = self.known.get(&(node, partition)).copied().unwrap_or(Offset::ZERO);
            let to = committed.committed_offset;
            let truth = scene.truth.partition(partition)?;
            let missed = truth.committed.first_kept_from(known).filter(|missed| *missed < to)?;
            let (whose, node) = (name(&place), scene.name(node));
            let message = format!("{whose}: {node} commits {to}, but was not given {missed}");
            let verdict = scene.truth.judge_view(scene.view, partition, known);
            Some(Finding::new(Promise::CommitBound, verdict, message))
        });
        beyond.collect()
    }

    /// A process is gone.
    pub(super) fn stopped(&mut self, node: NodeId) {
        self.known.retain(|(consumer, _), _| *consumer != node);
    }
}
