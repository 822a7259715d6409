//! What is committed without being asked for: every `auto.commit.interval.ms`, but only within polls, before they return anything else.

use super::Purpose;
use crate::config::ConsumerConfig;
use crate::consumer::Consumer;
use crate::machine::{Context, Outbox};
use crate::timer::{Timer, Window};

impl Consumer {
    /// The interval begins: with the consumer, and with every assignment.
    pub(in crate::consumer) fn restart_auto_commit(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if context.config.enable_auto_commit {
            self.commits.is_due = false;
            let interval_ms = context.config.auto_commit_interval_ms;
            out.set_timer(Timer::AutoCommit, Window::wall(interval_ms));
        }
    }

    /// [`Timer::AutoCommit`]
    pub(in crate::consumer) const fn auto_commit_due(&mut self) {
        self.commits.is_due = true;
    }

    /// `maybeAutoCommitOffsetsAsync`. Positions that were committed already are not again: Kafka writes them once more.
    pub(in crate::consumer) fn maybe_commit_automatically(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        out: &mut Outbox,
    ) {
        if !self.commits.is_due {
            return;
        }
        self.restart_auto_commit(context, out);
        let offsets = self.all_consumed();
        if !offsets.is_empty() && offsets != self.commits.last_automatic {
            self.commit_asynchronously(context, Purpose::Automatic, offsets, out);
        }
    }
}
