//! What holds for batches of any content and for any bytes at all.

use allocation_counter::measure;
use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records as oracle;
use kafkasim_core::ids::{LeaderEpoch, NodeId, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use kafkasim_core::ids::{PartitionEpoch, TopicId, TopicPartition};
use kafkasim_core::record::{Batch, BatchBuilder, BatchError, Compression, Compressor, Header, MetadataRecord, Record};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

/// Where a batch's records begin.
const HEADER_BYTES: usize = 61;
/// Where the part begins that the CRC protects, the CRC included.
const PROTECTED_FROM: usize = 17;
const LENGTH_FIELD: std::ops::Range<usize> = 8..12;
const COUNT_FIELD: std::ops::Range<usize> = 57..61;
/// A header of a record takes two bytes at least, and 64 in memory.
const MEMORY_PER_BYTE: u64 = 64;
/// What codecs work with, whatever they are given.
const MEMORY_OF_A_CODEC: u64 = 1 << 20;
/// What a byte becomes at most, and the copies that a growing vector makes: DEFLATE expands the most of what chance can hit upon.
const MEMORY_PER_COMPRESSED_BYTE: u64 = 4 * 1032;
/// The framing of snappy-java, and the length of the only block.
const SNAPPY_HEADER_BYTES: usize = 20;

/// The content of a batch, before anybody encoded it.
#[derive(Clone, Debug)]
struct Content {
    records: Vec<Record>,
    producer: Option<(ProducerId, ProducerEpoch, Sequence)>,
    base_offset: Offset,
    leader_epoch: LeaderEpoch,
}

impl Content {
    fn build(&self) -> Batch {
        let builder = self.builder();
        let batch = builder.build(self.producer);
        assert_eq!(batch.encode().len(), builder.size());
        batch.at(self.base_offset, self.leader_epoch)
    }

    fn build_compressed(&self, codec: Compression) -> Batch {
        let compressor = Compressor { codec, gzip_level: -1 };
        self.builder()
            .build_compressed(self.producer, compressor)
            .at(self.base_offset, self.leader_epoch)
    }

    fn builder(&self) -> BatchBuilder {
        let mut builder = BatchBuilder::new();
        for record in &self.records {
            let (key, value) = (record.key.as_ref(), record.value.as_ref());
            let expected = builder.size_with(record.timestamp, key, value, &record.headers);
            builder.append(
                record.timestamp,
                record.key.clone(),
                record.value.clone(),
                &record.headers,
            );
            assert_eq!(builder.size(), expected);
        }
        builder
    }

    fn times(&self) -> impl Iterator<Item = Timestamp> {
        self.records.iter().map(|record| record.timestamp)
    }
}

fn any_bytes(longest: usize) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..longest).prop_map(Bytes::from)
}

fn any_header() -> impl Strategy<Value = Header> {
    ("\\PC{0,5}", option::of(any_bytes(80))).prop_map(|(key, value)| Header {
        key: Bytes::from(key),
        value,
    })
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    // The oracle's subtraction of two times must not overflow.
    prop_oneof![-1..200i64, 1_700_000_000_000..1_700_000_100_000i64, -1..i64::MAX].prop_map(Timestamp)
}

fn any_record() -> impl Strategy<Value = Record> {
    (
        any_time(),
        option::of(any_bytes(80)),
        option::of(any_bytes(200)),
        vec(any_header(), 0..4),
    )
        .prop_map(|(timestamp, key, value, mut headers)| {
            // The oracle keeps headers in a map.
            headers.sort_by(|left, right| left.key.cmp(&right.key));
            headers.dedup_by(|left, right| left.key == right.key);
            Record {
                offset: Offset::ZERO,
                timestamp,
                key,
                value,
                headers,
            }
        })
}

fn any_producer() -> impl Strategy<Value = (ProducerId, ProducerEpoch, Sequence)> {
    (
        0..=i64::MAX,
        0..=i16::MAX,
        prop_oneof![0..=i32::MAX, i32::MAX - 3..=i32::MAX],
    )
        .prop_map(|(id, epoch, sequence)| (ProducerId(id), ProducerEpoch(epoch), Sequence(sequence)))
}

