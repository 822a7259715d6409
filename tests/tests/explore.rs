//! The explorer is right about what it says: which states there are, that it saw them all, and the shortest way to what is wrong.

use std::collections::BTreeSet;

use kafkasim::explore::{Coverage, Exact, Explorer, Failure, Fingerprints, Visited, walk};
use kafkasim::random::{Purpose, Stream};
use kafkasim::setup::Options;
use kafkasim_scenarios::campaign::{Trial, is_conviction};
use kafkasim_scenarios::exploration::{self, Beginning, Exploring};
use kafkasim_scenarios::rule_sets::{self, RuleSet};
use kafkasim_scenarios::scenario::{Exploration, Scenario};
use kafkasim_scenarios::{catalog, exhibits};

const WALKS: u64 = 1_000;

/// Longer than any path of the scenarios here that does not go in circles.
const ACTIONS_OF_A_WALK: usize = 400;

/// As far as `cargo test` looks where looking at everything would take too long.
const STATES_IN_A_TEST: u64 = 150_000;

fn trial(scenario: &Scenario) -> Trial<'_> {
    Trial {
        scenario,
        rules: &rule_sets::CURRENT,
    }
}

fn replication_2(records: u64) -> (Scenario, Exploration) {
    let scenario = catalog::find("replication-2").expect("it is in the catalog");
    let mut exploration = scenario.explore.clone().expect("it says how to explore it");
    exploration.records = Some(records);
    (scenario, exploration)
}

/// As `kafkasim explore` does, but for the number of records.
fn explore(trial: &Trial<'_>, exploration: &Exploration, visited: &mut impl Visited) -> Exploring {
    let mut scenario = trial.scenario.clone();
    scenario.explore = Some(exploration.clone());
    let trial = Trial {
        scenario: &scenario,
        ..*trial
    };
    exploration::explore(&trial, exploration.bounds, exploration.options, visited, |_| ())
        .unwrap_or_else(|error| panic!("{error}"))
}

/// What is covered if nothing is wrong and nothing is left out.
fn exhausted(exploring: &Exploring) -> Coverage {
    if let Some(Failure { finding, .. }) = &exploring.explored.failure {
        panic!("{}: {}", finding.promise, finding.message);
    }
    let coverage = exploring.explored.coverage;
    assert!(coverage.exhaustive, "not exhaustive: {coverage:?}");
    coverage
}

#[test]
fn two_replicas_with_a_crash_and_late_requests_are_exhausted_and_clean() {
    let (scenario, exploration) = replication_2(2);
    assert_eq!(exploration.bounds.crashes, 1);
    assert!(exploration.options.late_requests);
    let coverage = exhausted(&explore(&trial(&scenario), &exploration, &mut Fingerprints::default()));
    println!("{coverage:?}");
    assert!(coverage.states > 1_000, "{coverage:?}");
    assert!(
        coverage.generated > coverage.states,
        "interleavings meet again: {coverage:?}"
    );
}

/// The same states by 128 bits and by comparing whole worlds: no two different ones were taken for one, and no two equal ones for two.
#[test]
fn fingerprints_and_exact_states_agree() {
    let (scenario, exploration) = replication_2(1);
    let by_fingerprint = exhausted(&explore(&trial(&scenario), &exploration, &mut Fingerprints::default()));
    let exactly = exhausted(&explore(&trial(&scenario), &exploration, &mut Exact::default()));
    assert_eq!(by_fingerprint, exactly);
}

#[test]
fn the_order_of_nothing_depends_on_the_run() {
    let (scenario, exploration) = replication_2(1);
    let once = exhausted(&explore(&trial(&scenario), &exploration, &mut Fingerprints::default()));
    let again = exhausted(&explore(&trial(&scenario), &exploration, &mut Fingerprints::default()));
    assert_eq!(once, again);
}

