//! What was acknowledged stays: lost-write, unseen, R1, R2 and R8.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use kafkasim_core::ids::{LeaderEpoch, NodeId, Offset, TopicPartition};
use kafkasim_core::message::Acks;
use kafkasim_core::metadata::PartitionImage;
use kafkasim_core::record::Batch;

use super::offsets::Offsets;
use super::sends::{Outcome, Send, text};
use super::truth::{Change, CommittedBatch, batches};
use super::{Finale, Finding, Promise, Scene, Verdict, guarantee, liveness};

/// Remembers what was acknowledged and not committed, and how the loss of what is lost was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Durability {
    /// What was acknowledged, and not seen to be committed yet: two leaders may have acknowledged something at the same offset. With it, whether
    /// whoever acknowledged it was not the leader that had last begun, and did not know.
    unsettled: BTreeMap<TopicPartition, BTreeMap<(Offset, Bytes), bool>>,
    lost: BTreeMap<Bytes, Verdict>,
}

impl Durability {
    /// A send was acknowledged.
    pub(crate) fn acknowledged(&mut self, scene: &Scene<'_>, value: &Bytes, send: &Send, findings: &mut Vec<Finding>) {
        let Some((partition, Some(offset))) = place(scene, send) else {
            return;
        };
        let truth = scene.truth.partition(partition);
        if truth.and_then(|truth| truth.committed.value_at(offset)) == Some(value) {
            return;
        }
        let holds = |node| holds(batches(scene.view.log(node, partition)), offset, value);
        let registered = scene.truth.registered(partition);
        let leader =
            registered.and_then(|registered| registered.leader.map(|leader| (leader, registered.leader_epoch)));
        let begun = truth.and_then(|truth| truth.reign);
        let is_committed_over = truth.is_some_and(|truth| offset < truth.committed.end());
        let can_be_kept = !is_committed_over
            && match leader {
                Some((leader, epoch)) if begun == Some((leader, epoch)) => holds(leader),
                Some(_) | None => true,
            };
        let somebody_has_it = scene.view.brokers().into_iter().any(holds);
        if can_be_kept && somebody_has_it {
            let by_deposed = begun.is_some_and(|(leader, _)| !holds(leader));
            let unsettled = self.unsettled.entry(partition).or_default();
            unsettled.insert((offset, value.clone()), by_deposed);
            return;
        }
        let verdict = judge_unsettled(scene, value, partition, offset, has_had_other_leaders(registered));
        if !somebody_has_it {
            findings.push(missing_everywhere(
                scene,
                partition,
                &[(offset, value.clone())],
                verdict.clone(),
            ));
        }
        self.lost.insert(value.clone(), verdict);
    }

