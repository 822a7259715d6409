//! What a replica remembers of each idempotent producer: its epoch and its last five batches (KIP-98).

use alloc::collections::BTreeMap;

use crate::ids::{Offset, ProducerEpoch, ProducerId, Sequence};

/// All producers known to one log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProducerStates {
    entries: BTreeMap<ProducerId, ProducerEntry>,
}

/// One producer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProducerEntry {}

impl ProducerEntry {
    /// The newest epoch seen.
    pub fn epoch(&self) -> ProducerEpoch { todo!() }
    /// The last sequence appended in that epoch, if any batch is remembered.
    pub fn last_sequence(&self) -> Option<Sequence> { todo!() }
    /// The base offset of the remembered batch of this epoch with exactly these sequences.
    pub fn duplicate_of(&self, epoch: ProducerEpoch, first: Sequence, last: Sequence) -> Option<Offset> { todo!() }
}
