//! Before a rebalance: `onJoinPrepare`. What was read is committed if that goes by itself; then what is to be given up is.

use alloc::vec::Vec;

use super::listener::Then;
use crate::call::{CommitError, Rebalance};
use crate::config::ConsumerConfig;
use crate::consumer::Consumer;
use crate::consumer::commit::Purpose;
use crate::ids::{GenerationId, TopicName};
use crate::machine::{Context, Outbox};
use crate::timer::{Timer, Window};

/// How far the commit before a rebalance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Preparing {
    No,
    /// It is to be sent, again or for the first time.
    Commits,
    CommitUnderWay,
    BackingOff,
    /// It succeeded, was given up, or there was nothing to commit.
    Committed,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prepared {
    Done,
    /// For the commit.
    Waits,
    /// The listener runs.
    Listens,
}

impl Consumer {
    pub(super) fn prepare(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) -> Prepared {
        if self.member.preparing == Preparing::No {
            self.member.preparing = Preparing::Commits;
            if context.config.enable_auto_commit {
                let rebalance_ms = u64::from(context.config.max_poll_interval_ms);
                out.set_timer(Timer::JoinPrepare, Window::wall(rebalance_ms));
            } else {
                self.member.preparing = Preparing::Committed;
            }
        }
        if self.member.preparing == Preparing::Commits {
            self.commit_before_rebalance(context, out);
        }
        match self.member.preparing {
            Preparing::No | Preparing::Commits | Preparing::CommitUnderWay | Preparing::BackingOff => Prepared::Waits,
            Preparing::Committed => self.give_up_partitions(context, out),
        }
    }

    fn commit_before_rebalance(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if !context.config.is_cooperative() {
            // What is about to be given up is not handed out any more.
            for assigned in &mut self.assigned {
                assigned.is_pending_revocation = true;
            }
        }
        let offsets = self.all_consumed();
        if offsets.is_empty() {
            self.member.preparing = Preparing::Committed;
            return;
        }
        self.member.preparing = Preparing::CommitUnderWay;
        if let Err(error) = self.send_commit(context, Purpose::BeforeRebalance, offsets, out) {
            self.committed_before_rebalance(context, Err(error), out);
        }
    }

    /// The commit was answered, or lost.
    pub(in crate::consumer) fn committed_before_rebalance(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        result: Result<(), CommitError>,
        out: &mut Outbox,
    ) {
        if self.member.preparing != Preparing::CommitUnderWay {
            return;
        }
        self.member.preparing = if let Err(CommitError::Retriable(_)) = result {
            self.back_off_from_coordinator(context, out);
            Preparing::BackingOff
        } else {
            Preparing::Committed
        };
    }

    /// [`Timer::CoordinatorBackoff`]
    pub(super) fn preparation_backed_off(&mut self) {
        if self.member.preparing == Preparing::BackingOff {
            self.member.preparing = Preparing::Commits;
        }
    }

    /// [`Timer::JoinPrepare`]
    pub(in crate::consumer) fn preparation_timed_out(&mut self) {
        if self.member.preparing != Preparing::No {
            self.member.preparing = Preparing::Committed;
        }
    }

    fn give_up_partitions(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) -> Prepared {
        let owned = self.assignment_in_order();
        let generation = &self.member.generation;
        let is_lost = generation.id == GenerationId::NONE || generation.member.is_empty();
        let (given_up, kept): (Vec<_>, Vec<_>) = if !is_lost && context.config.is_cooperative() {
            let is_kept = |(topic, _): &(TopicName, i32)| self.subscription.contains(topic);
            owned.into_iter().partition(|partition| !is_kept(partition))
        } else {
            (owned, Vec::new())
        };
        let then = Then::Prepared { kept };
        if is_lost && !given_up.is_empty() {
            self.call_listener(context, Rebalance::Lost(given_up), then, out);
            Prepared::Listens
        } else if !is_lost && (!given_up.is_empty() || !context.config.is_cooperative()) {
            self.call_listener(context, Rebalance::Revoked(given_up), then, out);
            Prepared::Listens
        } else {
            self.prepared(out);
            Prepared::Done
        }
    }

    /// What was to be given up is.
    pub(super) fn prepared(&mut self, out: &mut Outbox) {
        if self.member.preparing != Preparing::No {
            self.member.preparing = Preparing::No;
            out.cancel_timer(Timer::JoinPrepare);
        }
        self.member.prepare_needed = false;
        self.member.distributed = None;
        self.member.group_topics.clear();
    }
}
