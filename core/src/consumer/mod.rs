//! The consumer: hands the records of its partitions to the application, in order, inside the application's polls.
//!
//! Kafka's classic `KafkaConsumer` with partitions assigned by hand. It has no thread of its own: it asks nobody for anything unless a
//! poll is waiting. What arrives between two polls is kept for the next one.
//!
//! - `poll`: the application's calls, and what a waiting poll does at each turn.
//! - `position`: where each partition is read from; `reset`: where to start; `validation`: whether what was read is still there.
//! - `steering`: pausing, seeking and waking up; `lookup`: where logs begin and end, and what was when.
//! - `fetcher`: Fetch requests; `buffer`: what was fetched and not yet polled.
//! - [`assignor`]: who of a group reads which partitions.

pub mod assignor;
mod buffer;
mod fetcher;
mod lookup;
mod poll;
mod position;
mod reset;
mod steering;
#[cfg(test)]
mod tests;
mod validation;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use self::buffer::CompletedFetch;
use self::fetcher::AskedFetch;
use self::lookup::Waiting;
use self::position::Assigned;
pub use self::position::Position;
use self::reset::AskedOffset;
use self::validation::AskedValidation;
use crate::call::{Answer, Call, PollError};
use crate::cluster::{Cluster, Refreshing};
use crate::config::ConsumerConfig;
use crate::connections::Connections;
use crate::ids::{NodeId, TopicName, TopicPartition};
use crate::machine::{Boot, ConnectionId, Context, Input, Lane, Machine, Outbox};
use crate::message::{Message, Request, Response};
use crate::record::Batch;
use crate::timer::{Timer, Window};

/// A consumer process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Consumer {
    connections: Connections<Pending>,
    cluster: Cluster,
    /// In the order in which they are fetched. A partition moves to the end when it was served, so that none starves behind another
    /// that always has more records than `fetch.max.bytes`.
    assigned: Vec<Assigned>,
    /// What was fetched and not yet polled, oldest first.
    buffer: VecDeque<CompletedFetch>,
    /// A truncation that the next poll tells the application about.
    truncation: Option<PollError>,
    /// What the application waits for.
    waiting: Waiting,
    /// Somebody called `wakeup()` while nobody was waiting: the next call that would wait throws.
    woken: bool,
    /// The application wants nothing any more.
    is_closed: bool,
}

/// What is remembered about an unanswered request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Pending {
    Metadata,
    Fetch(Vec<AskedFetch>),
    ListOffsets(Vec<AskedOffset>),
    OffsetForLeaderEpoch(Vec<AskedValidation>),
    /// What an application has asked for.
    Offsets(Vec<TopicPartition>),
    /// The same, but it does not wait any more.
    Abandoned,
}

impl Machine for Consumer {
    type Config = ConsumerConfig;

    fn boot(context: &Context<'_, ConsumerConfig>, _: Boot<'_>, _: &mut Outbox) -> Self {
        Self {
            connections: Connections::default(),
            cluster: Cluster::bootstrap(&context.config.bootstrap_servers),
            assigned: Vec::new(),
            buffer: VecDeque::new(),
            truncation: None,
            waiting: Waiting::Nothing,
            woken: false,
            is_closed: false,
        }
    }

    fn step(&mut self, context: &Context<'_, ConsumerConfig>, input: Input, out: &mut Outbox) {
        match input {
            Input::Message { connection, message } => self.on_message(context, connection, message, out),
            Input::Connected(connection) => {
                self.connections.connected(connection);
            }
            Input::Refused { peer, lane } => {
                self.connections.refused(peer, lane, reconnect_backoff(context), out);
                self.on_lost(context, peer, [], out);
            }
            Input::Disconnected(connection) => {
                let lost = self
                    .connections
                    .disconnected(connection, reconnect_backoff(context), out);
                self.on_lost(context, connection.peer, lost, out);
            }
            Input::TimerFired(timer) => self.on_timer(context, timer, out),
            Input::Call(call) => return self.on_call(context, call, out),
            Input::Synced(..) => panic!("a consumer has no disk"),
            Input::Chosen(_) => panic!("a consumer leaves nothing to chance"),
        }
        self.continue_waiting(context, out);
        if self.is_closed {
            // A connection that comes up only now, or has failed to, is of no use.
            self.connections.close_all(out);
        }
    }
}

impl Consumer {
    /// The partitions that the application assigned, in the order in which they are fetched next.
    pub fn assignment(&self) -> impl Iterator<Item = (&TopicName, i32)> {
        self.assigned
            .iter()
            .map(|assigned| (&assigned.topic, assigned.partition))
    }

