//! The groups in one partition of `__consumer_offsets`, while this broker leads it (Kafka's `CoordinatorRuntime`).
//!
//! The log is the truth. Whoever begins to lead replays it; what is written from then on counts at once for whoever writes next, and is answered once
//! the high watermark has passed it. Whoever leads no longer forgets everything.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use bytes::Bytes;

use super::state::{Group, Member, State};
use super::turn::{Then, Turn};
use crate::controller::refusal::groups::{not_joined, not_synced};
use crate::error::ErrorCode;
use crate::group::{GroupMetadata, GroupRecord};
use crate::ids::{GroupId, LeaderEpoch, Offset, Timestamp};
use crate::machine::ConnectionId;
use crate::message::GroupProtocol;
use crate::note::Note;
use crate::record::Batch;
use crate::rules::{ReadCommit, Rules};
use crate::timer::GroupTimer;

/// One partition of `__consumer_offsets` that this broker leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shard {
    pub(super) epoch: LeaderEpoch,
    pub(super) is_loading: bool,
    pub(super) groups: BTreeMap<GroupId, Group>,
    /// The high watermark, as far as it has been heard of.
    pub(super) committed_end: Offset,
    /// What happens once something is committed, oldest first.
    deferred: VecDeque<Deferred>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Deferred {
    /// The high watermark that it waits for.
    required: Offset,
    then: Then,
    /// Names its timer: the smallest number that is free.
    number: u32,
}

impl Shard {
    /// Has yet to read its log.
    pub(super) const fn loading(epoch: LeaderEpoch) -> Self {
        Self {
            epoch,
            is_loading: true,
            groups: BTreeMap::new(),
            committed_end: Offset::ZERO,
            deferred: VecDeque::new(),
        }
    }

    /// A group, which is there from now on.
    pub(super) fn group(&mut self, id: &GroupId, now: Option<Timestamp>) -> &mut Group {
        let is_taken = |number: &u32| self.groups.values().any(|group| group.number == *number);
        let number = (0..).find(|number| !is_taken(number)).expect("there is a free number");
        self.groups
            .entry(id.clone())
            .or_insert_with(|| Group::new(id.clone(), number, now))
    }

    /// Does something to the group that timers call by this number.
    pub(super) fn with(&mut self, number: u32, work: impl FnOnce(&mut Group)) {
        if let Some(group) = self.groups.values_mut().find(|group| group.number == number) {
            work(group);
        }
    }

    /// [`GroupTimer::Load`]: the log is read. Whoever was a member has its time to be heard from.
    pub(super) fn load(&mut self, batches: &[Batch], high_watermark: Offset, turn: &mut Turn<'_>) {
        self.is_loading = false;
        self.replay_log(batches, turn.rules);
        self.settle(high_watermark, turn);
        turn.arm(GroupTimer::Expiration, turn.config.offsets_retention_check_interval_ms);
        turn.out.note(Note::GroupsLoaded {
            log: turn.log,
            epoch: self.epoch,
        });
        for group in self.groups.values() {
            for id in group.members.keys() {
                group.expect_heartbeat(id, turn);
            }
        }
    }

    fn replay_log(&mut self, batches: &[Batch], rules: &Rules) {
        for batch in batches.iter().filter(|batch| !batch.is_control()) {
            for record in batch.records().unwrap_or_default() {
                let Some(key) = record.key else { continue };
                // What cannot be read is skipped, as in Kafka.
                if let Ok(read) = GroupRecord::decode(&key, record.value.as_ref())
                    && self.takes(&read, rules)
                {
                    self.replay(&read, record.offset, true);
                }
            }
        }
    }

    /// Whether what it has read of a log so far gives way to the next record.
    fn takes(&self, record: &GroupRecord, rules: &Rules) -> bool {
        match record {
            GroupRecord::GroupMetadata { .. } => true,
            GroupRecord::OffsetCommit {
                group,
                topic,
                partition,
                value,
            } => (rules.supersedes_commit)(&ReadCommit {
                had_another: self
                    .groups
                    .get(group)
                    .is_some_and(|group| group.offsets.knows(topic, *partition)),
                is_deletion: value.is_none(),
            }),
        }
    }

    /// Replays a record. What a group has written of its own members it knows already.
    pub(super) fn replay(&mut self, record: &GroupRecord, at: Offset, is_loaded: bool) {
        match record {
            GroupRecord::OffsetCommit {
                group,
                topic,
                partition,
                value,
            } => {
                if value.is_some() || self.groups.contains_key(group) {
                    let group = self.group(group, None);
                    group.offsets.replay(topic, *partition, value.clone(), at);
                }
            }
            GroupRecord::GroupMetadata { group, value: None } => {
                self.groups.remove(group);
            }
            GroupRecord::GroupMetadata {
                group,
                value: Some(value),
            } if is_loaded => self.group(group, None).load(value),
            GroupRecord::GroupMetadata { .. } => {}
        }
    }

    /// Everything before this offset of the log is committed.
    pub(super) fn settle(&mut self, high_watermark: Offset, turn: &mut Turn<'_>) {
        while self
            .deferred
            .front()
            .is_some_and(|first| first.required <= high_watermark)
        {
            if let Some(Deferred { then, number, .. }) = self.deferred.pop_front() {
                turn.cancel(GroupTimer::Write { number });
                self.carry_out(then, turn);
            }
        }
        self.committed_end = high_watermark;
        for group in self.groups.values_mut() {
            group.offsets.settle(high_watermark);
        }
    }

