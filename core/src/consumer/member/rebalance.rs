//! A poll's part in what concerns the group: `ConsumerCoordinator.poll`, and the loop of `joinGroupIfNeeded` in it.

use super::prepare::Prepared;
use super::{JoinFailure, Joining, MemberState};
use crate::call::PollError;
use crate::config::ConsumerConfig;
use crate::consumer::Consumer;
use crate::ids::{GenerationId, MemberId, NodeId};
use crate::machine::{Context, Outbox};
use crate::note::MembershipEnd;

/// What a poll may do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::consumer) enum GroupTurn {
    /// Whatever a poll does.
    Ready,
    /// Fetch and hand out what the consumer has, but look for no positions.
    Rebalancing,
    /// Nothing, before the coordinator is known or the listener returns.
    Blocked,
    /// Throw.
    Failed(PollError),
}

impl Consumer {
    pub(in crate::consumer) fn take_group_turn(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        out: &mut Outbox,
    ) -> GroupTurn {
        if context.config.group_id.is_none() {
            return GroupTurn::Ready;
        }
        if let Err(error) = self.call_back(context, out) {
            return GroupTurn::Failed(error);
        }
        if self.subscription.is_automatic() {
            if core::mem::take(&mut self.member.fenced) {
                return GroupTurn::Failed(PollError::FencedInstanceId);
            }
            if !self.find_coordinator(context, out) {
                self.refresh_metadata(context, out);
                return GroupTurn::Blocked;
            }
            let turn = self.take_part_in_rebalance(context, out);
            self.transmit(context, out);
            if turn != GroupTurn::Ready {
                return turn;
            }
        }
        if (context.rules.commits_before_records)() {
            self.maybe_commit_automatically(context, out);
        }
        GroupTurn::Ready
    }

    /// `rejoinNeededOrPending`
    fn has_to_rejoin(&mut self) -> bool {
        let has_changed = self
            .member
            .distributed
            .as_ref()
            .is_some_and(|counts| *counts != self.partition_counts());
        let wants_others = self
            .member
            .joined_topics
            .as_ref()
            .is_some_and(|joined| !joined.iter().eq(self.subscription.topics()));
        self.member.rejoin_needed |= has_changed || wants_others;
        self.member.rejoin_needed || self.member.joining != Joining::No
    }

    fn take_part_in_rebalance(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) -> GroupTurn {
        while self.has_to_rejoin() {
            if !self.has_fresh_metadata(context, out) {
                return GroupTurn::Blocked;
            }
            if !self.find_coordinator(context, out) {
                return GroupTurn::Rebalancing;
            }
            if self.member.prepare_needed {
                match self.prepare(context, out) {
                    Prepared::Done => self.member.prepare_needed = false,
                    Prepared::Waits => return GroupTurn::Rebalancing,
                    Prepared::Listens => return GroupTurn::Blocked,
                }
            }
            match core::mem::replace(&mut self.member.joining, Joining::No) {
                Joining::No => self.join(context, out),
                joining @ (Joining::UnderWay | Joining::AwaitsMetadata(_) | Joining::BackingOff) => {
                    self.member.joining = joining;
                    return GroupTurn::Rebalancing;
                }
                Joining::Joined(sent, response) => {
                    self.member.joining = Joining::UnderWay;
                    self.joined(context, &sent, response, out);
                }
                Joining::Failed(failure) => {
                    if let Some(turn) = self.rebalance_failed(context, failure, out) {
                        return turn;
                    }
                }
                Joining::Synced(assignment) => {
                    if self.member.generation.is_reset() || self.member.state != MemberState::Stable {
                        // Heartbeats have ended the membership before anybody looked.
                        self.end_membership(context, MembershipEnd::MaxPollInterval, out);
                    } else if let Some(turn) = self.complete(context, &assignment, out) {
                        return turn;
                    }
                }
            }
        }
        GroupTurn::Ready
    }

    /// Goes on at once, unless it has to wait or to throw.
    fn rebalance_failed(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        failure: JoinFailure,
        out: &mut Outbox,
    ) -> Option<GroupTurn> {
        self.member.rejoin_needed = true;
        match failure {
            JoinFailure::MemberIdRequired | JoinFailure::Again => None,
            JoinFailure::Later => {
                if self.coordinator().is_some() {
                    self.member.joining = Joining::BackingOff;
                    self.back_off_from_coordinator(context, out);
                }
                Some(GroupTurn::Rebalancing)
            }
            JoinFailure::Throw(error) => Some(GroupTurn::Failed(error)),
        }
    }

    /// Before a consumer with a pattern joins, it asks which topics there are.
    fn has_fresh_metadata(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) -> bool {
        if !self.subscription.is_pattern() || self.member.has_fresh_metadata || self.member.joining != Joining::No {
            return true;
        }
        self.member.awaits_metadata = true;
        self.cluster.request_update();
        self.refresh_metadata(context, out);
        false
    }

    /// There is newer metadata.
    pub(in crate::consumer) fn membership_sees_metadata(&mut self) {
        self.subscription.match_again(&self.cluster);
        self.member.has_fresh_metadata |= core::mem::take(&mut self.member.awaits_metadata);
    }

    /// The broker that coordinates the consumer's group, as far as it knows.
    #[must_use]
    pub const fn known_coordinator(&self) -> Option<NodeId> {
        self.coordinator()
    }

    /// Whether a member that runs is where the group wants it: `(generation, member)` if it is, and has been told what to read.
    #[must_use]
    pub fn membership(&self) -> Option<(GenerationId, &MemberId)> {
        let is_settled = self.member.state == MemberState::Stable
            && !self.member.rejoin_needed
            && self.member.joining == Joining::No
            && self.listening.is_none();
        is_settled.then_some((self.member.generation.id, &self.member.generation.member))
    }
}
