//! The nemesis: turns a kind of fault into concrete actions against the world as it is, and remembers how each is undone.

use std::collections::BTreeSet;
use std::iter;

use kafkasim_core::broker::group::GROUP_METADATA_TOPIC;
use kafkasim_core::ids::{NodeId, TopicId, TopicPartition};
use kafkasim_core::message::DeleteBefore;
use kafkasim_core::metadata::TopicImage;
use kafkasim_core::operator::Operator;

use super::administration::{self, Task};
use super::ailments::Ailment;
use super::plan::{Family, FaultKind, Losses, Plan, Target};
use super::prng::Stream;
use crate::setup::Role;
use crate::world::{Action, DiskFault, Fault, KeptTail, Link, World};

/// What a fault consists of.
#[derive(Clone, Debug, Default)]
pub(super) struct Blow {
    /// What happens now.
    pub(super) actions: Vec<Action>,
    /// What undoes it later.
    pub(super) undo: Vec<Action>,
    /// What is slow or fails meanwhile.
    pub(super) ailments: Vec<Ailment>,
}

/// Draws whom it hits and what exactly happens there; `None` if nothing of this kind is possible now.
pub(super) fn strike(
    kind: &FaultKind,
    plan: &Plan,
    world: &World,
    may_lose_power: u32,
    stream: &mut Stream,
) -> Option<Blow> {
    let groups: Vec<Vec<NodeId>> = targets(kind.target, plan, world)
        .into_iter()
        .map(|group| {
            group
                .into_iter()
                .filter(|node| world.node(*node).is_running())
                .collect()
        })
        .filter(|group: &Vec<_>| !group.is_empty() && is_admitted(kind.kind, group, plan, world, may_lose_power))
        .collect();
    if groups.is_empty() {
        return None;
    }
    let mut blow = Blow::default();
    // What is around a process is around all of its parts.
    let is_around = matches!(kind.kind, Family::Isolate | Family::Slow);
    let parts = |node: &NodeId| world.setup().parts(*node).filter(move |_| is_around);
    let hits: Vec<NodeId> = stream
        .pick(&groups)
        .iter()
        .flat_map(|node| iter::once(*node).chain(parts(node)))
        .collect();
    for node in hits {
        if let Some(more) = hit(kind, node, plan, world, stream) {
            blow.actions.extend(more.actions);
            blow.undo.extend(more.undo);
            blow.ailments.extend(more.ailments);
        }
    }
    (!blow.actions.is_empty() || !blow.ailments.is_empty()).then_some(blow)
}

/// The atlas of faults that take data: what the configuration promises must stay possible, unless the plan says otherwise.
fn is_admitted(family: Family, group: &[NodeId], plan: &Plan, world: &World, may_lose_power: u32) -> bool {
    let has_power = family != Family::PowerLoss || group.len() <= may_lose_power as usize;
    let is_spread = match plan.faults.losses {
        Losses::Spread => !family.is_lossy() || !world.would_expose(group),
        Losses::Any => true,
    };
    has_power && is_spread
}

