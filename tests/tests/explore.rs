//! The explorer is right about what it says: which states there are, that it saw them all, and the shortest way to what is wrong.

use std::collections::BTreeSet;

use kafkasim::explore::{Coarse, Coverage, Exact, Explorer, Failure, Fingerprints, Spent, Visited, walk};
use kafkasim::fingerprint::Fingerprint;
use kafkasim::random::{EPOCH_MS, Purpose, Stream};
use kafkasim::shrink::Shrinker;
use kafkasim::world::{Action, Fault, Outcome, World};
use kafkasim_core::ids::{NodeId, Timestamp};
use kafkasim_scenarios::campaign::{Trial, is_conviction};
use kafkasim_scenarios::exhibits::Exhibit;
use kafkasim_scenarios::exploration::{self, Beginning, Exploring};
use kafkasim_scenarios::rule_sets;
use kafkasim_scenarios::scenario::{Exploration, Scenario};
use kafkasim_scenarios::{catalog, exhibits};

const WALKS: u64 = 1_000;

/// As far as `cargo test` looks where looking at everything would take too long.
const STATES_IN_A_TEST: u64 = 25_000;

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
fn two_replicas_without_faults_are_exhausted_and_clean() {
    for (coarse, records) in [
        (Coarse::Clients, 1),
        (Coarse::Control, 1),
        (Coarse::Off, 1),
        (Coarse::Control, 2),
    ] {
        let (scenario, mut exploration) = replication_2(records);
        exploration.bounds.crashes = 0;
        exploration.bounds.coarse = coarse;
        let coverage = exhausted(&explore(&trial(&scenario), &exploration, &mut Fingerprints::default()));
        println!("coarse {coarse}, {records} records: {coverage:?}");
        assert!(
            coverage.generated > coverage.states,
            "interleavings meet again: {coverage:?}"
        );
    }
}

/// Two replicas, one partition, two records, one crash, requests that outlive their connection: everything that can happen.
#[test]
fn two_replicas_with_a_crash_and_late_requests_are_exhausted_and_clean() {
    let (scenario, exploration) = replication_2(2);
    assert_eq!(exploration.bounds.crashes, 1);
    assert!(exploration.options.late_requests);
    let coverage = exhausted(&explore(&trial(&scenario), &exploration, &mut Fingerprints::default()));
    println!("{coverage:?}");
}

/// The same states by 128 bits and by comparing whole worlds: no two different ones were taken for one, and no two equal ones for two.
#[test]
fn fingerprints_and_exact_states_agree() {
    let (scenario, mut exploration) = replication_2(1);
    exploration.bounds.states_at_most = 20_000;
    let by_fingerprint = explore(&trial(&scenario), &exploration, &mut Fingerprints::default());
    let exactly = explore(&trial(&scenario), &exploration, &mut Exact::default());
    assert_eq!(by_fingerprint.explored.coverage, exactly.explored.coverage);
    assert!(exactly.explored.coverage.states >= 20_000);
}

/// Everything within so many actions is in the visited set: chance, which knows nothing of frontiers, comes across no other state.
#[test]
fn every_state_of_a_thousand_walks_is_in_the_visited_set() {
    for coarse in [Coarse::Control, Coarse::Off] {
        let (scenario, mut exploration) = replication_2(1);
        exploration.bounds.coarse = coarse;
        exploration.bounds.depth_at_most = if coarse == Coarse::Control { 16 } else { 7 };
        let Beginning { world, .. } =
            exploration::begin(&trial(&scenario), &exploration).unwrap_or_else(|error| panic!("{error}"));
        let mut visited = Fingerprints::default();
        let explored = Explorer::new(exploration.bounds, &mut visited).run(&world, |_| ());
        assert!(explored.failure.is_none() && explored.coverage.depth == exploration.bounds.depth_at_most);
        let mut seen = BTreeSet::new();
        for seed in 0..WALKS {
            let mut chance = Stream::new(seed, Purpose::Workload);
            let actions_at_most = exploration.bounds.depth_at_most as usize;
            walk(&world, exploration.bounds, actions_at_most, &mut chance, |state| {
                assert!(
                    visited.has(state),
                    "walk {seed} met {state}, which the explorer never saw"
                );
                seen.insert(state);
            });
        }
        println!(
            "coarse {coarse}: {WALKS} walks, {} of {:?}",
            seen.len(),
            explored.coverage
        );
        assert!(seen.len() > 100, "{WALKS} walks saw only {} states", seen.len());
    }
}

