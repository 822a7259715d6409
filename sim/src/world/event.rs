//! What an action causes: for whoever schedules, for whoever watches, and for the monitors.

use kafkasim_core::call::{Answer, Call};
use kafkasim_core::ids::{DiskToken, NodeId, Offset, TopicName};
use kafkasim_core::machine::{Outbox, Question};
use kafkasim_core::message::Api;
use kafkasim_core::note::Note;
use kafkasim_core::timer::{Mark, Timer, Window};

use super::{Direction, Fault, Link};
use crate::check::Finding;

/// Something that a scheduler may want to know, in the order in which it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// A connection waits to be made or refused.
    Opening {
        /// The connection.
        link: Link,
    },
    /// Something was put into one direction of a connection.
    Packet {
        /// The connection.
        link: Link,
        /// The direction.
        direction: Direction,
    },
    /// A request under way has just outlived its connection.
    Late {
        /// The connection.
        link: Link,
    },
    /// A server is free to work on the next request of a connection, which has arrived or will.
    Unblocked {
        /// The connection.
        link: Link,
    },
    /// A timer was armed, counted from now or from a mark.
    TimerSet {
        /// The process.
        node: NodeId,
        /// The timer.
        timer: Timer,
        /// Where the window counts from, if not from now.
        from: Option<Mark>,
        /// When it may fire.
        window: Window,
    },
    /// A timer was disarmed.
    TimerCancelled {
        /// The process.
        node: NodeId,
        /// The timer.
        timer: Timer,
    },
    /// A moment is to be remembered.
    Marked {
        /// The process.
        node: NodeId,
        /// The mark.
        mark: Mark,
    },
    /// A sync was asked for.
    Syncing {
        /// The process.
        node: NodeId,
        /// The operation.
        token: DiskToken,
    },
    /// A question was asked.
    Asked {
        /// The process.
        node: NodeId,
        /// The question.
        question: Question,
    },
    /// An application has a call to make.
    Ready {
        /// The process.
        node: NodeId,
    },
    /// An application has work to do.
    Busy {
        /// The process.
        node: NodeId,
    },
    /// A process stopped: nothing that was armed, asked or marked there exists any more.
    Stopped {
        /// The process.
        node: NodeId,
    },
}

/// Something that monitors and histories look at, in the order in which it came about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A process started.
    Started {
        /// The process.
        node: NodeId,
    },
    /// A process stopped: crashed, lost power, or shut down in order.
    Stopped {
        /// The process.
        node: NodeId,
        /// In order: a broker after handing over its partitions, an application when it was asked to or has come to its end.
        in_order: bool,
    },
    /// The environment did something. Told after it took effect, before what it caused.
    Fault(Fault),
    /// An application made a call.
    Called {
        /// The process.
        node: NodeId,
        /// The call.
        call: Call,
    },
    /// An application was answered.
    Answered {
        /// The process.
        node: NodeId,
        /// The answer.
        answer: Answer,
    },
    /// An application has processed a record that it was given: from now on its effects are there, whatever becomes of the process.
    Processed {
        /// The process.
        node: NodeId,
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: i32,
        /// The record's offset.
        offset: Offset,
    },
    /// A request arrived whose connection had ended meanwhile.
    Late {
        /// The connection.
        link: Link,
        /// What was requested.
        api: Api,
    },
    /// A connection ended with requests under way, or unanswered.
    Severed {
        /// The connection.
        link: Link,
    },
    /// A disk refused a write, and so the process halts.
    WriteRefused {
        /// The process.
        node: NodeId,
    },
    /// A machine told something.
    Note {
        /// The process.
        node: NodeId,
        /// What.
        note: Note,
    },
}

/// What one action caused; reused from action to action.
#[derive(Debug, Default)]
pub struct Outcome {
    /// For the scheduler.
    pub queued: Vec<Queued>,
    /// For monitors, histories and pictures.
    pub events: Vec<Event>,
    /// What the monitors found.
    pub findings: Vec<Finding>,
    pub(super) outbox: Outbox,
}

impl Outcome {
    pub(super) fn clear(&mut self) {
        self.queued.clear();
        self.events.clear();
        self.findings.clear();
    }
}
