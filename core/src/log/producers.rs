//! What a replica remembers of each idempotent producer: its epoch and its last five batches (KIP-98).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::disk::Segment;
use crate::ids::{Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use crate::record::Batch;
use crate::rules::KnownProducer;

/// How many batches of a producer can be recognised when they come again: as many as it may have in flight.
const REMEMBERED: usize = 5;

/// All producers known to one log: those that a snapshot knows, and those that reading the log from there would give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProducerStates {
    entries: BTreeMap<ProducerId, ProducerEntry>,
}

impl ProducerStates {
    /// What a log that holds these segments and batches knows: the snapshot of the last segment, and what came after it.
    pub(super) fn recovered(segments: &[Segment], batches: &[Batch]) -> Self {
        let last = segments.last();
        let mut states = last.map_or_else(Self::default, |segment| segment.producers.clone());
        let from = last.map_or(Offset::ZERO, |segment| segment.base);
        let first = batches.partition_point(|batch| batch.base_offset < from);
        for batch in &batches[first..] {
            states.appended(batch);
        }
        states
    }

    /// Forgets some producers.
    pub(super) fn forget(&mut self, is_forgotten: impl Fn(&ProducerEntry) -> bool) {
        self.entries.retain(|_, entry| !is_forgotten(entry));
    }

    /// Forgets producers whose last batch is so old on this wall clock, and says which (`ProducerStateManager.removeExpiredProducers`). What
    /// counts is the time that the producer itself has put on it.
    pub(super) fn expire(&mut self, now: Timestamp, expiration_ms: i64) -> Vec<ProducerId> {
        let is_idle = |entry: &ProducerEntry| now.0 - entry.last_timestamp.0 >= expiration_ms;
        let idle = self.entries.iter().filter(|(_, entry)| is_idle(entry));
        let idle: Vec<_> = idle.map(|(id, _)| *id).collect();
        self.forget(is_idle);
        idle
    }

    /// What is known of one producer.
    pub fn get(&self, id: ProducerId) -> Option<&ProducerEntry> {
        self.entries.get(&id)
    }

    /// Takes note of a batch that entered the log.
    pub(super) fn appended(&mut self, batch: &Batch) {
        if has_producer(batch) {
            self.entries
                .entry(batch.producer_id())
                .or_insert_with(|| ProducerEntry::new(batch.producer_epoch()))
                .appended(batch);
        }
    }
}

/// Whether a batch matters to the producers' states.
pub(super) fn has_producer(batch: &Batch) -> bool {
    batch.producer_id() != ProducerId::NONE
}

/// One producer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProducerEntry {
    epoch: ProducerEpoch,
    /// Batches of this epoch, newest first.
    batches: [Option<SequencedRange>; REMEMBERED],
    /// The latest of the times in its last batch.
    last_timestamp: Timestamp,
}

/// One batch of a producer, as far as it takes to recognise it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct SequencedRange {
    first: Sequence,
    last: Sequence,
    base_offset: Offset,
}

impl ProducerEntry {
    fn new(epoch: ProducerEpoch) -> Self {
        Self {
            epoch,
            batches: [None; REMEMBERED],
            last_timestamp: Timestamp::NONE,
        }
    }

    fn appended(&mut self, batch: &Batch) {
        // A follower takes what its leader took, so that the epoch may also fall.
        if self.epoch != batch.producer_epoch() {
            *self = Self::new(batch.producer_epoch());
        }
        self.last_timestamp = batch.max_timestamp();
        // A transaction marker carries no sequences; it only makes its epoch known.
        if !batch.is_control() {
            self.batches.rotate_right(1);
            self.batches[0] = Some(SequencedRange {
                first: batch.base_sequence(),
                last: batch.last_sequence(),
                base_offset: batch.base_offset,
            });
        }
    }

    /// The offset of its last record of this epoch, if any batch is known.
    pub(super) fn last_offset(&self) -> Option<Offset> {
        let newest = self.batches[0]?;
        Some(newest.base_offset + newest.last.distance_from(newest.first))
    }

    /// What a log that starts here from now on has to decide on.
    pub(super) fn outliving(&self, log_start: Offset) -> KnownProducer {
        KnownProducer {
            last_offset: self.last_offset(),
            log_start,
        }
    }

    /// The newest epoch seen.
    pub fn epoch(&self) -> ProducerEpoch {
        self.epoch
    }

    /// The last sequence appended in that epoch, if any batch is remembered.
    pub fn last_sequence(&self) -> Option<Sequence> {
        self.batches[0].map(|newest| newest.last)
    }

    /// The base offset of the remembered batch of this epoch with exactly these sequences.
    pub fn duplicate_of(&self, epoch: ProducerEpoch, first: Sequence, last: Sequence) -> Option<Offset> {
        if epoch != self.epoch {
            return None;
        }
        let mut oldest_first = self.batches.iter().rev().flatten();
        oldest_first
            .find(|known| known.first == first && known.last == last)
            .map(|known| known.base_offset)
    }
}
