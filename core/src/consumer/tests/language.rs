//! The words of a conversation: responses as they are written, requests and everything else as they are shown.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::group_language::{group_note_text, group_request_text};
use super::{batch, control_batch, value_at};
use crate::call::{ConsumerRecord, PollError};
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, NodeId, Offset, Timestamp, TopicId, TopicName, TopicPartition};
use crate::lookup::{LookedUp, LookupError};
use crate::message::{
    EpochEndOffset, FetchResponse, FetchedPartition, LeaderIdAndEpoch, ListOffsetsResponse, ListedOffset,
    MetadataPartition, MetadataResponse, MetadataTopic, OffsetForLeaderEpochResponse, OffsetForLeaderEpochResult,
    OffsetSpec, Request, Response,
};
use crate::note::Note;
use crate::record::Batch;
use crate::timer::Timer;

pub(super) fn number<N: core::str::FromStr>(text: &str) -> N {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

pub(super) fn named(text: &str) -> (TopicName, i32) {
    let (topic, partition) = text.split_once('-').expect("topic-partition");
    (topic.into(), number(partition))
}

/// Topic a has id 1, b id 2; a' is another topic that is called a.
fn topic_of(name: &str) -> TopicId {
    match name {
        "a" => TopicId(1),
        "b" => TopicId(2),
        "a'" => TopicId(3),
        other => panic!("no topic {other}"),
    }
}

pub(super) fn partition_of(text: &str) -> TopicPartition {
    let (topic, partition) = named(text);
    TopicPartition {
        topic: topic_of(&topic),
        partition,
    }
}

pub(super) fn partition_text(partition: TopicPartition) -> String {
    let name = ["a", "b", "a'"]
        .into_iter()
        .find(|name| topic_of(name) == partition.topic)
        .expect("a known topic");
    format!("{name}-{}", partition.partition)
}

pub(super) fn error_of(text: &str) -> Option<ErrorCode> {
    (-1..200)
        .filter_map(ErrorCode::from_code)
        .find(|error| error.name() == text)
}

/// `5@1`; `none` is -1.
fn at_epoch(text: &str) -> (i64, LeaderEpoch) {
    let (value, epoch) = text.split_once('@').unwrap_or((text, "-1"));
    (
        if value == "none" { -1 } else { number(value) },
        LeaderEpoch(number(epoch)),
    )
}

pub(super) fn response_of(text: &str) -> Response {
    let (api, rest) = text.split_once(' ').expect("an API and its partitions");
    let items = rest
        .split_whitespace()
        .map(|item| item.split_once('=').unwrap_or((item, "")));
    match api {
        "metadata" => metadata_of(items).into(),
        "offsets" => ListOffsetsResponse {
            partitions: items.map(|(name, value)| listed_of(name, value)).collect(),
        }
        .into(),
        "epochs" => OffsetForLeaderEpochResponse {
            partitions: items.map(|(name, value)| end_of(name, value)).collect(),
        }
        .into(),
        "refused" => FetchResponse {
            error_code: error_of(rest).expect("an error"),
            responses: Vec::new(),
        }
        .into(),
        "fetched" => FetchResponse {
            error_code: ErrorCode::None,
            responses: items.map(|(name, value)| fetched_of(name, value)).collect(),
        }
        .into(),
        other => panic!("no response {other}"),
    }
}

fn metadata_of<'a>(items: impl Iterator<Item = (&'a str, &'a str)>) -> MetadataResponse {
    let mut topics: BTreeMap<&str, MetadataTopic> = BTreeMap::new();
    for (item, value) in items {
        let (id_name, index) = item.split_once('-').unwrap_or((item, ""));
        let topic = topics.entry(id_name).or_insert_with(|| MetadataTopic {
            error_code: error_of(value).unwrap_or_default(),
            name: id_name.trim_end_matches('\'').into(),
            topic_id: topic_of(id_name),
            partitions: Vec::new(),
        });
        if topic.error_code == ErrorCode::None {
            let (leader, leader_epoch) = at_epoch(value);
            assert_eq!(
                topic.partitions.len(),
                number::<usize>(index),
                "partitions are told in order"
            );
            topic.partitions.push(MetadataPartition {
                error_code: ErrorCode::None,
                partition_index: number(index),
                leader_id: NodeId(leader as i32),
                leader_epoch,
                replica_nodes: Vec::new(),
                isr_nodes: Vec::new(),
            });
        }
    }
    MetadataResponse {
        brokers: [NodeId(1), NodeId(2)].into(),
        topics: topics.into_values().collect(),
    }
}

