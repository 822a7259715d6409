//! What makes a producer idempotent (KIP-98): its id, and the sequences that let a broker recognise a retry.
//!
//! A sequence that a broker is waiting for may never come: its batch was given up. Then the producer begins anew, with the next epoch
//! and sequence 0 (KIP-360), once nothing of the partition is under way any more: see `recovery`.

use crate::ids::{ProducerEpoch, ProducerId, Sequence};

/// The producer id and epoch, and how far the producer is with getting them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    /// Not known, not asked for. A producer that is not idempotent stays here.
    #[default]
    Unknown,
    /// An InitProducerId is on its way.
    Asked,
    /// The last one failed.
    BackingOff,
    /// Known.
    Known(ProducerId, ProducerEpoch),
}

/// A producer id and epoch.
pub(super) type Producer = (ProducerId, ProducerEpoch);

impl Identity {
    /// The producer id and epoch, if they are known.
    pub(super) const fn known(self) -> Option<Producer> {
        match self {
            Self::Known(id, epoch) => Some((id, epoch)),
            Self::Unknown | Self::Asked | Self::BackingOff => None,
        }
    }

    /// With the next epoch; there is none after the last, and another id has to be asked for.
    pub(super) fn bumped(self) -> Self {
        match self {
            Self::Known(id, epoch) => epoch
                .0
                .checked_add(1)
                .map_or(Self::Unknown, |epoch| Self::Known(id, ProducerEpoch(epoch))),
            Self::Unknown | Self::Asked | Self::BackingOff => self,
        }
    }
}

/// The sequences of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sequences {
    /// Under which producer id and epoch they were given out; `None` before the first.
    producer: Option<Producer>,
    next: Sequence,
    last_acknowledged: Sequence,
    /// Batches were given up that may have been appended: the sequence after the last of them. Whether the broker has them shows
    /// when it answers what came after.
    unresolved: Option<Sequence>,
    /// The broker waits for a sequence that will never come: the partition begins anew.
    broken: bool,
}

impl Sequences {
    /// Nothing was sent.
    pub(super) const START: Self = Self {
        producer: None,
        next: Sequence::ZERO,
        last_acknowledged: Sequence::NONE,
        unresolved: None,
        broken: false,
    };

    /// From 0 on, under this producer id and epoch.
    pub(super) fn begin(producer: Producer) -> Self {
        Self {
            producer: Some(producer),
            ..Self::START
        }
    }

    /// Whether they count under another producer id or epoch than this one.
    pub(super) fn are_stale(&self, current: Option<Producer>) -> bool {
        self.producer.is_some() && self.producer != current
    }

    /// Whether no new batch may be given sequences: nobody knows yet which come next.
    pub(super) const fn are_in_doubt(&self) -> bool {
        self.broken || self.unresolved.is_some()
    }

    /// Whether the partition begins anew as soon as it can.
    pub(super) const fn are_broken(&self) -> bool {
        self.broken
    }

    /// The broker waits for a sequence that will never come.
    pub(super) fn break_off(&mut self) {
        self.broken = true;
    }

    /// A batch that ends with this sequence was given up, and may have been appended.
    pub(super) fn leave_unresolved(&mut self, last: Sequence) {
        let next = last.advance(1);
        self.unresolved = Some(
            self.unresolved
                .filter(|known| !self.is_before(*known, next))
                .unwrap_or(next),
        );
    }

    /// Everything is answered or given up: if what comes next is what the broker waits for, all is well (`maybeResolveSequences`).
    pub(super) fn resolve(&mut self) {
        if self.unresolved.take().is_some() {
            self.broken |= !self.is_next_in_line(self.next);
        }
    }

    /// Whether a broker that refuses this sequence as out of order waits for one that will never come, as
    /// `TransactionManager.canRetry` has it: nothing that is still under way could come before it.
    pub(super) fn is_gap_before(&self, first: Sequence) -> bool {
        match self.unresolved {
            Some(next) => first == next,
            None => self.is_next_in_line(first),
        }
    }

