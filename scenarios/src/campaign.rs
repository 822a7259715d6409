//! A campaign: one scenario under many seeds, in parallel, with the same result whatever the number of threads.

use std::collections::BTreeMap;

use kafkasim::check::{Coverage, Finding, Promise, Verdict};
use kafkasim::random::{self, Report};
use kafkasim::run::Observer;
use kafkasim::setup::Options;
use kafkasim::trace::{Footer, Header, Trace};
use kafkasim::world::Step;
use rayon::prelude::*;

use crate::rule_sets::RuleSet;
use crate::scenario::{Built, Scenario};
use crate::{exhibits, rule_sets};

/// Seeded runs allow everything that an environment can do.
pub const EVERYTHING: Options = Options {
    late_requests: true,
    instant_sync: false,
};

/// A scenario under some rules.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The rules.
    pub rules: &'a RuleSet,
}

/// What a campaign found.
#[derive(Clone, Debug, Default)]
pub struct Campaign {
    /// How many seeds were run.
    pub seeds: u64,
    /// How many actions they took, all together.
    pub actions: u64,
    /// How many faults struck, all together.
    pub faults: u64,
    /// How much virtual time went by, all together, in microseconds.
    pub virtual_us: u64,
    /// How often each situation was reached, all together.
    pub coverage: Coverage,
    /// The smallest seed in which each situation was reached.
    pub first_reached: BTreeMap<&'static str, u64>,
    /// In how many seeds each promise was broken, and the first of them; allowed or not.
    pub broken: BTreeMap<(Promise, bool), Broken>,
}

/// How often a promise was broken.
#[derive(Clone, Debug)]
pub struct Broken {
    /// In how many seeds.
    pub seeds: u64,
    /// The smallest of them.
    pub first_seed: u64,
    /// What was found there.
    pub finding: Finding,
}

/// Whether a campaign came out as its scenario expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It did.
    AsExpected,
    /// Something is wrong, each in words.
    Failed(Vec<Failure>),
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A promise was broken that must hold.
    Broken {
        /// The promise.
        promise: Promise,
        /// The smallest seed.
        seed: u64,
        /// What was found there.
        finding: Finding,
    },
    /// An anomaly that the scenario is about was not found.
    NotFound(Promise),
    /// A situation that the scenario is about was not reached.
    NotReached(String),
    /// A situation was reached that no run may reach.
    Reached {
        /// The situation.
        situation: String,
        /// The smallest seed.
        seed: u64,
    },
}

impl<'a> Trial<'a> {
    /// Builds the world of one seed.
    #[must_use]
    pub fn build(&self, seed: u64) -> (Scenario, Built) {
        let resolved = self.scenario.resolve(seed);
        let built = resolved.build(self.rules.rules, EVERYTHING);
        (resolved, built)
    }

    /// How a command line asks for it. The name of an exhibit stands for its scenario under its own rules.
    #[must_use]
    pub fn arguments(&self) -> String {
        let name = &self.scenario.name;
        let implied = exhibits::by_name(name).map_or(rule_sets::CURRENT.name, |exhibit| exhibit.name);
        if self.rules.name == implied {
            name.clone()
        } else {
            format!("{name} --rules {}", self.rules.name)
        }
    }

    /// Runs one seed.
    pub fn run(&self, seed: u64, observer: &mut dyn Observer) -> Report {
        let _told = TellsOnPanic { trial: self, seed };
        random::run(&self.build(seed).1.plan, seed, observer)
    }

    /// Runs one seed and keeps its trace.
    #[must_use]
    pub fn trace(&self, seed: u64) -> (Report, Trace) {
        let (resolved, built) = self.build(seed);
        let mut steps: Vec<Step> = Vec::new();
        let mut report = random::run(&built.plan, seed, &mut steps);
        let found_by = format!("kafkasim run {} --seed {seed}", self.arguments());
        let header = Header::new(resolved.to_toml(), self.rules.name.to_owned(), EVERYTHING, found_by);
        let footer = Footer {
            actions: steps.len(),
            fingerprint: report.world.fingerprint().to_string(),
            finale: report.finale.clone(),
            findings: report.findings.clone(),
        };
        (report, Trace { header, steps, footer })
    }

