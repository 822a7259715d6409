//! C5: an acknowledged commit stays, and the last one wins.
//!
//! Whoever is told where a group has come to is told what the committed log of the group says from some point on: the own commits of a
//! consumer are before that point, once they are acknowledged, and so is whatever was committed before the generation that it is in was
//! written, since who hands a generation out knows all that comes before it, and takes no more commits of earlier ones. A coordinator that was
//! deposed without knowing it may answer, too; as long as there is one, nothing is promised of what others have committed since.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::group::GroupRecord;
use kafkasim_core::ids::{GenerationId, GroupId, MemberId, NodeId, Offset, TopicPartition};
use kafkasim_core::message::OffsetCommitPartition;

use super::super::{Finding, Promise, Scene};
use super::{Key, Place, name};

/// Remembers what logs say, and from where on each consumer has to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct CommittedOffsets {
    /// What the committed log says, in its order; nothing where an offset was forgotten.
    history: BTreeMap<Key, Vec<(Offset, Option<Offset>)>>,
    /// The last generation of each member, and where in the log it is first.
    generations: BTreeMap<(GroupId, MemberId), (GenerationId, Offset)>,
    /// What consumers have sent, by offset, and from where on in the log it may be: the end of what was committed when it was sent first, or behind
    /// the record that the last acknowledgement of the same spoke of, since several of them may be on their way.
    sent: BTreeMap<(NodeId, Key), BTreeMap<Offset, Offset>>,
    /// From where on a consumer knows what its group has committed, by its generation.
    synced: BTreeMap<NodeId, Known>,
    /// From where on a consumer knows what its group has committed in a partition, because it has committed or was told that.
    told: BTreeMap<(NodeId, Key), Known>,
    coordinators: BTreeMap<TopicPartition, BTreeSet<NodeId>>,
}

/// What a consumer has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Known {
    /// Everything up to this offset of the log.
    at: Offset,
    /// Nobody else coordinated the group at the time, who may still answer.
    is_certain: bool,
}

impl CommittedOffsets {
    /// A record is committed at this offset of its log.
    pub(super) fn replay(&mut self, record: &GroupRecord, at: Offset) {
        match record {
            GroupRecord::OffsetCommit {
                group,
                topic,
                partition,
                value,
            } => {
                let key = (group.clone(), (topic.clone(), *partition));
                let committed = value.as_ref().map(|value| value.offset);
                self.history.entry(key).or_default().push((at, committed));
            }
            GroupRecord::GroupMetadata { group, value } => {
                let generation = value.as_ref().map_or(GenerationId::NONE, |value| value.generation);
                let members = value.iter().flat_map(|value| &value.members);
                let members: BTreeSet<_> = members.map(|member| &member.member_id).collect();
                self.generations
                    .retain(|(of, member), _| of != group || members.contains(member));
                for member in members {
                    let first = self.generations.entry((group.clone(), member.clone()));
                    let first = first.or_insert((generation, at));
                    if first.0 != generation {
                        *first = (generation, at);
                    }
                }
            }
        }
    }

    /// Where a group has come to.
    pub(super) fn last(&self, group: &GroupId, place: &Place) -> Option<Offset> {
        let history = self.history.get(&(group.clone(), place.clone()))?;
        history.last()?.1
    }

    /// What was committed from this offset on is lost, and judged as that.
    pub(super) fn lost(&mut self, scene: &Scene<'_>, log: TopicPartition, from: Offset) {
        let is_there = |group: &GroupId| scene.truth.log_of(group) == Some(log);
        let clamp = |known: &mut Known| known.at = known.at.min(Offset(from.0 - 1));
        for ((group, _), history) in &mut self.history {
            if is_there(group) {
                history.retain(|(at, _)| *at < from);
            }
        }
        self.generations
            .retain(|(group, _), (_, at)| *at < from || !is_there(group));
        for ((_, (group, _)), sent) in &mut self.sent {
            if is_there(group) {
                sent.values_mut().for_each(|since| *since = from.min(*since));
            }
        }
        for ((_, (group, _)), known) in &mut self.told {
            if is_there(group) {
                clamp(known);
            }
        }
        self.synced.values_mut().for_each(clamp);
    }

    /// A broker coordinates the groups of a log from now on.
    pub(super) fn coordinates(&mut self, node: NodeId, log: TopicPartition) {
        self.coordinators.entry(log).or_default().insert(node);
    }

    /// It does no longer.
    pub(super) fn resigns(&mut self, node: NodeId, log: TopicPartition) {
        if let Some(coordinators) = self.coordinators.get_mut(&log) {
            coordinators.remove(&node);
        }
    }

