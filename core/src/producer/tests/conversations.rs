//! The rules, one conversation each.

use super::*;

#[test]
fn nothing_happens_before_there_is_something_to_send() {
    Conversation::new(config()).verbose().check(
        "send 1 a
        > set MaxBlock 1 60000ms
        > connect 1
        up 1
        > set RequestTimeout 1#0 30000ms
        > to 1: Metadata [t]
        > set RequestTimeout 1#1 30000ms
        > to 1: InitProducerId
        metadata 1 t=1/0
        > cancel RequestTimeout 1#0
        > set MetadataMaxAge 300000ms
        > cancel MaxBlock 1
        > set DeliveryTimeout t1-0#0 120000ms
        id 1 7
        > cancel RequestTimeout 1#1
        > note id 7/0
        > note sent t1-0 seq 0 attempt 0
        > set RequestTimeout 1#0 30000ms
        > to 1: Produce t1-0 seq 0 [a]
        produced 1 t1-0@5
        > cancel RequestTimeout 1#0
        > cancel DeliveryTimeout t1-0#0
        > answer 1: t-0@5",
    );
}

#[test]
fn a_send_is_on_its_way_in_the_same_step() {
    Conversation::ready(not_idempotent(), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 [a]
        produced 1 t1-0@0
        > answer 1: t-0@0
        metadata 1 t=2/1",
    );
}

#[test]
fn what_lingers_gathers_into_one_batch() {
    let config = ProducerConfig { linger_ms: 5, ..config() };
    Conversation::ready(config, "t=1/0,1/0").check(
        "send 1 a p=0
        > set Linger t1-0 5ms
        send 2 b p=0
        send 3 c p=1
        > set Linger t1-1 5ms
        send 4 d p=0
        fire Linger t1-1
        > cancel Linger t1-0
        > to 1: Produce t1-0 seq 0 [a b d], t1-1 seq 0 [c]
        produced 1 t1-0@10 t1-1@20
        > answer 1: t-0@10
        > answer 2: t-0@11
        > answer 4: t-0@12
        > answer 3: t-1@20",
    );
}

// A batch of one record with a value of 10 bytes has 61 + 17 bytes, of two 61 + 34.
#[test]
fn a_full_batch_does_not_linger() {
    let config = ProducerConfig { linger_ms: 5, batch_size: 95, ..config() };
    Conversation::ready(config, "t=1/0").check(
        "send 1 aaaaaaaaaa
        > set Linger t1-0 5ms
        send 2 bbbbbbbbbb
        > cancel Linger t1-0
        > to 1: Produce t1-0 seq 0 [aaaaaaaaaa bbbbbbbbbb]
        send 3 cccccccccc
        > set Linger t1-0 5ms
        send 4 ddddddddddd
        > set Linger t1-0 5ms
        > to 1: Produce t1-0 seq 2 [cccccccccc]
        send 5 long-enough-to-fill-a-batch-on-its-own-and-more
        > cancel Linger t1-0
        > to 1: Produce t1-0 seq 3 [ddddddddddd]
        > to 1: Produce t1-0 seq 4 [long-enough-to-fill-a-batch-on-its-own-and-more]",
    );
}

#[test]
fn a_batch_takes_records_until_it_is_sent() {
    let config = ProducerConfig { max_in_flight_requests_per_connection: 1, ..config() };
    Conversation::ready(config, "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b
        send 3 c
        produced 1 t1-0@0
        > answer 1: t-0@0
        > to 1: Produce t1-0 seq 1 [b c]
        produced 1 t1-0@1
        > answer 2: t-0@1
        > answer 3: t-0@2",
    );
}

#[test]
fn no_more_requests_are_in_flight_than_allowed() {
    let config = ProducerConfig { max_in_flight_requests_per_connection: 2, batch_size: 1, ..config() };
    Conversation::ready(config, "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b
        > to 1: Produce t1-0 seq 1 [b]
        send 3 c
        send 4 d
        produced 1 t1-0@0
        > answer 1: t-0@0
        > to 1: Produce t1-0 seq 2 [c]
        produced 1 t1-0@1
        > answer 2: t-0@1
        > to 1: Produce t1-0 seq 3 [d]",
    );
}

