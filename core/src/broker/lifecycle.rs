//! The life of a broker in the eyes of the controller: it registers, keeps its session, is unfenced, and shuts down in order (KIP-631).

use super::{Asked, Broker, Changes, controller, request_timeout};
use crate::call::Answer;
use crate::config::BrokerConfig;
use crate::disk::DiskOp;
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, IncarnationId, Offset};
use crate::machine::{Context, Lane, Outbox};
use crate::message::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse, Request,
};
use crate::timer::{Timer, Window};

/// How long to wait before a refused registration or heartbeat is sent again.
const RETRY_BACKOFF: Window = Window::monotonic(500);

/// Where a broker is in its life.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lifecycle {
    incarnation: IncarnationId,
    /// The registration that shut down in order before this start, or -1 (KIP-966).
    previous_epoch: BrokerEpoch,
    /// The registration; without one, the next message is a registration instead of a heartbeat.
    epoch: Option<BrokerEpoch>,
    turn: Turn,
    shutdown: Shutdown,
}

/// Whose turn it is to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Turn {
    /// The broker's, as soon as there is a connection.
    Broker,
    /// The controller's. If something new has come up since, the broker speaks again at once.
    Controller { again: bool },
    /// Nobody's, until [`Timer::Heartbeat`] or [`Timer::RegistrationBackoff`].
    Nobody,
}

/// How far an orderly shutdown has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shutdown {
    No,
    /// The controller is asked to move the leaderships away.
    Requested,
    Done,
}

impl Lifecycle {
    pub(super) fn start(incarnation: IncarnationId, previous_epoch: BrokerEpoch) -> Self {
        Self {
            incarnation,
            previous_epoch,
            epoch: None,
            turn: Turn::Broker,
            shutdown: Shutdown::No,
        }
    }

    /// The registration, if there is one.
    pub(super) fn epoch(&self) -> Option<BrokerEpoch> {
        self.epoch
    }

    /// Whether the process has come to its end.
    pub(super) fn has_stopped(&self) -> bool {
        self.shutdown == Shutdown::Done
    }

    /// Whether the broker hands its partitions over.
    pub(super) fn is_shutting_down(&self) -> bool {
        self.shutdown != Shutdown::No
    }

    /// Whether this broker has replayed its own registration.
    pub(super) fn is_caught_up(&self, next_metadata_offset: Offset) -> bool {
        self.epoch.is_some_and(|epoch| next_metadata_offset.0 > epoch.0)
    }

    /// There is something new to tell the controller.
    pub(super) fn speak(&mut self, out: &mut Outbox) {
        self.turn = match self.turn {
            Turn::Broker => Turn::Broker,
            Turn::Controller { .. } => Turn::Controller { again: true },
            Turn::Nobody => {
                let timer = if self.epoch.is_some() {
                    Timer::Heartbeat
                } else {
                    Timer::RegistrationBackoff
                };
                out.cancel_timer(timer);
                Turn::Broker
            }
        };
    }

    /// [`Timer::Heartbeat`] or [`Timer::RegistrationBackoff`]
    pub(super) fn timer_fired(&mut self) {
        if self.turn == Turn::Nobody {
            self.turn = Turn::Broker;
        }
    }

    /// The answer will not come.
    pub(super) fn lost(&mut self) {
        self.turn = Turn::Broker;
    }

    fn wait(&mut self, timer: Timer, window: Window, out: &mut Outbox) {
        self.turn = Turn::Nobody;
        out.set_timer(timer, window);
    }

    fn registered(
        &mut self,
        response: BrokerRegistrationResponse,
        next_metadata_offset: Offset,
        config: &BrokerConfig,
        out: &mut Outbox,
    ) {
        if response.error_code != ErrorCode::None {
            self.wait(Timer::RegistrationBackoff, RETRY_BACKOFF, out);
            return;
        }
        self.epoch = Some(response.broker_epoch);
        if self.is_caught_up(next_metadata_offset) || self.is_shutting_down() {
            self.turn = Turn::Broker;
        } else {
            // Kafka sends a heartbeat now, to say that it has not caught up. The next one says that it has.
            self.wait(
                Timer::Heartbeat,
                Window::monotonic(config.broker_heartbeat_interval_ms),
                out,
            );
        }
    }

