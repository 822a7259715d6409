//! AlterPartition: a leader proposes other in-sync replicas (KIP-497, KIP-841, KIP-903).

use alloc::vec::Vec;

use super::commit::Records;
use super::election::{self, Proposal};
use super::partitions::proposal;
use super::{Controller, ControllerContext};
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, NodeId, PartitionEpoch, TopicPartition};
use crate::machine::{ConnectionId, Outbox};
use crate::message::{
    AlterPartitionData, AlterPartitionRequest, AlterPartitionResponse, AlteredPartition, BrokerState,
};
use crate::metadata::{MetadataImage, PartitionImage, TopicImage};
use crate::note::Note;
use crate::rules::ProposedMember;

impl Controller {
    pub(super) fn on_alter_partition(
        &mut self,
        context: &ControllerContext<'_>,
        connection: ConnectionId,
        request: &AlterPartitionRequest,
        out: &mut Outbox,
    ) {
        let sender = request.broker;
        if let Err(error_code) = self.check_broker_epoch(sender.broker_id, sender.broker_epoch) {
            for data in &request.partitions {
                out.note(Note::AlterPartitionRefused {
                    partition: data.partition,
                    error: error_code,
                });
            }
            let response = AlterPartitionResponse {
                error_code,
                partitions: Vec::new(),
            };
            return out.respond(connection, response.into());
        }
        let mut records = Records::default();
        let mut verdicts = Vec::with_capacity(request.partitions.len());
        for data in &request.partitions {
            let verdict = self.alter(context, sender.broker_id, data, &mut records);
            if let Err(error) = verdict {
                out.note(Note::AlterPartitionRefused {
                    partition: data.partition,
                    error,
                });
            }
            verdicts.push((data.partition, verdict));
        }
        self.append(context, records, out);
        let altered = |(partition, verdict)| match verdict {
            Ok(()) => altered(&self.image, partition),
            Err(error) => refused(partition, error),
        };
        let partitions = verdicts.into_iter().map(altered).collect();
        self.answer(
            connection,
            AlterPartitionResponse {
                error_code: ErrorCode::None,
                partitions,
            },
            out,
        );
    }

    fn alter(
        &self,
        context: &ControllerContext<'_>,
        sender: NodeId,
        data: &AlterPartitionData,
        records: &mut Records,
    ) -> Result<(), ErrorCode> {
        let topic = self
            .image
            .topics
            .get(&data.partition.topic)
            .ok_or(ErrorCode::UnknownTopicId)?;
        let partition = self
            .image
            .partition(data.partition)
            .ok_or(ErrorCode::UnknownTopicOrPartition)?;
        check_epochs(sender, partition, data)?;
        check_isr(context, &self.image, partition, data)?;

        let proposal = wanted(context, topic, partition, data);
        let is_active = |broker| self.image.is_active(broker);
        let change = election::decide(proposal, context.rules, is_active);
        let loses_leadership = change.as_ref().is_some_and(|change| change.leader_other_than(sender));
        if let Some(change) = change {
            records.push_change(data.partition, change);
        }
        // The one error that comes with a change: the sender learns from the metadata log what became of its partition.
        if loses_leadership {
            Err(ErrorCode::NewLeaderElected)
        } else {
            Ok(())
        }
    }
}

fn wanted<'a>(
    context: &ControllerContext<'_>,
    topic: &TopicImage,
    partition: &'a PartitionImage,
    data: &AlterPartitionData,
) -> Proposal<'a> {
    let is_wanted = |replica: &NodeId| data.new_isr.iter().any(|wanted| wanted.broker_id == *replica);
    let isr = partition.replicas.iter().copied().filter(is_wanted).collect();
    Proposal {
        recovering: data.recovering,
        ..proposal(context, topic, partition, isr)
    }
}

/// Whether the sender knows the partition as it is.
fn check_epochs(sender: NodeId, partition: &PartitionImage, data: &AlterPartitionData) -> Result<(), ErrorCode> {
    if data.leader_epoch > partition.leader_epoch || data.partition_epoch > partition.partition_epoch {
        // The sender knows more than this controller, which then is not the active one any more.
        Err(ErrorCode::NotController)
    } else if data.leader_epoch < partition.leader_epoch {
        Err(ErrorCode::FencedLeaderEpoch)
    } else if partition.leader != Some(sender) {
        Err(ErrorCode::InvalidRequest)
    } else if data.partition_epoch < partition.partition_epoch {
        Err(ErrorCode::InvalidUpdateVersion)
    } else {
        Ok(())
    }
}

/// Whether the in-sync replicas wanted are possible.
fn check_isr(
    context: &ControllerContext<'_>,
    image: &MetadataImage,
    partition: &PartitionImage,
    data: &AlterPartitionData,
) -> Result<(), ErrorCode> {
    let isr = &data.new_isr;
    let is_repeated =
        |(at, wanted): (usize, &BrokerState)| isr[..at].iter().any(|seen| seen.broker_id == wanted.broker_id);
    let is_possible = isr.iter().all(|wanted| partition.replicas.contains(&wanted.broker_id))
        && !isr.iter().enumerate().any(is_repeated)
        && isr.iter().any(|wanted| Some(wanted.broker_id) == partition.leader);
    let contradicts_recovery = data.recovering && (isr.len() > 1 || !partition.recovering);
    if !is_possible || contradicts_recovery {
        Err(ErrorCode::InvalidRequest)
    } else if !isr.iter().all(|wanted| is_eligible(context, image, *wanted)) {
        Err(ErrorCode::IneligibleReplica)
    } else {
        Ok(())
    }
}

fn is_eligible(context: &ControllerContext<'_>, image: &MetadataImage, wanted: BrokerState) -> bool {
    let Some(registration) = image.brokers.get(&wanted.broker_id) else {
        return false;
    };
    (context.rules.admits_to_isr)(&ProposedMember {
        is_active: registration.is_active(),
        fetched_with: wanted.broker_epoch,
        registered_as: registration.epoch,
    })
}

fn altered(image: &MetadataImage, partition: TopicPartition) -> AlteredPartition {
    let image = image
        .partition(partition)
        .expect("a partition that was altered is there");
    AlteredPartition {
        partition,
        error_code: ErrorCode::None,
        leader_id: image.leader.unwrap_or(NodeId::NONE),
        leader_epoch: image.leader_epoch,
        isr: image.isr.clone(),
        recovering: image.recovering,
        partition_epoch: image.partition_epoch,
    }
}

fn refused(partition: TopicPartition, error_code: ErrorCode) -> AlteredPartition {
    AlteredPartition {
        partition,
        error_code,
        leader_id: NodeId::NONE,
        leader_epoch: LeaderEpoch::NONE,
        isr: Vec::new(),
        recovering: false,
        partition_epoch: PartitionEpoch(-1),
    }
}
