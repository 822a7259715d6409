//! Kafka's requests and responses, closed under one enum each; one file per API, in the order of the protocol guide.
//!
//! Fields have the protocol guide's names and meaning, flattened where Kafka groups partitions by topic. Topics are named by id
//! ([`TopicPartition`](crate::ids::TopicPartition)) in every request but Metadata, those of operators and those about groups. There are no correlation ids: a connection answers in order.

mod allocate_producer_ids;
mod alter_partition;
mod alter_partition_reassignments;
mod broker_heartbeat;
mod broker_registration;
mod create_partitions;
mod create_topics;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_groups;
mod elect_leaders;
mod fetch;
mod find_coordinator;
mod heartbeat;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_groups;
mod list_offsets;
mod metadata;
mod offset_commit;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod sync_group;

pub use allocate_producer_ids::{AllocateProducerIdsRequest, AllocateProducerIdsResponse};
pub use alter_partition::{
    AlterPartitionData, AlterPartitionRequest, AlterPartitionResponse, AlteredPartition, BrokerState,
};
pub use alter_partition_reassignments::{AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse};
pub use broker_heartbeat::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};
pub use broker_registration::{BrokerRegistrationRequest, BrokerRegistrationResponse};
pub use create_partitions::{CreatePartitionsRequest, CreatePartitionsResponse};
pub use create_topics::{CreateTopicsRequest, CreateTopicsResponse};
pub use delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse, DeletedGroup};
pub use delete_records::{
    DeleteBefore, DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsResponse, DeletedRecords,
};
pub use delete_topics::{DeleteTopicsRequest, DeleteTopicsResponse};
pub use describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedMember};
pub use elect_leaders::{ElectLeadersRequest, ElectLeadersResponse, ElectionType, PartitionElection};
pub use fetch::{FetchPartition, FetchRequest, FetchResponse, FetchedPartition, IsolationLevel, ReplicaState};
pub use find_coordinator::{Coordinator, FindCoordinatorRequest, FindCoordinatorResponse};
pub use heartbeat::{HeartbeatRequest, HeartbeatResponse};
pub use init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
pub use join_group::{GroupProtocol, JoinGroupRequest, JoinGroupResponse, JoinedMember};
pub use leave_group::{LeaveGroupRequest, LeaveGroupResponse, LeftMember, MemberIdentity};
pub use list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup};
pub use list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListedOffset, OffsetSpec};
pub use metadata::{MetadataPartition, MetadataRequest, MetadataResponse, MetadataTopic};
pub use offset_commit::{CommittedPartition, OffsetCommitPartition, OffsetCommitRequest, OffsetCommitResponse};
pub use offset_fetch::{FetchedOffset, OffsetFetchRequest, OffsetFetchResponse};
pub use offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochPartition, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetForLeaderEpochResult,
};
pub use produce::{Acks, PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse};
pub use sync_group::{MemberAssignment, SyncGroupRequest, SyncGroupResponse};

use crate::ids::{LeaderEpoch, NodeId};

/// What travels over a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// From the end that opened the connection.
    Request(Request),
    /// To the end that opened the connection.
    Response(Response),
}

