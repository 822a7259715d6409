//! Rules so wrong that every campaign must convict them within a few seeds.

use kafkasim::check::Promise;
use kafkasim_core::ids::{NodeId, Offset};
use kafkasim_core::log::ProducerEntry;
use kafkasim_core::rules::{
    AgedSegment, Cleanable, FetchRoom, Flush, InFlight, IsrCandidate, KeptDeletion, LogEnds, Move, PendingProduce,
    Rules, SequenceVerdict, SequencedBatch, Wake,
};

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

/// A reassignment does not wait for those whom it adds.
pub(super) const MOVED_AT_ONCE: Exhibit = Exhibit {
    name: "canary-moved-at-once",
    about: "a reassignment is complete as soon as it is asked for, and brokers without a record count as in sync",
    kind: Kind::Canary,
    rules: Rules {
        completes_move: at_once,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::CandidateCompleteness, Promise::LeaderCompleteness],
    scope: "2 brokers, min.insync.replicas=1, 1 record, 1 reassignment",
    scenario: file!("catalog/reassignment.toml"),
    seeds_at_most: 500,
};

/// Cleaners count on what may yet be truncated.
pub(super) const CLEANED_UNCOMMITTED: Exhibit = Exhibit {
    name: "canary-cleaned-uncommitted",
    about: "cleaners take records that are superseded by what is not committed yet",
    kind: Kind::Canary,
    rules: Rules {
        cleanable_end: up_to_active_segment,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::Compaction, Promise::CandidateCompleteness],
    scope: "2 brokers, min.insync.replicas=2, 2 records of one key, 1 crash",
    scenario: file!("catalog/compacted-table.toml"),
    seeds_at_most: 500,
};

/// Cleaners take the deletion of a key as soon as they see it.
pub(super) const DELETION_FORGOTTEN: Exhibit = Exhibit {
    name: "canary-deletion-forgotten",
    about: "cleaners do not keep the deletions of keys for delete.retention.ms",
    kind: Kind::Canary,
    rules: Rules {
        forgets_deletion: at_once_forgotten,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::Compaction],
    scope: "1 broker, 1 record, its deletion",
    scenario: file!("catalog/compacted-table.toml"),
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

/// A flush returns as soon as everything is under way.
pub(super) const FLUSH_WITHOUT_ANSWERS: Exhibit = Exhibit {
    name: "canary-flush-without-answers",
    about: "a flush returns once everything is handed to the network, answered or not",
    kind: Kind::Canary,
    rules: Rules {
        is_flushed: nothing_is_left_to_send,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::FlushCompletion],
    scope: "1 broker, 2 records, 1 flush",
    scenario: file!("catalog/flush-then-close.toml"),
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

/// The callbacks of a batch are called the other way round.
pub(super) const CALLBACKS_OUT_OF_ORDER: Exhibit = Exhibit {
    name: "canary-callbacks-out-of-order",
    about: "the sends of a batch are acknowledged the other way round",
    kind: Kind::Canary,
    rules: Rules {
        answers_in_order: never,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::CallbackOrder],
    scope: "1 broker, 2 records",
    scenario: file!("catalog/default.toml"),
    seeds_at_most: 100,
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

/// The parts of a batch that was too large go to the front of their queue one after the other, and so come out the other way round.
pub(super) const PARTS_OUT_OF_ORDER: Exhibit = Exhibit {
    name: "canary-parts-out-of-order",
    about: "the parts of a batch that was too large are sent again in the wrong order",
    kind: Kind::Canary,
    rules: Rules {
        splits_in_order: last_part_first,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::NonmonotonicSend],
    scope: "1 broker, max.message.bytes < batch.size, 2 records",
    scenario: file!("catalog/batches-too-large.toml"),
    seeds_at_most: 100,
};

fn last_part_first() -> bool {
    false
}

/// A segment goes with its oldest record.
pub(super) const RETENTION_BY_OLDEST_RECORD: Exhibit = Exhibit {
    name: "canary-retention-by-oldest-record",
    about: "a segment is deleted as soon as its oldest record is older than retention.ms",
    kind: Kind::Canary,
    rules: Rules {
        has_expired: with_its_oldest_record,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::UndueDeletion],
    scope: "1 broker, 2 records in one segment",
    scenario: file!("catalog/retention-under-a-slow-reader.toml"),
    seeds_at_most: 200,
};

fn with_its_oldest_record(segment: &AgedSegment) -> bool {
    segment.now.0 - segment.oldest.0 > segment.retention_ms
}

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

/// Consumers are told where a leader's log ends, committed or not.
pub(super) const UNCOMMITTED_END: Exhibit = Exhibit {
    name: "canary-uncommitted-end",
    about: "consumers are told that a log ends where its leader's does, committed or not",
    kind: Kind::Canary,
    rules: Rules {
        told_end: where_it_ends,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::EndOffset],
    scope: "2 brokers, min.insync.replicas=2, 1 record",
    scenario: file!("catalog/offset-lookups.toml"),
    seeds_at_most: 100,
};

fn where_it_ends(log: &LogEnds) -> Option<Offset> {
    Some(log.end)
}

/// A Fetch is given as much of each partition as there is.
pub(super) const PARTITION_LIMIT_IGNORED: Exhibit = Exhibit {
    name: "canary-partition-limit-ignored",
    about: "a Fetch is given as much of each partition as it allows for all of them",
    kind: Kind::Canary,
    rules: Rules {
        fetch_room: all_that_is_left,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::ConsumerLimits],
    scope: "1 broker, 2 batches",
    scenario: file!("catalog/tiny-fetches.toml"),
    seeds_at_most: 100,
};

fn all_that_is_left(fetch: &FetchRoom) -> usize {
    fetch.left
}

fn always_replicated(_: &PendingProduce) -> bool {
    true
}

fn up_to_active_segment(log: &Cleanable) -> Offset {
    log.active_base
}

fn at_once_forgotten(_: &KeptDeletion) -> bool {
    true
}

fn never() -> bool {
    false
}

fn at_once(progress: &Move) -> Option<Vec<NodeId>> {
    Some(progress.staying.clone())
}

fn append_whatever_comes(_: Option<&ProducerEntry>, _: &SequencedBatch) -> SequenceVerdict {
    SequenceVerdict::Append
}

fn not_by_appends(wake: Wake) -> bool {
    wake != Wake::Appended && wake != Wake::HighWatermarkAdvanced
}

fn nothing_is_left_to_send(flush: &Flush) -> bool {
    flush.unsent == 0
}

fn nobody_joins(_: &IsrCandidate) -> bool {
    false
}

fn one_too_many(connection: &InFlight) -> bool {
    connection.unanswered <= connection.most
}
