//! Joining, syncing, beating and leaving.

use super::{alone, check};

/// Two members in a stable generation; the first one leads.
pub(super) const STABLE: &str = "
    join c1
    choose 0
    join c1 c-0.101.0.0
    join c2
    choose 1
    join c2 c-1.102.0.0
    timer delay
    timer delay
    sync c2 c-1.102.0.0 gen=1
    sync c1 c-0.101.0.0 gen=1 gives=c-0.101.0.0:x,c-1.102.0.0:y
";

#[test]
fn a_group_begins_with_whoever_comes_while_it_waits() {
    check(
        &[&alone()],
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
        join c2
        > choose Question { kind: MemberId, options: 2 }
        choose 1
        > set session 1 10000 monotonic
        > c2: join c-1.102.0.0 MEMBER_ID_REQUIRED
        join c2 c-1.102.0.0
        > set session 1 300000 monotonic
        timer delay
        > set delay 3000 monotonic
        timer delay
        > c1: join c-0.101.0.0 gen 1 range leads c-0.101.0.0,c-1.102.0.0
        > set session 0 10000 monotonic
        > c2: join c-1.102.0.0 gen 1 range
        > set session 1 10000 monotonic
        > set syncs 60000 monotonic
        > CompletingRebalance gen 1 c-0.101.0.0,c-1.102.0.0
        ",
    );
}

#[test]
fn everybody_gets_what_the_leader_hands_out() {
    check(
        &[&alone(), STABLE.split("sync c2").next().unwrap_or_default()],
        "
        sync c2 c-1.102.0.0 gen=1
        beat c1 c-0.101.0.0 gen=1
        > set session 0 10000 monotonic
        > c1: beat ok
        sync c1 c-0.101.0.0 gen=1 gives=c-0.101.0.0:x,c-1.102.0.0:y
        > set write 0 5000 monotonic
        > c1: synced x
        > set session 0 10000 monotonic
        > c2: synced y
        > set session 1 10000 monotonic
        > Stable gen 1 c-0.101.0.0,c-1.102.0.0
        sync c1 c-0.101.0.0 gen=1
        > c1: synced x
        beat c1 c-0.101.0.0 gen=1
        > set session 0 10000 monotonic
        > c1: beat ok
        members c1
        > c1: group Stable range c-0.101.0.0:x c-1.102.0.0:y
        groups c1
        > c1: groups g Stable
        groups c1 empty
        > c1: groups
        ",
    );
}

#[test]
fn whoever_comes_or_goes_makes_the_others_join_again() {
    check(
        &[&alone(), STABLE],
        "
        join c3
        > choose Question { kind: MemberId, options: 2 }
        choose 0
        > set session 2 10000 monotonic
        > c3: join c-0.103.0.1 MEMBER_ID_REQUIRED
        join c3 c-0.103.0.1
        > set session 2 300000 monotonic
        > PreparingRebalance gen 1 c-0.101.0.0,c-0.103.0.1,c-1.102.0.0
        > set joins 60000 monotonic
        beat c1 c-0.101.0.0 gen=1
        > set session 0 10000 monotonic
        > c1: beat REBALANCE_IN_PROGRESS
        sync c2 c-1.102.0.0 gen=1
        > c2: synced REBALANCE_IN_PROGRESS
        join c1 c-0.101.0.0
        timer session 1
        > c1: join c-0.101.0.0 gen 2 range leads c-0.101.0.0,c-0.103.0.1
        > set session 0 10000 monotonic
        > c3: join c-0.103.0.1 gen 2 range
        > set session 2 10000 monotonic
        > set syncs 60000 monotonic
        > CompletingRebalance gen 2 c-0.101.0.0,c-0.103.0.1
        sync c3 c-0.103.0.1 gen=2
        leave c3 c-0.103.0.1
        > c3: synced UNKNOWN_MEMBER_ID
        > PreparingRebalance gen 2 c-0.101.0.0
        > set joins 60000 monotonic
        > c3: left ok
        sync c1 c-0.101.0.0 gen=2
        > c1: synced REBALANCE_IN_PROGRESS
        join c1 c-0.101.0.0
        > c1: join c-0.101.0.0 gen 3 range leads c-0.101.0.0
        > set session 0 10000 monotonic
        > set syncs 60000 monotonic
        > CompletingRebalance gen 3 c-0.101.0.0
        leave c1 c-0.101.0.0
        > PreparingRebalance gen 3
        > Empty gen 4
        > set write 1 5000 monotonic
        > c1: left ok
        leave c1 c-0.101.0.0
        > c1: left UNKNOWN_MEMBER_ID
        members c1
        > c1: group Empty
        ",
    );
}

