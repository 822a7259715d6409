//! What it means for partitions that a broker goes, comes back, or may have lost data.

use alloc::vec::Vec;

use super::commit::Records;
use super::election::{self, Election, Proposal};
use super::reassignment::Assignment;
use super::{Controller, ControllerContext};
use crate::ids::NodeId;
use crate::metadata::{PartitionImage, TopicImage};

/// What happened to a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrokerEvent {
    /// It is fenced, shuts down, or its successor registers: it leads nothing and is in sync with nothing.
    Gone(NodeId),
    /// It is unfenced and may be elected.
    Unfenced(NodeId),
    /// It restarted without having shut down in order: what it had not forced to disk may be lost (KIP-966).
    UncleanShutdown(NodeId),
}

impl BrokerEvent {
    fn concerns(self, partition: &PartitionImage) -> bool {
        match self {
            Self::Gone(broker) => partition.isr.contains(&broker),
            Self::Unfenced(_) => partition.leader.is_none(),
            Self::UncleanShutdown(broker) => partition.isr.contains(&broker) || partition.elr.contains(&broker),
        }
    }

    const fn leaving(self) -> Option<NodeId> {
        match self {
            Self::Gone(broker) | Self::UncleanShutdown(broker) => Some(broker),
            Self::Unfenced(_) => None,
        }
    }

    const fn unclean_shutdown(self) -> Option<NodeId> {
        match self {
            Self::UncleanShutdown(broker) => Some(broker),
            Self::Gone(_) | Self::Unfenced(_) => None,
        }
    }

    /// Whether a broker will be active once the event has taken effect.
    fn leaves_active(self, broker: NodeId, is_active: bool) -> bool {
        match self {
            Self::Gone(gone) | Self::UncleanShutdown(gone) => broker != gone && is_active,
            Self::Unfenced(unfenced) => broker == unfenced || is_active,
        }
    }
}

impl Controller {
    /// Adds the changes that an event brings for every partition that it concerns.
    pub(super) fn change_partitions(&self, context: &ControllerContext<'_>, event: BrokerEvent, records: &mut Records) {
        let is_active = |broker| event.leaves_active(broker, self.image.is_active(broker));
        for (partition, topic, image) in self.image.partitions().filter(|(_, _, image)| event.concerns(image)) {
            let isr = image
                .isr
                .iter()
                .copied()
                .filter(|replica| event.leaving() != Some(*replica))
                .collect();
            let proposal = Proposal {
                unclean_shutdown: event.unclean_shutdown(),
                ..proposal(context, topic, image, isr)
            };
            if let Some(change) = election::decide(proposal, context.rules, is_active) {
                records.push_change(partition, change);
            }
        }
    }

    /// Whether a broker leads any partition.
    pub(super) fn has_leaderships(&self, broker: NodeId) -> bool {
        self.image
            .partitions()
            .any(|(_, _, image)| image.leader == Some(broker))
    }
}

/// The proposal that only the in-sync replicas change.
pub(super) fn proposal<'a>(
    context: &ControllerContext<'_>,
    topic: &TopicImage,
    partition: &'a PartitionImage,
    isr: Vec<NodeId>,
) -> Proposal<'a> {
    Proposal {
        partition,
        isr,
        recovering: partition.recovering,
        unclean_shutdown: None,
        min_isr: topic.effective_min_isr(partition),
        election: Election::automatic(topic.config.unclean_leader_election_enable),
        assignment: Assignment::of(partition),
        eligible_leader_replicas: context.config.eligible_leader_replicas,
    }
}
