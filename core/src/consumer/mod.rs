//! The consumer: hands the records of its partitions to the application, in order, inside the application's polls.
//!
//! Kafka's classic `KafkaConsumer`, with partitions assigned by hand or by its group. It has no thread of its own but for heartbeats: it asks
//! nobody for anything unless a call is waiting. What arrives between two polls is kept for the next one.
//!
//! - `poll`: what a waiting poll does at each turn. `waiting`: one call after the other, and what interrupts them.
//! - `subscription`: who says what is read. `member`: the consumer in its group. `commit`: how far it has come.
//! - `position`: where each partition is read from; `reset`: where to start; `validation`: whether what was read is still there.
//! - `steering`: pausing, seeking and waking up; `lookup`: where logs begin and end, and what was when.
//! - `fetcher`: Fetch requests; `buffer`: what was fetched and not yet polled.
//! - [`assignor`]: who of a group reads which partitions.

mod answers;
pub mod assignor;
mod buffer;
mod commit;
mod fetcher;
mod lookup;
mod member;
mod poll;
mod position;
mod reset;
mod steering;
mod subscription;
#[cfg(test)]
mod tests;
mod validation;
mod waiting;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use self::buffer::CompletedFetch;
use self::commit::{AskedCommitted, Commit, Commits, CommittedLookup};
use self::fetcher::AskedFetch;
use self::member::{Generation, Listening, Member};
use self::position::Assigned;
pub use self::position::Position;
use self::reset::AskedOffset;
use self::subscription::Subscription;
pub use self::subscription::check_pattern;
use self::validation::AskedValidation;
use self::waiting::Waiting;
use crate::call::{Call, PollError};
use crate::cluster::{Cluster, Refreshing};
use crate::config::ConsumerConfig;
use crate::connections::Connections;
use crate::ids::{NodeId, TopicName, TopicPartition};
use crate::machine::{Boot, Context, Input, Lane, Machine, Outbox};
use crate::message::Request;
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
    subscription: Subscription,
    member: Member,
    commits: Commits,
    committed: CommittedLookup,
    /// What the application waits for; while its rebalance listener runs, what that waits for.
    waiting: Waiting,
    /// The rebalance listener runs.
    listening: Option<Listening>,
    /// Somebody called `wakeup()` while nobody was waiting: the next call that would wait throws.
    woken: bool,
    /// The application wants nothing any more.
    is_closed: bool,
}

/// What is remembered about an unanswered request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Pending {
    Metadata {
        is_of_all: bool,
    },
    Fetch(Vec<AskedFetch>),
    ListOffsets(Vec<AskedOffset>),
    OffsetForLeaderEpoch(Vec<AskedValidation>),
    /// What an application has asked for.
    Offsets(Vec<TopicPartition>),
    /// The same, but it does not wait any more.
    Abandoned,
    FindCoordinator,
    JoinGroup(Generation),
    SyncGroup(Generation),
    Heartbeat(Generation),
    LeaveGroup,
    OffsetCommit(Commit),
    OffsetFetch(AskedCommitted),
}

impl Machine for Consumer {
    type Config = ConsumerConfig;

    fn boot(context: &Context<'_, ConsumerConfig>, _: Boot<'_>, out: &mut Outbox) -> Self {
        let mut consumer = Self {
            connections: Connections::default(),
            cluster: Cluster::bootstrap(&context.config.bootstrap_servers),
            assigned: Vec::new(),
            buffer: VecDeque::new(),
            truncation: None,
            subscription: Subscription::Nothing,
            member: Member::new(),
            commits: Commits::new(),
            committed: CommittedLookup::new(),
            waiting: Waiting::Nothing,
            listening: None,
            woken: false,
            is_closed: false,
        };
        consumer.restart_auto_commit(context, out);
        consumer
    }

