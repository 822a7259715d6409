//! The leader-epoch cache: at which offset each leader's term starts (KIP-101).

use alloc::vec::Vec;

use crate::disk::EpochEntry;
use crate::ids::{LeaderEpoch, Offset};
use crate::message::EpochEndOffset;

/// Entries with strictly growing epochs and strictly growing start offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EpochCache {
    entries: Vec<EpochEntry>,
}

impl EpochCache {
    /// What `leader-epoch-checkpoint` says. Entries that contradict a later one are dropped.
    pub(super) fn from_checkpoint(checkpoint: &[EpochEntry]) -> Self {
        let mut cache = Self::default();
        for entry in checkpoint {
            cache.assign(entry.epoch, entry.start_offset);
        }
        cache
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    /// The newest entry.
    pub fn latest(&self) -> Option<EpochEntry> {
        self.entries.last().copied()
    }

    /// Lets an epoch start at an offset, and says whether that changed anything. An epoch that has started does not start again; entries
    /// that would stand in the way of growing epochs and offsets are removed, those of later epochs included.
    pub(super) fn assign(&mut self, epoch: LeaderEpoch, start_offset: Offset) -> bool {
        assert!(
            epoch > LeaderEpoch::NONE && start_offset >= Offset::ZERO,
            "an epoch entry is not negative"
        );
        let is_known = |latest: EpochEntry| latest.epoch == epoch && latest.start_offset <= start_offset;
        if self.latest().is_some_and(is_known) {
            return false;
        }
        // Both columns grow, so what stands in the way is at the end.
        let kept = self
            .entries
            .partition_point(|entry| entry.epoch < epoch && entry.start_offset < start_offset);
        self.entries.truncate(kept);
        self.entries.push(EpochEntry { epoch, start_offset });
        true
    }

    /// Forgets the epochs that start at or beyond the log's end, and says whether there were any.
    pub(super) fn truncate_from_end(&mut self, end: Offset) -> bool {
        let kept = self.entries.partition_point(|entry| entry.start_offset < end);
        let changed = kept < self.entries.len();
        self.entries.truncate(kept);
        changed
    }

    /// Where an epoch ended in a log that ends at `log_end`: the largest known epoch that is not beyond the one asked for, and the start
    /// of the next. (-1, -1) if the epoch is beyond every known one.
    pub fn end_offset_for(&self, epoch: LeaderEpoch, log_end: Offset) -> EpochEndOffset {
        const UNDEFINED: EpochEndOffset = EpochEndOffset {
            leader_epoch: LeaderEpoch::NONE,
            end_offset: Offset::NONE,
        };
        if epoch == LeaderEpoch::NONE {
            return UNDEFINED;
        }
        if self.latest().is_some_and(|latest| latest.epoch == epoch) {
            return EpochEndOffset {
                leader_epoch: epoch,
                end_offset: log_end,
            };
        }
        let higher = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let Some(next) = self.entries.get(higher) else {
            return UNDEFINED;
        };
        // Before the first known epoch the asker is told its own epoch back, so that it starts over where this log starts.
        let leader_epoch = match higher {
            0 => epoch,
            _ => self.entries[higher - 1].epoch,
        };
        EpochEndOffset {
            leader_epoch,
            end_offset: next.start_offset,
        }
    }

    /// The epoch to which an offset belongs. Offsets beyond the log's end belong to the latest.
    pub fn epoch_for(&self, offset: Offset) -> Option<LeaderEpoch> {
        let after = self.entries.partition_point(|entry| entry.start_offset <= offset);
        Some(self.entries[after.checked_sub(1)?].epoch)
    }
}
