//! Broker configuration: the keys of `server.properties` that a broker acts upon.

use alloc::format;
use alloc::vec::Vec;

use super::ConfigError;
use super::domain::{INT, LONG, Nodes};
use super::error::require_nodes;
use super::key::{Table, configuration};
use crate::ids::NodeId;

configuration! {
    /// A broker's static configuration, validated as `kafka.server.KafkaConfig` validates it.
    ///
    /// Times are never negative, and the checkpoint interval is at least 1 ms; Kafka has no such bounds, and misbehaves
    /// beyond them.
    pub struct BrokerConfig for Broker {
        /// The controllers, by id.
        "controller.quorum.voters" = "", Nodes => controller_quorum_voters: Vec<NodeId>;
        /// How often to tell the controller to be alive.
        "broker.heartbeat.interval.ms" = "2000", INT.at_least(0) => broker_heartbeat_interval_ms: u64;
        /// How long a follower may lag before the leader wants it out of the in-sync replicas.
        "replica.lag.time.max.ms" = "30000", LONG.at_least(0) => replica_lag_time_max_ms: u64;
        /// How long a leader may hold a follower's fetch until there is something to answer.
        "replica.fetch.wait.max.ms" = "500", INT.at_least(0) => replica_fetch_wait_max_ms: u32;
        /// How many bytes make a leader answer a follower's fetch at once.
        "replica.fetch.min.bytes" = "1", INT => replica_fetch_min_bytes: i32;
        /// How many bytes an answer may have, whatever a fetch asks for; the first batch comes whatever its size.
        "fetch.max.bytes" = "57671680", INT.at_least(1024) => fetch_max_bytes: i32;
        /// How many bytes of one partition a follower wants in an answer; the first batch comes whatever its size.
        "replica.fetch.max.bytes" = "1048576", INT.at_least(0) => replica_fetch_max_bytes: i32;
        /// How many bytes of all partitions a follower wants in an answer; the first batch comes whatever its size.
        "replica.fetch.response.max.bytes" = "10485760", INT.at_least(0) => replica_fetch_response_max_bytes: i32;
        /// How long a follower waits after an error before it fetches again.
        "replica.fetch.backoff.ms" = "1000", INT.at_least(0) => replica_fetch_backoff_ms: u64;
        /// How long a follower waits for the answer to a fetch.
        "replica.socket.timeout.ms" = "30000", INT.at_least(0) => replica_socket_timeout_ms: u64;
        /// How often to write the high watermarks down.
        "replica.high.watermark.checkpoint.interval.ms" = "5000", LONG.at_least(1)
            => replica_high_watermark_checkpoint_interval_ms: u64;
        /// How often to look for old segments.
        "log.retention.check.interval.ms" = "300000", LONG.at_least(1) => log_retention_check_interval_ms: u64;
        /// How long to wait after the start before looking for the first time.
        "log.initial.task.delay.ms" = "30000", LONG.at_least(0) => log_initial_task_delay_ms: u64;
        /// How often to look for logs to clean.
        "log.cleaner.backoff.ms" = "15000", LONG.at_least(0) => log_cleaner_backoff_ms: u64;
        /// How long a log remembers a producer after its last record.
        "producer.id.expiration.ms" = "86400000", INT.at_least(1) => producer_id_expiration_ms: i64;
        /// How often to look for producers to forget.
        "producer.id.expiration.check.interval.ms" = "600000", INT.at_least(1)
            => producer_id_expiration_check_interval_ms: u64;
        /// How often to write down where logs start.
        "log.flush.start.offset.checkpoint.interval.ms" = "60000", INT.at_least(0)
            => log_flush_start_offset_checkpoint_interval_ms: u64;
        /// How long the first members of a group wait for more of them (KIP-134).
        "group.initial.rebalance.delay.ms" = "3000", INT.at_least(0) => group_initial_rebalance_delay_ms: u64;
        /// The shortest session timeout that a member may have.
        "group.min.session.timeout.ms" = "6000", INT => group_min_session_timeout_ms: i32;
        /// The longest session timeout that a member may have.
        "group.max.session.timeout.ms" = "1800000", INT => group_max_session_timeout_ms: i32;
        /// How many members a group may have.
        "group.max.size" = "2147483647", INT.at_least(1) => group_max_size: usize;
        /// How long the metadata of a committed offset may be.
        "offset.metadata.max.bytes" = "4096", INT => offset_metadata_max_bytes: usize;
        /// How long a group without members remembers what it has committed.
        "offsets.retention.minutes" = "10080", INT.at_least(1) => offsets_retention_minutes: i64;
        /// How often to look for what has expired.
        "offsets.retention.check.interval.ms" = "600000", LONG.at_least(1) => offsets_retention_check_interval_ms: u64;
        /// How long a commit may take to reach the in-sync replicas.
        "offsets.commit.timeout.ms" = "5000", INT.at_least(1) => offsets_commit_timeout_ms: u64;
        /// How many partitions `__consumer_offsets` is created with; no group moves from one to another. For whoever creates it.
        "offsets.topic.num.partitions" = "50", INT.at_least(1) => offsets_topic_num_partitions: usize;
        /// How many replicas each of them has. For whoever creates it.
        "offsets.topic.replication.factor" = "3", INT.at_least(1) => offsets_topic_replication_factor: usize;
        /// How many bytes a segment of it has, at most; only whole segments are cleaned. For whoever creates it.
        "offsets.topic.segment.bytes" = "104857600", INT.at_least(1) => offsets_topic_segment_bytes: i32;
        /// How long the broker's own channels to the controller wait for an answer.
        "request.timeout.ms" = "30000", INT.at_least(0) => request_timeout_ms: u64;
    }
}

impl BrokerConfig {
    /// How long a new member may wait for its group's first generation, whatever its session timeout; a constant in Kafka.
    pub const GROUP_NEW_MEMBER_JOIN_TIMEOUT_MS: u64 = 300_000;

    /// `offsets.retention.minutes` in milliseconds.
    #[must_use]
    pub const fn offsets_retention_ms(&self) -> i64 {
        self.offsets_retention_minutes * 60_000
    }

    /// Kafka's defaults, with these controllers.
    #[must_use]
    pub fn defaults(controller_quorum_voters: Vec<NodeId>) -> Self {
        Self {
            controller_quorum_voters,
            ..Self::of_defaults()
        }
    }

    /// Reads pairs over the defaults.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        controller_quorum_voters: Vec<NodeId>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::defaults(controller_quorum_voters);
        config.read(pairs)?;
        require_nodes("controller.quorum.voters", &config.controller_quorum_voters)?;
        config.check_fetch_wait()?;
        Ok(config)
    }

    /// A fetch that is held too long would time out, or make its follower look as if it lagged.
    fn check_fetch_wait(&self) -> Result<(), ConfigError> {
        let wait = u64::from(self.replica_fetch_wait_max_ms);
        let limits = [
            ("replica.socket.timeout.ms", self.replica_socket_timeout_ms),
            ("replica.lag.time.max.ms", self.replica_lag_time_max_ms),
        ];
        match limits.into_iter().find(|(_, limit)| wait > *limit) {
            Some((key, limit)) => {
                let expected = format!("at most {limit}, which is {key}");
                Err(ConfigError::invalid("replica.fetch.wait.max.ms", wait, expected))
            }
            None => Ok(()),
        }
    }
}
