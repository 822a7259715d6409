//! The producer: takes records, gathers them into batches, and brings them to the leaders of their partitions.
//!
//! What Kafka spreads over `KafkaProducer`, `RecordAccumulator`, `Sender` and the idempotent half of
//! `TransactionManager`, without the threads: every input is dealt with completely, and whatever may be sent after it
//! is sent in the same step.
//!
//! - a record on its way in: `intake` (metadata, sticky partitions), `partitioner`
//! - questions about a topic: `partitions_for`
//! - batches: `accumulator` over `partition` over `batch`
//! - the end of it: `finish` (flush and close)
//! - requests and answers: `sender`, with `retry` to decide, `sequence` for idempotence, and `recovery` when that has a gap
//! - sizes: `ratio` says how well batches compress, `split` deals with those that are too large nevertheless
//!
//! A producer with nothing to deliver is silent: it asks for metadata, an id or a connection only when a record needs
//! it.

mod accumulator;
mod batch;
mod finish;
mod intake;
mod partition;
mod partitioner;
mod partitions_for;
mod ratio;
mod recovery;
mod retry;
mod sender;
mod sequence;
mod split;
#[cfg(test)]
mod tests;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use self::accumulator::Accumulator;
use self::finish::Finishing;
use self::intake::Waiting;
use self::partitioner::Sticky;
use self::sender::Outcome;
use self::sequence::Identity;
use crate::call::{Call, SendError};
use crate::cluster::{Cluster, Refreshing};
use crate::config::ProducerConfig;
use crate::connections::Connections;
use crate::error::ErrorCode;
use crate::ids::{CallId, NodeId, ProducerEpoch, ProducerId, TopicId, TopicName, TopicPartition};
use crate::machine::{Boot, Choice, ConnectionId, Context, Input, Lane, Machine, Outbox, QuestionKind};
use crate::message::{InitProducerIdRequest, InitProducerIdResponse, Message, MetadataResponse, Response};
use crate::note::Note;
use crate::timer::{Timer, Window};

pub use self::partitioner::murmur2;

/// A producer of one application.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Producer {
    cluster: Cluster,
    connections: Connections<Pending>,
    /// Records without a partition, in the order of their calls.
    waiting: VecDeque<Waiting>,
    /// Calls that wait to be told of a topic's partitions.
    asking: BTreeMap<CallId, TopicName>,
    sticky: BTreeMap<TopicId, Sticky>,
    accumulator: Accumulator,
    identity: Identity,
    /// Where the next request to a node starts, if the last one had no room for everybody.
    left_out: BTreeMap<NodeId, TopicPartition>,
    /// What is to be finished for a caller who waits.
    finishing: Finishing,
    /// Nothing can be sent any more.
    failure: Option<SendError>,
}

/// What a producer remembers about an unanswered request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Pending {
    Metadata,
    InitProducerId,
    Produce(Vec<InFlight>),
}

/// A batch in a Produce, which may have been given up before the answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct InFlight {
    partition: TopicPartition,
    batch: u32,
}

impl Pending {
    fn in_flight(&self) -> &[InFlight] {
        match self {
            Self::Metadata | Self::InitProducerId => &[],
            Self::Produce(in_flight) => in_flight,
        }
    }

    fn concerns(&self, partition: TopicPartition) -> bool {
        self.in_flight().iter().any(|it| it.partition == partition)
    }

    fn contains(&self, partition: TopicPartition, batch: u32) -> bool {
        self.in_flight().contains(&InFlight { partition, batch })
    }
}

impl Machine for Producer {
    type Config = ProducerConfig;

    fn boot(context: &Context<'_, ProducerConfig>, _boot: Boot<'_>, _out: &mut Outbox) -> Self {
        Self {
            cluster: Cluster::bootstrap(&context.config.bootstrap_servers),
            connections: Connections::default(),
            waiting: VecDeque::new(),
            asking: BTreeMap::new(),
            sticky: BTreeMap::new(),
            accumulator: Accumulator::default(),
            identity: Identity::default(),
            left_out: BTreeMap::new(),
            finishing: Finishing::default(),
            failure: None,
        }
    }

