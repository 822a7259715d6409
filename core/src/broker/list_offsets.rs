//! ListOffsets: the ends of a log, or the first record at or after a time.

use super::Broker;
use super::partition::Partition;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, Timestamp};
use crate::log::Log;
use crate::machine::Outbox;
use crate::message::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListedOffset, OffsetSpec};
use crate::note::Note;
use crate::rules::{LogEnds, Rules};

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
    let told_end = (rules.told_end)(&LogEnds {
        high_watermark: log.high_watermark(),
        end: log.end(),
        epoch_start: leader.start_offset(),
    });
    match query.timestamp {
        OffsetSpec::Earliest => {
            let leader_epoch = log.epoch_at(log.start()).unwrap_or(LeaderEpoch::NONE);
            Ok(Listed {
                offset: log.start(),
                leader_epoch,
                ..NOTHING
            })
        }
        OffsetSpec::Latest => told_end.ok_or(ErrorCode::OffsetNotAvailable).map(|offset| Listed {
            offset,
            leader_epoch: replica.leader_epoch(),
            ..NOTHING
        }),
        OffsetSpec::Timestamp(timestamp) => match first_at_or_after(timestamp, log, rules)? {
            Some(listed) if listed.offset < log.high_watermark() => Ok(listed),
            Some(_) | None if told_end.is_some() => Ok(NOTHING),
            Some(_) | None => Err(ErrorCode::OffsetNotAvailable),
        },
    }
}

/// Only a batch with a record that is late enough is looked into. What it has may lie before the log's start, or have been compacted away.
fn first_at_or_after(timestamp: Timestamp, log: &Log, rules: &Rules) -> Result<Option<Listed>, ErrorCode> {
    let mut searched_segment = None;
    for batch in log.batches().iter().filter(|batch| batch.max_timestamp() >= timestamp) {
        let segment = log
            .segments()
            .partition_point(|segment| segment.base <= batch.base_offset);
        if searched_segment.is_some_and(|searched| searched != segment) && !(rules.searches_on)() {
            break;
        }
        searched_segment = Some(segment);
        if batch.next_offset() <= log.start() {
            continue;
        }
        let records = batch.records().map_err(|_| ErrorCode::CorruptMessage)?;
        let found = records
            .iter()
            .find(|record| record.timestamp >= timestamp && record.offset >= log.start());
        if let Some(record) = found {
            return Ok(Some(Listed {
                timestamp: record.timestamp,
                offset: record.offset,
                leader_epoch: batch.leader_epoch,
            }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;
    use crate::config::TopicConfig;
    use crate::ids::{TopicId, TopicPartition};
    use crate::note::LogStartCause;
    use crate::record::BatchBuilder;

    /// A log with these times: batches are divided by spaces, segments by bars. It starts at `start`.
    fn log(times: &str, start: i64) -> Log {
        let mut out = Outbox::new();
        let partition = TopicPartition {
            topic: TopicId(1),
            partition: 0,
        };
        let mut log = Log::create(partition, &mut out);
        let mut config = TopicConfig::defaults();
        for word in times.split_whitespace() {
            if word == "|" {
                config.segment_bytes = 0;
                continue;
            }
            let mut builder = BatchBuilder::new();
            for time in word.split(',') {
                builder.append(Timestamp(time.parse().expect("a time")), None, None, &[]);
            }
            let batch = builder.build(None);
            log.roll_before(&batch, &config, &mut out);
            config = TopicConfig::defaults();
            log.append_as_leader(&batch, LeaderEpoch(0), &mut out);
        }
        log.set_high_watermark(log.end());
        log.advance_start(Offset(start), LogStartCause::DeleteRecords, &Rules::CURRENT, &mut out)
            .expect("a start below the high watermark");
        log
    }

    #[track_caller]
    fn check(times: &str, start: i64, expected: &str) {
        let rules = Rules {
            searches_on: || false,
            ..Rules::CURRENT
        };
        let log = log(times, start);
        let find = |time: i64, rules: &Rules| {
            let found = first_at_or_after(Timestamp(time), &log, rules).expect("sound batches");
            found.map_or_else(|| String::from("-"), |listed| format!("{}", listed.offset))
        };
        let found = [1, 5, 9].map(|time| match (find(time, &Rules::CURRENT), find(time, &rules)) {
            (ours, one_segment) if ours == one_segment => ours,
            (ours, one_segment) => format!("{ours}/{one_segment}"),
        });
        assert_eq!(
            found.into_iter().collect::<Vec<_>>().join(" "),
            expected,
            "{times} from {start}"
        );
    }

    #[test]
    fn the_first_record_at_or_after_a_time_is_found_wherever_the_log_starts() {
        check("1,2 5,6 9", 0, "0 2 4");
        check("2,7,3 6 8", 0, "0 1 -");
        // The first batch that is late enough may have only earlier records left.
        check("2,7,3 6", 2, "2 3 -");
        check("1 | 9 | 5", 0, "0 1 1");
        // Everything late enough of a segment may lie before the log's start, before the segment goes.
        check("1 9 | 6 | 7", 2, "2/- 2/- -");
        check("1 9 4 | 9", 2, "2 3/- 3/-");
    }
}
