//! Liveness: a group comes to rest once enough is healed. Everybody who has subscribed and runs is in the same generation, and every partition of
//! their topics belongs to one of them.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::ids::{GroupId, NodeId};

use super::super::Scene;
use super::ownership::{Member, Ownership};
use super::{Place, name};

impl Ownership {
    /// What keeps each group that has not come to rest from it.
    pub(super) fn unrest(&self, scene: &Scene<'_>) -> Vec<String> {
        let mut groups: BTreeMap<&GroupId, Vec<(NodeId, &Member)>> = BTreeMap::new();
        for (node, member) in &self.members {
            groups.entry(&member.group).or_default().push((*node, member));
        }
        let unrest = |(group, members): (&GroupId, Vec<_>)| {
            let why = out_of_step(scene, &members).or_else(|| ill_distributed(scene, &members))?;
            Some(format!("{group} does not come to rest: {why}"))
        };
        groups.into_iter().filter_map(unrest).collect()
    }
}

fn out_of_step(scene: &Scene<'_>, members: &[(NodeId, &Member)]) -> Option<String> {
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

fn ill_distributed(scene: &Scene<'_>, members: &[(NodeId, &Member)]) -> Option<String> {
    let wanted: BTreeSet<_> = members.iter().flat_map(|(_, member)| &member.topics).collect();
    scene.truth.partitions().find_map(|(partition, topic, _)| {
        if !wanted.contains(&topic.name) {
            return None;
        }
        let place: Place = (topic.name.clone(), partition.partition);
        let owners = members.iter().filter(|(_, member)| member.owned.contains_key(&place));
        let owners: Vec<_> = owners.map(|(node, _)| *node).collect();
        match owners.as_slice() {
            [] => Some(format!("nobody has {}", name(&place))),
            [_] => None,
            several => Some(format!("{} all have {}", scene.names(several), name(&place))),
        }
    })
}
