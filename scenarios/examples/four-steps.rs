//! Writes `results/four-steps.md`: what exploring says of the four steps by which followers learnt to truncate.
//!
//! ```text
//! cargo run --release -p kafkasim-scenarios --example four-steps
//! ```

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use kafkasim::explore::{Explored, Fingerprints};
use kafkasim_scenarios::campaign::Trial;
use kafkasim_scenarios::exhibits::{self, Exhibit};
use kafkasim_scenarios::exploration;
use kafkasim_scenarios::rule_sets::{self, RuleSet};

/// As many states as one exploration may look at.
const STATES_AT_MOST: u64 = 2_000_000;

/// The exhibits in whose scenarios and bounds each step is explored.
const SCOPES: [&str; 3] = ["kip-101", "kip-279", "kip-320"];

fn main() {
    let mut text = format!(
        "# Four steps\n\nMade by `cargo run --release -p kafkasim-scenarios --example four-steps`, which takes minutes.\n\n\
         Kafka's followers learnt to truncate in steps: to their high watermark; by asking where their last epoch ended at the leader\n\
         (KIP-101); by heeding the epoch of its answer (KIP-279); by asking only a leader of their own epoch (KIP-320). Then every fetch\n\
         came to be checked (KIP-595), as `current` does. Each step is a rule set, explored breadth first up to {STATES_AT_MOST} states.\n\n"
    );
    for name in SCOPES {
        let exhibit = exhibits::by_name(name).expect("an exhibit");
        scope(exhibit, &mut text);
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../results/four-steps.md");
    fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn scope(exhibit: &Exhibit, text: &mut String) {
    let _ = write!(
        text,
        "## In the scope of {}\n\n{}, of `{}`.\n\n\
         | Rules | Broken | Depth, steps | States | Exhaustive |\n|---|---|---:|---:|---|\n",
        exhibit.name, exhibit.scope, exhibit.scenario.path,
    );
    for rules in exhibits::FOUR_STEPS.iter().chain([&rule_sets::CURRENT]) {
        let Explored { coverage, failure } = explore(exhibit, rules);
        let broken = failure.map_or("nothing found", |failure| failure.finding.promise.name());
        let exhaustive = if coverage.exhaustive { "yes" } else { "no" };
        let _ = writeln!(
            text,
            "| {} | {broken} | {} | {} | {exhaustive} |",
            rules.name, coverage.depth, coverage.states
        );
    }
    text.push('\n');
}

fn explore(exhibit: &Exhibit, rules: &RuleSet) -> Explored {
    let scenario = exhibit.scenario().unwrap_or_else(|error| panic!("{error}"));
    let exploration = scenario.explore.clone().expect("its bounds");
    let mut bounds = exploration.bounds;
    bounds.states_at_most = STATES_AT_MOST;
    let trial = Trial {
        scenario: &scenario,
        rules,
    };
    exploration::explore(
        &trial,
        bounds,
        exploration.options,
        &mut Fingerprints::default(),
        |_| (),
    )
    .unwrap_or_else(|error| panic!("{}: {error}", exhibit.name))
    .explored
}
