//! What a random run is to do: a world, who is who in it, and what may happen to it. Everything here is decided before the run starts.

use std::sync::Arc;

use kafkasim_core::call::NewTopic;
use kafkasim_core::ids::{NodeId, TopicName};
use serde::{Deserialize, Serialize};

use super::latency::Latency;
use crate::setup::Setup;

/// A run, but for chance.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The world.
    pub setup: Arc<Setup>,
    /// Applications, started once the cluster is up.
    pub applications: Vec<NodeId>,
    /// Fresh readers, started when the applications are done; they read every partition from its start.
    pub readers: Vec<NodeId>,
    /// What breaks.
    pub faults: FaultPlan,
    /// How long messages take.
    pub latency: Latency,
    /// How long applications think between two calls, at most, in microseconds.
    pub think_us: u64,
    /// How far wall clocks are off, at most, in milliseconds.
    pub skew_ms: u64,
    /// How much clocks drift, at most, in parts per million.
    pub drift_ppm: u64,
    /// How long things may break, in milliseconds.
    pub safety_ms: u64,
    /// How long everything may take to finish after that, in milliseconds.
    pub liveness_ms: u64,
}

/// What may break, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    /// The kinds of faults to draw from; none is a run without faults.
    pub kinds: Vec<FaultKind>,
    /// How many faults there are, exactly (fewer only if none of the kinds is possible when its time comes).
    pub count: u32,
    /// How many power losses there may be among them.
    pub power_losses_at_most: u32,
    /// Which losses of data there may be.
    pub losses: Losses,
    /// The brokers by the racks that they are in.
    pub racks: Vec<Vec<NodeId>>,
    /// The topics that may be expanded, and how many partitions they may have then: readers have to know what to assign.
    pub expandable: Vec<(TopicName, i32)>,
    /// The topics that are not there from the start.
    pub later: Vec<NewTopic>,
}

/// Which losses of data there may be: faults after which a disk has less than was written to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Losses {
    /// A fault that takes data is put off while too many replicas have not caught up since the last: what the configuration promises stays
    /// possible.
    #[default]
    Spread,
    /// Any at all, on every replica at once if chance will have it.
    Any,
}

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FaultKind {
    /// What happens.
    pub kind: Family,
    /// To whom.
    #[serde(default)]
    pub target: Target,
    /// For how long, at least and at most, in milliseconds (for a clock jump: how far).
    #[serde(default = "default_hold")]
    pub hold_ms: (u64, u64),
}

const fn default_hold() -> (u64, u64) {
    (100, 15_000)
}

/// What can happen to a process or to the network around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// The process dies and is started again.
    Crash,
    /// The machine loses power: like a crash, and unsynced writes may be lost.
    PowerLoss,
    /// The broker or application is shut down in order and started again.
    ShutDown,
    /// The process stands still.
    Pause,
    /// Nothing gets to or from the process.
    Isolate,
    /// Nothing gets from the process to one other, and back.
    Cut,
    /// Nothing gets from the process to one other.
    CutOneWay,
    /// Nothing gets from the process to any other broker, but everything else does.
    CutFromBrokers,
    /// One of the process's connections breaks.
    Reset,
    /// What the process sends to one other is held back, then arrives all at once.
    Clog,
    /// The process's wall clock jumps, forwards or backwards.
    ClockJump,
    /// The operator deletes records of a partition that the broker leads: some of what is committed, or all of it.
    DeleteRecords,
    /// Whatever arrives at the process waits for a while, up to a second.
    Slow,
    /// The process dies, and is started again with an empty disk.
    Wipe,
    /// The machine loses power, and finds its checkpoints older than its logs.
    StaleCheckpoints,
    /// The process dies or is shut down, and a batch rots on its disk before it is started again.
    Rot,
    /// The disk is full: whoever has to write halts, and is started again when there is room.
    FullDisk,
    /// No sync completes for a while. Controllers sync; brokers leave that to replication.
    SlowDisk,
    /// Syncs fail, upon which the process halts.
    FailingDisk,
    /// Every broker is shut down in order and started again, one after the other: the next only once every replica is in sync again. Or every
    /// application with a consumer is.
    RollingRestart,
    /// The operator creates a topic that is not there from the start.
    Create,
    /// The operator adds a partition to a topic, on the same brokers in turn.
    Expand,
    /// The operator deletes a topic, and creates it again as soon as that is done.
    DeleteTopic,
    /// The operator has preferred replicas lead again.
    ElectPreferred,
    /// The operator has anybody lead where nobody leads, whatever that loses.
    ElectUnclean,
    /// The operator has other brokers replicate a partition, or takes that back while it is under way.
    Reassign,
}

impl Family {
    /// Whether an operator does it.
    #[must_use]
    pub const fn is_administrative(self) -> bool {
        matches!(
            self,
            Self::Create
                | Self::Expand
                | Self::DeleteTopic
                | Self::ElectPreferred
                | Self::ElectUnclean
                | Self::Reassign
        )
    }

    /// Whether a disk may have less afterwards than was written to it.
    #[must_use]
    pub const fn is_lossy(self) -> bool {
        match self {
            Self::PowerLoss | Self::Wipe | Self::StaleCheckpoints | Self::Rot => true,
            Self::Crash
            | Self::ShutDown
            | Self::Pause
            | Self::Isolate
            | Self::Cut
            | Self::CutOneWay
            | Self::CutFromBrokers
            | Self::Reset
            | Self::Clog
            | Self::ClockJump
            | Self::Slow
            | Self::DeleteRecords
            | Self::FullDisk
            | Self::SlowDisk
            | Self::FailingDisk
            | Self::RollingRestart
            | Self::Create
            | Self::Expand
            | Self::DeleteTopic
            | Self::ElectPreferred
            | Self::ElectUnclean
            | Self::Reassign => false,
        }
    }
}

/// Whom a fault hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Any broker.
    #[default]
    Broker,
    /// A broker that leads a partition.
    Leader,
    /// A broker that follows in a partition.
    Follower,
    /// A broker that coordinates groups: it leads a partition of `__consumer_offsets`.
    Coordinator,
    /// The controller.
    Controller,
    /// An application.
    Application,
    /// An application with a consumer.
    Consumer,
    /// Every broker in one rack.
    Rack,
    /// Every broker, and the controller: the whole site.
    Site,
    /// The operator, who changes the cluster instead of breaking it.
    Operator,
}
