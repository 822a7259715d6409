//! A replica that leads: it appends, watches its followers, moves the high watermark, and proposes who is in sync.

use alloc::vec::Vec;

use super::isr::{Delivery, Isr, Refusal};
use super::replica::Replica;
use super::{Changes, Surroundings, watermark};
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, TopicPartition};
use crate::log::Log;
use crate::machine::Outbox;
use crate::message::{AlterPartitionData, AlteredPartition, BrokerState, FetchPartition};
use crate::metadata::PartitionImage;
use crate::note::Note;
use crate::rules::{IsrCandidate, Quorum, Replayed, Wake};
use crate::timer::{Timer, Window};

/// How long Kafka waits before it sends a proposal again.
const ALTER_PARTITION_BACKOFF: Window = Window::wall(50);

/// What a replica knows while it leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::broker) struct Leader {
    pub(super) epoch: LeaderEpoch,
    pub(super) partition_epoch: PartitionEpoch,
    /// Where its epoch starts.
    start_offset: Offset,
    /// The other replicas, in the order of the assignment.
    followers: Vec<Replica>,
    isr: Isr,
}

impl Leader {
    /// Begins a term. The epoch is recorded even before there is data, so that a follower which knows later epochs than any batch of
    /// this log can still find out where it diverges.
    pub(super) fn begin(
        previous: Option<Self>,
        registration: &PartitionImage,
        log: &mut Log,
        around: &Surroundings<'_>,
        out: &mut Outbox,
    ) -> Self {
        let (partition, epoch, start_offset) = (log.partition(), registration.leader_epoch, log.end());
        if (around.rules().records_epoch_at_election)() {
            log.begin_epoch(epoch, out);
        }
        out.note(Note::BecameLeader {
            partition,
            epoch,
            start_offset,
        });

        let mut known = previous.map_or_else(Vec::new, |previous| previous.hand_over(partition, out));
        let followers = registration.replicas.iter().copied().filter(|id| *id != around.node());
        let followers = followers.map(|id| {
            let in_sync = registration.isr.contains(&id);
            match known.iter().position(|replica| replica.id == id) {
                Some(index) => {
                    let mut replica = known.swap_remove(index);
                    replica.begin_term(in_sync, partition, around.config(), out);
                    replica
                }
                None => Replica::new(id, in_sync, partition, around.config(), out),
            }
        });
        let followers = followers.collect();
        // Whoever is left does not replicate the partition any more.
        for replica in known {
            replica.forget_time(partition, out);
        }
        let leader = Self {
            epoch,
            partition_epoch: registration.partition_epoch,
            start_offset,
            followers,
            isr: Isr::Committed(registration.isr.clone()),
        };
        leader.note_committed(partition, out);
        leader
    }

    /// The metadata log shows the partition changed, within the same term.
    pub(super) fn update(
        &mut self,
        registration: &PartitionImage,
        log: &Log,
        around: &Surroundings<'_>,
        out: &mut Outbox,
    ) {
        let replayed = Replayed {
            partition_epoch: registration.partition_epoch,
            known_partition_epoch: self.partition_epoch,
        };
        if self.isr.is_pending() && !(around.rules().forgets_proposal)(&replayed) {
            return;
        }
        self.take_on(&registration.replicas, log.partition(), around, out);
        self.commit(&registration.isr, registration.partition_epoch, log, around, out);
    }

    /// Has the replicas follow that a reassignment adds. One that drops a replica begins another term.
    fn take_on(&mut self, replicas: &[NodeId], partition: TopicPartition, around: &Surroundings<'_>, out: &mut Outbox) {
        for id in replicas {
            if *id != around.node() && self.follower(*id).is_none() {
                let replica = Replica::new(*id, false, partition, around.config(), out);
                self.followers.push(replica);
            }
        }
    }

    /// Ends the term.
    pub(super) fn step_down(self, partition: TopicPartition, out: &mut Outbox) {
        for replica in self.hand_over(partition, out) {
            replica.forget_time(partition, out);
        }
    }

    /// Where its epoch starts.
    pub(in crate::broker) fn start_offset(&self) -> Offset {
        self.start_offset
    }

    /// The in-sync replicas as the controller committed them.
    pub(in crate::broker) fn committed_isr(&self) -> &[NodeId] {
        self.isr.committed()
    }

