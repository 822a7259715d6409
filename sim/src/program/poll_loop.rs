//! A program that reads: it assigns partitions to itself and polls for ever.

use kafkasim_core::call::{Answer, Call, Steering};
use kafkasim_core::ids::{Offset, Timestamp, TopicName};
use kafkasim_core::lookup::OffsetLookup;

use super::Program;

/// Assigns the given partitions, then polls again and again. A restless one pauses, seeks, looks offsets up and wakes up its consumer in between.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PollLoop {
    partitions: Vec<(TopicName, i32)>,
    poll_timeout_ms: u64,
    script: &'static [Step],
    /// The next step of the script.
    next: usize,
    state: State,
    /// Where the last poll that returned records began; of no interest to those who never go back.
    last_read: Option<Seen>,
    /// Where the first partition has been found to have a record of that time.
    found: Option<Offset>,
    /// How many polls are left before it closes its consumer, if it ever does.
    polls_left: Option<u32>,
}

/// A record that it was given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Seen {
    topic: TopicName,
    partition: i32,
    offset: Offset,
    timestamp: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Unassigned,
    Idle,
    Waiting,
    Closed,
}

/// What the program does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Poll,
    /// While a call waits, or else before the next one.
    Wakeup,
    AskPosition,
    AskTime,
    AskBeginning,
    AskEnd,
    /// To where the last time that was asked about has been found.
    SeekFound,
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
    Step::AskPosition,
    Step::AskEnd,
    Step::Wakeup,
    Step::Poll,
    Step::SeekBack,
    Step::Poll,
    Step::AskTime,
    Step::Poll,
    Step::Wakeup,
    Step::Poll,
    Step::AskEnd,
    Step::SeekToEnd,
    Step::AskPosition,
    Step::Poll,
    Step::SeekFound,
    Step::AskPosition,
    Step::Poll,
    Step::AskEnd,
    Step::SeekBack,
    Step::Wakeup,
    Step::Poll,
    Step::AskBeginning,
    Step::Poll,
    Step::SeekToBeginning,
    Step::AskEnd,
    Step::Poll,
    Step::AskTime,
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
            found: None,
            polls_left: None,
        }
    }

    /// The same, but between polls it pauses and resumes the first partition, seeks back, to the beginning and to the end, looks positions, ends
    /// and times up, and wakes its calls up.
    #[must_use]
    pub const fn restless(mut self) -> Self {
        self.script = RESTLESS;
        self
    }

    /// The same, but its consumer is closed after so many polls.
    #[must_use]
    pub const fn closing_after(mut self, polls: u32) -> Self {
        self.polls_left = Some(polls);
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
        let last = self.last_read.clone();
        let (topic, partition, offset) = last.map_or_else(start, |seen| (seen.topic, seen.partition, seen.offset));
        Steering::Seek {
            topic,
            partition,
            offset,
        }
    }

    fn seek_found(&self) -> Steering {
        match (self.found, self.partitions.first()) {
            (Some(offset), Some((topic, partition))) => Steering::Seek {
                topic: topic.clone(),
                partition: *partition,
                offset,
            },
            (Some(_), None) | (None, _) => self.seek_back(),
        }
    }

    /// The first record of the first partition from the time on at which the last poll began.
    fn ask_time(&self) -> OffsetLookup {
        let time = self.last_read.as_ref().map_or(Timestamp(0), |seen| seen.timestamp);
        let first = self.first().into_iter();
        OffsetLookup::ForTimes(first.map(|(topic, partition)| (topic, partition, time)).collect())
    }

    fn steer(&self, step: Step) -> Option<Steering> {
        Some(match step {
            Step::Wakeup => Steering::Wakeup,
            Step::PauseFirst => Steering::Pause(self.first()),
            Step::ResumeFirst => Steering::Resume(self.first()),
            Step::SeekBack => self.seek_back(),
            Step::SeekFound => self.seek_found(),
            Step::SeekToBeginning => Steering::SeekToBeginning(self.partitions.clone()),
            Step::SeekToEnd => Steering::SeekToEnd(self.first()),
            Step::Poll | Step::AskPosition | Step::AskTime | Step::AskBeginning | Step::AskEnd => return None,
        })
    }

    fn look_up(&self, step: Step) -> Option<Call> {
        let (lookup, timeout_ms) = match step {
            Step::AskPosition => {
                let (topic, partition) = self.partitions.first()?.clone();
                let position = OffsetLookup::Position { topic, partition };
                (position, Some(self.poll_timeout_ms))
            }
            Step::AskTime => (self.ask_time(), None),
            Step::AskBeginning => (OffsetLookup::Beginning(self.partitions.clone()), None),
            Step::AskEnd => (OffsetLookup::End(self.partitions.clone()), None),
            Step::Poll
            | Step::Wakeup
            | Step::PauseFirst
            | Step::ResumeFirst
            | Step::SeekBack
            | Step::SeekFound
            | Step::SeekToBeginning
            | Step::SeekToEnd => return None,
        };
        Some(Call::LookUp { lookup, timeout_ms })
    }
}

