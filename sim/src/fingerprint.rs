//! A digest of state that is the same on every machine, in every process, at every optimisation level.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};

use xxhash_rust::xxh3::xxh3_128;

thread_local! {
    /// Values are written out before they are hashed: many small writes cost a hash function more than one long one.
    static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// 128 bits that stand for a value; equal values have equal fingerprints everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u128);

impl Fingerprint {
    /// The fingerprint of a value.
    pub fn of<T: Hash + ?Sized>(value: &T) -> Self {
        let mut hasher = StableHasher(WRITTEN.take());
        value.hash(&mut hasher);
        let StableHasher(mut written) = hasher;
        let fingerprint = Self(xxh3_128(&written));
        written.clear();
        WRITTEN.set(written);
        fingerprint
    }

    /// Combines so that the order of combining does not matter.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// Combines so that the order matters.
    #[must_use]
    pub fn then(self, other: Self) -> Self {
        Self::of(&(self.0, other.0))
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Writes a value out, every integer in little-endian order and `usize` as 64 bits.
struct StableHasher(Vec<u8>);

macro_rules! little_endian {
    ($($method:ident $type:ty),*) => {
        $(fn $method(&mut self, value: $type) { self.0.extend_from_slice(&value.to_le_bytes()); })*
    };
}

impl Hasher for StableHasher {
    #[expect(clippy::cast_possible_truncation, reason = "any 64 of the 128 bits will do")]
    fn finish(&self) -> u64 {
        xxh3_128(&self.0) as u64
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    little_endian!(
        write_u8 u8, write_u16 u16, write_u32 u32, write_u64 u64, write_u128 u128,
        write_i8 i8, write_i16 i16, write_i32 i32, write_i64 i64, write_i128 i128
    );

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_i64(value as i64);
    }
}
