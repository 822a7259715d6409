//! The contract of every machine: causes enter through [`Machine::step`], consequences leave through the [`Outbox`].

use alloc::vec::Vec;
use core::fmt;
use core::hash::Hash;

use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call};
use crate::disk::{DiskError, DiskImage, DiskOp};
use crate::ids::{DiskToken, Generation, IncarnationId, NodeId, Timestamp};
use crate::message::{Message, Request, Response};
use crate::note::Note;
use crate::rules::Rules;
use crate::timer::{Mark, Timer, Window};

/// One process. Every cause enters through `step`; every consequence leaves through `out`.
pub trait Machine: Clone + Eq + Hash + fmt::Debug {
    /// Static configuration: passed, never stored.
    type Config;

    /// Starts from what survived on disk, never from memory.
    fn boot(context: &Context<'_, Self::Config>, boot: Boot<'_>, out: &mut Outbox) -> Self;

    /// Takes one input and puts every consequence into `out`.
    fn step(&mut self, context: &Context<'_, Self::Config>, input: Input, out: &mut Outbox);
}

/// What a machine may look at but not keep.
#[derive(Clone, Copy)]
pub struct Context<'a, C> {
    /// This process.
    pub node: NodeId,
    /// Its static configuration.
    pub config: &'a C,
    /// The contested protocol decisions.
    pub rules: &'a Rules,
    /// This process's wall clock, as data: to stamp and compare records with.
    pub wall_clock: Timestamp,
}

/// How a process comes up.
#[derive(Clone, Copy)]
pub struct Boot<'a> {
    /// Distinguishes this start from every earlier one of the same process.
    pub incarnation: IncarnationId,
    /// What survived.
    pub disk: &'a DiskImage,
}

/// What a connection is for. Processes use one connection per purpose, so that a parked Fetch cannot block a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lane {
    /// A client's metadata, produce, fetch and offset requests.
    Client,
    /// A follower's fetches from a leader.
    Replica,
    /// A broker's fetches of the metadata log from the controller.
    Metadata,
    /// A broker's registration and heartbeats.
    Lifecycle,
    /// A leader's AlterPartition requests.
    AlterPartition,
    /// A broker's other requests to the controller (producer id blocks).
    Forwarding,
    /// A member's requests to the coordinator of its group, so that a parked Fetch cannot block a heartbeat.
    Coordinator,
}

/// One connection as either end sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConnectionId {
    /// The process at the other end.
    pub peer: NodeId,
    /// What it is for.
    pub lane: Lane,
    /// Which of the connections on this lane; the network picks the smallest free number.
    pub generation: Generation,
}

impl ConnectionId {
    /// Marks a request whose connection has ended while it was on its way. It is carried out, but never parked and never answered:
    /// there is nobody left to answer to.
    pub const ENDED: Generation = Generation(u32::MAX);

    /// Whether the sender has given this connection up.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.generation.0 == Self::ENDED.0
    }
}

/// Everything that can happen to a machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A message arrived.
    Message {
        /// The connection that it came over.
        connection: ConnectionId,
        /// The request, or the response to the oldest unanswered request on that connection.
        message: Message,
    },
    /// A connection that this machine asked for is up.
    Connected(ConnectionId),
    /// A connection that this machine asked for could not be made. No other connection between the two is concerned.
    Refused {
        /// Whom to connect to failed.
        peer: NodeId,
        /// What the connection was to be for.
        lane: Lane,
    },
    /// A connection that was up ended, whichever end had opened it: both use the same generation only one after the other. Parked requests
    /// of the peer are forgotten, requests of ours are unanswered for good.
    Disconnected(ConnectionId),
    /// An armed timer fired; it is no longer armed.
    TimerFired(Timer),
    /// What was written before [`DiskOp::Sync`] with this token is durable, or the sync failed.
    Synced(DiskToken, Result<(), DiskError>),
    /// The option picked for the oldest open [`Question`].
    Chosen(Choice),
    /// The application, or the operating system, asks for something.
    Call(Call),
}

