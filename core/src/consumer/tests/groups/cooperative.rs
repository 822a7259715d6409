//! Cooperative rebalances: nobody gives up what it keeps.

use crate::consumer::tests::conversation::check_with;
use crate::consumer::tests::cooperative;

#[test]
fn a_member_gives_up_what_goes_to_another_and_joins_again() {
    check_with(
        cooperative(),
        ">> subscribe a
        >> poll 1000
        >> up 1
        >> 1: coordinator 2
        >> 1: metadata a-0=1@0 a-1=1@0
        >> up c2
        >> c2: joined 1 m1 cooperative-sticky
        >> c2: synced a-0 a-1
        >> return
        >> c2: told a-0=5 a-1=7
        > 1: fetched a-0=5@0 a-1=7@0
        send 1 Fetch a-0 from 6 @0, a-1 from 8 @0
        cancel poll
        set max-poll 300000
        answer a-0: 5 a-1: 7
        > fire heartbeat
        set heartbeat 3000
        send c2 Heartbeat m1 gen 1
        > c2: beat REBALANCE_IN_PROGRESS
        set session 45000
        > poll 0
        cancel max-poll
        cancel heartbeat
        cancel session
        send c2 JoinGroup m1: cooperative-sticky a owning a-0,a-1 of gen 1
        answer nothing
        > 1: fetched a-0=6@0
        > poll 0
        send 1 Fetch a-1 from 8 @0, a-0 from 7 @0
        answer a-0: 6
        > c2: joined 2 m1 cooperative-sticky
        > poll 0
        set heartbeat 3000
        set session 45000
        send c2 SyncGroup m1 gen 2
        set max-poll 300000
        answer nothing
        > c2: synced a-0
        > poll 0
        cancel max-poll
        set max-poll 300000
        listener revoked a-1
        > return
        cancel max-poll
        set max-poll 300000
        listener assigned nothing
        > return
        cancel max-poll
        cancel heartbeat
        cancel session
        send c2 JoinGroup m1: cooperative-sticky a owning a-0 of gen 2
        answer nothing
        > show
        a-0 at 7 after @0
        > poll 0
        answer nothing
        > c2: joined 3 m1 cooperative-sticky
        > poll 0
        set heartbeat 3000
        set session 45000
        send c2 SyncGroup m1 gen 3
        set max-poll 300000
        answer nothing
        > c2: synced a-0
        > poll 0
        cancel max-poll
        set max-poll 300000
        listener assigned nothing
        > return
        cancel max-poll
        set max-poll 300000
        answer nothing
        > show
        a-0 at 7 after @0",
    );
}

#[test]
fn a_member_that_was_forgotten_loses_everything() {
    check_with(
        cooperative(),
        ">> subscribe a
        >> poll 1000
        >> up 1
        >> 1: coordinator 2
        >> 1: metadata a-0=1@0 a-1=1@0
        >> up c2
        >> c2: joined 1 m1 cooperative-sticky
        >> c2: synced a-0 a-1
        >> return
        >> c2: told a-0=5 a-1=7
        >> fire poll
        >> fire heartbeat
        > c2: beat ILLEGAL_GENERATION
        note not in gen 1 any more: Refused(IllegalGeneration)
        cancel heartbeat
        cancel session
        cancel max-poll
        > poll 0
        listener lost a-0, a-1
        > commit default
        answer committed CommitFailed
        > return
        send c2 JoinGroup m1: cooperative-sticky a
        answer nothing",
    );
}
