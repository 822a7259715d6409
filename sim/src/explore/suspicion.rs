//! Which timers only keep things alive, and which suspect somebody who is not dead.

use core::fmt;
use core::str::FromStr;

use kafkasim_core::consumer::Consumer;
use kafkasim_core::ids::{IncarnationId, NodeId};
use kafkasim_core::machine::{ConnectionId, Lane};
use kafkasim_core::timer::{GroupTimer, Timer, TimerClass};
use serde::{Deserialize, Serialize};

use crate::setup::Role;
use crate::world::{Connection, Link, World};

/// Which false suspicions are tried at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suspicions {
    /// Every one.
    #[default]
    All,
    /// That a broker or a member of a group is gone, does not poll any more or does not join again: who leads and who reads what depends on these.
    /// Requests that are believed lost, and replicas that are believed to lag, are not tried.
    Sessions,
}

impl Suspicions {
    /// All of them, by name.
    pub const NAMES: [&str; 2] = ["all", "sessions"];

    pub(super) const fn contain(self, timer: &Timer) -> bool {
        match self {
            Self::All => true,
            Self::Sessions => matches!(
                timer,
                Timer::Session { .. }
                    | Timer::MaxPollInterval
                    | Timer::Group {
                        timer: GroupTimer::Session { .. } | GroupTimer::Join { .. },
                        ..
                    }
            ),
        }
    }
}

impl fmt::Display for Suspicions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES[*self as usize])
    }
}

/// That is none of [`Suspicions::NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("suspicions are `all` or `sessions`")]
pub struct UnknownSuspicions;

impl FromStr for Suspicions {
    type Err = UnknownSuspicions;

    fn from_str(name: &str) -> Result<Self, UnknownSuspicions> {
        [Self::All, Self::Sessions]
            .into_iter()
            .find(|suspicions| suspicions.to_string() == name)
            .ok_or(UnknownSuspicions)
    }
}

/// Whether firing this timer would change nothing but to say again what everybody knows: a heartbeat of a broker that the controller believes
/// alive, an empty answer to a fetch whose sender knows the high watermark already. Exploring never fires these; the loss of a session can
/// fire anyway.
#[must_use]
pub fn is_keep_alive(world: &World, node: NodeId, timer: &Timer) -> bool {
    match timer {
        Timer::Heartbeat => world.node(node).broker().is_some_and(|broker| {
            let registered = world
                .nodes()
                .find_map(|(_, other)| other.controller())
                .and_then(|controller| {
                    controller
                        .image()
                        .brokers
                        .get(&node)
                        .filter(|registered| Some(registered.epoch) == broker.epoch())
                });
            registered.is_some_and(|registered| !registered.fenced && !broker.is_shutting_down())
        }),
        Timer::MemberHeartbeat => would_tell_nothing(world, node),
        Timer::FetchWait { connection } => match connection.lane {
            Lane::Replica => !would_tell_high_watermark(world, node, connection.peer),
            Lane::Client
            | Lane::Metadata
            | Lane::Lifecycle
            | Lane::AlterPartition
            | Lane::Forwarding
            | Lane::Coordinator => true,
        },
        Timer::RequestTimeout { .. }
        | Timer::ReconnectBackoff { .. }
        | Timer::RegistrationBackoff
        | Timer::MetadataFetchBackoff
        | Timer::ReplicaFetchBackoff { .. }
        | Timer::AlterPartitionBackoff { .. }
        | Timer::ReplicaLag { .. }
        | Timer::HighWatermarkCheckpoint
        | Timer::LogRetention
        | Timer::ProducerExpiration
        | Timer::LogCleaner
        | Timer::LogStartCheckpoint
        | Timer::ProduceWait { .. }
        | Timer::DeleteRecordsWait { .. }
        | Timer::Session { .. }
        | Timer::Linger { .. }
        | Timer::RetryBackoff { .. }
        | Timer::DeliveryTimeout { .. }
        | Timer::InitProducerIdBackoff
        | Timer::MaxBlock { .. }
        | Timer::CloseTimeout
        | Timer::MetadataBackoff
        | Timer::MetadataMaxAge
        | Timer::PollTimeout
        | Timer::FetchBackoff { .. }
        | Timer::PositionBackoff { .. }
        | Timer::ListenerCallTimeout
        | Timer::CoordinatorBackoff
        | Timer::OffsetsBackoff
        | Timer::MemberSession
        | Timer::MaxPollInterval
        | Timer::AutoCommit
        | Timer::JoinPrepare
        | Timer::Group { .. }
        | Timer::OperatorBackoff => false,
    }
}

