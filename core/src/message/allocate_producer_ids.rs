//! AllocateProducerIds: a broker obtains a block of producer ids from the controller.

use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, NodeId, ProducerId};

/// Asks for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AllocateProducerIdsRequest {
    /// The broker.
    pub broker_id: NodeId,
    /// Its registration.
    pub broker_epoch: BrokerEpoch,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AllocateProducerIdsResponse {
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// The first id of the block.
    pub producer_id_start: ProducerId,
    /// How many there are.
    pub producer_id_len: i32,
}
