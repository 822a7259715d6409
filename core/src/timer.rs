//! Time as a machine knows it: timers with names, and marks to count from.
//!
//! A machine never reads a clock. It arms a [`Timer`] for a [`Window`]; whoever drives it owns deadlines, jitter, drift and jumps.
//! Arming a timer that is armed replaces its deadline; cancelling one that is not armed does nothing.

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, TopicPartition};
use crate::machine::{ConnectionId, Lane};

/// Something that a machine waits for, by name.
#[expect(missing_docs, reason = "each variant's line explains its fields")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Timer {
    /// Any process: the oldest request on this connection in this slot was not answered (`request.timeout.ms` and its kin).
    RequestTimeout { connection: ConnectionId, slot: u8 },
    /// Any process: may connect to this peer again (`reconnect.backoff.ms`).
    ReconnectBackoff { peer: NodeId, lane: Lane },

    /// Broker: register with the controller again.
    RegistrationBackoff,
    /// Broker: the next heartbeat is due (`broker.heartbeat.interval.ms`).
    Heartbeat,
    /// Broker: fetch metadata again after an error.
    MetadataFetchBackoff,
    /// Broker: fetch from this leader again after an error (`replica.fetch.backoff.ms`).
    ReplicaFetchBackoff { leader: NodeId },
    /// Broker: propose the in-sync replicas of this partition again after an error.
    AlterPartitionBackoff { partition: TopicPartition },
    /// Broker: this follower was last caught up `replica.lag.time.max.ms` ago.
    ReplicaLag {
        partition: TopicPartition,
        follower: NodeId,
    },
    /// Broker: write the high watermarks down (`replica.high.watermark.checkpoint.interval.ms`).
    HighWatermarkCheckpoint,
    /// Broker: delete old segments (`log.retention.check.interval.ms`).
    LogRetention,
    /// Broker: write down where logs start (`log.flush.start.offset.checkpoint.interval.ms`).
    LogStartCheckpoint,
    /// Broker and controller: a parked Fetch has waited for `fetch.max.wait.ms`.
    FetchWait { connection: ConnectionId },
    /// Broker: a parked Produce has waited for its `timeout_ms`.
    ProduceWait { connection: ConnectionId },
    /// Broker: a parked DeleteRecords has waited for its `timeout_ms`.
    DeleteRecordsWait { connection: ConnectionId },

    /// Controller: this broker was not heard from for `broker.session.timeout.ms`.
    Session { broker: NodeId },

    /// Producer: the open batch of this partition has lingered (`linger.ms`).
    Linger { partition: TopicPartition },
    /// Producer: the first batch of this partition may be sent again (`retry.backoff.ms`).
    RetryBackoff { partition: TopicPartition },
    /// Producer: this batch was not acknowledged within `delivery.timeout.ms`. The number names the batch within its partition; its parts,
    /// if it is split, share the timer.
    DeliveryTimeout { partition: TopicPartition, batch: u32 },
    /// Producer: ask for a producer id again after an error.
    InitProducerIdBackoff,
    /// Producer: this call has waited for metadata, or for memory, for `max.block.ms`.
    MaxBlock { call: u32 },

    /// Client: ask for metadata again after an error (`retry.backoff.ms`).
    MetadataBackoff,
    /// Client: the metadata is `metadata.max.age.ms` old.
    MetadataMaxAge,

    /// Consumer: a poll, or a lookup, has waited for its timeout.
    PollTimeout,
    /// Consumer: fetch this partition again after an error (`retry.backoff.ms`).
    FetchBackoff { leader: NodeId },
    /// Consumer: look up or validate the position of this partition again after an error.
    PositionBackoff { partition: TopicPartition },

    /// Consumer: a call that the rebalance listener makes has waited for its timeout.
    ListenerCallTimeout,
    /// Consumer: look for the coordinator again (`retry.backoff.ms`).
    CoordinatorBackoff,
    /// Consumer: the call that waits asks its coordinator again (`retry.backoff.ms`).
    OffsetsBackoff,
    /// Consumer: the next heartbeat to the coordinator is due (`heartbeat.interval.ms`).
    MemberHeartbeat,
    /// Consumer: the coordinator has not answered a heartbeat for `session.timeout.ms`.
    MemberSession,
    /// Consumer: the application has not polled for `max.poll.interval.ms`.
    MaxPollInterval,
    /// Consumer: the next commit is due (`auto.commit.interval.ms`).
    AutoCommit,
    /// Consumer: a commit before a rebalance is not waited for any longer (`max.poll.interval.ms`).
    JoinPrepare,

    /// Operator: try the outstanding request again.
    OperatorBackoff,

    /// Producer and consumer: the timeout of its `close` is over.
    CloseTimeout,

    /// Broker: forget producers that have been idle for too long (`producer.id.expiration.check.interval.ms`).
    ProducerExpiration,
    /// Broker: clean compacted logs (`log.cleaner.backoff.ms`).
    LogCleaner,

    /// Coordinator: something of the groups in this partition of `__consumer_offsets`.
    Group { partition: i32, timer: GroupTimer },
}

