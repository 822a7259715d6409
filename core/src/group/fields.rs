//! The field types of Kafka's message versions before KIP-482, as groups use them.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::{Buf, BufMut, Bytes, TryGetError};

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

/// A string.
pub(super) fn string(bytes: &mut Bytes) -> Result<String, Malformed> {
    optional_string(bytes)?.ok_or(Malformed)
}

/// A string, or nothing.
pub(super) fn optional_string(bytes: &mut Bytes) -> Result<Option<String>, Malformed> {
    match bytes.try_get_i16()? {
        -1 => Ok(None),
        length => {
            let text = take(bytes, usize::try_from(length).map_err(|_| Malformed)?)?;
            String::from_utf8(text.to_vec()).map(Some).map_err(|_| Malformed)
        }
    }
}

/// Bytes, or nothing.
pub(super) fn optional_bytes(bytes: &mut Bytes) -> Result<Option<Bytes>, Malformed> {
    match bytes.try_get_i32()? {
        -1 => Ok(None),
        length => take(bytes, usize::try_from(length).map_err(|_| Malformed)?).map(Some),
    }
}

/// As many elements as it says first.
pub(super) fn array<T>(
    bytes: &mut Bytes,
    element: impl Fn(&mut Bytes) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let length = usize::try_from(bytes.try_get_i32()?).map_err(|_| Malformed)?;
    // Each element takes at least one byte: what claims to be longer than what is left is not reserved for.
    if length > bytes.remaining() {
        return Err(Malformed);
    }
    (0..length).map(|_| element(bytes)).collect()
}

fn take(bytes: &mut Bytes, length: usize) -> Result<Bytes, Malformed> {
    if length > bytes.remaining() {
        return Err(Malformed);
    }
    Ok(bytes.split_to(length))
}
