//! A program that reads as a member of a group: it subscribes, polls for ever, processes what it is given, and commits in one of several ways.

mod backlog;
mod callbacks;
mod habits;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use kafkasim_core::call::{Answer, Call, ConsumerRecord, PollError, Rebalance, Steering, Subscribed};
use kafkasim_core::ids::{Offset, TopicName};

pub use habits::{Commits, Habits, HandOff};

use super::{Listener, Program};
use backlog::Backlog;
use callbacks::Callbacks;

/// A member of a group. When its process is asked to stop, it wakes its consumer up, commits what it has processed and closes it, as the
/// documentation of Kafka's consumer has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupLoop {
    subscribed: Subscribed,
    habits: Habits,
    state: State,
    listener: Listener,
    /// A commit within the listener.
    last_commit: LastCommit,
    backlog: Backlog,
    /// Whether there was a poll since the last commit.
    commit_is_due: bool,
    callbacks: Callbacks,
    /// What it has; only kept by those who pause it.
    held: BTreeSet<(TopicName, i32)>,
    is_paused: bool,
    polls: u32,
    ends: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// It will subscribe later.
    Late,
    Unsubscribed,
    Idle,
    StandsStill,
    Polls,
    Commits,
    Closes,
    Closed,
}

/// The commit of what is about to be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum LastCommit {
    None,
    Due,
    UnderWay,
}

/// Whether it is going to close its consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Ending {
    NotYet,
    /// As soon as the poll that waits is interrupted, if one does.
    Begins {
        wakes: bool,
    },
}

impl GroupLoop {
    /// Reads these topics as a member of its consumer's group.
    #[must_use]
    pub const fn new(subscribed: Subscribed, habits: Habits) -> Self {
        Self {
            subscribed,
            state: if habits.joins_after_ms.1 > 0 {
                State::Late
            } else {
                State::Unsubscribed
            },
            habits,
            listener: Listener::new(),
            last_commit: LastCommit::None,
            backlog: Backlog::new(),
            commit_is_due: false,
            callbacks: Callbacks::new(),
            held: BTreeSet::new(),
            is_paused: false,
            polls: 0,
            ends: Ending::NotYet,
        }
    }

    /// Within the listener: what is processed of what it loses is committed as long as it may be.
    fn next_in_listener(&self) -> Option<Call> {
        match (self.last_commit, self.listener.called_with()) {
            (LastCommit::UnderWay, _) => None,
            (LastCommit::Due, Some(Rebalance::Revoked(partitions))) => Some(Call::CommitSync {
                offsets: Some(self.backlog.to_commit(Some(partitions))),
                timeout_ms: None,
            }),
            (LastCommit::None | LastCommit::Due, _) => Some(Call::ListenerReturned),
        }
    }

    fn next_when_idle(&self) -> Option<Call> {
        if self.is_at_work() && !self.commits_first() {
            return None;
        }
        if let Some(commit) = self.next_commit() {
            return Some(commit);
        }
        if self.ends != Ending::NotYet {
            return Some(Call::Close { timeout_ms: None });
        }
        self.next_pause().or(Some(Call::Poll {
            timeout_ms: self.habits.poll_timeout_ms,
        }))
    }

    /// Whether the thread that polls is busy.
    fn is_at_work(&self) -> bool {
        self.habits.hand_off == HandOff::Never && self.backlog.has_work()
    }

    /// Whether what was polled may not be processed before it is committed.
    fn commits_first(&self) -> bool {
        self.habits.commits == Commits::BeforeProcessing && self.commit_is_due && self.backlog.has_work()
    }

    fn next_commit(&self) -> Option<Call> {
        if let Some(offsets) = self.callbacks.to_try_again() {
            return Some(Call::CommitAsync {
                call: self.callbacks.free_call(),
                offsets: Some(offsets.clone()),
            });
        }
        let is_worth_it = self.commit_is_due && self.backlog.has_uncommitted();
        // What a worker is at is not processed, though it was polled; and who tries again has to know what.
        let names_offsets = self.habits.hand_off != HandOff::Never || self.habits.tries_commits_again;
        let offsets = || names_offsets.then(|| self.backlog.to_commit(None));
        let sync = |offsets| Call::CommitSync {
            offsets,
            timeout_ms: None,
        };
        let is_async = self.habits.commits == Commits::Asynchronously && self.ends == Ending::NotYet;
        match self.habits.commits {
            Commits::LeftToConsumer => None,
            Commits::BeforeProcessing => self.commits_first().then(|| sync(None)),
            Commits::AfterProcessing | Commits::Asynchronously if !is_worth_it => None,
            Commits::Asynchronously if is_async => Some(Call::CommitAsync {
                call: self.callbacks.free_call(),
                offsets: offsets(),
            }),
            Commits::AfterProcessing | Commits::Asynchronously => Some(sync(offsets())),
        }
    }

