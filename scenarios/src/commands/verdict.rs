//! Runs a target under its seeds, and says whether it came out as expected.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use indicatif::{HumanCount, ProgressBar};
use kafkasim::check::{Finding, Promise, Verdict as Judged};
use kafkasim_scenarios::campaign::{Broken, Campaign, Failure, Judgement};
use kafkasim_scenarios::exhibits::{Exhibit, Kind};

use super::output::{Duration, Output, bad, brief, command, count, faint, good, notable, quoted, strong};
use super::seeds::Chosen;
use super::target::{Kept, Target};
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
        bar: &ProgressBar,
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
                let expected = &self.target.scenario.expect.finds;
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
            Outcome::Campaign { failures, .. } => failures.iter().map(headline).collect::<Vec<_>>().join(", "),
        }
    }

    /// The whole report.
    pub(crate) fn tell(&self, output: &mut Output) {
        output.line(strong(self.target.title()));
        output.prose("about", self.target.about());
        match &self.outcome {
            Outcome::Campaign { campaign, failures } => self.tell_campaign(campaign, failures, output),
            Outcome::Trial { exhibit, conviction } => self.tell_trial(exhibit, conviction.as_ref(), output),
        }
    }

    /// What is wrong, each with the commands that show it.
    pub(crate) fn tell_failures(&self, output: &mut Output) {
        match &self.outcome {
            Outcome::Campaign { failures, .. } => {
                failures.iter().for_each(|failure| self.tell_failure(failure, output))
            }
            Outcome::Trial {
                conviction: Some(_), ..
            } => {}
            Outcome::Trial {
                exhibit,
                conviction: None,
            } => {
                let tried = count(self.tried(), "seed");
                output.line(format_args!(
                    "{} {}: not convicted by {tried}",
                    bad("FAIL"),
                    exhibit.name
                ));
                output.indented(&format!("none broke {}", names(exhibit.convicted_by)));
                let more = self.seeds.end;
                output.line(format_args!(
                    "     more seeds: {}",
                    command(format_args!("run {} --from {more}", self.target.arguments()))
                ));
            }
        }
    }

    fn tell_campaign(&self, campaign: &Campaign, failures: &[Failure], output: &mut Output) {
        output.labelled(
            "ran",
            format_args!(
                "{}, {}, {} of virtual time",
                self.seeds_in_words(),
                count(campaign.actions, "action"),
                Duration {
                    us: campaign.virtual_us
                }
            ),
        );
        let gates = &self.target.scenario.expect.reached;
        let is_gate = |name: &str| gates.iter().any(|gate| gate == name);
        let reached = campaign
            .coverage
            .counts()
            .filter(|(_, times)| *times > 0)
            .map(|(situation, times)| {
                let name = if is_gate(situation.name) {
                    strong(situation.name)
                } else {
                    situation.name.to_owned()
                };
                format!("{name} {}", faint(HumanCount(times)))
            });
        output.flow("reached", reached);
        let never = campaign
            .coverage
            .counts()
            .filter(|(_, times)| *times == 0)
            .map(|(situation, _)| {
                if is_gate(situation.name) {
                    bad(situation.name)
                } else {
                    faint(situation.name)
                }
            });
        if self.tried() > 1 {
            output.flow("never", never);
        }
        let mut seen = Vec::new();
        for ((promise, violated), broken) in &campaign.broken {
            if !violated {
                self.tell_allowed(*promise, broken, seen.contains(&broken.first_seed), output);
                seen.push(broken.first_seed);
            }
        }
        if failures.is_empty() {
            let kept = campaign.broken.is_empty();
            output.labelled(
                "verdict",
                if kept {
                    good("every promise kept")
                } else {
                    good("as expected")
                },
            );
        }
        self.tell_failures(output);
    }

    fn tell_allowed(&self, promise: Promise, broken: &Broken, is_seen: bool, output: &mut Output) {
        let Broken {
            seeds,
            first_seed,
            finding,
        } = broken;
        let (whose, look) = if self.tried() == 1 {
            let look = self
                .kept
                .get(first_seed)
                .map(|kept| format!("show {}", quoted(&kept.path.to_string_lossy())));
            (String::new(), look)
        } else {
            let look = format!("run {} --seed {first_seed}", self.target.arguments());
            (
                format!(
                    " in {} of {}, first in {first_seed}",
                    HumanCount(*seeds),
                    HumanCount(self.tried())
                ),
                Some(look),
            )
        };
        output.prose(
            "found",
            &format!("{}{whose}{}", notable(promise), because(&finding.verdict)),
        );
        output.prose("", &brief(&finding.message));
        if let Some(look) = look.filter(|_| !is_seen) {
            output.labelled("", command(look));
        }
    }

    fn tell_trial(&self, exhibit: &Exhibit, conviction: Option<&(u64, Finding)>, output: &mut Output) {
        output.labelled("rule", kind(exhibit.kind));
        output.prose("must break", &names(exhibit.convicted_by));
        output.labelled("ran", self.seeds_in_words());
        if let Some((seed, finding)) = conviction {
            output.prose(
                "verdict",
                &format!("{} of {} by seed {seed}", good("convicted"), finding.promise),
            );
            output.prose("", &brief(&finding.message));
            if let Some(kept) = self.kept.get(seed) {
                output.labelled("replay", command(format_args!("replay {}", kept.quoted())));
                output.labelled("next", command(format_args!("shrink {}", kept.quoted())));
            }
            let today = format!("run {} --rules current", quoted(self.target.asked()));
            output.labelled("today", command(today));
        }
        self.tell_failures(output);
    }

    fn tell_failure(&self, failure: &Failure, output: &mut Output) {
        let fail = bad("FAIL");
        match failure {
            Failure::Broken { promise, seed, finding } => {
                let column = " ".repeat("FAIL ".len() + promise.name().len() + 3);
                if let Some(kept) = self.kept.get(seed) {
                    let path = kept.quoted();
                    output.line(format_args!(
                        "{fail} {}   replay: {}",
                        headline(failure),
                        command(format_args!("replay {path}"))
                    ));
                    output.line(format_args!("{column}found by: {}", command(&kept.found_by)));
                    output.line(format_args!("{column}next: {}", command(format_args!("shrink {path}"))));
                }
                output.indented(&format!("{}{}", brief(&finding.message), because(&finding.verdict)));
                if finding.verdict != Judged::Violated {
                    output
                        .line("     the configuration allows this, but the scenario does not expect it: see [expect]");
                }
            }
            Failure::NotFound(_) | Failure::NotReached(_) => {
                output.line(format_args!(
                    "{fail} {}: {}, which it is about",
                    self.target.title(),
                    headline(failure)
                ));
                let more = format!("run {} --from {}", self.target.arguments(), self.seeds.end);
                output.line(format_args!("     more seeds: {}", command(more)));
            }
        }
    }

    fn seeds_in_words(&self) -> String {
        let (first, tried) = (self.seeds.start, self.tried());
        match tried {
            1 => format!("seed {first}"),
            _ => format!("{} ({first} to {})", count(tried, "seed"), first + tried - 1),
        }
    }
}

