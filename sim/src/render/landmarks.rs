//! What happened to the records that the verdict is about.

use std::collections::BTreeSet;

use kafkasim_core::call::{Answer, Call};
use kafkasim_core::ids::{NodeId, TopicPartition};
use kafkasim_core::note::Note;

use super::events::send_failure;
use super::names::{self, Names};
use super::scene::{Replica, Scene, stored};
use crate::world::Event;

/// What an event means for marked values, told before it is applied to the scene.
pub(super) fn landmarks<'a>(
    event: &Event,
    names: &Names,
    scene: &Scene,
    marks: &'a BTreeSet<String>,
) -> Vec<(&'a str, String)> {
    if marks.is_empty() {
        return Vec::new();
    }
    let of = |value: &str, what: String| Some((marks.get(value)?.as_str(), what));
    match event {
        Event::Called {
            call: Call::Send { record, .. },
            node,
        } => {
            let value = names::value(record.value.as_deref());
            of(&value, format!("sent by {}", names.process(*node)))
                .into_iter()
                .collect()
        }
        Event::Answered {
            node,
            answer: Answer::Sent { call, result },
        } => {
            let Some(value) = scene.sent(*node, *call) else {
                return Vec::new();
            };
            let what = match result {
                Ok(at) => format!(
                    "acknowledged{}",
                    at.offset.map_or_else(String::new, |offset| format!(" @{offset}"))
                ),
                Err(failure) => send_failure(*failure).words(),
            };
            of(value, what).into_iter().collect()
        }
        Event::Answered {
            node,
            answer: Answer::Polled(Ok(records)),
        } => {
            let reader = names.process(*node);
            let read = records
                .iter()
                .map(|record| (names::value(record.value.as_deref()), record.offset));
            read.filter_map(|(value, offset)| of(&value, format!("read by {reader} @{offset}")))
                .collect()
        }
        Event::Note { node, note } => in_logs(*node, note, names, scene, marks),
        Event::Answered {
            answer:
                Answer::Polled(Err(_))
                | Answer::LookedUp(_)
                | Answer::Rebalanced(_)
                | Answer::Unsubscribed
                | Answer::Committed(_)
                | Answer::CommitCompleted { .. }
                | Answer::PartitionsFor { .. }
                | Answer::Flushed
                | Answer::Closed
                | Answer::ShutDown
                | Answer::Administered { .. }
                | Answer::RecordsDeleted(_),
            ..
        }
        | Event::Called {
            call:
                Call::PartitionsFor { .. }
                | Call::Flush
                | Call::Close { .. }
                | Call::Assign(_)
                | Call::Subscribe(_)
                | Call::Unsubscribe
                | Call::ListenerReturned
                | Call::CommitSync { .. }
                | Call::CommitAsync { .. }
                | Call::Steer(_)
                | Call::LookUp { .. }
                | Call::Poll { .. }
                | Call::ShutDown
                | Call::Administer(_)
                | Call::DeleteRecords(_),
            ..
        }
        | Event::Processed { .. }
        | Event::Started { .. }
        | Event::Stopped { .. }
        | Event::Late { .. }
        | Event::Severed { .. }
        | Event::WriteRefused { .. }
        | Event::Fault(_) => Vec::new(),
    }
}

/// The marked values that other replicas have and this one does not.
pub(super) fn missing<'a>(
    node: NodeId,
    partition: TopicPartition,
    scene: &Scene,
    marks: &'a BTreeSet<String>,
) -> impl Iterator<Item = &'a str> {
    let (own, others): (Vec<_>, Vec<_>) = scene
        .replicas()
        .filter(|(other, ..)| *other == partition)
        .partition(|(_, other, _)| *other == node);
    let has = |replicas: &[(TopicPartition, NodeId, &Replica)], value: &str| {
        replicas
            .iter()
            .any(|(.., replica)| replica.records.iter().any(|record| record.value == value))
    };
    let missing: Vec<&str> = marks
        .iter()
        .map(String::as_str)
        .filter(|value| has(&others, value) && !has(&own, value))
        .collect();
    missing.into_iter()
}

fn in_logs<'a>(
    node: NodeId,
    note: &Note,
    names: &Names,
    scene: &Scene,
    marks: &'a BTreeSet<String>,
) -> Vec<(&'a str, String)> {
    let process = names.process(node);
    let of = |value: &str, what: String| Some((marks.get(value)?.as_str(), what));
    if let Note::Appended { batch, .. } = note {
        let records = stored(batch).into_iter();
        records
            .filter_map(|record| of(&record.value, format!("appended on {process} @{}", record.offset)))
            .collect()
    } else if let Note::Truncated { partition, to, .. } | Note::LogRecovered { partition, end: to, .. } = note {
        let lost = scene
            .replica(*partition, node)
            .map(|replica| replica.beyond(*to))
            .unwrap_or_default();
        lost.iter()
            .filter_map(|record| of(&record.value, format!("lost by {process}")))
            .collect()
    } else if let Note::BecameLeader { partition, .. } = note {
        missing(node, *partition, scene, marks)
            .map(|value| (value, format!("missing on new leader {process}")))
            .collect()
    } else {
        Vec::new()
    }
}
