//! Who coordinates the group, and what is to be sent there.

use alloc::vec::Vec;

use super::group_id;
use crate::config::ConsumerConfig;
use crate::consumer::{Consumer, Pending};
use crate::error::ErrorCode;
use crate::ids::NodeId;
use crate::machine::{Context, Lane, Outbox};
use crate::message::{FindCoordinatorRequest, FindCoordinatorResponse, Request};
use crate::note::Note;
use crate::timer::{Timer, Window};

/// As many requests Kafka's consumer has under way on one connection (`CONSUMER_MAX_INFLIGHT_REQUESTS_PER_CONNECTION`).
const IN_FLIGHT_AT_MOST: usize = 100;

/// Who coordinates the group, as far as the consumer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::consumer) enum Coordinator {
    Unknown,
    Asked,
    /// Nobody could tell; it is asked again after a while.
    BackingOff,
    Known(NodeId),
}

impl Consumer {
    pub(in crate::consumer) const fn coordinator(&self) -> Option<NodeId> {
        match self.member.coordinator {
            Coordinator::Known(node) => Some(node),
            Coordinator::Unknown | Coordinator::Asked | Coordinator::BackingOff => None,
        }
    }

    /// `ensureCoordinatorReady`: whether the coordinator is known; if it is not, somebody is asked.
    pub(in crate::consumer) fn find_coordinator(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        out: &mut Outbox,
    ) -> bool {
        match self.member.coordinator {
            Coordinator::Known(_) => return true,
            Coordinator::Asked | Coordinator::BackingOff => return false,
            Coordinator::Unknown => {}
        }
        let Some(broker) = self.cluster.any_broker(&mut self.connections, out) else {
            return false;
        };
        let request = FindCoordinatorRequest {
            coordinator_keys: [group_id(context)].into(),
        };
        let timeout = Window::wall(context.config.request_timeout_ms);
        self.connections.send(
            broker,
            Lane::Client,
            request.into(),
            Pending::FindCoordinator,
            timeout,
            out,
        );
        self.member.coordinator = Coordinator::Asked;
        false
    }

    pub(in crate::consumer) fn on_find_coordinator(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        response: &FindCoordinatorResponse,
        out: &mut Outbox,
    ) {
        let [found] = &response.coordinators[..] else {
            return self.coordinator_not_found(context, ErrorCode::UnknownServerError, out);
        };
        if found.error_code != ErrorCode::None {
            return self.coordinator_not_found(context, found.error_code, out);
        }
        self.member.coordinator = Coordinator::Known(found.node_id);
        out.note(Note::CoordinatorFound {
            coordinator: found.node_id,
        });
        // It connects at once, whatever there is to send.
        self.connections.ready(found.node_id, Lane::Coordinator, out);
        self.expect_heartbeats(context, out);
        self.commit_what_waited(context, out);
    }

    pub(in crate::consumer) fn coordinator_not_found(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        error: ErrorCode,
        out: &mut Outbox,
    ) {
        self.member.coordinator = Coordinator::BackingOff;
        self.back_off_from_coordinator(context, out);
        self.cluster.request_update();
        self.fail_what_waited(error);
    }

    /// It is asked again, or asked for, after a while.
    pub(super) fn back_off_from_coordinator(&self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        out.set_timer(
            Timer::CoordinatorBackoff,
            Window::backoff(context.config.retry_backoff_ms),
        );
    }

    /// [`Timer::CoordinatorBackoff`]
    pub(in crate::consumer) fn coordinator_backed_off(&mut self) {
        if self.member.coordinator == Coordinator::BackingOff {
            self.member.coordinator = Coordinator::Unknown;
        }
        if self.member.joining == super::Joining::BackingOff {
            self.member.joining = super::Joining::No;
        }
        self.preparation_backed_off();
    }

    /// Puts a request behind those that wait for the connection.
    pub(in crate::consumer) fn send_to_coordinator(&mut self, request: Request, pending: Pending) {
        self.member.unsent.push_back((request, pending));
    }

    /// Sends what can be sent: the rest waits for answers.
    pub(in crate::consumer) fn transmit(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        let Some(coordinator) = self.coordinator() else { return };
        if self.member.unsent.is_empty() || !self.connections.ready(coordinator, Lane::Coordinator, out) {
            return;
        }
        let under_way = self.connections.unanswered(coordinator, Lane::Coordinator).count();
        let room = IN_FLIGHT_AT_MOST
            .saturating_sub(under_way)
            .min(self.member.unsent.len());
        let sent: Vec<_> = self.member.unsent.drain(..room).collect();
        for (request, pending) in sent {
            let timeout = Window::wall(timeout_ms(context.config, &request));
            self.connections
                .send(coordinator, Lane::Coordinator, request, pending, timeout, out);
        }
    }

    /// An answer says that this is not the coordinator, or it was not heard from for too long: another is looked for, and what is under way
    /// is lost.
    pub(in crate::consumer) fn doubt_coordinator(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        let Some(coordinator) = self.coordinator() else { return };
        self.forget_coordinator(coordinator, out);
        let lost = self.connections.close(coordinator, Lane::Coordinator, out);
        self.lost_to_coordinator(context, lost, out);
    }

    /// The connection to a coordinator, which may be an earlier one, ended or could not be made.
    pub(in crate::consumer) fn coordinator_disconnected(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        peer: NodeId,
        lost: Vec<Pending>,
        out: &mut Outbox,
    ) {
        if self.coordinator() == Some(peer) {
            self.forget_coordinator(peer, out);
        }
        self.lost_to_coordinator(context, lost, out);
    }

    fn forget_coordinator(&mut self, coordinator: NodeId, out: &mut Outbox) {
        self.member.coordinator = Coordinator::Unknown;
        out.note(Note::CoordinatorUnknown { coordinator });
    }

    /// Nothing that was sent or was to be sent will be answered.
    fn lost_to_coordinator(&mut self, context: &Context<'_, ConsumerConfig>, lost: Vec<Pending>, out: &mut Outbox) {
        let unsent = if self.coordinator().is_none() {
            core::mem::take(&mut self.member.unsent)
        } else {
            [].into()
        };
        for pending in lost.into_iter().chain(unsent.into_iter().map(|(_, pending)| pending)) {
            self.request_lost(context, pending, out);
        }
    }
}

/// Whether an error says that somebody else coordinates the group by now.
pub(in crate::consumer) const fn is_of_another_coordinator(error: ErrorCode) -> bool {
    matches!(error, ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator)
}

/// A JoinGroup is answered only once everybody has joined, who may take until the rebalance timeout.
fn timeout_ms(config: &ConsumerConfig, request: &Request) -> u64 {
    const LAPSE_MS: u64 = 5000;
    if matches!(request, Request::JoinGroup(_)) {
        let rebalance_ms = u64::from(config.max_poll_interval_ms) + LAPSE_MS;
        rebalance_ms.max(config.request_timeout_ms)
    } else {
        config.request_timeout_ms
    }
}
