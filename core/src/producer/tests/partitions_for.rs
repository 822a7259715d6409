//! Being asked for a topic's partitions.

use super::*;

#[test]
fn what_is_known_is_told_at_once() {
    Conversation::ready(config(), "t=1/0,-1/0").check(
        "partitions-for 1 t
        > answer 1: 0 by 1, 1 by nobody",
    );
}

#[test]
fn what_is_not_known_is_asked_for_without_a_producer_id() {
    Conversation::new(config()).check(
        "partitions-for 1 t
        > set MaxBlock 1 60000ms
        > connect 1
        up 1
        > to 1: Metadata [t]
        metadata 1 t:UNKNOWN_TOPIC_OR_PARTITION
        > set MetadataBackoff 80..120ms
        fire MetadataBackoff
        > to 1: Metadata [t]
        metadata 1 t=1/0,2/0
        > cancel MaxBlock 1
        > answer 1: 0 by 1, 1 by 2",
    );
}

#[test]
fn nobody_waits_longer_than_allowed_or_for_a_name_that_cannot_be() {
    Conversation::ready(config(), "t=1/0").check(
        "partitions-for 1 u
        > set MaxBlock 1 60000ms
        > to 1: Metadata [t u]
        partitions-for 2 v
        > set MaxBlock 2 60000ms
        fire MaxBlock 1
        > answer 1: MaxBlock
        metadata 1 v:INVALID_TOPIC_EXCEPTION
        > cancel MaxBlock 2
        > answer 2: Kafka(InvalidTopicException)
        > set MetadataBackoff 80..120ms",
    );
}

#[test]
fn a_close_waits_for_who_has_asked_and_refuses_later_ones() {
    Conversation::ready(config(), "t=1/0").check(
        "partitions-for 1 u
        > set MaxBlock 1 60000ms
        > to 1: Metadata [t u]
        close 100
        > set CloseTimeout 100ms
        partitions-for 2 t
        > answer 2: Closed
        fire CloseTimeout
        > cancel MaxBlock 1
        > answer 1: Closed
        > cancel CloseTimeout
        > disconnect 1
        > closed",
    );
}
