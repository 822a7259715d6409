//! What a leader knows of one follower.

use crate::config::BrokerConfig;
use crate::ids::{BrokerEpoch, NodeId, Offset, TopicPartition};
use crate::machine::Outbox;
use crate::timer::{Clock, Growth, Mark, Timer, Window};

/// A follower as its leader knows it from its fetches.
///
/// Kafka keeps the time at which the follower was last caught up. Here that time is the moment from which its
/// [`Timer::ReplicaLag`] counts, and "too long ago" is a bit that is latched when the timer fires.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Replica {
    /// The follower.
    pub(super) id: NodeId,
    /// Where its log ended when it last fetched in this leadership; [`Offset::NONE`] before it does.
    pub(super) end: Offset,
    /// Where its log started when it last fetched in this leadership; [`Offset::NONE`] before it does.
    pub(super) start: Offset,
    /// Where the leader's log ended at its last fetch, if the follower had not reached that yet: once it has, it was caught up when it
    /// last fetched.
    behind: Option<Offset>,
    /// The registration with which it last fetched in this leadership (KIP-903).
    pub(super) fetched_with: Option<BrokerEpoch>,
    /// It was last caught up more than `replica.lag.time.max.ms` ago.
    pub(super) lagging: bool,
}

impl Replica {
    /// A follower of a new leader, which has not heard from it yet. If it is in sync, it is given the time to fetch.
    pub(super) fn new(
        id: NodeId,
        in_sync: bool,
        partition: TopicPartition,
        config: &BrokerConfig,
        out: &mut Outbox,
    ) -> Self {
        let mut replica = Self {
            id,
            end: Offset::NONE,
            start: Offset::NONE,
            behind: None,
            fetched_with: None,
            lagging: true,
        };
        if in_sync {
            replica.caught_up_now(partition, config, out);
        }
        replica
    }

    /// The same leader begins another term: what it knows of the follower's log stays, but the time is counted anew.
    pub(super) fn begin_term(
        &mut self,
        in_sync: bool,
        partition: TopicPartition,
        config: &BrokerConfig,
        out: &mut Outbox,
    ) {
        self.behind = None;
        if in_sync {
            self.caught_up_now(partition, config, out);
        } else {
            self.forget_time(partition, out);
            self.lagging = true;
        }
    }

    /// A fetch arrives. The follower is caught up now if it has everything; if it has everything that there was at its *previous*
    /// fetch, it was caught up then, so that one which always lags a little behind a busy leader stays in sync.
    pub(super) fn fetched(
        &mut self,
        from: Offset,
        leader_end: Offset,
        with: BrokerEpoch,
        partition: TopicPartition,
        config: &BrokerConfig,
        out: &mut Outbox,
    ) {
        self.end = from;
        self.fetched_with = Some(with);
        if from >= leader_end {
            self.behind = None;
            self.caught_up_now(partition, config, out);
            return;
        }
        let mark = Mark::Fetched {
            partition,
            follower: self.id,
        };
        if self.behind.is_some_and(|end| from >= end) {
            self.lagging = false;
            out.set_timer_from_mark(self.timer(partition), mark, lag_window(config));
        }
        self.behind = Some(leader_end);
        out.mark(mark);
    }

    /// Kafka's `ReplicaState.isCaughtUp`.
    pub(super) fn is_caught_up(&self, leader_end: Offset) -> bool {
        self.end == leader_end || !self.lagging
    }

    /// The leader does not lead any more, or the follower does not follow.
    pub(super) fn forget_time(&self, partition: TopicPartition, out: &mut Outbox) {
        out.cancel_timer(self.timer(partition));
    }

    /// A follower that has long been silent has just fallen behind: Kafka's check, which runs every half of
    /// `replica.lag.time.max.ms`, finds that the next time.
    pub(super) fn check_soon(&self, partition: TopicPartition, config: &BrokerConfig, out: &mut Outbox) {
        let latest_ms = config.replica_lag_time_max_ms / 2;
        out.set_timer(
            self.timer(partition),
            Window {
                clock: Clock::Wall,
                earliest_ms: 0,
                latest_ms,
                growth: Growth::Never,
            },
        );
    }

    fn caught_up_now(&mut self, partition: TopicPartition, config: &BrokerConfig, out: &mut Outbox) {
        self.lagging = false;
        out.set_timer(self.timer(partition), lag_window(config));
    }

    fn timer(&self, partition: TopicPartition) -> Timer {
        Timer::ReplicaLag {
            partition,
            follower: self.id,
        }
    }
}

/// Kafka looks for lagging followers every half of `replica.lag.time.max.ms`.
fn lag_window(config: &BrokerConfig) -> Window {
    let earliest_ms = config.replica_lag_time_max_ms;
    Window {
        clock: Clock::Wall,
        earliest_ms,
        latest_ms: earliest_ms + earliest_ms / 2,
        growth: Growth::Never,
    }
}
