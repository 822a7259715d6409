//! What a partition has committed: every batch that a leader has ever exposed below its high watermark.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use kafkasim_core::ids::{LeaderEpoch, Offset, Sequence, Timestamp};
use kafkasim_core::record::{Batch, Record};

use super::cleaning::Cleaning;

/// The committed log of one partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Committed {
    batches: Vec<Arc<CommittedBatch>>,
    /// What lies before it was given up: nobody need have it, though some may.
    deleted: Offset,
    /// What some replica may have cleaned away, once one has.
    cleaning: Option<Cleaning>,
}

impl Default for Committed {
    fn default() -> Self {
        Self {
            batches: Vec::new(),
            deleted: Offset::ZERO,
            cleaning: None,
        }
    }
}

/// One committed batch: its identity, and its values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CommittedBatch {
    pub(crate) base: Offset,
    pub(crate) next: Offset,
    batch: Batch,
    /// By offset; records without a value, and markers, are left out.
    pub(crate) values: Vec<(Offset, Bytes)>,
}

impl CommittedBatch {
    fn new(batch: &Batch) -> Self {
        // Rot that the leader has not noticed leaves nothing to be read.
        let records = if batch.is_control() {
            Vec::new()
        } else {
            batch.records().unwrap_or_default()
        };
        let values = records
            .into_iter()
            .filter_map(|record| record.value.map(|value| (record.offset, value)));
        Self {
            base: batch.base_offset,
            next: batch.next_offset(),
            batch: batch.clone(),
            values: values.collect(),
        }
    }

    /// The batch itself.
    pub(crate) const fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Whether this is the batch, whole.
    fn is(&self, batch: &Batch) -> bool {
        self.has_place_of(batch) && self.batch.digest() == batch.digest() && batch.verify().is_ok()
    }

    /// Whether this is the batch, or was before it rotted: nobody is handed anything else in its place.
    fn is_or_was(&self, batch: &Batch) -> bool {
        self.is(batch) || (self.has_place_of(batch) && batch.verify().is_err())
    }

    fn has_place_of(&self, batch: &Batch) -> bool {
        self.base == batch.base_offset && self.batch.leader_epoch == batch.leader_epoch
    }
}

impl Committed {
    /// The offset after the last committed record.
    pub(crate) fn end(&self) -> Offset {
        self.batches.last().map_or(Offset::ZERO, |batch| batch.next)
    }

    /// Every batch, oldest first.
    pub(crate) fn batches(&self) -> &[Arc<CommittedBatch>] {
        &self.batches
    }

    /// Everything before it was given up.
    pub(crate) const fn deleted(&self) -> Offset {
        self.deleted
    }

    /// Whether this was committed there, and then given up or cleaned away.
    pub(crate) fn has_let_go(&self, offset: Offset, value: &Bytes) -> bool {
        self.value_at(offset) == Some(value) && (offset < self.deleted || self.may_lack(offset))
    }

    /// Whether a cleaner may have taken what is at an offset.
    fn may_lack(&self, offset: Offset) -> bool {
        let Some(cleaning) = &self.cleaning else { return false };
        let batch = self.batches.get(self.index_of(offset));
        let records = batch.and_then(|batch| batch.batch.records().ok()).unwrap_or_default();
        let record = records.iter().find(|record| record.offset == offset);
        record.is_some_and(|record| cleaning.may_have_taken(record))
    }

    /// A replica has cleaned its log up to here.
    pub(crate) fn clean(&mut self, to: Offset, now: Timestamp, delete_retention_ms: i64) {
        let batches = || self.batches.iter().map(|batch| &batch.batch);
        let cleaning = self.cleaning.get_or_insert_with(|| Cleaning::of(batches()));
        let cleaned = batches().take_while(|batch| batch.base_offset < to);
        cleaning.cleaned(cleaned, to, now, delete_retention_ms);
    }

    /// How many bytes are left from an offset on in a log that may have lost its beginning.
    pub(crate) fn bytes_from(&self, offset: Offset, log: &[Batch]) -> usize {
        let committed = self.batches[self.index_of(offset)..]
            .iter()
            .map(|batch| batch.batch.size());
        let rest = log.iter().filter(|batch| batch.base_offset >= self.end());
        committed.chain(rest.map(Batch::size)).sum()
    }

