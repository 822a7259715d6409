//! DescribeGroups: the members of groups.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::error::ErrorCode;
use crate::ids::{GroupId, InstanceId, MemberId};

/// Asks about some groups.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DescribeGroupsRequest {
    /// The groups.
    pub groups: Vec<GroupId>,
}

/// The answer, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DescribeGroupsResponse {
    /// One for each group of the request.
    pub groups: Vec<DescribedGroup>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DescribedGroup {
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// The group.
    pub group_id: GroupId,
    /// The name of its state, as Kafka writes it.
    pub group_state: String,
    /// `consumer`, or empty.
    pub protocol_type: String,
    /// The protocol of its generation, empty unless it is stable.
    pub protocol_data: String,
    /// Its members.
    pub members: Vec<DescribedMember>,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DescribedMember {
    /// Its id.
    pub member_id: MemberId,
    /// What a static member calls itself.
    pub group_instance_id: Option<InstanceId>,
    /// What its client calls itself.
    pub client_id: String,
    /// What the assignor has to know of it, empty unless the group is stable.
    pub member_metadata: Bytes,
    /// Its partitions, empty unless the group is stable.
    pub member_assignment: Bytes,
}
