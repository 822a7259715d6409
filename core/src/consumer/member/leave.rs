//! Not being a member any more: `unsubscribe()` and `close()`.

use core::mem;

use super::listener::Then;
use crate::call::{Answer, Rebalance};
use crate::config::ConsumerConfig;
use crate::consumer::commit::SyncCommit;
use crate::consumer::subscription::Subscription;
use crate::consumer::waiting::Waiting;
use crate::consumer::{Consumer, Pending};
use crate::ids::GenerationId;
use crate::machine::{Context, Outbox};
use crate::note::MembershipEnd;
use crate::timer::{Timer, Window};

/// `ConsumerConfig.DEFAULT_CLOSE_TIMEOUT_MS`
const CLOSE_TIMEOUT_MS: u64 = 30_000;

/// How far a consumer is that closes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::consumer) enum Closing {
    /// It commits what was read, if that goes by itself.
    Commits(SyncCommit),
    /// Commits wait for the coordinator to be found.
    AwaitsCommits,
    /// It leaves the group.
    Leaves,
    /// Its last requests are answered.
    AwaitsAnswers,
}

impl Consumer {
    /// `unsubscribe()`
    ///
    /// # Panics
    /// If another call waits.
    pub(in crate::consumer) fn unsubscribe(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        self.begin_call(Waiting::Unsubscribing);
        if !self.give_up_everything(context, out) {
            self.left(context, out);
        }
    }

    /// `onLeavePrepare`: whether the listener has to be told first.
    fn give_up_everything(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) -> bool {
        let owned = self.assignment_in_order();
        if owned.is_empty() || !self.subscription.is_automatic() {
            return false;
        }
        let generation = &self.member.generation;
        let is_member = generation.id != GenerationId::NONE && !generation.member.is_empty();
        let rebalance = if is_member && !self.member.state.is_rebalancing() {
            Rebalance::Revoked(owned)
        } else {
            Rebalance::Lost(owned)
        };
        self.call_listener(context, rebalance, Then::Left, out);
        true
    }

    /// Nothing holds the consumer in its group any more.
    pub(super) fn left(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        self.assign(&[], out);
        if self.waiting == Waiting::Unsubscribing {
            if context.config.group_id.is_some() {
                self.leave_group(context, MembershipEnd::Unsubscribed, out);
            }
            self.subscription = Subscription::Nothing;
            self.waiting = Waiting::Nothing;
            out.answer(Answer::Unsubscribed);
        } else {
            self.leave_group(context, MembershipEnd::Closed, out);
            self.waiting = Waiting::Closing(Closing::AwaitsAnswers);
            self.continue_close(context, out);
        }
    }

    /// `close(timeout)`: without a group there is nothing to hand over, so that nobody need be waited for.
    ///
    /// # Panics
    /// If another call waits: Kafka's consumer is not for use by several threads either.
    pub(in crate::consumer) fn close(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        timeout_ms: Option<u64>,
        out: &mut Outbox,
    ) {
        self.woken = false;
        if context.config.group_id.is_none() {
            self.assert_idle();
            self.end(context, out);
            return out.answer(Answer::Closed);
        }
        let timeout_ms = timeout_ms
            .unwrap_or(CLOSE_TIMEOUT_MS)
            .min(context.config.request_timeout_ms);
        let begin = if context.config.enable_auto_commit {
            Closing::Commits(SyncCommit::new(self.all_consumed()))
        } else {
            Closing::AwaitsCommits
        };
        self.begin_call(Waiting::Closing(begin));
        out.set_timer(Timer::CloseTimeout, Window::wall(timeout_ms));
        self.continue_close(context, out);
    }

    /// As far as it gets.
    pub(in crate::consumer) fn continue_close(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if let Waiting::Closing(Closing::Commits(commit)) = &mut self.waiting {
            let mut commit = mem::replace(commit, SyncCommit::new([].into()));
            let committed = self.continue_commit(context, &mut commit, out);
            self.waiting = match committed {
                Some(_) => Waiting::Closing(Closing::AwaitsCommits),
                None => Waiting::Closing(Closing::Commits(commit)),
            };
        }
        if self.waiting == Waiting::Closing(Closing::AwaitsCommits) {
            if self.commits.waits_for_coordinator() {
                self.find_coordinator(context, out);
                self.call_back_while_closing(context, out);
            } else {
                self.leave_while_closing(context, out);
            }
        }
        if self.waiting == Waiting::Closing(Closing::AwaitsAnswers) && !self.awaits_coordinator() {
            self.closed(context, out);
        }
    }

    fn leave_while_closing(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        self.waiting = Waiting::Closing(Closing::Leaves);
        if !self.give_up_everything(context, out) {
            self.left(context, out);
        }
    }

    /// Whether the coordinator has yet to answer anything.
    fn awaits_coordinator(&self) -> bool {
        let is_its = |pending: &Pending| pending.is_for_coordinator();
        self.coordinator().is_some() && (!self.member.is_idle() || self.connections.all_unanswered().any(is_its))
    }

    /// [`Timer::CloseTimeout`]: it goes on without whatever it waits for.
    pub(in crate::consumer) fn close_timed_out(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if matches!(
            self.waiting,
            Waiting::Closing(Closing::Commits(_) | Closing::AwaitsCommits)
        ) {
            self.leave_while_closing(context, out);
        }
        if let Some(listening) = &mut self.listening {
            listening.timed_out = true;
        } else if matches!(self.waiting, Waiting::Closing(_)) {
            self.closed(context, out);
        }
    }

    fn closed(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        out.cancel_timer(Timer::CloseTimeout);
        self.end(context, out);
        out.answer(Answer::Closed);
    }
}
