//! Records and record batches, byte for byte as Kafka's format version 2.

mod batch;
mod builder;
mod codec;
mod compression;
mod cursor;
mod fields;
mod header;
mod metadata;
#[expect(clippy::module_inception, reason = "a record is one part of the record format")]
mod record;
pub(crate) mod varint;

pub use batch::{Batch, BatchError};
pub use builder::BatchBuilder;
pub use codec::Compressor;
pub use compression::Compression;
pub use metadata::MetadataRecord;
pub use record::{Header, Record};
