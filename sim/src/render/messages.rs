//! Requests and responses in words: the API, and what matters in it.

use std::collections::BTreeSet;

use kafkasim_core::error::ErrorCode;
use kafkasim_core::ids::{LeaderEpoch, TopicPartition};
use kafkasim_core::message::{
    Acks, AlterPartitionRequest, AlterPartitionResponse, EpochEndOffset, FetchRequest, FetchResponse, FetchedPartition,
    ListOffsetsRequest, ListOffsetsResponse, Message, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetSpec, ProduceRequest, ProduceResponse, Request, Response,
};
use kafkasim_core::record::Batch;

use super::names::{Names, listed};
use super::scene::stored;
use super::story::View;
use super::text::{Line, Tone};

/// Something in words, and whether it is worth telling even if nothing comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) line: Line,
    pub(super) notable: bool,
}

impl Words {
    pub(super) const fn notable(line: Line) -> Self {
        Self { line, notable: true }
    }

    pub(super) const fn routine(line: Line) -> Self {
        Self { line, notable: false }
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
        notable: details.notable,
    }
}

fn request(request: &Request, names: &Names, marks: &BTreeSet<String>) -> Words {
    match request {
        Request::Produce(produce) => Words::notable(produce_request(produce, names, marks)),
        Request::Fetch(fetch) => Words::routine(fetch_request(fetch, names)),
        Request::ListOffsets(list) => Words::routine(list_offsets_request(list, names)),
        Request::Metadata(metadata) => {
            let topics = metadata.topics.as_deref().unwrap_or_default();
            Words::routine(Line::plain(
                topics.iter().map(|topic| &**topic).collect::<Vec<_>>().join(" "),
            ))
        }
        Request::CreateTopics(create) => Words::routine(Line::plain(&*create.topic.name)),
        Request::InitProducerId(_) => Words::routine(Line::new()),
        Request::OffsetForLeaderEpoch(ask) => Words::routine(epochs_request(ask, names)),
        Request::AlterPartition(alter) => Words::notable(alter_request(alter, names)),
        Request::BrokerRegistration(register) => {
            Words::routine(Line::plain(format!("incarnation {}", register.incarnation_id)))
        }
        Request::BrokerHeartbeat(beat) => {
            let wish = if beat.want_shut_down { "wants to shut down" } else { "" };
            Words {
                line: Line::plain(wish),
                notable: beat.want_shut_down,
            }
        }
        Request::AllocateProducerIds(_) => Words::routine(Line::new()),
    }
}

fn response(response: &Response, names: &Names, marks: &BTreeSet<String>) -> Words {
    match response {
        Response::Produce(produce) => Words::notable(produce_response(produce, names)),
        Response::Fetch(fetch) => fetch_response(fetch, names, marks),
        Response::ListOffsets(list) => list_offsets_response(list, names),
        Response::Metadata(metadata) => {
            let leaders = metadata.topics.iter().flat_map(|topic| {
                topic.partitions.iter().map(|partition| {
                    format!(
                        "{}-{}: leader {}",
                        topic.name, partition.partition_index, partition.leader_id
                    )
                })
            });
            Words::routine(Line::plain(leaders.collect::<Vec<_>>().join(", ")))
        }
        Response::CreateTopics(create) => outcome(create.error_code, Line::plain("ok")),
        Response::InitProducerId(init) => {
            let line = Line::plain(format!("id {} epoch {}", init.producer_id, init.producer_epoch));
            Words {
                notable: true,
                ..outcome(init.error_code, line)
            }
        }
        Response::OffsetForLeaderEpoch(found) => Words::notable(epochs_response(found, names)),
        Response::AlterPartition(alter) => alter_response(alter, names),
        Response::BrokerRegistration(register) => outcome(
            register.error_code,
            Line::plain(format!("broker epoch {}", register.broker_epoch)),
        ),
        Response::BrokerHeartbeat(beat) => {
            let told = if beat.should_shut_down {
                "may shut down"
            } else if beat.is_fenced {
                "fenced"
            } else {
                ""
            };
            let told = outcome(beat.error_code, Line::plain(told));
            Words {
                notable: told.notable || beat.should_shut_down,
                ..told
            }
        }
        Response::AllocateProducerIds(ids) => outcome(
            ids.error_code,
            Line::plain(format!("{} from {}", ids.producer_id_len, ids.producer_id_start)),
        ),
    }
}

fn produce_request(produce: &ProduceRequest, names: &Names, marks: &BTreeSet<String>) -> Line {
    let mut line = joined(produce.partition_data.iter().map(|data| {
        let mut line = Line::plain(names.whose(data.partition));
        line.extend(values(std::slice::from_ref(&data.records), marks));
        if data.records.base_sequence().0 >= 0 {
            line.push(Tone::Dim, format!(" seq {}", data.records.base_sequence()));
        }
        line
    }));
    match produce.acks {
        Acks::None => line.push(Tone::Plain, " acks=0"),
        Acks::Leader => line.push(Tone::Plain, " acks=1"),
        Acks::All => line.push(Tone::Dim, " acks=all"),
    }
    line
}

fn produce_response(produce: &ProduceResponse, names: &Names) -> Line {
    joined(produce.responses.iter().map(|response| {
        let line = Line::plain(names.whose(response.partition));
        match refusal(response.error_code) {
            None => line.then(Tone::Dim, format!("@{}", response.base_offset)),
            Some(why) => line.then_line(why),
        }
    }))
}