    /// Who pauses does so while the worker has work.
    fn next_pause(&self) -> Option<Call> {
        let is_due = self.habits.hand_off == HandOff::WithPause && self.backlog.has_work() != self.is_paused;
        (is_due && !self.held.is_empty()).then(|| {
            let held = self.held.iter().cloned().collect();
            Call::Steer(if self.is_paused {
                Steering::Resume(held)
            } else {
                Steering::Pause(held)
            })
        })
    }

    fn rebalanced(&mut self, rebalance: &Rebalance) {
        let commits = matches!(self.habits.commits, Commits::AfterProcessing | Commits::Asynchronously);
        match rebalance {
            Rebalance::Assigned(partitions) => {
                // What comes is not paused, whatever was.
                self.is_paused &= partitions.is_empty();
                self.held.extend(self.kept(partitions));
            }
            Rebalance::Revoked(partitions) => {
                self.backlog.drop_of(partitions);
                let is_due = commits && !self.backlog.to_commit(Some(partitions)).is_empty();
                self.last_commit = if is_due { LastCommit::Due } else { LastCommit::None };
            }
            Rebalance::Lost(partitions) => {
                self.backlog.drop_of(partitions);
                self.last_commit = LastCommit::None;
            }
        }
    }

    /// More polls than that make no difference.
    fn polls_that_count(&self) -> u32 {
        let still = self.habits.stands_still.map_or(0, |(polls, _)| polls.saturating_add(1));
        still.max(self.habits.closes_after.unwrap_or(0))
    }

    fn kept(&self, partitions: &[(TopicName, i32)]) -> Vec<(TopicName, i32)> {
        match self.habits.hand_off {
            HandOff::WithPause => partitions.to_vec(),
            HandOff::Never | HandOff::WithoutPause => Vec::new(),
        }
    }

    fn listener_returned(&mut self) {
        match self.listener.called_with() {
            Some(Rebalance::Revoked(partitions) | Rebalance::Lost(partitions)) => {
                self.backlog.forget(partitions);
                self.callbacks.forget(partitions);
                self.held.retain(|partition| !partitions.contains(partition));
            }
            Some(Rebalance::Assigned(_)) | None => {}
        }
        self.last_commit = LastCommit::None;
    }

    fn polled(&mut self, polled: Result<&[ConsumerRecord], &PollError>) {
        self.state = State::Idle;
        // Whoever commits first has something to commit once there is something to process.
        self.commit_is_due |=
            self.habits.commits != Commits::BeforeProcessing || polled.is_ok_and(|records| !records.is_empty());
        match polled {
            Ok(records) => self.backlog.add(records),
            Err(PollError::Wakeup | PollError::CorruptRecord { .. }) => {}
            // There is nothing that it could do about it.
            Err(
                PollError::NoOffsetForPartition { .. }
                | PollError::OffsetOutOfRange { .. }
                | PollError::LogTruncation { .. }
                | PollError::FencedInstanceId
                | PollError::Group(_),
            ) => self.end(),
        }
        if self.habits.closes_after.is_some_and(|polls| self.polls >= polls) {
            self.end();
        }
        let stands_still = self.habits.stands_still.is_some_and(|(polls, _)| polls == self.polls);
        if stands_still && self.ends == Ending::NotYet {
            self.state = State::StandsStill;
        }
    }

    fn end(&mut self) {
        self.commit_is_due |= self.habits.commits != Commits::BeforeProcessing;
        if self.ends == Ending::NotYet {
            self.ends = Ending::Begins {
                wakes: self.state == State::Polls,
            };
            self.callbacks.give_up();
        }
        if self.habits.hand_off != HandOff::Never {
            self.backlog.drop_all();
        }
    }

    fn committed(&mut self, is_done: bool) {
        if self.last_commit == LastCommit::UnderWay {
            self.last_commit = LastCommit::None;
            return;
        }
        self.state = State::Idle;
        if self.habits.commits == Commits::BeforeProcessing && !is_done {
            self.backlog.drop_all();
        }
    }
}

impl Program for GroupLoop {
    fn started(&mut self, incarnation: u32) {
        if incarnation > 0 && self.state == State::Late {
            self.state = State::Unsubscribed;
        }
    }

