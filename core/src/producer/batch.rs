//! A batch on its way: filled record by record, encoded when it is first sent, answered once.

use alloc::vec::Vec;

use super::ratio::Ratio;
use crate::call::{Answer, ProducerRecord, RecordMetadata, SendError, SendFailure};
use crate::ids::{CallId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp, TopicName};
use crate::machine::Outbox;
use crate::record::{Batch, BatchBuilder, Compressor};
use crate::rules::Rules;

/// A batch without records.
const EMPTY: BatchBuilder = BatchBuilder::new();

/// One batch for one partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ProducerBatch {
    /// Names it within its partition.
    pub(super) number: u32,
    /// The calls that wait for it, one a record, in order.
    pub(super) calls: Vec<CallId>,
    /// Names the delivery timeout: the number of the batch that its records were first sent in.
    pub(super) deadline: u32,
    /// How much of `buffer.memory` it takes: nothing if it is a part of a batch that was split.
    pub(super) memory: usize,
    /// How far it is.
    pub(super) stage: Stage,
}

/// A record that is to be appended, its partition being known.
#[derive(Debug)]
pub(super) struct Arrival {
    /// The call that waits for it.
    pub(super) call: CallId,
    /// The record.
    pub(super) record: ProducerRecord,
    /// When it was appended: its CreateTime.
    pub(super) timestamp: Timestamp,
}

/// How far a batch is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// Never sent; the last batch of a partition still takes records.
    Filling {
        /// The records so far.
        builder: BatchBuilder,
        /// How well it will probably compress, if at all.
        ratio: Option<Ratio>,
        /// Its linger timer is armed: it may be sent along with others, but not for its own sake.
        lingering: bool,
    },
    /// Sent at least once, and so never changed again.
    Sent(SentBatch),
}

/// A batch that was sent at least once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SentBatch {
    /// The bytes, with producer id and sequence.
    pub(super) records: Batch,
    /// How well they compressed, if at all.
    pub(super) ratio: Option<Ratio>,
    /// How often it was put back; counts no further than any decision looks.
    pub(super) attempts: u32,
    /// An attempt that is over may have been appended.
    pub(super) maybe_appended: bool,
    /// The leader epoch known when it was last sent.
    pub(super) leader_epoch: LeaderEpoch,
}

impl ProducerBatch {
    /// With its first record.
    pub(super) fn new(number: u32, arrival: Arrival, memory: usize, ratio: Option<Ratio>) -> Self {
        let Arrival {
            call,
            record,
            timestamp,
        } = arrival;
        let mut builder = BatchBuilder::new();
        builder.append(timestamp, record.key, record.value, &[]);
        Self {
            number,
            calls: Vec::from([call]),
            deadline: number,
            memory,
            stage: Stage::Filling {
                builder,
                ratio,
                lingering: false,
            },
        }
    }

    /// Whether this record can still be added.
    pub(super) fn has_room_for(&self, record: &ProducerRecord, timestamp: Timestamp, batch_size: usize) -> bool {
        match &self.stage {
            Stage::Filling { builder, .. } => {
                // Nobody knows how well just this record compresses.
                let larger = builder.size_with(timestamp, record.key.as_ref(), record.value.as_ref(), &[]);
                self.size() + (larger - builder.size()) <= batch_size
            }
            Stage::Sent(_) => false,
        }
    }

    /// Adds a record if the batch stays within `batch_size`; gives it back otherwise.
    pub(super) fn try_append(&mut self, arrival: Arrival, batch_size: usize) -> Result<(), Arrival> {
        let has_room = self.has_room_for(&arrival.record, arrival.timestamp, batch_size);
        let (Stage::Filling { builder, .. }, true) = (&mut self.stage, has_room) else {
            return Err(arrival);
        };
        builder.append(arrival.timestamp, arrival.record.key, arrival.record.value, &[]);
        self.calls.push(arrival.call);
        Ok(())
    }

    /// How many bytes it has or, as long as it is not compressed, will probably have.
    pub(super) fn size(&self) -> usize {
        match &self.stage {
            Stage::Filling {
                builder, ratio: None, ..
            } => builder.size(),
            Stage::Filling {
                builder,
                ratio: Some(ratio),
                ..
            } => EMPTY.size() + ratio.estimate(builder.size() - EMPTY.size()),
            Stage::Sent(sent) => sent.records.size(),
        }
    }

    /// Whether it takes no more records.
    pub(super) fn is_full(&self, batch_size: usize) -> bool {
        match &self.stage {
            Stage::Filling { .. } => self.size() >= batch_size,
            Stage::Sent(_) => true,
        }
    }

    /// Whether it waits for more records.
    pub(super) fn is_lingering(&self) -> bool {
        matches!(self.stage, Stage::Filling { lingering: true, .. })
    }

