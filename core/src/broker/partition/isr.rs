//! Which replicas are in sync: what the controller has committed, and what the leader has proposed on top of it (KIP-497).

use alloc::vec::Vec;

use crate::error::ErrorCode;
use crate::ids::NodeId;
use crate::message::BrokerState;

/// The in-sync replicas as their leader knows them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Isr {
    /// As the controller committed them; nothing is under way.
    Committed(Vec<NodeId>),
    /// The leader has proposed others and does not know yet what became of that.
    Pending {
        /// As last committed by the controller.
        committed: Vec<NodeId>,
        /// As proposed, each with the registration that the leader knows.
        proposed: Vec<BrokerState>,
        /// How far the proposal has come.
        delivery: Delivery,
    },
}

/// How far a proposal has come. Whatever replaces the proposal in the meantime makes its answer moot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::broker) enum Delivery {
    /// To be sent as soon as nothing else is on its way to the controller.
    Unsent,
    /// Sent and not answered.
    InFlight,
    /// To be sent again after [`Timer::AlterPartitionBackoff`](crate::timer::Timer::AlterPartitionBackoff).
    BackingOff,
    /// Refused because the controller knows better: the metadata log will tell.
    AwaitingMetadata,
}

/// What a refused proposal leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Certainly not applied, now or later: back to what was committed.
    RollBack,
    /// The leader's view is out of date: it stays restricted by both views until the metadata log brings the newer one.
    AwaitMetadata,
    /// Nothing is known about the proposal; the same one is sent again.
    Retry,
}

impl Refusal {
    /// Kafka's `Partition.handleAlterPartitionError`.
    pub(super) fn of(error: ErrorCode) -> Self {
        if error == ErrorCode::IneligibleReplica {
            return Self::RollBack;
        }
        let is_stale = matches!(
            error,
            ErrorCode::UnknownTopicOrPartition
                | ErrorCode::UnknownTopicId
                | ErrorCode::FencedLeaderEpoch
                | ErrorCode::InvalidUpdateVersion
                | ErrorCode::InvalidRequest
                | ErrorCode::NewLeaderElected
        );
        if is_stale { Self::AwaitMetadata } else { Self::Retry }
    }
}

impl Isr {
    /// As last committed by the controller.
    pub(super) fn committed(&self) -> &[NodeId] {
        match self {
            Self::Committed(committed) | Self::Pending { committed, .. } => committed,
        }
    }

    /// Whether a proposal is under way, so that no other may be made.
    pub(super) fn is_pending(&self) -> bool {
        match self {
            Self::Committed(_) => false,
            Self::Pending { .. } => true,
        }
    }

    /// How far the proposal has come, if there is one.
    pub(super) fn delivery(&self) -> Option<Delivery> {
        match self {
            Self::Committed(_) => None,
            Self::Pending { delivery, .. } => Some(*delivery),
        }
    }

    /// Takes note of how far the proposal has come.
    ///
    /// # Panics
    /// If there is none.
    pub(super) fn set_delivery(&mut self, to: Delivery) {
        match self {
            Self::Committed(_) => panic!("only a proposal is delivered"),
            Self::Pending { delivery, .. } => *delivery = to,
        }
    }

    /// What is proposed, if anything.
    pub(super) fn proposed(&self) -> Option<&[BrokerState]> {
        match self {
            Self::Committed(_) => None,
            Self::Pending { proposed, .. } => Some(proposed),
        }
    }

    /// Everybody whom the controller may believe to be in sync, whichever way the proposal goes: the committed and the proposed ones
    /// together (KIP-497).
    pub(super) fn maximal(&self) -> impl Iterator<Item = NodeId> {
        let committed = self.committed();
        let added = self.proposed().into_iter().flatten().map(|state| state.broker_id);
        committed
            .iter()
            .copied()
            .chain(added.filter(|id| !committed.contains(id)))
    }

    /// Drops the proposal, which was certainly not applied.
    pub(super) fn roll_back(&mut self) {
        if let Self::Pending { committed, .. } = self {
            *self = Self::Committed(core::mem::take(committed));
        }
    }
}