/// Everything that a machine can cause.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Open a connection; the answer is [`Input::Connected`] or [`Input::Refused`]. At most one attempt per peer and lane at a time.
    /// The generation is filled in by the network, here it is the one that this machine last had and has no meaning.
    Connect {
        /// Whom to connect to.
        peer: NodeId,
        /// What for.
        lane: Lane,
    },
    /// Send over an open connection. Over one that has ended it is dropped.
    Send {
        /// The connection.
        connection: ConnectionId,
        /// A request if this machine opened the connection, else a response.
        message: Message,
    },
    /// Close a connection that this machine opened. No [`Input::Disconnected`] follows.
    Disconnect(ConnectionId),
    /// Arm a timer, counted from now.
    SetTimer {
        /// Which.
        timer: Timer,
        /// When.
        window: Window,
    },
    /// Remember this moment.
    Mark(Mark),
    /// Arm a timer, counted from a remembered moment (from now if there is none).
    SetTimerFromMark {
        /// Which.
        timer: Timer,
        /// Counted from there.
        mark: Mark,
        /// When.
        window: Window,
    },
    /// Disarm a timer.
    CancelTimer(Timer),
    /// Write, or ask for durability.
    Disk(DiskOp),
    /// Ask for a choice that Kafka leaves to chance.
    Choose(Question),
    /// Answer a call.
    Answer(Answer),
    /// Tell what happened, for monitors, counters and pictures. Has no influence on any machine.
    Note(Note),
}

/// A decision that Kafka draws at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Question {
    /// What is to be decided.
    pub kind: QuestionKind,
    /// How many options there are; at least 1.
    pub options: u32,
}

/// What a machine may have to ask chance for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum QuestionKind {
    /// The producer's next sticky partition of the topic (KIP-480, KIP-794).
    StickyPartition(crate::ids::TopicId),
    /// Where a new member comes among the others of its group, which are sorted by their ids.
    MemberId,
}

/// The option picked, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Choice {
    /// What was asked.
    pub kind: QuestionKind,
    /// Below [`Question::options`].
    pub option: u32,
}

/// The one door out: effects in the order in which they were caused.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    effects: Vec<Effect>,
}

impl Outbox {
    /// An empty outbox.
    #[must_use]
    pub const fn new() -> Self {
        Self { effects: Vec::new() }
    }

    /// Takes the effects out, keeping the allocation.
    pub fn drain(&mut self) -> alloc::vec::Drain<'_, Effect> {
        self.effects.drain(..)
    }

    /// The effects so far.
    #[must_use]
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// Opens a connection.
    pub fn connect(&mut self, peer: NodeId, lane: Lane) {
        self.effects.push(Effect::Connect { peer, lane });
    }

    /// Sends a request.
    pub fn request(&mut self, connection: ConnectionId, request: Request) {
        self.effects.push(Effect::Send {
            connection,
            message: Message::Request(request),
        });
    }

    /// Sends a response; to a connection that has ended there is nothing to send.
    pub fn respond(&mut self, connection: ConnectionId, response: Response) {
        if !connection.has_ended() {
            self.effects.push(Effect::Send {
                connection,
                message: Message::Response(response),
            });
        }
    }

    /// Closes a connection.
    pub fn disconnect(&mut self, connection: ConnectionId) {
        self.effects.push(Effect::Disconnect(connection));
    }

    /// Arms a timer.
    pub fn set_timer(&mut self, timer: Timer, window: Window) {
        self.effects.push(Effect::SetTimer { timer, window });
    }

    /// Remembers this moment.
    pub fn mark(&mut self, mark: Mark) {
        self.effects.push(Effect::Mark(mark));
    }

    /// Arms a timer counted from a remembered moment.
    pub fn set_timer_from_mark(&mut self, timer: Timer, mark: Mark, window: Window) {
        self.effects.push(Effect::SetTimerFromMark { timer, mark, window });
    }

    /// Disarms a timer.
    pub fn cancel_timer(&mut self, timer: Timer) {
        self.effects.push(Effect::CancelTimer(timer));
    }

    /// Writes to disk.
    pub fn disk(&mut self, op: DiskOp) {
        self.effects.push(Effect::Disk(op));
    }

    /// Asks for a choice.
    pub fn choose(&mut self, question: Question) {
        self.effects.push(Effect::Choose(question));
    }

    /// Answers a call.
    pub fn answer(&mut self, answer: Answer) {
        self.effects.push(Effect::Answer(answer));
    }

    /// Tells what happened.
    pub fn note(&mut self, note: Note) {
        self.effects.push(Effect::Note(note));
    }
}
