//! `kafkasim explore`: every interleaving within bounds.

use std::path::PathBuf;

use clap::Args;
use kafkasim::check::Finding;
use kafkasim::explore::{Bounds, Exact, Explored, Fingerprints, Progress, Visited};
use kafkasim::setup::Options;
use kafkasim_scenarios::exploration::{self, Exploring, PreludeError};
use kafkasim_scenarios::scenario::Exploration;
use serde::Serialize;

use super::output::{Output, bad, brief, command, count, faint, good, plain_command, quoted};
use super::run::prepare;
use super::seeds::number;
use super::target::Target;
use super::{CommandError, Exit, progress};

/// Explore every interleaving of a small scenario, within named bounds
///
/// Everything is started first; then every order of messages, timers, calls and faults is tried, shallowest first, until a promise is
/// broken or nothing new is left. Bounds limit faults and false suspicions, never healing. Durations are ignored: a timer may fire whenever
/// it is armed. The bounds are those of the scenario's [explore] section unless given here.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The name of a scenario or an exhibit, or a TOML file of your own
    #[arg(value_name = "SCENARIO|EXHIBIT|FILE.toml")]
    scenario: String,
    /// The rules: `current`, or those of an exhibit [default: current; for the name of an exhibit its own]
    #[arg(long, value_name = "NAME")]
    rules: Option<String>,
    #[command(flatten)]
    limits: Limits,
    /// Keep and compare whole states instead of trusting 128-bit fingerprints: slow and large
    #[arg(long)]
    exact: bool,
    /// Where to keep the trace of a violation
    #[arg(long, value_name = "DIR", default_value = "results/failures")]
    keep: PathBuf,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// What may go wrong, and how far to look.
#[derive(Debug, Args)]
struct Limits {
    /// Crashes of brokers, at most
    #[arg(long, value_name = "N")]
    crashes: Option<u32>,
    /// Power losses of brokers, at most
    #[arg(long, value_name = "N")]
    power_losses: Option<u32>,
    /// Crashes of the controller, at most
    #[arg(long, value_name = "N")]
    controller_crashes: Option<u32>,
    /// Connections that break, at most
    #[arg(long, value_name = "N")]
    resets: Option<u32>,
    /// Timers that suspect somebody who is alive, at most
    #[arg(long, value_name = "N")]
    false_suspicions: Option<u32>,
    /// Whether what touches no log (connecting, registering, heartbeats, asking for metadata) happens at once
    #[arg(long, value_name = "BOOL")]
    coarse: Option<bool>,
    /// Whether requests may arrive after their connection has ended
    #[arg(long, value_name = "BOOL")]
    late_requests: Option<bool>,
    /// Whether a sync completes at once
    #[arg(long, value_name = "BOOL")]
    instant_sync: Option<bool>,
    /// Records that each producer sends
    #[arg(long, value_name = "N", value_parser = number)]
    records: Option<u64>,
    /// How many distinct states to look at, at most
    #[arg(long, value_name = "N", value_parser = number)]
    states_at_most: Option<u64>,
    /// How many actions deep to look, at most
    #[arg(long, value_name = "N")]
    depth_at_most: Option<u32>,
}

const AFTER_HELP: &str = "\
Examples:
  kafkasim explore replication-2                        as its [explore] section says
  kafkasim explore replication-2 --crashes 1 --resets 1
  kafkasim explore kip-101                              the shortest way to what KIP-101 mended
  kafkasim explore kip-101 --rules current              the same, as it is today";

/// Runs the command.
pub(crate) fn explore(arguments: &Arguments, output: &mut Output) -> Result<Exit, CommandError> {
    let mut target = Target::find(&arguments.scenario, arguments.rules.as_deref())?;
    let exploration = arguments
        .limits
        .over(target.scenario.explore.clone().unwrap_or_default());
    target.scenario.explore = Some(exploration.clone());
    prepare(&arguments.keep)?;
    if !arguments.json {
        tell_bounds(&target, &exploration, output);
    }
    let exploring = if arguments.exact {
        conduct(&target, &exploration, &mut Exact::default())?
    } else {
        conduct(&target, &exploration, &mut Fingerprints::default())?
    };
    let kept = keep(&target, &exploration, &exploring, &arguments.keep)?;
    let end = End::of(&target, &exploring.explored);
    if arguments.json {
        output.json(&Document::of(&target, &exploration, &exploring, end, kept));
    } else {
        tell(&target, &exploration, &exploring, end, kept.as_deref(), output);
    }
    Ok(end.exit())
}

impl Limits {
    fn over(&self, exploration: Exploration) -> Exploration {
        let Exploration {
            bounds,
            options,
            records,
        } = exploration;
        let bounds = Bounds {
            crashes: self.crashes.unwrap_or(bounds.crashes),
            power_losses: self.power_losses.unwrap_or(bounds.power_losses),
            controller_crashes: self.controller_crashes.unwrap_or(bounds.controller_crashes),
            resets: self.resets.unwrap_or(bounds.resets),
            false_suspicions: self.false_suspicions.unwrap_or(bounds.false_suspicions),
            coarse: self.coarse.unwrap_or(bounds.coarse),
            states_at_most: self.states_at_most.unwrap_or(bounds.states_at_most),
            depth_at_most: self.depth_at_most.unwrap_or(bounds.depth_at_most),
        };
        let options = Options {
            late_requests: self.late_requests.unwrap_or(options.late_requests),
            instant_sync: self.instant_sync.unwrap_or(options.instant_sync),
        };
        Exploration {
            bounds,
            options,
            records: self.records.or(records),
        }
    }
}

fn conduct(target: &Target, exploration: &Exploration, visited: &mut impl Visited) -> Result<Exploring, PreludeError> {
    let spinner = progress::states();
    let progress = |progress: Progress| {
        let Progress {
            depth,
            states,
            frontier,
        } = progress;
        spinner.set_position(states);
        spinner.set_message(format!("depth {depth}, {} to look at", count(frontier, "state")));
    };
    let exploring = exploration::explore(
        &target.trial(),
        exploration.bounds,
        exploration.options,
        visited,
        progress,
    );
    spinner.finish_and_clear();
    exploring
}

fn keep(
    target: &Target,
    exploration: &Exploration,
    exploring: &Exploring,
    folder: &std::path::Path,
) -> Result<Option<String>, CommandError> {
    let Some(trace) = &exploring.trace else { return Ok(None) };
    let mut trace = trace.clone();
    trace.header.found_by = format!("kafkasim explore {} {}", target.arguments(), exploration.arguments());
    let path = folder.join(format!("{}-explored.trace", target.stem()));
    trace.write(&path)?;
    Ok(Some(path.to_string_lossy().into_owned()))
}

/// How an exploration ended.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum End {
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

    const fn exit(self) -> Exit {
        match self {
            Self::Exhausted | Self::LimitReached | Self::Convicted => Exit::AsExpected,
            Self::Violated | Self::Survived => Exit::Broken,
        }
    }
}

fn tell_bounds(target: &Target, exploration: &Exploration, output: &mut Output) {
    let Exploration {
        bounds,
        options,
        records,
    } = exploration;
    output.line(super::output::strong(target.title()));
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

fn tell(
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
            let more = coverage.states.saturating_mul(10);
            output.labelled(
                "next",
                command(format_args!("explore {} --states-at-most {more}", target.arguments())),
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
        let Exploration { bounds, options, records } = exploration;
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

#[derive(Serialize)]
struct Document<'a> {
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
    fn of(
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
