//! How a group goes from one generation to the next.
//!
//! A rebalance has two phases. While a group prepares it, every member has to join again, or is dropped when the longest of their rebalance timeouts is
//! over. While a group completes it, the leader hands out the partitions, and whoever does not ask for its own in time is dropped, too.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::state::{Group, Joining, State};
use super::turn::{Then, Turn};
use crate::controller::refusal::groups::{not_joined, not_synced};
use crate::error::ErrorCode;
use crate::group::{GroupMember, GroupMetadata, GroupRecord, subscribed_topics};
use crate::ids::MemberId;
use crate::message::{JoinGroupResponse, JoinedMember, SyncGroupResponse};
use crate::timer::GroupTimer;

impl Group {
    /// Somebody came, went or changed: a rebalance begins, or the one under way may get further.
    pub(super) fn rebalance_or_complete(&mut self, turn: &mut Turn<'_>) {
        match self.state {
            State::Empty | State::CompletingRebalance | State::Stable => self.prepare(turn),
            State::PreparingRebalance(_) => self.maybe_complete_joining(turn),
        }
    }

    /// Begins a rebalance.
    pub(super) fn prepare(&mut self, turn: &mut Turn<'_>) {
        if self.state == State::CompletingRebalance {
            self.hand_out_nothing(ErrorCode::RebalanceInProgress, turn);
        }
        self.stop_waiting_for_syncs(turn);
        let was_empty = self.state == State::Empty;
        let delay_ms = turn.config.group_initial_rebalance_delay_ms;
        let joining = if was_empty {
            Joining::Initially {
                remaining_ms: self.rebalance_timeout_ms().saturating_sub(delay_ms),
                extended: false,
            }
        } else {
            Joining::Again
        };
        self.enter(State::PreparingRebalance(joining), turn.now);
        turn.tell(self);
        if was_empty {
            turn.arm(self.initial_delay(), delay_ms);
        } else if self.has_all_joined() {
            self.complete_joining(turn);
        } else {
            turn.arm(self.join_timer(), self.rebalance_timeout_ms());
        }
    }

    /// Whoever is waited for may have come. A group that was empty waits for its delay, whoever comes.
    pub(super) fn maybe_complete_joining(&mut self, turn: &mut Turn<'_>) {
        if self.state == State::PreparingRebalance(Joining::Again) && self.has_all_joined() {
            self.complete_joining(turn);
        }
    }

    /// [`GroupTimer::InitialDelay`]: it begins again if somebody has come meanwhile, as long as the rebalance timeout allows.
    pub(super) fn on_initial_delay_over(&mut self, turn: &mut Turn<'_>) {
        let State::PreparingRebalance(Joining::Initially { remaining_ms, extended }) = self.state else {
            return;
        };
        if !extended || remaining_ms == 0 {
            self.complete_joining(turn);
            return;
        }
        let delay_ms = turn.config.group_initial_rebalance_delay_ms;
        let next_ms = delay_ms.min(remaining_ms);
        self.state = State::PreparingRebalance(Joining::Initially {
            remaining_ms: remaining_ms.saturating_sub(delay_ms),
            extended: false,
        });
        turn.arm(self.initial_delay(), next_ms);
    }

