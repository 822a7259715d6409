//! What a member of a group was given and has not processed, and what it has processed and not committed.

use std::collections::{BTreeMap, VecDeque};

use kafkasim_core::call::ConsumerRecord;
use kafkasim_core::ids::{LeaderEpoch, Offset, TopicName};
use kafkasim_core::message::OffsetCommitPartition;

type Partition = (TopicName, i32);

/// Records on their way from a poll to a commit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Backlog {
    to_do: VecDeque<Item>,
    /// Where it goes on after what is processed, and the epoch of the last record; only what is not known to be committed.
    uncommitted: BTreeMap<Partition, (Offset, LeaderEpoch)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Item {
    partition: Partition,
    offset: Offset,
    leader_epoch: LeaderEpoch,
}

impl Backlog {
    pub(super) const fn new() -> Self {
        Self {
            to_do: VecDeque::new(),
            uncommitted: BTreeMap::new(),
        }
    }

    /// A poll returned these.
    pub(super) fn add(&mut self, records: &[ConsumerRecord]) {
        self.to_do.extend(records.iter().map(|record| Item {
            partition: (record.topic.clone(), record.partition),
            offset: record.offset,
            leader_epoch: record.leader_epoch,
        }));
    }

    pub(super) fn has_work(&self) -> bool {
        !self.to_do.is_empty()
    }

    /// Processes the next record, or everything.
    pub(super) fn process(&mut self, in_bulk: bool) -> Vec<(TopicName, i32, Offset)> {
        let count = if in_bulk { self.to_do.len() } else { 1 };
        let items = self.to_do.drain(..count.min(self.to_do.len()));
        let uncommitted = &mut self.uncommitted;
        items
            .map(|item| {
                let (topic, partition) = item.partition.clone();
                uncommitted.insert(item.partition, (item.offset.next(), item.leader_epoch));
                (topic, partition, item.offset)
            })
            .collect()
    }

    /// Nothing of what is left will be processed.
    pub(super) fn drop_all(&mut self) {
        self.to_do.clear();
    }

    /// Nothing of what is left of these will be processed: somebody else is to read it.
    pub(super) fn drop_of(&mut self, partitions: &[Partition]) {
        self.to_do.retain(|item| !partitions.contains(&item.partition));
    }

    pub(super) fn has_uncommitted(&self) -> bool {
        !self.uncommitted.is_empty()
    }

    /// What to commit of all partitions, or of these.
    pub(super) fn to_commit(&self, of: Option<&[Partition]>) -> Vec<OffsetCommitPartition> {
        let wanted = self
            .uncommitted
            .iter()
            .filter(|(partition, _)| of.is_none_or(|of| of.contains(partition)));
        wanted
            .map(|((topic, partition), (offset, leader_epoch))| OffsetCommitPartition {
                topic: topic.clone(),
                partition: *partition,
                committed_offset: *offset,
                committed_leader_epoch: *leader_epoch,
                committed_metadata: String::new(),
            })
            .collect()
    }

    /// These offsets are committed.
    pub(super) fn committed(&mut self, offsets: &[OffsetCommitPartition]) {
        for commit in offsets {
            let partition = (commit.topic.clone(), commit.partition);
            if self
                .uncommitted
                .get(&partition)
                .is_some_and(|(offset, _)| *offset <= commit.committed_offset)
            {
                self.uncommitted.remove(&partition);
            }
        }
    }

    /// These partitions belong to somebody else from now on, and so does committing there.
    pub(super) fn forget(&mut self, partitions: &[Partition]) {
        self.drop_of(partitions);
        self.uncommitted.retain(|partition, _| !partitions.contains(partition));
    }
}
