//! Conversations with one log.

use super::replica::{Replica, batch, transcript};
use crate::ids::{LeaderEpoch, Offset};

#[test]
fn a_leader_assigns_offsets_and_its_epoch() {
    transcript(
        "
        state      => 0 to 0, high watermark 0, epochs none
        begin 1    => write epochs 1@0
        lead 1 x2  => append 0-1 of epoch 1
        lead 1 x1  => append 2-2 of epoch 1
        begin 4    => write epochs 1@0 4@3
        lead 4 x3  => append 3-5 of epoch 4
        state      => 0 to 6, high watermark 0, epochs 1@0 4@3
        ",
    );
}

#[test]
fn an_epoch_without_data_is_replaced_by_the_next() {
    transcript(
        "
        begin 0    => write epochs 0@0
        lead 0 x2  => append 0-1 of epoch 0
        begin 1    => write epochs 0@0 1@2
        begin 1    => nothing
        begin 2    => write epochs 0@0 2@2
        end-of 1   => epoch 0 ends at 2
        end-of 2   => epoch 2 ends at 2
        ",
    );
}

#[test]
fn a_follower_keeps_what_came() {
    transcript(
        "
        follow 0 3 x2           => write epochs 3@0; append 0-1 of epoch 3
        follow 2 3 x1 7/0:4     => append 2-2 of epoch 3
        follow 3 5 x1           => write epochs 3@0 5@3; append 3-3 of epoch 5
        follow 3 5 x1           => OFFSET_OUT_OF_RANGE
        follow 5 5 x1           => append 5-5 of epoch 5
        follow 4 6 x1           => OFFSET_OUT_OF_RANGE
        follow 6 6 x1 rotten    => CORRUPT_MESSAGE
        follow 6 -1 x1          => CORRUPT_MESSAGE
        producer 7              => epoch 0, last 4
        state                   => 0 to 6, high watermark 0, epochs 3@0 5@3
        ",
    );
}

#[test]
fn a_batch_of_an_older_epoch_takes_the_newer_ones_out_of_the_cache() {
    transcript(
        "
        lead 2 x2       => write epochs 2@0; append 0-1 of epoch 2
        begin 7         => write epochs 2@0 7@2
        follow 2 3 x1   => write epochs 2@0 3@2; append 2-2 of epoch 3
        ",
    );
}

#[test]
fn a_read_gives_whole_batches_below_the_limit() {
    transcript(
        "
        read 0 9   => nothing
        lead 1 x2  => write epochs 1@0; append 0-1 of epoch 1
        lead 1 x3  => append 2-4 of epoch 1
        lead 1 x1  => append 5-5 of epoch 1
        read 0 6   => 0-1 2-4 5-5
        read 1 6   => 0-1 2-4 5-5
        read 2 6   => 2-4 5-5
        read 4 9   => 2-4 5-5
        read 0 5   => 0-1 2-4
        read 0 4   => 0-1
        read 3 4   => nothing
        read 0 0   => nothing
        read 6 9   => nothing
        read 5 2   => nothing
        epoch-at 5 => 1
        ",
    );
}

#[test]
fn a_read_is_cut_by_size_but_can_make_progress() {
    let mut replica = Replica::new();
    for _ in 0..3 {
        replica.act(|log, out| log.append_as_leader(&batch(2, None), LeaderEpoch(0), out));
    }
    let size = batch(2, None).size();
    let read = |max_bytes, first_always| replica.log.read(Offset(0), Offset(6), max_bytes, first_always).len();
    assert_eq!(
        [0, 1, size - 1, size, 2 * size - 1, 2 * size, 9 * size].map(|max| read(max, false)),
        [0, 0, 0, 1, 1, 2, 3]
    );
    assert_eq!(
        [0, 1, size - 1, size, 2 * size - 1, 2 * size, 9 * size].map(|max| read(max, true)),
        [1, 1, 1, 1, 1, 2, 3]
    );
}

#[test]
fn the_high_watermark_stays_within_the_log() {
    transcript(
        "
        watermark 3   => still at 0
        lead 1 x4     => write epochs 1@0; append 0-3 of epoch 1
        watermark 3   => moved at 3
        watermark 3   => still at 3
        watermark 2   => moved at 2
        watermark 9   => moved at 4
        watermark -1  => moved at 0
        ",
    );
}

