//! Client rules that Kafka shipped once.

use kafkasim::check::Promise;
use kafkasim_core::rules::{Gap, ReadPosition, Recovery, Rules, TooLarge, ValidatedPosition};

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
    seeds_at_most: 1_500,
};

fn reassigns_at_once(_: &Gap) -> Recovery {
    Recovery::Reassign
}

/// Up to Kafka 4.1 a producer splits a batch that is too large into batches of `batch.size`, however often that was too large already.
pub(super) const KAFKA_8350: Exhibit = Exhibit {
    name: "kafka-8350",
    about: "a producer splits what is too large for the topic to batch.size again and again, and gets nowhere",
    kind: Kind::History,
    rules: Rules {
        split_size: to_batch_size,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::Liveness],
    scope: "1 broker, max.message.bytes < batch.size, 2 records",
    scenario: file!("exhibits/kafka-8350.toml"),
    seeds_at_most: 20,
};

fn to_batch_size(batch: &TooLarge) -> usize {
    batch.batch_size
}

/// Before Kafka 2.1 a consumer went on at its position whoever led, and read on over records that an unclean election had replaced.
pub(super) const KAFKA_7747: Exhibit = Exhibit {
    name: "kafka-7747",
    about: "a consumer reads on at its position in a log that has lost what it has read, and skips what came in its place",
    kind: Kind::History,
    rules: Rules {
        validates_position: nowhere,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::PollSkip],
    scope: "2 brokers, unclean.leader.election.enable=true, 2 records, 2 crashes",
    scenario: file!("exhibits/kafka-7747.toml"),
    seeds_at_most: 1_000,
};

/// Kafka's consumer asks where the epoch of its position ends, and does not look at which epoch it is answered about. After two unclean
/// elections the answer may be about an earlier epoch that goes on beyond the position: KIP-279 once more, at the consumer.
pub(super) const ANSWERED_EPOCH: Exhibit = Exhibit {
    name: "kafka-consumer-answered-epoch",
    about: "a consumer takes the end of an earlier epoch than it asked about for the proof that nothing is gone",
    kind: Kind::History,
    rules: Rules {
        is_truncated: ends_before,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::PollSkip],
    scope: "2 brokers, unclean.leader.election.enable=true, 3 records, 2 unclean elections",
    scenario: file!("exhibits/kafka-7747.toml"),
    seeds_at_most: 1_000,
};

fn ends_before(position: &ValidatedPosition) -> bool {
    position.end_offset < position.offset
}

fn nowhere(_: &ReadPosition) -> bool {
    false
}

fn every_time() -> bool {
    true
}
