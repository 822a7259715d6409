//! Rules of group coordinators and of members of groups: those that Kafka shipped once, and those that no campaign may let pass.

use kafkasim::check::Promise;
use kafkasim_core::error::ErrorCode;
use kafkasim_core::rules::{AgedCommit, Believed, Claim, GroupPhase, MemberCommit, ReadCommit, Rules};

use super::{Exhibit, Kind, file};

/// A consumer that stood still for longer than its group waits commits where others go on. Kafka has fenced that since groups have generations.
pub(super) const ZOMBIE_COMMIT: Exhibit = Exhibit {
    name: "zombie-commit",
    about: "a coordinator takes commits of members that it has given up, and of generations that are over",
    kind: Kind::History,
    rules: Rules {
        refuses_commit: never_refused,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::StaleCommit],
    scope: "2 brokers, 2 members, 1 partition, 1 false suspicion, coarse clients",
    scenario: file!("exhibits/zombie-commit.toml"),
    seeds_at_most: 100,
};

fn never_refused(_: &MemberCommit) -> Option<ErrorCode> {
    None
}

/// Before Kafka 0.11.0.1 a coordinator that read its log kept an earlier commit where it should have taken a later one, so that the group went
/// back once its coordinator moved.
pub(super) const KAFKA_5600: Exhibit = Exhibit {
    name: "kafka-5600",
    about: "a coordinator that reads its log keeps the first commit of a partition instead of the last",
    kind: Kind::History,
    rules: Rules {
        supersedes_commit: only_if_there_was_none,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::CommittedOffset],
    scope: "1 member, 2 commits, 1 crash of the coordinator, 1 of the member",
    scenario: file!("exhibits/group-coordinator-moves.toml"),
    seeds_at_most: 200,
};

fn only_if_there_was_none(commit: &ReadCommit) -> bool {
    !commit.had_another
}

/// Before Kafka 3.2 a coordinator did not know what members read while their group was rebalanced, and took that for nothing: what had not been
/// committed anew for long was forgotten.
pub(super) const KAFKA_13636: Exhibit = Exhibit {
    name: "kafka-13636",
    about: "what a group has committed expires while the group is rebalanced, because nobody seems to read it",
    kind: Kind::History,
    rules: Rules {
        forgets_commit: also_in_a_rebalance,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::UndueExpiry],
    scope: "2 members, 1 commit, 1 rebalance after offsets.retention.minutes",
    scenario: file!("exhibits/kafka-13636.toml"),
    seeds_at_most: 200,
};

fn also_in_a_rebalance(commit: &AgedCommit) -> bool {
    let is_over = commit.age_ms >= commit.retention_ms;
    (Rules::CURRENT.forgets_commit)(commit) || commit.group == GroupPhase::Rebalancing && is_over
}

/// Before Kafka 3.5 the cooperative assignor believed nobody whose generation was not the latest, although nobody else may have claimed what such
/// a member owned. The next owner was given it at once.
pub(super) const KAFKA_14639: Exhibit = Exhibit {
    name: "kafka-14639",
    about: "what a member of an earlier generation owns is given to another before the member has given it up",
    kind: Kind::History,
    rules: Rules {
        believes: only_the_latest_generation,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::ExclusiveOwnership],
    scope: "1 broker, 2 static members, cooperative, 3 partitions, 1 false suspicion, coarse clients",
    scenario: file!("exhibits/kafka-14639.toml"),
    seeds_at_most: 1_000,
};

fn only_the_latest_generation(claim: &Claim) -> Believed {
    if claim.generation < claim.latest {
        Believed::TheEarlier
    } else {
        (Rules::CURRENT.believes)(claim)
    }
}

/// What changes hands is handed over at once, while who had it reads on.
pub(super) const NOTHING_WITHHELD: Exhibit = Exhibit {
    name: "canary-nothing-withheld",
    about: "a cooperative group gives partitions to their next owner before the last one has given them up",
    kind: Kind::Canary,
    rules: Rules {
        withholds: never,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::ExclusiveOwnership],
    scope: "2 members, cooperative, 2 partitions",
    scenario: file!("exhibits/group-comings-and-goings.toml"),
    seeds_at_most: 100,
};

/// A commit is acknowledged when the coordinator alone has it.
pub(super) const COMMIT_AT_LOCAL_APPEND: Exhibit = Exhibit {
    name: "canary-commit-at-local-append",
    about: "a coordinator answers as soon as it has written, whoever else has that",
    kind: Kind::Canary,
    rules: Rules {
        awaits_group_write: never,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::AcknowledgedCommit],
    scope: "2 brokers, 1 member, 1 commit",
    scenario: file!("exhibits/group-coordinator-moves.toml"),
    seeds_at_most: 100,
};

/// A poll commits what it is about to return.
pub(super) const COMMIT_OF_WHAT_COMES: Exhibit = Exhibit {
    name: "canary-commit-of-what-comes",
    about: "a poll that commits by itself commits what it is about to return, which nobody has processed",
    kind: Kind::Canary,
    rules: Rules {
        commits_before_records: never,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::CommitBound],
    scope: "1 member, 1 record",
    scenario: file!("exhibits/group-comings-and-goings.toml"),
    seeds_at_most: 100,
};

/// A commit that failed for a passing reason is sent again by the consumer itself, whatever it has committed since.
pub(super) const COMMIT_REPEATED: Exhibit = Exhibit {
    name: "canary-commit-repeated",
    about: "a consumer sends an asynchronous commit again that has failed, behind those that came after it",
    kind: Kind::Canary,
    rules: Rules {
        repeats_commit: always,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::CommitRegression],
    scope: "1 member, 2 commits, 1 reset",
    scenario: file!("catalog/asynchronous-commits.toml"),
    seeds_at_most: 200,
};

/// A member reads on in what its listener was told that it gives up.
pub(super) const READ_ON_AFTER_REVOCATION: Exhibit = Exhibit {
    name: "canary-read-on-after-revocation",
    about: "a member returns records of partitions that it has given up to join the next generation",
    kind: Kind::Canary,
    rules: Rules {
        gives_up: never,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::UnownedPoll],
    scope: "2 members, 1 partition, 2 records",
    scenario: file!("exhibits/group-comings-and-goings.toml"),
    seeds_at_most: 200,
};

fn never() -> bool {
    false
}

fn always() -> bool {
    true
}
