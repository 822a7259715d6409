//! What consumer groups are made of, as bytes: the records of `__consumer_offsets`, and what members tell each other through their coordinator.

mod fields;
#[cfg(test)]
mod golden;
mod protocol;
mod records;

pub use fields::Malformed;
pub use protocol::{Assignment, Subscription, subscribed_topics};
pub(crate) use protocol::{partitions, put_partitions};
pub use records::{CommittedOffset, GroupMember, GroupMetadata, GroupRecord};

/// The topic whose log is the truth about groups.
pub const GROUP_METADATA_TOPIC: &str = "__consumer_offsets";

/// The partition of `__consumer_offsets` that a group lives in: Java's hash code of its name, without its sign.
#[must_use]
pub fn partition_for(group: &str, partitions: i32) -> i32 {
    let hash = java_hash(group);
    let hash = if hash == i32::MIN { 0 } else { hash.abs() };
    hash % partitions.max(1)
}

/// Whether a topic is Kafka's own, which consumers' patterns pass over (`exclude.internal.topics`).
#[must_use]
pub fn is_internal_topic(topic: &str) -> bool {
    matches!(topic, GROUP_METADATA_TOPIC | "__transaction_state")
}

/// Java's `String.hashCode`.
pub(crate) fn java_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

#[cfg(test)]
mod tests {
    use super::partition_for;

    #[test]
    fn groups_live_where_kafka_puts_them() {
        // What `Utils.abs(name.hashCode()) % 50` is in Java.
        for (group, partition) in [
            ("", 0),
            ("a", 47),
            ("group", 47),
            ("my-group", 12),
            ("grüppe", 12),
            ("😀", 49),
        ] {
            assert_eq!(partition_for(group, 50), partition, "{group}");
        }
        // A name whose hash code is the smallest integer, which has no positive counterpart.
        assert_eq!(partition_for("polygenelubricants", 50), 0);
    }
}
