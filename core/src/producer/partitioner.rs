//! Which partition a record goes to: Kafka's hash of the key, or the sticky partition of the topic.

use alloc::vec::Vec;

use bytes::Bytes;

/// The partition of a key among all partitions of its topic, available or not: `BuiltInPartitioner.partitionForKey`.
pub(super) fn partition_for_key(key: &Bytes, partitions: usize) -> i32 {
    let hash = murmur2(key).cast_unsigned() & 0x7fff_ffff;
    let partitions = u32::try_from(partitions).expect("a topic's partitions are counted by an i32");
    (hash % partitions).cast_signed()
}

/// Where the records without a key of one topic go for now (KIP-480, KIP-794).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sticky {
    /// The question is open.
    Asked,
    /// To this partition.
    Chosen {
        /// Its index.
        partition: i32,
        /// How many bytes went there since it was chosen.
        produced: usize,
    },
}

/// Whether so many bytes went to the sticky partition that the next record should go elsewhere. A batch that can still
/// grow keeps the partition until it is full, but not beyond twice the size of a batch (KIP-794).
pub(super) fn has_had_enough(produced: usize, last_batch_is_full: bool, batch_size: usize) -> bool {
    let enough = batch_size.max(1);
    (produced >= enough && last_batch_is_full) || produced >= enough * 2
}

/// Each of these partitions as often as it is to be drawn, given how many batches wait for it: one more than the longest queue is longer
/// (KIP-794). With equal queues each is there once.
pub(super) fn weighted(queued: &[(i32, usize)]) -> Vec<i32> {
    let longest = queued.iter().map(|(_, queued)| *queued).max().unwrap_or(0);
    let are_equal = queued.iter().all(|(_, queued)| *queued == longest);
    let weight = |queued| if are_equal { 1 } else { longest + 1 - queued };
    let repeated = queued
        .iter()
        .map(|(partition, queued)| core::iter::repeat_n(*partition, weight(*queued)));
    repeated.flatten().collect()
}

/// The 32-bit murmur2 hash with Kafka's seed, as `org.apache.kafka.common.utils.Utils` computes it.
#[must_use]
pub fn murmur2(data: &[u8]) -> i32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;

    // Kafka's array lengths are 32 bits wide, and so is what enters the hash.
    let mut hash = SEED ^ (data.len() & 0xffff_ffff) as u32;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (index, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    (hash ^ (hash >> 15)).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The first six are Kafka's own (UtilsTest.testMurmur2).
    #[test]
    fn hashes_as_kafka_does() {
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
            ("", 275_646_681),
            ("1", -1_993_445_489),
        ] {
            assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
        }
    }

    #[test]
    fn a_negative_hash_loses_its_sign_only() {
        // -973932308 & 0x7fffffff = 1173551340.
        assert_eq!(partition_for_key(&Bytes::from_static(b"21"), 7), 1_173_551_340 % 7);
        assert_eq!(partition_for_key(&Bytes::from_static(b"abc"), 3), 479_470_107 % 3);
    }

    // The second is the example in Kafka's own comment: 4 : 1 : 3.
    #[test]
    fn shorter_queues_are_drawn_more_often() {
        assert_eq!(weighted(&[(0, 2), (1, 2), (4, 2)]), [0, 1, 4]);
        assert_eq!(weighted(&[(0, 0), (1, 3), (2, 1)]), [0, 0, 0, 0, 1, 2, 2, 2]);
        assert!(weighted(&[]).is_empty());
    }

    #[test]
    fn the_sticky_partition_changes_at_a_batch_boundary() {
        for (produced, last_batch_is_full, expected) in [
            (99, true, false),
            (100, true, true),
            (100, false, false),
            (199, false, false),
            (200, false, true),
        ] {
            assert_eq!(
                has_had_enough(produced, last_batch_is_full, 100),
                expected,
                "{produced} {last_batch_is_full}"
            );
        }
    }
}
