//! Where a consumer starts, and what it does when leaders change.

use super::conversation::check;

#[test]
fn starts_at_the_earliest_offset() {
    check(
        "
        > assign a-0
        > poll 1000
        connect 1
        set poll 1000
        > up 1
        send 1 Metadata a
        > 1: metadata a-0=1@4
        send 1 ListOffsets a-0 earliest @4
        > 1: offsets a-0=3
        note a-0 reset to 3
        send 1 Fetch a-0 from 3 @4
        > 1: fetched a-0=3..5@4
        send 1 Fetch a-0 from 6 @4
        cancel poll
        answer a-0: 3 4 5
        ",
    );
}

#[test]
fn starts_at_the_latest_offset() {
    check(
        "
        > reset latest
        >> assign a-0
        >> poll 1000
        >> up 1
        > 1: metadata a-0=1@4
        send 1 ListOffsets a-0 latest @4
        > 1: offsets a-0=7
        note a-0 reset to 7
        send 1 Fetch a-0 from 7 @4
        ",
    );
}

#[test]
fn without_a_policy_every_poll_fails_and_nobody_is_asked() {
    check(
        "
        > reset none
        > assign a-0 a-1
        > poll 1000
        answer NoOffsetForPartition a-0
        > poll 0
        answer NoOffsetForPartition a-0
        ",
    );
}

#[test]
fn a_high_watermark_that_lags_is_waited_for() {
    check(
        "
        > reset latest
        >> assign a-0
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=1@4
        > 1: offsets a-0=OFFSET_NOT_AVAILABLE
        set position a-0 100
        send 1 Metadata a
        > 1: metadata a-0=1@4
        > fire position a-0
        send 1 ListOffsets a-0 latest @4
        > 1: offsets a-0=7
        note a-0 reset to 7
        send 1 Fetch a-0 from 7 @4
        ",
    );
}

#[test]
fn a_lookup_goes_to_whoever_leads_by_then() {
    check(
        "
        >> assign a-0
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=1@4
        > 1: offsets a-0=NOT_LEADER_OR_FOLLOWER
        set position a-0 100
        send 1 Metadata a
        > 1: metadata a-0=2@5
        > fire position a-0
        connect 2
        > up 2
        send 2 ListOffsets a-0 earliest @5
        ",
    );
}

#[test]
fn a_lookup_is_lost_with_its_connection() {
    check(
        "
        >> assign a-0
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=1@4
        > down 1
        set reconnect 1 60
        set position a-0 100
        connect 2
        > fire position a-0
        > fire reconnect 1
        connect 1
        > up 1
        send 1 ListOffsets a-0 earliest @4
        send 1 Metadata a
        > up 2
        ",
    );
}

#[test]
fn an_unanswered_request_costs_the_connection() {
    check(
        "
        >> assign a-0
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=1@4
        > fire request 1
        disconnect 1
        set reconnect 1 60
        set position a-0 100
        connect 2
        ",
    );
}

#[test]
fn an_answer_to_another_question_costs_the_connection() {
    check(
        "
        >> assign a-0
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=1@4
        > 1: epochs a-0=5@4
        disconnect 1
        set reconnect 1 60
        set position a-0 100
        connect 2
        ",
    );
}

#[test]
fn a_topic_that_does_not_exist_yet_is_asked_about_again() {
    check(
        "
        >> assign a-0
        >> poll 1000
        >> up 1
        > 1: metadata a=UNKNOWN_TOPIC_OR_PARTITION
        set metadata 120
        > fire poll
        answer nothing
        > fire metadata
        > poll 1000
        send 1 Metadata a
        set poll 1000
        > 1: metadata a-0=none@0
        set metadata 120
        > fire metadata
        send 1 Metadata a
        > 1: metadata a-0=1@1
        send 1 ListOffsets a-0 earliest @1
        ",
    );
}

#[test]
fn a_partition_that_its_topic_does_not_have_is_asked_about_after_a_back_off() {
    check(
        "
        >> assign a-1
        >> poll 1000
        >> up 1
        > 1: metadata a-0=1@1
        set metadata 120
        > fire metadata
        send 1 Metadata a
        > 1: metadata a-0=1@1 a-1=1@0
        send 1 ListOffsets a-1 earliest @0
        ",
    );
}

