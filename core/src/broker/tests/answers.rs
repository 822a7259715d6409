//! What the controller and other leaders answer, from words.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::words::{Words, error, node, partition, replicated};
use crate::error::ErrorCode;
use crate::ids::{
    BrokerEpoch, IncarnationId, LeaderEpoch, NodeId, Offset, PartitionEpoch, ProducerId, Timestamp, TopicId,
};
use crate::message::{
    AllocateProducerIdsResponse, AlterPartitionResponse, AlteredPartition, BrokerHeartbeatResponse,
    BrokerRegistrationResponse, EpochEndOffset, FetchResponse, FetchedPartition, ListOffsetsResponse, ListedOffset,
    OffsetForLeaderEpochResponse, OffsetForLeaderEpochResult, Response,
};
use crate::record::MetadataRecord;

pub(super) fn lifecycle(verb: &str, words: &Words<'_>) -> Response {
    let heartbeat = |is_fenced, should_shut_down| {
        BrokerHeartbeatResponse {
            error_code: ErrorCode::None,
            is_caught_up: true,
            is_fenced,
            should_shut_down,
        }
        .into()
    };
    match verb {
        "registered" => {
            let broker_epoch = BrokerEpoch(words.plain[0].parse().expect("an epoch"));
            BrokerRegistrationResponse {
                error_code: ErrorCode::None,
                broker_epoch,
            }
            .into()
        }
        "alive" => heartbeat(false, false),
        "fenced" => heartbeat(true, false),
        "stop" => heartbeat(true, true),
        _ if words.has("registration") => {
            let error_code = error(words.plain[1]);
            BrokerRegistrationResponse {
                error_code,
                broker_epoch: BrokerEpoch::NONE,
            }
            .into()
        }
        _ => {
            let error_code = error(words.plain[0]);
            BrokerHeartbeatResponse {
                error_code,
                is_caught_up: false,
                is_fenced: true,
                should_shut_down: false,
            }
            .into()
        }
    }
}

pub(super) fn altered(words: &Words<'_>) -> Response {
    let partitions = words.plain.iter().map(|word| AlteredPartition {
        partition: partition(word),
        error_code: words.error("error"),
        leader_id: NodeId(1),
        leader_epoch: words.epoch("e"),
        isr: words.nodes("isr"),
        recovering: false,
        partition_epoch: PartitionEpoch(i32::try_from(words.number("p", -1)).expect("an epoch")),
    });
    AlterPartitionResponse {
        error_code: words.error("all"),
        partitions: partitions.collect(),
    }
    .into()
}

pub(super) fn ids(words: &Words<'_>) -> Response {
    let error_code = words.error("error");
    let number = |index: usize| {
        words
            .plain
            .get(index)
            .map_or(-1, |word| word.parse().expect("a number"))
    };
    let producer_id_len = i32::try_from(number(1)).expect("a length");
    AllocateProducerIdsResponse {
        error_code,
        producer_id_start: ProducerId(number(0)),
        producer_id_len,
    }
    .into()
}

pub(super) fn nothing(at: &str) -> FetchedPartition {
    FetchedPartition {
        partition: partition(at),
        error_code: ErrorCode::None,
        high_watermark: Offset::NONE,
        last_stable_offset: Offset::NONE,
        log_start_offset: Offset::ZERO,
        diverging_epoch: None,
        current_leader: None,
        records: Vec::new(),
    }
}

pub(super) fn got(words: &Words<'_>) -> Response {
    let batches = words
        .plain
        .iter()
        .filter_map(|word| word.strip_prefix('[')?.strip_suffix(']'));
    let diverging_epoch = words.named.get("diverging").map(|word| {
        let (epoch, end) = word.split_once(':').expect("EPOCH:END");
        let leader_epoch = LeaderEpoch(epoch.parse().expect("an epoch"));
        EpochEndOffset {
            leader_epoch,
            end_offset: Offset(end.parse().expect("an offset")),
        }
    });
    let fetched = FetchedPartition {
        error_code: words.error("error"),
        high_watermark: Offset(words.number("hw", 0)),
        log_start_offset: Offset(words.number("start", 0)),
        diverging_epoch,
        records: batches.map(replicated).collect(),
        ..nothing(words.plain[1])
    };
    FetchResponse {
        error_code: words.error("all"),
        responses: [fetched].into(),
    }
    .into()
}

