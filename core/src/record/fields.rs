//! The field types of Kafka's flexible message versions (KIP-482), as far as the metadata log uses them.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::cursor::Cursor;
use super::{BatchError, varint};
use crate::ids::NodeId;

/// Kafka's unique ids have 16 bytes; ours are numbers in the last four of them.
const UUID_ZEROS: usize = 12;

/// Writes fields one after the other.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn unsigned(&mut self, value: u32) {
        varint::write_unsigned(&mut self.bytes, u64::from(value));
    }

    pub(super) fn boolean(&mut self, value: bool) {
        self.bytes.push(u8::from(value));
    }

    pub(super) fn int8(&mut self, value: i8) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn int32(&mut self, value: i32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn int64(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn uuid(&mut self, number: u32) {
        self.bytes.extend_from_slice(&[0; UUID_ZEROS]);
        self.bytes.extend_from_slice(&number.to_be_bytes());
    }

    /// A compact string.
    pub(super) fn string(&mut self, value: &str) {
        self.length(value.len());
        self.bytes.extend_from_slice(value.as_bytes());
    }

    /// A compact array of node ids.
    pub(super) fn nodes(&mut self, nodes: &[NodeId]) {
        self.length(nodes.len());
        for node in nodes {
            self.int32(node.0);
        }
    }

    /// An absent compact string or array.
    pub(super) fn null(&mut self) {
        self.unsigned(0);
    }

    pub(super) fn empty_array(&mut self) {
        self.length(0);
    }

    pub(super) fn tags(&mut self, tags: Tags) {
        self.unsigned(tags.count);
        self.bytes.extend_from_slice(&tags.fields.bytes);
    }

    pub(super) fn no_tags(&mut self) {
        self.unsigned(0);
    }

    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::from(self.bytes)
    }

    /// Compact types write one more than their length, for 0 means absent.
    fn length(&mut self, length: usize) {
        self.unsigned(u32::try_from(length + 1).expect("a metadata record is short"));
    }
}

/// The fields at a message's end that are only there when they differ from their default, in the order of their tags.
#[derive(Default)]
pub(super) struct Tags {
    count: u32,
    fields: Writer,
}

impl Tags {
    /// Adds a field if there is a value.
    pub(super) fn add_if<T>(&mut self, tag: u32, value: Option<T>, write: impl FnOnce(&mut Writer, T)) {
        let Some(value) = value else { return };
        let mut field = Writer::default();
        write(&mut field, value);
        self.count += 1;
        self.fields.unsigned(tag);
        self.fields
            .unsigned(u32::try_from(field.bytes.len()).expect("a metadata record is short"));
        self.fields.bytes.extend_from_slice(&field.bytes);
    }
}

/// Reads fields one after the other and accepts only what [`Writer`] writes.
pub(super) struct Reader<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(cursor: Cursor<'a>) -> Self {
        Self { cursor }
    }

    pub(super) fn int32(&mut self) -> Result<i32, BatchError> {
        Ok(i32::from_be_bytes(self.cursor.array()?))
    }

    pub(super) fn int64(&mut self) -> Result<i64, BatchError> {
        Ok(i64::from_be_bytes(self.cursor.array()?))
    }

    pub(super) fn uuid(&mut self) -> Result<u32, BatchError> {
        if self.cursor.array()? != [0; UUID_ZEROS] {
            return Err(BatchError::Malformed);
        }
        Ok(u32::from_be_bytes(self.cursor.array()?))
    }

    pub(super) fn string(&mut self) -> Result<String, BatchError> {
        let length = self.length()?;
        let bytes = self.cursor.take(length)?;
        core::str::from_utf8(&bytes)
            .map(String::from)
            .map_err(|_| BatchError::Malformed)
    }

    pub(super) fn nodes(&mut self) -> Result<Vec<NodeId>, BatchError> {
        let length = self.length()?;
        if length > self.cursor.remaining() / size_of::<NodeId>() {
            return Err(BatchError::Truncated);
        }
        (0..length).map(|_| self.int32().map(NodeId)).collect()
    }

    /// One byte, which stands for one of these values.
    pub(super) fn choice<T: Copy>(&mut self, choices: &[(i8, T)]) -> Result<T, BatchError> {
        let number = i8::from_be_bytes(self.cursor.array()?);
        choices
            .iter()
            .find(|(choice, _)| *choice == number)
            .map(|(_, value)| *value)
            .ok_or(BatchError::Malformed)
    }

    pub(super) fn expect_boolean(&mut self, expected: bool) -> Result<(), BatchError> {
        self.choice(&[(i8::from(expected), ())])
    }

    pub(super) fn expect_null(&mut self) -> Result<(), BatchError> {
        self.choice(&[(0, ())])
    }

    pub(super) fn expect_empty_array(&mut self) -> Result<(), BatchError> {
        self.choice(&[(1, ())])
    }

    /// Hands every tagged field to `read`, which must leave nothing of it.
    pub(super) fn tags(
        &mut self,
        mut read: impl FnMut(u32, &mut Reader<'_>) -> Result<(), BatchError>,
    ) -> Result<(), BatchError> {
        let mut smallest_next = 0;
        for _ in 0..self.cursor.canonical_unsigned()? {
            let tag = self.cursor.canonical_unsigned()?;
            if tag < smallest_next {
                return Err(BatchError::Malformed);
            }
            smallest_next = tag.saturating_add(1);
            let length = self.cursor.canonical_unsigned()? as usize;
            let field = self.cursor.take(length)?;
            let mut reader = Reader::new(Cursor::at(&field, 0));
            read(tag, &mut reader)?;
            reader.end()?;
        }
        Ok(())
    }

    pub(super) fn no_tags(&mut self) -> Result<(), BatchError> {
        self.tags(|_, _| Err(BatchError::Malformed))
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), BatchError> {
        if self.cursor.remaining() == 0 {
            Ok(())
        } else {
            Err(BatchError::Malformed)
        }
    }

    fn length(&mut self) -> Result<usize, BatchError> {
        self.cursor
            .canonical_unsigned()?
            .checked_sub(1)
            .map(|length| length as usize)
            .ok_or(BatchError::Malformed)
    }
}
