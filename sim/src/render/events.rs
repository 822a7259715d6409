//! What an action caused, in words: calls, answers, and what machines tell about themselves.

use kafkasim_core::call::{Answer, Call, ConsumerRecord, PollError, ProducerRecord, SendError, SendFailure};
use kafkasim_core::ids::{NodeId, Offset, TopicName};
use kafkasim_core::lookup::{LookedUp, LookupError};

use super::messages::{Words, marked};
use super::names::{self, Names, listed};
use super::notes;
use super::scene::Scene;
use super::story::View;
use super::text::{Line, Tone};
use super::{administration, groups};
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
    let why = send_error(failure.error);
    if failure.is_definite() {
        Outcome::Fail(why.to_owned())
    } else {
        Outcome::Unknown(why.to_owned())
    }
}

/// Why a send failed.
pub(crate) fn send_error(error: SendError) -> &'static str {
    match error {
        SendError::Kafka(error) => error.name(),
        SendError::DeliveryTimeout => "delivery.timeout.ms went by",
        SendError::MaxBlock => "max.block.ms went by",
        SendError::BufferExhausted => "no memory within max.block.ms",
        SendError::Closed => "closed",
        SendError::RecordTooLarge => "record too large",
        SendError::SequenceLost => "sequence lost",
    }
}

/// Why a poll threw.
pub(crate) fn poll_failure(error: &PollError) -> String {
    match error {
        PollError::Wakeup => "woken up".to_owned(),
        PollError::FencedInstanceId => "fenced by another instance".to_owned(),
        PollError::Group(error) => format!("not taken into the group: {error}"),
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

/// `orders-0 5, orders-1 nowhere`
pub(super) fn looked_up(found: &Result<Vec<LookedUp>, LookupError>) -> String {
    match found {
        Ok(found) => found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Err(LookupError::Timeout) => "nothing in time".to_owned(),
        Err(LookupError::Poll(error)) => poll_failure(error),
    }
}

/// The first of these events in words (nothing, if something else tells it), or as many as are told as one, and how many those are. All are
/// told before they are applied to the scene.
pub(super) fn told(events: &[Event], view: View<'_>) -> (Option<Words>, usize) {
    let View { names, scene, .. } = view;
    let words = match &events[0] {
        Event::Started { .. } | Event::Fault(_) | Event::Late { .. } | Event::Severed { .. } => None,
        Event::WriteRefused { node } => Some(Words::notable(Line::of(
            Tone::Bad,
            format!("{}'s disk is full: it halts", names.process(*node)),
        ))),
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
        Event::Processed { .. } => return processed(events),
        Event::Note { node, note } => {
            let count = events.iter().take_while(|other| **other == events[0]).count();
            let mut words = notes::noted(*node, note, view);
            if let (Some(words), 2..) = (&mut words, count) {
                words.line.push(Tone::Dim, format!(" ×{count}"));
            }
            return (words, count);
        }
    };
    (words, 1)
}

/// Some records of one partition in a row.
fn processed(events: &[Event]) -> (Option<Words>, usize) {
    let mut run = events.iter().map_while(|event| {
        if let Event::Processed {
            topic,
            partition,
            offset,
            ..
        } = event
        {
            Some((topic, *partition, *offset))
        } else {
            None
        }
    });
    let Some((topic, partition, first)) = run.next() else {
        return (None, 1);
    };
    let (mut last, mut count) = (first, 1);
    for (_, _, offset) in run.take_while(|(other, of, _)| (*other, *of) == (topic, partition)) {
        if offset != last.next() {
            break;
        }
        (last, count) = (offset, count + 1);
    }
    let range = range(Some(first), Some(last));
    let line = Line::plain(format!("processed {topic}-{partition} {range}"));
    (Some(Words::ordinary(line)), count)
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
    (Some(Words::ordinary(line)), count)
}

fn called(call: &Call, names: &Names) -> Words {
    match call {
        Call::Assign(partitions) => Words::notable(Line::plain(format!("assign {}", assignment(partitions)))),
        Call::Send { .. } => Words::notable(Line::plain("send")),
        Call::PartitionsFor { topic, .. } => Words::ordinary(Line::plain(names::partitions_for(topic))),
        Call::Flush => Words::ordinary(Line::plain("flush")),
        Call::Close { timeout_ms } => Words::notable(Line::plain(names::close(*timeout_ms))),
        Call::Steer(steering) => Words::notable(Line::plain(steering.to_string())),
        Call::LookUp { lookup, .. } => Words::ordinary(Line::plain(lookup.to_string())),
        Call::Poll { .. } | Call::ListenerReturned => Words::routine(Line::plain("poll")),
        Call::Subscribe(_) | Call::Unsubscribe | Call::CommitSync { .. } | Call::CommitAsync { .. } => {
            Words::notable(Line::plain(groups::call(call).unwrap_or_default()))
        }
        Call::ShutDown => Words::routine(Line::plain("shut down")),
        // What the environment made of it says the same.
        Call::DeleteRecords(_) => Words::routine(Line::plain("delete records")),
        Call::Administer(task) => Words::notable(Line::plain(administration::task(task, names))),
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
    let words = if first.is_ok() {
        Words::ordinary(line)
    } else {
        Words::notable(line)
    };
    (Some(words), count)
}

fn answered(answer: &Answer, view: View<'_>) -> Option<Words> {
    match answer {
        Answer::Polled(Ok(records)) if records.is_empty() => Some(Words::routine(Line::plain("polls nothing"))),
        Answer::Polled(Ok(records)) => Some(Words::ordinary(Line::plain("reads ").then_line(read(records, view)))),
        Answer::Polled(Err(error)) => Some(Words::notable(Line::of(
            Tone::Bad,
            format!("poll throws: {}", poll_failure(error)),
        ))),
        Answer::LookedUp(found) => Some(Words::ordinary(Line::plain(format!("is told {}", looked_up(found))))),
        Answer::PartitionsFor { result, .. } => {
            let told = format!("is told partitions: {}", names::partitions(result));
            Some(Words::ordinary(Line::plain(told)))
        }
        Answer::Rebalanced(_) | Answer::Unsubscribed | Answer::Committed(_) | Answer::CommitCompleted { .. } => {
            groups::answer(answer).map(|(tone, words)| Words::notable(Line::of(tone, words)))
        }
        Answer::Flushed => Some(Words::ordinary(Line::of(Tone::Good, "flushed"))),
        Answer::Closed => Some(Words::notable(Line::plain("closed"))),
        Answer::Sent { .. } | Answer::ShutDown => None,
        Answer::RecordsDeleted(Ok(low_watermark)) => Some(Words::ordinary(Line::of(
            Tone::Good,
            format!("deleted up to {low_watermark}"),
        ))),
        Answer::RecordsDeleted(Err(error)) => Some(Words::notable(Line::of(
            Tone::Bad,
            format!("perhaps not deleted: {error}"),
        ))),
        Answer::Administered { task, result: Ok(()) } => {
            Some(Words::notable(Line::of(Tone::Good, administration::done(task))))
        }
        Answer::Administered {
            task,
            result: Err(error),
        } => Some(Words::notable(Line::of(
            Tone::Bad,
            format!("not {}: {error}", administration::done(task)),
        ))),
    }
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
