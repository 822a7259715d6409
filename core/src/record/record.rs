//! One record inside a batch.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::ids::{Offset, Timestamp};

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
