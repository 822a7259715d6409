//! Drives one world through virtual time: turns what the world queues into an agenda, and what falls due into actions.

use std::collections::{BTreeMap, BTreeSet};
use std::{iter, mem};

use kafkasim_core::broker::Broker;
use kafkasim_core::ids::NodeId;

use super::agenda::{Agenda, Due};
use super::ailments::Ailments;
use super::clock::Clocks;
use super::deadlines::Deadlines;
use super::nemesis;
use super::plan::Plan;
use super::prng::{Purpose, Stream};
use crate::check::{Coverage, Finding, Monitors, Verdict};
use crate::program::AnyProgram;
use crate::run::Observer;
use crate::sorted::SortedMap;
use crate::world::{Action, Direction, Fault, Link, Outcome, Queued, Step, World};

/// How long a client tries to connect to a process that it cannot reach (`socket.connection.setup.timeout.ms`), in microseconds.
const CONNECTION_SETUP_TIMEOUT_US: u64 = 10_000_000;

/// A world with its clocks, its agenda and its streams of chance.
pub(super) struct Driver<'a> {
    pub(super) plan: &'a Plan,
    pub(super) world: World,
    pub(super) now_us: u64,
    pub(super) actions: u64,
    pub(super) findings: Vec<Finding>,
    pub(super) coverage: Coverage,
    pub(super) faults: Stream,
    agenda: Agenda,
    clocks: Clocks,
    ailments: Ailments,
    deadlines: Deadlines,
    network: Stream,
    workload: Stream,
    timers: Stream,
    /// When the last packet of each direction arrives, requests before responses: nothing overtakes it.
    last_arrival_us: SortedMap<Link, [u64; 2]>,
    /// Packets that have arrived at a process which could not take them yet.
    arrived: BTreeMap<(Link, Direction), u32>,
    /// What is due at processes that are paused.
    stalled: Vec<(NodeId, Due)>,
    /// The applications that think about their next call.
    thinking: BTreeSet<NodeId>,
    /// Those that are at work.
    working: BTreeSet<NodeId>,
    blows: Vec<nemesis::Blow>,
    power_losses: u32,
    /// How many faults have struck.
    pub(super) struck: u64,
    /// Processes whose wall clock has jumped: what they wait for on it may be far off.
    pub(super) jumped: BTreeSet<NodeId>,
    /// Processes that something was wrong with when faults were called off: what they sent may be late for long.
    pub(super) ailed: BTreeSet<NodeId>,
    outcome: Outcome,
    observer: &'a mut dyn Observer,
}

impl<'a> Driver<'a> {
    pub(super) fn new(plan: &'a Plan, seed: u64, observer: &'a mut dyn Observer) -> Self {
        let mut timers = Stream::new(seed, Purpose::Timers);
        let mut clocks = Clocks::draw(plan.setup.processes.len(), plan.skew_ms, plan.drift_ppm, &mut timers);
        for (node, _) in plan.setup.nodes() {
            clocks.share(node, plan.setup.whole(node));
        }
        Self {
            plan,
            world: World::new(plan.setup.clone(), Monitors::new(&plan.setup)),
            now_us: 0,
            actions: 0,
            findings: Vec::new(),
            coverage: Coverage::default(),
            faults: Stream::new(seed, Purpose::Faults),
            agenda: Agenda::default(),
            clocks,
            ailments: Ailments::default(),
            deadlines: Deadlines::default(),
            network: Stream::new(seed, Purpose::Network),
            workload: Stream::new(seed, Purpose::Workload),
            timers,
            last_arrival_us: SortedMap::default(),
            arrived: BTreeMap::new(),
            stalled: Vec::new(),
            thinking: BTreeSet::new(),
            working: BTreeSet::new(),
            blows: Vec::new(),
            power_losses: 0,
            struck: 0,
            jumped: BTreeSet::new(),
            ailed: BTreeSet::new(),
            outcome: Outcome::default(),
            observer,
        }
    }

