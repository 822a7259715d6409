//! Zstandard (RFC 8878): frames one after the other.

use alloc::vec;
use alloc::vec::Vec;

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use ruzstd::io::Read;

use super::{MAX_BYTES, Undecodable};

/// How much is decoded at a time.
const CHUNK_BYTES: usize = 16 << 10;

pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

pub(super) fn decompress(mut input: &[u8]) -> Result<Vec<u8>, Undecodable> {
    let mut out = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    while !input.is_empty() {
        let mut frame = StreamingDecoder::new(&mut input).map_err(|_| Undecodable)?;
        loop {
            let count = frame.read(&mut chunk).map_err(|_| Undecodable)?;
            if count == 0 {
                break;
            }
            if out.len() + count > MAX_BYTES {
                return Err(Undecodable);
            }
            out.extend_from_slice(&chunk[..count]);
        }
    }
    Ok(out)
}
