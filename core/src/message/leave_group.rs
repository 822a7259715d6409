//! LeaveGroup: members leave a group, or are made to.

use alloc::vec::Vec;

use crate::error::ErrorCode;
use crate::ids::{GroupId, InstanceId, MemberId};

/// Who leaves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeaveGroupRequest {
    /// The group.
    pub group_id: GroupId,
    /// The members.
    pub members: Vec<MemberIdentity>,
}

/// A member by either of its names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MemberIdentity {
    /// Its id, or empty to name a static member by its own.
    pub member_id: MemberId,
    /// What a static member calls itself.
    pub group_instance_id: Option<InstanceId>,
}

/// The answer, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeaveGroupResponse {
    /// Success, or why nobody left.
    pub error_code: ErrorCode,
    /// One for each member of the request.
    pub members: Vec<LeftMember>,
}

/// Whether a member has left.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeftMember {
    /// As in the request.
    pub member_id: MemberId,
    /// As in the request.
    pub group_instance_id: Option<InstanceId>,
    /// Success, or why not.
    pub error_code: ErrorCode,
}
