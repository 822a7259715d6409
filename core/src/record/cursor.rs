//! Reads bytes field by field and never past their end.

use bytes::Bytes;

use super::{BatchError, varint};

/// A position in bytes that somebody else wrote.
pub(super) struct Cursor<'a> {
    bytes: &'a Bytes,
    position: usize,
}

impl<'a> Cursor<'a> {
    /// At `position`, which may lie beyond the end: then nothing is left.
    pub(super) fn at(bytes: &'a Bytes, position: usize) -> Self {
        Self {
            bytes,
            position: position.min(bytes.len()),
        }
    }

    /// How many bytes come after it.
    pub(super) fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Where it stands.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// The next `length` bytes, shared.
    pub(super) fn take(&mut self, length: usize) -> Result<Bytes, BatchError> {
        if length > self.remaining() {
            return Err(BatchError::Truncated);
        }
        let start = self.position;
        self.position += length;
        Ok(self.bytes.slice(start..self.position))
    }

    /// The next `N` bytes, copied.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], BatchError> {
        let (array, _) = self.bytes[self.position..]
            .split_first_chunk::<N>()
            .ok_or(BatchError::Truncated)?;
        self.position += N;
        Ok(*array)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, BatchError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    /// A zigzagged integer of 32 bits.
    pub(super) fn varint(&mut self) -> Result<i32, BatchError> {
        // As in Kafka, what the fifth byte holds beyond 32 bits falls off.
        Ok(varint::unzigzag(u64::from(self.unsigned(varint::MAX_BYTES_32)? as u32)) as i32)
    }

    /// A zigzagged integer of 64 bits.
    pub(super) fn varlong(&mut self) -> Result<i64, BatchError> {
        Ok(varint::unzigzag(self.unsigned(varint::MAX_BYTES_64)?))
    }

    /// An unsigned integer of 32 bits in as few bytes as it needs; the only way in which we ever write one.
    pub(super) fn canonical_unsigned(&mut self) -> Result<u32, BatchError> {
        let start = self.position;
        let value = self.unsigned(varint::MAX_BYTES_32)?;
        let length = self.position - start;
        if length != varint::unsigned_size(value) {
            return Err(BatchError::Malformed);
        }
        u32::try_from(value).map_err(|_| BatchError::Malformed)
    }

    fn unsigned(&mut self, max_bytes: usize) -> Result<u64, BatchError> {
        varint::read_unsigned(max_bytes, || self.byte())?.ok_or(BatchError::Malformed)
    }
}
