//! Every trace under `results/regressions` is of a bug that we had and have mended: nothing that it does breaks a promise any more.

use std::fs;
use std::path::Path;

use kafkasim::check::{Finding, Verdict};
use kafkasim::world::Outcome;
use kafkasim_scenarios::recording::Recording;
use kafkasim_tests::folder;

#[test]
fn every_mended_bug_stays_mended() {
    let (mut replayed, mut drifted) = (0, 0);
    for entry in fs::read_dir(folder("results/regressions")).expect("results/regressions is there") {
        let path = entry.expect("a folder can be listed").path();
        if path.extension().is_none_or(|ending| ending != "trace") {
            continue;
        }
        let (findings, left_out) = live_through(&path);
        if let Some(finding) = findings.iter().find(|finding| finding.verdict == Verdict::Violated) {
            panic!("{}: {} is back: {}", path.display(), finding.promise, finding.message);
        }
        replayed += 1;
        drifted += u32::from(left_out > 0);
    }
    println!("{replayed} regressions replayed, of which {drifted} do other things than they did");
}

/// What is found in a trace, and how many of its actions could not happen. A mended machine does other things than the one that failed, so
/// actions may have become impossible; those are left out, and then the end of the run is no longer the one that the trace tells of.
fn live_through(path: &Path) -> (Vec<Finding>, usize) {
    let recording = Recording::read(path).unwrap_or_else(|error| panic!("{error}"));
    let mut world = recording.world();
    let (mut findings, mut left_out) = (Vec::new(), 0);
    let mut outcome = Outcome::default();
    for step in &recording.trace.steps {
        if world.check_enabled(&step.action).is_err() {
            left_out += 1;
            continue;
        }
        world.apply(&step.action, step.wall_ms, &mut outcome);
        findings.append(&mut outcome.findings);
    }
    if let Some(finale) = recording.trace.footer.finale.as_ref().filter(|_| left_out == 0) {
        world.finish(finale, &mut findings);
    }
    (findings, left_out)
}
