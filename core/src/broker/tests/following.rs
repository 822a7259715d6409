//! The follower's side of replication.

use alloc::format;

use super::{FOLLOWING, IN_SERVICE, check, check_with};
use crate::rules::{Rules, Truncation};

#[test]
fn a_follower_appends_what_it_fetches_and_caps_the_high_watermark() {
    check(
        &[IN_SERVICE],
        "
        log partition t1-0 replicas=2,1,3 isr=2,1,3 leader=2
        > disk create t1-0
        > follows t1-0 in e0 2
        > connect 2 Replica
        > 9 Metadata: fetch metadata@9 e=-1 last=-1
        open 2 Replica
        > 2 Replica: fetch t1-0@0 e=0 last=-1
        got 2 t1-0 hw=5 [0-1:e0] [2-2:e0]
        > follower appends t1-0 [0-1:e0]
        > follower appends t1-0 [2-2:e0]
        > follower t1-0 high watermark 3
        > 2 Replica: fetch t1-0@3 e=0 last=0
        > set checkpoint 0..5000 monotonic
        got 2 t1-0 hw=2
        > follower t1-0 high watermark 2
        > 2 Replica: fetch t1-0@3 e=0 last=0
        got 2 t1-0 hw=2 [3-3:e0]
        > follower appends t1-0 [3-3:e0]
        > 2 Replica: fetch t1-0@4 e=0 last=0
        ",
    );
}

#[test]
fn a_follower_that_diverges_truncates_and_fetches_again() {
    check(
        &[
            IN_SERVICE,
            FOLLOWING,
            "got 2 t1-0 hw=1 [0-0:e0] [1-2:e0]",
            "log change t1-0 leader=3",
            "open 3 Replica",
        ],
        "
        got 3 t1-0 diverging=0:1 hw=3
        > Truncated { partition: t1-0, from: Offset(3), to: Offset(1) }
        > 3 Replica: fetch t1-0@1 e=1 last=0
        got 3 t1-0 hw=1 [1-1:e1]
        > follower appends t1-0 [1-1:e1]
        > 3 Replica: fetch t1-0@2 e=1 last=1
        ",
    );
}

#[test]
fn what_a_later_leader_appended_waits_for_its_epoch() {
    // KAFKA-18723: the second batch is of an epoch in which this replica does not follow yet; before 4.1 it was appended.
    let answer = |appended: &str, end: u8, last: u8| {
        format!(
            "
            got 2 t1-0 hw=2 [0-0:e0] [1-1:e1] [2-2:e1]
            > follower appends t1-0 [0-0:e0]{appended}
            > follower t1-0 high watermark {}
            > 2 Replica: fetch t1-0@{end} e=0 last={last}
            > set checkpoint 0..5000 monotonic
            ",
            end.min(2)
        )
    };
    check(&[IN_SERVICE, FOLLOWING], &answer("", 1, 0));
    let before_4_1 = Rules {
        takes_fetched: |_| true,
        ..Rules::CURRENT
    };
    let appended = "
            > follower appends t1-0 [1-1:e1]
            > follower appends t1-0 [2-2:e1]";
    check_with(before_4_1, &[IN_SERVICE, FOLLOWING], &answer(appended, 3, 1));
}

#[test]
fn a_follower_that_does_not_know_the_epoch_of_the_leader_goes_back_before_it() {
    // KIP-279: this replica has epochs 0 and 2, the leader 0, 1 and 3.
    check(
        &[
            IN_SERVICE,
            FOLLOWING,
            "got 2 t1-0 hw=0 [0-0:e0]",
            "log change t1-0 leader=2; change t1-0 leader=2",
            // What was asked in the first epoch is answered, and asked again.
            "got 2 t1-0 hw=0",
            "got 2 t1-0 hw=0 [1-1:e2]",
            "log change t1-0 leader=3",
            "open 3 Replica",
        ],
        "
        got 3 t1-0 diverging=1:5 hw=0
        > Truncated { partition: t1-0, from: Offset(2), to: Offset(1) }
        > 3 Replica: fetch t1-0@1 e=3 last=0
        got 3 t1-0 hw=0 [1-1:e1]
        > follower appends t1-0 [1-1:e1]
        > 3 Replica: fetch t1-0@2 e=3 last=1
        ",
    );
}