/// What happens to one process.
fn hit(kind: &FaultKind, node: NodeId, plan: &Plan, world: &World, stream: &mut Stream) -> Option<Blow> {
    let start = Action::Start { node };
    let blow = match kind.kind {
        Family::Crash => Blow::of(vec![Fault::Crash { node }], vec![start]),
        Family::PowerLoss => Blow::of(vec![power_loss(node, world, stream)], vec![start]),
        Family::ShutDown => {
            let process = world.node(node);
            if process.broker().is_none() && process.program().is_none() {
                return None;
            }
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
            let (there, back) = ((node, other), (other, node));
            cut([if stream.chance(1, 2) { there } else { back }], world)
        }
        Family::CutFromBrokers => {
            let others = world.setup().brokers().filter(|other| *other != node);
            cut(others.map(|other| (node, other)), world)
        }
        Family::Reset => Blow::of(vec![Fault::Reset(draw_link(node, world, stream)?)], vec![]),
        Family::Clog => Blow::ailing(Ailment::Clogged(node, draw_peer(node, world, stream))),
        Family::ClockJump => {
            let by_ms = i64::try_from(stream.between(kind.hold_ms.0, kind.hold_ms.1)).expect("jumps are short");
            let by_ms = if stream.chance(1, 2) { by_ms } else { -by_ms };
            Blow::of(vec![Fault::ClockJump { node, by_ms }], vec![])
        }
        Family::DeleteRecords => Blow::of(vec![draw_deletion(node, world, stream)?], vec![]),
        Family::Slow => Blow::ailing(Ailment::Slow(node, stream.between(20_000, 1_000_000))),
        Family::Wipe => {
            let what = DiskFault::Wiped;
            Blow::of(vec![Fault::Crash { node }, Fault::Disk { node, what }], vec![start])
        }
        Family::StaleCheckpoints => {
            let epochs = u32::try_from(stream.below(4)).expect("below 4");
            let what = DiskFault::StaleCheckpoints { epochs };
            let faults = vec![power_loss(node, world, stream), Fault::Disk { node, what }];
            Blow::of(faults, vec![start])
        }
        Family::Rot => {
            let what = draw_rot(node, world, stream)?;
            let rots = Action::Fault(Fault::Disk { node, what });
            let is_clean = world.node(node).broker().is_some() && stream.chance(1, 2);
            let stops = if is_clean {
                Fault::ShutDown { node }
            } else {
                Fault::Crash { node }
            };
            Blow::of(vec![stops], vec![rots, start])
        }
        Family::FullDisk => {
            let torn_bytes = u32::try_from(stream.below(80)).expect("below 80");
            let full = DiskFault::Full { torn_bytes };
            let freed = Action::Fault(Fault::Disk {
                node,
                what: DiskFault::Freed,
            });
            Blow::of(vec![Fault::Disk { node, what: full }], vec![freed, start])
        }
        Family::SlowDisk => Blow::ailing(Ailment::SlowDisk(node)),
        Family::FailingDisk => Blow {
            // It has halted by then, if it has written anything.
            undo: vec![Action::Fault(Fault::Crash { node }), start],
            ..Blow::ailing(Ailment::FailingDisk(node))
        },
        Family::RollingRestart => rolling_restart(node, &targets(kind.target, plan, world).concat(), world)?,
        Family::Create => Blow::task(administration::creation, node, plan, world, stream)?,
        Family::Expand => Blow::task(administration::expansion, node, plan, world, stream)?,
        Family::DeleteTopic => Blow::task(administration::topic_deletion, node, plan, world, stream)?,
        Family::ElectPreferred => Blow::task(administration::preferred_election, node, plan, world, stream)?,
        Family::ElectUnclean => Blow::task(administration::unclean_election, node, plan, world, stream)?,
        Family::Reassign => Blow::task(administration::reassignment, node, plan, world, stream)?,
    };
    Some(blow)
}

impl Blow {
    fn of(faults: Vec<Fault>, undo: Vec<Action>) -> Self {
        Self {
            actions: faults.into_iter().map(Action::Fault).collect(),
            undo,
            ailments: Vec::new(),
        }
    }

    fn task(task: Task, node: NodeId, plan: &Plan, world: &World, stream: &mut Stream) -> Option<Self> {
        let fault = administration::draw(task, node, plan, world, stream)?;
        Some(Self::of(vec![fault], vec![]))
    }

    fn ailing(ailment: Ailment) -> Self {
        Self {
            ailments: vec![ailment],
            ..Self::default()
        }
    }

    /// How many machines lose power.
    pub(super) fn power_losses(&self) -> u32 {
        let is_loss = |action: &&Action| matches!(action, Action::Fault(Fault::PowerLoss { .. }));
        u32::try_from(self.actions.iter().filter(is_loss).count()).expect("there are few processes")
    }
}

/// Those who may be hit; who is in one group is hit at once.
fn targets(target: Target, plan: &Plan, world: &World) -> Vec<Vec<NodeId>> {
    let each = |nodes: Vec<NodeId>| nodes.into_iter().map(|node| vec![node]).collect();
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
        Target::Broker => each(world.setup().brokers().collect()),
        Target::Leader => each(replicas(true)),
        Target::Follower => each(replicas(false)),
        Target::Coordinator => each(coordinators(world)),
        Target::Controller => each(controllers(world).collect()),
        Target::Application => each(plan.applications.clone()),
        Target::Consumer => {
            let applications = plan.applications.iter().copied();
            each(
                applications
                    .filter(|node| matches!(world.setup().process(*node).role, Role::Consumer(..)))
                    .collect(),
            )
        }
        Target::Rack => plan.faults.racks.clone(),
        Target::Operator => each(operators(world).collect()),
        Target::Site => vec![world.setup().brokers().chain(controllers(world)).collect()],
    }
}

