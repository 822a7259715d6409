//! Batches as bytes, and what disks do to them.

use alloc::format;
use alloc::string::String;

use super::super::{BatchBuilder, Header};
use super::*;

fn text(text: &str) -> Option<Bytes> {
    Some(Bytes::copy_from_slice(text.as_bytes()))
}

fn two_records() -> Batch {
    let header = Header {
        key: Bytes::from_static(b"trace"),
        value: None,
    };
    let mut builder = BatchBuilder::new();
    builder.append(Timestamp(1000), text("k"), text("one"), &[]);
    let expected = builder.size_with(
        Timestamp(990),
        None,
        text("two").as_ref(),
        core::slice::from_ref(&header),
    );
    builder.append(Timestamp(990), None, text("two"), &[header]);
    assert_eq!(builder.size(), expected);
    let batch = builder.build(Some((ProducerId(4), ProducerEpoch(1), Sequence(i32::MAX))));
    assert_eq!(batch.size(), expected);
    batch
}

#[test]
fn a_batch_survives_its_bytes() {
    let batch = two_records().at(Offset(5), LeaderEpoch(2));
    let bytes = batch.encode();
    let (again, taken) = Batch::decode(&bytes).expect("own bytes are a batch");
    assert_eq!((&again, taken, again.encode()), (&batch, bytes.len(), bytes));
    assert_eq!(again.verify(), Ok(()));
    let records: Vec<String> = again
        .records()
        .expect("own records can be read")
        .iter()
        .map(|record| {
            format!(
                "{} {} {:?} {:?}",
                record.offset, record.timestamp, record.key, record.value
            )
        })
        .collect();
    assert_eq!(
        records,
        ["5 1000 Some(b\"k\") Some(b\"one\")", "6 990 None Some(b\"two\")"]
    );
    assert_eq!(
        (again.base_timestamp(), again.max_timestamp()),
        (Timestamp(1000), Timestamp(1000))
    );
    assert_eq!(again.last_sequence(), Sequence(0));
}

#[test]
fn debug_output_is_short() {
    let batch = two_records().at(Offset(5), LeaderEpoch(2));
    assert_eq!(format!("{batch:?}"), "Batch(5..=6 e2 pid4/1 seq2147483647)");
    assert_eq!(
        format!("{:?}", batch.rotten(3)),
        "Batch(5..=6 e2 pid4/1 seq2147483647 corrupt)"
    );
}

#[test]
fn every_flipped_bit_of_the_records_fails_the_crc() {
    let batch = two_records();
    for bit in 0..(batch.size() - PREFIX_BYTES - RECORDS_AT) * 8 {
        let rotten = batch.rotten(bit);
        assert_eq!(rotten.verify(), Err(BatchError::Corrupt));
        assert_ne!(rotten, batch);
        assert_eq!(rotten.next_offset(), batch.next_offset());
        assert_eq!(Batch::decode(&rotten.encode()), Ok((rotten.clone(), rotten.size())));
        assert_eq!(rotten.rotten(bit), batch);
    }
}

#[test]
fn a_torn_batch_keeps_its_position_and_never_verifies() {
    let batch = two_records().at(Offset(5), LeaderEpoch(2));
    for length in 0..batch.size() + 1 {
        let torn = batch.torn(length);
        assert_eq!(
            (torn.base_offset, torn.last_offset()),
            (batch.base_offset, batch.last_offset())
        );
        assert_eq!(torn.verify(), Err(BatchError::Corrupt));
        assert_eq!(torn.rotten(9).verify(), Err(BatchError::Corrupt));
        assert_eq!(torn.size(), PREFIX_BYTES + length.min(batch.size() - PREFIX_BYTES - 1));
        assert_eq!(Batch::decode(&torn.encode()), Err(BatchError::Truncated));
        assert!(torn.records().is_err());
        assert_eq!(torn, batch.torn(length));
        assert_eq!(torn == batch.torn(length + 1), torn.size() + 1 == batch.size());
    }
}

#[test]
fn a_digest_is_the_same_on_every_platform_and_at_every_position() {
    let batch = two_records();
    assert_eq!(batch.digest(), batch.at(Offset(9), LeaderEpoch(9)).digest());
    assert_eq!(format!("{:032x}", batch.digest()), "c25fb349bd480f7362657ba109f5b5c3");
}

#[test]
fn what_is_no_batch_is_refused_by_name() {
    let good = two_records().encode();
    let check = |at: usize, bytes: &[u8], expected: BatchError| {
        let mut bad = good.to_vec();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        assert_eq!(Batch::decode(&Bytes::from(bad)), Err(expected), "{}", expected);
    };
    check(0, &[0x80], BatchError::Malformed);
    check(
        0,
        &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        BatchError::Malformed,
    );
    check(8, &[0, 0, 0, 48], BatchError::Malformed);
    check(8, &[0xff], BatchError::Malformed);
    check(8, &[0x7f], BatchError::Truncated);
    check(16, &[1], BatchError::UnsupportedMagic(1));
    check(22, &[5], BatchError::UnknownCodec(5));
    check(23, &[0xff], BatchError::Malformed);
    check(57, &[0xff], BatchError::Malformed);
}

#[test]
fn a_forged_count_is_refused_without_room_being_made_for_it() {
    let mut forged = two_records().encode().to_vec();
    forged[57..61].copy_from_slice(&i32::MAX.to_be_bytes());
    let (batch, _) = Batch::decode(&Bytes::from(forged)).expect("the header is readable");
    assert_eq!(batch.verify(), Err(BatchError::Corrupt));
    assert_eq!(batch.records(), Err(BatchError::Truncated));
}

#[test]
fn records_that_are_not_what_the_codec_writes_are_carried_and_refused() {
    let mut compressed = two_records().encode().to_vec();
    compressed[22] |= 4;
    let compressed = Bytes::from(compressed);
    let (batch, _) = Batch::decode(&compressed).expect("zstd is one of Kafka's codecs");
    assert_eq!(batch.encode(), compressed);
    assert_eq!(batch.records(), Err(BatchError::Undecodable(Compression::Zstd)));
}
