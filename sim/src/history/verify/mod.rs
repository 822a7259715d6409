//! What is wrong with a history: the anomalies of Jepsen's checker of Kafka that need no transactions, and what a history alone shows of commits.
//!
//! What is known of a log is its *version order*: every offset that a poll has returned a record of, or that a send was acknowledged at. Offsets that
//! nobody knows a record of do not count, as in Jepsen, because markers take up offsets, too. Definitions are Jepsen's, with these differences:
//!
//! - An operation sends one record, so there is nothing between two sends of one operation. Sends that overlap take its place: `int-nonmonotonic-send` is between two
//!   of them, `nonmonotonic-send` between a send and one that was called after it was answered. `int-send-skip` is never an anomaly, in Jepsen either.
//! - No operation both sends and polls, so `precommitted-read` is a value that was read before its send was called.
//! - Rebalances are known by partition if there is a rebalance listener, and excuse that partition only; Jepsen lets subscribed consumers skip and go back at any time,
//!   which is left for those without a listener.
//! - `lost-write` says nothing of what lies before the first record that anybody has read in a partition, and `unseen` nothing at all, unless the header says
//!   that the partition was read to its end.
//! - What an application has sought to is where it reads on, unless offsets up to there hold several values. What it is given of a partition that it has paused is an anomaly, and so is being told of sends in
//!   another order than that in which they were made.

mod commits;
mod kind;
mod known;
mod polls;
mod sends;

use std::fmt;

use serde::Serialize;

pub use kind::{Allowance, Kind};

use super::event::Event;
use super::file::{Header, History};
use super::name::Partition;
use known::Known;

/// Something that Kafka's clients should not see, or only for a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Anomaly {
    /// What kind of thing.
    pub kind: Kind,
    /// In which partition.
    pub partition: Partition,
    /// What was seen, in words, naming processes, offsets and values.
    pub message: String,
    /// The lines of the history that show it.
    pub lines: Vec<usize>,
    /// Why it is no cause for concern, if it is none.
    pub allowed: Option<Allowance>,
}

/// What came of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Everything found, by kind, partition and line.
    pub anomalies: Vec<Anomaly>,
    /// What the history holds.
    pub counts: Counts,
}

/// What a history holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// How many processes.
    pub processes: usize,
    /// How many sends were acknowledged.
    pub sends_ok: usize,
    /// How many failed for certain.
    pub sends_failed: usize,
    /// Of how many nobody was told what became of them.
    pub sends_open: usize,
    /// How many polls returned or threw.
    pub polls: usize,
    /// How many records they returned.
    pub records: usize,
    /// How many calls of rebalance listeners.
    pub rebalances: usize,
    /// How many commits were acknowledged.
    pub commits_ok: usize,
    /// How many were not.
    pub commits_not_ok: usize,
    /// How many acknowledged records nobody has read.
    pub never_read: usize,
}

impl Verified {
    /// Whether there is nothing but what is allowed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.anomalies.iter().all(|anomaly| anomaly.allowed.is_some())
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.kind, self.partition, self.message)
    }
}

/// Looks for everything.
#[must_use]
pub fn verify(history: &History) -> Verified {
    let known = Known::of(history);
    let mut findings = Findings {
        header: &history.header,
        anomalies: Vec::new(),
    };
    sends::check(&known, &mut findings);
    polls::check(history, &known, &mut findings);
    commits::check(history, &known, &mut findings);
    let mut anomalies = findings.anomalies;
    anomalies.sort_by(|a, b| (a.kind, &a.partition, a.lines.last()).cmp(&(b.kind, &b.partition, b.lines.last())));
    let counts = Counts {
        never_read: sends::never_read(&known),
        ..count(history, &known)
    };
    Verified { anomalies, counts }
}

/// What was found so far.
struct Findings<'a> {
    header: &'a Header,
    anomalies: Vec<Anomaly>,
}

impl Findings<'_> {
    /// Something is found, which may be allowed already.
    fn add(
        &mut self,
        kind: Kind,
        partition: &Partition,
        message: String,
        mut lines: Vec<usize>,
        allowed: Option<Allowance>,
    ) {
        lines.sort_unstable();
        lines.dedup();
        let allowed = allowed.or_else(|| self.allowance(kind, partition));
        self.anomalies.push(Anomaly {
            kind,
            partition: partition.clone(),
            message,
            lines,
            allowed,
        });
    }

    /// What the header says of the topic may allow it.
    fn allowance(&self, kind: Kind, partition: &Partition) -> Option<Allowance> {
        if self.header.recreated.contains(&partition.topic) {
            return Some(Allowance::Recreated);
        }
        (kind.is_explained_by_deletion() && self.header.forgets.contains(&partition.topic))
            .then_some(Allowance::Forgets)
    }

    fn is_read_to_end(&self, partition: &Partition) -> bool {
        self.header.read_to_end.contains(partition)
    }
}

fn count(history: &History, known: &Known<'_>) -> Counts {
    let mut counts = Counts {
        processes: known.processes(),
        ..Counts::default()
    };
    for line in &history.lines {
        match &line.event {
            Event::Send { .. } => counts.sends_open += 1,
            Event::SendOk { .. } => {
                counts.sends_open -= 1;
                counts.sends_ok += 1;
            }
            Event::SendFail { .. } => {
                counts.sends_open -= 1;
                counts.sends_failed += 1;
            }
            Event::PollOk { records } => {
                counts.polls += 1;
                counts.records += records.len();
            }
            Event::PollFail { .. } => counts.polls += 1,
            Event::Assigned { .. } | Event::Revoked { .. } | Event::Lost { .. } => counts.rebalances += 1,
            Event::Commit { .. } => counts.commits_not_ok += 1,
            Event::CommitOk { .. } => {
                counts.commits_not_ok -= 1;
                counts.commits_ok += 1;
            }
            Event::Start { .. }
            | Event::Stop
            | Event::SendInfo { .. }
            | Event::Assign { .. }
            | Event::Subscribe { .. }
            | Event::Unsubscribe
            | Event::UnsubscribeOk
            | Event::Poll
            | Event::Pause { .. }
            | Event::Resume { .. }
            | Event::Seek { .. }
            | Event::SeekToBeginning { .. }
            | Event::SeekToEnd { .. }
            | Event::Wakeup
            | Event::CommitFail { .. }
            | Event::CommitInfo { .. }
            | Event::Committed { .. }
            | Event::CommittedOk { .. }
            | Event::CommittedFail { .. }
            | Event::Position { .. }
            | Event::PositionOk { .. }
            | Event::PositionFail { .. }
            | Event::Close
            | Event::CloseOk => {}
        }
    }
    counts
}
