//! Consumer groups: who owns which partition, who may say how far a group has come, and that it is remembered.
//!
//! What a group has committed is what the committed log of its partition of `__consumer_offsets` says, in the order of that log: commits of
//! members, and who was in which generation, lie there one after the other. Monitors read it as coordinators do, and measure by it what
//! coordinators and consumers say.

mod bounds;
mod committed;
mod forgetting;
mod ownership;
mod processing;
mod regression;
mod rest;
mod stale;

use std::collections::BTreeSet;

use kafkasim_core::call::{Answer, Call, Rebalance, Steering};
use kafkasim_core::group::GroupRecord;
use kafkasim_core::ids::{GroupId, NodeId, Offset, TopicName, TopicPartition};
use kafkasim_core::lookup::OffsetLookup;
use kafkasim_core::message::Api;
use kafkasim_core::note::Note;
use kafkasim_core::record::Batch;

use super::liveness::is_out_of_reach;
use super::truth::Change;
use super::{Finale, Finding, Scene, Verdict};
use crate::world::Event;
use bounds::CommitBounds;
use committed::CommittedOffsets;
use forgetting::Forgetting;
use ownership::Ownership;
use processing::Processing;
use regression::Regressions;
use stale::{StaleCommits, Standing};

/// A partition by its name, as clients know it.
pub(crate) type Place = (TopicName, i32);

/// A group, and a partition that it may have committed an offset of.
type Key = (GroupId, Place);

/// Remembers what groups do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Groups {
    ownership: Ownership,
    stale: StaleCommits,
    committed: CommittedOffsets,
    forgetting: Forgetting,
    bounds: CommitBounds,
    processing: Processing,
    regressions: Regressions,
    /// Who asks where its group has come to.
    asking: BTreeSet<NodeId>,
}

impl Groups {
    /// Whether an application waits to be told where its group has come to.
    pub(crate) fn is_asking(&self, node: NodeId) -> bool {
        self.asking.contains(&node)
    }

    /// Something happened.
    pub(crate) fn observe(&mut self, scene: &Scene<'_>, event: &Event, findings: &mut Vec<Finding>) {
        match event {
            Event::Called { node, call } => self.called(scene, *node, call),
            Event::Answered { node, answer } => self.answered(scene, *node, answer, findings),
            Event::Processed {
                node,
                topic,
                partition,
                offset,
            } => {
                let place = (topic.clone(), *partition);
                findings.extend(self.processing.processed(scene, *node, &place, *offset));
            }
            Event::Stopped { node, .. } => {
                self.ownership.left(*node);
                self.stale.stopped(*node);
                self.committed.stopped(*node);
                self.bounds.stopped(*node);
                self.processing.stopped(*node);
                self.regressions.stopped(*node);
                self.asking.remove(node);
            }
            Event::Note { node, note } => {
                self.coordinator_noted(scene, *node, note, findings);
                self.member_noted(scene, *node, note, findings);
                self.offsets_noted(scene, *node, note, findings);
            }
            Event::Late {
                link,
                api: Api::OffsetCommit,
            } => self.regressions.came_late(link.client),
            Event::Started { .. }
            | Event::Fault(_)
            | Event::Late { .. }
            | Event::Severed { .. }
            | Event::WriteRefused { .. } => {}
        }
    }

    fn called(&mut self, scene: &Scene<'_>, node: NodeId, call: &Call) {
        match call {
            Call::Subscribe(to) => self.ownership.subscribed(scene, node, to),
            Call::Assign(_) => self.ownership.left(node),
            Call::Steer(Steering::Seek {
                topic,
                partition,
                offset,
            }) => {
                let place = (topic.clone(), *partition);
                self.bounds.may_come_to(scene, node, &place, *offset);
                self.begins_in(scene, node, &[place]);
            }
            Call::Steer(Steering::SeekToBeginning(places) | Steering::SeekToEnd(places)) => {
                self.begins_in(scene, node, places);
            }
            Call::CommitSync {
                offsets: Some(offsets), ..
            }
            | Call::CommitAsync {
                offsets: Some(offsets), ..
            } => self.regressions.asked(node, offsets),
            Call::LookUp {
                lookup: OffsetLookup::Committed(_),
                ..
            } => drop(self.asking.insert(node)),
            Call::Steer(Steering::Pause(_) | Steering::Resume(_) | Steering::Wakeup)
            | Call::LookUp { .. }
            | Call::Send { .. }
            | Call::PartitionsFor { .. }
            | Call::Flush
            | Call::Close { .. }
            | Call::Unsubscribe
            | Call::ListenerReturned
            | Call::CommitSync { .. }
            | Call::CommitAsync { .. }
            | Call::Poll { .. }
            | Call::ShutDown
            | Call::Administer(_)
            | Call::DeleteRecords(_) => {}
        }
    }

