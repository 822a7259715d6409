//! The leader's side of replication: high watermark, in-sync replicas, proposals.

use super::{IN_SERVICE, LEADING, WITHOUT_3, check};

/// As [`LEADING`], and both followers have fetched everything: nothing.
const EVERYBODY_FETCHES: &str = "
    fetch 2 t1-0@0 e=0
    fetch 3 t1-0@0 e=0
";

#[test]
fn the_high_watermark_is_what_everybody_in_sync_has() {
    check(
        &[IN_SERVICE],
        "
        log partition t1-0 replicas=1,2,3 isr=1,2,3 leader=1
        > disk create t1-0
        > leads t1-0 in e0 from 0
        > set lag t1-0 2 30000..45000 wall
        > set lag t1-0 3 30000..45000 wall
        > t1-0 p0 in sync 1,2,3
        > 9 Metadata: fetch metadata@9 e=-1 last=-1
        fetch 2 t1-0@0 e=0
        > set lag t1-0 2 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        fetch 3 t1-0@0 e=0
        > set lag t1-0 3 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 3 Replica 500 monotonic
        produce c1 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > c1: produced t1-0 @0
        > cancel fetch-wait 2 Replica
        > 2 Replica: fetched t1-0 hw=0 [0-0:e0]
        > cancel fetch-wait 3 Replica
        > 3 Replica: fetched t1-0 hw=0 [0-0:e0]
        fetch 2 t1-0@1 e=0 last=0
        > set lag t1-0 2 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        fetch 3 t1-0@1 e=0 last=0
        > set lag t1-0 3 30000..45000 wall
        > leader t1-0 high watermark 1
        > Parked { produce: false }
        > set fetch-wait 3 Replica 500 monotonic
        > set checkpoint 0..5000 monotonic
        timer checkpoint
        > disk high watermarks t1-0:1
        ",
    );
}

#[test]
fn a_new_leader_knows_nothing_of_its_followers() {
    check(
        &[IN_SERVICE, LEADING, EVERYBODY_FETCHES],
        "
        log change t1-0 leader=2
        > cancel lag t1-0 2
        > cancel lag t1-0 3
        > follows t1-0 in e1 2
        > connect 2 Replica
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        > cancel fetch-wait 2 Replica
        > EpochRefused { partition: t1-0, error: FencedLeaderEpoch }
        > 2 Replica: fetched t1-0 FENCED_LEADER_EPOCH leader=2
        > cancel fetch-wait 3 Replica
        > EpochRefused { partition: t1-0, error: FencedLeaderEpoch }
        > 3 Replica: fetched t1-0 FENCED_LEADER_EPOCH leader=2
        log change t1-0 leader=1
        > leads t1-0 in e2 from 0
        > set lag t1-0 2 30000..45000 wall
        > set lag t1-0 3 30000..45000 wall
        > t1-0 p2 in sync 1,2,3
        > 9 Metadata: fetch metadata@11 e=-1 last=-1
        produce c1 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e2]
        > c1: produced t1-0 @0
        fetch 3 t1-0@0 e=2
        > mark t1-0 3
        > 3 Replica: fetched t1-0 hw=0 [0-0:e2]
        fetch 2 t1-0@1 e=2 last=2
        > set lag t1-0 2 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        fetch 3 t1-0@1 e=2 last=2
        > set lag t1-0 3 30000..45000 wall
        > leader t1-0 high watermark 1
        > Parked { produce: false }
        > set fetch-wait 3 Replica 500 monotonic
        > set checkpoint 0..5000 monotonic
        ",
    );
}

#[test]
fn a_follower_that_lags_is_proposed_to_leave_and_counts_until_that_is_committed() {
    check(
        &[IN_SERVICE, LEADING, EVERYBODY_FETCHES],
        "
        produce c1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > Parked { produce: true }
        > set produce-wait c1 30000 monotonic
        > cancel fetch-wait 2 Replica
        > 2 Replica: fetched t1-0 hw=0 [0-0:e0]
        > cancel fetch-wait 3 Replica
        > 3 Replica: fetched t1-0 hw=0 [0-0:e0]
        fetch 2 t1-0@1 e=0 last=0
        > set lag t1-0 2 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        timer lag t1-0 3
        > shrink t1-0 to 1,2
        > connect 9 AlterPartition
        open 9 AlterPartition
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,2@1
        altered t1-0 e=0 p=1 isr=1,2
        > t1-0 p1 in sync 1,2
        > leader t1-0 high watermark 1
        > set checkpoint 0..5000 monotonic
        > cancel produce-wait c1
        > c1: produced t1-0 @0
        log change t1-0 isr=1,2
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        ",
    );
}

