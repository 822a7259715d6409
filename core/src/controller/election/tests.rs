//! Elections case by case, and all of them.

use alloc::format;
use alloc::string::{String, ToString};

use super::*;
use crate::ids::{LeaderEpoch, PartitionEpoch};
use crate::rules::Rules;

/// `isr 1,2 elr 3 last 3 leader 1 [recovering]`, then what is wanted: `isr 1 active 1,2 min 2 [lossy 3] [recovering]
/// [unclean-enabled] [no-elr]`, and what comes of it.
fn check(partition: &str, wanted: &str, expected: &str) {
    let partition = image(partition);
    let words: Vec<&str> = wanted.split(' ').collect();
    let proposal = Proposal {
        partition: &partition,
        isr: nodes("isr", &words),
        recovering: words.contains(&"recovering"),
        unclean_shutdown: nodes("lossy", &words).first().copied(),
        min_isr: after("min", &words).map_or(1, |min| min.parse().expect("a number")),
        election: Election::automatic(words.contains(&"unclean-enabled")),
        assignment: Assignment::of(&partition),
        eligible_leader_replicas: !words.contains(&"no-elr"),
    };
    let active = nodes("active", &words);
    let change = decide(proposal, &Rules::CURRENT, |broker| active.contains(&broker));
    assert_eq!(change.as_ref().map_or("nothing".to_string(), render), expected);
}

fn image(text: &str) -> PartitionImage {
    let words: Vec<&str> = text.split(' ').collect();
    PartitionImage {
        replicas: Vec::from([NodeId(1), NodeId(2), NodeId(3)]),
        removing: Vec::new(),
        adding: Vec::new(),
        isr: nodes("isr", &words),
        elr: nodes("elr", &words),
        last_known_elr: nodes("last", &words),
        leader: nodes("leader", &words).first().copied(),
        leader_epoch: LeaderEpoch(0),
        partition_epoch: PartitionEpoch(0),
        recovering: words.contains(&"recovering"),
    }
}

fn after<'a>(name: &str, words: &[&'a str]) -> Option<&'a str> {
    words.get(words.iter().position(|word| *word == name)? + 1).copied()
}

fn nodes(name: &str, words: &[&str]) -> Vec<NodeId> {
    let ids = after(name, words).into_iter().flat_map(|list| list.split(','));
    ids.filter_map(|id| id.parse().ok()).map(NodeId).collect()
}

fn render(change: &Change) -> String {
    let ids = |nodes: &Vec<NodeId>| {
        let ids: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
        if ids.is_empty() { "-".to_string() } else { ids.join(",") }
    };
    let lists = [
        ("isr", &change.isr),
        ("elr", &change.elr),
        ("last", &change.last_known_elr),
    ];
    let mut words: Vec<String> = change
        .leader
        .iter()
        .map(|leader| format!("leader {}", leader.map_or("-".to_string(), |leader| leader.to_string())))
        .collect();
    words.extend(
        lists
            .iter()
            .filter_map(|(name, nodes)| nodes.as_ref().map(|nodes| format!("{name} {}", ids(nodes)))),
    );
    words.extend(change.recovering.map(|recovering| format!("recovering {recovering}")));
    words.extend(change.unclean.then(|| "unclean".to_string()));
    words.join(" ")
}

#[test]
fn the_leader_stays_or_the_first_assigned_replica_in_sync_takes_over() {
    check("isr 1,2,3 leader 3", "isr 1,2,3 active 1,2,3", "nothing");
    check("isr 1,2,3 leader 3", "isr 1,3 active 1,2,3", "isr 1,3");
    check("isr 1,2,3 leader 3", "isr 1,2 active 1,2", "leader 1 isr 1,2");
    check("isr 1,2,3 leader 3", "isr 1,2 active 2", "leader 2 isr 1,2");
    check("isr 1,3 leader 3", "isr 1,2,3 active 1,2,3", "isr 1,2,3");
}

#[test]
fn without_elr_the_last_in_sync_replica_is_kept() {
    check("isr 1,2 leader 1", "isr 2 active 2,3 min 2 no-elr", "leader 2 isr 2");
    check("isr 2 leader 2", "isr - active 1,3 min 2 no-elr", "leader -");
    check("isr 2", "isr 2 active 1,3 no-elr", "nothing");
    check("isr 2", "isr - active 1,3 lossy 2 no-elr", "nothing");
    check("isr 2", "isr 2 active 2,3 no-elr", "leader 2");
    check(
        "isr 2",
        "isr 2 active 1,3 no-elr unclean-enabled",
        "leader 1 isr 1 recovering true unclean",
    );
}

