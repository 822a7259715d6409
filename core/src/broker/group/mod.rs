//! The group coordinator: it knows who is in which consumer group, and how far each group has come.
//!
//! A group lives in one partition of `__consumer_offsets`; whoever leads that partition coordinates the group.
//!
//! - `shard` is one such partition: it reads the log, and has answers wait until what they say is committed.
//! - `state` is one group; `join`, `membership` and `offsets` are what its members ask for, `rebalance` how it goes from one generation to the next.
//! - `request` is what is asked, `turn` what a handler causes besides; `admin` is for operators.
//!
//! This file hands each request, timer and change of leadership to the shard that it is for, and writes what comes of it.

mod admin;
mod join;
mod membership;
mod offsets;
mod rebalance;
mod request;
mod shard;
mod state;
mod turn;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::vec::Vec;

pub(super) use request::GroupRequest;
use shard::{Shard, encoded};
use turn::{Turn, Write};

use super::Broker;
use super::partition::Changes;
use crate::config::BrokerConfig;
use crate::controller::refusal::groups::not_committed;
use crate::error::ErrorCode;
pub use crate::group::GROUP_METADATA_TOPIC;
use crate::group::partition_for;
use crate::ids::{GenerationId, GroupId, MemberId, NodeId, Offset, TopicPartition};
use crate::machine::{Choice, ConnectionId, Context, Outbox, Question, QuestionKind};
use crate::message::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse, JoinGroupRequest, OffsetCommitPartition,
    OffsetCommitRequest, OffsetCommitResponse,
};
use crate::metadata::MetadataImage;
use crate::note::Note;
use crate::record::BatchBuilder;
use crate::rules::Wake;
use crate::timer::{GroupTimer, Timer, Window};

/// How long it may take to read a partition of it.
const LOADING: Window = Window {
    earliest_ms: 0,
    ..Window::monotonic(100)
};

/// How many ranks a member's id may have among those of clients that call themselves the same: Kafka draws a UUID.
const RANKS: u32 = 2;

/// What a broker knows of the groups that it coordinates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct GroupCoordinator {
    shards: BTreeMap<TopicPartition, Shard>,
    /// Who wants to join and is about to get an id.
    nameless: VecDeque<(ConnectionId, JoinGroupRequest)>,
}

impl GroupCoordinator {
    /// Nobody will hear the answers to what came over a connection.
    pub(super) fn forget(&mut self, connection: ConnectionId) {
        for shard in self.shards.values_mut() {
            shard.forget(connection);
        }
        for (waiting, _) in &mut self.nameless {
            if *waiting == connection {
                waiting.generation = ConnectionId::ENDED;
            }
        }
    }

    /// The shard that timers call by the number of its partition.
    fn log(&self, partition: i32) -> Option<TopicPartition> {
        self.shards.keys().find(|log| log.partition == partition).copied()
    }
}

impl Broker {
    /// Whether this broker coordinates a group that is stable in this generation, and has this member: a heartbeat would be told nothing new.
    #[must_use]
    pub fn has_stable_member(&self, group: &GroupId, generation: GenerationId, member: &MemberId) -> bool {
        let groups = self.groups.shards.values().filter_map(|shard| shard.groups.get(group));
        groups
            .filter(|group| group.state == state::State::Stable && group.generation == generation)
            .any(|group| group.members.contains_key(member))
    }

    /// Serves a request about one group, if this broker coordinates it. Whoever joins without an id gets one first: chance decides where among the
    /// others it comes.
    pub(super) fn on_group_request(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        connection: ConnectionId,
        request: GroupRequest,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let request = match request {
            GroupRequest::Commit(commit, _) => match self.commit_of_known(commit) {
                Ok(request) => request,
                Err(refused) => return out.respond(connection, refused.into()),
            },
            GroupRequest::Join(_)
            | GroupRequest::Sync(_)
            | GroupRequest::Heartbeat(_)
            | GroupRequest::Leave(_)
            | GroupRequest::Fetch(_) => request,
        };
        let log = request
            .check(context.config)
            .and_then(|()| self.coordinated(request.group()));
        let log = match log {
            Ok(log) => log,
            Err(error) => return out.respond(connection, request.refusal(error)),
        };
        match request {
            GroupRequest::Join(join) if join.member_id.is_empty() => {
                self.groups.nameless.push_back((connection, join));
                out.choose(Question {
                    kind: QuestionKind::MemberId,
                    options: RANKS,
                });
            }
            GroupRequest::Join(_)
            | GroupRequest::Sync(_)
            | GroupRequest::Heartbeat(_)
            | GroupRequest::Leave(_)
            | GroupRequest::Commit(..)
            | GroupRequest::Fetch(_) => self.take_turn(context, log, changes, out, |shard, turn| {
                shard.handle(connection, &request, turn);
            }),
        }
    }