/// Whether firing this timer would end where it began: a connection to a process that is down, or to a broker that does not serve yet.
#[must_use]
pub fn is_futile(world: &World, timer: &Timer) -> bool {
    matches!(timer, Timer::ReconnectBackoff { peer, .. } if !world.node(*peer).is_listening())
}

/// Whether this timer suspects somebody although what would cancel it can still happen. After a real crash it is healing, and free.
#[must_use]
pub fn is_false_suspicion(world: &World, node: NodeId, timer: &Timer) -> bool {
    match timer {
        Timer::Session { broker } => {
            let registered = world
                .node(node)
                .controller()
                .and_then(|controller| controller.image().brokers.get(broker));
            let process = world.node(*broker);
            // The registered incarnation is really gone once the process is down, or is another one.
            process.is_up()
                && registered.is_some_and(|registered| IncarnationId(process.starts() - 1) == registered.incarnation)
        }
        Timer::ReplicaLag { follower, .. } => world.node(*follower).is_up(),
        Timer::RequestTimeout { connection, .. } => is_answerable(world, node, *connection),
        Timer::Group { .. } => timer.class() == TimerClass::Suspicion,
        // Whoever commits can be answered; a poll just ends.
        Timer::PollTimeout | Timer::ListenerCallTimeout => {
            world.node(node).consumer().is_some_and(Consumer::awaits_answer)
        }
        // The application could poll, the coordinator could answer.
        Timer::MaxPollInterval | Timer::MemberSession | Timer::JoinPrepare => true,
        Timer::ProduceWait { .. }
        | Timer::DeleteRecordsWait { .. }
        | Timer::DeliveryTimeout { .. }
        | Timer::MaxBlock { .. }
        | Timer::CloseTimeout => true,
        Timer::ReconnectBackoff { .. }
        | Timer::RegistrationBackoff
        | Timer::Heartbeat
        | Timer::MetadataFetchBackoff
        | Timer::ReplicaFetchBackoff { .. }
        | Timer::AlterPartitionBackoff { .. }
        | Timer::HighWatermarkCheckpoint
        | Timer::LogRetention
        | Timer::ProducerExpiration
        | Timer::LogCleaner
        | Timer::LogStartCheckpoint
        | Timer::FetchWait { .. }
        | Timer::Linger { .. }
        | Timer::RetryBackoff { .. }
        | Timer::InitProducerIdBackoff
        | Timer::MetadataBackoff
        | Timer::MetadataMaxAge
        | Timer::FetchBackoff { .. }
        | Timer::PositionBackoff { .. }
        | Timer::CoordinatorBackoff
        | Timer::OffsetsBackoff
        | Timer::MemberHeartbeat
        | Timer::AutoCommit
        | Timer::OperatorBackoff => false,
    }
}

/// Whether an answer, or the news that the connection has ended, can still arrive.
fn is_answerable(world: &World, client: NodeId, connection: ConnectionId) -> bool {
    let link = Link {
        client,
        server: connection.peer,
        lane: connection.lane,
        generation: connection.generation,
    };
    world
        .network()
        .connection(link)
        .is_some_and(|connection: &Connection| !connection.is_opening())
}

/// Whether the coordinator of this member's group has nothing to tell it: the group is stable, and both know the same.
fn would_tell_nothing(world: &World, node: NodeId) -> bool {
    let Role::Consumer(config, _) = &world.setup().process(node).role else {
        return false;
    };
    let Some(consumer) = world.node(node).consumer() else {
        return false;
    };
    let coordinator = consumer
        .known_coordinator()
        .and_then(|broker| world.node(broker).broker());
    match (coordinator, consumer.membership(), &config.group_id) {
        (Some(coordinator), Some((generation, member)), Some(group)) => {
            coordinator.has_stable_member(group, generation, member)
        }
        (None, ..) | (_, None, _) | (.., None) => false,
    }
}

/// Whether some partition that `follower` follows at `leader` has a high watermark there that the follower does not know.
fn would_tell_high_watermark(world: &World, leader: NodeId, follower: NodeId) -> bool {
    let (Some(leader), Some(follower)) = (world.node(leader).broker(), world.node(follower).broker()) else {
        return false;
    };
    leader.partitions().any(|(partition, ours)| {
        ours.is_leader()
            && follower.partition(partition).is_some_and(|theirs| {
                !theirs.is_leader()
                    && theirs.log().high_watermark() < ours.log().high_watermark().min(theirs.log().end())
            })
    })
}
