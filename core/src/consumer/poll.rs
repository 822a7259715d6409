//! The application's side: assigning partitions, and polls that wait until there are records.
//!
//! One turn of a poll is one turn of the loop in Kafka's `ClassicKafkaConsumer.poll`: take records out of the buffer, and ask for what
//! is missing. A poll takes a turn when it is called, and another one after everything that happens while it waits.

use alloc::vec::Vec;
use core::mem;

use super::Consumer;
use super::buffer::CompletedFetch;
use super::member::GroupTurn;
use super::position::{Assigned, FetchState};
use super::subscription::Subscription;
use super::waiting::Waiting;
use crate::call::{Answer, ConsumerRecord, PollError};
use crate::config::ConsumerConfig;
use crate::ids::TopicName;
use crate::machine::{Context, Outbox};
use crate::timer::{Timer, Window};

/// What a poll returns.
type Polled = Result<Vec<ConsumerRecord>, PollError>;

impl Consumer {
    /// `assign(partitions)`; to assign nothing is to unsubscribe.
    ///
    /// # Panics
    /// If it has subscribed, which Kafka answers with an `IllegalStateException`.
    pub(super) fn assign_by_hand(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        partitions: &[(TopicName, i32)],
        out: &mut Outbox,
    ) {
        assert!(
            !self.subscription.is_automatic(),
            "a consumer that has subscribed is not assigned partitions by hand"
        );
        if context.config.group_id.is_some() {
            self.maybe_commit_automatically(context, out);
        }
        self.assign(partitions, out);
        self.subscription = if partitions.is_empty() {
            Subscription::Nothing
        } else {
            Subscription::ByHand
        };
        self.continue_waiting(context, out);
    }

    /// What is read from now on: partitions that were assigned before keep their positions and what was fetched of them.
    pub(super) fn assign(&mut self, partitions: &[(TopicName, i32)], out: &mut Outbox) {
        let mut old = mem::take(&mut self.assigned);
        for (topic, partition) in partitions {
            let is_this = |assigned: &Assigned| assigned.topic == *topic && assigned.partition == *partition;
            if self.assigned.iter().any(is_this) {
                continue;
            }
            let assigned = match old.iter().position(is_this) {
                Some(index) => old.swap_remove(index),
                None => self.newly_assigned(topic, *partition),
            };
            self.assigned.push(assigned);
        }
        for mut dropped in old {
            dropped.cancel_back_off(out);
            self.maybe_cancel_fetch_backoff(&dropped.state, out);
            self.buffer.retain(|fetch| dropped.id != Some(fetch.partition));
        }
    }

    fn newly_assigned(&mut self, topic: &TopicName, partition: i32) -> Assigned {
        let id = self.cluster.locate(topic, partition);
        if id.is_none() {
            self.cluster.request_update();
        }
        Assigned {
            topic: topic.clone(),
            partition,
            id,
            state: FetchState::Initializing,
            is_paused: false,
            is_pending_revocation: false,
        }
    }

    /// `poll(timeout)`.
    ///
    /// # Panics
    /// If another call is waiting, or the rebalance listener runs: Kafka's consumer is not for use by several threads either.
    pub(super) fn on_poll(&mut self, context: &Context<'_, ConsumerConfig>, timeout_ms: u64, out: &mut Outbox) {
        assert!(self.listening.is_none(), "a rebalance listener does not poll");
        self.begin_call(Waiting::Poll);
        self.polled(out);
        let precedes_records = (context.rules.wakeup_precedes_records)();
        let was_woken = precedes_records && mem::take(&mut self.woken);
        let polled = if was_woken {
            Some(Err(PollError::Wakeup))
        } else {
            self.take_turn(context, out)
        };
        let polled = if mem::take(&mut self.woken) {
            Some(Err(PollError::Wakeup))
        } else {
            polled
        };
        match (polled, &mut self.listening) {
            (Some(polled), _) => self.poll_returns(context, polled, out),
            (None, Some(listening)) if timeout_ms == 0 => listening.timed_out = true,
            (None, None) if timeout_ms == 0 => {
                let leftovers = self.leftovers(context, out);
                self.poll_returns(context, leftovers, out);
            }
            (None, _) => out.set_timer(Timer::PollTimeout, Window::wall(timeout_ms)),
        }
    }

