//! What is given up, when, and what the application is told.

use super::*;

#[test]
fn a_batch_that_was_never_sent_expires_without_harm() {
    Conversation::ready(config(), "t=1/0").check(
        "down 1
        > set ReconnectBackoff 1 40..60ms
        send 1 a
        > connect 2
        fire DeliveryTimeout t1-0#0
        > note expired t1-0
        > answer 1: DeliveryTimeout, never appended
        send 2 b
        fire ReconnectBackoff 1
        > connect 1
        up 1
        > to 1: Metadata [t]
        > to 1: Produce t1-0 seq 0 [b]",
    );
}

#[test]
fn time_is_up_for_everything_older_too() {
    let config = ProducerConfig {
        batch_size: 1,
        max_in_flight_requests_per_connection: 2,
        ..not_idempotent()
    };
    Conversation::ready(config, "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 [a]
        send 2 b
        > to 1: Produce t1-0 [b]
        send 3 c
        send 4 d
        fire DeliveryTimeout t1-0#2
        > note expired t1-0
        > answer 1: DeliveryTimeout, maybe appended
        > note expired t1-0
        > answer 2: DeliveryTimeout, maybe appended
        > note expired t1-0
        > answer 3: DeliveryTimeout, never appended
        produced 1 t1-0@0
        > to 1: Produce t1-0 [d]",
    );
}

// Batch 0 is given up while its answer is on the way; the next batch must not be taken for it.
#[test]
fn a_late_answer_reaches_nobody_else() {
    Conversation::ready(not_idempotent(), "t=1/0").verbose().check(
        "send 1 a
        > set DeliveryTimeout t1-0#0 120000ms
        > note sent t1-0 seq -1 attempt 0
        > set RequestTimeout 1#0 30000ms
        > to 1: Produce t1-0 [a]
        fire DeliveryTimeout t1-0#0
        > cancel DeliveryTimeout t1-0#0
        > note expired t1-0
        > answer 1: DeliveryTimeout, maybe appended
        send 2 b
        > set DeliveryTimeout t1-0#1 120000ms
        > note sent t1-0 seq -1 attempt 0
        > set RequestTimeout 1#1 30000ms
        > to 1: Produce t1-0 [b]
        produced 1 t1-0@0
        > cancel RequestTimeout 1#0
        send 3 c
        > set DeliveryTimeout t1-0#0 120000ms
        > note sent t1-0 seq -1 attempt 0
        > set RequestTimeout 1#0 30000ms
        > to 1: Produce t1-0 [c]
        produced 1 t1-0@1
        > cancel RequestTimeout 1#1
        > cancel DeliveryTimeout t1-0#1
        > answer 2: t-0@1",
    );
}

#[test]
fn a_muted_partition_waits_even_for_a_new_leader() {
    let config = ProducerConfig {
        max_in_flight_requests_per_connection: 1,
        ..not_idempotent()
    };
    Conversation::ready(config, "t=2/0,1/0").check(
        "send 1 a p=0
        > to 2: Produce t1-0 [a]
        fire DeliveryTimeout t1-0#0
        > note expired t1-0
        > answer 1: DeliveryTimeout, maybe appended
        send 2 b p=1
        > to 1: Produce t1-1 [b]
        produced 1 t1-1:NOT_LEADER_OR_FOLLOWER
        > note retried t1-1 NOT_LEADER_OR_FOLLOWER
        > set RetryBackoff t1-1 80..120ms
        > to 1: Metadata [t]
        metadata 1 t=1/1,1/0
        send 3 c p=0
        produced 2 t1-0@0
        > to 1: Produce t1-0 [c]",
    );
}

#[test]
fn a_lost_connection_may_have_delivered() {
    let config = ProducerConfig {
        retries: 0,
        ..not_idempotent()
    };
    Conversation::ready(config, "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 [a]
        down 1
        > set ReconnectBackoff 1 40..60ms
        > answer 1: Kafka(NetworkException), maybe appended
        send 2 b
        > connect 2
        up 2
        > to 2: Metadata [t]
        fire ReconnectBackoff 1
        > connect 1
        up 1
        > to 1: Produce t1-0 [b]
        produced 1 t1-0:MESSAGE_TOO_LARGE
        > answer 2: Kafka(MessageTooLarge), never appended",
    );
}

#[test]
fn a_refusal_does_not_undo_an_earlier_attempt() {
    let config = ProducerConfig {
        retries: 1,
        ..not_idempotent()
    };
    Conversation::ready(config, "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 [a]
        produced 1 t1-0:REQUEST_TIMED_OUT
        > note retried t1-0 REQUEST_TIMED_OUT
        > set RetryBackoff t1-0 80..120ms
        fire RetryBackoff t1-0
        > to 1: Produce t1-0 [a]
        produced 1 t1-0:NOT_ENOUGH_REPLICAS
        > answer 1: Kafka(NotEnoughReplicas), maybe appended",
    );
}

#[test]
fn a_batch_that_is_not_mentioned_in_the_answer_may_be_anywhere() {
    let config = ProducerConfig {
        retries: 0,
        ..not_idempotent()
    };
    Conversation::ready(config, "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 [a]
        produced 1
        > answer 1: Kafka(NetworkException), maybe appended",
    );
}

// What only a past event could tell apart is equal, or a model checker would never come to an end.
#[test]
fn what_is_over_leaves_no_trace() {
    for config in [
        ProducerConfig {
            linger_ms: 5,
            ..not_idempotent()
        },
        config(),
    ] {
        let mut conversation = Conversation::ready(config, "t=1/0");
        let before = conversation.producer.clone();
        for line in [
            "down 1",
            "fire ReconnectBackoff 1",
            "send 1 a p=0",
            "fire DeliveryTimeout t1-0#0",
        ] {
            let input = conversation.parse(line);
            conversation.input(input);
        }
        assert_eq!(conversation.producer.accumulator, before.accumulator);
        assert_eq!(conversation.producer.sticky, before.sticky);
    }
    let mut conversation = Conversation::ready(not_idempotent(), "t=1/0");
    let before = conversation.producer.clone();
    for line in [
        "send 1 a p=0",
        "send 2 b p=0",
        "produced 1 t1-0:NOT_ENOUGH_REPLICAS",
        "produced 1 t1-0@0",
        "fire RetryBackoff t1-0",
        "produced 1 t1-0@1",
    ] {
        let input = conversation.parse(line);
        conversation.input(input);
    }
    assert_eq!(conversation.producer, before);
}
