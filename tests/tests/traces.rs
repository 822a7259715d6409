//! Traces: what is written is read again and happens again, event for event; what is no trace is refused by file and line.

use std::fs;
use std::path::{Path, PathBuf};

use kafkasim::check::Promise;
use kafkasim::replay::replay;
use kafkasim::run::Observer;
use kafkasim::shrink::Shrinker;
use kafkasim::trace::Trace;
use kafkasim::world::{Event, Outcome, Step, World};
use kafkasim_scenarios::campaign::Trial;
use kafkasim_scenarios::recording::Recording;
use kafkasim_scenarios::scenario::Scenario;
use kafkasim_scenarios::{catalog, exhibits, rule_sets};
use kafkasim_tests::Chain;

/// Everything that happened, as far as anybody can see it.
#[derive(Default, PartialEq, Eq)]
struct Events(Vec<(Step, Vec<Event>)>);

impl Observer for Events {
    fn observe(&mut self, _: &mut World, step: &Step, outcome: &Outcome) {
        self.0.push((step.clone(), outcome.events.clone()));
    }
}

fn scenario(name: &str) -> Scenario {
    catalog::find(name).unwrap_or_else(|error| panic!("{error}"))
}

fn current(scenario: &Scenario) -> Trial<'_> {
    Trial {
        scenario,
        rules: &rule_sets::CURRENT,
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("traces").join(name)
}

/// A trace of a short run, in a file of this name.
fn written(name: &str) -> (Trace, PathBuf) {
    let scenario = scenario("replication-2");
    let (_, trace) = current(&scenario).trace(7);
    let path = file(name);
    trace.write(&path).unwrap_or_else(|error| panic!("{error}"));
    (trace, path)
}

#[test]
fn a_trace_is_read_as_it_was_written() {
    let (trace, path) = written("as-written.trace");
    assert_eq!(Trace::read(&path).unwrap_or_else(|error| panic!("{error}")), trace);
}

#[test]
fn every_scenario_replays_event_for_event_and_state_for_state() {
    for scenario in catalog::all().unwrap_or_else(|error| panic!("{error}")) {
        let trial = current(&scenario);
        for seed in 0..3 {
            let (mut events, mut chain) = (Events::default(), Chain::default());
            trial.run(seed, &mut (&mut events, &mut chain));
            let (report, trace) = trial.trace(seed);
            let path = file(&format!("{}-{seed}.trace", scenario.name));
            trace.write(&path).unwrap_or_else(|error| panic!("{error}"));

            let recording = Recording::read(&path).unwrap_or_else(|error| panic!("{error}"));
            let (mut events_again, mut chain_again) = (Events::default(), Chain::default());
            let mut world = recording.world();
            let findings = replay(
                &mut world,
                &recording.trace.steps,
                recording.trace.footer.finale.as_ref(),
                &mut (&mut events_again, &mut chain_again),
            );
            let name = format!("{} --seed {seed}", scenario.name);
            assert_eq!(findings, Ok(report.findings), "{name}");
            assert_eq!(
                world.fingerprint().to_string(),
                recording.trace.footer.fingerprint,
                "{name}"
            );
            assert_eq!(chain_again, chain, "{name}");
            assert!(events_again == events, "{name}: other events");
            fs::remove_file(&path).expect("it was just written");
        }
    }
}

#[test]
fn drift_says_at_which_action_and_why() {
    let (trace, path) = written("drift.trace");
    let mut world = Recording::read(&path).unwrap_or_else(|error| panic!("{error}")).world();
    let mut steps = trace.steps;
    // A process that is up cannot start: as if the machines had changed since the trace was written.
    let started = steps
        .iter()
        .position(|step| step.action.to_string().starts_with("start"));
    let again = steps[started.expect("processes start")].clone();
    steps.insert(40, again.clone());
    let drift = replay(&mut world, &steps, None, &mut ()).expect_err("the process is up");
    assert_eq!(drift.number, 41);
    assert_eq!(drift.step, again);
    assert_eq!(
        drift.to_string(),
        "the run drifts at action 41, \"start 0\": the process is up already"
    );
}

/// What reading a file says that has these lines instead of those of a real trace.
fn refusal(name: &str, change: impl FnOnce(&mut Vec<String>)) -> String {
    let (_, path) = written(name);
    let mut lines: Vec<String> = fs::read_to_string(&path)
        .expect("it was just written")
        .lines()
        .map(str::to_owned)
        .collect();
    change(&mut lines);
    fs::write(&path, lines.join("\n")).expect("the folder is there");
    let error = Trace::read(&path).expect_err("it is no trace").to_string();
    let folder = path.parent().expect("a file is in a folder").display().to_string();
    error.replace(&format!("{folder}/"), "")
}