#[test]
fn whoever_leaves_below_the_minimum_stays_eligible() {
    check("isr 1,2,3 leader 1", "isr 2,3 active 2,3 min 2", "leader 2 isr 2,3");
    check("isr 1,2 leader 1", "isr 2 active 2 min 2", "leader 2 isr 2 elr 1");
    check("isr 1,2,3 leader 1", "isr 1 active 1,2,3 min 2", "isr 1 elr 2,3");
    check(
        "isr 2 elr 1 leader 2",
        "isr - active 3 min 2",
        "leader - isr - elr 1,2 last 2",
    );
    check("isr 2 elr 1 leader 2", "isr - active 1 min 2", "leader 1 isr 1 elr 2");
    check(
        "isr - elr 1,2 last 2",
        "isr - active 2 min 2",
        "leader 2 isr 2 elr 1 last -",
    );
    check("isr - elr 1,2 last 2", "isr - active 3 min 2", "nothing");
    check("isr 2 elr 1 leader 2", "isr 1,2 active 1,2 min 2", "isr 1,2 elr -");
    check("isr 2 elr 1 leader 2", "isr 2,3 active 1,2,3 min 2", "isr 2,3 elr -");
    check("isr 2 elr 1 leader 2", "isr 2,3 active 2,3 min 3", "isr 2,3");
}

#[test]
fn an_unclean_shutdown_ends_eligibility() {
    check("isr 1,2 leader 1", "isr 2 active 2 min 2 lossy 1", "leader 2 isr 2");
    check("isr - elr 1,2 last 2", "isr - active 3 min 2 lossy 1", "elr 2");
    check("isr - elr 2 last 2", "isr - active 3 min 2 lossy 2", "elr -");
    check("isr 1 leader 1", "isr - active 3 lossy 1", "leader - isr - last 1");
}

#[test]
fn when_nobody_is_eligible_the_last_known_leader_leads_once_it_is_back() {
    check("isr - elr - last 2", "isr - active 1,3", "nothing");
    check(
        "isr - elr - last 2",
        "isr - active 1,2,3",
        "leader 2 isr 2 last - recovering true unclean",
    );
    check("isr - elr 3 last 2", "isr - active 1,2", "nothing");
}

#[test]
fn an_unclean_election_comes_last() {
    check(
        "isr - elr - last 2",
        "isr - active 1,2 unclean-enabled",
        "leader 2 isr 2 last - recovering true unclean",
    );
    check(
        "isr - elr - last 2",
        "isr - active 1,3 unclean-enabled",
        "leader 1 isr 1 last - recovering true unclean",
    );
    check(
        "isr - elr 2 last 2",
        "isr - active 1,2 unclean-enabled",
        "leader 2 isr 2 elr - last -",
    );
    check(
        "isr 1 elr 2 leader 1",
        "isr - active 3 min 2 unclean-enabled",
        "leader 3 isr 3 elr - recovering true unclean",
    );
    check(
        "isr 1 leader 1",
        "isr - active - unclean-enabled",
        "leader - isr - elr 1 last 1",
    );
}

#[test]
fn recovery_ends_when_the_leader_says_so() {
    check("isr 1 leader 1 recovering", "isr 1 active 1 recovering", "nothing");
    check("isr 1 leader 1 recovering", "isr 1 active 1", "recovering false");
    check(
        "isr 1 leader 1 recovering",
        "isr - active 2 min 1 recovering",
        "leader - isr - elr 1 last 1",
    );
}

#[test]
fn whom_the_rule_lets_lead_out_of_sync_leads_alone() {
    let partition = image("isr 1,2 leader 1");
    let proposal = Proposal {
        partition: &partition,
        isr: nodes("isr", &["isr", "2"]),
        recovering: false,
        unclean_shutdown: None,
        min_isr: 1,
        election: Election::Online,
        assignment: Assignment::of(&partition),
        eligible_leader_replicas: true,
    };
    let rules = Rules {
        may_lead: |candidate| candidate.is_active,
        ..Rules::CURRENT
    };
    let change = decide(proposal, &rules, |broker| broker == NodeId(3));
    assert_eq!(change.as_ref().map(render).as_deref(), Some("leader 3 isr 3"));
}

/// All subsets of the three replicas.
fn subsets() -> impl Iterator<Item = Vec<NodeId>> {
    (0..8).map(|bits| (1..=3).filter(|id| bits & (1 << (id - 1)) != 0).map(NodeId).collect())
}

