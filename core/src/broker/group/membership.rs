//! SyncGroup, Heartbeat and LeaveGroup: members ask for their partitions, are alive, and go.

use alloc::vec::Vec;

use bytes::Bytes;

use super::state::{Group, State};
use super::turn::{Then, Turn};
use crate::controller::refusal::groups::not_synced;
use crate::error::ErrorCode;
use crate::ids::MemberId;
use crate::machine::ConnectionId;
use crate::message::{
    HeartbeatRequest, HeartbeatResponse, LeaveGroupRequest, LeaveGroupResponse, LeftMember, MemberIdentity,
    SyncGroupRequest,
};

impl Group {
    /// A member asks for its partitions; the leader hands them out.
    pub(super) fn sync(&mut self, connection: ConnectionId, request: &SyncGroupRequest, turn: &mut Turn<'_>) {
        if let Err(error) = self.check_sync(request) {
            return turn.respond(connection, not_synced(error).into());
        }
        let id = &request.member_id;
        match self.state {
            State::Empty => panic!("an empty group has no members"),
            State::PreparingRebalance(_) => {
                let refused = not_synced(ErrorCode::RebalanceInProgress);
                turn.respond(connection, refused.into());
            }
            State::CompletingRebalance => {
                if let Some(member) = self.members.get_mut(id) {
                    member.syncing = Some(connection);
                }
                self.has_synced(id, turn);
                if self.leader.as_ref() == Some(id) {
                    self.write_assignment(request, turn);
                }
            }
            State::Stable => {
                self.has_synced(id, turn);
                turn.respond(connection, self.synced(id, ErrorCode::None).into());
            }
        }
    }

    /// Who gets what is written before anybody is told.
    fn write_assignment(&self, request: &SyncGroupRequest, turn: &mut Turn<'_>) {
        let assignment = |id: &MemberId| {
            let mut assigned = request.assignments.iter().filter(|assigned| assigned.member_id == *id);
            assigned
                .next_back()
                .map_or_else(Bytes::new, |assigned| assigned.assignment.clone())
        };
        let assignments = self.members.keys().map(|id| (id.clone(), assignment(id)));
        let hand_out = Then::HandOut {
            group: self.id.clone(),
            generation: self.generation,
            assignments: assignments.collect(),
        };
        turn.write([self.record(assignment)], hand_out);
    }

    fn check_sync(&self, request: &SyncGroupRequest) -> Result<(), ErrorCode> {
        self.check_member(&request.member_id, request.group_instance_id.as_ref())?;
        if request.generation_id != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        let contradicts = |asked: &Option<_>, known: &Option<_>| asked.is_some() && known.is_some() && asked != known;
        if contradicts(&request.protocol_type, &self.protocol_type)
            || contradicts(&request.protocol_name, &self.protocol_name)
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        Ok(())
    }

    /// A member is alive, and learns whether it has to join again.
    pub(super) fn heartbeat(&mut self, connection: ConnectionId, request: &HeartbeatRequest, turn: &mut Turn<'_>) {
        if let Err(error_code) = self.check_heartbeat(request) {
            return turn.respond(connection, HeartbeatResponse { error_code }.into());
        }
        self.expect_heartbeat(&request.member_id, turn);
        let error_code = match self.state {
            State::Empty => ErrorCode::UnknownMemberId,
            State::PreparingRebalance(_) => ErrorCode::RebalanceInProgress,
            State::CompletingRebalance | State::Stable => ErrorCode::None,
        };
        turn.respond_when_stable(connection, HeartbeatResponse { error_code });
    }

    fn check_heartbeat(&self, request: &HeartbeatRequest) -> Result<(), ErrorCode> {
        self.check_member(&request.member_id, request.group_instance_id.as_ref())?;
        if request.generation_id == self.generation {
            Ok(())
        } else {
            Err(ErrorCode::IllegalGeneration)
        }
    }

    /// [`GroupTimer::Session`](crate::timer::GroupTimer::Session): a member, or who was about to become one, was not heard from for too long.
    pub(super) fn on_session_over(&mut self, number: u32, turn: &mut Turn<'_>) {
        if let Some(id) = self
            .pending
            .iter()
            .find(|(_, pending)| **pending == number)
            .map(|(id, _)| id.clone())
        {
            self.pending.remove(&id);
            self.complete_if_all_joined(turn);
            return;
        }
        let Some((id, member)) = self.members.iter().find(|(_, member)| member.number == number) else {
            return;
        };
        if member.is_excused() {
            return;
        }
        let id = id.clone();
        self.drop_member(&id, turn);
        match self.state {
            State::Stable | State::CompletingRebalance => self.prepare(turn),
            State::PreparingRebalance(_) => self.complete_if_all_joined(turn),
            State::Empty => {}
        }
    }

    /// Members go.
    pub(super) fn leave(&mut self, connection: ConnectionId, request: &LeaveGroupRequest, turn: &mut Turn<'_>) {
        let members: Vec<_> = request.members.iter().map(|member| self.leaves(member, turn)).collect();
        if members.iter().any(|left| left.error_code == ErrorCode::None) {
            match self.state {
                State::Stable | State::CompletingRebalance => self.prepare(turn),
                State::PreparingRebalance(_) => self.maybe_complete_joining(turn),
                State::Empty => {}
            }
        }
        let response = LeaveGroupResponse {
            error_code: ErrorCode::None,
            members,
        };
        turn.respond_when_stable(connection, response);
    }

    fn leaves(&mut self, leaving: &MemberIdentity, turn: &mut Turn<'_>) -> LeftMember {
        let result = self.identify(leaving);
        if let Ok(id) = &result {
            self.drop_member(id, turn);
        }
        LeftMember {
            member_id: leaving.member_id.clone(),
            group_instance_id: leaving.group_instance_id.clone(),
            error_code: result.err().unwrap_or_default(),
        }
    }

    fn identify(&self, leaving: &MemberIdentity) -> Result<MemberId, ErrorCode> {
        let (id, instance_id) = (&leaving.member_id, leaving.group_instance_id.as_ref());
        if id.is_empty() {
            let known = instance_id.and_then(|instance_id| self.static_member(instance_id));
            return known.cloned().ok_or(ErrorCode::UnknownMemberId);
        }
        if !self.pending.contains_key(id) {
            self.check_member(id, instance_id)?;
        }
        Ok(id.clone())
    }

    /// Nobody else is waited for, in a group that was empty not even its delay.
    fn complete_if_all_joined(&mut self, turn: &mut Turn<'_>) {
        if matches!(self.state, State::PreparingRebalance(_)) && self.has_all_joined() {
            self.complete_joining(turn);
        }
    }
}
