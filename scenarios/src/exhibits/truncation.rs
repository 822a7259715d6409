//! How followers found out where they agree with their leader, before each fetch told them (KIP-595).

use kafkasim::check::Promise;
use kafkasim_core::rules::{Agreement, EpochAnswer, FetchedBatch, FollowerLog, Rules, Truncation};

use super::{Exhibit, Kind, file};

/// What followers did from KIP-279 until KIP-595: asked once, then fetched without looking back, and took what came (KAFKA-18723).
pub(super) const ASKING_ONCE: Rules = Rules {
    truncation: ask_leader,
    validates_each_fetch: never,
    takes_fetched: whatever_comes,
    ..Rules::CURRENT
};

/// A follower took the leader's offset for an answer, whatever epoch it was for.
pub(super) const KIP_279: Exhibit = Exhibit {
    name: "kip-279",
    about: "a follower truncates to the offset that its leader answers with, though the answer is about an earlier epoch than it asked for",
    kind: Kind::History,
    rules: Rules {
        agreement: whatever_the_epoch,
        ..ASKING_ONCE
    },
    convicted_by: &[
        Promise::LogMatching,
        Promise::CandidateCompleteness,
        Promise::LeaderCompleteness,
    ],
    scope: "2 brokers, min.insync.replicas=2, acks=1, 2 records, 2 false suspicions, coarse clients",
    scenario: file!("exhibits/kip-279.toml"),
    seeds_at_most: 2_000,
};

/// A follower of one epoch fetched from the leader of another, which took its position for a replica's.
pub(super) const KIP_320: Exhibit = Exhibit {
    name: "kip-320",
    about: "a leader counts the fetches of followers that do not know its epoch, and have yet to truncate",
    kind: Kind::History,
    rules: Rules {
        fences_epochs: never,
        ..ASKING_ONCE
    },
    convicted_by: &[
        Promise::CandidateCompleteness,
        Promise::LeaderCompleteness,
        Promise::LogMatching,
    ],
    scope: "2 brokers, min.insync.replicas=2, 1 record, 2 false suspicions, coarse clients",
    scenario: file!("exhibits/kip-320.toml"),
    seeds_at_most: 3_000,
};

/// A leader without records of its own told followers that an earlier epoch went on to the end of its log.
pub(super) const KAFKA_7415: Exhibit = Exhibit {
    name: "kafka-7415",
    about: "a leader records its epoch only when it appends, and tells followers that an earlier one goes on to the end of its log",
    kind: Kind::History,
    rules: Rules {
        records_epoch_at_election: never,
        ..ASKING_ONCE
    },
    convicted_by: &[
        Promise::EpochCache,
        Promise::LogMatching,
        Promise::CandidateCompleteness,
        Promise::LeaderCompleteness,
    ],
    scope: "2 brokers, min.insync.replicas=2, acks=1, 2 records, 2 false suspicions, coarse clients",
    scenario: file!("exhibits/kafka-7415.toml"),
    seeds_at_most: 2_000,
};

/// A leader took note of where a diverging follower's log ended.
pub(super) const KAFKA_13141: Exhibit = Exhibit {
    name: "kafka-13141",
    about: "a leader counts a follower up to where it fetches, though the fetch itself shows that it diverges",
    kind: Kind::History,
    rules: Rules {
        notes_diverging_fetch: always,
        ..Rules::CURRENT
    },
    convicted_by: &[
        Promise::CandidateCompleteness,
        Promise::LeaderCompleteness,
        Promise::LogMatching,
    ],
    scope: "2 brokers, min.insync.replicas=1, 1 record, 1 crash",
    scenario: file!("exhibits/kafka-13141.toml"),
    seeds_at_most: 2_000,
};

fn ask_leader(_: &FollowerLog) -> Truncation {
    Truncation::AskLeader
}

pub(super) fn whatever_the_epoch(answer: &EpochAnswer) -> Agreement {
    if answer.at_leader.end_offset.0 < 0 {
        Agreement::UpTo(answer.high_watermark)
    } else {
        Agreement::UpTo(answer.at_leader.end_offset.min(answer.end))
    }
}

fn whatever_comes(_: &FetchedBatch) -> bool {
    true
}

pub(super) fn never() -> bool {
    false
}

fn always() -> bool {
    true
}
