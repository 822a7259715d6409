//! Page cache against platter: what was written, and how much of it would survive a power loss.

use std::collections::{BTreeMap, VecDeque};

use kafkasim_core::disk::{DiskError, DiskImage, DiskOp, LogImage, Segment};
use kafkasim_core::ids::{DiskToken, TopicPartition};
use kafkasim_core::log::ProducerStates;

use super::action::KeptTail;
use super::disk_fault::DiskFault;

/// One process's disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Disk {
    image: DiskImage,
    /// How many batches of each log are on the platter.
    synced: BTreeMap<TopicPartition, usize>,
    /// Syncs asked for and not yet completed: the log, the token, and how many batches the log had.
    syncing: VecDeque<(TopicPartition, DiskToken, usize)>,
    /// If nothing can be appended: how many bytes of the batch that is refused get there.
    full: Option<u32>,
}

impl Disk {
    /// Everything written: what a process finds when it starts after a crash.
    #[must_use]
    pub const fn image(&self) -> &DiskImage {
        &self.image
    }

    /// The syncs that have not completed, oldest first.
    pub fn syncing(&self) -> impl Iterator<Item = DiskToken> + '_ {
        self.syncing.iter().map(|(_, token, _)| *token)
    }

    /// How many batches of each log a power loss could take.
    pub fn unsynced(&self) -> impl Iterator<Item = (TopicPartition, usize)> + '_ {
        self.image.logs.iter().filter_map(|(log, image)| {
            let unsynced = image.batches.len() - self.synced_batches(*log);
            (unsynced > 0).then_some((*log, unsynced))
        })
    }

    /// Whether nothing can be appended.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.full.is_some()
    }

    /// Whether a batch is torn or has rotted that nobody has cut off.
    #[must_use]
    pub fn is_rotten(&self) -> bool {
        let mut batches = self.image.logs.values().flat_map(|log| &log.batches);
        batches.any(|batch| batch.verify().is_err())
    }

    /// Writes, as far as there is room.
    ///
    /// # Errors
    /// If there is none.
    pub fn write(&mut self, op: DiskOp) -> Result<(), DiskError> {
        match op {
            DiskOp::CreateLog(log) => {
                self.image.logs.entry(log).or_default();
            }
            DiskOp::DeleteLog(log) => {
                self.image.logs.remove(&log);
                self.synced.remove(&log);
                self.syncing.retain(|(syncing, ..)| *syncing != log);
            }
            DiskOp::Append { log, batch } => {
                let batches = &mut self.image.logs.entry(log).or_default().batches;
                if let Some(torn_bytes) = self.full {
                    batches.extend((torn_bytes > 0).then(|| batch.torn(torn_bytes as usize)));
                    return Err(DiskError::Storage);
                }
                batches.push(batch);
            }
            DiskOp::Truncate { log, to } => {
                let LogImage { batches, segments, .. } = self.image.logs.entry(log).or_default();
                let kept = batches.partition_point(|batch| batch.last_offset() < to);
                batches.truncate(kept);
                segments.retain(|segment| segment.base <= to);
                if let Some(synced) = self.synced.get_mut(&log) {
                    *synced = kept.min(*synced);
                }
            }
            DiskOp::Roll { log, segment } => self.image.logs.entry(log).or_default().segments.push(segment),
            DiskOp::DeleteSegments { log, to } => {
                let LogImage { batches, segments, .. } = self.image.logs.entry(log).or_default();
                let deleted = batches.partition_point(|batch| batch.base_offset < to);
                batches.drain(..deleted);
                segments.retain(|segment| segment.base >= to);
                self.replace_synced(log, deleted, 0);
            }
            DiskOp::Compact {
                log,
                to,
                batches: left,
                segments: now,
            } => {
                if self.is_full() {
                    return Err(DiskError::Storage);
                }
                let LogImage { batches, segments, .. } = self.image.logs.entry(log).or_default();
                let cleaned = batches.partition_point(|batch| batch.base_offset < to);
                let count = left.len();
                batches.splice(..cleaned, left);
                *segments = now;
                self.replace_synced(log, cleaned, count);
            }
            DiskOp::StartAnew { log, at } => {
                let LogImage { batches, segments, .. } = self.image.logs.entry(log).or_default();
                let deleted = batches.len();
                batches.clear();
                *segments = vec![Segment {
                    base: at,
                    producers: ProducerStates::default(),
                }];
                self.replace_synced(log, deleted, 0);
            }
            DiskOp::WriteEpochs { log, entries } => self.image.logs.entry(log).or_default().epochs = entries,
            DiskOp::WriteHighWatermarks(high_watermarks) => self.image.high_watermarks = high_watermarks,
            DiskOp::WriteLogStarts(log_starts) => self.image.log_starts = log_starts,
            DiskOp::Sync { log, token } => {
                let batches = self.image.logs.get(&log).map_or(0, |image| image.batches.len());
                self.syncing.push_back((log, token, batches));
            }
            DiskOp::MarkCleanShutdown(epoch) => {
                let logs = self.image.logs.iter();
                self.synced = logs
                    .filter(|(_, image)| !image.batches.is_empty())
                    .map(|(log, image)| (*log, image.batches.len()))
                    .collect();
                self.image.clean_shutdown = Some(epoch);
            }
            DiskOp::ClearCleanShutdown => self.image.clean_shutdown = None,
        }
        Ok(())
    }

    /// Something happens to it.
    pub(super) fn suffer(&mut self, what: DiskFault) {
        match what {
            DiskFault::Wiped => *self = Self::default(),
            DiskFault::StaleCheckpoints { epochs } => {
                self.image.high_watermarks.clear();
                self.image.log_starts.clear();
                for log in self.image.logs.values_mut() {
                    log.epochs.truncate(epochs as usize);
                }
            }
            DiskFault::Rotten { log, batch, bit } => {
                let log = self.image.logs.get_mut(&log);
                let batch = log.and_then(|log| log.batches.get_mut(batch as usize));
                let batch = batch.expect("what rots is there");
                *batch = batch.rotten(bit as usize);
            }
            DiskFault::Full { torn_bytes } => self.full = Some(torn_bytes),
            DiskFault::Freed => self.full = None,
        }
    }

    /// A sync completes; what was written after it was asked for stays unsynced.
    ///
    /// # Panics
    /// If nobody asked for it.
    pub fn complete(&mut self, token: DiskToken, ok: bool) {
        let position = self.syncing.iter().position(|(_, syncing, _)| *syncing == token);
        let Some((log, _, batches)) = position.and_then(|position| self.syncing.remove(position)) else {
            panic!("sync {token} was not asked for");
        };
        let present = self.image.logs.get(&log).map_or(0, |image| image.batches.len());
        if ok && batches > 0 {
            let synced = self.synced.entry(log).or_default();
            *synced = (*synced).max(batches.min(present));
        }
    }

    /// The process is gone, and with it the syncs that it waited for.
    pub(super) fn crash(&mut self) {
        self.syncing.clear();
    }

    /// Each log keeps what was synced, and of the rest what `kept` says (nothing, if it does not mention the log).
    /// What is kept is on the platter from then on.
    pub(super) fn lose_power(&mut self, kept: &[KeptTail]) {
        self.syncing.clear();
        for (log, image) in &mut self.image.logs {
            let synced = self.synced.get(log).copied().unwrap_or(0);
            let tail = kept.iter().find(|tail| tail.log == *log);
            let whole = synced + tail.map_or(0, |tail| tail.whole as usize);
            let torn = tail.filter(|tail| tail.torn_bytes > 0).and_then(|tail| {
                image
                    .batches
                    .get(whole)
                    .map(|batch| batch.torn(tail.torn_bytes as usize))
            });
            image.batches.truncate(whole);
            image.batches.extend(torn);
            if image.batches.is_empty() {
                self.synced.remove(log);
            } else {
                self.synced.insert(*log, image.batches.len());
            }
        }
    }

    /// The first batches of a log go, and so many take their place that were forced to the platter beforehand.
    fn replace_synced(&mut self, log: TopicPartition, gone: usize, instead: usize) {
        let synced = instead + self.synced_batches(log).saturating_sub(gone);
        if synced > 0 {
            self.synced.insert(log, synced);
        } else {
            self.synced.remove(&log);
        }
        for (syncing, _, batches) in &mut self.syncing {
            if *syncing == log {
                *batches = instead + batches.saturating_sub(gone);
            }
        }
    }

    fn synced_batches(&self, log: TopicPartition) -> usize {
        self.synced.get(&log).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use kafkasim_core::disk::EpochEntry;
    use kafkasim_core::ids::{BrokerEpoch, LeaderEpoch, Offset, Timestamp, TopicId};
    use kafkasim_core::record::{Batch, BatchBuilder};

    use super::*;

    const LOG: TopicPartition = TopicPartition {
        topic: TopicId(1),
        partition: 0,
    };

    fn batch(offset: i64) -> Batch {
        let mut builder = BatchBuilder::new();
        builder.append(Timestamp(0), None, Some("value".into()), &[]);
        builder.build(None).at(Offset(offset), LeaderEpoch(offset as i32))
    }

    /// A disk with three batches of as many epochs, and a checkpoint of the high watermark.
    fn disk() -> Disk {
        let mut disk = Disk::default();
        let epochs = (0..3).map(|epoch| EpochEntry {
            epoch: LeaderEpoch(epoch),
            start_offset: Offset(epoch.into()),
        });
        let entries = epochs.collect();
        let appends = (0..3).map(|offset| DiskOp::Append {
            log: LOG,
            batch: batch(offset),
        });
        let checkpoints = [
            DiskOp::WriteEpochs { log: LOG, entries },
            DiskOp::WriteHighWatermarks([(LOG, Offset(2))].into()),
            DiskOp::MarkCleanShutdown(BrokerEpoch(7)),
        ];
        for op in appends.chain(checkpoints) {
            disk.write(op).expect("there is room");
        }
        disk
    }

    #[test]
    fn a_full_disk_takes_part_of_a_batch_at_most_until_there_is_room() {
        for (torn_bytes, expected) in [(0, 3), (9, 4)] {
            let mut disk = disk();
            disk.suffer(DiskFault::Full { torn_bytes });
            let more = DiskOp::Append {
                log: LOG,
                batch: batch(3),
            };
            assert_eq!(disk.write(more.clone()), Err(DiskError::Storage));
            assert_eq!(disk.image().logs[&LOG].batches.len(), expected);
            assert_eq!(disk.is_rotten(), torn_bytes > 0, "what is torn can be told");
            let to = Offset(2);
            assert_eq!(
                disk.write(DiskOp::Truncate { log: LOG, to }),
                Ok(()),
                "less is always possible"
            );
            disk.suffer(DiskFault::Freed);
            assert_eq!(disk.write(more), Ok(()));
        }
    }

    #[test]
    fn a_wiped_disk_has_nothing_and_a_rotten_one_the_same_but_for_a_bit() {
        let mut wiped = disk();
        wiped.suffer(DiskFault::Wiped);
        assert_eq!(wiped, Disk::default());

        let mut rotten = disk();
        rotten.suffer(DiskFault::Rotten {
            log: LOG,
            batch: 1,
            bit: 5,
        });
        let sound = |disk: &Disk| {
            let batches = disk.image().logs[&LOG].batches.iter();
            batches.map(|batch| batch.verify().is_ok()).collect::<Vec<_>>()
        };
        assert_eq!(
            (sound(&rotten), sound(&disk())),
            (vec![true, false, true], vec![true; 3])
        );
        assert!(rotten.is_rotten() && !disk().is_rotten());
    }

    #[test]
    fn what_a_cleaner_leaves_has_reached_the_platter() {
        let mut disk = Disk::default();
        for offset in 0..3 {
            let batch = batch(offset);
            assert_eq!(disk.write(DiskOp::Append { log: LOG, batch }), Ok(()));
        }
        let before = disk.unsynced().collect::<Vec<_>>();
        disk.write(DiskOp::Compact {
            log: LOG,
            to: Offset(2),
            batches: vec![batch(1)],
            segments: Vec::new(),
        })
        .expect("there is room");
        let offsets = disk.image().logs[&LOG].batches.iter().map(|batch| batch.base_offset.0);
        assert_eq!(offsets.collect::<Vec<_>>(), [1, 2]);
        assert_eq!(
            (before, disk.unsynced().collect::<Vec<_>>()),
            (vec![(LOG, 3)], vec![(LOG, 1)])
        );
    }

    #[test]
    fn stale_checkpoints_know_no_high_watermark_and_only_the_first_epochs() {
        let mut stale = disk();
        stale.suffer(DiskFault::StaleCheckpoints { epochs: 2 });
        let image = stale.image();
        assert_eq!((image.high_watermarks.len(), image.logs[&LOG].epochs.len()), (0, 2));
        assert_eq!(image.logs[&LOG].batches.len(), 3, "the log itself is whole");
    }
}
