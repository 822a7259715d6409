//! AlterPartitionReassignments: other brokers replicate a partition (KIP-455).
//!
//! First those that are to come are added, next to all that are there. Once everybody who is to stay is in sync, whoever is to go is dropped. Both
//! steps are decisions about one partition like any other, so that a reassignment completes with whatever change makes it possible.

use alloc::vec::Vec;

use super::commit::Records;
use super::election::{self, Election, Proposal};
use super::partitions::proposal;
use super::topics::check_assignment;
use super::{Controller, ControllerContext};
use crate::call::Reassignment;
use crate::error::ErrorCode;
use crate::ids::{NodeId, TopicPartition};
use crate::machine::{ConnectionId, Outbox};
use crate::message::{AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse};
use crate::metadata::PartitionImage;
use crate::rules::{Move, Rules};

/// Who replicates a partition, and who only does while a reassignment is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    /// Everybody, the preferred leader first.
    pub(super) replicas: Vec<NodeId>,
    /// Those that are to go.
    pub(super) removing: Vec<NodeId>,
    /// Those that were added, and may not all be in sync yet.
    pub(super) adding: Vec<NodeId>,
}

impl Assignment {
    /// As it is.
    pub(super) fn of(partition: &PartitionImage) -> Self {
        Self {
            replicas: partition.replicas.clone(),
            removing: partition.removing.clone(),
            adding: partition.adding.clone(),
        }
    }

    /// From whoever replicates it now to `target`. As in Kafka, who was to come or to go before stays so if nobody new is.
    fn towards(partition: &PartitionImage, target: &[NodeId]) -> Self {
        let removing = without(&partition.replicas, target);
        let adding = without(target, &partition.replicas);
        let unless_empty = |new: Vec<NodeId>, old: &Vec<NodeId>| if new.is_empty() { old.clone() } else { new };
        Self {
            replicas: target.iter().chain(&removing).copied().collect(),
            removing: unless_empty(removing, &partition.removing),
            adding: unless_empty(adding, &partition.adding),
        }
    }

    /// As it was before the reassignment under way.
    fn reverted(&self) -> Self {
        Self {
            replicas: without(&self.replicas, &self.adding),
            removing: Vec::new(),
            adding: Vec::new(),
        }
    }

    /// The assignment and the in-sync replicas once it is complete, if these in-sync replicas make it so.
    pub(super) fn completed(&self, isr: &[NodeId], rules: &Rules) -> Option<(Self, Vec<NodeId>)> {
        if self.removing.is_empty() && self.adding.is_empty() {
            return None;
        }
        let progress = Move {
            staying: without(&self.replicas, &self.removing),
            in_sync: without(isr, &self.removing),
        };
        let isr = (rules.completes_move)(&progress)?;
        let completed = Self {
            replicas: progress.staying,
            removing: Vec::new(),
            adding: Vec::new(),
        };
        Some((completed, isr))
    }
}

impl Controller {
    pub(super) fn on_alter_partition_reassignments(
        &mut self,
        context: &ControllerContext<'_>,
        connection: ConnectionId,
        request: &AlterPartitionReassignmentsRequest,
        out: &mut Outbox,
    ) {
        let error_code = match self.reassign(context, &request.reassignment) {
            Ok(records) => {
                self.append(context, records, out);
                ErrorCode::None
            }
            Err(error_code) => error_code,
        };
        self.answer(connection, AlterPartitionReassignmentsResponse { error_code }, out);
    }

    fn reassign(&self, context: &ControllerContext<'_>, wanted: &Reassignment) -> Result<Records, ErrorCode> {
        let (topic, image) = self
            .image
            .topic_by_name(&wanted.topic)
            .ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let id = TopicPartition {
            topic,
            partition: wanted.partition,
        };
        let partition = self.image.partition(id).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let proposal = proposal(context, image, partition, partition.isr.clone());
        let proposal = match &wanted.replicas {
            Some(target) => {
                check_assignment(&self.image, target, target.len())?;
                Proposal {
                    assignment: Assignment::towards(partition, target),
                    // Kafka's `changePartitionReassignment` leaves uncleanly elected leaders to those who unfence brokers.
                    election: Election::Online,
                    ..proposal
                }
            }
            None => reverted(proposal)?,
        };
        let is_active = |broker| self.image.is_active(broker);
        let mut records = Records::default();
        if let Some(change) = election::decide(proposal, context.rules, is_active) {
            records.push_change(id, change);
        }
        Ok(records)
    }
}

/// Takes the reassignment under way back. If nobody was in sync who was there before, that is no better than an unclean election.
fn reverted(proposal: Proposal<'_>) -> Result<Proposal<'_>, ErrorCode> {
    let partition = proposal.partition;
    if partition.removing.is_empty() && partition.adding.is_empty() {
        return Err(ErrorCode::NoReassignmentInProgress);
    }
    let assignment = proposal.assignment.reverted();
    let mut isr = without(&partition.isr, &partition.adding);
    if isr.is_empty() {
        if proposal.election != Election::Unclean {
            return Err(ErrorCode::InvalidReplicaAssignment);
        }
        isr.extend(assignment.replicas.first());
    }
    Ok(Proposal {
        assignment,
        isr,
        ..proposal
    })
}

/// All but these.
fn without(replicas: &[NodeId], but: &[NodeId]) -> Vec<NodeId> {
    replicas
        .iter()
        .copied()
        .filter(|replica| !but.contains(replica))
        .collect()
}
