//! Opening a log after a start: what is broken is cut off, the epoch cache and the producers' states are rebuilt.

use alloc::vec::Vec;

use super::{EpochCache, Log, ProducerStates, base_of_first};
use crate::disk::{DiskOp, LogImage, Segment};
use crate::ids::{LeaderEpoch, Offset, TopicPartition};
use crate::machine::Outbox;
use crate::note::Note;
use crate::record::Batch;

/// What the checkpoint files of a broker say about one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    /// `log-start-offset-checkpoint`
    pub log_start: Offset,
    /// `replication-offset-checkpoint`
    pub high_watermark: Offset,
}

impl Checkpoints {
    /// Nothing was written down.
    pub const NONE: Self = Self {
        log_start: Offset::ZERO,
        high_watermark: Offset::ZERO,
    };
}

impl Log {
    /// Opens a log found on disk. After an unclean shutdown every batch's CRC is checked and the log is cut at the first that fails (on
    /// disk too); after a clean one it is trusted. The log starts where its checkpoint says, or else its first segment; one that ends before
    /// that begins there anew. The high watermark starts at its checkpoint, kept between the two. Notes [`Note::LogRecovered`].
    pub fn recover(
        partition: TopicPartition,
        image: &LogImage,
        clean: bool,
        checkpoints: Checkpoints,
        out: &mut Outbox,
    ) -> Self {
        let base = base_of_first(&image.segments, &image.batches);
        let batches = sound_prefix(&image.batches, base, clean);
        let segments = sound_segments(&image.segments, base, &batches);
        let producers = ProducerStates::recovered(&segments, &batches);
        let start = checkpoints.log_start.max(base);
        let mut log = Self {
            partition,
            batches,
            segments,
            active_bytes: 0,
            start,
            epochs: EpochCache::default(),
            producers,
            high_watermark: start,
            cleaned_to: Offset::ZERO,
        };

        let lost = image.batches.len() - log.batches.len();
        if lost > 0 {
            out.disk(DiskOp::Truncate {
                log: partition,
                to: log.end(),
            });
        }
        if log.end() < start {
            log.start_anew(start, out);
        }
        log.active_bytes = log.active().iter().map(Batch::size).sum();
        log.epochs = recovered_epochs(image, &log, clean);
        log.set_high_watermark(checkpoints.high_watermark);
        if log.epochs.entries() != image.epochs {
            log.write_epochs(out);
        }
        out.note(Note::LogRecovered {
            partition,
            end: log.end(),
            high_watermark: log.high_watermark,
            lost_batches: u32::try_from(lost).expect("a log holds fewer than 2^32 batches"),
        });
        log
    }
}

/// The batches before the first that is torn, rotten or out of order: a cleaner may have left gaps. After a clean shutdown nobody looks for rot: whoever reads the
/// batch will.
fn sound_prefix(found: &[Batch], base: Offset, clean: bool) -> Vec<Batch> {
    let mut end = base;
    let is_sound = |batch: &&Batch| {
        let sound = batch.base_offset >= end && (clean || batch.verify().is_ok());
        end = batch.next_offset();
        sound
    };
    found.iter().take_while(is_sound).cloned().collect()
}

/// The segments that begin before the sound part ends; the first is there even if nothing in it is sound.
fn sound_segments(found: &[Segment], base: Offset, batches: &[Batch]) -> Vec<Segment> {
    let end = batches.last().map_or(base, Batch::next_offset);
    found.iter().filter(|segment| segment.base <= end).cloned().collect()
}

/// The checkpoint may name epochs whose batches were lost. It lacks none, as it is forced before the first batch of an epoch is
/// written; but if it does (it was lost itself), a scan of the batches brings it up to date.
fn recovered_epochs(image: &LogImage, log: &Log, clean: bool) -> EpochCache {
    let mut epochs = EpochCache::from_checkpoint(&image.epochs);
    if !clean {
        for batch in &log.batches {
            let latest = epochs.latest().map_or(LeaderEpoch::NONE, |latest| latest.epoch);
            if batch.leader_epoch > latest {
                epochs.assign(batch.leader_epoch, batch.base_offset);
            }
        }
    }
    epochs.truncate_from_end(log.end());
    epochs.truncate_from_start(log.start);
    epochs
}
