//! Contracts, not bugs: what a configuration does not cover is found and called allowed; where nothing breaks, it excuses nothing.

use kafkasim::check::{Promise, Verdict};
use kafkasim_scenarios::campaign::{Campaign, Trial};
use kafkasim_scenarios::{catalog, rule_sets};

fn campaign(name: &str, seeds: u64) -> Campaign {
    let scenario = catalog::find(name).unwrap_or_else(|error| panic!("{error}"));
    let trial = Trial {
        scenario: &scenario,
        rules: &rule_sets::CURRENT,
    };
    trial.campaign(0..seeds, |_| ())
}

#[test]
fn acks_1_loses_writes_and_that_is_allowed() {
    let campaign = campaign("acks-1-leader-loss", 60);
    let lost = &campaign.broken[&(Promise::LostWrite, false)];
    println!("lost writes in {} of {} seeds", lost.seeds, campaign.seeds);
    let Verdict::Allowed { because } = &lost.finding.verdict else {
        panic!("{:?}", lost.finding)
    };
    assert!(because.contains("acks=1"), "{because}");
    let violated: Vec<_> = campaign.broken.iter().filter(|((_, violated), _)| *violated).collect();
    assert!(violated.is_empty(), "{violated:?}");
}

#[test]
fn acks_1_without_faults_allows_nothing() {
    let campaign = campaign("acks-1-fault-free", 60);
    assert!(campaign.broken.is_empty(), "{:?}", campaign.broken);
    assert!(campaign.coverage.count("acknowledged") > 0);
}