/// The visited set holds what can be reached: chance, which knows nothing of frontiers, comes across no other state. Both with and without
/// coarse steps, for the former leave out what the latter must visit.
#[test]
fn every_state_of_a_thousand_walks_is_in_the_visited_set() {
    for coarse in [true, false] {
        let (scenario, mut exploration) = replication_2(1);
        exploration.bounds.coarse = coarse;
        if !coarse {
            // Without coarse steps there is much more to see; without late requests it fits into a test.
            exploration.bounds.crashes = 0;
            exploration.options = Options {
                late_requests: false,
                instant_sync: true,
            };
        }
        let Beginning { world, .. } =
            exploration::begin(&trial(&scenario), &exploration).unwrap_or_else(|error| panic!("{error}"));
        let mut visited = Fingerprints::default();
        let explored = Explorer::new(exploration.bounds, &mut visited).run(&world, |_| ());
        assert!(explored.failure.is_none() && explored.coverage.exhaustive);
        println!("coarse {coarse}: {:?}", explored.coverage);
        let mut seen = BTreeSet::new();
        let mut actions = 0;
        for seed in 0..WALKS {
            let mut chance = Stream::new(seed, Purpose::Workload);
            actions += walk(&world, exploration.bounds, ACTIONS_OF_A_WALK, &mut chance, |state| {
                assert!(
                    visited.contains(state),
                    "walk {seed} met {state}, which the explorer never saw"
                );
                seen.insert(state);
            });
        }
        println!("{WALKS} walks, {actions} actions, {} states", seen.len());
        assert!(seen.len() > 100, "{WALKS} walks saw only {} states", seen.len());
    }
}

fn kip_101() -> (Scenario, Exploration, RuleSet) {
    let exhibit = exhibits::by_name("kip-101").expect("an exhibit");
    let scenario = exhibit.scenario().unwrap_or_else(|error| panic!("{error}"));
    let exploration = scenario.explore.clone().expect("it says how to explore it");
    (scenario, exploration, exhibit.rule_set())
}

#[test]
fn kip_101_is_convicted_by_the_shortest_way() {
    let (scenario, exploration, rules) = kip_101();
    let trial = Trial {
        scenario: &scenario,
        rules: &rules,
    };
    let exploring = explore(&trial, &exploration, &mut Fingerprints::default());
    let failure = exploring.explored.failure.as_ref().expect("KIP-101 is convicted");
    let exhibit = exhibits::by_name("kip-101").expect("an exhibit");
    assert!(
        is_conviction(&failure.finding, exhibit.convicted_by),
        "{:?}",
        failure.finding
    );
    let depth = failure.steps.len();
    for step in &failure.steps {
        println!("{}", step.action);
    }
    println!(
        "prelude {}, depth {depth}, {:?}",
        exploring.prelude, exploring.explored.coverage
    );

    // One action less deep there is nothing to be found: it is the shortest.
    let mut shallower = exploration;
    shallower.bounds.depth_at_most = u32::try_from(depth - 1).expect("few actions");
    let nothing = explore(&trial, &shallower, &mut Fingerprints::default());
    assert!(nothing.explored.failure.is_none(), "there is a shorter way");

    // What was found is a run like any other: it replays, and breaks the same promise.
    let trace = exploring.trace.expect("a violation has a trace");
    assert_eq!(trace.steps.len(), exploring.prelude + depth);
    assert!(trace.footer.findings.contains(&failure.finding));
}

/// Not exhaustive: within the bounds that convict KIP-101, three replicas have more states than a test has time for.
#[test]
fn as_kafka_is_today_nothing_is_found_where_kip_101_was_convicted() {
    let (scenario, mut exploration, _) = kip_101();
    exploration.bounds.states_at_most = STATES_IN_A_TEST;
    let exploring = explore(&trial(&scenario), &exploration, &mut Fingerprints::default());
    println!("{:?}", exploring.explored.coverage);
    assert!(exploring.explored.failure.is_none(), "{:?}", exploring.explored.failure);
}
