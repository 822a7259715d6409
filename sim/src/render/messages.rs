//! Requests and responses in words: the API, and what matters in it.

use std::collections::BTreeSet;

use kafkasim_core::call::Administration;
use kafkasim_core::error::ErrorCode;
use kafkasim_core::ids::{LeaderEpoch, TopicPartition};
use kafkasim_core::message::{
    Acks, AlterPartitionRequest, AlterPartitionResponse, BrokerHeartbeatResponse, DeleteBefore, EpochEndOffset,
    FetchRequest, FetchResponse, FetchedPartition, ListOffsetsRequest, ListOffsetsResponse, Message, MetadataResponse,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetSpec, PartitionElection, ProduceRequest,
    ProduceResponse, Request, Response,
};
use kafkasim_core::record::Batch;

use super::administration;
use super::groups;
use super::names::{Names, listed};
use super::scene::stored;
use super::story::View;
use super::text::{Line, Tone};

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// It goes on all the time, and nothing comes of it.
    Routine,
    /// Records on their way, as they should be.
    Ordinary,
    /// Something changed, or went wrong.
    Notable,
}

/// Something in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) line: Line,
    pub(super) weight: Weight,
}

impl Words {
    pub(super) const fn notable(line: Line) -> Self {
        Self {
            line,
            weight: Weight::Notable,
        }
    }

    pub(super) const fn ordinary(line: Line) -> Self {
        Self {
            line,
            weight: Weight::Ordinary,
        }
    }

    pub(super) const fn routine(line: Line) -> Self {
        Self {
            line,
            weight: Weight::Routine,
        }
    }

    /// The same of somebody or something.
    fn of(self, whose: String) -> Self {
        Self {
            line: Line::plain(whose).then_line(self.line),
            ..self
        }
    }
}

/// A message in words. Values that are marked are named even where others are left out.
pub(super) fn message(message: &Message, View { names, marks, .. }: View<'_>) -> Words {
    let mut line = Line::of(Tone::Strong, message.api().name());
    let details = match message {
        Message::Request(message) => request(message, names, marks),
        Message::Response(message) => {
            line.push(Tone::Plain, " answer");
            response(message, names, marks)
        }
    };
    if !details.line.is_empty() {
        line.push(Tone::Plain, " ");
        line.extend(details.line);
    }
    Words {
        line,
        weight: details.weight,
    }
}

fn request(request: &Request, names: &Names, marks: &BTreeSet<String>) -> Words {
    if let Some(words) = groups::request(request) {
        return words;
    }
    match request {
        Request::Produce(produce) => Words::ordinary(produce_request(produce, names, marks)),
        Request::Fetch(fetch) => fetch_request(fetch, names),
        Request::ListOffsets(list) => list_offsets_request(list, names),
        Request::Metadata(metadata) => {
            let topics = metadata.topics.as_deref().unwrap_or_default();
            Words::routine(Line::plain(
                topics.iter().map(|topic| &**topic).collect::<Vec<_>>().join(" "),
            ))
        }
        Request::CreateTopics(create) => Words::routine(Line::plain(&*create.topic.name)),
        Request::DeleteRecords(delete) => joined(delete.partitions.iter().map(|asked| {
            let before = match asked.offset {
                DeleteBefore::HighWatermark => "high watermark".to_owned(),
                DeleteBefore::Offset(offset) => offset.to_string(),
            };
            Words::notable(Line::plain(format!("before {before}"))).of(names.whose(asked.partition))
        })),
        Request::DeleteTopics(delete) => Words::notable(Line::plain(&*delete.topic)),
        Request::CreatePartitions(create) => {
            Words::routine(Line::plain(format!("{} to {}", create.topic.topic, create.topic.count)))
        }
        Request::ElectLeaders(elect) => Words::notable(Line::plain(administration::elections(elect.election_type))),
        Request::AlterPartitionReassignments(request) => Words::notable(Line::plain(administration::task(
            &Administration::Reassign(request.reassignment.clone()),
            names,
        ))),
        Request::InitProducerId(_) | Request::AllocateProducerIds(_) => Words::routine(Line::new()),
        Request::OffsetForLeaderEpoch(ask) => epochs_request(ask, names),
        Request::AlterPartition(alter) => alter_request(alter, names),
        Request::BrokerRegistration(register) => {
            Words::routine(Line::plain(format!("incarnation {}", register.incarnation_id)))
        }
        Request::BrokerHeartbeat(beat) if beat.want_shut_down => Words::notable(Line::plain("wants to shut down")),
        Request::BrokerHeartbeat(_) => Words::routine(Line::new()),
        Request::FindCoordinator(_)
        | Request::JoinGroup(_)
        | Request::SyncGroup(_)
        | Request::Heartbeat(_)
        | Request::LeaveGroup(_)
        | Request::OffsetCommit(_)
        | Request::OffsetFetch(_)
        | Request::DescribeGroups(_)
        | Request::ListGroups(_)
        | Request::DeleteGroups(_) => panic!("{:?} is about groups", request.api()),
    }
}

