//! How fast it is, and how that compares. `cargo bench -p kafkasim-tests` measures everything on one thread, then writes `results/bench.md`.
//!
//! Each benchmark does a fixed amount of work, the same every time, so that its time divides into seeds, events and states.

mod floor;
mod peers;
mod processor_time;
mod report;
mod tally;

use std::env;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use kafkasim::explore::Fingerprints;
use kafkasim::replay::replay;
use kafkasim::trace::Trace;
use kafkasim_scenarios::campaign::Trial;
use kafkasim_scenarios::exploration;
use kafkasim_scenarios::scenario::{Exploration, Scenario};
use kafkasim_scenarios::{catalog, rule_sets};
use kafkasim_tests::folder;
use processor_time::ProcessorTime;
use rayon::ThreadPoolBuilder;

/// As in the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many seeds of the default scenario one iteration runs.
pub(crate) const SEEDS: u64 = 50;

/// How far one iteration explores.
pub(crate) const STATES: u64 = 20_000;

fn main() {
    let scenario = catalog::find("default").unwrap_or_else(|error| panic!("{error}"));
    let trial = Trial {
        scenario: &scenario,
        rules: &rule_sets::CURRENT,
    };
    let traces: Vec<Trace> = (0..SEEDS).map(|seed| trial.trace(seed).1).collect();
    let events = traces.iter().map(|trace| trace.steps.len() as u64).sum();
    let criterion = folder("target/criterion");
    measure(
        Criterion::default()
            .with_measurement(ProcessorTime)
            .output_directory(&criterion)
            .sample_size(20)
            .measurement_time(Duration::from_secs(10))
            .configure_from_args(),
        &trial,
        &traces,
        events,
    );
    // With a filter, or as a test, some of the results would be those of another day.
    if env::args().skip(1).eq(["--bench"]) {
        let path = folder("results/bench.md");
        let peers = peers::measure(&folder("target/peers"));
        let text = report::write(&criterion, &trial, events, &peers);
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        println!("wrote results/bench.md");
    }
}

fn measure(mut criterion: Criterion<ProcessorTime>, trial: &Trial<'_>, traces: &[Trace], events: u64) {
    let mut group = criterion.benchmark_group("default");
    group.throughput(Throughput::Elements(events));
    group.bench_function("run", |bencher| {
        bencher.iter(|| (0..SEEDS).map(|seed| trial.run(seed, &mut ()).actions).sum::<u64>());
    });
    group.bench_function("apply", |bencher| {
        bencher.iter(|| traces.iter().for_each(|trace| again(trial, trace)))
    });
    group.bench_function("floor", |bencher| bencher.iter(|| floor::run(events)));
    group.finish();

    let scenario = catalog::find("replication-2").unwrap_or_else(|error| panic!("{error}"));
    let mut group = criterion.benchmark_group("replication-2");
    group.throughput(Throughput::Elements(STATES));
    let one = ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("one more thread");
    group.bench_function("explore", |bencher| {
        bencher.iter(|| one.install(|| explore(&scenario)));
    });
    group.finish();
    criterion.final_summary();
}

/// Applies the actions of a run, with every check, but without anybody who chooses them.
fn again(trial: &Trial<'_>, trace: &Trace) {
    let scenario = Scenario::parse(&trace.header.scenario, "trace".as_ref()).unwrap_or_else(|error| panic!("{error}"));
    let mut world = scenario.build(trial.rules.rules, trace.header.options).world();
    let finale = trace.footer.finale.as_ref();
    let findings = replay(&mut world, &trace.steps, finale, &mut ()).unwrap_or_else(|drift| panic!("{drift}"));
    black_box((world, findings));
}

/// Looks at the first so many states, shallowest first.
fn explore(scenario: &Scenario) -> u64 {
    let trial = Trial {
        scenario,
        rules: &rule_sets::CURRENT,
    };
    let Exploration {
        mut bounds, options, ..
    } = scenario.explore.clone().unwrap_or_default();
    bounds.states_at_most = STATES;
    let exploring = exploration::explore(&trial, bounds, options, &mut Fingerprints::default(), |_| ())
        .unwrap_or_else(|error| panic!("{error}"));
    let states = exploring.explored.coverage.states;
    assert!(states >= STATES, "there are only {states} states within the bounds");
    states
}
