//! What a consumer fetches, when, and what it hands out.

use super::conversation::check;

#[test]
fn hands_out_at_most_max_poll_records_and_fetches_when_the_buffer_is_empty() {
    check(
        "
        > max 2
        >> settled a-0 at 0 of 1@0
        > poll 1000
        send 1 Fetch a-0 from 0 @0
        set poll 1000
        > 1: fetched a-0=0..2@0,3..4@0
        cancel poll
        answer a-0: 0 1
        > poll 1000
        answer a-0: 2 3
        > poll 1000
        send 1 Fetch a-0 from 5 @0
        answer a-0: 4
        > poll 1000
        set poll 1000
        ",
    );
}

#[test]
fn a_buffer_emptied_by_exactly_max_poll_records_is_fetched_into_at_once() {
    check(
        "
        > max 3
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        > 1: fetched a-0=0..2@0
        send 1 Fetch a-0 from 3 @0
        cancel poll
        answer a-0: 0 1 2
        ",
    );
}

#[test]
fn skips_what_the_first_batch_has_before_the_position() {
    check(
        "
        >> settled a-0 at 4 of 1@0
        >> poll 1000
        > 1: fetched a-0=2..5@0,6@0
        send 1 Fetch a-0 from 7 @0
        cancel poll
        answer a-0: 4 5 6
        ",
    );
}

#[test]
fn control_batches_are_stepped_over() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        > 1: fetched a-0=0@0,c1@0,2@0
        send 1 Fetch a-0 from 3 @0
        cancel poll
        answer a-0: 0 2
        > poll 1000
        set poll 1000
        > 1: fetched a-0=c3@0
        send 1 Fetch a-0 from 4 @0
        cancel poll
        answer nothing
        ",
    );
}

#[test]
fn a_rotten_batch_stops_its_partition_but_not_the_records_before_it() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        > 1: fetched a-0=0..1@0,!2@0,3@0
        cancel poll
        answer a-0: 0 1
        > poll 1000
        answer CorruptRecord a-0 at 2
        > poll 1000
        answer CorruptRecord a-0 at 2
        ",
    );
}

#[test]
fn a_broker_that_finds_its_log_broken_is_asked_again() {
    check(
        "
        >> settled a-0 at 3 of 1@0
        >> poll 1000
        > 1: fetched a-0=CORRUPT_MESSAGE
        cancel poll
        answer CorruptRecord a-0 at 3
        > poll 1000
        send 1 Fetch a-0 from 3 @0
        set poll 1000
        ",
    );
}

#[test]
fn nothing_is_sent_between_polls_but_answers_are_kept() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        > poll 0
        send 1 Fetch a-0 from 0 @0
        answer nothing
        > 1: fetched a-0=0..1@0
        > poll 1000
        send 1 Fetch a-0 from 2 @0
        answer a-0: 0 1
        > 1: fetched a-0
        > poll 1000
        send 1 Fetch a-0 from 2 @0
        set poll 1000
        > fire poll
        answer nothing
        > poll 1000
        set poll 1000
        > 1: fetched a-0=2@0
        send 1 Fetch a-0 from 3 @0
        cancel poll
        answer a-0: 2
        ",
    );
}

#[test]
fn an_empty_answer_is_followed_by_the_next_fetch() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        > 1: fetched a-0
        send 1 Fetch a-0 from 0 @0
        ",
    );
}

#[test]
fn a_disconnect_loses_and_repeats_nothing() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        > poll 1000
        send 1 Fetch a-0 from 0 @0
        set poll 1000
        > 1: fetched a-0=0..1@0
        send 1 Fetch a-0 from 2 @0
        cancel poll
        answer a-0: 0 1
        > down 1
        set reconnect 1 60
        > poll 1000
        connect 2
        set poll 1000
        > fire reconnect 1
        connect 1
        > up 1
        send 1 Fetch a-0 from 2 @0
        send 1 Metadata a
        > 1: fetched a-0=2@0
        send 1 Fetch a-0 from 3 @0
        cancel poll
        answer a-0: 2
        ",
    );
}

