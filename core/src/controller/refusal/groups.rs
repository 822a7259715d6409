//! The same for requests about groups.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::error::ErrorCode;
use crate::ids::{GenerationId, MemberId, NodeId};
use crate::message::{
    CommittedPartition, Coordinator, DeleteGroupsResponse, DeletedGroup, DescribeGroupsResponse, DescribedGroup,
    FindCoordinatorResponse, HeartbeatResponse, JoinGroupResponse, LeaveGroupResponse, ListGroupsResponse,
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchResponse, Request, Response, SyncGroupResponse,
};

/// The answer to a request about groups, if it is one.
pub(super) fn refusal(request: &Request, error_code: ErrorCode) -> Option<Response> {
    let response = match request {
        Request::FindCoordinator(request) => {
            let coordinators = request.coordinator_keys.iter().map(|key| Coordinator {
                key: key.clone(),
                error_code,
                node_id: NodeId::NONE,
            });
            let coordinators = coordinators.collect();
            FindCoordinatorResponse { coordinators }.into()
        }
        Request::JoinGroup(request) => not_joined(&request.member_id, error_code).into(),
        Request::SyncGroup(_) => not_synced(error_code).into(),
        Request::Heartbeat(_) => HeartbeatResponse { error_code }.into(),
        Request::LeaveGroup(_) => LeaveGroupResponse {
            error_code,
            members: Vec::new(),
        }
        .into(),
        Request::OffsetCommit(request) => not_committed(request, error_code).into(),
        Request::OffsetFetch(_) => OffsetFetchResponse {
            error_code,
            partitions: Vec::new(),
        }
        .into(),
        Request::DescribeGroups(request) => {
            let groups = request.groups.iter().map(|id| DescribedGroup {
                error_code,
                group_id: id.clone(),
                group_state: String::new(),
                protocol_type: String::new(),
                protocol_data: String::new(),
                members: Vec::new(),
            });
            let groups = groups.collect();
            DescribeGroupsResponse { groups }.into()
        }
        Request::ListGroups(_) => ListGroupsResponse {
            error_code,
            groups: Vec::new(),
        }
        .into(),
        Request::DeleteGroups(request) => {
            let results = request.groups_names.iter().map(|id| DeletedGroup {
                group_id: id.clone(),
                error_code,
            });
            let results = results.collect();
            DeleteGroupsResponse { results }.into()
        }
        Request::Produce(_)
        | Request::Fetch(_)
        | Request::ListOffsets(_)
        | Request::Metadata(_)
        | Request::CreateTopics(_)
        | Request::DeleteRecords(_)
        | Request::InitProducerId(_)
        | Request::OffsetForLeaderEpoch(_)
        | Request::AlterPartition(_)
        | Request::BrokerRegistration(_)
        | Request::BrokerHeartbeat(_)
        | Request::AllocateProducerIds(_)
        | Request::DeleteTopics(_)
        | Request::CreatePartitions(_)
        | Request::ElectLeaders(_)
        | Request::AlterPartitionReassignments(_) => return None,
    };
    Some(response)
}

/// Nobody joins.
pub(crate) fn not_joined(member_id: &MemberId, error_code: ErrorCode) -> JoinGroupResponse {
    JoinGroupResponse {
        error_code,
        generation_id: GenerationId::NONE,
        protocol_type: None,
        protocol_name: None,
        leader: "".into(),
        skip_assignment: false,
        member_id: member_id.clone(),
        members: Vec::new(),
    }
}

/// Nobody gets anything.
pub(crate) const fn not_synced(error_code: ErrorCode) -> SyncGroupResponse {
    SyncGroupResponse {
        error_code,
        protocol_type: None,
        protocol_name: None,
        assignment: Bytes::new(),
    }
}

/// Nothing is committed.
pub(crate) fn not_committed(request: &OffsetCommitRequest, error_code: ErrorCode) -> OffsetCommitResponse {
    let partitions = request.partitions.iter().map(|asked| CommittedPartition {
        topic: asked.topic.clone(),
        partition: asked.partition,
        error_code,
    });
    OffsetCommitResponse {
        partitions: partitions.collect(),
    }
}