#[test]
fn one_batch_of_a_partition_per_request_and_one_request_per_leader() {
    let config = ProducerConfig { linger_ms: 5, batch_size: 1, ..config() };
    let mut conversation = Conversation::ready(config, "t=1/0,2/0,1/0");
    for node in [NodeId(1), NodeId(2)] {
        let line = format!("down {node}");
        let input = conversation.parse(&line);
        conversation.input(input);
    }
    conversation.check(
        "send 1 a p=0
        send 2 b p=0
        send 3 c p=1
        send 4 d p=2
        fire ReconnectBackoff 1
        > connect 1
        up 1
        > to 1: Metadata [t]
        > to 1: Produce t1-0 seq 0 [a], t1-2 seq 0 [d]
        > to 1: Produce t1-0 seq 1 [b]
        fire ReconnectBackoff 2
        > connect 2
        up 2
        > to 2: Produce t1-1 seq 0 [c]",
    );
}

// 61 + 17 bytes each: two of them fit into a request, and who did not fit is first in the next one.
#[test]
fn a_request_is_no_larger_than_allowed_and_everybody_gets_a_turn() {
    let config = ProducerConfig {
        max_request_size: 160,
        max_in_flight_requests_per_connection: 1,
        batch_size: 1,
        ..not_idempotent()
    };
    Conversation::ready(config, "t=1/0,1/0,1/0").check(
        "send 1 aaaaaaaaaa p=0
        > to 1: Produce t1-0 [aaaaaaaaaa]
        send 2 bbbbbbbbbb p=0
        send 3 cccccccccc p=0
        send 4 dddddddddd p=1
        send 5 eeeeeeeeee p=2
        produced 1 t1-0@0
        > answer 1: t-0@0
        > to 1: Produce t1-0 [bbbbbbbbbb], t1-1 [dddddddddd]
        produced 1 t1-0@1 t1-1@0
        > answer 2: t-0@1
        > answer 4: t-1@0
        > to 1: Produce t1-2 [eeeeeeeeee], t1-0 [cccccccccc]",
    );
}

#[test]
fn a_record_too_large_is_refused() {
    let config = ProducerConfig { max_request_size: 100, ..config() };
    // 61 for the batch, 21 for the record, 1 each for no key and no headers, 1 for the value's length.
    Conversation::ready(config, "t=1/0").check(
        "send 1 fifteen-bytes-1
        > to 1: Produce t1-0 seq 0 [fifteen-bytes-1]
        send 2 sixteen-bytes-16
        > answer 2: RecordTooLarge, never appended",
    );
}

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
    let config = ProducerConfig { max_in_flight_requests_per_connection: 1, batch_size: 1, ..not_idempotent() };
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
fn a_muted_partition_waits_even_for_a_new_leader() {
    let config = ProducerConfig { max_in_flight_requests_per_connection: 1, ..not_idempotent() };
    Conversation::ready(config, "t=1/0,2/0").check(
        "send 1 a p=0
        > to 1: Produce t1-0 [a]
        fire DeliveryTimeout t1-0#0
        > note expired t1-0
        > answer 1: DeliveryTimeout, maybe appended
        send 2 b p=1
        > to 2: Produce t1-1 [b]
        produced 2 t1-1:NOT_LEADER_OR_FOLLOWER
        > note retried t1-1 NOT_LEADER_OR_FOLLOWER
        > set RetryBackoff t1-1 80..120ms
        > to 1: Metadata [t]
        send 3 c p=0
        produced 1 t1-0@0
        metadata 1 t=2/1,2/0
        > to 2: Produce t1-0 [c]",
    );
}