#[test]
fn truncation_takes_epochs_and_high_watermark_along() {
    transcript(
        "
        lead 1 x2   => write epochs 1@0; append 0-1 of epoch 1
        lead 2 x2   => write epochs 1@0 2@2; append 2-3 of epoch 2
        lead 2 x1   => append 4-4 of epoch 2
        watermark 5 => moved at 5
        truncate 5  => nothing
        truncate 4  => cut at 4; truncated from 5 to 4
        state       => 0 to 4, high watermark 4, epochs 1@0 2@2
        truncate 2  => cut at 2; truncated from 4 to 2; write epochs 1@0
        state       => 0 to 2, high watermark 2, epochs 1@0
        truncate 0  => cut at 0; truncated from 2 to 0; write epochs none
        state       => 0 to 0, high watermark 0, epochs none
        truncate 0  => nothing
        ",
    );
}

#[test]
fn a_batch_that_straddles_the_cut_goes_as_a_whole() {
    transcript(
        "
        lead 1 x2   => write epochs 1@0; append 0-1 of epoch 1
        lead 2 x3   => write epochs 1@0 2@2; append 2-4 of epoch 2
        watermark 4 => moved at 4
        truncate 4  => cut at 2; truncated from 5 to 2; write epochs 1@0
        state       => 0 to 2, high watermark 2, epochs 1@0
        ",
    );
}

#[test]
fn truncation_forgets_an_epoch_without_data_even_where_no_batch_goes() {
    transcript(
        "
        lead 1 x2   => write epochs 1@0; append 0-1 of epoch 1
        begin 5     => write epochs 1@0 5@2
        truncate 9  => write epochs 1@0
        truncate 2  => nothing
        ",
    );
}

#[test]
fn truncation_takes_producers_back_to_what_the_log_still_says() {
    transcript(
        "
        lead 1 x2 7/0:0  => write epochs 1@0; append 0-1 of epoch 1
        lead 1 x1 8/0:0  => append 2-2 of epoch 1
        lead 1 x1 7/1:0  => append 3-3 of epoch 1
        lead 1 x1        => append 4-4 of epoch 1
        producer 7       => epoch 1, last 0
        truncate 4       => cut at 4; truncated from 5 to 4
        producer 7       => epoch 1, last 0
        truncate 3       => cut at 3; truncated from 4 to 3
        producer 7       => epoch 0, last 1
        again 7/0 0 1    => is at 0
        truncate 2       => cut at 2; truncated from 3 to 2
        producer 8       => unknown
        ",
    );
}

#[test]
fn five_batches_are_recognised_and_the_sixth_is_not() {
    transcript(
        "
        lead 1 x2 7/0:0  => write epochs 1@0; append 0-1 of epoch 1
        lead 1 x1 7/0:2  => append 2-2 of epoch 1
        lead 1 x1 7/0:3  => append 3-3 of epoch 1
        lead 1 x1 7/0:4  => append 4-4 of epoch 1
        lead 1 x3 7/0:5  => append 5-7 of epoch 1
        again 7/0 0 1    => is at 0
        again 7/0 5 7    => is at 5
        again 7/0 0 0    => not known
        again 7/0 1 1    => not known
        again 7/0 0 2    => not known
        again 7/1 0 1    => not known
        again 8/0 0 1    => not known
        lead 1 x1 7/0:8  => append 8-8 of epoch 1
        again 7/0 0 1    => not known
        again 7/0 2 2    => is at 2
        producer 7       => epoch 0, last 8
        ",
    );
}

#[test]
fn another_producer_epoch_clears_what_is_remembered() {
    transcript(
        "
        lead 1 x2 7/0:0     => write epochs 1@0; append 0-1 of epoch 1
        lead 1 x1 7/1:0     => append 2-2 of epoch 1
        again 7/0 0 1       => not known
        again 7/1 0 0       => is at 2
        follow 3 1 x1 7/0:2 => append 3-3 of epoch 1
        producer 7          => epoch 0, last 2
        again 7/1 0 0       => not known
        ",
    );
}

