//! Cutting the end off a log that has diverged from its leader's.

use super::producers::has_producer;
use super::{Log, ProducerStates, base_of_first};
use crate::disk::DiskOp;
use crate::ids::Offset;
use crate::machine::Outbox;
use crate::note::Note;
use crate::record::Batch;

impl Log {
    /// Removes everything at and beyond `to` (a batch that straddles it goes as a whole); epochs, producers and high watermark follow.
    /// Notes [`Note::Truncated`] if anything went.
    pub fn truncate(&mut self, to: Offset, out: &mut Outbox) {
        let from = self.end();
        if to < base_of_first(&self.segments, &self.batches) {
            self.start_anew_within(to, out);
            self.note_truncated(from, out);
        }
        let kept = self.batches.partition_point(|batch| batch.next_offset() <= to);
        if kept < self.batches.len() {
            let forgets_producers = self.batches[kept..].iter().any(has_producer);
            self.batches.truncate(kept);
            self.segments.retain(|segment| segment.base <= to);
            self.active_bytes = self.active().iter().map(Batch::size).sum();
            if forgets_producers {
                self.producers = ProducerStates::recovered(&self.segments, &self.batches);
            }
            out.disk(DiskOp::Truncate {
                log: self.partition,
                to: self.end(),
            });
            self.note_truncated(from, out);
        }
        // Even where no batch goes: an epoch that this replica began as a leader but never wrote in may be unknown to everybody else.
        if self.epochs.truncate_from_end(self.end()) {
            self.write_epochs(out);
        }
        self.start = self.start.min(self.end());
        self.high_watermark = self.high_watermark.min(self.end());
        self.cleaned_to = self.cleaned_to.min(self.end());
    }

    fn note_truncated(&self, from: Offset, out: &mut Outbox) {
        out.note(Note::Truncated {
            partition: self.partition,
            from,
            to: self.end(),
        });
    }
}
