//! Runs a target under its seeds, and says whether it came out as expected.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use kafkasim::check::{Finding, Promise};
use kafkasim_scenarios::campaign::{Campaign, Failure, Judgement};
use kafkasim_scenarios::exhibits::Exhibit;

use super::output::{bad, good, notable};
use super::progress::Progress;
use super::seeds::Chosen;
use super::target::{Kept, SEEDS_AT_LEAST, Target};
use super::{CommandError, Exit};

/// An exhibit is tried by so many seeds at a time, so that the smallest that convicts is soon known whatever the number of threads.
const SEEDS_AT_A_TIME: u64 = 16;

/// What came of a target.
pub(crate) struct Verdict<'a> {
    pub(crate) target: &'a Target,
    pub(crate) seeds: Range<u64>,
    pub(crate) outcome: Outcome,
    /// The traces that were kept, by seed.
    pub(crate) kept: BTreeMap<u64, Kept>,
}

/// Either every seed was run to see what Kafka's rules do, or seeds were tried until one convicted an exhibit.
pub(crate) enum Outcome {
    Campaign {
        campaign: Box<Campaign>,
        failures: Vec<Failure>,
    },
    Trial {
        exhibit: &'static Exhibit,
        conviction: Option<(u64, Finding)>,
    },
}

impl<'a> Verdict<'a> {
    /// Runs the seeds and keeps the trace of every smallest seed that failed, and of a seed that was asked for alone if it found anything.
    pub(crate) fn reach(
        target: &'a Target,
        chosen: &Chosen,
        folder: &Path,
        bar: &Progress,
    ) -> Result<Self, CommandError> {
        let seeds = chosen.range(target.fitting_seeds());
        let (outcome, keep) = match target.exhibit() {
            Some(exhibit) => {
                let conviction = convict(target, exhibit, seeds.clone(), bar);
                let keep = conviction.iter().map(|(seed, _)| *seed).collect();
                (Outcome::Trial { exhibit, conviction }, keep)
            }
            None => judge(target, chosen, seeds.clone(), bar),
        };
        let kept = |seed: u64| Ok((seed, target.keep(seed, folder)?));
        let kept = keep.into_iter().map(kept).collect::<Result<_, CommandError>>()?;
        Ok(Self {
            target,
            seeds,
            outcome,
            kept,
        })
    }

    pub(crate) fn exit(&self) -> Exit {
        match &self.outcome {
            Outcome::Trial {
                conviction: Some(_), ..
            } => Exit::AsExpected,
            Outcome::Trial { conviction: None, .. } => Exit::Broken,
            Outcome::Campaign { failures, .. } if failures.is_empty() => Exit::AsExpected,
            Outcome::Campaign { failures, .. } if failures.iter().any(is_broken) => Exit::Broken,
            Outcome::Campaign { .. } => Exit::Missing,
        }
    }

    /// How many seeds were run.
    pub(crate) fn tried(&self) -> u64 {
        match &self.outcome {
            Outcome::Trial {
                conviction: Some((seed, _)),
                ..
            } => seed - self.seeds.start + 1,
            Outcome::Trial { conviction: None, .. } | Outcome::Campaign { .. } => self.seeds.end - self.seeds.start,
        }
    }

    /// The verdict in a few words.
    pub(crate) fn in_short(&self) -> String {
        match &self.outcome {
            Outcome::Trial {
                conviction: Some((seed, finding)),
                ..
            } => {
                format!("{} of {} by seed {seed}", good("convicted"), finding.promise)
            }
            Outcome::Trial { conviction: None, .. } => bad("not convicted"),
            Outcome::Campaign { campaign, failures } if failures.is_empty() => {
                // A seed alone need not find everything that is expected.
                let is_found = |promise: &&Promise| campaign.broken.contains_key(&(**promise, false));
                let expected: Vec<_> = self
                    .target
                    .scenario
                    .expect
                    .finds
                    .iter()
                    .filter(is_found)
                    .copied()
                    .collect();
                let others = campaign
                    .broken
                    .keys()
                    .map(|(promise, _)| *promise)
                    .filter(|promise| !expected.contains(promise));
                let found: Vec<_> = expected.iter().copied().chain(others).collect();
                if found.is_empty() {
                    good("every promise kept")
                } else {
                    format!("{}, found {}", good("as expected"), some(&found, "and"))
                }
            }
            Outcome::Campaign { failures, .. } => {
                let failed = failures.iter().map(headline).collect::<Vec<_>>().join(", ");
                if self.is_too_few() {
                    format!("{}, {failed}", notable("too few seeds"))
                } else {
                    failed
                }
            }
        }
    }

    /// Whether it fails only by what a few seeds cannot be expected to show.
    pub(crate) fn is_too_few(&self) -> bool {
        self.exit() == Exit::Missing && self.tried() < SEEDS_AT_LEAST
    }
}

/// Runs every seed under Kafka's own rules. Also says which traces are worth keeping.
fn judge(target: &Target, chosen: &Chosen, seeds: Range<u64>, bar: &Progress) -> (Outcome, Vec<u64>) {
    let trial = target.trial();
    let campaign = trial.campaign(seeds, |_| bar.inc(1));
    let is_alone = matches!(chosen, Chosen::One(_));
    let failures = match trial.judge(&campaign) {
        Judgement::AsExpected => Vec::new(),
        // A single seed need not reach everything, nor find what a campaign must find.
        Judgement::Failed(failures) => failures
            .into_iter()
            .filter(|failure| !is_alone || is_broken(failure))
            .collect(),
    };
    let failed = failures.iter().filter_map(|failure| match failure {
        Failure::Broken { seed, .. } => Some(*seed),
        Failure::NotFound(_) | Failure::NotReached(_) | Failure::Reached { .. } => None,
    });
    let asked_for = campaign
        .broken
        .values()
        .filter(|_| is_alone)
        .map(|broken| broken.first_seed);
    let keep = failed.chain(asked_for).collect();
    (
        Outcome::Campaign {
            campaign: Box::new(campaign),
            failures,
        },
        keep,
    )
}

/// Tries seeds in order until one convicts an exhibit.
fn convict(target: &Target, exhibit: &Exhibit, seeds: Range<u64>, bar: &Progress) -> Option<(u64, Finding)> {
    let mut from = seeds.start;
    while from < seeds.end {
        let until = from.saturating_add(SEEDS_AT_A_TIME).min(seeds.end);
        let conviction = target.trial().first_conviction(from..until, exhibit.convicted_by);
        if conviction.is_some() {
            return conviction;
        }
        bar.inc(until - from);
        from = until;
    }
    None
}

const fn is_broken(failure: &Failure) -> bool {
    matches!(failure, Failure::Broken { .. } | Failure::Reached { .. })
}

/// What is wrong, in a few words.
pub(crate) fn headline(failure: &Failure) -> String {
    match failure {
        Failure::Broken { promise, .. } => bad(promise),
        Failure::NotFound(promise) => format!("never found {}", bad(promise)),
        Failure::NotReached(situation) => format!("never reached {}", bad(situation)),
        Failure::Reached { situation, .. } => format!("reached {}", bad(situation)),
    }
}

/// The first of some promises by name, and how many others there are.
pub(crate) fn some(promises: &[Promise], conjunction: &str) -> String {
    match promises {
        [] => String::new(),
        [first] => first.to_string(),
        [first, second] => format!("{first} {conjunction} {second}"),
        [first, others @ ..] => format!("{first} {conjunction} {} others", others.len()),
    }
}