    /// Has something happen once the high watermark has reached an offset; at once, if nothing is waited for.
    pub(super) fn defer(&mut self, required: Option<Offset>, then: Then, turn: &mut Turn<'_>) {
        let awaited = required.or_else(|| self.deferred.back().map(|last| last.required));
        match awaited.filter(|_| (turn.rules.awaits_group_write)()) {
            None => self.carry_out(then, turn),
            Some(required) => {
                let is_taken = |number: &u32| self.deferred.iter().any(|deferred| deferred.number == *number);
                let number = (0..).find(|number| !is_taken(number)).expect("there is a free number");
                if then != Then::Nothing {
                    turn.arm(GroupTimer::Write { number }, turn.config.offsets_commit_timeout_ms);
                }
                self.deferred.push_back(Deferred { required, then, number });
            }
        }
    }

    fn carry_out(&mut self, then: Then, turn: &mut Turn<'_>) {
        match then {
            Then::Nothing => {}
            Then::Answer(connection, answer) => turn.respond(connection, answer.into()),
            Then::HandOut {
                group,
                generation,
                assignments,
            } => {
                if let Some(group) = self.groups.get_mut(&group)
                    && (group.state, group.generation) == (State::CompletingRebalance, generation)
                {
                    group.hand_out(&assignments, turn);
                }
            }
            Then::Welcome { group, member } => {
                if let Some(group) = self.groups.get_mut(&group) {
                    group.welcome(&member, turn);
                }
            }
        }
    }

    /// [`GroupTimer::Write`]: it took too long to commit something. It stays written, and may still be.
    pub(super) fn on_write_late(&mut self, number: u32, turn: &mut Turn<'_>) {
        let Some(index) = self.deferred.iter().position(|deferred| deferred.number == number) else {
            return;
        };
        let late = self.deferred.remove(index).expect("it was found").then;
        match late {
            Then::Nothing => {}
            Then::Answer(connection, answer) => {
                turn.respond(connection, answer.failed(ErrorCode::CoordinatorNotAvailable));
            }
            Then::HandOut { group, generation, .. } => {
                if let Some(group) = self.groups.get_mut(&group)
                    && (group.state, group.generation) == (State::CompletingRebalance, generation)
                {
                    group.hand_out_nothing(ErrorCode::CoordinatorNotAvailable, turn);
                    group.prepare(turn);
                }
            }
            Then::Welcome { group, member } => {
                if let Some(group) = self.groups.get_mut(&group) {
                    let nobody = "".into();
                    let response = not_joined(&nobody, ErrorCode::CoordinatorNotAvailable);
                    group.answer_join(&member, response, turn);
                }
            }
        }
    }

    /// This broker leads no longer: whoever waits is told so.
    pub(super) fn unload(mut self, turn: &mut Turn<'_>) {
        turn.cancel(GroupTimer::Load);
        turn.cancel(GroupTimer::Expiration);
        for Deferred { then, number, .. } in self.deferred {
            turn.cancel(GroupTimer::Write { number });
            if let Then::Answer(connection, answer) = then {
                turn.respond(connection, answer.failed(ErrorCode::NotCoordinator));
            }
        }
        for group in self.groups.values_mut() {
            group.stop_timers(turn);
            for (id, member) in &mut group.members {
                if let Some(connection) = member.joining.take() {
                    let response = not_joined(id, ErrorCode::NotCoordinator);
                    turn.respond(connection, response.into());
                }
                if let Some(connection) = member.syncing.take() {
                    turn.respond(connection, not_synced(ErrorCode::NotCoordinator).into());
                }
            }
        }
    }

    /// Nobody will hear the answers to what came over a connection. Whoever waits there to join counts nevertheless.
    pub(super) fn forget(&mut self, ended: ConnectionId) {
        let end = |connection: &mut ConnectionId| {
            if *connection == ended {
                connection.generation = ConnectionId::ENDED;
            }
        };
        for member in self.groups.values_mut().flat_map(|group| group.members.values_mut()) {
            member.joining.iter_mut().for_each(end);
            member.syncing.iter_mut().for_each(end);
        }
        for deferred in &mut self.deferred {
            if let Then::Answer(connection, _) = &mut deferred.then {
                end(connection);
            }
        }
    }
}

impl Group {
    /// Takes what the log says of it, as a coordinator that begins.
    fn load(&mut self, value: &GroupMetadata) {
        let protocol = value.protocol.clone();
        self.members = (0..)
            .zip(&value.members)
            .map(|(number, loaded)| {
                let metadata = GroupProtocol {
                    name: protocol.clone().unwrap_or_default(),
                    metadata: loaded.subscription.clone(),
                };
                let member = Member {
                    number,
                    instance_id: loaded.group_instance_id.clone(),
                    client_id: loaded.client_id.clone(),
                    rebalance_timeout_ms: loaded.rebalance_timeout_ms,
                    session_timeout_ms: loaded.session_timeout_ms,
                    protocols: Vec::from([metadata]),
                    assignment: loaded.assignment.clone(),
                    joining: None,
                    syncing: None,
                    is_new: false,
                };
                (loaded.member_id.clone(), member)
            })
            .collect();
        self.state = if self.members.is_empty() {
            State::Empty
        } else {
            State::Stable
        };
        self.generation = value.generation;
        self.protocol_type = Some(value.protocol_type.clone()).filter(|kind| !kind.is_empty());
        self.protocol_name = protocol;
        self.leader.clone_from(&value.leader);
        self.since = value.current_state_timestamp;
        self.topics = self.subscribed_topics();
    }
}

/// The records of a batch, encoded.
pub(super) fn encoded(records: &[GroupRecord]) -> Vec<(Bytes, Option<Bytes>)> {
    records.iter().map(GroupRecord::encode).collect()
}