/// What a coordinator of groups waits for. Groups go by their numbers in their partition, and members by theirs in their groups.
#[expect(missing_docs, reason = "each variant's line explains its fields")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum GroupTimer {
    /// The log has been read.
    Load,
    /// A member was not heard from for its `session.timeout.ms`.
    Session { group: u32, member: u32 },
    /// A group that was empty has waited for more members (`group.initial.rebalance.delay.ms`).
    InitialDelay { group: u32 },
    /// Members have had their time to join again (`max.poll.interval.ms`).
    Join { group: u32 },
    /// Members have had their time to ask for their partitions (`max.poll.interval.ms`).
    Sync { group: u32 },
    /// Something that was written is not committed yet (`offsets.commit.timeout.ms`).
    Write { number: u32 },
    /// Forget what has expired (`offsets.retention.check.interval.ms`).
    Expiration,
}

/// What may fire a timer when durations are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TimerClass {
    /// Time merely passes: lingering, backing off, heartbeating, waiting for data.
    Progress,
    /// Somebody is believed dead or late; a false suspicion is a fault.
    Suspicion,
    /// So far away that it never matters within a short run, unless asked for.
    Horizon,
}

impl Timer {
    /// A number of its own for each timer, by which drivers find it quickly. Numbers come in the order of the variants.
    #[must_use]
    pub const fn key(&self) -> u128 {
        match *self {
            Self::RequestTimeout { connection, slot } => of_connection(0, connection, slot),
            Self::ReconnectBackoff { peer, lane } => pack(1, [peer.0 as u32, lane as u32, 0]),
            Self::RegistrationBackoff => pack(2, [0; 3]),
            Self::Heartbeat => pack(3, [0; 3]),
            Self::MetadataFetchBackoff => pack(4, [0; 3]),
            Self::ReplicaFetchBackoff { leader } => pack(5, [leader.0 as u32, 0, 0]),
            Self::AlterPartitionBackoff { partition } => of_partition(6, partition, 0),
            Self::ReplicaLag { partition, follower } => of_partition(7, partition, follower.0 as u32),
            Self::HighWatermarkCheckpoint => pack(8, [0; 3]),
            Self::LogRetention => pack(9, [0; 3]),
            Self::LogStartCheckpoint => pack(10, [0; 3]),
            Self::FetchWait { connection } => of_connection(11, connection, 0),
            Self::ProduceWait { connection } => of_connection(12, connection, 0),
            Self::DeleteRecordsWait { connection } => of_connection(13, connection, 0),
            Self::Session { broker } => pack(14, [broker.0 as u32, 0, 0]),
            Self::Linger { partition } => of_partition(15, partition, 0),
            Self::RetryBackoff { partition } => of_partition(16, partition, 0),
            Self::DeliveryTimeout { partition, batch } => of_partition(17, partition, batch),
            Self::InitProducerIdBackoff => pack(18, [0; 3]),
            Self::MaxBlock { call } => pack(19, [call, 0, 0]),
            Self::MetadataBackoff => pack(20, [0; 3]),
            Self::MetadataMaxAge => pack(21, [0; 3]),
            Self::PollTimeout => pack(22, [0; 3]),
            Self::FetchBackoff { leader } => pack(23, [leader.0 as u32, 0, 0]),
            Self::PositionBackoff { partition } => of_partition(24, partition, 0),
            Self::ListenerCallTimeout => pack(25, [0; 3]),
            Self::CoordinatorBackoff => pack(26, [0; 3]),
            Self::OffsetsBackoff => pack(27, [0; 3]),
            Self::MemberHeartbeat => pack(28, [0; 3]),
            Self::MemberSession => pack(29, [0; 3]),
            Self::MaxPollInterval => pack(30, [0; 3]),
            Self::AutoCommit => pack(31, [0; 3]),
            Self::JoinPrepare => pack(32, [0; 3]),
            Self::OperatorBackoff => pack(33, [0; 3]),
            Self::CloseTimeout => pack(34, [0; 3]),
            Self::ProducerExpiration => pack(35, [0; 3]),
            Self::LogCleaner => pack(36, [0; 3]),
            Self::Group { partition, timer } => {
                let [group, member] = timer.key();
                pack(37, [partition as u32, group, member])
            }
        }
    }

