//! Liveness: a group comes to rest once enough is healed. Everybody who has subscribed and runs is in the same generation, and every partition of
//! their topics belongs to one of them.
//!
//! With one exception, which is Kafka's: what a cooperative group withholds from everybody is handed out once the member that had it gives it up
//! and joins again. A static member that loses what it has, or dies, and takes its place in the same generation again has nothing to give up, and so
//! nobody joins again.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::config::ConsumerConfig;
use kafkasim_core::ids::{GroupId, NodeId};

use super::super::{Finding, Promise, Scene, Verdict, guarantee};
use super::ownership::{Member, Ownership};
use super::{Place, name};

/// The members of a group.
type Members<'a> = Vec<(NodeId, &'a Member)>;

impl Ownership {
    /// What keeps each group that has not come to rest from it.
    pub(super) fn unrest(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let mut groups: BTreeMap<&GroupId, Members<'_>> = BTreeMap::new();
        for (node, member) in &self.members {
            groups.entry(&member.group).or_default().push((*node, member));
        }
        let unrest = |(group, members): (&GroupId, Members<'_>)| {
            let in_step = || out_of_step(scene, &members).map(|why| (why, Verdict::Violated));
            let (why, verdict) = in_step().or_else(|| self.ill_distributed(scene, group, &members))?;
            let message = format!("{group} does not come to rest: {why}");
            Some(Finding::new(Promise::Liveness, verdict, message))
        };
        groups.into_iter().filter_map(unrest).collect()
    }

    /// Whether a partition will be nobody's until the next rebalance of a group, whenever that comes.
    pub(super) fn is_orphan(&self, scene: &Scene<'_>, group: &GroupId, place: &Place) -> bool {
        let members = self.members.iter().filter(|(_, member)| member.group == *group);
        let members: Members<'_> = members.map(|(node, member)| (*node, member)).collect();
        let is_owned = members.iter().any(|(_, member)| member.owned.contains_key(place));
        !is_owned && out_of_step(scene, &members).is_none() && self.orphans(scene, group, &members) != Verdict::Violated
    }

    fn ill_distributed(&self, scene: &Scene<'_>, group: &GroupId, members: &Members<'_>) -> Option<(String, Verdict)> {
        let wanted: BTreeSet<_> = members.iter().flat_map(|(_, member)| &member.topics).collect();
        scene.truth.partitions().find_map(|(partition, topic, _)| {
            if !wanted.contains(&topic.name) {
                return None;
            }
            let place: Place = (topic.name.clone(), partition.partition);
            let owners = members.iter().filter(|(_, member)| member.owned.contains_key(&place));
            let owners: Vec<_> = owners.map(|(node, _)| *node).collect();
            match owners.as_slice() {
                [] => Some((
                    format!("nobody has {}", name(&place)),
                    self.orphans(scene, group, members),
                )),
                [_] => None,
                several => {
                    let why = format!("{} all have {}", scene.names(several), name(&place));
                    Some((why, Verdict::Violated))
                }
            }
        })
    }

    /// Judges that a partition is nobody's.
    fn orphans(&self, scene: &Scene<'_>, group: &GroupId, members: &Members<'_>) -> Verdict {
        let generation = members.iter().filter_map(|(_, member)| member.joined).max();
        let has_returned = generation.is_some() && self.returned_in.get(group).copied() == generation;
        let mut consumers = members.iter().filter_map(|(node, _)| scene.view.consumer(*node));
        guarantee::orphaned(has_returned && consumers.all(ConsumerConfig::is_cooperative))
    }
}

fn out_of_step(scene: &Scene<'_>, members: &Members<'_>) -> Option<String> {
    let latest = members.iter().filter_map(|(_, member)| member.joined).max();
    members.iter().find_map(|(node, member)| {
        let node = scene.name(*node);
        match (member.joined, latest) {
            (None, _) | (_, None) => Some(format!("{node} is no member")),
            (Some(joined), Some(latest)) if joined < latest => {
                Some(format!("{node} is in generation {joined}, not in {latest}"))
            }
            (Some(joined), Some(_)) if member.synced != joined => {
                Some(format!("{node} is not told what it gets in generation {joined}"))
            }
            (Some(_), Some(_)) => None,
        }
    })
}
