//! Producer configuration.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ids::NodeId;
use crate::message::Acks;
use crate::record::Compression;

/// A producer's configuration, validated as `org.apache.kafka.clients.producer.ProducerConfig` validates it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProducerConfig {
    /// `bootstrap.servers`, as broker ids.
    pub bootstrap_servers: Vec<NodeId>,
    /// `client.id`
    pub client_id: String,
    /// `acks`
    pub acks: Acks,
    /// `batch.size`, in bytes
    pub batch_size: usize,
    /// `linger.ms`
    pub linger_ms: u64,
    /// `max.request.size`, in bytes
    pub max_request_size: usize,
    /// `max.in.flight.requests.per.connection`
    pub max_in_flight_requests_per_connection: usize,
    /// `retries`
    pub retries: u32,
    /// `retry.backoff.ms`
    pub retry_backoff_ms: u64,
    /// `retry.backoff.max.ms`
    pub retry_backoff_max_ms: u64,
    /// `reconnect.backoff.ms`
    pub reconnect_backoff_ms: u64,
    /// `request.timeout.ms`
    pub request_timeout_ms: u64,
    /// `delivery.timeout.ms`
    pub delivery_timeout_ms: u64,
    /// `max.block.ms`
    pub max_block_ms: u64,
    /// `metadata.max.age.ms`
    pub metadata_max_age_ms: u64,
    /// `enable.idempotence`, after Kafka's rules about conflicts were applied
    pub enable_idempotence: bool,
    /// `compression.type`
    pub compression_type: Compression,
}
