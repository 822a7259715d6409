//! R4 and R6: whom a leader waits for, and that its high watermark never goes back.

use std::collections::BTreeMap;

use kafkasim_core::ids::{NodeId, PartitionEpoch, TopicPartition};

use super::truth::Change;
use super::{Finding, Promise, Scene, Verdict};

/// Remembers what leaders have proposed and forgotten.
///
/// A leader that has learnt of a change from the controller's answer, and has proposed another on top of it, forgets its proposal when the metadata log
/// brings it the former change (`Partition.makeLeader` accepts an equal partition epoch). The controller may accept the proposal nevertheless, and then
/// believes somebody to be in sync whom the leader does not count. Kafka makes up for it by waiting for everybody who has been caught up lately; so R4
/// leaves such replicas out until the leader knows, and R1 watches them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Watermark {
    leaders: BTreeMap<(TopicPartition, NodeId), Proposals>,
}

/// What one leader has proposed since it last learnt of a change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Proposals {
    known: PartitionEpoch,
    proposed: Vec<NodeId>,
    forgotten: Vec<NodeId>,
}

impl Watermark {
    /// R6, and R4 when the controller has decided something.
    pub(crate) fn changed(&self, scene: &Scene<'_>, change: &Change, findings: &mut Vec<Finding>) {
        match change {
            Change::Watermark {
                partition,
                node,
                from,
                to,
                as_leader: true,
            } if to < from => {
                let whose = scene.truth.name(*partition);
                let message = format!("{whose}: the high watermark of leader {node} goes back from {from} to {to}");
                findings.push(Finding::new(Promise::MonotoneWatermark, Verdict::Violated, message));
            }
            Change::Registered { partition, new, .. } => {
                findings.extend(new.leader.and_then(|leader| self.too_few(scene, *partition, leader)));
            }
            Change::Watermark { .. }
            | Change::Unfenced { .. }
            | Change::Committed { .. }
            | Change::Contradicted { .. }
            | Change::Lost { .. }
            | Change::Leads { .. }
            | Change::Shortened { .. } => {}
        }
    }

    /// A leader proposes other in-sync replicas: R4.
    pub(crate) fn proposed(
        &mut self,
        scene: &Scene<'_>,
        partition: TopicPartition,
        leader: NodeId,
        isr: &[NodeId],
    ) -> Option<Finding> {
        if let Some(proposals) = self.leaders.get_mut(&(partition, leader)) {
            proposals.proposed = isr.to_vec();
        }
        self.too_few(scene, partition, leader)
    }

    /// A leader learns of a change, or of one that it has known: R4.
    pub(crate) fn learnt(
        &mut self,
        scene: &Scene<'_>,
        partition: TopicPartition,
        leader: NodeId,
        epoch: PartitionEpoch,
    ) -> Option<Finding> {
        let new = Proposals {
            known: epoch,
            proposed: Vec::new(),
            forgotten: Vec::new(),
        };
        let proposals = self.leaders.entry((partition, leader)).or_insert_with(|| new.clone());
        if epoch > proposals.known {
            *proposals = new;
        } else {
            proposals.forgotten.append(&mut proposals.proposed);
        }
        self.too_few(scene, partition, leader)
    }

    /// A replica follows.
    pub(crate) fn follows(&mut self, partition: TopicPartition, node: NodeId) {
        self.leaders.remove(&(partition, node));
    }

    /// A process is gone.
    pub(crate) fn stopped(&mut self, node: NodeId) {
        self.leaders.retain(|(_, leader), _| *leader != node);
    }

    /// Whom the leader waits for includes everybody whom the controller believes to be in sync, and everybody who is eligible while the leader believes
    /// enough to be in sync to commit anything.
    fn too_few(&self, scene: &Scene<'_>, partition: TopicPartition, leader: NodeId) -> Option<Finding> {
        let registered = scene.truth.registered(partition)?;
        let leadership = scene.view.leadership(leader, partition)?;
        if registered.leader != Some(leader) || registered.leader_epoch != leadership.epoch {
            return None;
        }
        let min_isr = scene.truth.topic(partition.topic)?.effective_min_isr(registered);
        let eligible = if leadership.committed >= min_isr {
            &registered.elr[..]
        } else {
            &[]
        };
        let forgotten = self
            .leaders
            .get(&(partition, leader))
            .map_or(&[][..], |leader| &leader.forgotten);
        let is_waited_for = |node: &NodeId| leadership.maximal.contains(node) || forgotten.contains(node);
        let missing = registered
            .isr
            .iter()
            .chain(eligible)
            .find(|node| !is_waited_for(node))?;
        let (whose, waits_for) = (scene.truth.name(partition), &leadership.maximal);
        let message = format!(
            "{whose}: leader {leader} waits for {waits_for:?}, but not for {missing}, whom the controller counts on"
        );
        Some(Finding::new(Promise::QuorumSuperset, Verdict::Violated, message))
    }
}
