//! What an action caused, in words: calls, answers, and what machines tell about themselves.

use kafkasim_core::call::{Answer, Call, ConsumerRecord, NewTopic, PollError, ProducerRecord, SendError, SendFailure};
use kafkasim_core::ids::{NodeId, Offset, TopicName, TopicPartition};
use kafkasim_core::note::Note;

use super::landmarks::missing;
use super::messages::{Words, marked};
use super::names::{self, Names, listed};
use super::scene::{Scene, Stored};
use super::story::View;
use super::text::{Line, Tone};
use crate::world::Event;

/// How a call ended, as its caller may take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was done.
    Ok(String),
    /// It was not done, for certain.
    Fail(String),
    /// It may have been done.
    Unknown(String),
}

impl Outcome {
    /// `ok @5`, `fail record too large`
    pub(super) fn words(&self) -> String {
        let (word, details) = match self {
            Self::Ok(details) => ("ok", details),
            Self::Fail(details) => ("fail", details),
            Self::Unknown(details) => ("unknown", details),
        };
        format!("{word} {details}").trim_end().to_owned()
    }

    const fn tone(&self) -> Tone {
        match self {
            Self::Ok(_) => Tone::Good,
            Self::Fail(_) => Tone::Bad,
            Self::Unknown(_) => Tone::Unsure,
        }
    }
}

/// Why a send was not acknowledged, and what its caller may conclude.
pub(super) fn send_failure(failure: SendFailure) -> Outcome {
    let why = match failure.error {
        SendError::Kafka(error) => error.name(),
        SendError::DeliveryTimeout => "delivery.timeout.ms went by",
        SendError::MaxBlock => "max.block.ms went by",
        SendError::RecordTooLarge => "record too large",
        SendError::SequenceLost => "sequence lost",
    };
    if failure.is_definite() {
        Outcome::Fail(why.to_owned())
    } else {
        Outcome::Unknown(why.to_owned())
    }
}

/// Why a poll threw.
pub(super) fn poll_failure(error: &PollError) -> String {
    match error {
        PollError::NoOffsetForPartition { topic, partition } => format!("no offset for {topic}-{partition}"),
        PollError::OffsetOutOfRange {
            topic,
            partition,
            offset,
        } => format!("{topic}-{partition}@{offset} is out of range"),
        PollError::LogTruncation {
            topic,
            partition,
            offset,
            divergent_offset,
        } => {
            format!("{topic}-{partition}@{offset} was truncated from {divergent_offset} on")
        }
        PollError::CorruptRecord {
            topic,
            partition,
            offset,
        } => format!("corrupt record at {topic}-{partition}@{offset}"),
    }
}

/// The first of these events in words (nothing, if something else tells it), or as many as are told as one, and how many those are. All are
/// told before they are applied to the scene.
pub(super) fn told(events: &[Event], view: View<'_>) -> (Option<Words>, usize) {
    let View { names, scene, .. } = view;
    let words = match &events[0] {
        Event::Started { .. } | Event::Fault(_) | Event::Late { .. } | Event::Severed { .. } => None,
        Event::Stopped { node, in_order } => stopped(names, scene, *node, *in_order),
        Event::Called {
            call: Call::Send { .. },
            ..
        } => return sent(events, view),
        Event::Called { call, .. } => Some(called(call, names)),
        Event::Answered {
            node,
            answer: Answer::Sent { .. },
        } => return completed(*node, events, view),
        Event::Answered { answer, .. } => answered(answer, view),
        Event::Note { node, note } => {
            let count = events.iter().take_while(|other| **other == events[0]).count();
            let mut words = noted(*node, note, view);
            if let (Some(words), 2..) = (&mut words, count) {
                words.line.push(Tone::Dim, format!(" ×{count}"));
            }
            return (words, count);
        }
    };
    (words, 1)
}