    fn answered(&mut self, scene: &Scene<'_>, node: NodeId, answer: &Answer, findings: &mut Vec<Finding>) {
        match answer {
            Answer::Rebalanced(rebalance) => {
                self.ownership.rebalanced(scene, node, rebalance, findings);
                if let Rebalance::Assigned(places) = rebalance {
                    self.begins_in(scene, node, places);
                }
            }
            Answer::Unsubscribed | Answer::Closed => self.ownership.left(node),
            Answer::Polled(Ok(records)) => {
                findings.extend(self.ownership.polled(scene, node, records));
                self.bounds.polled(scene, node, records);
                self.processing.polled(scene, node, records);
            }
            Answer::LookedUp(found) => {
                let was_asking = self.asking.remove(&node);
                for found in found.iter().flatten() {
                    let place = (found.topic.clone(), found.partition);
                    if let Some(offset) = found.offset {
                        self.bounds.may_come_to(scene, node, &place, offset);
                    }
                    if let Some(group) = group_of(scene, node).filter(|_| was_asking) {
                        findings.extend(self.committed.told(scene, node, (group, place), found.offset));
                    }
                }
            }
            Answer::Polled(Err(_))
            | Answer::Sent { .. }
            | Answer::PartitionsFor { .. }
            | Answer::Flushed
            | Answer::Committed(_)
            | Answer::CommitCompleted { .. }
            | Answer::ShutDown
            | Answer::Administered { .. }
            | Answer::RecordsDeleted(_) => {}
        }
    }

    fn coordinator_noted(&mut self, scene: &Scene<'_>, node: NodeId, note: &Note, findings: &mut Vec<Finding>) {
        if let Note::GroupsLoaded { log, .. } = note {
            self.stale.loaded(scene, node, *log);
            self.committed.coordinates(node, *log);
        } else if let Note::GroupsUnloaded { log, .. } = note {
            self.stale.unloaded(node, *log);
            self.committed.resigns(node, *log);
        } else if let Note::GroupState {
            log,
            group,
            generation,
            state,
            members,
        } = note
        {
            let is_completing = *state == "CompletingRebalance";
            if is_completing {
                self.ownership.begins(group, *generation);
            } else if *state == "Stable" {
                self.ownership.handed_out(group, *generation, members);
            }
            let standing = Standing::new(*generation, members, is_completing);
            self.stale.stands((node, *log), group, standing);
        } else if let Note::OffsetsAccepted {
            log,
            group,
            generation,
            member,
        } = note
        {
            findings.extend(self.stale.accepted(scene, (node, *log), group, *generation, member));
        }
    }

    fn member_noted(&mut self, scene: &Scene<'_>, node: NodeId, note: &Note, findings: &mut Vec<Finding>) {
        if let Note::MemberJoined { generation, .. } = note {
            self.ownership.joined(scene, node, *generation, findings);
        } else if let Note::MemberSynced {
            group,
            generation,
            member,
            ..
        } = note
        {
            self.ownership.synced(node, *generation);
            self.committed
                .synced(scene, node, &(group.clone(), member.clone()), *generation);
        } else if let Note::MembershipEnded { .. } = note {
            self.ownership.ended(node);
        } else if let Note::PositionReset { partition, to } = note {
            self.bounds.moved(scene, node, *partition, *to);
            self.begins(scene, node, *partition);
        } else if let Note::TruncationDetected { partition, .. } = note {
            self.begins(scene, node, *partition);
        }
    }

    /// A consumer begins in a partition, or anew.
    fn begins(&mut self, scene: &Scene<'_>, node: NodeId, partition: TopicPartition) {
        self.processing.begins(node, partition);
        self.regressions.begins(scene, node, partition);
    }

    /// The same, of partitions by their names.
    fn begins_in(&mut self, scene: &Scene<'_>, node: NodeId, places: &[Place]) {
        for place in places {
            self.processing.begins_in(scene, node, place);
            self.regressions.begins_in(node, place);
        }
    }