#[test]
fn a_new_leader_confirms_the_position() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        > 1: fetched a-0=0..2@0
        send 1 Fetch a-0 from 3 @0
        cancel poll
        answer a-0: 0 1 2
        > poll 1000
        set poll 1000
        > fire metadata-age
        send 1 Metadata a
        > 1: fetched a-0
        send 1 Fetch a-0 from 3 @0
        > 1: metadata a-0=2@1
        connect 2
        > up 2
        send 2 OffsetForLeaderEpoch a-0 end of 0 @1
        > 2: epochs a-0=3@0
        note a-0 valid at 3
        send 2 Fetch a-0 from 3 @1
        > 2: fetched a-0=3@1
        send 2 Fetch a-0 from 4 @1
        cancel poll
        answer a-0: 3
        ",
    );
}

#[test]
fn a_position_that_nothing_was_read_before_needs_no_confirmation() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        > 1: fetched a-0=NOT_LEADER_OR_FOLLOWER>2@1
        connect 2
        > up 2
        send 2 Fetch a-0 from 0 @1
        ",
    );
}

#[test]
fn a_truncated_log_moves_the_position_back_to_where_it_diverged() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        >> 1: fetched a-0=0..4@0
        >> poll 1000
        > 1: fetched a-0=FENCED_LEADER_EPOCH>2@2
        connect 2
        > up 2
        send 2 OffsetForLeaderEpoch a-0 end of 0 @2
        > 2: epochs a-0=3@0
        note a-0 truncated below 5, diverging from 3
        send 2 Fetch a-0 from 3 @2
        > 2: fetched a-0=3..6@2
        send 2 Fetch a-0 from 7 @2
        cancel poll
        answer a-0: 3 4 5 6
        ",
    );
}

#[test]
fn a_leader_that_knows_nothing_of_the_epoch_has_the_position_looked_up() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        >> 1: fetched a-0=0..4@0
        >> poll 1000
        >> 1: fetched a-0=NOT_LEADER_OR_FOLLOWER>2@2
        >> up 2
        > 2: epochs a-0=none
        note a-0 truncated below 5, diverging from -1
        send 2 ListOffsets a-0 earliest @2
        > 2: offsets a-0=1
        note a-0 reset to 1
        send 2 Fetch a-0 from 1 @2
        ",
    );
}

#[test]
fn the_end_of_an_earlier_epoch_proves_nothing_about_the_position() {
    check(
        "
        >> settled a-0 at 0 of 1@2
        >> poll 1000
        >> 1: fetched a-0=0..4@2
        >> poll 1000
        >> 1: fetched a-0=NOT_LEADER_OR_FOLLOWER>2@3
        >> up 2
        > 2: epochs a-0=9@1
        note a-0 truncated below 5, diverging from -1
        send 2 ListOffsets a-0 earliest @3
        ",
    );
}

#[test]
fn without_a_policy_a_truncation_is_told_to_the_application() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        >> 1: fetched a-0=0..4@0
        > reset none
        >> poll 1000
        >> 1: fetched a-0=NOT_LEADER_OR_FOLLOWER>2@2
        >> up 2
        > 2: epochs a-0=3@0
        note a-0 truncated below 5, diverging from 3
        set position a-0 30000
        cancel poll
        answer LogTruncation a-0 at 5, diverging from 3
        > poll 1000
        set poll 1000
        > fire position a-0
        send 2 OffsetForLeaderEpoch a-0 end of 0 @2
        > 2: epochs a-0=none
        note a-0 truncated below 5, diverging from -1
        set position a-0 30000
        cancel poll
        answer LogTruncation a-0 at 5, diverging from -1
        ",
    );
}

#[test]
fn a_truncation_found_between_polls_is_told_by_the_next() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        >> 1: fetched a-0=0..4@0
        > reset none
        >> poll 1000
        >> 1: fetched a-0=NOT_LEADER_OR_FOLLOWER>2@2
        >> up 2
        >> fire poll
        > 2: epochs a-0=3@0
        note a-0 truncated below 5, diverging from 3
        set position a-0 30000
        > poll 1000
        answer LogTruncation a-0 at 5, diverging from 3
        > poll 0
        answer nothing
        ",
    );
}

#[test]
fn a_validation_is_retried_and_forgets_its_back_off_when_the_leader_changes_again() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        >> 1: fetched a-0=0..4@0
        >> poll 1000
        >> 1: fetched a-0=NOT_LEADER_OR_FOLLOWER>2@2
        > up 2
        send 2 OffsetForLeaderEpoch a-0 end of 0 @2
        > 2: epochs a-0=UNKNOWN_LEADER_EPOCH
        set position a-0 100
        send 1 Metadata a
        > fire position a-0
        send 2 OffsetForLeaderEpoch a-0 end of 0 @2
        > 2: epochs a-0=FENCED_LEADER_EPOCH
        set position a-0 100
        > 1: metadata a-0=1@3
        cancel position a-0
        send 1 OffsetForLeaderEpoch a-0 end of 0 @3
        > 1: epochs a-0=5@0
        note a-0 valid at 5
        send 1 Fetch a-0 from 5 @3
        ",
    );
}