    /// Runs many seeds, in parallel. `done` is told of each as it ends, in no particular order.
    pub fn campaign(&self, seeds: std::ops::Range<u64>, done: impl Fn(&Report) + Sync) -> Campaign {
        let run = |seed| {
            let report = self.run(seed, &mut ());
            done(&report);
            Campaign::of(seed, &report)
        };
        seeds
            .into_par_iter()
            .map(run)
            .reduce(Campaign::default, Campaign::merge)
    }

    /// The smallest seed that breaks a promise that Kafka makes, if one of these does.
    pub fn first_conviction(&self, seeds: std::ops::Range<u64>, promises: &[Promise]) -> Option<(u64, Finding)> {
        seeds.into_par_iter().find_map_first(|seed| {
            let report = self.run(seed, &mut ());
            let finding = report
                .findings
                .into_iter()
                .find(|finding| is_conviction(finding, promises))?;
            Some((seed, finding))
        })
    }

    /// Whether what a campaign found is what the scenario expects.
    #[must_use]
    pub fn judge(&self, campaign: &Campaign) -> Judgement {
        let expect = &self.scenario.expect;
        let mut failures = Vec::new();
        let mut broken: Vec<_> = campaign.broken.iter().collect();
        // What Kafka promises goes before what it does not.
        broken.sort_by_key(|((_, violated), _)| !violated);
        for ((promise, violated), broken) in broken {
            if *violated || !(expect.finds.contains(promise) || expect.may_find.contains(promise)) {
                let finding = broken.finding.clone();
                failures.push(Failure::Broken {
                    promise: *promise,
                    seed: broken.first_seed,
                    finding,
                });
            }
        }
        let missing = expect
            .finds
            .iter()
            .filter(|promise| !campaign.broken.contains_key(&(**promise, false)));
        failures.extend(missing.map(|promise| Failure::NotFound(*promise)));
        let unreached = expect.reached.iter().filter(|name| campaign.coverage.count(name) == 0);
        failures.extend(unreached.map(|name| Failure::NotReached(name.clone())));
        let forbidden = expect.never.iter().filter_map(|situation| {
            let seed = *campaign.first_reached.get(situation.as_str())?;
            Some(Failure::Reached {
                situation: situation.clone(),
                seed,
            })
        });
        failures.extend(forbidden);
        if failures.is_empty() {
            Judgement::AsExpected
        } else {
            Judgement::Failed(failures)
        }
    }
}

/// A machine that breaks one of its own invariants panics; this says in which run.
struct TellsOnPanic<'a> {
    trial: &'a Trial<'a>,
    seed: u64,
}

impl Drop for TellsOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "that was in: kafkasim replay {} --seed {}",
                self.trial.arguments(),
                self.seed
            );
        }
    }
}

/// Whether a finding convicts: an error that breaks one of these promises (any, if none is named).
#[must_use]
pub fn is_conviction(finding: &Finding, promises: &[Promise]) -> bool {
    finding.verdict == Verdict::Violated && (promises.is_empty() || promises.contains(&finding.promise))
}

impl Campaign {
    fn of(seed: u64, report: &Report) -> Self {
        let mut broken = BTreeMap::new();
        for finding in &report.findings {
            broken
                .entry((finding.promise, finding.verdict == Verdict::Violated))
                .or_insert_with(|| Broken {
                    seeds: 1,
                    first_seed: seed,
                    finding: finding.clone(),
                });
        }
        let reached = report.coverage.counts().filter(|(_, count)| *count > 0);
        Self {
            first_reached: reached.map(|(situation, _)| (situation.name, seed)).collect(),
            seeds: 1,
            actions: report.actions,
            faults: report.faults,
            virtual_us: report.virtual_us,
            coverage: report.coverage.clone(),
            broken,
        }
    }

    /// Adds another campaign; the order does not matter.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.seeds += other.seeds;
        self.actions += other.actions;
        self.faults += other.faults;
        self.virtual_us += other.virtual_us;
        self.coverage.merge(&other.coverage);
        for (situation, seed) in other.first_reached {
            let first = self.first_reached.entry(situation).or_insert(seed);
            *first = seed.min(*first);
        }
        for (key, theirs) in other.broken {
            match self.broken.entry(key) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(theirs);
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    let ours = entry.get_mut();
                    ours.seeds += theirs.seeds;
                    if theirs.first_seed < ours.first_seed {
                        ours.first_seed = theirs.first_seed;
                        ours.finding = theirs.finding;
                    }
                }
            }
        }
        self
    }
}
