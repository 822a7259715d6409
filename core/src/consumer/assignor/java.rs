//! The order in which Java's `HashMap` and `HashSet` are iterated, which some assignments follow.
//!
//! Entries lie in the buckets of a table, in the order of their insertion within a bucket. A table starts with 16 buckets and doubles
//! once it is more than three quarters full; it never shrinks. What Java does with buckets of more than eight entries is left out.

use alloc::vec::Vec;

use crate::group::java_hash;

/// `HashMap`'s table before it has grown.
const INITIAL_BUCKETS: usize = 16;

/// The items, inserted in the order given under the name that `key` gives, in the order of iteration.
pub(super) fn in_hash_order<T>(mut items: Vec<T>, key: impl Fn(&T) -> &str) -> Vec<T> {
    let buckets = buckets_for(items.len());
    items.sort_by_key(|item| bucket(java_hash(key(item)), buckets));
    items
}

/// Some partitions of one topic, as a `HashSet<TopicPartition>`.
#[derive(Debug, Default)]
pub(super) struct PartitionSet {
    /// In the order of insertion.
    indexes: Vec<i32>,
    /// The most that it ever held.
    most: usize,
}

impl PartitionSet {
    pub(super) fn insert(&mut self, index: i32) {
        self.indexes.push(index);
        self.most = self.most.max(self.indexes.len());
    }

    pub(super) fn remove(&mut self, index: i32) {
        self.indexes.retain(|&other| other != index);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.indexes.is_empty()
    }

    /// The partition that iteration begins with.
    pub(super) fn first(&self, topic: &str) -> Option<i32> {
        let buckets = buckets_for(self.most);
        let of_topic = java_hash(topic);
        self.indexes.iter().copied().min_by_key(|&index| {
            bucket(
                31_i32.wrapping_mul(31_i32.wrapping_add(index)).wrapping_add(of_topic),
                buckets,
            )
        })
    }
}

/// How many buckets a table has that has held this many entries.
const fn buckets_for(entries: usize) -> usize {
    let mut buckets = INITIAL_BUCKETS;
    while entries > buckets / 4 * 3 {
        buckets *= 2;
    }
    buckets
}

/// Where `HashMap` puts an entry of this hash.
const fn bucket(hash: i32, buckets: usize) -> usize {
    let hash = hash.cast_unsigned();
    (hash ^ (hash >> 16)) as usize & (buckets - 1)
}
