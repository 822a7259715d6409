//! The controller decides who may lead: it keeps the cluster's metadata in a log of its own, which brokers fetch and replay.
//!
//! There is one voter so far; its log is durable before anybody learns what is in it. Requests are handled as in Kafka's
//! `QuorumController`: a handler decides on records and a response; the records are appended and at once replayed into the pending
//! view, which the next handler sees; the response leaves when they are committed. Nothing but replay changes the view.
//!
//! - commit: from records to a committed batch. fetch: how brokers obtain it.
//! - registration, heartbeat, shutdown: which brokers are alive. partitions, election: what that means for partitions.
//! - alter_partition, topics, expansion, producer_ids: one API each. refusal: everything else.

mod alter_partition;
mod commit;
mod elect_leaders;
mod election;
mod expansion;
mod fetch;
mod heartbeat;
mod partitions;
mod producer_ids;
mod reassignment;
pub(crate) mod refusal;
mod registration;
mod shutdown;
#[cfg(test)]
mod tests;
mod topics;

use alloc::collections::BTreeMap;

use self::commit::Commits;
use self::fetch::ParkedFetches;
use self::shutdown::ControlledShutdown;
use crate::config::ControllerConfig;
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId};
use crate::log::Log;
use crate::machine::{Boot, ConnectionId, Context, Input, Machine, Outbox};
use crate::message::{Api, Message, Request};
use crate::metadata::{BrokerImage, MetadataImage};
use crate::timer::{Timer, Window};

type ControllerContext<'a> = Context<'a, ControllerConfig>;

/// A controller process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Controller {
    role: Role,
    /// The metadata log; below its high watermark everything is committed.
    log: Log,
    /// The pending view: everything in the log, replayed.
    image: MetadataImage,
    commits: Commits,
    parked: ParkedFetches,
    /// Brokers that hand their partitions over. Soft state, lost with the process, as in Kafka.
    shutdowns: BTreeMap<NodeId, ControlledShutdown>,
}

/// What this process is to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Role {
    /// Its first record in this epoch is not committed yet: what the log holds from before may not be durable either.
    Activating,
    /// The active controller.
    Active,
    /// The disk failed. Kafka halts the process; this one never says anything again.
    Halted,
}

impl Machine for Controller {
    type Config = ControllerConfig;

    fn boot(context: &ControllerContext<'_>, boot: Boot<'_>, out: &mut Outbox) -> Self {
        let (log, image) = commit::recover(boot.disk, out);
        let mut controller = Self {
            role: Role::Activating,
            log,
            image,
            commits: Commits::default(),
            parked: ParkedFetches::default(),
            shutdowns: BTreeMap::new(),
        };
        controller.begin_epoch(context, out);
        controller
    }

    fn step(&mut self, context: &ControllerContext<'_>, input: Input, out: &mut Outbox) {
        if self.role == Role::Halted {
            return;
        }
        match input {
            Input::Message {
                connection,
                message: Message::Request(request),
            } => {
                self.on_request(context, connection, request, out);
            }
            Input::Disconnected(connection) => {
                self.commits.forget(connection);
                self.parked.forget(connection, out);
            }
            Input::TimerFired(timer) => self.on_timer(context, timer, out),
            Input::Synced(_, Ok(())) => self.on_synced(context, out),
            Input::Synced(_, Err(_)) => self.halt(out),
            // A controller opens no connections, asks no questions and is not called.
            Input::Message {
                message: Message::Response(_),
                ..
            }
            | Input::Connected(_)
            | Input::Refused { .. }
            | Input::Chosen(_)
            | Input::Call(_) => {}
        }
    }
}