#[test]
fn a_lost_connection_may_have_delivered() {
    let config = ProducerConfig { retries: 0, ..not_idempotent() };
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
    let config = ProducerConfig { retries: 1, ..not_idempotent() };
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
fn with_acks_0_handing_over_is_all() {
    let config = ProducerConfig { acks: Acks::None, ..not_idempotent() };
    Conversation::ready(config, "t=1/0").verbose().check(
        "send 1 a
        > set DeliveryTimeout t1-0#0 120000ms
        > note sent t1-0 seq -1 attempt 0
        > to 1: Produce t1-0 [a]
        > cancel DeliveryTimeout t1-0#0
        > answer 1: t-0
        down 1
        > set ReconnectBackoff 1 40..60ms
        send 2 b
        > set DeliveryTimeout t1-0#0 120000ms
        > connect 2
        fire ReconnectBackoff 1
        > connect 1
        up 1
        > set RequestTimeout 1#0 30000ms
        > to 1: Metadata [t]
        > note sent t1-0 seq -1 attempt 0
        > to 1: Produce t1-0 [b]
        > cancel DeliveryTimeout t1-0#0
        > answer 2: t-0",
    );
}

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
fn a_batch_that_was_sent_takes_its_sequence_along() {
    let config = ProducerConfig { max_in_flight_requests_per_connection: 1, ..config() };
    Conversation::ready(config, "t=1/0,2/0").check(
        "send 1 a p=0
        > to 1: Produce t1-0 seq 0 [a]
        send 2 b p=0
        send 3 c p=1
        > to 2: Produce t1-1 seq 0 [c]
        send 4 d topic=u
        > set MaxBlock 4 60000ms
        > to 1: Metadata [t u]
        fire DeliveryTimeout t1-0#0
        > note expired t1-0
        > answer 1: DeliveryTimeout, maybe appended
        > note sequence lost t1-0
        > answer 2: SequenceLost, never appended
        > answer 3: SequenceLost, maybe appended
        > cancel MaxBlock 4
        > answer 4: SequenceLost, never appended
        produced 1 t1-0@0
        send 5 e p=0
        > answer 5: SequenceLost, never appended
        down 2
        > set ReconnectBackoff 2 40..60ms",
    );
}

#[test]
fn time_is_up_for_everything_older_too() {
    let config = ProducerConfig { batch_size: 1, max_in_flight_requests_per_connection: 2, ..not_idempotent() };
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
fn a_sequence_that_is_next_in_line_and_refused_is_lost() {
    Conversation::ready(config(), "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 seq 0 [a]
        produced 1 t1-0@0
        > answer 1: t-0@0
        send 2 b
        > to 1: Produce t1-0 seq 1 [b]
        send 3 c
        > to 1: Produce t1-0 seq 2 [c]
        produced 1 t1-0:OUT_OF_ORDER_SEQUENCE_NUMBER
        > answer 2: Kafka(OutOfOrderSequenceNumber), never appended
        > note sequence lost t1-0
        > answer 3: SequenceLost, maybe appended",
    );
}

#[test]
fn a_fenced_producer_is_lost() {
    for error in ["INVALID_PRODUCER_EPOCH", "UNKNOWN_PRODUCER_ID", "INVALID_RECORD"] {
        let answer = format!("{:?}", error_code(error));
        Conversation::ready(config(), "t=1/0").check(&format!(
            "send 1 a
            > to 1: Produce t1-0 seq 0 [a]
            produced 1 t1-0:{error}
            > answer 1: Kafka({answer}), never appended
            > note sequence lost t1-0"
        ));
    }
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
fn a_partition_without_a_leader_waits_for_one() {
    Conversation::ready(not_idempotent(), "t=1/0,-1/0").check(
        "send 1 a p=1
        fire MetadataBackoff
        > to 1: Metadata [t]
        metadata 1 t=1/0,-1/0
        > set MetadataBackoff 80..120ms
        fire MetadataBackoff
        > to 1: Metadata [t]
        metadata 1 t=1/0,1/1
        > to 1: Produce t1-1 [a]",
    );
}

#[test]
fn max_block_ends_the_wait_for_metadata() {
    Conversation::ready(config(), "t=1/0").check(
        "send 1 a p=3
        > set MaxBlock 1 60000ms
        > to 1: Metadata [t]
        send 2 b p=0
        > to 1: Produce t1-0 seq 0 [b]
        metadata 1 t=1/0
        > set MetadataBackoff 80..120ms
        send 3 c topic=u
        > set MaxBlock 3 60000ms
        fire MaxBlock 1
        > answer 1: MaxBlock, never appended
        fire MetadataBackoff
        > to 1: Metadata [t u]
        produced 1 t1-0@0
        > answer 2: t-0@0
        metadata 1 t=1/0 u:INVALID_TOPIC_EXCEPTION
        > cancel MaxBlock 3
        > answer 3: Kafka(InvalidTopicException), never appended
        > set MetadataBackoff 80..120ms",
    );
}

#[test]
fn a_topic_that_was_not_asked_for_is_asked_for_at_once() {
    Conversation::new(not_idempotent()).check(
        "send 1 a topic=t
        > set MaxBlock 1 60000ms
        > connect 1
        up 1
        > to 1: Metadata [t]
        send 2 b topic=u
        > set MaxBlock 2 60000ms
        metadata 1 t=1/0
        > cancel MaxBlock 1
        > to 1: Metadata [t u]
        > to 1: Produce t1-0 [a]
        metadata 1 t=1/0 u:UNKNOWN_TOPIC_OR_PARTITION
        > set MetadataBackoff 80..120ms
        fire MetadataBackoff
        > to 1: Metadata [t u]",
    );
}

#[test]
fn a_key_goes_where_its_hash_says() {
    // murmur2("21") & 0x7fffffff is 1173551340, murmur2("abc") is 479470107.
    Conversation::ready(not_idempotent(), "t=1/0,1/0,1/0,1/0").check(
        "send 1 a k=21
        > to 1: Produce t1-0 [a]
        send 2 b k=abc
        > to 1: Produce t1-3 [b]
        send 3 c k=abc p=1
        > to 1: Produce t1-1 [c]",
    );
}

#[test]
fn records_without_a_key_stick_to_a_partition() {
    // One record has 68 bytes with its batch, so each is enough for a partition.
    let config = ProducerConfig { batch_size: 68, ..not_idempotent() };
    Conversation::ready(config, "t=1/0,-1/0,1/0").check(
        "send 1 a
        > choose 1 of 2
        send 2 b
        send 3 c p=2
        choose 1
        > choose 1 of 2
        > to 1: Produce t1-2 [a]
        choose 0
        > to 1: Produce t1-0 [b], t1-2 [c]",
    );
}

#[test]
fn a_sticky_partition_lasts_for_a_batch() {
    let config = ProducerConfig { batch_size: 76, ..not_idempotent() };
    Conversation::ready(config, "t=1/0,1/0").check(
        "send 1 a
        > choose 1 of 2
        choose 1
        > to 1: Produce t1-1 [a]
        send 2 b
        > to 1: Produce t1-1 [b]
        send 3 c
        > choose 1 of 2
        choose 1
        > to 1: Produce t1-1 [c]",
    );
}

#[test]
fn there_is_nothing_to_choose_from_one_partition() {
    let config = ProducerConfig { batch_size: 1, ..not_idempotent() };
    Conversation::ready(config, "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 [a]
        send 2 b
        > to 1: Produce t1-0 [b]",
    );
}

#[test]
fn an_id_is_asked_for_until_there_is_one() {
    Conversation::new(config()).check(
        "send 1 a
        > set MaxBlock 1 60000ms
        > connect 1
        up 1
        > to 1: Metadata [t]
        > to 1: InitProducerId
        metadata 1 t=1/0
        > cancel MaxBlock 1
        id 1 REQUEST_TIMED_OUT
        > set InitProducerIdBackoff 100ms
        fire InitProducerIdBackoff
        > to 1: InitProducerId
        down 1
        > set ReconnectBackoff 1 40..60ms
        > set InitProducerIdBackoff 100ms
        > connect 2
        up 2
        > to 2: Metadata [t]
        fire InitProducerIdBackoff
        > to 2: InitProducerId
        metadata 2 t=1/0
        id 2 UNSUPPORTED_VERSION
        > answer 1: Kafka(UnsupportedVersion), never appended",
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

#[test]
fn a_batch_that_is_not_mentioned_in_the_answer_may_be_anywhere() {
    let config = ProducerConfig { retries: 0, ..not_idempotent() };
    Conversation::ready(config, "t=1/0").check(
        "send 1 a
        > to 1: Produce t1-0 [a]
        produced 1
        > answer 1: Kafka(NetworkException), maybe appended",
    );
}
