//! DeleteRecords: let a log start later.

use alloc::vec::Vec;

use crate::error::ErrorCode;
use crate::ids::{Offset, TopicPartition};

/// Deletes the oldest records of some partitions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeleteRecordsRequest {
    /// What to delete.
    pub partitions: Vec<DeleteRecordsPartition>,
    /// How long to wait until every live replica has deleted it.
    pub timeout_ms: u32,
}

/// What to delete of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeleteRecordsPartition {
    /// The partition.
    pub partition: TopicPartition,
    /// The first record to keep.
    pub offset: DeleteBefore,
}

/// The first record to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteBefore {
    /// `-1`: whatever is committed goes.
    HighWatermark,
    /// This one.
    Offset(Offset),
}

/// The answer, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeleteRecordsResponse {
    /// One for each partition of the request.
    pub partitions: Vec<DeletedRecords>,
}

/// What became of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeletedRecords {
    /// The partition.
    pub partition: TopicPartition,
    /// The first offset that some live replica still has, or -1.
    pub low_watermark: Offset,
    /// Success, or why not.
    pub error_code: ErrorCode,
}
