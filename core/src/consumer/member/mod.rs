//! The consumer as a member of its group, as far as it goes without its application: what it knows of the group, and its heartbeats.
//!
//! Kafka's `AbstractCoordinator`, and what its `ConsumerCoordinator` does about rebalances; all of it happens inside polls but for heartbeats and
//! for leaving when the application does not poll any more. What an answer means while nobody polls, the next poll finds out.
//!
//! - `coordinator`: who that is, and what is to be sent to it.
//! - `rebalance`: a poll's part in a rebalance, from giving up partitions (`prepare`) over joining (`join`, `sync`) to getting others (`complete`).
//! - `listener`: the application's part in it.
//! - `heartbeat`: staying a member. `leave`: not being one any more, by unsubscribing or closing.

mod complete;
mod coordinator;
mod heartbeat;
mod join;
mod leave;
mod listener;
mod prepare;
mod rebalance;
mod sync;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

pub(super) use self::coordinator::{Coordinator, is_of_another_coordinator};
pub(super) use self::leave::Closing;
pub(super) use self::listener::Listening;
pub(super) use self::rebalance::GroupTurn;
use super::assignor::{Assignor, LastAssignment};
use super::{Consumer, Pending};
use crate::call::PollError;
use crate::config::ConsumerConfig;
use crate::error::ErrorCode;
use crate::ids::{GenerationId, GroupId, MemberId, TopicName};
use crate::machine::{Context, Outbox};
use crate::message::{JoinGroupResponse, Request};
use crate::note::{MembershipEnd, Note};
use crate::timer::Timer;

/// What a consumer knows of its group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Member {
    pub(super) coordinator: Coordinator,
    /// What is to be sent to the coordinator once there is a connection.
    unsent: VecDeque<(Request, Pending)>,
    pub(super) state: MemberState,
    pub(super) generation: Generation,
    /// The next poll takes part in a rebalance.
    rejoin_needed: bool,
    /// What the consumer has is given up first.
    prepare_needed: bool,
    preparing: prepare::Preparing,
    joining: Joining,
    /// The topics that were asked for when it last joined.
    joined_topics: Option<BTreeSet<TopicName>>,
    /// How many partitions the topics of the group had when this member distributed them; nothing if it did not.
    distributed: Option<BTreeMap<TopicName, i32>>,
    /// As the leader it has to know the topics of the whole group.
    pub(super) group_topics: BTreeSet<TopicName>,
    /// What it was assigned last, which sticky assignors have it tell.
    last_assignment: Option<LastAssignment>,
    /// Nothing goes on before there is newer metadata.
    awaits_metadata: bool,
    /// Metadata for a pattern is new enough for this rebalance.
    has_fresh_metadata: bool,
    /// A heartbeat could not be sent when it was due.
    heartbeat_due: bool,
    /// A heartbeat was answered with FENCED_INSTANCE_ID: the next poll throws.
    fenced: bool,
}

/// Kafka's `MemberState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum MemberState {
    /// Not a member, as far as it knows.
    Unjoined,
    /// It has sent JoinGroup, or is about to.
    PreparingRebalance,
    /// It has joined, and is to be told what it gets.
    CompletingRebalance,
    Stable,
}

/// Which generation of the group it is a member of, and as whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Generation {
    pub(super) id: GenerationId,
    pub(super) member: MemberId,
    pub(super) assignor: Option<Assignor>,
}

/// Kafka's `joinFuture`: how far the rebalance is that the consumer takes part in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Joining {
    No,
    /// JoinGroup or SyncGroup is under way.
    UnderWay,
    /// JoinGroup was answered while nobody polled and no heartbeats were sent.
    Joined(Generation, JoinGroupResponse),
    /// It leads the group, and has to know more topics before it can distribute them.
    AwaitsMetadata(JoinGroupResponse),
    /// It was told what it gets.
    Synced(Bytes),
    Failed(JoinFailure),
    BackingOff,
}

/// Why a rebalance came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum JoinFailure {
    /// It is joined again at once, under the id that came with the error.
    MemberIdRequired,
    /// It is joined again at once.
    Again,
    /// It is joined again after a while.
    Later,
    /// The poll throws.
    Throw(PollError),
}