#[test]
fn a_validation_is_lost_with_its_connection() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        >> 1: fetched a-0=0..4@0
        >> poll 1000
        >> 1: fetched a-0=NOT_LEADER_OR_FOLLOWER>2@2
        >> up 2
        > down 2
        set reconnect 2 60
        set position a-0 100
        send 1 Metadata a
        > fire reconnect 2
        > fire position a-0
        connect 2
        > up 2
        send 2 OffsetForLeaderEpoch a-0 end of 0 @2
        ",
    );
}

#[test]
fn an_answer_about_an_earlier_position_validates_nothing() {
    check(
        "
        >> settled a-0 at 0 of 1@0
        >> poll 1000
        >> 1: fetched a-0=0..4@0
        >> fire metadata-age
        > poll 1000
        send 1 Metadata a
        set poll 1000
        > 1: fetched a-0=NOT_LEADER_OR_FOLLOWER>2@2
        connect 2
        > up 2
        send 2 OffsetForLeaderEpoch a-0 end of 0 @2
        > 1: metadata a-0=1@3
        send 1 OffsetForLeaderEpoch a-0 end of 0 @3
        > 2: epochs a-0=1@0
        > 1: epochs a-0=5@0
        note a-0 valid at 5
        send 1 Fetch a-0 from 5 @3
        ",
    );
}

#[test]
fn an_older_leader_is_not_believed() {
    check(
        "
        >> settled a-0 at 0 of 1@4
        >> poll 1000
        > fire metadata-age
        send 1 Metadata a
        > 1: fetched a-0=0@4
        send 1 Fetch a-0 from 1 @4
        cancel poll
        answer a-0: 0
        >> poll 1000
        > 1: metadata a-0=2@3
        ",
    );
}

#[test]
fn out_of_range_resets_by_policy() {
    check(
        "
        >> settled a-0 at 4 of 1@0
        >> poll 1000
        > 1: fetched a-0=OFFSET_OUT_OF_RANGE
        note a-0 out of range at 4
        send 1 ListOffsets a-0 earliest @0
        > 1: offsets a-0=6
        note a-0 reset to 6
        send 1 Fetch a-0 from 6 @0
        ",
    );
}

#[test]
fn out_of_range_without_a_policy_is_told_in_every_poll() {
    check(
        "
        >> settled a-0 at 4 of 1@0
        > reset none
        >> poll 1000
        > 1: fetched a-0=OFFSET_OUT_OF_RANGE
        note a-0 out of range at 4
        cancel poll
        answer OffsetOutOfRange a-0 at 4
        > poll 1000
        send 1 Fetch a-0 from 4 @0
        set poll 1000
        > 1: fetched a-0=OFFSET_OUT_OF_RANGE
        note a-0 out of range at 4
        cancel poll
        answer OffsetOutOfRange a-0 at 4
        ",
    );
}

#[test]
fn out_of_range_for_a_position_that_has_moved_is_ignored() {
    check(
        "
        >> assign a-0
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=2@0
        >> up 2
        >> 2: offsets a-0=0
        > 2: fetched a-0=0..4@0
        send 2 Fetch a-0 from 5 @0
        cancel poll
        answer a-0: 0 1 2 3 4
        >> fire metadata-age
        >> poll 1000
        > 1: metadata a-0=1@2
        send 1 OffsetForLeaderEpoch a-0 end of 0 @2
        > 1: epochs a-0=3@0
        note a-0 truncated below 5, diverging from 3
        send 1 Fetch a-0 from 3 @2
        > 2: fetched a-0=OFFSET_OUT_OF_RANGE
        ",
    );
}

#[test]
fn out_of_range_found_between_polls_is_looked_up_by_the_next() {
    check(
        "
        >> settled a-0 at 4 of 1@0
        >> poll 0
        > 1: fetched a-0=OFFSET_OUT_OF_RANGE
        > poll 1000
        note a-0 out of range at 4
        send 1 ListOffsets a-0 earliest @0
        set poll 1000
        ",
    );
}

#[test]
fn a_topic_created_anew_is_looked_up_anew() {
    check(
        "
        >> assign a-0
        >> poll 1000
        >> up 1
        >> 1: metadata a-0=1@0
        > 1: offsets a-0=LEADER_NOT_AVAILABLE
        set position a-0 100
        send 1 Metadata a
        > 1: metadata a'-0=1@0
        cancel position a-0
        send 1 ListOffsets a'-0 earliest @0
        ",
    );
}