#[test]
fn one_fetch_at_a_time_to_each_leader() {
    check(
        "
        >> assign a-0 a-1 b-0
        >> poll 1000
        >> up 1
        > 1: metadata a-0=1@0 a-1=2@0 b-0=1@0
        connect 2
        send 1 ListOffsets a-0 earliest @0, b-0 earliest @0
        > up 2
        send 2 ListOffsets a-1 earliest @0
        > 1: offsets a-0=0 b-0=0
        note a-0 reset to 0
        note b-0 reset to 0
        send 1 Fetch a-0 from 0 @0, b-0 from 0 @0
        > 2: offsets a-1=0
        note a-1 reset to 0
        send 2 Fetch a-1 from 0 @0
        > 1: fetched a-0=0@0 b-0
        send 1 Fetch b-0 from 0 @0, a-0 from 1 @0
        cancel poll
        answer a-0: 0
        > 2: fetched a-1=0@0
        > poll 1000
        send 2 Fetch a-1 from 1 @0
        answer a-1: 0
        ",
    );
}

#[test]
fn a_partition_that_was_served_goes_to_the_end_of_the_line() {
    check(
        "
        > max 3
        >> assign a-0 a-1
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=1@0 a-1=1@0
        > 1: offsets a-0=0 a-1=0
        note a-0 reset to 0
        note a-1 reset to 0
        send 1 Fetch a-0 from 0 @0, a-1 from 0 @0
        > 1: fetched a-0=0..1@0 a-1=0..1@0
        send 1 Fetch a-0 from 2 @0
        cancel poll
        answer a-0: 0 1 a-1: 0
        > 1: fetched a-0=2@0
        > poll 1000
        send 1 Fetch a-1 from 2 @0, a-0 from 3 @0
        answer a-1: 1 a-0: 2
        ",
    );
}

#[test]
fn an_error_of_one_partition_does_not_hold_up_another() {
    check(
        "
        >> assign a-0 a-1
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=1@0 a-1=1@0
        >> 1: offsets a-0=0 a-1=0
        > 1: fetched a-0=NOT_LEADER_OR_FOLLOWER a-1=0@0
        set fetch 1 100
        send 1 Fetch a-1 from 1 @0
        send 1 Metadata a
        cancel poll
        answer a-1: 0
        > fire fetch 1
        > 1: fetched a-1
        > poll 1000
        send 1 Fetch a-0 from 0 @0, a-1 from 1 @0
        set poll 1000
        ",
    );
}

#[test]
fn errors_that_metadata_cannot_cure_only_wait() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        > 1: fetched a-0=UNKNOWN_LEADER_EPOCH
        set fetch 1 100
        > fire fetch 1
        send 1 Fetch a-0 from 0 @0
        > 1: refused UNKNOWN_SERVER_ERROR
        set fetch 1 100
        ",
    );
}

#[test]
fn a_new_leader_ends_the_back_off() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        > 1: fetched a-0=NOT_LEADER_OR_FOLLOWER
        set fetch 1 100
        send 1 Metadata a
        > 1: metadata a-0=1@2
        cancel fetch 1
        send 1 Fetch a-0 from 0 @2
        ",
    );
}

#[test]
fn what_an_earlier_leader_sent_is_fetched_again_from_the_new_one() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        >> 1: fetched a-0=0@0
        >> poll 1000
        >> fire metadata-age
        > 1: fetched a-0
        send 1 Fetch a-0 from 1 @0
        > 1: metadata a-0=2@1
        connect 2
        > 1: fetched a-0=1@0
        > up 2
        send 2 OffsetForLeaderEpoch a-0 end of 0 @1
        > 2: epochs a-0=2@0
        note a-0 valid at 1
        send 2 Fetch a-0 from 1 @1
        > 2: fetched a-0=1@0
        send 2 Fetch a-0 from 2 @1
        cancel poll
        answer a-0: 1
        ",
    );
}

#[test]
fn records_come_before_errors() {
    check(
        "
        >> assign a-0 a-1
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=1@0 a-1=1@0
        >> 1: offsets a-0=0 a-1=9
        > reset none
        > 1: fetched a-0=0@0 a-1=OFFSET_OUT_OF_RANGE
        note a-1 out of range at 9
        send 1 Fetch a-0 from 1 @0
        cancel poll
        answer a-0: 0
        > poll 1000
        note a-1 out of range at 9
        answer OffsetOutOfRange a-1 at 9
        ",
    );
}

#[test]
fn an_assignment_keeps_what_it_shares_with_the_one_before() {
    check(
        "
        > max 1
        >> assign a-0 a-1
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=1@0 a-1=1@0
        >> 1: offsets a-0=0 a-1=0
        > 1: fetched a-0=0..1@0 a-1=0..1@0
        cancel poll
        answer a-0: 0
        > assign a-1 b-0 a-1
        > poll 1000
        send 1 Metadata a, b
        answer a-1: 0
        > poll 1000
        send 1 Fetch a-1 from 2 @0
        answer a-1: 1
        > assign a-1 a-0
        > 1: metadata a-0=1@0 a-1=1@0 b-0=1@0
        > poll 1000
        send 1 ListOffsets a-0 earliest @0
        set poll 1000
        ",
    );
}