impl Generation {
    /// No member of any generation.
    pub(super) fn none() -> Self {
        Self {
            id: GenerationId::NONE,
            member: MemberId::from(""),
            assignor: None,
        }
    }

    /// The coordinator has forgotten it, or it has left.
    fn is_reset(&self) -> bool {
        self.id == GenerationId::NONE && self.assignor.is_none()
    }
}

impl MemberState {
    /// Whether heartbeats are sent. Otherwise nobody but a poll looks at what the coordinator answers.
    const fn has_joined(self) -> bool {
        match self {
            Self::CompletingRebalance | Self::Stable => true,
            Self::Unjoined | Self::PreparingRebalance => false,
        }
    }

    const fn is_rebalancing(self) -> bool {
        match self {
            Self::PreparingRebalance | Self::CompletingRebalance => true,
            Self::Unjoined | Self::Stable => false,
        }
    }
}

impl Member {
    pub(super) fn new() -> Self {
        Self {
            coordinator: Coordinator::Unknown,
            unsent: VecDeque::new(),
            state: MemberState::Unjoined,
            generation: Generation::none(),
            rejoin_needed: true,
            prepare_needed: true,
            preparing: prepare::Preparing::No,
            joining: Joining::No,
            joined_topics: None,
            distributed: None,
            group_topics: BTreeSet::new(),
            last_assignment: None,
            awaits_metadata: false,
            has_fresh_metadata: false,
            heartbeat_due: false,
            fenced: false,
        }
    }

    /// `generationIfStable`
    pub(super) fn stable_generation(&self) -> Option<&Generation> {
        (self.state == MemberState::Stable).then_some(&self.generation)
    }

    /// Whether nothing is to be sent to the coordinator.
    pub(super) fn is_idle(&self) -> bool {
        self.unsent.is_empty()
    }

    /// What is to be sent, to be changed: its owner may have lost interest.
    pub(super) fn unsent_mut(&mut self) -> impl Iterator<Item = &mut Pending> {
        self.unsent.iter_mut().map(|(_, pending)| pending)
    }
}

impl Consumer {
    /// `resetStateAndRejoin`: not a member any more; the next poll loses what the consumer has, and joins again.
    pub(super) fn end_membership(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        because: MembershipEnd,
        out: &mut Outbox,
    ) {
        let forgets_member = because != MembershipEnd::Refused(ErrorCode::IllegalGeneration);
        let left = Generation {
            member: if forgets_member {
                MemberId::from("")
            } else {
                self.member.generation.member.clone()
            },
            ..Generation::none()
        };
        let left = core::mem::replace(&mut self.member.generation, left);
        if left.id != GenerationId::NONE {
            out.note(Note::MembershipEnded {
                group: group_id(context),
                generation: left.id,
                member: left.member,
                because,
            });
        }
        self.enter(MemberState::Unjoined, out);
        self.member.rejoin_needed = true;
        self.member.prepare_needed = true;
    }

    /// The next poll takes part in a rebalance.
    pub(super) const fn request_rejoin(&mut self) {
        self.member.rejoin_needed = true;
    }

    /// The consumer is closed.
    pub(super) fn stop_group_timers(&mut self, out: &mut Outbox) {
        self.enter(MemberState::Unjoined, out);
        for timer in [
            Timer::CoordinatorBackoff,
            Timer::OffsetsBackoff,
            Timer::AutoCommit,
            Timer::JoinPrepare,
        ] {
            out.cancel_timer(timer);
        }
    }

    /// Comes into a state, in which there may be no heartbeats.
    fn enter(&mut self, state: MemberState, out: &mut Outbox) {
        let had_joined = core::mem::replace(&mut self.member.state, state).has_joined();
        if had_joined && !state.has_joined() {
            self.member.heartbeat_due = false;
            for timer in [Timer::MemberHeartbeat, Timer::MemberSession, Timer::MaxPollInterval] {
                out.cancel_timer(timer);
            }
        }
    }
}

/// The group of a consumer that has one.
pub(super) fn group_id(context: &Context<'_, ConsumerConfig>) -> GroupId {
    let group = context.config.group_id.clone();
    group.unwrap_or_else(|| panic!("a consumer without group.id is a member of no group"))
}
