//! Committing and asking what is committed.

use super::members::STABLE;
use super::{alone, check, coordinating};

#[test]
fn members_commit_in_their_generation_and_nobody_else() {
    check(
        &[&alone(), STABLE],
        "
        commit c1 c-0.101.0.0 gen=1 t-0@5
        > set session 0 10000 monotonic
        > set write 0 5000 monotonic
        > c1: commit t-0 ok
        commit c1 c-0.101.0.0 gen=0 t-0@6
        > c1: commit t-0 ILLEGAL_GENERATION
        commit c1 nobody gen=1 t-0@6
        > c1: commit t-0 UNKNOWN_MEMBER_ID
        commit c1 t-0@6
        > c1: commit t-0 UNKNOWN_MEMBER_ID
        committed c1 t-0 t-1
        > c1: committed t-0@5 t-1@-1
        committed c1
        > c1: committed t-0@5
        ",
    );
}

#[test]
fn while_a_group_is_empty_anybody_may_commit() {
    check(
        &[&alone()],
        "
        commit c1 nobody gen=3 t-0@1
        > c1: commit t-0 GROUP_ID_NOT_FOUND
        commit c1 t-0@5
        > set write 0 5000 monotonic
        > c1: commit t-0 ok
        committed c1 t-0
        > c1: committed t-0@5
        groups c1
        > c1: groups g Empty
        delete-group c1
        > set write 2 5000 monotonic
        > c1: deleted ok
        committed c1 t-0
        > c1: committed t-0@-1
        groups c1
        > c1: groups
        delete-group c1
        > c1: deleted GROUP_ID_NOT_FOUND
        ",
    );
}

#[test]
fn commits_of_the_generation_before_count_until_the_next_begins() {
    check(
        &[&alone(), STABLE],
        "
        join c1 c-0.101.0.0
        > PreparingRebalance gen 1 c-0.101.0.0,c-1.102.0.0
        > set joins 60000 monotonic
        commit c2 c-1.102.0.0 gen=1 t-0@5
        > set session 1 10000 monotonic
        > set write 0 5000 monotonic
        > c2: commit t-0 ok
        join c2 c-1.102.0.0
        > c1: join c-0.101.0.0 gen 2 range leads c-0.101.0.0,c-1.102.0.0
        > set session 0 10000 monotonic
        > c2: join c-1.102.0.0 gen 2 range
        > set session 1 10000 monotonic
        > set syncs 60000 monotonic
        > CompletingRebalance gen 2 c-0.101.0.0,c-1.102.0.0
        commit c2 c-1.102.0.0 gen=1 t-0@6
        > c2: commit t-0 ILLEGAL_GENERATION
        commit c2 c-1.102.0.0 gen=2 t-0@6
        > c2: commit t-0 REBALANCE_IN_PROGRESS
        ",
    );
}

#[test]
fn what_is_committed_is_told_once_it_is_replicated() {
    check(
        &[&coordinating("1,2")],
        "
        commit c1 t-0@5
        > set write 0 5000 monotonic
        committed c2 t-0
        > set write 1 5000 monotonic
        committed c3 t-0 now
        > c3: committed t-0@-1
        fetch 2 t1-0@0 e=0 wait=0
        > mark t1-0 2
        > 2 Replica: fetched t1-0 hw=0 [0-0:e0]
        fetch 2 t1-0@1 e=0 last=0 wait=0
        > 2 Replica: fetched t1-0 hw=0
        > c1: commit t-0 ok
        > c2: committed t-0@5
        committed c3 t-0 now
        > c3: committed t-0@5
        commit c1 t-0@6
        > set write 0 5000 monotonic
        timer write 0
        > c1: commit t-0 COORDINATOR_NOT_AVAILABLE
        ",
    );
}

#[test]
fn what_has_expired_is_forgotten_unless_somebody_may_need_it() {
    check(
        &[&alone()],
        "
        commit c1 t-0@5
        > set write 0 5000 monotonic
        > c1: commit t-0 ok
        clock 604799999
        timer forget
        > set forget 600000 monotonic
        committed c1 t-0
        > c1: committed t-0@5
        clock 604800000
        timer forget
        > set forget 600000 monotonic
        committed c1 t-0
        > c1: committed t-0@-1
        groups c1
        > c1: groups
        ",
    );
    check(
        &[&alone(), STABLE, "commit c1 c-0.101.0.0 gen=1 t-0@5"],
        "
        clock 604800000
        timer forget
        > set forget 600000 monotonic
        committed c1 t-0
        > c1: committed t-0@5
        delete-group c1
        > c1: deleted NON_EMPTY_GROUP
        ",
    );
}
