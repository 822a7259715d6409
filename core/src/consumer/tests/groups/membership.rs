//! Joining, staying and leaving.

use crate::consumer::tests::conversation::check_with;
use crate::consumer::tests::{member, static_member};

#[test]
fn a_consumer_that_polls_joins_its_group_and_reads_what_it_is_assigned() {
    check_with(
        member(),
        "> subscribe a
        > poll 1000
        connect 1
        set poll 1000
        > up 1
        send 1 FindCoordinator g
        send 1 Metadata a
        > 1: coordinator 2
        connect c2
        > 1: metadata a-0=1@0 a-1=1@0
        > up c2
        send c2 JoinGroup nobody: range a; cooperative-sticky a
        > c2: joined MEMBER_ID_REQUIRED m1
        send c2 JoinGroup m1: range a; cooperative-sticky a
        > c2: joined 1 m1 range m1=a
        set heartbeat 3000
        set session 45000
        send c2 SyncGroup m1 gen 1 m1=a-0,a-1
        > c2: synced a-0 a-1
        set max-poll 300000
        listener assigned a-0, a-1
        > return
        cancel max-poll
        send c2 OffsetFetch a-0,a-1
        > c2: told a-0=5@0 a-1=none
        send 1 OffsetForLeaderEpoch a-0 end of 0 @0
        send 1 ListOffsets a-1 earliest @0
        > 1: epochs a-0=9@0
        note a-0 valid at 5
        send 1 Fetch a-0 from 5 @0
        > 1: offsets a-1=0
        note a-1 reset to 0
        > 1: fetched a-0=5..6@0
        send 1 Fetch a-1 from 0 @0, a-0 from 7 @0
        cancel poll
        set max-poll 300000
        answer a-0: 5 6
        > fire heartbeat
        set heartbeat 3000
        send c2 Heartbeat m1 gen 1
        > c2: beat NONE
        set session 45000
        > poll 0
        cancel max-poll
        set max-poll 300000
        answer nothing",
    );
}

#[test]
fn what_a_follower_has_is_given_up_before_it_joins_again_and_its_listener_may_commit() {
    check_with(
        member(),
        ">> subscribe a
        >> poll 1000
        >> up 1
        >> 1: coordinator 2
        >> 1: metadata a-0=1@0
        >> up c2
        >> fire poll
        > c2: joined MEMBER_ID_REQUIRED m1
        > poll 0
        send c2 JoinGroup m1: range a; cooperative-sticky a
        answer nothing
        > c2: joined 1 m1 range
        > poll 0
        set heartbeat 3000
        set session 45000
        send c2 SyncGroup m1 gen 1
        set max-poll 300000
        answer nothing
        > c2: synced a-0
        > poll 1000
        cancel max-poll
        set max-poll 300000
        listener assigned a-0
        set poll 1000
        > return
        cancel max-poll
        send c2 OffsetFetch a-0
        > c2: told a-0=5@0
        send 1 OffsetForLeaderEpoch a-0 end of 0 @0
        > 1: epochs a-0=9@0
        note a-0 valid at 5
        send 1 Fetch a-0 from 5 @0
        > fire heartbeat
        set heartbeat 3000
        send c2 Heartbeat m1 gen 1
        > c2: beat REBALANCE_IN_PROGRESS
        set session 45000
        set max-poll 300000
        listener revoked a-0
        > commit default a-0=5
        send c2 OffsetCommit m1 gen 1 a-0@5
        set listener 60000
        > c2: commits a-0=NONE
        cancel listener
        answer committed a-0@5
        > return
        cancel max-poll
        cancel heartbeat
        cancel session
        send c2 JoinGroup m1: range a; cooperative-sticky a
        > fire poll
        answer nothing
        > show",
    );
}

