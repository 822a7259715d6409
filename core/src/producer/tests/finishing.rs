//! Flush and close.

use super::*;

fn lingering() -> ProducerConfig {
    ProducerConfig {
        linger_ms: 1000,
        ..config()
    }
}

#[test]
fn a_flush_ends_lingering_and_waits_for_the_answers() {
    Conversation::ready(lingering(), "t=1/0").check(
        "send 1 a
        > set Linger t1-0 1000ms
        send 2 b
        flush
        > cancel Linger t1-0
        > to 1: Produce t1-0 seq 0 [a b]
        send 3 c
        > set Linger t1-0 1000ms
        > cancel Linger t1-0
        > to 1: Produce t1-0 seq 2 [c]
        produced 1 t1-0@0
        > answer 1: t-0@0
        > answer 2: t-0@1
        > flushed
        send 4 d
        > set Linger t1-0 1000ms
        produced 1 t1-0@2
        > answer 3: t-0@2",
    );
}

#[test]
fn a_flush_with_nothing_to_do_returns_at_once() {
    Conversation::ready(config(), "t=1/0").check(
        "flush
        > flushed",
    );
}

#[test]
fn a_flush_waits_for_what_is_not_placed_yet_and_for_what_fails() {
    Conversation::ready(config(), "t=1/0").check(
        "send 1 a topic=u
        > set MaxBlock 1 60000ms
        > to 1: Metadata [t u]
        send 2 b
        > to 1: Produce t1-0 seq 0 [b]
        flush
        metadata 1 t=1/0 u:UNKNOWN_TOPIC_OR_PARTITION
        > set MetadataBackoff 80..120ms
        produced 1 t1-0@0
        > answer 2: t-0@0
        fire MaxBlock 1
        > answer 1: MaxBlock, never appended
        > flushed",
    );
}

#[test]
fn a_close_finishes_and_then_refuses() {
    Conversation::ready(lingering(), "t=1/0").check(
        "send 1 a
        > set Linger t1-0 1000ms
        close 5000
        > set CloseTimeout 5000ms
        > cancel Linger t1-0
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b
        > answer 2: Closed, never appended
        produced 1 t1-0@0
        > answer 1: t-0@0
        > cancel CloseTimeout
        > disconnect 1
        > closed
        send 3 c
        > answer 3: Closed, never appended
        flush
        > flushed
        close
        > cancel CloseTimeout
        > closed",
    );
}

#[test]
fn a_close_gives_up_what_it_cannot_finish_in_time() {
    let config = ProducerConfig {
        max_in_flight_requests_per_connection: 1,
        ..config()
    };
    Conversation::ready(config, "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b
        flush
        close 100
        > set CloseTimeout 100ms
        fire CloseTimeout
        > answer 1: Closed, maybe appended
        > answer 2: Closed, never appended
        > flushed
        > cancel CloseTimeout
        > disconnect 1
        > closed",
    );
}

#[test]
fn a_close_that_must_not_take_time_gives_everything_up() {
    Conversation::new(config()).check(
        "send 1 a
        > set MaxBlock 1 60000ms
        > connect 1
        close 0
        > cancel MaxBlock 1
        > answer 1: Closed, never appended
        > cancel CloseTimeout
        > closed
        up 1
        > disconnect 1",
    );
}