    fn next_call(&self) -> Option<Call> {
        if self.listener.is_called() {
            return self.next_in_listener();
        }
        match self.state {
            State::Unsubscribed => Some(Call::Subscribe(self.subscribed.clone())),
            State::Idle => self.next_when_idle(),
            State::Polls if self.ends == (Ending::Begins { wakes: true }) => Some(Call::Steer(Steering::Wakeup)),
            State::Late | State::StandsStill | State::Polls | State::Commits | State::Closes | State::Closed => None,
        }
    }

    fn thinks(&self) -> bool {
        !self.listener.is_called() && self.state == State::Idle && self.next_commit().is_none()
    }

    fn called(&mut self, call: &Call) {
        match call {
            Call::Subscribe(_) => self.state = State::Idle,
            Call::ListenerReturned => self.listener_returned(),
            Call::CommitSync { .. } if self.listener.is_called() => self.last_commit = LastCommit::UnderWay,
            Call::CommitSync { .. } => {
                self.commit_is_due = false;
                self.state = State::Commits;
            }
            Call::CommitAsync { call, offsets } => {
                self.commit_is_due &= offsets.is_some() && offsets.as_ref() == self.callbacks.to_try_again();
                self.callbacks.called(*call, offsets.as_ref());
            }
            Call::Poll { .. } => {
                self.polls = self.polls.saturating_add(1).min(self.polls_that_count());
                self.state = State::Polls;
            }
            Call::Steer(Steering::Wakeup) => self.ends = Ending::Begins { wakes: false },
            Call::Steer(_) => self.is_paused = !self.is_paused,
            Call::Close { .. } => self.state = State::Closes,
            Call::Send { .. }
            | Call::PartitionsFor { .. }
            | Call::Flush
            | Call::Assign(_)
            | Call::Unsubscribe
            | Call::LookUp { .. }
            | Call::ShutDown
            | Call::Administer(_)
            | Call::DeleteRecords(_) => {}
        }
        self.listener.called(call);
    }

    fn answered(&mut self, answer: &Answer) {
        self.listener.answered(answer);
        match answer {
            Answer::Polled(polled) => self.polled(polled.as_deref()),
            Answer::Rebalanced(rebalance) => self.rebalanced(rebalance),
            Answer::Committed(result) => {
                if let Ok(offsets) = result {
                    self.backlog.committed(offsets);
                }
                self.committed(result.is_ok());
            }
            Answer::CommitCompleted { call, result } => {
                let outcome = result.as_ref().map(|_| ()).map_err(|error| *error);
                let tries_again = self.habits.tries_commits_again && self.ends == Ending::NotYet;
                self.callbacks.completed(*call, outcome, tries_again);
                if let Ok(offsets) = result {
                    self.backlog.committed(offsets);
                }
            }
            Answer::Closed => self.state = State::Closed,
            Answer::Sent { .. }
            | Answer::PartitionsFor { .. }
            | Answer::Flushed
            | Answer::Unsubscribed
            | Answer::LookedUp(_)
            | Answer::ShutDown
            | Answer::Administered { .. }
            | Answer::RecordsDeleted(_) => {}
        }
    }

    fn has_work(&self) -> bool {
        match self.state {
            State::Late | State::StandsStill => true,
            State::Idle | State::Polls | State::Commits => {
                let is_worker_free = self.habits.hand_off != HandOff::Never || self.state == State::Idle;
                is_worker_free && self.backlog.has_work() && !self.commits_first()
            }
            State::Unsubscribed | State::Closes | State::Closed => false,
        }
    }

    fn work_ms(&self) -> (u64, u64) {
        match (self.state, self.habits.stands_still) {
            (State::Late, _) => self.habits.joins_after_ms,
            (State::StandsStill, Some((_, still_ms))) => still_ms,
            (
                State::StandsStill
                | State::Unsubscribed
                | State::Idle
                | State::Polls
                | State::Commits
                | State::Closes
                | State::Closed,
                _,
            ) => self.habits.processing_ms,
        }
    }

    fn work(&mut self) -> Vec<(TopicName, i32, Offset)> {
        match self.state {
            State::Late => self.state = State::Unsubscribed,
            State::StandsStill => self.state = State::Idle,
            State::Idle | State::Polls | State::Commits => return self.backlog.process(self.habits.in_bulk),
            State::Unsubscribed | State::Closes | State::Closed => {}
        }
        Vec::new()
    }

    fn is_done(&self) -> bool {
        match self.state {
            State::Closed => true,
            State::Idle | State::Polls => !self.backlog.has_work(),
            State::Late | State::Unsubscribed | State::StandsStill | State::Commits | State::Closes => false,
        }
    }

    fn shut_down(&mut self) -> bool {
        self.end();
        true
    }

    fn has_exited(&self) -> bool {
        self.state == State::Closed
    }
}