fn response(response: &Response, names: &Names, marks: &BTreeSet<String>) -> Words {
    if let Some(words) = groups::response(response, names) {
        return words;
    }
    match response {
        Response::Produce(produce) => produce_response(produce, names),
        Response::Fetch(fetch) => fetch_response(fetch, names, marks),
        Response::ListOffsets(list) => list_offsets_response(list, names),
        Response::Metadata(metadata) => metadata_response(metadata),
        Response::CreateTopics(create) => outcome(create.error_code, Words::routine(Line::plain("ok"))),
        Response::DeleteRecords(deleted) => joined(deleted.partitions.iter().map(|found| {
            let line = Words::ordinary(Line::plain(format!("low watermark {}", found.low_watermark)));
            outcome(found.error_code, line).of(names.whose(found.partition))
        })),
        Response::DeleteTopics(delete) => outcome(delete.error_code, Words::routine(Line::plain("ok"))),
        Response::CreatePartitions(create) => outcome(create.error_code, Words::routine(Line::plain("ok"))),
        Response::ElectLeaders(elect) => outcome(elect.error_code, elected(&elect.replica_election_results, names)),
        Response::AlterPartitionReassignments(begun) => outcome(begun.error_code, Words::routine(Line::plain("ok"))),
        Response::InitProducerId(init) => {
            let line = Line::plain(format!("id {} epoch {}", init.producer_id, init.producer_epoch));
            outcome(init.error_code, Words::notable(line))
        }
        Response::OffsetForLeaderEpoch(found) => epochs_response(found, names),
        Response::AlterPartition(alter) => alter_response(alter, names),
        Response::BrokerRegistration(register) => {
            let line = Line::plain(format!("broker epoch {}", register.broker_epoch));
            outcome(register.error_code, Words::routine(line))
        }
        Response::BrokerHeartbeat(beat) => outcome(beat.error_code, heartbeat_response(beat)),
        Response::AllocateProducerIds(ids) => {
            let line = Line::plain(format!("{} from {}", ids.producer_id_len, ids.producer_id_start));
            outcome(ids.error_code, Words::routine(line))
        }
        Response::FindCoordinator(_)
        | Response::JoinGroup(_)
        | Response::SyncGroup(_)
        | Response::Heartbeat(_)
        | Response::LeaveGroup(_)
        | Response::OffsetCommit(_)
        | Response::OffsetFetch(_)
        | Response::DescribeGroups(_)
        | Response::ListGroups(_)
        | Response::DeleteGroups(_) => panic!("{:?} is about groups", response.api()),
    }
}

