//! InitProducerId: producer ids out of the block that the controller has handed to this broker.

use alloc::vec::Vec;

use super::purgatory::Parked;
use super::{Asked, Broker, controller, request_timeout};
use crate::config::BrokerConfig;
use crate::error::ErrorCode;
use crate::ids::{ProducerEpoch, ProducerId};
use crate::machine::{ConnectionId, Context, Lane, Outbox};
use crate::message::{AllocateProducerIdsRequest, AllocateProducerIdsResponse, InitProducerIdResponse};

/// What is left of the block of producer ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ProducerIds {
    next: ProducerId,
    left: i32,
}

impl ProducerIds {
    pub(super) fn none() -> Self {
        Self {
            next: ProducerId::NONE,
            left: 0,
        }
    }

    fn take(&mut self) -> Option<ProducerId> {
        let id = (self.left > 0).then_some(self.next)?;
        *self = if self.left == 1 {
            Self::none()
        } else {
            Self {
                next: ProducerId(id.0 + 1),
                left: self.left - 1,
            }
        };
        Some(id)
    }
}

impl Broker {
    pub(super) fn on_init_producer_id(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        connection: ConnectionId,
        out: &mut Outbox,
    ) {
        if let Some(id) = self.producer_ids.take() {
            out.respond(connection, assigned(id).into());
        } else if !connection.has_ended() {
            self.purgatory.park(connection, Parked::InitProducerId, out);
            self.pursue_producer_ids(context, out);
        }
    }

    /// Asks the controller for a block, if somebody waits for an id.
    pub(super) fn pursue_producer_ids(&mut self, context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        let controller = controller(context);
        let Some(broker_epoch) = self.lifecycle.epoch() else {
            return;
        };
        if self.purgatory.init_producer_id().next().is_none()
            || self
                .connections
                .unanswered(controller, Lane::Forwarding)
                .next()
                .is_some()
            || !self.connections.ready(controller, Lane::Forwarding, out)
        {
            return;
        }
        let request = AllocateProducerIdsRequest {
            broker_id: context.node,
            broker_epoch,
        };
        let timeout = request_timeout(context.config);
        self.connections.send(
            controller,
            Lane::Forwarding,
            request.into(),
            Asked::ProducerIds,
            timeout,
            out,
        );
    }

    pub(super) fn on_producer_ids(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        response: AllocateProducerIdsResponse,
        out: &mut Outbox,
    ) {
        if response.error_code == ErrorCode::None {
            self.producer_ids = ProducerIds {
                next: response.producer_id_start,
                left: response.producer_id_len,
            };
        }
        let waiting: Vec<ConnectionId> = self.purgatory.init_producer_id().collect();
        for connection in waiting {
            let answer = match (response.error_code, self.producer_ids.take()) {
                (ErrorCode::None, Some(id)) => assigned(id),
                // Whoever is left over waits for the next block.
                (ErrorCode::None, None) => break,
                (_, _) => refused(),
            };
            self.purgatory.forget(connection, out);
            out.respond(connection, answer.into());
        }
        self.pursue_producer_ids(context, out);
    }
}

/// The producer asks again, after a while.
fn refused() -> InitProducerIdResponse {
    InitProducerIdResponse {
        error_code: ErrorCode::RequestTimedOut,
        producer_id: ProducerId::NONE,
        producer_epoch: ProducerEpoch::NONE,
    }
}

fn assigned(producer_id: ProducerId) -> InitProducerIdResponse {
    InitProducerIdResponse {
        error_code: ErrorCode::None,
        producer_id,
        producer_epoch: ProducerEpoch(0),
    }
}
