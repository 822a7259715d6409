//! The application's rebalance listener: it runs within a call, and may make others meanwhile.

use alloc::vec::Vec;
use core::mem;

use crate::call::{Answer, Rebalance};
use crate::config::ConsumerConfig;
use crate::consumer::Consumer;
use crate::consumer::waiting::Waiting;
use crate::ids::TopicName;
use crate::machine::{Context, Outbox};

/// The listener runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::consumer) struct Listening {
    /// Within which call.
    call: Waiting,
    then: Then,
    /// The call's timeout is over meanwhile.
    pub(in crate::consumer) timed_out: bool,
}

/// What the call does when the listener returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Then {
    /// Before a rebalance: what else the consumer had is given up.
    Prepared { kept: Vec<(TopicName, i32)> },
    /// After a cooperative rebalance: what went to others is given up.
    Revoked { assigned: Vec<(TopicName, i32)> },
    /// The rebalance is over.
    Assigned,
    /// The consumer leaves the group.
    Left,
}

impl Consumer {
    pub(super) fn call_listener(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        rebalance: Rebalance,
        then: Then,
        out: &mut Outbox,
    ) {
        assert!(
            self.listening.is_none(),
            "a listener is not told of {rebalance} while it runs"
        );
        let call = mem::replace(&mut self.waiting, Waiting::Nothing);
        self.listening = Some(Listening {
            call,
            then,
            timed_out: false,
        });
        self.expect_poll(context, out);
        out.answer(Answer::Rebalanced(rebalance));
    }

    /// # Panics
    /// If no listener runs, or one that still waits for a call of its own.
    pub(in crate::consumer) fn listener_returned(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        assert!(
            self.waiting == Waiting::Nothing,
            "a listener returns after its calls have"
        );
        let Some(Listening { call, then, timed_out }) = self.listening.take() else {
            panic!("no listener runs that could return");
        };
        self.waiting = call;
        self.polled(out);
        match then {
            Then::Prepared { kept } => {
                if (context.rules.gives_up)() {
                    self.assign(&kept, out);
                }
                self.prepared(out);
            }
            Then::Revoked { assigned } => self.gave_up(context, assigned, out),
            Then::Assigned => {}
            Then::Left => self.left(context, out),
        }
        match &mut self.listening {
            Some(again) => again.timed_out = timed_out,
            None if timed_out => self.finish_in_time(context, out),
            None => {}
        }
    }

    /// The call whose timeout was over while the listener ran does what it still can, and returns.
    fn finish_in_time(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        self.continue_waiting(context, out);
        match &mut self.listening {
            Some(again) => again.timed_out = true,
            None => self.on_timeout(context, out),
        }
    }
}
