//! `kafkasim run`: scenarios under many seeds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use kafkasim::check::{Promise, Verdict as Judged};
use kafkasim_scenarios::campaign::Failure;
use kafkasim_scenarios::catalog;
use kafkasim_scenarios::scenario::Scenario;
use rayon::ThreadPoolBuilder;
use serde::Serialize;

use super::output::{Output, bad, command, count, faint, good, plain_command};
use super::seeds::{Chosen, Seeds};
use super::target::Target;
use super::verdict::{Outcome, Verdict};
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
  kafkasim run default --seeds 1000          one scenario under the seeds 0 to 999
  kafkasim run default --seed 0x9e37         one seed alone; what it drew is printed
  kafkasim run mine.toml --from 1000         your own scenario, under other seeds
  kafkasim run kip-101                       an exhibit: seeds are tried until one convicts it
  kafkasim run kip-101 --rules current       the same scenario under Kafka's own rules: clean

A scenario of your own: copy one of scenarios/catalog/*.toml, and change the Kafka keys in it. `kafkasim list --keys` shows them.";

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, CommandError> {
    let chosen = arguments.seeds.choose()?;
    let targets = targets(&arguments.scenarios, arguments.rules.as_deref())?;
    let pool = arguments.running.pool()?;
    arguments.running.prepare()?;
    let mut reports = Vec::new();
    let mut exits = Vec::new();
    for (number, target) in targets.iter().enumerate() {
        if let (Chosen::One(seed), false) = (&chosen, arguments.json) {
            tell_draws(target, *seed, output);
        }
        let seeds = chosen.range(target.fitting_seeds());
        let bar = progress::seeds(&target.title(), seeds.end - seeds.start);
        let verdict = pool.install(|| Verdict::reach(target, &chosen, &arguments.running.keep, &bar));
        bar.finish_and_clear();
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
    }
    Ok(exit)
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

fn tell_draws(target: &Target, seed: u64, output: &mut Output) {
    let resolved = target.scenario.resolve(seed);
    let drawn = draws(&target.scenario, &resolved);
    output.line(format_args!("seed {seed} {}", faint("drew")));
    for (key, value) in drawn {
        output.prose("", &format!("{} {value}", faint(format_args!("{key} ="))));
    }
}

/// Every value of a scenario that a seed has decided.
fn draws(scenario: &Scenario, resolved: &Scenario) -> BTreeMap<String, String> {
    let tree = |scenario: &Scenario| toml::Value::try_from(scenario).expect("a scenario can be written as TOML");
    let mut found = BTreeMap::new();
    differences(String::new(), &tree(scenario), &tree(resolved), &mut found);
    found.remove("faults.all-kinds");
    found
}

fn differences(path: String, before: &toml::Value, after: &toml::Value, found: &mut BTreeMap<String, String>) {
    match (before, after) {
        (toml::Value::Table(before), toml::Value::Table(after)) => {
            for (key, after) in after {
                let name = if key.contains('.') {
                    format!("\"{key}\"")
                } else {
                    key.clone()
                };
                let path = if path.is_empty() {
                    name
                } else {
                    format!("{path}.{name}")
                };
                if let Some(before) = before.get(key) {
                    differences(path, before, after, found);
                }
            }
        }
        (_, toml::Value::Array(kinds)) if path == "faults.kinds" => {
            found.insert(path, kinds.iter().map(fault_in_words).collect::<Vec<_>>().join(", "));
        }
        (toml::Value::Array(before), toml::Value::Array(after)) => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                let path = if before == after || path.is_empty() {
                    path.clone()
                } else {
                    format!("{path}[{index}]")
                };
                differences(path, before, after, found);
            }
        }
        (before, after) if before != after => {
            found.insert(path, after.to_string());
        }
        (_, _) => {}
    }
}

fn fault_in_words(kind: &toml::Value) -> String {
    let word = |key: &str| {
        kind.get(key)
            .and_then(toml::Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    format!("{} {}", word("kind"), word("target"))
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

/// The report of one target, for machines.
#[derive(Serialize)]
pub(crate) struct Report {
    scenario: String,
    rules: &'static str,
    first_seed: u64,
    seeds: u64,
    as_expected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    virtual_ms: Option<u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    reached: BTreeMap<&'static str, u64>,
    found: Vec<Found>,
    failures: Vec<Wrong>,
}

#[derive(Serialize)]
struct Found {
    promise: Promise,
    allowed_by: Option<String>,
    first_seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    seeds: Option<u64>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Wrong {
    Broken { promise: Promise, seed: u64 },
    NotFound { promise: Promise },
    NotReached { situation: String },
    NotConvicted,
}

impl Report {
    /// What machines want to know about a verdict.
    pub(crate) fn of(verdict: &Verdict<'_>) -> Self {
        let found = |seed: u64, seeds: Option<u64>, finding: &kafkasim::check::Finding| {
            let trace = verdict.kept.get(&seed);
            Found {
                promise: finding.promise,
                allowed_by: match &finding.verdict {
                    Judged::Violated => None,
                    Judged::Allowed { because } => Some(because.clone()),
                },
                first_seed: seed,
                seeds,
                message: finding.message.clone(),
                trace: trace.map(|kept| kept.path.clone()),
                replay: trace.map(|kept| plain_command(format_args!("replay {}", kept.quoted()))),
            }
        };
        let mut report = Self {
            scenario: verdict.target.asked().to_owned(),
            rules: verdict.target.rules.name,
            first_seed: verdict.seeds.start,
            seeds: verdict.tried(),
            as_expected: verdict.exit() == Exit::AsExpected,
            actions: None,
            virtual_ms: None,
            reached: BTreeMap::new(),
            found: Vec::new(),
            failures: Vec::new(),
        };
        match &verdict.outcome {
            Outcome::Campaign { campaign, failures } => {
                report.actions = Some(campaign.actions);
                report.virtual_ms = Some(campaign.virtual_us / 1000);
                report.reached = campaign
                    .coverage
                    .counts()
                    .map(|(situation, times)| (situation.name, times))
                    .collect();
                let broken = campaign.broken.values();
                report.found = broken
                    .map(|broken| found(broken.first_seed, Some(broken.seeds), &broken.finding))
                    .collect();
                report.failures = failures.iter().map(wrong).collect();
            }
            Outcome::Trial {
                conviction: Some((seed, finding)),
                ..
            } => report.found.push(found(*seed, None, finding)),
            Outcome::Trial { conviction: None, .. } => report.failures.push(Wrong::NotConvicted),
        }
        report
    }
}

fn wrong(failure: &Failure) -> Wrong {
    match failure {
        Failure::Broken { promise, seed, .. } => Wrong::Broken {
            promise: *promise,
            seed: *seed,
        },
        Failure::NotFound(promise) => Wrong::NotFound { promise: *promise },
        Failure::NotReached(situation) => Wrong::NotReached {
            situation: situation.clone(),
        },
    }
}
