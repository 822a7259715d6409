//! What came of an exploration, for people and for machines.

use kafkasim::check::Finding;
use kafkasim::explore::{Coarse, Explored};
use kafkasim_scenarios::exploration::Exploring;
use kafkasim_scenarios::scenario::Exploration;
use serde::Serialize;

use super::Exit;
use super::output::{Output, bad, brief, command, count, faint, good, plain_command, quoted, strong};
use super::target::Target;

/// How an exploration ended.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum End {
    /// No violation among all that there is within the bounds.
    Exhausted,
    /// No violation as far as it came.
    LimitReached,
    /// A violation under Kafka's own rules.
    Violated,
    /// An exhibit was convicted.
    Convicted,
    /// An exhibit was not convicted.
    Survived,
}

impl End {
    fn of(target: &Target, explored: &Explored) -> Self {
        match (&explored.failure, target.exhibit()) {
            (Some(_), Some(_)) => Self::Convicted,
            (Some(_), None) => Self::Violated,
            (None, Some(_)) => Self::Survived,
            (None, None) if explored.coverage.exhaustive => Self::Exhausted,
            (None, None) => Self::LimitReached,
        }
    }

    pub(crate) const fn exit(self) -> Exit {
        match self {
            Self::Exhausted | Self::LimitReached | Self::Convicted => Exit::AsExpected,
            Self::Violated | Self::Survived => Exit::Broken,
        }
    }
}

/// Tells what is about to be explored.
pub(crate) fn tell_bounds(target: &Target, exploration: &Exploration, output: &mut Output) {
    let Exploration {
        bounds,
        options,
        records,
        joined,
    } = exploration;
    output.line(strong(target.title()));
    output.prose("about", target.about());
    let mut named = vec![
        count(bounds.crashes.into(), "crash").replace("crashs", "crashes"),
        count(bounds.power_losses.into(), "power loss").replace("losss", "losses"),
        count(bounds.controller_crashes.into(), "controller crash").replace("crashs", "crashes"),
        count(bounds.resets.into(), "reset"),
        count(bounds.false_suspicions.into(), "false suspicion"),
        format!("coarse steps {}", bounds.coarse),
        format!("late requests {}", if options.late_requests { "on" } else { "off" }),
        format!("instant sync {}", if options.instant_sync { "on" } else { "off" }),
        format!("at most {}", count(bounds.states_at_most, "state")),
    ];
    named.extend(records.map(|records| format!("{} per producer", count(records, "record"))));
    named.extend(joined.then(|| "groups have formed".to_owned()));
    output.flow("bounds", named);
}

/// What came of an exploration, and of what.
pub(crate) struct Outcome<'a> {
    pub(crate) target: &'a Target,
    /// What the scenario itself says.
    pub(crate) own: &'a Exploration,
    pub(crate) exploration: &'a Exploration,
    pub(crate) exploring: &'a Exploring,
    /// The trace of a violation.
    pub(crate) kept: Option<String>,
}

