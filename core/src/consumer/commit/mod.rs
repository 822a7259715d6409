//! Commits: telling the coordinator how far the application has come.
//!
//! Kafka's `ConsumerCoordinator`, as far as it is about offsets.
//!
//! - `answered`: what the coordinator made of a commit.
//! - `sync`: `commitSync`, which tries until it knows. `asynchronous`: `commitAsync`, which does not. `automatic`: what goes by itself.
//! - `committed`: asking how far the group has come.

mod answered;
mod asynchronous;
mod automatic;
mod committed;
mod sync;

use alloc::string::String;
use alloc::vec::Vec;

pub(super) use self::committed::{AskedCommitted, CommittedLookup};
pub(super) use self::sync::SyncCommit;
use super::member::{Generation, MemberState, group_id};
use super::position::FetchState;
use super::{Consumer, Pending};
use crate::call::CommitError;
use crate::config::ConsumerConfig;
use crate::error::ErrorCode;
use crate::ids::CallId;
use crate::machine::{Context, Outbox};
use crate::message::{OffsetCommitPartition, OffsetCommitRequest};
use crate::note::Note;

/// What the consumer remembers about its commits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Commits {
    /// Callbacks to be called within the next call.
    completed: Vec<Completed>,
    /// What is to be sent once the coordinator is found.
    waiting: Vec<(Purpose, Vec<OffsetCommitPartition>)>,
    /// `auto.commit.interval.ms` is over.
    is_due: bool,
    /// What the last commit of any kind was, if it went by itself and succeeded: the same is not committed again.
    last_automatic: Vec<OffsetCommitPartition>,
    /// A commit was answered with FENCED_INSTANCE_ID: every call that looks at commits throws from now on.
    is_fenced: bool,
}

/// A commit under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Commit {
    purpose: Purpose,
    offsets: Vec<OffsetCommitPartition>,
    /// Whose it is.
    sent: Generation,
}

/// A commit of which nobody has been told yet what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Completed {
    purpose: Purpose,
    offsets: Vec<OffsetCommitPartition>,
    result: Result<(), CommitError>,
}

/// Who wants to know what becomes of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    /// The call that waits.
    Sync,
    /// The callback of this call.
    Async(CallId),
    /// Nobody but the consumer itself.
    Automatic,
    /// The rebalance that is about to begin.
    BeforeRebalance,
    /// Nobody any more.
    Abandoned,
}

impl Purpose {
    /// Whether nobody waits for it.
    const fn is_asynchronous(self) -> bool {
        match self {
            Self::Async(_) | Self::Automatic | Self::BeforeRebalance => true,
            Self::Sync | Self::Abandoned => false,
        }
    }
}

impl Commit {
    /// The call that waited for it does not any more.
    pub(super) fn abandon(&mut self) {
        if self.purpose == Purpose::Sync {
            self.purpose = Purpose::Abandoned;
        }
    }
}

impl Commits {
    pub(super) const fn new() -> Self {
        Self {
            completed: Vec::new(),
            waiting: Vec::new(),
            is_due: false,
            last_automatic: Vec::new(),
            is_fenced: false,
        }
    }

    pub(super) fn waits_for_coordinator(&self) -> bool {
        !self.waiting.is_empty()
    }
}

impl Consumer {
    /// Where the consumer is in every partition whose position is valid: everything before was returned by polls.
    pub(super) fn all_consumed(&self) -> Vec<OffsetCommitPartition> {
        let consumed = self.assigned.iter().filter_map(|assigned| {
            let FetchState::Fetching { position, .. } = &assigned.state else {
                return None;
            };
            Some(OffsetCommitPartition {
                topic: assigned.topic.clone(),
                partition: assigned.partition,
                committed_offset: position.offset,
                committed_leader_epoch: position.offset_epoch,
                committed_metadata: String::new(),
            })
        });
        let mut consumed: Vec<_> = consumed.collect();
        consumed.sort_unstable_by(|one, other| (&one.topic, one.partition).cmp(&(&other.topic, other.partition)));
        consumed
    }

    /// Sends a commit to the coordinator, in the name of the generation that the consumer is a member of.
    pub(super) fn send_commit(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        purpose: Purpose,
        offsets: Vec<OffsetCommitPartition>,
        out: &mut Outbox,
    ) -> Result<(), CommitError> {
        if self.coordinator().is_none() {
            return Err(CommitError::Retriable(ErrorCode::CoordinatorNotAvailable));
        }
        let is_member = self.subscription.is_automatic();
        let generation = if is_member {
            self.generation_to_commit_in()?
        } else {
            Generation::none()
        };
        let is_automatic = matches!(purpose, Purpose::Automatic | Purpose::BeforeRebalance);
        out.note(Note::CommitSent {
            group: group_id(context),
            generation: generation.id,
            member: generation.member.clone(),
            offsets: offsets.clone(),
            is_automatic,
        });
        let request = OffsetCommitRequest {
            group_id: group_id(context),
            generation_id: generation.id,
            member_id: generation.member.clone(),
            group_instance_id: context.config.group_instance_id.clone().filter(|_| is_member),
            partitions: offsets.clone(),
        };
        let commit = Commit {
            purpose,
            offsets,
            sent: generation,
        };
        self.commits.last_automatic.clear();
        self.send_to_coordinator(request.into(), Pending::OffsetCommit(commit));
        self.transmit(context, out);
        Ok(())
    }

    fn generation_to_commit_in(&self) -> Result<Generation, CommitError> {
        match (self.member.stable_generation(), self.member.state) {
            (Some(generation), _) => Ok(generation.clone()),
            (None, MemberState::PreparingRebalance | MemberState::CompletingRebalance) => {
                Err(CommitError::RebalanceInProgress)
            }
            (None, MemberState::Unjoined | MemberState::Stable) => Err(CommitError::CommitFailed),
        }
    }

    /// Whether a commit is under way that nobody waits for.
    fn has_asynchronous_commits(&mut self) -> bool {
        let is_asynchronous =
            |pending: &Pending| matches!(pending, Pending::OffsetCommit(commit) if commit.purpose.is_asynchronous());
        self.connections.all_unanswered().any(is_asynchronous)
            || self.member.unsent_mut().any(|pending| is_asynchronous(pending))
    }
}