    fn heartbeat_answered(&mut self, response: BrokerHeartbeatResponse, config: &BrokerConfig, out: &mut Outbox) {
        let again = matches!(self.turn, Turn::Controller { again: true });
        let error = response.error_code;
        if error == ErrorCode::None {
            if response.should_shut_down && self.is_shutting_down() {
                self.shutdown = Shutdown::Done;
            } else if again {
                self.turn = Turn::Broker;
            } else {
                self.wait(
                    Timer::Heartbeat,
                    Window::monotonic(config.broker_heartbeat_interval_ms),
                    out,
                );
            }
        } else if error == ErrorCode::StaleBrokerEpoch || error == ErrorCode::BrokerIdNotRegistered {
            // A registration of an earlier start that was long on its way can replace that of this one. Kafka's broker would repeat its
            // heartbeat for ever; this one registers again.
            self.epoch = None;
            self.wait(Timer::RegistrationBackoff, RETRY_BACKOFF, out);
        } else {
            self.wait(Timer::Heartbeat, RETRY_BACKOFF, out);
        }
    }
}

impl Broker {
    /// Says what there is to say to the controller, if it is the broker's turn.
    pub(super) fn pursue_lifecycle(&mut self, context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        let controller = controller(context);
        if self.lifecycle.turn != Turn::Broker || !self.connections.ready(controller, Lane::Lifecycle, out) {
            return;
        }
        self.lifecycle.turn = Turn::Controller { again: false };
        let (request, asked): (Request, Asked) = match self.lifecycle.epoch {
            None => {
                let request = BrokerRegistrationRequest {
                    broker_id: context.node,
                    incarnation_id: self.lifecycle.incarnation,
                    previous_broker_epoch: self.lifecycle.previous_epoch,
                };
                (request.into(), Asked::Registration)
            }
            Some(broker_epoch) => {
                let next = self.metadata.next_offset();
                let request = BrokerHeartbeatRequest {
                    broker_id: context.node,
                    broker_epoch,
                    current_metadata_offset: next + -1,
                    want_fence: !self.lifecycle.is_caught_up(next),
                    want_shut_down: self.lifecycle.is_shutting_down(),
                };
                (request.into(), Asked::Heartbeat)
            }
        };
        self.connections.send(
            controller,
            Lane::Lifecycle,
            request,
            asked,
            request_timeout(context.config),
            out,
        );
    }

    pub(super) fn on_registration(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        response: BrokerRegistrationResponse,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        self.lifecycle
            .registered(response, self.metadata.next_offset(), context.config, out);
        self.publish(context, &[], changes, out);
        self.pursue_lifecycle(context, out);
        self.pursue_producer_ids(context, out);
    }

    pub(super) fn on_heartbeat(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        response: BrokerHeartbeatResponse,
        out: &mut Outbox,
    ) {
        self.lifecycle.heartbeat_answered(response, context.config, out);
        if self.lifecycle.has_stopped() {
            self.stop(out);
        } else {
            self.pursue_lifecycle(context, out);
        }
    }

    /// [`Call::ShutDown`](crate::call::Call::ShutDown): first the controller moves the leaderships away. A broker that has not been in
    /// service yet has none.
    pub(super) fn on_shut_down(&mut self, context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        if self.lifecycle.is_shutting_down() {
            return;
        }
        if self.lifecycle.is_caught_up(self.metadata.next_offset()) {
            self.lifecycle.shutdown = Shutdown::Requested;
            self.lifecycle.speak(out);
            self.pursue_lifecycle(context, out);
        } else {
            self.lifecycle.shutdown = Shutdown::Done;
            self.stop(out);
        }
    }

    fn stop(&mut self, out: &mut Outbox) {
        self.write_high_watermarks(out);
        if self.has_to_write_log_starts() {
            self.write_log_starts(out);
        }
        out.disk(DiskOp::MarkCleanShutdown(
            self.lifecycle.epoch.unwrap_or(BrokerEpoch::NONE),
        ));
        out.answer(Answer::ShutDown);
    }
}
