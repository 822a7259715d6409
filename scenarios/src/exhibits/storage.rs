//! What Kafka's logs do, or once did, wrong: when they let go of old records, when they tell what they have, and about producers of whom they know
//! nothing.

use kafkasim::check::Promise;
use kafkasim_core::ids::{Offset, TopicId};
use kafkasim_core::log::ProducerEntry;
use kafkasim_core::rules::{EmptiedBatch, KnownProducer, KnownTopics, LogEnds, Rules, SequenceVerdict, SequencedBatch};

use super::{Exhibit, Kind, file};

/// Before Kafka 2.4 a log forgot a producer with its last record. A request that outlived its connection, and its retry, was then appended
/// again (KAFKA-7190; KIP-360 keeps producers until they expire).
pub(super) const KAFKA_7190: Exhibit = Exhibit {
    name: "kafka-7190",
    about: "a producer is forgotten with its last record, so that a late duplicate is appended again",
    kind: Kind::History,
    rules: Rules {
        forgets_producer: with_its_last_record,
        sequence: takes_any_first,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::Duplicate, Promise::NonmonotonicSend],
    scope: "1 broker, 1 record, 1 reset, 1 DeleteRecords",
    scenario: file!("exhibits/kafka-7190.toml"),
    seeds_at_most: 2_000,
};

/// Before topics had ids (KIP-516, Kafka 2.8) a topic was its name. A broker that missed a deletion, because it heard of the new topic together
/// with it or later, took the log that it still had for that of the new topic.
pub(super) const KIP_516: Exhibit = Exhibit {
    name: "kip-516",
    about: "a new topic cannot be told from one of the same name that was deleted, so that brokers that hear late of both keep the old log",
    kind: Kind::History,
    rules: Rules {
        topic_id: as_the_last_one,
        ..Rules::CURRENT
    },
    convicted_by: &[
        Promise::CandidateCompleteness,
        Promise::LeaderCompleteness,
        Promise::LogMatching,
        Promise::SingleLeader,
    ],
    scope: "2 brokers, 1 record, 1 pause, 1 deletion of a topic",
    scenario: file!("catalog/topic-deletion.toml"),
    seeds_at_most: 1_000,
};

/// Before Kafka 0.11.0.1 a cleaner left nothing of a batch whose records were superseded, and with it went, for whoever reads the log from its
/// start, the last sequence of its producer. A retry was then appended again (KAFKA-5490).
pub(super) const KAFKA_5490: Exhibit = Exhibit {
    name: "kafka-5490",
    about: "a producer is forgotten when its last records are superseded, so that a retry is appended again",
    kind: Kind::History,
    rules: Rules {
        keeps_emptied: never,
        sequence: takes_any_first,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::Duplicate, Promise::NonmonotonicSend],
    scope: "1 broker, 2 records of one key, 1 cleaning, 1 restart, 1 reset",
    scenario: file!("exhibits/kafka-5490.toml"),
    seeds_at_most: 2_000,
};

/// A broker takes any sequence of a producer that it knows nothing of (`ProducerAppendInfo.checkSequence`, since KIP-360; transactions have the
/// lowest sequence noted when they are verified, KAFKA-14920). Of several first batches under way a later one is appended though an earlier
/// one was refused for lack of replicas; that one is out of order then, and its producer sends it again under the next epoch.
pub(super) const FIRST_SEQUENCE: Exhibit = Exhibit {
    name: "kafka-first-sequence",
    about: "a broker takes any first sequence of a producer that it does not know, and so a later batch before an earlier one",
    kind: Kind::History,
    rules: Rules {
        sequence: takes_any_first,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::NonmonotonicSend],
    scope: "2 brokers, min.insync.replicas=2, 2 records in flight, 1 crash",
    scenario: file!("exhibits/kafka-first-sequence.toml"),
    seeds_at_most: 1_000,
};

fn takes_any_first(entry: Option<&ProducerEntry>, batch: &SequencedBatch) -> SequenceVerdict {
    match entry {
        None => SequenceVerdict::Append,
        Some(_) => (Rules::CURRENT.sequence)(entry, batch),
    }
}

fn as_the_last_one(known: &KnownTopics) -> TopicId {
    known.free
}

fn never(_: &EmptiedBatch) -> bool {
    false
}

fn with_its_last_record(producer: &KnownProducer) -> bool {
    producer.last_offset.is_some_and(|last| last < producer.log_start)
}

/// Before Kafka 2.2 a new leader told its high watermark as the end of its log while that still lagged behind its predecessor's.
pub(super) const KIP_207: Exhibit = Exhibit {
    name: "kip-207",
    about: "a new leader tells an end of its log that lies before what its predecessor has told",
    kind: Kind::History,
    rules: Rules {
        told_end: whatever_is_known,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::EndOffset],
    scope: "2 brokers, min.insync.replicas=2, 1 record, 1 crash",
    scenario: file!("catalog/offset-lookups.toml"),
    seeds_at_most: 2_000,
};

fn whatever_is_known(log: &LogEnds) -> Option<Offset> {
    Some(log.high_watermark)
}

/// Kafka 4.0 looks for a time in the first segment that has a record so late, and nowhere else. If that record lies before the log's start, and so
/// does everything else of the segment that is late enough, it finds nothing.
pub(super) const ONE_SEGMENT: Exhibit = Exhibit {
    name: "kafka-offsets-for-times-one-segment",
    about: "a search by time ends with the first segment that has a record so late, though that record was deleted and there are later ones",
    kind: Kind::History,
    rules: Rules {
        searches_on: in_one_segment,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::OffsetForTime],
    scope: "1 broker, 2 records in 2 segments, 1 DeleteRecords",
    scenario: file!("catalog/offset-lookups.toml"),
    seeds_at_most: 1_000,
};

fn in_one_segment() -> bool {
    false
}
