//! Static configuration of brokers and controllers.

use alloc::vec::Vec;

use crate::ids::NodeId;

/// A broker's static configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BrokerConfig {
    /// `controller.quorum.voters`, ids only.
    pub controller_quorum_voters: Vec<NodeId>,
    /// `broker.heartbeat.interval.ms`
    pub broker_heartbeat_interval_ms: u64,
    /// `replica.lag.time.max.ms`
    pub replica_lag_time_max_ms: u64,
    /// `replica.fetch.wait.max.ms`
    pub replica_fetch_wait_max_ms: u32,
    /// `replica.fetch.min.bytes`
    pub replica_fetch_min_bytes: i32,
    /// `replica.fetch.max.bytes`
    pub replica_fetch_max_bytes: i32,
    /// `replica.fetch.response.max.bytes`
    pub replica_fetch_response_max_bytes: i32,
    /// `replica.fetch.backoff.ms`
    pub replica_fetch_backoff_ms: u64,
    /// `replica.socket.timeout.ms`
    pub replica_socket_timeout_ms: u64,
    /// `replica.high.watermark.checkpoint.interval.ms`
    pub replica_high_watermark_checkpoint_interval_ms: u64,
    /// `request.timeout.ms` of the broker's own channels to the controller
    pub request_timeout_ms: u64,
}

/// A controller's static configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ControllerConfig {
    /// `broker.session.timeout.ms`
    pub broker_session_timeout_ms: u64,
    /// Whether the cluster's `eligible.leader.replicas.version` is 1 (KIP-966; the default of new clusters from 4.1).
    pub eligible_leader_replicas: bool,
    /// Broker-wide topic defaults, which topics inherit.
    pub topic_defaults: super::TopicConfig,
}
