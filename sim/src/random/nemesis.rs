//! The nemesis: turns a kind of fault into concrete actions against the world as it is, and remembers how each is undone.

use kafkasim_core::ids::{NodeId, TopicPartition};
use kafkasim_core::message::DeleteBefore;
use kafkasim_core::operator::Operator;

use super::plan::{Family, FaultKind, Plan, Target};
use super::prng::Stream;
use crate::world::{Action, Connection, Fault, KeptTail, World};

/// What a fault consists of.
#[derive(Clone, Debug, Default)]
pub(super) struct Blow {
    /// What happens now.
    pub(super) actions: Vec<Action>,
    /// What undoes it later.
    pub(super) undo: Vec<Action>,
    /// A link that is slow meanwhile.
    pub(super) clog: Option<(NodeId, NodeId)>,
}

/// Draws a target and what exactly happens to it; `None` if nothing of this kind is possible now.
pub(super) fn strike(kind: &FaultKind, plan: &Plan, world: &World, stream: &mut Stream) -> Option<Blow> {
    let candidates: Vec<NodeId> = targets(kind.target, plan, world)
        .into_iter()
        .filter(|node| world.node(*node).is_running())
        .collect();
    if candidates.is_empty() {
        return None;
    }
    let node = *stream.pick(&candidates);
    let start = Action::Start { node };
    let blow = match kind.kind {
        Family::Crash => Blow::of(vec![Fault::Crash { node }], vec![start]),
        Family::PowerLoss => Blow::of(
            vec![Fault::PowerLoss {
                node,
                kept: draw_kept(node, world, stream),
            }],
            vec![start],
        ),
        Family::ShutDown => {
            world.node(node).broker()?;
            Blow::of(vec![Fault::ShutDown { node }], vec![start])
        }
        Family::Pause => Blow::of(vec![Fault::Pause { node }], vec![Action::Fault(Fault::Resume { node })]),
        Family::Isolate => {
            let others = world.nodes().map(|(other, _)| other).filter(|other| *other != node);
            cut(others.flat_map(|other| [(node, other), (other, node)]), world)
        }
        Family::Cut => {
            let other = draw_peer(node, world, stream);
            cut([(node, other), (other, node)], world)
        }
        Family::CutOneWay => {
            let other = draw_peer(node, world, stream);
            cut(
                [if stream.chance(1, 2) {
                    (node, other)
                } else {
                    (other, node)
                }],
                world,
            )
        }
        Family::CutFromBrokers => {
            let others = world.setup().brokers().filter(|other| *other != node);
            cut(others.map(|other| (node, other)), world)
        }
        Family::Reset => {
            let links: Vec<_> = world
                .network()
                .connections()
                .filter(|(link, connection)| {
                    (link.client == node || link.server == node) && Connection::is_open(connection)
                })
                .map(|(link, _)| link)
                .collect();
            if links.is_empty() {
                return None;
            }
            Blow::of(vec![Fault::Reset(*stream.pick(&links))], vec![])
        }
        Family::Clog => Blow {
            clog: Some((node, draw_peer(node, world, stream))),
            ..Blow::default()
        },
        Family::ClockJump => {
            let by_ms = i64::try_from(stream.between(kind.hold_ms.0, kind.hold_ms.1)).expect("jumps are short");
            let by_ms = if stream.chance(1, 2) { by_ms } else { -by_ms };
            Blow::of(vec![Fault::ClockJump { node, by_ms }], vec![])
        }
        Family::DeleteRecords => Blow::of(vec![draw_deletion(node, world, stream)?], vec![]),
    };
    (!blow.actions.is_empty() || blow.clog.is_some()).then_some(blow)
}

impl Blow {
    fn of(faults: Vec<Fault>, undo: Vec<Action>) -> Self {
        Self {
            actions: faults.into_iter().map(Action::Fault).collect(),
            undo,
            clog: None,
        }
    }
}

