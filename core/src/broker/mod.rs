//! The broker: it stores partitions, leads some of them and follows others, as the metadata log says.
//!
//! - `lifecycle` registers with the controller, `metadata` follows its log and tells the partitions what changed.
//! - `partition` is one replica: its log, and its role as leader or follower.
//! - `produce`, `fetch`, `list_offsets`, `offset_for_leader_epoch`, `metadata_request`, `delete_records`, `init_producer_id` serve clients and followers;
//!   `purgatory` keeps the requests that wait.
//! - `group` coordinates consumer groups.
//! - `fetcher` asks leaders, `alter_partition` and `init_producer_id` ask the controller.
//!
//! This file only hands each input to the part that it is for. Whatever is to be *sent* is state, not an event: each part's `pursue_…`
//! sends what is owed as soon as there is a connection, so that nothing is forgotten when one ends.

/// What the replicas of this broker may look at, borrowed field by field so that they themselves may change.
macro_rules! surroundings {
    ($broker:expr, $context:expr) => {
        $crate::broker::partition::Surroundings {
            context: $context,
            image: $broker.metadata.image(),
            broker_epoch: $broker.lifecycle.epoch().unwrap_or($crate::ids::BrokerEpoch::NONE),
            is_shutting_down: $broker.lifecycle.is_shutting_down(),
        }
    };
}

mod alter_partition;
mod checkpoint;
mod cleaner;
mod delete_records;
mod fetch;
mod fetcher;
pub mod group;
mod init_producer_id;
mod lifecycle;
mod list_offsets;
mod metadata;
mod metadata_request;
mod offset_for_leader_epoch;
mod partition;
mod produce;
mod purgatory;
mod retention;
mod view;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

pub use view::PartitionView;

use crate::call::Call;
use crate::config::BrokerConfig;
use crate::connections::Connections;
use crate::controller::refusal;
use crate::disk::DiskOp;
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, NodeId, Offset, TopicPartition};
use crate::log::{Checkpoints, Log};
use crate::machine::{Boot, ConnectionId, Context, Input, Lane, Machine, Outbox};
use crate::message::{LeaderIdAndEpoch, Message, Request, Response};
use crate::metadata::MetadataImage;
use crate::timer::{Timer, Window};
use fetcher::Wanted;
use group::{GroupCoordinator, GroupRequest};
use init_producer_id::ProducerIds;
use lifecycle::Lifecycle;
use metadata::Metadata;
use partition::{Changes, Partition};
use purgatory::Purgatory;

/// A KRaft broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Broker {
    lifecycle: Lifecycle,
    metadata: Metadata,
    partitions: BTreeMap<TopicPartition, Partition>,
    connections: Connections<Asked>,
    purgatory: Purgatory,
    producer_ids: ProducerIds,
    groups: GroupCoordinator,
    /// [`Timer::HighWatermarkCheckpoint`] is armed.
    checkpoint_is_due: bool,
    /// [`Timer::LogStartCheckpoint`] is armed.
    log_start_checkpoint_is_due: bool,
    /// [`Timer::LogRetention`] is armed.
    retention_is_planned: bool,
    /// [`Timer::LogCleaner`] is armed.
    cleaning_is_planned: bool,
}

/// What the broker has asked somebody else and waits to hear.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Asked {
    Registration,
    Heartbeat,
    Metadata,
    Fetch(Vec<Wanted>),
    EpochEnds(Vec<Wanted>),
    LeaderStart(Vec<Wanted>),
    AlterPartition,
    ProducerIds,
}

impl Machine for Broker {
    type Config = BrokerConfig;

    fn boot(context: &Context<'_, BrokerConfig>, boot: Boot<'_>, out: &mut Outbox) -> Self {
        let disk = boot.disk;
        let clean = disk.clean_shutdown.is_some();
        if clean {
            // From now on a crash must be seen as one.
            out.disk(DiskOp::ClearCleanShutdown);
        }
        let partitions = disk.logs.iter().map(|(partition, image)| {
            let of = |checkpoint: &BTreeMap<_, _>| checkpoint.get(partition).copied().unwrap_or(Offset::ZERO);
            let checkpoints = Checkpoints {
                log_start: of(&disk.log_starts),
                high_watermark: of(&disk.high_watermarks),
            };
            (
                *partition,
                Partition::new(Log::recover(*partition, image, clean, checkpoints, out)),
            )
        });
        let mut broker = Self {
            lifecycle: Lifecycle::start(boot.incarnation, disk.clean_shutdown.unwrap_or(BrokerEpoch::NONE)),
            metadata: Metadata::new(),
            partitions: partitions.collect(),
            connections: Connections::default(),
            purgatory: Purgatory::default(),
            producer_ids: ProducerIds::none(),
            groups: GroupCoordinator::default(),
            checkpoint_is_due: false,
            log_start_checkpoint_is_due: false,
            retention_is_planned: false,
            cleaning_is_planned: false,
        };
        if clean {
            // What a snapshot tells of idle producers is left out; what a scan finds stays until the next look.
            for replica in broker.partitions.values_mut() {
                replica.forget_idle_producers(context, out);
            }
        }
        Self::plan_producer_expiration(context, out);
        broker.pursue_lifecycle(context, out);
        broker.pursue_metadata(context, out);
        broker
    }