    /// The truth changed.
    pub(crate) fn changed(&mut self, scene: &Scene<'_>, change: &Change, findings: &mut Vec<Finding>) {
        match change {
            Change::Registered { partition, old, new } => {
                let is_new = |node: &NodeId| old.as_ref().is_none_or(|old| !is_counted_on(old, *node));
                let whole = Offset::ZERO..Offset(i64::MAX);
                for node in counted_on(new).filter(is_new) {
                    findings.extend(incomplete_candidate(scene, *partition, node, whole.clone()));
                }
            }
            Change::Inactive { partition, brokers } => {
                let (whose, names) = (scene.truth.name(*partition), scene.names(brokers));
                let message = format!("{whose}: {names} is in sync from now on, fenced or shutting down as it is");
                findings.push(Finding::new(Promise::CandidateCompleteness, Verdict::Violated, message));
            }
            Change::Unfenced { broker } => findings.extend(returned_without_records(scene, *broker)),
            Change::Committed { partition, batches } => {
                self.settle(*partition, batches);
                let (Some(first), Some(last)) = (batches.first(), batches.last()) else {
                    return;
                };
                let Some(registered) = scene.truth.registered(*partition) else {
                    return;
                };
                for node in counted_on(registered) {
                    findings.extend(incomplete_candidate(scene, *partition, node, first.base..last.next));
                }
            }
            Change::Shortened { partition, node, to } => {
                let Some(truth) = scene.truth.partition(*partition) else {
                    return;
                };
                if *to >= truth.committed.end() {
                    return;
                }
                if scene
                    .truth
                    .registered(*partition)
                    .is_some_and(|registered| is_counted_on(registered, *node))
                {
                    findings.extend(incomplete_candidate(
                        scene,
                        *partition,
                        *node,
                        *to..truth.committed.end(),
                    ));
                }
                findings.extend(gone_everywhere(scene, *partition, *to));
            }
            Change::Lost {
                partition,
                leader,
                batches,
                verdict,
            } => {
                let values = batches.iter().flat_map(|batch| &batch.values);
                self.lost
                    .extend(values.map(|(_, value)| (value.clone(), verdict.clone())));
                let what = listed(scene, *partition, batches.iter().flat_map(|batch| &batch.values));
                let (whose, leader) = (scene.truth.name(*partition), scene.name(*leader));
                let message = format!("{whose}: leader {leader} begins without what was committed: {what}");
                findings.push(Finding::new(Promise::LeaderCompleteness, verdict.clone(), message));
            }
            Change::Leads {
                partition,
                leader,
                took_over,
                lost_from,
            } => {
                self.judge_new_leader(scene, *partition, *leader, *took_over, *lost_from, findings);
            }
            Change::Removed { id, .. } => self.unsettled.retain(|partition, _| partition.topic != *id),
            Change::MetadataCommitted { .. }
            | Change::Contradicted { .. }
            | Change::Overcleaned { .. }
            | Change::Watermark { .. }
            | Change::Started { .. } => {}
        }
    }

    /// The run is over, and everything that can be read was read.
    pub(crate) fn finish(&self, scene: &Scene<'_>, finale: &Finale, offsets: &Offsets, findings: &mut Vec<Finding>) {
        for (value, send) in scene.sends.kept().filter(|(_, send)| !send.read) {
            let Some((partition, told)) = place(scene, send) else {
                continue;
            };
            let offset = told.or(send.committed.map(|(_, offset)| offset));
            let truth = scene.truth.partition(partition);
            if offset.is_some_and(|offset| truth.is_some_and(|truth| truth.committed.has_let_go(offset, value))) {
                continue;
            }
            let (whose, what, producer) = (scene.truth.name(partition), text(value), scene.name(send.producer));
            let verdict = self.judge_at_the_end(scene, value, send, partition, offset);
            let message = match offset {
                None => format!("{whose}: {what} was acknowledged to {producer}, but never written"),
                Some(at) => format!("{whose}: {what} was acknowledged to {producer} at {at}, but not read"),
            };
            if offset.is_none_or(|offset| offsets.highest_read(partition).is_some_and(|read| read >= offset)) {
                findings.push(Finding::new(Promise::LostWrite, verdict, message));
            } else if !liveness::is_out_of_reach(scene, partition, &finale.healed_core) {
                findings.push(Finding::new(Promise::Unseen, verdict, message));
            }
        }
    }

    fn settle(&mut self, partition: TopicPartition, batches: &[Arc<CommittedBatch>]) {
        let Some(unsettled) = self.unsettled.get_mut(&partition) else {
            return;
        };
        for (offset, value) in batches.iter().flat_map(|batch| &batch.values) {
            unsettled.remove(&(*offset, value.clone()));
        }
        if unsettled.is_empty() {
            self.unsettled.remove(&partition);
        }
    }