    /// Gives out the sequences of the next batch under this producer id and epoch: the first of them.
    pub(super) fn take(&mut self, producer: Producer, record_count: i32) -> Sequence {
        if self.producer != Some(producer) {
            *self = Self::begin(producer);
        }
        let first = self.next;
        self.next = first.advance(record_count);
        first
    }

    /// The batch that ends with this sequence is in the log.
    pub(super) fn acknowledge(&mut self, last: Sequence) {
        if self.last_acknowledged == Sequence::NONE || self.is_before(self.last_acknowledged, last) {
            self.last_acknowledged = last;
        }
    }

    /// Whether the broker must be waiting for just this sequence, everything before it being acknowledged.
    pub(super) fn is_next_in_line(&self, first: Sequence) -> bool {
        self.last_acknowledged.advance(1) == first
    }

    /// Whether one sequence was given out before another. Counted backwards from the next one, for they wrap.
    pub(super) fn is_before(&self, one: Sequence, other: Sequence) -> bool {
        let age = |sequence: Sequence| self.next.0.wrapping_sub(sequence.0) & i32::MAX;
        age(one) > age(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCER: Producer = (ProducerId(7), ProducerEpoch(0));

    #[test]
    fn the_first_batch_is_next_in_line() {
        let mut sequences = Sequences::START;
        assert_eq!(sequences.take(PRODUCER, 3), Sequence(0));
        assert_eq!(sequences.take(PRODUCER, 2), Sequence(3));
        assert!(sequences.is_next_in_line(Sequence(0)));
        assert!(!sequences.is_next_in_line(Sequence(3)));
    }

    #[test]
    fn a_later_acknowledgement_is_not_taken_back() {
        let mut sequences = Sequences::START;
        sequences.take(PRODUCER, 3);
        sequences.take(PRODUCER, 2);
        sequences.acknowledge(Sequence(4));
        sequences.acknowledge(Sequence(2));
        assert!(sequences.is_next_in_line(Sequence(5)));
    }

    #[test]
    fn what_was_given_up_is_resolved_by_what_comes_after_it() {
        for (acknowledged, is_broken) in [(Sequence(4), false), (Sequence(2), true)] {
            let mut sequences = Sequences::START;
            sequences.take(PRODUCER, 3);
            sequences.take(PRODUCER, 2);
            sequences.leave_unresolved(Sequence(2));
            sequences.leave_unresolved(Sequence(1));
            assert!(sequences.is_gap_before(Sequence(3)) && !sequences.is_gap_before(Sequence(0)));
            sequences.acknowledge(acknowledged);
            sequences.resolve();
            assert_eq!(sequences.are_broken(), is_broken, "{acknowledged:?}");
        }
    }

    #[test]
    fn after_the_last_epoch_comes_another_id() {
        let last = Identity::Known(ProducerId(7), ProducerEpoch(i16::MAX));
        assert_eq!(last.bumped(), Identity::Unknown);
        let first = Identity::Known(ProducerId(7), ProducerEpoch(0));
        assert_eq!(first.bumped(), Identity::Known(ProducerId(7), ProducerEpoch(1)));
    }

    #[test]
    fn order_survives_the_wrap() {
        let mut sequences = Sequences {
            next: Sequence(i32::MAX - 1),
            last_acknowledged: Sequence(i32::MAX - 2),
            ..Sequences::begin(PRODUCER)
        };
        let old = sequences.take(PRODUCER, 3);
        let new = sequences.take(PRODUCER, 1);
        assert_eq!((old, new), (Sequence(i32::MAX - 1), Sequence(1)));
        assert!(sequences.is_before(old, new) && !sequences.is_before(new, old));
        sequences.acknowledge(Sequence(0));
        assert!(sequences.is_next_in_line(new));
    }
}
