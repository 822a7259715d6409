//! The field types of Kafka's messages as groups use them, before and after KIP-482.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::{Buf, BufMut, Bytes, TryGetError};

use crate::record::varint;

/// How many bytes a string may have.
const MAX_STRING: usize = i16::MAX as usize;

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl From<TryGetError> for Malformed {
    fn from(_: TryGetError) -> Self {
        Self
    }
}

/// A string of at most 32,767 bytes.
pub(super) fn put_string(out: &mut Vec<u8>, text: &str) {
    put_optional_string(out, Some(text));
}

/// The same, or nothing.
pub(super) fn put_optional_string(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        None => out.put_i16(-1),
        Some(text) => {
            out.put_i16(i16::try_from(text.len()).expect("names are short"));
            out.put_slice(text.as_bytes());
        }
    }
}

/// Bytes.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_length(out, bytes.len());
    out.put_slice(bytes);
}

/// How many elements follow.
pub(super) fn put_length(out: &mut Vec<u8>, length: usize) {
    out.put_i32(i32::try_from(length).expect("arrays are short"));
}

/// A string with the length of flexible versions (KIP-482).
pub(super) fn put_compact_string(out: &mut Vec<u8>, text: &str) {
    assert!(text.len() <= MAX_STRING, "texts are short");
    varint::write_unsigned(out, text.len() as u64 + 1);
    out.put_slice(text.as_bytes());
}

/// No tagged fields.
pub(super) fn put_no_tags(out: &mut Vec<u8>) {
    varint::write_unsigned(out, 0);
}

/// How the lengths of what is read are written.
#[derive(Clone, Copy)]
pub(super) enum Lengths {
    /// As integers; whatever is negative means nothing.
    Fixed,
    /// As varints of one more; 0 means nothing (KIP-482).
    Compact,
}

impl Lengths {
    /// A string.
    pub(super) fn string(self, bytes: &mut Bytes) -> Result<String, Malformed> {
        self.optional_string(bytes)?.ok_or(Malformed)
    }

    /// A string, or nothing.
    pub(super) fn optional_string(self, bytes: &mut Bytes) -> Result<Option<String>, Malformed> {
        let length = match self {
            Self::Fixed => usize::try_from(bytes.try_get_i16()?).ok(),
            Self::Compact => compact_length(bytes)?,
        };
        let Some(length) = length else { return Ok(None) };
        if length > MAX_STRING {
            return Err(Malformed);
        }
        let text = take(bytes, length)?;
        String::from_utf8(text.to_vec()).map(Some).map_err(|_| Malformed)
    }

    /// Bytes, or nothing.
    pub(super) fn optional_bytes(self, bytes: &mut Bytes) -> Result<Option<Bytes>, Malformed> {
        self.length(bytes)?.map(|length| take(bytes, length)).transpose()
    }

    /// As many elements as it says first.
    pub(super) fn array<T>(
        self,
        bytes: &mut Bytes,
        element: impl Fn(&mut Bytes) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let length = self.length(bytes)?.ok_or(Malformed)?;
        // Each element takes at least one byte: what claims to be longer than what is left is not reserved for.
        if length > bytes.remaining() {
            return Err(Malformed);
        }
        (0..length).map(|_| element(bytes)).collect()
    }

    /// Passes over the tagged fields, which only flexible versions have.
    pub(super) fn skip_tags(self, bytes: &mut Bytes) -> Result<(), Malformed> {
        match self {
            Self::Fixed => Ok(()),
            Self::Compact => {
                for _ in 0..unsigned(bytes)? {
                    let _tag = unsigned(bytes)?;
                    let length = unsigned(bytes)?;
                    take(bytes, usize::try_from(length).map_err(|_| Malformed)?)?;
                }
                Ok(())
            }
        }
    }

    fn length(self, bytes: &mut Bytes) -> Result<Option<usize>, Malformed> {
        match self {
            Self::Fixed => Ok(usize::try_from(bytes.try_get_i32()?).ok()),
            Self::Compact => compact_length(bytes),
        }
    }
}

fn compact_length(bytes: &mut Bytes) -> Result<Option<usize>, Malformed> {
    match unsigned(bytes)?.checked_sub(1) {
        None => Ok(None),
        Some(length) => usize::try_from(length).map(Some).map_err(|_| Malformed),
    }
}

fn unsigned(bytes: &mut Bytes) -> Result<u32, Malformed> {
    let value = varint::read_unsigned(varint::MAX_BYTES_32, || bytes.try_get_u8())?.ok_or(Malformed)?;
    // As in Kafka, what the fifth byte holds beyond 32 bits falls off.
    Ok(value as u32)
}

fn take(bytes: &mut Bytes, length: usize) -> Result<Bytes, Malformed> {
    if length > bytes.remaining() {
        return Err(Malformed);
    }
    Ok(bytes.split_to(length))
}
