//! What a consumer answers when its application asks where something is, and how it is closed.

use super::conversation::check;

#[test]
fn a_position_is_that_of_the_next_record_to_be_returned_whatever_is_fetched() {
    check(
        "
        > max 2
        >> settled a-0 at 0 of 1@0
        > position a-0 1000
        answer a-0 0
        >> poll 0
        >> 1: fetched a-0=0..2@0,3@0
        > position a-0 1000
        answer a-0 0
        > poll 1000
        answer a-0: 0 1
        > position a-0 1000
        answer a-0 2
        > seek a-0 9
        > position a-0 1000
        answer a-0 9
        ",
    );
}

#[test]
fn a_position_that_is_not_known_is_looked_up_as_a_poll_would() {
    check(
        "
        > assign a-0
        > position a-0 1000
        connect 1
        set poll 1000
        > up 1
        send 1 Metadata a
        > 1: metadata a-0=1@0
        send 1 ListOffsets a-0 earliest @0
        > 1: offsets a-0=5
        note a-0 reset to 5
        cancel poll
        answer a-0 5
        > show
        a-0 at 5 after @-1
        idle
        > to-end a-0
        > position a-0 1000
        send 1 ListOffsets a-0 latest @0
        set poll 1000
        > 1: offsets a-0=7
        note a-0 reset to 7
        cancel poll
        answer a-0 7
        ",
    );
}

#[test]
fn a_position_that_has_to_be_validated_is_none_until_it_is() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 0
        >> 1: fetched a-0=0..2@0
        >> poll 0
        >> 1: fetched a-0=NOT_LEADER_OR_FOLLOWER>2@1
        > position a-0 1000
        connect 2
        set poll 1000
        > up 2
        send 2 OffsetForLeaderEpoch a-0 end of 0 @1
        > 2: epochs a-0=2@0
        note a-0 truncated below 3, diverging from 2
        cancel poll
        answer a-0 2
        ",
    );
}

#[test]
fn a_position_without_a_policy_throws_as_a_poll_would() {
    check(
        "
        > reset none
        > assign a-0
        > position a-0 1000
        answer NoOffsetForPartition a-0
        ",
    );
}

#[test]
fn what_several_leaders_know_is_answered_once_all_have_told() {
    check(
        "
        > end 1000 a-0 a-1
        connect 1
        set poll 1000
        > up 1
        send 1 Metadata a
        > 1: metadata a-0=1@0 a-1=2@3
        connect 2
        send 1 ListOffsets a-0 latest @0
        > 1: offsets a-0=5
        > up 2
        send 2 ListOffsets a-1 latest @3
        > 2: offsets a-1=9
        cancel poll
        answer a-0 5, a-1 9
        > beginning default a-1
        send 2 ListOffsets a-1 earliest @3
        set poll 60000
        > 2: offsets a-1=2
        cancel poll
        answer a-1 2
        > times 1000 a-0 300
        send 1 ListOffsets a-0 time 300 @0
        set poll 1000
        > 1: offsets a-0=4/310
        cancel poll
        answer a-0 4 of time 310
        > times 1000 a-0 900
        send 1 ListOffsets a-0 time 900 @0
        set poll 1000
        > 1: offsets a-0=-1
        cancel poll
        answer a-0 nowhere
        > show
        idle
        ",
    );
}

#[test]
fn whoever_cannot_tell_is_asked_again_once_there_is_newer_metadata() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        > end 1000 a-0
        send 1 ListOffsets a-0 latest @0
        set poll 1000
        > 1: offsets a-0=OFFSET_NOT_AVAILABLE
        set metadata 120
        > fire metadata
        send 1 Metadata a
        > 1: metadata a-0=2@1
        connect 2
        > up 2
        send 2 ListOffsets a-0 latest @1
        > down 2
        set reconnect 2 60
        send 1 Metadata a
        > 1: metadata a-0=1@2
        send 1 ListOffsets a-0 latest @2
        > 1: offsets a-0=3
        cancel poll
        answer a-0 3
        ",
    );
}

#[test]
fn a_topic_that_is_not_assigned_is_found_or_waited_for() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        > end 1000 b-0
        send 1 Metadata a, b
        set poll 1000
        > 1: metadata a-0=1@0 b=UNKNOWN_TOPIC_OR_PARTITION
        set metadata 120
        > fire metadata
        send 1 Metadata a, b
        > 1: metadata a-0=1@0 b-0=1@0
        send 1 ListOffsets b-0 latest @0
        > fire poll
        answer Timeout
        ",
    );
}

#[test]
fn an_answer_that_comes_after_its_call_has_given_up_is_nobodys() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        > end 1000 a-0
        send 1 ListOffsets a-0 latest @0
        set poll 1000
        > fire poll
        answer Timeout
        > end 1000 a-0
        send 1 ListOffsets a-0 latest @0
        set poll 1000
        > 1: offsets a-0=5
        > 1: offsets a-0=6
        cancel poll
        answer a-0 6
        ",
    );
}

#[test]
fn a_lookup_is_woken_up_and_one_that_need_not_wait_leaves_the_wakeup_to_the_next() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        > end 1000 a-0
        send 1 ListOffsets a-0 latest @0
        set poll 1000
        > wakeup
        cancel poll
        answer Wakeup
        > 1: offsets a-0=5
        > wakeup
        > position a-0 1000
        answer a-0 0
        > beginning 1000 a-0
        send 1 ListOffsets a-0 earliest @0
        answer Wakeup
        > 1: offsets a-0=0
        > beginning 0 a-0
        send 1 ListOffsets a-0 earliest @0
        answer Timeout
        ",
    );
}

#[test]
fn a_consumer_that_is_closed_hangs_up_and_asks_for_nothing_more() {
    check(
        "
        >> assign a-0 a-1
        >> poll 0
        >> up 1
        >> poll 0
        >> 1: metadata a-0=1@0 a-1=2@0
        >> poll 0
        >> 1: offsets a-0=OFFSET_NOT_AVAILABLE
        > close
        cancel position a-0
        disconnect 1
        closed
        > show
        idle
        > up 2
        disconnect 2
        ",
    );
}
