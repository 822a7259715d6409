//! R4 and R6: whom a leader waits for, and that its high watermark never goes back.

use kafkasim_core::ids::{NodeId, TopicPartition};

use super::truth::Change;
use super::{Finding, Promise, Scene, Verdict};

/// R6, and R4 when the controller has decided something.
pub(crate) fn changed(scene: &Scene<'_>, change: &Change, findings: &mut Vec<Finding>) {
    match change {
        Change::Watermark {
            partition,
            node,
            from,
            to,
            as_leader: true,
        } if to < from => {
            let (whose, node) = (scene.truth.name(*partition), scene.name(*node));
            let message = format!("{whose}: the high watermark of leader {node} goes back from {from} to {to}");
            findings.push(Finding::new(Promise::MonotoneWatermark, Verdict::Violated, message));
        }
        Change::Registered { partition, new, .. } => {
            findings.extend(
                new.leader
                    .and_then(|leader| waits_for_too_few(scene, *partition, leader)),
            );
        }
        Change::MetadataCommitted { .. }
        | Change::Watermark { .. }
        | Change::Inactive { .. }
        | Change::Unfenced { .. }
        | Change::Committed { .. }
        | Change::Contradicted { .. }
        | Change::Removed { .. }
        | Change::Overcleaned { .. }
        | Change::Lost { .. }
        | Change::Leads { .. }
        | Change::Started { .. }
        | Change::Shortened { .. } => {}
    }
}

/// R4: whom the leader waits for includes everybody whom the controller believes to be in sync, and everybody who is
/// eligible while the leader believes enough to be in sync to commit anything.
pub(crate) fn waits_for_too_few(scene: &Scene<'_>, partition: TopicPartition, leader: NodeId) -> Option<Finding> {
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
    let missing = registered
        .isr
        .iter()
        .chain(eligible)
        .find(|node| !leadership.maximal.contains(node))?;
    let (whose, waits_for) = (scene.truth.name(partition), scene.names(&leadership.maximal));
    let (leader, missing) = (scene.name(leader), scene.name(*missing));
    let message =
        format!("{whose}: leader {leader} waits for {waits_for}, but not for {missing}, on whom others count");
    Some(Finding::new(Promise::QuorumSuperset, Verdict::Violated, message))
}