    /// The class that decides how the explorer may fire this timer.
    #[must_use]
    pub const fn class(&self) -> TimerClass {
        match self {
            Self::ReconnectBackoff { .. }
            | Self::RegistrationBackoff
            | Self::Heartbeat
            | Self::MetadataFetchBackoff
            | Self::ReplicaFetchBackoff { .. }
            | Self::AlterPartitionBackoff { .. }
            | Self::FetchWait { .. }
            | Self::Linger { .. }
            | Self::RetryBackoff { .. }
            | Self::InitProducerIdBackoff
            | Self::MetadataBackoff
            | Self::PollTimeout
            | Self::FetchBackoff { .. }
            | Self::PositionBackoff { .. }
            | Self::ListenerCallTimeout
            | Self::CoordinatorBackoff
            | Self::OffsetsBackoff
            | Self::MemberHeartbeat
            | Self::AutoCommit
            | Self::OperatorBackoff => TimerClass::Progress,
            Self::RequestTimeout { .. }
            | Self::ReplicaLag { .. }
            | Self::ProduceWait { .. }
            | Self::DeleteRecordsWait { .. }
            | Self::Session { .. }
            | Self::DeliveryTimeout { .. }
            | Self::MaxBlock { .. }
            | Self::MemberSession
            | Self::MaxPollInterval
            | Self::JoinPrepare
            | Self::CloseTimeout => TimerClass::Suspicion,
            Self::HighWatermarkCheckpoint
            | Self::LogRetention
            | Self::LogStartCheckpoint
            | Self::ProducerExpiration
            | Self::LogCleaner
            | Self::MetadataMaxAge => TimerClass::Horizon,
            Self::Group { timer, .. } => timer.class(),
        }
    }
}

impl GroupTimer {
    /// A number of its own among those of a partition, in the order of the variants. There are not sixteen million groups in one.
    const fn key(self) -> [u32; 2] {
        const fn of(variant: u32, group: u32, member: u32) -> [u32; 2] {
            [variant << 24 | group, member]
        }
        match self {
            Self::Load => of(0, 0, 0),
            Self::Session { group, member } => of(1, group, member),
            Self::InitialDelay { group } => of(2, group, 0),
            Self::Join { group } => of(3, group, 0),
            Self::Sync { group } => of(4, group, 0),
            Self::Write { number } => of(5, 0, number),
            Self::Expiration => of(6, 0, 0),
        }
    }

    const fn class(self) -> TimerClass {
        match self {
            Self::Load | Self::InitialDelay { .. } => TimerClass::Progress,
            Self::Session { .. } | Self::Join { .. } | Self::Sync { .. } | Self::Write { .. } => TimerClass::Suspicion,
            Self::Expiration => TimerClass::Horizon,
        }
    }
}

const fn of_connection(variant: u32, connection: ConnectionId, slot: u8) -> u128 {
    let ConnectionId { peer, lane, generation } = connection;
    pack(variant, [peer.0 as u32, (lane as u32) << 8 | slot as u32, generation.0])
}

const fn of_partition(variant: u32, partition: TopicPartition, which: u32) -> u128 {
    pack(variant, [partition.topic.0, partition.partition as u32, which])
}

const fn pack(variant: u32, [first, second, third]: [u32; 3]) -> u128 {
    (variant as u128) << 96 | (first as u128) << 64 | (second as u128) << 32 | third as u128
}

/// Which of a process's clocks a timer runs on, so that a clock jump hits what it hits in Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    /// `System.currentTimeMillis`: replica lag, the producer's sender, client timers, the raft client.
    Wall,
    /// `System.nanoTime`: controller sessions and the broker's purgatories.
    Monotonic,
}

