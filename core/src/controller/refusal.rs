//! What a controller says to requests that it cannot carry out: the same error, in the shape of each API.

pub(crate) mod groups;

use alloc::vec::Vec;

use super::producer_ids;
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, ProducerEpoch, ProducerId, Timestamp, TopicId, TopicName};
use crate::machine::{ConnectionId, Outbox};
use crate::message::{
    AlterPartitionReassignmentsResponse, AlterPartitionResponse, BrokerHeartbeatResponse, BrokerRegistrationResponse,
    CreatePartitionsResponse, CreateTopicsResponse, DeleteRecordsResponse, DeleteTopicsResponse, DeletedRecords,
    ElectLeadersResponse, EpochEndOffset, FetchResponse, InitProducerIdResponse, ListOffsetsPartition,
    ListOffsetsResponse, ListedOffset, MetadataRequest, MetadataResponse, MetadataTopic, OffsetForLeaderEpochPartition,
    OffsetForLeaderEpochResponse, OffsetForLeaderEpochResult, PartitionProduceData, PartitionProduceResponse,
    ProduceResponse, Request, Response,
};

/// Answers with an error, if the request is answered at all.
pub(crate) fn refuse(connection: ConnectionId, request: &Request, error: ErrorCode, out: &mut Outbox) {
    if request.expects_response() {
        out.respond(connection, refusal(request, error));
    }
}

fn refusal(request: &Request, error_code: ErrorCode) -> Response {
    if let Some(response) = groups::refusal(request, error_code) {
        return response;
    }
    match request {
        Request::Produce(request) => {
            let responses = request
                .partition_data
                .iter()
                .map(|data| not_produced(data, error_code))
                .collect();
            ProduceResponse { responses }.into()
        }
        Request::Fetch(_) => FetchResponse {
            error_code,
            responses: Vec::new(),
        }
        .into(),
        Request::ListOffsets(request) => {
            let partitions = request
                .partitions
                .iter()
                .map(|partition| not_listed(partition, error_code))
                .collect();
            ListOffsetsResponse { partitions }.into()
        }
        Request::Metadata(request) => no_metadata(request, error_code).into(),
        Request::CreateTopics(_) => CreateTopicsResponse { error_code }.into(),
        Request::DeleteRecords(request) => {
            let partitions = request
                .partitions
                .iter()
                .map(|asked| DeletedRecords {
                    partition: asked.partition,
                    low_watermark: Offset::NONE,
                    error_code,
                })
                .collect();
            DeleteRecordsResponse { partitions }.into()
        }
        Request::DeleteTopics(_) => DeleteTopicsResponse { error_code }.into(),
        Request::CreatePartitions(_) => CreatePartitionsResponse { error_code }.into(),
        Request::ElectLeaders(_) => ElectLeadersResponse {
            error_code,
            replica_election_results: Vec::new(),
        }
        .into(),
        Request::AlterPartitionReassignments(_) => AlterPartitionReassignmentsResponse { error_code }.into(),
        Request::InitProducerId(_) => InitProducerIdResponse {
            error_code,
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
        }
        .into(),
        Request::OffsetForLeaderEpoch(request) => {
            let partitions = request
                .partitions
                .iter()
                .map(|partition| no_end(partition, error_code))
                .collect();
            OffsetForLeaderEpochResponse { partitions }.into()
        }
        Request::AlterPartition(_) => AlterPartitionResponse {
            error_code,
            partitions: Vec::new(),
        }
        .into(),
        Request::BrokerRegistration(_) => BrokerRegistrationResponse {
            error_code,
            broker_epoch: BrokerEpoch::NONE,
        }
        .into(),
        Request::BrokerHeartbeat(_) => no_heartbeat(error_code).into(),
        Request::AllocateProducerIds(_) => producer_ids::refused(error_code).into(),
        Request::FindCoordinator(_)
        | Request::JoinGroup(_)
        | Request::SyncGroup(_)
        | Request::Heartbeat(_)
        | Request::LeaveGroup(_)
        | Request::OffsetCommit(_)
        | Request::OffsetFetch(_)
        | Request::DescribeGroups(_)
        | Request::ListGroups(_)
        | Request::DeleteGroups(_) => panic!("{:?} is about groups", request.api()),
    }
}

/// A heartbeat that counted for nothing.
pub(super) const fn no_heartbeat(error_code: ErrorCode) -> BrokerHeartbeatResponse {
    BrokerHeartbeatResponse {
        error_code,
        is_caught_up: false,
        is_fenced: true,
        should_shut_down: false,
    }
}

const fn not_produced(data: &PartitionProduceData, error_code: ErrorCode) -> PartitionProduceResponse {
    PartitionProduceResponse {
        partition: data.partition,
        error_code,
        base_offset: Offset::NONE,
        log_append_time_ms: Timestamp::NONE,
        log_start_offset: Offset::NONE,
        current_leader: None,
    }
}

const fn not_listed(partition: &ListOffsetsPartition, error_code: ErrorCode) -> ListedOffset {
    ListedOffset {
        partition: partition.partition,
        error_code,
        timestamp: Timestamp::NONE,
        offset: Offset::NONE,
        leader_epoch: LeaderEpoch::NONE,
    }
}

fn no_metadata(request: &MetadataRequest, error_code: ErrorCode) -> MetadataResponse {
    let topic = |name: &TopicName| MetadataTopic {
        error_code,
        name: name.clone(),
        topic_id: TopicId::CLUSTER_METADATA,
        partitions: Vec::new(),
    };
    MetadataResponse {
        brokers: Vec::<NodeId>::new(),
        topics: request.topics.iter().flatten().map(topic).collect(),
    }
}

const fn no_end(partition: &OffsetForLeaderEpochPartition, error_code: ErrorCode) -> OffsetForLeaderEpochResult {
    OffsetForLeaderEpochResult {
        partition: partition.partition,
        error_code,
        end: EpochEndOffset {
            leader_epoch: LeaderEpoch::NONE,
            end_offset: Offset::NONE,
        },
    }
}
