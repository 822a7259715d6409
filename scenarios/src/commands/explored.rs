//! What came of an exploration, for people and for machines.

use kafkasim::check::Finding;
use kafkasim::explore::Explored;
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
    pub(crate) fn of(target: &Target, explored: &Explored) -> Self {
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
    } = exploration;
    output.line(strong(target.title()));
    output.prose("about", target.about());
    let mut named = vec![
        count(bounds.crashes.into(), "crash").replace("crashs", "crashes"),
        count(bounds.power_losses.into(), "power loss").replace("losss", "losses"),
        count(bounds.controller_crashes.into(), "controller crash").replace("crashs", "crashes"),
        count(bounds.resets.into(), "reset"),
        count(bounds.false_suspicions.into(), "false suspicion"),
        format!("coarse steps {}", if bounds.coarse { "on" } else { "off" }),
        format!("late requests {}", if options.late_requests { "on" } else { "off" }),
        format!("instant sync {}", if options.instant_sync { "on" } else { "off" }),
        format!("at most {}", count(bounds.states_at_most, "state")),
    ];
    named.extend(records.map(|records| format!("{} per producer", count(records, "record"))));
    output.flow("bounds", named);
}

/// Tells what was explored.
pub(crate) fn tell(
    target: &Target,
    exploration: &Exploration,
    exploring: &Exploring,
    end: End,
    kept: Option<&str>,
    output: &mut Output,
) {
    let coverage = &exploring.explored.coverage;
    output.labelled("prelude", count(exploring.prelude as u64, "action"));
    output.labelled(
        "covered",
        format_args!(
            "{}, {} generated, {} deep",
            count(coverage.states, "distinct state"),
            indicatif::HumanCount(coverage.generated),
            count(coverage.depth.into(), "action")
        ),
    );
    output.labelled("", faint(format_args!("sum of fingerprints {}", coverage.sum)));
    let finding = exploring.explored.failure.as_ref().map(|failure| &failure.finding);
    match end {
        End::Exhausted => output.labelled(
            "verdict",
            format_args!("{}: every promise is kept within these bounds", good("exhaustive")),
        ),
        End::LimitReached => {
            output.labelled("verdict", "not exhaustive: no promise is broken as far as it came");
            let mut more = exploration.clone();
            more.bounds.states_at_most = exploration.bounds.states_at_most.saturating_mul(10);
            output.labelled(
                "next",
                command(format_args!("explore {} {}", target.arguments(), more.arguments())),
            );
        }
        End::Convicted => {
            let steps = exploring
                .explored
                .failure
                .as_ref()
                .map_or(0, |failure| failure.steps.len());
            let promise = finding.map_or_else(String::new, |finding| finding.promise.to_string());
            output.labelled(
                "verdict",
                format_args!(
                    "{} of {promise} after {}",
                    good("convicted"),
                    count(steps as u64, "action")
                ),
            );
        }
        End::Violated => {}
        End::Survived => {
            let how = if coverage.exhaustive {
                "within these bounds nothing convicts it"
            } else {
                "not convicted as far as it came"
            };
            output.line(format_args!("{} {}: {how}", bad("FAIL"), target.rules.name));
        }
    }
    if let (Some(finding), Some(path)) = (finding, kept) {
        let path = quoted(path);
        if end == End::Violated {
            let column = " ".repeat("FAIL ".len() + finding.promise.name().len() + 3);
            let replay = command(format_args!("replay {path}"));
            output.line(format_args!(
                "{} {}   replay: {replay}",
                bad("FAIL"),
                bad(finding.promise)
            ));
            let found_by = command(format_args!(
                "explore {} {}",
                target.arguments(),
                exploration.arguments()
            ));
            output.line(format_args!("{column}found by: {found_by}"));
        } else {
            output.labelled("replay", command(format_args!("replay {path}")));
        }
        output.prose("", &brief(&finding.message));
        output.labelled("next", command(format_args!("show {path}")));
        output.labelled("", command(format_args!("shrink {path}")));
    }
}

/// Every bound by name.
#[derive(Serialize)]
struct Named {
    crashes: u32,
    power_losses: u32,
    controller_crashes: u32,
    resets: u32,
    false_suspicions: u32,
    coarse: bool,
    late_requests: bool,
    instant_sync: bool,
    records: Option<u64>,
    states_at_most: u64,
    depth_at_most: u32,
}

impl Named {
    const fn of(exploration: &Exploration) -> Self {
        let Exploration {
            bounds,
            options,
            records,
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
            states_at_most: bounds.states_at_most,
            depth_at_most: bounds.depth_at_most,
        }
    }
}

/// The same, for machines.
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
    trace: Option<String>,
}

impl<'a> Document<'a> {
    pub(crate) fn of(
        target: &'a Target,
        exploration: &'a Exploration,
        exploring: &'a Exploring,
        end: End,
        kept: Option<String>,
    ) -> Self {
        let coverage = &exploring.explored.coverage;
        Self {
            scenario: target.asked(),
            rules: target.rules.name,
            bounds: Named::of(exploration),
            end,
            states: coverage.states,
            generated: coverage.generated,
            depth: coverage.depth,
            exhaustive: coverage.exhaustive,
            fingerprints: coverage.sum.to_string(),
            finding: exploring.explored.failure.as_ref().map(|failure| &failure.finding),
            replay: kept
                .as_ref()
                .map(|path| plain_command(format_args!("replay {}", quoted(path)))),
            trace: kept,
        }
    }
}