#[test]
fn back_offs_end_with_the_assignment() {
    check(
        "
        >> assign a-0 a-1
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=1@0 a-1=1@0
        > 1: offsets a-0=0 a-1=OFFSET_NOT_AVAILABLE
        note a-0 reset to 0
        set position a-1 100
        send 1 Fetch a-0 from 0 @0
        send 1 Metadata a
        > 1: fetched a-0=UNKNOWN_SERVER_ERROR
        set fetch 1 100
        >> fire poll
        > assign
        cancel position a-1
        cancel fetch 1
        > poll 10
        set poll 10
        ",
    );
}

#[test]
fn what_is_under_way_can_be_seen() {
    check(
        "
        > max 2
        >> assign a-0
        > show
        a-0 nowhere
        idle
        >> poll 0
        >> up 1
        >> poll 0
        >> 1: metadata a-0=1@0
        >> poll 0
        >> 1: offsets a-0=0
        >> poll 0
        > 1: fetched a-0=0@0,1..2@0,3@0
        > show
        a-0 at 0 after @-1
        buffered a-0 0..0
        buffered a-0 1..2
        buffered a-0 3..3
        > poll 0
        answer a-0: 0 1
        > show
        a-0 at 2 after @0
        buffered a-0 1..2
        buffered a-0 3..3
        > poll 0
        send 1 Fetch a-0 from 4 @0
        answer a-0: 2 3
        > show
        a-0 at 4 after @0
        > 1: fetched a-0
        > show
        a-0 at 4 after @0
        idle
        ",
    );
}

/// Both leaders answer while no poll waits.
fn late_answer_of_an_earlier_leader(script: &str) {
    let start = "
        >> assign a-0
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=2@0
        >> up 2
        >> 2: offsets a-0=0
        >> 2: fetched a-0=0..4@0
        >> fire metadata-age
        >> poll 1000
        > 1: metadata a-0=1@1
        send 1 OffsetForLeaderEpoch a-0 end of 0 @1
        > fire poll
        answer nothing
        > 2: fetched a-0=5..6@0
        ";
    check(&alloc::format!("{start}{script}"));
}

#[test]
fn a_late_answer_of_an_earlier_leader_counts_if_the_position_is_confirmed() {
    late_answer_of_an_earlier_leader(
        "
        > 1: epochs a-0=7@0
        note a-0 valid at 5
        > poll 1000
        send 1 Fetch a-0 from 7 @1
        answer a-0: 5 6
        ",
    );
}

#[test]
fn a_late_answer_of_an_earlier_leader_is_dropped_if_the_position_has_to_go_back() {
    late_answer_of_an_earlier_leader(
        "
        > 1: epochs a-0=3@0
        note a-0 truncated below 5, diverging from 3
        > poll 1000
        send 1 Fetch a-0 from 3 @1
        set poll 1000
        ",
    );
}

#[test]
fn what_was_fetched_for_an_earlier_position_is_not_kept() {
    check(
        "
        >> assign a-0
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=2@0
        >> up 2
        >> 2: offsets a-0=0
        >> 2: fetched a-0=0..4@0
        >> fire metadata-age
        >> poll 1000
        >> 1: metadata a-0=1@1
        >> 1: epochs a-0=3@0
        >> fire poll
        > 2: fetched a-0=5..6@0
        > show
        a-0 at 3 after @0
        ",
    );
}

#[test]
fn a_back_off_ends_when_the_position_is_lost() {
    check(
        "
        >> assign a-0
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=2@0
        >> up 2
        > 2: offsets a-0=0
        note a-0 reset to 0
        send 2 Fetch a-0 from 0 @0
        > fire metadata-age
        send 1 Metadata a
        > 1: metadata a-0=1@1
        send 1 Fetch a-0 from 0 @1
        > fire poll
        answer nothing
        > 1: fetched a-0=UNKNOWN_SERVER_ERROR
        > 2: fetched a-0=OFFSET_OUT_OF_RANGE
        > poll 1000
        set fetch 1 100
        note a-0 out of range at 0
        cancel fetch 1
        send 1 ListOffsets a-0 earliest @1
        set poll 1000
        ",
    );
}