    fn step(&mut self, context: &Context<'_, ProducerConfig>, input: Input, out: &mut Outbox) {
        match input {
            Input::Call(Call::Send { call, record }) => self.on_send(context, call, record, out),
            Input::Call(Call::PartitionsFor { call, topic }) => self.on_partitions_for(context, call, topic, out),
            Input::Call(Call::Flush) => self.on_flush(),
            Input::Call(Call::Close { timeout_ms }) => self.on_close(timeout_ms, out),
            Input::Call(
                call @ (Call::Assign(_)
                | Call::Subscribe(_)
                | Call::Unsubscribe
                | Call::ListenerReturned
                | Call::CommitSync { .. }
                | Call::CommitAsync { .. }
                | Call::Poll { .. }
                | Call::Steer(_)
                | Call::LookUp { .. }
                | Call::ShutDown
                | Call::Administer(_)
                | Call::DeleteRecords(_)),
            ) => {
                panic!("a producer was called with {call:?}")
            }
            Input::Message { connection, message } => self.on_message(context, connection, message, out),
            Input::Connected(connection) => {
                self.connections.connected(connection);
                self.hang_up_if_closed(out);
            }
            Input::Refused { peer, lane } => {
                self.connections.refused(peer, lane, reconnect_backoff(context), out);
                self.on_lost(context, peer, Vec::new(), ErrorCode::NetworkException, out);
            }
            Input::Disconnected(connection) => {
                let backoff = reconnect_backoff(context);
                let lost = self.connections.disconnected(connection, backoff, out);
                self.on_lost(context, connection.peer, lost, ErrorCode::NetworkException, out);
            }
            Input::TimerFired(timer) => self.on_timer(context, timer, out),
            Input::Chosen(Choice {
                kind: QuestionKind::StickyPartition(topic),
                option,
            }) => {
                self.on_chosen(context, topic, option, out);
            }
            Input::Chosen(Choice {
                kind: QuestionKind::MemberId,
                ..
            }) => panic!("a producer is in no group"),
            Input::Synced(token, _) => panic!("a producer has no disk, but {token:?} was synced"),
        }
        self.advance(context, out);
        self.finish(context, out);
    }
}

impl Producer {
    /// How many Produce requests to this broker are unanswered.
    #[must_use]
    pub fn in_flight_requests(&self, broker: NodeId) -> usize {
        self.connections
            .unanswered(broker, Lane::Client)
            .filter(|pending| !pending.in_flight().is_empty())
            .count()
    }

    /// How many batches are not answered, in flight or not.
    #[must_use]
    pub fn buffered_batches(&self) -> usize {
        self.accumulator.batch_count()
    }

