//! `results/bench.md`, from what criterion measured and from what happens in the runs that it measured.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use kafkasim_scenarios::campaign::Trial;

use crate::peers::Peer;
use crate::tally::{self, Tally};
use crate::{SEEDS, STATES};

/// What stands between the figures and the aims, in words.
const BETWEEN: &str = include_str!("between.md");

const EVENTS_AIM: f64 = 1_000_000.0;
const SEEDS_AIM: f64 = 1_000.0;

/// The text of the file.
pub(crate) fn write(criterion: &Path, trial: &Trial<'_>, events: u64, peers: &[Peer]) -> String {
    let run = Time::read(criterion, "default/run");
    let apply = Time::read(criterion, "default/apply");
    let floor = Time::read(criterion, "default/floor");
    let explore = Time::read(criterion, "replication-2/explore");
    let mut text = heading();
    let (events, seeds, states) = (to_f64(events), to_f64(SEEDS), to_f64(STATES));
    text += "| What, on one thread | per second of processor time | 95 % confidence | aim | of the aim |\n|---|---:|---:|---:|---:|\n";
    text += &run.row("world events in seeded runs of `default`", events, Some(EVENTS_AIM));
    text += &run.row("seeds of `default`", seeds, Some(SEEDS_AIM));
    text += &apply.row("world events, replaying the same runs", events, None);
    text += &explore.row("distinct states, exploring `replication-2`", states, None);
    text += &floor.row("the floor: events of a bare agenda", events, None);
    let ns = |time: &Time| time.median_ns / events;
    let _ = write!(
        text,
        "\nAn event is one `World::apply`, with every check on. An event of a seeded run takes {:.0} ns: {:.0} ns to apply it, {:.0} ns to \
         choose it (agenda, chance, counters, and building the scenario). The floor pops an agenda and draws a latency, {:.0} ns: a seeded run \
         is {:.1} times, applying alone {:.1} times the floor.\n",
        ns(&run),
        ns(&apply),
        ns(&run) - ns(&apply),
        ns(&floor),
        run.median_ns / floor.median_ns,
        apply.median_ns / floor.median_ns,
    );
    text += &beside(peers, events * 1e9 / run.median_ns, events * 1e9 / floor.median_ns);
    text += &default_scenario(&Tally::of(trial));
    text + "\n" + BETWEEN
}

/// What others need for a message that carries nothing but bytes.
fn beside(peers: &[Peer], ours: f64, floor: f64) -> String {
    let mut text = String::from(
        "\n## Beside others\n\nThe same run also measures an echo under other simulators: two nodes send 150 bytes to and fro over datagrams, one at a time. Theirs is a \
         message that only wakes a task; ours is a step of a Kafka machine with everything that it sends, writes and arms, and every check.\n\n\
         | | events a second of processor time | `default` has as many times that |\n|---|---:|---:|\n",
    );
    let mut row = |name: &str, theirs: f64| {
        let _ = writeln!(text, "| {name} | {} | {:.2} |", grouped(theirs), ours / theirs);
    };
    row("a bare agenda", floor);
    for peer in peers {
        row(&format!("{}, messages of an echo", peer.name), peer.messages_per_second);
    }
    row("kafkasim, events of `default`", ours);
    text
}

fn heading() -> String {
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    );
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")
                .map(|rest| rest.trim_start_matches([' ', '\t', ':']))
        })
        .unwrap_or("a processor that does not say its name");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    format!(
        "# How fast it is\n\nMade by `cargo bench -p kafkasim-tests` with {rustc}, on {processor}, {cores} cores, {} {}. One iteration of a \
         benchmark is {SEEDS} seeds, or {STATES} states.\n\n",
        std::env::consts::OS,
        std::env::consts::ARCH,
    )
}

fn default_scenario(tally: &Tally) -> String {
    let per_seed = |count: u64| to_f64(count) / to_f64(tally::SEEDS);
    let mut text = format!(
        "\n## What `default` does\n\nThe averages of {} seeds.\n\n| A seed | on average | at least |\n|---|---:|---:|\n",
        tally::SEEDS
    );
    for (what, count, at_least) in [
        ("acknowledged records", tally.coverage.count("acknowledged"), "100"),
        ("faults", tally.faults, "3"),
        ("leader changes", tally.coverage.count("leader-change"), "1"),
        ("events", tally.events, ""),
    ] {
        let _ = writeln!(text, "| {what} | {:.1} | {at_least} |", per_seed(count));
    }
    let _ = writeln!(text, "| virtual seconds | {:.1} | |", per_seed(tally.virtual_us) / 1e6);
    text += "\n| Events | a seed | share |\n|---|---:|---:|\n";
    let mut kinds: Vec<_> = tally.kinds.iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (kind, count) in kinds {
        let share = 100.0 * to_f64(*count) / to_f64(tally.events);
        let _ = writeln!(text, "| {kind} | {:.1} | {share:.1} % |", per_seed(*count));
    }
    text
}

/// How long one iteration takes, in nanoseconds.
struct Time {
    median_ns: f64,
    shortest_ns: f64,
    longest_ns: f64,
}

impl Time {
    fn read(criterion: &Path, benchmark: &str) -> Self {
        let path = criterion.join(benchmark).join("new/estimates.json");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let estimates: serde_json::Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let median = &estimates["median"];
        let number = |value: &serde_json::Value| {
            value
                .as_f64()
                .unwrap_or_else(|| panic!("{}: no median", path.display()))
        };
        Self {
            median_ns: number(&median["point_estimate"]),
            shortest_ns: number(&median["confidence_interval"]["lower_bound"]),
            longest_ns: number(&median["confidence_interval"]["upper_bound"]),
        }
    }

    fn row(&self, what: &str, elements: f64, aim: Option<f64>) -> String {
        let per_second = |ns: f64| elements * 1e9 / ns;
        let measured = per_second(self.median_ns);
        let (aimed, share) = aim.map_or_else(Default::default, |aim| {
            (grouped(aim), format!("{:.0} %", 100.0 * measured / aim))
        });
        format!(
            "| {what} | {} | {} … {} | {aimed} | {share} |\n",
            grouped(measured),
            grouped(per_second(self.longest_ns)),
            grouped(per_second(self.shortest_ns)),
        )
    }
}

/// A whole number with separators.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "figures are rounded anyway")]
const fn to_f64(count: u64) -> f64 {
    count as f64
}