fn exhibit(name: &str) -> (&'static Exhibit, Scenario, Exploration) {
    let exhibit = exhibits::by_name(name).expect("an exhibit");
    let scenario = exhibit.scenario().unwrap_or_else(|error| panic!("{error}"));
    let exploration = scenario.explore.clone().expect("it says how to explore it");
    (exhibit, scenario, exploration)
}

/// Convicts an exhibit, and shows that what was found is a run like any other. Returns how many steps it takes.
fn check_convicted(name: &str) -> u32 {
    let (exhibit, scenario, exploration) = exhibit(name);
    let rules = exhibit.rule_set();
    let trial = Trial {
        scenario: &scenario,
        rules: &rules,
    };
    let exploring = explore(&trial, &exploration, &mut Fingerprints::default());
    let Some(failure) = exploring.explored.failure.as_ref() else {
        panic!("{name} is not convicted: {:?}", exploring.explored.coverage);
    };
    assert!(
        is_conviction(&failure.finding, exhibit.convicted_by),
        "{:?}",
        failure.finding
    );
    for step in &failure.steps {
        println!("{}", step.action);
    }
    println!("prelude {}, {:?}", exploring.prelude, exploring.explored.coverage);

    // It replays, and breaks the same promise.
    let trace = exploring.trace.expect("a violation has a trace");
    assert_eq!(trace.steps.len(), exploring.prelude + failure.steps.len());
    assert!(trace.footer.findings.contains(&failure.finding));
    exploring.explored.coverage.depth
}

/// One step less deep than the conviction there is nothing to be found: it is the shortest.
fn check_convicted_by_the_shortest_way(name: &str) {
    let depth = check_convicted(name);
    let (exhibit, scenario, mut exploration) = exhibit(name);
    let rules = exhibit.rule_set();
    let trial = Trial {
        scenario: &scenario,
        rules: &rules,
    };
    exploration.bounds.depth_at_most = depth - 1;
    let nothing = explore(&trial, &exploration, &mut Fingerprints::default());
    assert!(nothing.explored.failure.is_none(), "there is a shorter way");
}

/// As far as a test looks, nothing is found where an exhibit was convicted; `results/exhibits.md` says what all of it comes to.
fn check_clean_under_current_rules(name: &str) {
    let (_, scenario, mut exploration) = exhibit(name);
    exploration.bounds.states_at_most = STATES_IN_A_TEST;
    let exploring = explore(&trial(&scenario), &exploration, &mut Fingerprints::default());
    println!("{:?}", exploring.explored.coverage);
    assert!(exploring.explored.failure.is_none(), "{:?}", exploring.explored.failure);
}

#[test]
fn small_exhibits_are_convicted_by_the_shortest_way() {
    for name in ["kip-101", "kip-497", "kip-841", "kafka-13141", "kafka-15583"] {
        check_convicted_by_the_shortest_way(name);
        check_clean_under_current_rules(name);
    }
}

#[test]
fn kip_279_is_convicted() {
    check_convicted("kip-279");
    check_clean_under_current_rules("kip-279");
}

#[test]
fn kip_320_is_convicted() {
    check_convicted("kip-320");
    check_clean_under_current_rules("kip-320");
}

#[test]
fn kafka_7128_is_convicted() {
    check_convicted("kafka-7128");
}

/// Two members of a group and two brokers: whoever coordinates the group may be taken for dead, and so may either member.
#[test]
fn zombie_commit_is_convicted_while_coordinators_move() {
    check_convicted_by_the_shortest_way("zombie-commit");
    let (_, scenario, mut exploration) = exhibit("zombie-commit");
    exploration.bounds.coarse = Coarse::Replication;
    let mut visited = Coordinators::default();
    exhausted(&explore(&trial(&scenario), &exploration, &mut visited));
    assert_eq!(visited.coordinators.len(), 2, "the coordinator never moved");
}

/// Two members, of whom the second joins within the exploration and the first may be too late to join again.
#[test]
fn kafka_14639_is_convicted() {
    check_convicted_by_the_shortest_way("kafka-14639");
    check_clean_under_current_rules("kafka-14639");
}

