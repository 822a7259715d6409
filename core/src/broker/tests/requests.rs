//! What clients and followers ask, from words.

use alloc::vec::Vec;

use bytes::Bytes;
use crc::{CRC_32_ISCSI, Crc};

use super::words::{Words, batch, partition};
use crate::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use crate::message::{
    Acks, DeleteBefore, DeleteRecordsPartition, DeleteRecordsRequest, FetchPartition, FetchRequest, IsolationLevel,
    ListOffsetsPartition, ListOffsetsRequest, OffsetForLeaderEpochPartition, OffsetForLeaderEpochRequest, OffsetSpec,
    PartitionProduceData, ProduceRequest, ReplicaState, Request,
};
use crate::record::{Batch, Compression, Compressor};

/// After the client and its options, pairs of a partition and its values.
pub(super) fn produce(words: &Words<'_>) -> Request {
    let acks = match words.named.get("acks") {
        Some(&"0") => Acks::None,
        Some(&"1") => Acks::Leader,
        Some(&"all") | None => Acks::All,
        Some(other) => panic!("no such acks: {other}"),
    };
    let producer = words.named.get("pid").map(|pid| {
        let epoch = ProducerEpoch(i16::try_from(words.number("epoch", 0)).expect("an epoch"));
        let sequence = Sequence(i32::try_from(words.number("seq", 0)).expect("a sequence"));
        (ProducerId(pid.parse().expect("a producer id")), epoch, sequence)
    });
    let codec = words.named.get("codec").map_or(Compression::None, |name| {
        let named = (0..)
            .map_while(Compression::from_number)
            .find(|codec| codec.name() == *name);
        named.expect("a codec")
    });
    let entries: Vec<&str> = words.plain[1..]
        .iter()
        .copied()
        .filter(|word| !["late", "rotten", "mislabelled"].contains(word))
        .collect();
    let partition_data = entries.chunks(2).map(|pair| {
        let records = batch(pair[1].split(','), producer, Compressor { codec, gzip_level: -1 });
        let records = if words.has("rotten") {
            records.rotten(3)
        } else if words.has("mislabelled") {
            mislabelled(&records)
        } else {
            records
        };
        PartitionProduceData {
            partition: partition(pair[0]),
            records,
        }
    });
    let timeout_ms = i32::try_from(words.number("timeout", 30000)).expect("a time");
    ProduceRequest {
        acks,
        timeout_ms,
        partition_data: partition_data.collect(),
    }
    .into()
}

/// Claims that its records are compressed with gzip, under a CRC that says so too.
fn mislabelled(batch: &Batch) -> Batch {
    let mut bytes = batch.encode().to_vec();
    bytes[22] |= 1;
    let crc = Crc::<u32>::new(&CRC_32_ISCSI).checksum(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    let (batch, _) = Batch::decode(&Bytes::from(bytes)).expect("only its records make no sense");
    batch
}

pub(super) fn fetch(replica: Option<ReplicaState>, words: &Words<'_>) -> Request {
    let partitions = words
        .plain
        .iter()
        .filter_map(|word| word.split_once('@'))
        .map(|(at, offset)| FetchPartition {
            partition: partition(at),
            current_leader_epoch: words.epoch("e"),
            fetch_offset: Offset(offset.parse().expect("an offset")),
            last_fetched_epoch: words.epoch("last"),
            log_start_offset: Offset(words.number("start", 0)),
            partition_max_bytes: i32::try_from(words.number("partition.max", 1_048_576)).expect("a size"),
        });
    let request = FetchRequest {
        replica,
        max_wait_ms: u32::try_from(words.number("wait", 500)).expect("a time"),
        min_bytes: i32::try_from(words.number("min", 1)).expect("a size"),
        max_bytes: i32::try_from(words.number("max", 52_428_800)).expect("a size"),
        isolation_level: IsolationLevel::ReadUncommitted,
        partitions: partitions.collect(),
    };
    request.into()
}

pub(super) fn list(words: &Words<'_>) -> Request {
    let timestamp = match words.plain[2] {
        "earliest" => OffsetSpec::Earliest,
        "latest" => OffsetSpec::Latest,
        at => OffsetSpec::Timestamp(Timestamp(at.parse().expect("a time"))),
    };
    let query = ListOffsetsPartition {
        partition: partition(words.plain[1]),
        current_leader_epoch: words.epoch("e"),
        timestamp,
    };
    ListOffsetsRequest {
        isolation_level: IsolationLevel::ReadUncommitted,
        partitions: [query].into(),
    }
    .into()
}

pub(super) fn delete(words: &Words<'_>) -> Request {
    let asked = DeleteRecordsPartition {
        partition: partition(words.plain[1]),
        offset: match words.plain[2] {
            "committed" => DeleteBefore::HighWatermark,
            offset => DeleteBefore::Offset(Offset(offset.parse().expect("an offset"))),
        },
    };
    DeleteRecordsRequest {
        partitions: [asked].into(),
        timeout_ms: u32::try_from(words.number("timeout", 30000)).expect("a time"),
    }
    .into()
}

pub(super) fn end_of(words: &Words<'_>) -> Request {
    let query = OffsetForLeaderEpochPartition {
        partition: partition(words.plain[1]),
        current_leader_epoch: words.epoch("e"),
        leader_epoch: LeaderEpoch(words.plain[2].parse().expect("an epoch")),
    };
    OffsetForLeaderEpochRequest {
        replica_id: None,
        partitions: [query].into(),
    }
    .into()
}