    /// Whether something happened that Kafka promises cannot.
    pub(super) fn is_convicted(&self) -> bool {
        self.findings.iter().any(|finding| finding.verdict == Verdict::Violated)
    }

    /// Lets time go by until `done` says so (asked after every action that told something), until `deadline_us`, or until a violation.
    pub(super) fn until(&mut self, deadline_us: u64, mut done: impl FnMut(&World) -> bool) -> bool {
        if done(&self.world) {
            return true;
        }
        while !self.is_convicted() {
            let Some((at_us, due)) = self.agenda.next() else {
                return done(&self.world);
            };
            if at_us >= deadline_us {
                let tie = self.network.bits();
                self.put_back(at_us, due, tie);
                self.now_us = deadline_us;
                return done(&self.world);
            }
            self.now_us = at_us;
            self.findings.extend(self.deadlines.overdue(at_us, &self.plan.setup));
            if self.fall_due(due) && !self.outcome.events.is_empty() && done(&self.world) {
                return true;
            }
        }
        false
    }

    /// Does something at once, if it is possible.
    pub(super) fn act(&mut self, action: Action) -> bool {
        let can = self.world.check_enabled(&action).is_ok();
        if can {
            self.make_happen(action);
        }
        can
    }

    /// Does something that is possible.
    fn make_happen(&mut self, action: Action) {
        let wall_ms = self.clocks.wall(action.node().unwrap_or(NodeId(0)), self.now_us);
        let step = Step {
            at_us: self.now_us,
            wall_ms,
            action,
        };
        self.world.apply(&step.action, wall_ms, &mut self.outcome);
        self.actions += 1;
        for event in &self.outcome.events {
            self.coverage.observe(event);
            self.deadlines
                .observe(event, self.now_us, &self.plan.setup, &self.clocks);
        }
        self.coverage.acted(&step.action);
        self.findings.append(&mut self.outcome.findings);
        self.observer.observe(&mut self.world, &step, &self.outcome);
        let mut queue = mem::take(&mut self.outcome.queued);
        for queued in queue.drain(..) {
            self.enter(queued);
        }
        self.outcome.queued = queue;
        self.after(&step.action);
    }

    /// Draws when the plan's faults strike, within the time given.
    pub(super) fn schedule_faults(&mut self, from_us: u64, until_us: u64) {
        for _ in 0..self.plan.faults.count {
            if let Some(kind) = self.plan.faults.kinds.len().checked_sub(1) {
                let kind = usize::try_from(self.faults.between(0, kind as u64)).expect("a small index");
                let at_us = self.faults.between(from_us, until_us);
                let tie = self.faults.bits();
                self.agenda.at(at_us, Due::Nemesis(kind), tie);
            }
        }
    }

    /// Whatever was still to break, or to be mended in time, will not. Returns who would have been started again.
    pub(super) fn call_off_faults(&mut self) -> BTreeSet<NodeId> {
        self.ailed = self.ailments.cure(self.now_us);
        let undone = self.blows.drain(..).flat_map(|blow| blow.undo);
        let started = undone.filter(|action| matches!(action, Action::Start { .. }));
        started.filter_map(|action| action.node()).collect()
    }

    fn put_back(&mut self, at_us: u64, due: Due, tie: u32) {
        match due {
            Due::Timer(node, timer) => self.agenda.rearm(at_us, node, timer, tie),
            Due::Opening(_)
            | Due::Packet(..)
            | Due::LateRequest { .. }
            | Due::Sync(..)
            | Due::Choice(_)
            | Due::Call(_)
            | Due::Work(_)
            | Due::Nemesis(_)
            | Due::Recovery(_) => {
                self.agenda.at(at_us, due, tie);
            }
        }
    }

