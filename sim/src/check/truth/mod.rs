//! The truth that no process knows: what is committed, who may lead, and what the environment did that a promise may
//! not cover.
//!
//! The controller's decisions are replayed from its log once they are committed. A partition's committed log is
//! everything that any leader has exposed below its high watermark, deposed leaders included: what such a leader
//! believes to be committed every in-sync replica must have, too, and so it can never contradict its successors
//! (`StrongIsr` of the TLA+ specifications of KIP-101, KIP-279 and KIP-320). Only a leader that is older than an
//! unclean election, or than a loss, lives in a world of its own.

mod change;
mod cleaning;
mod committed;
mod forgotten;
mod harm;
mod hits;
mod letting_go;
mod registry;

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use kafkasim_core::broker::group::GROUP_METADATA_TOPIC;
use kafkasim_core::call::Call;
use kafkasim_core::disk::LogImage;
use kafkasim_core::group::partition_for;
use kafkasim_core::ids::{
    BrokerEpoch, GroupId, LeaderEpoch, NodeId, Offset, Sequence, TopicId, TopicName, TopicPartition,
};
use kafkasim_core::message::{DeleteBefore, ElectionType};
use kafkasim_core::metadata::{MetadataImage, PartitionImage, TopicImage};
use kafkasim_core::note::Note;
use kafkasim_core::record::Batch;

pub(crate) use change::Change;
pub(crate) use committed::{Committed, CommittedBatch};
use forgotten::Forgotten;
use harm::has_rotten;
pub(crate) use hits::Hits;

use super::guarantee::LossSteps;
use super::view::View;
use super::{Verdict, guarantee};
use crate::world::{DiskFault, Event, Fault};

const METADATA: TopicPartition = TopicPartition::CLUSTER_METADATA;

/// Everything that monitors need to know about the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Truth {
    metadata: MetadataImage,
    /// Up to where the metadata log was replayed.
    replayed: Offset,
    partitions: BTreeMap<TopicPartition, Partition>,
    replicas: BTreeMap<(TopicPartition, NodeId), Replica>,
    /// The names of topics that were deleted; there may be others of these names since.
    deleted: BTreeSet<TopicName>,
}

/// What is true of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Partition {
    pub(crate) committed: Committed,
    /// Who last began to lead it as the controller's choice, and in which epoch.
    pub(crate) reign: Option<(NodeId, LeaderEpoch)>,
    hits: Hits,
    /// Somebody else was elected since, who may have led without anybody noticing.
    others_elected: bool,
    /// An unclean election whose leader has not begun yet.
    unclean: bool,
    /// An operator asked for it.
    asked_for: bool,
    /// The same, but only the last known leader could be elected, since everybody else had shut down uncleanly, too
    /// (KIP-966).
    last_known: bool,
    parted: Option<Parted>,
    /// Up to where an operator has asked for the deletion of records.
    asked_to_delete: Option<DeleteBefore>,
    forgotten: Forgotten,
}

/// What was committed may not be what is committed now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Parted {
    /// Leaders of earlier epochs live in a world of their own.
    epoch: LeaderEpoch,
    verdict: Verdict,
}

/// What one replica has told of itself; how its log ends stays known while it is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Replica {
    pub(crate) end: Offset,
    pub(crate) high_watermark: Offset,
    pub(crate) epoch: LeaderEpoch,
    pub(crate) leads: bool,
}

impl Default for Replica {
    fn default() -> Self {
        Self {
            end: Offset::ZERO,
            high_watermark: Offset::ZERO,
            epoch: LeaderEpoch::NONE,
            leads: false,
        }
    }
}

impl Default for Truth {
    fn default() -> Self {
        Self {
            metadata: MetadataImage::new(),
            replayed: Offset::ZERO,
            partitions: BTreeMap::new(),
            replicas: BTreeMap::new(),
            deleted: BTreeSet::new(),
        }
    }
}

impl Truth {
    /// What the controller has committed about a topic.
    pub(crate) fn topic(&self, topic: TopicId) -> Option<&TopicImage> {
        self.metadata.topics.get(&topic).map(|topic| &**topic)
    }

