//! One record batch: two mutable fields in front, and a body that is encoded once and then only shared.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};

use bytes::Bytes;
use crc::{CRC_32_ISCSI, Crc, Table};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::codec;
use super::cursor::Cursor;
use super::header::{ATTRIBUTES_AT, BodyHeader, CRC_AT, MAGIC, MAX_TIMESTAMP_AT, RECORDS_AT};
use super::record::{Contents, MIN_RECORD_BYTES};
use super::{Compression, Record};
use crate::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

/// What stands in front of the body: base offset, length and leader epoch.
pub(super) const PREFIX_BYTES: usize = 16;
/// What the length field does not count: the base offset and itself.
const LENGTH_EXCLUDES: usize = 12;

static CRC_32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// A record batch (format version 2).
///
/// The base offset and the leader epoch lie outside the CRC, so a leader fills them in without touching the body. The body travels by
/// reference count through leader, log, disk, follower and consumer. Equality and hash go by a digest of the body's content *without*
/// its CRC field, together with whether the CRC matches.
#[derive(Clone)]
pub struct Batch {
    /// Offset of the first record.
    pub base_offset: Offset,
    /// Epoch of the leader that appended it, or -1.
    pub leader_epoch: LeaderEpoch,
    body: Arc<Body>,
}

struct Body {
    /// From the magic on.
    bytes: Bytes,
    /// How long the length field says that `bytes` are. Fewer of a torn batch are there.
    promised_length: usize,
    header: BodyHeader,
    digest: u128,
    crc_ok: bool,
}

/// Why bytes are not a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchError {
    /// There are fewer bytes than the header needs or promises.
    Truncated,
    /// The format version is not 2.
    UnsupportedMagic(i8),
    /// The codec number is not one of Kafka's.
    UnknownCodec(u8),
    /// The records are not what the codec writes, or become too large.
    Undecodable(Compression),
    /// The CRC does not match.
    Corrupt,
    /// A length, count, offset or varint makes no sense, or bytes are left over.
    Malformed,
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("there are fewer bytes than promised"),
            Self::UnsupportedMagic(magic) => write!(f, "format version {magic} is not 2"),
            Self::UnknownCodec(number) => write!(f, "codec {number} does not exist"),
            Self::Undecodable(codec) => write!(f, "the records are not what {codec} writes, or become too large"),
            Self::Corrupt => f.write_str("the CRC does not match"),
            Self::Malformed => f.write_str("a length, count, offset or varint makes no sense"),
        }
    }
}

impl core::error::Error for BatchError {}

impl Batch {
    /// Reads one batch from the front of `bytes`, keeping them as they are, and says how many bytes it took. The CRC is not checked:
    /// ask [`Self::verify`].
    pub fn decode(bytes: &Bytes) -> Result<(Self, usize), BatchError> {
        let mut cursor = Cursor::at(bytes, 0);
        let base_offset = Offset(i64::from_be_bytes(cursor.array()?));
        let length = i32::from_be_bytes(cursor.array()?);
        let leader_epoch = LeaderEpoch(i32::from_be_bytes(cursor.array()?));
        let magic = i8::from_be_bytes(cursor.array()?);
        if magic != MAGIC {
            return Err(BatchError::UnsupportedMagic(magic));
        }
        let size = usize::try_from(length)
            .map_err(|_| BatchError::Malformed)?
            .saturating_add(LENGTH_EXCLUDES);
        if size < PREFIX_BYTES + RECORDS_AT {
            return Err(BatchError::Malformed);
        }
        if size > bytes.len() {
            return Err(BatchError::Truncated);
        }
        let body = Body::received(bytes.slice(PREFIX_BYTES..size))?;
        let next_offset = base_offset.0.checked_add(i64::from(body.header.last_offset_delta) + 1);
        if base_offset < Offset::ZERO || next_offset.is_none() {
            return Err(BatchError::Malformed);
        }
        Ok((
            Self {
                base_offset,
                leader_epoch,
                body: Arc::new(body),
            },
            size,
        ))
    }