    /// Something is due; says whether it led to an action.
    fn fall_due(&mut self, due: Due) -> bool {
        match due {
            Due::Opening(link) => self.open(link),
            Due::Packet(link, direction) => self.arrive(link, direction),
            Due::LateRequest { link, lost: true } => self.act(Action::Fault(Fault::Lose(link))),
            Due::LateRequest { link, lost: false } => self.arrive(link, Direction::ToServer),
            Due::Timer(node, timer) => {
                // A paused process's timers stay armed, and come up when it is resumed.
                !self.world.node(node).is_paused() && {
                    self.agenda.disarm(node, timer);
                    self.act(Action::Fire { node, timer })
                }
            }
            Due::Sync(node, token) => {
                let ok = !self.ailments.fails(node, self.now_us);
                !self.stalls(node, due) && self.act(Action::Sync { node, token, ok })
            }
            Due::Choice(node) => {
                if self.stalls(node, due) {
                    return false;
                }
                let Some(question) = self.world.node(node).question() else {
                    return false;
                };
                let option = u32::try_from(self.workload.below(u64::from(question.options))).expect("below a u32");
                self.act(Action::Choose { node, option })
            }
            Due::Call(node) => {
                !self.stalls(node, due) && {
                    self.thinking.remove(&node);
                    self.act(Action::Call { node })
                }
            }
            Due::Work(node) => {
                !self.stalls(node, due) && {
                    self.working.remove(&node);
                    self.act(Action::Work { node })
                }
            }
            Due::Nemesis(kind) => self.strike(kind),
            Due::Recovery(blow) => self.recover(blow),
        }
    }

    fn later(&mut self, by_us: u64, due: Due) {
        let tie = self.network.bits();
        self.agenda.at(self.now_us + by_us, due, tie);
    }

    /// Whether a process is paused; then what is due there waits until it is resumed.
    fn stalls(&mut self, node: NodeId, due: Due) -> bool {
        let is_paused = self.world.node(node).is_paused();
        if is_paused {
            self.stalled.push((node, due));
        }
        is_paused
    }

    /// A process stopped: what waited for it to be resumed will not come. (What is on the agenda will come up, and find another process.)
    fn forget_stalled(&mut self, node: NodeId) {
        let (thinking, working) = (&mut self.thinking, &mut self.working);
        self.stalled.retain(|(stalled, due)| {
            if *due == Due::Call(node) {
                thinking.remove(&node);
            }
            if *due == Due::Work(node) {
                working.remove(&node);
            }
            *stalled != node
        });
    }

    fn open(&mut self, link: Link) -> bool {
        if self.stalls(link.client, Due::Opening(link)) {
            return false;
        }
        if self.act(Action::Connect(link)) {
            return true;
        }
        let out_of_reach = self
            .world
            .network()
            .connection(link)
            .is_some_and(|connection| connection.is_opening());
        if !out_of_reach {
            return false;
        }
        if self.world.node(link.server).is_listening() && !self.arrived.contains_key(&(link, Direction::ToServer)) {
            // The network is cut: tried again until the set-up times out.
            self.arrived.insert((link, Direction::ToServer), 0);
            self.later(CONNECTION_SETUP_TIMEOUT_US, Due::Opening(link));
            return false;
        }
        self.arrived.remove(&(link, Direction::ToServer));
        self.act(Action::Refuse(link))
    }

    fn arrive(&mut self, link: Link, direction: Direction) -> bool {
        let delivery = self.world.next_delivery(link, direction);
        if let Some(what) = delivery {
            self.make_happen(Action::Deliver { link, direction, what });
        } else if self.is_waiting(link, direction) {
            *self.arrived.entry((link, direction)).or_default() += 1;
        }
        delivery.is_some()
    }

    fn is_waiting(&self, link: Link, direction: Direction) -> bool {
        self.world
            .network()
            .connection(link)
            .is_some_and(|connection| match direction {
                Direction::ToServer => connection.requests().len() > 0 || connection.head_is_end(direction),
                Direction::ToClient => connection.responses().len() > 0 || connection.head_is_end(direction),
            })
    }

    /// Lets what has arrived, but could not be taken, arrive again.
    fn release(&mut self, receives: impl Fn(Link, Direction) -> bool) {
        let released: Vec<_> = self
            .arrived
            .keys()
            .filter(|(link, direction)| receives(*link, *direction))
            .copied()
            .collect();
        for key in released {
            for _ in 0..self.arrived.remove(&key).unwrap_or(0) {
                self.later(0, Due::Packet(key.0, key.1));
            }
        }
    }

