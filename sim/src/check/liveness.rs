//! Everything that may finish does finish, once enough is healed. A stuck run is judged: legitimately stuck, or a bug.

use kafkasim_core::ids::{NodeId, TopicPartition};
use kafkasim_core::metadata::PartitionImage;

use super::groups::Groups;
use super::sends::text;
use super::{Finale, Finding, Promise, Scene, Verdict};

/// Judges a run that did not finish in time.
pub(crate) fn finish(scene: &Scene<'_>, finale: &Finale, groups: &Groups, findings: &mut Vec<Finding>) {
    if finale.finished {
        return;
    }
    let before = findings.len();
    let mut is_any_out_of_reach = false;
    for (partition, _, registered) in scene.truth.partitions() {
        if is_out_of_reach(scene, partition, &finale.healed_core) {
            is_any_out_of_reach = true;
        } else if registered.leader.is_none_or(|leader| !scene.view.is_running(leader)) {
            let whose = scene.truth.name(partition);
            findings.push(violated(format!(
                "{whose} has no leader, but {} could lead",
                scene.names(&electable(registered))
            )));
        }
    }
    // Sends may be stuck with a partition that is out of reach, and everything behind them.
    if is_any_out_of_reach {
        return;
    }
    for (producer, value) in scene
        .sends
        .outstanding()
        .filter(|(producer, _)| scene.view.is_running(*producer))
    {
        let producer = scene.name(producer);
        let what = value.map_or("a record without a value".to_owned(), text);
        findings.push(violated(format!("{producer} was not told what became of {what}")));
    }
    findings.extend(groups.unrest(scene).into_iter().map(violated));
    if findings.len() == before {
        findings.push(violated("enough is healed, but not everything was read".to_owned()));
    }
}

/// Whether nobody in the core can lead a partition without an unclean election that is not allowed, or too few are
/// there to commit anything.
pub(crate) fn is_out_of_reach(scene: &Scene<'_>, partition: TopicPartition, core: &[NodeId]) -> bool {
    let registered = scene.truth.registered(partition);
    let (Some(registered), Some(topic)) = (registered, scene.truth.topic(partition.topic)) else {
        return true;
    };
    let is_in_core = |node: &&NodeId| core.contains(node);
    let can_be_led = if topic.config.unclean_leader_election_enable {
        registered.replicas.iter().any(|node| is_in_core(&node))
    } else {
        electable(registered).iter().any(|node| is_in_core(&node))
    };
    let present = registered.replicas.iter().filter(is_in_core).count();
    !can_be_led || present < topic.effective_min_isr(registered)
}

fn electable(registered: &PartitionImage) -> Vec<NodeId> {
    registered
        .isr
        .iter()
        .chain(&registered.elr)
        .chain(&registered.last_known_elr)
        .copied()
        .collect()
}

fn violated(message: String) -> Finding {
    Finding::new(Promise::Liveness, Verdict::Violated, message)
}