/// `5`, `5/300` with its time, `-1` for nothing, or an error.
fn listed_of(name: &str, value: &str) -> ListedOffset {
    let error_code = error_of(value).unwrap_or_default();
    let (value, time) = value.split_once('/').unwrap_or((value, "-1"));
    ListedOffset {
        partition: partition_of(name),
        error_code,
        timestamp: Timestamp(number(time)),
        offset: if error_code == ErrorCode::None {
            Offset(number(value))
        } else {
            Offset::NONE
        },
        leader_epoch: LeaderEpoch::NONE,
    }
}

fn end_of(name: &str, value: &str) -> OffsetForLeaderEpochResult {
    let error_code = error_of(value).unwrap_or_default();
    let (end_offset, leader_epoch) = at_epoch(if error_code == ErrorCode::None { value } else { "none" });
    let end = EpochEndOffset {
        leader_epoch,
        end_offset: Offset(end_offset),
    };
    OffsetForLeaderEpochResult {
        partition: partition_of(name),
        error_code,
        end,
    }
}

fn fetched_of(name: &str, value: &str) -> FetchedPartition {
    let (what, leader) = value
        .split_once('>')
        .map_or((value, None), |(what, leader)| (what, Some(at_epoch(leader))));
    let error_code = error_of(what).unwrap_or_default();
    let batches = what
        .split(',')
        .filter(|batch| error_code == ErrorCode::None && !batch.is_empty());
    FetchedPartition {
        partition: partition_of(name),
        error_code,
        high_watermark: Offset::NONE,
        last_stable_offset: Offset::NONE,
        log_start_offset: Offset::NONE,
        diverging_epoch: None,
        current_leader: leader.map(|(id, leader_epoch)| LeaderIdAndEpoch {
            leader_id: NodeId(id as i32),
            leader_epoch,
        }),
        records: batches.map(batch_of).collect(),
    }
}

/// `0..2@1`, `3@1`, a control batch `c3@1`, a rotten one `!3@1`.
fn batch_of(text: &str) -> Batch {
    let (offsets, epoch) = text
        .trim_start_matches(['c', '!'])
        .split_once('@')
        .expect("offsets@epoch");
    let (first, last) = offsets.split_once("..").unwrap_or((offsets, offsets));
    match text.as_bytes()[0] {
        b'c' => control_batch(number(first), number(epoch)),
        b'!' => batch(number(first), number(last), number(epoch)).rotten(7),
        _ => batch(number(first), number(last), number(epoch)),
    }
}

pub(super) fn request_text(request: &Request) -> String {
    let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
    match request {
        Request::Metadata(metadata) => {
            let Some(topics) = &metadata.topics else {
                return "Metadata of all".to_owned();
            };
            format!(
                "Metadata {}",
                list(&mut topics.iter().map(|topic| (**topic).to_owned()))
            )
        }
        Request::ListOffsets(lookup) => {
            let asked = lookup.partitions.iter().map(|asked| {
                let what = match asked.timestamp {
                    OffsetSpec::Earliest => "earliest".to_owned(),
                    OffsetSpec::Latest => "latest".to_owned(),
                    OffsetSpec::Timestamp(time) => format!("time {time}"),
                };
                format!(
                    "{} {what} @{}",
                    partition_text(asked.partition),
                    asked.current_leader_epoch
                )
            });
            format!("ListOffsets {}", list(&mut { asked }))
        }
        Request::OffsetForLeaderEpoch(lookup) => {
            let asked = lookup.partitions.iter().map(|asked| {
                let partition = partition_text(asked.partition);
                format!(
                    "{partition} end of {} @{}",
                    asked.leader_epoch, asked.current_leader_epoch
                )
            });
            format!("OffsetForLeaderEpoch {}", list(&mut { asked }))
        }
        Request::Fetch(fetch) => {
            let header = (fetch.replica, fetch.min_bytes, fetch.max_wait_ms, fetch.max_bytes);
            assert_eq!(header, (None, 1, 500, 50 << 20), "as configured");
            let asked = fetch.partitions.iter().map(|asked| {
                assert_eq!(
                    asked.last_fetched_epoch,
                    LeaderEpoch::NONE,
                    "only followers are checked by each fetch"
                );
                assert_eq!(asked.partition_max_bytes, 1 << 20, "as configured");
                let partition = partition_text(asked.partition);
                format!(
                    "{partition} from {} @{}",
                    asked.fetch_offset, asked.current_leader_epoch
                )
            });
            format!("Fetch {}", list(&mut { asked }))
        }
        Request::FindCoordinator(_)
        | Request::JoinGroup(_)
        | Request::SyncGroup(_)
        | Request::Heartbeat(_)
        | Request::LeaveGroup(_)
        | Request::OffsetCommit(_)
        | Request::OffsetFetch(_) => group_request_text(request),
        request @ (Request::Produce(_)
        | Request::CreateTopics(_)
        | Request::DeleteRecords(_)
        | Request::DeleteTopics(_)
        | Request::CreatePartitions(_)
        | Request::ElectLeaders(_)
        | Request::AlterPartitionReassignments(_)
        | Request::InitProducerId(_)
        | Request::AlterPartition(_)
        | Request::BrokerRegistration(_)
        | Request::BrokerHeartbeat(_)
        | Request::AllocateProducerIds(_)
        | Request::DescribeGroups(_)
        | Request::ListGroups(_)
        | Request::DeleteGroups(_)) => panic!("a consumer does not send {request:?}"),
    }
}