    fn step(&mut self, context: &Context<'_, BrokerConfig>, input: Input, out: &mut Outbox) {
        if self.lifecycle.has_stopped() {
            return;
        }
        let mut changes = Changes::default();
        match input {
            Input::Message {
                connection,
                message: Message::Request(request),
            } => {
                self.on_request(context, connection, request, &mut changes, out);
            }
            Input::Message {
                connection,
                message: Message::Response(response),
            } => {
                self.on_response(context, connection, &response, &mut changes, out);
            }
            Input::Connected(connection) => {
                self.connections.connected(connection);
                self.pursue(context, connection.peer, connection.lane, out);
            }
            Input::Refused { peer, lane } => {
                self.connections
                    .refused(peer, lane, reconnect_backoff(context.config, lane), out);
            }
            Input::Disconnected(connection) => {
                self.purgatory.forget(connection, out);
                self.groups.forget(connection);
                let lost =
                    self.connections
                        .disconnected(connection, reconnect_backoff(context.config, connection.lane), out);
                self.on_lost(context, lost, &mut changes, out);
            }
            Input::TimerFired(timer) => self.on_timer(context, timer, &mut changes, out),
            Input::Call(call) => self.on_call(context, &call, out),
            Input::Chosen(choice) => self.on_member_id_chosen(context, choice, &mut changes, out),
            // A broker does not ask the disk for a sync.
            Input::Synced(..) => {}
        }
        self.settle_groups(context, &mut changes, out);
        if changes.proposed {
            self.pursue_proposals(context, out);
        }
        self.plan_checkpoint(context, &changes, out);
        self.wake_parked(context, &changes, out);
    }
}

impl Broker {
    fn on_request(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        connection: ConnectionId,
        request: Request,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if !self.metadata.is_published() {
            // Kafka opens its port only when it knows what it is for.
            if !connection.has_ended() {
                out.disconnect(connection);
            }
            return;
        }
        match request {
            Request::Produce(request) => self.on_produce(context, connection, &request, changes, out),
            Request::Fetch(request) => self.on_fetch(context, connection, request, changes, out),
            Request::ListOffsets(request) => {
                let response = self.list_offsets(context.rules, &request, out);
                out.respond(connection, response.into());
            }
            Request::Metadata(request) => out.respond(connection, self.describe(&request).into()),
            Request::OffsetForLeaderEpoch(request) => {
                let response = self.offset_for_leader_epoch(context.rules, &request, out);
                out.respond(connection, response.into());
            }
            Request::DeleteRecords(request) => self.on_delete_records(context, connection, &request, changes, out),
            Request::InitProducerId(_) => self.on_init_producer_id(context, connection, out),
            other @ (Request::CreateTopics(_)
            | Request::DeleteTopics(_)
            | Request::CreatePartitions(_)
            | Request::ElectLeaders(_)
            | Request::AlterPartitionReassignments(_)) => {
                refusal::refuse(connection, &other, ErrorCode::NotController, out);
            }
            Request::FindCoordinator(request) => out.respond(connection, self.find_coordinators(&request).into()),
            Request::JoinGroup(request) => {
                self.on_group_request(context, connection, GroupRequest::Join(request), changes, out);
            }
            Request::SyncGroup(request) => {
                self.on_group_request(context, connection, GroupRequest::Sync(request), changes, out);
            }
            Request::Heartbeat(request) => {
                self.on_group_request(context, connection, GroupRequest::Heartbeat(request), changes, out);
            }
            Request::LeaveGroup(request) => {
                self.on_group_request(context, connection, GroupRequest::Leave(request), changes, out);
            }
            Request::OffsetCommit(request) => {
                self.on_group_request(
                    context,
                    connection,
                    GroupRequest::Commit(request, Vec::new()),
                    changes,
                    out,
                );
            }
            Request::OffsetFetch(request) => {
                self.on_group_request(context, connection, GroupRequest::Fetch(request), changes, out);
            }
            Request::DescribeGroups(request) => out.respond(connection, self.describe_groups(&request).into()),
            Request::ListGroups(request) => out.respond(connection, self.list_groups(&request).into()),
            Request::DeleteGroups(request) => self.delete_groups(context, connection, &request, changes, out),
            Request::AlterPartition(_)
            | Request::BrokerRegistration(_)
            | Request::BrokerHeartbeat(_)
            | Request::AllocateProducerIds(_) => {
                // Only a controller listens to these.
                if !connection.has_ended() {
                    out.disconnect(connection);
                }
            }
        }
    }

