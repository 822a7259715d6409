//! Makes a failing run small: the fewest actions, and above all the fewest faults, that still break the same promise.
//!
//! Delta debugging over the list of actions. Each candidate is truly replayed: an action that has become impossible is left out, everything else
//! happens as the world says. A promise that only the end of a run can judge is judged after the world was given every chance to finish. If applications
//! need not go on for that, they fall silent: a call that was left out would only be made later.

use crate::check::{Finale, Finding, Promise, Verdict};
use crate::conclude::{Applications, conclude};
use crate::world::{Action, Outcome, Step, World};

/// What to shrink.
pub struct Shrinker<'a> {
    /// The world before the first action.
    pub build: &'a dyn Fn() -> World,
    /// The promise that must stay broken.
    pub promise: Promise,
    /// Whether that is an error, or an anomaly that the configuration allows.
    pub is_violation: bool,
    /// What the end-of-run checks were told, if the promise was found broken there.
    pub finale: Option<Finale>,
    /// Told after every round.
    pub progress: &'a mut dyn FnMut(Round),
}

/// How far shrinking has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// Actions left.
    pub actions: usize,
    /// Faults among them.
    pub faults: usize,
    /// Candidates replayed so far.
    pub replayed: usize,
}

/// The smallest run found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// Its actions.
    pub steps: Vec<Step>,
    /// How it ended, if the promise had to wait for the end.
    pub finale: Option<Finale>,
    /// How many candidates were replayed.
    pub replayed: usize,
}

impl Shrinker<'_> {
    /// Shrinks; `None` if the run does not break the promise in the first place.
    pub fn shrink(&mut self, steps: &[Step]) -> Option<Shrunk> {
        let attempt = |applications| Some((applications, self.attempt(steps, applications)?));
        let (applications, (steps, finale)) =
            attempt(Applications::FallSilent).or_else(|| attempt(Applications::GoOn))?;
        let mut best = Shrunk {
            steps,
            finale,
            replayed: 1,
        };
        loop {
            let before = best.steps.len();
            self.reduce(&mut best, applications, Action::is_fault);
            self.reduce(&mut best, applications, |action| matches!(action, Action::Call { .. }));
            self.reduce(&mut best, applications, |action| matches!(action, Action::Fire { .. }));
            self.reduce(&mut best, applications, |_| true);
            if best.steps.len() == before {
                return Some(best);
            }
        }
    }

    /// Leaves out ever smaller chunks of the actions of one kind, from the end to the beginning.
    fn reduce(&mut self, best: &mut Shrunk, applications: Applications, is_candidate: impl Fn(&Action) -> bool) {
        let count = |best: &Shrunk| best.steps.iter().filter(|step| is_candidate(&step.action)).count();
        let mut chunk = count(best).div_ceil(2);
        while chunk > 0 {
            let mut end = count(best);
            while end > 0 {
                let start = end.saturating_sub(chunk);
                let mut index = 0;
                let mut kept = best.steps.clone();
                kept.retain(|step| {
                    let candidate = is_candidate(&step.action);
                    let dropped = candidate && (start..end).contains(&index);
                    index += usize::from(candidate);
                    !dropped
                });
                best.replayed += 1;
                let attempted = self.attempt(&kept, applications);
                if let Some((steps, finale)) = attempted.filter(|(steps, _)| steps.len() < best.steps.len()) {
                    best.steps = steps;
                    best.finale = finale;
                    end = start.min(count(best));
                } else {
                    end = start;
                }
            }
            self.report(best);
            chunk = if chunk == 1 { 0 } else { chunk.div_ceil(2) };
        }
    }

    fn report(&mut self, best: &Shrunk) {
        let faults = best.steps.iter().filter(|step| step.action.is_fault()).count();
        (self.progress)(Round {
            actions: best.steps.len(),
            faults,
            replayed: best.replayed,
        });
    }

    /// Replays what is possible of these actions up to the broken promise: what did happen, and how it ended if the promise had to wait for the end.
    fn attempt(&self, steps: &[Step], applications: Applications) -> Option<(Vec<Step>, Option<Finale>)> {
        let mut world = (self.build)();
        let mut outcome = Outcome::default();
        let mut done = Vec::with_capacity(steps.len());
        let mut findings = Vec::new();
        for step in steps {
            if world.check_enabled(&step.action).is_err() {
                continue;
            }
            world.apply(&step.action, step.wall_ms, &mut outcome);
            done.push(step.clone());
            findings.append(&mut outcome.findings);
            if let Some(is_wanted) = self.decide(&findings) {
                return is_wanted.then_some((done, None));
            }
        }
        let finale = conclude(
            &mut world,
            self.finale.as_ref()?,
            applications,
            &mut done,
            &mut findings,
        );
        world.finish(&finale, &mut findings);
        (self.decide(&findings) == Some(true)).then_some((done, Some(finale)))
    }

    /// Whether these are what is wanted, or something else; `None` if they are neither yet.
    fn decide(&self, findings: &[Finding]) -> Option<bool> {
        let is_wanted = |finding: &Finding| {
            finding.promise == self.promise && (finding.verdict == Verdict::Violated) == self.is_violation
        };
        let decisive = |finding: &&Finding| finding.verdict == Verdict::Violated || is_wanted(finding);
        findings.iter().find(decisive).map(is_wanted)
    }
}
