//! The consumer: hands the records of its partitions to the application, in order, inside the application's polls.
//!
//! Kafka's classic `KafkaConsumer` with partitions assigned by hand. It has no thread of its own: it asks nobody for anything unless a
//! poll is waiting. What arrives between two polls is kept for the next one.
//!
//! - `poll`: the application's calls, and what a waiting poll does at each turn.
//! - `position`: where each partition is read from; `reset`: where to start; `validation`: whether what was read is still there.
//! - `steering`: pausing, seeking and waking up.
//! - `fetcher`: Fetch requests; `buffer`: what was fetched and not yet polled.

mod buffer;
mod fetcher;
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
use self::position::Assigned;
pub use self::position::Position;
use self::reset::AskedOffset;
use self::validation::AskedValidation;
use crate::call::{Call, PollError};
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
    /// Whether a poll is waiting.
    polling: bool,
    /// Somebody called `wakeup()` while no poll was waiting: the next one throws.
    woken: bool,
}

/// What is remembered about an unanswered request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Pending {
    Metadata,
    Fetch(Vec<AskedFetch>),
    ListOffsets(Vec<AskedOffset>),
    OffsetForLeaderEpoch(Vec<AskedValidation>),
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
            polling: false,
            woken: false,
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
        self.continue_poll(context, out);
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

    /// Whether nothing is under way: no poll waits, no request is unanswered, nothing is buffered.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !self.polling && self.buffer.is_empty() && self.connections.all_unanswered().next().is_none()
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
            // The answer to another question is as good as none.
            (
                pending @ (Pending::Metadata
                | Pending::Fetch(_)
                | Pending::ListOffsets(_)
                | Pending::OffsetForLeaderEpoch(_)),
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
            Timer::PollTimeout => self.on_poll_timeout(out),
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
            | Timer::OperatorBackoff => panic!("a consumer does not arm {timer:?}"),
        }
    }

    fn on_call(&mut self, context: &Context<'_, ConsumerConfig>, call: Call, out: &mut Outbox) {
        match call {
            Call::Assign(partitions) => {
                self.assign(&partitions, out);
                self.continue_poll(context, out);
            }
            Call::Poll { timeout_ms } => self.on_poll(context, timeout_ms, out),
            Call::Steer(steering) => self.steer(&steering, out),
            Call::Send { .. }
            | Call::Flush
            | Call::Close { .. }
            | Call::ShutDown
            | Call::CreateTopic(_)
            | Call::CreatePartitions(_)
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
            }
        }
        self.cluster
            .disconnected(peer, asked_for_metadata, refresh_times(context.config), out);
    }

    /// Asks for metadata about the assigned topics, if it is wanted.
    fn refresh_metadata(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if self.assigned.is_empty() || !self.cluster.is_updating() {
            return;
        }
        let mut topics: Vec<TopicName> = self.assigned.iter().map(|assigned| assigned.topic.clone()).collect();
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
