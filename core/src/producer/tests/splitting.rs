//! Batches that are too large for their topic (KIP-126).

use super::super::ratio::Ratio;
use super::*;
use alloc::vec;

fn one_in_flight(config: ProducerConfig) -> ProducerConfig {
    ProducerConfig {
        max_in_flight_requests_per_connection: 1,
        ..config
    }
}

// The first split is to `batch.size`, which helps only if compression made the difference; the second is in halves.
#[test]
fn what_is_too_large_is_sent_in_parts_under_the_same_sequences() {
    Conversation::ready(one_in_flight(config()), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b
        send 3 c
        send 4 d
        send 5 e
        send 6 f
        produced 1 t1-0@0
        > answer 1: t-0@0
        > to 1: Produce t1-0 seq 1 [b c d e f]
        send 7 g
        produced 1 t1-0:MESSAGE_TOO_LARGE
        > note split t1-0 1
        > to 1: Produce t1-0 seq 1 [b c d e f]
        produced 1 t1-0:MESSAGE_TOO_LARGE
        > note split t1-0 5
        > to 1: Produce t1-0 seq 1 [b]
        produced 1 t1-0@1
        > answer 2: t-0@1
        > to 1: Produce t1-0 seq 2 [c]
        produced 1 t1-0:MESSAGE_TOO_LARGE
        > answer 3: Kafka(MessageTooLarge), never appended
        > note bumped t1-0 7/1
        > to 1: Produce t1-0 seq 0 [d]",
    );
}

#[test]
fn parts_stay_in_order_without_sequences() {
    let long = "x".repeat(200);
    Conversation::ready(one_in_flight(not_idempotent()), "t=1/0").check(&format!(
        "send 1 a
        > to 1: Produce t1-0 [a]
        send 2 b-{long}
        send 3 c-{long}
        send 4 d-{long}
        send 5 e-{long}
        send 6 f-{long}
        produced 1 t1-0@0
        > answer 1: t-0@0
        > to 1: Produce t1-0 [b-{long} c-{long} d-{long} e-{long} f-{long}]
        produced 1 t1-0:MESSAGE_TOO_LARGE
        > note split t1-0 1
        > to 1: Produce t1-0 [b-{long} c-{long} d-{long} e-{long} f-{long}]
        produced 1 t1-0:MESSAGE_TOO_LARGE
        > note split t1-0 3
        > to 1: Produce t1-0 [b-{long} c-{long}]
        send 7 g
        produced 1 t1-0@1
        > answer 2: t-0@1
        > answer 3: t-0@2
        > to 1: Produce t1-0 [d-{long} e-{long}]
        produced 1 t1-0@3
        > answer 4: t-0@3
        > answer 5: t-0@4
        > to 1: Produce t1-0 [f-{long}]
        produced 1 t1-0@5
        > answer 6: t-0@5
        > to 1: Produce t1-0 [g]"
    ));
}

// What was sent behind the large batch is refused, and comes back behind its parts.
#[test]
fn parts_go_before_what_was_sent_behind_them() {
    let config = ProducerConfig {
        linger_ms: 5,
        ..config()
    };
    Conversation::ready(config, "t=1/0").check(
        "send 1 a
        > set Linger t1-0 5ms
        send 2 b
        fire Linger t1-0
        > to 1: Produce t1-0 seq 0 [a b]
        send 3 c
        > set Linger t1-0 5ms
        fire Linger t1-0
        > to 1: Produce t1-0 seq 2 [c]
        produced 1 t1-0:MESSAGE_TOO_LARGE
        > note split t1-0 1
        > to 1: Produce t1-0 seq 0 [a b]
        produced 1 t1-0:OUT_OF_ORDER_SEQUENCE_NUMBER
        > note retried t1-0 OUT_OF_ORDER_SEQUENCE_NUMBER
        > set RetryBackoff t1-0 80..120ms
        produced 1 t1-0:MESSAGE_TOO_LARGE
        > note split t1-0 2
        > cancel RetryBackoff t1-0
        > to 1: Produce t1-0 seq 0 [a]
        produced 1 t1-0@0
        > answer 1: t-0@0
        > to 1: Produce t1-0 seq 1 [b]
        produced 1 t1-0@1
        > answer 2: t-0@1
        > to 1: Produce t1-0 seq 2 [c]",
    );
}

