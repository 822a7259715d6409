//! OffsetForLeaderEpoch: where did an epoch end at the leader? (KIP-101, KIP-279, KIP-320)

use alloc::vec::Vec;

use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, NodeId, Offset, TopicPartition};

/// The end of the largest epoch at the leader that is not beyond the one asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochEndOffset {
    /// That epoch, or -1 if there is none.
    pub leader_epoch: LeaderEpoch,
    /// The offset after its last record, or -1.
    pub end_offset: Offset,
}

/// Asks about one epoch in each of some partitions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OffsetForLeaderEpochRequest {
    /// The follower that asks, or `None` for a consumer.
    pub replica_id: Option<NodeId>,
    /// What to look for, and where.
    pub partitions: Vec<OffsetForLeaderEpochPartition>,
}

/// What to look for in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OffsetForLeaderEpochPartition {
    /// The partition.
    pub partition: TopicPartition,
    /// The leader epoch that the fetcher knows, or -1.
    pub current_leader_epoch: LeaderEpoch,
    /// The epoch whose end is wanted.
    pub leader_epoch: LeaderEpoch,
}

/// The answer, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OffsetForLeaderEpochResponse {
    /// One for each partition of the request.
    pub partitions: Vec<OffsetForLeaderEpochResult>,
}

/// What was found in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OffsetForLeaderEpochResult {
    /// The partition.
    pub partition: TopicPartition,
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// Where the epoch ended.
    pub end: EpochEndOffset,
}
