//! Compaction: a cleaner leaves the last record of each key (Kafka's `LogCleaner` and `Cleaner`).
//!
//! Offsets stay as they are, so that gaps are left between batches and within them. Deletions of keys stay for `delete.retention.ms`, counted
//! from the first cleaning that found them to be the last of their key (KIP-534), so that whoever reads the log learns of them. Segments that
//! are emptied are joined with their neighbours; Kafka joins small ones, too.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use bytes::Bytes;

use super::{Log, base_of_first, base_of_last};
use crate::config::TopicConfig;
use crate::disk::{DiskOp, Segment};
use crate::ids::{Offset, Timestamp};
use crate::machine::Outbox;
use crate::note::Note;
use crate::record::{Batch, Record};
use crate::rules::{Cleanable, EmptiedBatch, KeptDeletion, Rules};

/// One round of cleaning.
struct Round<'a> {
    /// Where the last record of each key is, of the part that was dirty.
    latest: BTreeMap<Bytes, Offset>,
    end: Offset,
    now: Timestamp,
    config: &'a TopicConfig,
    rules: &'a Rules,
}

/// The records that a round takes away.
#[derive(Default)]
struct Removed {
    offsets: Vec<Offset>,
    deletions: usize,
}

impl Log {
    /// Cleans whole segments below the high watermark, if enough of them is dirty. Nothing happens to a log in which something has rotted, as
    /// Kafka's cleaner gives such a log up. Notes [`Note::Compacted`].
    pub fn compact(&mut self, config: &TopicConfig, now: Timestamp, rules: &Rules, out: &mut Outbox) {
        let dirty_from = self.cleaned_to.max(self.start);
        let end = self.cleanable_end(config, dirty_from, now, rules);
        let cleanable = self.batches.partition_point(|batch| batch.base_offset < end);
        let first_dirty = self.batches.partition_point(|batch| batch.base_offset < dirty_from);
        let bytes = |batches: &[Batch]| batches.iter().map(Batch::size).sum::<usize>() as u64;
        let dirty = self.batches.get(first_dirty..cleanable).map_or(0, bytes);
        if dirty * 1000 <= config.min_cleanable_dirty_ratio * bytes(&self.batches[..cleanable]) {
            return;
        }
        let (Some(all), Some(latest)) = (
            records_of_each(&self.batches[..cleanable]),
            latest_of_each_key(&self.batches[first_dirty..cleanable]),
        ) else {
            return;
        };
        let round = Round {
            latest,
            end,
            now,
            config,
            rules,
        };
        let mut removed = Removed::default();
        let mut cleaned = Vec::new();
        for (batch, records) in self.batches[..cleanable].iter().zip(all) {
            cleaned.extend(round.clean(self, batch, records, &mut removed));
        }
        self.cleaned_to = end;
        if cleaned[..] != self.batches[..cleanable] {
            let begins_at = base_of_first(&self.segments, &self.batches);
            self.batches.splice(..cleanable, cleaned.iter().cloned());
            self.segments = self.joined_segments(begins_at, end);
            out.disk(DiskOp::Compact {
                log: self.partition,
                to: end,
                batches: cleaned,
                segments: self.segments.clone(),
            });
        }
        out.note(Note::Compacted {
            partition: self.partition,
            to: end,
            removed: removed.offsets,
            deletions: removed.deletions,
            now,
        });
    }

    /// Where the first segment begins that must stay as it is.
    fn cleanable_end(&self, config: &TopicConfig, dirty_from: Offset, now: Timestamp, rules: &Rules) -> Offset {
        let limit = (rules.cleanable_end)(&Cleanable {
            high_watermark: self.high_watermark,
            active_base: base_of_last(&self.segments),
        });
        let mut end = Offset::ZERO;
        for segment in self.each_segment() {
            let batches = &self.batches[segment.batches];
            let is_young = |batch: &Batch| now.0 - batch.max_timestamp().0 < config.min_compaction_lag_ms;
            match segment.next.filter(|next| *next <= limit) {
                Some(next) if next <= dirty_from || !batches.iter().any(is_young) => end = next,
                Some(_) | None => break,
            }
        }
        end
    }

