//! Every interleaving of one scenario: from a cluster that is up, with applications about to make their first calls.

use std::ops::ControlFlow;

use kafkasim::explore::{Bounds, Explored, Explorer, Progress, Visited, settle, settle_until, settle_without_calls};
use kafkasim::program::AnyProgram;
use kafkasim::random::EPOCH_MS;
use kafkasim::replay::replay;
use kafkasim::run::Observer;
use kafkasim::setup::{Options, Role};
use kafkasim::trace::{Footer, Header, Trace};
use kafkasim::world::{Action, Outcome, Step, World};
use kafkasim_core::ids::{NodeId, Timestamp};

use crate::campaign::Trial;
use crate::scenario::{Built, Draw, Exploration, Scenario};

/// A cluster that has not come to rest after so many actions never will.
const SETTLING_AT_MOST: usize = 20_000;

/// What an exploration found, and where it began.
#[derive(Clone, Debug)]
pub struct Exploring {
    /// How many actions it took to bring everything up; exploring begins after them.
    pub prelude: usize,
    /// What was covered, and the way to a violation.
    pub explored: Explored,
    /// The whole run up to the violation, from the empty world.
    pub trace: Option<Trace>,
}

/// Where an exploration begins.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The scenario, every draw made as small as it gets.
    pub scenario: Scenario,
    /// That, built.
    pub built: Built,
    /// The world once everything is up, with applications about to make their first calls.
    pub world: World,
    /// How it got there from the empty world.
    pub prelude: Vec<Step>,
}

/// Why nothing could be explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PreludeError {
    /// Bringing the world up takes for ever.
    #[error("the world does not come to rest within {SETTLING_AT_MOST} actions, although nothing breaks")]
    Restless,
}

/// Explores everything that can happen in a scenario within these bounds. Each of its draws takes its smallest number, or its first value.
pub fn explore(
    trial: &Trial<'_>,
    bounds: Bounds,
    options: Options,
    visited: &mut impl Visited,
    progress: impl FnMut(Progress),
) -> Result<Exploring, PreludeError> {
    let own = trial.scenario.explore.as_ref();
    let exploration = Exploration {
        bounds,
        options,
        records: own.and_then(|exploration| exploration.records),
        joined: own.is_some_and(|exploration| exploration.joined),
    };
    let Beginning {
        scenario,
        built,
        world,
        prelude: mut steps,
    } = begin(trial, &exploration)?;
    let prelude = steps.len();
    let mut explored = Explorer::new(bounds, visited).run(&world, progress);
    let trace = explored.failure.as_mut().map(|failure| {
        steps.append(&mut failure.steps.clone());
        for (at_us, step) in (0..).zip(&mut steps) {
            step.at_us = at_us;
        }
        let own = trial.scenario.explore.clone().unwrap_or_default();
        let found_by = format!("kafkasim explore {}{}", trial.arguments(), exploration.arguments(&own));
        let header = Header::new(scenario.to_toml(), trial.rules.name.to_owned(), options, found_by);
        let findings = replay(&mut built.world(), &steps, None, &mut ())
            .expect("what was explored can happen again, for worlds hold nothing but their state");
        let footer = Footer {
            actions: steps.len(),
            fingerprint: failure.world.fingerprint().to_string(),
            finale: None,
            findings,
        };
        Trace { header, steps, footer }
    });
    Ok(Exploring {
        prelude,
        explored,
        trace,
    })
}

/// Brings a scenario up to where its exploration begins.
pub fn begin(trial: &Trial<'_>, exploration: &Exploration) -> Result<Beginning, PreludeError> {
    let scenario = small(trial.scenario, exploration);
    let built = scenario.build(trial.rules.rules, exploration.options);
    let mut world = built.world();
    let mut prelude = prelude(&mut world, &built.plan.applications)?;
    if exploration.joined {
        form_groups(&mut world, &mut prelude)?;
    }
    Ok(Beginning {
        scenario,
        built,
        world,
        prelude,
    })
}

/// The scenario with as many records as its exploration asks for, and with its bounds for whoever reads the trace.
fn small(scenario: &Scenario, exploration: &Exploration) -> Scenario {
    let mut small = scenario.clone();
    if let Some(records) = exploration.records {
        for group in &mut small.producers {
            group.records = Draw::Number(records);
        }
    }
    small.explore = Some(exploration.clone());
    small
}

/// Brings up the cluster, then the applications as far as they get without making a call. What happens here is not interleaved with anything.
fn prelude(world: &mut World, applications: &[NodeId]) -> Result<Vec<Step>, PreludeError> {
    let mut steps = Vec::new();
    let infrastructure: Vec<_> = world
        .setup()
        .nodes()
        .filter(|(_, process)| matches!(process.role, Role::Controller(_) | Role::Broker(_) | Role::Operator(..)))
        .map(|(node, _)| node)
        .collect();
    start(world, &infrastructure, &mut steps);
    if !settle(world, SETTLING_AT_MOST, &mut steps) {
        return Err(PreludeError::Restless);
    }
    start(world, applications, &mut steps);
    if !settle_without_calls(world, SETTLING_AT_MOST, &mut steps) {
        return Err(PreludeError::Restless);
    }
    Ok(steps)
}