    /// It waits for more records, or no longer; says whether that is a change.
    pub(super) fn set_lingering(&mut self, wanted: bool) -> bool {
        match &mut self.stage {
            Stage::Filling { lingering, .. } => core::mem::replace(lingering, wanted) != wanted,
            Stage::Sent(_) => false,
        }
    }

    /// What there is to know about a batch that was sent.
    pub(super) fn sent(&self) -> Option<&SentBatch> {
        match &self.stage {
            Stage::Filling { .. } => None,
            Stage::Sent(sent) => Some(sent),
        }
    }

    /// The same, to change it.
    ///
    /// # Panics
    /// If it was never sent.
    pub(super) fn sent_mut(&mut self) -> &mut SentBatch {
        match &mut self.stage {
            Stage::Filling { .. } => panic!("a batch in flight was never sent"),
            Stage::Sent(sent) => sent,
        }
    }

    /// The sequence of its first record, once it has one.
    pub(super) fn sequence(&self) -> Option<Sequence> {
        self.sent()
            .map(|sent| sent.records.base_sequence())
            .filter(|sequence| *sequence != Sequence::NONE)
    }

    /// Whether it has a sequence under which an attempt that is over may have been appended.
    pub(super) fn is_doubtful(&self) -> bool {
        self.sequence().is_some() && self.sent().is_some_and(|sent| sent.maybe_appended)
    }

    /// It is being sent to the leader of this epoch. What was encoded once stays as it is: an earlier attempt may have
    /// been appended, and only under the same sequence can the broker tell.
    pub(super) fn send(
        &mut self,
        leader_epoch: LeaderEpoch,
        producer: Option<(ProducerId, ProducerEpoch, Sequence)>,
        compressor: Compressor,
    ) -> &SentBatch {
        match &mut self.stage {
            Stage::Filling { builder, ratio, .. } => {
                let records = builder.build_compressed(producer, compressor);
                let [written, given] = [records.size(), builder.size()].map(|size| size - EMPTY.size());
                self.stage = Stage::Sent(SentBatch {
                    records,
                    ratio: ratio.map(|_| Ratio::of(written, given)),
                    attempts: 0,
                    maybe_appended: false,
                    leader_epoch,
                });
            }
            Stage::Sent(sent) => sent.leader_epoch = leader_epoch,
        }
        self.sent().expect("a batch that was just sent")
    }

    /// Whether it is a part of a batch that was split.
    pub(super) fn is_part(&self) -> bool {
        self.memory == 0
    }

    /// Its records in batches of at most `limit` bytes, or of one record, to be sent under the same sequences and within the same time.
    pub(super) fn split(
        &self,
        topic: &TopicName,
        limit: usize,
        ratio: Option<Ratio>,
        compressor: Compressor,
    ) -> Vec<Self> {
        let sent = self.sent().expect("a batch is too large once it was sent");
        let records = sent.records.records().expect("the producer's batches can be read");
        let mut parts: Vec<Self> = Vec::new();
        for (call, record) in self.calls.iter().zip(records) {
            let arrival = Arrival {
                call: *call,
                record: ProducerRecord {
                    topic: topic.clone(),
                    partition: None,
                    key: record.key,
                    value: record.value,
                },
                timestamp: record.timestamp,
            };
            let appended = match parts.last_mut() {
                Some(last) => last.try_append(arrival, limit),
                None => Err(arrival),
            };
            if let Err(arrival) = appended {
                parts.push(Self::new(self.number, arrival, 0, ratio));
            }
        }
        let (id, epoch) = (sent.records.producer_id(), sent.records.producer_epoch());
        let mut sequence = self.sequence();
        for part in &mut parts {
            part.deadline = self.deadline;
            let producer = sequence.map(|first| (id, epoch, first));
            let record_count = part
                .send(sent.leader_epoch, producer, compressor)
                .records
                .record_count();
            part.sent_mut().maybe_appended = sent.maybe_appended;
            sequence = sequence.map(|first| first.advance(record_count));
        }
        parts
    }

    /// Answers its calls: the records are in the log from `base_offset` on, if that is known.
    pub(super) fn succeed(
        self,
        rules: &Rules,
        topic: &TopicName,
        partition: i32,
        base_offset: Option<Offset>,
        out: &mut Outbox,
    ) {
        let mut answered: Vec<_> = self.calls.into_iter().zip(0..).collect();
        if !(rules.answers_in_order)() {
            answered.reverse();
        }
        for (call, index) in answered {
            let offset = base_offset.map(|base_offset| base_offset + index);
            let metadata = RecordMetadata {
                topic: topic.clone(),
                partition,
                offset,
            };
            out.answer(Answer::Sent {
                call,
                result: Ok(metadata),
            });
        }
    }

    /// Answers its calls: it was given up.
    pub(super) fn fail(self, error: SendError, maybe_appended: bool, out: &mut Outbox) {
        for call in self.calls {
            out.answer(Answer::Sent {
                call,
                result: Err(SendFailure { error, maybe_appended }),
            });
        }
    }
}