/// `None`: not worth telling.
pub(super) fn timer_text(timer: Timer) -> Option<String> {
    if matches!(timer, Timer::RequestTimeout { .. } | Timer::MetadataMaxAge) {
        None
    } else if let Timer::FetchBackoff { leader } = timer {
        Some(format!("fetch {leader}"))
    } else if let Timer::PositionBackoff { partition } = timer {
        Some(format!("position {}", partition_text(partition)))
    } else if let Timer::ReconnectBackoff { peer, .. } = timer {
        Some(format!("reconnect {peer}"))
    } else if timer == Timer::MetadataBackoff {
        Some("metadata".to_owned())
    } else {
        let named = [
            (Timer::PollTimeout, "poll"),
            (Timer::ListenerCallTimeout, "listener"),
            (Timer::CoordinatorBackoff, "coordinator"),
            (Timer::OffsetsBackoff, "offsets"),
            (Timer::MemberHeartbeat, "heartbeat"),
            (Timer::MemberSession, "session"),
            (Timer::MaxPollInterval, "max-poll"),
            (Timer::AutoCommit, "auto-commit"),
            (Timer::JoinPrepare, "prepare"),
            (Timer::CloseTimeout, "close"),
        ];
        let name = named.iter().find(|(named, _)| *named == timer).map(|(_, name)| *name);
        let name = name.unwrap_or_else(|| panic!("a consumer arms no {timer:?}"));
        Some(name.to_owned())
    }
}

pub(super) fn polled_text(polled: &Result<Vec<ConsumerRecord>, PollError>) -> String {
    let records = match polled {
        Ok(records) => records,
        Err(error) => return error_text(error),
    };
    let mut text = String::new();
    let mut partition = None;
    for record in records {
        assert_eq!(
            record.value,
            Some(value_at(record.offset.0)),
            "the record belongs to its offset"
        );
        if partition.replace((&record.topic, record.partition)) != Some((&record.topic, record.partition)) {
            text += &format!(" {}-{}:", record.topic, record.partition);
        }
        text += &format!(" {}", record.offset);
    }
    if text.is_empty() {
        "nothing".to_owned()
    } else {
        text.trim().to_owned()
    }
}

pub(super) fn looked_up_text(found: &Result<Vec<LookedUp>, LookupError>) -> String {
    match found {
        Ok(found) => {
            let each = found.iter().map(|found| match found.timestamp {
                Timestamp::NONE => format!("{found}"),
                time => format!("{found} of time {time}"),
            });
            each.collect::<Vec<_>>().join(", ")
        }
        Err(LookupError::Timeout) => "Timeout".to_owned(),
        Err(LookupError::Poll(error)) => error_text(error),
    }
}

fn error_text(error: &PollError) -> String {
    match error {
        PollError::Wakeup => "Wakeup".to_owned(),
        PollError::FencedInstanceId => "FencedInstanceId".to_owned(),
        PollError::Group(error) => error.name().to_owned(),
        PollError::NoOffsetForPartition { topic, partition } => format!("NoOffsetForPartition {topic}-{partition}"),
        PollError::OffsetOutOfRange {
            topic,
            partition,
            offset,
        } => {
            format!("OffsetOutOfRange {topic}-{partition} at {offset}")
        }
        PollError::LogTruncation {
            topic,
            partition,
            offset,
            divergent_offset,
        } => {
            format!("LogTruncation {topic}-{partition} at {offset}, diverging from {divergent_offset}")
        }
        PollError::CorruptRecord {
            topic,
            partition,
            offset,
        } => format!("CorruptRecord {topic}-{partition} at {offset}"),
    }
}

pub(super) fn note_text(note: &Note) -> Option<String> {
    Some(if let Note::PositionOutOfRange { partition, position } = note {
        format!("{} out of range at {position}", partition_text(*partition))
    } else if let Note::PositionReset { partition, to } = note {
        format!("{} reset to {to}", partition_text(*partition))
    } else if let Note::PositionValidated { partition, at } = note {
        format!("{} valid at {at}", partition_text(*partition))
    } else if let Note::TruncationDetected {
        partition,
        position,
        divergent_offset,
    } = note
    {
        format!(
            "{} truncated below {position}, diverging from {divergent_offset}",
            partition_text(*partition)
        )
    } else {
        return group_note_text(note);
    })
}
