use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::{Compressor, MAX_BYTES, decompress, snappy};
use crate::record::Compression;

const CODECS: [Compression; 4] = [
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

fn compressed(codec: Compression, bytes: &[u8]) -> Vec<u8> {
    Compressor { codec, gzip_level: -1 }.compress(bytes)
}

/// Noise, and pieces that repeat; longer than one block of every framing now and then.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let piece = (prop::collection::vec(any::<u8>(), 0..40), 1..2000_usize).prop_map(|(unit, times)| unit.repeat(times));
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_compressed_comes_back(bytes in content(), level in prop_oneof![Just(-1), 1..=9]) {
        for codec in CODECS {
            let compressed = Compressor { codec, gzip_level: level }.compress(&bytes);
            prop_assert_eq!(decompress(codec, &compressed).expect("what we wrote"), &bytes[..], "{}", codec);
        }
    }

    #[test]
    fn noise_is_refused_or_read_but_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for codec in CODECS {
            let _ = decompress(codec, &bytes);
        }
    }

    #[test]
    fn a_damaged_stream_never_panics(bytes in content(), at: prop::sample::Index, flip in 1..=255_u8, cut: prop::sample::Index) {
        for codec in CODECS {
            let mut damaged = compressed(codec, &bytes);
            let at = at.index(damaged.len());
            damaged[at] ^= flip;
            let _ = decompress(codec, &damaged);
            damaged[at] ^= flip;
            let length = cut.index(damaged.len());
            let shortened = decompress(codec, &damaged[..length]).unwrap_or_default();
            // Snappy's framing has no end, and no input is no frame of zstd's.
            prop_assert!(bytes.starts_with(&shortened), "{}", codec);
        }
    }
}

#[test]
fn repetitions_become_smaller() {
    let text = b"the same words again and again; ".repeat(100);
    for codec in CODECS {
        let length = compressed(codec, &text).len();
        assert!(length < text.len() / 4, "{codec}: {length}");
    }
}

#[test]
fn snappy_is_read_without_its_framing() {
    // "abcd" once, then eight bytes from four back.
    let raw = [12, 3 << 2, b'a', b'b', b'c', b'd', 4 << 2 | 1, 4];
    assert_eq!(snappy::decompress(&raw).expect("a raw block"), b"abcdabcdabcd");
}

#[test]
fn what_would_become_too_large_is_refused() {
    let zeros = vec![0; MAX_BYTES + 1];
    for codec in CODECS {
        assert!(decompress(codec, &compressed(codec, &zeros)).is_err(), "{codec}");
        let just_fits = compressed(codec, &zeros[1..]);
        assert_eq!(
            decompress(codec, &just_fits).expect("no more than allowed").len(),
            MAX_BYTES,
            "{codec}"
        );
    }
}

#[test]
fn a_told_size_is_not_believed() {
    // Snappy: a length of 2^28, and nothing. LZ4: a frame of blocks of 4 MiB, and one that is longer than what follows.
    assert!(decompress(Compression::Snappy, &[0x80, 0x80, 0x80, 0x80, 0x01]).is_err());
    let mut lz4 = compressed(Compression::Lz4, b"0123456789");
    lz4[7..11].copy_from_slice(&0xffff_u32.to_le_bytes());
    assert!(decompress(Compression::Lz4, &lz4).is_err());
}