    /// What the controller has committed about a partition.
    pub(crate) fn registered(&self, partition: TopicPartition) -> Option<&PartitionImage> {
        self.metadata.partition(partition)
    }

    /// Whether brokers write to a partition by themselves (`__consumer_offsets`).
    pub(crate) fn is_internal(&self, partition: TopicPartition) -> bool {
        self.topic(partition.topic)
            .is_some_and(|topic| *topic.name == *GROUP_METADATA_TOPIC)
    }

    /// The partition of `__consumer_offsets` that a group lives in.
    pub(crate) fn log_of(&self, group: &GroupId) -> Option<TopicPartition> {
        let (topic, registered) = self.metadata.topic_by_name(&GROUP_METADATA_TOPIC.into())?;
        let count = i32::try_from(registered.partitions.len()).ok()?;
        let partition = partition_for(group, count);
        Some(TopicPartition { topic, partition })
    }

    /// A partition by its name.
    pub(crate) fn locate(&self, topic: &TopicName, partition: i32) -> Option<TopicPartition> {
        let (topic, _) = self.metadata.topic_by_name(topic)?;
        Some(TopicPartition { topic, partition })
    }

    /// `topic-partition`, as people write it.
    pub(crate) fn name(&self, partition: TopicPartition) -> String {
        match self.topic(partition.topic) {
            Some(topic) => format!("{}-{}", topic.name, partition.partition),
            None => partition.to_string(),
        }
    }

