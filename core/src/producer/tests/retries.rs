//! What is tried again, in which order, and where.

use super::*;

#[test]
fn a_retry_keeps_its_sequence() {
    Conversation::ready(config(), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b
        > to 1: Produce t1-0 seq 1 [b]
        produced 1 t1-0:NOT_ENOUGH_REPLICAS
        > note retried t1-0 NOT_ENOUGH_REPLICAS
        > set RetryBackoff t1-0 80..120ms
        send 3 c
        produced 1 t1-0:OUT_OF_ORDER_SEQUENCE_NUMBER
        > note retried t1-0 OUT_OF_ORDER_SEQUENCE_NUMBER
        fire RetryBackoff t1-0
        > to 1: Produce t1-0 seq 0 [a]
        produced 1 t1-0@0
        > answer 1: t-0@0
        > to 1: Produce t1-0 seq 1 [b]
        > to 1: Produce t1-0 seq 2 [c]
        produced 1 t1-0@1
        > answer 2: t-0@1
        produced 1 t1-0@2
        > answer 3: t-0@2",
    );
}

#[test]
fn retries_wait_longer_and_longer() {
    Conversation::ready(config(), "t=1/0").verbose().check(
        "send 1 a
        > set DeliveryTimeout t1-0#0 120000ms
        > note sent t1-0 seq 0 attempt 0
        > set RequestTimeout 1#0 30000ms
        > to 1: Produce t1-0 seq 0 [a]
        produced 1 t1-0:CORRUPT_MESSAGE
        > cancel RequestTimeout 1#0
        > note retried t1-0 CORRUPT_MESSAGE
        > set RetryBackoff t1-0 80..120ms
        fire RetryBackoff t1-0
        > note sent t1-0 seq 0 attempt 1
        > set RequestTimeout 1#0 30000ms
        > to 1: Produce t1-0 seq 0 [a]
        produced 1 t1-0:CORRUPT_MESSAGE
        > cancel RequestTimeout 1#0
        > note retried t1-0 CORRUPT_MESSAGE
        > set RetryBackoff t1-0 160..240ms
        fire RetryBackoff t1-0
        > note sent t1-0 seq 0 attempt 2
        > set RequestTimeout 1#0 30000ms
        > to 1: Produce t1-0 seq 0 [a]",
    );
}

#[test]
fn without_idempotence_a_retry_overtakes() {
    Conversation::ready(not_idempotent(), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 [a]
        send 2 b
        > to 1: Produce t1-0 [b]
        produced 1 t1-0:NOT_ENOUGH_REPLICAS
        > note retried t1-0 NOT_ENOUGH_REPLICAS
        > set RetryBackoff t1-0 80..120ms
        produced 1 t1-0@0
        > answer 2: t-0@0
        fire RetryBackoff t1-0
        > to 1: Produce t1-0 [a]
        produced 1 t1-0@1
        > answer 1: t-0@1",
    );
}

#[test]
fn with_one_request_in_flight_order_holds_without_idempotence() {
    let config = ProducerConfig {
        max_in_flight_requests_per_connection: 1,
        batch_size: 1,
        ..not_idempotent()
    };
    Conversation::ready(config, "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 [a]
        send 2 b
        produced 1 t1-0:NOT_ENOUGH_REPLICAS
        > note retried t1-0 NOT_ENOUGH_REPLICAS
        > set RetryBackoff t1-0 80..120ms
        fire RetryBackoff t1-0
        > to 1: Produce t1-0 [a]
        produced 1 t1-0@0
        > answer 1: t-0@0
        > to 1: Produce t1-0 [b]",
    );
}