/// Notes which brokers have coordinated a group of which some consumer was a member.
#[derive(Default)]
struct Coordinators {
    states: Fingerprints,
    coordinators: BTreeSet<NodeId>,
}

impl Visited for Coordinators {
    fn contains(&self, fingerprint: Fingerprint, world: &World, spent: Spent) -> bool {
        self.states.contains(fingerprint, world, spent)
    }

    fn insert(&mut self, fingerprint: Fingerprint, world: &World, spent: Spent) -> bool {
        let members = world.nodes().filter_map(|(_, node)| node.consumer()?.membership());
        for (generation, member) in members {
            let brokers = world.nodes().filter(|(_, node)| {
                let broker = node.broker();
                broker.is_some_and(|broker| broker.has_stable_member(&"g".into(), generation, member))
            });
            self.coordinators.extend(brokers.map(|(node, _)| node));
        }
        self.states.insert(fingerprint, world, spent)
    }

    fn len(&self) -> u64 {
        self.states.len()
    }
}

/// KIP-101 as one tells it, after the prelude. A line is how an action is told, or how that begins.
const KIP_101_BY_HAND: &[&str] = &[
    // A producer finds its leader, 1, and sends one record.
    "call at 5",
    "connect 5→1 Client",
    "deliver Metadata of 5→1",
    "answer Metadata of 5→1",
    "deliver InitProducerId of 5→1",
    "connect 1→0 Forwarding",
    "deliver AllocateProducerIds of 1→0",
    "answer AllocateProducerIds of 1→0",
    "answer InitProducerId of 5→1",
    "deliver Produce of 5→1",
    // Both followers fetch it, and say so with their next fetch: it is committed, and 3 does not know yet.
    "answer Fetch of 2→1",
    "deliver Fetch of 2→1",
    "answer Fetch of 3→0",
    "answer Fetch of 3→1",
    "deliver Fetch of 3→1",
    "fire FetchWait { connection: ConnectionId { peer: NodeId(2)",
    // The leader dies and 2 is elected; 3 hears of it and cuts its log at its high watermark, 0, while it is in sync.
    "crash 1",
    "fire Session { broker: NodeId(1)",
    "deliver Fetch of 3→0",
    "answer Fetch of 3→0",
];

/// From unscripted seeds to a story: what shrinking leaves is at most twice as long as what one would write down by hand.
#[test]
fn kip_101_shrinks_to_at_most_twice_the_length_of_the_trace_made_by_hand() {
    let (exhibit, scenario, exploration) = exhibit("kip-101");
    let rules = exhibit.rule_set();
    let trial = Trial {
        scenario: &scenario,
        rules: &rules,
    };
    let Beginning { mut world, prelude, .. } =
        exploration::begin(&trial, &exploration).unwrap_or_else(|error| panic!("{error}"));
    let mut outcome = Outcome::default();
    let mut convicted = false;
    for line in KIP_101_BY_HAND {
        let mut actions = Vec::new();
        world.enabled(&mut actions);
        actions.push(Action::Fault(Fault::Crash { node: NodeId(1) }));
        let told: Vec<String> = actions.iter().map(ToString::to_string).collect();
        let index = told.iter().position(|told| told.starts_with(line));
        let action = &actions[index.unwrap_or_else(|| panic!("\"{line}\" is not possible, but these are: {told:#?}"))];
        world.apply(action, Timestamp(EPOCH_MS), &mut outcome);
        convicted |= outcome
            .findings
            .iter()
            .any(|finding| is_conviction(finding, exhibit.convicted_by));
    }
    assert!(convicted, "the trace made by hand convicts nobody");
    let by_hand = prelude.len() + KIP_101_BY_HAND.len();

    let (seed, finding) = trial
        .first_conviction(0..exhibit.seeds_at_most, exhibit.convicted_by)
        .expect("KIP-101 is convicted");
    let (_, trace) = trial.trace(seed);
    let shrunk = Shrinker {
        build: &|| trial.build(seed).1.world(),
        promise: finding.promise,
        is_violation: true,
        finale: None,
        progress: &mut |_| (),
    }
    .shrink(&trace.steps)
    .expect("the run breaks the promise");
    println!(
        "seed {seed}: {} actions, shrunk to {}; by hand {by_hand}",
        trace.steps.len(),
        shrunk.steps.len()
    );
    assert!(shrunk.steps.len() <= 2 * by_hand);
}
