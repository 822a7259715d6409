//! `kafkasim explore`: every interleaving within bounds.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use kafkasim::explore::{Bounds, Coarse, Exact, Fingerprints, Progress, Suspicions, Visited};
use kafkasim::setup::Options;
use kafkasim_scenarios::exploration::{self, Exploring, PreludeError};
use kafkasim_scenarios::scenario::Exploration;

use super::explored::{Outcome, asked, tell_bounds};
use super::output::Output;
use super::run::prepare;
use super::seeds::at_least_one;
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
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    crashes: Option<u32>,
    /// Power losses of brokers, at most
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    power_losses: Option<u32>,
    /// Crashes of the controller, at most
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    controller_crashes: Option<u32>,
    /// Connections that break, at most
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    resets: Option<u32>,
    /// Timers that suspect somebody who is alive, at most
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    false_suspicions: Option<u32>,
    /// Which of them are tried: `sessions` are those of brokers and members of groups
    #[arg(long, value_name = "WHICH", value_parser = PossibleValuesParser::new(Suspicions::NAMES).try_map(|name| name.parse::<Suspicions>()))]
    suspicions: Option<Suspicions>,
    /// What happens at once: `control` is what touches no log (connecting, registering, heartbeats, asking for metadata), `clients` also the
    /// requests and answers of clients, `replication` also those of brokers to each other
    #[arg(long, value_name = "WHAT", value_parser = PossibleValuesParser::new(Coarse::NAMES).try_map(|name| name.parse::<Coarse>()))]
    coarse: Option<Coarse>,
    /// Whether requests may arrive after their connection has ended
    #[arg(long, value_name = "BOOL")]
    late_requests: Option<bool>,
    /// Whether a sync completes at once
    #[arg(long, value_name = "BOOL")]
    instant_sync: Option<bool>,
    /// Records that each producer sends
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    records: Option<u64>,
    /// Whether to begin once everything is sent, and who joins a group at once has its partitions
    #[arg(long, value_name = "BOOL")]
    joined: Option<bool>,
    /// How many distinct states to look at, at most [default: two million, which may take six gigabytes]
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    states_at_most: Option<u64>,
    /// How many steps deep to look, at most
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    depth_at_most: Option<u32>,
}

/// How many states to look at, if neither the command line nor the scenario says.
const STATES_AT_MOST: u64 = 2_000_000;

const AFTER_HELP: &str = "\
Examples:
  kafkasim explore replication-2              as its [explore] section says
  kafkasim explore replication-2 --resets 1   with other bounds
  kafkasim explore kip-101                    the shortest way to a conviction
  kafkasim explore kip-101 --rules current    the same, with the rule of today";

/// Runs the command.
pub(crate) fn explore(arguments: &Arguments, output: &mut Output) -> Result<Exit, CommandError> {
    let mut target = Target::find(&arguments.scenario, arguments.rules.as_deref())?;
    let own = own(&target);
    let exploration = arguments.limits.over(own.clone());
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
    let kept = keep(
        &target,
        &asked(&target, &own, &exploration),
        &exploring,
        &arguments.keep,
    )?;
    let outcome = Outcome {
        target: &target,
        own: &own,
        exploration: &exploration,
        exploring: &exploring,
        kept,
    };
    if arguments.json {
        output.json(&outcome.document());
    } else {
        outcome.tell(output);
    }
    Ok(outcome.end().exit())
}

/// What the scenario itself says. Worlds yet to be looked at are held whole, so that two million states may take six gigabytes.
fn own(target: &Target) -> Exploration {
    let mut own = target.scenario.explore.clone().unwrap_or_default();
    if own.bounds.states_at_most == Bounds::default().states_at_most {
        own.bounds.states_at_most = STATES_AT_MOST;
    }
    own
}

impl Limits {
    fn over(&self, exploration: Exploration) -> Exploration {
        let Exploration {
            bounds,
            options,
            records,
            joined,
        } = exploration;
        let bounds = Bounds {
            crashes: self.crashes.unwrap_or(bounds.crashes),
            power_losses: self.power_losses.unwrap_or(bounds.power_losses),
            controller_crashes: self.controller_crashes.unwrap_or(bounds.controller_crashes),
            resets: self.resets.unwrap_or(bounds.resets),
            false_suspicions: self.false_suspicions.unwrap_or(bounds.false_suspicions),
            suspicions: self.suspicions.unwrap_or(bounds.suspicions),
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
            joined: self.joined.unwrap_or(joined),
        }
    }
}

fn conduct(target: &Target, exploration: &Exploration, visited: &mut impl Visited) -> Result<Exploring, PreludeError> {
    let title = target.title();
    let spinner = progress::states(&title);
    let progress = |progress: Progress| {
        spinner.set_message(format!("{title}, depth {}", progress.depth));
        spinner.set_position(progress.states);
    };
    let exploring = exploration::explore(
        &target.trial(),
        exploration.bounds,
        exploration.options,
        visited,
        progress,
    );
    spinner.finish();
    exploring
}

/// Keeps the trace of a violation, with the arguments that find it again.
fn keep(target: &Target, asked: &str, exploring: &Exploring, folder: &Path) -> Result<Option<String>, CommandError> {
    let Some(trace) = &exploring.trace else {
        return Ok(None);
    };
    let mut trace = trace.clone();
    trace.header.found_by = format!("kafkasim {asked}");
    let path = folder.join(format!("{}-explored.trace", target.stem()));
    trace.write(&path)?;
    Ok(Some(path.to_string_lossy().into_owned()))
}
