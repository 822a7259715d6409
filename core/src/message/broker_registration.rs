//! BrokerRegistration: a broker process announces itself to the controller (KIP-631, KIP-966).

use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, IncarnationId, NodeId};

/// Announces one start of a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BrokerRegistrationRequest {
    /// The broker.
    pub broker_id: NodeId,
    /// This start of it.
    pub incarnation_id: IncarnationId,
    /// The registration that shut down in order before this start, or -1 (KIP-966).
    pub previous_broker_epoch: BrokerEpoch,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BrokerRegistrationResponse {
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// The registration, or -1.
    pub broker_epoch: BrokerEpoch,
}
