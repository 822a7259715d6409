//! Replication rules that Kafka shipped once.

use kafkasim::check::Promise;
use kafkasim_core::rules::{FollowerLog, IsrCandidate, Replayed, Rules, Truncation};

use super::{Exhibit, Kind, file};

/// A follower cut its log at its high watermark, which lags behind the leader's: what it had fetched, and what was committed, was gone.
pub(super) const KIP_101: Exhibit = Exhibit {
    name: "kip-101",
    about: "a follower truncates to its high watermark, which lags, and is then elected without what was committed",
    kind: Kind::History,
    rules: Rules {
        truncation: truncate_to_high_watermark,
        validates_each_fetch: never,
        ..Rules::CURRENT
    },
    convicted_by: &[
        Promise::LeaderCompleteness,
        Promise::CandidateCompleteness,
        Promise::LostWrite,
        Promise::LogMatching,
    ],
    scope: "3 brokers, min.insync.replicas=2, 1 record, 1 crash",
    scenario: file!("exhibits/kip-101.toml"),
    seeds_at_most: 2_000,
};

/// A follower rejoined the in-sync replicas at the new leader's high watermark, which lags behind what was committed.
pub(super) const KAFKA_7128: Exhibit = Exhibit {
    name: "kafka-7128",
    about: "a follower joins the in-sync replicas at a new leader's stale high watermark, and is then elected",
    kind: Kind::History,
    rules: Rules {
        may_join_isr: joins_at_high_watermark,
        ..Rules::CURRENT
    },
    convicted_by: &[
        Promise::CandidateCompleteness,
        Promise::LeaderCompleteness,
        Promise::LostWrite,
    ],
    scope: "3 brokers, min.insync.replicas=2, 1 record, 1 power loss",
    scenario: file!("exhibits/kafka-7128.toml"),
    seeds_at_most: 5_000,
};

/// A leader that replays the registration which it knows already forgets the proposal that it has made on top of it: `Partition.makeLeader`
/// accepts an equal partition epoch. A replica that the controller then lets in was not waited for.
pub(super) const MAKE_LEADER: Exhibit = Exhibit {
    name: "kafka-makeleader-equal-epoch",
    about: "a leader forgets whom it has proposed for the in-sync replicas when the metadata log repeats what it knows",
    kind: Kind::History,
    rules: Rules {
        forgets_proposal: at_an_equal_epoch,
        ..Rules::CURRENT
    },
    convicted_by: &[
        Promise::QuorumSuperset,
        Promise::CandidateCompleteness,
        Promise::LeaderCompleteness,
        Promise::LostWrite,
    ],
    scope: "3 brokers, two replicas that join the in-sync replicas one after the other",
    scenario: file!("exhibits/kafka-makeleader-equal-epoch.toml"),
    seeds_at_most: 2_000,
};

pub(super) fn truncate_to_high_watermark(log: &FollowerLog) -> Truncation {
    Truncation::To(log.high_watermark)
}

fn never() -> bool {
    false
}

fn joins_at_high_watermark(candidate: &IsrCandidate) -> bool {
    candidate.end >= candidate.high_watermark
        && candidate.is_eligible
        && candidate.fetched_with == candidate.registered_as
}

fn at_an_equal_epoch(replayed: &Replayed) -> bool {
    replayed.partition_epoch >= replayed.known_partition_epoch
}
