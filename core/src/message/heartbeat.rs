//! Heartbeat: a member of a group is alive, and learns of rebalances.

use crate::error::ErrorCode;
use crate::ids::{GenerationId, GroupId, InstanceId, MemberId};

/// A member is alive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeartbeatRequest {
    /// The group.
    pub group_id: GroupId,
    /// The generation that the member believes in.
    pub generation_id: GenerationId,
    /// The member.
    pub member_id: MemberId,
    /// What a static member calls itself.
    pub group_instance_id: Option<InstanceId>,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeartbeatResponse {
    /// Success, or why not.
    pub error_code: ErrorCode,
}
