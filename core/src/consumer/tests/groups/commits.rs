//! Commits of every kind, and what was committed.

use alloc::format;
use alloc::string::String;

use crate::consumer::tests::conversation::check_with;
use crate::consumer::tests::{auto, member};

#[test]
fn a_commit_that_is_waited_for_is_tried_until_it_succeeds() {
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
        > commit 1000
        send c2 OffsetCommit m1 gen 1 a-0@5
        set poll 1000
        > c2: commits a-0=COORDINATOR_LOAD_IN_PROGRESS
        set offsets 120
        > fire offsets
        send c2 OffsetCommit m1 gen 1 a-0@5
        > c2: commits a-0=NOT_COORDINATOR
        note 2 does not coordinate any more
        disconnect c2
        set offsets 120
        send 1 FindCoordinator g
        > 1: fetched a-0
        > 1: coordinator 1
        connect c1
        set session 45000
        > up c1
        > fire offsets
        send c1 OffsetCommit m1 gen 1 a-0@5
        > c1: commits a-0=NONE
        cancel poll
        answer committed a-0@5
        > commit 1000 a-0=3
        send c1 OffsetCommit m1 gen 1 a-0@3
        set poll 1000
        > fire poll
        answer committed Timeout
        > c1: commits a-0=NONE
        > commit 1000
        send c1 OffsetCommit m1 gen 1 a-0@5
        set poll 1000
        > wakeup
        cancel poll
        answer committed Wakeup
        > commit 0
        send c1 OffsetCommit m1 gen 1 a-0@5
        answer committed Timeout",
    );
}

#[test]
fn a_commit_of_a_generation_that_is_over_fails() {
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
        > commit default
        send c2 OffsetCommit m1 gen 1 a-0@5
        set poll 60000
        > c2: commits a-0=ILLEGAL_GENERATION
        note not in gen 1 any more: Refused(IllegalGeneration)
        cancel heartbeat
        cancel session
        cancel max-poll
        cancel poll
        answer committed CommitFailed
        > commit default
        answer committed CommitFailed
        > poll 0
        listener lost a-0
        > return
        send c2 JoinGroup m1: range a; cooperative-sticky a
        answer nothing
        > commit default a-0=5
        answer committed RebalanceInProgress",
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
        > commit default
        send c2 OffsetCommit m1 gen 1 a-0@5
        set poll 60000
        > c2: commits a-0=REBALANCE_IN_PROGRESS
        cancel poll
        answer committed RebalanceInProgress
        > commit default
        send c2 OffsetCommit m1 gen 1 a-0@5
        set poll 60000
        > c2: commits a-0=FENCED_INSTANCE_ID
        cancel poll
        answer committed FencedInstanceId
        > poll 0
        cancel max-poll
        set max-poll 300000
        listener revoked a-0",
    );
}

#[test]
fn commits_that_are_not_waited_for_are_answered_in_order_by_later_calls_and_not_tried_again() {
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
        > commit-async 1
        send c2 OffsetCommit m1 gen 1 a-0@5
        > commit-async 2 a-0=4
        send c2 OffsetCommit m1 gen 1 a-0@4
        > c2: commits a-0=NOT_COORDINATOR
        note 2 does not coordinate any more
        disconnect c2
        send 1 FindCoordinator g
        > commit-async 3 a-0=6
        callback 1 Retriable(NotCoordinator)
        callback 2 Retriable(NetworkException)
        > 1: fetched a-0
        > 1: coordinator COORDINATOR_NOT_AVAILABLE
        set coordinator 120
        > poll 0
        cancel max-poll
        callback 3 Retriable(CoordinatorNotAvailable)
        send 1 Metadata a
        set max-poll 300000
        answer nothing
        > commit-async 4 a-0=7
        > 1: metadata a-0=1@0
        > fire coordinator
        send 1 FindCoordinator g
        > 1: coordinator 2
        connect c2
        set session 45000
        > poll 0
        cancel max-poll
        send 1 Fetch a-0 from 5 @0
        set max-poll 300000
        answer nothing
        > up c2
        send c2 OffsetCommit m1 gen 1 a-0@7
        > commit 1000 a-0=8
        send c2 OffsetCommit m1 gen 1 a-0@8
        set poll 1000
        > c2: commits a-0=NONE
        callback 4 a-0@7
        > c2: commits a-0=NONE
        cancel poll
        answer committed a-0@8",
    );
}

/// Kafka's consumer has a hundred requests under way at most.
#[test]
fn commits_wait_for_the_answers_to_others() {
    let mut script = String::from(
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
        >> fire poll\n",
    );
    for call in 0..100 {
        script += &format!(">> commit-async {call}\n");
    }
    script += "
        > commit-async 100
        > commit-async 101
        > c2: commits a-0=NONE
        send c2 OffsetCommit m1 gen 1 a-0@5
        > c2: commits a-0=NONE
        send c2 OffsetCommit m1 gen 1 a-0@5";
    check_with(member(), &script);
}

