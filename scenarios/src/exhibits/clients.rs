//! Client rules that Kafka shipped once.

use kafkasim::check::Promise;
use kafkasim_core::rules::{Gap, Recovery, Rules};

use super::{Exhibit, Kind, file};

/// Before Kafka 2.1 a batch that was retried had its time counted from its last attempt, so nothing bounded a send but `retries`.
pub(super) const KIP_91: Exhibit = Exhibit {
    name: "kip-91",
    about: "every attempt that fails gives a batch its time again, so that a send takes as long as brokers refuse it",
    kind: Kind::History,
    rules: Rules {
        restarts_delivery_timeout: every_time,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::SendCompletion],
    scope: "2 brokers, min.insync.replicas=2, 1 record, 1 crash",
    scenario: file!("exhibits/kip-91.toml"),
    seeds_at_most: 200,
};

/// An idempotent producer that met a gap gave everything that was not acknowledged new sequences at once, what was in flight or had lost
/// its answer included. A broker cannot recognise it then.
pub(super) const KAFKA_14034: Exhibit = Exhibit {
    name: "kafka-14034",
    about: "an idempotent producer bumps its epoch without draining, and so gives what may have been appended another sequence",
    kind: Kind::History,
    rules: Rules {
        recovers: reassigns_at_once,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::Duplicate, Promise::NonmonotonicSend],
    scope: "2 brokers, min.insync.replicas=2, 2 records, 1 crash, 1 reset",
    scenario: file!("exhibits/kafka-14034.toml"),
    seeds_at_most: 3_000,
};

fn reassigns_at_once(_: &Gap) -> Recovery {
    Recovery::Reassign
}

fn every_time() -> bool {
    true
}
