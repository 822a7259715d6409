//! OffsetCommit: remembers how far a group has come.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::error::ErrorCode;
use crate::ids::{GenerationId, GroupId, InstanceId, LeaderEpoch, MemberId, Offset, TopicName};

/// How far a group has come in some partitions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OffsetCommitRequest {
    /// The group.
    pub group_id: GroupId,
    /// The generation that the member believes in, or -1 if no member commits.
    pub generation_id: GenerationId,
    /// The member, or empty.
    pub member_id: MemberId,
    /// What a static member calls itself.
    pub group_instance_id: Option<InstanceId>,
    /// The offsets.
    pub partitions: Vec<OffsetCommitPartition>,
}

/// How far a group has come in one partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OffsetCommitPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: i32,
    /// The offset of the next record to be read.
    pub committed_offset: Offset,
    /// The leader epoch of the last record that was read, or -1 (KIP-320).
    pub committed_leader_epoch: LeaderEpoch,
    /// Whatever the application wants to be told again.
    pub committed_metadata: String,
}

/// The answer, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OffsetCommitResponse {
    /// One for each partition of the request.
    pub partitions: Vec<CommittedPartition>,
}

/// Whether an offset is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommittedPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: i32,
    /// Success, or why not.
    pub error_code: ErrorCode,
}

impl fmt::Display for OffsetCommitPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}@{}", self.topic, self.partition, self.committed_offset)
    }
}
