//! A replica that follows: what it does with what it fetches.

use super::{Changes, Surroundings};
use crate::config::TopicConfig;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, NodeId, Offset, PartitionEpoch};
use crate::log::Log;
use crate::machine::Outbox;
use crate::message::{EpochEndOffset, FetchPartition, FetchedPartition};
use crate::metadata::PartitionImage;
use crate::note::{LogStartCause, Note};
use crate::rules::{Agreement, EpochAnswer, FetchedBatch, FollowerLog, Rules, Truncation};

/// What a replica knows while it follows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::broker) struct Follower {
    pub(super) epoch: LeaderEpoch,
    pub(super) partition_epoch: PartitionEpoch,
    leader: Option<NodeId>,
    progress: Progress,
    /// It has yet to ask the leader where they agree.
    asks_first: bool,
}

/// Whether the next fetch from the leader includes this partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::broker) enum Progress {
    /// It does.
    Ready,
    /// Not before [`Timer::ReplicaFetchBackoff`](crate::timer::Timer::ReplicaFetchBackoff).
    Delayed,
    /// Not before the leader has told where they agree.
    Asking,
    /// Not before the leader has told where its log ends: the fetch offset was out of range.
    OutOfRange,
    /// Not before the leader has told where its log starts: the fetch offset was out of range, and not because it lay beyond the end.
    Outdated,
    /// Not in this epoch: what this replica or the leader believes is wrong, and the metadata log must tell.
    Failed,
}

impl Follower {
    /// Begins to follow in a new epoch.
    pub(super) fn begin(
        registration: &PartitionImage,
        log: &mut Log,
        around: &Surroundings<'_>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) -> Self {
        let (partition, epoch, leader) = (log.partition(), registration.leader_epoch, registration.leader);
        out.note(Note::BecameFollower {
            partition,
            epoch,
            leader,
        });
        let follower = FollowerLog {
            high_watermark: log.high_watermark(),
            end: log.end(),
            last_epoch: log.last_epoch(),
        };
        let mut asks_first = false;
        if leader.is_some() {
            match (around.rules().truncation)(&follower) {
                Truncation::OnFetch => {}
                Truncation::To(offset) => truncate(log, offset, changes, out),
                Truncation::AskLeader => asks_first = log.last_epoch().is_some(),
            }
        }
        Self {
            asks_first,
            epoch,
            partition_epoch: registration.partition_epoch,
            leader,
            progress: Progress::Ready,
        }
    }

    /// A replica that is shutting down does not fetch what it cannot be in sync with.
    pub(super) fn update(&mut self, registration: &PartitionImage, around: &Surroundings<'_>) {
        self.partition_epoch = registration.partition_epoch;
        if around.is_shutting_down && !registration.isr.contains(&around.node()) {
            self.progress = Progress::Failed;
        }
    }

    /// The leader, if there is one.
    pub(in crate::broker) fn leader(&self) -> Option<NodeId> {
        self.leader
    }

    /// Whether the next fetch includes this partition.
    pub(in crate::broker) fn progress(&self) -> Progress {
        if self.progress == Progress::Ready && self.asks_first {
            Progress::Asking
        } else {
            self.progress
        }
    }

    /// [`Timer::ReplicaFetchBackoff`](crate::timer::Timer::ReplicaFetchBackoff)
    pub(in crate::broker) fn backed_off(&mut self) {
        if self.progress == Progress::Delayed {
            self.progress = Progress::Ready;
        }
    }

    /// The request could not be carried out.
    pub(in crate::broker) fn delay(&mut self) {
        self.progress = Progress::Delayed;
    }

    /// What to ask the leader for next.
    pub(super) fn fetch(&self, log: &Log, around: &Surroundings<'_>) -> FetchPartition {
        let is_validated = (around.rules().validates_each_fetch)();
        let last_fetched_epoch = log.last_epoch().filter(|_| is_validated);
        FetchPartition {
            partition: log.partition(),
            current_leader_epoch: self.epoch,
            fetch_offset: log.end(),
            last_fetched_epoch: last_fetched_epoch.unwrap_or(LeaderEpoch::NONE),
            log_start_offset: log.start(),
            partition_max_bytes: around.config().replica_fetch_max_bytes,
        }
    }

    /// Takes what the leader answered.
    pub(super) fn fetched(
        &mut self,
        answer: &FetchedPartition,
        log: &mut Log,
        topic: &TopicConfig,
        rules: &Rules,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        self.progress = if answer.error_code == ErrorCode::OffsetOutOfRange {
            Progress::OutOfRange
        } else if answer.error_code != ErrorCode::None {
            Progress::after(answer.error_code)
        } else if let Some(at_leader) = answer.diverging_epoch {
            truncate(log, divergence(log, at_leader), changes, out);
            Progress::Ready
        } else {
            self.append(answer, log, topic, rules, changes, out)
        };
    }

