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

    /// Lets the epoch that covers the log's start begin there, forgets those before it, and says whether that changed anything.
    pub(super) fn truncate_from_start(&mut self, start: Offset) -> bool {
        let covered = self.entries.partition_point(|entry| entry.start_offset <= start);
        let Some(covering) = covered.checked_sub(1) else {
            return false;
        };
        if self.entries[covering].start_offset == start && covering == 0 {
            return false;
        }
        self.entries.drain(..covering);
        self.entries[0].start_offset = start;
        true
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

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use super::super::replica::{entry, listed};
    use super::*;

    /// Runs assignments (`3@7`) and truncations of the end (`<7`) and the start (`>7`), and compares the entries that are left and where epochs 0, 1, 2 … end in a log
    /// that ends at 20 (`epoch:end`, `-` if undefined).
    #[track_caller]
    fn check(operations: &str, entries: &str, ends: &str) {
        let mut cache = EpochCache::default();
        for operation in operations.split_whitespace() {
            let before = cache.clone();
            let offset = || Offset(operation[1..].parse().expect("an offset is a number"));
            let changed = match &operation[..1] {
                "<" => cache.truncate_from_end(offset()),
                ">" => cache.truncate_from_start(offset()),
                _ => cache.assign(entry(operation).epoch, entry(operation).start_offset),
            };
            assert_eq!(
                changed,
                cache != before,
                "{operation} tells whether it changed anything"
            );
        }
        let asked = (0..).map(LeaderEpoch).take(ends.split_whitespace().count());
        let answers = asked.map(|epoch| match cache.end_offset_for(epoch, Offset(20)) {
            EpochEndOffset {
                leader_epoch: LeaderEpoch::NONE,
                end_offset: Offset::NONE,
            } => "-".to_string(),
            end => format!("{}:{}", end.leader_epoch, end.end_offset),
        });
        let answers: Vec<String> = answers.collect();
        assert_eq!(
            (listed(cache.entries()).as_str(), answers.join(" ").as_str()),
            (entries, ends),
            "{operations}"
        );
        let undefined = EpochEndOffset {
            leader_epoch: LeaderEpoch::NONE,
            end_offset: Offset::NONE,
        };
        assert_eq!(cache.end_offset_for(LeaderEpoch::NONE, Offset(20)), undefined);
    }

    #[test]
    fn entries_and_ends_of_epochs() {
        check("", "none", "- -");
        check("0@0", "0@0", "0:20 -");
        check("0@0 1@5 3@9", "0@0 1@5 3@9", "0:5 1:9 1:9 3:20 -");
        // Before the first known epoch there is only the first offset to start over from.
        check("2@0 4@6", "2@0 4@6", "0:0 1:0 2:6 2:6 4:20 -");
        check("2@4", "2@4", "0:4 1:4 2:20 -");
        // An epoch starts once, unless it turns out to have started earlier.
        check("0@0 1@5 1@5", "0@0 1@5", "0:5 1:20 -");
        check("0@0 1@5 1@8", "0@0 1@5", "0:5 1:20 -");
        check("0@0 1@5 1@3", "0@0 1@3", "0:3 1:20 -");
        // A later epoch at or before earlier starts leaves no room for them.
        check("0@0 1@5 2@5", "0@0 2@5", "0:5 0:5 2:20 -");
        check("0@0 1@5 2@7 3@5", "0@0 3@5", "0:5 0:5 0:5 3:20 -");
        check("0@0 1@5 2@0", "2@0", "0:0 1:0 2:20 -");
        // An earlier epoch removes the later ones, and itself.
        check("0@0 2@5 1@9", "0@0 1@9", "0:9 1:20 -");
        check("0@0 2@5 0@9", "0@9", "0:20 -");
    }

    #[test]
    fn truncation_removes_what_starts_at_or_beyond_the_end() {
        check("0@0 1@5 2@7 <8", "0@0 1@5 2@7", "0:5 1:7 2:20 -");
        check("0@0 1@5 2@7 <7", "0@0 1@5", "0:5 1:20 -");
        check("0@0 1@5 2@7 <6", "0@0 1@5", "0:5 1:20 -");
        check("0@0 1@5 2@7 <1", "0@0", "0:20 -");
        check("0@0 1@5 2@7 <0", "none", "- -");
        check("0@0 1@5 <5 2@5", "0@0 2@5", "0:5 0:5 2:20 -");
    }

    #[test]
    fn truncation_of_the_start_keeps_the_epoch_that_covers_it() {
        check("0@0 1@5 2@7 >0", "0@0 1@5 2@7", "0:5 1:7 2:20 -");
        check("0@0 1@5 2@7 >3", "0@3 1@5 2@7", "0:5 1:7 2:20 -");
        check("0@0 1@5 2@7 >5", "1@5 2@7", "0:5 1:7 2:20 -");
        check("0@0 1@5 2@7 >6", "1@6 2@7", "0:6 1:7 2:20 -");
        check("0@0 1@5 2@7 >20", "2@20", "0:20 1:20 2:20 -");
        check("1@5 >3", "1@5", "0:5 1:20 -");
    }

    #[test]
    fn an_offset_belongs_to_the_last_epoch_that_starts_before_it() {
        let cache = EpochCache::from_checkpoint(&["1@2", "4@5"].map(entry));
        let epochs = [1, 2, 4, 5, 99].map(|offset| cache.epoch_for(Offset(offset)).map(|epoch| epoch.0));
        assert_eq!(epochs, [None, Some(1), Some(1), Some(4), Some(4)]);
    }

    #[test]
    fn a_checkpoint_that_contradicts_itself_is_read_as_far_as_it_goes() {
        let cache = EpochCache::from_checkpoint(&["1@2", "4@5", "3@7", "3@9", "6@7"].map(entry));
        assert_eq!(listed(cache.entries()), "1@2 6@7");
    }
}
