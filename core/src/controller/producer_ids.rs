//! AllocateProducerIds: brokers hand out producer ids from blocks that the controller gives them (KIP-730).

use super::commit::Records;
use super::{Controller, ControllerContext};
use crate::error::ErrorCode;
use crate::ids::ProducerId;
use crate::machine::{ConnectionId, Outbox};
use crate::message::{AllocateProducerIdsRequest, AllocateProducerIdsResponse};
use crate::record::MetadataRecord;

/// How many ids there are in a block.
const BLOCK_SIZE: i32 = 1000;

impl Controller {
    pub(super) fn on_allocate_producer_ids(
        &mut self,
        context: &ControllerContext<'_>,
        connection: ConnectionId,
        request: AllocateProducerIdsRequest,
        out: &mut Outbox,
    ) {
        if let Err(error_code) = self.check_broker_epoch(request.broker_id, request.broker_epoch) {
            return out.respond(connection, refused(error_code).into());
        }
        let first = self.image.next_producer_id;
        let Some(next) = first.0.checked_add(i64::from(BLOCK_SIZE)) else {
            return out.respond(connection, refused(ErrorCode::UnknownServerError).into());
        };
        let mut records = Records::default();
        records.push(MetadataRecord::ProducerIds {
            broker: request.broker_id,
            epoch: request.broker_epoch,
            next_producer_id: ProducerId(next),
        });
        self.append(context, records, out);
        let response = AllocateProducerIdsResponse {
            error_code: ErrorCode::None,
            producer_id_start: first,
            producer_id_len: BLOCK_SIZE,
        };
        self.answer(connection, response, out);
    }
}

/// No block, and why.
pub(super) const fn refused(error_code: ErrorCode) -> AllocateProducerIdsResponse {
    AllocateProducerIdsResponse {
        error_code,
        producer_id_start: ProducerId::NONE,
        producer_id_len: 0,
    }
}
