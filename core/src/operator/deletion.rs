//! Deleting records: one attempt, with whoever is said to lead.

use super::{Operator, OperatorContext, backoff};
use crate::call::{Answer, RecordsToDelete};
use crate::error::ErrorCode;
use crate::ids::Offset;
use crate::machine::{ConnectionId, Input, Lane, Outbox};
use crate::message::{DeleteRecordsPartition, DeleteRecordsRequest, Message, Response};
use crate::timer::{Timer, Window};

impl Operator {
    pub(super) fn on_delete_records(
        &mut self,
        context: &OperatorContext<'_>,
        deletion: RecordsToDelete,
        out: &mut Outbox,
    ) {
        assert!(self.is_idle(), "an operator does one thing at a time");
        self.deletion = Some(deletion);
        self.ask_to_delete(context, out);
    }

    /// Whether this comes from, or is about the connection to, the broker that is asked to delete records.
    pub(super) fn is_about_deletion(&self, input: &Input) -> bool {
        let peer = match input {
            Input::Message { connection, .. } | Input::Connected(connection) | Input::Disconnected(connection) => {
                connection.peer
            }
            Input::Refused { peer, .. }
            | Input::TimerFired(Timer::ReconnectBackoff { peer, .. })
            | Input::TimerFired(Timer::RequestTimeout {
                connection: ConnectionId { peer, .. },
                ..
            }) => *peer,
            Input::TimerFired(_) | Input::Synced(..) | Input::Chosen(_) | Input::Call(_) => return false,
        };
        self.deletion.is_some_and(|deletion| deletion.leader == peer)
    }

    pub(super) fn on_deletion_input(&mut self, context: &OperatorContext<'_>, input: Input, out: &mut Outbox) {
        match input {
            Input::Connected(connection) => {
                self.connections.connected(connection);
                self.ask_to_delete(context, out);
            }
            Input::Message { connection, message } => {
                if self.connections.answered(connection, out).is_some() {
                    self.end_deletion(outcome(&message), out);
                }
            }
            Input::Refused { peer, lane } => {
                self.connections.refused(peer, lane, backoff(context), out);
                self.end_deletion(Err(ErrorCode::NetworkException), out);
            }
            Input::Disconnected(connection) => {
                self.connections.disconnected(connection, backoff(context), out);
                self.end_deletion(Err(ErrorCode::NetworkException), out);
            }
            Input::TimerFired(Timer::RequestTimeout { connection, .. }) => {
                self.connections.timed_out(connection, backoff(context), out);
                self.end_deletion(Err(ErrorCode::RequestTimedOut), out);
            }
            Input::TimerFired(Timer::ReconnectBackoff { peer, lane }) => {
                self.connections.backed_off(peer, lane);
                self.ask_to_delete(context, out);
            }
            Input::TimerFired(_) | Input::Synced(..) | Input::Chosen(_) | Input::Call(_) => {
                panic!("{input:?} is not about a broker")
            }
        }
    }

    /// Asks the broker, or for a connection to it.
    fn ask_to_delete(&mut self, context: &OperatorContext<'_>, out: &mut Outbox) {
        let Some(deletion) = self.deletion else { return };
        if !self.connections.ready(deletion.leader, Lane::Client, out) {
            return;
        }
        let request = DeleteRecordsRequest {
            partitions: [DeleteRecordsPartition {
                partition: deletion.partition,
                offset: deletion.before,
            }]
            .into(),
            timeout_ms: u32::try_from(context.config.request_timeout_ms).unwrap_or(u32::MAX),
        };
        let timeout = Window::wall(context.config.request_timeout_ms);
        self.connections
            .send(deletion.leader, Lane::Client, request.into(), (), timeout, out);
    }

    fn end_deletion(&mut self, result: Result<Offset, ErrorCode>, out: &mut Outbox) {
        if let Some(RecordsToDelete { leader, .. }) = self.deletion.take() {
            self.connections.close(leader, Lane::Client, out);
            out.answer(Answer::RecordsDeleted(result));
        }
    }
}

fn outcome(message: &Message) -> Result<Offset, ErrorCode> {
    let Message::Response(Response::DeleteRecords(response)) = message else {
        return Err(ErrorCode::UnknownServerError);
    };
    match response.partitions.as_slice() {
        [deleted] if deleted.error_code == ErrorCode::None => Ok(deleted.low_watermark),
        [deleted] => Err(deleted.error_code),
        _ => Err(ErrorCode::UnknownServerError),
    }
}
