//! What the application does to its consumer between polls: pausing, seeking and waking up.
//!
//! Kafka's `SubscriptionState.seek`, `requestOffsetReset`, `pause` and `resume`. What was fetched from where a partition is not read any
//! more is dropped when a poll gets to it; what was fetched of a paused partition waits in the buffer.

use core::mem;

use super::Consumer;
use super::position::{FetchState, Lookup, Position};
use super::waiting::Waiting;
use crate::call::Steering;
use crate::config::ConsumerConfig;
use crate::ids::{LeaderEpoch, Offset, TopicName};
use crate::machine::{Context, Outbox};
use crate::message::OffsetSpec;

impl Consumer {
    /// # Panics
    /// If a partition is not assigned, which Kafka answers with an `IllegalStateException`, or if a call waits and this is not a wakeup.
    pub(super) fn steer(&mut self, context: &Context<'_, ConsumerConfig>, steering: &Steering, out: &mut Outbox) {
        assert!(
            self.waiting == Waiting::Nothing || *steering == Steering::Wakeup,
            "while a call waits, only a wakeup may be made: {steering}"
        );
        match steering {
            Steering::Pause(partitions) => self.set_paused(partitions, true),
            Steering::Resume(partitions) => self.set_paused(partitions, false),
            Steering::Seek {
                topic,
                partition,
                offset,
            } => self.seek(topic, *partition, *offset, out),
            Steering::SeekToBeginning(partitions) => self.seek_to_end_of_log(partitions, OffsetSpec::Earliest, out),
            Steering::SeekToEnd(partitions) => self.seek_to_end_of_log(partitions, OffsetSpec::Latest, out),
            Steering::Wakeup => self.wake_up(context, out),
        }
    }

    fn set_paused(&mut self, partitions: &[(TopicName, i32)], is_paused: bool) {
        for (topic, partition) in partitions {
            let index = self.index_of(topic, *partition);
            self.assigned[index].is_paused = is_paused;
        }
    }

    /// Nothing is known of what lies before the offset, so there is nothing to be validated.
    fn seek(&mut self, topic: &TopicName, partition: i32, offset: Offset, out: &mut Outbox) {
        let index = self.index_of(topic, partition);
        let view = self.assigned[index].id.and_then(|id| self.cluster.partition(id));
        let position = Position {
            offset,
            offset_epoch: LeaderEpoch::NONE,
            leader: view.and_then(|view| view.leader),
            leader_epoch: view.map_or(LeaderEpoch::NONE, |view| view.leader_epoch),
        };
        let state = FetchState::Fetching {
            position,
            backing_off: false,
        };
        self.move_to(index, state, out);
    }

    fn seek_to_end_of_log(&mut self, partitions: &[(TopicName, i32)], to: OffsetSpec, out: &mut Outbox) {
        for (topic, partition) in partitions {
            let index = self.index_of(topic, *partition);
            let lookup = Lookup::Due;
            self.move_to(index, FetchState::AwaitReset { to, lookup }, out);
        }
    }

    fn move_to(&mut self, index: usize, state: FetchState, out: &mut Outbox) {
        let assigned = &mut self.assigned[index];
        assigned.cancel_back_off(out);
        let left = mem::replace(&mut assigned.state, state);
        self.maybe_cancel_fetch_backoff(&left, out);
    }

    pub(super) fn index_of(&self, topic: &TopicName, partition: i32) -> usize {
        self.assigned
            .iter()
            .position(|assigned| assigned.topic == *topic && assigned.partition == partition)
            .unwrap_or_else(|| panic!("{topic}-{partition} is not assigned"))
    }
}
