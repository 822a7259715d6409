//! A program that reads: it assigns partitions to itself and polls for ever.

use kafkasim_core::call::{Answer, Call, Steering};
use kafkasim_core::ids::{Offset, TopicName};

use super::Program;

/// Assigns the given partitions, then polls again and again. A restless one pauses, seeks and wakes up its consumer in between.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PollLoop {
    partitions: Vec<(TopicName, i32)>,
    poll_timeout_ms: u64,
    script: &'static [Step],
    /// The next step of the script.
    next: usize,
    state: State,
    /// Where the last poll that returned records began; of no interest to those who never go back.
    last_read: Option<(TopicName, i32, Offset)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Unassigned,
    Idle,
    Polling,
}

/// What the program does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Poll,
    /// While a poll waits, or else before the next one.
    Wakeup,
    PauseFirst,
    ResumeFirst,
    SeekBack,
    SeekToBeginning,
    SeekToEnd,
}

const PATIENT: &[Step] = &[Step::Poll];

const RESTLESS: &[Step] = &[
    Step::Poll,
    Step::PauseFirst,
    Step::Poll,
    Step::Poll,
    Step::ResumeFirst,
    Step::Poll,
    Step::Wakeup,
    Step::Poll,
    Step::SeekBack,
    Step::Poll,
    Step::Poll,
    Step::Wakeup,
    Step::Poll,
    Step::SeekToEnd,
    Step::Poll,
    Step::SeekBack,
    Step::Wakeup,
    Step::Poll,
    Step::Poll,
    Step::SeekToBeginning,
    Step::Poll,
    Step::Poll,
    Step::Poll,
];

impl PollLoop {
    /// Reads these partitions, waiting at most `poll_timeout_ms` in each poll.
    #[must_use]
    pub const fn new(partitions: Vec<(TopicName, i32)>, poll_timeout_ms: u64) -> Self {
        Self {
            partitions,
            poll_timeout_ms,
            script: PATIENT,
            next: 0,
            state: State::Unassigned,
            last_read: None,
        }
    }

    /// The same, but between polls it pauses and resumes the first partition, seeks back, to the beginning and to the end, and wakes polls up.
    #[must_use]
    pub const fn restless(mut self) -> Self {
        self.script = RESTLESS;
        self
    }

    /// The partitions that it reads.
    #[must_use]
    pub fn partitions(&self) -> &[(TopicName, i32)] {
        &self.partitions
    }

    fn first(&self) -> Vec<(TopicName, i32)> {
        self.partitions.iter().take(1).cloned().collect()
    }

    /// Back to where the last records were, or to the start.
    fn seek_back(&self) -> Steering {
        let start = || {
            let (topic, partition) = self.partitions.first().expect("a restless reader has partitions");
            (topic.clone(), *partition, Offset::ZERO)
        };
        let (topic, partition, offset) = self.last_read.clone().unwrap_or_else(start);
        Steering::Seek {
            topic,
            partition,
            offset,
        }
    }
}

impl Program for PollLoop {
    fn next_call(&self) -> Option<Call> {
        let step = self.script[self.next];
        match self.state {
            State::Unassigned => return Some(Call::Assign(self.partitions.clone())),
            State::Polling if step != Step::Wakeup => return None,
            State::Polling | State::Idle => {}
        }
        let steering = match step {
            Step::Poll => {
                return Some(Call::Poll {
                    timeout_ms: self.poll_timeout_ms,
                });
            }
            Step::Wakeup => Steering::Wakeup,
            Step::PauseFirst => Steering::Pause(self.first()),
            Step::ResumeFirst => Steering::Resume(self.first()),
            Step::SeekBack => self.seek_back(),
            Step::SeekToBeginning => Steering::SeekToBeginning(self.partitions.clone()),
            Step::SeekToEnd => Steering::SeekToEnd(self.first()),
        };
        Some(Call::Steer(steering))
    }

    fn called(&mut self, call: &Call) {
        if self.state == State::Unassigned {
            self.state = State::Idle;
            return;
        }
        self.next = (self.next + 1) % self.script.len();
        if matches!(call, Call::Poll { .. }) {
            self.state = State::Polling;
        }
    }

    fn answered(&mut self, answer: &Answer) {
        let Answer::Polled(polled) = answer else { return };
        self.state = State::Idle;
        if self.script.len() > 1
            && let Some(first) = polled.as_ref().ok().and_then(|records| records.first())
        {
            self.last_read = Some((first.topic.clone(), first.partition, first.offset));
        }
    }

    fn is_done(&self) -> bool {
        false
    }
}
