//! Where to start: a partition without a position is looked up with ListOffsets, as `auto.offset.reset` says.

use alloc::vec::Vec;

use super::position::{FetchState, Lookup, Position};
use super::{ByLeader, Consumer, Pending};
use crate::call::PollError;
use crate::config::{AutoOffsetReset, ConsumerConfig};
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, TopicPartition};
use crate::machine::{Context, Lane, Outbox};
use crate::message::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, OffsetSpec};
use crate::note::Note;

impl Consumer {
    /// Newly assigned partitions are looked up. An error if there is no policy for that.
    pub(super) fn initialize_positions(&mut self, context: &Context<'_, ConsumerConfig>) -> Result<(), PollError> {
        for assigned in &mut self.assigned {
            if assigned.state == FetchState::Initializing {
                if context.config.auto_offset_reset == AutoOffsetReset::None {
                    let (topic, partition) = (assigned.topic.clone(), assigned.partition);
                    return Err(PollError::NoOffsetForPartition { topic, partition });
                }
                assigned.state = FetchState::AwaitReset(Lookup::Due);
            }
        }
        Ok(())
    }

    /// Asks the leaders for every position that is missing.
    pub(super) fn look_up_positions(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        let mut requests = ByLeader::new();
        for assigned in &mut self.assigned {
            let (FetchState::AwaitReset(lookup @ Lookup::Due), Some(partition)) = (&mut assigned.state, assigned.id)
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
                        let timestamp = offset_spec(context.config.auto_offset_reset);
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
            let asked = partitions.iter().map(|asked| asked.partition).collect();
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
        asked: Vec<TopicPartition>,
        response: &ListOffsetsResponse,
        out: &mut Outbox,
    ) {
        for partition in asked {
            let listed = response.partitions.iter().find(|listed| listed.partition == partition);
            match listed.filter(|listed| listed.error_code == ErrorCode::None && listed.offset >= Offset::ZERO) {
                Some(listed) => self.position_found(partition, listed.offset, out),
                // OFFSET_NOT_AVAILABLE and every other error: Kafka asks again.
                None => self.list_offsets_failed(context, &[partition], out),
            }
        }
    }

    fn position_found(&mut self, partition: TopicPartition, offset: Offset, out: &mut Outbox) {
        let view = self.cluster.partition(partition);
        let Some(assigned) = self.assigned_mut(partition) else {
            return;
        };
        if !matches!(assigned.state, FetchState::AwaitReset(_)) {
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
        asked: &[TopicPartition],
        out: &mut Outbox,
    ) {
        self.cluster.request_update();
        for partition in asked {
            let Some(assigned) = self.assigned_mut(*partition) else {
                continue;
            };
            if matches!(assigned.state, FetchState::AwaitReset(_)) {
                assigned.back_off(context.config.retry_backoff_ms, out);
            }
        }
    }
}

fn offset_spec(policy: AutoOffsetReset) -> OffsetSpec {
    match policy {
        AutoOffsetReset::Earliest => OffsetSpec::Earliest,
        AutoOffsetReset::Latest => OffsetSpec::Latest,
        AutoOffsetReset::None => panic!("a position is looked up only by a policy"),
    }
}
