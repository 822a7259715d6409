//! Every trace under `results/regressions` is of a bug that we had and have mended: what it found then is not found any more.

use std::fs;

use kafkasim::replay::replay;
use kafkasim::trace::Trace;
use kafkasim_scenarios::campaign::EVERYTHING;
use kafkasim_scenarios::rule_sets::RuleSet;
use kafkasim_scenarios::scenario::Scenario;
use kafkasim_tests::folder;

#[test]
fn every_mended_bug_stays_mended() {
    let mut replayed = 0;
    for entry in fs::read_dir(folder("results/regressions")).expect("results/regressions is there") {
        let path = entry.expect("a folder can be listed").path();
        if path.extension().is_none_or(|ending| ending != "trace") {
            continue;
        }
        let trace = Trace::read(&path).unwrap_or_else(|error| panic!("{error}"));
        let scenario = Scenario::parse(&trace.header.scenario, &path).unwrap_or_else(|error| panic!("{error}"));
        let rules = RuleSet::by_name(&trace.header.rules).expect("the rule set of a regression exists");
        let mut world = scenario.build(rules.rules, EVERYTHING).world();
        // A mended machine does other things than the one that failed, so the run may drift; what it must not do is fail as it did.
        if let Ok(findings) = replay(&mut world, &trace.steps, trace.footer.finale.as_ref(), &mut ()) {
            for finding in &trace.footer.findings {
                assert!(
                    !findings.contains(finding),
                    "{}: {} is back: {}",
                    path.display(),
                    finding.promise.name(),
                    finding.message
                );
            }
        }
        replayed += 1;
    }
    println!("{replayed} regressions replayed");
}
