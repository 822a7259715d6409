//! One seeded run, in phases: the cluster comes up; everything may break; enough is healed, and what may finish must finish.

use kafkasim_core::broker::Broker;
use kafkasim_core::controller::Controller;
use kafkasim_core::group::is_internal_topic;
use kafkasim_core::ids::{IncarnationId, NodeId, Offset, TopicPartition};
use kafkasim_core::metadata::{MetadataImage, PartitionImage, TopicImage};
use kafkasim_core::producer::Producer;

use super::driver::Driver;
use super::groups;
use super::nemesis::controllers;
use super::plan::Plan;
use crate::check::View;
use crate::check::{Coverage, Finale, Finding, Promise, Verdict};
use crate::program::AnyProgram;
use crate::run::Observer;
use crate::setup::Role;
use crate::world::{Action, DiskFault, Fault, World};

/// Long enough for any cluster to come up, in microseconds.
const BRING_UP_US: u64 = 120_000_000;

/// How far a run got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The cluster did not come up.
    BringUp,
    /// Things were breaking.
    Safety,
    /// Enough was healed, and everything was to finish.
    Liveness,
    /// Everything finished.
    Finished,
}

/// The result of one seeded run.
#[derive(Clone, Debug)]
pub struct Report {
    /// How far it got.
    pub phase: Phase,
    /// What was found, errors and allowed anomalies, in order.
    pub findings: Vec<Finding>,
    /// How often each situation was reached.
    pub coverage: Coverage,
    /// How many actions it took.
    pub actions: u64,
    /// How many faults struck.
    pub faults: u64,
    /// How much virtual time went by, in microseconds.
    pub virtual_us: u64,
    /// What the end-of-run checks were told, if the run got that far.
    pub finale: Option<Finale>,
    /// The world at the end.
    pub world: World,
}

impl Report {
    /// The first thing that Kafka promises cannot happen.
    #[must_use]
    pub fn violation(&self) -> Option<&Finding> {
        self.findings
            .iter()
            .find(|finding| finding.verdict == Verdict::Violated)
    }
}

/// Runs one seed of a plan.
pub fn run(plan: &Plan, seed: u64, observer: &mut dyn Observer) -> Report {
    let mut driver = Driver::new(plan, seed, observer);
    let (phase, finale) = phases(&mut driver);
    Report {
        phase,
        finale,
        actions: driver.actions,
        faults: driver.struck,
        virtual_us: driver.now_us,
        findings: driver.findings,
        coverage: driver.coverage,
        world: driver.world,
    }
}

fn phases(driver: &mut Driver<'_>) -> (Phase, Option<Finale>) {
    let plan = driver.plan;
    for (node, _) in plan.setup.nodes() {
        if !plan.applications.contains(&node) && !plan.readers.contains(&node) {
            driver.act(Action::Start { node });
        }
    }
    if !driver.until(BRING_UP_US, cluster_is_up) {
        if !driver.is_convicted() {
            driver.findings.push(stuck("the cluster does not come up"));
        }
        return (Phase::BringUp, None);
    }
    for node in &plan.applications {
        driver.act(Action::Start { node: *node });
    }
    let safety_ends_us = driver.now_us + 1000 * plan.safety_ms;
    driver.schedule_faults(driver.now_us, safety_ends_us);
    driver.until(safety_ends_us, |_| false);
    if driver.is_convicted() {
        return (Phase::Safety, None);
    }
    let core = heal(driver);
    let deadline_us = driver.now_us + 1000 * plan.liveness_ms;
    driver.until(deadline_us, |world| {
        plan.applications.iter().all(|node| is_done(world, *node)) && groups::have_caught_up(world, &plan.readers)
    });
    for node in &plan.readers {
        driver.act(Action::Start { node: *node });
    }
    // A group may have got new members meanwhile, and they something to do.
    let finished = driver.until(deadline_us, |world| is_finished(world, &plan.readers));
    if driver.is_convicted() {
        return (Phase::Liveness, None);
    }
    let finale = Finale {
        readers: plan.readers.clone(),
        healed_core: core,
        finished,
    };
    driver.world.finish(&finale, &mut driver.findings);
    (if finished { Phase::Finished } else { Phase::Liveness }, Some(finale))
}