    /// Whether it has proposed other in-sync replicas and does not know yet what became of that.
    pub(in crate::broker) fn has_proposed(&self) -> bool {
        self.isr.is_pending()
    }

    /// The replicas that are to follow it.
    pub(in crate::broker) fn followers(&self) -> impl Iterator<Item = NodeId> {
        self.followers.iter().map(|replica| replica.id)
    }

    /// Everybody whom the controller may believe to be in sync.
    pub(in crate::broker) fn maximal_isr(&self) -> impl Iterator<Item = NodeId> {
        self.isr.maximal()
    }

    /// Where a follower's log ended when it last fetched in this leadership; -1 if it has not.
    pub(in crate::broker) fn follower_end(&self, follower: NodeId) -> Option<Offset> {
        self.follower(follower).map(|replica| replica.end)
    }

    /// The followers whose logs ended before this offset when they last fetched.
    pub(in crate::broker) fn followers_behind(&self, end: Offset) -> impl Iterator<Item = NodeId> {
        let behind = self.followers.iter().filter(move |replica| replica.end < end);
        behind.map(|replica| replica.id)
    }

    /// The first offset that some live replica still has (Kafka's `lowWatermarkIfLeader`).
    pub(in crate::broker) fn low_watermark(&self, log: &Log, around: &Surroundings<'_>) -> Offset {
        let alive = self.followers.iter().filter(|replica| around.is_unfenced(replica.id));
        alive.map(|replica| replica.start).fold(log.start(), Offset::min)
    }

    /// Fewer replicas are in sync than an acknowledgement by all of them needs.
    pub(in crate::broker) fn is_under_min_isr(&self, partition: TopicPartition, around: &Surroundings<'_>) -> bool {
        self.isr.committed().len() < self.effective_min_isr(partition, around)
    }

    /// As [`Self::is_under_min_isr`], but whoever may be in sync counts.
    pub(in crate::broker) fn is_maximally_under_min_isr(
        &self,
        partition: TopicPartition,
        around: &Surroundings<'_>,
    ) -> bool {
        self.isr.maximal().count() < self.effective_min_isr(partition, around)
    }