fn stopped(names: &Names, scene: &Scene, node: NodeId, in_order: bool) -> Option<Words> {
    if in_order {
        return Some(Words::notable(Line::plain(format!(
            "{} stops in order",
            names.process(node)
        ))));
    }
    let unanswered: Vec<String> = scene.outstanding(node).cloned().collect();
    let words = Line::plain(format!("{} ", listed(&unanswered))).then(Tone::Unsure, "unknown");
    (!unanswered.is_empty()).then(|| Words::notable(words))
}

/// Some sends in a row to the same place.
fn sent(events: &[Event], view: View<'_>) -> (Option<Words>, usize) {
    let record = |event: &Event| {
        let Event::Called {
            call: Call::Send { record, .. },
            ..
        } = event
        else {
            return None;
        };
        Some((destination(record), names::value(record.value.as_deref())))
    };
    let first = record(&events[0]).map(|(destination, _)| destination);
    let run = events
        .iter()
        .map_while(record)
        .take_while(|(destination, _)| Some(destination) == first.as_ref());
    let values: Vec<String> = run.map(|(_, value)| value).collect();
    let count = values.len();
    let mut line = Line::plain("send ").then_line(marked(values, view.marks));
    if view.names.sole_partition().is_none() {
        line.push(Tone::Plain, format!(" to {}", first.unwrap_or_default()));
    }
    (Some(Words::notable(line)), count)
}

fn called(call: &Call, names: &Names) -> Words {
    match call {
        Call::Assign(partitions) => Words::notable(Line::plain(format!("assign {}", assignment(partitions)))),
        Call::Send { .. } => Words::notable(Line::plain("send")),
        Call::Poll { .. } => Words::routine(Line::plain("poll")),
        Call::ShutDown => Words::routine(Line::plain("shut down")),
        Call::CreateTopic(topic) => Words::notable(Line::plain(creation(topic, names))),
    }
}

/// Some sends of one process that end in a row in the same way: all well, one offset after the other, or all for the same reason.
fn completed(node: NodeId, events: &[Event], view: View<'_>) -> (Option<Words>, usize) {
    let mut run = events.iter().map_while(|event| {
        let Event::Answered {
            node: other,
            answer: Answer::Sent { call, result },
        } = event
        else {
            return None;
        };
        let value = view
            .scene
            .sent(*other, *call)
            .cloned()
            .unwrap_or_else(|| format!("call {call}"));
        (*other == node).then_some((value, result))
    });
    let Some((value, first)) = run.next() else {
        return (None, 1);
    };
    let mut values = vec![value];
    let mut last = first;
    for (value, result) in run {
        let goes_on = match (last, result) {
            (Ok(last), Ok(next)) => {
                last.partition == next.partition
                    && last.topic == next.topic
                    && last.offset.map(Offset::next) == next.offset
            }
            (Err(last), Err(next)) => last == next,
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
        };
        if !goes_on {
            break;
        }
        values.push(value);
        last = result;
    }
    let count = values.len();
    let outcome = match (first, last) {
        (Ok(first), Ok(last)) => Outcome::Ok(range(first.offset, last.offset)),
        (Err(failure), _) | (_, Err(failure)) => send_failure(*failure),
    };
    let line = marked(values, view.marks)
        .then(Tone::Plain, " ")
        .then(outcome.tone(), outcome.words());
    (Some(Words::notable(line)), count)
}

fn answered(answer: &Answer, view: View<'_>) -> Option<Words> {
    match answer {
        Answer::Polled(Ok(records)) if records.is_empty() => Some(Words::routine(Line::plain("polls nothing"))),
        Answer::Polled(Ok(records)) => Some(Words::notable(Line::plain("reads ").then_line(read(records, view)))),
        Answer::Polled(Err(error)) => Some(Words::notable(Line::of(
            Tone::Bad,
            format!("poll throws: {}", poll_failure(error)),
        ))),
        Answer::Sent { .. } | Answer::ShutDown => None,
        Answer::TopicCreated(Ok(())) => Some(Words::notable(Line::of(Tone::Good, "topic created"))),
        Answer::TopicCreated(Err(error)) => Some(Words::notable(Line::of(
            Tone::Bad,
            format!("topic not created: {error}"),
        ))),
    }
}