fn stuck(message: &str) -> Finding {
    Finding {
        promise: Promise::Liveness,
        verdict: Verdict::Violated,
        message: message.to_owned(),
    }
}

/// The operator has created every topic, and every broker is unfenced.
fn cluster_is_up(world: &World) -> bool {
    let operators_done = world
        .setup()
        .nodes()
        .filter(|(_, process)| matches!(process.role, Role::Operator(..)))
        .all(|(node, _)| is_done(world, node));
    operators_done && image(world).is_some_and(|image| world.setup().brokers().all(|broker| image.is_active(broker)))
}

/// A program that nobody has to wait for: done, or gone with its process.
fn is_done(world: &World, node: NodeId) -> bool {
    world.node(node).program().is_none_or(AnyProgram::is_done)
}

/// Every application has done what it wanted, and these readers have read everything.
#[must_use]
pub fn is_finished(world: &World, readers: &[NodeId]) -> bool {
    let mut applications = world.setup().applications().filter(|node| !readers.contains(node));
    applications.all(|node| is_done(world, node))
        && groups::have_caught_up(world, readers)
        && everything_is_read(world, readers)
}

/// Whatever applications have asked for is answered, and these readers have read everything; an application may still want to ask for more.
#[must_use]
pub fn is_settled(world: &World, readers: &[NodeId]) -> bool {
    let mut producers = world.nodes().filter_map(|(_, node)| node.producer());
    producers.all(Producer::is_idle) && everything_is_read(world, readers)
}

/// Every reader has read every partition that applications write up to where its leader's log ends, and that is committed, as far as it will be without another
/// append.
fn everything_is_read(world: &World, readers: &[NodeId]) -> bool {
    let mut controllers = controllers(world).filter_map(|node| world.node(node).controller());
    // What a controller is about to do, like the deletion of a topic, is not done yet.
    let is_decided = controllers.all(|controller| controller.log().high_watermark() == controller.log().end());
    is_decided
        && readers.iter().all(|reader| {
            let Some(consumer) = world.node(*reader).consumer() else {
                return false;
            };
            every_partition(world).all(|(partition, topic, registered)| {
                if is_internal_topic(&topic.name) {
                    return true;
                }
                let Some(end) = committed_end(world, partition, registered) else {
                    return false;
                };
                consumer
                    .position(partition)
                    .is_some_and(|position| position.offset >= end)
            })
        })
}

pub(super) fn committed_end(world: &World, partition: TopicPartition, registered: &PartitionImage) -> Option<Offset> {
    let leader = registered.leader?;
    let log = world.node(leader).broker()?.partition(partition)?.log();
    if log.high_watermark() == log.end() || world.is_held_back(leader, partition) {
        Some(log.high_watermark())
    } else {
        None
    }
}

fn image(world: &World) -> Option<&MetadataImage> {
    controllers(world)
        .find_map(|node| world.node(node).controller())
        .map(|controller| controller.image())
}

pub(super) fn every_partition(world: &World) -> impl Iterator<Item = (TopicPartition, &TopicImage, &PartitionImage)> {
    image(world).into_iter().flat_map(|image| {
        image.topics.iter().flat_map(|(id, topic)| {
            (0..).zip(&topic.partitions).map(move |(partition, registered)| {
                let partition = TopicPartition { topic: *id, partition };
                (partition, &**topic, registered)
            })
        })
    })
}

/// Heals a random sufficient core of the cluster, and takes what is broken beyond it away for good. Healing everybody would mask bugs. A group that has
/// no members left gets one back. Returns the brokers of the core.
fn heal(driver: &mut Driver<'_>) -> Vec<NodeId> {
    let down = driver.call_off_faults();
    let controllers: Vec<_> = controllers(&driver.world).collect();
    for node in &controllers {
        revive(driver, *node);
    }
    let core = draw_core(driver);
    let lost: Vec<_> = driver
        .world
        .setup()
        .brokers()
        .filter(|broker| !core.contains(broker) && is_impaired(driver, *broker))
        .collect();
    for node in lost {
        driver.act(Action::Fault(Fault::Crash { node }));
    }
    let healed: Vec<_> = driver
        .world
        .nodes()
        .map(|(node, _)| node)
        .filter(|node| !is_lost_broker(&driver.world, *node, &core))
        .collect();
    for node in &healed {
        if core.contains(node) {
            revive(driver, *node);
        } else if driver.world.node(*node).is_paused() {
            driver.act(Action::Fault(Fault::Resume { node: *node }));
        }
    }
    let mended: Vec<_> = driver
        .world
        .network()
        .cuts()
        .filter(|(from, to)| healed.contains(from) && healed.contains(to))
        .collect();
    for (from, to) in mended {
        driver.act(Action::Fault(Fault::Mend { from, to }));
    }
    for members in groups::forsaken(&driver.world, &driver.plan.readers, &down) {
        let node = *driver.faults.pick(&members);
        driver.act(Action::Start { node });
    }
    core
}

