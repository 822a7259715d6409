//! ElectLeaders: have other leaders elected than there are (KIP-183, KIP-460).

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;
use crate::ids::TopicPartition;

/// Which leaders an operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ElectionType {
    /// The first of the replicas, where another leads.
    Preferred,
    /// Any replica at all, where nobody leads, whatever that loses.
    Unclean,
}

/// Asks for elections in every partition (`topicPartitions` is null).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ElectLeadersRequest {
    /// Which.
    pub election_type: ElectionType,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ElectLeadersResponse {
    /// Success, or why nothing was tried.
    pub error_code: ErrorCode,
    /// Every partition in which an election was needed.
    pub replica_election_results: Vec<PartitionElection>,
}

/// What came of one election.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartitionElection {
    /// The partition.
    pub partition: TopicPartition,
    /// Success, or why not.
    pub error_code: ErrorCode,
}
