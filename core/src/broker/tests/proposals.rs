//! What becomes of the in-sync replicas that a leader proposes.

use super::{IN_SERVICE, WITHOUT_3, check};

#[test]
fn a_refused_proposal_is_rolled_back_left_pending_or_repeated() {
    check(
        &[IN_SERVICE, WITHOUT_3],
        "
        fetch 3 t1-0@0 e=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > expand t1-0 to 1,2,3
        > 3 Replica: fetched t1-0 hw=0
        > connect 9 AlterPartition
        open 9 AlterPartition
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,2@1,3@2
        altered t1-0 error=INELIGIBLE_REPLICA
        fetch 3 t1-0@0 e=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > expand t1-0 to 1,2,3
        > 3 Replica: fetched t1-0 hw=0
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,2@1,3@2
        altered t1-0 error=UNKNOWN_SERVER_ERROR
        > set alter t1-0 50 wall
        fetch 3 t1-0@0 e=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > 3 Replica: fetched t1-0 hw=0
        timer alter t1-0
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,2@1,3@2
        altered t1-0 all=STALE_BROKER_EPOCH
        > set alter t1-0 50 wall
        timer alter t1-0
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,2@1,3@2
        altered t1-0 error=INVALID_UPDATE_VERSION
        fetch 3 t1-0@0 e=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > 3 Replica: fetched t1-0 hw=0
        log change t1-0 isr=1,2
        > t1-0 p1 in sync 1,2
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        fetch 3 t1-0@0 e=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > expand t1-0 to 1,2,3
        > 3 Replica: fetched t1-0 hw=0
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=1 isr=1@0,2@1,3@2
        altered t1-0 e=0 p=0 isr=1,2,3
        log change t1-0 isr=1,2,3
        > t1-0 p2 in sync 1,2,3
        > 9 Metadata: fetch metadata@11 e=-1 last=-1
        ",
    );
}

#[test]
fn a_proposal_whose_answer_is_lost_is_sent_again() {
    check(
        &[IN_SERVICE, WITHOUT_3],
        "
        fetch 3 t1-0@0 e=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > expand t1-0 to 1,2,3
        > 3 Replica: fetched t1-0 hw=0
        > connect 9 AlterPartition
        open 9 AlterPartition
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,2@1,3@2
        drop 9 AlterPartition
        > set reconnect 9 AlterPartition 50 wall
        timer reconnect 9 AlterPartition
        > connect 9 AlterPartition
        open 9 AlterPartition
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,2@1,3@2
        timer timeout 9 AlterPartition
        > disconnect 9 AlterPartition
        > set reconnect 9 AlterPartition 50 wall
        timer reconnect 9 AlterPartition
        > connect 9 AlterPartition
        open 9 AlterPartition
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,2@1,3@2
        log change t1-0 isr=1,2,3
        > t1-0 p1 in sync 1,2,3
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        altered t1-0 error=INVALID_UPDATE_VERSION
        ",
    );
}

#[test]
fn an_answer_to_a_proposal_that_was_replaced_means_nothing() {
    check(
        &[IN_SERVICE, WITHOUT_3],
        "
        fetch 3 t1-0@0 e=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > expand t1-0 to 1,2,3
        > 3 Replica: fetched t1-0 hw=0
        > connect 9 AlterPartition
        open 9 AlterPartition
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,2@1,3@2
        log change t1-0 isr=1,2
        > t1-0 p1 in sync 1,2
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        fetch 3 t1-0@0 e=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > expand t1-0 to 1,2,3
        > 3 Replica: fetched t1-0 hw=0
        altered t1-0 e=0 p=1 isr=1,2,3
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=1 isr=1@0,2@1,3@2
        altered t1-0 e=0 p=2 isr=1,2,3
        > t1-0 p2 in sync 1,2,3
        ",
    );
}

#[test]
fn a_leader_that_steps_down_leaves_no_timer() {
    check(
        &[
            IN_SERVICE,
            WITHOUT_3,
            "fetch 3 t1-0@0 e=0",
            "open 9 AlterPartition",
            "altered t1-0 all=NOT_CONTROLLER",
        ],
        "
        log change t1-0 leader=2
        > cancel alter t1-0
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
        altered t1-0 e=0 p=1 isr=1,2,3
        timer alter t1-0
        timer lag t1-0 2
        ",
    );
}

#[test]
fn the_metadata_log_may_know_less_than_the_answer_to_a_proposal() {
    check(
        &[IN_SERVICE, WITHOUT_3],
        "
        fetch 3 t1-0@0 e=0 wait=0
        > set lag t1-0 3 30000..45000 wall
        > expand t1-0 to 1,2,3
        > 3 Replica: fetched t1-0 hw=0
        > connect 9 AlterPartition
        open 9 AlterPartition
        > 9 AlterPartition: alter as 0 t1-0 e=0 p=0 isr=1@0,2@1,3@2
        altered t1-0 e=0 p=2 isr=1,2,3
        > t1-0 p2 in sync 1,2,3
        log change t1-0 isr=1
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        log change t1-0 isr=1,2,3
        > 9 Metadata: fetch metadata@11 e=-1 last=-1
        ",
    );
}