/// When a timer may fire, in milliseconds from now (or from a mark) on one of the process's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// The clock that counts.
    pub clock: Clock,
    /// Not before this many milliseconds.
    pub earliest_ms: u64,
    /// Not after this many milliseconds, on a process that is not delayed.
    pub latest_ms: u64,
    /// Whether the window is another one each time.
    pub growth: Growth,
}

/// What becomes of a window that is asked for again and again. Counting is the driver's business, since nothing but a duration depends on it:
/// a machine that counted would have a state for every count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Growth {
    /// It stays as it is.
    Never,
    /// It is the first of a row.
    Begins,
    /// It is twice as long as the one before in its row, up to this many milliseconds; if there was none before, it is the first.
    Doubles {
        /// The longest that there is.
        at_most_ms: u64,
    },
}

impl Window {
    /// Exactly `ms` on the wall clock.
    #[must_use]
    pub const fn wall(ms: u64) -> Self {
        Self {
            clock: Clock::Wall,
            earliest_ms: ms,
            latest_ms: ms,
            growth: Growth::Never,
        }
    }

    /// Exactly `ms` on the monotonic clock.
    #[must_use]
    pub const fn monotonic(ms: u64) -> Self {
        Self {
            clock: Clock::Monotonic,
            earliest_ms: ms,
            latest_ms: ms,
            growth: Growth::Never,
        }
    }

    /// `ms` on the wall clock with Kafka's ±20 % jitter on back-offs (KIP-580).
    #[must_use]
    pub const fn backoff(ms: u64) -> Self {
        Self {
            clock: Clock::Wall,
            earliest_ms: ms - ms / 5,
            latest_ms: ms + ms / 5,
            growth: Growth::Never,
        }
    }

    /// A back-off that doubles with each failure in a row, with jitter, up to a longest that jitter does not exceed
    /// (`reconnect.backoff.ms`, `reconnect.backoff.max.ms`). Where there is nothing to double, Kafka does without jitter.
    #[must_use]
    pub const fn doubling(first_ms: u64, at_most_ms: u64) -> Self {
        if at_most_ms <= first_ms {
            Self::wall(at_most_ms)
        } else {
            Self {
                growth: Growth::Doubles { at_most_ms },
                ..Self::backoff(first_ms)
            }
        }
    }

    /// The first of a row, if it is one of a row at all.
    #[must_use]
    pub const fn begins(self) -> Self {
        match self.growth {
            Growth::Never => self,
            Growth::Begins | Growth::Doubles { .. } => Self {
                growth: Growth::Begins,
                ..self
            },
        }
    }

    /// The window that comes after `doublings` others in its row.
    #[must_use]
    pub const fn doubled(self, doublings: u32) -> Self {
        match self.growth {
            Growth::Never | Growth::Begins => self,
            Growth::Doubles { at_most_ms } => Self {
                earliest_ms: shorter(doubled(self.earliest_ms, doublings), at_most_ms - at_most_ms / 5),
                latest_ms: shorter(doubled(self.latest_ms, doublings), at_most_ms),
                ..self
            },
        }
    }
}

const fn doubled(ms: u64, doublings: u32) -> u64 {
    match 1_u64.checked_shl(doublings) {
        Some(factor) => ms.saturating_mul(factor),
        None => u64::MAX,
    }
}

const fn shorter(a: u64, b: u64) -> u64 {
    if a < b { a } else { b }
}

