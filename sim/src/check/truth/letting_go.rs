//! What is given up on purpose: the topics and records that operators delete, what is too old or too much, and what later records of the same key supersede.

use kafkasim_core::call::RecordsToDelete;
use kafkasim_core::ids::{NodeId, Offset, Timestamp, TopicId, TopicName, TopicPartition};
use kafkasim_core::message::DeleteBefore;
use kafkasim_core::note::LogStartCause;
use kafkasim_core::record::Batch;

use super::super::view::View;
use super::{Change, Truth, batches};

impl Truth {
    /// Whether a partition's topic was deleted: what brokers still do to it that have not heard of that concerns nobody.
    pub(crate) fn is_deleted(&self, partition: TopicPartition) -> bool {
        partition != TopicPartition::CLUSTER_METADATA
            && partition.topic <= self.metadata.newest_topic
            && !self.metadata.topics.contains_key(&partition.topic)
    }

    /// Whether there was another topic of this name. Clients that name a topic may still mean that one.
    pub(crate) fn had_another(&self, topic: &TopicName) -> bool {
        self.deleted.contains(topic)
    }

    /// A topic is deleted. It is still in the metadata.
    pub(super) fn remove(&mut self, id: TopicId, changes: &mut Vec<Change>) {
        let name = self.metadata.topics.get(&id).map(|topic| topic.name.clone());
        self.partitions.retain(|partition, _| partition.topic != id);
        self.replicas.retain(|(partition, _), _| partition.topic != id);
        if let Some(name) = name {
            self.deleted.insert(name.clone());
            changes.push(Change::Removed { id, name });
        }
    }

    pub(super) fn asked_to_delete(&mut self, deletion: &RecordsToDelete) {
        let partition = self.partitions.entry(deletion.partition).or_default();
        partition.asked_to_delete = match (partition.asked_to_delete, deletion.before) {
            (Some(DeleteBefore::HighWatermark), _) | (_, DeleteBefore::HighWatermark) => {
                Some(DeleteBefore::HighWatermark)
            }
            (Some(DeleteBefore::Offset(earlier)), DeleteBefore::Offset(offset)) => {
                Some(DeleteBefore::Offset(earlier.max(offset)))
            }
            (None, before) => Some(before),
        };
    }

    /// A log starts later: because an operator asked its leader for that, or because that of its leader does.
    pub(super) fn starts(
        &mut self,
        view: &dyn View,
        id: TopicPartition,
        node: NodeId,
        at: Offset,
        cause: Option<LogStartCause>,
        changes: &mut Vec<Change>,
    ) {
        let epoch = self.replica(id, node).epoch;
        let topic = self.metadata.topics.get(&id.topic);
        let truth = self.partitions.entry(id).or_default();
        // Whoever lives in a world of its own gives up nothing of this one.
        if truth.parted.as_ref().is_some_and(|parted| epoch < parted.epoch) {
            return;
        }
        let is_due = match (cause, truth.asked_to_delete) {
            (Some(LogStartCause::DeleteRecords), Some(DeleteBefore::HighWatermark)) => at <= truth.committed.end(),
            (Some(LogStartCause::DeleteRecords), Some(DeleteBefore::Offset(before))) => {
                at <= before && at <= truth.committed.end()
            }
            (Some(LogStartCause::DeleteRecords), None) => false,
            (Some(LogStartCause::Retention { now }), _) => {
                // More may have gone in the same step, for another reason.
                let left = truth.committed.bytes_from(at, batches(view.log(node, id)));
                let is_enough = |limit: i64| usize::try_from(limit).is_ok_and(|limit| left >= limit);
                let is_given_up = topic.is_some_and(|topic| {
                    is_enough(topic.config.retention_bytes)
                        || truth.committed.has_expired(at, now, topic.config.retention_ms)
                });
                at <= truth.committed.end() && is_given_up
            }
            (Some(LogStartCause::Leader) | None, _) => at <= truth.committed.deleted(),
        };
        if is_due {
            truth.committed.delete(at);
        }
        changes.push(Change::Started {
            partition: id,
            node,
            at,
            is_due,
        });
    }

    /// A replica has cleaned its log up to here.
    pub(super) fn cleaned(
        &mut self,
        view: &dyn View,
        id: TopicPartition,
        node: NodeId,
        to: Offset,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        let epoch = self.replica(id, node).epoch;
        let delete_retention_ms = self
            .metadata
            .topics
            .get(&id.topic)
            .map_or(0, |topic| topic.config.delete_retention_ms);
        let truth = self.partitions.entry(id).or_default();
        // Whoever lives in a world of its own has other keys, too.
        if truth.parted.as_ref().is_some_and(|parted| epoch < parted.epoch) {
            return;
        }
        truth.committed.clean(to, now, delete_retention_ms);
        // Beyond that it is a stranger's log, which is to be truncated; who has this batch has, or had, all that is before it.
        let log = batches(view.log(node, id));
        let is_common = |batch: &&Batch| truth.committed.epoch_at(batch.base_offset) == Some(batch.leader_epoch);
        let common = log
            .iter()
            .rev()
            .skip_while(|batch| batch.base_offset >= to)
            .find(is_common)
            .map_or(Offset::ZERO, Batch::next_offset);
        if let Some(at) = truth.committed.first_contradicted(log, Offset::ZERO..common) {
            changes.push(Change::Overcleaned {
                partition: id,
                node,
                at,
            });
        }
    }
}