#[test]
fn whoever_does_not_poll_leaves_and_loses_what_it_has() {
    check_with(
        member(),
        ">> subscribe a
        >> poll 1000
        >> up 1
        >> 1: coordinator 2
        >> 1: metadata a-0=1@0
        >> up c2
        >> c2: joined 1 m1 range
        >> c2: synced a-0
        >> return
        >> c2: told a-0=5
        >> fire poll
        > fire max-poll
        send c2 LeaveGroup m1
        note not in gen 1 any more: MaxPollInterval
        cancel heartbeat
        cancel session
        > commit default a-0=5
        answer committed CommitFailed
        > poll 1000
        listener lost a-0
        set poll 1000
        > return
        send c2 JoinGroup nobody: range a; cooperative-sticky a
        > c2: left",
    );
}

#[test]
fn a_static_member_that_does_not_poll_leaves_without_a_word() {
    check_with(
        static_member(),
        ">> subscribe a
        >> poll 1000
        >> up 1
        >> 1: coordinator 2
        >> 1: metadata a-0=1@0
        >> up c2
        >> c2: joined 1 m1 range
        >> c2: synced a-0
        >> return
        >> c2: told a-0=5
        >> fire poll
        > fire max-poll
        note not in gen 1 any more: MaxPollInterval
        cancel heartbeat
        cancel session
        > poll 0
        listener lost a-0
        > return
        send c2 JoinGroup nobody: range a; cooperative-sticky a
        answer nothing
        > c2: joined FENCED_INSTANCE_ID m1
        > poll 0
        answer FencedInstanceId",
    );
}

#[test]
fn whoever_unsubscribes_says_so() {
    check_with(
        member(),
        ">> subscribe a
        >> poll 1000
        >> up 1
        >> 1: coordinator 2
        >> 1: metadata a-0=1@0
        >> up c2
        >> c2: joined 1 m1 range
        >> c2: synced a-0
        >> return
        >> c2: told a-0=5
        >> fire poll
        > unsubscribe
        set max-poll 300000
        listener revoked a-0
        > return
        cancel max-poll
        send c2 LeaveGroup m1
        note not in gen 1 any more: Unsubscribed
        cancel heartbeat
        cancel session
        unsubscribed
        > c2: left
        > subscribe a
        > poll 0
        send c2 JoinGroup nobody: range a; cooperative-sticky a
        send 1 Metadata a
        answer nothing",
    );
}

#[test]
fn whoever_closes_says_so_and_waits_for_the_answer_for_a_while() {
    check_with(
        member(),
        ">> subscribe a
        >> poll 1000
        >> up 1
        >> 1: coordinator 2
        >> 1: metadata a-0=1@0
        >> up c2
        >> c2: joined 1 m1 range
        >> c2: synced a-0
        >> return
        >> c2: told a-0=5
        >> fire poll
        > close
        set close 30000
        set max-poll 300000
        listener revoked a-0
        > commit default
        send c2 OffsetCommit m1 gen 1 a-0@5
        set listener 60000
        > c2: commits a-0=NONE
        cancel listener
        answer committed a-0@5
        > return
        cancel max-poll
        send c2 LeaveGroup m1
        note not in gen 1 any more: Closed
        cancel heartbeat
        cancel session
        > c2: left
        cancel close
        disconnect 1
        disconnect c2
        closed",
    );
    check_with(
        member(),
        ">> subscribe a
        >> poll 1000
        >> up 1
        >> 1: coordinator 2
        >> 1: metadata a-0=1@0
        >> up c2
        >> c2: joined 1 m1 range
        >> c2: synced a-0
        >> return
        >> c2: told a-0=5
        >> fire poll
        > close
        set close 30000
        set max-poll 300000
        listener revoked a-0
        > return
        cancel max-poll
        send c2 LeaveGroup m1
        note not in gen 1 any more: Closed
        cancel heartbeat
        cancel session
        > fire close
        disconnect 1
        disconnect c2
        closed",
    );
    check_with(
        member(),
        ">> subscribe a
        >> poll 1000
        >> up 1
        >> 1: coordinator 2
        >> 1: metadata a-0=1@0
        >> up c2
        >> c2: joined 1 m1 range
        >> c2: synced a-0
        >> return
        >> c2: told a-0=5
        >> fire poll
        > close
        set close 30000
        set max-poll 300000
        listener revoked a-0
        > fire close
        > return
        cancel max-poll
        send c2 LeaveGroup m1
        note not in gen 1 any more: Closed
        cancel heartbeat
        cancel session
        disconnect 1
        disconnect c2
        closed",
    );
}

