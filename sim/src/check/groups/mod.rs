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
mod rest;
mod stale;

use std::collections::BTreeSet;

use kafkasim_core::call::{Answer, Call, Rebalance, Steering};
use kafkasim_core::group::GroupRecord;
use kafkasim_core::ids::{GroupId, NodeId, Offset, TopicName};
use kafkasim_core::lookup::OffsetLookup;
use kafkasim_core::note::Note;
use kafkasim_core::record::Batch;

use super::truth::Change;
use super::{Finding, Scene};
use crate::world::Event;
use bounds::CommitBounds;
use committed::CommittedOffsets;
use forgetting::Forgetting;
use ownership::Ownership;
use processing::Processing;
use stale::{StaleCommits, Standing};

/// A partition by its name, as clients know it.
type Place = (TopicName, i32);

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
            Event::Called {
                node,
                call: Call::Subscribe(to),
            } => self.ownership.subscribed(scene, *node, to),
            Event::Called {
                node,
                call: Call::Assign(_),
            } => self.ownership.left(*node),
            Event::Answered {
                node,
                answer: Answer::Rebalanced(rebalance),
            } => {
                self.ownership.rebalanced(scene, *node, rebalance, findings);
                if let Rebalance::Assigned(places) = rebalance {
                    places
                        .iter()
                        .for_each(|place| self.processing.begins_in(scene, *node, place));
                }
            }
            Event::Answered {
                node,
                answer: Answer::Unsubscribed | Answer::Closed,
            } => self.ownership.left(*node),
            Event::Answered {
                node,
                answer: Answer::Polled(Ok(records)),
            } => {
                findings.extend(self.ownership.polled(scene, *node, records));
                self.bounds.polled(scene, *node, records);
                self.processing.polled(scene, *node, records);
            }
            Event::Called {
                node,
                call:
                    Call::Steer(Steering::Seek {
                        topic,
                        partition,
                        offset,
                    }),
            } => {
                let place = (topic.clone(), *partition);
                self.bounds.may_come_to(scene, *node, &place, *offset);
                self.processing.begins_in(scene, *node, &place);
            }
            Event::Called {
                node,
                call:
                    Call::LookUp {
                        lookup: OffsetLookup::Committed(_),
                        ..
                    },
            } => drop(self.asking.insert(*node)),
            Event::Called {
                node,
                call: Call::Steer(Steering::SeekToBeginning(places) | Steering::SeekToEnd(places)),
            } => places
                .iter()
                .for_each(|place| self.processing.begins_in(scene, *node, place)),
            Event::Processed {
                node,
                topic,
                partition,
                offset,
            } => findings.extend(
                self.processing
                    .processed(scene, *node, &(topic.clone(), *partition), *offset),
            ),
            Event::Answered {
                node,
                answer: Answer::LookedUp(found),
            } => {
                let was_asking = self.asking.remove(node);
                for found in found.iter().flatten() {
                    let place = (found.topic.clone(), found.partition);
                    if let Some(offset) = found.offset {
                        self.bounds.may_come_to(scene, *node, &place, offset);
                    }
                    if let Some(group) = group_of(scene, *node).filter(|_| was_asking) {
                        findings.extend(self.committed.told(scene, *node, (group, place), found.offset));
                    }
                }
            }
            Event::Stopped { node, .. } => {
                self.ownership.left(*node);
                self.stale.stopped(*node);
                self.committed.stopped(*node);
                self.bounds.stopped(*node);
                self.processing.stopped(*node);
                self.asking.remove(node);
            }
            Event::Note {
                node,
                note:
                    Note::CommitSent {
                        group,
                        offsets,
                        is_automatic,
                        ..
                    },
            } => {
                self.processing.commits(scene, *node, offsets, *is_automatic);
                self.committed.sent(scene, *node, group, offsets);
                findings.extend(self.bounds.committed(scene, *node, offsets));
            }
            Event::Note {
                node,
                note: Note::OffsetsCommitted { group, offsets },
            } => self.committed.acknowledged(scene, *node, group, offsets, findings),
            Event::Note {
                node,
                note:
                    Note::CommittedTold {
                        group,
                        topic,
                        partition,
                        offset,
                    },
            } => {
                let place = (topic.clone(), *partition);
                if let Some(offset) = offset {
                    self.bounds.may_come_to(scene, *node, &place, *offset);
                }
                if !self.is_asking(*node) {
                    let key = (group.clone(), place);
                    findings.extend(self.committed.told(scene, *node, key, *offset));
                }
            }
            Event::Note {
                node,
                note: Note::PositionReset { partition, to },
            } => {
                self.bounds.moved(scene, *node, *partition, *to);
                self.processing.begins(*node, *partition);
            }
            Event::Note {
                node,
                note: Note::TruncationDetected { partition, .. },
            } => self.processing.begins(*node, *partition),
            Event::Note {
                node,
                note: Note::MemberJoined { generation, .. },
            } => self.ownership.joined(scene, *node, *generation, findings),
            Event::Note {
                node,
                note:
                    Note::MemberSynced {
                        group,
                        generation,
                        member,
                        ..
                    },
            } => {
                self.ownership.synced(*node, *generation);
                let member = (group.clone(), member.clone());
                self.committed.synced(scene, *node, &member, *generation);
            }
            Event::Note {
                node,
                note: Note::MembershipEnded { .. },
            } => self.ownership.ended(*node),
            Event::Note {
                node,
                note: Note::GroupsLoaded { log, .. },
            } => {
                self.stale.loaded(scene, *node, *log);
                self.committed.coordinates(*node, *log);
            }
            Event::Note {
                node,
                note: Note::GroupsUnloaded { log, .. },
            } => {
                self.stale.unloaded(*node, *log);
                self.committed.resigns(*node, *log);
            }
            Event::Note {
                node,
                note:
                    Note::GroupState {
                        log,
                        group,
                        generation,
                        state,
                        members,
                    },
            } => {
                let is_completing = *state == "CompletingRebalance";
                if is_completing {
                    self.ownership.begins(group, *generation);
                }
                let standing = Standing::new(*generation, members, is_completing);
                self.stale.stands((*node, *log), group, standing);
            }
            Event::Note {
                node,
                note:
                    Note::OffsetsAccepted {
                        log,
                        group,
                        generation,
                        member,
                    },
            } => {
                let accepted = self.stale.accepted(scene, (*node, *log), group, *generation, member);
                findings.extend(accepted);
            }
            Event::Note { .. }
            | Event::Called { .. }
            | Event::Answered { .. }
            | Event::Started { .. }
            | Event::Fault(_)
            | Event::Late { .. }
            | Event::Severed { .. }
            | Event::WriteRefused { .. } => {}
        }
    }

    /// The run is over.
    pub(crate) fn finish(&self, scene: &Scene<'_>, findings: &mut Vec<Finding>) {
        let committed = |group: &GroupId, place: &Place| self.committed.last(group, place);
        self.processing.finish(scene, committed, findings);
    }

    /// What keeps each group that has not come to rest from it.
    pub(crate) fn unrest(&self, scene: &Scene<'_>) -> Vec<String> {
        self.ownership.unrest(scene)
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