    /// The segments without those that have nothing left, so that the log begins where it did.
    fn joined_segments(&self, begins_at: Offset, end: Offset) -> Vec<Segment> {
        let first = self.batches.first().map_or(end, |batch| batch.base_offset);
        // The segment that every log begins with has no entry: whatever is left first belongs to it.
        let first_has_entry = self.segments.first().is_some_and(|segment| segment.base == begins_at);
        let keeps = |(index, segment): &(usize, &Segment)| {
            let next = self.segments.get(index + 1).map_or(self.end(), |next| next.base);
            let at = self.batches.partition_point(|batch| batch.base_offset < segment.base);
            let has_batches = self.batches.get(at).is_some_and(|batch| batch.base_offset < next);
            let is_first = if first_has_entry {
                *index == 0
            } else {
                segment.base <= first
            };
            segment.base >= end || if is_first { first_has_entry } else { has_batches }
        };
        let kept = self.segments.iter().enumerate().filter(keeps);
        kept.map(|(_, segment)| segment.clone()).collect()
    }
}

impl Round<'_> {
    /// What is left of a batch; nothing, if it goes.
    fn clean(&self, log: &Log, batch: &Batch, records: Vec<Record>, removed: &mut Removed) -> Option<Batch> {
        if batch.is_control() {
            return Some(batch.clone());
        }
        let horizon = batch.delete_horizon();
        let count = records.len();
        let retained: Vec<_> = records
            .into_iter()
            .filter(|record| self.retains(record, horizon, removed))
            .collect();
        let left = retained.len();
        if left == 0 {
            let producer = log.producer(batch.producer_id());
            let emptied = EmptiedBatch {
                is_last_of_producer: producer.is_some_and(|entry| entry.last_offset() == Some(batch.last_offset())),
                ends_round: batch.next_offset() == self.end,
            };
            return (self.rules.keeps_emptied)(&emptied).then(|| batch.cleaned(&[], None));
        }
        let has_tombstones = retained.iter().any(|record| record.value.is_none());
        let set_horizon = has_tombstones && horizon.is_none();
        if left == count && !set_horizon {
            return Some(batch.clone());
        }
        let horizon = if set_horizon {
            Some(Timestamp(self.now.0 + self.config.delete_retention_ms))
        } else {
            horizon
        };
        Some(batch.cleaned(&retained, horizon))
    }

    fn retains(&self, record: &Record, horizon: Option<Timestamp>, removed: &mut Removed) -> bool {
        let latest = record.key.as_ref().map(|key| self.latest.get(key));
        let is_latest = latest.is_some_and(|latest| latest.is_none_or(|latest| record.offset >= *latest));
        let deletion = KeptDeletion { horizon, now: self.now };
        let is_over = record.value.is_none() && (self.rules.forgets_deletion)(&deletion);
        let stays = is_latest && !is_over;
        if !stays {
            removed.offsets.push(record.offset);
            removed.deletions += usize::from(is_latest);
        }
        stays
    }
}

/// The records of each batch, if all can be read.
fn records_of_each(batches: &[Batch]) -> Option<Vec<Vec<Record>>> {
    let each = batches.iter().map(|batch| {
        batch.verify().ok()?;
        batch.records().ok()
    });
    each.collect()
}

fn latest_of_each_key(batches: &[Batch]) -> Option<BTreeMap<Bytes, Offset>> {
    let mut latest = BTreeMap::new();
    for batch in batches.iter().filter(|batch| !batch.is_control()) {
        for record in batch.records().ok()? {
            if let Some(key) = record.key {
                latest.insert(key, record.offset);
            }
        }
    }
    Some(latest)
}
