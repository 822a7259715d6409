//! The batches of one partition: in the order in which they came, and in the order in which they will be sent.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::batch::{Arrival, ProducerBatch, SentBatch};
use super::intake::memory_for;
use super::ratio::Ratio;
use super::retry;
use super::sequence::{Producer, Sequences};
use crate::call::ProducerRecord;
use crate::config::ProducerConfig;
use crate::ids::{LeaderEpoch, Sequence, Timestamp, TopicName, TopicPartition};
use crate::machine::Outbox;
use crate::record::Compressor;
use crate::timer::{Timer, Window};

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Partition {
    /// The name of its topic.
    pub(super) topic: TopicName,
    /// Its sequences.
    pub(super) sequences: Sequences,
    /// The batches, in the order of creation; those that are not queued are in flight.
    batches: Vec<ProducerBatch>,
    /// The batches that wait to be sent, by number, the next first. Only the last takes records.
    queue: VecDeque<u32>,
    /// The first of the queue was put back a moment ago: [`Timer::RetryBackoff`] is armed.
    backing_off: bool,
}

impl Partition {
    /// Without batches.
    pub(super) const fn new(topic: TopicName) -> Self {
        Self {
            topic,
            sequences: Sequences::START,
            batches: Vec::new(),
            queue: VecDeque::new(),
            backing_off: false,
        }
    }

    /// How many batches are not answered.
    pub(super) fn batch_count(&self) -> usize {
        self.batches.len()
    }

    /// The batches that are not answered, in the order of creation.
    pub(super) fn batches(&self) -> &[ProducerBatch] {
        &self.batches
    }

    /// Whether there is a batch with a sequence.
    pub(super) fn has_sequenced(&self) -> bool {
        self.batches.iter().any(|batch| batch.sequence().is_some())
    }

    /// How many batches with a sequence are in flight.
    pub(super) fn sequenced_in_flight(&self) -> usize {
        let sequenced = self.batches.iter().filter(|batch| batch.sequence().is_some());
        sequenced.filter(|batch| !self.queue.contains(&batch.number)).count()
    }

    /// The numbers of the last batch that may have been appended, and of every older one.
    pub(super) fn up_to_doubtful(&self) -> Vec<u32> {
        let last = self.batches.iter().rposition(ProducerBatch::is_doubtful);
        let batches = last.map_or(&[][..], |last| &self.batches[..=last]);
        batches.iter().map(|batch| batch.number).collect()
    }