/// A moment that the driver remembers for a machine; marking again replaces it.
#[expect(missing_docs, reason = "each variant's line explains its fields")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mark {
    /// The latest fetch of this follower, as the leader saw it arrive.
    Fetched {
        partition: TopicPartition,
        follower: NodeId,
    },
    /// When the first record of this producer batch was appended to the accumulator.
    BatchCreated { partition: TopicPartition, batch: u32 },
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{GroupTimer, Timer, Window};
    use crate::ids::{Generation, NodeId, TopicId, TopicPartition};
    use crate::machine::{ConnectionId, Lane};

    /// Timers that differ in one thing at a time.
    fn timers() -> Vec<Timer> {
        let mut timers = Vec::new();
        for (a, b) in [(0, 0), (0, 1), (1, 0), (i32::MAX, 2)] {
            let partition = TopicPartition {
                topic: TopicId(a as u32),
                partition: b,
            };
            for lane in [Lane::Client, Lane::Forwarding] {
                let generation = Generation(b as u32);
                let peer = NodeId(a);
                let connection = ConnectionId { peer, lane, generation };
                timers.extend([0, 255].map(|slot| Timer::RequestTimeout { connection, slot }));
                timers.push(Timer::ReconnectBackoff { peer, lane });
                timers.push(Timer::FetchWait { connection });
                timers.push(Timer::ProduceWait { connection });
            }
            for which in [0, 1, i32::MAX] {
                let follower = NodeId(which);
                timers.push(Timer::ReplicaLag { partition, follower });
                let batch = which as u32;
                timers.push(Timer::DeliveryTimeout { partition, batch });
            }
            timers.push(Timer::AlterPartitionBackoff { partition });
            timers.push(Timer::Linger { partition });
            timers.push(Timer::RetryBackoff { partition });
            timers.push(Timer::PositionBackoff { partition });
        }
        timers.extend([0, 7].map(|id| Timer::ReplicaFetchBackoff { leader: NodeId(id) }));
        timers.extend([0, 7].map(|id| Timer::FetchBackoff { leader: NodeId(id) }));
        timers.extend([0, 7].map(|id| Timer::Session { broker: NodeId(id) }));
        timers.extend([0, 7].map(|call| Timer::MaxBlock { call }));
        for (partition, group) in [(0, 0), (0, 1), (1, 0), (7, 7)] {
            let of_group = [
                GroupTimer::Load,
                GroupTimer::Session { group, member: 0 },
                GroupTimer::Session { group, member: 7 },
                GroupTimer::InitialDelay { group },
                GroupTimer::Join { group },
                GroupTimer::Sync { group },
                GroupTimer::Write { number: group },
                GroupTimer::Expiration,
            ];
            timers.extend(of_group.map(|timer| Timer::Group { partition, timer }));
        }
        timers.extend([
            Timer::RegistrationBackoff,
            Timer::Heartbeat,
            Timer::MetadataFetchBackoff,
            Timer::HighWatermarkCheckpoint,
            Timer::InitProducerIdBackoff,
            Timer::MetadataBackoff,
            Timer::MetadataMaxAge,
            Timer::PollTimeout,
            Timer::ListenerCallTimeout,
            Timer::CoordinatorBackoff,
            Timer::OffsetsBackoff,
            Timer::MemberHeartbeat,
            Timer::MemberSession,
            Timer::MaxPollInterval,
            Timer::AutoCommit,
            Timer::JoinPrepare,
            Timer::OperatorBackoff,
            Timer::CloseTimeout,
            Timer::ProducerExpiration,
            Timer::LogCleaner,
        ]);
        timers
    }

    #[test]
    fn the_number_of_a_timer_is_its_own_and_orders_variants_as_they_are_declared() {
        let timers = timers();
        for one in &timers {
            for other in &timers {
                assert_eq!(one == other, one.key() == other.key(), "{one:?}, {other:?}");
            }
        }
        let mut by_number = timers.clone();
        by_number.sort_by_key(Timer::key);
        let mut by_name = timers;
        by_name.sort();
        let variants = |timers: &[Timer]| timers.iter().map(core::mem::discriminant).collect::<Vec<_>>();
        assert_eq!(variants(&by_number), variants(&by_name));
    }

    fn row(window: Window) -> [(u64, u64); 7] {
        [0, 1, 2, 3, 4, 5, 200].map(|doublings| {
            let window = window.doubled(doublings);
            (window.earliest_ms, window.latest_ms)
        })
    }

    #[test]
    fn a_back_off_doubles_up_to_its_longest_which_jitter_does_not_exceed() {
        let expected = [
            (40, 60),
            (80, 120),
            (160, 240),
            (320, 480),
            (640, 960),
            (800, 1000),
            (800, 1000),
        ];
        assert_eq!(row(Window::doubling(50, 1000)), expected);
    }

    #[test]
    fn where_the_longest_is_not_longer_there_is_neither_growth_nor_jitter() {
        assert_eq!(row(Window::doubling(50, 50)), [(50, 50); 7]);
        assert_eq!(row(Window::doubling(100, 20)), [(20, 20); 7]);
    }

    #[test]
    fn the_first_of_a_row_is_as_short_as_ever() {
        assert_eq!(row(Window::doubling(50, 1000).begins()), [(40, 60); 7]);
    }
}