/// Lets producers send what they have to send, then consumers join their groups and learn where to begin, but process nothing. Those who are to join
/// later do so within the exploration. What happens here is not interleaved with anything either.
fn form_groups(world: &mut World, steps: &mut Vec<Step>) -> Result<(), PreludeError> {
    let of_role = |is_of_role: fn(&Role) -> bool| -> Vec<NodeId> {
        let nodes = world.setup().nodes();
        let nodes = nodes.filter(|(_, process)| is_of_role(&process.role));
        nodes.map(|(node, _)| node).collect()
    };
    let producers = of_role(|role| matches!(role, Role::Producer(..)));
    let members = of_role(|role| matches!(role, Role::Consumer(config, _) if config.group_id.is_some()));
    let have_sent = |world: &World| {
        let mut programs = producers.iter().filter_map(|node| world.node(*node).program());
        programs.all(AnyProgram::is_done)
    };
    let have_joined = |world: &World| {
        let mut members = members.iter().map(|node| world.node(*node));
        members.all(|member| {
            let is_late = member.program().is_some_and(AnyProgram::has_work);
            is_late
                || member
                    .consumer()
                    .is_some_and(|consumer| consumer.membership().is_some())
        })
    };
    go_on_until(world, steps, &|action| is_free_but_for(action, &producers), &have_sent)?;
    go_on_until(world, steps, &|action| is_free_but_for(action, &members), &have_joined)?;
    let mut watch = |world: &mut World, step: &Step, outcome: &Outcome| {
        steps.observe(world, step, outcome);
        ControlFlow::Continue(())
    };
    let is_allowed = |action: &Action| is_free_but_for(action, &[]) && !matches!(action, Action::Fire { .. });
    if settle_until(world, SETTLING_AT_MOST, &is_allowed, &mut watch) {
        Ok(())
    } else {
        Err(PreludeError::Restless)
    }
}

/// Whether no application does this, unless it is a call of one of these.
fn is_free_but_for(action: &Action, applications: &[NodeId]) -> bool {
    match action {
        Action::Call { node } => applications.contains(node),
        Action::Work { .. } => false,
        Action::Start { .. }
        | Action::Connect(_)
        | Action::Refuse(_)
        | Action::Deliver { .. }
        | Action::Fire { .. }
        | Action::Sync { .. }
        | Action::Choose { .. }
        | Action::Fault(_) => true,
    }
}

fn go_on_until(
    world: &mut World,
    steps: &mut Vec<Step>,
    is_allowed: &dyn Fn(&Action) -> bool,
    is_there: &dyn Fn(&World) -> bool,
) -> Result<(), PreludeError> {
    if is_there(world) {
        return Ok(());
    }
    let mut watch = |world: &mut World, step: &Step, outcome: &Outcome| {
        steps.observe(world, step, outcome);
        if is_there(world) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    settle_until(world, SETTLING_AT_MOST, is_allowed, &mut watch);
    is_there(world).then_some(()).ok_or(PreludeError::Restless)
}

fn start(world: &mut World, nodes: &[NodeId], steps: &mut Vec<Step>) {
    let mut outcome = Outcome::default();
    for node in nodes {
        let step = Step {
            at_us: 0,
            wall_ms: Timestamp(EPOCH_MS),
            action: Action::Start { node: *node },
        };
        world.apply(&step.action, step.wall_ms, &mut outcome);
        steps.observe(world, &step, &outcome);
    }
}

impl Exploration {
    /// How a command line asks for it, where it differs from what the scenario itself says; with a blank in front of each.
    #[must_use]
    pub fn arguments(&self, own: &Self) -> String {
        let list = |exploration: &Self| {
            let Self {
                bounds,
                options,
                records,
                joined,
            } = exploration;
            [
                ("crashes", bounds.crashes.to_string()),
                ("power-losses", bounds.power_losses.to_string()),
                ("controller-crashes", bounds.controller_crashes.to_string()),
                ("resets", bounds.resets.to_string()),
                ("false-suspicions", bounds.false_suspicions.to_string()),
                ("suspicions", bounds.suspicions.to_string()),
                ("coarse", bounds.coarse.to_string()),
                ("late-requests", options.late_requests.to_string()),
                ("instant-sync", options.instant_sync.to_string()),
                (
                    "records",
                    records.map_or_else(String::new, |records| records.to_string()),
                ),
                ("joined", joined.to_string()),
                ("states-at-most", bounds.states_at_most.to_string()),
                ("depth-at-most", bounds.depth_at_most.to_string()),
            ]
        };
        let differs = list(self).into_iter().zip(list(own)).filter(|(ours, own)| ours != own);
        differs.map(|((name, value), _)| format!(" --{name} {value}")).collect()
    }
}
