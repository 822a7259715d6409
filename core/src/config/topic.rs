//! Topic configuration: how a topic's partitions are kept.

use super::ConfigError;
use super::domain::{BOOLEAN, INT, LONG, OneOf, Share, one_of};
use super::key::{Table, configuration};

configuration! {
    /// What the metadata log says about how a topic is kept.
    pub struct TopicConfig for Topic {
        /// With how many in-sync replicas, at least, acks=all is accepted and the high watermark advances.
        "min.insync.replicas" = "1", INT.at_least(1) => min_insync_replicas: i32;
        /// Whether a replica that may lack committed records may lead when no other can.
        "unclean.leader.election.enable" = "false", BOOLEAN => unclean_leader_election_enable: bool;
        /// The largest batch that a leader accepts, in bytes.
        "max.message.bytes" = "1048588", INT.at_least(0) => max_message_bytes: i32;
        /// What becomes of old records: segments are deleted, or each key keeps its last.
        "cleanup.policy" = "delete", POLICY => cleanup_policy: CleanupPolicy;
        /// How much of a compacted log must be dirty before it is cleaned, in thousandths.
        "min.cleanable.dirty.ratio" = "0.5", Share => min_cleanable_dirty_ratio: u64;
        /// How long a compacted log keeps the deletion of a key after it was cleaned for the first time, in milliseconds.
        "delete.retention.ms" = "86400000", LONG.at_least(0) => delete_retention_ms: i64;
        /// How old a record must be before it is cleaned, in milliseconds.
        "min.compaction.lag.ms" = "0", LONG.at_least(0) => min_compaction_lag_ms: i64;
        /// How many bytes a segment has, at most; only whole segments are deleted.
        "segment.bytes" = "1073741824", INT.at_least(14) => segment_bytes: i32;
        /// How much younger than a segment's first record its others may be, in milliseconds.
        "segment.ms" = "604800000", LONG.at_least(1) => segment_ms: i64;
        /// How many bytes a log keeps at least when old segments are deleted; -1 is all.
        "retention.bytes" = "-1", LONG => retention_bytes: i64;
        /// How long a record is kept at least, in milliseconds; -1 is for ever.
        "retention.ms" = "604800000", LONG.at_least(-1) => retention_ms: i64;
    }
}

/// What becomes of old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CleanupPolicy {
    /// `delete`
    Delete,
    /// `compact`
    Compact,
    /// `compact,delete`
    Both,
}

impl CleanupPolicy {
    /// Whether old segments are deleted.
    #[must_use]
    pub const fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::Both)
    }

    /// Whether each key keeps its last record only.
    #[must_use]
    pub const fn compacts(self) -> bool {
        matches!(self, Self::Compact | Self::Both)
    }
}

pub(super) const POLICY: OneOf<CleanupPolicy> = one_of(&[
    ("delete", CleanupPolicy::Delete),
    ("compact", CleanupPolicy::Compact),
    ("compact,delete", CleanupPolicy::Both),
    ("delete,compact", CleanupPolicy::Both),
]);

impl TopicConfig {
    /// Kafka's defaults.
    #[must_use]
    pub fn defaults() -> Self {
        Self::of_defaults()
    }

    /// Whether anything is deleted within less time than Kafka's own week, which no run lasts.
    #[must_use]
    pub fn lets_go_soon(&self) -> bool {
        self.cleanup_policy.deletes()
            && (self.retention_bytes >= 0 || (0..Self::of_defaults().retention_ms).contains(&self.retention_ms))
    }

    /// Reads what a topic sets itself; the rest it inherits from the cluster
    /// ([`ControllerConfig::topic_defaults`](super::ControllerConfig::topic_defaults)).
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        inherited: &Self,
    ) -> Result<Self, ConfigError> {
        let mut config = inherited.clone();
        config.read(pairs)?;
        Ok(config)
    }
}