#[test]
fn an_epoch_that_was_begun_but_never_written_in_goes() {
    check(
        &[
            IN_SERVICE,
            FOLLOWING,
            "got 2 t1-0 hw=1 [0-0:e0]",
            "log change t1-0 leader=1",
        ],
        "
        log change t1-0 leader=3
        > cancel lag t1-0 2
        > cancel lag t1-0 3
        > follows t1-0 in e2 3
        > connect 3 Replica
        > 9 Metadata: fetch metadata@11 e=-1 last=-1
        open 3 Replica
        > 3 Replica: fetch t1-0@1 e=2 last=1
        got 3 t1-0 diverging=0:1 hw=1
        > 3 Replica: fetch t1-0@1 e=2 last=0
        ",
    );
}

#[test]
fn an_answer_from_before_counts_for_nothing() {
    check(
        &[IN_SERVICE, FOLLOWING],
        "
        log change t1-0 leader=2
        > follows t1-0 in e1 2
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        got 2 t1-0 hw=5 [0-0:e0]
        > 2 Replica: fetch t1-0@0 e=1 last=-1
        log change t1-0 leader=3
        > follows t1-0 in e2 3
        > disconnect 2 Replica
        > connect 3 Replica
        > 9 Metadata: fetch metadata@11 e=-1 last=-1
        got 2 t1-0 hw=5 [0-0:e0]
        ",
    );
}

#[test]
fn errors_are_waited_out() {
    check(
        &[
            IN_SERVICE,
            FOLLOWING,
            "log topic 2; partition t2-0 replicas=2,1 isr=2,1 leader=2",
        ],
        "
        got 2 t1-0 error=UNKNOWN_LEADER_EPOCH
        > set fetch 2 1000 wall
        > 2 Replica: fetch t2-0@0 e=0 last=-1
        got 2 t2-0 error=NOT_LEADER_OR_FOLLOWER
        timer fetch 2
        > 2 Replica: fetch t1-0@0 e=0 last=-1, t2-0@0 e=0 last=-1
        got 2 t1-0 error=FENCED_LEADER_EPOCH
        > set fetch 2 1000 wall
        timer fetch 2
        > 2 Replica: fetch t2-0@0 e=0 last=-1
        log change t1-0 leader=2
        > follows t1-0 in e1 2
        > 9 Metadata: fetch metadata@12 e=-1 last=-1
        ",
    );
}

#[test]
fn a_back_off_that_is_moot_ends() {
    check(
        &[IN_SERVICE, FOLLOWING, "got 2 t1-0 error=UNKNOWN_LEADER_EPOCH"],
        "
        log change t1-0 leader=1
        > leads t1-0 in e1 from 0
        > set lag t1-0 2 30000..45000 wall
        > set lag t1-0 3 30000..45000 wall
        > t1-0 p1 in sync 2,1,3
        > cancel fetch 2
        > disconnect 2 Replica
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        timer fetch 2
        ",
    );
}

#[test]
fn what_is_broken_is_fetched_again_and_what_does_not_fit_is_not() {
    check(
        &[IN_SERVICE, FOLLOWING],
        "
        got 2 t1-0 hw=2 [0-0:e0] [1-1:e0!]
        > follower appends t1-0 [0-0:e0]
        > set fetch 2 1000 wall
        timer fetch 2
        > 2 Replica: fetch t1-0@1 e=0 last=0
        got 2 t1-0 hw=2 [0-0:e0]
        ",
    );
}

#[test]
fn out_of_range_asks_where_the_leader_ends() {
    check(
        &[IN_SERVICE, FOLLOWING, "got 2 t1-0 hw=3 [0-0:e0] [1-2:e0]"],
        "
        got 2 t1-0 error=OFFSET_OUT_OF_RANGE
        > 2 Replica: end-of t1-0 0 e=0
        end 2 t1-0 1 e=0
        > Truncated { partition: t1-0, from: Offset(3), to: Offset(1) }
        > follower t1-0 high watermark 1
        > 2 Replica: fetch t1-0@1 e=0 last=0
        got 2 t1-0 error=OFFSET_OUT_OF_RANGE
        > 2 Replica: end-of t1-0 0 e=0
        end 2 t1-0 1 e=0
        > 2 Replica: list t1-0 Earliest e=0
        start 2 t1-0 0
        > set fetch 2 1000 wall
        timer fetch 2
        > 2 Replica: fetch t1-0@1 e=0 last=0
        got 2 t1-0 error=OFFSET_OUT_OF_RANGE
        > 2 Replica: end-of t1-0 0 e=0
        end 2 t1-0 error=FENCED_LEADER_EPOCH
        ",
    );
}

