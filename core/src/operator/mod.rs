//! The operator: whoever administers a cluster with Kafka's command-line tools, and does not give up; and who deletes records, once asked.

mod deletion;

#[cfg(test)]
mod tests;

use crate::call::{Administration, Answer, Call, Reassignment, RecordsToDelete};
use crate::config::OperatorConfig;
use crate::connections::Connections;
use crate::error::ErrorCode;
use crate::ids::NodeId;
use crate::machine::{Boot, ConnectionId, Context, Input, Lane, Machine, Outbox};
use crate::message::{
    AlterPartitionReassignmentsRequest, CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
    ElectLeadersRequest, Message, Request, Response,
};
use crate::timer::{Timer, Window};

/// A process that has the controller change the cluster and leaders delete records, one at a time. Between two calls it is as if newly started.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    connections: Connections<()>,
    errand: Option<Errand>,
    deletion: Option<RecordsToDelete>,
}

/// What is being done. Without an open connection the operator waits for one; with one it waits for the
/// answer or, if nothing is unanswered, for [`Timer::OperatorBackoff`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Errand {
    task: Administration,
    /// Index of the controller to ask next.
    next: usize,
    /// An earlier attempt may have succeeded without our knowing.
    in_doubt: bool,
}

type OperatorContext<'a> = Context<'a, OperatorConfig>;

impl Machine for Operator {
    type Config = OperatorConfig;

    fn boot(_: &OperatorContext<'_>, _: Boot<'_>, _: &mut Outbox) -> Self {
        Self {
            connections: Connections::default(),
            errand: None,
            deletion: None,
        }
    }

    fn step(&mut self, context: &OperatorContext<'_>, input: Input, out: &mut Outbox) {
        if self.is_about_deletion(&input) {
            return self.on_deletion_input(context, input, out);
        }
        match input {
            Input::Call(Call::Administer(task)) => self.begin(context, task, out),
            Input::Call(Call::DeleteRecords(deletion)) => self.on_delete_records(context, deletion, out),
            Input::Connected(connection) => {
                self.connections.connected(connection);
                self.attempt(context, out);
            }
            Input::Message { connection, message } => self.on_message(context, connection, message, out),
            Input::Refused { peer, lane } => {
                self.connections.refused(peer, lane, backoff(context), out);
                self.on_connection_lost(context, peer, false, out);
            }
            Input::Disconnected(connection) => self.on_disconnected(context, connection, out),
            Input::TimerFired(Timer::RequestTimeout { connection, .. }) => {
                self.on_request_timeout(context, connection, out)
            }
            Input::TimerFired(Timer::ReconnectBackoff { peer, lane }) => {
                self.connections.backed_off(peer, lane);
                if self
                    .errand
                    .as_ref()
                    .is_some_and(|errand| errand.controller(context.config) == peer)
                {
                    self.attempt(context, out);
                }
            }
            Input::TimerFired(Timer::OperatorBackoff) => self.attempt(context, out),
            Input::TimerFired(timer) => panic!("an operator never arms {timer:?}"),
            Input::Call(call) => panic!("{call:?} is not for an operator"),
            Input::Synced(..) | Input::Chosen(_) => panic!("an operator writes nothing and asks for no choice"),
        }
    }
}

impl Operator {
    /// Whether it has nothing to do.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.errand.is_none() && self.deletion.is_none()
    }

    fn begin(&mut self, context: &OperatorContext<'_>, task: Administration, out: &mut Outbox) {
        assert!(self.is_idle(), "an operator does one thing at a time");
        self.errand = Some(Errand {
            task,
            next: 0,
            in_doubt: false,
        });
        self.attempt(context, out);
    }

    fn on_message(
        &mut self,
        context: &OperatorContext<'_>,
        connection: ConnectionId,
        message: Message,
        out: &mut Outbox,
    ) {
        if self.connections.answered(connection, out).is_some() {
            let errand = self.errand.as_ref().expect("what was asked is for what is being done");
            let error = outcome(&errand.task, &message);
            self.on_answer(context, error, out);
        }
    }

    fn on_answer(&mut self, context: &OperatorContext<'_>, error: ErrorCode, out: &mut Outbox) {
        let errand = self.errand.as_mut().expect("what was asked is for what is being done");
        match Verdict::of(error, &errand.task, errand.in_doubt) {
            Verdict::Done(result) => {
                let task = errand.task.clone();
                self.errand = None;
                for controller in &context.config.controllers {
                    self.connections.close(*controller, Lane::Client, out);
                }
                out.answer(Answer::Administered { task, result });
            }
            Verdict::TryAgain { may_have_succeeded } => {
                errand.in_doubt |= may_have_succeeded;
                if error == ErrorCode::NotController && context.config.controllers.len() > 1 {
                    self.connections
                        .close(errand.turn_to_next(context.config), Lane::Client, out);
                }
                out.set_timer(Timer::OperatorBackoff, backoff(context));
            }
        }
    }

    fn on_disconnected(&mut self, context: &OperatorContext<'_>, connection: ConnectionId, out: &mut Outbox) {
        let unanswered = self.connections.disconnected(connection, backoff(context), out);
        if unanswered.is_empty() {
            // The operator was backing off; now it waits until it may connect again, which takes as long.
            out.cancel_timer(Timer::OperatorBackoff);
        }
        self.on_connection_lost(context, connection.peer, !unanswered.is_empty(), out);
    }

    fn on_request_timeout(&mut self, context: &OperatorContext<'_>, connection: ConnectionId, out: &mut Outbox) {
        if !self.connections.timed_out(connection, backoff(context), out).is_empty() {
            self.on_connection_lost(context, connection.peer, true, out);
        }
    }

    fn on_connection_lost(
        &mut self,
        context: &OperatorContext<'_>,
        peer: NodeId,
        may_have_succeeded: bool,
        out: &mut Outbox,
    ) {
        if let Some(errand) = &mut self.errand
            && errand.controller(context.config) == peer
        {
            errand.in_doubt |= may_have_succeeded;
            errand.turn_to_next(context.config);
            self.attempt(context, out);
        }
    }

    /// Asks the controller, or for a connection to it; if neither is possible now, what is awaited leads here again.
    fn attempt(&mut self, context: &OperatorContext<'_>, out: &mut Outbox) {
        let Some(errand) = &self.errand else { return };
        let controller = errand.controller(context.config);
        if self.connections.ready(controller, Lane::Client, out)
            && self.connections.unanswered(controller, Lane::Client).next().is_none()
        {
            let timeout = Window::wall(context.config.request_timeout_ms);
            self.connections
                .send(controller, Lane::Client, request(&errand.task), (), timeout, out);
        }
    }
}

