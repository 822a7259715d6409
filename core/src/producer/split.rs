//! A batch that is too large for its topic is split, and its parts are sent in its stead (KIP-126): `RecordAccumulator.splitAndReenqueue`.

use super::ratio::Ratio;
use super::{InFlight, Producer};
use crate::config::ProducerConfig;
use crate::machine::{Context, Outbox};
use crate::note::Note;
use crate::rules::TooLarge;

impl Producer {
    /// A batch in flight was refused because it is too large. Its parts have its sequences and its deadline, and are new otherwise: nobody has
    /// tried them yet.
    pub(super) fn split(&mut self, in_flight: InFlight, context: &Context<'_, ProducerConfig>, out: &mut Outbox) {
        let InFlight {
            partition: at,
            batch: number,
        } = in_flight;
        let partition = self.accumulator.get_mut(at).expect("a batch in flight has a partition");
        let whole = partition.in_flight(number).expect("a batch that is split is in flight");
        let sent = whole.sent().expect("a batch in flight was sent");
        let limit = (context.rules.split_size)(&TooLarge {
            is_part: whole.is_part(),
            size: sent.records.size(),
            batch_size: context.config.batch_size,
        });
        // The estimate was too good, or does not matter.
        let ratio = sent.ratio.map(|ratio| ratio.max(Ratio::INITIAL));
        let parts = whole.split(&partition.topic, limit, ratio, context.config.compressor());
        out.note(Note::BatchSplit {
            partition: at,
            parts: parts.len(),
        });
        // A number is free again only when no answer can come for it any more.
        let connections = &self.connections;
        let taken = |number| connections.all_unanswered().any(|pending| pending.contains(at, number));
        let in_order = (context.rules.splits_in_order)();
        partition.replace(at, number, parts, taken, in_order, out);
        if let Some(ratio) = ratio {
            self.accumulator.set_ratio(at.topic, ratio);
        }
    }
}
