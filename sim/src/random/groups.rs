//! When the groups of a run have nothing left to do.

use std::collections::BTreeMap;

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
            let is_caught_up = |members: &Vec<&Consumer>| {
                let is_wanted = members.iter().any(|member| member.is_subscribed_to(&topic.name));
                let has_come_to = |end| {
                    let mut positions = members.iter().filter_map(|member| member.position(partition));
                    positions.any(|position| position.offset >= end)
                };
                !is_wanted || committed_end(world, partition, registered).is_some_and(has_come_to)
            };
            is_internal_topic(&topic.name) || groups.values().all(is_caught_up)
        }) && world.groups_are_at_rest()
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
