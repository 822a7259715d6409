//! Produce: append batches to partitions.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::LeaderIdAndEpoch;
use crate::error::ErrorCode;
use crate::ids::{Offset, Timestamp, TopicPartition};
use crate::record::Batch;

/// When a Produce is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Acks {
    /// `0`: never.
    None,
    /// `1`: once the leader has appended.
    Leader,
    /// `all` or `-1`: once every in-sync replica has it.
    All,
}

/// Appends at most one batch to each of some partitions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProduceRequest {
    /// When to answer.
    pub acks: Acks,
    /// How long the broker may wait for the in-sync replicas, in milliseconds.
    pub timeout_ms: i32,
    /// The batches. Their base offset is 0 and their leader epoch -1; the leader fills both in.
    pub partition_data: Vec<PartitionProduceData>,
}

/// The batch for one partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionProduceData {
    /// The partition.
    pub partition: TopicPartition,
    /// The batch.
    pub records: Batch,
}

/// The answer, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProduceResponse {
    /// One for each partition of the request.
    pub responses: Vec<PartitionProduceResponse>,
}

/// What became of one batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionProduceResponse {
    /// The partition.
    pub partition: TopicPartition,
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// The offset of the batch's first record, or -1.
    pub base_offset: Offset,
    /// The broker's time if it stamped the batch, else -1.
    pub log_append_time_ms: Timestamp,
    /// The first offset of the log.
    pub log_start_offset: Offset,
    /// With [`ErrorCode::NotLeaderOrFollower`]: who leads instead, if known.
    pub current_leader: Option<LeaderIdAndEpoch>,
}