#[test]
fn whoever_is_not_heard_from_in_time_is_out() {
    check(
        &[&alone(), STABLE],
        "
        timer session 0
        > PreparingRebalance gen 1 c-1.102.0.0
        > set joins 60000 monotonic
        beat c1 c-0.101.0.0 gen=1
        > c1: beat UNKNOWN_MEMBER_ID
        join c1 c-0.101.0.0
        > c1: join c-0.101.0.0 UNKNOWN_MEMBER_ID
        beat c2 c-1.102.0.0 gen=1
        > set session 1 10000 monotonic
        > c2: beat REBALANCE_IN_PROGRESS
        timer joins
        > Empty gen 2
        groups c2
        > c2: groups g Empty
        ",
    );
    check(
        &[&alone(), STABLE],
        "
        join c1 c-0.101.0.0
        > PreparingRebalance gen 1 c-0.101.0.0,c-1.102.0.0
        > set joins 60000 monotonic
        timer joins
        > c1: join c-0.101.0.0 gen 2 range leads c-0.101.0.0
        > set session 0 10000 monotonic
        > set syncs 60000 monotonic
        > CompletingRebalance gen 2 c-0.101.0.0
        timer syncs
        > PreparingRebalance gen 2
        > Empty gen 3
        ",
    );
}

#[test]
fn strangers_and_those_of_other_generations_are_refused() {
    check(
        &[&alone(), STABLE],
        "
        beat c1 c-0.101.0.0 gen=0
        > c1: beat ILLEGAL_GENERATION
        beat c1 nobody gen=1
        > c1: beat UNKNOWN_MEMBER_ID
        sync c1 c-0.101.0.0 gen=2
        > c1: synced ILLEGAL_GENERATION
        sync c1 nobody gen=1
        > c1: synced UNKNOWN_MEMBER_ID
        sync c1 c-0.101.0.0 gen=1 uses=sticky
        > c1: synced INCONSISTENT_GROUP_PROTOCOL
        join c3 nobody
        > c3: join nobody UNKNOWN_MEMBER_ID
        leave c3 nobody
        > c3: left UNKNOWN_MEMBER_ID
        join c3 supports=sticky
        > choose Question { kind: MemberId, options: 2 }
        choose 0
        > c3: join INCONSISTENT_GROUP_PROTOCOL
        join c3 session=1000
        > c3: join INVALID_SESSION_TIMEOUT
        who c3
        > c3: coordinator 1
        ",
    );
}

#[test]
fn a_member_that_joins_again_without_reason_is_told_what_it_is_in_already() {
    check(
        &[&alone(), STABLE],
        "
        join c2 c-1.102.0.0
        > c2: join c-1.102.0.0 gen 1 range
        join c2 c-1.102.0.0 says=more
        > PreparingRebalance gen 1 c-0.101.0.0,c-1.102.0.0
        > set joins 60000 monotonic
        ",
    );
}

#[test]
fn a_static_member_comes_back_as_itself() {
    check(
        &[&alone()],
        "
        join c1 instance=i
        > choose Question { kind: MemberId, options: 2 }
        choose 0
        > set session 0 300000 monotonic
        > PreparingRebalance gen 0 i-0.101.0.0
        > set delay 3000 monotonic
        timer delay
        > c1: join i-0.101.0.0 gen 1 range leads i-0.101.0.0
        > set session 0 10000 monotonic
        > set syncs 60000 monotonic
        > CompletingRebalance gen 1 i-0.101.0.0
        sync c1 i-0.101.0.0 gen=1 instance=i gives=i-0.101.0.0:x
        > set write 0 5000 monotonic
        > c1: synced x
        > set session 0 10000 monotonic
        > Stable gen 1 i-0.101.0.0
        join c2 instance=i
        > choose Question { kind: MemberId, options: 2 }
        choose 0
        > set session 0 10000 monotonic
        > Stable gen 1 i-0.102.0.1
        > set write 0 5000 monotonic
        > c2: join i-0.102.0.1 gen 1 range leads i-0.102.0.1 skips
        beat c1 i-0.101.0.0 gen=1 instance=i
        > c1: beat FENCED_INSTANCE_ID
        sync c2 i-0.102.0.1 gen=1 instance=i
        > c2: synced x
        leave c3 instance=i
        > PreparingRebalance gen 1
        > Empty gen 2
        > set write 1 5000 monotonic
        > c3: left ok
        ",
    );
}

#[test]
fn what_waits_on_a_connection_that_ends_is_not_answered() {
    check(
        &[&alone(), STABLE],
        "
        join c2 c-1.102.0.0 says=more
        > PreparingRebalance gen 1 c-0.101.0.0,c-1.102.0.0
        > set joins 60000 monotonic
        lost c2
        join c1 c-0.101.0.0
        > c1: join c-0.101.0.0 gen 2 range leads c-0.101.0.0,c-1.102.0.0
        > set session 0 10000 monotonic
        > set session 1 10000 monotonic
        > set syncs 60000 monotonic
        > CompletingRebalance gen 2 c-0.101.0.0,c-1.102.0.0
        ",
    );
}
