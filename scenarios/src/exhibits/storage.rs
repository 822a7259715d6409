//! What Kafka's logs once did wrong when they let go of old records.

use kafkasim::check::Promise;
use kafkasim_core::rules::{KnownProducer, Rules};

use super::{Exhibit, Kind, file};

/// Before Kafka 2.4 a log forgot a producer with its last record. A request that outlived its connection, and its retry, was then appended
/// again (KAFKA-7190; KIP-360 keeps producers until they expire).
pub(super) const KAFKA_7190: Exhibit = Exhibit {
    name: "kafka-7190",
    about: "a producer is forgotten with its last record, so that a late duplicate is appended again",
    kind: Kind::History,
    rules: Rules {
        forgets_producer: with_its_last_record,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::Duplicate, Promise::NonmonotonicSend],
    scope: "1 broker, 1 record, 1 reset, 1 DeleteRecords",
    scenario: file!("exhibits/kafka-7190.toml"),
    seeds_at_most: 2_000,
};

fn with_its_last_record(producer: &KnownProducer) -> bool {
    producer.last_offset.is_some_and(|last| last < producer.log_start)
}
