//! What every way of running a world has in common: somebody watches, and there is a result.

use crate::world::{Outcome, Step, World};

/// Watches a run, action by action.
pub trait Observer {
    /// `step` was applied; `world` is as it is after it, `outcome` what it caused.
    fn observe(&mut self, world: &mut World, step: &Step, outcome: &Outcome);
}

/// Nobody watches.
impl Observer for () {
    fn observe(&mut self, _: &mut World, _: &Step, _: &Outcome) {}
}

/// Keeps the list of actions: the trace.
impl Observer for Vec<Step> {
    fn observe(&mut self, _: &mut World, step: &Step, _: &Outcome) {
        self.push(step.clone());
    }
}

/// Two watch.
impl<A: Observer, B: Observer> Observer for (&mut A, &mut B) {
    fn observe(&mut self, world: &mut World, step: &Step, outcome: &Outcome) {
        self.0.observe(world, step, outcome);
        self.1.observe(world, step, outcome);
    }
}