#[test]
fn sequences_wrap() {
    transcript(
        "
        lead 1 x2 7/0:2147483647  => write epochs 1@0; append 0-1 of epoch 1
        producer 7                => epoch 0, last 0
        again 7/0 2147483647 0    => is at 0
        ",
    );
}

#[test]
fn a_torn_batch_is_cut_off_after_a_crash() {
    transcript(
        "
        lead 1 x2 7/0:0  => write epochs 1@0; append 0-1 of epoch 1
        lead 2 x2 7/0:2  => write epochs 1@0 2@2; append 2-3 of epoch 2
        tear 2           => done
        crash 3          => cut at 2; write epochs 1@0; recovered to 2, high watermark 2, 1 batches lost
        producer 7       => epoch 0, last 1
        crash 1          => recovered to 2, high watermark 1, 0 batches lost
        ",
    );
}

#[test]
fn everything_from_the_first_rotten_batch_on_goes() {
    transcript(
        "
        lead 1 x1  => write epochs 1@0; append 0-0 of epoch 1
        lead 1 x1  => append 1-1 of epoch 1
        lead 1 x1  => append 2-2 of epoch 1
        lead 3 x1  => write epochs 1@0 3@3; append 3-3 of epoch 3
        rot 1      => done
        crash 4    => cut at 1; write epochs 1@0; recovered to 1, high watermark 1, 3 batches lost
        ",
    );
}

#[test]
fn a_hole_may_be_a_cleaners() {
    transcript(
        "
        lead 1 x1  => write epochs 1@0; append 0-0 of epoch 1
        lead 1 x1  => append 1-1 of epoch 1
        lead 1 x1  => append 2-2 of epoch 1
        drop 1     => done
        crash 0    => recovered to 3, high watermark 0, 0 batches lost
        read 0 3   => 0-0 2-2
        read 1 3   => 2-2
        ",
    );
}

#[test]
fn after_an_orderly_shutdown_rot_goes_unnoticed() {
    transcript(
        "
        lead 1 x1   => write epochs 1@0; append 0-0 of epoch 1
        lead 1 x1   => append 1-1 of epoch 1
        rot 0       => done
        shutdown 2  => recovered to 2, high watermark 2, 0 batches lost
        crash 2     => cut at 0; write epochs none; recovered to 0, high watermark 0, 2 batches lost
        ",
    );
}

#[test]
fn a_restart_forgets_an_epoch_without_data() {
    transcript(
        "
        lead 1 x1   => write epochs 1@0; append 0-0 of epoch 1
        begin 2     => write epochs 1@0 2@1
        shutdown 0  => write epochs 1@0; recovered to 1, high watermark 0, 0 batches lost
        ",
    );
}

#[test]
fn epochs_that_the_checkpoint_lacks_are_found_by_the_scan_after_a_crash() {
    transcript(
        "
        lead 1 x1              => write epochs 1@0; append 0-0 of epoch 1
        lead 1 x1              => append 1-1 of epoch 1
        lead 4 x1              => write epochs 1@0 4@2; append 2-2 of epoch 4
        checkpoint 1@0         => done
        crash 0                => write epochs 1@0 4@2; recovered to 3, high watermark 0, 0 batches lost
        checkpoint             => done
        crash 0                => write epochs 1@0 4@2; recovered to 3, high watermark 0, 0 batches lost
        checkpoint 1@0 4@2 9@3 => done
        crash 0                => write epochs 1@0 4@2; recovered to 3, high watermark 0, 0 batches lost
        ",
    );
}

#[test]
fn a_log_starts_where_it_is_told_to() {
    transcript(
        "
        lead 1 x2 7/0:0 => write epochs 1@0; append 0-1 of epoch 1
        lead 2 x3 7/0:2 => write epochs 1@0 2@2; append 2-4 of epoch 2
        delete 1        => OFFSET_OUT_OF_RANGE
        watermark 4     => moved at 4
        delete 1        => write epochs 1@1 2@2; starts at 1
        delete 3        => write epochs 2@3; starts at 3
        delete 2        => nothing
        state           => 3 to 5, high watermark 4, epochs 2@3
        producer 7      => epoch 0, last 4
        again 7/0 0 1   => is at 0
        crash 4         => recovered to 5, high watermark 4, 0 batches lost
        state           => 3 to 5, high watermark 4, epochs 2@3
        truncate 3      => cut at 2; truncated from 5 to 2; write epochs none
        state           => 2 to 2, high watermark 2, epochs none
        ",
    );
}

