//! One replica's log: batches, the leader-epoch cache, producers' states, and the high watermark.
//!
//! Whatever changes the log also writes it down: every mutation leaves its [`DiskOp`]s in the outbox. The high watermark is the exception:
//! its checkpoint is one file for all logs, written by the broker from time to time.

mod compact;
#[cfg(test)]
mod compaction;
mod epochs;
mod head;
mod producers;
mod recover;
mod retention;
mod truncate;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod replica;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use core::ops::Range;

pub use epochs::EpochCache;
pub use producers::{ProducerEntry, ProducerStates};
pub use recover::Checkpoints;

use crate::disk::{DiskOp, Segment};
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, ProducerId, Timestamp, TopicPartition};
use crate::machine::Outbox;
use crate::message::EpochEndOffset;
use crate::note::Note;
use crate::record::Batch;

/// A log as its replica knows it: batches from the first segment's name on, without gaps unless a cleaner has left some, and what follows
/// from them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log {
    partition: TopicPartition,
    batches: Vec<Batch>,
    /// All but the one that every log begins with, at offset 0: until that is full, or deleted, there is nothing here.
    segments: Vec<Segment>,
    /// How large the last segment is.
    active_bytes: usize,
    /// Nothing below it is read. It may lie within the first segment, and within a batch.
    start: Offset,
    epochs: EpochCache,
    producers: ProducerStates,
    high_watermark: Offset,
    /// Up to where it was cleaned, as far as is known since the start of the broker.
    cleaned_to: Offset,
}

impl Log {
    /// Creates an empty log, on disk too.
    pub fn create(partition: TopicPartition, out: &mut Outbox) -> Self {
        out.disk(DiskOp::CreateLog(partition));
        Self {
            partition,
            batches: Vec::new(),
            segments: Vec::new(),
            active_bytes: 0,
            start: Offset::ZERO,
            epochs: EpochCache::default(),
            producers: ProducerStates::default(),
            high_watermark: Offset::ZERO,
            cleaned_to: Offset::ZERO,
        }
    }

    /// Whose log this is.
    pub fn partition(&self) -> TopicPartition {
        self.partition
    }

    /// The first offset that can be read.
    pub fn start(&self) -> Offset {
        self.start
    }

    /// The offset after the last record (LEO).
    pub fn end(&self) -> Offset {
        self.batches
            .last()
            .map_or_else(|| base_of_last(&self.segments), Batch::next_offset)
    }

    /// Below it everything is committed, as far as this replica knows.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// Moves the high watermark, which may also fall, kept between the log's start and end; says whether it changed.
    pub fn set_high_watermark(&mut self, to: Offset) -> bool {
        let to = to.clamp(self.start(), self.end());
        let changed = to != self.high_watermark;
        self.high_watermark = to;
        changed
    }

