//! What a name on the command line stands for: a scenario, the rules it runs under, and what must come of it.

use std::path::{Path, PathBuf};

use kafkasim_scenarios::campaign::Trial;
use kafkasim_scenarios::exhibits::{self, Exhibit};
use kafkasim_scenarios::rule_sets::{self, RuleSet};
use kafkasim_scenarios::scenario::Scenario;
use kafkasim_scenarios::{catalog, exhibits::by_name};

use super::CommandError;
use super::output::quoted;

/// How many seeds suit a scenario.
pub(crate) const SEEDS: u64 = 300;

/// With fewer, some scenarios never reach what they are about.
pub(crate) const SEEDS_AT_LEAST: u64 = 150;

/// A scenario under some rules, as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The name or path on the command line.
    asked: String,
    /// The scenario.
    pub(crate) scenario: Scenario,
    /// The rules.
    pub(crate) rules: RuleSet,
}

impl Target {
    /// What a name stands for. That of an exhibit is its scenario under its own rules, unless other rules are asked for.
    pub(crate) fn find(asked: &str, rules: Option<&str>) -> Result<Self, CommandError> {
        if Path::new(asked).extension().is_some_and(|ending| ending == "trace") {
            return Err(CommandError::TraceForScenario { path: asked.into() });
        }
        let scenario = catalog::find(asked)?;
        let rules = rules.map_or_else(|| Ok(implied_rules(asked)), RuleSet::find)?;
        Ok(Self {
            asked: asked.to_owned(),
            scenario,
            rules,
        })
    }

    /// A scenario of the catalog, or of an exhibit, under Kafka's own rules.
    pub(crate) fn current(asked: &str, scenario: Scenario) -> Self {
        Self {
            asked: asked.to_owned(),
            scenario,
            rules: rule_sets::CURRENT,
        }
    }

    /// The name or path on the command line.
    pub(crate) fn asked(&self) -> &str {
        &self.asked
    }

    /// The exhibit whose rules these are; it must be convicted.
    pub(crate) fn exhibit(&self) -> Option<&'static Exhibit> {
        exhibits::by_name(self.rules.name)
    }

    pub(crate) const fn trial(&self) -> Trial<'_> {
        Trial {
            scenario: &self.scenario,
            rules: &self.rules,
        }
    }

    /// How many seeds suit it.
    pub(crate) fn fitting_seeds(&self) -> u64 {
        self.exhibit().map_or(SEEDS, |exhibit| exhibit.seeds_at_most)
    }

    /// How a command line asks for it.
    pub(crate) fn arguments(&self) -> String {
        let asked = quoted(&self.asked);
        if self.rules.name == implied_rules(&self.asked).name {
            asked.into_owned()
        } else {
            format!("{asked} --rules {}", self.rules.name)
        }
    }

    /// What people call it.
    pub(crate) fn title(&self) -> String {
        if self.rules.name == implied_rules(&self.asked).name {
            self.asked.clone()
        } else {
            format!("{} under {}", self.asked, self.rules.name)
        }
    }

    /// What it is about, in one sentence.
    pub(crate) fn about(&self) -> &str {
        self.exhibit().map_or(&self.scenario.about, |exhibit| exhibit.about)
    }

    /// Runs one seed, and keeps its trace in this folder.
    pub(crate) fn keep(&self, seed: u64, folder: &Path) -> Result<Kept, CommandError> {
        let (_, mut trace) = self.trial().trace(seed);
        trace.header.found_by = format!("kafkasim run {} --seed {seed}", self.arguments());
        let path = folder.join(format!("{}-{seed}.trace", self.stem()));
        trace.write(&path)?;
        Ok(Kept {
            path,
            found_by: format!("run {} --seed {seed}", self.arguments()),
        })
    }

    /// What the files of its traces are called.
    pub(crate) fn stem(&self) -> String {
        let name = Path::new(&self.asked)
            .file_stem()
            .map_or_else(|| self.asked.clone(), |stem| stem.to_string_lossy().into_owned());
        if self.rules.name == implied_rules(&self.asked).name {
            name
        } else {
            format!("{name}-under-{}", self.rules.name)
        }
    }
}

/// A trace that was written.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The file.
    pub(crate) path: PathBuf,
    /// The arguments that find it again.
    pub(crate) found_by: String,
}

impl Kept {
    /// The file as a shell wants it.
    pub(crate) fn quoted(&self) -> String {
        quoted(&self.path.to_string_lossy()).into_owned()
    }
}

fn implied_rules(asked: &str) -> RuleSet {
    by_name(asked).map_or(rule_sets::CURRENT, Exhibit::rule_set)
}
