//! Produce: acknowledgements, refusals, idempotence.

use super::{IN_SERVICE, LEADING, check, check_with};
use crate::rules::Rules;

const FETCHED: &str = "
    fetch 2 t1-0@0 e=0 wait=0
    fetch 3 t1-0@0 e=0 wait=0
";

#[test]
fn acks_all_waits_for_everybody_in_sync() {
    check(
        &[IN_SERVICE, LEADING, FETCHED],
        "
        produce c1 acks=all t1-0 a timeout=1000
        > leader appends t1-0 [0-0:e0]
        > Parked { produce: true }
        > set produce-wait c1 1000 monotonic
        fetch 2 t1-0@1 e=0 last=0 wait=0
        > set lag t1-0 2 30000..45000 wall
        > 2 Replica: fetched t1-0 hw=0
        fetch 3 t1-0@1 e=0 last=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > leader t1-0 high watermark 1
        > 3 Replica: fetched t1-0 hw=0
        > set checkpoint 0..5000 monotonic
        > cancel produce-wait c1
        > c1: produced t1-0 @0
        ",
    );
}

#[test]
fn acks_1_and_0_wait_for_nobody() {
    check(
        &[IN_SERVICE, LEADING],
        "
        produce c1 acks=1 t1-0 a,b
        > leader appends t1-0 [0-1:e0]
        > c1: produced t1-0 @0
        produce c1 acks=0 t1-0 c
        > leader appends t1-0 [2-2:e0]
        ",
    );
}

#[test]
fn under_min_isr_only_acks_all_is_refused() {
    check(
        &[IN_SERVICE, "log partition t1-0 replicas=1,2,3 isr=1 leader=1"],
        "
        produce c1 acks=all t1-0 a
        > ProduceRefused { partition: t1-0, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: NotEnoughReplicas }
        > c1: produced t1-0 NOT_ENOUGH_REPLICAS
        produce c1 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > c1: produced t1-0 @0
        produce c1 acks=0 t1-0 a
        > leader appends t1-0 [1-1:e0]
        ",
    );
}

#[test]
fn min_isr_is_never_more_than_there_are_replicas() {
    check(
        &[IN_SERVICE],
        "
        log partition t1-0 replicas=1 isr=1 leader=1
        > disk create t1-0
        > leads t1-0 in e0 from 0
        > t1-0 p0 in sync 1
        > 9 Metadata: fetch metadata@9 e=-1 last=-1
        produce c1 acks=all t1-0 a
        > leader appends t1-0 [0-0:e0]
        > leader t1-0 high watermark 1
        > c1: produced t1-0 @0
        > set checkpoint 0..5000 monotonic
        ",
    );
}

#[test]
fn what_was_committed_before_the_isr_shrank_is_acknowledged() {
    // Each partition is settled when its own high watermark gets there, though the answer waits for all of them.
    check(
        &[
            IN_SERVICE,
            "log topic 2; config topic2 min.insync.replicas=2; partition t2-0 replicas=1,2,3 isr=1,2 leader=1",
            LEADING,
            FETCHED,
            "fetch 2 t2-0@0 e=0 wait=0",
        ],
        "
        produce c1 t1-0 a t2-0 b
        > leader appends t1-0 [0-0:e0]
        > leader appends t2-0 [0-0:e0]
        > Parked { produce: true }
        > set produce-wait c1 30000 monotonic
        fetch 2 t2-0@1 e=0 last=0 wait=0
        > set lag t2-0 2 30000..45000 wall
        > leader t2-0 high watermark 1
        > 2 Replica: fetched t2-0 hw=0
        > set checkpoint 0..5000 monotonic
        log change t2-0 isr=1
        > t2-0 p1 in sync 1
        > 9 Metadata: fetch metadata@13 e=-1 last=-1
        fetch 2 t1-0@1 e=0 last=0 wait=0
        > set lag t1-0 2 30000..45000 wall
        > 2 Replica: fetched t1-0 hw=0
        fetch 3 t1-0@1 e=0 last=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > leader t1-0 high watermark 1
        > 3 Replica: fetched t1-0 hw=0
        > cancel produce-wait c1
        > c1: produced t1-0 @0, t2-0 @0
        produce c2 t2-0 c
        > ProduceRefused { partition: t2-0, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: NotEnoughReplicas }
        > c2: produced t2-0 NOT_ENOUGH_REPLICAS
        ",
    );
}