    fn append(
        &self,
        answer: &FetchedPartition,
        log: &mut Log,
        topic: &TopicConfig,
        rules: &Rules,
        changes: &mut Changes,
        out: &mut Outbox,
    ) -> Progress {
        let partition = log.partition();
        for batch in &answer.records {
            let fetched = FetchedBatch {
                leader_epoch: batch.leader_epoch,
                follows_in: self.epoch,
            };
            if !(rules.takes_fetched)(&fetched) {
                // Nor anything behind it.
                break;
            }
            log.roll_before(batch, topic, out);
            match log.append_as_follower(batch, out) {
                Ok(()) => out.note(Note::Appended {
                    partition,
                    batch: batch.clone(),
                    as_leader: false,
                }),
                // It may have been damaged on its way, or by the leader's disk: perhaps the next fetch is better.
                Err(ErrorCode::CorruptMessage) => return Progress::Delayed,
                Err(_) => return Progress::Failed,
            }
        }
        set_high_watermark(log, answer.high_watermark, changes, out);
        match log.advance_start(answer.log_start_offset, LogStartCause::Leader, rules, out) {
            Ok(moved) => {
                changes.log_start_moved |= moved;
                Progress::Ready
            }
            Err(_) => Progress::Failed,
        }
    }

    /// The epoch to ask the leader about: the current one ends, at the leader, where its log ends.
    pub(super) fn epoch_to_ask_for(&self, log: &Log) -> Option<LeaderEpoch> {
        match self.progress() {
            Progress::OutOfRange => Some(self.epoch),
            Progress::Asking => log.last_epoch(),
            Progress::Ready | Progress::Outdated | Progress::Delayed | Progress::Failed => None,
        }
    }

    /// The leader told where that epoch ended.
    pub(super) fn epoch_ended_at(
        &mut self,
        asked: LeaderEpoch,
        at_leader: EpochEndOffset,
        log: &mut Log,
        rules: &Rules,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if self.progress() == Progress::Asking {
            self.agree(asked, at_leader, log, rules, changes, out);
        } else if Offset::ZERO <= at_leader.end_offset && at_leader.end_offset < log.end() {
            truncate(log, at_leader.end_offset, changes, out);
            self.progress = Progress::Ready;
        } else {
            self.progress = Progress::Outdated;
        }
    }

    /// The leader told where its log starts, because the fetch offset was out of range. If that is beyond everything here, nothing here is
    /// of any use.
    pub(super) fn leader_starts_at(&mut self, start: Offset, log: &mut Log, changes: &mut Changes, out: &mut Outbox) {
        if start > log.end() {
            let before = log.high_watermark();
            log.start_anew(start, out);
            changes.log_start_moved = true;
            note_high_watermark(log, before, changes, out);
            self.progress = Progress::Ready;
        } else {
            self.progress = Progress::Delayed;
        }
    }

    fn agree(
        &mut self,
        asked: LeaderEpoch,
        at_leader: EpochEndOffset,
        log: &mut Log,
        rules: &Rules,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let answer = EpochAnswer {
            asked,
            at_leader,
            here: log.end_of_epoch(at_leader.leader_epoch),
            end: log.end(),
            high_watermark: log.high_watermark(),
        };
        match (rules.agreement)(&answer) {
            Agreement::UpTo(offset) => {
                truncate(log, offset, changes, out);
                self.asks_first = false;
            }
            Agreement::AtMost(offset) => {
                truncate(log, offset, changes, out);
                self.asks_first = log.last_epoch().is_some();
            }
        }
    }

    /// The leader refused to tell where an epoch ended, or its log starts.
    pub(super) fn leader_lookup_refused(&mut self, error: ErrorCode) {
        self.progress = Progress::after(error);
    }
}

impl Progress {
    fn after(error: ErrorCode) -> Self {
        // The leader is ahead of this replica: the metadata log will bring the epoch.
        if error == ErrorCode::FencedLeaderEpoch {
            Self::Failed
        } else {
            Self::Delayed
        }
    }
}

/// Up to where the logs may agree, given where the last epoch that this replica fetched ended at the leader (KIP-279).
fn divergence(log: &Log, at_leader: EpochEndOffset) -> Offset {
    let here = log.end_of_epoch(at_leader.leader_epoch);
    if here.end_offset == Offset::NONE || at_leader.leader_epoch == LeaderEpoch::NONE {
        at_leader.end_offset
    } else if here.leader_epoch == at_leader.leader_epoch {
        here.end_offset.min(at_leader.end_offset)
    } else {
        // The leader's epoch is not known here; what was appended in later ones goes, and the next fetch asks about an earlier one.
        here.end_offset
    }
}

fn truncate(log: &mut Log, to: Offset, changes: &mut Changes, out: &mut Outbox) {
    let before = log.high_watermark();
    log.truncate(to, out);
    note_high_watermark(log, before, changes, out);
}

/// The leader's high watermark may be ahead of this log, and after an election it may lag behind what this replica knows.
fn set_high_watermark(log: &mut Log, to: Offset, changes: &mut Changes, out: &mut Outbox) {
    let before = log.high_watermark();
    log.set_high_watermark(to);
    note_high_watermark(log, before, changes, out);
}

fn note_high_watermark(log: &Log, before: Offset, changes: &mut Changes, out: &mut Outbox) {
    let to = log.high_watermark();
    if to != before {
        out.note(Note::HighWatermark {
            partition: log.partition(),
            to,
            as_leader: false,
        });
        changes.high_watermark_moved = true;
    }
}
