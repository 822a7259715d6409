//! Sequences with gaps, and what an idempotent producer does about them (KIP-360).

use super::*;

#[test]
fn a_gap_is_closed_by_the_next_epoch_once_everything_is_drained() {
    Conversation::ready(config(), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 seq 0 [a]
        produced 1 t1-0@0
        > answer 1: t-0@0
        send 2 b
        > to 1: Produce t1-0 seq 1 [b]
        send 3 c
        > to 1: Produce t1-0 seq 2 [c]
        send 4 d
        > to 1: Produce t1-0 seq 3 [d]
        produced 1 t1-0:OUT_OF_ORDER_SEQUENCE_NUMBER
        > note retried t1-0 OUT_OF_ORDER_SEQUENCE_NUMBER
        > set RetryBackoff t1-0 80..120ms
        fire RetryBackoff t1-0
        > to 1: Produce t1-0 seq 1 [b]
        produced 1 t1-0:OUT_OF_ORDER_SEQUENCE_NUMBER
        > note retried t1-0 OUT_OF_ORDER_SEQUENCE_NUMBER
        > set RetryBackoff t1-0 80..120ms
        produced 1 t1-0:OUT_OF_ORDER_SEQUENCE_NUMBER
        > note retried t1-0 OUT_OF_ORDER_SEQUENCE_NUMBER
        produced 1 t1-0:OUT_OF_ORDER_SEQUENCE_NUMBER
        > note retried t1-0 OUT_OF_ORDER_SEQUENCE_NUMBER
        > set RetryBackoff t1-0 160..240ms
        > note bumped t1-0 7/1
        send 5 e
        fire RetryBackoff t1-0
        > to 1: Produce t1-0 seq 0 [b]
        produced 1 t1-0@1
        > answer 2: t-0@1
        > to 1: Produce t1-0 seq 1 [c]
        produced 1 t1-0@2
        > answer 3: t-0@2
        > to 1: Produce t1-0 seq 2 [d]
        > to 1: Produce t1-0 seq 3 [e]",
    );
}

#[test]
fn what_may_have_been_appended_is_not_sent_under_another_sequence() {
    Conversation::ready(config(), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b
        > to 1: Produce t1-0 seq 1 [b]
        produced 1 t1-0:NOT_ENOUGH_REPLICAS
        > note retried t1-0 NOT_ENOUGH_REPLICAS
        > set RetryBackoff t1-0 80..120ms
        send 3 c
        down 1
        > set ReconnectBackoff 1 40..60ms
        > note retried t1-0 NETWORK_EXCEPTION
        > connect 2
        fire RetryBackoff t1-0
        fire ReconnectBackoff 1
        > connect 1
        up 1
        > to 1: Metadata [t]
        > to 1: Produce t1-0 seq 0 [a]
        metadata 1 t=1/0
        produced 1 t1-0:OUT_OF_ORDER_SEQUENCE_NUMBER
        > note retried t1-0 OUT_OF_ORDER_SEQUENCE_NUMBER
        > set RetryBackoff t1-0 160..240ms
        > note sequence lost t1-0
        > cancel RetryBackoff t1-0
        > answer 1: SequenceLost, never appended
        > answer 2: SequenceLost, maybe appended
        > note bumped t1-0 7/1
        > to 1: Produce t1-0 seq 0 [c]",
    );
}

#[test]
fn what_expires_is_resolved_by_what_was_sent_after_it() {
    Conversation::ready(config(), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b
        > to 1: Produce t1-0 seq 1 [b]
        fire DeliveryTimeout t1-0#0
        > note expired t1-0
        > answer 1: DeliveryTimeout, maybe appended
        send 3 c
        produced 1 t1-0@0
        produced 1 t1-0@1
        > answer 2: t-0@1
        > to 1: Produce t1-0 seq 2 [c]",
    );
}

#[test]
fn what_expires_with_nothing_after_it_leaves_a_gap() {
    let config = ProducerConfig {
        max_in_flight_requests_per_connection: 1,
        ..config()
    };
    Conversation::ready(config, "t=1/0,2/0").check(
        "send 1 a p=0
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b p=0
        send 3 c p=1
        > to 2: Produce t1-1 seq 0 [c]
        fire DeliveryTimeout t1-0#0
        > note expired t1-0
        > answer 1: DeliveryTimeout, maybe appended
        > note bumped t1-0 7/1
        send 4 d p=1
        produced 1 t1-0@0
        > to 1: Produce t1-0 seq 0 [b]
        produced 2 t1-1:NOT_ENOUGH_REPLICAS
        > note retried t1-1 NOT_ENOUGH_REPLICAS
        > set RetryBackoff t1-1 80..120ms
        fire RetryBackoff t1-1
        > to 2: Produce t1-1 seq 0 [c]
        produced 2 t1-1@0
        > answer 3: t-1@0
        > to 2: Produce t1-1 seq 0 [d]",
    );
}

#[test]
fn a_refusal_for_good_leaves_a_gap() {
    for error in ["INVALID_PRODUCER_EPOCH", "INVALID_RECORD"] {
        let answer = format!("{:?}", error_code(error));
        Conversation::ready(config(), "t=1/0").check(&format!(
            "send 1 a
            > to 1: Produce t1-0 seq 0 [a]
            produced 1 t1-0:{error}
            > answer 1: Kafka({answer}), never appended
            send 2 b
            > note bumped t1-0 7/1
            > to 1: Produce t1-0 seq 0 [b]"
        ));
    }
}

#[test]
fn a_broker_that_knows_nothing_is_told_anew() {
    Conversation::ready(config(), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 seq 0 [a]
        produced 1 t1-0:UNKNOWN_PRODUCER_ID
        > note retried t1-0 UNKNOWN_PRODUCER_ID
        > set RetryBackoff t1-0 80..120ms
        > note bumped t1-0 7/1
        fire RetryBackoff t1-0
        > to 1: Produce t1-0 seq 0 [a]",
    );
}
