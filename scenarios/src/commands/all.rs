//! `kafkasim` without a command: every scenario must come out as expected, every exhibit must be convicted.

use clap::Args;
use kafkasim_scenarios::{catalog, exhibits};
use serde::Serialize;

use super::output::{Output, bad, command, count, good, notable};
use super::report::Report;
use super::run::Running;
use super::seeds::{Chosen, Seeds};
use super::target::{SEEDS, SEEDS_AT_LEAST, Target};
use super::verdict::Verdict;
use super::{CommandError, Exit, progress};

/// What `kafkasim` accepts without a command.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    seeds: Seeds,
    #[command(flatten)]
    running: Running,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
}

/// Runs everything.
pub(crate) fn all(arguments: &Arguments, output: &mut Output) -> Result<Exit, CommandError> {
    let chosen = arguments.seeds.choose()?;
    let is_alone = matches!(chosen, Chosen::One(_));
    let range = chosen.range(SEEDS);
    let seeds = range.end - range.start;
    let scenarios = scenarios()?;
    // No exhibit needs to be convicted by every seed.
    let exhibits = exhibits::all().iter().filter(|_| !is_alone);
    let exhibits = exhibits
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
        verdicts.push(conduct(target, verdicts.len() + 1, chosen.clone())?);
    }
    for target in &exhibits {
        bar.set_length(seeds * scenarios.len() as u64 + target.fitting_seeds());
        verdicts.push(conduct(target, verdicts.len() + 1, Chosen::Fitting(0))?);
        bar.set_position(seeds * scenarios.len() as u64);
        bar.set_length(seeds * scenarios.len() as u64);
    }
    bar.finish();
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
    if !exhibits.is_empty() {
        output.gap();
        output.table(
            &["", "exhibit, its own rule", "seeds", "verdict"],
            3,
            exhibits.iter().map(row),
        );
    }
    output.gap();
    let verdicts = || scenarios.iter().chain(exhibits);
    let failed: Vec<_> = verdicts()
        .filter(|verdict| verdict.exit() != Exit::AsExpected)
        .collect();
    for verdict in failed.iter().filter(|verdict| !verdict.is_too_few()) {
        verdict.tell_failures(output);
    }
    if failed.is_empty() {
        let runs = count(verdicts().map(Verdict::tried).sum(), "run");
        output.line(format_args!(
            "{} in {runs}: every scenario came out as expected{}",
            good("ok"),
            if exhibits.is_empty() {
                ""
            } else {
                ", every exhibit was convicted"
            }
        ));
        if exhibits.is_empty() {
            output.labelled("left out", "the exhibits: one seed alone need not convict them");
        }
        output.labelled("next", command("list"));
    } else {
        let all = verdicts().count();
        let too_few = failed.iter().filter(|verdict| verdict.is_too_few()).count();
        if too_few < failed.len() {
            let wrong = bad(failed.len() - too_few);
            output.gap();
            output.line(format_args!("{wrong} of {all} did not come out as expected"));
        }
        if too_few > 0 {
            let few = format!("{} of {all}: nothing is broken,", notable(too_few));
            let why = format!("but too few seeds were run to judge; at least {SEEDS_AT_LEAST} are usual");
            output.hanging("", &format!("{few} {why}"));
            output.labelled("enough", command(format_args!("--seeds {SEEDS_AT_LEAST}")));
        }
    }
}

fn status(verdict: &Verdict<'_>) -> String {
    if verdict.exit() == Exit::AsExpected {
        good("ok  ")
    } else if verdict.is_too_few() {
        notable("few ")
    } else {
        bad("FAIL")
    }
}

#[derive(Serialize)]
struct Document {
    as_expected: bool,
    runs: Vec<Report>,
}
