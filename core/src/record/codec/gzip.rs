//! gzip (RFC 1952): one member, as Java's `GZIPOutputStream` writes it.

use alloc::vec::Vec;

use crc::{CRC_32_ISO_HDLC, Crc, Table};
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::{MAX_BYTES, Undecodable, take, take_array};

static CRC_32: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);

const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
/// No flags, no time, no hint, unknown operating system.
const REST_OF_HEADER: [u8; 7] = [0, 0, 0, 0, 0, 0, 0xff];
const TRAILER_BYTES: usize = 8;

const HEADER_CRC: u8 = 0x02;
const EXTRA: u8 = 0x04;
const NAME: u8 = 0x08;
const COMMENT: u8 = 0x10;

/// What zlib takes level -1 for.
const DEFAULT_LEVEL: u8 = 6;

pub(super) fn compress(bytes: &[u8], level: i32) -> Vec<u8> {
    let level = u8::try_from(level).unwrap_or(DEFAULT_LEVEL);
    let mut out = Vec::from(MAGIC);
    out.extend_from_slice(&REST_OF_HEADER);
    out.extend_from_slice(&compress_to_vec(bytes, level));
    out.extend_from_slice(&CRC_32.checksum(bytes).to_le_bytes());
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out
}

pub(super) fn decompress(mut input: &[u8]) -> Result<Vec<u8>, Undecodable> {
    skip_header(&mut input)?;
    let end = input.len().checked_sub(TRAILER_BYTES).ok_or(Undecodable)?;
    let deflated = take(&mut input, end)?;
    let bytes = decompress_to_vec_with_limit(deflated, MAX_BYTES).map_err(|_| Undecodable)?;
    let crc = u32::from_le_bytes(take_array(&mut input)?);
    let length = u32::from_le_bytes(take_array(&mut input)?);
    if crc == CRC_32.checksum(&bytes) && length as usize == bytes.len() {
        Ok(bytes)
    } else {
        Err(Undecodable)
    }
}

fn skip_header(input: &mut &[u8]) -> Result<(), Undecodable> {
    if take_array(input)? != MAGIC {
        return Err(Undecodable);
    }
    let [flags, ..] = take_array::<{ REST_OF_HEADER.len() }>(input)?;
    if flags & EXTRA != 0 {
        let length = u16::from_le_bytes(take_array(input)?);
        take(input, usize::from(length))?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = input.iter().position(|byte| *byte == 0).ok_or(Undecodable)?;
            take(input, end + 1)?;
        }
    }
    if flags & HEADER_CRC != 0 {
        take(input, 2)?;
    }
    Ok(())
}