/// The partition after a change.
fn apply(partition: &PartitionImage, change: &Change) -> PartitionImage {
    let mut after = partition.clone();
    after.isr = change.isr.clone().unwrap_or(after.isr);
    after.elr = change.elr.clone().unwrap_or(after.elr);
    after.last_known_elr = change.last_known_elr.clone().unwrap_or(after.last_known_elr);
    after.leader = change.leader.unwrap_or(after.leader);
    after.recovering = change.recovering.unwrap_or(after.recovering);
    after
}

fn partitions() -> impl Iterator<Item = PartitionImage> {
    subsets()
        .flat_map(|isr| subsets().map(move |elr| (isr.clone(), elr)))
        .filter_map(|(isr, elr)| {
            let is_disjoint = elr.iter().all(|replica| !isr.contains(replica));
            let leader = isr.first().copied();
            let last_known_elr = if isr.is_empty() {
                Vec::from([NodeId(2)])
            } else {
                Vec::new()
            };
            is_disjoint.then(|| PartitionImage {
                isr,
                elr,
                leader,
                last_known_elr,
                ..image("")
            })
        })
}

/// Something happens to one replica, or to none.
#[derive(Clone, Debug)]
struct Happening {
    gone: Option<NodeId>,
    lossy: bool,
    active: Vec<NodeId>,
    min_isr: usize,
    unclean_election: bool,
}

impl Happening {
    fn all() -> impl Iterator<Item = Self> {
        let gone = [None, Some(1), Some(2), Some(3)].map(|id| id.map(NodeId));
        let kinds = [(1, false, false), (2, false, true), (2, true, false), (3, true, true)];
        let with = move |active: Vec<NodeId>| {
            gone.into_iter().flat_map(move |gone| {
                let active: Vec<NodeId> = active.iter().copied().filter(|id| Some(*id) != gone).collect();
                kinds.map(|(min_isr, lossy, unclean_election)| Self {
                    gone,
                    lossy,
                    active: active.clone(),
                    min_isr,
                    unclean_election,
                })
            })
        };
        subsets().flat_map(with)
    }

    fn decide(&self, partition: &PartitionImage) -> Option<Change> {
        let stays = |replica: &NodeId| Some(*replica) != self.gone;
        let proposal = Proposal {
            partition,
            isr: partition.isr.iter().copied().filter(stays).collect(),
            recovering: partition.recovering,
            unclean_shutdown: self.gone.filter(|_| self.lossy),
            min_isr: self.min_isr,
            election: Election::automatic(self.unclean_election),
            assignment: Assignment::of(partition),
            eligible_leader_replicas: true,
        };
        decide(proposal, &Rules::CURRENT, |broker| self.active.contains(&broker))
    }

    /// No decision leaves more replicas eligible.
    fn may_meet(&self, partition: &PartitionImage) -> bool {
        partition.elr.is_empty() || partition.isr.len() < self.min_isr && partition.elr.len() <= self.min_isr
    }
}

#[test]
fn whatever_happens_leaders_are_in_sync_and_nobody_eligible_is_forgotten() {
    let mut elections = 0;
    for before in partitions() {
        for happening in Happening::all().filter(|happening| happening.may_meet(&before)) {
            let change = happening.decide(&before).unwrap_or_default();
            let after = apply(&before, &change);
            check_sanity(&before, &happening, &after, change.unclean);
            assert_eq!(
                happening.decide(&after),
                None,
                "{before:?}, {happening:?}: does not settle"
            );
            elections += i32::from(after.leader.is_some() && after.leader != before.leader);
        }
    }
    assert!(elections > 100, "elections were exercised");
}

fn check_sanity(before: &PartitionImage, happening: &Happening, after: &PartitionImage, unclean: bool) {
    let check = |holds: bool, what: &str| assert!(holds, "{before:?}, {happening:?}: {what}");
    let may_lead = |leader| after.isr.contains(&leader) && happening.active.contains(&leader);
    let is_below = after.isr.len() < happening.min_isr;
    check(after.leader.is_none_or(may_lead), "the leader is out of sync, or away");
    check(
        after.elr.iter().all(|replica| !after.isr.contains(replica)),
        "a replica is in sync and eligible",
    );
    check(is_below || after.elr.is_empty(), "replicas are eligible in vain");
    for replica in before.replicas.iter().filter(|_| !unclean) {
        let has_everything = |at: &PartitionImage| at.isr.contains(replica) || at.elr.contains(replica);
        let lost = happening.lossy && happening.gone == Some(*replica);
        check(
            !is_below || !has_everything(before) || lost || has_everything(after),
            "an eligible replica is forgotten",
        );
        check(
            !has_everything(after) || has_everything(before) && !lost,
            "a replica is eligible out of nothing",
        );
    }
}
