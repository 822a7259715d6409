//! C5: where a group has come to does not go back while one of its members goes on.
//!
//! A consumer commits its positions, and those grow from where its group has come to; a coordinator takes its commits in the order in which they
//! arrive. So what lies behind an earlier commit of the same consumer in the log was committed anew by its application, or by a request that had
//! outlived its connection. Where a consumer begins anew, it may commit what it likes, and so may another.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::ids::{NodeId, Offset, TopicPartition};
use kafkasim_core::message::OffsetCommitPartition;

use super::super::{Finding, Promise, Scene, guarantee};
use super::{Key, Place, name};

/// Remembers what consumers commit, in the order in which they do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Regressions {
    /// Where each consumer has begun in a partition, if its group had come somewhere, and what it has sent since.
    sent: BTreeMap<(NodeId, Place), Vec<Offset>>,
    /// What its application has asked for although more had been sent already.
    asked_again: BTreeSet<(NodeId, Place, Offset)>,
    /// Whose commits have outlived a connection.
    late: BTreeSet<NodeId>,
}

impl Regressions {
    /// An application asks its consumer to commit these offsets.
    pub(super) fn asked(&mut self, node: NodeId, offsets: &[OffsetCommitPartition]) {
        for asked in offsets {
            let (place, to) = (place(asked), asked.committed_offset);
            let sent = self.sent.get(&(node, place.clone()));
            if sent.is_some_and(|sent| sent.iter().any(|sent| *sent > to)) {
                self.asked_again.insert((node, place, to));
            }
        }
    }

    /// A consumer commits.
    pub(super) fn sent(&mut self, node: NodeId, offsets: &[OffsetCommitPartition]) {
        for committed in offsets {
            self.comes_to(node, place(committed), committed.committed_offset);
        }
    }

    /// A consumer begins where its group has come to, or commits.
    pub(super) fn comes_to(&mut self, node: NodeId, place: Place, to: Offset) {
        let sent = self.sent.entry((node, place)).or_default();
        if sent.last() != Some(&to) {
            sent.push(to);
        }
    }

    /// A commit arrives whose connection has ended meanwhile.
    pub(super) fn came_late(&mut self, node: NodeId) {
        self.late.insert(node);
    }

    /// A consumer begins in a partition.
    pub(super) fn begins(&mut self, scene: &Scene<'_>, node: NodeId, partition: TopicPartition) {
        if let Some(topic) = scene.truth.topic(partition.topic) {
            self.begins_in(node, &(topic.name.clone(), partition.partition));
        }
    }

    /// The same, of a partition by its name.
    pub(super) fn begins_in(&mut self, node: NodeId, place: &Place) {
        self.sent.remove(&(node, place.clone()));
        self.asked_again.retain(|(of, at, _)| (of, at) != (&node, place));
    }

    /// The log of a group says that it has come to an offset, after it said another.
    pub(super) fn committed(
        &self,
        scene: &Scene<'_>,
        (group, place): &Key,
        from: Offset,
        to: Offset,
    ) -> Option<Finding> {
        if to >= from {
            return None;
        }
        let is_of = |node: &NodeId| super::group_of(scene, *node).as_ref() == Some(group);
        let here = self.sent.iter().filter(|((node, at), _)| at == place && is_of(node));
        let suspects =
            here.filter_map(|((node, _), sent)| Some((*node, sent, sent.iter().rposition(|sent| *sent == to)?)));
        let both = suspects.map(|(node, sent, earlier)| {
            let later = sent.iter().position(|sent| *sent == from)?;
            Some((node, earlier > later))
        });
        // If somebody else may have committed that, it may have been the other.
        let (node, was_sent_again) = both.collect::<Option<Vec<_>>>()?.pop()?;
        let was_asked = self.asked_again.contains(&(node, place.clone(), to));
        let verdict = if was_sent_again {
            guarantee::committed_again(was_asked)
        } else {
            guarantee::commit_overtaken(self.late.contains(&node))
        };
        let (whose, node) = (name(place), scene.name(node));
        let message = format!("{whose}: {group} goes back from {from} to {to} by a commit of {node}");
        Some(Finding::new(Promise::CommitRegression, verdict, message))
    }

    /// A process is gone.
    pub(super) fn stopped(&mut self, node: NodeId) {
        self.sent.retain(|(consumer, _), _| *consumer != node);
        self.asked_again.retain(|(consumer, ..)| *consumer != node);
        self.late.remove(&node);
    }
}

fn place(committed: &OffsetCommitPartition) -> Place {
    (committed.topic.clone(), committed.partition)
}