    fn step(&mut self, context: &Context<'_, ConsumerConfig>, input: Input, out: &mut Outbox) {
        match input {
            Input::Message { connection, message } => self.on_message(context, connection, message, out),
            Input::Connected(connection) => {
                self.connections.connected(connection);
            }
            Input::Refused { peer, lane } => {
                self.connections.refused(peer, lane, reconnect_backoff(context), out);
                self.on_lost(context, (peer, lane), Vec::new(), out);
            }
            Input::Disconnected(connection) => {
                let lost = self
                    .connections
                    .disconnected(connection, reconnect_backoff(context), out);
                self.on_lost(context, (connection.peer, connection.lane), lost, out);
            }
            Input::TimerFired(timer) => self.on_timer(context, timer, out),
            Input::Call(call) => {
                self.on_call(context, call, out);
                return self.continue_membership(context, out);
            }
            Input::Synced(..) => panic!("a consumer has no disk"),
            Input::Chosen(_) => panic!("a consumer leaves nothing to chance"),
        }
        self.continue_waiting(context, out);
        self.continue_membership(context, out);
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

    /// Whether it wants to read this topic as a member of its group.
    #[must_use]
    pub fn is_subscribed_to(&self, topic: &TopicName) -> bool {
        !self.is_closed && self.subscription.is_automatic() && self.subscription.accepts(topic)
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
        self.waiting == Waiting::Nothing
            && self.listening.is_none()
            && self.buffer.is_empty()
            && self.member.is_idle()
            && self.connections.all_unanswered().next().is_none()
    }

    fn on_timer(&mut self, context: &Context<'_, ConsumerConfig>, timer: Timer, out: &mut Outbox) {
        match timer {
            Timer::RequestTimeout { connection, .. } => {
                let lost = self.connections.timed_out(connection, reconnect_backoff(context), out);
                self.on_lost(context, (connection.peer, connection.lane), lost, out);
            }
            Timer::ReconnectBackoff { peer, lane } => self.connections.backed_off(peer, lane),
            Timer::MetadataBackoff | Timer::MetadataMaxAge => self.cluster.timer_fired(),
            Timer::PollTimeout => self.on_poll_timeout(context, out),
            Timer::ListenerCallTimeout => self.on_timeout(context, out),
            Timer::CloseTimeout => self.close_timed_out(context, out),
            Timer::CoordinatorBackoff => self.coordinator_backed_off(),
            Timer::OffsetsBackoff => {
                self.commit_backed_off();
                self.offset_fetch_backed_off();
            }
            Timer::MemberHeartbeat => self.heartbeat_due(context, out),
            Timer::MemberSession => self.session_expired(context, out),
            Timer::MaxPollInterval => self.poll_overdue(context, out),
            Timer::AutoCommit => self.auto_commit_due(),
            Timer::JoinPrepare => self.preparation_timed_out(),
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
            | Timer::Group { .. }
            | Timer::OperatorBackoff => panic!("a consumer does not arm {timer:?}"),
        }
    }

    fn on_call(&mut self, context: &Context<'_, ConsumerConfig>, call: Call, out: &mut Outbox) {
        assert!(!self.is_closed, "a closed consumer does nothing: {call:?}");
        match call {
            Call::Assign(partitions) => self.assign_by_hand(context, &partitions, out),
            Call::Subscribe(to) => self.subscribe(to),
            Call::Unsubscribe => self.unsubscribe(context, out),
            Call::ListenerReturned => {
                self.listener_returned(context, out);
                self.continue_waiting(context, out);
            }
            Call::Poll { timeout_ms } => self.on_poll(context, timeout_ms, out),
            Call::CommitSync { offsets, timeout_ms } => self.on_commit_sync(context, offsets, timeout_ms, out),
            Call::CommitAsync { call, offsets } => self.on_commit_async(context, call, offsets, out),
            Call::Steer(steering) => self.steer(context, &steering, out),
            Call::LookUp { lookup, timeout_ms } => self.on_look_up(context, lookup, timeout_ms, out),
            Call::Close { timeout_ms } => self.close(context, timeout_ms, out),
            Call::Send { .. }
            | Call::PartitionsFor { .. }
            | Call::Flush
            | Call::ShutDown
            | Call::Administer(_)
            | Call::DeleteRecords(_) => {
                panic!("a consumer cannot do {call:?}")
            }
        }
    }

    /// Nothing will be called any more.
    fn end(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        self.assign(&[], out);
        self.truncation = None;
        self.subscription = Subscription::Nothing;
        self.waiting = Waiting::Nothing;
        self.woken = false;
        self.is_closed = true;
        self.cluster.stop_timers(out);
        self.cluster = Cluster::bootstrap(&context.config.bootstrap_servers);
        self.connections.close_all(out);
        if context.config.group_id.is_some() {
            self.stop_group_timers(out);
        }
        (self.member, self.commits, self.committed) = (Member::new(), Commits::new(), CommittedLookup::new());
    }

    /// Asks for metadata about the topics that are assigned, subscribed to or asked about, if it is wanted.
    fn refresh_metadata(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if !self.cluster.is_updating() {
            return;
        }
        let topics = if self.subscription.is_pattern() {
            None
        } else {
            let assigned = self.assigned.iter().map(|assigned| &assigned.topic);
            let wanted = assigned.chain(self.waiting.topics()).chain(self.subscription.topics());
            let mut topics: Vec<TopicName> = wanted.chain(&self.member.group_topics).cloned().collect();
            topics.sort_unstable();
            topics.dedup();
            Some(topics)
        };
        if topics.as_ref().is_some_and(Vec::is_empty) {
            return;
        }
        let pending = Pending::Metadata {
            is_of_all: topics.is_none(),
        };
        let times = refresh_times(context.config);
        self.cluster
            .maybe_ask(topics, pending, times, &mut self.connections, out);
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