fn produce_request(produce: &ProduceRequest, names: &Names, marks: &BTreeSet<String>) -> Line {
    let Words { mut line, .. } = joined(produce.partition_data.iter().map(|data| {
        let mut line = Line::plain(names.whose(data.partition));
        line.extend(values(std::slice::from_ref(&data.records), marks));
        if data.records.base_sequence().0 >= 0 {
            line.push(Tone::Dim, format!(" seq {}", data.records.base_sequence()));
        }
        Words::ordinary(line)
    }));
    match produce.acks {
        Acks::None => line.push(Tone::Plain, " acks=0"),
        Acks::Leader => line.push(Tone::Plain, " acks=1"),
        Acks::All => line.push(Tone::Dim, " acks=all"),
    }
    line
}

fn produce_response(produce: &ProduceResponse, names: &Names) -> Words {
    joined(produce.responses.iter().map(|response| {
        let written = Words::ordinary(Line::of(Tone::Dim, format!("@{}", response.base_offset)));
        outcome(response.error_code, written).of(names.whose(response.partition))
    }))
}

fn fetch_request(fetch: &FetchRequest, names: &Names) -> Words {
    joined(fetch.partitions.iter().map(|from| {
        let mut line = Line::plain(format!("{}from {}", whose(from.partition, names), from.fetch_offset));
        if from.last_fetched_epoch > LeaderEpoch::NONE && from.partition != TopicPartition::CLUSTER_METADATA {
            line.push(Tone::Dim, format!(" after e{}", from.last_fetched_epoch));
        }
        Words::routine(line)
    }))
}

fn fetch_response(fetch: &FetchResponse, names: &Names, marks: &BTreeSet<String>) -> Words {
    let all = fetch
        .responses
        .iter()
        .map(|fetched| fetched_partition(fetched, marks).of(whose(fetched.partition, names)));
    let (telling, empty): (Vec<_>, Vec<_>) = all.partition(|words| words.weight > Weight::Routine);
    outcome(
        fetch.error_code,
        joined(if telling.is_empty() { empty } else { telling }.into_iter()),
    )
}

fn fetched_partition(fetched: &FetchedPartition, marks: &BTreeSet<String>) -> Words {
    let words = match (fetched.diverging_epoch, fetched.records.as_slice()) {
        (Some(end), _) => Words::notable(Line::of(Tone::Bad, format!("diverges, {}", epoch_end(end)))),
        (None, []) => Words::routine(Line::of(Tone::Dim, "nothing")),
        // Brokers follow the metadata log all the time; what it tells them is told by what they make of it.
        (None, records) if fetched.partition == TopicPartition::CLUSTER_METADATA => {
            let count: i32 = records.iter().map(Batch::record_count).sum();
            Words::routine(Line::of(Tone::Dim, format!("×{count}")))
        }
        (None, records) => Words::ordinary(values(records, marks)),
    };
    outcome(fetched.error_code, words)
}

fn list_offsets_request(list: &ListOffsetsRequest, names: &Names) -> Words {
    joined(list.partitions.iter().map(|of| {
        let what = match of.timestamp {
            OffsetSpec::Earliest => "earliest".to_owned(),
            OffsetSpec::Latest => "latest".to_owned(),
            OffsetSpec::Timestamp(timestamp) => format!("at {timestamp}"),
        };
        Words::routine(Line::plain(what)).of(names.whose(of.partition))
    }))
}

fn list_offsets_response(list: &ListOffsetsResponse, names: &Names) -> Words {
    let all = joined(list.partitions.iter().map(|found| {
        let offset = Words::routine(Line::plain(format!("@{}", found.offset)));
        outcome(found.error_code, offset).of(names.whose(found.partition))
    }));
    // Whoever asked will ask again.
    Words::routine(all.line)
}

fn metadata_response(metadata: &MetadataResponse) -> Words {
    joined(metadata.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| {
            let whose = format!("{}-{}: ", topic.name, partition.partition_index);
            Words::routine(Line::plain(format!("leader {}", partition.leader_id))).of(whose)
        })
    }))
}

fn epochs_request(ask: &OffsetForLeaderEpochRequest, names: &Names) -> Words {
    joined(
        ask.partitions.iter().map(|of| {
            Words::routine(Line::plain(format!("end of e{}?", of.leader_epoch))).of(names.whose(of.partition))
        }),
    )
}

