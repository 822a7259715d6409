//! What monitors and the explorer may look at.

use super::Broker;
use super::partition::Partition;
use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::log::Log;
use crate::metadata::MetadataImage;

/// One replica, to look at.
#[derive(Clone, Copy, Debug)]
pub struct PartitionView<'a> {
    partition: &'a Partition,
}

impl<'a> PartitionView<'a> {
    /// Its log.
    #[must_use]
    pub fn log(&self) -> &'a Log {
        self.partition.log()
    }

    /// Whether it leads, as far as it knows.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.partition.leader().is_some()
    }

    /// The epoch in which it leads or follows; -1 before the metadata log has told.
    #[must_use]
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.partition.leader_epoch()
    }

    /// Whom it follows, if there is anybody.
    #[must_use]
    pub fn follows(&self) -> Option<NodeId> {
        self.partition.follower()?.leader()
    }

    /// The in-sync replicas as the controller committed them, if it leads.
    #[must_use]
    pub fn isr(&self) -> Option<&'a [NodeId]> {
        Some(self.partition.leader()?.committed_isr())
    }

    /// Everybody whom the controller may believe to be in sync (the maximal ISR, KIP-497), if it leads.
    #[must_use]
    pub fn maximal_isr(&self) -> Option<impl Iterator<Item = NodeId> + use<'a>> {
        Some(self.partition.leader()?.maximal_isr())
    }

    /// Whether this replica leads, nobody but replicas outside the ISR that are gone keeps its high watermark from the end of its log, and the
    /// ISR is not about to change. They had caught up and were about to be let in when it last looked. Kafka does not look again before
    /// something is appended, a follower gets further, or the ISR changes (`Partition.maybeIncrementLeaderHW`).
    #[must_use]
    pub fn waits_only_for(&self, is_gone: impl Fn(NodeId) -> bool) -> bool {
        let (log, Some(leader)) = (self.partition.log(), self.partition.leader()) else {
            return false;
        };
        let is_in_sync = |id: &NodeId| leader.committed_isr().contains(id);
        log.high_watermark() < log.end()
            && !leader.has_proposed()
            && leader.followers().all(|id| is_gone(id) || is_in_sync(&id))
            && leader.followers_behind(log.end()).all(|id| !is_in_sync(&id))
            && leader.followers_behind(log.end()).next().is_some()
    }

    /// Where a follower's log ended when it last fetched (-1 if it has not), if this replica leads and that one is assigned.
    #[must_use]
    pub fn follower_end(&self, follower: NodeId) -> Option<Offset> {
        self.partition.leader()?.follower_end(follower)
    }
}

impl Broker {
    /// A replica on this broker.
    #[must_use]
    pub fn partition(&self, partition: TopicPartition) -> Option<PartitionView<'_>> {
        self.partitions
            .get(&partition)
            .map(|partition| PartitionView { partition })
    }

    /// Every replica on this broker, in order.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, PartitionView<'_>)> {
        self.partitions
            .iter()
            .map(|(id, partition)| (*id, PartitionView { partition }))
    }

    /// The registration, if there is one.
    #[must_use]
    pub fn epoch(&self) -> Option<BrokerEpoch> {
        self.lifecycle.epoch()
    }

    /// Whether this broker believes that it is fenced: it has not yet seen in the metadata log that its registration is not.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        let is_unfenced = |epoch| {
            self.metadata
                .image()
                .brokers
                .values()
                .any(|known| known.epoch == epoch && !known.fenced)
        };
        !self.epoch().is_some_and(is_unfenced)
    }

    /// Whether it has replayed its own registration and told its partitions what they are for.
    #[must_use]
    pub fn is_in_service(&self) -> bool {
        self.metadata.is_published() && !self.lifecycle.has_stopped()
    }

    /// Whether it hands its partitions over.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.lifecycle.is_shutting_down()
    }

    /// Whether it has shut down in order.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.lifecycle.has_stopped()
    }

    /// The cluster, as far as this broker knows.
    #[must_use]
    pub fn metadata(&self) -> &MetadataImage {
        self.metadata.image()
    }

    /// The first offset of the metadata log that it has not replayed.
    #[must_use]
    pub fn next_metadata_offset(&self) -> Offset {
        self.metadata.next_offset()
    }

    /// How many requests wait to be answered.
    #[must_use]
    pub fn parked(&self) -> usize {
        self.purgatory.len()
    }
}
