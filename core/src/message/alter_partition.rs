//! AlterPartition: a leader asks the controller for other in-sync replicas (KIP-497).

use alloc::vec::Vec;

use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, TopicPartition};

/// A broker with the registration that the leader knows (KIP-903).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerState {
    /// The broker.
    pub broker_id: NodeId,
    /// Its registration, or -1 not to be checked.
    pub broker_epoch: BrokerEpoch,
}

/// Proposals of one leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterPartitionRequest {
    /// The leader, and its registration.
    pub broker: BrokerState,
    /// One for each partition.
    pub partitions: Vec<AlterPartitionData>,
}

/// A proposal for one partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterPartitionData {
    /// The partition.
    pub partition: TopicPartition,
    /// The leader's epoch.
    pub leader_epoch: LeaderEpoch,
    /// The in-sync replicas that the leader wants.
    pub new_isr: Vec<BrokerState>,
    /// Whether the leader is still recovering from an unclean election; then it must be the only one.
    pub recovering: bool,
    /// The registration that the proposal changes.
    pub partition_epoch: PartitionEpoch,
}

/// The answer, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterPartitionResponse {
    /// Success, or why nothing was done at all.
    pub error_code: ErrorCode,
    /// One for each partition.
    pub partitions: Vec<AlteredPartition>,
}

/// What became of one proposal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlteredPartition {
    /// The partition.
    pub partition: TopicPartition,
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// The leader, as of the answer.
    pub leader_id: NodeId,
    /// Its epoch.
    pub leader_epoch: LeaderEpoch,
    /// The in-sync replicas.
    pub isr: Vec<NodeId>,
    /// Whether the leader is recovering from an unclean election.
    pub recovering: bool,
    /// The registration that results.
    pub partition_epoch: PartitionEpoch,
}
