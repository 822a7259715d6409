//! Breadth-first over a set of whole worlds: the plain explorer, and so the shortest counterexamples.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

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
    /// The length of the longest path, in steps: an action, and with coarse ones whatever was urgent after it.
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
    /// Steps since the initial state.
    pub depth: u32,
    /// Distinct states so far.
    pub states: u64,
    /// States whose successors are yet to be generated, at this depth.
    pub frontier: u64,
}

/// States are expanded so many at a time, in parallel; then their successors are looked at in order, so that the number of threads
/// changes nothing.
const AT_A_TIME: usize = 256;

/// A state whose successors are yet to be generated.
struct State {
    world: World,
    spent: Spent,
    number: u32,
}

/// What came of one state.
struct Expanded {
    number: u32,
    generated: u64,
    /// The successors that were not known when they were generated.
    new: Vec<Successor>,
    /// The first violation, after which nothing more was generated.
    violation: Option<(u16, Finding, World)>,
}

struct Successor {
    choice: u16,
    fingerprint: Fingerprint,
    world: World,
    spent: Spent,
}

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
        let spent = Spent::default();
        let fingerprint = identity(&mut first, spent);
        let mut frontier: VecDeque<State> = self
            .visit(fingerprint, first, spent, (u32::MAX, 0))
            .into_iter()
            .collect();
        let mut depth = 0;
        while !frontier.is_empty() {
            if depth >= self.bounds.depth_at_most {
                return self.explored(depth, false, None);
            }
            let mut next = VecDeque::new();
            while !frontier.is_empty() {
                progress(Progress {
                    depth,
                    states: self.visited.len(),
                    frontier: (frontier.len() + next.len()) as u64,
                });
                let some: Vec<State> = frontier.drain(..frontier.len().min(AT_A_TIME)).collect();
                let expanded: Vec<Expanded> = some.into_par_iter().map(|state| self.expand(&state)).collect();
                for expanded in expanded {
                    if self.visited.len() >= self.bounds.states_at_most {
                        return self.explored(depth, false, None);
                    }
                    if let Some((finding, world)) = self.look_at(expanded, &mut next) {
                        let steps = self.path(initial, self.parents.len() - 1);
                        return self.explored(depth + 1, false, Some(Failure { finding, steps, world }));
                    }
                }
            }
            depth += u32::from(!next.is_empty());
            frontier = next;
        }
        self.explored(depth, true, None)
    }

    fn explored(&self, depth: u32, exhaustive: bool, failure: Option<Failure>) -> Explored {
        let coverage = Coverage {
            states: self.visited.len(),
            generated: self.generated,
            depth,
            exhaustive,
            sum: self.sum,
        };
        Explored { coverage, failure }
    }

    /// Takes a state into the visited ones, unless it is there already.
    fn visit(&mut self, fingerprint: Fingerprint, world: World, spent: Spent, parent: (u32, u16)) -> Option<State> {
        if !self.visited.insert(fingerprint, &world, spent) {
            return None;
        }
        self.sum = self.sum.plus(fingerprint);
        self.parents.push(parent);
        let number = u32::try_from(self.parents.len() - 1).expect("fewer than 2³² states");
        Some(State { world, spent, number })
    }

    /// Generates the successors of one state.
    fn expand(&self, state: &State) -> Expanded {
        let mut expanded = Expanded {
            number: state.number,
            generated: 0,
            new: Vec::new(),
            violation: None,
        };
        let mut successors = Vec::new();
        let mut outcome = Outcome::default();
        self.bounds
            .successors(&state.world, state.spent, &mut Vec::new(), &mut successors);
        for (choice, (action, spent)) in (0..).zip(successors) {
            let mut world = state.world.clone();
            let mut finding = None;
            self.bounds.take(&mut world, &action, &mut outcome, |_, outcome| {
                finding = violation(outcome);
                proceed(finding.is_none())
            });
            expanded.generated += 1;
            if let Some(finding) = finding {
                expanded.violation = Some((choice, finding, world));
                break;
            }
            let fingerprint = identity(&mut world, spent);
            if !self.visited.contains(fingerprint, &world, spent) {
                expanded.new.push(Successor {
                    choice,
                    fingerprint,
                    world,
                    spent,
                });
            }
        }
        expanded
    }

    /// Takes the successors of one state into the visited ones and the next frontier; returns the violation, if there is one.
    fn look_at(&mut self, expanded: Expanded, next: &mut VecDeque<State>) -> Option<(Finding, World)> {
        self.generated += expanded.generated;
        for successor in expanded.new {
            let parent = (expanded.number, successor.choice);
            next.extend(self.visit(successor.fingerprint, successor.world, successor.spent, parent));
        }
        let (choice, finding, world) = expanded.violation?;
        self.parents.push((expanded.number, choice));
        Some((finding, world))
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