#[test]
fn what_the_isr_shrinks_away_from_is_not_acknowledged() {
    check(
        &[
            IN_SERVICE,
            "log partition t1-0 replicas=1,2,3 isr=1,2 leader=1",
            "fetch 2 t1-0@0 e=0 wait=0",
            "produce c1 t1-0 a",
        ],
        "
        log change t1-0 isr=1
        > t1-0 p1 in sync 1
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        fetch 2 t1-0@1 e=0 last=0 wait=0
        > set lag t1-0 2 30000..45000 wall
        > expand t1-0 to 1,2
        > 2 Replica: fetched t1-0 hw=0
        > connect 9 AlterPartition
        log change t1-0 isr=1,2
        > t1-0 p2 in sync 1,2
        > leader t1-0 high watermark 1
        > 9 Metadata: fetch metadata@11 e=-1 last=-1
        > set checkpoint 0..5000 monotonic
        > cancel produce-wait c1
        > c1: produced t1-0 @0
        ",
    );
}

#[test]
fn a_produce_that_waits_too_long_has_timed_out() {
    check(
        &[IN_SERVICE, LEADING, FETCHED],
        "
        produce c1 t1-0 a timeout=10
        > leader appends t1-0 [0-0:e0]
        > Parked { produce: true }
        > set produce-wait c1 10 monotonic
        timer produce-wait c1
        > ParkedExpired { produce: true }
        > c1: produced t1-0 REQUEST_TIMED_OUT
        fetch 2 t1-0@1 e=0 last=0 wait=0
        > set lag t1-0 2 30000..45000 wall
        > 2 Replica: fetched t1-0 hw=0
        ",
    );
}

#[test]
fn a_produce_whose_leader_steps_down_is_told_who_leads() {
    check(
        &[IN_SERVICE, LEADING, FETCHED],
        "
        produce c1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > Parked { produce: true }
        > set produce-wait c1 30000 monotonic
        log change t1-0 leader=2
        > cancel lag t1-0 2
        > cancel lag t1-0 3
        > follows t1-0 in e1 2
        > connect 2 Replica
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        > cancel produce-wait c1
        > c1: produced t1-0 NOT_LEADER_OR_FOLLOWER leader=2
        produce c1 t1-0 a
        > ProduceRefused { partition: t1-0, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: NotLeaderOrFollower }
        > c1: produced t1-0 NOT_LEADER_OR_FOLLOWER leader=2
        produce c1 acks=0 t1-0 a
        > ProduceRefused { partition: t1-0, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: NotLeaderOrFollower }
        > disconnect c1
        ",
    );
}

#[test]
fn partitions_are_settled_one_by_one() {
    check(
        &[IN_SERVICE, LEADING, FETCHED, "log topic 2; partition t2-0 replicas=1 isr=1 leader=1; partition t2-1 replicas=2 isr=2 leader=2"],
        "
        produce c1 t1-0 a t2-0 b t2-1 c t2-2 d t7-0 e
        > leader appends t1-0 [0-0:e0]
        > leader appends t2-0 [0-0:e0]
        > leader t2-0 high watermark 1
        > ProduceRefused { partition: t2-1, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: NotLeaderOrFollower }
        > ProduceRefused { partition: t2-2, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: UnknownTopicOrPartition }
        > ProduceRefused { partition: t7-0, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: UnknownTopicId }
        > Parked { produce: true }
        > set produce-wait c1 30000 monotonic
        > set checkpoint 0..5000 monotonic
        timer produce-wait c1
        > ParkedExpired { produce: true }
        > c1: produced t1-0 REQUEST_TIMED_OUT, t2-0 @0, t2-1 NOT_LEADER_OR_FOLLOWER leader=2, t2-2 UNKNOWN_TOPIC_OR_PARTITION, t7-0 UNKNOWN_TOPIC_ID
        produce c1 t2-1 c t2-0 d
        > ProduceRefused { partition: t2-1, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: NotLeaderOrFollower }
        > leader appends t2-0 [1-1:e0]
        > leader t2-0 high watermark 2
        > c1: produced t2-1 NOT_LEADER_OR_FOLLOWER leader=2, t2-0 @1
        ",
    );
}

#[test]
fn what_nobody_may_append_is_refused() {
    check(
        &[IN_SERVICE, LEADING, "log config topic1 max.message.bytes=80"],
        "
        produce c1 acks=1 t1-0 a rotten
        > ProduceRefused { partition: t1-0, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: CorruptMessage }
        > c1: produced t1-0 CORRUPT_MESSAGE
        produce c1 acks=1 t1-0 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        > ProduceRefused { partition: t1-0, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: MessageTooLarge }
        > c1: produced t1-0 MESSAGE_TOO_LARGE
        produce c1 acks=1 t1-0 a pid=5 epoch=0 seq=-2
        > ProduceRefused { partition: t1-0, producer_id: ProducerId(5), epoch: ProducerEpoch(0), error: InvalidRecord }
        > c1: produced t1-0 INVALID_RECORD
        ",
    );
}

