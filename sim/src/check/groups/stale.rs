//! C3: no commit of a stale generation takes effect.
//!
//! A coordinator accepts a commit from a member of the generation that it is in, also while it prepares the next one; from nobody while it hands that
//! out; and from who is no member only as long as there are none. Where a group stands it tells itself, or its log does when it begins.

use std::collections::BTreeMap;

use kafkasim_core::group::GroupRecord;
use kafkasim_core::ids::{GenerationId, GroupId, MemberId, NodeId, TopicPartition};

use super::super::truth::batches;
use super::super::{Finding, Promise, Scene, Verdict};
use super::records;

/// Remembers where groups stand, as each coordinator of theirs knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct StaleCommits {
    standing: BTreeMap<(NodeId, TopicPartition), BTreeMap<GroupId, Standing>>,
}

/// Where a group stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Standing {
    generation: GenerationId,
    members: Vec<MemberId>,
    /// Who has which partition is not decided yet.
    is_completing: bool,
}

impl Standing {
    pub(super) fn new(generation: GenerationId, members: &[MemberId], is_completing: bool) -> Self {
        Self {
            generation,
            members: members.to_vec(),
            is_completing,
        }
    }
}

impl StaleCommits {
    /// A broker coordinates the groups of a log from now on.
    pub(super) fn loaded(&mut self, scene: &Scene<'_>, node: NodeId, log: TopicPartition) {
        self.standing.insert((node, log), loaded(scene, node, log));
    }

    /// It does no longer.
    pub(super) fn unloaded(&mut self, node: NodeId, log: TopicPartition) {
        self.standing.remove(&(node, log));
    }

    /// A coordinator says where a group stands.
    pub(super) fn stands(&mut self, coordinator: (NodeId, TopicPartition), group: &GroupId, standing: Standing) {
        let groups = self.standing.entry(coordinator).or_default();
        groups.insert(group.clone(), standing);
    }

    /// A coordinator accepts a commit.
    pub(super) fn accepted(
        &self,
        scene: &Scene<'_>,
        coordinator: (NodeId, TopicPartition),
        group: &GroupId,
        generation: GenerationId,
        member: &MemberId,
    ) -> Option<Finding> {
        let standing = self.standing.get(&coordinator).and_then(|groups| groups.get(group));
        let wrong = wrong(standing, generation, member)?;
        let coordinator = scene.name(coordinator.0);
        let whose = if member.is_empty() { "nobody" } else { &**member };
        let message =
            format!("{group}: {coordinator} accepts a commit of {whose} in generation {generation}, though {wrong}");
        Some(Finding::new(Promise::StaleCommit, Verdict::Violated, message))
    }

    pub(super) fn stopped(&mut self, node: NodeId) {
        self.standing.retain(|(coordinator, _), _| *coordinator != node);
    }
}

/// Where groups stand according to the log of a broker that begins to coordinate them.
fn loaded(scene: &Scene<'_>, node: NodeId, log: TopicPartition) -> BTreeMap<GroupId, Standing> {
    let mut standing = BTreeMap::new();
    for (_, record) in batches(scene.view.log(node, log)).iter().flat_map(records) {
        match record {
            GroupRecord::GroupMetadata { group, value: None } => {
                standing.remove(&group);
            }
            GroupRecord::GroupMetadata {
                group,
                value: Some(value),
            } => {
                let loaded = Standing {
                    generation: value.generation,
                    members: value.members.into_iter().map(|member| member.member_id).collect(),
                    is_completing: false,
                };
                standing.insert(group, loaded);
            }
            GroupRecord::OffsetCommit { .. } => {}
        }
    }
    standing
}

/// Why such a commit must not be accepted.
fn wrong(standing: Option<&Standing>, generation: GenerationId, member: &MemberId) -> Option<String> {
    let Some(standing) = standing else {
        return (generation >= GenerationId(0)).then(|| "there is no such group".to_owned());
    };
    if standing.members.is_empty() && generation < GenerationId(0) {
        None
    } else if generation != standing.generation {
        Some(format!("the group is in generation {}", standing.generation))
    } else if !standing.members.contains(member) {
        Some("it is no member any more".to_owned())
    } else if standing.is_completing {
        Some("the partitions of that generation are not handed out yet".to_owned())
    } else {
        None
    }
}