fn any_content() -> impl Strategy<Value = Content> {
    (
        vec(any_record(), 1..80),
        option::of(any_producer()),
        0..i64::MAX / 2,
        -1..=i32::MAX,
    )
        .prop_map(|(mut records, producer, base_offset, leader_epoch)| {
            for (record, offset) in records.iter_mut().zip(base_offset..) {
                record.offset = Offset(offset);
            }
            Content {
                records,
                producer,
                base_offset: Offset(base_offset),
                leader_epoch: LeaderEpoch(leader_epoch),
            }
        })
}

/// Reads everything of what may be a batch, and says whether it was one.
fn read_whole(bytes: &Bytes) -> Result<Batch, BatchError> {
    let (batch, taken) = Batch::decode(bytes)?;
    assert_eq!(batch.encode(), bytes.slice(..taken), "bytes were not kept as received");
    assert_eq!(batch.size(), taken);
    assert!(batch.next_offset() > batch.base_offset, "a batch without any offset");
    let _ = (batch.last_sequence(), format!("{batch:?}"));
    for record in batch.records().unwrap_or_default() {
        assert!(
            (batch.base_offset..=batch.last_offset()).contains(&record.offset),
            "an offset outside the batch"
        );
    }
    batch.verify()?;
    Ok(batch)
}

/// What reading allocates is bounded by the bytes that there are, whatever numbers stand in them.
fn check_memory(bytes: &Bytes) {
    let used = measure(|| drop(Batch::decode(bytes).map(|(batch, _)| batch.records()))).bytes_max;
    let codec = Batch::decode(bytes).map_or(Compression::None, |(batch, _)| batch.compression());
    let length = bytes.len() as u64;
    let bound = match codec {
        Compression::None => 1024 + MEMORY_PER_BYTE * length,
        Compression::Gzip | Compression::Snappy | Compression::Lz4 | Compression::Zstd => {
            MEMORY_OF_A_CODEC + MEMORY_PER_COMPRESSED_BYTE * length
        }
    };
    assert!(used <= bound, "{used} bytes of memory for {} bytes", bytes.len());
}

/// The same records as the second implementation takes them.
fn oracle_records(content: &Content) -> Vec<oracle::Record> {
    let (producer_id, epoch, sequence) =
        content
            .producer
            .unwrap_or((ProducerId::NONE, ProducerEpoch::NONE, Sequence::NONE));
    let text = |key: &Bytes| StrBytes::try_from(key.clone()).expect("a header's key is text");
    let records = content.records.iter().zip(0..);
    records
        .map(|(record, index)| oracle::Record {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: content.leader_epoch.0,
            producer_id: producer_id.0,
            producer_epoch: epoch.0,
            timestamp_type: oracle::TimestampType::Creation,
            offset: record.offset.0,
            // It counts on past the largest sequence and past "none".
            sequence: sequence.0.wrapping_add(index),
            timestamp: record.timestamp.0,
            key: record.key.clone(),
            value: record.value.clone(),
            headers: record
                .headers
                .iter()
                .map(|header| (text(&header.key), header.value.clone()))
                .collect::<IndexMap<_, _>>(),
        })
        .collect()
}