fn is_lost_broker(world: &World, node: NodeId, core: &[NodeId]) -> bool {
    !core.contains(&node) && world.setup().brokers().any(|broker| broker == node) && !world.node(node).is_up()
}

/// Brings a process back; one that is about to stop is stopped at once. What is wrong with its disk is set right: a full one is made room on, and
/// one that has rotted is replaced by an empty one.
fn revive(driver: &mut Driver<'_>, node: NodeId) {
    let process = driver.world.node(node);
    let is_stopping = process.broker().is_some_and(Broker::is_shutting_down)
        || process.controller().is_some_and(Controller::has_halted);
    let is_rotten = process.serves_rot();
    if is_stopping || is_rotten {
        driver.act(Action::Fault(Fault::Crash { node }));
    }
    if is_rotten {
        let what = DiskFault::Wiped;
        driver.act(Action::Fault(Fault::Disk { node, what }));
    }
    let what = DiskFault::Freed;
    driver.act(Action::Fault(Fault::Disk { node, what }));
    driver.act(Action::Start { node });
    driver.act(Action::Fault(Fault::Resume { node }));
}

fn is_impaired(driver: &Driver<'_>, node: NodeId) -> bool {
    let process = driver.world.node(node);
    !process.is_running()
        || process.disk().is_full()
        || process.serves_rot()
        || process.broker().is_some_and(Broker::is_shutting_down)
        || driver
            .world
            .network()
            .cuts()
            .any(|(from, to)| from == node || to == node)
}

/// Whether a broker can be elected as it is. One that has to start or to register again may lose its eligibility by that (KIP-966), and one whose
/// wall clock jumped back may wait for long before it connects to the controller again. One whose heartbeats were held back may be fenced yet.
fn is_sound(driver: &Driver<'_>, image: &MetadataImage, broker: NodeId) -> bool {
    let registered = image.brokers.get(&broker).map(|registered| registered.incarnation);
    !is_impaired(driver, broker)
        && !driver.jumped.contains(&broker)
        && !driver.ailed.contains(&broker)
        && registered == Some(IncarnationId(driver.world.node(broker).starts() - 1))
}

/// Leaves brokers out of the core as long as every partition can still be led and written, each with even chances.
fn draw_core(driver: &mut Driver<'_>) -> Vec<NodeId> {
    let mut core: Vec<NodeId> = driver.world.setup().brokers().collect();
    let mut order = core.clone();
    driver.faults.shuffle(&mut order);
    for broker in order {
        if driver.faults.chance(1, 2) {
            let without: Vec<_> = core.iter().copied().filter(|other| *other != broker).collect();
            if is_sufficient(driver, &without) {
                core = without;
            }
        }
    }
    core
}

fn is_sufficient(driver: &Driver<'_>, core: &[NodeId]) -> bool {
    let world = &driver.world;
    let Some(image) = image(world) else { return false };
    every_partition(world).all(|(_, topic, registered)| {
        let electable: Vec<_> = registered
            .isr
            .iter()
            .chain(&registered.elr)
            .chain(&registered.last_known_elr)
            .collect();
        let can_lead = registered
            .isr
            .iter()
            .chain(&registered.elr)
            .any(|broker| core.contains(broker) && is_sound(driver, image, *broker))
            || electable.iter().all(|broker| core.contains(broker));
        let replicas = registered
            .replicas
            .iter()
            .filter(|broker| core.contains(broker))
            .count();
        let needed = usize::try_from(topic.config.min_insync_replicas)
            .unwrap_or(1)
            .min(registered.replicas.len());
        can_lead && replicas >= needed
    })
}