#[test]
fn a_silent_follower_that_is_level_with_the_log_stays_until_something_is_appended() {
    check(
        &[IN_SERVICE, LEADING, EVERYBODY_FETCHES],
        "
        timer lag t1-0 3
        produce c1 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > set lag t1-0 3 0..15000 wall
        > c1: produced t1-0 @0
        > cancel fetch-wait 2 Replica
        > 2 Replica: fetched t1-0 hw=0 [0-0:e0]
        > cancel fetch-wait 3 Replica
        > 3 Replica: fetched t1-0 hw=0 [0-0:e0]
        produce c1 acks=1 t1-0 b
        > leader appends t1-0 [1-1:e0]
        > c1: produced t1-0 @1
        timer lag t1-0 3
        > shrink t1-0 to 1,2
        > connect 9 AlterPartition
        ",
    );
}

#[test]
fn a_silent_follower_that_comes_back_in_time_stays() {
    check(
        &[IN_SERVICE, LEADING, EVERYBODY_FETCHES],
        "
        timer lag t1-0 3
        produce c1 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > set lag t1-0 3 0..15000 wall
        > c1: produced t1-0 @0
        > cancel fetch-wait 2 Replica
        > 2 Replica: fetched t1-0 hw=0 [0-0:e0]
        > cancel fetch-wait 3 Replica
        > 3 Replica: fetched t1-0 hw=0 [0-0:e0]
        fetch 3 t1-0@1 e=0 last=0
        > set lag t1-0 3 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 3 Replica 500 monotonic
        ",
    );
}

#[test]
fn one_that_always_lags_a_little_behind_a_busy_leader_stays() {
    check(
        &[IN_SERVICE, LEADING, EVERYBODY_FETCHES],
        "
        produce c1 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > c1: produced t1-0 @0
        > cancel fetch-wait 2 Replica
        > 2 Replica: fetched t1-0 hw=0 [0-0:e0]
        > cancel fetch-wait 3 Replica
        > 3 Replica: fetched t1-0 hw=0 [0-0:e0]
        produce c1 acks=1 t1-0 b
        > leader appends t1-0 [1-1:e0]
        > c1: produced t1-0 @1
        fetch 2 t1-0@1 e=0 last=0
        > mark t1-0 2
        > 2 Replica: fetched t1-0 hw=0 [1-1:e0]
        produce c1 acks=1 t1-0 c
        > leader appends t1-0 [2-2:e0]
        > c1: produced t1-0 @2
        fetch 2 t1-0@2 e=0 last=0
        > set lag t1-0 2 30000..45000 wall from mark
        > mark t1-0 2
        > 2 Replica: fetched t1-0 hw=0 [2-2:e0]
        fetch 2 t1-0@2 e=0 last=0
        > mark t1-0 2
        > 2 Replica: fetched t1-0 hw=0 [2-2:e0]
        fetch 2 t1-0@3 e=0 last=0
        > set lag t1-0 2 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        ",
    );
}

#[test]
fn two_that_lag_leave_together() {
    check(
        &[IN_SERVICE, LEADING, EVERYBODY_FETCHES],
        "
        timer lag t1-0 2
        produce c1 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > set lag t1-0 2 0..15000 wall
        > c1: produced t1-0 @0
        > cancel fetch-wait 2 Replica
        > 2 Replica: fetched t1-0 hw=0 [0-0:e0]
        > cancel fetch-wait 3 Replica
        > 3 Replica: fetched t1-0 hw=0 [0-0:e0]
        timer lag t1-0 3
        > shrink t1-0 to 1
        > connect 9 AlterPartition
        open 9 AlterPartition
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0
        timer lag t1-0 2
        altered t1-0 e=0 p=1 isr=1
        > t1-0 p1 in sync 1
        ",
    );
}