pub(super) fn end(words: &Words<'_>) -> Response {
    let end_offset = words
        .plain
        .get(2)
        .map_or(Offset::NONE, |word| Offset(word.parse().expect("an offset")));
    let result = OffsetForLeaderEpochResult {
        partition: partition(words.plain[1]),
        error_code: words.error("error"),
        end: EpochEndOffset {
            leader_epoch: words.epoch("e"),
            end_offset,
        },
    };
    OffsetForLeaderEpochResponse {
        partitions: [result].into(),
    }
    .into()
}

pub(super) fn start(words: &Words<'_>) -> Response {
    let offset = words.plain.get(2);
    let listed = ListedOffset {
        partition: partition(words.plain[1]),
        error_code: words.error("error"),
        timestamp: Timestamp::NONE,
        offset: offset.map_or(Offset::NONE, |word| Offset(word.parse().expect("an offset"))),
        leader_epoch: words.epoch("e"),
    };
    ListOffsetsResponse {
        partitions: [listed].into(),
    }
    .into()
}

/// A record of the metadata log; a registration's epoch is its offset.
pub(super) fn record(text: &str, at: Offset) -> MetadataRecord {
    let words = Words::of(text);
    let broker = |index: usize| node(words.plain[index]);
    let change = |fenced: Option<bool>, in_controlled_shutdown| MetadataRecord::BrokerRegistrationChange {
        broker: broker(1),
        epoch: BrokerEpoch(words.number("epoch", i64::from(broker(1).0) - 1)),
        fenced,
        in_controlled_shutdown,
    };
    let leader = words
        .named
        .get("leader")
        .map(|word| (*word != "none").then(|| node(word)));
    match words.plain[0] {
        "register" => {
            let incarnation = IncarnationId(u32::try_from(words.number("incarnation", 7)).expect("a number"));
            MetadataRecord::RegisterBroker {
                broker: broker(1),
                incarnation,
                epoch: BrokerEpoch(at.0),
            }
        }
        "unfence" => change(Some(false), None),
        "fence" => change(Some(true), None),
        "leaving" => change(None, Some(true)),
        "topic" => {
            let id = TopicId(words.plain[1].parse().expect("a topic"));
            // The configuration follows as a record of its own.
            MetadataRecord::Topic {
                name: words
                    .named
                    .get("name")
                    .map_or_else(|| Arc::from(alloc::format!("topic{id}")), |name| Arc::from(*name)),
                id,
            }
        }
        "config" => {
            let (key, value) = words.named.iter().next().expect("a key and its value");
            MetadataRecord::Config {
                topic: Arc::from(words.plain[1]),
                key: (*key).into(),
                value: (*value).into(),
            }
        }
        "remove" => MetadataRecord::RemoveTopic {
            id: TopicId(words.plain[1].parse().expect("a topic")),
        },
        "partition" => MetadataRecord::Partition {
            partition: partition(words.plain[1]),
            replicas: words.nodes("replicas"),
            isr: words.nodes("isr"),
            leader: leader.flatten(),
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
        },
        "change" => MetadataRecord::PartitionChange {
            partition: partition(words.plain[1]),
            isr: words.named.get("isr").map(|_| words.nodes("isr")),
            replicas: words.named.get("replicas").map(|_| words.nodes("replicas")),
            removing: None,
            adding: None,
            leader,
            recovering: None,
            elr: None,
            last_known_elr: None,
        },
        "nothing" => MetadataRecord::NoOp,
        other => panic!("no such record: {other}"),
    }
}