macro_rules! apis {
    ($($name:ident($request:ty, $response:ty),)*) => {
        /// The name of an API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum Api { $(#[doc = concat!(stringify!($name), " in the protocol guide.")] $name,)* }

        impl Api {
            /// The name in the protocol guide.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }

        /// Every request.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Request { $(#[doc = concat!(stringify!($name), " in the protocol guide.")] $name($request),)* }

        /// Every response.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Response { $(#[doc = concat!(stringify!($name), " in the protocol guide.")] $name($response),)* }

        impl Request {
            /// Which API this is.
            #[must_use]
            pub const fn api(&self) -> Api {
                match self { $(Self::$name(_) => Api::$name,)* }
            }
        }

        impl Response {
            /// Which API this is.
            #[must_use]
            pub const fn api(&self) -> Api {
                match self { $(Self::$name(_) => Api::$name,)* }
            }
        }

        $(
            impl From<$request> for Request {
                fn from(request: $request) -> Self { Self::$name(request) }
            }
            impl From<$response> for Response {
                fn from(response: $response) -> Self { Self::$name(response) }
            }
        )*
    };
}

apis! {
    Produce(ProduceRequest, ProduceResponse),
    Fetch(FetchRequest, FetchResponse),
    ListOffsets(ListOffsetsRequest, ListOffsetsResponse),
    Metadata(MetadataRequest, MetadataResponse),
    CreateTopics(CreateTopicsRequest, CreateTopicsResponse),
    DeleteRecords(DeleteRecordsRequest, DeleteRecordsResponse),
    InitProducerId(InitProducerIdRequest, InitProducerIdResponse),
    OffsetForLeaderEpoch(OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse),
    AlterPartition(AlterPartitionRequest, AlterPartitionResponse),
    BrokerRegistration(BrokerRegistrationRequest, BrokerRegistrationResponse),
    BrokerHeartbeat(BrokerHeartbeatRequest, BrokerHeartbeatResponse),
    AllocateProducerIds(AllocateProducerIdsRequest, AllocateProducerIdsResponse),
    DeleteTopics(DeleteTopicsRequest, DeleteTopicsResponse),
    CreatePartitions(CreatePartitionsRequest, CreatePartitionsResponse),
    ElectLeaders(ElectLeadersRequest, ElectLeadersResponse),
    AlterPartitionReassignments(AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse),
    FindCoordinator(FindCoordinatorRequest, FindCoordinatorResponse),
    JoinGroup(JoinGroupRequest, JoinGroupResponse),
    SyncGroup(SyncGroupRequest, SyncGroupResponse),
    Heartbeat(HeartbeatRequest, HeartbeatResponse),
    LeaveGroup(LeaveGroupRequest, LeaveGroupResponse),
    OffsetCommit(OffsetCommitRequest, OffsetCommitResponse),
    OffsetFetch(OffsetFetchRequest, OffsetFetchResponse),
    DescribeGroups(DescribeGroupsRequest, DescribeGroupsResponse),
    ListGroups(ListGroupsRequest, ListGroupsResponse),
    DeleteGroups(DeleteGroupsRequest, DeleteGroupsResponse),
}

impl Message {
    /// Which API this is.
    #[must_use]
    pub const fn api(&self) -> Api {
        match self {
            Self::Request(request) => request.api(),
            Self::Response(response) => response.api(),
        }
    }
}

impl Request {
    /// Whether the receiver answers; Produce with acks=0 is not answered.
    #[must_use]
    pub fn expects_response(&self) -> bool {
        !matches!(self, Self::Produce(produce) if produce.acks == Acks::None)
    }

    /// Whether carrying this request out changes nothing at the receiver, so that one which outlives its connection cannot matter.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        match self {
            Self::Fetch(fetch) => fetch.replica.is_none(),
            Self::ListOffsets(_)
            | Self::Metadata(_)
            | Self::OffsetForLeaderEpoch(_)
            | Self::FindCoordinator(_)
            | Self::OffsetFetch(_)
            | Self::DescribeGroups(_)
            | Self::ListGroups(_) => true,
            Self::Produce(_)
            | Self::CreateTopics(_)
            | Self::DeleteRecords(_)
            | Self::DeleteTopics(_)
            | Self::CreatePartitions(_)
            | Self::ElectLeaders(_)
            | Self::AlterPartitionReassignments(_)
            | Self::InitProducerId(_)
            | Self::AlterPartition(_)
            | Self::BrokerRegistration(_)
            | Self::BrokerHeartbeat(_)
            | Self::AllocateProducerIds(_)
            | Self::JoinGroup(_)
            | Self::SyncGroup(_)
            | Self::Heartbeat(_)
            | Self::LeaveGroup(_)
            | Self::OffsetCommit(_)
            | Self::DeleteGroups(_) => false,
        }
    }
}

/// Whom a broker believes to lead a partition, told along with an error (KIP-951).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderIdAndEpoch {
    /// The leader.
    pub leader_id: NodeId,
    /// Its epoch.
    pub leader_epoch: LeaderEpoch,
}