    /// Everybody has joined, or those who have not have had their time: the next generation begins. Static members may be late.
    pub(super) fn complete_joining(&mut self, turn: &mut Turn<'_>) {
        turn.cancel(self.join_timer());
        turn.cancel(self.initial_delay());
        let is_late = |member: &super::state::Member| member.joining.is_none() && member.instance_id.is_none();
        let late = self.members.iter().filter(|(_, member)| is_late(member));
        for id in late.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.drop_member(&id, turn);
        }
        if !self.elect_joined_leader() && !self.members.is_empty() {
            // Nobody is there who could lead: static members are waited for again.
            turn.arm(self.join_timer(), self.rebalance_timeout_ms());
            self.state = State::PreparingRebalance(Joining::Again);
            return;
        }
        self.generation = self.generation.next();
        self.unsynced.clear();
        self.protocol_name = self.select_protocol();
        self.topics = self.subscribed_topics();
        if self.members.is_empty() {
            self.enter(State::Empty, turn.now);
            turn.write([self.record(|_| Bytes::new())], Then::Nothing);
        } else {
            self.enter(State::CompletingRebalance, turn.now);
            self.answer_joins(turn);
            turn.arm(self.sync_timer(), self.rebalance_timeout_ms());
        }
        turn.tell(self);
    }

    fn answer_joins(&mut self, turn: &mut Turn<'_>) {
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            let response = self.joined(&id, self.leader.as_ref() == Some(&id));
            self.answer_join(&id, response, turn);
            self.expect_heartbeat(&id, turn);
            if let Some(member) = self.members.get_mut(&id) {
                member.is_new = false;
            }
            self.unsynced.insert(id);
        }
    }

    /// What a member is told of its generation.
    pub(super) fn joined(&self, id: &MemberId, with_members: bool) -> JoinGroupResponse {
        let protocol = self.protocol_name.as_deref().unwrap_or_default();
        let members = self.members.iter().filter(|_| with_members);
        let members = members.map(|(id, member)| JoinedMember {
            member_id: id.clone(),
            group_instance_id: member.instance_id.clone(),
            metadata: member.metadata(protocol),
        });
        JoinGroupResponse {
            error_code: ErrorCode::None,
            generation_id: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol_name.clone(),
            leader: self.leader.clone().unwrap_or_else(|| "".into()),
            skip_assignment: false,
            member_id: id.clone(),
            members: members.collect(),
        }
    }

    /// Answers a JoinGroup that waits.
    pub(super) fn answer_join(&mut self, id: &MemberId, response: JoinGroupResponse, turn: &mut Turn<'_>) {
        let waiting = self.members.get_mut(id).and_then(|member| member.joining.take());
        if let Some(connection) = waiting {
            turn.respond(connection, response.into());
        }
    }

    /// [`GroupTimer::Sync`]: whoever has not asked for its partitions is dropped (KAFKA-12890).
    pub(super) fn on_syncs_late(&mut self, turn: &mut Turn<'_>) {
        if matches!(self.state, State::Empty | State::PreparingRebalance(_)) || self.unsynced.is_empty() {
            return;
        }
        for id in self.unsynced.clone() {
            self.drop_member(&id, turn);
        }
        self.prepare(turn);
    }

    fn stop_waiting_for_syncs(&mut self, turn: &mut Turn<'_>) {
        self.unsynced.clear();
        turn.cancel(self.sync_timer());
    }

    /// A member has asked for its partitions.
    pub(super) fn has_synced(&mut self, id: &MemberId, turn: &mut Turn<'_>) {
        self.unsynced.remove(id);
        if self.unsynced.is_empty() {
            turn.cancel(self.sync_timer());
        }
    }

    /// The assignment is written: the group is stable, and whoever waits gets its partitions.
    pub(super) fn hand_out(&mut self, assignments: &[(MemberId, Bytes)], turn: &mut Turn<'_>) {
        for (id, member) in &mut self.members {
            let assigned = assignments.iter().find(|(assigned, _)| assigned == id);
            member.assignment = assigned.map_or_else(Bytes::new, |(_, assignment)| assignment.clone());
        }
        self.answer_syncs(ErrorCode::None, turn);
        self.enter(State::Stable, turn.now);
        turn.tell(self);
    }

    /// Nobody gets anything of this generation.
    pub(super) fn hand_out_nothing(&mut self, error: ErrorCode, turn: &mut Turn<'_>) {
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
        }
        self.answer_syncs(error, turn);
    }

    fn answer_syncs(&mut self, error: ErrorCode, turn: &mut Turn<'_>) {
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            let is_answered = self.answer_sync(&id, error, turn);
            if is_answered {
                self.expect_heartbeat(&id, turn);
            }
        }
    }

    /// Answers a SyncGroup that waits; whether there was one.
    pub(super) fn answer_sync(&mut self, id: &MemberId, error: ErrorCode, turn: &mut Turn<'_>) -> bool {
        let response = self.synced(id, error);
        let waiting = self.members.get_mut(id).and_then(|member| member.syncing.take());
        if let Some(connection) = waiting {
            turn.respond(connection, response.into());
        }
        waiting.is_some()
    }

    /// What a member is told of its partitions.
    pub(super) fn synced(&self, id: &MemberId, error_code: ErrorCode) -> SyncGroupResponse {
        let told = |name: &Option<String>| name.clone().filter(|_| error_code == ErrorCode::None);
        SyncGroupResponse {
            error_code,
            protocol_type: told(&self.protocol_type),
            protocol_name: told(&self.protocol_name),
            assignment: self
                .members
                .get(id)
                .map_or_else(Bytes::new, |member| member.assignment.clone()),
        }
    }

    /// A member is not one any more. Whoever waits for its answers is told so.
    pub(super) fn drop_member(&mut self, id: &MemberId, turn: &mut Turn<'_>) {
        self.answer_join(id, not_joined(&"".into(), ErrorCode::UnknownMemberId), turn);
        if let Some(number) = self.number_of(id) {
            turn.cancel(self.session_timer(number));
        }
        if let Some(connection) = self.remove(id).and_then(|member| member.syncing) {
            turn.respond(connection, not_synced(ErrorCode::UnknownMemberId).into());
        }
    }

    /// Gives a member its session timeout, from now.
    pub(super) fn expect_heartbeat(&self, id: &MemberId, turn: &mut Turn<'_>) {
        if let Some(member) = self.members.get(id) {
            let timeout_ms = u64::try_from(member.session_timeout_ms).unwrap_or(0);
            turn.arm(self.session_timer(member.number), timeout_ms);
        }
    }

    /// What its log says of it, with what each member gets.
    pub(super) fn record(&self, assignment: impl Fn(&MemberId) -> Bytes) -> GroupRecord {
        let protocol = self.protocol_name.as_deref().unwrap_or_default();
        let members = self.members.iter().map(|(id, member)| GroupMember {
            member_id: id.clone(),
            group_instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: String::new(),
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            session_timeout_ms: member.session_timeout_ms,
            subscription: member.metadata(protocol),
            assignment: assignment(id),
        });
        GroupRecord::GroupMetadata {
            group: self.id.clone(),
            value: Some(GroupMetadata {
                protocol_type: self.protocol_type.clone().unwrap_or_default(),
                generation: self.generation,
                protocol: self.protocol_name.clone(),
                leader: self.leader.clone(),
                current_state_timestamp: self.since,
                members: members.collect(),
            }),
        }
    }

    pub(super) fn subscribed_topics(&self) -> Option<alloc::collections::BTreeSet<crate::ids::TopicName>> {
        if !self.is_of_consumers() {
            return None;
        }
        let protocol = self.protocol_name.as_deref().unwrap_or_default();
        let topics = self
            .members
            .values()
            .map(|member| subscribed_topics(&member.metadata(protocol)));
        let topics: Option<Vec<_>> = topics.collect();
        Some(topics?.into_iter().flatten().collect())
    }

    /// The number that names a member, or who is about to become one, in timers.
    pub(super) fn number_of(&self, id: &MemberId) -> Option<u32> {
        let member = self.members.get(id).map(|member| member.number);
        member.or_else(|| self.pending.get(id).copied())
    }

    pub(super) const fn session_timer(&self, member: u32) -> GroupTimer {
        GroupTimer::Session {
            group: self.number,
            member,
        }
    }

    const fn join_timer(&self) -> GroupTimer {
        GroupTimer::Join { group: self.number }
    }

    const fn initial_delay(&self) -> GroupTimer {
        GroupTimer::InitialDelay { group: self.number }
    }

    const fn sync_timer(&self) -> GroupTimer {
        GroupTimer::Sync { group: self.number }
    }

    /// Nothing of it is waited for any more.
    pub(super) fn stop_timers(&self, turn: &mut Turn<'_>) {
        for timer in [self.join_timer(), self.initial_delay(), self.sync_timer()] {
            turn.cancel(timer);
        }
        let members = self.members.values().map(|member| member.number);
        for number in members.chain(self.pending.values().copied()) {
            turn.cancel(self.session_timer(number));
        }
    }
}
