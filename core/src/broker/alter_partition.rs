//! Proposals of in-sync replicas on their way to the controller: one request at a time, with whatever waits to be sent (KIP-497).

use super::partition::{Changes, Partition, ProposalOutcome};
use super::{Asked, Broker, controller, request_timeout};
use crate::config::BrokerConfig;
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, TopicPartition};
use crate::machine::{Context, Lane, Outbox};
use crate::message::{AlterPartitionRequest, AlterPartitionResponse, BrokerState};

impl Broker {
    /// Sends what leaders propose, if nothing is under way.
    pub(super) fn pursue_proposals(&mut self, context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        let controller = controller(context);
        if !self.partitions.values().any(Partition::has_unsent_proposal)
            || self
                .connections
                .unanswered(controller, Lane::AlterPartition)
                .next()
                .is_some()
            || !self.connections.ready(controller, Lane::AlterPartition, out)
        {
            return;
        }
        let broker_epoch = self.lifecycle.epoch().unwrap_or(BrokerEpoch::NONE);
        let request = AlterPartitionRequest {
            broker: BrokerState {
                broker_id: context.node,
                broker_epoch,
            },
            partitions: self
                .partitions
                .values_mut()
                .filter_map(Partition::send_proposal)
                .collect(),
        };
        let timeout = request_timeout(context.config);
        self.connections.send(
            controller,
            Lane::AlterPartition,
            request.into(),
            Asked::AlterPartition,
            timeout,
            out,
        );
    }

    pub(super) fn on_altered(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        response: &AlterPartitionResponse,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let around = surroundings!(self, context);
        for (partition, replica) in &mut self.partitions {
            let answer = response.partitions.iter().find(|answer| answer.partition == *partition);
            let outcome = match answer {
                _ if response.error_code != ErrorCode::None => ProposalOutcome::RefusedAsAWhole,
                Some(answer) => ProposalOutcome::Answered(answer),
                None => ProposalOutcome::Lost,
            };
            replica.proposal(outcome, &around, changes, out);
        }
        self.pursue_proposals(context, out);
    }

    /// The answer will not come: what was proposed is sent again on the next connection.
    pub(super) fn on_proposals_lost(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let around = surroundings!(self, context);
        for replica in self.partitions.values_mut() {
            replica.proposal(ProposalOutcome::Lost, &around, changes, out);
        }
    }

    /// [`Timer::AlterPartitionBackoff`](crate::timer::Timer::AlterPartitionBackoff)
    pub(super) fn on_proposal_backed_off(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        partition: TopicPartition,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let around = surroundings!(self, context);
        if let Some(replica) = self.partitions.get_mut(&partition) {
            replica.proposal(ProposalOutcome::BackedOff, &around, changes, out);
        }
        self.pursue_proposals(context, out);
    }
}
