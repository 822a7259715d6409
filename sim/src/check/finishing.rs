//! What flush and close promise: they return once everything before them has completed, and nothing gets in after a close.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::call::{Answer, Call};
use kafkasim_core::ids::{CallId, NodeId};

use super::sends::Sends;
use super::view::View;
use super::{Finding, Promise, Verdict};
use crate::world::Event;

/// Remembers what flushes and closes wait for, and what was sent too late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Finishing {
    /// What has to complete before the flush of a producer returns.
    flushes: BTreeMap<NodeId, BTreeSet<CallId>>,
    /// Who has called close.
    closed: BTreeSet<NodeId>,
    /// Sends that came after that, and are not answered yet.
    too_late: BTreeSet<(NodeId, CallId)>,
}

impl Finishing {
    /// Takes an event in, after `sends` has.
    pub(crate) fn observe(&mut self, view: &dyn View, sends: &Sends, event: &Event) -> Option<Finding> {
        match event {
            Event::Called { node, call } => self.called(sends, *node, call),
            Event::Answered { node, answer } => return self.answered(view, sends, *node, answer),
            Event::Stopped { node, .. } => self.stopped(*node),
            Event::Started { .. }
            | Event::Processed { .. }
            | Event::Fault(_)
            | Event::Late { .. }
            | Event::Severed { .. }
            | Event::WriteRefused { .. }
            | Event::Note { .. } => {}
        }
        None
    }

    fn called(&mut self, sends: &Sends, node: NodeId, call: &Call) {
        match call {
            Call::Send { call, .. } => {
                if self.closed.contains(&node) {
                    self.too_late.insert((node, *call));
                }
            }
            Call::Flush => {
                self.flushes.insert(node, sends.outstanding_calls(node).collect());
            }
            Call::Close { .. } => {
                self.closed.insert(node);
            }
            Call::PartitionsFor { .. }
            | Call::Assign(_)
            | Call::Subscribe(_)
            | Call::Unsubscribe
            | Call::ListenerReturned
            | Call::CommitSync { .. }
            | Call::CommitAsync { .. }
            | Call::Poll { .. }
            | Call::Steer(_)
            | Call::LookUp { .. }
            | Call::ShutDown
            | Call::Administer(_)
            | Call::DeleteRecords(_) => {}
        }
    }

    fn answered(&mut self, view: &dyn View, sends: &Sends, node: NodeId, answer: &Answer) -> Option<Finding> {
        match answer {
            Answer::Sent { call, result } => {
                if let Some(before) = self.flushes.get_mut(&node) {
                    before.remove(call);
                }
                let was_too_late = self.too_late.remove(&(node, *call));
                (was_too_late && result.is_ok()).then(|| {
                    let node = view.name(node);
                    violated(format!(
                        "{node} is told that call {call} succeeded, which it made after close"
                    ))
                })
            }
            Answer::Flushed => {
                let left = self.flushes.remove(&node).unwrap_or_default().len();
                too_early(view, node, "flush", left)
            }
            Answer::Closed => {
                let left = sends.outstanding_calls(node);
                let left = left.filter(|call| !self.too_late.contains(&(node, *call))).count();
                too_early(view, node, "close", left)
            }
            Answer::Polled(Ok(_)) | Answer::LookedUp(Ok(_)) if self.closed.contains(&node) => {
                let node = view.name(node);
                Some(violated(format!(
                    "{node} is answered by its consumer, which it has closed"
                )))
            }
            Answer::PartitionsFor { .. }
            | Answer::Polled(_)
            | Answer::Rebalanced(_)
            | Answer::Unsubscribed
            | Answer::Committed(_)
            | Answer::CommitCompleted { .. }
            | Answer::LookedUp(_)
            | Answer::ShutDown
            | Answer::Administered { .. }
            | Answer::RecordsDeleted(_) => None,
        }
    }

    fn stopped(&mut self, node: NodeId) {
        self.too_late.retain(|(sender, _)| *sender != node);
        self.flushes.remove(&node);
        self.closed.remove(&node);
    }
}

fn too_early(view: &dyn View, node: NodeId, what: &str, left: usize) -> Option<Finding> {
    (left > 0).then(|| {
        let sends = if left == 1 { "send" } else { "sends" };
        violated(format!(
            "{what} returns to {} with {left} {sends} before it not answered",
            view.name(node)
        ))
    })
}

fn violated(message: String) -> Finding {
    Finding::new(Promise::FlushCompletion, Verdict::Violated, message)
}