#[test]
fn a_request_without_an_answer_takes_the_connection_down() {
    Conversation::ready(config(), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b
        > to 1: Produce t1-0 seq 1 [b]
        fire RequestTimeout 1#0
        > disconnect 1
        > set ReconnectBackoff 1 40..60ms
        > note retried t1-0 REQUEST_TIMED_OUT
        > set RetryBackoff t1-0 80..120ms
        > note retried t1-0 REQUEST_TIMED_OUT
        > connect 2
        fire RetryBackoff t1-0
        fire ReconnectBackoff 1
        > connect 1
        up 1
        > to 1: Metadata [t]
        > to 1: Produce t1-0 seq 0 [a]
        metadata 1 t=1/0
        produced 1 t1-0@0
        > answer 1: t-0@0
        > to 1: Produce t1-0 seq 1 [b]",
    );
}

#[test]
fn two_lost_requests_come_back_in_the_wrong_order_without_idempotence() {
    Conversation::ready(not_idempotent(), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 [a]
        send 2 b
        > to 1: Produce t1-0 [b]
        down 1
        > set ReconnectBackoff 1 40..60ms
        > note retried t1-0 NETWORK_EXCEPTION
        > set RetryBackoff t1-0 80..120ms
        > note retried t1-0 NETWORK_EXCEPTION
        > set RetryBackoff t1-0 80..120ms
        > connect 2
        fire ReconnectBackoff 1
        fire RetryBackoff t1-0
        > connect 1
        up 1
        > to 1: Metadata [t]
        > to 1: Produce t1-0 [b]
        > to 1: Produce t1-0 [a]",
    );
}

#[test]
fn what_the_broker_has_already_is_a_success_somewhere() {
    Conversation::ready(config(), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 seq 0 [a]
        produced 1 t1-0:DUPLICATE_SEQUENCE_NUMBER
        > answer 1: t-0",
    );
}

#[test]
fn a_wrong_leader_makes_metadata_stale() {
    Conversation::ready(config(), "t=1/0,2/0").check(
        "send 1 a p=0
        > to 1: Produce t1-0 seq 0 [a]
        produced 1 t1-0:NOT_LEADER_OR_FOLLOWER
        > note retried t1-0 NOT_LEADER_OR_FOLLOWER
        > set RetryBackoff t1-0 80..120ms
        > to 1: Metadata [t]
        metadata 1 t=2/1,2/0
        > cancel RetryBackoff t1-0
        > to 2: Produce t1-0 seq 0 [a]
        produced 2 t1-0@3
        > answer 1: t-0@3",
    );
}

#[test]
fn a_wrong_leader_that_names_the_right_one_saves_the_back_off() {
    Conversation::ready(config(), "t=1/0,2/0").check(
        "send 1 a p=0
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b p=0
        > to 1: Produce t1-0 seq 1 [b]
        produced 1 t1-0:NOT_LEADER_OR_FOLLOWER=2/1
        > note retried t1-0 NOT_LEADER_OR_FOLLOWER
        > to 1: Metadata [t]
        > to 2: Produce t1-0 seq 0 [a]
        produced 1 t1-0:NOT_LEADER_OR_FOLLOWER=2/1
        > note retried t1-0 NOT_LEADER_OR_FOLLOWER
        produced 2 t1-0@3
        > answer 1: t-0@3
        > to 2: Produce t1-0 seq 1 [b]",
    );
}

#[test]
fn an_old_hint_is_not_believed() {
    Conversation::ready(config(), "t=1/1,2/0").check(
        "send 1 a p=0
        > to 1: Produce t1-0 seq 0 [a]
        produced 1 t1-0:NOT_LEADER_OR_FOLLOWER=2/1
        > note retried t1-0 NOT_LEADER_OR_FOLLOWER
        > set RetryBackoff t1-0 80..120ms
        > to 1: Metadata [t]",
    );
}

#[test]
fn an_answer_to_another_question_ends_the_connection() {
    Conversation::ready(not_idempotent(), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 [a]
        metadata 1 t=1/0
        > disconnect 1
        > set ReconnectBackoff 1 40..60ms
        > note retried t1-0 NETWORK_EXCEPTION
        > set RetryBackoff t1-0 80..120ms
        > connect 2",
    );
}
