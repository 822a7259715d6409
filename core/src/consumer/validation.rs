//! Has what was read been lost? A position whose leader has changed is fetched from only after the new leader has confirmed it.
//!
//! A position remembers the epoch of the last record before it. Whoever leads next is asked with OffsetForLeaderEpoch where that epoch
//! ended in its log; if that is before the position, records that were read are not there any more (KIP-320).

use alloc::vec::Vec;

use super::position::{Assigned, FetchState, Lookup, Position};
use super::{ByLeader, Consumer, Pending};
use crate::call::PollError;
use crate::config::ConsumerConfig;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, TopicPartition};
use crate::machine::{Context, Lane, Outbox};
use crate::message::{
    EpochEndOffset, OffsetForLeaderEpochPartition, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, Request,
};
use crate::note::Note;
use crate::rules::{Rules, ValidatedPosition};

/// Which position was to be validated; the answer is worth nothing if it has moved since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AskedValidation {
    partition: TopicPartition,
    position: Position,
}

/// What the answer to OffsetForLeaderEpoch means for a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Validation {
    Valid,
    /// The log differs from this offset on from what was read; -1 if that is not known.
    Diverged(Offset),
}

/// `SubscriptionState.maybeCompleteValidation`; a leader with nothing of that epoch or before answers -1.
fn validate(rules: &Rules, position: &Position, end: EpochEndOffset) -> Validation {
    let validated = ValidatedPosition {
        offset: position.offset,
        offset_epoch: position.offset_epoch,
        answered_epoch: end.leader_epoch,
        end_offset: end.end_offset,
    };
    if end.leader_epoch == LeaderEpoch::NONE || end.end_offset == Offset::NONE {
        Validation::Diverged(Offset::NONE)
    } else if !(rules.is_truncated)(&validated) {
        Validation::Valid
    } else if end.end_offset < position.offset {
        Validation::Diverged(end.end_offset)
    } else {
        // What was read parts from this log somewhere before; where, only its earlier epochs could tell.
        Validation::Diverged(Offset::NONE)
    }
}

impl Consumer {
    /// Asks the new leaders about every position that has to be validated.
    pub(super) fn validate_positions(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        let mut requests = ByLeader::new();
        for assigned in &mut self.assigned {
            let FetchState::AwaitValidation {
                position,
                lookup: lookup @ Lookup::Due,
            } = &mut assigned.state
            else {
                continue;
            };
            let leader = position.leader.expect("a position is validated only against a leader");
            let partition = assigned.id.expect("a partition with a position has been located");
            if self.connections.ready(leader, Lane::Client, out) {
                *lookup = Lookup::Asked;
                requests.push(
                    leader,
                    AskedValidation {
                        partition,
                        position: *position,
                    },
                );
            }
        }
        self.send_each(context, requests, offset_for_leader_epoch, out);
    }

    pub(super) fn on_offset_for_leader_epoch(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        asked: Vec<AskedValidation>,
        response: &OffsetForLeaderEpochResponse,
        out: &mut Outbox,
    ) {
        for asked in asked {
            let found = response
                .partitions
                .iter()
                .find(|found| found.partition == asked.partition);
            match found.filter(|found| found.error_code == ErrorCode::None) {
                Some(found) => self.complete_validation(context, asked, found.end, out),
                None => self.validations_failed(context, &[asked], out),
            }
        }
    }

    fn complete_validation(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        asked: AskedValidation,
        end: EpochEndOffset,
        out: &mut Outbox,
    ) {
        let AskedValidation { partition, position } = asked;
        let Some(assigned) = self
            .assigned_mut(partition)
            .filter(|assigned| assigned.awaits(&position))
        else {
            return;
        };
        let policy = context.config.auto_offset_reset.spec();
        let verdict = validate(context.rules, &position, end);
        match verdict {
            Validation::Valid => out.note(Note::PositionValidated {
                partition,
                at: position.offset,
            }),
            Validation::Diverged(divergent_offset) => {
                out.note(Note::TruncationDetected {
                    partition,
                    position: position.offset,
                    divergent_offset,
                });
            }
        }
        let next = match (verdict, policy) {
            (Validation::Valid, _) => FetchState::Fetching {
                position,
                backing_off: false,
            },
            (Validation::Diverged(Offset::NONE), Some(to)) => FetchState::AwaitReset {
                to,
                lookup: Lookup::Due,
            },
            (Validation::Diverged(offset), Some(_)) => FetchState::Fetching {
                position: Position {
                    offset,
                    offset_epoch: end.leader_epoch,
                    ..position
                },
                backing_off: false,
            },
            (Validation::Diverged(divergent_offset), None) => {
                // Kafka leaves the position as it is, and asks again when the request would have timed out.
                assigned.back_off(context.config.request_timeout_ms, out);
                let (topic, partition) = (assigned.topic.clone(), assigned.partition);
                let offset = position.offset;
                let error = PollError::LogTruncation {
                    topic,
                    partition,
                    offset,
                    divergent_offset,
                };
                self.truncation.get_or_insert(error);
                return;
            }
        };
        assigned.cancel_back_off(out);
        assigned.state = next;
    }

    pub(super) fn validations_failed(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        asked: &[AskedValidation],
        out: &mut Outbox,
    ) {
        self.cluster.request_update();
        for AskedValidation { partition, position } in asked {
            if let Some(assigned) = self
                .assigned_mut(*partition)
                .filter(|assigned| assigned.awaits(position))
            {
                assigned.back_off(context.config.retry_backoff_ms, out);
            }
        }
    }
}

impl Assigned {
    /// Whether this very position is still to be validated.
    fn awaits(&self, asked: &Position) -> bool {
        matches!(&self.state, FetchState::AwaitValidation { position, .. } if position == asked)
    }
}

fn offset_for_leader_epoch(asked: Vec<AskedValidation>) -> (Request, Pending) {
    let partitions = asked.iter().map(
        |AskedValidation { partition, position }| OffsetForLeaderEpochPartition {
            partition: *partition,
            current_leader_epoch: position.leader_epoch,
            leader_epoch: position.offset_epoch,
        },
    );
    let request = OffsetForLeaderEpochRequest {
        replica_id: None,
        partitions: partitions.collect(),
    };
    (request.into(), Pending::OffsetForLeaderEpoch(asked))
}
