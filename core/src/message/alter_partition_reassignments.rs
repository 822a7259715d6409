//! AlterPartitionReassignments: have other brokers replicate a partition (KIP-455).

use crate::call::Reassignment;
use crate::error::ErrorCode;

/// Begins a reassignment, replaces the one under way, or takes it back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlterPartitionReassignmentsRequest {
    /// The partition, and who is to replicate it.
    pub reassignment: Reassignment,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AlterPartitionReassignmentsResponse {
    /// Success, or why not.
    pub error_code: ErrorCode,
}
