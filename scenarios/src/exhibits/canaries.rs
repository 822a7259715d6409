//! Rules so wrong that every campaign must convict them within a few seeds.

use kafkasim::check::Promise;
use kafkasim_core::log::ProducerEntry;
use kafkasim_core::rules::{InFlight, IsrCandidate, PendingProduce, Rules, SequenceVerdict, SequencedBatch, Wake};

use super::{Exhibit, Kind, file};

/// acks=all is answered as if it were acks=1.
pub(super) const ACKS_ALL_AT_LOCAL_APPEND: Exhibit = Exhibit {
    name: "canary-acks-all-at-local-append",
    about: "acks=all is answered once the leader alone has appended",
    kind: Kind::Canary,
    rules: Rules {
        is_replicated: always_replicated,
        ..Rules::CURRENT
    },
    convicted_by: &[
        Promise::LeaderCompleteness,
        Promise::LostWrite,
        Promise::AcknowledgedExists,
        Promise::AcknowledgedPayload,
    ],
    scope: "2 brokers, min.insync.replicas=1, 1 record, 1 crash",
    scenario: file!("catalog/default.toml"),
    seeds_at_most: 2_000,
};

/// An idempotent producer's retry is appended again.
pub(super) const DUPLICATE_LOOKUP_SKIPPED: Exhibit = Exhibit {
    name: "canary-duplicate-lookup-skipped",
    about: "a retried batch of an idempotent producer is appended again",
    kind: Kind::Canary,
    rules: Rules {
        sequence: append_whatever_comes,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::Duplicate, Promise::NonmonotonicSend],
    scope: "1 broker, 1 record, 1 reset",
    scenario: file!("catalog/default.toml"),
    seeds_at_most: 500,
};

/// An append does not make the leader look at what is parked.
pub(super) const FORGOTTEN_WAKE_UP: Exhibit = Exhibit {
    name: "canary-forgotten-wake-up",
    about: "an append does not wake the requests that wait for it",
    kind: Kind::Canary,
    rules: Rules {
        wakes_parked: not_by_appends,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::Liveness],
    scope: "2 brokers, min.insync.replicas=2, 1 record",
    scenario: file!("exhibits/patient-producer.toml"),
    seeds_at_most: 100,
};

/// Replicas only ever leave the in-sync replicas.
pub(super) const ISR_NEVER_EXPANDS: Exhibit = Exhibit {
    name: "canary-isr-never-expands",
    about: "a replica that fell out of the in-sync replicas never gets back in",
    kind: Kind::Canary,
    rules: Rules {
        may_join_isr: nobody_joins,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::Liveness],
    scope: "2 brokers, min.insync.replicas=2, 1 record, 1 crash",
    scenario: file!("catalog/default.toml"),
    seeds_at_most: 500,
};

/// A producer's limit of requests in flight is off by one.
pub(super) const ONE_REQUEST_TOO_MANY: Exhibit = Exhibit {
    name: "canary-one-request-too-many",
    about: "a producer has one more request in flight than max.in.flight.requests.per.connection allows",
    kind: Kind::Canary,
    rules: Rules {
        has_room: one_too_many,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::SendCompletion],
    scope: "1 broker, max.in.flight.requests.per.connection=2, 3 records",
    scenario: file!("exhibits/one-request-too-many.toml"),
    seeds_at_most: 100,
};

/// A poll takes records before it finds out that it was woken up.
pub(super) const LATE_WAKEUP: Exhibit = Exhibit {
    name: "canary-late-wakeup",
    about: "a poll that was woken up has taken records, and throws them away",
    kind: Kind::Canary,
    rules: Rules {
        wakeup_precedes_records: after_the_records,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::PollSkip],
    scope: "1 broker, 1 record, 1 wakeup",
    scenario: file!("catalog/restless-readers.toml"),
    seeds_at_most: 100,
};

fn after_the_records() -> bool {
    false
}

fn always_replicated(_: &PendingProduce) -> bool {
    true
}

fn append_whatever_comes(_: Option<&ProducerEntry>, _: &SequencedBatch) -> SequenceVerdict {
    SequenceVerdict::Append
}

fn not_by_appends(wake: Wake) -> bool {
    wake != Wake::Appended && wake != Wake::HighWatermarkAdvanced
}

fn nobody_joins(_: &IsrCandidate) -> bool {
    false
}

fn one_too_many(connection: &InFlight) -> bool {
    connection.unanswered <= connection.most
}