    fn on_response(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        connection: ConnectionId,
        response: &Response,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let Some(asked) = self.connections.answered(connection, out) else {
            return;
        };
        match (asked, response) {
            (Asked::Registration, Response::BrokerRegistration(response)) => {
                self.on_registration(context, *response, changes, out);
            }
            (Asked::Heartbeat, Response::BrokerHeartbeat(response)) => self.on_heartbeat(context, *response, out),
            (Asked::Metadata, Response::Fetch(response)) => self.on_metadata(context, response, changes, out),
            (Asked::Fetch(wanted), Response::Fetch(response)) => {
                self.on_fetched(context, connection.peer, &wanted, response, changes, out);
            }
            (Asked::EpochEnds(wanted), Response::OffsetForLeaderEpoch(response)) => {
                self.on_epoch_ends(context, connection.peer, &wanted, response, changes, out);
            }
            (Asked::LeaderStart(wanted), Response::ListOffsets(response)) => {
                self.on_leader_start(context, connection.peer, &wanted, response, changes, out);
            }
            (Asked::AlterPartition, Response::AlterPartition(response)) => {
                self.on_altered(context, response, changes, out);
            }
            (Asked::ProducerIds, Response::AllocateProducerIds(response)) => {
                self.on_producer_ids(context, *response, out);
            }
            // The peer answers something else than was asked: there is no telling what it will answer next.
            (asked, _) => {
                let mut lost = self.connections.close(connection.peer, connection.lane, out);
                lost.push(asked);
                self.on_lost(context, lost, changes, out);
                self.pursue(context, connection.peer, connection.lane, out);
            }
        }
    }

    fn on_timer(&mut self, context: &Context<'_, BrokerConfig>, timer: Timer, changes: &mut Changes, out: &mut Outbox) {
        match timer {
            Timer::RequestTimeout { connection, slot: _ } => {
                let lost =
                    self.connections
                        .timed_out(connection, reconnect_backoff(context.config, connection.lane), out);
                self.on_lost(context, lost, changes, out);
            }
            Timer::ReconnectBackoff { peer, lane } => {
                self.connections.backed_off(peer, lane);
                self.pursue(context, peer, lane, out);
            }
            Timer::RegistrationBackoff | Timer::Heartbeat => {
                self.lifecycle.timer_fired();
                self.pursue_lifecycle(context, out);
            }
            Timer::MetadataFetchBackoff => self.on_metadata_backed_off(context, out),
            Timer::ReplicaFetchBackoff { leader } => self.on_fetch_backed_off(context, leader, out),
            Timer::AlterPartitionBackoff { partition } => {
                self.on_proposal_backed_off(context, partition, changes, out);
            }
            Timer::ReplicaLag { partition, follower } => {
                let around = surroundings!(self, context);
                if let Some(replica) = self.partitions.get_mut(&partition) {
                    replica.lagged(follower, &around, changes, out);
                }
            }
            Timer::HighWatermarkCheckpoint => self.write_high_watermarks(out),
            Timer::LogRetention => self.delete_old_segments(context, changes, out),
            Timer::LogCleaner => self.clean_logs(context, out),
            Timer::ProducerExpiration => self.forget_idle_producers(context, out),
            Timer::LogStartCheckpoint => self.write_log_starts(out),
            Timer::FetchWait { connection }
            | Timer::ProduceWait { connection }
            | Timer::DeleteRecordsWait { connection } => {
                self.on_wait_over(context, connection, out);
            }
            Timer::Group { partition, timer } => self.on_group_timer(context, partition, timer, changes, out),
            Timer::Session { .. }
            | Timer::Linger { .. }
            | Timer::RetryBackoff { .. }
            | Timer::DeliveryTimeout { .. }
            | Timer::InitProducerIdBackoff
            | Timer::MaxBlock { .. }
            | Timer::CloseTimeout
            | Timer::MetadataBackoff
            | Timer::MetadataMaxAge
            | Timer::PollTimeout
            | Timer::FetchBackoff { .. }
            | Timer::PositionBackoff { .. }
            | Timer::ListenerCallTimeout
            | Timer::CoordinatorBackoff
            | Timer::OffsetsBackoff
            | Timer::MemberHeartbeat
            | Timer::MemberSession
            | Timer::MaxPollInterval
            | Timer::AutoCommit
            | Timer::JoinPrepare
            | Timer::OperatorBackoff => panic!("a broker never arms {timer:?}"),
        }
    }