    /// Whether everything before this offset that was not given up yet is older than `retention_ms`.
    pub(crate) fn has_expired(&self, before: Offset, now: Timestamp, retention_ms: i64) -> bool {
        let mut going = self.batches[self.index_of(self.deleted)..]
            .iter()
            .take_while(|batch| batch.base < before);
        retention_ms >= 0 && going.all(|batch| now.0 - batch.batch.max_timestamp().0 > retention_ms)
    }

    /// Everything before this offset is given up.
    pub(crate) fn delete(&mut self, before: Offset) {
        self.deleted = self.deleted.max(before);
    }

    /// The first offset in a range at which a log does not have what was committed and not given up since.
    pub(crate) fn first_missing(&self, log: &[Batch], range: Range<Offset>) -> Option<Offset> {
        self.first_unlike(log, range, CommittedBatch::is)
    }

    /// The same, but what has rotted unnoticed is not missing: it cannot be read, but it is not taken for anything else either.
    pub(crate) fn first_contradicted(&self, log: &[Batch], range: Range<Offset>) -> Option<Offset> {
        self.first_unlike(log, range, CommittedBatch::is_or_was)
    }

    fn first_unlike(
        &self,
        log: &[Batch],
        range: Range<Offset>,
        is: impl Fn(&CommittedBatch, &Batch) -> bool,
    ) -> Option<Offset> {
        let range = range.start.max(self.deleted)..range.end;
        if range.is_empty() {
            return None;
        }
        let from = self.index_of(range.start);
        let to = self.batches.partition_point(|batch| batch.base < range.end);
        let expected = self.batches.get(from..to)?;
        let first = expected.first()?;
        let start = log.partition_point(|batch| batch.base_offset < first.base);
        let mut found = log[start..].iter().peekable();
        let cleaning = self.cleaning.as_ref();
        let mut is_there = |batch: &CommittedBatch| match found.next_if(|found| found.base_offset <= batch.base) {
            Some(found) => is(batch, found) || cleaning.is_some_and(|cleaning| cleaning.explains(&batch.batch, found)),
            // The last batch stays, if only for its offset.
            None if batch.next == self.end() => false,
            None => cleaning.is_some_and(|cleaning| cleaning.may_have_emptied(&batch.batch)),
        };
        expected.iter().find(|batch| !is_there(batch)).map(|batch| batch.base)
    }

    /// A leader exposes everything below `to`: what is new is committed, and `whole` in place of what has rotted unnoticed. Returns which batches
    /// are new.
    pub(crate) fn extend(
        &mut self,
        log: &[Batch],
        to: Offset,
        whole: impl Fn(&Batch) -> Option<Batch>,
    ) -> Range<usize> {
        let known = self.batches.len();
        let end = self.end();
        let start = log.partition_point(|batch| batch.base_offset < end);
        let exposed = log[start..].iter().take_while(|batch| batch.next_offset() <= to);
        self.batches.extend(exposed.map(|batch| {
            let whole = batch.verify().err().and_then(|_| whole(batch));
            Arc::new(CommittedBatch::new(whole.as_ref().unwrap_or(batch)))
        }));
        if let Some(cleaning) = &mut self.cleaning {
            let new = &self.batches[known..];
            new.iter().for_each(|batch| cleaning.committed(&batch.batch));
        }
        known..self.batches.len()
    }

    /// Forgets everything from the batch with this offset on, because this log, which holds from now on, does not have it. Returns what was
    /// forgotten.
    pub(crate) fn give_up(&mut self, from: Offset, log: &[Batch]) -> Vec<Arc<CommittedBatch>> {
        // What comes before may have been superseded by what is lost, so that the log could do without it; but it goes on where it ends.
        let end = log.last().map_or(self.deleted, Batch::next_offset);
        let index = self.index_of(from.min(end));
        let lost = self.batches.split_off(index);
        if let Some(cleaning) = &mut self.cleaning {
            let from = lost.first().map_or(from, |batch| batch.base);
            cleaning.gave_up(from, self.batches.iter().map(|batch| &batch.batch));
        }
        lost
    }

    /// The values from an offset on.
    pub(crate) fn values_from(&self, from: Offset) -> impl Iterator<Item = &(Offset, Bytes)> {
        let batches = &self.batches[self.index_of(from)..];
        batches
            .iter()
            .flat_map(|batch| &batch.values)
            .skip_while(move |(offset, _)| *offset < from)
    }