    fn enter(&mut self, queued: Queued) {
        match queued {
            Queued::Opening { link } => {
                // Nothing has to wait for what an earlier connection between the two was still to carry.
                *self.last_arrival_us.get_or_default(link) = [0; 2];
                let latency_us = self.plan.latency.draw(&mut self.network);
                self.later(latency_us, Due::Opening(link));
            }
            Queued::Packet { link, direction } => {
                let at_us = self.arrival(link, direction);
                let tie = self.network.bits();
                self.agenda.at(at_us, Due::Packet(link, direction), tie);
            }
            Queued::Late { link } => {
                let lost = self.network.chance(1, 2);
                let latency_us = self.plan.latency.draw(&mut self.network) << self.network.below(12);
                self.later(latency_us, Due::LateRequest { link, lost });
            }
            Queued::Unblocked { link } => {
                let key = (link, Direction::ToServer);
                if let Some(arrived) = self.arrived.remove(&key).filter(|arrived| *arrived > 0) {
                    if arrived > 1 {
                        self.arrived.insert(key, arrived - 1);
                    }
                    self.later(0, Due::Packet(link, Direction::ToServer));
                }
            }
            Queued::TimerSet {
                node,
                timer,
                from,
                window,
            } => {
                self.agenda
                    .arm(self.now_us, (node, timer), from, window, &self.clocks, &mut self.timers);
            }
            Queued::TimerCancelled { node, timer } => self.agenda.disarm(node, timer),
            Queued::Marked { node, mark } => self.agenda.mark(node, mark, self.now_us),
            Queued::Syncing { node, token } => {
                let latency_us = self.plan.latency.draw(&mut self.network);
                let at_us = self.ailments.synced_us(node, self.now_us + latency_us);
                self.later(at_us - self.now_us, Due::Sync(node, token));
            }
            Queued::Asked { node, .. } => self.later(0, Due::Choice(node)),
            Queued::Ready { node } => self.think(node),
            Queued::Busy { node } => self.toil(node),
            Queued::Stopped { node } => {
                self.agenda.forget(node);
                self.forget_stalled(node);
            }
        }
    }

    /// An application has a call to make. Whatever it is told meanwhile, it thinks once before each, or not at all.
    fn think(&mut self, node: NodeId) {
        if self.thinking.insert(node) {
            let thinks = self.world.node(node).program().is_some_and(AnyProgram::thinks);
            let think_us = if thinks {
                self.workload.between(0, self.plan.think_us)
            } else {
                0
            };
            let tie = self.workload.bits();
            self.agenda.at(self.now_us + think_us, Due::Call(node), tie);
        }
    }

    /// An application has work to do, which takes as long as it says.
    fn toil(&mut self, node: NodeId) {
        if self.working.insert(node) {
            let (least_ms, most_ms) = self.world.node(node).program().map_or((0, 0), AnyProgram::work_ms);
            let work_us = self.workload.between(1000 * least_ms, 1000 * most_ms);
            let tie = self.workload.bits();
            self.agenda.at(self.now_us + work_us, Due::Work(node), tie);
        }
    }

    fn arrival(&mut self, link: Link, direction: Direction) -> u64 {
        let latency_us = self.plan.latency.draw(&mut self.network);
        let at_us = self.ailments.arrival_us(
            link.sender(direction),
            link.receiver(direction),
            self.now_us + latency_us,
        );
        let last_us = &mut self.last_arrival_us.get_or_default(link)[direction as usize];
        *last_us = at_us.max(*last_us);
        *last_us
    }

