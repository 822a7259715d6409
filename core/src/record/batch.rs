//! One record batch: two mutable fields in front, and a body that is encoded once and then only shared.

use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::Bytes;

use super::{Compression, Record};
use crate::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

/// A record batch (format version 2).
///
/// The base offset and the leader epoch lie outside the CRC, so a leader fills them in without touching the body. The body travels by
/// reference count through leader, log, disk, follower and consumer. Equality and hash go by a digest of the body's content *without*
/// its CRC field, together with whether the CRC matches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Batch {
    /// Offset of the first record.
    pub base_offset: Offset,
    /// Epoch of the leader that appended it, or -1.
    pub leader_epoch: LeaderEpoch,
    body: Arc<Body>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Body {
    bytes: Bytes,
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
    /// The codec is known but cannot be decoded here.
    UnsupportedCodec(Compression),
    /// The CRC does not match.
    Corrupt,
    /// The CRC matches, but a length, count or varint inside makes no sense.
    Malformed,
}

impl Batch {
    /// Reads one batch from the front of `bytes`, keeping them as they are, and says how many bytes it took. The CRC is not checked:
    /// ask [`Self::verify`].
    pub fn decode(bytes: &Bytes) -> Result<(Self, usize), BatchError> { todo!() }
    /// The bytes as on disk and on the wire.
    pub fn encode(&self) -> Bytes { todo!() }
    /// The same body at another offset and epoch.
    #[must_use]
    pub fn at(&self, base_offset: Offset, leader_epoch: LeaderEpoch) -> Self { todo!() }
    /// How many bytes [`Self::encode`] gives.
    pub fn size(&self) -> usize { todo!() }
    /// The offset of the last record.
    pub fn last_offset(&self) -> Offset { todo!() }
    /// The offset after the last record.
    pub fn next_offset(&self) -> Offset { self.last_offset().next() }
    /// How many records there are.
    pub fn record_count(&self) -> i32 { todo!() }
    /// Who produced it, or -1.
    pub fn producer_id(&self) -> ProducerId { todo!() }
    /// With which epoch, or -1.
    pub fn producer_epoch(&self) -> ProducerEpoch { todo!() }
    /// The sequence of the first record, or -1.
    pub fn base_sequence(&self) -> Sequence { todo!() }
    /// The sequence of the last record, or -1.
    pub fn last_sequence(&self) -> Sequence { todo!() }
    /// The time of the first record.
    pub fn base_timestamp(&self) -> Timestamp { todo!() }
    /// The largest time of a record.
    pub fn max_timestamp(&self) -> Timestamp { todo!() }
    /// The codec.
    pub fn compression(&self) -> Compression { todo!() }
    /// Whether it holds a transaction marker.
    pub fn is_control(&self) -> bool { todo!() }
    /// Whether it belongs to a transaction.
    pub fn is_transactional(&self) -> bool { todo!() }
    /// Whether the CRC matches the content (computed once per body).
    pub fn verify(&self) -> Result<(), BatchError> { todo!() }
    /// A digest of the content.
    pub fn digest(&self) -> u128 { todo!() }
    /// The records, decoded. Never panics, never allocates by a count it was told.
    pub fn records(&self) -> Result<Vec<Record>, BatchError> { todo!() }
    /// What is left of the batch when only its first `length` body bytes reached the disk: same position, failing [`Self::verify`].
    #[must_use]
    pub fn torn(&self, length: usize) -> Self { todo!() }
    /// The batch with one bit of its records flipped and its CRC field intact: failing [`Self::verify`].
    #[must_use]
    pub fn rotten(&self, bit: usize) -> Self { todo!() }
}
