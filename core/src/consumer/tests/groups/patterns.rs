//! Which topics a group reads.

use crate::consumer::tests::conversation::check_with;
use crate::consumer::tests::member;

#[test]
fn the_leader_distributes_the_topics_that_match_and_again_when_there_are_others() {
    check_with(
        member(),
        "> subscribe /a|b.*/
        > poll 1000
        connect 1
        set poll 1000
        > up 1
        send 1 FindCoordinator g
        send 1 Metadata of all
        > 1: coordinator 2
        connect c2
        > 1: metadata a-0=1@0
        > up c2
        send c2 JoinGroup nobody: range a; cooperative-sticky a
        > c2: joined 1 m1 range m1=a
        set heartbeat 3000
        set session 45000
        send c2 SyncGroup m1 gen 1 m1=a-0
        > c2: synced a-0
        set max-poll 300000
        listener assigned a-0
        > return
        cancel max-poll
        send c2 OffsetFetch a-0
        > c2: told a-0=5
        send 1 Fetch a-0 from 5 @0
        > fire poll
        set max-poll 300000
        answer nothing
        > 1: fetched a-0
        > fire metadata-age
        > poll 0
        cancel max-poll
        send 1 Fetch a-0 from 5 @0
        send 1 Metadata of all
        set max-poll 300000
        answer nothing
        > 1: fetched a-0
        > 1: metadata a-0=1@0 b-0=1@0
        > poll 0
        cancel max-poll
        send 1 Metadata of all
        set max-poll 300000
        answer nothing
        > 1: metadata a-0=1@0 b-0=1@0
        > poll 0
        cancel max-poll
        set max-poll 300000
        listener revoked a-0
        > return
        cancel max-poll
        cancel heartbeat
        cancel session
        send c2 JoinGroup m1: range a,b; cooperative-sticky a,b
        answer nothing
        > poll 0
        answer nothing",
    );
}

#[test]
fn the_leader_asks_about_topics_that_only_others_want() {
    check_with(
        member(),
        ">> subscribe a
        >> poll 1000
        >> up 1
        >> 1: coordinator 2
        >> 1: metadata a-0=1@0
        >> up c2
        > c2: joined 1 m1 range m1=a m2=b
        set heartbeat 3000
        set session 45000
        send 1 Metadata a, b
        > 1: metadata a-0=1@0 b-0=1@0 b-1=2@0
        send c2 SyncGroup m1 gen 1 m1=a-0 m2=b-0,b-1
        > c2: synced a-0
        set max-poll 300000
        listener assigned a-0
        > return
        cancel max-poll
        send c2 OffsetFetch a-0",
    );
}