/// Runs every seed under Kafka's own rules. Also says which traces are worth keeping.
fn judge(target: &Target, chosen: &Chosen, seeds: Range<u64>, bar: &ProgressBar) -> (Outcome, Vec<u64>) {
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
        Failure::NotFound(_) | Failure::NotReached(_) => None,
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
fn convict(target: &Target, exhibit: &Exhibit, seeds: Range<u64>, bar: &ProgressBar) -> Option<(u64, Finding)> {
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
    matches!(failure, Failure::Broken { .. })
}

fn headline(failure: &Failure) -> String {
    match failure {
        Failure::Broken { promise, .. } => bad(promise),
        Failure::NotFound(promise) => format!("never found {}", bad(promise)),
        Failure::NotReached(situation) => format!("never reached {}", bad(situation)),
    }
}

pub(crate) fn because(verdict: &Judged) -> String {
    match verdict {
        Judged::Violated => String::new(),
        Judged::Allowed { because } => format!(", allowed by {because}"),
    }
}

/// Where a rule comes from, in words.
pub(crate) const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::History => "Kafka had it once",
        Kind::Canary => "a canary: so wrong that every campaign must notice",
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

/// Promises by name.
pub(crate) fn names(promises: &[Promise]) -> String {
    promises
        .iter()
        .map(|promise| promise.name())
        .collect::<Vec<_>>()
        .join(" or ")
}
