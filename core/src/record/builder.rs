//! Builds a batch record by record.

use bytes::Bytes;

use super::{Batch, Header};
use crate::ids::{ProducerEpoch, ProducerId, Sequence, Timestamp};

/// Records on their way to becoming a batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BatchBuilder {}

impl BatchBuilder {
    /// Without records.
    pub fn new() -> Self { todo!() }
    /// Adds a record.
    pub fn append(&mut self, timestamp: Timestamp, key: Option<Bytes>, value: Option<Bytes>, headers: &[Header]) { todo!() }
    /// How many bytes the batch would have now.
    pub fn size(&self) -> usize { todo!() }
    /// How many bytes the batch would have with this record added.
    pub fn size_with(&self, timestamp: Timestamp, key: Option<&Bytes>, value: Option<&Bytes>, headers: &[Header]) -> usize { todo!() }
    /// How many records there are.
    pub fn record_count(&self) -> i32 { todo!() }
    /// The batch, at base offset 0 and leader epoch -1. Without a producer: ids of -1.
    pub fn build(&self, producer: Option<(ProducerId, ProducerEpoch, Sequence)>) -> Batch { todo!() }
}
