//! Coordinators that begin and end.

use super::members::STABLE;
use super::{alone, check, coordinating};

#[test]
fn who_leads_the_log_coordinates_once_it_has_read_it() {
    let all = coordinating("1");
    let before = all.trim_end_matches("timer load");
    check(
        &[before],
        "
        who c1
        > c1: coordinator 1
        join c1
        > c1: join COORDINATOR_LOAD_IN_PROGRESS
        beat c1 m gen=1
        > c1: beat ok
        commit c1 t-0@1
        > c1: commit t-0 COORDINATOR_LOAD_IN_PROGRESS
        groups c1
        > c1: groupsCOORDINATOR_LOAD_IN_PROGRESS
        timer load
        > set forget 600000 monotonic
        > loaded in e0
        commit c1 t-0@1
        > set write 0 5000 monotonic
        > c1: commit t-0 ok
        ",
    );
}

#[test]
fn who_leads_no_longer_sends_everybody_away() {
    check(
        &[&coordinating("1,2"), "fetch 2 t1-0@0 e=0 wait=0"],
        "
        join c1
        > choose Question { kind: MemberId, options: 2 }
        choose 0
        > set session 0 10000 monotonic
        > c1: join c-0.101.0.0 MEMBER_ID_REQUIRED
        join c1 c-0.101.0.0
        > set session 0 300000 monotonic
        > PreparingRebalance gen 0 c-0.101.0.0
        > set delay 3000 monotonic
        commit c2 t-0@5
        > c2: commit t-0 UNKNOWN_MEMBER_ID
        log change t1-0 leader=2 isr=2,1
        > follows t1-0 in e1 2
        > unloaded after e0
        > c1: join c-0.101.0.0 NOT_COORDINATOR
        > connect 2 Replica
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        commit c2 t-0@5
        > c2: commit t-0 NOT_COORDINATOR
        who c2
        > c2: coordinator 2
        ",
    );
}

#[test]
fn what_is_written_is_there_again() {
    check(
        &[
            &alone(),
            STABLE,
            "commit c1 c-0.101.0.0 gen=1 t-0@5",
            "log change t1-0 leader=2 isr=1,2",
            "log change t1-0 leader=1 isr=1",
        ],
        "
        timer load
        > set forget 600000 monotonic
        > loaded in e2
        > set session 0 10000 monotonic
        > set session 1 10000 monotonic
        members c1
        > c1: group Stable range c-0.101.0.0:x c-1.102.0.0:y
        committed c1 t-0
        > c1: committed t-0@5
        beat c2 c-1.102.0.0 gen=1
        > set session 1 10000 monotonic
        > c2: beat ok
        ",
    );
}
