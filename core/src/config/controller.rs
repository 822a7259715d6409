//! Controller configuration: the keys of `server.properties` that a controller acts upon, and the cluster's features.

use super::domain::{BOOLEAN, INT, LONG, Share, one_of};
use super::key::{Table, configuration};
use super::topic::POLICY;
use super::{ConfigError, TopicConfig};

configuration! {
    /// A controller's static configuration.
    ///
    /// The session time-out is never negative; Kafka has no such bound.
    pub struct ControllerConfig for Controller {
        /// How long a broker may be silent before the controller fences it.
        "broker.session.timeout.ms" = "9000", INT.at_least(0) => broker_session_timeout_ms: u64;
        /// A feature, no key of a file: whether to keep eligible leader replicas (KIP-966); new clusters do since 4.1.
        "eligible.leader.replicas.version" = "1", one_of(&[("0", false), ("1", true)])
            => eligible_leader_replicas: bool;
    }
    with {
        /// What topics inherit, by Kafka's names for servers.
        pub topic_defaults: TopicConfig {
            /// The default of a topic's min.insync.replicas.
            "min.insync.replicas" = "1", INT.at_least(1) => min_insync_replicas;
            /// The default of a topic's unclean.leader.election.enable.
            "unclean.leader.election.enable" = "false", BOOLEAN => unclean_leader_election_enable;
            /// The default of a topic's max.message.bytes.
            "message.max.bytes" = "1048588", INT.at_least(0) => max_message_bytes;
            /// The default of a topic's cleanup.policy.
            "log.cleanup.policy" = "delete", POLICY => cleanup_policy;
            /// The default of a topic's min.cleanable.dirty.ratio.
            "log.cleaner.min.cleanable.ratio" = "0.5", Share => min_cleanable_dirty_ratio;
            /// The default of a topic's delete.retention.ms.
            "log.cleaner.delete.retention.ms" = "86400000", LONG.at_least(0) => delete_retention_ms;
            /// The default of a topic's min.compaction.lag.ms.
            "log.cleaner.min.compaction.lag.ms" = "0", LONG.at_least(0) => min_compaction_lag_ms;
            /// The default of a topic's segment.bytes.
            "log.segment.bytes" = "1073741824", INT.at_least(14) => segment_bytes;
            /// The default of a topic's segment.ms (in Kafka nothing, which leaves it to log.roll.hours).
            "log.roll.ms" = "604800000", LONG.at_least(1) => segment_ms;
            /// The default of a topic's retention.bytes.
            "log.retention.bytes" = "-1", LONG => retention_bytes;
            /// The default of a topic's retention.ms (in Kafka nothing, which leaves it to log.retention.minutes and log.retention.hours).
            "log.retention.ms" = "604800000", LONG.at_least(-1) => retention_ms;
        }
    }
}

impl ControllerConfig {
    /// Kafka's defaults.
    #[must_use]
    pub fn defaults() -> Self {
        Self::of_defaults()
    }

    /// Reads pairs over the defaults.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ConfigError> {
        let mut config = Self::defaults();
        config.read(pairs)?;
        Ok(config)
    }
}