// The second batch stays below `max.message.bytes` only because it is compressed.
#[test]
fn compressed_batches_are_looked_into_and_appended() {
    let long = "a".repeat(300);
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        check(
            &[IN_SERVICE, LEADING, "log config topic1 max.message.bytes=160"],
            &alloc::format!(
                "
                produce c1 acks=1 t1-0 a,b codec={codec}
                > leader appends t1-0 [0-1:e0]
                > c1: produced t1-0 @0
                produce c1 acks=1 t1-0 {long} codec={codec}
                > leader appends t1-0 [2-2:e0]
                > c1: produced t1-0 @2
                produce c1 acks=1 t1-0 a codec={codec} rotten
                > ProduceRefused {{ partition: t1-0, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: CorruptMessage }}
                > c1: produced t1-0 CORRUPT_MESSAGE
                "
            ),
        );
    }
}

#[test]
fn records_that_cannot_be_decompressed_are_refused() {
    check(
        &[IN_SERVICE, LEADING],
        "
        produce c1 acks=1 t1-0 a mislabelled
        > ProduceRefused { partition: t1-0, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: UnknownServerError }
        > c1: produced t1-0 UNKNOWN_SERVER_ERROR
        ",
    );
}

#[test]
fn a_batch_that_comes_again_is_answered_but_not_appended() {
    check(
        &[IN_SERVICE, LEADING, FETCHED],
        "
        produce c1 acks=1 t1-0 a,b pid=5 seq=0
        > leader appends t1-0 [0-1:e0]
        > c1: produced t1-0 @0
        produce c1 acks=1 t1-0 a,b pid=5 seq=0
        > DuplicateSuppressed { partition: t1-0, producer_id: ProducerId(5), sequence: Sequence(0) }
        > c1: produced t1-0 @0
        produce c1 acks=all t1-0 a,b pid=5 seq=0
        > DuplicateSuppressed { partition: t1-0, producer_id: ProducerId(5), sequence: Sequence(0) }
        > Parked { produce: true }
        > set produce-wait c1 30000 monotonic
        fetch 2 t1-0@2 e=0 last=0 wait=0
        > set lag t1-0 2 30000..45000 wall
        > 2 Replica: fetched t1-0 hw=0
        fetch 3 t1-0@2 e=0 last=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > leader t1-0 high watermark 2
        > 3 Replica: fetched t1-0 hw=0
        > set checkpoint 0..5000 monotonic
        > cancel produce-wait c1
        > c1: produced t1-0 @0
        ",
    );
}

#[test]
fn sequences_leave_no_gap_and_epochs_fence() {
    check(
        &[IN_SERVICE, LEADING, "produce c1 acks=1 t1-0 a pid=5 epoch=1 seq=0"],
        "
        produce c1 acks=1 t1-0 b pid=5 epoch=1 seq=2
        > ProduceRefused { partition: t1-0, producer_id: ProducerId(5), epoch: ProducerEpoch(1), error: OutOfOrderSequenceNumber }
        > c1: produced t1-0 OUT_OF_ORDER_SEQUENCE_NUMBER
        produce c1 acks=1 t1-0 b pid=5 epoch=0 seq=1
        > ProduceRefused { partition: t1-0, producer_id: ProducerId(5), epoch: ProducerEpoch(0), error: InvalidProducerEpoch }
        > c1: produced t1-0 INVALID_PRODUCER_EPOCH
        produce c1 acks=1 t1-0 b pid=5 epoch=2 seq=1
        > ProduceRefused { partition: t1-0, producer_id: ProducerId(5), epoch: ProducerEpoch(2), error: OutOfOrderSequenceNumber }
        > c1: produced t1-0 OUT_OF_ORDER_SEQUENCE_NUMBER
        produce c1 acks=1 t1-0 b pid=5 epoch=2 seq=0
        > leader appends t1-0 [1-1:e0]
        > c1: produced t1-0 @1
        produce c1 acks=1 t1-0 c pid=6 seq=1
        > ProduceRefused { partition: t1-0, producer_id: ProducerId(6), epoch: ProducerEpoch(0), error: OutOfOrderSequenceNumber }
        > c1: produced t1-0 OUT_OF_ORDER_SEQUENCE_NUMBER
        produce c1 acks=1 t1-0 b pid=6 seq=0
        > leader appends t1-0 [2-2:e0]
        > c1: produced t1-0 @2
        ",
    );
}