fn noted(node: NodeId, note: &Note, view: View<'_>) -> Option<Words> {
    let View { names, scene, .. } = view;
    of_controller(note, names, scene)
        .or_else(|| of_broker(node, note, view))
        .or_else(|| of_client(note, names))
}

/// Where a record is to go: `orders`, or `orders-1` if it says so.
pub(super) fn destination(record: &ProducerRecord) -> String {
    match record.partition {
        Some(partition) => format!("{}-{partition}", record.topic),
        None => record.topic.to_string(),
    }
}

/// `orders-0 orders-1`
pub(super) fn assignment(partitions: &[(TopicName, i32)]) -> String {
    partitions
        .iter()
        .map(|(topic, partition)| format!("{topic}-{partition}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// `create orders on {1,2} {2,1}`
pub(super) fn creation(topic: &NewTopic, names: &Names) -> String {
    let replicas: Vec<String> = topic
        .assignments
        .iter()
        .map(|replicas| names.replicas(replicas))
        .collect();
    format!("create {} on {}", topic.name, listed(&replicas))
}

/// `p1-0 p1-1 @0–1` for each partition, with its name where there are several.
fn read(records: &[ConsumerRecord], view: View<'_>) -> Line {
    let mut line = Line::new();
    for run in records.chunk_by(|last, next| {
        last.topic == next.topic && last.partition == next.partition && last.offset.next() == next.offset
    }) {
        let (first, last) = (&run[0], &run[run.len() - 1]);
        line.push(Tone::Plain, if line.is_empty() { "" } else { ", " });
        line.extend(marked(
            run.iter().map(|record| names::value(record.value.as_deref())).collect(),
            view.marks,
        ));
        line.push(Tone::Plain, " ");
        if view.names.sole_partition().is_none() {
            line.push(Tone::Plain, format!("{}-{}", first.topic, first.partition));
        }
        line.push(Tone::Dim, range(Some(first.offset), Some(last.offset)));
    }
    line
}

/// `@3` or `@3–7`
fn range(first: Option<Offset>, last: Option<Offset>) -> String {
    match (first, last) {
        (Some(first), Some(last)) if first == last => format!("@{first}"),
        (Some(first), Some(last)) => format!("@{first}–{last}"),
        (None, _) | (_, None) => String::new(),
    }
}

/// What a controller tells. That brokers come up for the first time is the beginning of every run.
fn of_controller(note: &Note, names: &Names, scene: &Scene) -> Option<Words> {
    let mut notable = true;
    let line = if let Note::BrokerRegistered { broker, .. } = note {
        notable = scene.was_in_service(*broker).registered;
        Line::plain(format!("registers {}", names.process(*broker)))
    } else if let Note::BrokerUnfenced { broker } = note {
        notable = scene.was_in_service(*broker).unfenced;
        Line::of(Tone::Good, format!("unfences {}", names.process(*broker)))
    } else if let Note::BrokerFenced { broker } = note {
        Line::of(Tone::Bad, format!("fences {}", names.process(*broker)))
    } else if let Note::PartitionChanged {
        partition,
        leader,
        leader_epoch,
        isr,
        elr,
        unclean,
        ..
    } = note
    {
        let mut line = Line::plain(names.whose(*partition));
        match leader {
            Some(leader) => line.push(Tone::Leader, format!("leader {}", names.process(*leader))),
            None => line.push(Tone::Bad, "no leader"),
        }
        line.push(Tone::Plain, format!(" e{leader_epoch} ISR {}", names.replicas(isr)));
        if !elr.is_empty() {
            line.push(Tone::Plain, format!(" ELR {}", names.replicas(elr)));
        }
        line.push(Tone::Bad, if *unclean { " UNCLEAN" } else { "" });
        line
    } else if let Note::AlterPartitionRefused { partition, error } = note {
        Line::of(Tone::Bad, format!("{}refused: {error}", names.whose(*partition)))
    } else {
        return None;
    };
    Some(Words { line, notable })
}

fn of_broker(node: NodeId, note: &Note, View { names, scene, marks }: View<'_>) -> Option<Words> {
    let lost = |partition: &TopicPartition, to: Offset| {
        let replica = scene.replica(*partition, node);
        let lost = replica.map(|replica| replica.beyond(to)).unwrap_or_default();
        listed(
            &lost
                .iter()
                .map(|record: &Stored| record.value.clone())
                .collect::<Vec<_>>(),
        )
    };
    let words = match note {
        Note::BecameLeader {
            partition,
            epoch,
            start_offset,
        } => {
            let mut line = Line::plain(names.whose(*partition));
            line.push(Tone::Leader, format!("★ leads from {start_offset} in e{epoch}"));
            for value in missing(node, *partition, scene, marks) {
                line.push(Tone::Bad, " without ");
                line.push(Tone::Mark, format!("►{value}"));
            }
            line
        }
        Note::BecameFollower {
            partition,
            epoch,
            leader: Some(leader),
        } => Line::plain(format!(
            "{}follows {} in e{epoch}",
            names.whose(*partition),
            names.process(*leader)
        )),
        Note::BecameFollower {
            partition,
            epoch,
            leader: None,
        } => Line::plain(format!("{}follows nobody in e{epoch}", names.whose(*partition))),
        Note::LogRecovered {
            partition,
            end,
            lost_batches,
            ..
        } => {
            let lost = lost(partition, *end);
            if *lost_batches == 0 && lost.is_empty() {
                return Some(Words::routine(Line::plain(format!(
                    "{}recovers to {end}",
                    names.whose(*partition)
                ))));
            }
            Line::of(
                Tone::Bad,
                format!("{}recovers only to {end}, without {lost}", names.whose(*partition)),
            )
        }
        Note::Truncated { partition, from, to } => Line::of(
            Tone::Bad,
            format!(
                "{}truncates {from}→{to}: {}",
                names.whose(*partition),
                lost(partition, *to)
            ),
        ),
        Note::HighWatermark { partition, to, .. } => {
            let from = scene
                .replica(*partition, node)
                .map_or(Offset::ZERO, |replica| replica.high_watermark);
            Line::plain(format!("{}hw {from}→{to}", names.whose(*partition)))
        }
        Note::DuplicateSuppressed {
            partition, sequence, ..
        } => Line::of(
            Tone::Unsure,
            format!("{}duplicate of seq {sequence} suppressed", names.whose(*partition)),
        ),
        Note::ProduceRefused { partition, error, .. } | Note::EpochRefused { partition, error } => {
            Line::of(Tone::Bad, format!("{}refused: {error}", names.whose(*partition)))
        }
        Note::FetchDiverged { partition, follower } => Line::of(
            Tone::Unsure,
            format!("{}{} has diverged", names.whose(*partition), names.process(*follower)),
        ),
        Note::IsrProposed { partition, isr, .. } => Line::plain(format!(
            "{}proposes ISR {}",
            names.whose(*partition),
            names.replicas(isr)
        )),
        Note::IsrCommitted { partition, isr, .. } => {
            Line::plain(format!("{}ISR is {}", names.whose(*partition), names.replicas(isr)))
        }
        Note::Parked { .. } => return Some(Words::routine(Line::plain("waits"))),
        Note::ParkedExpired { produce: false } => return Some(Words::routine(Line::plain("has waited enough"))),
        Note::ParkedExpired { produce: true } => Line::of(Tone::Bad, "has waited too long"),
        Note::Appended { .. }
        | Note::BrokerRegistered { .. }
        | Note::BrokerUnfenced { .. }
        | Note::BrokerFenced { .. }
        | Note::PartitionChanged { .. }
        | Note::AlterPartitionRefused { .. }
        | Note::BatchSent { .. }
        | Note::BatchRetried { .. }
        | Note::BatchExpired { .. }
        | Note::SequenceLost { .. }
        | Note::ProducerIdAssigned { .. }
        | Note::PositionReset { .. }
        | Note::PositionValidated { .. }
        | Note::TruncationDetected { .. } => return None,
    };
    Some(if partition_of(note) == Some(TopicPartition::CLUSTER_METADATA) {
        Words::routine(words)
    } else {
        Words::notable(words)
    })
}

fn of_client(note: &Note, names: &Names) -> Option<Words> {
    let words = if let Note::BatchSent {
        partition,
        sequence,
        attempt,
        ..
    } = note
    {
        let what = if *attempt > 0 {
            format!("sends again, attempt {}", attempt + 1)
        } else {
            "sends".to_owned()
        };
        let numbered = if sequence.0 < 0 {
            String::new()
        } else {
            format!(" seq {sequence}")
        };
        let words = Line::plain(format!("{}{what}{numbered}", names.whose(*partition)));
        return Some(Words {
            line: words,
            notable: *attempt > 0,
        });
    } else if let Note::BatchRetried { partition, .. } = note {
        Line::of(Tone::Unsure, format!("{}will retry", names.whose(*partition)))
    } else if let Note::BatchExpired { partition } = note {
        Line::of(Tone::Bad, format!("{}gives a batch up", names.whose(*partition)))
    } else if let Note::SequenceLost { partition } = note {
        Line::of(Tone::Bad, format!("{}has lost its sequence", names.whose(*partition)))
    } else if let Note::ProducerIdAssigned { producer_id, epoch } = note {
        return Some(Words::routine(Line::plain(format!(
            "is producer {producer_id} epoch {epoch}"
        ))));
    } else if let Note::PositionReset { partition, to } = note {
        Line::plain(format!("{}starts at {to}", names.whose(*partition)))
    } else if let Note::PositionValidated { partition, at } = note {
        Line::plain(format!("{}position {at} is valid", names.whose(*partition)))
    } else if let Note::TruncationDetected {
        partition,
        position,
        divergent_offset,
    } = note
    {
        let what = format!("position {position} was truncated from {divergent_offset} on");
        Line::of(Tone::Bad, format!("{}{what}", names.whose(*partition)))
    } else {
        return None;
    };
    Some(Words::notable(words))
}

pub(super) fn partition_of(note: &Note) -> Option<TopicPartition> {
    match note {
        Note::BecameLeader { partition, .. }
        | Note::BecameFollower { partition, .. }
        | Note::LogRecovered { partition, .. }
        | Note::Appended { partition, .. }
        | Note::Truncated { partition, .. }
        | Note::FetchDiverged { partition, .. }
        | Note::EpochRefused { partition, .. }
        | Note::HighWatermark { partition, .. }
        | Note::PartitionChanged { partition, .. }
        | Note::AlterPartitionRefused { partition, .. }
        | Note::DuplicateSuppressed { partition, .. }
        | Note::ProduceRefused { partition, .. }
        | Note::IsrProposed { partition, .. }
        | Note::IsrCommitted { partition, .. }
        | Note::BatchSent { partition, .. }
        | Note::BatchRetried { partition, .. }
        | Note::BatchExpired { partition }
        | Note::SequenceLost { partition }
        | Note::PositionReset { partition, .. }
        | Note::PositionValidated { partition, .. }
        | Note::TruncationDetected { partition, .. } => Some(*partition),
        Note::BrokerRegistered { .. }
        | Note::BrokerUnfenced { .. }
        | Note::BrokerFenced { .. }
        | Note::Parked { .. }
        | Note::ParkedExpired { .. }
        | Note::ProducerIdAssigned { .. } => None,
    }
}