    /// The election is the step at which what only the leader before it had is lost.
    fn judge_new_leader(
        &mut self,
        scene: &Scene<'_>,
        partition: TopicPartition,
        leader: NodeId,
        took_over: bool,
        lost_from: Option<Offset>,
        findings: &mut Vec<Finding>,
    ) {
        let Some(unsettled) = self.unsettled.remove(&partition) else {
            return;
        };
        let log = batches(scene.view.log(leader, partition));
        let is_kept = |((offset, value), _): &((Offset, Bytes), bool)| holds(log, *offset, value);
        let (kept, lost): (BTreeMap<_, _>, BTreeMap<_, _>) = unsettled.into_iter().partition(is_kept);
        if !kept.is_empty() {
            self.unsettled.insert(partition, kept);
        }
        for ((offset, value), by_deposed) in lost {
            let lost_power = lost_from.is_some_and(|from| from <= offset);
            let step = took_over || lost_power || by_deposed;
            let verdict = judge_unsettled(scene, &value, partition, offset, step);
            if verdict == Verdict::Violated {
                let (whose, what, leader) = (scene.truth.name(partition), text(&value), scene.name(leader));
                let message = format!("{whose}: leader {leader} begins without {what}, acknowledged at {offset}");
                findings.push(Finding::new(Promise::LeaderCompleteness, verdict.clone(), message));
            }
            self.lost.insert(value, verdict);
        }
    }

    fn judge_at_the_end(
        &self,
        scene: &Scene<'_>,
        value: &Bytes,
        send: &Send,
        partition: TopicPartition,
        offset: Option<Offset>,
    ) -> Verdict {
        if let Some(verdict) = self.lost.get(value) {
            return verdict.clone();
        }
        if send.committed.is_some() {
            return Verdict::Violated;
        }
        let registered = scene.truth.registered(partition);
        let step = match acks(scene, send) {
            Acks::None => {
                scene.risks.may_have_been_ignored(send.producer, partition)
                    || has_had_other_leaders(registered)
                    || is_held_back(scene, partition)
            }
            // It is in the leader's log, and the next append will show it.
            Acks::Leader => is_held_back(scene, partition),
            Acks::All => false,
        };
        judge_unsettled(scene, value, partition, offset.unwrap_or(Offset::ZERO), step)
    }
}

/// Where a send was acknowledged to be, if it was: with acks=0 nobody knows the offset.
fn place(scene: &Scene<'_>, send: &Send) -> Option<(TopicPartition, Option<Offset>)> {
    let Outcome::Acknowledged(told) = &send.outcome else {
        return None;
    };
    Some((scene.truth.locate(&told.topic, told.partition)?, told.offset))
}

fn acks(scene: &Scene<'_>, send: &Send) -> Acks {
    scene
        .view
        .producer(send.producer)
        .map_or(Acks::All, |producer| producer.acks)
}

fn judge_unsettled(scene: &Scene<'_>, value: &Bytes, partition: TopicPartition, offset: Offset, step: bool) -> Verdict {
    let acks = scene.sends.get(value).map_or(Acks::All, |send| acks(scene, send));
    guarantee::lost_acknowledged(acks, step, scene.truth.judge_view(scene.view, partition, offset))
}

fn is_held_back(scene: &Scene<'_>, partition: TopicPartition) -> bool {
    let leader = scene
        .truth
        .registered(partition)
        .and_then(|registered| registered.leader);
    leader.is_some_and(|leader| scene.view.is_held_back(leader, partition))
}

fn has_had_other_leaders(registered: Option<&PartitionImage>) -> bool {
    registered.is_some_and(|registered| registered.leader_epoch > LeaderEpoch(0))
}

fn counted_on(registered: &PartitionImage) -> impl Iterator<Item = NodeId> {
    registered.isr.iter().chain(&registered.elr).copied()
}

fn is_counted_on(registered: &PartitionImage, node: NodeId) -> bool {
    counted_on(registered).any(|counted| counted == node)
}

/// R1, for one replica and a range of what is committed. What a power failure took is judged when the replica may lead
/// again.
fn incomplete_candidate(
    scene: &Scene<'_>,
    partition: TopicPartition,
    node: NodeId,
    range: std::ops::Range<Offset>,
) -> Option<Finding> {
    let truth = scene.truth.partition(partition)?;
    if truth.awaits_unclean_leader() {
        return None;
    }
    let log = batches(scene.view.log(node, partition));
    let at = truth.committed.first_contradicted(log, range)?;
    if scene.truth.lost_from(partition, node).is_some_and(|from| from <= at) {
        return None;
    }
    let (whose, node) = (scene.truth.name(partition), scene.name(node));
    let message = format!("{whose}: {node} may be elected, but lacks what is committed at {at}");
    Some(Finding::new(Promise::CandidateCompleteness, Verdict::Violated, message))
}