    /// What [`super::BatchBuilder::build`] gives.
    pub(super) fn built(header: BodyHeader, records: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(RECORDS_AT + records.len());
        bytes.push(MAGIC as u8);
        bytes.extend_from_slice(&[0; ATTRIBUTES_AT - CRC_AT]);
        header.write(&mut bytes);
        bytes.extend_from_slice(records);
        let crc = CRC_32C.checksum(&bytes[ATTRIBUTES_AT..]);
        bytes[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
        let body = Body::whole(Bytes::from(bytes), header, true);
        Self {
            base_offset: Offset::ZERO,
            leader_epoch: LeaderEpoch::NONE,
            body: Arc::new(body),
        }
    }

    /// The bytes as on disk and on the wire.
    pub fn encode(&self) -> Bytes {
        let length = i32::try_from(PREFIX_BYTES - LENGTH_EXCLUDES + self.body.promised_length)
            .expect("a batch is not longer than its length field can say");
        let mut bytes = Vec::with_capacity(self.size());
        bytes.extend_from_slice(&self.base_offset.0.to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&self.leader_epoch.0.to_be_bytes());
        bytes.extend_from_slice(&self.body.bytes);
        Bytes::from(bytes)
    }

    /// The same body at another offset and epoch.
    #[must_use]
    pub fn at(&self, base_offset: Offset, leader_epoch: LeaderEpoch) -> Self {
        Self {
            base_offset,
            leader_epoch,
            body: Arc::clone(&self.body),
        }
    }

    /// The same records under another producer id, epoch and first sequence, before any leader has seen them (KIP-360).
    #[must_use]
    pub fn produced_by(&self, id: ProducerId, epoch: ProducerEpoch, base_sequence: Sequence) -> Self {
        let header = BodyHeader {
            producer_id: id,
            producer_epoch: epoch,
            base_sequence,
            ..self.body.header
        };
        Self::built(header, &self.body.bytes[RECORDS_AT..])
    }

    /// How many bytes [`Self::encode`] gives.
    pub fn size(&self) -> usize {
        PREFIX_BYTES + self.body.bytes.len()
    }

    /// The offset of the last record.
    pub fn last_offset(&self) -> Offset {
        self.base_offset + i64::from(self.body.header.last_offset_delta)
    }

    /// The offset after the last record.
    pub fn next_offset(&self) -> Offset {
        self.last_offset().next()
    }

    /// How many records there are.
    pub fn record_count(&self) -> i32 {
        self.body.header.record_count
    }

    /// Who produced it, or -1.
    pub fn producer_id(&self) -> ProducerId {
        self.body.header.producer_id
    }

    /// With which epoch, or -1.
    pub fn producer_epoch(&self) -> ProducerEpoch {
        self.body.header.producer_epoch
    }

    /// The sequence of the first record, or -1.
    pub fn base_sequence(&self) -> Sequence {
        self.body.header.base_sequence
    }

    /// The sequence of the last record, or -1.
    pub fn last_sequence(&self) -> Sequence {
        match self.base_sequence() {
            Sequence::NONE => Sequence::NONE,
            base => base.advance(self.body.header.last_offset_delta),
        }
    }

    /// The time of the first record.
    pub fn base_timestamp(&self) -> Timestamp {
        self.body.header.base_timestamp
    }

    /// The largest time of a record.
    pub fn max_timestamp(&self) -> Timestamp {
        self.body.header.max_timestamp
    }

    /// The codec.
    pub fn compression(&self) -> Compression {
        self.body.header.compression()
    }

    /// Whether it holds a transaction marker.
    pub fn is_control(&self) -> bool {
        self.body.header.is_control()
    }

    /// Whether it belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.body.header.is_transactional()
    }

    /// Whether the CRC matches the content (computed once per body).
    pub fn verify(&self) -> Result<(), BatchError> {
        if self.body.crc_ok {
            Ok(())
        } else {
            Err(BatchError::Corrupt)
        }
    }