    fn on_call(&mut self, context: &Context<'_, BrokerConfig>, call: &Call, out: &mut Outbox) {
        match call {
            Call::ShutDown => self.on_shut_down(context, out),
            Call::Send { .. }
            | Call::PartitionsFor { .. }
            | Call::Flush
            | Call::Close { .. }
            | Call::Assign(_)
            | Call::Subscribe(_)
            | Call::Unsubscribe
            | Call::ListenerReturned
            | Call::CommitSync { .. }
            | Call::CommitAsync { .. }
            | Call::Poll { .. }
            | Call::Steer(_)
            | Call::LookUp { .. }
            | Call::Administer(_)
            | Call::DeleteRecords(_) => {
                panic!("a broker is only asked to shut down, not {call:?}")
            }
        }
    }

    /// Sends what is owed on this lane.
    fn pursue(&mut self, context: &Context<'_, BrokerConfig>, peer: NodeId, lane: Lane, out: &mut Outbox) {
        match lane {
            Lane::Lifecycle => self.pursue_lifecycle(context, out),
            Lane::Metadata => self.pursue_metadata(context, out),
            Lane::AlterPartition => self.pursue_proposals(context, out),
            Lane::Forwarding => self.pursue_producer_ids(context, out),
            Lane::Replica => self.pursue_fetch(context, peer, out),
            // A broker opens no connection as a client.
            Lane::Client | Lane::Coordinator => {}
        }
    }

    /// Nobody will answer these. What only follows from a request being under way is sent again on the next connection by itself.
    fn on_lost(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        lost: Vec<Asked>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        for asked in lost {
            match asked {
                Asked::Registration | Asked::Heartbeat => self.lifecycle.lost(),
                Asked::AlterPartition => self.on_proposals_lost(context, changes, out),
                Asked::Metadata
                | Asked::Fetch(_)
                | Asked::EpochEnds(_)
                | Asked::LeaderStart(_)
                | Asked::ProducerIds => {}
            }
        }
    }

    /// A replica on this broker, or Kafka's error for one that is not.
    fn hosted(&self, partition: TopicPartition) -> Result<&Partition, ErrorCode> {
        self.partitions
            .get(&partition)
            .ok_or_else(|| unhosted(self.metadata.image(), partition))
    }

    /// Who leads, as far as this broker knows (KIP-951).
    fn current_leader(&self, partition: TopicPartition) -> Option<LeaderIdAndEpoch> {
        let registration = self.metadata.image().partition(partition)?;
        Some(LeaderIdAndEpoch {
            leader_id: registration.leader?,
            leader_epoch: registration.leader_epoch,
        })
    }
}

/// Kafka's error for a partition that has no replica on this broker.
fn unhosted(image: &MetadataImage, partition: TopicPartition) -> ErrorCode {
    match image.partition(partition) {
        Some(_) => ErrorCode::NotLeaderOrFollower,
        None => ErrorCode::UnknownTopicOrPartition,
    }
}

fn controller(context: &Context<'_, BrokerConfig>) -> NodeId {
    *context
        .config
        .controller_quorum_voters
        .first()
        .expect("controller.quorum.voters names at least one controller")
}

/// `request.timeout.ms` of the broker's channels to the controller.
/// Kafka's channels to the controller wait for the same time before each attempt, and its raft client ever longer. A follower's socket waits for
/// nothing, but its fetcher does, after whatever failed.
fn reconnect_backoff(config: &BrokerConfig, lane: Lane) -> Window {
    match lane {
        Lane::Metadata => Window::doubling(50, 500),
        Lane::Replica => Window::wall(config.replica_fetch_backoff_ms),
        Lane::Lifecycle | Lane::AlterPartition | Lane::Forwarding | Lane::Client | Lane::Coordinator => {
            Window::wall(50)
        }
    }
}

fn request_timeout(config: &BrokerConfig) -> Window {
    Window::wall(config.request_timeout_ms)
}

#[cfg(test)]
mod tests;
