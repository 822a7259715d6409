//! JoinGroup: who wants to be a member, and who takes part in the next generation.

use super::state::{Group, Joining, Member, State};
use super::turn::{Then, Turn};
use crate::config::BrokerConfig;
use crate::controller::refusal::groups::not_joined;
use crate::error::ErrorCode;
use crate::ids::{InstanceId, MemberId};
use crate::machine::ConnectionId;
use crate::message::{JoinGroupRequest, JoinGroupResponse};

impl Group {
    /// Whoever has no id yet and is given this one. A dynamic member has to join again with it (KIP-394), so that one which gives up before it hears of
    /// its id is not waited for in a rebalance.
    pub(super) fn join_as(
        &mut self,
        id: MemberId,
        connection: ConnectionId,
        request: &JoinGroupRequest,
        turn: &mut Turn<'_>,
    ) {
        if !self.supports(&request.protocol_type, &request.protocols) {
            let nobody = "".into();
            return turn.respond(
                connection,
                not_joined(&nobody, ErrorCode::InconsistentGroupProtocol).into(),
            );
        }
        match &request.group_instance_id {
            Some(instance_id) => match self.static_member(instance_id).cloned() {
                Some(known) => self.replace(&known, id, instance_id, connection, request, turn),
                None => self.add_member(id, connection, request, turn),
            },
            None => {
                let number = self.free_number();
                let timeout_ms = u64::try_from(request.session_timeout_ms).unwrap_or(0);
                turn.arm(self.session_timer(number), timeout_ms);
                turn.respond(connection, not_joined(&id, ErrorCode::MemberIdRequired).into());
                self.pending.insert(id, number);
            }
        }
    }

    /// Whoever has an id.
    pub(super) fn join(&mut self, connection: ConnectionId, request: &JoinGroupRequest, turn: &mut Turn<'_>) {
        let id = &request.member_id;
        if !self.supports(&request.protocol_type, &request.protocols) {
            let refused = not_joined(id, ErrorCode::InconsistentGroupProtocol);
            return turn.respond(connection, refused.into());
        }
        if self.pending.contains_key(id) && request.group_instance_id.is_none() {
            return self.add_member(id.clone(), connection, request, turn);
        }
        if let Err(error) = self.check_member(id, request.group_instance_id.as_ref()) {
            return turn.respond(connection, not_joined(id, error).into());
        }
        let changes = self.members[id].protocols != request.protocols;
        let is_leader = self.leader.as_ref() == Some(id);
        match self.state {
            State::PreparingRebalance(_) => self.rejoin(connection, request, turn),
            State::CompletingRebalance if changes => self.rejoin(connection, request, turn),
            // It has not heard that it is in this generation already.
            State::CompletingRebalance => turn.respond(connection, self.joined(id, is_leader).into()),
            // A leader rejoins because it wants the partitions handed out anew.
            State::Stable if is_leader || changes => self.rejoin(connection, request, turn),
            State::Stable => turn.respond(connection, self.joined(id, false).into()),
            State::Empty => turn.respond(connection, not_joined(id, ErrorCode::UnknownMemberId).into()),
        }
    }

    fn rejoin(&mut self, connection: ConnectionId, request: &JoinGroupRequest, turn: &mut Turn<'_>) {
        if let Some(member) = self.members.get_mut(&request.member_id) {
            member.update(request);
            member.joining = Some(connection);
        }
        self.rebalance_or_complete(turn);
    }

    /// A new member, which need not be heard from while it waits for the others, but not for ever: nobody knows whether it will come back.
    fn add_member(&mut self, id: MemberId, connection: ConnectionId, request: &JoinGroupRequest, turn: &mut Turn<'_>) {
        let number = self.number_of(&id).unwrap_or_else(|| self.free_number());
        let mut member = Member::new(number, request);
        member.joining = Some(connection);
        if let State::PreparingRebalance(Joining::Initially { extended, .. }) = &mut self.state {
            *extended = true;
        }
        self.add(id, &request.protocol_type, member);
        turn.arm(
            self.session_timer(number),
            BrokerConfig::GROUP_NEW_MEMBER_JOIN_TIMEOUT_MS,
        );
        self.rebalance_or_complete(turn);
    }

    /// A static member is there that has this name already: the new one takes its place, and the old one is fenced.
    fn replace(
        &mut self,
        known: &MemberId,
        id: MemberId,
        instance_id: &InstanceId,
        connection: ConnectionId,
        request: &JoinGroupRequest,
        turn: &mut Turn<'_>,
    ) {
        let led = self.leader.as_ref() == Some(known);
        self.answer_join(known, not_joined(known, ErrorCode::FencedInstanceId), turn);
        self.answer_sync(known, ErrorCode::FencedInstanceId, turn);
        let old = self
            .members
            .remove(known)
            .expect("a static member's name stands for a member");
        if self.unsynced.remove(known) {
            self.unsynced.insert(id.clone());
        }
        let mut member = Member {
            instance_id: Some(instance_id.clone()),
            is_new: false,
            ..old
        };
        member.update(request);
        member.joining = Some(connection);
        self.members.insert(id.clone(), member);
        if led {
            self.leader = Some(id.clone());
        }
        self.expect_heartbeat(&id, turn);
        match self.state {
            // What it supports may change what the group uses; otherwise it simply goes on with the partitions that it had.
            State::Stable if self.select_protocol() == self.protocol_name => {
                let assignment = |id: &MemberId| self.members[id].assignment.clone();
                let welcome = Then::Welcome {
                    group: self.id.clone(),
                    member: id,
                };
                turn.write([self.record(assignment)], welcome);
                turn.tell(self);
            }
            State::Stable | State::CompletingRebalance => self.prepare(turn),
            State::PreparingRebalance(_) => self.maybe_complete_joining(turn),
            State::Empty => panic!("an empty group has no static member"),
        }
    }

    /// It is written that a static member has come back. A leader need not assign anything anew (KIP-814).
    pub(super) fn welcome(&mut self, id: &MemberId, turn: &mut Turn<'_>) {
        let is_leader = self.leader.as_ref() == Some(id);
        let response = JoinGroupResponse {
            skip_assignment: is_leader,
            ..self.joined(id, is_leader)
        };
        self.answer_join(id, response, turn);
    }

    /// Whether one more may join (`group.max.size`).
    pub(super) fn has_room_for(&self, id: &MemberId, at_most: usize) -> bool {
        match self.state {
            State::Empty => true,
            State::PreparingRebalance(_) => {
                let waiting = self.members.values().filter(|member| member.joining.is_some()).count();
                let waits = self.members.get(id).is_some_and(|member| member.joining.is_some());
                waits || waiting < at_most
            }
            State::CompletingRebalance | State::Stable => self.members.contains_key(id) || self.members.len() < at_most,
        }
    }
}
