//! Staying a member: heartbeats, and leaving when the application does not poll any more.
//!
//! Kafka's `Heartbeat` and its thread, which runs from joining until a rebalance begins. What the thread does every `retry.backoff.ms` while
//! something is wrong is done here when something changes.

use alloc::vec::Vec;

use super::coordinator::is_of_another_coordinator;
use super::{Generation, MemberState, group_id};
use crate::config::ConsumerConfig;
use crate::consumer::waiting::Waiting;
use crate::consumer::{Consumer, Pending};
use crate::error::ErrorCode;
use crate::machine::{Context, Outbox};
use crate::message::{HeartbeatRequest, HeartbeatResponse, LeaveGroupRequest, MemberIdentity};
use crate::note::MembershipEnd;
use crate::timer::{Timer, Window};

impl Consumer {
    /// The consumer has joined.
    pub(super) fn begin_heartbeats(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        self.member.heartbeat_due = false;
        out.set_timer(
            Timer::MemberHeartbeat,
            Window::wall(context.config.heartbeat_interval_ms),
        );
        self.expect_heartbeats(context, out);
        if !self.is_polling() {
            self.expect_poll(context, out);
        }
    }

    /// From now on, `session.timeout.ms` may go by without an answer.
    pub(super) fn expect_heartbeats(&self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if self.member.state.has_joined() {
            let session_ms = u64::from(context.config.session_timeout_ms);
            out.set_timer(Timer::MemberSession, Window::wall(session_ms));
        }
    }

    /// The application has control: from now on, `max.poll.interval.ms` may go by before it polls.
    pub(in crate::consumer) fn expect_poll(&self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if self.member.state.has_joined() {
            let interval_ms = u64::from(context.config.max_poll_interval_ms);
            out.set_timer(Timer::MaxPollInterval, Window::wall(interval_ms));
        }
    }

    /// The application polls.
    pub(in crate::consumer) fn polled(&self, out: &mut Outbox) {
        if self.member.state.has_joined() {
            out.cancel_timer(Timer::MaxPollInterval);
        }
    }

    /// While the rebalance listener runs, the poll that it interrupts does not count.
    fn is_polling(&self) -> bool {
        self.listening.is_none() && self.waiting == Waiting::Poll
    }

    /// What needs no poll: a member looks for its coordinator, and sends the heartbeat that is due.
    pub(in crate::consumer) fn continue_membership(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if context.config.group_id.is_none() || self.is_closed {
            return;
        }
        if self.member.state.has_joined() && self.find_coordinator(context, out) && self.member.heartbeat_due {
            self.member.heartbeat_due = false;
            self.send_heartbeat(context, out);
        }
        self.continue_distribution(context, out);
        self.transmit(context, out);
    }

    /// [`Timer::MemberHeartbeat`]: a coordinator that has yet to answer the last one is not sent another.
    pub(in crate::consumer) fn heartbeat_due(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if self.coordinator().is_none() {
            self.member.heartbeat_due = true;
        } else if self.is_heartbeat_under_way() {
            let interval_ms = context.config.heartbeat_interval_ms;
            out.set_timer(Timer::MemberHeartbeat, Window::wall(interval_ms));
        } else {
            self.send_heartbeat(context, out);
        }
    }

    fn is_heartbeat_under_way(&mut self) -> bool {
        let is_heartbeat = |pending: &Pending| matches!(pending, Pending::Heartbeat(_));
        self.connections.all_unanswered().any(is_heartbeat)
            || self.member.unsent_mut().any(|pending| is_heartbeat(pending))
    }

    fn send_heartbeat(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        let generation = self.member.generation.clone();
        let request = HeartbeatRequest {
            group_id: group_id(context),
            generation_id: generation.id,
            member_id: generation.member.clone(),
            group_instance_id: context.config.group_instance_id.clone(),
        };
        self.send_to_coordinator(request.into(), Pending::Heartbeat(generation));
        let interval_ms = context.config.heartbeat_interval_ms;
        out.set_timer(Timer::MemberHeartbeat, Window::wall(interval_ms));
    }

    pub(in crate::consumer) fn on_heartbeat(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        sent: &Generation,
        response: HeartbeatResponse,
        out: &mut Outbox,
    ) {
        let error = response.error_code;
        let ends_membership = matches!(
            error,
            ErrorCode::IllegalGeneration | ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId
        );
        if ends_membership && self.member.generation == *sent {
            self.end_membership(context, MembershipEnd::Refused(error), out);
            self.member.fenced |= error == ErrorCode::FencedInstanceId;
        } else if ends_membership || error == ErrorCode::None {
            // An error about a generation that is over says as much as none.
            self.expect_heartbeats(context, out);
        } else if error == ErrorCode::RebalanceInProgress {
            self.member.rejoin_needed |= self.member.state == MemberState::Stable;
            self.expect_heartbeats(context, out);
        } else {
            if is_of_another_coordinator(error) {
                self.doubt_coordinator(context, out);
            }
            self.heartbeat_failed(context, out);
        }
    }

    /// The next one is sent after a while.
    pub(in crate::consumer) fn heartbeat_failed(&self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        if self.member.state.has_joined() {
            out.set_timer(Timer::MemberHeartbeat, Window::backoff(context.config.retry_backoff_ms));
        }
    }

    /// [`Timer::MemberSession`]
    pub(in crate::consumer) fn session_expired(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        self.doubt_coordinator(context, out);
    }

    /// [`Timer::MaxPollInterval`]
    pub(in crate::consumer) fn poll_overdue(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        self.leave_group(context, MembershipEnd::MaxPollInterval, out);
    }

    /// `maybeLeaveGroup`: says so unless it is a static member, whose place is kept for a while.
    pub(super) fn leave_group(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        because: MembershipEnd,
        out: &mut Outbox,
    ) {
        let is_dynamic = context.config.group_instance_id.is_none();
        let member_id = self.member.generation.member.clone();
        let has_joined = self.member.state != MemberState::Unjoined && !member_id.is_empty();
        if is_dynamic && self.coordinator().is_some() && has_joined {
            let request = LeaveGroupRequest {
                group_id: group_id(context),
                members: Vec::from([MemberIdentity {
                    member_id,
                    group_instance_id: None,
                }]),
            };
            self.send_to_coordinator(request.into(), Pending::LeaveGroup);
            self.transmit(context, out);
        }
        self.end_membership(context, because, out);
    }
}