    /// Every partition that exists.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &TopicImage, &PartitionImage)> {
        self.metadata.partitions()
    }

    /// What is true of a partition, once anything is.
    pub(crate) fn partition(&self, partition: TopicPartition) -> Option<&Partition> {
        self.partitions.get(&partition)
    }

    /// What a replica has told of itself.
    pub(crate) fn replica(&self, partition: TopicPartition, node: NodeId) -> Replica {
        self.replicas.get(&(partition, node)).copied().unwrap_or_default()
    }

    /// Judges that a committed record at this offset is not where it has to be.
    pub(crate) fn judge_loss(&self, view: &dyn View, partition: TopicPartition, at: Offset) -> Verdict {
        self.judge_candidate(view, partition, at, None)
    }

    /// The same, if whoever is to lead does not have it. The last known leader may have lost it: the controller cannot
    /// tell a power failure from a crash, and so one power failure is too many once everybody else has crashed.
    pub(crate) fn judge_candidate(
        &self,
        view: &dyn View,
        partition: TopicPartition,
        at: Offset,
        candidate: Option<NodeId>,
    ) -> Verdict {
        let (Some(topic), Some(registered)) = (self.topic(partition.topic), self.registered(partition)) else {
            return Verdict::Violated;
        };
        let Some(truth) = self.partition(partition) else {
            return Verdict::Violated;
        };
        let (min_isr, has_elr) = (
            topic.effective_min_isr(registered),
            view.keeps_eligible_leader_replicas(),
        );
        let exposed_from = truth.hits.exposed_from(registered, min_isr, has_elr);
        let lost_from = candidate
            .filter(|_| truth.last_known)
            .and_then(|node| truth.hits.lost_from(node));
        let steps = LossSteps {
            unclean_election: truth.unclean,
            asked_for: truth.asked_for,
            too_many_power_losses: exposed_from.into_iter().chain(lost_from).any(|from| from <= at),
        };
        guarantee::lost_committed(&topic.config, has_elr, steps)
    }

    /// Judges that a client sees something else at this offset than was committed: an earlier loss explains it.
    pub(crate) fn judge_view(&self, view: &dyn View, partition: TopicPartition, at: Offset) -> Verdict {
        match self.partition(partition).and_then(|truth| truth.parted.as_ref()) {
            Some(parted) => parted.verdict.clone(),
            None => self.judge_loss(view, partition, at),
        }
    }

    /// From where on a replica lacks what a power failure took.
    pub(crate) fn lost_from(&self, partition: TopicPartition, node: NodeId) -> Option<Offset> {
        self.partition(partition)?.hits.lost_from(node)
    }

    /// From where on a replica that has registered anew since lacks what a power failure took.
    pub(crate) fn came_back_without(&self, partition: TopicPartition, node: NodeId) -> Option<Offset> {
        let registered_as = registered_as(&self.metadata, node);
        self.partition(partition)?.hits.came_back_without(node, registered_as)
    }

    /// Takes an event in, and says what it changes.
    pub(crate) fn observe(&mut self, view: &dyn View, event: &Event, changes: &mut Vec<Change>) {
        match event {
            Event::Note { node, note } => self.noted(view, *node, note, changes),
            Event::Fault(Fault::PowerLoss { node, .. }) => self.power_lost(view, *node, changes),
            Event::Fault(Fault::Disk {
                node,
                what: DiskFault::Wiped,
            }) => {
                self.power_lost(view, *node, changes);
                let partitions = self.partitions.values_mut();
                partitions.for_each(|partition| partition.forgotten.log_gone(*node));
            }
            Event::Fault(Fault::Disk {
                node,
                what: DiskFault::Rotten { log, .. },
            }) => self.rotted(view, *node, *log),
            Event::Stopped { node, .. } => self.stopped(*node),
            Event::Called {
                call: Call::DeleteRecords(deletion),
                ..
            } => self.asked_to_delete(deletion),
            Event::Fault(_)
            | Event::Started { .. }
            | Event::Called { .. }
            | Event::Answered { .. }
            | Event::Processed { .. }
            | Event::Late { .. }
            | Event::Severed { .. }
            | Event::WriteRefused { .. } => {}
        }
    }

    fn noted(&mut self, view: &dyn View, node: NodeId, note: &Note, changes: &mut Vec<Change>) {
        if note.partition().is_some_and(|partition| self.is_deleted(partition)) {
            return;
        }
        match note {
            Note::HighWatermark {
                partition: METADATA,
                to,
                ..
            } => self.replay(view, node, *to, changes),
            Note::Compacted { partition, to, now, .. } => self.cleaned(view, *partition, node, *to, *now, changes),
            Note::BecameLeader { partition, epoch, .. } if *partition != METADATA => {
                self.begins_to_lead(view, *partition, node, *epoch, changes);
            }
            Note::BecameFollower { partition, epoch, .. } => {
                let replica = self.replica_mut(*partition, node);
                replica.epoch = *epoch;
                replica.leads = false;
            }
            Note::Appended {
                partition,
                batch,
                as_leader,
            } if *partition != METADATA => {
                self.replica_mut(*partition, node).end = batch.next_offset();
                if *as_leader && batch.base_sequence() == Sequence::ZERO {
                    self.began_sequence(view, *partition, node, batch);
                }
            }
            Note::LogRecovered {
                partition,
                end,
                high_watermark,
                ..
            } if *partition != METADATA => {
                self.ends_at(*partition, node, *end);
                let replica = self.replica_mut(*partition, node);
                replica.high_watermark = *high_watermark;
                if *end < replica.end {
                    replica.end = *end;
                    changes.push(Change::Shortened {
                        partition: *partition,
                        node,
                        to: *end,
                    });
                }
            }
            Note::Truncated { partition, to, .. } if *partition != METADATA => {
                self.ends_at(*partition, node, *to);
                let replica = self.replica_mut(*partition, node);
                replica.end = *to;
                replica.high_watermark = replica.high_watermark.min(*to);
                changes.push(Change::Shortened {
                    partition: *partition,
                    node,
                    to: *to,
                });
            }
            Note::ProducersExpired {
                partition,
                producers,
                expiration_ms,
            } => {
                let end = self.replica(*partition, node).end;
                let truth = self.partitions.entry(*partition).or_default();
                truth.forgotten.expired(node, producers, *expiration_ms, end);
            }
            Note::LogStart { partition, to, cause } => self.starts(view, *partition, node, *to, Some(*cause), changes),
            Note::LogStartedAnew { partition, at } => {
                let replica = self.replica_mut(*partition, node);
                replica.end = *at;
                replica.high_watermark = *at;
                let truth = self.partitions.entry(*partition).or_default();
                truth.forgotten.began_anew(node, *at);
                self.starts(view, *partition, node, *at, None, changes);
            }
            Note::HighWatermark {
                partition,
                to,
                as_leader,
            } => {
                self.high_watermark_moved(view, *partition, node, *to, *as_leader, changes);
            }
            Note::ElectionGranted { partition, election } => {
                self.partitions.entry(*partition).or_default().asked_for = *election == ElectionType::Unclean;
            }
            Note::LogDeleted { partition } => {
                self.replicas.remove(&(*partition, node));
                if let Some(truth) = self.partitions.get_mut(partition) {
                    truth.forgotten.log_gone(node);
                }
                changes.push(Change::Shortened {
                    partition: *partition,
                    node,
                    to: Offset::ZERO,
                });
            }
            Note::MetadataReplayed { .. }
            | Note::TopicDeleted { .. }
            | Note::BrokerRegistered { .. }
            | Note::BrokerUnfenced { .. }
            | Note::BrokerFenced { .. }
            | Note::PartitionChanged { .. }
            | Note::AlterPartitionRefused { .. }
            | Note::BecameLeader { .. }
            | Note::LogRecovered { .. }
            | Note::Appended { .. }
            | Note::DuplicateSuppressed { .. }
            | Note::ProduceRefused { .. }
            | Note::GroupsLoaded { .. }
            | Note::GroupsUnloaded { .. }
            | Note::GroupState { .. }
            | Note::CoordinatorFound { .. }
            | Note::CoordinatorUnknown { .. }
            | Note::MemberJoined { .. }
            | Note::MemberSynced { .. }
            | Note::MembershipEnded { .. }
            | Note::CommitSent { .. }
            | Note::OffsetsCommitted { .. }
            | Note::CommittedTold { .. }
            | Note::OffsetsAccepted { .. }
            | Note::Truncated { .. }
            | Note::FetchDiverged { .. }
            | Note::EpochRefused { .. }
            | Note::IsrProposed { .. }
            | Note::IsrCommitted { .. }
            | Note::Parked { .. }
            | Note::ParkedExpired { .. }
            | Note::OversizedBatchRead { .. }
            | Note::BatchSent { .. }
            | Note::BatchRetried { .. }
            | Note::BatchSplit { .. }
            | Note::MemoryAwaited
            | Note::StickyPartitionDrawn { .. }
            | Note::BatchExpired { .. }
            | Note::SequenceLost { .. }
            | Note::ProducerEpochBumped { .. }
            | Note::ProducerIdAssigned { .. }
            | Note::PositionOutOfRange { .. }
            | Note::FetchedTooMuch { .. }
            | Note::PositionReset { .. }
            | Note::PositionValidated { .. }
            | Note::TruncationDetected { .. } => {}
        }
    }

    fn begins_to_lead(
        &mut self,
        view: &dyn View,
        id: TopicPartition,
        node: NodeId,
        epoch: LeaderEpoch,
        changes: &mut Vec<Change>,
    ) {
        let replica = self.replica_mut(id, node);
        replica.epoch = epoch;
        replica.leads = true;
        let high_watermark = replica.high_watermark;
        let Some(registered) = self.registered(id) else { return };
        // Whoever learns too late of its own election will soon learn of its deposition.
        if registered.leader != Some(node) || registered.leader_epoch != epoch {
            return;
        }
        let log = batches(view.log(node, id));
        let missing = self.partition(id).and_then(|truth| {
            let committed = &truth.committed;
            committed.first_contradicted(log, Offset::ZERO..committed.end())
        });
        let verdict = missing.map(|at| self.judge_candidate(view, id, at, Some(node)));
        let partition = self.partitions.entry(id).or_default();
        if let (Some(at), Some(verdict)) = (missing, verdict) {
            let batches = partition.committed.give_up(at, log);
            partition.parted = Some(Parted {
                epoch,
                verdict: verdict.clone(),
            });
            changes.push(Change::Lost {
                partition: id,
                leader: node,
                batches,
                verdict,
            });
        }
        let reigned = partition.reign.replace((node, epoch));
        let took_over = mem::take(&mut partition.others_elected) || reigned.is_none_or(|(leader, _)| leader != node);
        let lost_from = partition.hits.lost_from(node);
        partition.unclean = false;
        partition.asked_for = false;
        partition.last_known = false;
        if !has_rotten(log) {
            partition.hits.leads(node);
        }
        changes.push(Change::Leads {
            partition: id,
            leader: node,
            took_over,
            lost_from,
        });
        // Who is elected uncleanly may bring back what an earlier leader had lost: below its high watermark it is exposed again.
        let whole = |rotten: &Batch| whole(view, id, &self.metadata, rotten);
        let new = partition.committed.extend(log, high_watermark, whole);
        if !new.is_empty() {
            let batches = partition.committed.batches()[new].to_vec();
            changes.push(Change::Committed { partition: id, batches });
        }
    }

    fn high_watermark_moved(
        &mut self,
        view: &dyn View,
        id: TopicPartition,
        node: NodeId,
        to: Offset,
        as_leader: bool,
        changes: &mut Vec<Change>,
    ) {
        let replica = self.replica_mut(id, node);
        let (from, epoch) = (replica.high_watermark, replica.epoch);
        replica.high_watermark = to;
        changes.push(Change::Watermark {
            partition: id,
            node,
            from,
            to,
            as_leader,
        });
        let truth = self.partitions.entry(id).or_default();
        if truth.parted.as_ref().is_some_and(|parted| epoch < parted.epoch) {
            return;
        }
        // An unclean leader that begins when it has been deposed already decides nothing: what will stay is open until somebody begins.
        if as_leader && truth.awaits_unclean_leader() {
            return;
        }
        let log = batches(view.log(node, id));
        let known = from..to.min(truth.committed.end());
        if let Some(at) = truth.committed.first_contradicted(log, known) {
            changes.push(Change::Contradicted {
                partition: id,
                node,
                at,
            });
        } else if as_leader {
            let whole = |rotten: &Batch| whole(view, id, &self.metadata, rotten);
            let new = truth.committed.extend(log, to, whole);
            if !new.is_empty() {
                let batches = truth.committed.batches()[new].to_vec();
                changes.push(Change::Committed { partition: id, batches });
            }
        } else if to > from && to > truth.committed.end() {
            changes.push(Change::Contradicted {
                partition: id,
                node,
                at: truth.committed.end(),
            });
        }
    }

    fn replica_mut(&mut self, partition: TopicPartition, node: NodeId) -> &mut Replica {
        self.replicas.entry((partition, node)).or_default()
    }
}

impl Partition {
    /// Whether an unclean leader was elected, and has yet to learn of it: what will stay is open.
    pub(crate) const fn awaits_unclean_leader(&self) -> bool {
        self.unclean
    }
}

/// What a disk holds of a log, or nothing.
pub(crate) fn batches(log: Option<&LogImage>) -> &[Batch] {
    log.map_or(&[], |log| &log.batches)
}

/// A batch as some replica has it that has rotted on another.
fn whole(view: &dyn View, id: TopicPartition, metadata: &MetadataImage, rotten: &Batch) -> Option<Batch> {
    let place = |batch: &Batch| (batch.base_offset, batch.leader_epoch);
    let is_it = |batch: &&Batch| place(batch) == place(rotten) && batch.verify().is_ok();
    let mut replicas = metadata.partition(id)?.replicas.iter();
    replicas.find_map(|node| batches(view.log(*node, id)).iter().find(is_it).cloned())
}

fn registered_as(metadata: &MetadataImage, node: NodeId) -> BrokerEpoch {
    metadata
        .brokers
        .get(&node)
        .map_or(BrokerEpoch::NONE, |broker| broker.epoch)
}
