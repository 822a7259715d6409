//! CreatePartitions: add partitions to a topic, with a manual assignment (KIP-195).

use crate::call::NewPartitions;
use crate::error::ErrorCode;

/// Adds partitions to one topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreatePartitionsRequest {
    /// The topic, and what is added.
    pub topic: NewPartitions,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CreatePartitionsResponse {
    /// Success, or why not.
    pub error_code: ErrorCode,
}