impl Controller {
    fn on_request(
        &mut self,
        context: &ControllerContext<'_>,
        connection: ConnectionId,
        request: Request,
        out: &mut Outbox,
    ) {
        if self.role == Role::Activating && request.api() != Api::Fetch {
            return refusal::refuse(connection, &request, ErrorCode::NotController, out);
        }
        match request {
            Request::Fetch(fetch) => self.on_fetch(context, connection, &fetch, out),
            Request::BrokerRegistration(request) => self.on_registration(context, connection, &request, out),
            Request::BrokerHeartbeat(request) => self.on_heartbeat(context, connection, &request, out),
            Request::AlterPartition(request) => self.on_alter_partition(context, connection, &request, out),
            Request::CreateTopics(request) => self.on_create_topics(context, connection, &request, out),
            Request::CreatePartitions(request) => self.on_create_partitions(context, connection, &request, out),
            Request::DeleteTopics(request) => self.on_delete_topics(context, connection, &request, out),
            Request::ElectLeaders(request) => self.on_elect_leaders(context, connection, request, out),
            Request::AlterPartitionReassignments(request) => {
                self.on_alter_partition_reassignments(context, connection, &request, out);
            }
            Request::AllocateProducerIds(request) => {
                self.on_allocate_producer_ids(context, connection, request, out);
            }
            other @ (Request::Produce(_)
            | Request::ListOffsets(_)
            | Request::Metadata(_)
            | Request::DeleteRecords(_)
            | Request::InitProducerId(_)
            | Request::OffsetForLeaderEpoch(_)
            | Request::FindCoordinator(_)
            | Request::JoinGroup(_)
            | Request::SyncGroup(_)
            | Request::Heartbeat(_)
            | Request::LeaveGroup(_)
            | Request::OffsetCommit(_)
            | Request::OffsetFetch(_)
            | Request::DescribeGroups(_)
            | Request::ListGroups(_)
            | Request::DeleteGroups(_)) => {
                refusal::refuse(connection, &other, ErrorCode::UnsupportedVersion, out);
            }
        }
    }

    fn on_timer(&mut self, context: &ControllerContext<'_>, timer: Timer, out: &mut Outbox) {
        match timer {
            Timer::Session { broker } => self.on_session_expired(context, broker, out),
            Timer::FetchWait { connection } => self.on_fetch_wait_over(connection, out),
            Timer::RequestTimeout { .. }
            | Timer::ReconnectBackoff { .. }
            | Timer::RegistrationBackoff
            | Timer::Heartbeat
            | Timer::MetadataFetchBackoff
            | Timer::ReplicaFetchBackoff { .. }
            | Timer::AlterPartitionBackoff { .. }
            | Timer::ReplicaLag { .. }
            | Timer::HighWatermarkCheckpoint
            | Timer::LogRetention
            | Timer::ProducerExpiration
            | Timer::LogCleaner
            | Timer::LogStartCheckpoint
            | Timer::ProduceWait { .. }
            | Timer::DeleteRecordsWait { .. }
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
            | Timer::Group { .. }
            | Timer::OperatorBackoff => panic!("a controller never armed {timer:?}"),
        }
    }

    /// Whether it could not write its log, and has given up.
    #[must_use]
    pub fn has_halted(&self) -> bool {
        self.role == Role::Halted
    }

    fn halt(&mut self, out: &mut Outbox) {
        self.role = Role::Halted;
        self.commits = Commits::default();
        self.shutdowns.clear();
        self.parked.forget_all(out);
        let unfenced = self
            .image
            .brokers
            .iter()
            .filter(|(_, registration)| !registration.fenced);
        for (broker, _) in unfenced {
            out.cancel_timer(Timer::Session { broker: *broker });
        }
    }

    fn arm_session(broker: NodeId, context: &ControllerContext<'_>, out: &mut Outbox) {
        let timeout = Window::monotonic(context.config.broker_session_timeout_ms);
        out.set_timer(Timer::Session { broker }, timeout);
    }

    /// The epoch of the metadata log in which this process appends.
    fn epoch(&self) -> LeaderEpoch {
        self.log.last_epoch().expect("an epoch begins at boot")
    }

    /// The registration, if it is the current one of that broker.
    fn check_broker_epoch(&self, broker: NodeId, epoch: BrokerEpoch) -> Result<BrokerImage, ErrorCode> {
        match self.registered(broker) {
            Some(registration) if registration.epoch == epoch => Ok(*registration),
            Some(_) | None => Err(ErrorCode::StaleBrokerEpoch),
        }
    }

    /// The pending view: committed records and those that wait for the disk.
    #[must_use]
    pub const fn image(&self) -> &MetadataImage {
        &self.image
    }

    /// The metadata log; its high watermark separates what is committed from what is pending.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// Whether this process has begun to act as the controller.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.role == Role::Active
    }

    /// A broker's current registration.
    #[must_use]
    pub fn registered(&self, broker: NodeId) -> Option<&BrokerImage> {
        self.image.brokers.get(&broker)
    }

    /// Whether a broker may neither lead nor be in sync; true for one that never registered.
    #[must_use]
    pub fn is_fenced(&self, broker: NodeId) -> bool {
        self.registered(broker).is_none_or(|registration| registration.fenced)
    }
}
