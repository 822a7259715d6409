//! What makes a producer idempotent (KIP-98): its id, and the sequences that let a broker recognise a retry.

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

/// The sequences of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sequences {
    next: Sequence,
    last_acknowledged: Sequence,
}

impl Sequences {
    /// Nothing was sent.
    pub(super) const START: Self = Self {
        next: Sequence::ZERO,
        last_acknowledged: Sequence::NONE,
    };

    /// Gives out the sequences of the next batch: the first of them.
    pub(super) fn take(&mut self, record_count: i32) -> Sequence {
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

    #[test]
    fn the_first_batch_is_next_in_line() {
        let mut sequences = Sequences::START;
        assert_eq!(sequences.take(3), Sequence(0));
        assert_eq!(sequences.take(2), Sequence(3));
        assert!(sequences.is_next_in_line(Sequence(0)));
        assert!(!sequences.is_next_in_line(Sequence(3)));
    }

    #[test]
    fn a_later_acknowledgement_is_not_taken_back() {
        let mut sequences = Sequences::START;
        sequences.take(3);
        sequences.take(2);
        sequences.acknowledge(Sequence(4));
        sequences.acknowledge(Sequence(2));
        assert!(sequences.is_next_in_line(Sequence(5)));
    }

    #[test]
    fn order_survives_the_wrap() {
        let mut sequences = Sequences {
            next: Sequence(i32::MAX - 1),
            last_acknowledged: Sequence(i32::MAX - 2),
        };
        let old = sequences.take(3);
        let new = sequences.take(1);
        assert_eq!((old, new), (Sequence(i32::MAX - 1), Sequence(1)));
        assert!(sequences.is_before(old, new) && !sequences.is_before(new, old));
        sequences.acknowledge(Sequence(0));
        assert!(sequences.is_next_in_line(new));
    }
}
