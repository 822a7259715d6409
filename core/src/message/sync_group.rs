//! SyncGroup: the leader of a group hands out the partitions, and every member gets its own.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::error::ErrorCode;
use crate::ids::{GenerationId, GroupId, InstanceId, MemberId};

/// A member asks for its partitions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SyncGroupRequest {
    /// The group.
    pub group_id: GroupId,
    /// The generation that the member has joined.
    pub generation_id: GenerationId,
    /// The member.
    pub member_id: MemberId,
    /// What a static member calls itself.
    pub group_instance_id: Option<InstanceId>,
    /// `consumer`, or nothing to leave that unchecked.
    pub protocol_type: Option<String>,
    /// The protocol of the generation, or nothing to leave that unchecked.
    pub protocol_name: Option<String>,
    /// What everybody gets, from the leader alone.
    pub assignments: Vec<MemberAssignment>,
}

/// What a member gets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MemberAssignment {
    /// The member.
    pub member_id: MemberId,
    /// Its partitions, as the protocol writes them.
    pub assignment: Bytes,
}

/// The answer, once the leader has handed out the partitions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SyncGroupResponse {
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// `consumer`
    pub protocol_type: Option<String>,
    /// The protocol of the generation.
    pub protocol_name: Option<String>,
    /// The member's partitions, as the protocol writes them; empty if there are none.
    pub assignment: Bytes,
}
