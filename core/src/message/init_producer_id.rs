//! InitProducerId: obtain a producer id and epoch (KIP-98).

use crate::error::ErrorCode;
use crate::ids::{ProducerEpoch, ProducerId};

/// Asks for a producer id; without a transactional id every request gets a fresh one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct InitProducerIdRequest;

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InitProducerIdResponse {
    /// Success, or why not.
    pub error_code: ErrorCode,
    /// The id, or -1.
    pub producer_id: ProducerId,
    /// The epoch, or -1.
    pub producer_epoch: ProducerEpoch,
}
