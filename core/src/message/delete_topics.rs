//! DeleteTopics: delete a topic by name.

use crate::error::ErrorCode;
use crate::ids::TopicName;

/// Deletes one topic, with everything in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeleteTopicsRequest {
    /// The topic.
    pub topic: TopicName,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeleteTopicsResponse {
    /// Success, or why not.
    pub error_code: ErrorCode,
}
