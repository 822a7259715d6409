//! The operator: whoever creates topics with Kafka's command-line tools, and does not give up; and who deletes records, once asked.

mod deletion;

#[cfg(test)]
mod tests;

use crate::call::{Answer, Call, NewTopic, RecordsToDelete};
use crate::config::OperatorConfig;
use crate::connections::Connections;
use crate::error::ErrorCode;
use crate::ids::NodeId;
use crate::machine::{Boot, ConnectionId, Context, Input, Lane, Machine, Outbox};
use crate::message::{CreateTopicsRequest, Message, Response};
use crate::timer::{Timer, Window};

/// A process that creates topics and deletes records, one at a time. Between two calls it is as if newly started.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    connections: Connections<()>,
    creation: Option<Creation>,
    deletion: Option<RecordsToDelete>,
}

/// A topic that is being created. Without an open connection the operator waits for one; with one it waits for the
/// answer or, if nothing is unanswered, for [`Timer::OperatorBackoff`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Creation {
    topic: NewTopic,
    /// Index of the controller to ask next.
    next: usize,
    /// An earlier attempt may have created the topic without our knowing.
    in_doubt: bool,
}

type OperatorContext<'a> = Context<'a, OperatorConfig>;

impl Machine for Operator {
    type Config = OperatorConfig;

    fn boot(_: &OperatorContext<'_>, _: Boot<'_>, _: &mut Outbox) -> Self {
        Self {
            connections: Connections::default(),
            creation: None,
            deletion: None,
        }
    }

    fn step(&mut self, context: &OperatorContext<'_>, input: Input, out: &mut Outbox) {
        if self.is_about_deletion(&input) {
            return self.on_deletion_input(context, input, out);
        }
        match input {
            Input::Call(Call::CreateTopic(topic)) => self.on_create_topic(context, topic, out),
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
                    .creation
                    .as_ref()
                    .is_some_and(|creation| creation.controller(context.config) == peer)
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
        self.creation.is_none() && self.deletion.is_none()
    }

    fn on_create_topic(&mut self, context: &OperatorContext<'_>, topic: NewTopic, out: &mut Outbox) {
        assert!(self.creation.is_none(), "an operator creates one topic at a time");
        self.creation = Some(Creation {
            topic,
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
            let error = if let Message::Response(Response::CreateTopics(response)) = message {
                response.error_code
            } else {
                ErrorCode::UnknownServerError
            };
            self.on_answer(context, error, out);
        }
    }

    fn on_answer(&mut self, context: &OperatorContext<'_>, error: ErrorCode, out: &mut Outbox) {
        let creation = self
            .creation
            .as_mut()
            .expect("what was asked is for a topic that is being created");
        match Verdict::of(error, creation.in_doubt) {
            Verdict::Done(result) => {
                self.creation = None;
                for controller in &context.config.controllers {
                    self.connections.close(*controller, Lane::Client, out);
                }
                out.answer(Answer::TopicCreated(result));
            }
            Verdict::TryAgain { may_have_created } => {
                creation.in_doubt |= may_have_created;
                if error == ErrorCode::NotController && context.config.controllers.len() > 1 {
                    self.connections
                        .close(creation.turn_to_next(context.config), Lane::Client, out);
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
        may_have_created: bool,
        out: &mut Outbox,
    ) {
        if let Some(creation) = &mut self.creation
            && creation.controller(context.config) == peer
        {
            creation.in_doubt |= may_have_created;
            creation.turn_to_next(context.config);
            self.attempt(context, out);
        }
    }

    /// Asks the controller, or for a connection to it; if neither is possible now, what is awaited leads here again.
    fn attempt(&mut self, context: &OperatorContext<'_>, out: &mut Outbox) {
        let Some(creation) = &self.creation else { return };
        let controller = creation.controller(context.config);
        if self.connections.ready(controller, Lane::Client, out)
            && self.connections.unanswered(controller, Lane::Client).next().is_none()
        {
            let request = CreateTopicsRequest {
                topic: creation.topic.clone(),
            };
            let timeout = Window::wall(context.config.request_timeout_ms);
            self.connections
                .send(controller, Lane::Client, request.into(), (), timeout, out);
        }
    }
}

impl Creation {
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

/// What an answer means for the creation of a topic.
enum Verdict {
    Done(Result<(), ErrorCode>),
    TryAgain { may_have_created: bool },
}

impl Verdict {
    fn of(error: ErrorCode, in_doubt: bool) -> Self {
        if error == ErrorCode::None || (error == ErrorCode::TopicAlreadyExists && in_doubt) {
            Self::Done(Ok(()))
        } else if error == ErrorCode::InvalidReplicaAssignment {
            // Kafka's tools stop here. But at the start of a cluster it merely means that the brokers have not
            // registered, or are still fenced, and an operator who knows the cluster tries again.
            Self::TryAgain {
                may_have_created: false,
            }
        } else if error.is_retriable() {
            // Also after NOT_CONTROLLER: a controller that loses its office may have written the topic before.
            Self::TryAgain { may_have_created: true }
        } else {
            Self::Done(Err(error))
        }
    }
}
