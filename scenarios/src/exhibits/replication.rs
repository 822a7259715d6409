//! Replication rules that Kafka shipped once.

use kafkasim::check::Promise;
use kafkasim_core::rules::{FollowerLog, IsrCandidate, Rules, Truncation};

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
    seeds_at_most: 2_000,
};

fn truncate_to_high_watermark(log: &FollowerLog) -> Truncation {
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