fn fetch_request(fetch: &FetchRequest, names: &Names) -> Line {
    joined(fetch.partitions.iter().map(|from| {
        let mut line = Line::plain(format!("{}from {}", whose(from.partition, names), from.fetch_offset));
        if from.last_fetched_epoch > LeaderEpoch::NONE && from.partition != TopicPartition::CLUSTER_METADATA {
            line.push(Tone::Dim, format!(" after e{}", from.last_fetched_epoch));
        }
        line
    }))
}

fn fetch_response(fetch: &FetchResponse, names: &Names, marks: &BTreeSet<String>) -> Words {
    if fetch.error_code != ErrorCode::None {
        return Words::notable(Line::of(Tone::Bad, fetch.error_code.name()));
    }
    // Brokers follow the metadata log all the time; what it tells them is told by what they make of it.
    let says_much = |fetched: &FetchedPartition| {
        let is_metadata = fetched.partition == TopicPartition::CLUSTER_METADATA;
        fetched.error_code != ErrorCode::None
            || fetched.diverging_epoch.is_some()
            || !(is_metadata || fetched.records.is_empty())
    };
    let (telling, empty): (Vec<_>, Vec<_>) = fetch.responses.iter().partition(|fetched| says_much(fetched));
    let shown = if telling.is_empty() { &empty } else { &telling };
    let line = joined(shown.iter().map(|fetched| fetched_partition(fetched, names, marks)));
    Words {
        line,
        notable: !telling.is_empty(),
    }
}

fn fetched_partition(fetched: &FetchedPartition, names: &Names, marks: &BTreeSet<String>) -> Line {
    let mut line = Line::plain(whose(fetched.partition, names));
    if fetched.error_code != ErrorCode::None {
        return line.then(Tone::Bad, fetched.error_code.name());
    }
    if let Some(end) = fetched.diverging_epoch {
        return line.then(Tone::Bad, format!("diverges, {}", epoch_end(end)));
    }
    match fetched.records.as_slice() {
        [] => line.push(Tone::Dim, "nothing"),
        records if fetched.partition == TopicPartition::CLUSTER_METADATA => {
            let count: i32 = records.iter().map(Batch::record_count).sum();
            line.push(Tone::Dim, format!("×{count}"));
        }
        records => line.extend(values(records, marks)),
    }
    line
}

fn list_offsets_request(list: &ListOffsetsRequest, names: &Names) -> Line {
    joined(list.partitions.iter().map(|of| {
        let what = match of.timestamp {
            OffsetSpec::Earliest => "earliest".to_owned(),
            OffsetSpec::Latest => "latest".to_owned(),
            OffsetSpec::Timestamp(timestamp) => format!("at {timestamp}"),
        };
        Line::plain(format!("{}{what}", names.whose(of.partition)))
    }))
}

fn list_offsets_response(list: &ListOffsetsResponse, names: &Names) -> Words {
    let line = joined(list.partitions.iter().map(|found| {
        let line = Line::plain(names.whose(found.partition));
        match refusal(found.error_code) {
            None => line.then(Tone::Plain, format!("@{}", found.offset)),
            Some(why) => line.then_line(why),
        }
    }));
    Words::routine(line)
}

fn epochs_request(ask: &OffsetForLeaderEpochRequest, names: &Names) -> Line {
    joined(
        ask.partitions
            .iter()
            .map(|of| Line::plain(format!("{}end of e{}?", names.whose(of.partition), of.leader_epoch))),
    )
}

fn epochs_response(found: &OffsetForLeaderEpochResponse, names: &Names) -> Line {
    joined(found.partitions.iter().map(|found| {
        let line = Line::plain(names.whose(found.partition));
        match refusal(found.error_code) {
            None => line.then(Tone::Plain, epoch_end(found.end)),
            Some(why) => line.then_line(why),
        }
    }))
}

fn epoch_end(end: EpochEndOffset) -> String {
    if end.leader_epoch == LeaderEpoch::NONE {
        return "epoch unknown".to_owned();
    }
    format!("e{} ends at {}", end.leader_epoch, end.end_offset)
}

fn alter_request(alter: &AlterPartitionRequest, names: &Names) -> Line {
    joined(alter.partitions.iter().map(|proposal| {
        let isr: Vec<_> = proposal.new_isr.iter().map(|broker| broker.broker_id).collect();
        Line::plain(format!(
            "{}ISR {}",
            names.whose(proposal.partition),
            names.replicas(&isr)
        ))
        .then(Tone::Dim, format!(" from v{}", proposal.partition_epoch))
    }))
}

fn alter_response(alter: &AlterPartitionResponse, names: &Names) -> Words {
    if alter.error_code != ErrorCode::None {
        return Words::notable(Line::of(Tone::Bad, alter.error_code.name()));
    }
    let line = joined(alter.partitions.iter().map(|altered| {
        let line = Line::plain(names.whose(altered.partition));
        match refusal(altered.error_code) {
            None => line
                .then(Tone::Plain, format!("ISR {}", names.replicas(&altered.isr)))
                .then(Tone::Dim, format!(" v{}", altered.partition_epoch)),
            Some(why) => line.then_line(why),
        }
    }));
    Words {
        line,
        notable: alter
            .partitions
            .iter()
            .any(|altered| altered.error_code != ErrorCode::None),
    }
}

/// Success is routine, an error is not.
fn outcome(error: ErrorCode, success: Line) -> Words {
    refusal(error).map_or(Words::routine(success), Words::notable)
}

fn refusal(error: ErrorCode) -> Option<Line> {
    (error != ErrorCode::None).then(|| Line::of(Tone::Bad, error.name()))
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

fn joined(parts: impl Iterator<Item = Line>) -> Line {
    let mut line = Line::new();
    for part in parts {
        if !line.is_empty() {
            line.push(Tone::Plain, ", ");
        }
        line.extend(part);
    }
    line
}
