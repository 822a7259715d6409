//! Every number with a meaning has a type, and only arithmetic that means something compiles.

use alloc::sync::Arc;
use core::fmt;
use core::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

id!(
    /// A process: a broker, a controller or a client.
    NodeId(i32)
);
id!(
    /// A position in a partition's log.
    Offset(i64)
);
id!(
    /// Counts the leaders of a partition; stamped on every batch (KIP-101).
    LeaderEpoch(i32)
);
id!(
    /// Counts the changes of a partition's registration in the metadata log (KIP-497).
    PartitionEpoch(i32)
);
id!(
    /// One registration of a broker: the offset of its record in the metadata log (KIP-631).
    BrokerEpoch(i64)
);
id!(
    /// One start of a broker process, so that a registration can be told from its predecessor's (KIP-631).
    IncarnationId(u32)
);
id!(
    /// A producer instance (KIP-98).
    ProducerId(i64)
);
id!(
    /// Fences earlier users of a producer id.
    ProducerEpoch(i16)
);
id!(
    /// Position of a record among those of one producer id and epoch in one partition; wraps to 0.
    Sequence(i32)
);
id!(
    /// A topic, told apart from an earlier one of the same name (KIP-516).
    TopicId(u32)
);
id!(
    /// Milliseconds since the Unix epoch, as some node's wall clock shows it.
    Timestamp(i64)
);
id!(
    /// Which of the connections between two processes on one lane, so that a late answer cannot reach a successor.
    Generation(u32)
);
id!(
    /// Names one outstanding call of an application, unique within its process.
    CallId(u32)
);
id!(
    /// Counts the rebalances of a group.
    GenerationId(i32)
);
id!(
    /// Names one outstanding disk operation of a process.
    DiskToken(u32)
);

impl Offset {
    /// The first offset of every log.
    pub const ZERO: Self = Self(0);
    /// Kafka's "no offset".
    pub const NONE: Self = Self(-1);

    /// The offset after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Add<i64> for Offset {
    type Output = Self;
    fn add(self, count: i64) -> Self {
        Self(self.0 + count)
    }
}

impl Sub for Offset {
    type Output = i64;
    fn sub(self, other: Self) -> i64 {
        self.0 - other.0
    }
}

impl LeaderEpoch {
    /// Kafka's "no epoch".
    pub const NONE: Self = Self(-1);

    /// The epoch of the next leader.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl PartitionEpoch {
    /// The epoch after the next change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl BrokerEpoch {
    /// Kafka's "no epoch".
    pub const NONE: Self = Self(-1);
}

impl ProducerId {
    /// Kafka's "not idempotent".
    pub const NONE: Self = Self(-1);
}

impl ProducerEpoch {
    /// Kafka's "not idempotent".
    pub const NONE: Self = Self(-1);
}

impl Sequence {
    /// Kafka's "not idempotent".
    pub const NONE: Self = Self(-1);
    /// Where every producer id and epoch starts.
    pub const ZERO: Self = Self(0);

    /// The sequence `count` records further on; after `i32::MAX` comes 0.
    #[must_use]
    pub const fn advance(self, count: i32) -> Self {
        Self(self.0.wrapping_add(count) & i32::MAX)
    }

    /// How many records this sequence is further on than an earlier one.
    #[must_use]
    pub fn distance_from(self, earlier: Self) -> i64 {
        i64::from(self.0.wrapping_sub(earlier.0) & i32::MAX)
    }
}

impl GenerationId {
    /// Kafka's "not a member".
    pub const NONE: Self = Self(-1);

    /// The generation after the next rebalance.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl NodeId {
    /// Kafka's "no leader".
    pub const NONE: Self = Self(-1);
}

impl Timestamp {
    /// Kafka's "no timestamp".
    pub const NONE: Self = Self(-1);
}

impl TopicId {
    /// The log of the controllers, `__cluster_metadata` (KIP-500).
    pub const CLUSTER_METADATA: Self = Self(0);
}

/// One log of a topic.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicId,
    /// Index of the partition within its topic, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// The one partition of the controllers' log.
    pub const CLUSTER_METADATA: Self = Self {
        topic: TopicId::CLUSTER_METADATA,
        partition: 0,
    };
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}-{}", self.topic, self.partition)
    }
}

impl fmt::Debug for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What people call a topic.
pub type TopicName = Arc<str>;

/// What the members of a consumer group call it (`group.id`).
pub type GroupId = Arc<str>;

/// What its coordinator calls a member of a group; empty for one that has yet to be told.
pub type MemberId = Arc<str>;

/// What a static member calls itself (`group.instance.id`, KIP-345).
pub type InstanceId = Arc<str>;
