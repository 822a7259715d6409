//! What clients saw, and nothing else: one line for each call and each answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kafkasim_core::call::{Answer, Call, ConsumerRecord};
use kafkasim_core::ids::{CallId, NodeId, Timestamp};
use kafkasim_core::message::DeleteBefore;

use super::events::{Outcome, assignment, destination, looked_up, poll_failure, send_failure};
use super::names::{self, Names};
use super::{administration, groups};
use crate::run::Observer;
use crate::setup::{Role, Setup};
use crate::world::{Event, Step, World};

/// Watches a run and keeps its client-visible history, to be printed.
#[must_use]
pub fn history(setup: &Setup) -> History {
    let clients = setup.nodes().filter(|(_, process)| match process.role {
        Role::Operator(..) | Role::Producer(..) | Role::Consumer(..) => true,
        Role::Controller(_) | Role::Broker(_) => false,
    });
    History {
        names: Names::new(setup),
        clients: clients.map(|(node, _)| node).collect(),
        sends: BTreeMap::new(),
        lines: Vec::new(),
        actions: 0,
        wall_clocks: BTreeSet::new(),
    }
}

/// The history so far. [`fmt::Display`] prints one line for each call and each answer: time, process, operation and outcome. Sends that nobody
/// answered are listed last. In a run without time, actions are counted instead.
#[derive(Clone, Debug)]
pub struct History {
    names: Names,
    clients: BTreeSet<NodeId>,
    /// Sends that are not answered.
    sends: BTreeMap<(NodeId, CallId), String>,
    lines: Vec<Entry>,
    actions: usize,
    wall_clocks: BTreeSet<Timestamp>,
}

#[derive(Clone, Debug)]
struct Entry {
    at_us: u64,
    number: usize,
    process: String,
    what: String,
}

impl Observer for History {
    fn observe(&mut self, _: &mut World, step: &Step, outcome: &crate::world::Outcome) {
        self.record(step, &outcome.events);
    }
}

impl History {
    /// The events of one action.
    pub(super) fn record(&mut self, step: &Step, events: &[Event]) {
        self.actions += 1;
        if self.wall_clocks.len() < 2 {
            self.wall_clocks.insert(step.wall_ms);
        }
        for event in events {
            self.event(step, event);
        }
    }

    fn event(&mut self, step: &Step, event: &Event) {
        match event {
            Event::Called { node, call } => {
                if let Some(what) = self.called(*node, call) {
                    self.tell(step, *node, what);
                }
            }
            Event::Answered { node, answer } => {
                if let Some(what) = self.answered(*node, answer) {
                    self.tell(step, *node, what);
                }
            }
            Event::Processed {
                node,
                topic,
                partition,
                offset,
            } => self.tell(step, *node, format!("process {topic}-{partition}@{offset}")),
            Event::Started { node } if self.clients.contains(node) => self.tell(step, *node, "starts".to_owned()),
            Event::Stopped { node, .. } if self.clients.contains(node) => self.stopped(step, *node),
            Event::Started { .. }
            | Event::Stopped { .. }
            | Event::Fault(_)
            | Event::Late { .. }
            | Event::Severed { .. }
            | Event::WriteRefused { .. }
            | Event::Note { .. } => {}
        }
    }

    fn called(&mut self, node: NodeId, call: &Call) -> Option<String> {
        match call {
            Call::Send { call, record } => {
                let value = names::value(record.value.as_deref());
                let what = format!("send {value} to {}", destination(record));
                self.sends.insert((node, *call), value);
                Some(what)
            }
            Call::PartitionsFor { topic, .. } => Some(names::partitions_for(topic)),
            Call::Flush => Some("flush".to_owned()),
            Call::Close { timeout_ms } => Some(names::close(*timeout_ms)),
            Call::Assign(partitions) => Some(format!("assign {}", assignment(partitions))),
            Call::Steer(steering) => Some(steering.to_string()),
            Call::LookUp { lookup, .. } => Some(lookup.to_string()),
            Call::Subscribe(_) | Call::Unsubscribe | Call::CommitSync { .. } | Call::CommitAsync { .. } => {
                groups::call(call)
            }
            // One at a time, and answered soon: the answer says all.
            Call::Poll { .. } | Call::ListenerReturned => None,
            Call::ShutDown => None,
            Call::DeleteRecords(deletion) => {
                let before = match deletion.before {
                    DeleteBefore::HighWatermark => "high watermark".to_owned(),
                    DeleteBefore::Offset(offset) => offset.to_string(),
                };
                Some(format!(
                    "delete {} before {before}",
                    self.names.partition(deletion.partition)
                ))
            }
            Call::Administer(task) => Some(administration::task(task, &self.names)),
        }
    }

