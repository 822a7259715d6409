//! A partition whose sequence has a gap begins anew, under the next epoch (KIP-360).

use alloc::vec::Vec;

use super::Producer;
use crate::call::SendError;
use crate::config::ProducerConfig;
use crate::ids::TopicPartition;
use crate::machine::{Context, Outbox};
use crate::note::Note;
use crate::rules::{Gap, Recovery};

impl Producer {
    /// Looks after the partitions of which nobody knows which sequence comes next: `maybeResolveSequences` and
    /// `bumpIdempotentEpochAndResetIdIfNeeded` of Kafka's `TransactionManager`.
    pub(super) fn recover(&mut self, context: &Context<'_, ProducerConfig>, out: &mut Outbox) {
        let in_doubt = |(at, partition): (TopicPartition, &super::partition::Partition)| {
            partition.sequences.are_in_doubt().then_some(at)
        };
        let in_doubt: Vec<_> = self.accumulator.iter().filter_map(in_doubt).collect();
        for at in in_doubt {
            let partition = self.accumulator.get_mut(at).expect("it was there a moment ago");
            if !partition.has_sequenced() {
                partition.sequences.resolve();
            }
            if partition.sequences.are_broken() {
                self.begin_anew(context, at, out);
            }
            self.accumulator.prune(at);
        }
    }

    fn begin_anew(&mut self, context: &Context<'_, ProducerConfig>, at: TopicPartition, out: &mut Outbox) {
        let partition = self.accumulator.get(at).expect("a partition in doubt is there");
        match (context.rules.recovers)(&partition.gap()) {
            Recovery::Wait => return,
            Recovery::GiveUpDoubtful => self.give_up_doubtful(at, out),
            Recovery::Reassign => {}
        }
        let partition = self.accumulator.get_mut(at).expect("a partition in doubt is there");
        // One that still counts under an older epoch has never used this one.
        if !partition.sequences.are_stale(self.identity.known()) {
            self.identity = self.identity.bumped();
            if let Some((producer_id, epoch)) = self.identity.known() {
                out.note(Note::ProducerEpochBumped {
                    partition: at,
                    producer_id,
                    epoch,
                });
            }
        }
        // After the last epoch the producer asks for another id first.
        if let Some(producer) = self.identity.known() {
            partition.reassign(producer);
        }
    }

    /// A batch that may have been appended would be another batch to the broker under another sequence, and what was sent before it would
    /// come after it.
    fn give_up_doubtful(&mut self, at: TopicPartition, out: &mut Outbox) {
        let partition = self.accumulator.get_mut(at).expect("a partition in doubt is there");
        out.note(Note::SequenceLost { partition: at });
        for number in partition.up_to_doubtful() {
            let (batch, _) = partition.take(at, number, out);
            let maybe_appended = batch.sent().is_some_and(|sent| sent.maybe_appended);
            batch.fail(SendError::SequenceLost, maybe_appended, out);
        }
    }
}

impl super::partition::Partition {
    /// What a producer knows about the gap in this partition's sequence.
    fn gap(&self) -> Gap {
        let maybe_appended = self.batches().iter().filter(|batch| batch.is_doubtful());
        Gap {
            in_flight: self.sequenced_in_flight(),
            maybe_appended: maybe_appended.count(),
        }
    }
}
