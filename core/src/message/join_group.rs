//! JoinGroup: becomes a member of a group, or takes part in its next rebalance.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::error::ErrorCode;
use crate::ids::{GenerationId, GroupId, InstanceId, MemberId};

/// A member, or who wants to be one, joins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JoinGroupRequest {
    /// The group.
    pub group_id: GroupId,
    /// How long the coordinator goes without a heartbeat before it takes the member for dead.
    pub session_timeout_ms: i32,
    /// How long the coordinator waits for the member to join again in a rebalance.
    pub rebalance_timeout_ms: i32,
    /// The member's id, empty if it has none yet.
    pub member_id: MemberId,
    /// What a static member calls itself.
    pub group_instance_id: Option<InstanceId>,
    /// `consumer`
    pub protocol_type: String,
    /// What the member supports, the best first.
    pub protocols: Vec<GroupProtocol>,
    /// What the client calls itself: in Kafka a part of the request's header, and of the member's id.
    pub client_id: String,
}

/// A way of assigning partitions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupProtocol {
    /// The assignor's name.
    pub name: String,
    /// What the assignor has to know of the member.
    pub metadata: Bytes,
}

/// The answer, once everybody has joined.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JoinGroupResponse {
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// The generation that begins, or -1.
    pub generation_id: GenerationId,
    /// `consumer`, if there is a generation.
    pub protocol_type: Option<String>,
    /// The protocol that every member supports.
    pub protocol_name: Option<String>,
    /// Who assigns the partitions, empty if nobody does.
    pub leader: MemberId,
    /// The leader is a static member that has come back, and need not assign anything (KIP-814).
    pub skip_assignment: bool,
    /// The member's id.
    pub member_id: MemberId,
    /// Every member, told to the leader alone.
    pub members: Vec<JoinedMember>,
}

/// A member, as its leader is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JoinedMember {
    /// Its id.
    pub member_id: MemberId,
    /// What a static member calls itself.
    pub group_instance_id: Option<InstanceId>,
    /// What the assignor has to know of it.
    pub metadata: Bytes,
}
