//! DeleteRecords, and logs that start later.

use super::{FOLLOWING, IN_SERVICE, LEADING, check};

#[test]
fn a_deletion_waits_for_the_live_followers() {
    check(
        &[
            IN_SERVICE,
            LEADING,
            "produce c2 acks=1 t1-0 a,b,c",
            "fetch 2 t1-0@3 e=0 last=0",
            "fetch 3 t1-0@3 e=0 last=0",
            "timer fetch-wait 2",
            "timer fetch-wait 3",
        ],
        "
        delete c1 t1-0 2
        > t1-0 starts at 2, DeleteRecords
        > set delete-wait c1 30000 monotonic
        > set starts 0..60000 monotonic
        read c2 t1-0@1
        > c2: fetched t1-0 OFFSET_OUT_OF_RANGE
        read c2 t1-0@2
        > c2: fetched t1-0 hw=3 [0-2:e0]
        list c2 t1-0 earliest
        > c2: listed t1-0 2 e0 time -1
        fetch 2 t1-0@3 e=0 last=0 start=2
        > set lag t1-0 2 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        fetch 3 t1-0@3 e=0 last=0 start=1
        > set lag t1-0 3 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 3 Replica 500 monotonic
        timer fetch-wait 3
        > ParkedExpired { produce: false }
        > 3 Replica: fetched t1-0 hw=3
        fetch 3 t1-0@3 e=0 last=0 start=2
        > set lag t1-0 3 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 3 Replica 500 monotonic
        > cancel delete-wait c1
        > c1: deleted t1-0 low watermark 2
        timer starts
        > disk log starts t1-0:2
        ",
    );
}

#[test]
fn a_deletion_does_not_wait_for_the_dead_nor_for_ever() {
    check(
        &[
            IN_SERVICE,
            LEADING,
            "produce c2 acks=1 t1-0 a,b",
            "fetch 2 t1-0@2 e=0 last=0",
            "fetch 3 t1-0@2 e=0 last=0",
        ],
        "
        delete c1 t1-0 committed timeout=100
        > t1-0 starts at 2, DeleteRecords
        > set delete-wait c1 100 monotonic
        > set starts 0..60000 monotonic
        timer delete-wait c1
        > c1: deleted t1-0 REQUEST_TIMED_OUT
        delete c1 t1-0 1 timeout=0
        > c1: deleted t1-0 REQUEST_TIMED_OUT
        log fence 3 epoch=2
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        timer fetch-wait 2
        > ParkedExpired { produce: false }
        > 2 Replica: fetched t1-0 hw=2
        fetch 2 t1-0@2 e=0 last=0 start=2
        > set lag t1-0 2 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        delete c1 t1-0 1
        > c1: deleted t1-0 low watermark 2
        delete c1 t1-0 3
        > c1: deleted t1-0 OFFSET_OUT_OF_RANGE
        delete c1 t1-0 -5
        > c1: deleted t1-0 OFFSET_OUT_OF_RANGE
        delete c1 t9-0 0
        > c1: deleted t9-0 UNKNOWN_TOPIC_OR_PARTITION
        ",
    );
}

#[test]
fn a_deletion_ends_with_the_leadership() {
    check(
        &[IN_SERVICE, LEADING],
        "
        produce c2 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > c2: produced t1-0 @0
        fetch 2 t1-0@1 e=0 last=0
        > set lag t1-0 2 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        delete c1 t1-0 0
        > set delete-wait c1 30000 monotonic
        log change t1-0 leader=2
        > cancel lag t1-0 2
        > cancel lag t1-0 3
        > follows t1-0 in e1 2
        > connect 2 Replica
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        > cancel fetch-wait 2 Replica
        > EpochRefused { partition: t1-0, error: FencedLeaderEpoch }
        > 2 Replica: fetched t1-0 FENCED_LEADER_EPOCH leader=2
        > cancel delete-wait c1
        > c1: deleted t1-0 NOT_LEADER_OR_FOLLOWER
        delete c1 t1-0 0
        > c1: deleted t1-0 NOT_LEADER_OR_FOLLOWER
        ",
    );
}

#[test]
fn a_follower_starts_where_its_leader_does() {
    check(
        &[IN_SERVICE, FOLLOWING],
        "
        got 2 t1-0 hw=3 start=2 [0-1:e0] [2-2:e0]
        > follower appends t1-0 [0-1:e0]
        > follower appends t1-0 [2-2:e0]
        > follower t1-0 high watermark 3
        > t1-0 starts at 2, Leader
        > 2 Replica: fetch t1-0@3 e=0 last=0
        > set checkpoint 0..5000 monotonic
        > set starts 0..60000 monotonic
        got 2 t1-0 hw=3 start=1
        > 2 Replica: fetch t1-0@3 e=0 last=0
        ",
    );
}

#[test]
fn a_follower_that_ends_before_its_leader_starts_begins_anew() {
    check(
        &[IN_SERVICE, FOLLOWING, "got 2 t1-0 hw=1 [0-0:e0]"],
        "
        got 2 t1-0 error=OFFSET_OUT_OF_RANGE
        > 2 Replica: end-of t1-0 0 e=0
        end 2 t1-0 9 e=0
        > 2 Replica: list t1-0 Earliest e=0
        start 2 t1-0 5
        > LogStartedAnew { partition: t1-0, at: Offset(5) }
        > follower t1-0 high watermark 5
        > 2 Replica: fetch t1-0@5 e=0 last=-1
        > set starts 0..60000 monotonic
        got 2 t1-0 hw=7 start=5 [4-6:e0] [7-8:e0]
        > follower appends t1-0 [4-6:e0]
        > follower appends t1-0 [7-8:e0]
        > follower t1-0 high watermark 7
        > 2 Replica: fetch t1-0@9 e=0 last=0
        ",
    );
}

#[test]
fn who_is_not_told_where_the_leader_starts_tries_again() {
    check(
        &[IN_SERVICE, FOLLOWING],
        "
        got 2 t1-0 error=OFFSET_OUT_OF_RANGE
        > 2 Replica: end-of t1-0 0 e=0
        end 2 t1-0 9 e=0
        > 2 Replica: list t1-0 Earliest e=0
        start 2 t1-0 error=NOT_LEADER_OR_FOLLOWER
        > set fetch 2 1000 wall
        timer fetch 2
        > 2 Replica: fetch t1-0@0 e=0 last=-1
        ",
    );
}
