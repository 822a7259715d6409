//! What the coordinator made of a commit: `OffsetCommitResponseHandler`.

use alloc::vec::Vec;

use super::{Commit, Completed, Purpose};
use crate::call::{Answer, CommitError, PollError};
use crate::config::ConsumerConfig;
use crate::consumer::Consumer;
use crate::consumer::member::{MemberState, group_id, is_of_another_coordinator};
use crate::error::ErrorCode;
use crate::machine::{Context, Outbox};
use crate::message::{OffsetCommitPartition, OffsetCommitResponse};
use crate::note::{MembershipEnd, Note};
use crate::timer::{Timer, Window};

impl Consumer {
    pub(in crate::consumer) fn on_offset_commit(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        commit: Commit,
        response: &OffsetCommitResponse,
        out: &mut Outbox,
    ) {
        let mut errors = response.partitions.iter().map(|partition| partition.error_code);
        let result = match errors.find(|error| *error != ErrorCode::None) {
            None => Ok(()),
            Some(error) => Err(self.commit_refused(context, &commit, error, out)),
        };
        self.commit_ended(context, commit, result, out);
        // What is under way behind it fails later than this.
        if let Err(CommitError::Retriable(error)) = result
            && (is_of_another_coordinator(error) || error == ErrorCode::RequestTimedOut)
        {
            self.doubt_coordinator(context, out);
        }
    }

    fn commit_refused(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        commit: &Commit,
        error: ErrorCode,
        out: &mut Outbox,
    ) -> CommitError {
        let is_of_this_generation = self.member.generation == commit.sent;
        let is_preparing = self.member.state == MemberState::PreparingRebalance;
        let is_passing = matches!(
            error,
            ErrorCode::RequestTimedOut | ErrorCode::CoordinatorLoadInProgress | ErrorCode::UnknownTopicOrPartition
        );
        if is_passing || is_of_another_coordinator(error) {
            CommitError::Retriable(error)
        } else if error == ErrorCode::RebalanceInProgress {
            self.request_rejoin();
            CommitError::RebalanceInProgress
        } else if error == ErrorCode::FencedInstanceId && is_of_this_generation {
            CommitError::FencedInstanceId
        } else if error == ErrorCode::FencedInstanceId {
            superseded(is_preparing)
        } else if matches!(error, ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration) {
            if is_of_this_generation || !is_preparing {
                // Also if the commit was that of a generation before, as in Kafka.
                self.end_membership(context, MembershipEnd::Refused(error), out);
            }
            superseded(!is_of_this_generation && is_preparing)
        } else {
            CommitError::Kafka(error)
        }
    }

    /// The connection ended before it was answered: it may have been carried out.
    pub(in crate::consumer) fn commit_lost(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        commit: Commit,
        error: ErrorCode,
        out: &mut Outbox,
    ) {
        self.commit_ended(context, commit, Err(CommitError::Retriable(error)), out);
    }

    /// Tells whoever wants to know.
    pub(super) fn commit_ended(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        commit: Commit,
        result: Result<(), CommitError>,
        out: &mut Outbox,
    ) {
        let Commit { purpose, offsets, .. } = commit;
        if result.is_ok() {
            out.note(Note::OffsetsCommitted {
                group: group_id(context),
                offsets: offsets.clone(),
            });
        }
        match purpose {
            Purpose::Sync => self.sync_commit_ended(result),
            Purpose::Async(_) | Purpose::Automatic => self.commit_completed(purpose, offsets, result),
            Purpose::BeforeRebalance => {
                self.commit_completed(purpose, offsets, result);
                self.committed_before_rebalance(context, result, out);
            }
            Purpose::Abandoned => {}
        }
    }

    /// The callback is called within the next call.
    pub(super) fn commit_completed(
        &mut self,
        purpose: Purpose,
        offsets: Vec<OffsetCommitPartition>,
        result: Result<(), CommitError>,
    ) {
        self.commits.is_fenced |= result == Err(CommitError::FencedInstanceId);
        let completed = Completed {
            purpose,
            offsets,
            result,
        };
        self.commits.completed.push(completed);
    }

    /// `invokeCompletedOffsetCommitCallbacks`
    pub(in crate::consumer) fn call_back(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        out: &mut Outbox,
    ) -> Result<(), PollError> {
        if self.commits.is_fenced {
            return Err(PollError::FencedInstanceId);
        }
        for completed in core::mem::take(&mut self.commits.completed) {
            let offsets = completed.offsets;
            match (completed.purpose, completed.result) {
                (purpose @ Purpose::Async(_), Err(CommitError::Retriable(_))) if (context.rules.repeats_commit)() => {
                    self.commit_asynchronously(context, purpose, offsets, out);
                }
                (Purpose::Async(call), result) => {
                    let result = result.map(|()| offsets);
                    out.answer(Answer::CommitCompleted { call, result });
                }
                (Purpose::Automatic | Purpose::BeforeRebalance, Err(CommitError::Retriable(_))) => {
                    out.set_timer(Timer::AutoCommit, Window::wall(context.config.retry_backoff_ms));
                    self.commits.is_due = false;
                }
                (Purpose::Automatic | Purpose::BeforeRebalance, Ok(())) => self.commits.last_automatic = offsets,
                (Purpose::Automatic | Purpose::BeforeRebalance | Purpose::Sync | Purpose::Abandoned, _) => {}
            }
        }
        Ok(())
    }

    /// The same for a consumer that closes, to which an error is nothing.
    pub(in crate::consumer) fn call_back_while_closing(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        out: &mut Outbox,
    ) {
        let _ = self.call_back(context, out);
    }
}

/// The generation in whose name a commit was sent is over.
const fn superseded(is_joining_another: bool) -> CommitError {
    if is_joining_another {
        CommitError::RebalanceInProgress
    } else {
        CommitError::CommitFailed
    }
}