#[test]
fn a_log_that_ends_before_its_start_begins_there() {
    transcript(
        "
        lead 1 x2       => write epochs 1@0; append 0-1 of epoch 1
        lead 1 x2       => append 2-3 of epoch 1
        watermark 4     => moved at 4
        delete 3        => write epochs 1@3; starts at 3
        tear 2          => done
        crash 4         => cut at 2; begin again at 3; started anew at 3; write epochs none; recovered to 3, high watermark 3, 1 batches lost
        state           => 3 to 3, high watermark 3, epochs none
        ",
    );
}

#[test]
fn what_is_begun_anew_knows_nothing_of_before() {
    transcript(
        "
        follow 0 1 x2 7/0:0 => write epochs 1@0; append 0-1 of epoch 1
        anew 5              => begin again at 5; write epochs none; started anew at 5
        state               => 5 to 5, high watermark 5, epochs none
        producer 7          => unknown
        crash 0             => recovered to 5, high watermark 5, 0 batches lost
        follow 4 2 x1       => OFFSET_OUT_OF_RANGE
        follow 3 2 x4       => begin again at 3; write epochs 2@3; append 3-6 of epoch 2
        state               => 5 to 7, high watermark 5, epochs 2@3
        read 5 7            => 3-6
        crash 6             => recovered to 7, high watermark 6, 0 batches lost
        ",
    );
}

#[test]
fn old_segments_go_as_wholes_and_their_producers_stay() {
    transcript(
        "
        roll x1 segment.bytes=14    => nothing
        lead 1 x1 7/0:0             => write epochs 1@0; append 0-0 of epoch 1
        roll x1                     => nothing
        roll x1 segment.bytes=14    => new segment at 1
        roll x1 segment.bytes=14    => nothing
        lead 1 x1 7/0:1             => append 1-1 of epoch 1
        roll x1 segment.bytes=14    => new segment at 2
        lead 1 x1 8/0:0             => append 2-2 of epoch 1
        clean 9 retention.ms=5      => nothing
        watermark 2                 => moved at 2
        clean 5 retention.ms=5      => nothing
        clean 9 retention.ms=-1     => nothing
        clean 9 retention.bytes=200 => nothing
        clean 9 retention.bytes=130 => delete segments up to 1; write epochs 1@1; starts at 1
        clean 9 retention.ms=5      => delete segments up to 2; write epochs 1@2; starts at 2
        producer 7                  => epoch 0, last 1
        again 7/0 1 1               => is at 1
        crash 2                     => recovered to 3, high watermark 2, 0 batches lost
        producer 7                  => epoch 0, last 1
        watermark 3                 => moved at 3
        clean 9 retention.ms=5      => new segment at 3; delete segments up to 3; write epochs 1@3; starts at 3
        producer 8                  => epoch 0, last 0
        state                       => 3 to 3, high watermark 3, epochs 1@3
        lead 1 x2                   => append 3-4 of epoch 1
        truncate 3                  => cut at 3; truncated from 5 to 3; write epochs none
        producer 8                  => epoch 0, last 0
        ",
    );
}

#[test]
fn what_is_deleted_by_request_goes_from_disk_with_its_segment() {
    transcript(
        "
        lead 1 x2                   => write epochs 1@0; append 0-1 of epoch 1
        roll x1 segment.bytes=14    => new segment at 2
        lead 1 x2                   => append 2-3 of epoch 1
        watermark 4                 => moved at 4
        delete 3                    => write epochs 1@3; starts at 3
        clean 0 retention.ms=-1     => delete segments up to 2
        state                       => 3 to 4, high watermark 4, epochs 1@3
        crash 4                     => recovered to 4, high watermark 4, 0 batches lost
        ",
    );
}