#[test]
fn one_that_lags_during_a_proposal_is_looked_at_after_it() {
    check(
        &[IN_SERVICE, LEADING, EVERYBODY_FETCHES],
        "
        produce c1 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > c1: produced t1-0 @0
        > cancel fetch-wait 2 Replica
        > 2 Replica: fetched t1-0 hw=0 [0-0:e0]
        > cancel fetch-wait 3 Replica
        > 3 Replica: fetched t1-0 hw=0 [0-0:e0]
        timer lag t1-0 3
        > shrink t1-0 to 1,2
        > connect 9 AlterPartition
        open 9 AlterPartition
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,2@1
        timer lag t1-0 2
        altered t1-0 e=0 p=1 isr=1,2
        > t1-0 p1 in sync 1,2
        > set lag t1-0 2 0..15000 wall
        timer lag t1-0 2
        > shrink t1-0 to 1
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=1 isr=1@0
        ",
    );
}

#[test]
fn a_follower_that_reaches_the_high_watermark_is_let_in_and_counts_at_once() {
    check(
        &[IN_SERVICE, WITHOUT_3],
        "
        produce c1 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > c1: produced t1-0 @0
        > cancel fetch-wait 2 Replica
        > 2 Replica: fetched t1-0 hw=0 [0-0:e0]
        fetch 3 t1-0@0 e=0
        > mark t1-0 3
        > expand t1-0 to 1,2,3
        > 3 Replica: fetched t1-0 hw=0 [0-0:e0]
        > connect 9 AlterPartition
        fetch 2 t1-0@1 e=0 last=0
        > set lag t1-0 2 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        open 9 AlterPartition
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,2@1,3@2
        fetch 3 t1-0@1 e=0 last=0
        > set lag t1-0 3 30000..45000 wall
        > leader t1-0 high watermark 1
        > Parked { produce: false }
        > set fetch-wait 3 Replica 500 monotonic
        > set checkpoint 0..5000 monotonic
        altered t1-0 e=0 p=1 isr=1,2,3
        > t1-0 p1 in sync 1,2,3
        ",
    );
}

#[test]
fn a_follower_is_not_let_in_before_it_reaches_the_start_of_the_epoch() {
    // The high watermark of a new leader lags behind what is committed (KAFKA-7128).
    check(
        &[
            IN_SERVICE,
            "log partition t1-0 replicas=2,1,3 isr=2,1 leader=2",
            "open 2 Replica",
            "got 2 t1-0 hw=0 [0-1:e0]",
        ],
        "
        log change t1-0 leader=1
        > leads t1-0 in e1 from 2
        > set lag t1-0 2 30000..45000 wall
        > t1-0 p1 in sync 2,1
        > disconnect 2 Replica
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        fetch 3 t1-0@0 e=1
        > mark t1-0 3
        > 3 Replica: fetched t1-0 hw=0 [0-1:e0]
        fetch 3 t1-0@2 e=1 last=1
        > set lag t1-0 3 30000..45000 wall
        > expand t1-0 to 2,1,3
        > Parked { produce: false }
        > set fetch-wait 3 Replica 500 monotonic
        > connect 9 AlterPartition
        ",
    );
}

#[test]
fn a_follower_is_not_let_in_while_fenced_or_leaving_or_of_another_registration() {
    check(
        &[IN_SERVICE, WITHOUT_3],
        "
        log fence 3
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        fetch 3 t1-0@0 e=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > 3 Replica: fetched t1-0 hw=0
        log unfence 3; leaving 3
        > 9 Metadata: fetch metadata@12 e=-1 last=-1
        fetch 3 t1-0@0 e=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > 3 Replica: fetched t1-0 hw=0
        log register 3; unfence 3 epoch=12
        > 9 Metadata: fetch metadata@14 e=-1 last=-1
        fetch 3 t1-0@0 e=0 wait=0
        > 3 Replica: fetched t1-0 NOT_LEADER_OR_FOLLOWER leader=1
        fetch 3 t1-0@0 e=0 wait=0 as=13
        > set lag t1-0 3 30000..45000 wall
        > 3 Replica: fetched t1-0 hw=0
        fetch 3 t1-0@0 e=0 wait=0 as=12
        > set lag t1-0 3 30000..45000 wall
        > expand t1-0 to 1,2,3
        > 3 Replica: fetched t1-0 hw=0
        > connect 9 AlterPartition
        ",
    );
}