    /// A member was told what it has to read in a generation.
    pub(super) fn synced(
        &mut self,
        scene: &Scene<'_>,
        node: NodeId,
        member: &(GroupId, MemberId),
        generation: GenerationId,
    ) {
        let written = self.generations.get(member).filter(|(known, _)| *known == generation);
        let Some((_, at)) = written.copied() else {
            self.synced.remove(&node);
            return;
        };
        let is_certain = self.is_certain(scene, &member.0);
        self.synced.insert(node, Known { at, is_certain });
    }

    /// A consumer asks its coordinator to remember this.
    pub(super) fn sent(&mut self, scene: &Scene<'_>, node: NodeId, group: &GroupId, offsets: &[OffsetCommitPartition]) {
        let log = scene.truth.log_of(group).and_then(|log| scene.truth.partition(log));
        let end = log.map_or(Offset::ZERO, |log| log.committed.end());
        for committed in offsets {
            let sent = self.sent.entry((node, key(group, committed))).or_default();
            sent.entry(committed.committed_offset).or_insert(end);
        }
    }

    /// A consumer was told that it is remembered.
    pub(super) fn acknowledged(
        &mut self,
        scene: &Scene<'_>,
        node: NodeId,
        group: &GroupId,
        offsets: &[OffsetCommitPartition],
        findings: &mut Vec<Finding>,
    ) {
        let is_certain = self.is_certain(scene, group);
        for committed in offsets {
            let key = key(group, committed);
            let to = committed.committed_offset;
            let sent = self.sent.get_mut(&(node, key.clone()));
            let Some(since) = sent.and_then(|sent| sent.get_mut(&to)) else {
                continue;
            };
            let mut history = self.history.get(&key).into_iter().flatten();
            match history.find(|(at, written)| *at >= *since && *written == Some(to)) {
                Some((at, _)) => {
                    *since = at.next();
                    self.knows(node, key, Known { at: *at, is_certain });
                }
                None => {
                    let (whose, node) = (name(&key.1), scene.name(node));
                    let message = format!(
                        "{whose}: {node} is told that {group} has come to {to}, which is not in the log of the group"
                    );
                    let log = scene.truth.log_of(group).unwrap_or(TopicPartition::CLUSTER_METADATA);
                    let verdict = scene.truth.judge_view(scene.view, log, *since);
                    findings.push(Finding::new(Promise::AcknowledgedCommit, verdict, message));
                }
            }
        }
    }

    /// A consumer, or its application, is told where its group has come to.
    pub(super) fn told(
        &mut self,
        scene: &Scene<'_>,
        node: NodeId,
        key: Key,
        offset: Option<Offset>,
    ) -> Option<Finding> {
        let known = self.told.get(&(node, key.clone())).max(self.synced.get(&node)).copied();
        let known = known.unwrap_or(Known {
            at: Offset(-1),
            is_certain: true,
        });
        let history = self.history.get(&key).map_or(&[][..], Vec::as_slice);
        let later = history.partition_point(|(at, _)| *at <= known.at);
        let last = later.checked_sub(1).and_then(|index| history[index].1);
        if last == offset {
            return None;
        }
        if let Some((at, _)) = history[later..].iter().find(|(_, written)| *written == offset) {
            let (at, is_certain) = (*at, self.is_certain(scene, &key.0));
            self.knows(node, key, Known { at, is_certain });
            return None;
        }
        if !known.is_certain {
            return None;
        }
        let to = |offset: Option<Offset>| offset.map_or("nowhere".to_owned(), |offset| offset.to_string());
        let (whose, node, group) = (name(&key.1), scene.name(node), &key.0);
        let message = format!(
            "{whose}: {node} is told that {group} has come to {}, but it had come to {}",
            to(offset),
            to(last)
        );
        let verdict = scene.truth.judge_view(scene.view, scene.truth.log_of(group)?, known.at);
        Some(Finding::new(Promise::CommittedOffset, verdict, message))
    }

    /// A process is gone.
    pub(super) fn stopped(&mut self, node: NodeId) {
        self.sent.retain(|(consumer, _), _| *consumer != node);
        self.told.retain(|(consumer, _), _| *consumer != node);
        self.synced.remove(&node);
        for coordinators in self.coordinators.values_mut() {
            coordinators.remove(&node);
        }
    }

    fn knows(&mut self, node: NodeId, key: Key, known: Known) {
        let before = self.told.entry((node, key)).or_insert(known);
        *before = known.max(*before);
    }

    /// Whether nobody but the last coordinator of a group takes itself for that.
    fn is_certain(&self, scene: &Scene<'_>, group: &GroupId) -> bool {
        let coordinators = scene.truth.log_of(group).and_then(|log| self.coordinators.get(&log));
        coordinators.is_none_or(|coordinators| coordinators.len() <= 1)
    }
}

fn key(group: &GroupId, committed: &OffsetCommitPartition) -> Key {
    let place: Place = (committed.topic.clone(), committed.partition);
    (group.clone(), place)
}
