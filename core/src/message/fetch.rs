//! Fetch: read batches, as a consumer, as a follower, or as a broker following the metadata log.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{EpochEndOffset, LeaderIdAndEpoch};
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::record::Batch;

/// Which records a consumer sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IsolationLevel {
    /// Up to the high watermark.
    #[default]
    ReadUncommitted,
    /// Up to the last stable offset.
    ReadCommitted,
}

/// Who fetches, when a broker does (KIP-903).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReplicaState {
    /// The follower.
    pub replica_id: NodeId,
    /// Its registration.
    pub replica_epoch: BrokerEpoch,
}

/// Reads from some partitions, waiting until there is something to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FetchRequest {
    /// The follower that fetches, or `None` for a consumer.
    pub replica: Option<ReplicaState>,
    /// How long to wait for `min_bytes`, in milliseconds.
    pub max_wait_ms: u32,
    /// How many bytes to wait for.
    pub min_bytes: i32,
    /// How many bytes to return, all partitions together; the first batch is always returned.
    pub max_bytes: i32,
    /// What is visible.
    pub isolation_level: IsolationLevel,
    /// From where to read. Brokers serve them in this order.
    pub partitions: Vec<FetchPartition>,
}

/// From where to read one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FetchPartition {
    /// The partition.
    pub partition: TopicPartition,
    /// The leader epoch that the fetcher knows, or -1 not to be checked (KIP-320).
    pub current_leader_epoch: LeaderEpoch,
    /// The first offset to return.
    pub fetch_offset: Offset,
    /// The epoch of the last record that the fetcher has, or -1 not to be checked (KIP-595).
    pub last_fetched_epoch: LeaderEpoch,
    /// The follower's first offset, or -1.
    pub log_start_offset: Offset,
    /// How many bytes to return of this partition; the first batch is returned even if it is larger.
    pub partition_max_bytes: i32,
}

/// The answer, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FetchResponse {
    /// Success, or why nothing was read at all.
    pub error_code: ErrorCode,
    /// One for each partition of the request.
    pub responses: Vec<FetchedPartition>,
}

/// What was read from one partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FetchedPartition {
    /// The partition.
    pub partition: TopicPartition,
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// The leader's high watermark.
    pub high_watermark: Offset,
    /// The leader's last stable offset, or -1 to a follower.
    pub last_stable_offset: Offset,
    /// The leader's first offset.
    pub log_start_offset: Offset,
    /// Set if the fetcher's log is not a prefix of the leader's: where the fetcher's last epoch ended at the leader (KIP-595).
    pub diverging_epoch: Option<EpochEndOffset>,
    /// With an error about leadership: who leads instead, if known.
    pub current_leader: Option<LeaderIdAndEpoch>,
    /// Whole batches, as stored; the first may start before the fetch offset.
    pub records: Vec<Batch>,
}
