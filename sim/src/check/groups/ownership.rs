//! C2: exclusive ownership.
//!
//! Within a generation the members' assignments are disjoint. From one generation to the next, whoever takes part in a generation has given up
//! what another member is given in it before that one is told: under the eager protocol before it joins, under the cooperative one in an earlier
//! generation (KIP-429). Who was not told that it is in the generation, because it was expelled or was late, may believe for a while that it
//! owns what others have.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::call::{ConsumerRecord, Rebalance, Subscribed};
use kafkasim_core::group::{Assignment, GroupRecord};
use kafkasim_core::ids::{GenerationId, GroupId, NodeId, TopicName};

use super::super::{Finding, Promise, Scene, Verdict};
use super::{Place, group_of, name};

/// Remembers who owns what, as the listeners of rebalances were told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Ownership {
    pub(super) members: BTreeMap<NodeId, Member>,
    /// The last generation of each group that a coordinator began.
    begun: BTreeMap<GroupId, GenerationId>,
    /// Generations that began more than once. What a coordinator begins is not written before its members have synced, so that the next one may
    /// begin another generation of the same number; who was told of which, nobody knows.
    begun_again: BTreeSet<(GroupId, GenerationId)>,
}

/// A consumer that has subscribed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Member {
    pub(super) group: GroupId,
    /// The topics that it has subscribed to by name.
    pub(super) topics: Vec<TopicName>,
    /// The generation that it takes part in, as far as it was told.
    pub(super) joined: Option<GenerationId>,
    /// The generation of its last assignment.
    pub(super) synced: GenerationId,
    /// What it owns, and in which generation it was given that.
    pub(super) owned: BTreeMap<Place, GenerationId>,
}

impl Ownership {
    /// A consumer has subscribed, perhaps once more.
    pub(super) fn subscribed(&mut self, scene: &Scene<'_>, node: NodeId, to: &Subscribed) {
        let Some(group) = group_of(scene, node) else { return };
        let member = self.members.entry(node).or_insert_with(|| Member {
            group,
            topics: Vec::new(),
            joined: None,
            synced: GenerationId::NONE,
            owned: BTreeMap::new(),
        });
        member.topics = match to {
            Subscribed::Topics(topics) => topics.clone(),
            Subscribed::Pattern(_) => Vec::new(),
        };
    }

    /// It has unsubscribed, is closed, or is gone.
    pub(super) fn left(&mut self, node: NodeId) {
        self.members.remove(&node);
    }

    /// It was told that a generation begins, of which it is a member.
    pub(super) fn joined(
        &mut self,
        scene: &Scene<'_>,
        node: NodeId,
        generation: GenerationId,
        findings: &mut Vec<Finding>,
    ) {
        let Some(member) = self.members.get_mut(&node) else {
            return;
        };
        member.joined = Some(generation);
        let member = &self.members[&node];
        for place in member.owned.keys() {
            findings.extend(self.shared(scene, node, place));
        }
    }

    /// It was told what it has to read in a generation.
    pub(super) fn synced(&mut self, node: NodeId, generation: GenerationId) {
        if let Some(member) = self.members.get_mut(&node) {
            member.synced = generation;
        }
    }

    /// It is, or believes itself, no member of a generation any more.
    pub(super) fn ended(&mut self, node: NodeId) {
        if let Some(member) = self.members.get_mut(&node) {
            member.joined = None;
        }
    }

    /// A coordinator begins a generation.
    pub(super) fn begins(&mut self, group: &GroupId, generation: GenerationId) {
        let last = self.begun.entry(group.clone()).or_insert(GenerationId::NONE);
        if generation > *last {
            *last = generation;
        } else {
            self.begun_again.insert((group.clone(), generation));
        }
    }

    /// Its listener is told.
    pub(super) fn rebalanced(
        &mut self,
        scene: &Scene<'_>,
        node: NodeId,
        rebalance: &Rebalance,
        findings: &mut Vec<Finding>,
    ) {
        let Some(member) = self.members.get_mut(&node) else {
            return;
        };
        match rebalance {
            Rebalance::Assigned(places) => {
                let synced = member.synced;
                member.owned.extend(places.iter().map(|place| (place.clone(), synced)));
                for place in places {
                    findings.extend(self.shared(scene, node, place));
                }
            }
            Rebalance::Revoked(places) | Rebalance::Lost(places) => {
                member.owned.retain(|place, _| !places.contains(place));
            }
        }
    }

    /// It was given these records by a poll.
    pub(super) fn polled(&self, scene: &Scene<'_>, node: NodeId, records: &[ConsumerRecord]) -> Option<Finding> {
        let member = self.members.get(&node)?;
        let place = |record: &ConsumerRecord| (record.topic.clone(), record.partition);
        let is_owned = |record: &&ConsumerRecord| member.owned.contains_key(&place(record));
        let strange = records.iter().find(|record| !is_owned(record))?;
        let (whose, node, offset) = (name(&place(strange)), scene.name(node), strange.offset);
        let message = format!("{whose}: {node} has read {offset}, but does not own the partition");
        Some(Finding::new(Promise::UnownedPoll, Verdict::Violated, message))
    }

    /// Whether another member owns a partition, too, and one of them was given it in a generation that the other takes part in.
    fn shared(&self, scene: &Scene<'_>, node: NodeId, place: &Place) -> Option<Finding> {
        let this = self.members.get(&node)?;
        let of_this = *this.owned.get(place)?;
        let others = self.members.iter();
        let others = others.filter(|(other, member)| **other != node && member.group == this.group);
        others.into_iter().find_map(|(other, member)| {
            let of_other = *member.owned.get(place)?;
            if member.joined == Some(of_this) {
                self.given_early(scene, place, &this.group, (node, *other, of_this))
            } else if this.joined == Some(of_other) {
                self.given_early(scene, place, &this.group, (*other, node, of_other))
            } else {
                None
            }
        })
    }

    fn given_early(
        &self,
        scene: &Scene<'_>,
        place: &Place,
        group: &GroupId,
        (given, keeper, generation): (NodeId, NodeId, GenerationId),
    ) -> Option<Finding> {
        if self.begun_again.contains(&(group.clone(), generation)) {
            return None;
        }
        let (whose, given, keeper) = (name(place), scene.name(given), scene.name(keeper));
        let message = format!(
            "{whose}: {given} is given it in generation {generation} of {group}, in which {keeper} takes part and still owns it"
        );
        Some(violated(message))
    }
}

fn violated(message: String) -> Finding {
    Finding::new(Promise::ExclusiveOwnership, Verdict::Violated, message)
}

/// A record of `__consumer_offsets` is committed: a generation gives each partition to one member.
pub(super) fn committed(record: &GroupRecord, findings: &mut Vec<Finding>) {
    let GroupRecord::GroupMetadata {
        group,
        value: Some(generation),
    } = record
    else {
        return;
    };
    if generation.protocol_type != "consumer" {
        return;
    }
    let mut owners = BTreeMap::new();
    for member in &generation.members {
        let assigned = Assignment::decode(&member.assignment).unwrap_or_default();
        for place in assigned.partitions {
            if let Some(other) = owners.insert(place.clone(), &member.member_id) {
                let (whose, number) = (name(&place), generation.generation);
                let owner = &member.member_id;
                let message = format!("{whose}: generation {number} of {group} gives it to {other} and to {owner}");
                findings.push(violated(message));
            }
        }
    }
}
