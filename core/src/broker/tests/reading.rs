//! Fetch, as the leader answers it.

use super::{IN_SERVICE, LEADING, check, check_with};
use crate::rules::Rules;

/// Broker 1 leads alone.
const ALONE: &str = "
    log partition t1-0 replicas=1 isr=1 leader=1
";

#[test]
fn consumers_read_up_to_the_high_watermark_and_followers_to_the_end() {
    check(
        &[IN_SERVICE, LEADING, "produce c2 acks=1 t1-0 a,b"],
        "
        read c1 t1-0@0
        > Parked { produce: false }
        > set fetch-wait c1 500 monotonic
        fetch 2 t1-0@0 e=0
        > mark t1-0 2
        > 2 Replica: fetched t1-0 hw=0 [0-1:e0]
        fetch 2 t1-0@2 e=0 last=0
        > set lag t1-0 2 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        fetch 3 t1-0@2 e=0 last=0
        > set lag t1-0 3 30000..45000 wall
        > leader t1-0 high watermark 2
        > Parked { produce: false }
        > set fetch-wait 3 Replica 500 monotonic
        > set checkpoint 0..5000 monotonic
        > cancel fetch-wait c1
        > c1: fetched t1-0 hw=2 [0-1:e0]
        produce c2 acks=1 t1-0 c
        > leader appends t1-0 [2-2:e0]
        > c2: produced t1-0 @2
        > cancel fetch-wait 2 Replica
        > 2 Replica: fetched t1-0 hw=2 [2-2:e0]
        > cancel fetch-wait 3 Replica
        > 3 Replica: fetched t1-0 hw=2 [2-2:e0]
        lost c1
        read c1 t1-0@1
        > c1: fetched t1-0 hw=2 [0-1:e0]
        ",
    );
}

#[test]
fn who_finds_too_little_waits() {
    check(
        &[IN_SERVICE, ALONE],
        "
        read c1 t1-0@0 min=100
        > Parked { produce: false }
        > set fetch-wait c1 500 monotonic
        produce c2 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > leader t1-0 high watermark 1
        > c2: produced t1-0 @0
        > set checkpoint 0..5000 monotonic
        produce c2 acks=1 t1-0 b
        > leader appends t1-0 [1-1:e0]
        > leader t1-0 high watermark 2
        > c2: produced t1-0 @1
        > cancel fetch-wait c1
        > c1: fetched t1-0 hw=2 [0-0:e0] [1-1:e0]
        read c1 t1-0@2 wait=700
        > Parked { produce: false }
        > set fetch-wait c1 700 monotonic
        timer fetch-wait c1
        > ParkedExpired { produce: false }
        > c1: fetched t1-0 hw=2
        read c1 t1-0@2 wait=0
        > c1: fetched t1-0 hw=2
        read c1 t1-0@2 min=0
        > c1: fetched t1-0 hw=2
        read c1 t1-0@0 min=1000000
        > Parked { produce: false }
        > set fetch-wait c1 500 monotonic
        timer fetch-wait c1
        > ParkedExpired { produce: false }
        > c1: fetched t1-0 hw=2 [0-0:e0] [1-1:e0]
        ",
    );
}

#[test]
fn a_follower_learns_the_high_watermark_of_before_its_own_fetch() {
    check(
        &[
            IN_SERVICE,
            "log partition t1-0 replicas=1,2 isr=1,2 leader=1",
            "produce c2 acks=1 t1-0 a",
        ],
        "
        fetch 2 t1-0@1 e=0 last=0 wait=0
        > set lag t1-0 2 30000..45000 wall
        > leader t1-0 high watermark 1
        > 2 Replica: fetched t1-0 hw=0
        > set checkpoint 0..5000 monotonic
        fetch 2 t1-0@1 e=0 last=0 wait=0
        > set lag t1-0 2 30000..45000 wall
        > 2 Replica: fetched t1-0 hw=1
        ",
    );
}

#[test]
fn the_first_batch_comes_whatever_its_size() {
    check(
        &[
            IN_SERVICE,
            ALONE,
            "log topic 2; partition t2-0 replicas=1 isr=1 leader=1",
            "produce c2 acks=1 t1-0 a t2-0 a",
            "produce c2 acks=1 t1-0 b",
        ],
        "
        read c1 t1-0@0 t2-0@0 max=1
        > OversizedBatchRead { partition: t1-0 }
        > c1: fetched t1-0 hw=2 [0-0:e0], t2-0 hw=1
        read c1 t1-0@0 t2-0@0 partition.max=1
        > OversizedBatchRead { partition: t1-0 }
        > c1: fetched t1-0 hw=2 [0-0:e0], t2-0 hw=1
        read c1 t1-0@0 t2-0@0 max=150
        > c1: fetched t1-0 hw=2 [0-0:e0] [1-1:e0], t2-0 hw=1
        read c1 t1-0@0 t2-0@0
        > c1: fetched t1-0 hw=2 [0-0:e0] [1-1:e0], t2-0 hw=1 [0-0:e0]
        ",
    );
}

