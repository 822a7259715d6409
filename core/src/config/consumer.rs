//! Consumer configuration.

use alloc::string::String;
use alloc::vec::Vec;

use super::ConfigError;
use super::domain::{Assignors, BOOLEAN, INT, LONG, Nodes, OneOf, OptionalName, Text, one_of};
use super::error::require_nodes;
use super::key::{Given, Table, configuration};
use crate::consumer::assignor::Assignor;
use crate::ids::{GroupId, InstanceId, NodeId};
use crate::message::{IsolationLevel, OffsetSpec};

configuration! {
    /// A consumer's configuration, validated as `org.apache.kafka.clients.consumer.ConsumerConfig` validates it.
    pub struct ConsumerConfig for Consumer {
        /// The brokers that are asked first, by id.
        "bootstrap.servers" = "", Nodes => bootstrap_servers: Vec<NodeId>;
        /// What the consumer calls itself.
        "client.id" = "", Text => client_id: String;
        /// The group of which it is a member, or whose offsets it commits; none if it is empty.
        "group.id" = "", OptionalName => group_id: Option<GroupId>;
        /// What a static member calls itself (KIP-345); none if it is empty.
        "group.instance.id" = "", OptionalName => group_instance_id: Option<InstanceId>;
        /// How the partitions of a group are distributed, the best way first. Kafka's classes or the names that they give themselves.
        "partition.assignment.strategy" = "range,cooperative-sticky", Assignors => partition_assignment_strategy: Vec<Assignor>;
        /// How long the coordinator goes without a heartbeat before it takes the consumer for dead.
        "session.timeout.ms" = "45000", INT.at_least(1) => session_timeout_ms: u32;
        /// How long to wait between heartbeats.
        "heartbeat.interval.ms" = "3000", INT.at_least(1) => heartbeat_interval_ms: u64;
        /// How long the application may go without a poll before the consumer leaves the group; also how long others wait for it in a rebalance.
        "max.poll.interval.ms" = "300000", INT.at_least(1) => max_poll_interval_ms: u32;
        /// Whether positions are committed by the way. Not without a group.
        "enable.auto.commit" = "true", BOOLEAN => enable_auto_commit: bool;
        /// How often.
        "auto.commit.interval.ms" = "5000", INT.at_least(0) => auto_commit_interval_ms: u64;
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
            enable_auto_commit: false,
            ..Self::of_defaults()
        }
    }

    /// Reads pairs over the defaults.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        bootstrap_servers: Vec<NodeId>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self {
            bootstrap_servers,
            ..Self::of_defaults()
        };
        let given = config.read(pairs)?;
        require_nodes("bootstrap.servers", &config.bootstrap_servers)?;
        config.settle_auto_commit(&given)?;
        config.check_heartbeat()?;
        config.retry_backoff_ms = config.retry_backoff_ms.min(config.retry_backoff_max_ms);
        Ok(config)
    }

    /// Without a group nothing is committed, unless that is asked for, which cannot be (KIP-289).
    fn settle_auto_commit(&mut self, given: &Given) -> Result<(), ConfigError> {
        if self.group_id.is_some() || !self.enable_auto_commit {
            return Ok(());
        }
        if given.contains("enable.auto.commit") {
            return Err(ConfigError::invalid(
                "enable.auto.commit",
                "true",
                "false, because there is no group.id",
            ));
        }
        self.enable_auto_commit = false;
        Ok(())
    }

    fn check_heartbeat(&self) -> Result<(), ConfigError> {
        let session_ms = self.session_timeout_ms;
        if self.heartbeat_interval_ms < u64::from(session_ms) {
            return Ok(());
        }
        Err(ConfigError::invalid(
            "heartbeat.interval.ms",
            self.heartbeat_interval_ms,
            alloc::format!("less than session.timeout.ms={session_ms}"),
        ))
    }

    /// Whether the group is rebalanced without everybody giving everything up first (KIP-429): if all assignors allow for that.
    #[must_use]
    pub fn is_cooperative(&self) -> bool {
        self.partition_assignment_strategy
            .iter()
            .all(|assignor| assignor.is_cooperative())
    }
}