#[test]
fn a_lost_fetch_is_sent_again() {
    check(
        &[IN_SERVICE, FOLLOWING],
        "
        timer timeout 2 Replica
        > disconnect 2 Replica
        > set reconnect 2 Replica 1000 wall
        timer reconnect 2 Replica
        > connect 2 Replica
        open 2 Replica
        > 2 Replica: fetch t1-0@0 e=0 last=-1
        got 2 t1-0 error=OFFSET_OUT_OF_RANGE
        > 2 Replica: end-of t1-0 0 e=0
        drop 2 Replica
        > set reconnect 2 Replica 1000 wall
        timer reconnect 2 Replica
        > connect 2 Replica
        open 2 Replica
        > 2 Replica: end-of t1-0 0 e=0
        ",
    );
}

#[test]
fn a_leader_that_nobody_follows_is_left() {
    check(
        &[IN_SERVICE, FOLLOWING],
        "
        log change t1-0 leader=none
        > follows t1-0 in e1 -1
        > disconnect 2 Replica
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        log change t1-0 leader=3
        > follows t1-0 in e2 3
        > connect 3 Replica
        > 9 Metadata: fetch metadata@11 e=-1 last=-1
        log change t1-0 leader=1
        > leads t1-0 in e3 from 0
        > set lag t1-0 2 30000..45000 wall
        > set lag t1-0 3 30000..45000 wall
        > t1-0 p3 in sync 2,1,3
        > 9 Metadata: fetch metadata@12 e=-1 last=-1
        open 3 Replica
        > disconnect 3 Replica
        ",
    );
}

#[test]
fn the_end_of_a_connection_that_the_peer_opened_is_no_failure_of_ones_own() {
    check(
        &[IN_SERVICE, "log partition t1-0 replicas=2,1,3 isr=2,1,3 leader=2"],
        "
        drop 2 Replica
        open 2 Replica
        > 2 Replica: fetch t1-0@0 e=0 last=-1
        ",
    );
}

#[test]
fn an_older_rule_truncates_before_it_fetches() {
    let rules = Rules {
        truncation: |log| Truncation::To(log.high_watermark),
        validates_each_fetch: || false,
        ..Rules::CURRENT
    };
    check_with(
        rules,
        &[IN_SERVICE, FOLLOWING],
        "
        got 2 t1-0 hw=1 [0-0:e0] [1-1:e0]
        > follower appends t1-0 [0-0:e0]
        > follower appends t1-0 [1-1:e0]
        > follower t1-0 high watermark 1
        > 2 Replica: fetch t1-0@2 e=0 last=-1
        > set checkpoint 0..5000 monotonic
        log change t1-0 leader=3
        > follows t1-0 in e1 3
        > Truncated { partition: t1-0, from: Offset(2), to: Offset(1) }
        > disconnect 2 Replica
        > connect 3 Replica
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        open 3 Replica
        > 3 Replica: fetch t1-0@1 e=1 last=-1
        ",
    );
}

#[test]
fn before_kip_595_a_follower_asks_until_they_agree() {
    // KIP-279: the leader knows nothing of epoch 2 and answers for 1, of which this replica knows nothing; so it asks about what it has before.
    let rules = Rules {
        truncation: |_| Truncation::AskLeader,
        validates_each_fetch: || false,
        ..Rules::CURRENT
    };
    check_with(
        rules,
        &[
            IN_SERVICE,
            FOLLOWING,
            "got 2 t1-0 hw=0 [0-0:e0]",
            "log change t1-0 leader=2; change t1-0 leader=2",
            // What was fetched in the first epoch is answered, and counts for nothing.
            "got 2 t1-0 hw=0",
            "end 2 t1-0 1 e=0",
            "got 2 t1-0 hw=0 [1-1:e2]",
        ],
        "
        log change t1-0 leader=3
        > follows t1-0 in e3 3
        > disconnect 2 Replica
        > connect 3 Replica
        > 9 Metadata: fetch metadata@12 e=-1 last=-1
        open 3 Replica
        > 3 Replica: end-of t1-0 2 e=3
        end 3 t1-0 5 e=1
        > Truncated { partition: t1-0, from: Offset(2), to: Offset(1) }
        > 3 Replica: end-of t1-0 0 e=3
        end 3 t1-0 1 e=0
        > 3 Replica: fetch t1-0@1 e=3 last=-1
        ",
    );
}
