//! What came of a target, for people.

use indicatif::HumanCount;
use kafkasim::check::{Finding, Promise, Verdict as Judged};
use kafkasim_scenarios::campaign::{Broken, Campaign, Failure};
use kafkasim_scenarios::exhibits::{Exhibit, Kind};

use super::output::{Duration, Output, bad, brief, command, count, faint, good, notable, quoted, strong};
use super::target::SEEDS_AT_LEAST;
use super::verdict::{Outcome, Verdict, headline};

impl Verdict<'_> {
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
                for (index, failure) in failures.iter().enumerate() {
                    self.tell_failure(failure, index == 0, output);
                }
                if self.is_too_few() {
                    output.indented(&format!("too few seeds to judge: at least {SEEDS_AT_LEAST} are usual"));
                    let enough = format!("run {} --seeds {SEEDS_AT_LEAST}", self.target.arguments());
                    output.line(format_args!("     enough: {}", command(enough)));
                }
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
        let is_failure = |promise: Promise| {
            failures
                .iter()
                .any(|failure| matches!(failure, Failure::Broken { promise: failed, .. } if *failed == promise))
        };
        for ((promise, violated), broken) in &campaign.broken {
            if !violated && !is_failure(*promise) {
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

    /// The gravest is told first; it is what shrinking takes if it is left to itself.
    fn tell_failure(&self, failure: &Failure, is_gravest: bool, output: &mut Output) {
        match failure {
            Failure::Broken { promise, seed, finding } => {
                if let Some(kept) = self.kept.get(seed) {
                    let path = kept.quoted();
                    let chosen = if is_gravest {
                        String::new()
                    } else {
                        format!(" --promise {promise}")
                    };
                    let commands = [
                        ("replay", command(format_args!("replay {path}"))),
                        ("found by", command(&kept.found_by)),
                        ("next", command(format_args!("shrink {path}{chosen}"))),
                    ];
                    output.failure(promise.name(), &commands);
                }
                output.indented(&format!("{}{}", brief(&finding.message), because(&finding.verdict)));
                if let Some(often) = self.how_often(finding) {
                    output.indented(&often);
                }
                if finding.verdict != Judged::Violated {
                    output.indented("the configuration allows this, but the scenario does not expect it: see [expect]");
                }
            }
            Failure::Reached { seed, .. } => {
                let what = format!("{}: {}, which no run may", self.target.title(), headline(failure));
                output.line(format_args!("{} {what}", bad("FAIL")));
                let replay = format!("replay {} --seed {seed}", self.target.arguments());
                output.line(format_args!("     replay: {}", command(replay)));
            }
            Failure::NotFound(_) | Failure::NotReached(_) if self.is_too_few() => {
                let what = format!(
                    "{}: {} in {}",
                    self.target.title(),
                    headline(failure),
                    count(self.tried(), "seed")
                );
                output.hanging(&format!("{}  ", notable("few")), &what);
            }
            Failure::NotFound(_) | Failure::NotReached(_) => {
                let what = format!("{}: {}, which it is about", self.target.title(), headline(failure));
                output.line(format_args!("{} {what}", bad("FAIL")));
                let more = format!("run {} --from {}", self.target.arguments(), self.seeds.end);
                output.line(format_args!("     more seeds: {}", command(more)));
            }
        }
    }

    /// In how many seeds the promise of this finding was broken, if several were run.
    fn how_often(&self, finding: &Finding) -> Option<String> {
        let Outcome::Campaign { campaign, .. } = &self.outcome else {
            return None;
        };
        let key = (finding.promise, finding.verdict == Judged::Violated);
        let broken = campaign.broken.get(&key).filter(|_| self.tried() > 1)?;
        let (seeds, tried) = (HumanCount(broken.seeds), count(self.tried(), "seed"));
        Some(format!("in {seeds} of {tried}, first in {}", broken.first_seed))
    }

    fn seeds_in_words(&self) -> String {
        let (first, tried) = (self.seeds.start, self.tried());
        match tried {
            1 => format!("seed {first}"),
            _ => format!("{} ({first} to {})", count(tried, "seed"), first + tried - 1),
        }
    }
}

/// What excuses a finding, as the end of a sentence.
pub(crate) fn because(verdict: &Judged) -> String {
    match verdict {
        Judged::Violated => String::new(),
        Judged::Allowed { because } => format!(", allowed by {because}"),
    }
}

/// Where a rule comes from, in words.
const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::History => "Kafka had it once",
        Kind::Canary => "a canary: so wrong that every campaign must notice",
    }
}

/// Promises by name.
fn names(promises: &[Promise]) -> String {
    promises
        .iter()
        .map(|promise| promise.name())
        .collect::<Vec<_>>()
        .join(" or ")
}
