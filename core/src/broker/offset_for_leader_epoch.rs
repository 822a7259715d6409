//! OffsetForLeaderEpoch: where an epoch ended at the leader, for whoever has to find out where logs diverge.

use super::Broker;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset};
use crate::machine::Outbox;
use crate::message::{
    EpochEndOffset, OffsetForLeaderEpochPartition, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetForLeaderEpochResult,
};
use crate::note::Note;
use crate::rules::Rules;

impl Broker {
    pub(super) fn offset_for_leader_epoch(
        &self,
        rules: &Rules,
        request: &OffsetForLeaderEpochRequest,
        out: &mut Outbox,
    ) -> OffsetForLeaderEpochResponse {
        let answer = |query: &OffsetForLeaderEpochPartition| {
            let end = self.hosted(query.partition).and_then(|replica| {
                replica.leader_in(query.current_leader_epoch, rules)?;
                Ok(replica.log().end_of_epoch(query.leader_epoch))
            });
            if let Err(error @ (ErrorCode::FencedLeaderEpoch | ErrorCode::UnknownLeaderEpoch)) = end {
                out.note(Note::EpochRefused {
                    partition: query.partition,
                    error,
                });
            }
            OffsetForLeaderEpochResult {
                partition: query.partition,
                error_code: end.err().unwrap_or_default(),
                end: end.unwrap_or(EpochEndOffset {
                    leader_epoch: LeaderEpoch::NONE,
                    end_offset: Offset::NONE,
                }),
            }
        };
        OffsetForLeaderEpochResponse {
            partitions: request.partitions.iter().map(answer).collect(),
        }
    }
}
