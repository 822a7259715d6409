//! Opening a log after a start: what is broken is cut off, the epoch cache and the producers' states are rebuilt.

use alloc::vec::Vec;

use super::{EpochCache, Log, ProducerStates};
use crate::disk::{DiskOp, LogImage};
use crate::ids::{LeaderEpoch, Offset, TopicPartition};
use crate::machine::Outbox;
use crate::note::Note;
use crate::record::Batch;

impl Log {
    /// Opens a log found on disk. After an unclean shutdown every batch's CRC is checked and the log is cut at the first that fails (on
    /// disk too); after a clean one it is trusted. The high watermark starts at the checkpoint, capped at the log's end. Notes
    /// [`Note::LogRecovered`].
    pub fn recover(
        partition: TopicPartition,
        image: &LogImage,
        clean: bool,
        checkpoint: Offset,
        out: &mut Outbox,
    ) -> Self {
        let batches = sound_prefix(&image.batches, clean);
        let epochs = recovered_epochs(image, &batches, clean);
        let producers = ProducerStates::of(&batches);
        let mut log = Self {
            partition,
            batches,
            epochs,
            producers,
            high_watermark: Offset::ZERO,
        };
        log.set_high_watermark(checkpoint);

        let lost = image.batches.len() - log.batches.len();
        if lost > 0 {
            out.disk(DiskOp::Truncate {
                log: partition,
                to: log.end(),
            });
        }
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

/// The batches before the first that is torn, rotten or out of place. After a clean shutdown nobody looks for rot: whoever reads the
/// batch will.
fn sound_prefix(found: &[Batch], clean: bool) -> Vec<Batch> {
    let mut end = Offset::ZERO;
    let is_sound = |batch: &&Batch| {
        let sound = batch.base_offset == end && (clean || batch.verify().is_ok());
        end = batch.next_offset();
        sound
    };
    found.iter().take_while(is_sound).cloned().collect()
}

/// The checkpoint may name epochs whose batches were lost. It lacks none, as it is forced before the first batch of an epoch is
/// written; but if it does (it was lost itself), a scan of the batches brings it up to date.
fn recovered_epochs(image: &LogImage, batches: &[Batch], clean: bool) -> EpochCache {
    let mut epochs = EpochCache::from_checkpoint(&image.epochs);
    if !clean {
        for batch in batches {
            let latest = epochs.latest().map_or(LeaderEpoch::NONE, |latest| latest.epoch);
            if batch.leader_epoch > latest {
                epochs.assign(batch.leader_epoch, batch.base_offset);
            }
        }
    }
    epochs.truncate_from_end(batches.last().map_or(Offset::ZERO, Batch::next_offset));
    epochs
}