impl Program for PollLoop {
    fn next_call(&self) -> Option<Call> {
        let step = self.script[self.next];
        match self.state {
            State::Unassigned => return Some(Call::Assign(self.partitions.clone())),
            State::Closed => return None,
            State::Waiting if step != Step::Wakeup => return None,
            State::Idle if self.polls_left == Some(0) => return Some(Call::Close { timeout_ms: None }),
            State::Waiting | State::Idle => {}
        }
        let poll = || Call::Poll {
            timeout_ms: self.poll_timeout_ms,
        };
        let steered = self.steer(step).map(Call::Steer);
        Some(steered.or_else(|| self.look_up(step)).unwrap_or_else(poll))
    }

    fn called(&mut self, call: &Call) {
        match call {
            Call::Assign(_) => {
                self.state = State::Idle;
                return;
            }
            Call::Close { .. } => {
                self.state = State::Closed;
                return;
            }
            Call::Poll { .. } => {
                self.polls_left = self.polls_left.map(|left| left.saturating_sub(1));
                self.state = State::Waiting;
            }
            Call::LookUp { .. } => self.state = State::Waiting,
            Call::Steer(_)
            | Call::Send { .. }
            | Call::Subscribe(_)
            | Call::Unsubscribe
            | Call::ListenerReturned
            | Call::CommitSync { .. }
            | Call::CommitAsync { .. }
            | Call::PartitionsFor { .. }
            | Call::Flush
            | Call::ShutDown
            | Call::Administer(_)
            | Call::DeleteRecords(_) => {}
        }
        self.next = (self.next + 1) % self.script.len();
    }

    fn answered(&mut self, answer: &Answer) {
        match answer {
            Answer::Polled(polled) => {
                self.state = State::Idle;
                let first = polled.as_ref().ok().and_then(|records| records.first());
                if let Some(first) = first.filter(|_| self.script.len() > 1) {
                    self.last_read = Some(Seen {
                        topic: first.topic.clone(),
                        partition: first.partition,
                        offset: first.offset,
                        timestamp: first.timestamp,
                    });
                }
            }
            Answer::LookedUp(found) => {
                self.state = State::Idle;
                // Only records have times.
                let first = found.as_ref().ok().and_then(|found| found.first());
                if let Some(first) = first.filter(|first| first.timestamp != Timestamp::NONE) {
                    self.found = first.offset;
                }
            }
            Answer::Closed
            | Answer::Sent { .. }
            | Answer::PartitionsFor { .. }
            | Answer::Rebalanced(_)
            | Answer::Unsubscribed
            | Answer::Committed(_)
            | Answer::CommitCompleted { .. }
            | Answer::Flushed
            | Answer::ShutDown
            | Answer::Administered { .. }
            | Answer::RecordsDeleted(_) => {}
        }
    }

    fn is_done(&self) -> bool {
        true
    }
}