    /// Where the first value is from an offset on that no cleaner may have taken.
    pub(crate) fn first_kept_from(&self, from: Offset) -> Option<Offset> {
        let mut offsets = self.values_from(from).map(|(offset, _)| *offset);
        offsets.find(|offset| !self.may_lack(*offset))
    }

    /// The value at an offset.
    pub(crate) fn value_at(&self, offset: Offset) -> Option<&Bytes> {
        self.values_from(offset)
            .next()
            .filter(|(found, _)| *found == offset)
            .map(|(_, value)| value)
    }

    /// The first record from an offset on whose time is this or later, and which no cleaner may have taken: where it is, and its time. Rot that
    /// was committed unnoticed has none.
    pub(crate) fn first_at_or_after(&self, from: Offset, time: Timestamp) -> Option<(Offset, Timestamp)> {
        let late = self.batches[self.index_of(from)..]
            .iter()
            .filter(|batch| batch.batch.max_timestamp() >= time);
        let may_have_gone = |record: &Record| {
            let cleaning = self.cleaning.as_ref();
            cleaning.is_some_and(|cleaning| cleaning.may_have_taken(record))
        };
        late.flat_map(|batch| batch.batch.records().unwrap_or_default())
            .find(|record| record.offset >= from && record.timestamp >= time && !may_have_gone(record))
            .map(|record| (record.offset, record.timestamp))
    }

    /// The time of the record at an offset.
    pub(crate) fn time_at(&self, offset: Offset) -> Option<Timestamp> {
        let batch = self.batches.get(self.index_of(offset))?;
        let records = batch.batch.records().ok()?;
        let record = records.iter().find(|record| record.offset == offset)?;
        Some(record.timestamp)
    }

    /// The leader epoch of what is at an offset.
    pub(crate) fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.batch_at(offset).map(|batch| batch.leader_epoch)
    }

    /// Whether there was ever such a batch.
    pub(crate) fn any(&self, is_it: impl Fn(&Batch) -> bool) -> bool {
        self.batches.iter().any(|known| is_it(&known.batch))
    }

    /// The batch that begins the sequence with which what is at an offset goes on, batch after batch, if it is one with a sequence.
    pub(crate) fn first_of_sequence(&self, offset: Offset) -> Option<&Batch> {
        let index = self.index_of(offset);
        let mut first = self.batch_at(offset)?;
        for CommittedBatch { batch, .. } in self.batches[..index].iter().rev().map(|batch| &**batch) {
            if first.base_sequence() <= Sequence::ZERO {
                break;
            }
            let is_before = batch.last_sequence().advance(1) == first.base_sequence();
            if batch.producer_id() == first.producer_id() {
                first = (batch.producer_epoch() == first.producer_epoch() && is_before).then_some(batch)?;
            }
        }
        (first.base_sequence() == Sequence::ZERO).then_some(first)
    }

    /// Whether who knew the producer of a batch that begins a sequence would have refused it: something else of it comes before, under no
    /// earlier epoch.
    pub(crate) fn is_outdated(&self, first: &Batch) -> bool {
        self.any(|earlier| {
            let is_of_its_producer = earlier.producer_id() == first.producer_id();
            let is_earlier = earlier.base_offset < first.base_offset;
            is_of_its_producer && is_earlier && earlier.producer_epoch() >= first.producer_epoch()
        })
    }

    /// Whether what is at one offset is the same batch of an idempotent producer as what is at another.
    pub(crate) fn is_retry(&self, original: Offset, offset: Offset) -> bool {
        let identity = |batch: &Batch| (batch.producer_id(), batch.producer_epoch(), batch.base_sequence());
        let original = self.batch_at(original).map(identity);
        original.is_some() && original == self.batch_at(offset).map(identity)
    }

    fn batch_at(&self, offset: Offset) -> Option<&Batch> {
        let batch = self.batches.get(self.index_of(offset))?;
        (batch.base <= offset).then_some(&batch.batch)
    }

    /// The batch that holds an offset, or the number of batches.
    fn index_of(&self, offset: Offset) -> usize {
        self.batches.partition_point(|batch| batch.next <= offset)
    }
}