    fn answered(&mut self, node: NodeId, answer: &Answer) -> Option<String> {
        match answer {
            Answer::Sent { call, result } => {
                let value = self
                    .sends
                    .remove(&(node, *call))
                    .unwrap_or_else(|| format!("call {call}"));
                let outcome = match result {
                    Ok(at) => {
                        let offset = at.offset.map_or_else(String::new, |offset| format!("@{offset}"));
                        Outcome::Ok(format!("{}-{}{offset}", at.topic, at.partition))
                    }
                    Err(error) => send_failure(*error),
                };
                Some(format!("send {value} -> {}", outcome.words()))
            }
            Answer::Polled(Ok(records)) if records.is_empty() => None,
            Answer::Polled(Ok(records)) => Some(format!(
                "poll -> {}",
                records.iter().map(place).collect::<Vec<_>>().join(" ")
            )),
            Answer::Polled(Err(error)) => Some(format!("poll -> throws: {}", poll_failure(error))),
            Answer::LookedUp(found) => Some(format!("ask -> {}", looked_up(found))),
            Answer::PartitionsFor { result, .. } => Some(format!("partitions -> {}", names::partitions(result))),
            Answer::Rebalanced(_) | Answer::Unsubscribed | Answer::Committed(_) | Answer::CommitCompleted { .. } => {
                groups::answer(answer).map(|(_, words)| words)
            }
            Answer::Flushed => Some("flush -> ok".to_owned()),
            Answer::Closed => Some("close -> ok".to_owned()),
            Answer::ShutDown => None,
            Answer::RecordsDeleted(Ok(low_watermark)) => Some(format!("delete -> ok up to {low_watermark}")),
            Answer::RecordsDeleted(Err(error)) => Some(format!("delete -> info {error}")),
            Answer::Administered { task, result: Ok(()) } => Some(format!("{} -> ok", administration::verb(task))),
            Answer::Administered {
                task,
                result: Err(error),
            } => Some(format!("{} -> fail {error}", administration::verb(task))),
        }
    }

    fn stopped(&mut self, step: &Step, node: NodeId) {
        let (lost, kept) = std::mem::take(&mut self.sends)
            .into_iter()
            .partition(|((sender, _), _)| *sender == node);
        self.sends = kept;
        self.tell(step, node, "stops".to_owned());
        for value in BTreeMap::into_values(lost) {
            self.tell(step, node, format!("send {value} -> unknown stopped"));
        }
    }

    fn tell(&mut self, step: &Step, node: NodeId, what: String) {
        let process = self.names.process(node).to_owned();
        self.lines.push(Entry {
            at_us: step.at_us,
            number: self.actions,
            process,
            what,
        });
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timed = is_timed(self.wall_clocks.iter().copied());
        for Entry {
            at_us,
            number,
            process,
            what,
        } in &self.lines
        {
            if timed {
                writeln!(f, "{}s {process} {what}", seconds(*at_us))?;
            } else {
                writeln!(f, "#{number} {process} {what}")?;
            }
        }
        for ((node, _), value) in &self.sends {
            writeln!(
                f,
                "end {} send {value} -> unknown never answered",
                self.names.process(*node)
            )?;
        }
        Ok(())
    }
}

fn place(record: &ConsumerRecord) -> String {
    format!(
        "{} {}-{}@{}",
        names::value(record.value.as_deref()),
        record.topic,
        record.partition,
        record.offset
    )
}

/// Whether virtual time means anything in a run with these wall clocks: exploring ignores durations, and its clocks stand still.
pub(super) fn is_timed(mut wall_clocks: impl Iterator<Item = Timestamp>) -> bool {
    let first = wall_clocks.next();
    wall_clocks.any(|clock| Some(clock) != first)
}

/// Seconds and milliseconds: `1.204`.
pub(super) fn seconds(at_us: u64) -> String {
    let ms = at_us / 1000;
    format!("{}.{:03}", ms / 1000, ms % 1000)
}
