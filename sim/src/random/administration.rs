//! What operators do to a cluster that runs, drawn from what is there.

use kafkasim_core::broker::group::GROUP_METADATA_TOPIC;
use kafkasim_core::call::{Administration, NewPartitions, NewTopic, Reassignment};
use kafkasim_core::ids::{NodeId, TopicName};
use kafkasim_core::message::ElectionType;
use kafkasim_core::metadata::{MetadataImage, PartitionImage};

use super::nemesis::controllers;
use super::plan::Plan;
use super::prng::Stream;
use crate::world::{Fault, World};

/// A task that is possible now, if any is.
pub(super) type Task = fn(&Plan, &MetadataImage, &World, &mut Stream) -> Option<Administration>;

/// What an operator is asked for; `None` if it has no time, or nothing of this kind is possible now.
pub(super) fn draw(task: Task, node: NodeId, plan: &Plan, world: &World, stream: &mut Stream) -> Option<Fault> {
    if !world.node(node).operator()?.is_idle() {
        return None;
    }
    let controller = controllers(world).find_map(|node| world.node(node).controller())?;
    let task = task(plan, controller.image(), world, stream)?;
    Some(Fault::Administer { node, task })
}

/// A topic that was not there from the start, and is not there yet, is to be.
pub(super) fn creation(plan: &Plan, image: &MetadataImage, _: &World, stream: &mut Stream) -> Option<Administration> {
    let missing = |topic: &&NewTopic| image.topic_by_name(&topic.name).is_none();
    let missing: Vec<&NewTopic> = plan.faults.later.iter().filter(missing).collect();
    (!missing.is_empty()).then(|| Administration::CreateTopic((*stream.pick(&missing)).clone()))
}

/// One topic is to go, with everything in it.
pub(super) fn topic_deletion(
    _: &Plan,
    image: &MetadataImage,
    _: &World,
    stream: &mut Stream,
) -> Option<Administration> {
    let names = image.topics.values().map(|topic| &topic.name);
    // Without it there would be no groups any more, and nobody deletes it.
    let names: Vec<&TopicName> = names.filter(|name| ***name != *GROUP_METADATA_TOPIC).collect();
    (!names.is_empty()).then(|| Administration::DeleteTopic((*stream.pick(&names)).clone()))
}

/// Every partition is to be led by the first of its replicas again.
#[expect(clippy::unnecessary_wraps, reason = "a task like the others")]
pub(super) fn preferred_election(_: &Plan, _: &MetadataImage, _: &World, _: &mut Stream) -> Option<Administration> {
    Some(Administration::ElectLeaders(ElectionType::Preferred))
}

/// Whatever has no leader is to get one, at the price of its records.
#[expect(clippy::unnecessary_wraps, reason = "a task like the others")]
pub(super) fn unclean_election(_: &Plan, _: &MetadataImage, _: &World, _: &mut Stream) -> Option<Administration> {
    Some(Administration::ElectLeaders(ElectionType::Unclean))
}

/// One more partition of one topic, if one may have it; its replicas are the next brokers in turn.
pub(super) fn expansion(
    plan: &Plan,
    image: &MetadataImage,
    world: &World,
    stream: &mut Stream,
) -> Option<Administration> {
    let fitting = plan.faults.expandable.iter().filter_map(|(name, at_most)| {
        let (_, topic) = image.topic_by_name(name)?;
        let partition = i32::try_from(topic.partitions.len()).ok()?;
        let replication_factor = topic.partitions.first()?.replicas.len();
        (partition < *at_most).then_some((name, partition, replication_factor))
    });
    let fitting: Vec<_> = fitting.collect();
    if fitting.is_empty() {
        return None;
    }
    let (topic, partition, replication_factor) = *stream.pick(&fitting);
    let brokers: Vec<NodeId> = world.setup().brokers().collect();
    let replicas = brokers
        .iter()
        .copied()
        .cycle()
        .skip(usize::try_from(partition).expect("indexes are not negative"))
        .take(replication_factor)
        .collect();
    Some(Administration::CreatePartitions(NewPartitions {
        topic: topic.clone(),
        count: partition + 1,
        assignments: vec![replicas],
    }))
}

/// As many replicas of some partition, anywhere; or back, if one is being reassigned already.
pub(super) fn reassignment(
    _: &Plan,
    image: &MetadataImage,
    world: &World,
    stream: &mut Stream,
) -> Option<Administration> {
    let partitions: Vec<(&TopicName, i32, &PartitionImage)> = image
        .partitions()
        .map(|(partition, topic, image)| (&topic.name, partition.partition, image))
        .collect();
    if partitions.is_empty() {
        return None;
    }
    let (topic, partition, image) = *stream.pick(&partitions);
    let is_under_way = !image.adding.is_empty() || !image.removing.is_empty();
    let replicas = if is_under_way && stream.chance(1, 2) {
        None
    } else {
        let mut brokers: Vec<NodeId> = world.setup().brokers().collect();
        stream.shuffle(&mut brokers);
        brokers.truncate(image.replicas.len() - image.adding.len());
        Some(brokers)
    };
    Some(Administration::Reassign(Reassignment {
        topic: topic.clone(),
        partition,
        replicas,
    }))
}
