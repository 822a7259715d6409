//! The batches that are not answered yet, partition by partition: Kafka's `RecordAccumulator`, and the sender's lists
//! of what is in flight.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::batch::{Arrival, ProducerBatch};
use super::partition::Partition;
use super::ratio::Ratio;
use crate::config::ProducerConfig;
use crate::ids::{TopicId, TopicPartition};
use crate::machine::Outbox;
use crate::record::Compression;

/// Every partition that has batches or, for an idempotent producer, sequences.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Accumulator {
    partitions: BTreeMap<TopicPartition, Partition>,
    /// How well the batches of each topic compress, unless it is as if they did not.
    ratios: BTreeMap<TopicId, Ratio>,
}

impl Accumulator {
    /// Everything.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TopicPartition, &Partition)> {
        self.partitions.iter().map(|(at, partition)| (*at, partition))
    }

    /// Everything, beginning with this partition and coming round to it again.
    pub(super) fn iter_from(
        &self,
        first: Option<TopicPartition>,
    ) -> impl Iterator<Item = (TopicPartition, &Partition)> {
        let rest = self.iter().filter(move |(at, _)| Some(*at) >= first);
        rest.chain(self.iter().filter(move |(at, _)| Some(*at) < first))
    }

    /// One partition.
    pub(super) fn get(&self, at: TopicPartition) -> Option<&Partition> {
        self.partitions.get(&at)
    }

    /// One partition, to change it.
    pub(super) fn get_mut(&mut self, at: TopicPartition) -> Option<&mut Partition> {
        self.partitions.get_mut(&at)
    }

    /// How many batches are not answered.
    pub(super) fn batch_count(&self) -> usize {
        self.partitions.values().map(Partition::batch_count).sum()
    }

    /// How much of `buffer.memory` the batches take.
    pub(super) fn memory(&self) -> usize {
        let batches = self.partitions.values().flat_map(Partition::batches);
        batches.map(|batch| batch.memory).sum()
    }

    /// Whether every batch is answered.
    pub(super) fn is_empty(&self) -> bool {
        self.partitions.values().all(|partition| partition.batch_count() == 0)
    }

    /// Whether the last queued batch of a partition takes no more records, or there is none.
    pub(super) fn last_is_full(&self, at: TopicPartition, batch_size: usize) -> bool {
        self.get(at).is_none_or(|partition| partition.last_is_full(batch_size))
    }

    /// Adds a record to the last batch of a partition, or to a new one, named by the smallest number that is free and
    /// not `taken` otherwise; says how many bytes that took.
    pub(super) fn append(
        &mut self,
        at: TopicPartition,
        arrival: Arrival,
        taken: impl Fn(u32) -> bool,
        config: &ProducerConfig,
        out: &mut Outbox,
    ) -> usize {
        let topic = &arrival.record.topic;
        let partition = self
            .partitions
            .entry(at)
            .or_insert_with(|| Partition::new(topic.clone()));
        let ratio = self.ratios.get(&at.topic).copied().unwrap_or(Ratio::INITIAL);
        let ratio = Some(ratio).filter(|_| config.compression_type != Compression::None);
        match partition.append_to_last(at, arrival, config, out) {
            Ok(bytes) => bytes,
            Err(arrival) => partition.open(at, arrival, ratio, taken, config, out),
        }
    }

    /// A batch compressed this well.
    pub(super) fn observe(&mut self, topic: TopicId, observed: Ratio) {
        let estimate = self.ratios.get(&topic).copied().unwrap_or(Ratio::INITIAL);
        self.set_ratio(topic, estimate.after(observed));
    }

    /// From now on batches of this topic are expected to compress this well.
    pub(super) fn set_ratio(&mut self, topic: TopicId, ratio: Ratio) {
        if ratio == Ratio::INITIAL {
            self.ratios.remove(&topic);
        } else {
            self.ratios.insert(topic, ratio);
        }
    }

    /// Forgets a partition that has nothing left to remember.
    pub(super) fn prune(&mut self, at: TopicPartition) {
        if self.get(at).is_some_and(Partition::is_forgettable) {
            self.partitions.remove(&at);
        }
    }

    /// Takes everything out: each batch, and whether it is in flight, in the order of creation within a partition.
    pub(super) fn take_all(&mut self, out: &mut Outbox) -> Vec<(ProducerBatch, bool)> {
        self.ratios.clear();
        let mut taken = Vec::new();
        for (at, mut partition) in core::mem::take(&mut self.partitions) {
            while let Some(oldest) = partition.oldest() {
                taken.push(partition.take(at, oldest, out));
            }
        }
        taken
    }
}