impl Outcome<'_> {
    pub(crate) fn end(&self) -> End {
        End::of(self.target, &self.exploring.explored)
    }

    /// Tells what was explored.
    pub(crate) fn tell(&self, output: &mut Output) {
        let coverage = &self.exploring.explored.coverage;
        let states = count(coverage.states, "distinct state");
        let generated = indicatif::HumanCount(coverage.generated);
        let depth = count(coverage.depth.into(), "step");
        output.labelled("prelude", count(self.exploring.prelude as u64, "action"));
        output.labelled("covered", format_args!("{states}, {generated} generated, {depth} deep"));
        output.labelled("", faint(format_args!("sum of fingerprints {}", coverage.sum)));
        self.tell_end(output);
        if let (Some(failure), Some(path)) = (&self.exploring.explored.failure, &self.kept) {
            self.tell_failure(&failure.finding, &quoted(path), output);
        }
    }

    fn tell_end(&self, output: &mut Output) {
        match self.end() {
            End::Exhausted => {
                let kept = format_args!("{}: every promise is kept within these bounds", good("exhaustive"));
                output.labelled("verdict", kept);
            }
            End::LimitReached => {
                output.labelled("verdict", "not exhaustive: no promise is broken as far as it came");
                let mut more = self.exploration.clone();
                more.bounds.states_at_most = more.bounds.states_at_most.saturating_mul(10);
                output.labelled("next", command(asked(self.target, self.own, &more)));
            }
            End::Convicted => {
                let coverage = &self.exploring.explored.coverage;
                if let Some(failure) = &self.exploring.explored.failure {
                    let steps = count(coverage.depth.into(), "step");
                    let actions = count(failure.steps.len() as u64, "action");
                    let promise = failure.finding.promise;
                    let verdict = format_args!("{} of {promise} after {steps}, which are {actions}", good("convicted"));
                    output.labelled("verdict", verdict);
                }
            }
            End::Violated => {}
            End::Survived => {
                let how = if self.exploring.explored.coverage.exhaustive {
                    "nothing convicts it within these bounds"
                } else {
                    "not convicted as far as it came"
                };
                output.line(format_args!("{} {}: {how}", bad("FAIL"), self.target.rules.name));
            }
        }
    }

    fn tell_failure(&self, finding: &Finding, path: &str, output: &mut Output) {
        let replay = command(format_args!("replay {path}"));
        if self.end() == End::Violated {
            let found_by = command(asked(self.target, self.own, self.exploration));
            output.failure(finding.promise.name(), &[("replay", replay), ("found by", found_by)]);
            output.indented(&brief(&finding.message));
        } else {
            output.prose("", &brief(&finding.message));
            output.labelled("replay", replay);
        }
        output.labelled("next", command(format_args!("show {path}")));
        output.labelled("", command(format_args!("shrink {path}")));
    }

    /// The same, for machines.
    pub(crate) fn document(&self) -> Document<'_> {
        let coverage = &self.exploring.explored.coverage;
        Document {
            scenario: self.target.asked(),
            rules: self.target.rules.name,
            bounds: Named::of(self.exploration),
            end: self.end(),
            states: coverage.states,
            generated: coverage.generated,
            depth: coverage.depth,
            exhaustive: coverage.exhaustive,
            fingerprints: coverage.sum.to_string(),
            finding: self.exploring.explored.failure.as_ref().map(|failure| &failure.finding),
            replay: self
                .kept
                .as_ref()
                .map(|path| plain_command(format_args!("replay {}", quoted(path)))),
            trace: self.kept.as_deref(),
        }
    }
}

/// The arguments that ask for this exploration.
pub(crate) fn asked(target: &Target, own: &Exploration, exploration: &Exploration) -> String {
    format!("explore {}{}", target.arguments(), exploration.arguments(own))
}

/// Every bound by name.
#[derive(Serialize)]
struct Named {
    crashes: u32,
    power_losses: u32,
    controller_crashes: u32,
    resets: u32,
    false_suspicions: u32,
    coarse: Coarse,
    late_requests: bool,
    instant_sync: bool,
    records: Option<u64>,
    joined: bool,
    states_at_most: u64,
    depth_at_most: u32,
}

impl Named {
    const fn of(exploration: &Exploration) -> Self {
        let Exploration {
            bounds,
            options,
            records,
            joined,
        } = exploration;
        Self {
            crashes: bounds.crashes,
            power_losses: bounds.power_losses,
            controller_crashes: bounds.controller_crashes,
            resets: bounds.resets,
            false_suspicions: bounds.false_suspicions,
            coarse: bounds.coarse,
            late_requests: options.late_requests,
            instant_sync: options.instant_sync,
            records: *records,
            joined: *joined,
            states_at_most: bounds.states_at_most,
            depth_at_most: bounds.depth_at_most,
        }
    }
}

/// What came of an exploration, for machines.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    scenario: &'a str,
    rules: &'a str,
    bounds: Named,
    end: End,
    states: u64,
    generated: u64,
    depth: u32,
    exhaustive: bool,
    fingerprints: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<&'a Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'a str>,
}