    /// Nobody commits anything in a partition that is not there. If nothing is left to commit, that is all there is to say.
    fn commit_of_known(&self, mut commit: OffsetCommitRequest) -> Result<GroupRequest, OffsetCommitResponse> {
        let image = self.metadata.image();
        let is_known = |asked: &OffsetCommitPartition| {
            let topic = image.topic_by_name(&asked.topic);
            topic.is_some_and(|(_, topic)| {
                usize::try_from(asked.partition).is_ok_and(|index| index < topic.partitions.len())
            })
        };
        let (known, unknown) = commit.partitions.into_iter().partition(is_known);
        commit.partitions = unknown;
        let refused = not_committed(&commit, ErrorCode::UnknownTopicOrPartition);
        commit.partitions = known;
        if commit.partitions.is_empty() {
            return Err(refused);
        }
        Ok(GroupRequest::Commit(commit, refused.partitions))
    }

    /// The rank of a new member is drawn. Nothing else of its id is left to chance: who it is, and when it came, makes it the only one of its kind.
    pub(super) fn on_member_id_chosen(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        choice: Choice,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let Some((connection, request)) = self.groups.nameless.pop_front() else {
            return;
        };
        let log = match self.coordinated(&request.group_id) {
            Ok(log) => log,
            Err(error) => return out.respond(connection, GroupRequest::Join(request).refusal(error)),
        };
        self.take_turn(context, log, changes, out, |shard, turn| {
            let group = shard.groups.get(&request.group_id);
            let generation = group.map_or(0, |group| group.generation.0);
            let caller = request.group_instance_id.as_deref().unwrap_or(&request.client_id);
            let (rank, peer, epoch) = (choice.option, connection.peer, shard.epoch);
            let id = format!("{caller}-{rank}.{peer}.{epoch}.{generation}").into();
            shard.join_as(id, connection, &request, turn);
        });
    }

    /// Which broker coordinates each group, as far as this one knows.
    pub(super) fn find_coordinators(&self, request: &FindCoordinatorRequest) -> FindCoordinatorResponse {
        let image = self.metadata.image();
        let coordinators = request.coordinator_keys.iter().map(|key| {
            let found = coordinator(image, key).ok_or(ErrorCode::CoordinatorNotAvailable);
            Coordinator {
                key: key.clone(),
                error_code: found.err().unwrap_or_default(),
                node_id: found.unwrap_or(NodeId::NONE),
            }
        });
        FindCoordinatorResponse {
            coordinators: coordinators.collect(),
        }
    }

    /// The partition that a group lives in, if this broker leads it and has read it.
    fn coordinated(&self, group: &GroupId) -> Result<TopicPartition, ErrorCode> {
        let log = home(self.metadata.image(), group).ok_or(ErrorCode::NotCoordinator)?;
        match self.groups.shards.get(&log) {
            None => Err(ErrorCode::NotCoordinator),
            Some(shard) if shard.is_loading => Err(ErrorCode::CoordinatorLoadInProgress),
            Some(_) => Ok(log),
        }
    }

