//! What the environment does to replicas and their disks.

use kafkasim_core::disk::LogImage;
use kafkasim_core::ids::{NodeId, Offset, TopicPartition};
use kafkasim_core::record::Batch;

use super::super::view::View;
use super::{Change, Hits, Replica, Truth, batches, registered_as};

impl Truth {
    pub(super) fn power_lost(&mut self, view: &dyn View, node: NodeId, changes: &mut Vec<Change>) {
        for ((id, _), replica) in self.replicas.iter_mut().filter(|((_, replica), _)| *replica == node) {
            let end = view.log(node, *id).map_or(Offset::ZERO, sound_end);
            if end >= replica.end {
                continue;
            }
            replica.end = end;
            changes.push(Change::Shortened {
                partition: *id,
                node,
                to: end,
            });
            if let Some(registered) = self.metadata.partition(*id) {
                let partition = self.partitions.entry(*id).or_default();
                partition
                    .hits
                    .hit(node, end, registered_as(&self.metadata, node), registered);
            }
        }
    }

    /// What a replica has from the first batch on that rotted is not worth having, whether its recovery cuts it off or not.
    pub(super) fn rotted(&mut self, view: &dyn View, node: NodeId, id: TopicPartition) {
        let rotten = batches(view.log(node, id)).iter().find(|batch| batch.verify().is_err());
        if let (Some(rotten), Some(registered)) = (rotten, self.metadata.partition(id)) {
            let partition = self.partitions.entry(id).or_default();
            let registered_as = registered_as(&self.metadata, node);
            partition.hits.hit(node, rotten.base_offset, registered_as, registered);
        }
    }

    /// Whether a loss on these brokers would be one too many: no configuration covers what it would take.
    pub(crate) fn would_expose(&self, view: &dyn View, brokers: &[NodeId]) -> bool {
        let has_elr = view.keeps_eligible_leader_replicas();
        self.metadata.partitions().any(|(id, topic, registered)| {
            let mut hits = self
                .partition(id)
                .map_or_else(Hits::default, |truth| truth.hits.clone());
            for broker in brokers.iter().filter(|broker| registered.replicas.contains(broker)) {
                hits.hit(
                    *broker,
                    Offset::ZERO,
                    registered_as(&self.metadata, *broker),
                    registered,
                );
            }
            hits.exposed_from(registered, topic.effective_min_isr(registered), has_elr)
                .is_some()
        })
    }

    pub(super) fn stopped(&mut self, node: NodeId) {
        for (_, replica) in self.replicas.iter_mut().filter(|((_, replica), _)| *replica == node) {
            *replica = Replica {
                end: replica.end,
                ..Replica::default()
            };
        }
    }
}

/// Whether a batch has rotted, or is torn.
pub(super) fn has_rotten(log: &[Batch]) -> bool {
    log.iter().any(|batch| batch.verify().is_err())
}

/// The offset after the last batch that is whole.
fn sound_end(log: &LogImage) -> Offset {
    log.batches
        .iter()
        .rev()
        .find(|batch| batch.verify().is_ok())
        .map_or(log.base(), Batch::next_offset)
}
