//! Asynchronous commits, until their callbacks have told what became of them.

use std::collections::{BTreeMap, VecDeque};

use kafkasim_core::call::CommitError;
use kafkasim_core::ids::{CallId, TopicName};
use kafkasim_core::message::OffsetCommitPartition;

type Offsets = Vec<OffsetCommitPartition>;

/// Commits that nobody waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Callbacks {
    /// With the offsets that the application has named, if it has.
    under_way: BTreeMap<CallId, Option<Offsets>>,
    /// What has failed for a passing reason, for a callback that tries it again.
    failed: VecDeque<Offsets>,
}

impl Callbacks {
    pub(super) const fn new() -> Self {
        Self {
            under_way: BTreeMap::new(),
            failed: VecDeque::new(),
        }
    }

    pub(super) fn free_call(&self) -> CallId {
        (0..)
            .map(CallId)
            .find(|call| !self.under_way.contains_key(call))
            .expect("few commits are under way")
    }

    /// What a callback wants to commit once more.
    pub(super) fn to_try_again(&self) -> Option<&Offsets> {
        self.failed.front()
    }

    /// A commit was sent.
    pub(super) fn called(&mut self, call: CallId, offsets: Option<&Offsets>) {
        if offsets.is_some() && offsets == self.failed.front() {
            self.failed.pop_front();
        }
        self.under_way.insert(call, offsets.cloned());
    }

    /// The callback of a commit was called.
    pub(super) fn completed(&mut self, call: CallId, result: Result<(), CommitError>, tries_again: bool) {
        let offsets = self.under_way.remove(&call).flatten();
        if let (Err(CommitError::Retriable(_)), true) = (result, tries_again) {
            self.failed.extend(offsets);
        }
    }

    /// These partitions belong to somebody else from now on, and so does committing there.
    pub(super) fn forget(&mut self, partitions: &[(TopicName, i32)]) {
        for offsets in self.under_way.values_mut().flatten().chain(&mut self.failed) {
            offsets.retain(|offset| !partitions.contains(&(offset.topic.clone(), offset.partition)));
        }
        self.failed.retain(|offsets| !offsets.is_empty());
    }

    /// Nothing is tried again.
    pub(super) fn give_up(&mut self) {
        self.failed.clear();
    }
}