#[test]
fn only_the_first_batch_of_the_whole_answer_comes_whatever_its_size() {
    check(
        &[
            IN_SERVICE,
            ALONE,
            "log topic 2; partition t2-0 replicas=1 isr=1 leader=1",
            "produce c2 acks=1 t2-0 a",
            "produce c2 acks=1 t2-0 b",
        ],
        "
        read c1 t1-0@0 t2-0@0 max=1
        > OversizedBatchRead { partition: t2-0 }
        > c1: fetched t1-0 hw=0, t2-0 hw=2 [0-0:e0]
        read c1 t2-0@0 t1-0@0 partition.max=0
        > OversizedBatchRead { partition: t2-0 }
        > c1: fetched t2-0 hw=2 [0-0:e0], t1-0 hw=0
        read c1 t2-0@1 t1-0@0 max=0
        > OversizedBatchRead { partition: t2-0 }
        > c1: fetched t2-0 hw=2 [1-1:e0], t1-0 hw=0
        ",
    );
}

#[test]
fn a_batch_that_does_not_fit_takes_the_room_of_the_partitions_behind() {
    check(
        &[
            IN_SERVICE,
            ALONE,
            "log topic 2; partition t2-0 replicas=1 isr=1 leader=1",
            "produce c2 acks=1 t1-0 a t2-0 a",
            "produce c2 acks=1 t1-0 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        ],
        "
        read c1 t1-0@0 t2-0@0 max=180
        > c1: fetched t1-0 hw=2 [0-0:e0], t2-0 hw=1
        read c1 t1-0@0 t2-0@0 max=180 partition.max=100
        > c1: fetched t1-0 hw=2 [0-0:e0], t2-0 hw=1 [0-0:e0]
        ",
    );
}

#[test]
fn bytes_of_several_partitions_add_up_to_what_is_waited_for() {
    check(
        &[
            IN_SERVICE,
            ALONE,
            "log topic 2; partition t2-0 replicas=1 isr=1 leader=1",
            "produce c2 acks=1 t1-0 a",
        ],
        "
        read c1 t1-0@0 t2-0@0 min=100
        > Parked { produce: false }
        > set fetch-wait c1 500 monotonic
        produce c2 acks=1 t2-0 b
        > leader appends t2-0 [0-0:e0]
        > leader t2-0 high watermark 1
        > c2: produced t2-0 @0
        > cancel fetch-wait c1
        > c1: fetched t1-0 hw=1 [0-0:e0], t2-0 hw=1 [0-0:e0]
        ",
    );
}

#[test]
fn more_than_an_answer_may_have_is_not_waited_for() {
    check(
        &[IN_SERVICE, ALONE, "produce c2 acks=1 t1-0 a"],
        "
        read c1 t1-0@0 min=1000 max=1000
        > Parked { produce: false }
        > set fetch-wait c1 500 monotonic
        timer fetch-wait c1
        > ParkedExpired { produce: false }
        > c1: fetched t1-0 hw=1 [0-0:e0]
        read c1 t1-0@0 min=1000 max=60
        > OversizedBatchRead { partition: t1-0 }
        > c1: fetched t1-0 hw=1 [0-0:e0]
        ",
    );
}

#[test]
fn epochs_must_match() {
    check(
        &[IN_SERVICE, ALONE, "log change t1-0 leader=1"],
        "
        read c1 t1-0@0 e=0
        > EpochRefused { partition: t1-0, error: FencedLeaderEpoch }
        > c1: fetched t1-0 FENCED_LEADER_EPOCH leader=1
        read c1 t1-0@0 e=2
        > EpochRefused { partition: t1-0, error: UnknownLeaderEpoch }
        > c1: fetched t1-0 UNKNOWN_LEADER_EPOCH
        read c1 t1-0@0 e=1
        > Parked { produce: false }
        > set fetch-wait c1 500 monotonic
        log change t1-0 leader=1
        > leads t1-0 in e2 from 0
        > t1-0 p2 in sync 1
        > 9 Metadata: fetch metadata@11 e=-1 last=-1
        timer fetch-wait c1
        > ParkedExpired { produce: false }
        > EpochRefused { partition: t1-0, error: FencedLeaderEpoch }
        > c1: fetched t1-0 FENCED_LEADER_EPOCH leader=1
        end-of c1 t1-0 0 e=1
        > EpochRefused { partition: t1-0, error: FencedLeaderEpoch }
        > c1: t1-0 FENCED_LEADER_EPOCH
        end-of c1 t1-0 0 e=2
        > c1: t1-0 e0 ends at 0
        end-of c1 t1-0 7
        > c1: t1-0 e-1 ends at -1
        list c1 t1-0 latest e=3
        > EpochRefused { partition: t1-0, error: UnknownLeaderEpoch }
        > c1: listed t1-0 UNKNOWN_LEADER_EPOCH
        ",
    );
}

#[test]
fn a_parked_fetch_ends_when_its_leader_steps_down() {
    check(
        &[IN_SERVICE, LEADING],
        "
        read c1 t1-0@0
        > Parked { produce: false }
        > set fetch-wait c1 500 monotonic
        fetch 2 t1-0@0 e=0
        > set lag t1-0 2 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        log change t1-0 leader=2
        > cancel lag t1-0 2
        > cancel lag t1-0 3
        > follows t1-0 in e1 2
        > connect 2 Replica
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        > cancel fetch-wait 2 Replica
        > EpochRefused { partition: t1-0, error: FencedLeaderEpoch }
        > 2 Replica: fetched t1-0 FENCED_LEADER_EPOCH leader=2
        > cancel fetch-wait c1
        > c1: fetched t1-0 NOT_LEADER_OR_FOLLOWER leader=2
        read c1 t1-0@0 e=1
        > c1: fetched t1-0 NOT_LEADER_OR_FOLLOWER leader=2
        read c1 t1-0@0 t8-0@0 t1-5@0
        > c1: fetched t1-0 NOT_LEADER_OR_FOLLOWER leader=2, t8-0 UNKNOWN_TOPIC_ID, t1-5 UNKNOWN_TOPIC_OR_PARTITION
        ",
    );
}

#[test]
fn offsets_must_be_in_range() {
    check(
        &[IN_SERVICE, LEADING, "produce c2 acks=1 t1-0 a,b"],
        "
        read c1 t1-0@3
        > c1: fetched t1-0 OFFSET_OUT_OF_RANGE
        read c1 t1-0@2
        > c1: fetched t1-0 hw=0
        fetch 2 t1-0@3 e=0
        > 2 Replica: fetched t1-0 OFFSET_OUT_OF_RANGE
        ",
    );
}

#[test]
fn a_fetcher_whose_log_diverges_is_told_where_and_is_not_believed() {
    check(
        &[
            IN_SERVICE,
            "log partition t1-0 replicas=2,1,3 isr=2,1 leader=2",
            "open 2 Replica",
            "got 2 t1-0 hw=0 [0-1:e0]",
            "log change t1-0 leader=1",
            "produce c2 acks=1 t1-0 c",
        ],
        "
        fetch 2 t1-0@4 e=1 last=0
        > FetchDiverged { partition: t1-0, follower: NodeId(2) }
        > 2 Replica: fetched t1-0 hw=0  diverging=0:2
        fetch 3 t1-0@1 e=1 last=5
        > 3 Replica: fetched t1-0 OFFSET_OUT_OF_RANGE
        read c1 t1-0@1 last=7
        > c1: fetched t1-0 OFFSET_OUT_OF_RANGE
        fetch 2 t1-0@2 e=1 last=0
        > mark t1-0 2
        > leader t1-0 high watermark 2
        > 2 Replica: fetched t1-0 hw=0 [2-2:e1]
        > set checkpoint 0..5000 monotonic
        fetch 2 t1-0@3 e=1 last=1 wait=0
        > set lag t1-0 2 30000..45000 wall
        > leader t1-0 high watermark 3
        > 2 Replica: fetched t1-0 hw=2
        ",
    );
}

#[test]
fn without_validation_a_diverging_fetcher_is_believed() {
    let rules = Rules {
        validates_each_fetch: || false,
        ..Rules::CURRENT
    };
    check_with(
        rules,
        &[
            IN_SERVICE,
            "log partition t1-0 replicas=1,2 isr=1,2 leader=1; change t1-0 leader=1",
            "produce c2 acks=1 t1-0 a,b",
        ],
        "
        fetch 2 t1-0@2 e=1 last=0 wait=0
        > set lag t1-0 2 30000..45000 wall
        > leader t1-0 high watermark 2
        > 2 Replica: fetched t1-0 hw=0
        > set checkpoint 0..5000 monotonic
        ",
    );
}

#[test]
fn only_the_assigned_follow() {
    check(
        &[IN_SERVICE, "log partition t1-0 replicas=1,2 isr=1,2 leader=1"],
        "
        fetch 3 t1-0@0 e=0
        > EpochRefused { partition: t1-0, error: UnknownLeaderEpoch }
        > 3 Replica: fetched t1-0 UNKNOWN_LEADER_EPOCH
        fetch 3 t1-0@0
        > 3 Replica: fetched t1-0 NOT_LEADER_OR_FOLLOWER leader=1
        ",
    );
}

#[test]
fn an_error_in_one_partition_answers_the_others_too() {
    check(
        &[IN_SERVICE, ALONE],
        "
        read c1 t1-0@0 t3-0@0
        > c1: fetched t1-0 hw=0, t3-0 UNKNOWN_TOPIC_ID
        ",
    );
}

#[test]
fn a_late_read_is_nothing() {
    check(
        &[IN_SERVICE, ALONE],
        "
        read c1 t1-0@0 late
        ",
    );
}
