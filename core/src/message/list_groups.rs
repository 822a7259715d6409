//! ListGroups: the groups that a broker coordinates.

use alloc::string::String;
use alloc::vec::Vec;

use crate::error::ErrorCode;
use crate::ids::GroupId;

/// Asks for the groups of a broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListGroupsRequest {
    /// Only groups in these states; none names all.
    pub states_filter: Vec<String>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListGroupsResponse {
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// The groups, by name.
    pub groups: Vec<ListedGroup>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListedGroup {
    /// The group.
    pub group_id: GroupId,
    /// `consumer`, or empty.
    pub protocol_type: String,
    /// The name of its state, as Kafka writes it.
    pub group_state: String,
}
