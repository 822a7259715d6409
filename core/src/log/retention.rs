//! Segments: when another one begins, and when old ones are deleted (Kafka's `LogSegment.shouldRoll`, `UnifiedLog.deleteOldSegments`).

use alloc::vec::Vec;
use core::ops::Range;

use super::{Log, base_of_first, base_of_last};
use crate::config::TopicConfig;
use crate::disk::{DiskOp, Segment};
use crate::ids::{Offset, Timestamp};
use crate::machine::Outbox;
use crate::note::LogStartCause;
use crate::record::Batch;
use crate::rules::{AgedSegment, Rules};

/// One segment, while it is decided what becomes of it.
pub(super) struct Old {
    /// Where the next one begins, if there is one.
    pub(super) next: Option<Offset>,
    pub(super) batches: Range<usize>,
}

impl Log {
    /// Begins another segment if the last one has no room for this batch, or is too old for it. The time that counts is that of records:
    /// nobody asks a clock.
    pub fn roll_before(&mut self, batch: &Batch, config: &TopicConfig, out: &mut Outbox) {
        let room = usize::try_from(config.segment_bytes).unwrap_or(0);
        let is_full = self.active_bytes + batch.size() > room;
        let Some(first) = self.active().first() else { return };
        let is_old = batch.max_timestamp().0 - first.max_timestamp().0 > config.segment_ms;
        if is_full || is_old {
            self.roll(out);
        }
    }

    /// Deletes whole segments that lie below the high watermark, oldest first: those before the log's start, those without which
    /// `retention.bytes` are left, and those that are older than `retention.ms` on this wall clock. Says whether the log starts later.
    pub fn delete_old_segments(
        &mut self,
        config: &TopicConfig,
        now: Timestamp,
        rules: &Rules,
        out: &mut Outbox,
    ) -> bool {
        let start = self.start;
        self.delete_while(now, rules, out, |_, old| old.next.is_some_and(|next| next <= start));
        if !config.cleanup_policy.deletes() {
            return self.start > start;
        }
        let size: usize = self.batches.iter().map(Batch::size).sum();
        if let Some(mut surplus) = usize::try_from(config.retention_bytes)
            .ok()
            .and_then(|limit| size.checked_sub(limit))
        {
            self.delete_while(now, rules, out, |batches, _| {
                let rest = surplus.checked_sub(batches.iter().map(Batch::size).sum());
                surplus = rest.unwrap_or(surplus);
                rest.is_some()
            });
        }
        if config.retention_ms >= 0 {
            self.delete_while(now, rules, out, |batches, _| {
                let ages = batches.iter().map(Batch::max_timestamp);
                let segment = AgedSegment {
                    oldest: ages.clone().min().unwrap_or(Timestamp::NONE),
                    newest: ages.max().unwrap_or(Timestamp::NONE),
                    now,
                    retention_ms: config.retention_ms,
                };
                (rules.has_expired)(&segment)
            });
        }
        self.start > start
    }

    /// The batches of the last segment.
    pub(super) fn active(&self) -> &[Batch] {
        let base = base_of_last(&self.segments);
        &self.batches[self.batches.partition_point(|batch| batch.base_offset < base)..]
    }

    fn delete_while(
        &mut self,
        now: Timestamp,
        rules: &Rules,
        out: &mut Outbox,
        mut goes: impl FnMut(&[Batch], &Old) -> bool,
    ) {
        let mut kept_from = None;
        for old in self.each_segment() {
            let end = old.next.unwrap_or_else(|| self.end());
            let is_below_watermark = self.high_watermark >= end;
            if old.batches.is_empty() || !is_below_watermark || !goes(&self.batches[old.batches.clone()], &old) {
                break;
            }
            kept_from = Some(end);
        }
        let Some(to) = kept_from else { return };
        if to == self.end() && !self.active().is_empty() {
            self.roll(out);
        }
        let deleted = self.batches.partition_point(|batch| batch.base_offset < to);
        self.batches.drain(..deleted);
        self.segments.retain(|segment| segment.base >= to);
        out.disk(DiskOp::DeleteSegments {
            log: self.partition,
            to,
        });
        self.advance_start(to, LogStartCause::Retention { now }, rules, out)
            .expect("what is deleted lies below the high watermark");
    }

    fn roll(&mut self, out: &mut Outbox) {
        let segment = Segment {
            base: self.end(),
            producers: self.producers.clone(),
        };
        self.segments.push(segment.clone());
        self.active_bytes = 0;
        out.disk(DiskOp::Roll {
            log: self.partition,
            segment,
        });
    }

    pub(super) fn each_segment(&self) -> Vec<Old> {
        let first = base_of_first(&self.segments, &self.batches);
        let later = self
            .segments
            .iter()
            .map(|segment| segment.base)
            .filter(|base| *base > first);
        let mut ends: Vec<Option<Offset>> = later.map(Some).collect();
        ends.push(None);
        let mut from = 0;
        let each = ends.into_iter().map(|next| {
            let to = next.map_or(self.batches.len(), |next| {
                self.batches.partition_point(|batch| batch.base_offset < next)
            });
            let batches = from..to;
            from = to;
            Old { next, batches }
        });
        each.collect()
    }
}