    /// After an append (or a duplicate of one): whoever was level with the log may have fallen behind, and if nobody else has to have
    /// the new records, they are committed.
    pub(super) fn appended(
        &self,
        previous_end: Offset,
        log: &mut Log,
        around: &Surroundings<'_>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if log.end() > previous_end {
            changes.woken.push((log.partition(), Wake::Appended));
            self.check_lagging(|replica| replica.end == previous_end, log, around, out);
        }
        self.advance_high_watermark(log, around, changes, out);
    }

    /// A follower fetches: everything before the fetch offset is in its log. Refused if it is not assigned, or of an older registration (KIP-903).
    pub(super) fn fetched(
        &mut self,
        follower: BrokerState,
        fetch: &FetchPartition,
        log: &mut Log,
        around: &Surroundings<'_>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) -> Result<(), ErrorCode> {
        let (partition, leader_end, from) = (log.partition(), log.end(), fetch.fetch_offset);
        if follower.broker_epoch != BrokerEpoch::NONE && around.unfenced_as(follower.broker_id) > follower.broker_epoch
        {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let index = self
            .followers
            .iter()
            .position(|replica| replica.id == follower.broker_id);
        let replica = &mut self.followers[index.ok_or(ErrorCode::UnknownLeaderEpoch)?];
        let previous_end = replica.end;
        if replica.start != fetch.log_start_offset {
            replica.start = fetch.log_start_offset;
            changes.woken.push((partition, Wake::LowWatermarkAdvanced));
        }
        replica.fetched(from, leader_end, follower.broker_epoch, partition, around.config(), out);
        if previous_end == leader_end {
            self.check_lagging(|replica| replica.id == follower.broker_id, log, around, out);
        }

        self.expand_isr(follower.broker_id, log, around, changes, out);
        if previous_end != from {
            self.advance_high_watermark(log, around, changes, out);
        }
        Ok(())
    }

    /// [`Timer::ReplicaLag`]: the follower was last caught up too long ago.
    pub(super) fn lagged(
        &mut self,
        follower: NodeId,
        log: &Log,
        around: &Surroundings<'_>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if let Some(replica) = self.followers.iter_mut().find(|replica| replica.id == follower) {
            replica.lagging = true;
            self.shrink_isr(log, around, changes, out);
        }
    }

    /// The proposal that waits to be sent, if any. It counts as sent.
    pub(super) fn send_proposal(&mut self, partition: TopicPartition) -> Option<AlterPartitionData> {
        if self.isr.delivery() != Some(Delivery::Unsent) {
            return None;
        }
        self.isr.set_delivery(Delivery::InFlight);
        Some(AlterPartitionData {
            partition,
            leader_epoch: self.epoch,
            new_isr: self.isr.proposed().expect("what is delivered is a proposal").to_vec(),
            // Nothing has to be repaired after an unclean election, so the leader has recovered at once.
            recovering: false,
            partition_epoch: self.partition_epoch,
        })
    }

    /// Whether there is a proposal to be sent.
    pub(super) fn has_unsent_proposal(&self) -> bool {
        self.isr.delivery() == Some(Delivery::Unsent)
    }

    /// The answer to the proposal will not come: it is sent again.
    pub(super) fn proposal_lost(&mut self) {
        if self.isr.delivery() == Some(Delivery::InFlight) {
            self.isr.set_delivery(Delivery::Unsent);
        }
    }

    /// The controller did nothing at all: the proposal is sent again, later.
    pub(super) fn proposal_refused_as_a_whole(&mut self, partition: TopicPartition, out: &mut Outbox) {
        if self.isr.delivery() == Some(Delivery::InFlight) {
            self.isr.set_delivery(Delivery::BackingOff);
            out.set_timer(Timer::AlterPartitionBackoff { partition }, ALTER_PARTITION_BACKOFF);
        }
    }

    /// [`Timer::AlterPartitionBackoff`]
    pub(super) fn proposal_backed_off(&mut self) {
        if self.isr.delivery() == Some(Delivery::BackingOff) {
            self.isr.set_delivery(Delivery::Unsent);
        }
    }

    /// What became of the proposal, unless something else has replaced it since.
    pub(super) fn altered(
        &mut self,
        answer: &AlteredPartition,
        log: &mut Log,
        around: &Surroundings<'_>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if self.isr.delivery() != Some(Delivery::InFlight) {
            return;
        }
        if answer.error_code == ErrorCode::None {
            if answer.leader_epoch == self.epoch && answer.partition_epoch >= self.partition_epoch {
                self.commit(&answer.isr, answer.partition_epoch, log, around, out);
                self.advance_high_watermark(log, around, changes, out);
            } else {
                self.isr.set_delivery(Delivery::AwaitingMetadata);
            }
            return;
        }
        match Refusal::of(answer.error_code) {
            Refusal::RollBack => {
                self.isr.roll_back();
                self.check_lagging(|_| true, log, around, out);
            }
            Refusal::AwaitMetadata => self.isr.set_delivery(Delivery::AwaitingMetadata),
            Refusal::Retry => self.proposal_refused_as_a_whole(log.partition(), out),
        }
    }

    /// Kafka's `Partition.maybeIncrementLeaderHW`.
    pub(super) fn advance_high_watermark(
        &self,
        log: &mut Log,
        around: &Surroundings<'_>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let partition = log.partition();
        let rules = around.rules();
        let quorum = Quorum {
            in_sync: self.isr.committed().len(),
            min_isr: self.effective_min_isr(partition, around),
        };
        if !(rules.may_commit)(&quorum) {
            return;
        }
        let is_eligible = |replica: &Replica| around.is_eligible(replica);
        let to = watermark::of_leader(log.end(), &self.followers, &self.isr, is_eligible, rules.is_waited_for);
        if to > log.high_watermark() {
            log.set_high_watermark(to);
            out.note(Note::HighWatermark {
                partition,
                to,
                as_leader: true,
            });
            changes.high_watermark_moved = true;
            changes.woken.push((partition, Wake::HighWatermarkAdvanced));
        }
    }

    fn follower(&self, id: NodeId) -> Option<&Replica> {
        self.followers.iter().find(|replica| replica.id == id)
    }

    fn effective_min_isr(&self, partition: TopicPartition, around: &Surroundings<'_>) -> usize {
        around.min_insync_replicas(partition).min(self.followers.len() + 1)
    }

    fn hand_over(self, partition: TopicPartition, out: &mut Outbox) -> Vec<Replica> {
        if self.isr.delivery() == Some(Delivery::BackingOff) {
            out.cancel_timer(Timer::AlterPartitionBackoff { partition });
        }
        self.followers
    }

    fn commit(
        &mut self,
        isr: &[NodeId],
        partition_epoch: PartitionEpoch,
        log: &Log,
        around: &Surroundings<'_>,
        out: &mut Outbox,
    ) {
        let partition = log.partition();
        self.partition_epoch = partition_epoch;
        if !self.isr.is_pending() && self.isr.committed() == isr {
            return;
        }
        if self.isr.delivery() == Some(Delivery::BackingOff) {
            out.cancel_timer(Timer::AlterPartitionBackoff { partition });
        }
        self.isr = Isr::Committed(isr.to_vec());
        self.note_committed(partition, out);
        self.check_lagging(|_| true, log, around, out);
    }

    /// Whoever is in sync but was last caught up too long ago drops out at the next check, unless it is level with the log.
    fn check_lagging(
        &self,
        is_affected: impl Fn(&Replica) -> bool,
        log: &Log,
        around: &Surroundings<'_>,
        out: &mut Outbox,
    ) {
        if self.isr.is_pending() {
            return;
        }
        for replica in &self.followers {
            if is_affected(replica) && self.is_out_of_sync(replica, log.end()) {
                replica.check_soon(log.partition(), around.config(), out);
            }
        }
    }

    fn is_out_of_sync(&self, replica: &Replica, leader_end: Offset) -> bool {
        self.isr.committed().contains(&replica.id) && !replica.is_caught_up(leader_end)
    }

    fn shrink_isr(&mut self, log: &Log, around: &Surroundings<'_>, changes: &mut Changes, out: &mut Outbox) {
        if self.isr.is_pending() {
            return;
        }
        let stays = |id: &NodeId| {
            self.follower(*id)
                .is_none_or(|replica| !self.is_out_of_sync(replica, log.end()))
        };
        let remaining: Vec<NodeId> = self.isr.committed().iter().copied().filter(stays).collect();
        if remaining.len() < self.isr.committed().len() {
            self.propose(remaining, true, log.partition(), around, changes, out);
        }
    }

    fn expand_isr(
        &mut self,
        follower: NodeId,
        log: &Log,
        around: &Surroundings<'_>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if self.isr.is_pending() || self.isr.committed().contains(&follower) {
            return;
        }
        let replica = self.follower(follower).expect("who fetched is a follower");
        let candidate = IsrCandidate {
            end: replica.end,
            high_watermark: log.high_watermark(),
            leader_epoch_start: self.start_offset,
            is_eligible: around.is_active(follower),
            fetched_with: replica.fetched_with.unwrap_or(BrokerEpoch::NONE),
            registered_as: around.registered_as(follower),
        };
        if (around.rules().may_join_isr)(&candidate) {
            let assigned = around.replicas(log.partition()).iter().copied();
            let is_member = |id: &NodeId| *id == follower || self.isr.committed().contains(id);
            self.propose(
                assigned.filter(is_member).collect(),
                false,
                log.partition(),
                around,
                changes,
                out,
            );
        }
    }

    fn propose(
        &mut self,
        isr: Vec<NodeId>,
        shrink: bool,
        partition: TopicPartition,
        around: &Surroundings<'_>,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        // A member of the old ISR that has not fetched yet is sent without its registration, which is then not checked: had it died,
        // the controller would have changed the partition.
        let registration = |id: NodeId| match self.follower(id) {
            Some(replica) => replica.fetched_with.unwrap_or(BrokerEpoch::NONE),
            None => around.broker_epoch,
        };
        let with_epoch = |id: &NodeId| BrokerState {
            broker_id: *id,
            broker_epoch: registration(*id),
        };
        let proposed = isr.iter().map(with_epoch).collect();
        let committed = self.isr.committed().to_vec();
        self.isr = Isr::Pending {
            committed,
            proposed,
            delivery: Delivery::Unsent,
        };
        changes.proposed = true;
        out.note(Note::IsrProposed { partition, isr, shrink });
    }

    fn note_committed(&self, partition: TopicPartition, out: &mut Outbox) {
        let isr = self.isr.committed().to_vec();
        out.note(Note::IsrCommitted {
            partition,
            isr,
            partition_epoch: self.partition_epoch,
        });
    }
}
