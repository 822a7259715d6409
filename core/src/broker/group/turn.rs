//! What a handler of the group coordinator causes, besides changing a group: answers, timers, and records to be written.

use alloc::vec::Vec;

use bytes::Bytes;

use super::state::Group;
use crate::config::BrokerConfig;
use crate::error::ErrorCode;
use crate::group::GroupRecord;
use crate::ids::{GenerationId, GroupId, MemberId, Timestamp, TopicPartition};
use crate::machine::{ConnectionId, Context, Outbox};
use crate::message::{
    DeleteGroupsResponse, HeartbeatResponse, LeaveGroupResponse, OffsetCommitResponse, OffsetFetchResponse, Response,
};
use crate::note::Note;
use crate::rules::Rules;
use crate::timer::{GroupTimer, Timer, Window};

/// One turn of a handler.
pub(super) struct Turn<'a> {
    pub(super) config: &'a BrokerConfig,
    pub(super) rules: &'a Rules,
    pub(super) now: Timestamp,
    /// The partition of `__consumer_offsets` that the group is in.
    pub(super) log: TopicPartition,
    pub(super) out: &'a mut Outbox,
    /// What is to be written, in order.
    pub(super) writes: Vec<Write>,
}

/// Records that belong together, and what happens once they are committed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Write {
    pub(super) records: Vec<GroupRecord>,
    pub(super) then: Then,
}

/// What happens once everything that was written up to here is committed, in the same leadership.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Then {
    Nothing,
    /// The request is answered.
    Answer(ConnectionId, Answer),
    /// The group is stable, and its members get their partitions.
    HandOut {
        group: GroupId,
        generation: GenerationId,
        assignments: Vec<(MemberId, Bytes)>,
    },
    /// A static member has come back in place of its earlier self (KIP-345).
    Welcome {
        group: GroupId,
        member: MemberId,
    },
}

impl<'a> Turn<'a> {
    pub(super) fn new(context: &Context<'a, BrokerConfig>, log: TopicPartition, out: &'a mut Outbox) -> Self {
        Self {
            config: context.config,
            rules: context.rules,
            now: context.wall_clock,
            log,
            out,
            writes: Vec::new(),
        }
    }

    /// Answers at once.
    pub(super) fn respond(&mut self, connection: ConnectionId, response: Response) {
        self.out.respond(connection, response);
    }

    /// Has records written; their own replay changes nothing more.
    pub(super) fn write(&mut self, records: impl Into<Vec<GroupRecord>>, then: Then) {
        let records = records.into();
        self.writes.push(Write { records, then });
    }

    /// Answers once everything is committed that was written before: what the answer says may follow from it.
    pub(super) fn respond_when_stable(&mut self, connection: ConnectionId, answer: impl Into<Answer>) {
        self.write([], Then::Answer(connection, answer.into()));
    }

    /// Arms a timer; coordinators count on the monotonic clock.
    pub(super) fn arm(&mut self, timer: GroupTimer, ms: u64) {
        let partition = self.log.partition;
        self.out
            .set_timer(Timer::Group { partition, timer }, Window::monotonic(ms));
    }

    pub(super) fn cancel(&mut self, timer: GroupTimer) {
        let partition = self.log.partition;
        self.out.cancel_timer(Timer::Group { partition, timer });
    }

    /// Tells where a group stands.
    pub(super) fn tell(&mut self, group: &Group) {
        self.out.note(Note::GroupState {
            log: self.log,
            group: group.id.clone(),
            generation: group.generation,
            state: group.state_name(),
            members: group.members.keys().cloned().collect(),
        });
    }
}

/// An answer that waits until something is committed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Answer {
    Heartbeat(HeartbeatResponse),
    LeaveGroup(LeaveGroupResponse),
    OffsetCommit(OffsetCommitResponse),
    OffsetFetch(OffsetFetchResponse),
    DeleteGroups(DeleteGroupsResponse),
}

impl Answer {
    /// What is answered in its place if that does not come about.
    pub(super) fn failed(self, error_code: ErrorCode) -> Response {
        match self {
            Self::OffsetCommit(mut response) => {
                for partition in &mut response.partitions {
                    partition.error_code = error_code;
                }
                response.into()
            }
            // A coordinator that cannot write may be a zombie: the client looks for another.
            Self::OffsetFetch(_) => OffsetFetchResponse {
                error_code: ErrorCode::NotCoordinator,
                partitions: Vec::new(),
            }
            .into(),
            Self::Heartbeat(_) => HeartbeatResponse { error_code }.into(),
            Self::LeaveGroup(_) => LeaveGroupResponse {
                error_code,
                members: Vec::new(),
            }
            .into(),
            Self::DeleteGroups(mut response) => {
                for group in &mut response.results {
                    group.error_code = error_code;
                }
                response.into()
            }
        }
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Heartbeat(response) => response.into(),
            Answer::LeaveGroup(response) => response.into(),
            Answer::OffsetCommit(response) => response.into(),
            Answer::OffsetFetch(response) => response.into(),
            Answer::DeleteGroups(response) => response.into(),
        }
    }
}

impl From<HeartbeatResponse> for Answer {
    fn from(response: HeartbeatResponse) -> Self {
        Self::Heartbeat(response)
    }
}

impl From<LeaveGroupResponse> for Answer {
    fn from(response: LeaveGroupResponse) -> Self {
        Self::LeaveGroup(response)
    }
}

impl From<OffsetCommitResponse> for Answer {
    fn from(response: OffsetCommitResponse) -> Self {
        Self::OffsetCommit(response)
    }
}

impl From<OffsetFetchResponse> for Answer {
    fn from(response: OffsetFetchResponse) -> Self {
        Self::OffsetFetch(response)
    }
}

impl From<DeleteGroupsResponse> for Answer {
    fn from(response: DeleteGroupsResponse) -> Self {
        Self::DeleteGroups(response)
    }
}
