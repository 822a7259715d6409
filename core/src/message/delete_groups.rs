//! DeleteGroups: groups without members, with all that they have committed.

use alloc::vec::Vec;

use crate::error::ErrorCode;
use crate::ids::GroupId;

/// Which groups to delete.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeleteGroupsRequest {
    /// The groups.
    pub groups_names: Vec<GroupId>,
}

/// The answer, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeleteGroupsResponse {
    /// One for each group of the request.
    pub results: Vec<DeletedGroup>,
}

/// Whether a group is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeletedGroup {
    /// The group.
    pub group_id: GroupId,
    /// Success, or why not.
    pub error_code: ErrorCode,
}
