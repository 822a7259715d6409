//! `buffer.memory`: sends that wait for room, in order.

use super::*;

/// Room for two batches.
fn small() -> ProducerConfig {
    ProducerConfig {
        batch_size: 100,
        buffer_memory: 250,
        linger_ms: 1000,
        max_in_flight_requests_per_connection: 1,
        ..config()
    }
}

#[test]
fn a_send_waits_for_memory_and_nothing_overtakes_it() {
    let long = "x".repeat(30);
    Conversation::ready(small(), "t=1/0,1/0").verbose().check(&format!(
        "send 1 {long} p=0
        > set Linger t1-0 1000ms
        > set DeliveryTimeout t1-0#0 120000ms
        send 2 {long} p=1
        > set Linger t1-1 1000ms
        > set DeliveryTimeout t1-1#0 120000ms
        send 3 {long} p=0
        > set MaxBlock 3 60000ms
        > note waits for memory
        > cancel Linger t1-0
        > note sent t1-0 seq 0 attempt 0
        > cancel Linger t1-1
        > note sent t1-1 seq 0 attempt 0
        > set RequestTimeout 1#0 30000ms
        > to 1: Produce t1-0 seq 0 [{long}], t1-1 seq 0 [{long}]
        send 4 b p=1
        > set MaxBlock 4 60000ms
        > note waits for memory
        produced 1 t1-0@0 t1-1:NOT_ENOUGH_REPLICAS
        > cancel RequestTimeout 1#0
        > cancel DeliveryTimeout t1-0#0
        > answer 1: t-0@0
        > note retried t1-1 NOT_ENOUGH_REPLICAS
        > set RetryBackoff t1-1 80..120ms
        > cancel MaxBlock 3
        > set Linger t1-0 1000ms
        > set DeliveryTimeout t1-0#0 120000ms
        > cancel Linger t1-0
        > note sent t1-0 seq 1 attempt 0
        > set RequestTimeout 1#0 30000ms
        > to 1: Produce t1-0 seq 1 [{long}]"
    ));
}

#[test]
fn a_send_that_waits_for_memory_for_too_long_fails_and_makes_way() {
    let config = ProducerConfig {
        batch_size: 100,
        buffer_memory: 200,
        max_block_ms: 50,
        linger_ms: 1000,
        ..config()
    };
    let long = "x".repeat(100);
    Conversation::ready(config, "t=1/0,-1/0").check(&format!(
        "send 1 a p=1
        > set Linger t1-1 1000ms
        send 2 {long} p=1
        > set MaxBlock 2 50ms
        send 3 b p=1
        > set MaxBlock 3 50ms
        fire MaxBlock 2
        > answer 2: BufferExhausted, never appended
        > cancel MaxBlock 3
        fire MetadataBackoff
        > to 1: Metadata [t]
        metadata 1 t=1/0,1/1
        fire Linger t1-1
        > to 1: Produce t1-1 seq 0 [a b]"
    ));
}

#[test]
fn waiting_for_metadata_and_for_memory_share_one_time() {
    let config = ProducerConfig {
        batch_size: 1,
        buffer_memory: 100,
        ..not_idempotent()
    };
    Conversation::ready(config, "t=1/0").check(
        "send 1 a p=1
        > set MaxBlock 1 60000ms
        > to 1: Metadata [t]
        send 2 b p=0
        > to 1: Produce t1-0 [b]
        metadata 1 t=1/0,1/0
        fire MaxBlock 1
        > answer 1: BufferExhausted, never appended",
    );
}

// Nobody answers, so memory is free again as soon as a batch is handed to the network.
#[test]
fn with_acks_0_memory_is_free_at_once() {
    let config = ProducerConfig {
        acks: Acks::None,
        batch_size: 1,
        buffer_memory: 100,
        ..not_idempotent()
    };
    Conversation::ready(config, "t=1/0,-1/0").check(
        "send 1 a p=1
        send 2 b p=1
        > set MaxBlock 2 60000ms
        send 3 c p=1
        > set MaxBlock 3 60000ms
        fire MetadataBackoff
        > to 1: Metadata [t]
        metadata 1 t=1/0,1/1
        > to 1: Produce t1-1 [a]
        > answer 1: t-1
        > cancel MaxBlock 2
        > to 1: Produce t1-1 [b]
        > answer 2: t-1
        > cancel MaxBlock 3
        > to 1: Produce t1-1 [c]
        > answer 3: t-1",
    );
}

#[test]
fn a_record_that_never_fits_is_refused() {
    let config = ProducerConfig {
        buffer_memory: 1000,
        ..config()
    };
    Conversation::ready(config, "t=1/0").check(
        "send 1 a
        > answer 1: RecordTooLarge, never appended",
    );
}
