//! Situations that groups come into.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::call::{CommitError, Rebalance};
use kafkasim_core::group::GroupRecord;
use kafkasim_core::ids::{CallId, GenerationId, GroupId, MemberId, NodeId, Offset, TopicPartition};
use kafkasim_core::note::MembershipEnd;
use kafkasim_core::record::Batch;

use super::{Coverage, Reached};

/// What the next events of groups are compared with.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupMemory {
    /// Who coordinated the groups of a log last.
    coordinators: BTreeMap<TopicPartition, NodeId>,
    /// The last generation of each group that was handed out, and who is in it.
    stable: BTreeMap<GroupId, (GenerationId, BTreeSet<MemberId>)>,
    /// Who was told last where its group has come to.
    told: BTreeMap<NodeId, BTreeSet<Offset>>,
    /// Whose listener runs, and is about to lose partitions.
    losing: BTreeSet<NodeId>,
    /// The asynchronous commits whose callbacks were not called, in the order of their calls.
    asynchronous: BTreeMap<NodeId, Vec<CallId>>,
}

impl GroupMemory {
    pub(super) fn stopped(&mut self, node: NodeId) {
        self.losing.remove(&node);
        self.asynchronous.remove(&node);
    }
}

impl Coverage {
    pub(super) fn rebalanced(&mut self, node: NodeId, rebalance: &Rebalance) {
        let (situation, partitions) = match rebalance {
            Rebalance::Assigned(partitions) => (Reached::PartitionsAssigned, partitions),
            Rebalance::Revoked(partitions) => (Reached::PartitionsRevoked, partitions),
            Rebalance::Lost(partitions) => (Reached::PartitionsLost, partitions),
        };
        if !partitions.is_empty() {
            self.reached(situation);
            if matches!(rebalance, Rebalance::Revoked(_)) {
                self.memory.groups.losing.insert(node);
            }
        }
    }

    pub(super) fn listener_returned(&mut self, node: NodeId) {
        self.memory.groups.losing.remove(&node);
    }

    pub(super) fn commits(&mut self, node: NodeId) {
        if self.memory.groups.losing.contains(&node) {
            self.reached(Reached::CommittedInListener);
        }
    }

    pub(super) fn commits_asynchronously(&mut self, node: NodeId, call: CallId) {
        self.commits(node);
        self.memory.groups.asynchronous.entry(node).or_default().push(call);
    }

    pub(super) fn called_back(&mut self, node: NodeId, call: CallId, error: Option<CommitError>) {
        let under_way = self.memory.groups.asynchronous.entry(node).or_default();
        let is_last = under_way.last() == Some(&call);
        under_way.retain(|other| *other != call);
        if error.is_some() {
            self.reached(Reached::CommitRefused);
        }
        if let (Some(CommitError::Retriable(_)), false) = (error, is_last) {
            self.reached(Reached::CommitOvertaken);
        }
    }

    pub(super) fn coordinates(&mut self, node: NodeId, log: TopicPartition) {
        self.reached(Reached::CoordinatorLoaded);
        let before = self.memory.groups.coordinators.insert(log, node);
        if before.is_some_and(|before| before != node) {
            self.reached(Reached::CoordinatorMoved);
        }
    }

    pub(super) fn stands(&mut self, group: &GroupId, generation: GenerationId, state: &str, members: &[MemberId]) {
        if state == "Empty" {
            self.reached(Reached::GroupEmptied);
        }
        if state != "Stable" {
            return;
        }
        let members: BTreeSet<_> = members.iter().cloned().collect();
        let now = (generation, members);
        let before = self.memory.groups.stable.insert(group.clone(), now.clone());
        match before {
            // Only a static member gets another id without another generation.
            Some(before) if before.0 == generation && before != now => self.reached(Reached::StaticMemberReturned),
            Some(before) if before != now => self.reached(Reached::GroupRebalanced),
            Some(_) | None => {}
        }
    }

    pub(super) fn ended(&mut self, because: MembershipEnd) {
        match because {
            MembershipEnd::MaxPollInterval => self.reached(Reached::PollIntervalExceeded),
            MembershipEnd::Refused(_) => self.reached(Reached::MemberFenced),
            MembershipEnd::Unsubscribed | MembershipEnd::Closed => {}
        }
    }

    pub(super) fn told(&mut self, node: NodeId, offset: Option<Offset>) {
        match offset {
            Some(offset) => {
                self.reached(Reached::CommittedPositionUsed);
                self.memory.groups.told.entry(node).or_default().insert(offset);
            }
            None => self.reached(Reached::NothingCommitted),
        }
    }

    /// A leader has appended this.
    pub(super) fn wrote(&mut self, log: TopicPartition, batch: &Batch) {
        if !self.memory.groups.coordinators.contains_key(&log) {
            return;
        }
        for record in batch.records().unwrap_or_default() {
            let read = record
                .key
                .and_then(|key| GroupRecord::decode(&key, record.value.as_ref()).ok());
            if matches!(read, Some(GroupRecord::OffsetCommit { value: None, .. })) {
                self.reached(Reached::OffsetsForgotten);
            }
        }
    }

    pub(super) fn truncated(&mut self, node: NodeId, position: Offset) {
        let told = self.memory.groups.told.get(&node);
        if told.is_some_and(|told| told.contains(&position)) {
            self.reached(Reached::CommittedTruncated);
        }
    }
}
