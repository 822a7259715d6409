//! How records become batches, and batches requests.

use super::*;

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
    let config = ProducerConfig {
        linger_ms: 5,
        ..config()
    };
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
    let config = ProducerConfig {
        linger_ms: 5,
        batch_size: 95,
        ..config()
    };
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
fn batches_are_compressed_when_they_are_sent() {
    use crate::record::Compression::{Gzip, Lz4, Snappy, Zstd};
    for compression_type in [Gzip, Snappy, Lz4, Zstd] {
        let config = ProducerConfig {
            compression_type,
            ..config()
        };
        let shown = format!("> to 1: Produce t1-0 {compression_type} seq 0 [a]");
        Conversation::ready(config, "t=1/0").check(&format!(
            "send 1 a
            {shown}
            produced 1 t1-0@0
            > answer 1: t-0@0"
        ));
    }
}

#[test]
fn a_batch_takes_records_until_it_is_sent() {
    let config = ProducerConfig {
        max_in_flight_requests_per_connection: 1,
        ..config()
    };
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
    let config = ProducerConfig {
        max_in_flight_requests_per_connection: 2,
        batch_size: 1,
        ..config()
    };
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
    let config = ProducerConfig {
        linger_ms: 5,
        batch_size: 1,
        ..config()
    };
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
    let config = ProducerConfig {
        max_request_size: 100,
        ..config()
    };
    // 61 for the batch, 21 for the record, 1 each for no key and no headers, 1 for the value's length.
    Conversation::ready(config, "t=1/0").check(
        "send 1 fifteen-bytes-1
        > to 1: Produce t1-0 seq 0 [fifteen-bytes-1]
        send 2 sixteen-bytes-16
        > answer 2: RecordTooLarge, never appended",
    );
}

#[test]
fn with_acks_0_handing_over_is_all() {
    let config = ProducerConfig {
        acks: Acks::None,
        ..not_idempotent()
    };
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