#[test]
fn a_coordinator_that_is_not_heard_from_is_looked_for_again() {
    check_with(
        member(),
        ">> subscribe a
        >> poll 1000
        >> up 1
        >> 1: coordinator 2
        >> 1: metadata a-0=1@0
        >> up c2
        >> c2: joined 1 m1 range
        >> c2: synced a-0
        >> return
        >> c2: told a-0=5
        >> fire poll
        > fire heartbeat
        set heartbeat 3000
        send c2 Heartbeat m1 gen 1
        > fire session
        note 2 does not coordinate any more
        disconnect c2
        set heartbeat 120
        send 1 FindCoordinator g
        > 1: fetched a-0
        > 1: coordinator COORDINATOR_NOT_AVAILABLE
        set coordinator 120
        > fire heartbeat
        > fire coordinator
        send 1 FindCoordinator g
        > 1: coordinator 1
        connect c1
        set session 45000
        set heartbeat 3000
        > up c1
        send c1 Heartbeat m1 gen 1
        > c1: beat NOT_COORDINATOR
        note 1 does not coordinate any more
        disconnect c1
        set heartbeat 120
        send 1 FindCoordinator g
        > 1: coordinator 2
        connect c2
        set session 45000
        > up c2
        > fire heartbeat
        set heartbeat 3000
        send c2 Heartbeat m1 gen 1
        > c2: beat NONE
        set session 45000
        > fire heartbeat
        set heartbeat 3000
        send c2 Heartbeat m1 gen 1
        > c2: beat UNKNOWN_MEMBER_ID
        note not in gen 1 any more: Refused(UnknownMemberId)
        cancel heartbeat
        cancel session
        cancel max-poll
        > poll 0
        listener lost a-0
        > return
        send c2 JoinGroup nobody: range a; cooperative-sticky a
        send 1 Metadata a
        answer nothing",
    );
}

#[test]
fn what_happens_to_a_rebalance_under_way_is_found_by_the_next_poll() {
    check_with(
        member(),
        ">> subscribe a
        >> poll 1000
        >> up 1
        >> 1: coordinator 2
        >> 1: metadata a-0=1@0
        >> up c2
        >> fire poll
        > c2: joined COORDINATOR_LOAD_IN_PROGRESS m1
        > poll 0
        set coordinator 120
        answer nothing
        > fire coordinator
        > poll 0
        send c2 JoinGroup nobody: range a; cooperative-sticky a
        answer nothing
        > c2: joined 1 m1 range
        > poll 0
        set heartbeat 3000
        set session 45000
        send c2 SyncGroup m1 gen 1
        set max-poll 300000
        answer nothing
        > c2: synced REBALANCE_IN_PROGRESS
        > poll 0
        cancel max-poll
        cancel heartbeat
        cancel session
        send c2 JoinGroup m1: range a; cooperative-sticky a
        answer nothing
        > down c2
        set reconnect 2 60
        note 2 does not coordinate any more
        > poll 0
        send 1 FindCoordinator g
        answer nothing
        > 1: coordinator 2
        > fire reconnect c2
        > poll 0
        set coordinator 120
        answer nothing
        > fire coordinator
        > poll 0
        connect c2
        answer nothing
        > up c2
        send c2 JoinGroup m1: range a; cooperative-sticky a
        > c2: joined 2 m1 range
        > poll 0
        set heartbeat 3000
        set session 45000
        send c2 SyncGroup m1 gen 2
        set max-poll 300000
        answer nothing
        > c2: synced a-0
        > fire heartbeat
        set heartbeat 3000
        send c2 Heartbeat m1 gen 2
        > c2: beat ILLEGAL_GENERATION
        note not in gen 2 any more: Refused(IllegalGeneration)
        cancel heartbeat
        cancel session
        cancel max-poll
        > poll 0
        send c2 JoinGroup nobody: range a; cooperative-sticky a
        answer nothing
        > c2: joined INCONSISTENT_GROUP_PROTOCOL m1
        > poll 0
        answer INCONSISTENT_GROUP_PROTOCOL",
    );
}
