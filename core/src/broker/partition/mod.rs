//! One replica of a partition: its log, and the role that it plays.

mod follower;
mod isr;
mod leader;
mod replica;
mod watermark;

use alloc::vec::Vec;
use core::mem;

pub(super) use follower::{Follower, Progress};
pub(super) use leader::Leader;
use replica::Replica;

use crate::config::{BrokerConfig, TopicConfig};
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, TopicPartition};
use crate::log::Log;
use crate::machine::{Context, Outbox};
use crate::message::{
    AlterPartitionData, AlteredPartition, BrokerState, DeleteBefore, EpochEndOffset, FetchPartition, FetchedPartition,
};
use crate::metadata::{MetadataImage, PartitionImage};
use crate::note::{LogStartCause, Note};
use crate::record::Batch;
use crate::rules::{Rules, Wake};

/// One replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Partition {
    log: Log,
    role: Role,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Role {
    /// The log was found on disk; the metadata log has not told yet what it is for.
    Unassigned,
    Leader(Leader),
    Follower(Follower),
}

/// What a replica may look at while it works.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The process.
    pub(super) context: &'a Context<'a, BrokerConfig>,
    /// The cluster, as far as this broker knows.
    pub(super) image: &'a MetadataImage,
    /// This broker's registration.
    pub(super) broker_epoch: BrokerEpoch,
    /// This broker hands its partitions over.
    pub(super) is_shutting_down: bool,
}

/// What a step has changed that somebody else in the broker acts upon at the end of the step.
#[derive(Default)]
pub(super) struct Changes {
    /// What parked requests may have waited for.
    pub(super) woken: Vec<(TopicPartition, Wake)>,
    /// A leader wants other in-sync replicas.
    pub(super) proposed: bool,
    /// A high watermark is not the one that was last written down.
    pub(super) high_watermark_moved: bool,
    /// A log does not start where it was last written down to start.
    pub(super) log_start_moved: bool,
}

impl Partition {
    /// A replica whose log was found on disk or has just been created.
    pub(super) fn new(log: Log) -> Self {
        Self {
            log,
            role: Role::Unassigned,
        }
    }

    /// The log.
    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    /// The leader's part, if this replica leads.
    pub(super) fn leader(&self) -> Option<&Leader> {
        match &self.role {
            Role::Leader(leader) => Some(leader),
            Role::Unassigned | Role::Follower(_) => None,
        }
    }

    /// The follower's part, if this replica follows.
    pub(super) fn follower(&self) -> Option<&Follower> {
        match &self.role {
            Role::Follower(follower) => Some(follower),
            Role::Unassigned | Role::Leader(_) => None,
        }
    }

    /// The follower's part, if this replica follows.
    pub(super) fn follower_mut(&mut self) -> Option<&mut Follower> {
        match &mut self.role {
            Role::Follower(follower) => Some(follower),
            Role::Unassigned | Role::Leader(_) => None,
        }
    }

    /// The epoch in which it leads or follows.
    pub(super) fn leader_epoch(&self) -> LeaderEpoch {
        match &self.role {
            Role::Unassigned => LeaderEpoch::NONE,
            Role::Leader(leader) => leader.epoch,
            Role::Follower(follower) => follower.epoch,
        }
    }

