//! What a consumer does when its application pauses, seeks and wakes it up.

use super::conversation::check;

#[test]
fn a_paused_partition_is_neither_fetched_nor_handed_out_and_keeps_what_was_fetched() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 0
        > 1: fetched a-0=0..2@0
        > pause a-0
        > poll 1000
        set poll 1000
        > fire poll
        answer nothing
        > show
        a-0 at 0 after @-1
        buffered a-0 0..2
        > resume a-0
        > poll 1000
        send 1 Fetch a-0 from 3 @0
        answer a-0: 0 1 2
        > pause a-0
        > 1: fetched a-0
        > poll 0
        answer nothing
        > resume a-0
        > poll 0
        send 1 Fetch a-0 from 3 @0
        answer nothing
        ",
    );
}

#[test]
fn what_is_left_of_a_paused_partition_is_handed_out_later() {
    check(
        "
        > max 2
        >> settled a-0 at 0 of 1@0
        >> poll 0
        >> 1: fetched a-0=0..2@0,3@0
        > poll 1000
        answer a-0: 0 1
        > pause a-0
        > poll 0
        answer nothing
        > resume a-0
        > poll 0
        send 1 Fetch a-0 from 4 @0
        answer a-0: 2 3
        ",
    );
}

#[test]
fn a_paused_partition_holds_no_other_up() {
    check(
        "
        >> assign a-0 a-1
        >> poll 0
        >> up 1
        >> poll 0
        >> 1: metadata a-0=1@0 a-1=1@0
        >> poll 0
        >> 1: offsets a-0=0 a-1=0
        >> poll 0
        >> 1: fetched a-0=0..1@0 a-1=0@0
        > pause a-0
        > poll 0
        send 1 Fetch a-1 from 1 @0
        answer a-1: 0
        > resume a-0
        > poll 0
        answer a-0: 0 1
        ",
    );
}

#[test]
fn who_seeks_gets_what_is_there_and_nothing_else() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 0
        >> 1: fetched a-0=0..2@0
        > seek a-0 7
        > poll 1000
        send 1 Fetch a-0 from 7 @0
        set poll 1000
        > 1: fetched a-0=7..8@0
        send 1 Fetch a-0 from 9 @0
        cancel poll
        answer a-0: 7 8
        > seek a-0 1
        > 1: fetched a-0=9@0
        > poll 1000
        send 1 Fetch a-0 from 1 @0
        set poll 1000
        > 1: fetched a-0=0..2@0
        send 1 Fetch a-0 from 3 @0
        cancel poll
        answer a-0: 1 2
        ",
    );
}

#[test]
fn who_seeks_before_anything_is_known_is_not_reset() {
    check(
        "
        >> assign a-0
        > seek a-0 5
        > poll 1000
        connect 1
        set poll 1000
        > up 1
        send 1 Metadata a
        > 1: metadata a-0=1@0
        send 1 Fetch a-0 from 5 @0
        ",
    );
}

#[test]
fn an_end_of_the_log_is_looked_up_by_the_next_poll() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        > to-end a-0
        > show
        a-0 nowhere
        idle
        > poll 1000
        send 1 ListOffsets a-0 latest @0
        set poll 1000
        > 1: offsets a-0=9
        note a-0 reset to 9
        send 1 Fetch a-0 from 9 @0
        ",
    );
}

#[test]
fn the_answer_about_the_other_end_is_not_taken() {
    check(
        "
        >> settled a-0 at 4 of 1@0
        > to-beginning a-0
        > poll 0
        send 1 ListOffsets a-0 earliest @0
        answer nothing
        > to-end a-0
        > 1: offsets a-0=0
        > poll 0
        send 1 ListOffsets a-0 latest @0
        answer nothing
        > seek a-0 3
        > 1: offsets a-0=9
        > show
        a-0 at 3 after @-1
        idle
        ",
    );
}

#[test]
fn a_seek_ends_the_wait_after_an_error() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 0
        >> 1: fetched a-0=UNKNOWN_SERVER_ERROR
        > poll 0
        set fetch 1 100
        answer nothing
        > seek a-0 2
        cancel fetch 1
        > poll 0
        send 1 Fetch a-0 from 2 @0
        answer nothing
        > to-end a-0
        > 1: fetched a-0
        > poll 0
        send 1 ListOffsets a-0 latest @0
        answer nothing
        > 1: offsets a-0=OFFSET_NOT_AVAILABLE
        set position a-0 100
        > to-beginning a-0
        cancel position a-0
        > poll 0
        send 1 ListOffsets a-0 earliest @0
        send 1 Metadata a
        answer nothing
        ",
    );
}

#[test]
fn a_wakeup_ends_the_poll_that_waits_once() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        > wakeup
        cancel poll
        answer Wakeup
        > 1: fetched a-0=0@0
        > poll 1000
        send 1 Fetch a-0 from 1 @0
        answer a-0: 0
        ",
    );
}

#[test]
fn a_wakeup_between_polls_ends_the_next_one_and_takes_nothing() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 0
        >> 1: fetched a-0=0..1@0
        > wakeup
        > wakeup
        > poll 1000
        answer Wakeup
        > show
        a-0 at 0 after @-1
        buffered a-0 0..1
        > poll 1000
        send 1 Fetch a-0 from 2 @0
        answer a-0: 0 1
        ",
    );
}
