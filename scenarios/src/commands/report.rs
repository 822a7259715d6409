//! What came of a target, for machines.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kafkasim::check::{Finding, Promise, Verdict as Judged};
use kafkasim_scenarios::campaign::Failure;
use serde::Serialize;

use super::Exit;
use super::output::plain_command;
use super::verdict::{Outcome, Verdict};

/// The report of one target, for machines.
#[derive(Serialize)]
pub(crate) struct Report {
    scenario: String,
    rules: &'static str,
    first_seed: u64,
    seeds: u64,
    as_expected: bool,
    /// Nothing is broken, but so few seeds cannot be expected to show what the scenario is about.
    too_few_seeds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    virtual_ms: Option<u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    reached: BTreeMap<&'static str, u64>,
    found: Vec<Found>,
    failures: Vec<Wrong>,
}

#[derive(Serialize)]
struct Found {
    promise: Promise,
    allowed_by: Option<String>,
    first_seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    seeds: Option<u64>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Wrong {
    Broken { promise: Promise, seed: u64 },
    NotFound { promise: Promise },
    NotReached { situation: String },
    Reached { situation: String, seed: u64 },
    NotConvicted,
}

impl Report {
    /// What machines want to know about a verdict.
    pub(crate) fn of(verdict: &Verdict<'_>) -> Self {
        let found = |seed: u64, seeds: Option<u64>, finding: &Finding| {
            let trace = verdict.kept.get(&seed);
            Found {
                promise: finding.promise,
                allowed_by: match &finding.verdict {
                    Judged::Violated => None,
                    Judged::Allowed { because } => Some(because.clone()),
                },
                first_seed: seed,
                seeds,
                message: finding.message.clone(),
                trace: trace.map(|kept| kept.path.clone()),
                replay: trace.map(|kept| plain_command(format_args!("replay {}", kept.quoted()))),
            }
        };
        let mut report = Self {
            scenario: verdict.target.asked().to_owned(),
            rules: verdict.target.rules.name,
            first_seed: verdict.seeds.start,
            seeds: verdict.tried(),
            as_expected: verdict.exit() == Exit::AsExpected,
            too_few_seeds: verdict.is_too_few(),
            actions: None,
            virtual_ms: None,
            reached: BTreeMap::new(),
            found: Vec::new(),
            failures: Vec::new(),
        };
        match &verdict.outcome {
            Outcome::Campaign { campaign, failures } => {
                report.actions = Some(campaign.actions);
                report.virtual_ms = Some(campaign.virtual_us / 1000);
                report.reached = campaign
                    .coverage
                    .counts()
                    .map(|(situation, times)| (situation.name, times))
                    .collect();
                let broken = campaign.broken.values();
                report.found = broken
                    .map(|broken| found(broken.first_seed, Some(broken.seeds), &broken.finding))
                    .collect();
                report.failures = failures.iter().map(wrong).collect();
            }
            Outcome::Trial {
                conviction: Some((seed, finding)),
                ..
            } => report.found.push(found(*seed, None, finding)),
            Outcome::Trial { conviction: None, .. } => report.failures.push(Wrong::NotConvicted),
        }
        report
    }
}

fn wrong(failure: &Failure) -> Wrong {
    match failure {
        Failure::Broken { promise, seed, .. } => Wrong::Broken {
            promise: *promise,
            seed: *seed,
        },
        Failure::NotFound(promise) => Wrong::NotFound { promise: *promise },
        Failure::Reached { situation, seed } => Wrong::Reached {
            situation: situation.clone(),
            seed: *seed,
        },
        Failure::NotReached(situation) => Wrong::NotReached {
            situation: situation.clone(),
        },
    }
}
