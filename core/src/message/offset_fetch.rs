//! OffsetFetch: how far a group has come.

use alloc::string::String;
use alloc::vec::Vec;

use crate::error::ErrorCode;
use crate::ids::{GroupId, LeaderEpoch, Offset, TopicName};

/// Asks how far a group has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OffsetFetchRequest {
    /// The group.
    pub group_id: GroupId,
    /// Where; `None` is wherever it has committed anything.
    pub partitions: Option<Vec<(TopicName, i32)>>,
    /// Wait for what is being committed (KIP-447).
    pub require_stable: bool,
}

/// The answer, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OffsetFetchResponse {
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// One for each partition of the request.
    pub partitions: Vec<FetchedOffset>,
}

/// How far a group has come in one partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FetchedOffset {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: i32,
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// The offset of the next record to be read, or -1 if nothing is committed.
    pub committed_offset: Offset,
    /// The leader epoch of the last record that was read, or -1.
    pub committed_leader_epoch: LeaderEpoch,
    /// Whatever came with the commit.
    pub metadata: String,
}