/// R1, for a broker that is back after a power failure: the controller must not count on what it lost (KIP-966).
fn returned_without_records(scene: &Scene<'_>, broker: NodeId) -> Vec<Finding> {
    let partitions = scene
        .truth
        .partitions()
        .filter(|(_, _, registered)| is_counted_on(registered, broker));
    let found = partitions.filter_map(|(partition, ..)| {
        let truth = scene.truth.partition(partition)?;
        let log = batches(scene.view.log(broker, partition));
        let at = truth
            .committed
            .first_contradicted(log, Offset::ZERO..truth.committed.end())?;
        let is_judged = !truth.awaits_unclean_leader() && scene.truth.came_back_without(partition, broker).is_some();
        let verdict = scene.truth.judge_candidate(scene.view, partition, at, Some(broker));
        let (whose, broker) = (scene.truth.name(partition), scene.name(broker));
        let message =
            format!("{whose}: {broker} may be elected, but lost to a power failure what is committed at {at}");
        (is_judged && verdict == Verdict::Violated)
            .then(|| Finding::new(Promise::CandidateCompleteness, verdict, message))
    });
    found.collect()
}

/// R8, for what is committed from some offset on: a replica has just lost it.
fn gone_everywhere(scene: &Scene<'_>, partition: TopicPartition, from: Offset) -> Option<Finding> {
    let truth = scene.truth.partition(partition)?;
    let brokers = scene.view.brokers();
    let is_gone = |batch: &&Arc<CommittedBatch>| {
        let misses = |log: &[Batch]| truth.committed.first_missing(log, batch.base..batch.next).is_some();
        brokers
            .iter()
            .all(|node| misses(batches(scene.view.log(*node, partition))))
    };
    let gone: Vec<_> = truth
        .committed
        .batches()
        .iter()
        .filter(|batch| batch.next > from)
        .filter(is_gone)
        .collect();
    let values: Vec<_> = gone.iter().flat_map(|batch| batch.values.iter().cloned()).collect();
    let first = gone.first()?.base;
    let verdict = scene.truth.judge_view(scene.view, partition, first);
    Some(missing_everywhere(scene, partition, &values, verdict))
}

fn missing_everywhere(
    scene: &Scene<'_>,
    partition: TopicPartition,
    values: &[(Offset, Bytes)],
    verdict: Verdict,
) -> Finding {
    let (whose, what) = (scene.truth.name(partition), listed(scene, partition, values));
    Finding::new(
        Promise::AcknowledgedExists,
        verdict,
        format!("{whose}: no replica has {what}"),
    )
}

/// Values with their offsets: the first few, if there are many. What brokers write is not for people to read.
fn listed<'a>(
    scene: &Scene<'_>,
    partition: TopicPartition,
    values: impl IntoIterator<Item = &'a (Offset, Bytes)>,
) -> String {
    let is_internal = scene.truth.is_internal(partition);
    let text = |value: &Bytes| {
        if is_internal {
            "a record".to_owned()
        } else {
            text(value)
        }
    };
    let mut values = values.into_iter();
    let first = values
        .by_ref()
        .take(3)
        .map(|(offset, value)| format!("{} at {offset}", text(value)));
    let mut listed = first.collect::<Vec<_>>().join(", ");
    match values.count() {
        0 => {}
        more => listed.push_str(&format!(" and {more} more")),
    }
    listed
}

/// Whether a log holds this value at this offset.
fn holds(log: &[Batch], offset: Offset, value: &Bytes) -> bool {
    let index = log.partition_point(|batch| batch.next_offset() <= offset);
    let records = log
        .get(index)
        .filter(|batch| batch.verify().is_ok())
        .and_then(|batch| batch.records().ok());
    records.is_some_and(|records| {
        records
            .iter()
            .any(|record| record.offset == offset && record.value.as_ref() == Some(value))
    })
}