    /// Whether every send was answered, and everybody who asked for partitions.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.has_nothing_to_send() && self.asking.is_empty()
    }

    fn has_nothing_to_send(&self) -> bool {
        self.waiting.is_empty() && self.accumulator.is_empty()
    }

    /// Who the producer is to the brokers, if it is idempotent and has been told.
    #[must_use]
    pub const fn producer_id(&self) -> Option<(ProducerId, ProducerEpoch)> {
        self.identity.known()
    }

    /// Why the producer cannot send anything any more, if so.
    #[must_use]
    pub const fn failure(&self) -> Option<SendError> {
        self.failure
    }

    /// Does whatever can be done now.
    fn advance(&mut self, context: &Context<'_, ProducerConfig>, out: &mut Outbox) {
        if self.failure.is_some() || self.is_idle() {
            return;
        }
        if self.has_memory_again(context.config) {
            self.admit_waiting(context, out);
        }
        if self.missing_topics().next().is_some() {
            self.cluster.request_update();
        }
        if self.cluster.is_updating() {
            let topics = self.topics();
            let times = refresh_times(context.config);
            self.cluster
                .maybe_ask(Some(topics), Pending::Metadata, times, &mut self.connections, out);
        }
        if self.has_nothing_to_send() {
            return;
        }
        if context.config.enable_idempotence {
            self.recover(context, out);
            self.ask_for_id(context, out);
            if self.producer_id().is_none() {
                return;
            }
        }
        self.send_ready(context, out);
        // With acks=0 what was sent is done with, and its memory free again.
        while self.has_memory_again(context.config) {
            self.admit_waiting(context, out);
            self.send_ready(context, out);
        }
    }

    fn ask_for_id(&mut self, context: &Context<'_, ProducerConfig>, out: &mut Outbox) {
        if self.identity == Identity::Unknown
            && let Some(broker) = self.cluster.any_broker(&mut self.connections, out)
        {
            let timeout = Window::wall(context.config.request_timeout_ms);
            let request = InitProducerIdRequest.into();
            self.connections
                .send(broker, Lane::Client, request, Pending::InitProducerId, timeout, out);
            self.identity = Identity::Asked;
        }
    }

    fn on_message(
        &mut self,
        context: &Context<'_, ProducerConfig>,
        connection: ConnectionId,
        message: Message,
        out: &mut Outbox,
    ) {
        let Message::Response(response) = message else { return };
        let Some(pending) = self.connections.answered(connection, out) else {
            return;
        };
        match (pending, response) {
            (Pending::Metadata, Response::Metadata(response)) => self.on_metadata(context, response, out),
            (Pending::InitProducerId, Response::InitProducerId(response)) => self.on_id(context, response, out),
            (Pending::Produce(in_flight), Response::Produce(response)) => {
                self.on_produced(context, in_flight, &response, out);
            }
            (pending @ (Pending::Metadata | Pending::InitProducerId | Pending::Produce(_)), _) => {
                // The peer has lost count of our requests: nothing that it says on this connection means anything.
                let backoff = reconnect_backoff(context);
                let mut lost = Vec::from([pending]);
                lost.extend(self.connections.timed_out(connection, backoff, out));
                self.on_lost(context, connection.peer, lost, ErrorCode::NetworkException, out);
            }
        }
    }

    fn on_metadata(&mut self, context: &Context<'_, ProducerConfig>, response: MetadataResponse, out: &mut Outbox) {
        if self.failure.is_some() {
            return;
        }
        self.refuse_invalid(&response.topics, out);
        let told: Vec<_> = response.topics.iter().map(|topic| topic.name.clone()).collect();
        let times = refresh_times(context.config);
        self.cluster.update(response, false, times, out);
        self.tell_partitions(out);
        self.admit_waiting(context, out);
        // A topic that was not in the question is asked for at once; one that the answer was silent about, not before
        // a while.
        let is_told = self.missing_topics().any(|topic| told.contains(topic));
        if is_told && self.missing_topics().all(|topic| told.contains(topic)) {
            self.cluster.request_update_later(times, out);
        }
    }

    fn on_id(&mut self, context: &Context<'_, ProducerConfig>, response: InitProducerIdResponse, out: &mut Outbox) {
        let InitProducerIdResponse {
            error_code,
            producer_id,
            producer_epoch,
        } = response;
        if error_code == ErrorCode::None {
            self.identity = Identity::Known(producer_id, producer_epoch);
            out.note(Note::ProducerIdAssigned {
                producer_id,
                epoch: producer_epoch,
            });
        } else if error_code.is_retriable() {
            self.on_no_id(context, out);
        } else {
            self.identity = Identity::Unknown;
            self.give_up(SendError::Kafka(error_code), out);
        }
    }

    fn on_no_id(&mut self, context: &Context<'_, ProducerConfig>, out: &mut Outbox) {
        self.identity = Identity::BackingOff;
        out.set_timer(
            Timer::InitProducerIdBackoff,
            Window::wall(context.config.retry_backoff_ms),
        );
    }

    /// A connection ended, and with it what was unanswered.
    fn on_lost(
        &mut self,
        context: &Context<'_, ProducerConfig>,
        peer: NodeId,
        lost: Vec<Pending>,
        error: ErrorCode,
        out: &mut Outbox,
    ) {
        if self.failure.is_some() {
            return;
        }
        let asked = lost.contains(&Pending::Metadata);
        self.cluster
            .disconnected(peer, asked, refresh_times(context.config), out);
        for pending in lost {
            match pending {
                Pending::Metadata => {}
                Pending::InitProducerId => self.on_no_id(context, out),
                Pending::Produce(in_flight) => {
                    for in_flight in in_flight {
                        self.complete(context, in_flight, Outcome::lost(error), out);
                    }
                }
            }
        }
    }

    fn on_timer(&mut self, context: &Context<'_, ProducerConfig>, timer: Timer, out: &mut Outbox) {
        match timer {
            Timer::RequestTimeout { connection, .. } => {
                let backoff = reconnect_backoff(context);
                let lost = self.connections.timed_out(connection, backoff, out);
                self.on_lost(context, connection.peer, lost, ErrorCode::RequestTimedOut, out);
            }
            Timer::ReconnectBackoff { peer, lane } => self.connections.backed_off(peer, lane),
            Timer::MetadataBackoff | Timer::MetadataMaxAge => self.cluster.timer_fired(),
            Timer::InitProducerIdBackoff => self.identity = Identity::Unknown,
            Timer::MaxBlock { call } => self.on_max_block(context, CallId(call), out),
            Timer::CloseTimeout => self.give_up(SendError::Closed, out),
            Timer::DeliveryTimeout { partition, batch } => self.expire(partition, batch, out),
            Timer::Linger { partition } => {
                self.accumulator
                    .get_mut(partition)
                    .expect("a partition that lingers has batches")
                    .lingered();
            }
            Timer::RetryBackoff { partition } => {
                self.accumulator
                    .get_mut(partition)
                    .expect("a partition that backs off has batches")
                    .backed_off();
            }
            Timer::RegistrationBackoff
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
            | Timer::FetchWait { .. }
            | Timer::ProduceWait { .. }
            | Timer::DeleteRecordsWait { .. }
            | Timer::Session { .. }
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
            | Timer::OperatorBackoff => panic!("a producer never arms {timer:?}"),
        }
    }
}

const fn reconnect_backoff(context: &Context<'_, ProducerConfig>) -> Window {
    Window::doubling(
        context.config.reconnect_backoff_ms,
        context.config.reconnect_backoff_max_ms,
    )
}

fn refresh_times(config: &ProducerConfig) -> Refreshing<'_> {
    Refreshing {
        bootstrap_servers: &config.bootstrap_servers,
        retry_backoff_ms: config.retry_backoff_ms,
        request_timeout_ms: config.request_timeout_ms,
        metadata_max_age_ms: config.metadata_max_age_ms,
    }
}
