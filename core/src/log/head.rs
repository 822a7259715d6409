//! Where a log begins: its start moves up when records are deleted, and a log that has nothing of its leader's begins anew.

use alloc::vec;

use super::{EpochCache, Log, ProducerStates, base_of_first};
use crate::disk::{DiskOp, Segment};
use crate::error::ErrorCode;
use crate::ids::Offset;
use crate::machine::Outbox;
use crate::note::{LogStartCause, Note};
use crate::rules::Rules;

impl Log {
    /// Moves the start up to here, if it is not there yet, and says whether it did (Kafka's `maybeIncrementLogStartOffset`). What lies
    /// before stays on disk until its segment is deleted. `OffsetOutOfRange` beyond the high watermark. Notes [`Note::LogStart`].
    pub fn advance_start(
        &mut self,
        to: Offset,
        cause: LogStartCause,
        rules: &Rules,
        out: &mut Outbox,
    ) -> Result<bool, ErrorCode> {
        if to > self.high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if to <= self.start {
            return Ok(false);
        }
        self.start = to;
        if self.epochs.truncate_from_start(to) {
            self.write_epochs(out);
        }
        self.producers
            .forget(|entry| (rules.forgets_producer)(&entry.outliving(to)));
        out.note(Note::LogStart {
            partition: self.partition,
            to,
            cause,
        });
        Ok(true)
    }

    /// Begins anew at the start of the leader's log, which lies beyond the end of this one (Kafka's `truncateFullyAndStartAt`). Nothing is
    /// left of producers either. Notes [`Note::LogStartedAnew`].
    pub fn start_anew(&mut self, at: Offset, out: &mut Outbox) {
        self.clear(at, out);
        self.start = at;
        self.high_watermark = at;
        out.note(Note::LogStartedAnew {
            partition: self.partition,
            at,
        });
    }

    /// Begins anew before the start, which stays: it lies within the batch that is to come.
    pub(super) fn start_anew_within(&mut self, base: Offset, out: &mut Outbox) {
        self.clear(base, out);
    }

    /// What `log-start-offset-checkpoint` has to say: nothing, if the first segment's name says it.
    pub fn start_to_be_written(&self) -> Option<Offset> {
        (self.start > base_of_first(&self.segments, &self.batches)).then_some(self.start)
    }

    fn clear(&mut self, at: Offset, out: &mut Outbox) {
        self.batches.clear();
        self.cleaned_to = Offset::ZERO;
        self.active_bytes = 0;
        self.segments = vec![Segment {
            base: at,
            producers: ProducerStates::default(),
        }];
        self.producers = ProducerStates::default();
        out.disk(DiskOp::StartAnew {
            log: self.partition,
            at,
        });
        if self.epochs != EpochCache::default() {
            self.epochs = EpochCache::default();
            self.write_epochs(out);
        }
    }
}
