//! The cluster's metadata as replayed from the metadata log, by the controller and by every broker alike.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::config::TopicConfig;
use crate::ids::{
    BrokerEpoch, IncarnationId, LeaderEpoch, NodeId, PartitionEpoch, ProducerId, TopicId, TopicName, TopicPartition,
};
use crate::record::MetadataRecord;

/// Everything that the metadata log says, up to some offset.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetadataImage {
    /// Every broker ever registered.
    pub brokers: BTreeMap<NodeId, BrokerImage>,
    /// Every topic.
    pub topics: BTreeMap<TopicId, TopicImage>,
    /// The first producer id not handed out.
    pub next_producer_id: ProducerId,
}

/// One broker's registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BrokerImage {
    /// The start that registered.
    pub incarnation: IncarnationId,
    /// The registration.
    pub epoch: BrokerEpoch,
    /// May not lead or be in sync.
    pub fenced: bool,
    /// Is handing its partitions over.
    pub in_controlled_shutdown: bool,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicImage {
    /// Its name.
    pub name: TopicName,
    /// Its configuration.
    pub config: TopicConfig,
    /// Its partitions, by index.
    pub partitions: Vec<PartitionImage>,
}

/// One partition's registration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionImage {
    /// All replicas, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// In-sync replicas, in the order of `replicas`.
    pub isr: Vec<NodeId>,
    /// Eligible leader replicas (KIP-966).
    pub elr: Vec<NodeId>,
    /// Those that lost eligibility to an unclean shutdown; the last known leader if everything is lost (KIP-966).
    pub last_known_elr: Vec<NodeId>,
    /// The leader, if the partition is online.
    pub leader: Option<NodeId>,
    /// Grows with every leader.
    pub leader_epoch: LeaderEpoch,
    /// Grows with every change.
    pub partition_epoch: PartitionEpoch,
    /// The leader was elected uncleanly and has not recovered yet.
    pub recovering: bool,
}

impl MetadataImage {
    /// Before the first record.
    pub fn new() -> Self { todo!() }
    /// Applies one record.
    pub fn replay(&mut self, record: &MetadataRecord) { todo!() }
    /// A partition's registration.
    pub fn partition(&self, partition: TopicPartition) -> Option<&PartitionImage> { todo!() }
    /// A topic by its name.
    pub fn topic_by_name(&self, name: &TopicName) -> Option<(TopicId, &TopicImage)> { todo!() }
    /// Whether a broker is registered, unfenced and not shutting down.
    pub fn is_active(&self, broker: NodeId) -> bool { todo!() }
}
