//! Snappy, in the framing of snappy-java, which Kafka writes. What does not begin like it is read as one raw block, as Kafka does: other
//! clients have written that.

use alloc::vec;
use alloc::vec::Vec;

use super::{MAX_BYTES, Undecodable, take, take_array};

/// "SNAPPY" between two bytes that no raw block begins and goes on with, then the version and the oldest one that can read it.
const HEADER: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
const MAGIC_BYTES: usize = 8;
/// How much snappy-java puts into a block.
const BLOCK_BYTES: usize = 32 << 10;

const HASH_BITS: u32 = 14;
/// What is compared at least before it is called a repetition.
const MIN_MATCH: usize = 4;
/// The longest copy with an offset of two bytes.
const MAX_COPY: usize = 64;

pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::from(HEADER);
    for block in bytes.chunks(BLOCK_BYTES) {
        let raw = compress_block(block);
        out.extend_from_slice(&(raw.len() as u32).to_be_bytes());
        out.extend_from_slice(&raw);
    }
    out
}

pub(super) fn decompress(mut input: &[u8]) -> Result<Vec<u8>, Undecodable> {
    let mut out = Vec::new();
    if !input.starts_with(&HEADER[..MAGIC_BYTES]) {
        decompress_block(input, &mut out)?;
        return Ok(out);
    }
    take(&mut input, HEADER.len())?;
    while !input.is_empty() {
        let length = u32::from_be_bytes(take_array(&mut input)?);
        decompress_block(take(&mut input, length as usize)?, &mut out)?;
    }
    Ok(out)
}

/// A raw block: its length as a varint, then literals and copies. At most 64 KiB, so that every offset has two bytes.
fn compress_block(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 2);
    super::super::varint::write_unsigned(&mut out, bytes.len() as u64);
    // Where the four bytes with this hash were last; one more than that, for 0 means nowhere.
    let mut seen = vec![0_usize; 1 << HASH_BITS];
    let (mut at, mut literal_from) = (0, 0);
    while let Some(word) = word_at(bytes, at) {
        let hash = (u32::from_le_bytes(word).wrapping_mul(0x1e35_a7bd) >> (u32::BITS - HASH_BITS)) as usize;
        let candidate = core::mem::replace(&mut seen[hash], at + 1).checked_sub(1);
        let Some(earlier) = candidate.filter(|earlier| word_at(bytes, *earlier) == Some(word)) else {
            at += 1;
            continue;
        };
        let rest = &bytes[at + MIN_MATCH..];
        let length = MIN_MATCH
            + rest
                .iter()
                .zip(&bytes[earlier + MIN_MATCH..])
                .take_while(|(one, other)| one == other)
                .count();
        write_literal(&bytes[literal_from..at], &mut out);
        write_copies(at - earlier, length, &mut out);
        at += length;
        literal_from = at;
    }
    write_literal(&bytes[literal_from..], &mut out);
    out
}

fn word_at(bytes: &[u8], at: usize) -> Option<[u8; MIN_MATCH]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn write_literal(literal: &[u8], out: &mut Vec<u8>) {
    let Some(last) = literal.len().checked_sub(1) else {
        return;
    };
    match last {
        0..60 => out.push((last as u8) << 2),
        60..256 => out.extend_from_slice(&[60 << 2, last as u8]),
        _ => {
            let [low, high, ..] = last.to_le_bytes();
            out.extend_from_slice(&[61 << 2, low, high]);
        }
    }
    out.extend_from_slice(literal);
}

fn write_copies(offset: usize, mut length: usize, out: &mut Vec<u8>) {
    let [low, high, ..] = offset.to_le_bytes();
    while length > 0 {
        let copied = length.min(MAX_COPY);
        out.extend_from_slice(&[((copied - 1) as u8) << 2 | 2, low, high]);
        length -= copied;
    }
}

fn decompress_block(mut input: &[u8], out: &mut Vec<u8>) -> Result<(), Undecodable> {
    let start = out.len();
    let end = start.saturating_add(read_length(&mut input)?);
    if end > MAX_BYTES {
        return Err(Undecodable);
    }
    while !input.is_empty() {
        let [tag] = take_array(&mut input)?;
        let upper = usize::from(tag >> 2);
        let (length, offset) = match tag & 3 {
            0 => (literal_length(upper, &mut input)?, 0),
            1 => {
                let [low] = take_array(&mut input)?;
                (4 + (upper & 7), usize::from(tag >> 5) << 8 | usize::from(low))
            }
            2 => (upper + 1, usize::from(u16::from_le_bytes(take_array(&mut input)?))),
            _ => (upper + 1, u32::from_le_bytes(take_array(&mut input)?) as usize),
        };
        if length > end - out.len() {
            return Err(Undecodable);
        }
        if tag & 3 == 0 {
            out.extend_from_slice(take(&mut input, length)?);
        } else {
            copy(offset, length, start, out)?;
        }
    }
    if out.len() == end { Ok(()) } else { Err(Undecodable) }
}

/// Repeats what stands `offset` bytes before the end, which may be part of what is being written.
fn copy(offset: usize, length: usize, start: usize, out: &mut Vec<u8>) -> Result<(), Undecodable> {
    if offset == 0 || offset > out.len() - start {
        return Err(Undecodable);
    }
    for _ in 0..length {
        out.push(out[out.len() - offset]);
    }
    Ok(())
}

fn literal_length(upper: usize, input: &mut &[u8]) -> Result<usize, Undecodable> {
    let Some(more) = upper.checked_sub(59).filter(|more| *more > 0) else {
        return Ok(upper + 1);
    };
    let little_endian = take(input, more)?;
    let last = little_endian
        .iter()
        .rev()
        .fold(0, |last, byte| last << 8 | usize::from(*byte));
    Ok(last + 1)
}

fn read_length(input: &mut &[u8]) -> Result<usize, Undecodable> {
    let mut length = 0;
    for shift in [0, 7, 14, 21, 28] {
        let [byte] = take_array(input)?;
        length |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return usize::try_from(length).map_err(|_| Undecodable);
        }
    }
    Err(Undecodable)
}
