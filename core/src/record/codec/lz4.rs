//! The LZ4 frame format, as Kafka's `Lz4BlockOutputStream` writes it and `Lz4BlockInputStream` reads it: independent blocks, no checksum
//! of the content.

use alloc::vec;
use alloc::vec::Vec;

use lz4_flex::block::{compress as compress_block, decompress_into};
use xxhash_rust::xxh32::xxh32;

use super::{MAX_BYTES, Undecodable, take, take_array};

const MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();

const VERSION_MASK: u8 = 0xc0;
const VERSION: u8 = 0x40;
const INDEPENDENT_BLOCKS: u8 = 0x20;
const BLOCK_CHECKSUM: u8 = 0x10;
const CONTENT_SIZE: u8 = 0x08;
const CONTENT_CHECKSUM: u8 = 0x04;

/// Of the codes for the largest block, 4 means 64 KiB, and every further one four times as much, up to 7.
const SMALLEST_BLOCK_CODE: u8 = 4;
const LARGEST_BLOCK_CODE: u8 = 7;
const SMALLEST_BLOCK_BYTES: usize = 64 << 10;

/// Of a block's length: the block is not compressed.
const STORED: u32 = 1 << 31;

/// A byte of input becomes no more than this.
const MOST_EXPANSION: usize = 255;

pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    let descriptor = [VERSION | INDEPENDENT_BLOCKS, SMALLEST_BLOCK_CODE << 4];
    let mut out = Vec::from(MAGIC);
    out.extend_from_slice(&descriptor);
    out.push(header_checksum(&descriptor));
    for block in bytes.chunks(SMALLEST_BLOCK_BYTES) {
        let compressed = compress_block(block);
        if compressed.len() < block.len() {
            out.extend_from_slice(&(compressed.len() as u32).to_le_bytes());
            out.extend_from_slice(&compressed);
        } else {
            out.extend_from_slice(&(block.len() as u32 | STORED).to_le_bytes());
            out.extend_from_slice(block);
        }
    }
    out.extend_from_slice(&[0; 4]);
    out
}

pub(super) fn decompress(mut input: &[u8]) -> Result<Vec<u8>, Undecodable> {
    let (flags, block_bytes) = read_header(&mut input)?;
    let mut out = Vec::new();
    loop {
        let header = u32::from_le_bytes(take_array(&mut input)?);
        if header == 0 {
            break;
        }
        let length = (header & !STORED) as usize;
        if length > block_bytes {
            return Err(Undecodable);
        }
        let block = take(&mut input, length)?;
        if flags & BLOCK_CHECKSUM != 0 && u32::from_le_bytes(take_array(&mut input)?) != xxh32(block, 0) {
            return Err(Undecodable);
        }
        if header & STORED != 0 {
            out.extend_from_slice(block);
        } else {
            let start = out.len();
            let most = block_bytes.min(length * MOST_EXPANSION);
            out.extend(vec![0; most]);
            let written = decompress_into(block, &mut out[start..]).map_err(|_| Undecodable)?;
            out.truncate(start + written);
        }
        if out.len() > MAX_BYTES {
            return Err(Undecodable);
        }
    }
    // As in Kafka, the checksum of the content is not looked at: the batch has one.
    if flags & CONTENT_CHECKSUM != 0 {
        take(&mut input, 4)?;
    }
    Ok(out)
}

/// The flags, and how large a block may be.
fn read_header(input: &mut &[u8]) -> Result<(u8, usize), Undecodable> {
    if take_array(input)? != MAGIC {
        return Err(Undecodable);
    }
    let whole = *input;
    let [flags, sizes] = take_array(input)?;
    if flags & VERSION_MASK != VERSION || flags & INDEPENDENT_BLOCKS == 0 {
        return Err(Undecodable);
    }
    if flags & CONTENT_SIZE != 0 {
        take(input, 8)?;
    }
    let descriptor = &whole[..whole.len() - input.len()];
    let [checksum] = take_array(input)?;
    let code = sizes >> 4;
    if checksum != header_checksum(descriptor) || !(SMALLEST_BLOCK_CODE..=LARGEST_BLOCK_CODE).contains(&code) {
        return Err(Undecodable);
    }
    Ok((flags, SMALLEST_BLOCK_BYTES << (2 * (code - SMALLEST_BLOCK_CODE))))
}

fn header_checksum(descriptor: &[u8]) -> u8 {
    (xxh32(descriptor, 0) >> 8) as u8
}
