//! Takes records in: finds a partition for each, or lets it wait until there is one.

use alloc::vec::Vec;

use super::Producer;
use super::batch::Arrival;
use super::partition::Partition;
use super::partitioner::{self, Sticky};
use crate::call::{Answer, ProducerRecord, SendError, SendFailure};
use crate::cluster::TopicView;
use crate::config::ProducerConfig;
use crate::error::ErrorCode;
use crate::ids::{CallId, TopicId, TopicName, TopicPartition};
use crate::machine::{Context, Outbox, Question, QuestionKind};
use crate::message::MetadataTopic;
use crate::note::Note;
use crate::record::BatchBuilder;
use crate::timer::{Timer, Window};

/// A record on its way into a batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Waiting {
    /// The call that waits for it.
    pub(super) call: CallId,
    /// The record.
    record: ProducerRecord,
    awaits: Awaits,
    /// [`Timer::MaxBlock`] is armed. It counts from when the record first had to wait for metadata or memory.
    is_timed: bool,
}

/// What a record waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Awaits {
    Metadata,
    /// Its topic's sticky partition.
    Choice,
    /// Room in `buffer.memory` for a batch.
    Memory,
}

/// What keeps a record out of the accumulator.
enum Obstacle {
    /// It may go away.
    Awaits(Awaits),
    /// The record is too large for ever.
    Size,
}

impl Waiting {
    fn timer(&self) -> Timer {
        Timer::MaxBlock { call: self.call.0 }
    }

    /// Its turn has come, or never will.
    pub(super) fn stop_timer(&self, out: &mut Outbox) {
        if self.is_timed {
            out.cancel_timer(self.timer());
        }
    }

    fn wait_for(&mut self, what: Awaits, config: &ProducerConfig, out: &mut Outbox) {
        // Kafka draws a sticky partition at once.
        if what != Awaits::Choice && !self.is_timed {
            self.is_timed = true;
            out.set_timer(self.timer(), Window::wall(config.max_block_ms));
        }
        if what == Awaits::Memory && self.awaits != Awaits::Memory {
            out.note(Note::MemoryAwaited);
        }
        self.awaits = what;
    }
}

impl Producer {
    /// `send(record, callback)`.
    pub(super) fn on_send(
        &mut self,
        context: &Context<'_, ProducerConfig>,
        call: CallId,
        record: ProducerRecord,
        out: &mut Outbox,
    ) {
        match self.refuses_sends() {
            Some(error) => refuse(call, error, out),
            None => self.admit(
                context,
                Waiting {
                    call,
                    record,
                    awaits: Awaits::Choice,
                    is_timed: false,
                },
                out,
            ),
        }
    }

    /// Something changed that records may have waited for.
    pub(super) fn admit_waiting(&mut self, context: &Context<'_, ProducerConfig>, out: &mut Outbox) {
        for waiting in core::mem::take(&mut self.waiting) {
            self.admit(context, waiting, out);
        }
    }

    fn admit(&mut self, context: &Context<'_, ProducerConfig>, mut waiting: Waiting, out: &mut Outbox) {
        let at = match self.find_room(&waiting.record, context, out) {
            Ok(at) => at,
            Err(Obstacle::Awaits(what)) => {
                waiting.wait_for(what, context.config, out);
                self.waiting.push_back(waiting);
                return;
            }
            Err(Obstacle::Size) => {
                waiting.stop_timer(out);
                refuse(waiting.call, SendError::RecordTooLarge, out);
                return;
            }
        };
        waiting.stop_timer(out);
        let Waiting { call, record, .. } = waiting;
        let is_sticky = record.partition.is_none() && key_of(&record, context.config).is_none();
        let arrival = Arrival {
            call,
            record,
            timestamp: context.wall_clock,
        };
        // A number is free again only when no answer can come for it any more.
        let connections = &self.connections;
        let taken = |number| connections.all_unanswered().any(|pending| pending.contains(at, number));
        let bytes = self.accumulator.append(at, arrival, taken, context.config, out);
        if is_sticky {
            self.count_sticky(at, bytes, context.config);
        }
    }

    /// The partition for a record, if there is one, and memory.
    fn find_room(
        &mut self,
        record: &ProducerRecord,
        context: &Context<'_, ProducerConfig>,
        out: &mut Outbox,
    ) -> Result<TopicPartition, Obstacle> {
        let config = context.config;
        // Whoever waits for memory waits in line: `BufferPool` serves the first first, and a thread makes no other call meanwhile.
        if self.waits_for_memory() {
            return Err(Obstacle::Awaits(Awaits::Memory));
        }
        let at = self.place(record, config, out).map_err(Obstacle::Awaits)?;
        let memory = memory_for(record, config);
        if size_bound(record) > config.max_request_size || memory > config.buffer_memory {
            return Err(Obstacle::Size);
        }
        let partition = self.accumulator.get(at);
        let has_room = partition.is_some_and(|it| it.has_room_for(record, context.wall_clock, config.batch_size));
        if has_room || self.accumulator.memory() + memory <= config.buffer_memory {
            Ok(at)
        } else {
            Err(Obstacle::Awaits(Awaits::Memory))
        }
    }

