//! Metadata: which brokers there are, and who leads what.

use alloc::vec::Vec;

use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, NodeId, TopicId, TopicName};

/// Asks about topics.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetadataRequest {
    /// Their names, or `None` for all.
    pub topics: Option<Vec<TopicName>>,
}

/// What the broker knows; other brokers may know more, or less.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetadataResponse {
    /// The brokers that are not fenced.
    pub brokers: Vec<NodeId>,
    /// One for each topic asked for.
    pub topics: Vec<MetadataTopic>,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetadataTopic {
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// Its name.
    pub name: TopicName,
    /// Its id.
    pub topic_id: TopicId,
    /// Its partitions, by index.
    pub partitions: Vec<MetadataPartition>,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetadataPartition {
    /// Success, or [`ErrorCode::LeaderNotAvailable`].
    pub error_code: ErrorCode,
    /// Index within the topic.
    pub partition_index: i32,
    /// The leader, or -1.
    pub leader_id: NodeId,
    /// Its epoch.
    pub leader_epoch: LeaderEpoch,
    /// All replicas, the preferred leader first.
    pub replica_nodes: Vec<NodeId>,
    /// Those in sync.
    pub isr_nodes: Vec<NodeId>,
}
