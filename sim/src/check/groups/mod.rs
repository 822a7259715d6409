//! Consumer groups: who owns which partition, who may say how far a group has come, and that it is remembered.
//!
//! What a group has committed is what the committed log of its partition of `__consumer_offsets` says, in the order of that log: commits of
//! members, and who was in which generation, lie there one after the other. Monitors read it as coordinators do, and measure by it what
//! coordinators and consumers say.

mod ownership;
mod stale;

use kafkasim_core::call::{Answer, Call};
use kafkasim_core::group::GroupRecord;
use kafkasim_core::ids::{Offset, TopicName};
use kafkasim_core::note::Note;
use kafkasim_core::record::Batch;

use super::truth::Change;
use super::{Finding, Scene};
use crate::world::Event;
use ownership::Ownership;
use stale::{StaleCommits, Standing};

/// A partition by its name, as clients know it.
type Place = (TopicName, i32);

/// Remembers what groups do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Groups {
    ownership: Ownership,
    stale: StaleCommits,
}

impl Groups {
    /// Something happened.
    pub(crate) fn observe(&mut self, scene: &Scene<'_>, event: &Event, findings: &mut Vec<Finding>) {
        match event {
            Event::Called {
                node,
                call: Call::Subscribe(_),
            } => self.ownership.subscribed(scene, *node),
            Event::Called {
                node,
                call: Call::Assign(_),
            } => self.ownership.left(*node),
            Event::Answered {
                node,
                answer: Answer::Rebalanced(rebalance),
            } => self.ownership.rebalanced(scene, *node, rebalance, findings),
            Event::Answered {
                node,
                answer: Answer::Unsubscribed | Answer::Closed,
            } => self.ownership.left(*node),
            Event::Answered {
                node,
                answer: Answer::Polled(Ok(records)),
            } => findings.extend(self.ownership.polled(scene, *node, records)),
            Event::Stopped { node, .. } => {
                self.ownership.left(*node);
                self.stale.stopped(*node);
            }
            Event::Note {
                node,
                note: Note::MemberJoined { generation, .. },
            } => self.ownership.joined(scene, *node, *generation, findings),
            Event::Note {
                node,
                note: Note::MemberSynced { generation, .. },
            } => self.ownership.synced(*node, *generation),
            Event::Note {
                node,
                note: Note::MembershipEnded { .. },
            } => self.ownership.ended(*node),
            Event::Note {
                node,
                note: Note::GroupsLoaded { log, .. },
            } => self.stale.loaded(scene, *node, *log),
            Event::Note {
                node,
                note: Note::GroupsUnloaded { log, .. },
            } => self.stale.unloaded(*node, *log),
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
            | Event::Processed { .. }
            | Event::Started { .. }
            | Event::Fault(_)
            | Event::Late { .. }
            | Event::Severed { .. }
            | Event::WriteRefused { .. } => {}
        }
    }

    /// The truth changed.
    pub(crate) fn changed(&self, scene: &Scene<'_>, change: &Change, findings: &mut Vec<Finding>) {
        if let Change::Committed { partition, batches } = change
            && scene.truth.is_internal(*partition)
        {
            for (_, record) in batches.iter().flat_map(|batch| records(batch.batch())) {
                ownership::committed(&record, findings);
            }
        }
    }
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