#[test]
fn under_min_isr_nothing_is_committed() {
    check(
        &[IN_SERVICE, "log partition t1-0 replicas=1,2,3 isr=1 leader=1"],
        "
        produce c1 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > c1: produced t1-0 @0
        fetch 2 t1-0@1 e=0 last=0
        > set lag t1-0 2 30000..45000 wall
        > expand t1-0 to 1,2
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        > connect 9 AlterPartition
        open 9 AlterPartition
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,2@1
        altered t1-0 e=0 p=1 isr=1,2
        > t1-0 p1 in sync 1,2
        > leader t1-0 high watermark 1
        > set checkpoint 0..5000 monotonic
        ",
    );
}

#[test]
fn the_high_watermark_waits_for_one_that_is_about_to_be_let_in() {
    check(
        &[
            IN_SERVICE,
            "log config topic1 min.insync.replicas=1; partition t1-0 replicas=1,2,3 isr=1 leader=1",
        ],
        "
        fetch 3 t1-0@0 e=0
        > set lag t1-0 3 30000..45000 wall
        > expand t1-0 to 1,3
        > Parked { produce: false }
        > set fetch-wait 3 Replica 500 monotonic
        > connect 9 AlterPartition
        open 9 AlterPartition
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,3@2
        altered t1-0 error=INELIGIBLE_REPLICA
        produce c1 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e0]
        > c1: produced t1-0 @0
        > cancel fetch-wait 3 Replica
        > 3 Replica: fetched t1-0 hw=0 [0-0:e0]
        timer lag t1-0 3
        produce c1 acks=1 t1-0 b
        > leader appends t1-0 [1-1:e0]
        > leader t1-0 high watermark 2
        > c1: produced t1-0 @1
        > set checkpoint 0..5000 monotonic
        ",
    );
}

#[test]
fn a_leader_that_is_elected_again_counts_time_anew() {
    check(
        &[IN_SERVICE, LEADING, EVERYBODY_FETCHES],
        "
        log change t1-0 isr=1,2 leader=1
        > leads t1-0 in e1 from 0
        > set lag t1-0 2 30000..45000 wall
        > cancel lag t1-0 3
        > t1-0 p1 in sync 1,2
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        produce c1 acks=1 t1-0 a
        > leader appends t1-0 [0-0:e1]
        > c1: produced t1-0 @0
        > cancel fetch-wait 2 Replica
        > EpochRefused { partition: t1-0, error: FencedLeaderEpoch }
        > 2 Replica: fetched t1-0 FENCED_LEADER_EPOCH leader=1
        > cancel fetch-wait 3 Replica
        > EpochRefused { partition: t1-0, error: FencedLeaderEpoch }
        > 3 Replica: fetched t1-0 FENCED_LEADER_EPOCH leader=1
        fetch 2 t1-0@1 e=1 last=1
        > set lag t1-0 2 30000..45000 wall
        > leader t1-0 high watermark 1
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        > set checkpoint 0..5000 monotonic
        ",
    );
}

#[test]
fn an_older_registration_cannot_speak_for_a_newer_one() {
    check(
        &[IN_SERVICE, LEADING],
        "
        log register 2; unfence 2 epoch=9
        > 9 Metadata: fetch metadata@11 e=-1 last=-1
        fetch 2 t1-0@0 e=0 as=1
        > 2 Replica: fetched t1-0 NOT_LEADER_OR_FOLLOWER leader=1
        fetch 2 t1-0@0 e=0 as=9
        > set lag t1-0 2 30000..45000 wall
        > Parked { produce: false }
        > set fetch-wait 2 Replica 500 monotonic
        ",
    );
}

#[test]
fn a_late_fetch_counts_but_is_not_answered() {
    check(
        &[
            IN_SERVICE,
            LEADING,
            "fetch 2 t1-0@0 e=0",
            "fetch 3 t1-0@0 e=0",
            "produce c1 acks=1 t1-0 a",
            "fetch 2 t1-0@1 e=0 last=0",
        ],
        "
        fetch 3 t1-0@1 e=0 last=0 late
        > set lag t1-0 3 30000..45000 wall
        > leader t1-0 high watermark 1
        > set checkpoint 0..5000 monotonic
        ",
    );
}