#[test]
fn foreign_files_are_refused_by_file_and_line() {
    let not_a_trace =
        ":1: this is not a kafkasim trace: its first line must be a header with the key \"kafkasim_trace\"";
    let text = refusal("text.trace", |lines| *lines = vec!["once upon a time".to_owned()]);
    assert_eq!(text, format!("text.trace{not_a_trace}"));
    let empty = refusal("empty.trace", Vec::clear);
    assert_eq!(empty, format!("empty.trace{not_a_trace}"));
    let json = refusal("json.trace", |lines| lines[0] = "{\"version\":1}".to_owned());
    assert_eq!(json, format!("json.trace{not_a_trace}"));
    let missing = Trace::read(&file("no-such.trace")).expect_err("there is no such file");
    assert!(missing.to_string().contains("no-such.trace: No such file"), "{missing}");
}

#[test]
fn other_versions_are_refused() {
    let error = refusal("version.trace", |lines| {
        lines[0] = lines[0].replace("\"kafkasim_trace\":1", "\"kafkasim_trace\":2");
    });
    assert_eq!(
        error,
        "version.trace:1: the trace has format version 2; this kafkasim reads version 1"
    );
}

#[test]
fn truncated_traces_are_refused() {
    let truncated = |line: usize| {
        format!(
            "truncated.trace:{line}: the trace is truncated: its last line must be the footer with the key \"fingerprint\""
        )
    };
    assert_eq!(refusal("truncated.trace", |lines| lines.truncate(30)), truncated(30));
    let within_a_line = refusal("truncated.trace", |lines| {
        lines.truncate(30);
        lines[29].truncate(20);
    });
    assert_eq!(within_a_line, truncated(30));
    assert_eq!(refusal("truncated.trace", |lines| lines.truncate(1)), truncated(1));
}

#[test]
fn broken_lines_are_refused_by_number() {
    let garbled = refusal("garbled.trace", |lines| {
        lines[11] = "{\"at_us\":0,\"wall_ms\":0,\"action\":{\"dance\":{}}}".to_owned()
    });
    assert!(
        garbled.starts_with("garbled.trace:12: not an action: unknown variant `dance`"),
        "{garbled}"
    );
    let missing = refusal("missing.trace", |lines| drop(lines.remove(11)));
    assert!(missing.contains(": the footer counts "), "{missing}");
    let twice = refusal("twice.trace", |lines| lines.insert(5, lines[0].clone()));
    assert_eq!(twice, "twice.trace:6: a second header");
    let after = refusal("after.trace", |lines| lines.push(lines[5].clone()));
    assert!(after.ends_with(": nothing may follow the footer"), "{after}");
}

/// A shrunk run is a run: it replays, breaks the same promise, and is smaller.
#[test]
fn shrinking_keeps_the_broken_promise() {
    let exhibit = exhibits::by_name("canary-acks-all-at-local-append").expect("an exhibit");
    let scenario = exhibit.scenario().unwrap_or_else(|error| panic!("{error}"));
    let rules = exhibit.rule_set();
    let trial = Trial {
        scenario: &scenario,
        rules: &rules,
    };
    let (seed, finding) = trial
        .first_conviction(0..exhibit.seeds_at_most, exhibit.convicted_by)
        .expect("the exhibit is convicted");
    let (_, trace) = trial.trace(seed);
    let build = || trial.build(seed).1.world();
    let shrunk = Shrinker {
        build: &build,
        promise: finding.promise,
        is_violation: true,
        finale: trace.footer.finale.clone(),
        progress: &mut |_| (),
    }
    .shrink(&trace.steps)
    .expect("the run breaks the promise");
    assert!(shrunk.steps.len() < trace.steps.len());
    let findings = replay(&mut build(), &shrunk.steps, None, &mut ()).expect("what was kept can happen again");
    assert!(
        findings
            .iter()
            .any(|found| found.promise == finding.promise && found.verdict == finding.verdict)
    );
    println!(
        "seed {seed}: {} of {} actions, {} replayed",
        shrunk.steps.len(),
        trace.steps.len(),
        shrunk.replayed
    );
}

/// What only the end of a run can judge needs no application to go on: calls that were left out stay out.
#[test]
fn an_allowed_anomaly_shrinks_to_little() {
    let scenario = scenario("acks-1-leader-loss");
    let trial = current(&scenario);
    let campaign = trial.campaign(0..150, |_| ());
    let seed = campaign.broken[&(Promise::LostWrite, false)].first_seed;
    let (_, trace) = trial.trace(seed);
    let build = || trial.build(seed).1.world();
    let shrunk = Shrinker {
        build: &build,
        promise: Promise::LostWrite,
        is_violation: false,
        finale: trace.footer.finale.clone(),
        progress: &mut |_| (),
    }
    .shrink(&trace.steps)
    .expect("the run loses a record");
    let finale = shrunk
        .finale
        .as_ref()
        .expect("only the end tells that a record is lost");
    assert!(finale.finished, "it does not end in a world that is stuck");
    let findings = replay(&mut build(), &shrunk.steps, Some(finale), &mut ()).expect("what was kept can happen again");
    assert!(findings.iter().any(|found| found.promise == Promise::LostWrite));
    assert!(
        shrunk.steps.len() <= 150,
        "seed {seed}: {} of {} actions are left",
        shrunk.steps.len(),
        trace.steps.len()
    );
}
