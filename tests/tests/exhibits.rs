//! Every exhibit convicts from unscripted seeds; a canary that survives fails here.

use kafkasim_scenarios::campaign::Trial;
use kafkasim_scenarios::exhibits;

#[test]
fn every_exhibit_convicts() {
    for exhibit in exhibits::all() {
        let scenario = exhibit.scenario().unwrap_or_else(|error| panic!("{error}"));
        let trial = Trial {
            scenario: &scenario,
            rules: &exhibit.rule_set(),
        };
        let conviction = trial.first_conviction(0..exhibit.seeds_at_most, exhibit.convicted_by);
        assert!(
            conviction.is_some(),
            "{} survived {} seeds: the harness is broken. Try: cargo run --release -- run {} --rules {}",
            exhibit.name,
            exhibit.seeds_at_most,
            scenario.name,
            exhibit.name,
        );
    }
}
