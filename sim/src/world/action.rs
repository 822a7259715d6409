//! Everything that can happen next in a world, named by what it means.

use std::cmp::Ordering;
use std::fmt;

use kafkasim_core::call::Administration;
use kafkasim_core::ids::{DiskToken, Generation, NodeId, Timestamp, TopicPartition};
use kafkasim_core::machine::Lane;
use kafkasim_core::message::{Api, DeleteBefore};
use kafkasim_core::timer::Timer;
use serde::{Deserialize, Serialize};

use super::DiskFault;

/// One thing that happens. A run is a list of these.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A process that is down starts from its disk.
    Start {
        /// The process.
        node: NodeId,
    },
    /// A connection that was asked for is made.
    Connect(Link),
    /// A connection that was asked for cannot be made: nobody listens there, or it is out of reach.
    Refuse(Link),
    /// What is at the head of one direction of a connection arrives.
    Deliver {
        /// The connection.
        link: Link,
        /// Towards the server (requests) or towards the client (responses).
        direction: Direction,
        /// What arrives.
        what: Delivery,
    },
    /// An armed timer fires.
    Fire {
        /// The process.
        node: NodeId,
        /// The timer.
        timer: Timer,
    },
    /// A disk operation completes.
    Sync {
        /// The process.
        node: NodeId,
        /// The operation.
        token: DiskToken,
        /// Whether it succeeds.
        ok: bool,
    },
    /// Chance answers the oldest question of a process.
    Choose {
        /// The process.
        node: NodeId,
        /// The option, from 0.
        option: u32,
    },
    /// An application makes its next call.
    Call {
        /// The process.
        node: NodeId,
    },
    /// An application goes on with its work: what it does with records besides calling its client.
    Work {
        /// The process.
        node: NodeId,
    },
    /// Something breaks, or is mended.
    Fault(Fault),
}

/// What an environment does to processes, disks and the network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A process dies; everything that it wrote stays.
    Crash {
        /// The process.
        node: NodeId,
    },
    /// A machine loses power: each log keeps what was synced and a prefix of the rest.
    PowerLoss {
        /// The process.
        node: NodeId,
        /// What is kept of the logs that lose something.
        kept: Vec<KeptTail>,
    },
    /// A process stops running (a long garbage collection) without losing anything.
    Pause {
        /// The process.
        node: NodeId,
    },
    /// It runs again.
    Resume {
        /// The process.
        node: NodeId,
    },
    /// A broker or an application is asked to shut down in order (SIGTERM).
    ShutDown {
        /// The process.
        node: NodeId,
    },
    /// An operator is asked to change the cluster (which is not a fault, but everybody has to notice it).
    Administer {
        /// The operator.
        node: NodeId,
        /// What it has the controller do.
        task: Administration,
    },
    /// Nothing gets from one process to another any more.
    Cut {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
    },
    /// It does again.
    Mend {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
    },
    /// A connection breaks. Both ends learn of it; requests under way may still arrive.
    Reset(Link),
    /// A request whose connection has ended will not arrive after all.
    Lose(Link),
    /// Something happens to a disk.
    Disk {
        /// The process whose disk it is.
        node: NodeId,
        /// What.
        what: DiskFault,
    },
    /// A wall clock jumps, forwards or backwards.
    ClockJump {
        /// The process.
        node: NodeId,
        /// By how many milliseconds.
        by_ms: i64,
    },
    /// An operator deletes the oldest records of a partition.
    DeleteRecords {
        /// The operator.
        node: NodeId,
        /// Of which partition.
        partition: TopicPartition,
        /// The first record to keep.
        before: DeleteBefore,
        /// Whom it asks.
        leader: NodeId,
    },
}

/// What is left of one log's unsynced tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeptTail {
    /// The log.
    pub log: TopicPartition,
    /// How many unsynced batches are kept whole.
    pub whole: u32,
    /// How many body bytes of the next are kept; 0 is none.
    pub torn_bytes: u32,
}

/// One connection: who opened it, to whom, what for, and which. Ordered by these, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// The end that opened it.
    pub client: NodeId,
    /// The other end.
    pub server: NodeId,
    /// What it is for.
    pub lane: Lane,
    /// Which of those between these two on this lane.
    pub generation: Generation,
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Requests.
    ToServer,
    /// Responses.
    ToClient,
}

/// What arrives at an end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// A request or a response of this API.
    Message(Api),
    /// A request whose connection has ended meanwhile.
    Late(Api),
    /// The end of the connection.
    End,
}

/// An action with the virtual time and the wall clock at which it happens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Step {
    /// Virtual time since the start of the run, in microseconds. Exploring ignores durations: there it is the depth.
    pub at_us: u64,
    /// The wall clock of the process that acts, in milliseconds since the Unix epoch.
    pub wall_ms: Timestamp,
    /// What happens.
    pub action: Action,
}

