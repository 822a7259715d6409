//! `kafkasim run`: scenarios under many seeds.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use kafkasim::history::Recorder;
use kafkasim_scenarios::catalog;
use rayon::ThreadPoolBuilder;
use serde::Serialize;

use super::draws::tell_draws;
use super::history::Keeping;
use super::output::{Output, bad, command, count, good};
use super::report::Report;
use super::seeds::{Chosen, Seeds};
use super::target::Target;
use super::verdict::Verdict;
use super::{CommandError, Exit, progress};

/// Run scenarios under many seeds, and judge what was found
///
/// Every seed draws sizes, configurations and faults anew, breaks things, heals enough, and checks that everything finished and that every
/// promise was kept that the configuration in use makes. A campaign fails if a promise is broken, if an anomaly is not found that the
/// scenario is about, or if a situation is not reached that it is about. The trace of the smallest failing seed is kept.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Names of scenarios or exhibits, or TOML files of your own [default: every built-in scenario]
    #[arg(value_name = "SCENARIO|FILE.toml")]
    scenarios: Vec<String>,
    #[command(flatten)]
    seeds: Seeds,
    /// The rules: `current`, or those of an exhibit [default: current; for the name of an exhibit its own]
    #[arg(long, value_name = "NAME")]
    rules: Option<String>,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    keeping: Keeping,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// How campaigns are run.
#[derive(Debug, Args)]
pub(crate) struct Running {
    /// How many threads to run on; the results are the same [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Where to keep the traces of failures
    #[arg(long, value_name = "DIR", default_value = "results/failures")]
    pub(crate) keep: PathBuf,
}

const AFTER_HELP: &str = "\
Examples:
  kafkasim run default --seeds 1000      one scenario, seeds 0 to 999
  kafkasim run default --seed 0x9e37     one seed alone, and what it drew
  kafkasim run mine.toml --from 1000     a scenario of your own, other seeds
  kafkasim run default --seed 17 --history 17.jsonl    what clients saw, for `kafkasim verify`
  kafkasim run kip-101                   an exhibit, until a seed convicts it
  kafkasim run kip-101 --rules current   its scenario under Kafka's own rules

A scenario of your own: copy one of scenarios/catalog/*.toml, and change the Kafka keys in it. `kafkasim list --keys` shows them.";

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, CommandError> {
    let chosen = arguments.seeds.choose()?;
    let targets = targets(&arguments.scenarios, arguments.rules.as_deref())?;
    let pool = arguments.running.pool()?;
    arguments.running.prepare()?;
    keep_history(&arguments.keeping, &targets, &chosen)?;
    let mut reports = Vec::new();
    let mut exits = Vec::new();
    for (number, target) in targets.iter().enumerate() {
        if let (Chosen::One(seed), false) = (&chosen, arguments.json) {
            tell_draws(target, *seed, output);
        }
        let seeds = chosen.range(target.fitting_seeds());
        let bar = progress::seeds(&target.title(), seeds.end - seeds.start);
        let verdict = pool.install(|| Verdict::reach(target, &chosen, &arguments.running.keep, &bar));
        bar.finish();
        let verdict = verdict?;
        exits.push(verdict.exit());
        if arguments.json {
            reports.push(Report::of(&verdict));
        } else {
            if number > 0 {
                output.gap();
            }
            verdict.tell(output);
        }
    }
    let exit = exits.iter().copied().max().unwrap_or(Exit::AsExpected);
    if arguments.json {
        output.json(&Document {
            as_expected: exit == Exit::AsExpected,
            runs: reports,
        });
    } else {
        tell_end(&targets, &exits, &chosen, output);
        arguments.keeping.tell(output);
    }
    Ok(exit)
}

/// Writes the history of the one run that there is, if it is asked for.
fn keep_history(keeping: &Keeping, targets: &[Target], chosen: &Chosen) -> Result<(), CommandError> {
    if keeping.history.is_none() {
        return Ok(());
    }
    let ([target], Chosen::One(seed)) = (targets, chosen) else {
        return Err(CommandError::HistoryOfMany);
    };
    keeping.prepare()?;
    let recorded_by = format!("kafkasim run {} --seed {seed}", target.arguments());
    let mut recorder = Recorder::new(&target.trial().build(*seed).1.plan.setup, recorded_by);
    let report = target.trial().run(*seed, &mut recorder);
    keeping.keep(recorder, &report.world, report.finale.as_ref())
}

impl Running {
    /// Makes sure, before anything is run, that failures can be kept.
    pub(crate) fn prepare(&self) -> Result<(), CommandError> {
        prepare(&self.keep)
    }

    /// The threads to run on.
    pub(crate) fn pool(&self) -> Result<rayon::ThreadPool, CommandError> {
        let threads = self.threads.map_or(0, usize::from);
        ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|source| CommandError::Threads { threads, source })
    }
}

/// Makes sure that traces can be kept in this folder.
pub(crate) fn prepare(folder: &Path) -> Result<(), CommandError> {
    fs::create_dir_all(folder).map_err(|source| CommandError::Keep {
        path: folder.to_owned(),
        source,
    })
}

fn targets(asked: &[String], rules: Option<&str>) -> Result<Vec<Target>, CommandError> {
    if asked.is_empty() {
        let names = catalog::all()?.into_iter().map(|scenario| scenario.name);
        return names.map(|name| Target::find(&name, rules)).collect();
    }
    asked.iter().map(|name| Target::find(name, rules)).collect()
}

fn tell_end(targets: &[Target], exits: &[Exit], chosen: &Chosen, output: &mut Output) {
    let failed = exits.iter().filter(|exit| **exit != Exit::AsExpected).count();
    if targets.len() > 1 {
        output.gap();
        let passed = count((targets.len() - failed) as u64, "scenario");
        let verdict = if failed == 0 {
            good("all as expected")
        } else {
            bad(format_args!("{failed} not as expected"))
        };
        output.line(format_args!("{passed} as expected; {verdict}"));
    }
    if let ([target], 0, Chosen::Fitting(_) | Chosen::Many(_)) = (targets, failed, chosen)
        && target.exhibit().is_none()
    {
        let next = chosen.range(target.fitting_seeds()).end;
        output.labelled(
            "next",
            command(format_args!("run {} --from {next} --seeds 2000", target.arguments())),
        );
    }
}

#[derive(Serialize)]
struct Document {
    as_expected: bool,
    runs: Vec<Report>,
}