fn epochs_response(found: &OffsetForLeaderEpochResponse, names: &Names) -> Words {
    joined(found.partitions.iter().map(|found| {
        let end = Words::notable(Line::plain(epoch_end(found.end)));
        outcome(found.error_code, end).of(names.whose(found.partition))
    }))
}

fn epoch_end(end: EpochEndOffset) -> String {
    if end.leader_epoch == LeaderEpoch::NONE {
        return "epoch unknown".to_owned();
    }
    format!("e{} ends at {}", end.leader_epoch, end.end_offset)
}

/// What came of elections.
fn elected(results: &[PartitionElection], names: &Names) -> Words {
    if results.is_empty() {
        return Words::routine(Line::plain("no election was needed"));
    }
    joined(results.iter().map(|result| {
        let elected = Words::notable(Line::plain("elected"));
        outcome(result.error_code, elected).of(names.whose(result.partition))
    }))
}

fn alter_request(alter: &AlterPartitionRequest, names: &Names) -> Words {
    joined(alter.partitions.iter().map(|proposal| {
        let isr: Vec<_> = proposal.new_isr.iter().map(|broker| broker.broker_id).collect();
        let line = Line::plain(format!("ISR {}", names.replicas(&isr)));
        Words::notable(line.then(Tone::Dim, format!(" from v{}", proposal.partition_epoch)))
            .of(names.whose(proposal.partition))
    }))
}

fn alter_response(alter: &AlterPartitionResponse, names: &Names) -> Words {
    let all = joined(alter.partitions.iter().map(|altered| {
        let line = Line::plain(format!("ISR {}", names.replicas(&altered.isr)));
        let altered_to = Words::routine(line.then(Tone::Dim, format!(" v{}", altered.partition_epoch)));
        outcome(altered.error_code, altered_to).of(names.whose(altered.partition))
    }));
    outcome(alter.error_code, all)
}

fn heartbeat_response(beat: &BrokerHeartbeatResponse) -> Words {
    if beat.should_shut_down {
        Words::notable(Line::plain("may shut down"))
    } else {
        Words::routine(Line::plain(if beat.is_fenced { "fenced" } else { "" }))
    }
}

/// What success is told as, or else the error.
pub(super) fn outcome(error: ErrorCode, success: Words) -> Words {
    if error == ErrorCode::None {
        success
    } else {
        Words::notable(Line::of(Tone::Bad, error.name()))
    }
}

fn whose(partition: TopicPartition, names: &Names) -> String {
    if partition == TopicPartition::CLUSTER_METADATA {
        "metadata ".to_owned()
    } else {
        names.whose(partition)
    }
}

/// The values in some batches.
fn values(batches: &[Batch], marks: &BTreeSet<String>) -> Line {
    marked(
        batches.iter().flat_map(stored).map(|record| record.value).collect(),
        marks,
    )
}

/// Some values, abridged; those that are marked come first, and in their own tone.
pub(super) fn marked(values: Vec<String>, marks: &BTreeSet<String>) -> Line {
    let (marked, rest): (Vec<String>, Vec<String>) = values.into_iter().partition(|value| marks.contains(value));
    let mut line = Line::of(
        Tone::Mark,
        marked
            .iter()
            .map(|value| format!("►{value}"))
            .collect::<Vec<_>>()
            .join(" "),
    );
    if !line.is_empty() && !rest.is_empty() {
        line.push(Tone::Plain, " ");
    }
    line.then(Tone::Plain, listed(&rest))
}

/// Several parts, as weighty as the weightiest of them.
pub(super) fn joined(parts: impl Iterator<Item = Words>) -> Words {
    let mut all = Words::routine(Line::new());
    for part in parts {
        all.line.push(Tone::Plain, if all.line.is_empty() { "" } else { ", " });
        all.line.extend(part.line);
        all.weight = all.weight.max(part.weight);
    }
    all
}
