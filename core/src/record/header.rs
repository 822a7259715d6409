//! The part of a batch's header that belongs to its body: everything from the magic on.

use alloc::vec::Vec;

use super::cursor::Cursor;
use super::{BatchError, Compression};
use crate::ids::{ProducerEpoch, ProducerId, Sequence, Timestamp};

/// The format version, the only one since Kafka 4.0 (KIP-724).
pub(super) const MAGIC: i8 = 2;
/// Where the CRC stands, counted from the magic.
pub(super) const CRC_AT: usize = 1;
/// Where the bytes begin that the CRC covers.
pub(super) const ATTRIBUTES_AT: usize = 5;
/// Where the largest timestamp stands.
pub(super) const MAX_TIMESTAMP_AT: usize = 19;
/// Where the records begin.
pub(super) const RECORDS_AT: usize = 45;

const CODEC_MASK: i16 = 0x07;
const LOG_APPEND_TIME: i16 = 0x08;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;
const DELETE_HORIZON: i16 = 0x40;

/// The fields between the CRC and the records.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyHeader {
    pub(super) attributes: i16,
    pub(super) last_offset_delta: i32,
    pub(super) base_timestamp: Timestamp,
    pub(super) max_timestamp: Timestamp,
    pub(super) producer_id: ProducerId,
    pub(super) producer_epoch: ProducerEpoch,
    pub(super) base_sequence: Sequence,
    pub(super) record_count: i32,
}

impl BodyHeader {
    /// Reads the fields that follow the CRC, refusing what would make the batch's own numbers meaningless.
    pub(super) fn read(from: &mut Cursor<'_>) -> Result<Self, BatchError> {
        let header = Self {
            attributes: i16::from_be_bytes(from.array()?),
            last_offset_delta: i32::from_be_bytes(from.array()?),
            base_timestamp: Timestamp(i64::from_be_bytes(from.array()?)),
            max_timestamp: Timestamp(i64::from_be_bytes(from.array()?)),
            producer_id: ProducerId(i64::from_be_bytes(from.array()?)),
            producer_epoch: ProducerEpoch(i16::from_be_bytes(from.array()?)),
            base_sequence: Sequence(i32::from_be_bytes(from.array()?)),
            record_count: i32::from_be_bytes(from.array()?),
        };
        if Compression::from_number(header.codec()).is_none() {
            return Err(BatchError::UnknownCodec(header.codec()));
        }
        if header.last_offset_delta < 0 || header.record_count < 0 {
            return Err(BatchError::Malformed);
        }
        Ok(header)
    }

    /// Appends the fields that follow the CRC.
    pub(super) fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.attributes.to_be_bytes());
        into.extend_from_slice(&self.last_offset_delta.to_be_bytes());
        into.extend_from_slice(&self.base_timestamp.0.to_be_bytes());
        into.extend_from_slice(&self.max_timestamp.0.to_be_bytes());
        into.extend_from_slice(&self.producer_id.0.to_be_bytes());
        into.extend_from_slice(&self.producer_epoch.0.to_be_bytes());
        into.extend_from_slice(&self.base_sequence.0.to_be_bytes());
        into.extend_from_slice(&self.record_count.to_be_bytes());
    }

    pub(super) fn compression(&self) -> Compression {
        Compression::from_number(self.codec()).expect("a header has a known codec since it was read")
    }

    pub(super) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    pub(super) fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// From when on tombstones in it may go, if that was decided: it takes the place of the first time (KIP-534).
    pub(super) fn delete_horizon(&self) -> Option<Timestamp> {
        (self.attributes & DELETE_HORIZON != 0).then_some(self.base_timestamp)
    }

    /// That of the same batch with other records, and perhaps with a delete horizon.
    pub(super) fn cleaned(
        self,
        record_count: i32,
        max_timestamp: Timestamp,
        base_timestamp: Timestamp,
        has_horizon: bool,
    ) -> Self {
        let horizon = if has_horizon { DELETE_HORIZON } else { 0 };
        let codec = if record_count == 0 {
            0
        } else {
            self.attributes & CODEC_MASK
        };
        Self {
            attributes: self.attributes & !(DELETE_HORIZON | CODEC_MASK) | horizon | codec,
            max_timestamp,
            base_timestamp,
            record_count,
            ..self
        }
    }

    /// Whether all records have the broker's time.
    pub(super) fn has_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }

    /// The time of a record: with `message.timestamp.type=LogAppendTime` the broker's, for all records alike.
    pub(super) fn record_timestamp(&self, delta: i64) -> Timestamp {
        if self.attributes & LOG_APPEND_TIME != 0 {
            self.max_timestamp
        } else {
            Timestamp(self.base_timestamp.0.wrapping_add(delta))
        }
    }

    fn codec(&self) -> u8 {
        (self.attributes & CODEC_MASK) as u8
    }
}
