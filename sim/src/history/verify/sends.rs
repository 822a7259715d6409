//! What became of what was sent.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::ids::Offset;

use super::known::{Known, Outcome, Send, VersionOrder, text};
use super::{Findings, Kind};
use crate::history::event::{Partition, Value};

/// Looks for everything that has to do with sends.
pub(super) fn check(known: &Known<'_>, findings: &mut Findings<'_>) {
    for (partition, log) in known.logs() {
        inconsistent_offsets(partition, log, findings);
        payloads(known, partition, log, findings);
        out_of_order(known, partition, log, findings);
    }
    duplicates(known, findings);
    callbacks(known, findings);
    for (partition, send) in unread(known) {
        lost(known, &partition, send, findings);
    }
}

/// How many acknowledged records nobody has read.
pub(super) fn never_read(known: &Known<'_>) -> usize {
    unread(known).len()
}

fn inconsistent_offsets(partition: &Partition, log: &VersionOrder<'_>, findings: &mut Findings<'_>) {
    for (offset, versions) in log.versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let seen: Vec<_> = versions
            .iter()
            .map(|version| format!("{} ({})", text(version.value), version.process))
            .collect();
        let message = format!("offset {offset} was seen to hold {}", seen.join(" and "));
        let lines = versions.iter().map(|version| version.line).collect();
        findings.add(Kind::InconsistentOffsets, partition, message, lines, None);
    }
}

/// Everything that was read was sent to where it was read, before it was read, and did not fail.
fn payloads(known: &Known<'_>, partition: &Partition, log: &VersionOrder<'_>, findings: &mut Findings<'_>) {
    let mut told = BTreeSet::new();
    for (offset, version) in log
        .versions
        .iter()
        .flat_map(|(offset, versions)| versions.iter().map(move |version| (offset, version)))
    {
        let Some(value) = version.value else { continue };
        let Some(send) = known.sender_of(&partition.topic, value) else {
            if findings.header.all_producers {
                let message = format!(
                    "{} has read {value} at {offset}, which nobody has sent",
                    version.process
                );
                findings.add(Kind::AcknowledgedPayload, partition, message, vec![version.line], None);
            }
            continue;
        };
        if send.partition.is_some_and(|chosen| chosen != partition.partition) {
            let chosen = Partition {
                partition: send.partition.unwrap_or_default(),
                ..partition.clone()
            };
            let message = format!("{value} is at {offset}, but was sent to {chosen} by {}", send.process);
            findings.add(
                Kind::AcknowledgedPayload,
                partition,
                message,
                vec![send.line, version.line],
                None,
            );
        }
    }
    for read in &log.reads {
        let Some(send) = known.sender_of(&partition.topic, read.value) else {
            continue;
        };
        if send.outcome == Outcome::Failed && told.insert(read.value) {
            let message = format!(
                "{} has read {} at {}, though {} was told that it was not written",
                read.process, read.value, read.offset, send.process
            );
            findings.add(
                Kind::G1a,
                partition,
                message,
                [Some(send.line), send.answered, Some(read.line)]
                    .into_iter()
                    .flatten()
                    .collect(),
                None,
            );
        }
        if read.line < send.line && told.insert(read.value) {
            let message = format!(
                "{} has read {} at {} before {} has sent it",
                read.process, read.value, read.offset, send.process
            );
            findings.add(
                Kind::PrecommittedRead,
                partition,
                message,
                vec![read.line, send.line],
                None,
            );
        }
    }
}

/// One value at several places.
fn duplicates(known: &Known<'_>, findings: &mut Findings<'_>) {
    let mut places: BTreeMap<_, Vec<(&Partition, Offset, usize)>> = BTreeMap::new();
    for (partition, log) in known.logs() {
        for (offset, version) in log
            .versions
            .iter()
            .flat_map(|(offset, versions)| versions.iter().map(move |version| (offset, version)))
        {
            if let Some(value) = version.value {
                places
                    .entry((&partition.topic, value))
                    .or_default()
                    .push((partition, *offset, version.line));
            }
        }
    }
    for ((_, value), places) in places.into_iter().filter(|(_, places)| places.len() > 1) {
        let offsets: Vec<_> = places
            .iter()
            .map(|(partition, offset, _)| format!("at {offset} of {partition}"))
            .collect();
        let message = format!("{value} is {}", offsets.join(" and "));
        let lines = places.iter().map(|(.., line)| *line).collect();
        let (partition, ..) = places[places.len() - 1];
        findings.add(Kind::Duplicate, partition, message, lines, None);
    }
}

