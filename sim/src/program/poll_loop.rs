//! A program that reads: it assigns partitions to itself and polls for ever.

use kafkasim_core::call::{Answer, Call};
use kafkasim_core::ids::TopicName;

use super::Program;

/// Assigns the given partitions, then polls again and again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PollLoop {
    partitions: Vec<(TopicName, i32)>,
    poll_timeout_ms: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Unassigned,
    Idle,
    Polling,
}

impl PollLoop {
    /// Reads these partitions, waiting at most `poll_timeout_ms` in each poll.
    #[must_use]
    pub const fn new(partitions: Vec<(TopicName, i32)>, poll_timeout_ms: u64) -> Self {
        Self {
            partitions,
            poll_timeout_ms,
            state: State::Unassigned,
        }
    }

    /// The partitions that it reads.
    #[must_use]
    pub fn partitions(&self) -> &[(TopicName, i32)] {
        &self.partitions
    }
}

impl Program for PollLoop {
    fn next_call(&self) -> Option<Call> {
        match self.state {
            State::Unassigned => Some(Call::Assign(self.partitions.clone())),
            State::Idle => Some(Call::Poll {
                timeout_ms: self.poll_timeout_ms,
            }),
            State::Polling => None,
        }
    }

    fn called(&mut self, call: &Call) {
        self.state = if matches!(call, Call::Poll { .. }) {
            State::Polling
        } else {
            State::Idle
        };
    }

    fn answered(&mut self, answer: &Answer) {
        if matches!(answer, Answer::Polled(_)) {
            self.state = State::Idle;
        }
    }

    fn is_done(&self) -> bool {
        false
    }
}