    /// A digest of the content.
    pub fn digest(&self) -> u128 {
        self.body.digest
    }

    /// The records, decoded. Never panics, never allocates by a count it was told. Whether the CRC has to match first is the caller's
    /// decision (`check.crcs`).
    pub fn records(&self) -> Result<Vec<Record>, BatchError> {
        let header = &self.body.header;
        let count = usize::try_from(header.record_count).map_err(|_| BatchError::Malformed)?;
        let bytes = self.uncompressed()?;
        let mut cursor = Cursor::at(&bytes, 0);
        let mut records = Vec::with_capacity(count.min(cursor.remaining() / MIN_RECORD_BYTES));
        for _ in 0..count {
            records.push(Record::read(&mut cursor, self.base_offset, header)?);
        }
        if cursor.remaining() > 0 {
            return Err(BatchError::Malformed);
        }
        Ok(records)
    }

    /// The encoded records, shared with the body unless they are compressed.
    fn uncompressed(&self) -> Result<Bytes, BatchError> {
        let bytes = &self.body.bytes;
        let records = bytes.slice(RECORDS_AT.min(bytes.len())..);
        match self.compression() {
            Compression::None => Ok(records),
            codec @ (Compression::Gzip | Compression::Snappy | Compression::Lz4 | Compression::Zstd) => {
                let records = codec::decompress(codec, &records);
                records.map(Bytes::from).map_err(|_| BatchError::Undecodable(codec))
            }
        }
    }

    /// From when on the deletions of keys in it may go (KIP-534), if a cleaner has decided that.
    pub fn delete_horizon(&self) -> Option<Timestamp> {
        self.body.header.delete_horizon()
    }

    /// What a cleaner leaves of it: these records of its own, at their offsets, perhaps with a delete horizon. Without records it is still
    /// there for its offsets and sequences.
    ///
    /// # Panics
    /// If there are more records than it has.
    #[must_use]
    pub fn cleaned(&self, records: &[Record], delete_horizon: Option<Timestamp>) -> Self {
        let header = &self.body.header;
        let times = records.iter().map(|record| record.timestamp);
        let base_timestamp = delete_horizon
            .or_else(|| times.clone().next())
            .unwrap_or(Timestamp::NONE);
        let max_timestamp = match times.max() {
            Some(newest) if !header.has_append_time() => newest,
            Some(_) | None => header.max_timestamp,
        };
        let mut encoded = Vec::new();
        for record in records {
            let offset_delta = i32::try_from(record.offset - self.base_offset).expect("a record lies within its batch");
            let contents = Contents {
                timestamp_delta: record.timestamp.0.wrapping_sub(base_timestamp.0),
                offset_delta,
                key: record.key.as_ref(),
                value: record.value.as_ref(),
                headers: &record.headers,
            };
            contents.write(&mut encoded);
        }
        let record_count = i32::try_from(records.len()).expect("a batch has as many records as its header can say");
        assert!(record_count <= header.record_count, "a cleaner adds no records");
        let cleaned = header.cleaned(record_count, max_timestamp, base_timestamp, delete_horizon.is_some());
        let compressor = codec::Compressor {
            codec: cleaned.compression(),
            gzip_level: -1,
        };
        Self::built(cleaned, &compressor.compress(&encoded)).at(self.base_offset, self.leader_epoch)
    }

    /// What is left of the batch when only its first `length` body bytes reached the disk: same position, failing [`Self::verify`]. At
    /// least the last byte is lost.
    #[must_use]
    pub fn torn(&self, length: usize) -> Self {
        let body = &self.body;
        let length = length.min(body.bytes.len().saturating_sub(1));
        let torn = Body::torn(body.bytes.slice(..length), body.promised_length, body.header);
        Self {
            base_offset: self.base_offset,
            leader_epoch: self.leader_epoch,
            body: Arc::new(torn),
        }
    }

