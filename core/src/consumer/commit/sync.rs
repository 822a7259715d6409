//! `commitSync`: it tries again until it knows, or until its time is up.

use alloc::vec::Vec;
use core::mem;

use super::Purpose;
use crate::call::CommitError;
use crate::config::ConsumerConfig;
use crate::consumer::Consumer;
use crate::consumer::member::Closing;
use crate::consumer::waiting::Waiting;
use crate::machine::{Context, Outbox};
use crate::message::OffsetCommitPartition;
use crate::timer::{Timer, Window};

/// A commit that a call waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::consumer) struct SyncCommit {
    offsets: Vec<OffsetCommitPartition>,
    progress: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Progress {
    Due,
    UnderWay,
    BackingOff,
    Ended(Result<(), CommitError>),
}

impl SyncCommit {
    pub(in crate::consumer) const fn new(offsets: Vec<OffsetCommitPartition>) -> Self {
        Self {
            offsets,
            progress: Progress::Due,
        }
    }
}

impl Consumer {
    /// `commitSync(offsets)`. A wakeup that came before throws once the commit is sent, as in Kafka.
    ///
    /// # Panics
    /// If another call waits, or if the consumer has no group, which Kafka answers with an `InvalidGroupIdException`.
    pub(in crate::consumer) fn on_commit_sync(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        offsets: Option<Vec<OffsetCommitPartition>>,
        timeout_ms: Option<u64>,
        out: &mut Outbox,
    ) {
        assert!(
            context.config.group_id.is_some(),
            "a consumer without group.id commits nothing"
        );
        let offsets = offsets.unwrap_or_else(|| self.all_consumed());
        self.call(context, Waiting::Commit(SyncCommit::new(offsets)), timeout_ms, out);
    }

    /// One turn of `commitSync`; `None` if it is not over.
    pub(in crate::consumer) fn take_commit_turn(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        out: &mut Outbox,
    ) -> Option<Result<Vec<OffsetCommitPartition>, CommitError>> {
        let Waiting::Commit(commit) = &mut self.waiting else {
            return None;
        };
        let mut commit = mem::replace(commit, SyncCommit::new(Vec::new()));
        let result = self.continue_commit(context, &mut commit, out);
        self.waiting = Waiting::Commit(commit);
        result
    }

    /// One turn of `commitOffsetsSync`; `None` if it is not over.
    pub(in crate::consumer) fn continue_commit(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        commit: &mut SyncCommit,
        out: &mut Outbox,
    ) -> Option<Result<Vec<OffsetCommitPartition>, CommitError>> {
        if self.call_back(context, out).is_err() {
            return Some(Err(CommitError::FencedInstanceId));
        }
        if commit.offsets.is_empty() {
            // There is nothing to commit, but what went before is waited for.
            return (!self.has_asynchronous_commits()).then(|| Ok(Vec::new()));
        }
        if commit.progress == Progress::Due && self.find_coordinator(context, out) {
            commit.progress = match self.send_commit(context, Purpose::Sync, commit.offsets.clone(), out) {
                Ok(()) => Progress::UnderWay,
                Err(error) => Progress::Ended(Err(error)),
            };
        }
        let Progress::Ended(result) = commit.progress else {
            self.refresh_metadata(context, out);
            return None;
        };
        match result {
            Ok(()) => Some(Ok(mem::take(&mut commit.offsets))),
            Err(CommitError::Retriable(_)) => {
                commit.progress = Progress::BackingOff;
                let backoff = Window::backoff(context.config.retry_backoff_ms);
                out.set_timer(Timer::OffsetsBackoff, backoff);
                None
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// What became of the commit that the call waits for.
    pub(super) fn sync_commit_ended(&mut self, result: Result<(), CommitError>) {
        if let Some(commit) = self.awaited_commit() {
            commit.progress = Progress::Ended(result);
        }
    }

    /// [`Timer::OffsetsBackoff`]
    pub(in crate::consumer) fn commit_backed_off(&mut self) {
        if let Some(commit) = self.awaited_commit()
            && commit.progress == Progress::BackingOff
        {
            commit.progress = Progress::Due;
        }
    }

    const fn awaited_commit(&mut self) -> Option<&mut SyncCommit> {
        match &mut self.waiting {
            Waiting::Commit(commit) | Waiting::Closing(Closing::Commits(commit)) => Some(commit),
            Waiting::Nothing
            | Waiting::Poll
            | Waiting::Position(..)
            | Waiting::Offsets(_)
            | Waiting::Committed(_)
            | Waiting::Unsubscribing
            | Waiting::Closing(Closing::AwaitsCommits | Closing::Leaves | Closing::AwaitsAnswers) => None,
        }
    }
}