impl Link {
    /// What links are ordered by, as one number: connections are looked up several times for each action.
    pub(crate) const fn key(self) -> u128 {
        (self.client.0 as u32 as u128) << 96
            | (self.server.0 as u32 as u128) << 64
            | (self.lane as u128) << 32
            | self.generation.0 as u128
    }

    /// Who receives in this direction.
    #[must_use]
    pub const fn receiver(&self, direction: Direction) -> NodeId {
        match direction {
            Direction::ToServer => self.server,
            Direction::ToClient => self.client,
        }
    }

    /// Who sends in this direction.
    #[must_use]
    pub const fn sender(&self, direction: Direction) -> NodeId {
        match direction {
            Direction::ToServer => self.client,
            Direction::ToClient => self.server,
        }
    }
}

impl PartialOrd for Link {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Link {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Action {
    /// The process whose machine takes the step, if one does.
    #[must_use]
    pub const fn node(&self) -> Option<NodeId> {
        match self {
            Self::Start { node }
            | Self::Fire { node, .. }
            | Self::Sync { node, .. }
            | Self::Choose { node, .. }
            | Self::Call { node }
            | Self::Work { node } => Some(*node),
            Self::Connect(link) | Self::Refuse(link) => Some(link.client),
            Self::Deliver { link, direction, .. } => Some(link.receiver(*direction)),
            Self::Fault(fault) => fault.node(),
        }
    }

    /// Whether the environment, rather than a process or the network's ordinary work, is the cause.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        matches!(self, Self::Fault(_))
    }
}

impl Fault {
    /// The process that is hit, if it is one.
    #[must_use]
    pub const fn node(&self) -> Option<NodeId> {
        match self {
            Self::Crash { node }
            | Self::PowerLoss { node, .. }
            | Self::Pause { node }
            | Self::Resume { node }
            | Self::ShutDown { node }
            | Self::DeleteRecords { node, .. }
            | Self::Administer { node, .. }
            | Self::Disk { node, .. }
            | Self::ClockJump { node, .. } => Some(*node),
            Self::Cut { .. } | Self::Mend { .. } | Self::Reset(_) | Self::Lose(_) => None,
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}→{} {:?}", self.client, self.server, self.lane)?;
        if self.generation.0 > 0 {
            write!(f, "#{}", self.generation)
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { node } => write!(f, "start {node}"),
            Self::Connect(link) => write!(f, "connect {link}"),
            Self::Refuse(link) => write!(f, "refuse {link}"),
            Self::Deliver { link, direction, what } => {
                let (from, to) = (link.sender(*direction), link.receiver(*direction));
                match (what, direction) {
                    (Delivery::Message(api), Direction::ToServer) => write!(f, "deliver {} of {from}→{to}", api.name()),
                    (Delivery::Message(api), Direction::ToClient) => write!(f, "answer {} of {to}→{from}", api.name()),
                    (Delivery::Late(api), _) => write!(f, "deliver late {} of {from}→{to}", api.name()),
                    (Delivery::End, _) => write!(f, "deliver end of {:?} of {from}→{to}", link.lane),
                }
            }
            Self::Fire { node, timer } => write!(f, "fire {timer:?} at {node}"),
            Self::Sync { node, token, ok } => {
                write!(f, "sync {token} at {node} {}", if *ok { "done" } else { "fails" })
            }
            Self::Choose { node, option } => write!(f, "choose {option} at {node}"),
            Self::Call { node } => write!(f, "call at {node}"),
            Self::Work { node } => write!(f, "work at {node}"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash { node } => write!(f, "crash {node}"),
            Self::PowerLoss { node, kept } if kept.is_empty() => write!(f, "power loss {node}"),
            Self::PowerLoss { node, kept } => {
                write!(f, "power loss {node}, kept")?;
                for tail in kept {
                    write!(f, " {}:{}", tail.log, tail.whole)?;
                    if tail.torn_bytes > 0 {
                        write!(f, "+{}B", tail.torn_bytes)?;
                    }
                }
                Ok(())
            }
            Self::Pause { node } => write!(f, "pause {node}"),
            Self::Resume { node } => write!(f, "resume {node}"),
            Self::ShutDown { node } => write!(f, "shut down {node}"),
            Self::Administer { node, task } => write!(f, "{node}: {task}"),
            Self::Cut { from, to } => write!(f, "cut {from}→{to}"),
            Self::Mend { from, to } => write!(f, "mend {from}→{to}"),
            Self::Reset(link) => write!(f, "reset {link}"),
            Self::Lose(link) => write!(f, "lose late request of {link}"),
            Self::DeleteRecords {
                node,
                partition,
                before,
                leader,
            } => match before {
                DeleteBefore::HighWatermark => write!(f, "{node} deletes what {leader} has committed of {partition}"),
                DeleteBefore::Offset(offset) => write!(f, "{node} deletes {partition} before {offset} at {leader}"),
            },
            Self::Disk { node, what } => write!(f, "disk of {node} {what}"),
            Self::ClockJump { node, by_ms } => write!(f, "clock of {node} jumps {by_ms:+} ms"),
        }
    }
}
