//! What is asked of the coordinator of one group.

use alloc::vec::Vec;

use bytes::Bytes;

use super::offsets;
use super::shard::Shard;
use super::turn::Turn;
use crate::config::BrokerConfig;
use crate::controller::refusal::groups::{not_committed, not_joined, not_synced};
use crate::error::ErrorCode;
use crate::ids::{GroupId, Offset};
use crate::machine::ConnectionId;
use crate::message::{
    CommittedPartition, HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, LeaveGroupRequest, LeaveGroupResponse,
    LeftMember, OffsetCommitRequest, OffsetFetchRequest, OffsetFetchResponse, Response, SyncGroupRequest,
};

/// A request about one group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::broker) enum GroupRequest {
    Join(JoinGroupRequest),
    Sync(SyncGroupRequest),
    Heartbeat(HeartbeatRequest),
    Leave(LeaveGroupRequest),
    /// With what is refused already.
    Commit(OffsetCommitRequest, Vec<CommittedPartition>),
    Fetch(OffsetFetchRequest),
}

impl GroupRequest {
    /// The group.
    pub(super) const fn group(&self) -> &GroupId {
        match self {
            Self::Join(request) => &request.group_id,
            Self::Sync(request) => &request.group_id,
            Self::Heartbeat(request) => &request.group_id,
            Self::Leave(request) => &request.group_id,
            Self::Commit(request, _) => &request.group_id,
            Self::Fetch(request) => &request.group_id,
        }
    }

    /// What is wrong with it whoever coordinates the group.
    pub(super) fn check(&self, config: &BrokerConfig) -> Result<(), ErrorCode> {
        if self.group().is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let Self::Join(request) = self else { return Ok(()) };
        let allowed = config.group_min_session_timeout_ms..=config.group_max_session_timeout_ms;
        if allowed.contains(&request.session_timeout_ms) {
            Ok(())
        } else {
            Err(ErrorCode::InvalidSessionTimeout)
        }
    }

    /// What is answered if it cannot be carried out.
    pub(super) fn refusal(&self, error_code: ErrorCode) -> Response {
        match self {
            // Who does not coordinate the group has not looked at who asks.
            Self::Join(_) if is_about_coordinators(error_code) => not_joined(&"".into(), error_code).into(),
            Self::Join(request) => not_joined(&request.member_id, error_code).into(),
            Self::Sync(_) => not_synced(error_code).into(),
            // A coordinator that has yet to read its log will know the member soon enough.
            Self::Heartbeat(_) if error_code == ErrorCode::CoordinatorLoadInProgress => HeartbeatResponse {
                error_code: ErrorCode::None,
            }
            .into(),
            Self::Heartbeat(_) => HeartbeatResponse { error_code }.into(),
            Self::Leave(_) => LeaveGroupResponse {
                error_code,
                members: [].into(),
            }
            .into(),
            Self::Commit(request, refused) => {
                let mut response = not_committed(request, error_code);
                response.partitions.splice(..0, refused.iter().cloned());
                response.into()
            }
            Self::Fetch(_) => OffsetFetchResponse {
                error_code,
                partitions: [].into(),
            }
            .into(),
        }
    }
}

impl Shard {
    /// Carries out a request about a group that is coordinated here.
    pub(super) fn handle(&mut self, connection: ConnectionId, request: &GroupRequest, turn: &mut Turn<'_>) {
        match request {
            GroupRequest::Fetch(fetch) => return self.fetch_offsets(connection, fetch, turn),
            // Whoever is in no group may make one by committing.
            GroupRequest::Commit(commit, _) if commit.generation_id.0 < 0 => {
                self.group(&commit.group_id, Some(turn.now));
            }
            GroupRequest::Join(_)
            | GroupRequest::Sync(_)
            | GroupRequest::Heartbeat(_)
            | GroupRequest::Leave(_)
            | GroupRequest::Commit(..) => {}
        }
        let Some(group) = self.groups.get_mut(request.group()) else {
            return turn.respond(connection, no_such_group(request));
        };
        match request {
            GroupRequest::Join(join) if group.has_room_for(&join.member_id, turn.config.group_max_size) => {
                group.join(connection, join, turn);
            }
            GroupRequest::Join(join) => {
                group.drop_member(&join.member_id, turn);
                turn.respond(connection, request.refusal(ErrorCode::GroupMaxSizeReached));
            }
            GroupRequest::Sync(sync) => group.sync(connection, sync, turn),
            GroupRequest::Heartbeat(heartbeat) => group.heartbeat(connection, heartbeat, turn),
            GroupRequest::Leave(leave) => group.leave(connection, leave, turn),
            GroupRequest::Commit(commit, refused) => group.commit(connection, commit, refused, turn),
            GroupRequest::Fetch(_) => {}
        }
    }

    /// Whoever has been given this id joins with it, if it is a static member, or is told to.
    pub(super) fn join_as(
        &mut self,
        id: crate::ids::MemberId,
        connection: ConnectionId,
        request: &JoinGroupRequest,
        turn: &mut Turn<'_>,
    ) {
        let is_new = !self.groups.contains_key(&request.group_id);
        let group = self.group(&request.group_id, Some(turn.now));
        let nobody = "".into();
        if !group.has_room_for(&nobody, turn.config.group_max_size) {
            return turn.respond(connection, not_joined(&nobody, ErrorCode::GroupMaxSizeReached).into());
        }
        let written = turn.writes.len();
        group.join_as(id, connection, request, turn);
        if is_new && turn.writes.len() == written {
            // That there is such a group is written, though nobody is in it.
            turn.write([group.record(|_| Bytes::new())], super::turn::Then::Nothing);
        }
    }

    fn fetch_offsets(&self, connection: ConnectionId, request: &OffsetFetchRequest, turn: &mut Turn<'_>) {
        let group = self.groups.get(&request.group_id);
        if request.require_stable {
            turn.respond_when_stable(connection, offsets::fetch(group, request, Offset(i64::MAX)));
        } else {
            turn.respond(connection, offsets::fetch(group, request, self.committed_end).into());
        }
    }
}

const fn is_about_coordinators(error: ErrorCode) -> bool {
    matches!(error, ErrorCode::NotCoordinator | ErrorCode::CoordinatorLoadInProgress)
}

fn no_such_group(request: &GroupRequest) -> Response {
    match request {
        GroupRequest::Leave(leave) => {
            let members = leave.members.iter().map(|member| LeftMember {
                member_id: member.member_id.clone(),
                group_instance_id: member.group_instance_id.clone(),
                error_code: ErrorCode::UnknownMemberId,
            });
            LeaveGroupResponse {
                error_code: ErrorCode::None,
                members: members.collect(),
            }
            .into()
        }
        GroupRequest::Commit(..) => request.refusal(ErrorCode::GroupIdNotFound),
        GroupRequest::Join(_) | GroupRequest::Sync(_) | GroupRequest::Heartbeat(_) | GroupRequest::Fetch(_) => {
            request.refusal(ErrorCode::UnknownMemberId)
        }
    }
}