    /// The batch with one bit of its records flipped and its CRC field intact: failing [`Self::verify`]. Bits are counted from the first
    /// record's first byte and around; without records, a bit of the largest timestamp flips.
    #[must_use]
    pub fn rotten(&self, bit: usize) -> Self {
        let bytes = &self.body.bytes;
        if bytes.len() < RECORDS_AT {
            // So little of it is left that it cannot get worse.
            return self.clone();
        }
        let rotting = if bytes.len() > RECORDS_AT {
            RECORDS_AT..bytes.len()
        } else {
            MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + size_of::<Timestamp>()
        };
        let bit = bit % (rotting.len() * 8);
        let mut flipped = bytes.to_vec();
        flipped[rotting.start + bit / 8] ^= 1 << (bit % 8);
        let body = self.body.replaced(Bytes::from(flipped));
        Self {
            base_offset: self.base_offset,
            leader_epoch: self.leader_epoch,
            body: Arc::new(body),
        }
    }
}

impl Body {
    /// As it came from somebody else.
    fn received(bytes: Bytes) -> Result<Self, BatchError> {
        let mut cursor = Cursor::at(&bytes, CRC_AT);
        let stored = u32::from_be_bytes(cursor.array()?);
        let header = BodyHeader::read(&mut cursor)?;
        let crc_ok = stored == CRC_32C.checksum(&bytes[ATTRIBUTES_AT..]);
        Ok(Self::whole(bytes, header, crc_ok))
    }

    fn whole(bytes: Bytes, header: BodyHeader, crc_ok: bool) -> Self {
        let digest = xxh3_128(&bytes[ATTRIBUTES_AT..]);
        Self {
            promised_length: bytes.len(),
            bytes,
            header,
            digest,
            crc_ok,
        }
    }

    /// The digest also covers the header, which the torn batch still answers for, and the length that it once had.
    fn torn(bytes: Bytes, promised_length: usize, header: BodyHeader) -> Self {
        let mut known = Vec::with_capacity(RECORDS_AT);
        header.write(&mut known);
        let mut hasher = Xxh3::new();
        hasher.update(&known);
        hasher.update(&(promised_length as u64).to_le_bytes());
        hasher.update(bytes.get(ATTRIBUTES_AT..).unwrap_or_default());
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        Self {
            digest: hasher.digest128(),
            bytes,
            promised_length,
            header,
            crc_ok: false,
        }
    }

    /// With other bytes of the same length, whose header is as sound as this one's.
    fn replaced(&self, bytes: Bytes) -> Self {
        let torn = bytes.len() < self.promised_length;
        if torn {
            Self::torn(bytes, self.promised_length, self.header)
        } else {
            Self::received(bytes).expect("flipping a bit of a time or a record leaves the header readable")
        }
    }
}

impl PartialEq for Batch {
    fn eq(&self, other: &Self) -> bool {
        let same_body = Arc::ptr_eq(&self.body, &other.body)
            || self.body.digest == other.body.digest && self.body.crc_ok == other.body.crc_ok;
        self.base_offset == other.base_offset && self.leader_epoch == other.leader_epoch && same_body
    }
}

impl Eq for Batch {}

impl Hash for Batch {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.base_offset.hash(state);
        self.leader_epoch.hash(state);
        self.body.digest.hash(state);
        self.body.crc_ok.hash(state);
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Batch({}..={} e{}",
            self.base_offset,
            self.last_offset(),
            self.leader_epoch
        )?;
        if self.producer_id() != ProducerId::NONE {
            write!(
                f,
                " pid{}/{} seq{}",
                self.producer_id(),
                self.producer_epoch(),
                self.base_sequence()
            )?;
        }
        if self.compression() != Compression::None {
            write!(f, " {}", self.compression())?;
        }
        if self.is_transactional() {
            f.write_str(" transactional")?;
        }
        if self.is_control() {
            f.write_str(" control")?;
        }
        if !self.body.crc_ok {
            f.write_str(" corrupt")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests;
