//! JoinGroup: saying what the consumer wants, and hearing that a generation begins.

use alloc::string::String;
use alloc::vec::Vec;

use super::coordinator::is_of_another_coordinator;
use super::{Generation, JoinFailure, Joining, MemberState, group_id};
use crate::call::PollError;
use crate::config::ConsumerConfig;
use crate::consumer::assignor::Assignor;
use crate::consumer::waiting::Waiting;
use crate::consumer::{Consumer, Pending};
use crate::error::ErrorCode;
use crate::group::Subscription;
use crate::ids::{GenerationId, TopicName};
use crate::machine::{Context, Outbox};
use crate::message::{GroupProtocol, JoinGroupRequest, JoinGroupResponse};
use crate::note::{MembershipEnd, Note};

/// What the members of all consumer groups call their protocol.
pub(super) const PROTOCOL_TYPE: &str = "consumer";

impl Consumer {
    /// `initiateJoinGroup`
    pub(super) fn join(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        self.enter(MemberState::PreparingRebalance, out);
        self.member.joining = Joining::UnderWay;
        let protocols = self.protocols(context.config);
        self.member.joined_topics = Some(self.subscription.topics().cloned().collect());
        let generation = self.member.generation.clone();
        let config = context.config;
        let request = JoinGroupRequest {
            group_id: group_id(context),
            session_timeout_ms: config.session_timeout_ms.cast_signed(),
            rebalance_timeout_ms: config.max_poll_interval_ms.cast_signed(),
            member_id: generation.member.clone(),
            group_instance_id: config.group_instance_id.clone(),
            protocol_type: PROTOCOL_TYPE.into(),
            protocols,
            client_id: config.client_id.clone(),
        };
        self.send_to_coordinator(request.into(), Pending::JoinGroup(generation));
    }

    fn protocols(&self, config: &ConsumerConfig) -> Vec<GroupProtocol> {
        let topics: Vec<TopicName> = self.subscription.topics().cloned().collect();
        let owned = self
            .assigned
            .iter()
            .map(|assigned| (assigned.topic.clone(), assigned.partition));
        let owned_partitions: Vec<_> = owned.collect();
        let last = self.member.last_assignment.as_ref();
        let protocol = |assignor: &Assignor| GroupProtocol {
            name: String::from(assignor.name()),
            metadata: Subscription {
                topics: topics.clone(),
                user_data: assignor.user_data(last),
                owned_partitions: owned_partitions.clone(),
                generation_id: self.member.generation.id,
            }
            .encode(),
        };
        config.partition_assignment_strategy.iter().map(protocol).collect()
    }

    pub(in crate::consumer) fn on_join_group(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        sent: Generation,
        response: JoinGroupResponse,
        out: &mut Outbox,
    ) {
        if self.waiting == Waiting::Nothing && !self.member.state.has_joined() {
            self.member.joining = Joining::Joined(sent, response);
        } else {
            self.joined(context, &sent, response, out);
        }
    }

    /// Somebody looks at the answer.
    pub(super) fn joined(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        sent: &Generation,
        response: JoinGroupResponse,
        out: &mut Outbox,
    ) {
        if response.error_code != ErrorCode::None {
            let failure = self.join_refused(context, sent, response, out);
            self.member.joining = Joining::Failed(failure);
            return;
        }
        if self.member.state != MemberState::PreparingRebalance {
            // It has left meanwhile.
            self.member.joining = Joining::Failed(JoinFailure::Later);
            return;
        }
        let assignor = response.protocol_name.as_deref().and_then(Assignor::from_name);
        let Some(assignor) = assignor else {
            let unknown = PollError::Group(ErrorCode::InconsistentGroupProtocol);
            self.member.joining = Joining::Failed(JoinFailure::Throw(unknown));
            return;
        };
        self.enter(MemberState::CompletingRebalance, out);
        self.member.generation = Generation {
            id: response.generation_id,
            member: response.member_id.clone(),
            assignor: Some(assignor),
        };
        self.begin_heartbeats(context, out);
        let is_leader = response.leader == response.member_id;
        out.note(Note::MemberJoined {
            group: group_id(context),
            generation: response.generation_id,
            member: response.member_id.clone(),
            is_leader,
        });
        if is_leader {
            self.lead(context, response, out);
        } else {
            self.sync(context, Vec::new());
        }
    }

    fn join_refused(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        sent: &Generation,
        response: JoinGroupResponse,
        out: &mut Outbox,
    ) -> JoinFailure {
        let error = response.error_code;
        if error == ErrorCode::MemberIdRequired {
            self.member.generation = Generation {
                id: GenerationId::NONE,
                member: response.member_id,
                assignor: None,
            };
            self.member.rejoin_needed = true;
            JoinFailure::MemberIdRequired
        } else if error == ErrorCode::UnknownMemberId {
            if self.member.generation == *sent {
                self.end_membership(context, MembershipEnd::Refused(error), out);
            }
            JoinFailure::Again
        } else {
            self.refused(context, error, out)
        }
    }

    /// What any error to do with joining comes to.
    pub(super) fn refused(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        error: ErrorCode,
        out: &mut Outbox,
    ) -> JoinFailure {
        if is_of_another_coordinator(error) {
            self.doubt_coordinator(context, out);
            JoinFailure::Later
        } else if error == ErrorCode::CoordinatorLoadInProgress {
            JoinFailure::Later
        } else if error == ErrorCode::RebalanceInProgress {
            JoinFailure::Again
        } else if error == ErrorCode::FencedInstanceId {
            JoinFailure::Throw(PollError::FencedInstanceId)
        } else {
            JoinFailure::Throw(PollError::Group(error))
        }
    }

    /// The connection ended before JoinGroup or SyncGroup was answered.
    pub(in crate::consumer) fn join_lost(&mut self) {
        self.member.joining = Joining::Failed(JoinFailure::Later);
    }
}
