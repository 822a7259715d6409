//! BrokerRegistration: one start of a broker takes its place, and what the previous start left behind is cleared up (KIP-631, KIP-966).

use super::commit::Records;
use super::partitions::BrokerEvent;
use super::{Controller, ControllerContext};
use crate::error::ErrorCode;
use crate::ids::BrokerEpoch;
use crate::machine::{ConnectionId, Outbox};
use crate::message::{BrokerRegistrationRequest, BrokerRegistrationResponse};
use crate::metadata::BrokerImage;
use crate::record::MetadataRecord;
use crate::rules::Restart;
use crate::timer::Timer;

impl Controller {
    pub(super) fn on_registration(
        &mut self,
        context: &ControllerContext<'_>,
        connection: ConnectionId,
        request: &BrokerRegistrationRequest,
        out: &mut Outbox,
    ) {
        let epoch = match self.registered(request.broker_id).copied() {
            // The answer to the first attempt was lost.
            Some(existing) if existing.incarnation == request.incarnation_id => existing.epoch,
            Some(existing) if blocks_successor(existing) => return out.respond(connection, duplicate().into()),
            existing => self.register(context, request, existing, out),
        };
        let response = BrokerRegistrationResponse {
            error_code: ErrorCode::None,
            broker_epoch: epoch,
        };
        self.answer(connection, response, out);
    }

    fn register(
        &mut self,
        context: &ControllerContext<'_>,
        request: &BrokerRegistrationRequest,
        existing: Option<BrokerImage>,
        out: &mut Outbox,
    ) -> BrokerEpoch {
        let broker = request.broker_id;
        let mut records = Records::default();
        if let Some(existing) = existing {
            let restart = Restart {
                ended_in_order: request.previous_broker_epoch,
                last: existing.epoch,
            };
            let event = if (context.rules.kept_everything)(&restart) || !context.config.eligible_leader_replicas {
                BrokerEvent::Gone(broker)
            } else {
                BrokerEvent::UncleanShutdown(broker)
            };
            self.change_partitions(context, event, &mut records);
            if !existing.fenced {
                out.cancel_timer(Timer::Session { broker });
            }
            self.broker_inactive(broker);
        }
        let epoch = self.next_broker_epoch(&records);
        records.push(MetadataRecord::RegisterBroker {
            broker,
            incarnation: request.incarnation_id,
            epoch,
        });
        self.append(context, records, out);
        epoch
    }
}

/// Whether another start may not register yet: the session of this one has not ended. One that shuts down in order is on its way
/// out and need not be waited for (KAFKA-19047).
const fn blocks_successor(existing: BrokerImage) -> bool {
    !existing.fenced && !existing.in_controlled_shutdown
}

const fn duplicate() -> BrokerRegistrationResponse {
    BrokerRegistrationResponse {
        error_code: ErrorCode::DuplicateBrokerRegistration,
        broker_epoch: BrokerEpoch::NONE,
    }
}