#[test]
fn whoever_waits_for_a_topic_that_is_deleted_is_told_so() {
    check(
        &[IN_SERVICE, LEADING, "produce c1 acks=all t1-0 a", "fetch 2 t1-0@1 e=0"],
        "
        log remove 1
        > cancel lag t1-0 2
        > cancel lag t1-0 3
        > disk delete t1-0
        > LogDeleted { partition: t1-0 }
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        > cancel fetch-wait 2 Replica
        > 2 Replica: fetched t1-0 UNKNOWN_TOPIC_ID
        > cancel produce-wait c1
        > c1: produced t1-0 UNKNOWN_TOPIC_OR_PARTITION
        produce c1 acks=1 t1-0 a
        > ProduceRefused { partition: t1-0, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: UnknownTopicId }
        > c1: produced t1-0 UNKNOWN_TOPIC_ID
        ",
    );
}

#[test]
fn idle_producers_are_forgotten_and_begin_a_sequence_then() {
    check(
        &[
            IN_SERVICE,
            LEADING,
            "configure producer.id.expiration.ms=1000",
            "produce c1 acks=1 t1-0 a pid=5 seq=0",
        ],
        "
        clock 1009
        timer expiration
        > set expiration 600000 monotonic
        produce c1 acks=1 t1-0 a pid=5 seq=0
        > DuplicateSuppressed { partition: t1-0, producer_id: ProducerId(5), sequence: Sequence(0) }
        > c1: produced t1-0 @0
        clock 1010
        timer expiration
        > ProducersExpired { partition: t1-0, producers: [ProducerId(5)], expiration_ms: 1000 }
        > set expiration 600000 monotonic
        produce c1 acks=1 t1-0 a pid=5 seq=0
        > leader appends t1-0 [1-1:e0]
        > c1: produced t1-0 @1
        clock 2020
        timer expiration
        > ProducersExpired { partition: t1-0, producers: [ProducerId(5)], expiration_ms: 1000 }
        > set expiration 600000 monotonic
        produce c1 acks=1 t1-0 c pid=5 seq=7
        > ProduceRefused { partition: t1-0, producer_id: ProducerId(5), epoch: ProducerEpoch(0), error: OutOfOrderSequenceNumber }
        > c1: produced t1-0 OUT_OF_ORDER_SEQUENCE_NUMBER
        ",
    );
}

#[test]
fn a_late_produce_is_appended_but_not_answered() {
    check(
        &[IN_SERVICE, LEADING, FETCHED],
        "
        produce c1 t1-0 a late
        > leader appends t1-0 [0-0:e0]
        produce c1 acks=0 t9-0 a late
        > ProduceRefused { partition: t9-0, producer_id: ProducerId(-1), epoch: ProducerEpoch(-1), error: UnknownTopicId }
        ",
    );
}

#[test]
fn who_is_gone_is_forgotten() {
    check(
        &[IN_SERVICE, LEADING, FETCHED, "produce c1 t1-0 a"],
        "
        lost c1
        > cancel produce-wait c1
        fetch 2 t1-0@1 e=0 last=0 wait=0
        > set lag t1-0 2 30000..45000 wall
        > 2 Replica: fetched t1-0 hw=0
        fetch 3 t1-0@1 e=0 last=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > leader t1-0 high watermark 1
        > 3 Replica: fetched t1-0 hw=0
        > set checkpoint 0..5000 monotonic
        ",
    );
}

#[test]
fn another_rule_may_acknowledge_too_early() {
    let rules = Rules {
        is_replicated: |_| true,
        ..Rules::CURRENT
    };
    check_with(
        rules,
        &[IN_SERVICE, LEADING],
        "
        produce c1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > c1: produced t1-0 @0
        ",
    );
}

#[test]
fn another_rule_may_forget_to_wake() {
    let rules = Rules {
        wakes_parked: |_| false,
        ..Rules::CURRENT
    };
    check_with(
        rules,
        &[
            IN_SERVICE,
            "log partition t1-0 replicas=1,2 isr=1,2 leader=1",
            "fetch 2 t1-0@0 e=0 wait=0",
        ],
        "
        produce c1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > Parked { produce: true }
        > set produce-wait c1 30000 monotonic
        fetch 2 t1-0@1 e=0 last=0 wait=0
        > set lag t1-0 2 30000..45000 wall
        > leader t1-0 high watermark 1
        > 2 Replica: fetched t1-0 hw=0
        > set checkpoint 0..5000 monotonic
        timer produce-wait c1
        > ParkedExpired { produce: true }
        > c1: produced t1-0 REQUEST_TIMED_OUT
        ",
    );
}
