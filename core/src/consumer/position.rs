//! Where each partition is read from, and how far it is from being fetched there.
//!
//! Kafka's `SubscriptionState`. A position is looked up when there is none ([`reset`](super::reset)), and validated when its leader has
//! changed ([`validation`](super::validation)).

use super::{Consumer, refresh_times};
use crate::cluster::Cluster;
use crate::config::ConsumerConfig;
use crate::ids::{LeaderEpoch, NodeId, Offset, TopicName, TopicPartition};
use crate::machine::{Context, Outbox};
use crate::message::OffsetSpec;
use crate::rules::ReadPosition;
use crate::timer::{Timer, Window};

/// From where a partition is read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The offset of the next record.
    pub offset: Offset,
    /// The epoch of the last record before it, or -1 if none was read since the position was looked up.
    pub offset_epoch: LeaderEpoch,
    /// Whom to fetch from, once somebody is known.
    pub leader: Option<NodeId>,
    /// That leader's epoch, or -1.
    pub leader_epoch: LeaderEpoch,
}

/// One partition that the application assigned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Assigned {
    pub(super) topic: TopicName,
    pub(super) partition: i32,
    /// What the cluster calls it, once that is known.
    pub(super) id: Option<TopicPartition>,
    pub(super) state: FetchState,
    /// Nothing is fetched, and nothing handed out, until it is resumed.
    pub(super) is_paused: bool,
    /// The same, because a rebalance is about to take it away.
    pub(super) is_pending_revocation: bool,
}

/// How far a partition is on its way to being fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum FetchState {
    /// Newly assigned.
    Initializing,
    /// The position is looked up, by `auto.offset.reset` or because the application wants to be at an end of the log.
    AwaitReset { to: OffsetSpec, lookup: Lookup },
    /// The position is valid; after an error it is not fetched before a back-off ends.
    Fetching { position: Position, backing_off: bool },
    /// The leader has changed, and has to confirm the position.
    AwaitValidation { position: Position, lookup: Lookup },
}

/// How far a question about one position is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lookup {
    Due,
    Asked,
    BackingOff,
}

impl Assigned {
    pub(super) const fn position(&self) -> Option<&Position> {
        match &self.state {
            FetchState::Initializing | FetchState::AwaitReset { .. } => None,
            FetchState::Fetching { position, .. } | FetchState::AwaitValidation { position, .. } => Some(position),
        }
    }

    /// The position, if records may be fetched from it and handed out.
    pub(super) const fn valid_position(&mut self) -> Option<&mut Position> {
        match &mut self.state {
            FetchState::Fetching { position, .. } => Some(position),
            FetchState::Initializing | FetchState::AwaitReset { .. } | FetchState::AwaitValidation { .. } => None,
        }
    }

    /// The lookup under way in this state, if there is one.
    pub(super) const fn lookup(&mut self) -> Option<&mut Lookup> {
        match &mut self.state {
            FetchState::AwaitReset { lookup, .. } | FetchState::AwaitValidation { lookup, .. } => Some(lookup),
            FetchState::Initializing | FetchState::Fetching { .. } => None,
        }
    }

    /// Asks again after a while, if the question is still open.
    pub(super) fn back_off(&mut self, wait_ms: u64, out: &mut Outbox) {
        let partition = self.id;
        if let (Some(lookup @ Lookup::Asked), Some(partition)) = (self.lookup(), partition) {
            *lookup = Lookup::BackingOff;
            out.set_timer(Timer::PositionBackoff { partition }, Window::wall(wait_ms));
        }
    }

    /// The position's lookup is given up: if it is backing off, nobody needs that any more.
    pub(super) fn cancel_back_off(&mut self, out: &mut Outbox) {
        let partition = self.id;
        if let (Some(Lookup::BackingOff), Some(partition)) = (self.lookup(), partition) {
            out.cancel_timer(Timer::PositionBackoff { partition });
        }
    }

    /// Finds out what the cluster calls the partition. One that has vanished keeps its id, as its leader would still know it.
    pub(super) fn locate(&mut self, cluster: &Cluster, out: &mut Outbox) {
        let id = cluster.locate(&self.topic, self.partition);
        if id.is_none() || id == self.id {
            return;
        }
        self.cancel_back_off(out);
        if let Some(lookup) = self.lookup() {
            // Whatever was asked was asked about an earlier topic of the same name.
            *lookup = Lookup::Due;
        }
        self.id = id;
    }
}

fn has_to_be_validated(context: &Context<'_, ConsumerConfig>, position: &Position) -> bool {
    let Position {
        offset_epoch,
        leader_epoch,
        ..
    } = *position;
    (context.rules.validates_position)(&ReadPosition {
        offset_epoch,
        leader_epoch,
    })
}

impl Consumer {
    pub(super) fn assigned_mut(&mut self, partition: TopicPartition) -> Option<&mut Assigned> {
        self.assigned.iter_mut().find(|assigned| assigned.id == Some(partition))
    }

    /// New metadata: partitions are located, and positions whose leader has changed have to be validated.
    pub(super) fn metadata_changed(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        is_of_all: bool,
        out: &mut Outbox,
    ) {
        self.membership_sees_metadata();
        for assigned in &mut self.assigned {
            assigned.locate(&self.cluster, out);
        }
        self.ask_offsets_again();
        for index in 0..self.assigned.len() {
            self.follow_leader(context, index, out);
        }
        if self
            .assigned
            .iter()
            .map(|assigned| &assigned.topic)
            .chain(self.subscription.topics())
            .any(|topic| self.cluster.topic(topic).is_none())
            || is_of_all != self.subscription.is_pattern()
        {
            // A topic that was assigned while the request was on its way is not in the answer.
            self.cluster.request_update();
        } else if self.assigned.iter().any(|assigned| assigned.id.is_none()) {
            // The topic may get more partitions.
            self.cluster.request_update_later(refresh_times(context.config), out);
        }
    }

    /// If the partition's leader is known to be another than the position says, the position follows it, and may have to be validated.
    pub(super) fn follow_leader(&mut self, context: &Context<'_, ConsumerConfig>, index: usize, out: &mut Outbox) {
        let assigned = &mut self.assigned[index];
        let (Some(position), Some(partition)) = (assigned.position().copied(), assigned.id) else {
            return;
        };
        let Some(view) = self.cluster.partition(partition) else {
            return;
        };
        if view.leader.is_none() || (view.leader, view.leader_epoch) == (position.leader, position.leader_epoch) {
            return;
        }
        assigned.cancel_back_off(out);
        let old = assigned.state;
        let position = Position {
            leader: view.leader,
            leader_epoch: view.leader_epoch,
            ..position
        };
        assigned.state = if has_to_be_validated(context, &position) {
            FetchState::AwaitValidation {
                position,
                lookup: Lookup::Due,
            }
        } else {
            FetchState::Fetching {
                position,
                backing_off: false,
            }
        };
        self.maybe_cancel_fetch_backoff(&old, out);
    }

    /// A partition begins at a position that somebody else has come to. It may have to be validated.
    pub(super) fn begin_at_position(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        index: usize,
        position: Position,
    ) {
        self.assigned[index].state = if position.leader.is_some() && has_to_be_validated(context, &position) {
            FetchState::AwaitValidation {
                position,
                lookup: Lookup::Due,
            }
        } else {
            FetchState::Fetching {
                position,
                backing_off: false,
            }
        };
    }

    pub(super) fn position_backed_off(&mut self, partition: TopicPartition) {
        if let Some(lookup @ Lookup::BackingOff) = self.assigned_mut(partition).and_then(Assigned::lookup) {
            *lookup = Lookup::Due;
        }
    }
}