    /// Whether somebody waits for memory.
    pub(super) fn waits_for_memory(&self) -> bool {
        self.waiting.iter().any(|waiting| waiting.awaits == Awaits::Memory)
    }

    /// Whether there is memory again for whoever has waited for it longest.
    pub(super) fn has_memory_again(&self, config: &ProducerConfig) -> bool {
        let mut waiting = self.waiting.iter();
        let first = waiting.find(|waiting| waiting.awaits == Awaits::Memory);
        first.is_some_and(|first| self.accumulator.memory() + memory_for(&first.record, config) <= config.buffer_memory)
    }

    fn place(
        &mut self,
        record: &ProducerRecord,
        config: &ProducerConfig,
        out: &mut Outbox,
    ) -> Result<TopicPartition, Awaits> {
        let topic = self.cluster.topic(&record.topic).ok_or(Awaits::Metadata)?;
        if topic.partitions.is_empty() {
            return Err(Awaits::Metadata);
        }
        let (id, count) = (topic.id, topic.partitions.len());
        // Kafka draws at once, so there nothing overtakes a record that has no partition yet.
        if self.sticky.get(&id) == Some(&Sticky::Asked) {
            return Err(Awaits::Choice);
        }
        let partition = match (record.partition, key_of(record, config)) {
            // A partition that is not there may be added yet (`KafkaProducer.waitOnMetadata`).
            (Some(partition), _) => {
                return self.cluster.locate(&record.topic, partition).ok_or(Awaits::Metadata);
            }
            (None, Some(key)) => partitioner::partition_for_key(key, count),
            (None, None) => match self.sticky_partition(id, config) {
                Some(partition) => partition,
                None => return self.draw(&record.topic, config, out),
            },
        };
        Ok(TopicPartition { topic: id, partition })
    }

    /// The sticky partition of a topic, if there is one and it has not had enough.
    fn sticky_partition(&self, topic: TopicId, config: &ProducerConfig) -> Option<i32> {
        match self.sticky.get(&topic)? {
            Sticky::Asked => None,
            Sticky::Chosen { partition, produced } => {
                let at = TopicPartition {
                    topic,
                    partition: *partition,
                };
                let last_is_full = self.accumulator.last_is_full(at, config.batch_size);
                (!partitioner::has_had_enough(*produced, last_is_full, config.batch_size)).then_some(*partition)
            }
        }
    }

    /// Asks for a sticky partition, unless there is only one to choose from.
    fn draw(&mut self, name: &TopicName, config: &ProducerConfig, out: &mut Outbox) -> Result<TopicPartition, Awaits> {
        let topic = self
            .cluster
            .topic(name)
            .expect("a sticky partition is drawn for a known topic");
        let id = topic.id;
        match self.options(topic, config)[..] {
            [partition] => {
                self.sticky.insert(id, Sticky::Chosen { partition, produced: 0 });
                Ok(TopicPartition { topic: id, partition })
            }
            ref options => {
                let options = u32::try_from(options.len()).expect("a topic's partitions are counted by an i32");
                out.choose(Question {
                    kind: QuestionKind::StickyPartition(id),
                    options,
                });
                self.sticky.insert(id, Sticky::Asked);
                Err(Awaits::Choice)
            }
        }
    }

    /// What a sticky partition is drawn from: the partitions with a leader or, if there are none, all. With adaptive partitioning one
    /// that fewer batches wait for is there more often.
    fn options(&self, topic: &TopicView, config: &ProducerConfig) -> Vec<i32> {
        let partitions = || (0..).zip(&topic.partitions);
        let with_leader = partitions().filter(|(_, partition)| partition.leader.is_some());
        let with_leader: Vec<i32> = with_leader.map(|(index, _)| index).collect();
        if with_leader.is_empty() {
            return partitions().map(|(index, _)| index).collect();
        }
        if !config.partitioner_adaptive_partitioning_enable {
            return with_leader;
        }
        let queued = |partition| {
            let at = TopicPartition {
                topic: topic.id,
                partition,
            };
            (partition, self.accumulator.get(at).map_or(0, Partition::queued))
        };
        partitioner::weighted(&with_leader.into_iter().map(queued).collect::<Vec<_>>())
    }

    /// The sticky partition of a topic was drawn.
    pub(super) fn on_chosen(
        &mut self,
        context: &Context<'_, ProducerConfig>,
        topic: TopicId,
        option: u32,
        out: &mut Outbox,
    ) {
        if self.sticky.get(&topic) != Some(&Sticky::Asked) {
            return;
        }
        self.sticky.remove(&topic);
        let view = self.cluster.name_of(topic).and_then(|name| self.cluster.topic(name));
        let options = view.map_or_else(Vec::new, |view| self.options(view, context.config));
        // Leaders, queues, and the topic itself, may have come and gone since the question was asked.
        if let Some(index) = (option as usize).checked_rem(options.len()) {
            let partition = options[index];
            self.sticky.insert(topic, Sticky::Chosen { partition, produced: 0 });
            out.note(Note::StickyPartitionDrawn {
                partition: TopicPartition { topic, partition },
                is_weighed: !options.is_sorted_by(|one, next| one < next),
            });
        }
        self.admit_waiting(context, out);
    }

