//! One replica's log: batches, the leader-epoch cache, producers' states, and the high watermark.
//!
//! Whatever changes the log also writes it down: every mutation leaves its [`DiskOp`](crate::disk::DiskOp)s in the outbox.

mod epochs;
mod producers;
mod recover;

use alloc::vec::Vec;

pub use epochs::EpochCache;
pub use producers::{ProducerEntry, ProducerStates};

use crate::disk::LogImage;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, ProducerId, TopicPartition};
use crate::machine::Outbox;
use crate::message::EpochEndOffset;
use crate::record::Batch;

/// A log as its replica knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log {
    partition: TopicPartition,
    batches: Vec<Batch>,
    epochs: EpochCache,
    producers: ProducerStates,
    high_watermark: Offset,
}

impl Log {
    /// Creates an empty log, on disk too.
    pub fn create(partition: TopicPartition, out: &mut Outbox) -> Self { todo!() }
    /// Opens a log found on disk. After an unclean shutdown every batch's CRC is checked and the log is cut at the first that fails (on
    /// disk too); after a clean one it is trusted. The high watermark starts at the checkpoint, capped at the log's end. Notes
    /// [`Note::LogRecovered`](crate::note::Note::LogRecovered).
    pub fn recover(partition: TopicPartition, image: &LogImage, clean: bool, checkpoint: Offset, out: &mut Outbox) -> Self { todo!() }
    pub fn partition(&self) -> TopicPartition { todo!() }
    /// The first offset.
    pub fn start(&self) -> Offset { todo!() }
    /// The offset after the last record (LEO).
    pub fn end(&self) -> Offset { todo!() }
    /// Below it everything is committed, as far as this replica knows.
    pub fn high_watermark(&self) -> Offset { todo!() }
    /// Moves the high watermark, capped at the log's end; says whether it changed.
    pub fn set_high_watermark(&mut self, to: Offset) -> bool { todo!() }
    /// The epoch of the last entry of the epoch cache.
    pub fn last_epoch(&self) -> Option<LeaderEpoch> { todo!() }
    /// Records that an epoch starts at the log's end, even without data (KAFKA-7415).
    pub fn begin_epoch(&mut self, epoch: LeaderEpoch, out: &mut Outbox) { todo!() }
    /// Where an epoch ended: KAFKA.md §3 "EndOffset(e)"; (-1, -1) if undefined.
    pub fn end_of_epoch(&self, epoch: LeaderEpoch) -> EpochEndOffset { todo!() }
    /// The epoch in which the record at this offset was appended.
    pub fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> { todo!() }
    /// What is remembered of an idempotent producer.
    pub fn producer(&self, id: ProducerId) -> Option<&ProducerEntry> { todo!() }
    /// Appends as the leader of `epoch`, assigning offsets; returns the batch as appended. Sequence checks are the caller's.
    pub fn append_as_leader(&mut self, batch: &Batch, epoch: LeaderEpoch, out: &mut Outbox) -> Batch { todo!() }
    /// Appends what a leader sent, offsets and epoch included. Errors: `CorruptMessage`; `OffsetOutOfRange` if it does not start at the log's end.
    pub fn append_as_follower(&mut self, batch: &Batch, out: &mut Outbox) -> Result<(), ErrorCode> { todo!() }
    /// Removes everything at and beyond `to` (a batch that straddles it goes as a whole); epochs, producers and high watermark follow. Notes
    /// `Truncated` if anything went.
    pub fn truncate(&mut self, to: Offset, out: &mut Outbox) { todo!() }
    /// Whole batches from the one containing `from`, ending below `limit`, up to `max_bytes`; the first always, if `first_always`.
    pub fn read(&self, from: Offset, limit: Offset, max_bytes: usize, first_always: bool) -> Vec<Batch> { todo!() }
    /// How many bytes a read between these offsets would return.
    pub fn bytes_between(&self, from: Offset, limit: Offset) -> usize { todo!() }
    /// Everything, oldest first.
    pub fn batches(&self) -> &[Batch] { &self.batches }
    pub fn epochs(&self) -> &EpochCache { &self.epochs }
}
