//! Consumer configuration.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ids::NodeId;
use crate::message::IsolationLevel;

/// A consumer's configuration, validated as `org.apache.kafka.clients.consumer.ConsumerConfig` validates it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConsumerConfig {
    /// `bootstrap.servers`, as broker ids.
    pub bootstrap_servers: Vec<NodeId>,
    /// `client.id`
    pub client_id: String,
    /// `auto.offset.reset`
    pub auto_offset_reset: AutoOffsetReset,
    /// `isolation.level`
    pub isolation_level: IsolationLevel,
    /// `fetch.min.bytes`
    pub fetch_min_bytes: i32,
    /// `fetch.max.wait.ms`
    pub fetch_max_wait_ms: u32,
    /// `fetch.max.bytes`
    pub fetch_max_bytes: i32,
    /// `max.partition.fetch.bytes`
    pub max_partition_fetch_bytes: i32,
    /// `max.poll.records`
    pub max_poll_records: usize,
    /// `check.crcs`
    pub check_crcs: bool,
    /// `retry.backoff.ms`
    pub retry_backoff_ms: u64,
    /// `retry.backoff.max.ms`
    pub retry_backoff_max_ms: u64,
    /// `reconnect.backoff.ms`
    pub reconnect_backoff_ms: u64,
    /// `request.timeout.ms`
    pub request_timeout_ms: u64,
    /// `metadata.max.age.ms`
    pub metadata_max_age_ms: u64,
}

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