fn any_metadata() -> impl Strategy<Value = MetadataRecord> {
    let nodes = || vec((0..=i32::MAX).prop_map(NodeId), 0..70);
    let leader = || option::of((0..=i32::MAX).prop_map(NodeId));
    let partition = || {
        (any::<u32>(), any::<i32>()).prop_map(|(t, partition)| TopicPartition {
            topic: TopicId(t),
            partition,
        })
    };
    let change = (
        partition(),
        option::of(nodes()),
        (option::of(nodes()), option::of(nodes()), option::of(nodes())),
        option::of(leader()),
        any::<Option<bool>>(),
        option::of(nodes()),
        option::of(nodes()),
    );
    let created = (partition(), nodes(), nodes(), leader(), any::<i32>(), any::<i32>());
    let config = ("\\PC{0,9}", "\\PC{0,200}", "\\PC{0,9}");
    prop_oneof![
        config.prop_map(|(topic, key, value)| MetadataRecord::Config {
            topic: topic.into(),
            key,
            value
        }),
        created.prop_map(|(partition, replicas, isr, leader, leader_epoch, partition_epoch)| {
            MetadataRecord::Partition {
                partition,
                replicas,
                isr,
                leader,
                leader_epoch: LeaderEpoch(leader_epoch),
                partition_epoch: PartitionEpoch(partition_epoch),
            }
        }),
        change.prop_map(|(partition, isr, assigned, leader, recovering, elr, last_known_elr)| {
            let (replicas, removing, adding) = assigned;
            MetadataRecord::PartitionChange {
                partition,
                isr,
                replicas,
                removing,
                adding,
                leader,
                recovering,
                elr,
                last_known_elr,
            }
        }),
    ]
}

