//! `commitAsync`: sent in the order of the calls, and not again.

use alloc::vec::Vec;

use super::Purpose;
use crate::call::CommitError;
use crate::config::ConsumerConfig;
use crate::consumer::Consumer;
use crate::error::ErrorCode;
use crate::ids::CallId;
use crate::machine::{Context, Outbox};
use crate::message::OffsetCommitPartition;

impl Consumer {
    /// `commitAsync(offsets, callback)`
    ///
    /// # Panics
    /// If another call waits, or if the consumer has no group, which Kafka answers with an `InvalidGroupIdException`.
    pub(in crate::consumer) fn on_commit_async(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        call: CallId,
        offsets: Option<Vec<OffsetCommitPartition>>,
        out: &mut Outbox,
    ) {
        assert!(
            context.config.group_id.is_some(),
            "a consumer without group.id commits nothing"
        );
        self.assert_idle();
        let offsets = offsets.unwrap_or_else(|| self.all_consumed());
        // Kafka throws here if the consumer is fenced; the callback tells as much.
        let _ = self.call_back(context, out);
        self.commit_asynchronously(context, Purpose::Async(call), offsets, out);
    }

    /// `commitOffsetsAsync`
    pub(super) fn commit_asynchronously(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        purpose: Purpose,
        offsets: Vec<OffsetCommitPartition>,
        out: &mut Outbox,
    ) {
        if offsets.is_empty() {
            self.commit_completed(purpose, offsets, Ok(()));
        } else if self.find_coordinator(context, out) {
            self.commit_or_fail(context, purpose, offsets, out);
        } else {
            self.commits.waiting.push((purpose, offsets));
        }
    }

    /// The coordinator was found.
    pub(in crate::consumer) fn commit_what_waited(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        for (purpose, offsets) in core::mem::take(&mut self.commits.waiting) {
            self.commit_or_fail(context, purpose, offsets, out);
        }
    }

    fn commit_or_fail(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        purpose: Purpose,
        offsets: Vec<OffsetCommitPartition>,
        out: &mut Outbox,
    ) {
        if let Err(error) = self.send_commit(context, purpose, offsets.clone(), out) {
            self.commit_completed(purpose, offsets, Err(error));
        }
    }

    /// Nobody knows the coordinator.
    pub(in crate::consumer) fn fail_what_waited(&mut self, error: ErrorCode) {
        for (purpose, offsets) in core::mem::take(&mut self.commits.waiting) {
            self.commit_completed(purpose, offsets, Err(CommitError::Retriable(error)));
        }
    }
}
