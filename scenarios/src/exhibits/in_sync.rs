//! Who counted as in sync, and for what.

use kafkasim::check::Promise;
use kafkasim_core::rules::{IsrCandidate, ProposedMember, Quorum, Restart, Rules, Waited};

use super::{Exhibit, Kind, file};

/// A leader that had proposed to go on without a replica did not wait for the controller to agree.
pub(super) const KIP_497: Exhibit = Exhibit {
    name: "kip-497",
    about: "a leader commits without a replica that it has proposed to leave out, and the controller elects that replica instead of agreeing",
    kind: Kind::History,
    rules: Rules {
        is_waited_for: as_proposed,
        ..Rules::CURRENT
    },
    convicted_by: &[
        Promise::QuorumSuperset,
        Promise::CandidateCompleteness,
        Promise::LeaderCompleteness,
        Promise::LostWrite,
    ],
    scope: "2 brokers, min.insync.replicas=1, 2 records of acks=1, 1 false suspicion",
    scenario: file!("exhibits/kip-497.toml"),
    seeds_at_most: 2_000,
};

/// Neither leader nor controller minded that a replica was fenced or shutting down.
pub(super) const KIP_841: Exhibit = Exhibit {
    name: "kip-841",
    about: "a replica that is fenced or shuts down gets back into the in-sync replicas by a last fetch",
    kind: Kind::History,
    rules: Rules {
        may_join_isr: even_if_fenced,
        admits_to_isr: even_if_inactive,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::CandidateCompleteness],
    scope: "2 brokers, min.insync.replicas=1, 1 crash",
    scenario: file!("exhibits/kip-841.toml"),
    seeds_at_most: 2_000,
};

/// Nobody knew as which registration a replica had fetched.
pub(super) const KIP_903: Exhibit = Exhibit {
    name: "kip-903",
    about: "a fetch from before a replica lost its disk gets it into the in-sync replicas afterwards",
    kind: Kind::History,
    rules: Rules {
        fetches_as_registered: never,
        may_join_isr: whoever_fetched,
        ..Rules::CURRENT
    },
    convicted_by: &[
        Promise::CandidateCompleteness,
        Promise::LeaderCompleteness,
        Promise::LostWrite,
    ],
    scope: "2 brokers, min.insync.replicas=1, 1 record, 1 wiped disk",
    scenario: file!("exhibits/kip-903.toml"),
    seeds_at_most: 20_000,
};

/// The controller believed every broker that came back to have what it had.
pub(super) const KIP_966: Exhibit = Exhibit {
    name: "kip-966",
    about: "the last replica standing loses power and its unsynced tail, and is elected all the same",
    kind: Kind::History,
    rules: Rules {
        kept_everything: whatever_its_disk_says,
        ..Rules::CURRENT
    },
    convicted_by: &[
        Promise::LeaderCompleteness,
        Promise::CandidateCompleteness,
        Promise::LostWrite,
        Promise::AcknowledgedExists,
    ],
    scope: "3 brokers, min.insync.replicas=2, 1 record, 1 power loss",
    scenario: file!("exhibits/kip-966.toml"),
    seeds_at_most: 2_000,
};

/// The high watermark moved however few were in sync.
pub(super) const KAFKA_15583: Exhibit = Exhibit {
    name: "kafka-15583",
    about: "a leader that is alone in sync commits what eligible leader replicas do not have",
    kind: Kind::History,
    rules: Rules {
        may_commit: with_anybody,
        ..Rules::CURRENT
    },
    convicted_by: &[
        Promise::CandidateCompleteness,
        Promise::LeaderCompleteness,
        Promise::ConsistentRead,
    ],
    scope: "2 brokers, min.insync.replicas=2, 1 record of acks=1, 1 false suspicion",
    scenario: file!("exhibits/kafka-15583.toml"),
    seeds_at_most: 2_000,
};

fn as_proposed(follower: &Waited) -> bool {
    follower.is_proposed.unwrap_or(follower.is_committed) || follower.is_caught_up && follower.is_eligible
}

fn even_if_fenced(candidate: &IsrCandidate) -> bool {
    candidate.end >= candidate.high_watermark
        && candidate.end >= candidate.leader_epoch_start
        && candidate.fetched_with == candidate.registered_as
}

fn even_if_inactive(member: &ProposedMember) -> bool {
    member.fetched_with.0 == -1 || member.fetched_with == member.registered_as
}

fn whoever_fetched(candidate: &IsrCandidate) -> bool {
    candidate.end >= candidate.high_watermark && candidate.end >= candidate.leader_epoch_start && candidate.is_eligible
}

fn whatever_its_disk_says(_: &Restart) -> bool {
    true
}

fn with_anybody(_: &Quorum) -> bool {
    true
}

fn never() -> bool {
    false
}