/// The processes that are controllers.
pub(super) fn controllers(world: &World) -> impl Iterator<Item = NodeId> + '_ {
    let processes = world.setup().nodes();
    processes
        .filter(|(_, process)| matches!(process.role, Role::Controller(_)))
        .map(|(node, _)| node)
}

fn operators(world: &World) -> impl Iterator<Item = NodeId> + '_ {
    let processes = world.setup().nodes();
    processes
        .filter(|(_, process)| matches!(process.role, Role::Operator(..)))
        .map(|(node, _)| node)
}

/// The brokers that lead the partitions in which groups live.
fn coordinators(world: &World) -> Vec<NodeId> {
    let groups = topic_of_groups(world).map(|(_, groups)| &groups.partitions);
    let leaders: BTreeSet<NodeId> = groups
        .into_iter()
        .flatten()
        .filter_map(|partition| partition.leader)
        .collect();
    leaders.into_iter().collect()
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

/// The topic in which groups live, if the controller runs and has it.
pub(super) fn topic_of_groups(world: &World) -> Option<(TopicId, &TopicImage)> {
    let controller = controllers(world).find_map(|node| world.node(node).controller())?;
    let mut topics = controller.image().topics.iter();
    let (id, topic) = topics.find(|(_, topic)| *topic.name == *GROUP_METADATA_TOPIC)?;
    Some((*id, topic))
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
    // Nobody may delete records of an internal topic.
    let groups = topic_of_groups(world).map(|(topic, _)| topic);
    let led = replicas.filter(|(partition, replica)| {
        replica.is_leader() && replica.log().high_watermark() > replica.log().start() && Some(partition.topic) != groups
    });
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

/// One of a process's open connections.
fn draw_link(node: NodeId, world: &World, stream: &mut Stream) -> Option<Link> {
    let links: Vec<_> = world
        .network()
        .connections()
        .filter(|(link, connection)| (link.client == node || link.server == node) && connection.is_open())
        .map(|(link, _)| link)
        .collect();
    (!links.is_empty()).then(|| *stream.pick(&links))
}

/// One bit of one batch.
fn draw_rot(node: NodeId, world: &World, stream: &mut Stream) -> Option<DiskFault> {
    let logs = world.node(node).disk().image().logs.iter();
    let batches: Vec<_> = logs
        .flat_map(|(log, image)| (0..).zip(&image.batches).map(|(batch, _)| (*log, batch)))
        .collect();
    if batches.is_empty() {
        return None;
    }
    let (log, batch) = *stream.pick(&batches);
    let bit = stream.bits();
    Some(DiskFault::Rotten { log, batch, bit })
}

/// Everybody in turn, from this one on. What is to come waits, with the rest of what undoes the blow, until the cluster is whole.
fn rolling_restart(first: NodeId, all: &[NodeId], world: &World) -> Option<Blow> {
    if !is_whole(world) {
        return None;
    }
    let others = all.iter().copied().filter(|node| *node != first);
    let shut_down = |node| Action::Fault(Fault::ShutDown { node });
    let mut undo = vec![Action::Start { node: first }];
    undo.extend(others.flat_map(|node| [shut_down(node), Action::Start { node }]));
    Some(Blow {
        actions: vec![shut_down(first)],
        undo,
        ailments: Vec::new(),
    })
}

/// Whether every broker is in service, and every replica in sync: what whoever restarts a cluster waits for before the next broker.
pub(super) fn is_whole(world: &World) -> bool {
    let controller = controllers(world).find_map(|node| world.node(node).controller());
    controller.is_some_and(|controller| {
        let image = controller.image();
        let in_service = |broker| world.node(broker).is_running() && image.is_active(broker);
        world.setup().brokers().all(in_service)
            && image
                .partitions()
                .all(|(_, _, partition)| partition.isr.len() == partition.replicas.len())
    })
}

fn power_loss(node: NodeId, world: &World, stream: &mut Stream) -> Fault {
    let kept = draw_kept(node, world, stream);
    Fault::PowerLoss { node, kept }
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
        ailments: Vec::new(),
    }
}
