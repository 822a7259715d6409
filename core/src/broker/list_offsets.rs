//! ListOffsets: the ends of a log, or the first record at or after a time.

use super::Broker;
use super::partition::Partition;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, Timestamp};
use crate::log::Log;
use crate::machine::Outbox;
use crate::message::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListedOffset, OffsetSpec};
use crate::note::Note;
use crate::record::Batch;
use crate::rules::Rules;

/// An offset with what is known about it.
#[derive(Clone, Copy)]
struct Listed {
    timestamp: Timestamp,
    offset: Offset,
    leader_epoch: LeaderEpoch,
}

const NOTHING: Listed = Listed {
    timestamp: Timestamp::NONE,
    offset: Offset::NONE,
    leader_epoch: LeaderEpoch::NONE,
};

impl Broker {
    pub(super) fn list_offsets(
        &self,
        rules: &Rules,
        request: &ListOffsetsRequest,
        out: &mut Outbox,
    ) -> ListOffsetsResponse {
        let list_one = |query: &ListOffsetsPartition| {
            let listed = self
                .hosted(query.partition)
                .and_then(|replica| list(rules, replica, query));
            if let Err(error @ (ErrorCode::FencedLeaderEpoch | ErrorCode::UnknownLeaderEpoch)) = listed {
                out.note(Note::EpochRefused {
                    partition: query.partition,
                    error,
                });
            }
            let Listed {
                timestamp,
                offset,
                leader_epoch,
            } = listed.unwrap_or(NOTHING);
            let error_code = listed.err().unwrap_or_default();
            ListedOffset {
                partition: query.partition,
                error_code,
                timestamp,
                offset,
                leader_epoch,
            }
        };
        ListOffsetsResponse {
            partitions: request.partitions.iter().map(list_one).collect(),
        }
    }
}

/// Kafka's `Partition.fetchOffsetForTimestamp`.
fn list(rules: &Rules, replica: &Partition, query: &ListOffsetsPartition) -> Result<Listed, ErrorCode> {
    let leader = replica.leader_in(query.current_leader_epoch, rules)?;
    let log = replica.log();
    // A new leader learns only from its followers' fetches what is committed. Until its high watermark has reached the start of its
    // epoch, it may tell an end that lies before what its predecessor has told (KIP-207).
    let end_is_known = log.high_watermark() >= leader.start_offset();
    match query.timestamp {
        OffsetSpec::Earliest => {
            let leader_epoch = log.epoch_at(log.start()).unwrap_or(LeaderEpoch::NONE);
            Ok(Listed {
                offset: log.start(),
                leader_epoch,
                ..NOTHING
            })
        }
        OffsetSpec::Latest if end_is_known => Ok(Listed {
            offset: log.high_watermark(),
            leader_epoch: replica.leader_epoch(),
            ..NOTHING
        }),
        OffsetSpec::Latest => Err(ErrorCode::OffsetNotAvailable),
        OffsetSpec::Timestamp(timestamp) => match first_at_or_after(timestamp, log)? {
            Some(listed) if listed.offset < log.high_watermark() => Ok(listed),
            Some(_) | None if end_is_known => Ok(NOTHING),
            Some(_) | None => Err(ErrorCode::OffsetNotAvailable),
        },
    }
}

fn first_at_or_after(timestamp: Timestamp, log: &Log) -> Result<Option<Listed>, ErrorCode> {
    let is_late_enough = |batch: &&Batch| batch.max_timestamp() >= timestamp && batch.next_offset() > log.start();
    let Some(batch) = log.batches().iter().find(is_late_enough) else {
        return Ok(None);
    };
    let records = batch.records().map_err(|_| ErrorCode::CorruptMessage)?;
    let found = records
        .iter()
        .find(|record| record.timestamp >= timestamp && record.offset >= log.start());
    let leader_epoch = batch.leader_epoch;
    Ok(found.map(|record| Listed {
        timestamp: record.timestamp,
        offset: record.offset,
        leader_epoch,
    }))
}
