//! Properties of where a record goes, and of the batches that records are gathered in.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::ids::{TopicId, TopicPartition};
use crate::producer::accumulator::Accumulator;
use crate::producer::batch::{Arrival, ProducerBatch};
use crate::producer::partitioner::{murmur2, partition_for_key};
use crate::record::BatchBuilder;

/// Murmur2 as its author describes it, a byte at a time and in 64 bits, so that nothing wraps by itself.
fn naive_murmur2(data: &[u8]) -> i32 {
    const M: u64 = 0x5bd1_e995;
    let cut = |wide: u64| wide & 0xffff_ffff;
    let whole = data.len() / 4 * 4;
    let mut hash = cut(0x9747_b28c ^ data.len() as u64);
    for at in (0..whole).step_by(4) {
        let word = (0..4).fold(0, |word, byte| word + (u64::from(data[at + byte]) << (8 * byte)));
        let mixed = cut(word * M);
        hash = cut(hash * M) ^ cut((mixed ^ (mixed >> 24)) * M);
    }
    let rest = &data[whole..];
    if !rest.is_empty() {
        let word = rest.iter().rev().fold(0, |word, byte| word * 256 + u64::from(*byte));
        hash = cut((hash ^ word) * M);
    }
    let mixed = cut((hash ^ (hash >> 13)) * M);
    u32::try_from(mixed ^ (mixed >> 15)).expect("32 bits").cast_signed()
}

/// So many bytes of value for this partition.
fn arrivals() -> impl Strategy<Value = Vec<(i32, usize)>> {
    prop::collection::vec((0..3_i32, 0..400_usize), 0..60)
}

fn arrival(call: usize, bytes: usize) -> Arrival {
    Arrival {
        call: CallId(u32::try_from(call).expect("few calls")),
        record: ProducerRecord {
            topic: "t".into(),
            partition: None,
            key: None,
            value: Some(Bytes::from(alloc::vec![b'v'; bytes])),
        },
        timestamp: Timestamp(1_000 + i64::try_from(call).expect("few calls")),
    }
}

/// The batches that these records end up in, partition by partition, the oldest first.
fn gathered(arrivals: &[(i32, usize)], config: &ProducerConfig) -> Vec<ProducerBatch> {
    let mut out = Outbox::default();
    let mut accumulator = Accumulator::default();
    for (call, (partition, bytes)) in arrivals.iter().enumerate() {
        let at = TopicPartition {
            topic: TopicId(1),
            partition: *partition,
        };
        accumulator.append(at, arrival(call, *bytes), |_| false, config, &mut out);
    }
    let count = accumulator.batch_count();
    let taken = accumulator.take_all(&mut out);
    assert_eq!(taken.len(), count);
    assert!(accumulator.is_empty());
    taken.into_iter().map(|(batch, _)| batch).collect()
}

/// The calls of a batch, as positions among the arrivals.
fn calls(batch: &ProducerBatch) -> impl Iterator<Item = usize> {
    batch.calls.iter().map(|call| call.0 as usize)
}

proptest! {
    #[test]
    fn a_key_goes_where_its_hash_says_among_all_partitions(key: Vec<u8>, partitions in 1..2_000_usize) {
        prop_assert_eq!(murmur2(&key), naive_murmur2(&key));
        let partition = partition_for_key(&Bytes::from(key.clone()), partitions);
        let expected = (naive_murmur2(&key) & i32::MAX) % i32::try_from(partitions).expect("few");
        prop_assert_eq!(partition, expected);
    }

    #[test]
    fn every_record_is_in_one_batch_of_its_partition_in_order(arrivals in arrivals(), batch_size in 0..2_000_usize) {
        let config = ProducerConfig { batch_size, ..config() };
        let mut expected: Vec<usize> = (0..arrivals.len()).collect();
        expected.sort_by_key(|call| arrivals[*call].0);
        let batches = gathered(&arrivals, &config);
        let found: Vec<usize> = batches.iter().flat_map(calls).collect();
        prop_assert_eq!(found, expected);
        for batch in &batches {
            let partitions: BTreeSet<i32> = calls(batch).map(|call| arrivals[call].0).collect();
            prop_assert_eq!(partitions.len(), 1);
        }
    }

    #[test]
    fn a_batch_is_as_full_as_it_may_be_and_no_fuller(arrivals in arrivals(), batch_size in 0..2_000_usize) {
        let config = ProducerConfig { batch_size, ..config() };
        let batches = gathered(&arrivals, &config);
        for batch in &batches {
            prop_assert!(batch.calls.len() == 1 || batch.size() <= batch_size);
        }
        for pair in batches.windows(2) {
            let next = calls(&pair[1]).next().expect("no batch is empty");
            if arrivals[next].0 != arrivals[calls(&pair[0]).next().expect("no batch is empty")].0 {
                continue;
            }
            // Built anew, with the record that went into the next batch instead, it is too large.
            let mut builder = BatchBuilder::new();
            for call in calls(&pair[0]).chain([next]) {
                let Arrival { record, timestamp, .. } = arrival(call, arrivals[call].1);
                builder.append(timestamp, record.key, record.value, &[]);
            }
            prop_assert!(builder.build(None).size() > batch_size);
        }
    }
}