    /// Lets a shard work, and writes what it wants written.
    fn take_turn(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        log: TopicPartition,
        changes: &mut Changes,
        out: &mut Outbox,
        work: impl FnOnce(&mut Shard, &mut Turn<'_>),
    ) {
        let around = surroundings!(self, context);
        let (Some(shard), Some(replica)) = (self.groups.shards.get_mut(&log), self.partitions.get_mut(&log)) else {
            return;
        };
        let mut turn = Turn::new(context, log, out);
        work(shard, &mut turn);
        // What is written in one go may in turn cause something to be written.
        while !turn.writes.is_empty() {
            for Write { records, then } in core::mem::take(&mut turn.writes) {
                let mut required = None;
                if !records.is_empty() {
                    let mut builder = BatchBuilder::new();
                    for (key, value) in encoded(&records) {
                        builder.append(context.wall_clock, Some(key), value, &[]);
                    }
                    let batch = replica.append(&builder.build(None), &around, changes, turn.out);
                    for (record, at) in records.iter().zip(batch.base_offset.0..) {
                        shard.replay(record, Offset(at), false);
                    }
                    required = Some(batch.next_offset());
                }
                shard.defer(required, then, &mut turn);
            }
        }
    }

    /// High watermarks have advanced: what is committed by that is answered.
    pub(super) fn settle_groups(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if self.groups.shards.is_empty() {
            return;
        }
        let advanced = changes
            .woken
            .iter()
            .filter(|(_, wake)| *wake == Wake::HighWatermarkAdvanced);
        for log in advanced.map(|(log, _)| *log).collect::<Vec<_>>() {
            if let Some(replica) = self.partitions.get(&log) {
                let high_watermark = replica.log().high_watermark();
                self.take_turn(context, log, changes, out, |shard, turn| {
                    shard.settle(high_watermark, turn);
                });
            }
        }
    }

    /// The metadata has changed: this broker coordinates the groups in whatever partitions it leads now.
    pub(super) fn coordinate(&mut self, context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        let Some((topic, _)) = self.metadata.image().topic_by_name(&GROUP_METADATA_TOPIC.into()) else {
            return;
        };
        let replicas = self.partitions.iter().filter(|(log, _)| log.topic == topic);
        let led = replicas.filter(|(_, replica)| replica.leader().is_some());
        let led: BTreeMap<_, _> = led.map(|(log, replica)| (*log, replica.leader_epoch())).collect();
        let lost = self.groups.shards.keys().filter(|log| !led.contains_key(log));
        for log in lost.copied().collect::<Vec<_>>() {
            self.resign(context, log, out);
        }
        for (log, epoch) in led {
            match self.groups.shards.get_mut(&log) {
                Some(shard) => shard.epoch = epoch,
                None => {
                    self.groups.shards.insert(log, Shard::loading(epoch));
                    let (partition, timer) = (log.partition, GroupTimer::Load);
                    out.set_timer(Timer::Group { partition, timer }, LOADING);
                }
            }
        }
    }

    fn resign(&mut self, context: &Context<'_, BrokerConfig>, log: TopicPartition, out: &mut Outbox) {
        if let Some(shard) = self.groups.shards.remove(&log) {
            out.note(Note::GroupsUnloaded {
                log,
                epoch: shard.epoch,
            });
            shard.unload(&mut Turn::new(context, log, out));
        }
    }

    /// A timer of the groups in a partition fired.
    pub(super) fn on_group_timer(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        partition: i32,
        timer: GroupTimer,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let Some(log) = self.groups.log(partition) else { return };
        let Some(replica) = self.partitions.get(&log) else {
            return;
        };
        // Batches are shared: this copies nothing but references, and only for whoever begins.
        let batches = match timer {
            GroupTimer::Load => replica.log().batches().to_vec(),
            GroupTimer::Session { .. }
            | GroupTimer::InitialDelay { .. }
            | GroupTimer::Join { .. }
            | GroupTimer::Sync { .. }
            | GroupTimer::Write { .. }
            | GroupTimer::Expiration => Vec::new(),
        };
        let high_watermark = replica.log().high_watermark();
        self.take_turn(context, log, changes, out, |shard, turn| match timer {
            GroupTimer::Load => shard.load(&batches, high_watermark, turn),
            GroupTimer::Write { number } => shard.on_write_late(number, turn),
            GroupTimer::Expiration => shard.expire(turn),
            GroupTimer::Session { group, member } => {
                shard.with(group, |group| group.on_session_over(member, turn));
            }
            GroupTimer::Join { group } => shard.with(group, |group| group.complete_joining(turn)),
            GroupTimer::InitialDelay { group } => shard.with(group, |group| group.on_initial_delay_over(turn)),
            GroupTimer::Sync { group } => shard.with(group, |group| group.on_syncs_late(turn)),
        });
    }
}

/// The partition of `__consumer_offsets` that a group lives in.
fn home(image: &MetadataImage, group: &GroupId) -> Option<TopicPartition> {
    let (topic, registered) = image.topic_by_name(&GROUP_METADATA_TOPIC.into())?;
    let count = i32::try_from(registered.partitions.len()).ok()?;
    Some(TopicPartition {
        topic,
        partition: partition_for(group, count),
    })
}

/// Who coordinates a group: the leader of its partition, if it can be reached.
fn coordinator(image: &MetadataImage, group: &GroupId) -> Option<NodeId> {
    let leader = image.partition(home(image, group)?)?.leader?;
    let is_alive = image.brokers.get(&leader).is_some_and(|broker| !broker.fenced);
    is_alive.then_some(leader)
}
