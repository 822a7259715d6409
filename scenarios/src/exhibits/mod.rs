//! Exhibits: one wrong or historical rule each, the smallest scenario in which it matters, and the promise that must convict it.

mod canaries;
mod clients;
mod four_steps;
mod groups;
mod in_sync;
mod replication;
mod storage;
mod truncation;

use std::path::Path;

use kafkasim::check::Promise;
use kafkasim_core::rules::Rules;

use crate::rule_sets::RuleSet;
use crate::scenario::{Scenario, ScenarioError};

/// One exhibit.
#[derive(Clone, Copy, Debug)]
pub struct Exhibit {
    /// Its name, which is also that of its rule set and of its scenario's file.
    pub name: &'static str,
    /// What went, or would go, wrong, in one sentence.
    pub about: &'static str,
    /// Where the rule comes from.
    pub kind: Kind,
    /// The rules with the one that is on trial.
    pub rules: Rules,
    /// The promises of which at least one must convict it.
    pub convicted_by: &'static [Promise],
    /// The smallest scope in which it shows, in words.
    pub scope: &'static str,
    /// Its scenario.
    pub scenario: ScenarioFile,
    /// How many seeds must be enough.
    pub seeds_at_most: u64,
}

/// A scenario file that is built in.
#[derive(Clone, Copy, Debug)]
pub struct ScenarioFile {
    /// Where it is in the repository.
    pub path: &'static str,
    /// What it says.
    pub text: &'static str,
}

/// A scenario file, by its path below `scenarios`.
macro_rules! file {
    ($path:literal) => {
        $crate::exhibits::ScenarioFile {
            path: concat!("scenarios/", $path),
            text: include_str!(concat!("../../", $path)),
        }
    };
}
use file;

/// Where a rule comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Kafka shipped it once.
    History,
    /// So wrong that every campaign must convict it.
    Canary,
}

impl Exhibit {
    /// Its scenario.
    pub fn scenario(&self) -> Result<Scenario, ScenarioError> {
        Scenario::parse(self.scenario.text, Path::new(self.scenario.path))
    }

    /// Its rules by name.
    #[must_use]
    pub const fn rule_set(&self) -> RuleSet {
        RuleSet {
            name: self.name,
            rules: self.rules,
        }
    }
}

/// Every exhibit.
#[must_use]
pub fn all() -> &'static [Exhibit] {
    &[
        replication::KIP_101,
        truncation::KIP_279,
        truncation::KIP_320,
        truncation::KAFKA_7415,
        truncation::KAFKA_13141,
        replication::KAFKA_7128,
        replication::MAKE_LEADER,
        in_sync::KIP_497,
        in_sync::KIP_841,
        in_sync::KIP_903,
        in_sync::KIP_966,
        in_sync::KAFKA_15583,
        storage::KAFKA_7190,
        storage::KAFKA_5490,
        storage::KIP_516,
        storage::FIRST_SEQUENCE,
        storage::KIP_207,
        storage::ONE_SEGMENT,
        clients::KIP_91,
        clients::KAFKA_14034,
        clients::KAFKA_8350,
        clients::KAFKA_7747,
        clients::ANSWERED_EPOCH,
        groups::ZOMBIE_COMMIT,
        groups::KAFKA_5600,
        groups::KAFKA_13636,
        groups::KAFKA_14639,
        canaries::ACKS_ALL_AT_LOCAL_APPEND,
        canaries::DUPLICATE_LOOKUP_SKIPPED,
        canaries::FLUSH_WITHOUT_ANSWERS,
        canaries::FORGOTTEN_WAKE_UP,
        canaries::ISR_NEVER_EXPANDS,
        canaries::CALLBACKS_OUT_OF_ORDER,
        canaries::MOVED_AT_ONCE,
        canaries::CLEANED_UNCOMMITTED,
        canaries::DELETION_FORGOTTEN,
        canaries::ONE_REQUEST_TOO_MANY,
        canaries::PARTS_OUT_OF_ORDER,
        canaries::RETENTION_BY_OLDEST_RECORD,
        canaries::LATE_WAKEUP,
        canaries::PARTITION_LIMIT_IGNORED,
        canaries::UNCOMMITTED_END,
        groups::NOTHING_WITHHELD,
        groups::COMMIT_AT_LOCAL_APPEND,
        groups::COMMIT_OF_WHAT_COMES,
        groups::READ_ON_AFTER_REVOCATION,
        groups::COMMIT_REPEATED,
    ]
}

/// The four steps by which Kafka's followers learnt to truncate, each a rule set of its own: the example `four-steps` explores them.
pub const FOUR_STEPS: [RuleSet; 4] = four_steps::ALL;

/// The exhibit of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Exhibit> {
    all().iter().find(|exhibit| exhibit.name == name)
}
