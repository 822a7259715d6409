//! What cleaners may have taken out of a compacted partition.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use kafkasim_core::ids::{Offset, Timestamp};
use kafkasim_core::record::{Batch, Record};

/// What is known of a partition that some replica has cleaned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cleaning {
    /// Where the last committed record of each key is.
    latest: BTreeMap<Bytes, Offset>,
    /// Up to where some replica has cleaned its log.
    to: Offset,
    /// From when on the deletions of keys may go that a cleaner has found, by the clock of whoever cleaned first.
    horizons: BTreeMap<Offset, Timestamp>,
    /// What else may have gone: deletions of which that time has come, and what was superseded by something that is lost now.
    expendable: BTreeSet<Offset>,
}

impl Cleaning {
    /// Nobody has cleaned yet, and this is committed.
    pub(super) fn of<'a>(committed: impl Iterator<Item = &'a Batch>) -> Self {
        let mut cleaning = Self {
            latest: BTreeMap::new(),
            to: Offset::ZERO,
            horizons: BTreeMap::new(),
            expendable: BTreeSet::new(),
        };
        committed.for_each(|batch| cleaning.committed(batch));
        cleaning
    }

    /// This is committed.
    pub(super) fn committed(&mut self, batch: &Batch) {
        for record in records(batch) {
            if let Some(key) = record.key {
                self.latest.insert(key, record.offset);
            }
        }
    }

    /// Everything from an offset on is lost, and these batches are left. What cleaners have taken because of what is lost does not come back.
    pub(super) fn gave_up<'a>(&mut self, from: Offset, left: impl Iterator<Item = &'a Batch> + Clone) {
        let taken = left
            .clone()
            .flat_map(records)
            .filter(|record| self.may_have_taken(record));
        let taken: Vec<_> = taken.map(|record| record.offset).collect();
        self.expendable.split_off(&from);
        self.expendable.extend(taken);
        self.horizons.split_off(&from);
        self.to = self.to.min(from);
        self.latest.clear();
        left.for_each(|batch| self.committed(batch));
    }

    /// A replica has cleaned its log up to here, in which these batches were committed.
    pub(super) fn cleaned<'a>(
        &mut self,
        batches: impl Iterator<Item = &'a Batch>,
        to: Offset,
        now: Timestamp,
        delete_retention_ms: i64,
    ) {
        self.to = self.to.max(to);
        let is_over = |(offset, horizon): (&Offset, &Timestamp)| (now >= *horizon).then_some(*offset);
        self.expendable.extend(self.horizons.iter().filter_map(is_over));
        let horizon = Timestamp(now.0.saturating_add(delete_retention_ms));
        let deletions = batches.flat_map(records).filter(|record| record.value.is_none());
        for deletion in deletions.filter(|deletion| deletion.offset < to) {
            let first = self.horizons.entry(deletion.offset).or_insert(horizon);
            *first = horizon.min(*first);
        }
    }

    /// Whether somebody may have cleaned this committed record away.
    pub(super) fn may_have_taken(&self, record: &Record) -> bool {
        let Some(key) = &record.key else { return false };
        let is_superseded = self.latest.get(key).is_some_and(|latest| *latest > record.offset);
        record.offset < self.to && (is_superseded || self.expendable.contains(&record.offset))
    }

    /// Whether a log may have this batch where another one was committed: as what cleaners have left of it, or because they have left nothing.
    ///
    /// A replica that begins with a cleaned log does not know where the epochs ended that it has nothing of. Once it leads, whoever has something
    /// of such an epoch beyond that is not told to truncate it, if all that was committed instead is superseded.
    pub(super) fn explains(&self, committed: &Batch, found: &Batch) -> bool {
        let is_outdated = found.leader_epoch < committed.leader_epoch;
        self.may_have_left(committed, found) || is_outdated && self.may_have_emptied(committed)
    }

    /// Whether a batch of a log is what cleaners may have left of a committed one.
    fn may_have_left(&self, committed: &Batch, found: &Batch) -> bool {
        let place = |batch: &Batch| (batch.base_offset, batch.last_offset(), batch.leader_epoch);
        let numbers = |batch: &Batch| (batch.producer_id(), batch.producer_epoch(), batch.base_sequence());
        if place(committed) != place(found) || numbers(committed) != numbers(found) || found.verify().is_err() {
            return false;
        }
        let Ok(left) = found.records() else { return false };
        let mut left = left.into_iter().peekable();
        let is_explained = |record: &Record| left.next_if_eq(record).is_some() || self.may_have_taken(record);
        records(committed).iter().all(is_explained) && left.next().is_none()
    }

    /// Whether cleaners may have left nothing of a committed batch.
    pub(super) fn may_have_emptied(&self, committed: &Batch) -> bool {
        !committed.is_control() && records(committed).iter().all(|record| self.may_have_taken(record))
    }
}

/// The records of a batch; rot that was committed unnoticed has none.
fn records(batch: &Batch) -> Vec<Record> {
    if batch.is_control() {
        return Vec::new();
    }
    batch.records().unwrap_or_default()
}