    /// Something happened: the poll that waits may get further, or to its end.
    pub(super) fn continue_poll(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if let Some(polled) = self.take_turn(context, out) {
            out.cancel_timer(Timer::PollTimeout);
            self.poll_returns(context, polled, out);
        }
    }

    /// The application has control again.
    pub(super) fn poll_returns(&mut self, context: &Context<'_, ConsumerConfig>, polled: Polled, out: &mut Outbox) {
        self.waiting = Waiting::Nothing;
        self.expect_poll(context, out);
        out.answer(Answer::Polled(polled));
    }

    /// What a poll returns that has no more time, whatever else it waits for.
    pub(super) fn leftovers(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) -> Polled {
        Ok(self.collect(context, out)?.unwrap_or_default())
    }

    /// One turn. `None`: there is nothing to return yet, or the rebalance listener has to return first.
    fn take_turn(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) -> Option<Polled> {
        let is_rebalancing = match self.take_group_turn(context, out) {
            GroupTurn::Ready => false,
            GroupTurn::Rebalancing => true,
            GroupTurn::Blocked => return None,
            GroupTurn::Failed(error) => return Some(Err(error)),
        };
        if let Some(truncation) = self.truncation.take() {
            return Some(Err(truncation));
        }
        if !is_rebalancing && let Err(error) = self.initialize_positions(context, out) {
            return Some(Err(error));
        }
        let polled = self.collect(context, out).transpose();
        if !is_rebalancing && context.config.group_id.is_some() && !(context.rules.commits_before_records)() {
            self.maybe_commit_automatically(context, out);
        }
        if !is_rebalancing {
            self.validate_positions(context, out);
            self.look_up_positions(context, out);
        }
        if !matches!(polled, Some(Err(_))) {
            // Fetches are also sent when there are records, to be answered while the application is busy with these.
            self.send_fetches(context, out);
            self.refresh_metadata(context, out);
        }
        polled
    }

    /// Takes records out of the buffer, up to `max.poll.records`. `None`: there are none, and no position moved past any either. An
    /// error waits while there are records to return before it. What was fetched of paused partitions is kept, behind everything else.
    fn collect(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        out: &mut Outbox,
    ) -> Result<Option<Vec<ConsumerRecord>>, PollError> {
        let mut paused = Vec::new();
        let collected = self.collect_unpaused(context, &mut paused, out);
        self.buffer.extend(paused);
        collected
    }

    fn collect_unpaused(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        paused: &mut Vec<CompletedFetch>,
        out: &mut Outbox,
    ) -> Result<Option<Vec<ConsumerRecord>>, PollError> {
        let mut records = Vec::new();
        let mut has_advanced = false;
        while records.len() < context.config.max_poll_records {
            let Some(fetch) = self.buffer.front_mut() else { break };
            let Some(index) = self.assigned.iter().position(|assigned| fetch.is_wanted_by(assigned)) else {
                // The position moved, or has to be validated first: it will be fetched again.
                self.buffer.pop_front();
                continue;
            };
            if let Some(error) = fetch.error() {
                if let Err(error) = self.fetch_failed(context, index, error, out) {
                    if has_advanced {
                        break;
                    }
                    self.buffer.pop_front();
                    return Err(error);
                }
                self.served(index);
                continue;
            }
            if self.assigned[index].is_paused {
                paused.extend(self.buffer.pop_front());
                continue;
            }
            let before = fetch.next_offset;
            let drained = fetch.drain(&mut self.assigned[index], context.config, &mut records);
            has_advanced |= fetch.next_offset > before;
            if fetch.is_drained() {
                self.served(index);
            }
            match drained {
                Ok(()) => {}
                Err(_) if has_advanced => break,
                Err(error) => return Err(error),
            }
        }
        Ok(has_advanced.then_some(records))
    }

    /// The front of the buffer was dealt with, and its partition goes to the end of the line.
    fn served(&mut self, index: usize) {
        self.buffer.pop_front();
        self.assigned[index..].rotate_left(1);
    }
}
