//! Page cache against platter: what was written, and how much of it would survive a power loss.

use std::collections::{BTreeMap, VecDeque};

use kafkasim_core::disk::{DiskImage, DiskOp, LogImage, Segment};
use kafkasim_core::ids::{DiskToken, TopicPartition};
use kafkasim_core::log::ProducerStates;

use super::action::KeptTail;

/// One process's disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Disk {
    image: DiskImage,
    /// How many batches of each log are on the platter.
    synced: BTreeMap<TopicPartition, usize>,
    /// Syncs asked for and not yet completed: the log, the token, and how many batches the log had.
    syncing: VecDeque<(TopicPartition, DiskToken, usize)>,
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

    pub(super) fn write(&mut self, op: DiskOp) {
        match op {
            DiskOp::CreateLog(log) => {
                self.image.logs.entry(log).or_default();
            }
            DiskOp::DeleteLog(log) => {
                self.image.logs.remove(&log);
                self.synced.remove(&log);
                self.syncing.retain(|(syncing, ..)| *syncing != log);
            }
            DiskOp::Append { log, batch } => self.image.logs.entry(log).or_default().batches.push(batch),
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
                self.forget_synced(log, deleted);
            }
            DiskOp::StartAnew { log, at } => {
                let LogImage { batches, segments, .. } = self.image.logs.entry(log).or_default();
                let deleted = batches.len();
                batches.clear();
                *segments = vec![Segment {
                    base: at,
                    producers: ProducerStates::default(),
                }];
                self.forget_synced(log, deleted);
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
    }

    /// A sync completes; what was written after it was asked for stays unsynced.
    pub(super) fn complete(&mut self, token: DiskToken, ok: bool) {
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

    /// The first batches of a log are deleted.
    fn forget_synced(&mut self, log: TopicPartition, deleted: usize) {
        if let Some(synced) = self.synced.get_mut(&log) {
            *synced = synced.saturating_sub(deleted);
        }
        for (syncing, _, batches) in &mut self.syncing {
            if *syncing == log {
                *batches = batches.saturating_sub(deleted);
            }
        }
    }

    fn synced_batches(&self, log: TopicPartition) -> usize {
        self.synced.get(&log).copied().unwrap_or(0)
    }
}
