//! Builds a batch record by record.

use alloc::vec::Vec;

use bytes::Bytes;

use super::batch::PREFIX_BYTES;
use super::header::{BodyHeader, RECORDS_AT};
use super::record::Contents;
use super::{Batch, Compression, Compressor, Header};
use crate::ids::{ProducerEpoch, ProducerId, Sequence, Timestamp};

/// Records on their way to becoming a batch, encoded as they come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BatchBuilder {
    records: Vec<u8>,
    record_count: i32,
    base_timestamp: Timestamp,
    max_timestamp: Timestamp,
}

impl Default for BatchBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchBuilder {
    /// Without records.
    pub const fn new() -> Self {
        Self {
            records: Vec::new(),
            record_count: 0,
            base_timestamp: Timestamp::NONE,
            max_timestamp: Timestamp::NONE,
        }
    }

    /// Adds a record.
    pub fn append(&mut self, timestamp: Timestamp, key: Option<Bytes>, value: Option<Bytes>, headers: &[Header]) {
        if self.record_count == 0 {
            self.base_timestamp = timestamp;
            self.max_timestamp = timestamp;
        } else {
            self.max_timestamp = self.max_timestamp.max(timestamp);
        }
        let contents = self.contents(timestamp, key.as_ref(), value.as_ref(), headers);
        self.records.reserve(contents.size());
        contents.write(&mut self.records);
        assert!(
            i32::try_from(self.size()).is_ok(),
            "a batch is longer than its length field can say"
        );
        self.record_count += 1;
    }

    /// How many bytes the batch would have now, uncompressed.
    pub fn size(&self) -> usize {
        PREFIX_BYTES + RECORDS_AT + self.records.len()
    }

    /// How many bytes the batch would have with this record added, uncompressed.
    pub fn size_with(
        &self,
        timestamp: Timestamp,
        key: Option<&Bytes>,
        value: Option<&Bytes>,
        headers: &[Header],
    ) -> usize {
        self.size() + self.contents(timestamp, key, value, headers).size()
    }

    /// How many records there are.
    pub fn record_count(&self) -> i32 {
        self.record_count
    }

    /// The batch, at base offset 0 and leader epoch -1. Without a producer: ids of -1.
    ///
    /// # Panics
    /// Without records: there is no such batch on the wire.
    pub fn build(&self, producer: Option<(ProducerId, ProducerEpoch, Sequence)>) -> Batch {
        self.build_compressed(producer, Compressor::default())
    }

    /// The same, compressed.
    ///
    /// # Panics
    /// Without records.
    pub fn build_compressed(
        &self,
        producer: Option<(ProducerId, ProducerEpoch, Sequence)>,
        compressor: Compressor,
    ) -> Batch {
        assert!(self.record_count > 0, "a batch without records was built");
        let (producer_id, producer_epoch, base_sequence) =
            producer.unwrap_or((ProducerId::NONE, ProducerEpoch::NONE, Sequence::NONE));
        let header = BodyHeader {
            attributes: i16::from(compressor.codec.number()),
            last_offset_delta: self.record_count - 1,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer_id,
            producer_epoch,
            base_sequence,
            record_count: self.record_count,
        };
        match compressor.codec {
            Compression::None => Batch::built(header, &self.records),
            Compression::Gzip | Compression::Snappy | Compression::Lz4 | Compression::Zstd => {
                Batch::built(header, &compressor.compress(&self.records))
            }
        }
    }

    fn contents<'a>(
        &self,
        timestamp: Timestamp,
        key: Option<&'a Bytes>,
        value: Option<&'a Bytes>,
        headers: &'a [Header],
    ) -> Contents<'a> {
        let base_timestamp = if self.record_count == 0 {
            timestamp
        } else {
            self.base_timestamp
        };
        let timestamp_delta = timestamp.0.wrapping_sub(base_timestamp.0);
        Contents {
            timestamp_delta,
            offset_delta: self.record_count,
            key,
            value,
            headers,
        }
    }
}