#[test]
fn what_was_returned_before_a_poll_is_committed_by_it() {
    check_with(
        auto(),
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
        > poll 1000
        cancel max-poll
        set poll 1000
        > 1: fetched a-0=5..6@0
        send 1 Fetch a-0 from 7 @0
        cancel poll
        set max-poll 300000
        answer a-0: 5 6
        > fire auto-commit
        > poll 0
        cancel max-poll
        set auto-commit 5000
        send c2 OffsetCommit m1 gen 1 a-0@7 after @0
        set max-poll 300000
        answer nothing
        > c2: commits a-0=NONE
        > fire auto-commit
        > poll 0
        cancel max-poll
        set auto-commit 5000
        set max-poll 300000
        answer nothing
        > 1: fetched a-0=7@0
        > poll 0
        cancel max-poll
        send 1 Fetch a-0 from 8 @0
        set max-poll 300000
        answer a-0: 7
        > fire auto-commit
        > poll 0
        cancel max-poll
        set auto-commit 5000
        send c2 OffsetCommit m1 gen 1 a-0@8 after @0
        set max-poll 300000
        answer nothing
        > c2: commits a-0=COORDINATOR_LOAD_IN_PROGRESS
        > poll 0
        cancel max-poll
        set auto-commit 100
        set max-poll 300000
        answer nothing
        > fire auto-commit
        > poll 0
        cancel max-poll
        set auto-commit 5000
        send c2 OffsetCommit m1 gen 1 a-0@8 after @0
        set max-poll 300000
        answer nothing",
    );
}

#[test]
fn what_was_returned_is_committed_before_it_is_given_up() {
    check_with(
        auto(),
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
        > poll 1000
        cancel max-poll
        set poll 1000
        > 1: fetched a-0=5..6@0
        send 1 Fetch a-0 from 7 @0
        cancel poll
        set max-poll 300000
        answer a-0: 5 6
        >> fire heartbeat
        > c2: beat REBALANCE_IN_PROGRESS
        set session 45000
        > 1: fetched a-0=7@0
        > poll 0
        cancel max-poll
        set prepare 300000
        send c2 OffsetCommit m1 gen 1 a-0@7 after @0
        set max-poll 300000
        answer nothing
        > c2: commits a-0=COORDINATOR_LOAD_IN_PROGRESS
        set coordinator 120
        > fire coordinator
        > poll 0
        cancel max-poll
        set auto-commit 100
        send c2 OffsetCommit m1 gen 1 a-0@7 after @0
        set max-poll 300000
        answer nothing
        > c2: commits a-0=NONE
        > poll 0
        cancel max-poll
        set max-poll 300000
        listener revoked a-0
        > return
        cancel max-poll
        cancel prepare
        cancel heartbeat
        cancel session
        send c2 JoinGroup m1: range a; cooperative-sticky a
        answer nothing",
    );
    check_with(
        auto(),
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
        > poll 1000
        cancel max-poll
        set poll 1000
        > 1: fetched a-0=5..6@0
        send 1 Fetch a-0 from 7 @0
        cancel poll
        set max-poll 300000
        answer a-0: 5 6
        > close
        set close 30000
        send c2 OffsetCommit m1 gen 1 a-0@7 after @0
        > c2: commits a-0=NONE
        set max-poll 300000
        listener revoked a-0
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
        cancel auto-commit
        closed",
    );
    check_with(
        auto(),
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
        > c2: beat REBALANCE_IN_PROGRESS
        set session 45000
        > poll 0
        cancel max-poll
        set prepare 300000
        send c2 OffsetCommit m1 gen 1 a-0@5
        set max-poll 300000
        answer nothing
        > fire prepare
        > poll 0
        cancel max-poll
        set max-poll 300000
        listener revoked a-0
        > return
        cancel max-poll
        cancel heartbeat
        cancel session
        send c2 JoinGroup m1: range a; cooperative-sticky a
        answer nothing",
    );
}

#[test]
fn a_consumer_without_a_subscription_commits_as_nobody_and_begins_where_it_has_come_to() {
    check_with(
        auto(),
        "> assign a-0
        > poll 1000
        connect 1
        set poll 1000
        > up 1
        send 1 FindCoordinator g
        send 1 Metadata a
        > 1: coordinator 2
        connect c2
        > 1: metadata a-0=1@0
        > up c2
        send c2 OffsetFetch a-0
        > c2: told UNKNOWN_TOPIC_OR_PARTITION
        cancel poll
        answer UNKNOWN_TOPIC_OR_PARTITION
        > poll 1000
        send c2 OffsetFetch a-0
        set poll 1000
        > c2: told COORDINATOR_LOAD_IN_PROGRESS
        set offsets 120
        > fire offsets
        send c2 OffsetFetch a-0
        > c2: told a-0=3@0
        send 1 OffsetForLeaderEpoch a-0 end of 0 @0
        > 1: epochs a-0=2@0
        note a-0 truncated below 3, diverging from 2
        send 1 Fetch a-0 from 2 @0
        > show
        a-0 at 2 after @0
        > fire auto-commit
        set auto-commit 5000
        send c2 OffsetCommit nobody a-0@2 after @0
        > fire poll
        answer nothing
        > poll 0
        answer nothing
        > c2: commits a-0=NONE
        > committed 1000 a-0 a-1
        send c2 OffsetFetch a-0,a-1
        set poll 1000
        > c2: told a-0=2@0 a-1=none
        cancel poll
        answer a-0 2, a-1 nowhere",
    );
}
