//! Runs a list of actions again, exactly.

use std::fmt;

use crate::check::{Finale, Finding};
use crate::run::Observer;
use crate::world::{Outcome, Step, World};

/// The first action that could not happen again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Which action, from 1.
    pub number: usize,
    /// The action.
    pub step: Step,
    /// Why it cannot happen.
    pub why: String,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the run drifts at action {}, \"{}\": {}",
            self.number, self.step.action, self.why
        )
    }
}

impl std::error::Error for Drift {}

/// Applies every step in turn, then the end-of-run checks if the run had got that far. Returns everything found.
pub fn replay(
    world: &mut World,
    steps: &[Step],
    finale: Option<&Finale>,
    observer: &mut dyn Observer,
) -> Result<Vec<Finding>, Drift> {
    let mut findings = Vec::new();
    let mut outcome = Outcome::default();
    for (index, step) in steps.iter().enumerate() {
        world.check_enabled(&step.action).map_err(|why| Drift {
            number: index + 1,
            step: step.clone(),
            why,
        })?;
        world.apply(&step.action, step.wall_ms, &mut outcome);
        findings.append(&mut outcome.findings);
        observer.observe(world, step, &outcome);
    }
    if let Some(finale) = finale {
        world.finish(finale, &mut findings);
    }
    Ok(findings)
}
