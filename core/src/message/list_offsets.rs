//! ListOffsets: find an offset by time, or the ends of a log.

use alloc::vec::Vec;

use super::IsolationLevel;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, Timestamp, TopicPartition};

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OffsetSpec {
    /// `-2`: the first offset.
    Earliest,
    /// `-1`: the next offset to become visible.
    Latest,
    /// The first record at or after this time.
    Timestamp(Timestamp),
}

/// Asks for one offset in each of some partitions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListOffsetsRequest {
    /// What is visible.
    pub isolation_level: IsolationLevel,
    /// What to look for, and where.
    pub partitions: Vec<ListOffsetsPartition>,
}

/// What to look for in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListOffsetsPartition {
    /// The partition.
    pub partition: TopicPartition,
    /// The leader epoch that the client knows, or -1.
    pub current_leader_epoch: LeaderEpoch,
    /// What to look for.
    pub timestamp: OffsetSpec,
}

/// The answer, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListOffsetsResponse {
    /// One for each partition of the request.
    pub partitions: Vec<ListedOffset>,
}

/// What was found in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListedOffset {
    /// The partition.
    pub partition: TopicPartition,
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// The record's time, or -1.
    pub timestamp: Timestamp,
    /// The offset, or -1 if there is none.
    pub offset: Offset,
    /// The epoch of the leader that appended there, or -1.
    pub leader_epoch: LeaderEpoch,
}
