//! The leader-epoch cache: at which offset each leader's term starts (KIP-101).

use alloc::vec::Vec;

use crate::disk::EpochEntry;

/// Entries with strictly growing epochs and growing start offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EpochCache {
    entries: Vec<EpochEntry>,
}
