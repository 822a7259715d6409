//! One deterministic way to go on when nothing more breaks.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::bounds::WALL_CLOCK;
use super::suspicion::{is_false_suspicion, is_keep_alive};
use crate::run::Observer;
use crate::world::{Action, Outcome, Step, World};
use kafkasim_core::timer::TimerClass;

/// Lets a world go on, without faults, by a fixed schedule until nothing is left to do but keep-alives: messages first, then calls and choices, then
/// timers, the least often fired first: those that mean progress, and suspicions of those who are really gone. Returns whether it came to rest within `actions_at_most`.
pub fn settle(world: &mut World, actions_at_most: usize, observer: &mut dyn Observer) -> bool {
    settle_by(world, actions_at_most, urgency, &mut always(observer))
}

/// As [`settle`], but no application makes a call or works: whoever explores wants to interleave those.
pub fn settle_without_calls(world: &mut World, actions_at_most: usize, observer: &mut dyn Observer) -> bool {
    let is_free = |action: &Action| matches!(action, Action::Call { .. } | Action::Work { .. });
    let urgency = |world: &World, action: &Action| urgency(world, action).filter(|_| !is_free(action));
    settle_by(world, actions_at_most, urgency, &mut always(observer))
}

/// As [`settle`], but only of actions that are allowed, and whoever watches may end it.
pub fn settle_until(
    world: &mut World,
    actions_at_most: usize,
    is_allowed: &dyn Fn(&Action) -> bool,
    watch: &mut Watch<'_>,
) -> bool {
    let urgency = |world: &World, action: &Action| urgency(world, action).filter(|_| is_allowed(action));
    settle_by(world, actions_at_most, urgency, watch)
}

/// Is told of every step, and says whether to go on.
type Watch<'a> = dyn FnMut(&mut World, &Step, &Outcome) -> ControlFlow<()> + 'a;

fn always(observer: &mut dyn Observer) -> impl FnMut(&mut World, &Step, &Outcome) -> ControlFlow<()> {
    |world, step, outcome| {
        observer.observe(world, step, outcome);
        ControlFlow::Continue(())
    }
}

fn settle_by(
    world: &mut World,
    actions_at_most: usize,
    urgency: impl Fn(&World, &Action) -> Option<u8>,
    watch: &mut Watch<'_>,
) -> bool {
    let mut actions = Vec::new();
    let mut fired: BTreeMap<Action, u32> = BTreeMap::new();
    let mut outcome = Outcome::default();
    for depth in 0..actions_at_most {
        actions.clear();
        world.enabled(&mut actions);
        let urgency = |action: Action| {
            let often = fired.get(&action).copied().unwrap_or(0);
            Some(((urgency(world, &action)?, often), action))
        };
        let Some((_, action)) = actions
            .drain(..)
            .filter_map(urgency)
            .min_by_key(|(urgency, _)| *urgency)
        else {
            return true;
        };
        if let Action::Fire { .. } = action {
            *fired.entry(action.clone()).or_default() += 1;
        }
        let step = Step {
            at_us: depth as u64,
            wall_ms: WALL_CLOCK,
            action,
        };
        world.apply(&step.action, WALL_CLOCK, &mut outcome);
        if watch(world, &step, &outcome).is_break() {
            return false;
        }
    }
    false
}

/// The smaller, the sooner; `None` if it is not to be done at all.
fn urgency(world: &World, action: &Action) -> Option<u8> {
    match action {
        Action::Sync { .. } => Some(0),
        Action::Deliver { .. } => Some(1),
        Action::Connect(_) | Action::Refuse(_) => Some(2),
        Action::Choose { .. } => Some(3),
        Action::Fire { node, timer } => {
            let is_due = match timer.class() {
                TimerClass::Progress => !is_keep_alive(world, *node, timer),
                TimerClass::Suspicion => true,
                TimerClass::Horizon => false,
            };
            (is_due && !is_false_suspicion(world, *node, timer)).then_some(5)
        }
        Action::Call { .. } | Action::Work { .. } => Some(4),
        Action::Start { .. } | Action::Fault(_) => None,
    }
}
