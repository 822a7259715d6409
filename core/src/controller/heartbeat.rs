//! BrokerHeartbeat and sessions: who is alive, who may serve, who may stop (KIP-631).

use super::commit::Records;
use super::partitions::BrokerEvent;
use super::{Controller, ControllerContext, refusal};
use crate::error::ErrorCode;
use crate::ids::{NodeId, Offset};
use crate::machine::{ConnectionId, Outbox};
use crate::message::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};
use crate::metadata::BrokerImage;
use crate::record::MetadataRecord;
use crate::timer::Timer;

/// What a broker is to the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BrokerState {
    Fenced,
    Unfenced,
    /// It hands its partitions over.
    ControlledShutdown,
    /// It may stop at once.
    ShutdownNow,
}

impl BrokerState {
    const fn is_fenced(self) -> bool {
        match self {
            Self::Fenced | Self::ShutdownNow => true,
            Self::Unfenced | Self::ControlledShutdown => false,
        }
    }
}

impl Controller {
    pub(super) fn on_heartbeat(
        &mut self,
        context: &ControllerContext<'_>,
        connection: ConnectionId,
        request: &BrokerHeartbeatRequest,
        out: &mut Outbox,
    ) {
        let broker = request.broker_id;
        let registration = match self.check_broker_epoch(broker, request.broker_epoch) {
            Ok(registration) => registration,
            Err(error) => return out.respond(connection, refusal::no_heartbeat(error).into()),
        };
        let is_caught_up = request.current_metadata_offset >= Offset(registration.epoch.0);
        let current = self.state(broker, registration);
        let next = self.next_state(current, request, is_caught_up);
        if next != current {
            self.enter(context, broker, registration, next, out);
        }
        if !next.is_fenced() {
            Self::arm_session(broker, context, out);
        }
        if next == BrokerState::Unfenced {
            self.broker_replayed(broker, request.current_metadata_offset);
        }
        let response = BrokerHeartbeatResponse {
            error_code: ErrorCode::None,
            is_caught_up,
            is_fenced: next.is_fenced(),
            should_shut_down: next == BrokerState::ShutdownNow,
        };
        self.answer(connection, response, out);
    }

    fn state(&self, broker: NodeId, registration: BrokerImage) -> BrokerState {
        if self.shutdowns.contains_key(&broker) {
            BrokerState::ControlledShutdown
        } else if registration.fenced {
            BrokerState::Fenced
        } else {
            BrokerState::Unfenced
        }
    }

    fn next_state(&self, current: BrokerState, request: &BrokerHeartbeatRequest, is_caught_up: bool) -> BrokerState {
        match current {
            BrokerState::Fenced if request.want_shut_down => BrokerState::ShutdownNow,
            BrokerState::Fenced if !request.want_fence && is_caught_up => BrokerState::Unfenced,
            BrokerState::Fenced => BrokerState::Fenced,
            BrokerState::Unfenced if request.want_shut_down => {
                if !request.want_fence && self.has_leaderships(request.broker_id) {
                    BrokerState::ControlledShutdown
                } else {
                    BrokerState::ShutdownNow
                }
            }
            BrokerState::Unfenced if request.want_fence => BrokerState::Fenced,
            BrokerState::Unfenced => BrokerState::Unfenced,
            BrokerState::ControlledShutdown => {
                let shutdown = &self.shutdowns[&request.broker_id];
                if shutdown.is_known_to_all() && !self.has_leaderships(request.broker_id) {
                    BrokerState::ShutdownNow
                } else {
                    BrokerState::ControlledShutdown
                }
            }
            BrokerState::ShutdownNow => BrokerState::ShutdownNow,
        }
    }

    fn enter(
        &mut self,
        context: &ControllerContext<'_>,
        broker: NodeId,
        registration: BrokerImage,
        next: BrokerState,
        out: &mut Outbox,
    ) {
        match next {
            BrokerState::Fenced | BrokerState::ShutdownNow => {
                if !registration.fenced {
                    out.cancel_timer(Timer::Session { broker });
                    self.fence(context, broker, registration, out);
                }
            }
            BrokerState::Unfenced => {
                let mut records = Records::default();
                records.push(fenced_record(broker, registration, false));
                self.change_partitions(context, BrokerEvent::Unfenced(broker), &mut records);
                self.append(context, records, out);
            }
            BrokerState::ControlledShutdown => {
                let mut records = Records::default();
                if !registration.in_controlled_shutdown {
                    records.push(MetadataRecord::BrokerRegistrationChange {
                        broker,
                        epoch: registration.epoch,
                        fenced: None,
                        in_controlled_shutdown: Some(true),
                    });
                }
                self.change_partitions(context, BrokerEvent::Gone(broker), &mut records);
                self.append(context, records, out);
                self.begin_shutdown(broker);
            }
        }
    }

    /// A broker was not heard from for too long.
    pub(super) fn on_session_expired(&mut self, context: &ControllerContext<'_>, broker: NodeId, out: &mut Outbox) {
        let registration = *self.registered(broker).expect("only a registered broker has a session");
        assert!(!registration.fenced, "fenced broker {broker} has a session");
        self.fence(context, broker, registration, out);
    }

    fn fence(&mut self, context: &ControllerContext<'_>, broker: NodeId, registration: BrokerImage, out: &mut Outbox) {
        let mut records = Records::default();
        self.change_partitions(context, BrokerEvent::Gone(broker), &mut records);
        records.push(fenced_record(broker, registration, true));
        self.append(context, records, out);
        self.broker_inactive(broker);
    }
}

const fn fenced_record(broker: NodeId, registration: BrokerImage, fenced: bool) -> MetadataRecord {
    MetadataRecord::BrokerRegistrationChange {
        broker,
        epoch: registration.epoch,
        fenced: Some(fenced),
        in_controlled_shutdown: None,
    }
}
