//! BrokerHeartbeat: a registered broker keeps its session and asks to be unfenced or to shut down (KIP-631).

use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, NodeId, Offset};

/// Keeps a session alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BrokerHeartbeatRequest {
    /// The broker.
    pub broker_id: NodeId,
    /// Its registration.
    pub broker_epoch: BrokerEpoch,
    /// The last offset of the metadata log that it has replayed.
    pub current_metadata_offset: Offset,
    /// It does not want to lead or follow yet.
    pub want_fence: bool,
    /// It wants to hand its partitions over and stop.
    pub want_shut_down: bool,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BrokerHeartbeatResponse {
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// Whether it has caught up with the metadata log, up to its own registration.
    pub is_caught_up: bool,
    /// Whether it is fenced.
    pub is_fenced: bool,
    /// Whether it may stop now.
    pub should_shut_down: bool,
}
