//! How much may go wrong in one exploration.

use std::ops::ControlFlow;

use kafkasim_core::ids::{NodeId, Timestamp};
use kafkasim_core::timer::TimerClass;
use serde::{Deserialize, Serialize};

use super::coarse::{Coarse, URGENT_AT_MOST, is_urgent};
use super::suspicion::{Suspicions, is_false_suspicion, is_futile, is_keep_alive};
use crate::random::EPOCH_MS;
use crate::world::{Action, Connection, Fault, Outcome, World};

/// The wall clock of every process, constant: exploring ignores durations.
pub(super) const WALL_CLOCK: Timestamp = Timestamp(EPOCH_MS);

/// Budgets of faults, and other limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Bounds {
    /// Crashes of brokers; restarts are healing and free.
    pub crashes: u32,
    /// Power losses of brokers, each taking the whole unsynced tail of every log.
    pub power_losses: u32,
    /// Crashes of the controller.
    pub controller_crashes: u32,
    /// Connections that break in the middle.
    pub resets: u32,
    /// Timers that suspect somebody who is not dead.
    pub false_suspicions: u32,
    /// Which of them.
    pub suspicions: Suspicions,
    /// What is carried out at once, before anything else.
    pub coarse: Coarse,
    /// How many distinct states to look at.
    pub states_at_most: u64,
    /// How many steps deep to look.
    pub depth_at_most: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            crashes: 0,
            power_losses: 0,
            controller_crashes: 0,
            resets: 0,
            false_suspicions: 0,
            suspicions: Suspicions::All,
            coarse: Coarse::Control,
            states_at_most: 20_000_000,
            depth_at_most: 10_000,
        }
    }
}

/// How much of the budgets one path has spent; part of the explored state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Spent {
    crashes: u32,
    power_losses: u32,
    controller_crashes: u32,
    resets: u32,
    false_suspicions: u32,
}

impl Bounds {
    /// Everything that may happen next, with what will have been spent then, in a fixed order.
    pub(super) fn successors(
        &self,
        world: &World,
        spent: Spent,
        actions: &mut Vec<Action>,
        found: &mut Vec<(Action, Spent)>,
    ) {
        actions.clear();
        world.enabled(actions);
        found.extend(
            actions
                .drain(..)
                .filter_map(|action| Some((self.allow(world, &action, spent)?, action)))
                .map(swap),
        );
        for (id, node) in world.nodes() {
            if !node.is_up() && node.starts() > 0 {
                found.push((Action::Start { node: id }, spent));
            }
            if node.is_up() {
                self.process_faults(world, id, spent, found);
            }
        }
        if spent.resets < self.resets {
            let open = world
                .network()
                .connections()
                .filter(|(_, connection)| Connection::is_open(connection));
            let spent = Spent {
                resets: spent.resets + 1,
                ..spent
            };
            found.extend(open.map(|(link, _)| (Action::Fault(Fault::Reset(link)), spent)));
        }
    }

    /// Takes one step: an action and, if steps are coarse, whatever is urgent after it. `watch` is told of each action, and says whether to go on.
    pub(super) fn take(
        &self,
        world: &mut World,
        action: &Action,
        outcome: &mut Outcome,
        mut watch: impl FnMut(&Action, &Outcome) -> ControlFlow<()>,
    ) {
        world.apply(action, WALL_CLOCK, outcome);
        if watch(action, outcome).is_break() || self.coarse == Coarse::Off {
            return;
        }
        let mut enabled = Vec::new();
        for _ in 0..URGENT_AT_MOST {
            enabled.clear();
            world.enabled(&mut enabled);
            let Some(action) = enabled.iter().find(|action| is_urgent(world, action, self.coarse)) else {
                return;
            };
            world.apply(action, WALL_CLOCK, outcome);
            if watch(action, outcome).is_break() {
                return;
            }
        }
    }

    fn process_faults(&self, world: &World, node: NodeId, spent: Spent, found: &mut Vec<(Action, Spent)>) {
        if world.node(node).broker().is_some() {
            if spent.crashes < self.crashes {
                found.push((
                    Action::Fault(Fault::Crash { node }),
                    Spent {
                        crashes: spent.crashes + 1,
                        ..spent
                    },
                ));
            }
            if spent.power_losses < self.power_losses {
                let spent = Spent {
                    power_losses: spent.power_losses + 1,
                    ..spent
                };
                found.push((Action::Fault(Fault::PowerLoss { node, kept: Vec::new() }), spent));
            }
        }
        if world.node(node).controller().is_some() && spent.controller_crashes < self.controller_crashes {
            let spent = Spent {
                controller_crashes: spent.controller_crashes + 1,
                ..spent
            };
            found.push((Action::Fault(Fault::Crash { node }), spent));
        }
    }

    /// What will have been spent after an action of the world's own, or `None` if it is not to be tried.
    fn allow(&self, world: &World, action: &Action, spent: Spent) -> Option<Spent> {
        let Action::Fire { node, timer } = action else {
            return Some(spent);
        };
        match (timer.class(), is_false_suspicion(world, *node, timer)) {
            (TimerClass::Horizon, _) => None,
            (TimerClass::Suspicion, false) => Some(spent),
            (TimerClass::Progress, false) => {
                (!is_keep_alive(world, *node, timer) && !is_futile(world, timer)).then_some(spent)
            }
            (TimerClass::Suspicion | TimerClass::Progress, true) => {
                let is_bounded = self.suspicions.contain(timer) && spent.false_suspicions < self.false_suspicions;
                is_bounded.then_some(Spent {
                    false_suspicions: spent.false_suspicions + 1,
                    ..spent
                })
            }
        }
    }
}

fn swap((spent, action): (Spent, Action)) -> (Action, Spent) {
    (action, spent)
}