/// One producer's records in another order than that of its sends. Only the first place of a value counts.
fn out_of_order(known: &Known<'_>, partition: &Partition, log: &VersionOrder<'_>, findings: &mut Findings<'_>) {
    let mut last: BTreeMap<(&str, u32), (&Send<'_>, &Value, Offset)> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (offset, version) in log
        .versions
        .iter()
        .flat_map(|(offset, versions)| versions.iter().map(move |version| (offset, version)))
    {
        let Some(value) = version.value.filter(|value| seen.insert(*value)) else {
            continue;
        };
        let Some(send) = known.sender_of(&partition.topic, value) else {
            continue;
        };
        let producer = (send.process, send.session);
        let before = *last.entry(producer).or_insert((send, value, *offset));
        let (earlier, earlier_value, earlier_offset) = before;
        if earlier.line <= send.line {
            last.insert(producer, (send, value, *offset));
            continue;
        }
        // What is further on in the log was sent later than what is found behind it.
        let was_answered = send.answered.is_some_and(|line| line < earlier.line);
        let kind = if was_answered {
            Kind::NonmonotonicSend
        } else {
            Kind::IntNonmonotonicSend
        };
        let message = format!(
            "{} has sent {value} before {earlier_value}, but it is at {offset}, behind that at {earlier_offset}",
            send.process
        );
        let at = |offset| log.line_of(offset);
        let lines = [Some(send.line), Some(earlier.line), at(*offset), at(earlier_offset)]
            .into_iter()
            .flatten()
            .collect();
        findings.add(kind, partition, message, lines, None);
    }
}

/// Acknowledgements in another order than that of the sends.
fn callbacks(known: &Known<'_>, findings: &mut Findings<'_>) {
    let mut answered: Vec<_> = known
        .sends
        .iter()
        .filter_map(|send| Some((answer(send)?, send)))
        .collect();
    answered.sort_by_key(|((line, _), _)| *line);
    let mut last: BTreeMap<(&str, u32, Partition), &Send<'_>> = BTreeMap::new();
    for ((line, partition), send) in answered {
        let before = last
            .entry((send.process, send.session, partition.clone()))
            .or_insert(send);
        if before.line <= send.line {
            *before = send;
            continue;
        }
        let message = format!(
            "{} is told of {} after {}, which it has sent behind it",
            send.process,
            text(send.value),
            text(before.value)
        );
        let later = answer(before).map(|(line, _)| line);
        findings.add(
            Kind::CallbackOrder,
            &partition,
            message,
            [Some(send.line), later, Some(line)].into_iter().flatten().collect(),
            None,
        );
    }
}

/// When and for which partition a send was acknowledged.
fn answer(send: &Send<'_>) -> Option<(usize, Partition)> {
    match send.outcome {
        Outcome::Ok { partition, .. } => Some((send.answered?, Partition::new(send.topic, partition))),
        Outcome::Open | Outcome::Failed => None,
    }
}

/// What was acknowledged, and nobody has read where it was.
fn unread<'a, 'b>(known: &'b Known<'a>) -> Vec<(Partition, &'b Send<'a>)> {
    let read: BTreeMap<&Partition, BTreeSet<&Value>> = known
        .logs()
        .map(|(partition, log)| (partition, log.reads.iter().map(|read| read.value).collect()))
        .collect();
    let acknowledged = known.sends.iter().filter_map(|send| Some((answer(send)?.1, send)));
    acknowledged
        .filter(|(partition, send)| {
            let is_read = |value| read.get(partition).is_some_and(|read| read.contains(value));
            send.value.is_some_and(|value| !is_read(value))
        })
        .collect()
}

/// An acknowledged record that nobody has read is lost if somebody has read beyond it, and unseen if everybody is done.
fn lost(known: &Known<'_>, partition: &Partition, send: &Send<'_>, findings: &mut Findings<'_>) {
    let (Outcome::Ok { offset, .. }, Some(line)) = (send.outcome, send.answered) else {
        return;
    };
    let reads = known.version_order(partition).map_or(&[][..], |log| &log.reads);
    let (value, process) = (text(send.value), send.process);
    let is_read_to_end = findings.is_read_to_end(partition);
    let first = reads.iter().map(|read| read.offset).min();
    let beyond = offset.and_then(|offset| {
        let is_judged = is_read_to_end || first.is_some_and(|first| first < offset);
        reads
            .iter()
            .find(|read| is_judged && read.offset >= offset)
            .map(|read| (offset, read))
    });
    if let Some((at, read)) = beyond {
        let message = format!(
            "{value} was acknowledged to {process} at {at} and read by nobody, but {} has read {} at {}",
            read.process, read.value, read.offset
        );
        findings.add(
            Kind::LostWrite,
            partition,
            message,
            vec![send.line, line, read.line],
            None,
        );
    } else if is_read_to_end {
        let place = offset.map_or_else(String::new, |offset| format!(" at {offset}"));
        let message = format!("{value} was acknowledged to {process}{place}, and read by nobody");
        findings.add(Kind::Unseen, partition, message, vec![send.line, line], None);
    }
}
