//! Same inputs, same run: state by state, after every action of every node.

use std::env;
use std::process::Command;

use kafkasim_scenarios::campaign::Trial;
use kafkasim_scenarios::{catalog, rule_sets};
use kafkasim_tests::{Chain, folder};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

/// Of each scenario.
const SEEDS: u64 = 4;

/// One line per scenario and seed: the chain over every state.
fn chains() -> String {
    // An empty list of chains would always equal itself.
    let text = list_chains();
    assert!(text.lines().count() >= 20, "too few runs to say anything:\n{text}");
    text
}

fn list_chains() -> String {
    let scenarios = catalog::all().unwrap_or_else(|error| panic!("{error}"));
    let runs: Vec<_> = scenarios
        .iter()
        .flat_map(|scenario| (0..SEEDS).map(move |seed| (scenario, seed)))
        .collect();
    let chain = |(scenario, seed): &(&kafkasim_scenarios::scenario::Scenario, u64)| {
        let mut chain = Chain::default();
        let report = Trial {
            scenario,
            rules: &rule_sets::CURRENT,
        }
        .run(*seed, &mut chain);
        format!("{} {seed} {} actions {}", scenario.name, report.actions, chain.0)
    };
    runs.par_iter().map(chain).collect::<Vec<_>>().join("\n")
}

fn chains_with_threads(threads: usize) -> String {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a thread pool")
        .install(chains)
}

#[test]
fn twice_in_one_process_and_with_one_and_two_threads() {
    let once = chains_with_threads(1);
    assert_eq!(once, chains_with_threads(1), "the second run in one process differs");
    assert_eq!(once, chains_with_threads(2), "a run with two threads differs");
}

const CHILD: &str = "KAFKASIM_PRINT_CHAINS";

/// Not a test by itself: the child process of the ones below.
#[test]
fn print_chains_for_another_process() {
    if env::var(CHILD).is_ok() {
        println!("CHAINS\n{}\nEND", chains());
    }
}

fn printed_by(command: &mut Command) -> String {
    let output = command.env(CHILD, "1").output().expect("the child process runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let printed = text
        .split_once("CHAINS\n")
        .and_then(|(_, rest)| rest.split_once("\nEND"));
    printed
        .unwrap_or_else(|| panic!("no chains in:\n{text}\n{}", String::from_utf8_lossy(&output.stderr)))
        .0
        .to_owned()
}

#[test]
fn in_two_processes() {
    let arguments = ["print_chains_for_another_process", "--exact", "--nocapture"];
    let other = printed_by(Command::new(env::current_exe().expect("this binary has a path")).args(arguments));
    assert_eq!(chains(), other, "another process ran differently");
}

/// Builds the other profile, which takes minutes; `.ci/run` runs it with `--include-ignored`.
#[test]
#[ignore = "builds this crate in the other profile"]
fn in_debug_and_in_release() {
    let profile = if cfg!(debug_assertions) {
        &["--release"][..]
    } else {
        &[]
    };
    // From the root, where every package is asked for, dependencies have the features that they have in any other build.
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(folder(""));
    command.args(["test", "--quiet", "--test", "determinism"]).args(profile);
    command.args(["print_chains_for_another_process", "--", "--exact", "--nocapture"]);
    assert_eq!(
        chains(),
        printed_by(&mut command),
        "the other build profile ran differently"
    );
}
