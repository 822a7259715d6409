//! One record inside a batch.

use alloc::vec::Vec;

use bytes::Bytes;

use super::cursor::Cursor;
use super::header::BodyHeader;
use super::{BatchError, varint};
use crate::ids::{Offset, Timestamp};

/// A record takes at least its length, attributes, two deltas, two absent fields and a count, a byte each.
pub(super) const MIN_RECORD_BYTES: usize = 7;
/// A header takes at least two lengths.
const MIN_HEADER_BYTES: usize = 2;

/// A record as read out of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// Its offset.
    pub offset: Offset,
    /// Its time.
    pub timestamp: Timestamp,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value.
    pub value: Option<Bytes>,
    /// Its headers, in order.
    pub headers: Vec<Header>,
}

/// A header of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The key, UTF-8.
    pub key: Bytes,
    /// The value.
    pub value: Option<Bytes>,
}

/// What a record says of itself, relative to its batch.
pub(super) struct Contents<'a> {
    pub(super) timestamp_delta: i64,
    pub(super) offset_delta: i32,
    pub(super) key: Option<&'a Bytes>,
    pub(super) value: Option<&'a Bytes>,
    pub(super) headers: &'a [Header],
}

impl Contents<'_> {
    /// How many bytes [`Self::write`] takes.
    pub(super) fn size(&self) -> usize {
        let length = self.length();
        varint::signed_size(length as i64) + length
    }

    /// Appends the record.
    pub(super) fn write(&self, into: &mut Vec<u8>) {
        varint::write_signed(into, self.length() as i64);
        into.push(0); // The attributes of a record are all unused.
        varint::write_signed(into, self.timestamp_delta);
        varint::write_signed(into, i64::from(self.offset_delta));
        write_field(into, self.key);
        write_field(into, self.value);
        varint::write_signed(into, self.headers.len() as i64);
        for header in self.headers {
            write_field(into, Some(&header.key));
            write_field(into, header.value.as_ref());
        }
    }

    fn length(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|header| field_size(Some(&header.key)) + field_size(header.value.as_ref()))
            .sum();
        1 + varint::signed_size(self.timestamp_delta)
            + varint::signed_size(i64::from(self.offset_delta))
            + field_size(self.key)
            + field_size(self.value)
            + varint::signed_size(self.headers.len() as i64)
            + headers
    }
}

fn field_size(field: Option<&Bytes>) -> usize {
    field.map_or(varint::signed_size(-1), |bytes| {
        varint::signed_size(bytes.len() as i64) + bytes.len()
    })
}

fn write_field(into: &mut Vec<u8>, field: Option<&Bytes>) {
    match field {
        None => varint::write_signed(into, -1),
        Some(bytes) => {
            varint::write_signed(into, bytes.len() as i64);
            into.extend_from_slice(bytes);
        }
    }
}

impl Record {
    /// Reads one record of the batch at `base_offset` with that header.
    pub(super) fn read(from: &mut Cursor<'_>, base_offset: Offset, header: &BodyHeader) -> Result<Self, BatchError> {
        let length = usize::try_from(from.varint()?).map_err(|_| BatchError::Malformed)?;
        let start = from.position();
        from.byte()?;
        let timestamp = header.record_timestamp(from.varlong()?);
        let offset_delta = from.varint()?;
        if !(0..=header.last_offset_delta).contains(&offset_delta) {
            return Err(BatchError::Malformed);
        }
        let key = read_field(from)?;
        let value = read_field(from)?;
        let headers = read_headers(from)?;
        if from.position() - start != length {
            return Err(BatchError::Malformed);
        }
        Ok(Self {
            offset: base_offset + i64::from(offset_delta),
            timestamp,
            key,
            value,
            headers,
        })
    }
}

fn read_field(from: &mut Cursor<'_>) -> Result<Option<Bytes>, BatchError> {
    // As in Kafka, every negative length stands for "absent".
    let length = from.varint()?;
    usize::try_from(length).ok().map(|length| from.take(length)).transpose()
}

fn read_headers(from: &mut Cursor<'_>) -> Result<Vec<Header>, BatchError> {
    let count = usize::try_from(from.varint()?).map_err(|_| BatchError::Malformed)?;
    let mut headers = Vec::with_capacity(count.min(from.remaining() / MIN_HEADER_BYTES));
    for _ in 0..count {
        let key = read_field(from)?.ok_or(BatchError::Malformed)?;
        headers.push(Header {
            key,
            value: read_field(from)?,
        });
    }
    Ok(headers)
}