    /// Where a partition is read from next, if that is known. It may still have to be validated.
    #[must_use]
    pub fn position(&self, partition: TopicPartition) -> Option<Position> {
        self.assigned
            .iter()
            .find(|assigned| assigned.id == Some(partition))?
            .position()
            .copied()
    }

    /// What was fetched and not yet polled completely, in the order in which polls will return it, unless its partition's position
    /// moves in the meantime.
    pub fn buffered(&self) -> impl Iterator<Item = (TopicPartition, &Batch)> {
        self.buffer.iter().flat_map(CompletedFetch::batches)
    }

    /// Whether nothing is under way: no call waits, no request is unanswered, nothing is buffered.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting == Waiting::Nothing && self.buffer.is_empty() && self.connections.all_unanswered().next().is_none()
    }

    fn on_message(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        connection: ConnectionId,
        message: Message,
        out: &mut Outbox,
    ) {
        // Nobody has reason to send a request to a client.
        let Message::Response(response) = message else { return };
        let Some(pending) = self.connections.answered(connection, out) else {
            return;
        };
        match (pending, response) {
            (Pending::Metadata, Response::Metadata(metadata)) => {
                self.cluster.update(metadata, refresh_times(context.config), out);
                self.metadata_changed(context, out);
            }
            (Pending::Fetch(asked), Response::Fetch(fetched)) => {
                self.on_fetch(context, connection.peer, asked, fetched, out);
            }
            (Pending::ListOffsets(asked), Response::ListOffsets(listed)) => {
                self.on_list_offsets(context, asked, &listed, out);
            }
            (Pending::OffsetForLeaderEpoch(asked), Response::OffsetForLeaderEpoch(found)) => {
                self.on_offset_for_leader_epoch(context, asked, &found, out);
            }
            (Pending::Offsets(asked), Response::ListOffsets(listed)) => self.on_offsets(context, &asked, &listed, out),
            (Pending::Abandoned, Response::ListOffsets(_)) => {}
            // The answer to another question is as good as none.
            (
                pending @ (Pending::Metadata
                | Pending::Fetch(_)
                | Pending::ListOffsets(_)
                | Pending::OffsetForLeaderEpoch(_)
                | Pending::Offsets(_)
                | Pending::Abandoned),
                _,
            ) => {
                let lost = self.connections.timed_out(connection, reconnect_backoff(context), out);
                self.on_lost(context, connection.peer, core::iter::once(pending).chain(lost), out);
            }
        }
    }

    fn on_timer(&mut self, context: &Context<'_, ConsumerConfig>, timer: Timer, out: &mut Outbox) {
        match timer {
            Timer::RequestTimeout { connection, .. } => {
                let lost = self.connections.timed_out(connection, reconnect_backoff(context), out);
                self.on_lost(context, connection.peer, lost, out);
            }
            Timer::ReconnectBackoff { peer, lane } => self.connections.backed_off(peer, lane),
            Timer::MetadataBackoff | Timer::MetadataMaxAge => self.cluster.timer_fired(),
            Timer::PollTimeout => self.on_timeout(out),
            Timer::FetchBackoff { leader } => self.fetch_backed_off(leader),
            Timer::PositionBackoff { partition } => self.position_backed_off(partition),
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
            | Timer::Linger { .. }
            | Timer::RetryBackoff { .. }
            | Timer::DeliveryTimeout { .. }
            | Timer::InitProducerIdBackoff
            | Timer::MaxBlock { .. }
            | Timer::CloseTimeout
            | Timer::Group { .. }
            | Timer::ListenerCallTimeout
            | Timer::CoordinatorBackoff
            | Timer::OffsetsBackoff
            | Timer::MemberHeartbeat
            | Timer::MemberSession
            | Timer::MaxPollInterval
            | Timer::AutoCommit
            | Timer::JoinPrepare
            | Timer::OperatorBackoff => panic!("a consumer does not arm {timer:?}"),
        }
    }

    fn on_call(&mut self, context: &Context<'_, ConsumerConfig>, call: Call, out: &mut Outbox) {
        assert!(!self.is_closed, "a closed consumer does nothing: {call:?}");
        match call {
            Call::Assign(partitions) => {
                self.assign(&partitions, out);
                self.continue_waiting(context, out);
            }
            Call::Poll { timeout_ms } => self.on_poll(context, timeout_ms, out),
            Call::Steer(steering) => self.steer(&steering, out),
            Call::LookUp { lookup, timeout_ms } => self.on_look_up(context, lookup, timeout_ms, out),
            Call::Close { .. } => self.close(context, out),
            Call::Subscribe(_)
            | Call::Unsubscribe
            | Call::ListenerReturned
            | Call::CommitSync { .. }
            | Call::CommitAsync { .. }
            | Call::Send { .. }
            | Call::PartitionsFor { .. }
            | Call::Flush
            | Call::ShutDown
            | Call::Administer(_)
            | Call::DeleteRecords(_) => {
                panic!("a consumer cannot do {call:?}")
            }
        }
    }

    /// A connection ended with these requests unanswered.
    fn on_lost(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        peer: NodeId,
        lost: impl IntoIterator<Item = Pending>,
        out: &mut Outbox,
    ) {
        let mut asked_for_metadata = false;
        for pending in lost {
            match pending {
                Pending::Metadata => asked_for_metadata = true,
                // The reconnect back-off keeps it from being sent again at once.
                Pending::Fetch(_) => {}
                Pending::ListOffsets(asked) => self.list_offsets_failed(context, &asked, out),
                Pending::OffsetForLeaderEpoch(asked) => self.validations_failed(context, &asked, out),
                Pending::Offsets(asked) => self.offsets_failed(&asked),
                Pending::Abandoned => {}
            }
        }
        self.cluster
            .disconnected(peer, asked_for_metadata, refresh_times(context.config), out);
    }

    /// Something happened: whoever waits may get further, or to the end.
    fn continue_waiting(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        match &self.waiting {
            Waiting::Nothing => {}
            Waiting::Poll => self.continue_poll(context, out),
            Waiting::Position(..) | Waiting::Offsets(_) => self.continue_lookup(context, out),
        }
    }

    /// `close(timeout)`: without a group there is nothing to hand over, so that nobody need be waited for.
    ///
    /// # Panics
    /// If a call is waiting: Kafka's consumer is not for use by several threads either.
    fn close(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        assert!(
            self.waiting == Waiting::Nothing,
            "a consumer is closed while no call waits"
        );
        self.assign(&[], out);
        self.truncation = None;
        self.woken = false;
        self.is_closed = true;
        self.cluster.stop_timers(out);
        self.cluster = Cluster::bootstrap(&context.config.bootstrap_servers);
        self.connections.close_all(out);
        out.answer(Answer::Closed);
    }

    /// Asks for metadata about the topics that are assigned or asked about, if it is wanted.
    fn refresh_metadata(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if !self.cluster.is_updating() {
            return;
        }
        let assigned = self.assigned.iter().map(|assigned| &assigned.topic);
        let mut topics: Vec<TopicName> = assigned.chain(self.waiting.topics()).cloned().collect();
        if topics.is_empty() {
            return;
        }
        topics.sort_unstable();
        topics.dedup();
        let times = refresh_times(context.config);
        self.cluster
            .maybe_ask(topics, Pending::Metadata, times, &mut self.connections, out);
    }

    /// Sends one request to each of these brokers, whose connections are open.
    fn send_each<T>(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        requests: ByLeader<T>,
        build: impl Fn(Vec<T>) -> (Request, Pending),
        out: &mut Outbox,
    ) {
        let timeout = Window::wall(context.config.request_timeout_ms);
        for (leader, items) in requests.0 {
            let (request, pending) = build(items);
            self.connections
                .send(leader, Lane::Client, request, pending, timeout, out);
        }
    }
}

/// What to ask of which broker, in the order in which the brokers first came up.
struct ByLeader<T>(Vec<(NodeId, Vec<T>)>);

impl<T> ByLeader<T> {
    const fn new() -> Self {
        Self(Vec::new())
    }

    fn push(&mut self, leader: NodeId, item: T) {
        match self.0.iter_mut().find(|(node, _)| *node == leader) {
            Some((_, items)) => items.push(item),
            None => self.0.push((leader, alloc::vec![item])),
        }
    }
}

fn refresh_times(config: &ConsumerConfig) -> Refreshing<'_> {
    Refreshing {
        bootstrap_servers: &config.bootstrap_servers,
        retry_backoff_ms: config.retry_backoff_ms,
        request_timeout_ms: config.request_timeout_ms,
        metadata_max_age_ms: config.metadata_max_age_ms,
    }
}

const fn reconnect_backoff(context: &Context<'_, ConsumerConfig>) -> Window {
    Window::doubling(
        context.config.reconnect_backoff_ms,
        context.config.reconnect_backoff_max_ms,
    )
}
