//! After a rebalance: `onJoinComplete`. The consumer has what it was assigned, and its listener hears of it.

use alloc::vec::Vec;

use bytes::Bytes;

use super::listener::Then;
use super::rebalance::GroupTurn;
use super::{LastAssignment, group_id};
use crate::call::{PollError, Rebalance};
use crate::config::ConsumerConfig;
use crate::consumer::Consumer;
use crate::error::ErrorCode;
use crate::group::Assignment;
use crate::ids::TopicName;
use crate::machine::{Context, Outbox};
use crate::note::Note;

impl Consumer {
    /// Goes on at once only if what was assigned is not what the consumer wants any more.
    pub(super) fn complete(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        assignment: &Bytes,
        out: &mut Outbox,
    ) -> Option<GroupTurn> {
        let Ok(Assignment {
            partitions: mut assigned,
            ..
        }) = Assignment::decode(assignment)
        else {
            let unreadable = PollError::Group(ErrorCode::InconsistentGroupProtocol);
            return Some(GroupTurn::Failed(unreadable));
        };
        assigned.sort_unstable();
        self.member.prepare_needed = true;
        self.member.has_fresh_metadata = false;
        out.note(Note::MemberSynced {
            group: group_id(context),
            generation: self.member.generation.id,
            member: self.member.generation.member.clone(),
            partitions: assigned.len(),
        });
        if !assigned.iter().all(|(topic, _)| self.subscription.accepts(topic)) {
            self.member.rejoin_needed = true;
            return None;
        }
        let owned = self.assignment_in_order();
        let revoked: Vec<_> = owned.into_iter().filter(|owned| !assigned.contains(owned)).collect();
        if context.config.is_cooperative() && !revoked.is_empty() {
            self.call_listener(context, Rebalance::Revoked(revoked), Then::Revoked { assigned }, out);
        } else {
            self.take_assignment(context, assigned, out);
        }
        Some(GroupTurn::Blocked)
    }

    /// What went to others is given up, and they may have it once everybody has joined again.
    pub(super) fn gave_up(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        assigned: Vec<(TopicName, i32)>,
        out: &mut Outbox,
    ) {
        self.member.rejoin_needed = true;
        self.take_assignment(context, assigned, out);
    }

    fn take_assignment(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        assigned: Vec<(TopicName, i32)>,
        out: &mut Outbox,
    ) {
        let owned = self.assignment_in_order();
        let added: Vec<_> = assigned
            .iter()
            .filter(|partition| !owned.contains(partition))
            .cloned()
            .collect();
        self.add_to_subscription(&assigned);
        self.member.last_assignment = Some(LastAssignment {
            partitions: assigned.clone(),
            generation: self.member.generation.id,
        });
        self.restart_auto_commit(context, out);
        self.assign(&assigned, out);
        self.call_listener(context, Rebalance::Assigned(added), Then::Assigned, out);
    }

    /// The leader may know of topics of the pattern that this consumer has yet to hear of.
    fn add_to_subscription(&mut self, assigned: &[(TopicName, i32)]) {
        let topics = || assigned.iter().map(|(topic, _)| topic);
        if self.subscription.is_pattern() && topics().any(|topic| !self.subscription.contains(topic)) {
            self.subscription.add(topics());
            if let Some(joined) = &mut self.member.joined_topics {
                joined.extend(topics().cloned());
            }
            self.cluster.request_update();
        }
    }

    /// What is assigned, by topic and number.
    pub(super) fn assignment_in_order(&self) -> Vec<(TopicName, i32)> {
        let assigned = self.assignment().map(|(topic, partition)| (topic.clone(), partition));
        let mut assigned: Vec<_> = assigned.collect();
        assigned.sort_unstable();
        assigned
    }
}
