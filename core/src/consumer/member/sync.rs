//! SyncGroup: the leader distributes the partitions, and every member hears what it gets.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::join::PROTOCOL_TYPE;
use super::{Generation, JoinFailure, Joining, MemberState, group_id};
use crate::config::ConsumerConfig;
use crate::consumer::assignor::{Assignor, Member};
use crate::consumer::{Consumer, Pending};
use crate::error::ErrorCode;
use crate::group::{Assignment, Subscription};
use crate::ids::TopicName;
use crate::machine::{Context, Outbox};
use crate::message::{JoinGroupResponse, JoinedMember, MemberAssignment, SyncGroupRequest, SyncGroupResponse};
use crate::note::MembershipEnd;
use crate::rules::Rules;

impl Consumer {
    /// The consumer leads the group: it has to know all topics that anybody wants before it can distribute them.
    pub(super) fn lead(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        response: JoinGroupResponse,
        out: &mut Outbox,
    ) {
        let wanted = response.members.iter().filter_map(subscription_of);
        self.member.group_topics = wanted.flat_map(|subscription| subscription.topics).collect();
        let is_new = |topic: &TopicName| self.cluster.topic(topic).is_none();
        if self.member.group_topics.iter().any(is_new) {
            self.cluster.request_update();
            self.member.awaits_metadata = true;
        } else {
            self.member.awaits_metadata = false;
        }
        self.member.joining = Joining::AwaitsMetadata(response);
        self.continue_distribution(context, out);
    }

    /// Goes on once there is metadata. What nobody knows then does not exist.
    pub(super) fn continue_distribution(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if !matches!(self.member.joining, Joining::AwaitsMetadata(_)) {
            return;
        }
        if self.member.awaits_metadata {
            return self.refresh_metadata(context, out);
        }
        let joining = core::mem::replace(&mut self.member.joining, Joining::UnderWay);
        let Joining::AwaitsMetadata(response) = joining else {
            unreachable!("it was just looked at");
        };
        self.member.distributed = Some(self.partition_counts());
        let assignments = match self.member.generation.assignor {
            Some(assignor) if !response.skip_assignment => {
                distribute(context.rules, assignor, &self.partition_counts(), response.members)
            }
            Some(_) | None => Vec::new(),
        };
        self.sync(context, assignments);
    }

    /// How many partitions each topic has that the consumer is to know of, for itself or for its group.
    pub(super) fn partition_counts(&self) -> BTreeMap<TopicName, i32> {
        let topics = self.subscription.topics().chain(&self.member.group_topics);
        let counts = topics.filter_map(|topic| {
            let known = self.cluster.topic(topic)?;
            Some((topic.clone(), i32::try_from(known.partitions.len()).unwrap_or(i32::MAX)))
        });
        counts.collect()
    }

    pub(super) fn sync(&mut self, context: &Context<'_, ConsumerConfig>, assignments: Vec<MemberAssignment>) {
        let generation = self.member.generation.clone();
        let request = SyncGroupRequest {
            group_id: group_id(context),
            generation_id: generation.id,
            member_id: generation.member.clone(),
            group_instance_id: context.config.group_instance_id.clone(),
            protocol_type: Some(PROTOCOL_TYPE.into()),
            protocol_name: generation.assignor.map(|assignor| assignor.name().into()),
            assignments,
        };
        self.member.joining = Joining::UnderWay;
        self.send_to_coordinator(request.into(), Pending::SyncGroup(generation));
    }

    pub(in crate::consumer) fn on_sync_group(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        sent: &Generation,
        response: SyncGroupResponse,
        out: &mut Outbox,
    ) {
        let error = response.error_code;
        if error != ErrorCode::None {
            let failure = self.sync_refused(context, sent, error, out);
            self.member.joining = Joining::Failed(failure);
        } else if self.member.generation.is_reset() || self.member.state != MemberState::CompletingRebalance {
            // A heartbeat has ended the membership meanwhile.
            self.member.joining = Joining::Failed(JoinFailure::Again);
        } else {
            self.enter(MemberState::Stable, out);
            self.member.rejoin_needed = false;
            self.member.joining = Joining::Synced(response.assignment);
        }
    }

    fn sync_refused(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        sent: &Generation,
        error: ErrorCode,
        out: &mut Outbox,
    ) -> JoinFailure {
        if matches!(error, ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration) {
            if self.member.generation == *sent {
                self.end_membership(context, MembershipEnd::Refused(error), out);
            }
            JoinFailure::Again
        } else {
            self.refused(context, error, out)
        }
    }
}

fn subscription_of(member: &JoinedMember) -> Option<Subscription> {
    Subscription::decode(&member.metadata).ok()
}

/// What each member gets. One whose subscription cannot be read wants nothing.
fn distribute(
    rules: &Rules,
    assignor: Assignor,
    partitions_of: &BTreeMap<TopicName, i32>,
    members: Vec<JoinedMember>,
) -> Vec<MemberAssignment> {
    let members = members.into_iter().filter_map(|member| {
        let subscription = subscription_of(&member)?;
        Some(Member::new(
            assignor,
            member.member_id,
            member.group_instance_id,
            subscription,
        ))
    });
    let members: Vec<Member> = members.collect();
    let shares = assignor.assign_by(rules, partitions_of, &members);
    let assignments = shares.into_iter().map(|(member_id, partitions)| {
        let assignment = Assignment {
            partitions,
            user_data: None,
        };
        MemberAssignment {
            member_id,
            assignment: assignment.encode(),
        }
    });
    assignments.collect()
}
