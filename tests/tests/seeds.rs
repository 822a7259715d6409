//! Every scenario of the catalog under many seeds: adding a file there adds a test here.
//!
//! `KAFKASIM_SEEDS` says how many seeds, `KAFKASIM_SEED` runs a single one.

use kafkasim::check::{Finding, Promise, Verdict};
use kafkasim_scenarios::campaign::{Failure, Judgement, Trial};
use kafkasim_scenarios::scenario::Scenario;
use kafkasim_scenarios::{catalog, exhibits, rule_sets, seeds};
use kafkasim_tests::folder;

/// Enough for every gate of every scenario, and for `cargo test` to stay pleasant.
const SEEDS: u64 = 150;

#[test]
fn every_scenario_comes_out_as_expected() {
    let scenarios = catalog::all().unwrap_or_else(|error| panic!("{error}"));
    assert!(scenarios.len() >= 6, "the catalog has {} scenarios", scenarios.len());
    let failures: Vec<String> = scenarios.iter().flat_map(failures_of).collect();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[test]
fn every_exhibits_scenario_is_clean_under_current_rules() {
    let scenarios = exhibits::all()
        .iter()
        .map(|exhibit| exhibit.scenario().unwrap_or_else(|error| panic!("{error}")));
    let failures: Vec<String> = scenarios.flat_map(|scenario| failures_of(&scenario)).collect();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// What `results/bench.md` says about speed means something only if a seed is not idle.
#[test]
fn a_seed_of_the_default_scenario_is_busy_on_average() {
    let scenario = catalog::find("default").unwrap_or_else(|error| panic!("{error}"));
    let trial = Trial {
        scenario: &scenario,
        rules: &rule_sets::CURRENT,
    };
    let campaign = trial.campaign(0..SEEDS, |_| ());
    let reached = |name| campaign.coverage.count(name);
    for (what, count, at_least) in [
        ("acknowledged records", reached("acknowledged"), 100),
        ("faults", campaign.faults, 3),
        ("leader changes", reached("leader-change"), 1),
    ] {
        assert!(
            count >= at_least * SEEDS,
            "{SEEDS} seeds had {count} {what}, which is less than {at_least} each"
        );
    }
}

/// Seeds in which a replica outside the in-sync replicas has caught up and then dies. Kafka's leader does not look at its high watermark
/// again before the next append, which here never comes: what is beyond it stays unseen, as acks=1 allows, and nothing else is to finish.
#[test]
fn a_high_watermark_that_waits_for_the_dead_is_not_waited_for() {
    let scenario = catalog::find("acks-1-leader-loss").expect("it is in the catalog");
    let trial = Trial {
        scenario: &scenario,
        rules: &rule_sets::CURRENT,
    };
    let report = trial.run(2134, &mut ());
    assert!(report.violation().is_none(), "{:?}", report.violation());
    let is_unseen = |finding: &&Finding| finding.promise == Promise::Unseen && finding.verdict != Verdict::Violated;
    assert!(report.findings.iter().any(|finding| is_unseen(&finding)));
    assert!(report.finale.is_some_and(|finale| finale.finished));
}

/// What is wrong with one scenario, each with the command that replays it.
fn failures_of(scenario: &Scenario) -> Vec<String> {
    let trial = Trial {
        scenario,
        rules: &rule_sets::CURRENT,
    };
    let seeds = seeds::from_environment(SEEDS).unwrap_or_else(|why| panic!("{why}"));
    let count = seeds.end - seeds.start;
    let campaign = trial.campaign(seeds, |_| ());
    match trial.judge(&campaign) {
        Judgement::AsExpected => Vec::new(),
        // A single seed need not reach everything, nor find what a campaign must find.
        Judgement::Failed(failures) => failures
            .iter()
            .filter(|failure| count > 1 || is_broken(failure))
            .map(|failure| describe(&trial, failure, count))
            .collect(),
    }
}

const fn is_broken(failure: &Failure) -> bool {
    matches!(failure, Failure::Broken { .. } | Failure::Reached { .. })
}

fn describe(trial: &Trial<'_>, failure: &Failure, count: u64) -> String {
    let name = &trial.scenario.name;
    let hint = if count < SEEDS {
        format!("; {count} are too few seeds to judge, at least {SEEDS} are usual")
    } else {
        String::new()
    };
    match failure {
        Failure::Broken { promise, seed, finding } => {
            let path = folder("results/failures").join(format!("{name}-{seed}.trace"));
            trial
                .trace(*seed)
                .1
                .write(&path)
                .unwrap_or_else(|error| panic!("{error}"));
            format!(
                "FAIL {}   replay: cargo run --release -- replay results/failures/{name}-{seed}.trace\n     {}\n     found by: cargo run --release -- run {name} --seed {seed}",
                promise.name(),
                finding.message
            )
        }
        Failure::NotFound(promise) => format!("FAIL {name} never found {}, which it is about{hint}", promise.name()),
        Failure::Reached { situation, seed } => format!(
            "FAIL {name} reached {situation}, which no run may   replay: cargo run --release -- replay {name} --seed {seed}"
        ),
        Failure::NotReached(situation) => format!("FAIL {name} never reached {situation}, which it is about{hint}"),
    }
}