    /// The epoch of the last entry of the epoch cache.
    pub fn last_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.latest().map(|latest| latest.epoch)
    }

    /// Records that an epoch starts at the log's end, even without data (KAFKA-7415).
    pub fn begin_epoch(&mut self, epoch: LeaderEpoch, out: &mut Outbox) {
        if self.epochs.assign(epoch, self.end()) {
            self.write_epochs(out);
        }
    }

    /// Where an epoch ended: the largest known epoch that is not beyond it, and the start of the next (for the last epoch, the log's
    /// end). An epoch before every known one ended where the first of those starts. (-1, -1) if the epoch is beyond every known one.
    pub fn end_of_epoch(&self, epoch: LeaderEpoch) -> EpochEndOffset {
        self.epochs.end_offset_for(epoch, self.end())
    }

    /// The epoch in which the record at this offset was appended; for the log's end, the last epoch.
    pub fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.epochs.epoch_for(offset)
    }

    /// What is remembered of an idempotent producer.
    pub fn producer(&self, id: ProducerId) -> Option<&ProducerEntry> {
        self.producers.get(id)
    }

    /// Forgets producers that have been idle for so long on this wall clock. Notes [`Note::ProducersExpired`] if there are any.
    pub fn forget_idle_producers(&mut self, now: Timestamp, expiration_ms: i64, out: &mut Outbox) {
        let producers = self.producers.expire(now, expiration_ms);
        if !producers.is_empty() {
            out.note(Note::ProducersExpired {
                partition: self.partition,
                producers,
                expiration_ms,
            });
        }
    }

    /// Appends as the leader of `epoch`, assigning offsets; returns the batch as appended. Sequence checks are the caller's.
    pub fn append_as_leader(&mut self, batch: &Batch, epoch: LeaderEpoch, out: &mut Outbox) -> Batch {
        let batch = batch.at(self.end(), epoch);
        self.append(batch.clone(), out);
        batch
    }

    /// Appends what a leader sent, offsets and epoch included. Errors: `CorruptMessage` if the CRC does not match or there is no epoch;
    /// `OffsetOutOfRange` if it starts before the log's end; behind it the leader's log may have a gap, which a cleaner has left. A log with nothing to read may take a batch that starts earlier: the
    /// leader's log starts within it.
    pub fn append_as_follower(&mut self, batch: &Batch, out: &mut Outbox) -> Result<(), ErrorCode> {
        if batch.verify().is_err() || batch.leader_epoch <= LeaderEpoch::NONE {
            return Err(ErrorCode::CorruptMessage);
        }
        let is_divided_by_start = batch.base_offset < self.end() && self.end() <= batch.last_offset();
        if is_divided_by_start && self.start == self.end() {
            self.start_anew_within(batch.base_offset, out);
        } else if batch.base_offset < self.end() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        self.append(batch.clone(), out);
        Ok(())
    }

    /// Whole batches from the one containing `from`, ending below `limit`, up to `max_bytes`; the first always, if `first_always`.
    pub fn read(&self, from: Offset, limit: Offset, max_bytes: usize, first_always: bool) -> Vec<Batch> {
        let available = &self.batches[self.whole_batches(from, limit)];
        let mut bytes = 0;
        let fits = |batch: &&Batch| {
            let is_first = bytes == 0;
            bytes += batch.size();
            bytes <= max_bytes || is_first && first_always
        };
        let count = available.iter().take_while(fits).count();
        available[..count].to_vec()
    }

    /// How many bytes a read between these offsets would return.
    pub fn bytes_between(&self, from: Offset, limit: Offset) -> usize {
        self.batches[self.whole_batches(from, limit)]
            .iter()
            .map(Batch::size)
            .sum()
    }

    /// Everything that there is, oldest first: the first batches may lie before the log's start.
    pub fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// At which offset each leader's term starts.
    pub fn epochs(&self) -> &EpochCache {
        &self.epochs
    }

    /// The epoch goes to disk before the first batch that it is stamped on, so that the checkpoint never lacks an epoch.
    fn append(&mut self, batch: Batch, out: &mut Outbox) {
        if self.epochs.assign(batch.leader_epoch, batch.base_offset) {
            self.write_epochs(out);
        }
        self.producers.appended(&batch);
        self.active_bytes += batch.size();
        self.batches.push(batch.clone());
        out.disk(DiskOp::Append {
            log: self.partition,
            batch,
        });
    }

    /// The segments that have begun after offset 0, oldest first.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    fn write_epochs(&self, out: &mut Outbox) {
        out.disk(DiskOp::WriteEpochs {
            log: self.partition,
            entries: self.epochs.entries().to_vec(),
        });
    }

    /// Which batches hold offsets from `from` on and none from `limit` on. Batches are appended and committed as wholes, so `limit` does
    /// not divide one.
    fn whole_batches(&self, from: Offset, limit: Offset) -> Range<usize> {
        let first = self.batches.partition_point(|batch| batch.last_offset() < from);
        let after_last = self.batches.partition_point(|batch| batch.next_offset() <= limit);
        first..after_last.max(first)
    }
}

/// Where the last segment begins.
fn base_of_last(segments: &[Segment]) -> Offset {
    segments.last().map_or(Offset::ZERO, |segment| segment.base)
}

/// Where the first segment begins. One that has begun at offset 0 is not in the list, but its batches are there.
pub(crate) fn base_of_first(segments: &[Segment], batches: &[Batch]) -> Offset {
    match (segments.first(), batches.first()) {
        (None, _) => Offset::ZERO,
        (Some(segment), Some(batch)) if batch.base_offset < segment.base => Offset::ZERO,
        (Some(segment), Some(_) | None) => segment.base,
    }
}