    fn offsets_noted(&mut self, scene: &Scene<'_>, node: NodeId, note: &Note, findings: &mut Vec<Finding>) {
        if let Note::CommitSent {
            group,
            offsets,
            is_automatic,
            ..
        } = note
        {
            self.processing.commits(scene, node, offsets, *is_automatic);
            self.committed.sent(scene, node, group, offsets);
            self.regressions.sent(node, offsets);
            findings.extend(self.bounds.committed(scene, node, offsets));
        } else if let Note::OffsetsCommitted { group, offsets } = note {
            self.committed.acknowledged(scene, node, group, offsets, findings);
        } else if let Note::CommittedTold {
            group,
            topic,
            partition,
            offset,
        } = note
        {
            let place = (topic.clone(), *partition);
            if let Some(offset) = offset {
                self.bounds.may_come_to(scene, node, &place, *offset);
            }
            if !self.is_asking(node) {
                if let Some(offset) = offset {
                    self.regressions.comes_to(node, place.clone(), *offset);
                }
                findings.extend(self.committed.told(scene, node, (group.clone(), place), *offset));
            }
        }
    }

    /// Whether a record of its log takes a group back.
    fn goes_back(&self, scene: &Scene<'_>, record: &GroupRecord) -> Option<Finding> {
        let GroupRecord::OffsetCommit {
            group,
            topic,
            partition,
            value: Some(value),
        } = record
        else {
            return None;
        };
        let place = (topic.clone(), *partition);
        let from = self.committed.last(group, &place)?;
        let key = (group.clone(), place);
        self.regressions.committed(scene, &key, from, value.offset)
    }

    /// The run is over. What is out of reach keeps groups from their rest, too; and a run whose applications have fallen silent is over before that.
    pub(crate) fn finish(&self, scene: &Scene<'_>, finale: &Finale, findings: &mut Vec<Finding>) {
        let committed = |group: &GroupId, place: &Place| self.committed.last(group, place);
        self.processing.finish(scene, committed, findings);
        let mut partitions = scene.truth.partitions();
        let is_stuck = partitions.any(|(partition, ..)| is_out_of_reach(scene, partition, &finale.healed_core));
        let is_due = !finale.finished && !is_stuck;
        let unrest = self.ownership.unrest(scene).into_iter();
        findings.extend(unrest.filter(|finding| is_due || finding.verdict != Verdict::Violated));
    }

    /// Whether every group has come to rest, as far as it ever will.
    pub(crate) fn are_at_rest(&self, scene: &Scene<'_>) -> bool {
        let mut unrest = self.ownership.unrest(scene).into_iter();
        unrest.all(|finding| finding.verdict != Verdict::Violated)
    }

    /// Whether a partition will be nobody's until the next rebalance of a group, whenever that comes.
    pub(crate) fn is_orphan(&self, scene: &Scene<'_>, group: &GroupId, place: &Place) -> bool {
        self.ownership.is_orphan(scene, group, place)
    }

    /// The truth changed.
    pub(crate) fn changed(&mut self, scene: &Scene<'_>, change: &Change, findings: &mut Vec<Finding>) {
        match change {
            Change::Committed { partition, batches } if scene.truth.is_internal(*partition) => {
                for batch in batches {
                    let now = batch.batch().max_timestamp();
                    for (at, record) in records(batch.batch()) {
                        ownership::committed(&record, findings);
                        findings.extend(self.forgetting.committed(scene, &record, now));
                        findings.extend(self.goes_back(scene, &record));
                        self.committed.replay(&record, at);
                    }
                }
            }
            Change::Lost { partition, batches, .. } if scene.truth.is_internal(*partition) => {
                if let Some(first) = batches.first() {
                    self.committed.lost(scene, *partition, first.base);
                }
            }
            Change::Committed { .. }
            | Change::Lost { .. }
            | Change::MetadataCommitted { .. }
            | Change::Registered { .. }
            | Change::Inactive { .. }
            | Change::Unfenced { .. }
            | Change::Contradicted { .. }
            | Change::Overcleaned { .. }
            | Change::Removed { .. }
            | Change::Watermark { .. }
            | Change::Leads { .. }
            | Change::Started { .. }
            | Change::Shortened { .. } => {}
        }
    }
}

/// The group of a consumer, if it has one.
fn group_of(scene: &Scene<'_>, node: NodeId) -> Option<GroupId> {
    scene.view.consumer(node)?.group_id.clone()
}

/// What a batch of `__consumer_offsets` says. What cannot be read is skipped, as in Kafka.
fn records(batch: &Batch) -> impl Iterator<Item = (Offset, GroupRecord)> {
    let records = if batch.is_control() {
        Vec::new()
    } else {
        batch.records().unwrap_or_default()
    };
    records.into_iter().filter_map(|record| {
        let read = GroupRecord::decode(record.key.as_ref()?, record.value.as_ref());
        Some((record.offset, read.ok()?))
    })
}

/// `topic-partition`, as people write it.
fn name((topic, partition): &Place) -> String {
    format!("{topic}-{partition}")
}
