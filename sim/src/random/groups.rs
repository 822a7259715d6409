//! When the groups of a run have nothing left to do.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::consumer::Consumer;
use kafkasim_core::group::is_internal_topic;
use kafkasim_core::ids::{GroupId, NodeId};

use super::phases::{committed_end, every_partition};
use crate::setup::Role;
use crate::world::World;

/// Whether each group has come to rest, and to the end of every partition that some member of it wants to read: one of its members is there. Whoever has left
/// or is gone wants nothing.
pub(super) fn have_caught_up(world: &World, readers: &[NodeId]) -> bool {
    let groups = members(world, readers);
    groups.is_empty()
        || every_partition(world).all(|(partition, topic, registered)| {
            let place = (topic.name.clone(), partition.partition);
            let is_caught_up = |(group, members): (&&GroupId, &Vec<&Consumer>)| {
                let is_wanted = members.iter().any(|member| member.is_subscribed_to(&topic.name));
                let has_come_to = |end| {
                    let mut positions = members.iter().filter_map(|member| member.position(partition));
                    positions.any(|position| position.offset >= end)
                };
                !is_wanted
                    || committed_end(world, partition, registered).is_some_and(has_come_to)
                    || world.is_orphan(group, &place)
            };
            is_internal_topic(&topic.name) || groups.iter().all(is_caught_up)
        }) && world.groups_are_at_rest()
}

/// Of each group whose members all are down, or about to be: who of them would have been started again.
pub(super) fn forsaken(world: &World, readers: &[NodeId], down: &BTreeSet<NodeId>) -> Vec<Vec<NodeId>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (node, process) in world.setup().nodes().filter(|(node, _)| !readers.contains(node)) {
        if let Role::Consumer(config, _) = &process.role
            && let Some(group) = &config.group_id
        {
            groups.entry(group).or_default().push(world.setup().whole(node));
        }
    }
    groups.retain(|_, members| {
        let mut members = members.iter();
        members.all(|member| !world.node(*member).is_up() || down.contains(member))
    });
    let mut forsaken: Vec<_> = groups.into_values().collect();
    for members in &mut forsaken {
        members.retain(|member| down.contains(member) && !world.node(*member).is_up());
    }
    forsaken.retain(|members| !members.is_empty());
    forsaken
}

fn members<'a>(world: &'a World, readers: &[NodeId]) -> BTreeMap<&'a GroupId, Vec<&'a Consumer>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (node, process) in world.setup().nodes().filter(|(node, _)| !readers.contains(node)) {
        if let Role::Consumer(config, _) = &process.role
            && let (Some(group), Some(consumer)) = (&config.group_id, world.node(node).consumer())
        {
            groups.entry(group).or_default().push(consumer);
        }
    }
    groups
}
