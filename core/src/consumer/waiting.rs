//! One call after the other: what the application waits for, and what ends that early.
//!
//! While the rebalance listener runs within a call, that call is put aside, and those of the listener are waited for.

use alloc::vec::Vec;

use super::commit::SyncCommit;
use super::lookup::Wanted;
use super::member::Closing;
use super::{Consumer, Pending};
use crate::call::{Answer, CommitError, PollError};
use crate::config::ConsumerConfig;
use crate::ids::TopicName;
use crate::lookup::LookupError;
use crate::machine::{Context, Outbox};
use crate::timer::{Timer, Window};

/// What the application waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Waiting {
    Nothing,
    Poll,
    /// The position in this partition.
    Position(TopicName, i32),
    /// What leaders know.
    Offsets(Vec<Wanted>),
    /// What the coordinator knows.
    Committed(Vec<(TopicName, i32)>),
    Commit(SyncCommit),
    Unsubscribing,
    Closing(Closing),
}

/// What ends a call before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interruption {
    Wakeup,
    Timeout,
}

impl Waiting {
    /// The topics that somebody waits to learn about, assigned or not.
    pub(super) fn topics(&self) -> impl Iterator<Item = &TopicName> {
        let wanted = match self {
            Self::Offsets(wanted) => &wanted[..],
            Self::Nothing
            | Self::Poll
            | Self::Position(..)
            | Self::Committed(_)
            | Self::Commit(_)
            | Self::Unsubscribing
            | Self::Closing(_) => &[],
        };
        wanted.iter().map(Wanted::topic)
    }
}

impl Consumer {
    /// # Panics
    /// If a call waits: Kafka's consumer is not for use by several threads either.
    pub(super) fn assert_idle(&self) {
        assert!(
            self.waiting == Waiting::Nothing,
            "a consumer is called by one caller at a time"
        );
    }

    /// # Panics
    /// If another call waits.
    pub(super) fn begin_call(&mut self, waiting: Waiting) {
        self.assert_idle();
        self.waiting = waiting;
    }

    /// A call begins that may have to wait: it ends at once if it can, if somebody has woken it up already, or if it has no time.
    ///
    /// # Panics
    /// If another call waits.
    pub(super) fn call(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        waiting: Waiting,
        timeout_ms: Option<u64>,
        out: &mut Outbox,
    ) {
        self.begin_call(waiting);
        let timeout_ms = timeout_ms.unwrap_or(context.config.default_api_timeout_ms);
        if let Some(answer) = self.take_call_turn(context, out) {
            self.end_call();
            out.answer(answer);
        } else if core::mem::take(&mut self.woken) {
            self.interrupt(context, Interruption::Wakeup, out);
        } else if timeout_ms == 0 {
            self.interrupt(context, Interruption::Timeout, out);
        } else {
            out.set_timer(self.call_timeout(), Window::wall(timeout_ms));
        }
    }

    /// One turn of a call that is neither a poll nor the last. `None`: it has yet to wait.
    fn take_call_turn(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) -> Option<Answer> {
        match &self.waiting {
            Waiting::Position(..) | Waiting::Offsets(_) => self.take_lookup_turn(context, out).map(Answer::LookedUp),
            Waiting::Committed(_) => self.take_committed_turn(context, out).map(Answer::LookedUp),
            Waiting::Commit(_) => self.take_commit_turn(context, out).map(Answer::Committed),
            Waiting::Nothing | Waiting::Poll | Waiting::Unsubscribing | Waiting::Closing(_) => None,
        }
    }

    /// The calls that the listener makes have a time of their own.
    const fn call_timeout(&self) -> Timer {
        if self.listening.is_some() {
            Timer::ListenerCallTimeout
        } else {
            Timer::PollTimeout
        }
    }

    /// Something happened: whoever waits may get further, or to the end.
    pub(super) fn continue_waiting(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        match &self.waiting {
            Waiting::Nothing | Waiting::Unsubscribing => {}
            Waiting::Poll => self.continue_poll(context, out),
            Waiting::Closing(_) => self.continue_close(context, out),
            Waiting::Position(..) | Waiting::Offsets(_) | Waiting::Committed(_) | Waiting::Commit(_) => {
                if let Some(answer) = self.take_call_turn(context, out) {
                    self.end_call();
                    out.cancel_timer(self.call_timeout());
                    out.answer(answer);
                }
            }
        }
    }

    /// `wakeup()`: a call that closes or unsubscribes is not to be stopped.
    pub(super) fn wake_up(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if matches!(
            self.waiting,
            Waiting::Nothing | Waiting::Unsubscribing | Waiting::Closing(_)
        ) {
            self.woken = true;
        } else {
            out.cancel_timer(self.call_timeout());
            self.interrupt(context, Interruption::Wakeup, out);
        }
    }

    /// Whether the application waits to be answered, rather than for records.
    #[must_use]
    pub const fn awaits_answer(&self) -> bool {
        match self.waiting {
            Waiting::Nothing | Waiting::Poll | Waiting::Unsubscribing => false,
            Waiting::Position(..)
            | Waiting::Offsets(_)
            | Waiting::Committed(_)
            | Waiting::Commit(_)
            | Waiting::Closing(_) => true,
        }
    }

    /// [`Timer::PollTimeout`]: a call that the listener has interrupted returns as soon as the listener does.
    pub(super) fn on_poll_timeout(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        match &mut self.listening {
            Some(listening) => listening.timed_out = true,
            None => self.on_timeout(context, out),
        }
    }

    /// The time of the call is over.
    pub(super) fn on_timeout(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        self.interrupt(context, Interruption::Timeout, out);
    }

    /// Whatever waits ends; but who closes or unsubscribes is not to be stopped.
    pub(super) fn interrupt(&mut self, context: &Context<'_, ConsumerConfig>, by: Interruption, out: &mut Outbox) {
        let answer = match (&self.waiting, by) {
            (Waiting::Nothing | Waiting::Unsubscribing, _) | (Waiting::Closing(_), Interruption::Wakeup) => return,
            (Waiting::Closing(_), Interruption::Timeout) => return self.close_timed_out(context, out),
            (Waiting::Poll, Interruption::Wakeup) => return self.poll_returns(context, Err(PollError::Wakeup), out),
            (Waiting::Poll, Interruption::Timeout) => {
                let leftovers = self.leftovers(context, out);
                return self.poll_returns(context, leftovers, out);
            }
            (Waiting::Position(..) | Waiting::Offsets(_) | Waiting::Committed(_), Interruption::Wakeup) => {
                Answer::LookedUp(Err(LookupError::Poll(PollError::Wakeup)))
            }
            (Waiting::Position(..) | Waiting::Offsets(_) | Waiting::Committed(_), Interruption::Timeout) => {
                Answer::LookedUp(Err(LookupError::Timeout))
            }
            (Waiting::Commit(_), Interruption::Wakeup) => Answer::Committed(Err(CommitError::Wakeup)),
            (Waiting::Commit(_), Interruption::Timeout) => Answer::Committed(Err(CommitError::Timeout)),
        };
        self.end_call();
        out.answer(answer);
    }

    /// Nobody waits any more, nor for what is under way.
    fn end_call(&mut self) {
        self.waiting = Waiting::Nothing;
        let unanswered = self.connections.all_unanswered_mut();
        for pending in unanswered.chain(self.member.unsent_mut()) {
            if let Pending::OffsetCommit(commit) = pending {
                commit.abandon();
            } else if matches!(pending, Pending::Offsets(_)) {
                *pending = Pending::Abandoned;
            }
        }
    }
}