#[test]
fn the_parts_of_a_batch_share_its_time() {
    let conversation = Conversation::ready(one_in_flight(config()), "t=1/0").verbose();
    conversation.check(
        "send 1 a
        > set DeliveryTimeout t1-0#0 120000ms
        > note sent t1-0 seq 0 attempt 0
        > set RequestTimeout 1#0 30000ms
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b
        > set DeliveryTimeout t1-0#1 120000ms
        send 3 c
        produced 1 t1-0@0
        > cancel RequestTimeout 1#0
        > cancel DeliveryTimeout t1-0#0
        > answer 1: t-0@0
        > note sent t1-0 seq 1 attempt 0
        > set RequestTimeout 1#0 30000ms
        > to 1: Produce t1-0 seq 1 [b c]
        produced 1 t1-0:MESSAGE_TOO_LARGE
        > cancel RequestTimeout 1#0
        > note split t1-0 1
        > note sent t1-0 seq 1 attempt 0
        > set RequestTimeout 1#0 30000ms
        > to 1: Produce t1-0 seq 1 [b c]
        produced 1 t1-0:MESSAGE_TOO_LARGE
        > cancel RequestTimeout 1#0
        > note split t1-0 2
        > note sent t1-0 seq 1 attempt 0
        > set RequestTimeout 1#0 30000ms
        > to 1: Produce t1-0 seq 1 [b]
        produced 1 t1-0@1
        > cancel RequestTimeout 1#0
        > answer 2: t-0@1
        > note sent t1-0 seq 2 attempt 0
        > set RequestTimeout 1#0 30000ms
        > to 1: Produce t1-0 seq 2 [c]
        send 4 d
        > set DeliveryTimeout t1-0#0 120000ms
        fire DeliveryTimeout t1-0#1
        > cancel DeliveryTimeout t1-0#1
        > note expired t1-0
        > answer 3: DeliveryTimeout, maybe appended
        > note bumped t1-0 7/1",
    );
}

// A part is new to everybody, but what an attempt at the whole may have appended is no news to its producer.
#[test]
fn a_part_is_as_doubtful_as_the_whole() {
    let config = ProducerConfig { retries: 1, ..config() };
    Conversation::ready(one_in_flight(config), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b
        send 3 c
        produced 1 t1-0@0
        > answer 1: t-0@0
        > to 1: Produce t1-0 seq 1 [b c]
        produced 1 t1-0:REQUEST_TIMED_OUT
        > note retried t1-0 REQUEST_TIMED_OUT
        > set RetryBackoff t1-0 80..120ms
        fire RetryBackoff t1-0
        > to 1: Produce t1-0 seq 1 [b c]
        produced 1 t1-0:MESSAGE_TOO_LARGE
        > note split t1-0 1
        > to 1: Produce t1-0 seq 1 [b c]
        produced 1 t1-0:NOT_ENOUGH_REPLICAS
        > note retried t1-0 NOT_ENOUGH_REPLICAS
        > set RetryBackoff t1-0 80..120ms
        fire RetryBackoff t1-0
        > to 1: Produce t1-0 seq 1 [b c]
        produced 1 t1-0:NOT_ENOUGH_REPLICAS
        > answer 2: Kafka(NotEnoughReplicas), maybe appended
        > answer 3: Kafka(NotEnoughReplicas), maybe appended",
    );
}

// By size alone one record of a hundred bytes and more fits into a batch of 250 bytes, but those before compressed to a tenth.
#[test]
fn a_batch_takes_as_many_records_as_will_probably_fit_once_it_is_compressed() {
    let config = ProducerConfig {
        compression_type: Compression::Lz4,
        batch_size: 250,
        ..config()
    };
    let long = "x".repeat(100);
    for (ratio, taken) in [(Ratio::INITIAL, 1), (Ratio::of(1, 10), 3)] {
        let mut conversation = Conversation::ready(one_in_flight(config.clone()), "t=1/0");
        conversation.producer.accumulator.set_ratio(TopicId(1), ratio);
        let batch = vec![long.as_str(); taken].join(" ");
        conversation.check(&format!(
            "send 1 {long}
            > to 1: Produce t1-0 lz4 seq 0 [{long}]
            send 2 {long}
            send 3 {long}
            send 4 {long}
            produced 1 t1-0@0
            > answer 1: t-0@0
            > to 1: Produce t1-0 lz4 seq 1 [{batch}]"
        ));
    }
}
