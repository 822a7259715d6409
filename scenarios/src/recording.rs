//! A trace together with the scenario and the rules that it names: all that is needed to live through its run again.

use std::path::{Path, PathBuf};

use kafkasim::trace::{Trace, TraceError};
use kafkasim::world::World;

use crate::rule_sets::{RuleSet, UnknownRules};
use crate::scenario::{Scenario, ScenarioError};

/// A trace that can be replayed.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The trace.
    pub trace: Trace,
    /// What was run, every draw made.
    pub scenario: Scenario,
    /// The rules in force.
    pub rules: RuleSet,
}

/// Why a trace cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file is no trace.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Its header embeds a scenario that is refused.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Its header names rules that do not exist.
    #[error("{path}:1: {source}")]
    Rules {
        /// The file.
        path: PathBuf,
        /// Which rules.
        source: UnknownRules,
    },
}

impl Recording {
    /// Reads a trace and everything that its header names.
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let trace = Trace::read(path)?;
        let embedded = format!("{}:1: the scenario in the header", path.display());
        let scenario = Scenario::parse(&trace.header.scenario, Path::new(&embedded))?;
        let rules = RuleSet::find(&trace.header.rules).map_err(|source| RecordingError::Rules {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self { trace, scenario, rules })
    }

    /// The world before the first action.
    #[must_use]
    pub fn world(&self) -> World {
        self.scenario.build(self.rules.rules, self.trace.header.options).world()
    }
}
