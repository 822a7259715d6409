//! Compresses and decompresses the records of a batch, in the framings that Kafka's own codecs write and read.
//!
//! Everything here runs without `std` and without C, so that the same records become the same bytes on every platform: DEFLATE, LZ4
//! blocks and Zstandard come from libraries that allow that. No kept library for Snappy does, so its blocks are ours. A table of
//! functions handed in from outside would have admitted more libraries, but also other bytes, and with them other runs.
//!
//! Whatever size the input claims, memory grows only with what comes out, and [`MAX_BYTES`] ends that.

mod gzip;
mod lz4;
mod snappy;
mod zstd;

use alloc::vec::Vec;

use super::Compression;

/// How large the records of one batch may become. Kafka has no such limit; its largest default for a batch is about 1 MiB compressed.
pub(super) const MAX_BYTES: usize = 64 << 20;

/// The input is not what the codec writes, or becomes too large.
#[derive(Debug)]
pub(super) struct Undecodable;

/// A codec, and what it has to know besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Compressor {
    /// The codec.
    pub codec: Compression,
    /// How hard gzip tries: 1 to 9, or -1 for its own default (KIP-390). The other codecs have one level here.
    pub gzip_level: i32,
}

impl Compressor {
    /// The same records, smaller; as they are, without a codec.
    pub(super) fn compress(self, records: &[u8]) -> Vec<u8> {
        match self.codec {
            Compression::None => records.to_vec(),
            Compression::Gzip => gzip::compress(records, self.gzip_level),
            Compression::Snappy => snappy::compress(records),
            Compression::Lz4 => lz4::compress(records),
            Compression::Zstd => zstd::compress(records),
        }
    }
}

/// What `compressed` was before.
pub(super) fn decompress(codec: Compression, compressed: &[u8]) -> Result<Vec<u8>, Undecodable> {
    match codec {
        Compression::None => Ok(compressed.to_vec()),
        Compression::Gzip => gzip::decompress(compressed),
        Compression::Snappy => snappy::decompress(compressed),
        Compression::Lz4 => lz4::decompress(compressed),
        Compression::Zstd => zstd::decompress(compressed),
    }
}

/// Takes the first `count` bytes off `input`.
fn take<'a>(input: &mut &'a [u8], count: usize) -> Result<&'a [u8], Undecodable> {
    let (taken, rest) = input.split_at_checked(count).ok_or(Undecodable)?;
    *input = rest;
    Ok(taken)
}

/// Takes the first `N` bytes off `input`.
fn take_array<const N: usize>(input: &mut &[u8]) -> Result<[u8; N], Undecodable> {
    let (taken, rest) = input.split_first_chunk().ok_or(Undecodable)?;
    *input = rest;
    Ok(*taken)
}

#[cfg(test)]
mod tests;