    /// The leader's part, if this replica leads in the epoch that the client knows (KIP-320).
    pub(super) fn leader_in(&self, current_leader_epoch: LeaderEpoch, rules: &Rules) -> Result<&Leader, ErrorCode> {
        if !(rules.fences_epochs)() {
            return self.leader().ok_or(ErrorCode::NotLeaderOrFollower);
        }
        let epoch = self.leader_epoch();
        if current_leader_epoch != LeaderEpoch::NONE && current_leader_epoch < epoch {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if current_leader_epoch > epoch {
            return Err(ErrorCode::UnknownLeaderEpoch);
        }
        self.leader().ok_or(ErrorCode::NotLeaderOrFollower)
    }

    /// Takes what the metadata log says about the partition.
    pub(super) fn assign(
        &mut self,
        registration: &PartitionImage,
        around: &Surroundings<'_>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        // A leader may know more already, from the answer to its proposal.
        if registration.partition_epoch < self.partition_epoch() {
            return;
        }
        let log = &mut self.log;
        let is_new_epoch = registration.leader_epoch
            > match &self.role {
                Role::Unassigned => LeaderEpoch::NONE,
                Role::Leader(leader) => leader.epoch,
                Role::Follower(follower) => follower.epoch,
            };
        let leads = registration.leader == Some(around.node());
        self.role = match mem::replace(&mut self.role, Role::Unassigned) {
            Role::Leader(mut leader) if leads && !is_new_epoch => {
                leader.update(registration, log, around, out);
                Role::Leader(leader)
            }
            Role::Leader(leader) if leads => Role::Leader(Leader::begin(Some(leader), registration, log, around, out)),
            Role::Leader(leader) => {
                leader.step_down(log.partition(), out);
                changes.woken.push((log.partition(), Wake::LeadershipChanged));
                Role::Follower(Follower::begin(registration, log, around, changes, out))
            }
            Role::Follower(follower) if !leads && !is_new_epoch => Role::Follower(follower),
            Role::Unassigned | Role::Follower(_) if leads => {
                Role::Leader(Leader::begin(None, registration, log, around, out))
            }
            Role::Unassigned | Role::Follower(_) => {
                Role::Follower(Follower::begin(registration, log, around, changes, out))
            }
        };
        match &mut self.role {
            Role::Unassigned => {}
            Role::Leader(leader) => leader.advance_high_watermark(log, around, changes, out),
            Role::Follower(follower) => follower.update(registration, around),
        }
    }

    /// The partition is not this broker's any more: its timers go.
    pub(super) fn retire(self, changes: &mut Changes, out: &mut Outbox) {
        if let Role::Leader(leader) = self.role {
            leader.step_down(self.log.partition(), out);
            changes.woken.push((self.log.partition(), Wake::LeadershipChanged));
        }
    }

    fn partition_epoch(&self) -> PartitionEpoch {
        match &self.role {
            Role::Unassigned => PartitionEpoch(i32::MIN),
            Role::Leader(leader) => leader.partition_epoch,
            Role::Follower(follower) => follower.partition_epoch,
        }
    }

    /// As the leader: appends a batch that has been found good.
    ///
    /// # Panics
    /// If this replica does not lead.
    pub(super) fn append(
        &mut self,
        batch: &Batch,
        around: &Surroundings<'_>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) -> Batch {
        let Role::Leader(leader) = &self.role else {
            panic!("only the leader appends for producers")
        };
        let previous_end = self.log.end();
        if let Some(topic) = around.image.topics.get(&self.log.partition().topic) {
            self.log.roll_before(batch, &topic.config, out);
        }
        let batch = self.log.append_as_leader(batch, leader.epoch, out);
        out.note(Note::Appended {
            partition: self.log.partition(),
            batch: batch.clone(),
            as_leader: true,
        });
        leader.appended(previous_end, &mut self.log, around, changes, out);
        batch
    }

    /// As the leader: a duplicate is not appended, but as after an append the high watermark is looked at again.
    pub(super) fn append_nothing(&mut self, around: &Surroundings<'_>, changes: &mut Changes, out: &mut Outbox) {
        if let Role::Leader(leader) = &self.role {
            leader.appended(self.log.end(), &mut self.log, around, changes, out);
        }
    }

    /// As the leader: takes note of a follower's fetch.
    pub(super) fn fetched_by(
        &mut self,
        follower: BrokerState,
        fetch: &FetchPartition,
        around: &Surroundings<'_>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) -> Result<(), ErrorCode> {
        match &mut self.role {
            Role::Leader(leader) => leader.fetched(follower, fetch, &mut self.log, around, changes, out),
            Role::Unassigned | Role::Follower(_) => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    /// As the leader: deletes what an operator does not want any more (Kafka's `Partition.deleteRecordsOnLeader`). Returns the first offset
    /// that is left.
    pub(super) fn delete_records(
        &mut self,
        before: DeleteBefore,
        rules: &Rules,
        changes: &mut Changes,
        out: &mut Outbox,
    ) -> Result<Offset, ErrorCode> {
        if self.leader().is_none() {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let before = match before {
            DeleteBefore::HighWatermark => self.log.high_watermark(),
            DeleteBefore::Offset(offset) if offset < Offset::ZERO => return Err(ErrorCode::OffsetOutOfRange),
            DeleteBefore::Offset(offset) => offset,
        };
        if self
            .log
            .advance_start(before, LogStartCause::DeleteRecords, rules, out)?
        {
            changes.log_start_moved = true;
            changes.woken.push((self.log.partition(), Wake::LowWatermarkAdvanced));
        }
        Ok(before)
    }

    /// Deletes what is old.
    pub(super) fn delete_old_segments(
        &mut self,
        topic: &TopicConfig,
        context: &Context<'_, BrokerConfig>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if self
            .log
            .delete_old_segments(topic, context.wall_clock, context.rules, out)
        {
            changes.log_start_moved = true;
            changes.woken.push((self.log.partition(), Wake::LowWatermarkAdvanced));
        }
    }

    /// Cleans the log, if it is dirty enough.
    pub(super) fn clean(&mut self, topic: &TopicConfig, context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        self.log.compact(topic, context.wall_clock, context.rules, out);
    }

    /// Forgets producers that have been idle for too long.
    pub(super) fn forget_idle_producers(&mut self, context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        let expiration_ms = context.config.producer_id_expiration_ms;
        self.log.forget_idle_producers(context.wall_clock, expiration_ms, out);
    }

    /// As the leader: [`Timer::ReplicaLag`](crate::timer::Timer::ReplicaLag).
    pub(super) fn lagged(
        &mut self,
        follower: NodeId,
        around: &Surroundings<'_>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if let Role::Leader(leader) = &mut self.role {
            leader.lagged(follower, &self.log, around, changes, out);
        }
    }

    /// As the leader: the proposal to be sent to the controller, if there is one. It counts as sent.
    pub(super) fn send_proposal(&mut self) -> Option<AlterPartitionData> {
        match &mut self.role {
            Role::Leader(leader) => leader.send_proposal(self.log.partition()),
            Role::Unassigned | Role::Follower(_) => None,
        }
    }

    /// As the leader: whether a proposal waits to be sent.
    pub(super) fn has_unsent_proposal(&self) -> bool {
        self.leader().is_some_and(Leader::has_unsent_proposal)
    }

    /// As the leader: something became of the proposal.
    pub(super) fn proposal(
        &mut self,
        outcome: ProposalOutcome<'_>,
        around: &Surroundings<'_>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let Role::Leader(leader) = &mut self.role else { return };
        match outcome {
            ProposalOutcome::Answered(answer) => leader.altered(answer, &mut self.log, around, changes, out),
            ProposalOutcome::RefusedAsAWhole => leader.proposal_refused_as_a_whole(self.log.partition(), out),
            ProposalOutcome::Lost => leader.proposal_lost(),
            ProposalOutcome::BackedOff => leader.proposal_backed_off(),
        }
        changes.proposed |= leader.has_unsent_proposal();
    }

    /// As a follower: what to fetch next.
    pub(super) fn next_fetch(&self, around: &Surroundings<'_>) -> Option<FetchPartition> {
        self.follower().map(|follower| follower.fetch(&self.log, around))
    }

    /// As a follower: takes what was fetched.
    pub(super) fn fetched(
        &mut self,
        answer: &FetchedPartition,
        topic: &TopicConfig,
        rules: &Rules,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if let Role::Follower(follower) = &mut self.role {
            follower.fetched(answer, &mut self.log, topic, rules, changes, out);
        }
    }

    /// As a follower: takes where the leader's log starts.
    pub(super) fn leader_starts_at(
        &mut self,
        start: Result<Offset, ErrorCode>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if let Role::Follower(follower) = &mut self.role {
            match start {
                Ok(start) => follower.leader_starts_at(start, &mut self.log, changes, out),
                Err(error) => follower.leader_lookup_refused(error),
            }
        }
    }

    /// As a follower: of which epoch to ask the leader where it ends.
    pub(super) fn epoch_to_ask_for(&self) -> Option<LeaderEpoch> {
        self.follower()?.epoch_to_ask_for(&self.log)
    }

    /// As a follower: takes where that epoch ended at the leader.
    pub(super) fn epoch_ended_at(
        &mut self,
        asked: LeaderEpoch,
        end: Result<EpochEndOffset, ErrorCode>,
        rules: &Rules,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if let Role::Follower(follower) = &mut self.role {
            match end {
                Ok(end) => follower.epoch_ended_at(asked, end, &mut self.log, rules, changes, out),
                Err(error) => follower.leader_lookup_refused(error),
            }
        }
    }
}

/// What became of a proposal.
#[derive(Clone, Copy)]
pub(super) enum ProposalOutcome<'a> {
    /// The controller decided.
    Answered(&'a AlteredPartition),
    /// The controller decided nothing about any partition.
    RefusedAsAWhole,
    /// The connection ended before the answer came.
    Lost,
    /// The time to wait after an error is over.
    BackedOff,
}

impl Surroundings<'_> {
    fn node(&self) -> NodeId {
        self.context.node
    }

    fn config(&self) -> &BrokerConfig {
        self.context.config
    }

    fn rules(&self) -> &Rules {
        self.context.rules
    }

    fn min_insync_replicas(&self, partition: TopicPartition) -> usize {
        let topic = self.image.topics.get(&partition.topic);
        topic.map_or(1, |topic| {
            usize::try_from(topic.config.min_insync_replicas).unwrap_or(0)
        })
    }

    fn replicas(&self, partition: TopicPartition) -> &[NodeId] {
        self.image
            .partition(partition)
            .map_or(&[], |registration| &registration.replicas)
    }

    /// The registration of a broker, or -1.
    fn registered_as(&self, broker: NodeId) -> BrokerEpoch {
        self.image
            .brokers
            .get(&broker)
            .map_or(BrokerEpoch::NONE, |registration| registration.epoch)
    }

    /// The registration of a broker that is not fenced, or -1.
    fn unfenced_as(&self, broker: NodeId) -> BrokerEpoch {
        let registration = self
            .image
            .brokers
            .get(&broker)
            .filter(|registration| !registration.fenced);
        registration.map_or(BrokerEpoch::NONE, |registration| registration.epoch)
    }

    fn is_unfenced(&self, broker: NodeId) -> bool {
        self.unfenced_as(broker) != BrokerEpoch::NONE
    }

    fn is_active(&self, broker: NodeId) -> bool {
        self.image.is_active(broker)
    }

    /// Kafka's `Partition.isReplicaIsrEligible` (KIP-841, KIP-903).
    fn is_eligible(&self, replica: &Replica) -> bool {
        self.is_active(replica.id) && replica.fetched_with == Some(self.registered_as(replica.id))
    }
}
