//! Where to start: a partition without a position is looked up with ListOffsets, as `auto.offset.reset` says.

use alloc::vec::Vec;

use super::position::{Assigned, FetchState, Lookup, Position};
use super::{ByLeader, Consumer, Pending};
use crate::call::PollError;
use crate::config::ConsumerConfig;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, TopicPartition};
use crate::machine::{Context, Lane, Outbox};
use crate::message::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, OffsetSpec};
use crate::note::Note;

/// Which position was to be looked up, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AskedOffset {
    partition: TopicPartition,
    to: OffsetSpec,
}

impl Consumer {
    /// Newly assigned partitions begin where the group has come to, and are looked up if it has not come anywhere. An error if there is no
    /// policy for that.
    pub(super) fn initialize_positions(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        out: &mut Outbox,
    ) -> Result<(), PollError> {
        if context.config.group_id.is_some() && !self.begin_where_committed(context, out)? {
            return Ok(());
        }
        for assigned in &mut self.assigned {
            if assigned.state == FetchState::Initializing {
                let Some(to) = context.config.auto_offset_reset.spec() else {
                    let (topic, partition) = (assigned.topic.clone(), assigned.partition);
                    return Err(PollError::NoOffsetForPartition { topic, partition });
                };
                assigned.state = FetchState::AwaitReset {
                    to,
                    lookup: Lookup::Due,
                };
            }
        }
        Ok(())
    }

    /// Asks the leaders for every position that is missing.
    pub(super) fn look_up_positions(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        let mut requests = ByLeader::new();
        for assigned in &mut self.assigned {
            let (
                FetchState::AwaitReset {
                    to,
                    lookup: lookup @ Lookup::Due,
                },
                Some(partition),
            ) = (&mut assigned.state, assigned.id)
            else {
                continue;
            };
            match self
                .cluster
                .partition(partition)
                .map(|view| (view.leader, view.leader_epoch))
            {
                Some((Some(leader), current_leader_epoch)) => {
                    if self.connections.ready(leader, Lane::Client, out) {
                        *lookup = Lookup::Asked;
                        let timestamp = *to;
                        requests.push(
                            leader,
                            ListOffsetsPartition {
                                partition,
                                current_leader_epoch,
                                timestamp,
                            },
                        );
                    }
                }
                Some((None, _)) | None => self.cluster.request_update(),
            }
        }
        let isolation_level = context.config.isolation_level;
        let build = |partitions: Vec<ListOffsetsPartition>| {
            let asked = partitions.iter().map(|asked| AskedOffset {
                partition: asked.partition,
                to: asked.timestamp,
            });
            let asked = asked.collect();
            (
                ListOffsetsRequest {
                    isolation_level,
                    partitions,
                }
                .into(),
                Pending::ListOffsets(asked),
            )
        };
        self.send_each(context, requests, build, out);
    }

    pub(super) fn on_list_offsets(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        asked: Vec<AskedOffset>,
        response: &ListOffsetsResponse,
        out: &mut Outbox,
    ) {
        for asked in asked {
            let listed = response
                .partitions
                .iter()
                .find(|listed| listed.partition == asked.partition);
            match listed.filter(|listed| listed.error_code == ErrorCode::None && listed.offset >= Offset::ZERO) {
                Some(listed) => self.position_found(asked, listed.offset, out),
                // OFFSET_NOT_AVAILABLE and every other error: Kafka asks again.
                None => self.list_offsets_failed(context, &[asked], out),
            }
        }
    }

    fn position_found(&mut self, asked: AskedOffset, offset: Offset, out: &mut Outbox) {
        let partition = asked.partition;
        let view = self.cluster.partition(partition);
        let Some(assigned) = self.assigned_mut(partition) else {
            return;
        };
        if !assigned.awaits_reset(asked.to) {
            return;
        }
        assigned.cancel_back_off(out);
        assigned.state = FetchState::Fetching {
            position: Position {
                offset,
                offset_epoch: LeaderEpoch::NONE,
                leader: view.and_then(|view| view.leader),
                leader_epoch: view.map_or(LeaderEpoch::NONE, |view| view.leader_epoch),
            },
            backing_off: false,
        };
        out.note(Note::PositionReset { partition, to: offset });
    }

    pub(super) fn list_offsets_failed(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        asked: &[AskedOffset],
        out: &mut Outbox,
    ) {
        self.cluster.request_update();
        for AskedOffset { partition, to } in asked {
            let Some(assigned) = self.assigned_mut(*partition) else {
                continue;
            };
            if assigned.awaits_reset(*to) {
                assigned.back_off(context.config.retry_backoff_ms, out);
            }
        }
    }
}

impl Assigned {
    /// Whether this end of the log is still to be looked up. An application that seeks changes its mind.
    fn awaits_reset(&self, asked: OffsetSpec) -> bool {
        matches!(self.state, FetchState::AwaitReset { to, .. } if to == asked)
    }
}