    /// What an action means for time itself.
    fn after(&mut self, action: &Action) {
        let plan = self.plan;
        let setup = &plan.setup;
        match action {
            Action::Fault(Fault::Pause { node }) => {
                for node in iter::once(*node).chain(setup.parts(*node)) {
                    self.deadlines.paused(node, self.now_us);
                }
            }
            Action::Fault(Fault::Resume { node }) => {
                for node in iter::once(*node).chain(setup.parts(*node)) {
                    self.resumed(node);
                }
            }
            Action::Fault(Fault::Mend { from, to }) => {
                self.release(|link, direction| link.sender(direction) == *from && link.receiver(direction) == *to);
            }
            Action::Fault(Fault::ClockJump { node, by_ms }) => {
                for node in iter::once(*node).chain(setup.parts(*node)) {
                    self.jumped.insert(node);
                    self.clocks.jump(node, *by_ms);
                    self.deadlines.jumped(node, *by_ms);
                    self.agenda.jump(node, *by_ms, self.now_us, &mut self.timers);
                }
            }
            Action::Fault(_)
            | Action::Start { .. }
            | Action::Connect(_)
            | Action::Refuse(_)
            | Action::Deliver { .. }
            | Action::Fire { .. }
            | Action::Sync { .. }
            | Action::Choose { .. }
            | Action::Call { .. }
            | Action::Work { .. } => {}
        }
    }

    /// A process runs again: what fell due meanwhile is due now.
    fn resumed(&mut self, node: NodeId) {
        self.deadlines.resumed(node, self.now_us);
        self.agenda.wake(node, self.now_us, &mut self.timers);
        self.release(|link, direction| link.receiver(direction) == node);
        let (due, stalled) = mem::take(&mut self.stalled)
            .into_iter()
            .partition(|(stalled, _)| *stalled == node);
        self.stalled = stalled;
        for (_, due) in due {
            self.later(0, due);
        }
    }

    fn strike(&mut self, kind: usize) -> bool {
        let kind = self.plan.faults.kinds[kind];
        let may_lose_power = self.plan.faults.power_losses_at_most.saturating_sub(self.power_losses);
        let Some(blow) = nemesis::strike(&kind, self.plan, &self.world, may_lose_power, &mut self.faults) else {
            return false;
        };
        self.power_losses += blow.power_losses();
        let hold_us = 1000 * self.faults.between(kind.hold_ms.0, kind.hold_ms.1);
        for ailment in &blow.ailments {
            self.ailments.befall(*ailment, self.now_us + hold_us);
        }
        let mut done = !blow.ailments.is_empty();
        for action in blow.actions.clone() {
            done |= self.act(action);
        }
        self.struck += u64::from(done);
        self.blows.push(blow);
        let tie = self.faults.bits();
        self.agenda
            .at(self.now_us + hold_us, Due::Recovery(self.blows.len() - 1), tie);
        done
    }

    fn recover(&mut self, blow: usize) -> bool {
        let undo = self
            .blows
            .get_mut(blow)
            .map(|blow| mem::take(&mut blow.undo))
            .unwrap_or_default();
        let mut done = false;
        let mut is_held = false;
        for action in undo {
            // A broker that was asked to shut down may still be at it; what is to be done while it is down waits for that.
            let is_stopping = |node| {
                let process = self.world.node(node);
                let asked = Action::Fault(Fault::ShutDown { node });
                process.broker().is_some_and(Broker::is_shutting_down)
                    || process.program().is_some() && self.blows[blow].actions.contains(&asked)
            };
            let waits = matches!(action, Action::Start { .. } | Action::Fault(Fault::Disk { .. }));
            // A rolling restart goes on once the cluster has recovered from the step before, and keeps its order.
            is_held |= matches!(action, Action::Fault(Fault::ShutDown { .. }))
                && !(self.blows[blow].undo.is_empty() && nemesis::is_whole(&self.world));
            if is_held || waits && action.node().is_some_and(is_stopping) {
                self.blows[blow].undo.push(action);
            } else {
                if let Action::Fault(Fault::ShutDown { .. }) = action {
                    self.blows[blow].actions.push(action.clone());
                }
                done |= self.act(action);
            }
        }
        if !self.blows.get(blow).is_none_or(|blow| blow.undo.is_empty()) {
            let tie = self.faults.bits();
            self.agenda.at(self.now_us + 1_000_000, Due::Recovery(blow), tie);
        }
        done
    }
}