    /// Gives every batch that had a sequence another one, in the same order, from 0 on.
    pub(super) fn reassign(&mut self, (id, epoch): Producer) {
        self.sequences = Sequences::begin((id, epoch));
        for batch in self.batches.iter_mut().filter(|batch| batch.sequence().is_some()) {
            let sent = batch.sent_mut();
            let first = self.sequences.take((id, epoch), sent.records.record_count());
            sent.records = sent.records.produced_by(id, epoch, first);
        }
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_forgettable(&self) -> bool {
        self.batches.is_empty() && self.sequences == Sequences::START
    }

    /// The number of the batch that was created first.
    pub(super) fn oldest(&self) -> Option<u32> {
        self.batches.first().map(|batch| batch.number)
    }

    /// The numbers of the batches of a delivery timeout and of every older one, oldest first.
    pub(super) fn up_to_deadline(&self, deadline: u32) -> Vec<u32> {
        let last = self.batches.iter().rposition(|batch| batch.deadline == deadline);
        let index = last.expect("a delivery timeout is armed only for a batch that is there");
        self.batches[..=index].iter().map(|batch| batch.number).collect()
    }

    /// A batch in flight, unless it was given up meanwhile.
    pub(super) fn in_flight(&self, number: u32) -> Option<&ProducerBatch> {
        self.index_of(number).map(|index| &self.batches[index])
    }

    /// The next batch to be sent.
    pub(super) fn head(&self) -> Option<&ProducerBatch> {
        self.queue.front().map(|number| self.batch(*number))
    }

    /// Whether the last queued batch takes no more records, or there is none.
    pub(super) fn last_is_full(&self, batch_size: usize) -> bool {
        self.queue
            .back()
            .is_none_or(|last| self.batch(*last).is_full(batch_size))
    }

    /// Whether the last queued batch has room for this record.
    pub(super) fn has_room_for(&self, record: &ProducerRecord, timestamp: Timestamp, batch_size: usize) -> bool {
        let last = self.queue.back().map(|last| self.batch(*last));
        last.is_some_and(|last| last.has_room_for(record, timestamp, batch_size))
    }

    /// How many batches wait to be sent.
    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Whether there is a reason to send now: the next batch is full, has lingered, or has another one behind it (only
    /// the last lingers).
    pub(super) fn is_ready(&self) -> bool {
        self.head().is_some_and(|head| !head.is_lingering())
    }

    /// Whether the next batch may be sent to the leader of this epoch, by whom the producer is now.
    pub(super) fn may_send(&self, leader_epoch: LeaderEpoch, producer: Option<Producer>) -> bool {
        let Some(head) = self.head() else { return false };
        // A leader that the last attempt did not know is tried at once (KIP-951).
        if self.backing_off && head.sent().is_none_or(|sent| leader_epoch <= sent.leader_epoch) {
            return false;
        }
        match head.sequence() {
            // A retried batch waits until everything before it is answered. New batches come behind it in the queue.
            Some(sequence) => !self.sequences.are_broken() && self.is_first_in_sequence(sequence),
            // A new epoch begins behind everything of the last one.
            None => {
                let waits_for_the_last_epoch = self.sequences.are_stale(producer) && self.has_sequenced();
                !(self.sequences.are_in_doubt() || waits_for_the_last_epoch)
            }
        }
    }

    fn is_first_in_sequence(&self, first: Sequence) -> bool {
        let mut sequences = self.batches.iter().filter_map(ProducerBatch::sequence);
        sequences.all(|sequence| !self.sequences.is_before(sequence, first))
    }

    /// Adds a record to the batch that still takes some, if there is one and it has room; says how many bytes that
    /// took.
    pub(super) fn append_to_last(
        &mut self,
        at: TopicPartition,
        arrival: Arrival,
        config: &ProducerConfig,
        out: &mut Outbox,
    ) -> Result<usize, Arrival> {
        let Some(last) = self.queue.back().copied() else {
            return Err(arrival);
        };
        let last = self.batch_mut(last);
        let size = last.size();
        last.try_append(arrival, config.batch_size)?;
        if last.is_full(config.batch_size) && last.set_lingering(false) {
            out.cancel_timer(Timer::Linger { partition: at });
        }
        Ok(last.size() - size)
    }

    /// Opens a new batch with its first record; says how many bytes it has.
    pub(super) fn open(
        &mut self,
        at: TopicPartition,
        arrival: Arrival,
        ratio: Option<Ratio>,
        taken: impl Fn(u32) -> bool,
        config: &ProducerConfig,
        out: &mut Outbox,
    ) -> usize {
        let number = self.free_number(taken);
        let memory = memory_for(&arrival.record, config);
        let mut batch = ProducerBatch::new(number, arrival, memory, ratio);
        let size = batch.size();
        // One timer is enough, for the batch that still takes records: whatever is in front of that one is ready
        // anyway.
        let replaced = self
            .queue
            .back()
            .copied()
            .is_some_and(|last| self.batch_mut(last).set_lingering(false));
        if config.linger_ms > 0 && !batch.is_full(config.batch_size) {
            batch.set_lingering(true);
            out.set_timer(Timer::Linger { partition: at }, Window::wall(config.linger_ms));
        } else if replaced {
            out.cancel_timer(Timer::Linger { partition: at });
        }
        let timer = Timer::DeliveryTimeout {
            partition: at,
            batch: number,
        };
        out.set_timer(timer, Window::wall(config.delivery_timeout_ms));
        self.batches.push(batch);
        self.queue.push_back(number);
        size
    }

    /// Sends the next batch to the leader of this epoch: it is in flight then.
    pub(super) fn send_head(
        &mut self,
        at: TopicPartition,
        leader_epoch: LeaderEpoch,
        producer: Option<Producer>,
        compressor: Compressor,
        out: &mut Outbox,
    ) -> (u32, &SentBatch) {
        let number = self
            .queue
            .pop_front()
            .expect("only a partition with a next batch is sent from");
        self.stop_backing_off(at, out);
        let index = self.index_of(number).expect("a queued batch is there");
        let batch = &mut self.batches[index];
        if batch.set_lingering(false) {
            out.cancel_timer(Timer::Linger { partition: at });
        }
        let record_count = i32::try_from(batch.calls.len()).expect("a batch counts its records by an i32");
        let is_new = batch.sent().is_none();
        let producer = producer
            .filter(|_| is_new)
            .map(|(id, epoch)| (id, epoch, self.sequences.take((id, epoch), record_count)));
        (number, batch.send(leader_epoch, producer, compressor))
    }

    /// Puts a batch in flight back into the queue, after an attempt that `maybe_appended`: an idempotent one where its
    /// sequence belongs, any other to the front, as Kafka does, whatever was sent before it. A leader of a later epoch
    /// than it was sent to can be tried at once (KIP-951).
    pub(super) fn put_back(
        &mut self,
        at: TopicPartition,
        number: u32,
        maybe_appended: bool,
        leader_epoch: Option<LeaderEpoch>,
        config: &ProducerConfig,
        out: &mut Outbox,
    ) {
        let position = self.position_of_sequence(self.batch(number).sequence());
        let sent = self.batch_mut(number).sent_mut();
        sent.maybe_appended |= maybe_appended;
        sent.attempts = retry::next_attempt(sent.attempts, config);
        let has_new_leader = leader_epoch.is_some_and(|known| known > sent.leader_epoch);
        let backoff = retry::backoff(sent.attempts, config);
        self.queue.insert(position, number);
        if position == 0 && !has_new_leader && backoff.latest_ms > 0 {
            self.backing_off = true;
            out.set_timer(Timer::RetryBackoff { partition: at }, backoff);
        }
    }

    /// Puts the parts of a batch in flight into the queue in its stead, the first of them first if they are to stay `in_order`.
    pub(super) fn replace(
        &mut self,
        at: TopicPartition,
        number: u32,
        parts: Vec<ProducerBatch>,
        taken: impl Fn(u32) -> bool,
        in_order: bool,
        out: &mut Outbox,
    ) {
        let index = self.index_of(number).expect("a batch that is split is there");
        let whole = self.batches.remove(index);
        let position = self.position_of_sequence(whole.sequence());
        for (offset, mut part) in parts.into_iter().enumerate() {
            part.number = self.free_number(&taken);
            let behind = if in_order { offset } else { 0 };
            self.queue.insert(position + behind, part.number);
            self.batches.insert(index + offset, part);
        }
        if position == 0 {
            self.stop_backing_off(at, out);
        }
    }

    /// The smallest number that names neither a batch, nor a delivery timeout, nor anything that is `taken`.
    fn free_number(&self, taken: impl Fn(u32) -> bool) -> u32 {
        let is_used = |number| {
            let mut batches = self.batches.iter();
            batches.any(|batch| batch.number == number || batch.deadline == number)
        };
        (0..)
            .find(|number| !taken(*number) && !is_used(*number))
            .expect("there are more numbers than batches")
    }

    fn position_of_sequence(&self, sequence: Option<Sequence>) -> usize {
        let Some(sequence) = sequence else { return 0 };
        let queued = self.queue.iter().map_while(|queued| self.batch(*queued).sequence());
        queued
            .take_while(|queued| self.sequences.is_before(*queued, sequence))
            .count()
    }

    /// [`Timer::RetryBackoff`] fired.
    pub(super) fn backed_off(&mut self) {
        self.backing_off = false;
    }

    /// [`Timer::Linger`] fired.
    pub(super) fn lingered(&mut self) {
        let last = *self
            .queue
            .back()
            .expect("a linger timer is armed only for a queued batch");
        self.batch_mut(last).set_lingering(false);
    }

    /// Takes a batch out, with its timers; says whether it was in flight.
    pub(super) fn take(&mut self, at: TopicPartition, number: u32, out: &mut Outbox) -> (ProducerBatch, bool) {
        let index = self.index_of(number).expect("a batch that is taken out is there");
        let batch = self.batches.remove(index);
        let position = self.queue.iter().position(|queued| *queued == number);
        if let Some(position) = position {
            self.queue.remove(position);
        }
        if position == Some(0) {
            self.stop_backing_off(at, out);
        }
        if batch.is_lingering() {
            out.cancel_timer(Timer::Linger { partition: at });
        }
        // The parts of a batch share its time.
        if self.batches.iter().all(|other| other.deadline != batch.deadline) {
            out.cancel_timer(Timer::DeliveryTimeout {
                partition: at,
                batch: batch.deadline,
            });
        }
        (batch, position.is_none())
    }

    fn stop_backing_off(&mut self, at: TopicPartition, out: &mut Outbox) {
        if core::mem::take(&mut self.backing_off) {
            out.cancel_timer(Timer::RetryBackoff { partition: at });
        }
    }

    fn index_of(&self, number: u32) -> Option<usize> {
        self.batches.iter().position(|batch| batch.number == number)
    }

    fn batch(&self, number: u32) -> &ProducerBatch {
        &self.batches[self.index_of(number).expect("a queued batch is there")]
    }

    fn batch_mut(&mut self, number: u32) -> &mut ProducerBatch {
        let index = self.index_of(number).expect("a queued batch is there");
        &mut self.batches[index]
    }
}
