//! Flush and close: whoever calls them waits until what was sent before is answered.

use alloc::collections::{BTreeMap, BTreeSet};

use super::Producer;
use super::sequence::Identity;
use crate::call::{Answer, SendError};
use crate::cluster::Cluster;
use crate::config::ProducerConfig;
use crate::ids::CallId;
use crate::machine::{Context, Outbox};
use crate::rules::Flush;
use crate::timer::{Timer, Window};

/// What is to be finished for a caller who waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Finishing {
    /// A flush waits for these sends.
    flush: Option<BTreeSet<CallId>>,
    /// A close waits for everything.
    close: bool,
}

impl Finishing {
    /// Whether no batch may linger.
    pub(super) const fn is_urgent(&self) -> bool {
        self.flush.is_some() || self.close
    }
}

impl Producer {
    /// Why a send is refused at once, if it is.
    pub(super) fn refuses_sends(&self) -> Option<SendError> {
        self.failure.or(self.finishing.close.then_some(SendError::Closed))
    }

    /// `flush()`.
    pub(super) fn on_flush(&mut self) {
        assert!(self.finishing.flush.is_none(), "a producer flushes once at a time");
        self.finishing.flush = Some(self.unanswered_calls().map(|(call, _)| call).collect());
    }

    /// `close(timeout)`. A send that still waits to be placed was made before, and is finished like any other.
    pub(super) fn on_close(&mut self, timeout_ms: Option<u64>, out: &mut Outbox) {
        assert!(!self.finishing.close, "a producer is closed once at a time");
        self.finishing.close = true;
        match timeout_ms {
            None => {}
            Some(0) => self.give_up(SendError::Closed, out),
            Some(timeout_ms) => out.set_timer(Timer::CloseTimeout, Window::monotonic(timeout_ms)),
        }
    }

    /// Answers whoever has waited long enough.
    pub(super) fn finish(&mut self, context: &Context<'_, ProducerConfig>, out: &mut Outbox) {
        if let Some(before) = self.finishing.flush.take() {
            let left: BTreeMap<_, _> = self
                .unanswered_calls()
                .filter(|(call, _)| before.contains(call))
                .collect();
            let flush = Flush {
                unsent: left.values().filter(|was_sent| !**was_sent).count(),
                unanswered: left.len(),
            };
            if (context.rules.is_flushed)(&flush) {
                out.answer(Answer::Flushed);
            } else {
                self.finishing.flush = Some(left.into_keys().collect());
            }
        }
        if self.finishing.close && self.is_idle() {
            self.closed(context.config, out);
        }
    }

    /// Everything is answered: what is left is a producer that refuses.
    fn closed(&mut self, config: &ProducerConfig, out: &mut Outbox) {
        self.give_up(SendError::Closed, out);
        self.finishing.close = false;
        // It is armed only if there was something to finish; cancelling it is harmless otherwise.
        out.cancel_timer(Timer::CloseTimeout);
        if self.identity == Identity::BackingOff {
            out.cancel_timer(Timer::InitProducerIdBackoff);
        }
        self.identity = Identity::Unknown;
        self.cluster.stop_timers(out);
        self.cluster = Cluster::bootstrap(&config.bootstrap_servers);
        self.connections.close_all(out);
        out.answer(Answer::Closed);
    }

    /// A connection that came up after the producer was closed is of no use.
    pub(super) fn hang_up_if_closed(&mut self, out: &mut Outbox) {
        if self.failure == Some(SendError::Closed) && self.is_idle() && !self.finishing.close {
            self.connections.close_all(out);
        }
    }

    /// Every send that is not answered, and whether it was ever handed to the network.
    fn unanswered_calls(&self) -> impl Iterator<Item = (CallId, bool)> {
        let waiting = self.waiting.iter().map(|waiting| (waiting.call, false));
        let batches = self.accumulator.iter().flat_map(|(_, partition)| partition.batches());
        waiting.chain(batches.flat_map(|batch| {
            let was_sent = batch.sent().is_some();
            batch.calls.iter().map(move |call| (*call, was_sent))
        }))
    }
}
