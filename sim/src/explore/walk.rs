//! One path at random through what an explorer would look at: the explorer's own witness, for every state on it must be in the visited set.

use std::ops::ControlFlow;

use super::bfs::identity;
use super::bounds::{Bounds, Spent};
use crate::fingerprint::Fingerprint;
use crate::random::Stream;
use crate::world::{Outcome, World};

/// Takes at most so many random actions within these bounds, shows the fingerprint of every state on the way as an [`Explorer`](super::Explorer)
/// computes it, and returns how many actions there were. What is to be carried out at once is carried out at once.
pub fn walk(
    initial: &World,
    bounds: Bounds,
    actions_at_most: usize,
    chance: &mut Stream,
    mut visit: impl FnMut(Fingerprint),
) -> usize {
    let mut world = initial.clone();
    let mut spent = Spent::default();
    let mut outcome = Outcome::default();
    let (mut actions, mut successors) = (Vec::new(), Vec::new());
    visit(identity(&mut world, spent));
    for taken in 0..actions_at_most {
        successors.clear();
        bounds.successors(&world, spent, &mut actions, &mut successors);
        if successors.is_empty() {
            return taken;
        }
        let (action, after) = successors.swap_remove(chance.index(successors.len()));
        bounds.take(&mut world, &action, &mut outcome, |_, _| ControlFlow::Continue(()));
        spent = after;
        visit(identity(&mut world, spent));
    }
    actions_at_most
}