    fn count_sticky(&mut self, at: TopicPartition, bytes: usize, config: &ProducerConfig) {
        let last_is_full = self.accumulator.last_is_full(at, config.batch_size);
        if let Some(Sticky::Chosen { produced, .. }) = self.sticky.get_mut(&at.topic) {
            *produced += bytes;
            // The next partition is drawn when there is a record for it.
            if partitioner::has_had_enough(*produced, last_is_full, config.batch_size) {
                self.sticky.remove(&at.topic);
            }
        }
    }

    /// [`Timer::MaxBlock`]: a call has waited for too long.
    pub(super) fn on_max_block(&mut self, context: &Context<'_, ProducerConfig>, call: CallId, out: &mut Outbox) {
        if self.asked_too_long(call, out) {
            return;
        }
        let index = self.waiting.iter().position(|waiting| waiting.call == call);
        let waiting = index.and_then(|index| self.waiting.remove(index));
        let waiting = waiting.expect("max.block.ms is counted only for a waiting call");
        match waiting.awaits {
            Awaits::Metadata | Awaits::Choice => refuse(waiting.call, SendError::MaxBlock, out),
            Awaits::Memory => {
                refuse(waiting.call, SendError::BufferExhausted, out);
                // Whoever was behind it may need less.
                self.admit_waiting(context, out);
            }
        }
    }

    /// A topic that can never be does not make anybody wait.
    pub(super) fn refuse_invalid(&mut self, topics: &[MetadataTopic], out: &mut Outbox) {
        for topic in topics
            .iter()
            .filter(|topic| topic.error_code == ErrorCode::InvalidTopicException)
        {
            self.refuse_to_tell(topic, out);
            let (invalid, others): (Vec<_>, Vec<_>) = core::mem::take(&mut self.waiting)
                .into_iter()
                .partition(|waiting| waiting.record.topic == topic.name);
            self.waiting = others.into();
            for waiting in invalid {
                waiting.stop_timer(out);
                refuse(waiting.call, SendError::Kafka(topic.error_code), out);
            }
        }
    }

    /// Topics whose metadata is missing: of records that wait for it, of batches whose leader is unknown, and those that somebody asks for.
    pub(super) fn missing_topics(&self) -> impl Iterator<Item = &TopicName> {
        let has_leader = |at| self.cluster.partition(at).is_some_and(|view| view.leader.is_some());
        let waiting = self
            .waiting
            .iter()
            .filter(|waiting| waiting.awaits == Awaits::Metadata)
            .map(|waiting| &waiting.record.topic);
        let leaderless = self
            .accumulator
            .iter()
            .filter(move |(at, it)| it.head().is_some() && !has_leader(*at));
        let leaderless = leaderless.map(|(_, partition)| &partition.topic);
        waiting.chain(leaderless).chain(self.asking.values())
    }

    /// The topics that this producer has to do with.
    pub(super) fn topics(&self) -> Vec<TopicName> {
        let mut topics: Vec<_> = self
            .cluster
            .topic_names()
            .chain(self.missing_topics())
            .cloned()
            .collect();
        topics.sort_unstable();
        topics.dedup();
        topics
    }
}

fn refuse(call: CallId, error: SendError, out: &mut Outbox) {
    out.answer(Answer::Sent {
        call,
        result: Err(SendFailure {
            error,
            maybe_appended: false,
        }),
    });
}

/// The key by which a record is placed.
fn key_of<'a>(record: &'a ProducerRecord, config: &ProducerConfig) -> Option<&'a bytes::Bytes> {
    record.key.as_ref().filter(|_| !config.partitioner_ignore_keys)
}

/// How much of `buffer.memory` the batch takes that this record opens.
pub(super) fn memory_for(record: &ProducerRecord, config: &ProducerConfig) -> usize {
    config.batch_size.max(size_bound(record))
}

/// The most bytes that a batch with just this record can have: `DefaultRecordBatch.estimateBatchSizeUpperBound`.
fn size_bound(record: &ProducerRecord) -> usize {
    // Kafka reserves 21 bytes for a record's length, attributes, timestamp and offset.
    const RECORD_OVERHEAD: usize = 21;
    let field = |bytes: Option<&bytes::Bytes>| {
        // A length is a zigzag varint; an absent field has the length -1.
        let length = bytes.map_or(0, bytes::Bytes::len);
        let bits = usize::BITS - (length << 1).leading_zeros();
        (bits.max(1).div_ceil(7)) as usize + length
    };
    let header_count = 1;
    BatchBuilder::new().size()
        + RECORD_OVERHEAD
        + field(record.key.as_ref())
        + field(record.value.as_ref())
        + header_count
}
