//! What a cleaner leaves of a log.

use super::replica::transcript;

#[test]
fn the_last_record_of_each_key_stays_at_its_offset() {
    transcript(
        "
        keyed a1,b1          => write epochs 1@0; append 0-1 of epoch 1
        keyed a2             => append 2-2 of epoch 1
        keyed c1,a3          => append 3-4 of epoch 1
        roll x1 segment.bytes=14 => new segment at 5
        keyed b2             => append 5-5 of epoch 1
        watermark 6          => moved at 6
        compact 0            => leave 0-1[b1] 3-4[c1 a3] before 5; 2 removed
        read 0 6             => 0-1 3-4 5-5
        read 2 6             => 3-4 5-5
        compact 0            => nothing
        crash 6              => recovered to 6, high watermark 6, 0 batches lost
        roll x1 segment.bytes=14 => new segment at 6
        keyed c2             => append 6-6 of epoch 1
        compact 0            => leave 3-4[c1 a3] 5-5[b2] before 6; 1 removed
        state                => 0 to 7, high watermark 6, epochs 1@0
        ",
    );
}

#[test]
fn neither_the_active_segment_nor_what_is_not_committed_is_cleaned() {
    transcript(
        "
        keyed a1             => write epochs 1@0; append 0-0 of epoch 1
        keyed a2             => append 1-1 of epoch 1
        watermark 2          => moved at 2
        compact 0            => nothing
        roll x1 segment.bytes=14 => new segment at 2
        keyed a3             => append 2-2 of epoch 1
        roll x1 segment.bytes=14 => new segment at 3
        keyed b1             => append 3-3 of epoch 1
        compact 0            => leave 1-1[a2] before 2; 1 removed
        watermark 3          => moved at 3
        compact 0            => nothing
        compact 0 min.cleanable.dirty.ratio=0.499 => leave 2-2[a3] before 3; 1 removed
        ",
    );
}

#[test]
fn a_log_is_cleaned_once_it_is_dirty_enough_and_old_enough() {
    transcript(
        "
        keyed a1,b1,c1,d1,e1,f1,g1,h1 => write epochs 1@0; append 0-7 of epoch 1
        roll x1 segment.bytes=14 => new segment at 8
        keyed a2             => append 8-8 of epoch 1
        roll x1 segment.bytes=14 => new segment at 9
        keyed b2             => append 9-9 of epoch 1
        watermark 9          => moved at 9
        compact 9 min.compaction.lag.ms=10 => nothing
        compact 10 min.compaction.lag.ms=10 => leave 0-7[b1 c1 d1 e1 f1 g1 h1] 8-8[a2] before 9; 1 removed
        roll x1 segment.bytes=14 => new segment at 10
        keyed c2             => append 10-10 of epoch 1
        watermark 11         => moved at 11
        compact 0            => nothing
        compact 0 min.cleanable.dirty.ratio=0.1 => leave 0-7[c1 d1 e1 f1 g1 h1] 8-8[a2] 9-9[b2] before 10; 1 removed
        ",
    );
}

#[test]
fn a_deletion_stays_until_its_horizon_and_goes_then() {
    transcript(
        "
        keyed a1             => write epochs 1@0; append 0-0 of epoch 1
        keyed -a             => append 1-1 of epoch 1
        roll x1 segment.bytes=14 => new segment at 2
        keyed b1             => append 2-2 of epoch 1
        roll x1 segment.bytes=14 => new segment at 3
        keyed c1             => append 3-3 of epoch 1
        watermark 4          => moved at 4
        compact 100 delete.retention.ms=50 => leave 1-1[-a until 150] 2-2[b1] before 3; 1 removed
        roll x1 segment.bytes=14 => new segment at 4
        compact 149 delete.retention.ms=50 min.cleanable.dirty.ratio=0 => 0 removed
        keyed d1             => append 4-4 of epoch 1
        roll x1 segment.bytes=14 => new segment at 5
        watermark 5          => moved at 5
        compact 150 delete.retention.ms=50 min.cleanable.dirty.ratio=0 => leave 2-2[b1] 3-3[c1] 4-4[d1] before 5; 1 removed
        ",
    );
}

#[test]
fn a_producers_last_sequence_outlives_its_records() {
    transcript(
        "
        keyed a1 7/0:0       => write epochs 1@0; append 0-0 of epoch 1
        keyed a2 7/0:1       => append 1-1 of epoch 1
        keyed a3 8/0:0       => append 2-2 of epoch 1
        roll x1 segment.bytes=14 => new segment at 3
        watermark 3          => moved at 3
        compact 0            => leave 1-1[] 2-2[a3] before 3; 2 removed
        producer 7           => epoch 0, last 1
        again 7/0 1 1        => is at 1
        ",
    );
}

#[test]
fn where_the_cleaned_part_ends_is_not_forgotten() {
    transcript(
        "
        keyed a1             => write epochs 1@0; append 0-0 of epoch 1
        roll x1 segment.bytes=14 => new segment at 1
        keyed a2             => append 1-1 of epoch 1
        roll x1 segment.bytes=14 => new segment at 2
        keyed a3             => append 2-2 of epoch 1
        roll x1 segment.bytes=14 => new segment at 3
        watermark 2          => moved at 2
        compact 0            => leave 1-1[a2] before 2; 1 removed
        crash 3              => recovered to 3, high watermark 3, 0 batches lost
        state                => 0 to 3, high watermark 3, epochs 1@0
        keyed -a             => append 3-3 of epoch 1
        watermark 4          => moved at 4
        truncate 3           => cut at 3; truncated from 4 to 3
        compact 0            => leave 2-2[a3] before 3; 1 removed
        crash 3              => recovered to 3, high watermark 3, 0 batches lost
        ",
    );
}

#[test]
fn a_follower_takes_the_gaps_of_its_leader() {
    transcript(
        "
        follow 3 1 x2        => write epochs 1@3; append 3-4 of epoch 1
        follow 7 1 x1        => append 7-7 of epoch 1
        follow 7 1 x1        => OFFSET_OUT_OF_RANGE
        read 0 8             => 3-4 7-7
        read 5 8             => 7-7
        end-of 1             => epoch 1 ends at 8
        ",
    );
}
