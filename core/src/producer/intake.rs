//! Takes records in: finds a partition for each, or lets it wait until there is one.

use alloc::vec::Vec;

use super::Producer;
use super::batch::Arrival;
use super::partitioner::{self, Sticky};
use crate::call::{Answer, ProducerRecord, SendError, SendFailure};
use crate::cluster::TopicView;
use crate::config::ProducerConfig;
use crate::error::ErrorCode;
use crate::ids::{CallId, TopicId, TopicName, TopicPartition};
use crate::machine::{Context, Outbox, Question, QuestionKind};
use crate::message::MetadataTopic;
use crate::record::BatchBuilder;
use crate::timer::{Timer, Window};

/// A record that has no partition yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Waiting {
    /// The call that waits for it.
    pub(super) call: CallId,
    /// The record.
    record: ProducerRecord,
    /// It waits for metadata, under [`Timer::MaxBlock`]; otherwise for its topic's sticky partition.
    for_metadata: bool,
}

/// Where a record can go.
enum Placement {
    To(TopicPartition),
    AwaitsMetadata,
    AwaitsChoice,
}

impl Waiting {
    fn timer(&self) -> Timer {
        Timer::MaxBlock { call: self.call.0 }
    }

    /// Its turn has come, or never will.
    pub(super) fn stop_timer(&self, out: &mut Outbox) {
        if self.for_metadata {
            out.cancel_timer(self.timer());
        }
    }

    fn wait_for_metadata(&mut self, wanted: bool, config: &ProducerConfig, out: &mut Outbox) {
        match (self.for_metadata, wanted) {
            (false, true) => out.set_timer(self.timer(), Window::wall(config.max_block_ms)),
            (true, false) => out.cancel_timer(self.timer()),
            (false, false) | (true, true) => {}
        }
        self.for_metadata = wanted;
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
                    for_metadata: false,
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
        let at = match self.place(&waiting.record, context.config, out) {
            Placement::To(at) => at,
            Placement::AwaitsMetadata => {
                waiting.wait_for_metadata(true, context.config, out);
                self.waiting.push_back(waiting);
                return;
            }
            Placement::AwaitsChoice => {
                waiting.wait_for_metadata(false, context.config, out);
                self.waiting.push_back(waiting);
                return;
            }
        };
        waiting.stop_timer(out);
        let Waiting { call, record, .. } = waiting;
        if size_bound(&record) > context.config.max_request_size {
            refuse(call, SendError::RecordTooLarge, out);
            return;
        }
        let is_sticky = record.partition.is_none() && record.key.is_none();
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

    fn place(&mut self, record: &ProducerRecord, config: &ProducerConfig, out: &mut Outbox) -> Placement {
        let Some(topic) = self.cluster.topic(&record.topic) else {
            return Placement::AwaitsMetadata;
        };
        if topic.partitions.is_empty() {
            return Placement::AwaitsMetadata;
        }
        let (id, count) = (topic.id, topic.partitions.len());
        // Kafka draws at once, so there nothing overtakes a record that has no partition yet.
        if self.sticky.get(&id) == Some(&Sticky::Asked) {
            return Placement::AwaitsChoice;
        }
        let partition = match (record.partition, &record.key) {
            (Some(partition), _) => match self.cluster.locate(&record.topic, partition) {
                Some(at) => return Placement::To(at),
                None => return Placement::AwaitsMetadata,
            },
            (None, Some(key)) => partitioner::partition_for_key(key, count),
            (None, None) => match self.sticky_partition(id, config) {
                Some(partition) => partition,
                None => return self.draw(&record.topic, out),
            },
        };
        Placement::To(TopicPartition { topic: id, partition })
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
    fn draw(&mut self, name: &TopicName, out: &mut Outbox) -> Placement {
        let topic = self
            .cluster
            .topic(name)
            .expect("a sticky partition is drawn for a known topic");
        let id = topic.id;
        match options(topic)[..] {
            [partition] => {
                self.sticky.insert(id, Sticky::Chosen { partition, produced: 0 });
                Placement::To(TopicPartition { topic: id, partition })
            }
            ref options => {
                let options = u32::try_from(options.len()).expect("a topic's partitions are counted by an i32");
                out.choose(Question {
                    kind: QuestionKind::StickyPartition(id),
                    options,
                });
                self.sticky.insert(id, Sticky::Asked);
                Placement::AwaitsChoice
            }
        }
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
        let options = view.map(options).unwrap_or_default();
        // Leaders, and the topic itself, may have come and gone since the question was asked.
        let index = (option as usize).checked_rem(options.len());
        if let Some(index) = index {
            self.sticky.insert(
                topic,
                Sticky::Chosen {
                    partition: options[index],
                    produced: 0,
                },
            );
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

    /// [`Timer::MaxBlock`]: a record has waited for metadata for too long.
    pub(super) fn on_max_block(&mut self, call: u32, out: &mut Outbox) {
        let index = self.waiting.iter().position(|waiting| waiting.call.0 == call);
        let index = index.expect("max.block.ms is counted only for a waiting record");
        self.waiting.remove(index);
        refuse(CallId(call), SendError::MaxBlock, out);
    }

    /// A topic that can never be does not make anybody wait.
    pub(super) fn refuse_invalid(&mut self, topics: &[MetadataTopic], out: &mut Outbox) {
        for topic in topics
            .iter()
            .filter(|topic| topic.error_code == ErrorCode::InvalidTopicException)
        {
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

    /// Topics whose metadata is missing: of records that wait for it, and of batches whose leader is unknown.
    pub(super) fn missing_topics(&self) -> impl Iterator<Item = &TopicName> {
        let has_leader = |at| self.cluster.partition(at).is_some_and(|view| view.leader.is_some());
        let waiting = self
            .waiting
            .iter()
            .filter(|waiting| waiting.for_metadata)
            .map(|waiting| &waiting.record.topic);
        let leaderless = self
            .accumulator
            .iter()
            .filter(move |(at, it)| it.head().is_some() && !has_leader(*at));
        waiting.chain(leaderless.map(|(_, partition)| &partition.topic))
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

/// What a sticky partition is drawn from: the partitions with a leader or, if there are none, all.
fn options(topic: &TopicView) -> Vec<i32> {
    let with_leader = (0..)
        .zip(&topic.partitions)
        .filter(|(_, partition)| partition.leader.is_some());
    let options: Vec<i32> = with_leader.map(|(index, _)| index).collect();
    if options.is_empty() {
        (0..).zip(&topic.partitions).map(|(index, _)| index).collect()
    } else {
        options
    }
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
