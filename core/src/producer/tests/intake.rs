//! How records find their partitions, and what they wait for.

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
    let config = ProducerConfig {
        batch_size: 68,
        ..not_idempotent()
    };
    Conversation::ready(config, "t=1/0,-1/0,1/0").check(
        "send 1 a
        > choose 1 of 2
        send 2 b
        send 3 c p=2
        choose 1
        > choose 1 of 3
        > to 1: Produce t1-2 [a]
        choose 0
        > to 1: Produce t1-0 [b], t1-2 [c]",
    );
}

// Partition 0 has two batches that wait, partition 1 none: the odds are 1 to 3 (KIP-794).
#[test]
fn a_partition_that_fewer_batches_wait_for_is_more_likely() {
    for (partitioner_adaptive_partitioning_enable, options) in [(true, 4), (false, 2)] {
        let config = ProducerConfig {
            batch_size: 1,
            max_in_flight_requests_per_connection: 1,
            partitioner_adaptive_partitioning_enable,
            ..not_idempotent()
        };
        Conversation::ready(config, "t=1/0,1/0").check(&format!(
            "send 1 a p=0
            > to 1: Produce t1-0 [a]
            send 2 b p=0
            send 3 c p=0
            send 4 d
            > choose 1 of {options}"
        ));
    }
}

#[test]
fn keys_may_be_ignored() {
    let config = ProducerConfig {
        partitioner_ignore_keys: true,
        ..not_idempotent()
    };
    Conversation::ready(config, "t=1/0,1/0").check(
        "send 1 a k=key
        > choose 1 of 2
        choose 1
        > to 1: Produce t1-1 [a]
        send 2 b k=key
        > to 1: Produce t1-1 [b]
        send 3 c k=key p=0
        > to 1: Produce t1-0 [c]",
    );
}

#[test]
fn a_sticky_partition_lasts_for_a_batch() {
    let config = ProducerConfig {
        batch_size: 76,
        ..not_idempotent()
    };
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
    let config = ProducerConfig {
        batch_size: 1,
        ..not_idempotent()
    };
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
