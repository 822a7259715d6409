//! `kafkasim` without a command: every scenario must come out as expected, every exhibit must be convicted.

use clap::Args;
use kafkasim_scenarios::{catalog, exhibits};
use serde::Serialize;

use super::output::{Output, bad, command, count, good};
use super::report::Report;
use super::run::Running;
use super::seeds::{Chosen, number};
use super::target::{SEEDS, Target};
use super::verdict::Verdict;
use super::{CommandError, Exit, progress, seeds};

/// What `kafkasim` accepts without a command.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many seeds to run per scenario [default: 300, or KAFKASIM_SEEDS]
    #[arg(long, value_name = "N", value_parser = number)]
    seeds: Option<u64>,
    #[command(flatten)]
    running: Running,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
}

/// Runs everything.
pub(crate) fn all(arguments: &Arguments, output: &mut Output) -> Result<Exit, CommandError> {
    let seeds = seeds::count(arguments.seeds)?.unwrap_or(SEEDS);
    if seeds == 0 {
        return Err(CommandError::Usage(
            "0 seeds show nothing: ask for at least 1".to_owned(),
        ));
    }
    let scenarios = scenarios()?;
    let exhibits = exhibits::all()
        .iter()
        .map(|exhibit| Target::find(exhibit.name, None))
        .collect::<Result<Vec<_>, _>>()?;
    let pool = arguments.running.pool()?;
    arguments.running.prepare()?;
    let bar = progress::seeds("", seeds * scenarios.len() as u64);
    let conduct = |target, number: usize, chosen| {
        bar.set_message(format!(
            "[{number}/{}] {}",
            scenarios.len() + exhibits.len(),
            Target::title(target)
        ));
        pool.install(|| Verdict::reach(target, &chosen, &arguments.running.keep, &bar))
    };
    let mut verdicts = Vec::new();
    for target in &scenarios {
        verdicts.push(conduct(target, verdicts.len() + 1, Chosen::Many(0..seeds))?);
    }
    for target in &exhibits {
        bar.inc_length(target.fitting_seeds());
        verdicts.push(conduct(target, verdicts.len() + 1, Chosen::Fitting(0))?);
        bar.set_position(seeds * scenarios.len() as u64);
        bar.set_length(seeds * scenarios.len() as u64);
    }
    bar.finish_and_clear();
    let exit = verdicts.iter().map(Verdict::exit).max().unwrap_or(Exit::AsExpected);
    if arguments.json {
        let runs = verdicts.iter().map(Report::of).collect();
        output.json(&Document {
            as_expected: exit == Exit::AsExpected,
            runs,
        });
    } else {
        let (of_scenarios, of_exhibits) = verdicts.split_at(scenarios.len());
        tell(of_scenarios, of_exhibits, output);
    }
    Ok(exit)
}

/// Every scenario of the catalog and of the exhibits, each once.
fn scenarios() -> Result<Vec<Target>, CommandError> {
    let mut scenarios = catalog::all()?;
    for exhibit in exhibits::all() {
        let scenario = exhibit.scenario()?;
        if !scenarios.iter().any(|other| other.name == scenario.name) {
            scenarios.push(scenario);
        }
    }
    let target = |scenario: kafkasim_scenarios::scenario::Scenario| Target::current(&scenario.name.clone(), scenario);
    Ok(scenarios.into_iter().map(target).collect())
}

fn tell(scenarios: &[Verdict<'_>], exhibits: &[Verdict<'_>], output: &mut Output) {
    let width = scenarios
        .iter()
        .chain(exhibits)
        .map(|verdict| verdict.target.asked().len())
        .max()
        .unwrap_or(0);
    let row = |verdict: &Verdict<'_>| {
        let name = format!("{:width$}", verdict.target.asked());
        vec![status(verdict), name, verdict.tried().to_string(), verdict.in_short()]
    };
    output.table(
        &["", "scenario, Kafka's own rules", "seeds", "verdict"],
        3,
        scenarios.iter().map(row),
    );
    output.gap();
    output.table(
        &["", "exhibit, its own rule", "seeds", "verdict"],
        3,
        exhibits.iter().map(row),
    );
    output.gap();
    let verdicts = || scenarios.iter().chain(exhibits);
    let failed: Vec<_> = verdicts()
        .filter(|verdict| verdict.exit() != Exit::AsExpected)
        .collect();
    for verdict in &failed {
        verdict.tell_failures(output);
    }
    if failed.is_empty() {
        let runs = count(verdicts().map(Verdict::tried).sum(), "run");
        output.line(format_args!(
            "{} in {runs}: every scenario came out as expected, every exhibit was convicted",
            good("ok")
        ));
        output.labelled("next", command("list"));
    } else {
        output.gap();
        output.line(format_args!(
            "{} of {} did not come out as expected",
            bad(failed.len()),
            verdicts().count()
        ));
    }
}

fn status(verdict: &Verdict<'_>) -> String {
    if verdict.exit() == Exit::AsExpected {
        good("ok  ")
    } else {
        bad("FAIL")
    }
}

#[derive(Serialize)]
struct Document {
    as_expected: bool,
    runs: Vec<Report>,
}