fn request(task: &Administration) -> Request {
    match task {
        Administration::CreateTopic(topic) => CreateTopicsRequest { topic: topic.clone() }.into(),
        Administration::DeleteTopic(topic) => DeleteTopicsRequest { topic: topic.clone() }.into(),
        Administration::CreatePartitions(topic) => CreatePartitionsRequest { topic: topic.clone() }.into(),
        Administration::ElectLeaders(election_type) => ElectLeadersRequest {
            election_type: *election_type,
        }
        .into(),
        Administration::Reassign(reassignment) => AlterPartitionReassignmentsRequest {
            reassignment: reassignment.clone(),
        }
        .into(),
    }
}

/// What a response says about it; the answer to another question is as good as none.
fn outcome(task: &Administration, message: &Message) -> ErrorCode {
    let Message::Response(response) = message else {
        return ErrorCode::UnknownServerError;
    };
    match (task, response) {
        (Administration::CreateTopic(_), Response::CreateTopics(response)) => response.error_code,
        (Administration::DeleteTopic(_), Response::DeleteTopics(response)) => response.error_code,
        (Administration::CreatePartitions(_), Response::CreatePartitions(response)) => response.error_code,
        // What came of each election is told to whoever reads on; none of them is tried again.
        (Administration::ElectLeaders(_), Response::ElectLeaders(response)) => response.error_code,
        (Administration::Reassign(_), Response::AlterPartitionReassignments(response)) => response.error_code,
        (
            Administration::CreateTopic(_)
            | Administration::DeleteTopic(_)
            | Administration::CreatePartitions(_)
            | Administration::ElectLeaders(_)
            | Administration::Reassign(_),
            _,
        ) => ErrorCode::UnknownServerError,
    }
}

/// The error that says that it was done before, if there is one.
const fn done_before(task: &Administration) -> Option<ErrorCode> {
    match task {
        Administration::CreateTopic(_) => Some(ErrorCode::TopicAlreadyExists),
        Administration::DeleteTopic(_) => Some(ErrorCode::UnknownTopicOrPartition),
        // The topic has as many partitions as were wanted.
        Administration::CreatePartitions(_) => Some(ErrorCode::InvalidPartitions),
        Administration::Reassign(Reassignment { replicas: None, .. }) => Some(ErrorCode::NoReassignmentInProgress),
        // Doing these twice changes nothing.
        Administration::ElectLeaders(_) | Administration::Reassign(_) => None,
    }
}

impl Errand {
    fn controller(&self, config: &OperatorConfig) -> NodeId {
        *config
            .controllers
            .get(self.next)
            .expect("an operator knows a controller")
    }

    /// Returns the controller that is turned away from.
    fn turn_to_next(&mut self, config: &OperatorConfig) -> NodeId {
        let previous = self.controller(config);
        self.next = (self.next + 1) % config.controllers.len();
        previous
    }
}

fn backoff(context: &OperatorContext<'_>) -> Window {
    Window::backoff(context.config.retry_backoff_ms)
}

/// What an answer means for what is being done.
enum Verdict {
    Done(Result<(), ErrorCode>),
    TryAgain { may_have_succeeded: bool },
}

impl Verdict {
    fn of(error: ErrorCode, task: &Administration, in_doubt: bool) -> Self {
        if error == ErrorCode::None || (Some(error) == done_before(task) && in_doubt) {
            Self::Done(Ok(()))
        } else if matches!(task, Administration::DeleteTopic(_)) && error == ErrorCode::UnknownTopicOrPartition {
            // Kafka's client would try again in case the topic is new, and so would never come to an end where there is none.
            Self::Done(Err(error))
        } else if error == ErrorCode::InvalidReplicaAssignment {
            // Kafka's tools stop here. But at the start of a cluster it merely means that the brokers have not
            // registered, or are still fenced, and an operator who knows the cluster tries again.
            Self::TryAgain {
                may_have_succeeded: false,
            }
        } else if error.is_retriable() {
            // Also after NOT_CONTROLLER: a controller that loses its office may have written the records before.
            Self::TryAgain {
                may_have_succeeded: true,
            }
        } else {
            Self::Done(Err(error))
        }
    }
}
