//! The order in which Java's `HashMap` is iterated, which some assignments follow.
//!
//! Entries lie in the buckets of a table, in the order of their insertion within a bucket. A table starts with 16 buckets and doubles
//! once it is more than three quarters full; it never shrinks. What Java does with buckets of more than eight entries is left out.

use alloc::vec::Vec;

/// `HashMap`'s table before it has grown.
const INITIAL_BUCKETS: usize = 16;

/// The items, inserted in the order given under the name that `key` gives, in the order of iteration.
pub(super) fn in_hash_order<T>(mut items: Vec<T>, key: impl Fn(&T) -> &str) -> Vec<T> {
    let buckets = buckets_for(items.len());
    items.sort_by_key(|item| bucket(hash(key(item)), buckets));
    items
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

/// `String.hashCode`.
fn hash(string: &str) -> i32 {
    string
        .encode_utf16()
        .fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}
