//! Consumer configuration.

use alloc::string::String;
use alloc::vec::Vec;

use super::ConfigError;
use super::domain::{BOOLEAN, INT, LONG, Nodes, OneOf, Text, one_of};
use super::error::require_nodes;
use super::key::{Table, configuration};
use crate::ids::NodeId;
use crate::message::{IsolationLevel, OffsetSpec};

configuration! {
    /// A consumer's configuration, validated as `org.apache.kafka.clients.consumer.ConsumerConfig` validates it.
    pub struct ConsumerConfig for Consumer {
        /// The brokers that are asked first, by id.
        "bootstrap.servers" = "", Nodes => bootstrap_servers: Vec<NodeId>;
        /// What the consumer calls itself.
        "client.id" = "", Text => client_id: String;
        /// Where to start when there is no usable position.
        "auto.offset.reset" = "latest", RESET => auto_offset_reset: AutoOffsetReset;
        /// Whether records of open and aborted transactions are returned.
        "isolation.level" = "read_uncommitted", ISOLATION => isolation_level: IsolationLevel;
        /// How many bytes make a broker answer a fetch at once.
        "fetch.min.bytes" = "1", INT.at_least(0) => fetch_min_bytes: i32;
        /// How long a broker may hold a fetch until there is something to answer.
        "fetch.max.wait.ms" = "500", INT.at_least(0) => fetch_max_wait_ms: u32;
        /// How many bytes of all partitions an answer may have; the first batch comes whatever its size.
        "fetch.max.bytes" = "52428800", INT.at_least(0) => fetch_max_bytes: i32;
        /// How many bytes of one partition an answer may have; the first batch comes whatever its size.
        "max.partition.fetch.bytes" = "1048576", INT.at_least(0) => max_partition_fetch_bytes: i32;
        /// How many records a poll returns at most.
        "max.poll.records" = "500", INT.at_least(1) => max_poll_records: usize;
        /// Whether the CRC of each batch is checked.
        "check.crcs" = "true", BOOLEAN => check_crcs: bool;
        /// How long to wait before the first retry of a request.
        "retry.backoff.ms" = "100", LONG.at_least(0) => retry_backoff_ms: u64;
        /// How long to wait at most before a retry, since each wait is twice the one before (KIP-580).
        "retry.backoff.max.ms" = "1000", LONG.at_least(0) => retry_backoff_max_ms: u64;
        /// How long to wait before connecting to a broker again.
        "reconnect.backoff.ms" = "50", LONG.at_least(0) => reconnect_backoff_ms: u64;
        /// How long to wait at most before connecting to a broker again, since each wait in a row is twice the one before.
        "reconnect.backoff.max.ms" = "1000", LONG.at_least(0) => reconnect_backoff_max_ms: u64;
        /// How long to wait for an answer.
        "request.timeout.ms" = "30000", INT.at_least(0) => request_timeout_ms: u64;
        /// How long a call waits that was not told how long.
        "default.api.timeout.ms" = "60000", INT.at_least(0) => default_api_timeout_ms: u64;
        /// How old metadata may become.
        "metadata.max.age.ms" = "300000", LONG.at_least(0) => metadata_max_age_ms: u64;
    }
}

const RESET: OneOf<AutoOffsetReset> = one_of(&[
    ("earliest", AutoOffsetReset::Earliest),
    ("latest", AutoOffsetReset::Latest),
    ("none", AutoOffsetReset::None),
])
.not_simulated(&["by_duration:"]);

const ISOLATION: OneOf<IsolationLevel> = one_of(&[
    ("read_uncommitted", IsolationLevel::ReadUncommitted),
    ("read_committed", IsolationLevel::ReadCommitted),
]);

/// Where to start when there is no usable position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AutoOffsetReset {
    /// `earliest`
    Earliest,
    /// `latest`
    Latest,
    /// `none`: tell the application.
    None,
}

impl AutoOffsetReset {
    /// What to look up; nothing, if the application is told instead.
    #[must_use]
    pub const fn spec(self) -> Option<OffsetSpec> {
        match self {
            Self::Earliest => Some(OffsetSpec::Earliest),
            Self::Latest => Some(OffsetSpec::Latest),
            Self::None => None,
        }
    }
}

impl ConsumerConfig {
    /// Kafka's defaults, with these brokers to start from.
    #[must_use]
    pub fn defaults(bootstrap_servers: Vec<NodeId>) -> Self {
        Self {
            bootstrap_servers,
            ..Self::of_defaults()
        }
    }

    /// Reads pairs over the defaults.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        bootstrap_servers: Vec<NodeId>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::defaults(bootstrap_servers);
        config.read(pairs)?;
        require_nodes("bootstrap.servers", &config.bootstrap_servers)?;
        config.retry_backoff_ms = config.retry_backoff_ms.min(config.retry_backoff_max_ms);
        Ok(config)
    }
}
