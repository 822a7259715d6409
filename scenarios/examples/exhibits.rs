//! Writes `results/exhibits.md`: how soon each exhibit is convicted, by chance and by exploration.
//!
//! ```text
//! cargo run --release -p kafkasim-scenarios --example exhibits
//! ```

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use kafkasim::explore::{Explored, Fingerprints};
use kafkasim_scenarios::campaign::{Trial, is_conviction};
use kafkasim_scenarios::exhibits::{self, Exhibit, Kind};
use kafkasim_scenarios::exploration;
use kafkasim_scenarios::rule_sets::{self, RuleSet};
use kafkasim_scenarios::scenario::{Exploration, Scenario};
use rayon::prelude::*;

/// How many blocks of seeds, none of which overlap, are searched for a first conviction.
const BLOCKS: u64 = 15;
/// How far apart blocks begin.
const BLOCK: u64 = 1_000_000;
/// A block that has convicted nobody after so many seeds counts as not convicting.
const SEEDS_AT_MOST: u64 = 20_000;
/// As many states as an exploration here may look at.
const STATES_AT_MOST: u64 = 2_000_000;

/// What one block of seeds found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Search {
    /// How many seeds it took; more than [`SEEDS_AT_MOST`] if nothing was found.
    seeds: u64,
    /// How many actions those took.
    actions: u64,
    /// How much processor time, in microseconds, where the system tells.
    cpu_us: Option<u64>,
}

fn main() {
    let mut text = String::from(
        "# Exhibits\n\nMade by `cargo run --release -p kafkasim-scenarios --example exhibits`, which takes minutes.\n\n",
    );
    by_chance(&mut text);
    by_exploration(&mut text);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../results/exhibits.md");
    fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn by_chance(text: &mut String) {
    let _ = write!(
        text,
        "## By chance\n\nSeeds up to the first that convicts, over {BLOCKS} blocks which begin {BLOCK} seeds apart: the median, the least and the most. A block\n\
         is searched for {SEEDS_AT_MOST} seeds. Seeds and actions are the same wherever this is run. Processor time is not: it is what one core of\n\
         the machine that made this file needed, and tells only which exhibits are dear.\n\n\
         | Exhibit | Kind | Seeds, median | least | most | Actions, median | Processor time, median (varies) |\n\
         |---|---|---:|---:|---:|---:|---:|\n",
    );
    for exhibit in exhibits::all() {
        let scenario = scenario(exhibit);
        let mut searches: Vec<_> = (0..BLOCKS)
            .into_par_iter()
            .map(|block| search(exhibit, &scenario, block * BLOCK))
            .collect();
        searches.sort_unstable();
        let seeds = |index: usize| told(searches[index].seeds);
        let median = searches.len() / 2;
        let kind = match exhibit.kind {
            Kind::History => "history",
            Kind::Canary => "canary",
        };
        let cpu = median_of(searches.iter().filter_map(|search| search.cpu_us));
        let cpu = cpu.map_or("not known".to_owned(), |us| format!("{} ms", us / 1000));
        let actions = median_of(searches.iter().map(|search| search.actions)).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {kind} | {} | {} | {} | {actions} | {cpu} |",
            exhibit.name,
            seeds(median),
            seeds(0),
            seeds(searches.len() - 1),
        );
    }
}

fn told(seeds: u64) -> String {
    if seeds > SEEDS_AT_MOST {
        format!("none in {SEEDS_AT_MOST}")
    } else {
        seeds.to_string()
    }
}

fn median_of(values: impl Iterator<Item = u64>) -> Option<u64> {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

fn scenario(exhibit: &Exhibit) -> Scenario {
    exhibit.scenario().unwrap_or_else(|error| panic!("{error}"))
}

/// One seed after the other, on one thread.
fn search(exhibit: &Exhibit, scenario: &Scenario, from: u64) -> Search {
    let trial = Trial {
        scenario,
        rules: &exhibit.rule_set(),
    };
    let before = cpu_us();
    let mut actions = 0;
    let convicts = |seed: &u64| {
        let report = trial.run(*seed, &mut ());
        actions += report.actions;
        report
            .findings
            .iter()
            .any(|finding| is_conviction(finding, exhibit.convicted_by))
    };
    let found = (from..from + SEEDS_AT_MOST).find(convicts);
    Search {
        seeds: found.map_or(SEEDS_AT_MOST + 1, |seed| seed - from + 1),
        actions,
        cpu_us: before.and_then(|before| Some(cpu_us()? - before)),
    }
}

/// The processor time of this thread, where Linux tells it.
fn cpu_us() -> Option<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let ns: u64 = text.split(' ').next()?.parse().ok()?;
    Some(ns / 1000)
}

fn by_exploration(text: &mut String) {
    let intro = format!(
        "\n## By exploration\n\nWithin the bounds that each scenario names, breadth first. Steps and actions are how far it is from a cluster that is up to the\n\
         first conviction. Under Kafka's own rules the same bounds are looked at, too, up to {STATES_AT_MOST} states. What is about time cannot be\n\
         explored, since exploring ignores durations, and a scenario that names no bounds is not.\n\n\
         | Exhibit | Smallest scope | States | Steps | Actions | Verdict | States, Kafka's own rules | Verdict |\n\
         |---|---|---:|---:|---:|---|---:|---|\n"
    );
    text.push_str(&intro);
    for exhibit in exhibits::all() {
        let row = explored(exhibit).unwrap_or_else(|| "| | | not explored | | ".to_owned());
        text.push_str(&format!("| {} | {} | {row} |\n", exhibit.name, exhibit.scope));
    }
}

/// What exploring says of an exhibit, and of its scenario under Kafka's own rules.
fn explored(exhibit: &Exhibit) -> Option<String> {
    let scenario = scenario(exhibit);
    scenario.explore.as_ref()?;
    let convicted = explore(exhibit, &scenario, &exhibit.rule_set());
    let coverage = convicted.coverage;
    let verdict = match &convicted.failure {
        Some(failure) if is_conviction(&failure.finding, exhibit.convicted_by) => "convicted",
        Some(_) => "broke another promise",
        None => "not convicted",
    };
    let actions = convicted.failure.map_or(0, |failure| failure.steps.len());
    let clean = explore(exhibit, &scenario, &rule_sets::CURRENT);
    let clean_verdict = match (&clean.failure, clean.coverage.exhaustive) {
        (Some(_), _) => "broken",
        (None, true) => "exhaustive, clean",
        (None, false) => "clean as far as it came",
    };
    Some(format!(
        "{} | {} | {actions} | {verdict} | {} | {clean_verdict}",
        coverage.states, coverage.depth, clean.coverage.states
    ))
}

fn explore(exhibit: &Exhibit, scenario: &Scenario, rules: &RuleSet) -> Explored {
    let Exploration {
        mut bounds, options, ..
    } = scenario.explore.clone().unwrap_or_default();
    bounds.states_at_most = STATES_AT_MOST;
    let trial = Trial { scenario, rules };
    exploration::explore(&trial, bounds, options, &mut Fingerprints::default(), |_| ())
        .unwrap_or_else(|error| panic!("{}: {error}", exhibit.name))
        .explored
}
