//! How a run would end if nothing more broke: heals what its end had healed, then lets the world go on until everything has finished, or until it
//! only goes round in circles.
//!
//! A seeded run is given time; here there is none. A world that does nothing new for long will never finish.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use kafkasim_core::ids::{NodeId, Timestamp};

use crate::check::{Finale, Finding};
use crate::explore::settle_until;
use crate::random::{EPOCH_MS, is_finished, is_settled};
use crate::run::Observer;
use crate::world::{Action, Fault, Outcome, Step, World};

/// After so many actions something finishes, or something is wrong.
const ACTIONS_AT_MOST: usize = 50_000;

/// After so many actions none of which led to a new state, none will.
const CIRCLING_AT_MOST: usize = 1_000;

/// What applications do while a run is brought to its end. Those that read everything at the end always make their calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applications {
    /// They make every call that they want to make, and so finish what they do.
    GoOn,
    /// They make no further calls: what they have asked for is answered, and that is all that has to finish.
    FallSilent,
}

/// Heals and lets go on. What happens is added to `steps`, as far as it leads to anything new, and what is found on the way to `findings`. Returns
/// how it ended.
pub fn conclude(
    world: &mut World,
    finale: &Finale,
    applications: Applications,
    steps: &mut Vec<Step>,
    findings: &mut Vec<Finding>,
) -> Finale {
    let begin = steps.last().map_or(0, |step| step.at_us + 1);
    let before = steps.len();
    heal(world, finale, steps);
    let mut going_on = GoingOn {
        news: steps.len(),
        steps,
        findings,
        seen: BTreeSet::new(),
        finished: false,
    };
    let silent: Vec<_> = match applications {
        Applications::GoOn => Vec::new(),
        Applications::FallSilent => world
            .setup()
            .applications()
            .filter(|node| !finale.readers.contains(node))
            .collect(),
    };
    let is_allowed = |action: &Action| !matches!(action, Action::Call { node } if silent.contains(node));
    settle_until(world, ACTIONS_AT_MOST, &is_allowed, &mut |world, step, outcome| {
        going_on.watch(world, step, outcome);
        going_on.finished = match applications {
            Applications::GoOn => is_finished(world, &finale.readers),
            Applications::FallSilent => is_settled(world, &finale.readers),
        };
        going_on.leaves_off()
    });
    let GoingOn { finished, news, .. } = going_on;
    steps.truncate(news);
    for (at_us, step) in (begin..).zip(&mut steps[before..]) {
        step.at_us = at_us;
    }
    Finale {
        finished,
        ..finale.clone()
    }
}

/// A world that goes on.
struct GoingOn<'a> {
    steps: &'a mut Vec<Step>,
    findings: &'a mut Vec<Finding>,
    seen: BTreeSet<u128>,
    /// How many steps there were when something new happened last.
    news: usize,
    finished: bool,
}

impl GoingOn<'_> {
    fn watch(&mut self, world: &mut World, step: &Step, outcome: &Outcome) {
        self.steps.push(step.clone());
        self.findings.extend_from_slice(&outcome.findings);
        if self.seen.insert(world.fingerprint().0) || !outcome.findings.is_empty() {
            self.news = self.steps.len();
        }
    }

    fn leaves_off(&self) -> ControlFlow<()> {
        if self.finished || self.steps.len() - self.news > CIRCLING_AT_MOST {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// The brokers of the core, the controllers and every application are up and can reach each other; a broker beyond the core that something is wrong
/// with is gone for good.
fn heal(world: &mut World, finale: &Finale, steps: &mut Vec<Step>) {
    let brokers: Vec<_> = world.setup().brokers().collect();
    let is_lost = |node: &NodeId| brokers.contains(node) && !finale.healed_core.contains(node);
    let cuts: Vec<_> = world.network().cuts().collect();
    let lost: Vec<_> = brokers.iter().copied().filter(is_lost).collect();
    for node in &lost {
        let is_cut = cuts.iter().any(|(from, to)| from == node || to == node);
        if is_cut || world.node(*node).is_paused() {
            act(world, Action::Fault(Fault::Crash { node: *node }), steps);
        }
    }
    for (from, to) in cuts
        .into_iter()
        .filter(|(from, to)| !lost.contains(from) && !lost.contains(to))
    {
        act(world, Action::Fault(Fault::Mend { from, to }), steps);
    }
    let nodes: Vec<_> = world
        .nodes()
        .map(|(node, _)| node)
        .filter(|node| !lost.contains(node))
        .collect();
    for node in nodes {
        act(world, Action::Fault(Fault::Resume { node }), steps);
        let is_application = world.setup().applications().any(|application| application == node);
        if !is_application || finale.readers.contains(&node) {
            act(world, Action::Start { node }, steps);
        }
    }
}

fn act(world: &mut World, action: Action, steps: &mut Vec<Step>) {
    if world.check_enabled(&action).is_ok() {
        let step = Step {
            at_us: 0,
            wall_ms: Timestamp(EPOCH_MS),
            action,
        };
        let mut outcome = Outcome::default();
        world.apply(&step.action, step.wall_ms, &mut outcome);
        steps.observe(world, &step, &outcome);
    }
}