fn targets(target: Target, plan: &Plan, world: &World) -> Vec<NodeId> {
    let replicas = |leads: bool| {
        let brokers = world.setup().brokers();
        brokers
            .filter(|broker| {
                partitions(world).any(|(_, leader, replicas)| {
                    if leads {
                        leader == Some(*broker)
                    } else {
                        leader != Some(*broker) && replicas.contains(broker)
                    }
                })
            })
            .collect()
    };
    match target {
        Target::Broker => world.setup().brokers().collect(),
        Target::Leader => replicas(true),
        Target::Follower => replicas(false),
        Target::Controller => controllers(world).collect(),
        Target::Application => plan.applications.clone(),
    }
}

/// The processes that are controllers.
pub(super) fn controllers(world: &World) -> impl Iterator<Item = NodeId> + '_ {
    let processes = world.setup().nodes();
    processes
        .filter(|(_, process)| matches!(process.role, crate::setup::Role::Controller(_)))
        .map(|(node, _)| node)
}

/// Every partition as the running controller registers it: its leader and its replicas.
fn partitions(world: &World) -> impl Iterator<Item = (TopicPartition, Option<NodeId>, &[NodeId])> {
    let image = controllers(world)
        .find_map(|node| world.node(node).controller())
        .map(|controller| controller.image());
    image.into_iter().flat_map(|image| {
        image.topics.iter().flat_map(|(topic, image)| {
            (0..).zip(&image.partitions).map(|(partition, registered)| {
                (
                    TopicPartition {
                        topic: *topic,
                        partition,
                    },
                    registered.leader,
                    registered.replicas.as_slice(),
                )
            })
        })
    })
}

fn draw_peer(node: NodeId, world: &World, stream: &mut Stream) -> NodeId {
    let others: Vec<NodeId> = world
        .nodes()
        .map(|(other, _)| other)
        .filter(|other| *other != node)
        .collect();
    *stream.pick(&others)
}

/// Of a partition that the broker leads and that has something committed.
fn draw_deletion(leader: NodeId, world: &World, stream: &mut Stream) -> Option<Fault> {
    let node = world
        .nodes()
        .find(|(_, process)| process.operator().is_some_and(Operator::is_idle))
        .map(|(node, _)| node)?;
    let replicas = world.node(leader).broker()?.partitions();
    let led =
        replicas.filter(|(_, replica)| replica.is_leader() && replica.log().high_watermark() > replica.log().start());
    let led: Vec<_> = led
        .map(|(partition, replica)| (partition, replica.log().start(), replica.log().high_watermark()))
        .collect();
    if led.is_empty() {
        return None;
    }
    let (partition, start, high_watermark) = *stream.pick(&led);
    let before = if stream.chance(1, 2) {
        DeleteBefore::HighWatermark
    } else {
        let records = u64::try_from(high_watermark - start).expect("the log starts before its high watermark");
        DeleteBefore::Offset(start + i64::try_from(stream.between(1, records)).expect("logs are short"))
    };
    Some(Fault::DeleteRecords {
        node,
        partition,
        before,
        leader,
    })
}

fn draw_kept(node: NodeId, world: &World, stream: &mut Stream) -> Vec<KeptTail> {
    let disk = world.node(node).disk();
    disk.unsynced()
        .map(|(log, unsynced)| {
            let whole = u32::try_from(stream.below(unsynced as u64 + 1)).expect("logs are short");
            let torn_bytes = if stream.chance(1, 4) {
                u32::try_from(stream.between(1, 80)).expect("below 80")
            } else {
                0
            };
            KeptTail { log, whole, torn_bytes }
        })
        .collect()
}

fn cut(pairs: impl IntoIterator<Item = (NodeId, NodeId)>, world: &World) -> Blow {
    let fresh: Vec<_> = pairs
        .into_iter()
        .filter(|(from, to)| !world.network().is_cut(*from, *to))
        .collect();
    Blow {
        actions: fresh
            .iter()
            .map(|&(from, to)| Action::Fault(Fault::Cut { from, to }))
            .collect(),
        undo: fresh
            .iter()
            .map(|&(from, to)| Action::Fault(Fault::Mend { from, to }))
            .collect(),
        clog: None,
    }
}