proptest! {
    #[test]
    fn records_survive_a_batch(content in any_content()) {
        let batch = content.build();
        let read = read_whole(&batch.encode()).expect("our own bytes are a batch");
        prop_assert_eq!(&read, &batch);
        prop_assert_eq!(read.digest(), batch.digest());
        prop_assert_eq!(read.records(), Ok(content.records.clone()));
        prop_assert_eq!(Some(read.base_timestamp()), content.times().next());
        prop_assert_eq!(Some(read.max_timestamp()), content.times().max());
    }

    #[test]
    fn batches_differ_as_their_bytes_do(one in any_content(), other in any_content()) {
        let (one, other) = (one.build(), other.build().at(Offset(5), LeaderEpoch(1)));
        let moved = one.at(other.base_offset, other.leader_epoch);
        prop_assert_eq!(moved == other, moved.encode() == other.encode());
        prop_assert_eq!(moved.digest(), one.digest());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any_bytes(400)) {
        let _ = read_whole(&bytes);
        let _ = MetadataRecord::decode(&bytes);
        check_memory(&bytes);
    }

    /// Any bytes behind a sound header, so that reading gets as far as the records.
    #[test]
    fn any_records_are_read_or_refused(content in any_content(), records in any_bytes(400), count in any::<i32>()) {
        let mut bytes = content.build().encode()[..HEADER_BYTES].to_vec();
        bytes.extend_from_slice(&records);
        let length = i32::try_from(bytes.len() - LENGTH_FIELD.end).expect("a short batch");
        bytes[LENGTH_FIELD].copy_from_slice(&length.to_be_bytes());
        bytes[COUNT_FIELD].copy_from_slice(&count.to_be_bytes());
        let bytes = Bytes::from(bytes);
        let _ = read_whole(&bytes);
        check_memory(&bytes);
    }

    #[test]
    fn a_burst_of_changes_is_noticed(content in any_content(), at in any::<Index>(), burst in 1..=u32::MAX) {
        let good = content.build().encode();
        let mut bad = good.to_vec();
        let at = PROTECTED_FROM + at.index(good.len() - PROTECTED_FROM);
        for (byte, change) in bad[at..].iter_mut().zip(burst.to_be_bytes()) {
            *byte ^= change;
        }
        prop_assume!(bad != good);
        let bad = Bytes::from(bad);
        prop_assert!(read_whole(&bad).is_err());
        check_memory(&bad);
    }

    #[test]
    fn a_changed_length_is_noticed(content in any_content(), length in any::<i32>()) {
        let good = content.build().encode();
        let mut bad = good.to_vec();
        bad[LENGTH_FIELD].copy_from_slice(&length.to_be_bytes());
        prop_assume!(bad != good);
        prop_assert!(read_whole(&Bytes::from(bad)).is_err());
    }

    #[test]
    fn a_batch_cut_short_is_noticed(content in any_content(), at in any::<Index>()) {
        let good = content.build().encode();
        let part = good.slice(..at.index(good.len()));
        prop_assert_eq!(Batch::decode(&part).map(|_| ()), Err(BatchError::Truncated));
    }

    #[test]
    fn compressed_records_survive_a_batch(content in any_content(), cut in any::<Index>(), at in any::<Index>(), byte: u8) {
        for codec in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
            let batch = content.build_compressed(codec);
            let bytes = batch.encode();
            let read = read_whole(&bytes).expect("our own bytes are a batch");
            prop_assert_eq!(&read, &batch);
            prop_assert_eq!(read.compression(), codec);
            prop_assert_eq!(read.records(), Ok(content.records.clone()));
            check_memory(&bytes);
            let _ = batch.torn(cut.index(batch.size())).records();
            let mut changed = bytes.to_vec();
            changed[HEADER_BYTES + at.index(bytes.len() - HEADER_BYTES)] = byte;
            check_memory(&Bytes::from(changed));
        }
    }

    #[test]
    fn the_snappy_library_reads_and_makes_what_we_do(content in any_content()) {
        let plain = content.build().encode();
        let ours = content.build_compressed(Compression::Snappy).encode();
        let raw = snap::raw::Decoder::new().decompress_vec(&ours[HEADER_BYTES + SNAPPY_HEADER_BYTES..]);
        prop_assert_eq!(raw.expect("snappy of ours"), &plain[HEADER_BYTES..]);

        let raw = snap::raw::Encoder::new().compress_vec(&plain[HEADER_BYTES..]).expect("it is short");
        let mut theirs = ours[..HEADER_BYTES].to_vec();
        theirs.extend_from_slice(&raw);
        let length = i32::try_from(theirs.len() - 12).expect("it is short");
        theirs[8..12].copy_from_slice(&length.to_be_bytes());
        let (theirs, _) = Batch::decode(&Bytes::from(theirs)).expect("a batch");
        prop_assert_eq!(theirs.records(), Ok(content.records.clone()));
    }

    #[test]
    fn faults_of_the_disk_are_noticed(content in any_content(), length in any::<Index>(), bit: usize) {
        let batch = content.build();
        let torn = batch.torn(length.index(batch.size()));
        let rotten = batch.rotten(bit);
        for fault in [&torn, &rotten, &torn.rotten(bit), &rotten.torn(length.index(batch.size()))] {
            prop_assert_eq!(fault.verify(), Err(BatchError::Corrupt));
            prop_assert_eq!((fault.base_offset, fault.next_offset()), (batch.base_offset, batch.next_offset()));
            prop_assert_ne!(fault, &batch);
            let _ = fault.records();
        }
    }

    #[test]
    fn a_second_implementation_reads_what_we_make(content in any_content()) {
        let mut bytes = content.build().encode();
        let set = oracle::RecordBatchDecoder::decode(&mut bytes).expect("the oracle reads our batch");
        prop_assert!(!bytes.has_remaining());
        prop_assert_eq!(set.records, oracle_records(&content));
    }

    #[test]
    fn a_second_implementation_makes_what_we_make(mut content in any_content()) {
        // It counts times from the smallest; Kafka from the first.
        let first = content.times().min().expect("there is a record");
        content.records[0].timestamp = first;
        let options = oracle::RecordEncodeOptions { version: 2, compression: oracle::Compression::None };
        let mut theirs = BytesMut::new();
        oracle::RecordBatchEncoder::encode(&mut theirs, &oracle_records(&content), &options)
            .expect("the oracle makes a batch");
        prop_assert_eq!(theirs.freeze(), content.build().encode());
    }

    #[test]
    fn metadata_records_survive_their_bytes(record in any_metadata(), at in any::<Index>(), byte: u8) {
        let bytes = record.encode();
        prop_assert_eq!(MetadataRecord::decode(&bytes), Ok(record));
        let mut changed = bytes.to_vec();
        changed[at.index(bytes.len())] = byte;
        if let Ok(read) = MetadataRecord::decode(&Bytes::from(changed.clone())) {
            prop_assert_eq!(read.encode(), changed);
        }
    }
}
