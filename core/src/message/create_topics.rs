//! CreateTopics: create a topic with a manual assignment.

use crate::call::NewTopic;
use crate::error::ErrorCode;

/// Creates one topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateTopicsRequest {
    /// The topic.
    pub topic: NewTopic,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CreateTopicsResponse {
    /// Success, or why not.
    pub error_code: ErrorCode,
}
