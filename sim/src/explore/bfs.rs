//! Breadth-first over a set of whole worlds: the plain explorer, and so the shortest counterexamples.

use std::mem;
use std::ops::ControlFlow;

use super::bounds::{Bounds, Spent, WALL_CLOCK};
use super::visited::Visited;
use crate::check::{Finding, Verdict};
use crate::fingerprint::Fingerprint;
use crate::world::{Outcome, Step, World};

/// An exploration under way.
pub struct Explorer<'a, V> {
    bounds: Bounds,
    visited: &'a mut V,
    /// Where each state came from: its parent's number and which of the parent's successors it is.
    parents: Vec<(u32, u16)>,
    generated: u64,
    sum: Fingerprint,
}

/// What an exploration found.
#[derive(Clone, Debug)]
pub struct Explored {
    /// What was covered.
    pub coverage: Coverage,
    /// The shortest way to a violation, if there is one.
    pub failure: Option<Failure>,
}

/// How much was covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Distinct states.
    pub states: u64,
    /// States generated, seen before or not.
    pub generated: u64,
    /// The length of the longest path.
    pub depth: u32,
    /// Whether every state within the bounds was looked at.
    pub exhaustive: bool,
    /// The sum of all states' fingerprints, whatever the order.
    pub sum: Fingerprint,
}

/// A violation and the way to it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What was violated.
    pub finding: Finding,
    /// The actions since the initial state.
    pub steps: Vec<Step>,
    /// The world in which it happened.
    pub world: World,
}

/// How far an exploration has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Actions since the initial state.
    pub depth: u32,
    /// Distinct states so far.
    pub states: u64,
    /// States whose successors are yet to be generated, at this depth.
    pub frontier: u64,
}

type Frontier = Vec<(World, Spent, u32)>;

impl<'a, V: Visited> Explorer<'a, V> {
    /// Within these bounds, remembering states in `visited`.
    pub const fn new(bounds: Bounds, visited: &'a mut V) -> Self {
        Self {
            bounds,
            visited,
            parents: Vec::new(),
            generated: 0,
            sum: Fingerprint(0),
        }
    }

    /// Looks at everything reachable from `initial`, shallowest first, until a violation. `progress` is told at every depth and every so often.
    pub fn run(mut self, initial: &World, mut progress: impl FnMut(Progress)) -> Explored {
        let mut first = initial.clone();
        let fingerprint = identity(&mut first, Spent::default());
        self.visit(fingerprint, &first, Spent::default(), (u32::MAX, 0));
        let mut frontier: Frontier = vec![(first, Spent::default(), 0)];
        let mut depth = 0;
        let mut complete = true;
        while !frontier.is_empty() {
            if depth >= self.bounds.depth_at_most || self.visited.len() >= self.bounds.states_at_most {
                complete = false;
                break;
            }
            let mut next = Frontier::new();
            for (index, (world, spent, number)) in mem::take(&mut frontier).into_iter().enumerate() {
                if index % 65_536 == 0 {
                    let frontier = next.len() as u64;
                    progress(Progress {
                        depth,
                        states: self.visited.len(),
                        frontier,
                    });
                }
                if let Some((finding, world)) = self.expand(&world, spent, number, &mut next) {
                    let steps = self.path(initial, self.parents.len() - 1);
                    let failure = Some(Failure { finding, steps, world });
                    return Explored {
                        coverage: self.coverage(depth + 1, false),
                        failure,
                    };
                }
                if self.visited.len() >= self.bounds.states_at_most {
                    complete = false;
                    break;
                }
            }
            frontier = next;
            depth += u32::from(!frontier.is_empty());
        }
        Explored {
            coverage: self.coverage(depth, complete),
            failure: None,
        }
    }

    fn coverage(&self, depth: u32, exhaustive: bool) -> Coverage {
        Coverage {
            states: self.visited.len(),
            generated: self.generated,
            depth,
            exhaustive,
            sum: self.sum,
        }
    }

    fn visit(&mut self, fingerprint: Fingerprint, world: &World, spent: Spent, parent: (u32, u16)) -> Option<u32> {
        if !self.visited.insert(fingerprint, world, spent) {
            return None;
        }
        self.sum = self.sum.plus(fingerprint);
        self.parents.push(parent);
        Some(u32::try_from(self.parents.len() - 1).expect("fewer than 2³² states"))
    }

    /// Generates the successors of one state; returns the first violation.
    fn expand(&mut self, world: &World, spent: Spent, number: u32, next: &mut Frontier) -> Option<(Finding, World)> {
        let mut successors = Vec::new();
        let mut outcome = Outcome::default();
        self.bounds.successors(world, spent, &mut Vec::new(), &mut successors);
        for (choice, (action, spent)) in (0..).zip(&successors) {
            let mut successor = world.clone();
            let mut finding = None;
            self.bounds.take(&mut successor, action, &mut outcome, |_, outcome| {
                finding = violation(outcome);
                proceed(finding.is_none())
            });
            self.generated += 1;
            if let Some(finding) = finding {
                self.parents.push((number, choice));
                return Some((finding, successor));
            }
            let fingerprint = identity(&mut successor, *spent);
            if let Some(child) = self.visit(fingerprint, &successor, *spent, (number, choice)) {
                next.push((successor, *spent, child));
            }
        }
        None
    }

    /// The actions that lead to a state, found by walking back over the parents and then forward over the worlds.
    fn path(&self, initial: &World, state: usize) -> Vec<Step> {
        let mut choices = Vec::new();
        let mut at = state;
        while let Some((parent, choice)) = self.parents.get(at).filter(|(parent, _)| *parent != u32::MAX) {
            choices.push(*choice);
            at = *parent as usize;
        }
        let mut world = initial.clone();
        let mut spent = Spent::default();
        let mut outcome = Outcome::default();
        let mut steps = Vec::new();
        for choice in choices.into_iter().rev() {
            let mut successors = Vec::new();
            self.bounds.successors(&world, spent, &mut Vec::new(), &mut successors);
            let (action, after) = successors.swap_remove(usize::from(choice));
            spent = after;
            self.bounds.take(&mut world, &action, &mut outcome, |action, outcome| {
                steps.push(Step {
                    at_us: steps.len() as u64,
                    wall_ms: WALL_CLOCK,
                    action: action.clone(),
                });
                proceed(violation(outcome).is_none())
            });
        }
        steps
    }
}

/// What tells explored states apart: the world, and what is left of the budgets.
pub(super) fn identity(world: &mut World, spent: Spent) -> Fingerprint {
    world.fingerprint().plus(Fingerprint::of(&spent))
}

fn proceed(is_clean: bool) -> ControlFlow<()> {
    if is_clean {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(())
    }
}

fn violation(outcome: &Outcome) -> Option<Finding> {
    outcome
        .findings
        .iter()
        .find(|finding| finding.verdict == Verdict::Violated)
        .cloned()
}
