//! What clients saw in a few runs, word for word. A change here is a change of behaviour: `cargo insta review` shows it, and you decide.

use kafkasim::render;
use kafkasim_scenarios::campaign::Trial;
use kafkasim_scenarios::catalog;
use kafkasim_scenarios::rule_sets;
use kafkasim_scenarios::scenario::{Draw, Scenario};

/// A scenario of the catalog with so few records that a history fits on a page.
fn small(name: &str, records: u64) -> Scenario {
    let mut scenario = catalog::find(name).unwrap_or_else(|error| panic!("{error}"));
    for group in &mut scenario.producers {
        group.records = Draw::Number(records);
        group.count = Draw::Number(1);
        group.burst = Draw::Number(1);
    }
    // Long enough for faults to fall in between.
    scenario.run.think_us = Draw::Number(3_000_000);
    for group in &mut scenario.consumers {
        group.count = Draw::Number(1);
    }
    scenario
}

/// The history of one seed, with what was found in it.
fn history(scenario: &Scenario, seed: u64) -> String {
    let trial = Trial {
        scenario,
        rules: &rule_sets::CURRENT,
    };
    let mut history = render::history(&trial.build(seed).1.plan.setup);
    let report = trial.run(seed, &mut history);
    let findings = report
        .findings
        .iter()
        .map(|finding| format!("{} {:?}: {}\n", finding.promise, finding.verdict, finding.message));
    format!("{history}{:?}\n{}", report.phase, findings.collect::<String>())
}

#[test]
fn nothing_breaks() {
    insta::assert_snapshot!(history(&small("acks-1-fault-free", 6), 1));
}

#[test]
fn two_replicas_and_two_records() {
    insta::assert_snapshot!(history(&small("replication-2", 2), 2));
}

#[test]
fn everything_breaks_and_every_promise_is_kept() {
    insta::assert_snapshot!(history(&small("default", 12), 3));
}

#[test]
fn without_acknowledgements_records_are_lost_and_that_is_allowed() {
    insta::assert_snapshot!(history(&small("acks-0-leader-loss", 30), 1));
}
