//! Produce: batches are checked, appended, and acknowledged as `acks` asks for.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::partition::{Changes, Partition, Surroundings};
use super::{Broker, unhosted};
use crate::config::{BrokerConfig, TopicConfig};
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, ProducerId, Sequence, Timestamp, TopicPartition};
use crate::machine::{ConnectionId, Context, Outbox};
use crate::message::{Acks, PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse};
use crate::note::Note;
use crate::record::{Batch, BatchError, Compression};
use crate::rules::{PendingProduce, SequenceVerdict, SequencedBatch, Wake};

/// A Produce with acks=all that waits for the in-sync replicas.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Parked {
    /// The answer, complete but for the partitions that are awaited.
    responses: Vec<PartitionProduceResponse>,
    awaited: Vec<Awaited>,
}

/// A partition in which the batch is not yet where it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Awaited {
    /// Index among the responses.
    index: usize,
    /// The offset after its last record.
    required_offset: Offset,
}

/// Where a batch is.
#[derive(Clone, Copy, Debug)]
struct Position {
    base_offset: Offset,
    next_offset: Offset,
    log_start_offset: Offset,
}

impl Parked {
    /// Settles what can be settled in the partitions that changed; whether nothing is left.
    pub(super) fn is_ready(
        &mut self,
        woken: impl Fn(TopicPartition, &[Wake]) -> bool,
        partitions: &BTreeMap<TopicPartition, Partition>,
        around: &Surroundings<'_>,
    ) -> bool {
        let responses = &mut self.responses;
        self.awaited.retain(|awaited| {
            let response = &mut responses[awaited.index];
            let by = &[Wake::HighWatermarkAdvanced, Wake::LeadershipChanged];
            let outcome = if woken(response.partition, by) {
                acknowledgement(response.partition, awaited.required_offset, partitions, around)
            } else {
                None
            };
            if let Some(error_code) = outcome {
                response.error_code = error_code;
            }
            outcome.is_none()
        });
        self.awaited.is_empty()
    }
}

/// Kafka's `Partition.checkEnoughReplicasReachOffset`: `None` while the batch is not yet where it has to be.
fn acknowledgement(
    partition: TopicPartition,
    required_offset: Offset,
    partitions: &BTreeMap<TopicPartition, Partition>,
    around: &Surroundings<'_>,
) -> Option<ErrorCode> {
    let Some(replica) = partitions.get(&partition) else {
        return Some(unhosted(around.image, partition));
    };
    let Some(leader) = replica.leader() else {
        return Some(ErrorCode::NotLeaderOrFollower);
    };
    let pending = PendingProduce {
        required_offset,
        high_watermark: replica.log().high_watermark(),
    };
    if !(around.context.rules.is_replicated)(&pending) {
        None
    } else if leader.is_maximally_under_min_isr(partition, around) {
        // Since the high watermark stands still below the minimum (KAFKA-15583), hardly anybody is ever told this.
        Some(ErrorCode::NotEnoughReplicasAfterAppend)
    } else {
        Some(ErrorCode::None)
    }
}

impl Broker {
    pub(super) fn on_produce(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        connection: ConnectionId,
        request: &ProduceRequest,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let mut parked = Parked {
            responses: Vec::with_capacity(request.partition_data.len()),
            awaited: Vec::new(),
        };
        for (index, entry) in request.partition_data.iter().enumerate() {
            let result = self.produce(context, entry, request.acks, changes, out);
            if let Ok(Position {
                next_offset: required_offset,
                ..
            }) = result
                && request.acks == Acks::All
            {
                parked.awaited.push(Awaited { index, required_offset });
            }
            parked.responses.push(self.response(entry.partition, result));
        }
        if connection.has_ended() {
            return;
        }
        let around = surroundings!(self, context);
        match request.acks {
            // There is no answer to put an error in; a connection that breaks makes the producer refresh its metadata.
            Acks::None => {
                if parked
                    .responses
                    .iter()
                    .any(|response| response.error_code != ErrorCode::None)
                {
                    out.disconnect(connection);
                }
            }
            Acks::All if !parked.is_ready(|_, _| true, &self.partitions, &around) => {
                let wait_ms = u64::try_from(request.timeout_ms).unwrap_or(0);
                self.park_produce(connection, parked, wait_ms, out);
            }
            Acks::Leader | Acks::All => out.respond(connection, self.produced(parked).into()),
        }
    }

    /// The answer; what is still awaited has timed out.
    pub(super) fn produced(&self, mut parked: Parked) -> ProduceResponse {
        for awaited in parked.awaited {
            parked.responses[awaited.index].error_code = ErrorCode::RequestTimedOut;
        }
        for response in &mut parked.responses {
            if response.error_code == ErrorCode::NotLeaderOrFollower {
                response.current_leader = self.current_leader(response.partition);
            }
        }
        ProduceResponse {
            responses: parked.responses,
        }
    }

    fn response(&self, partition: TopicPartition, result: Result<Position, ErrorCode>) -> PartitionProduceResponse {
        let position = result.unwrap_or_else(|error| Position {
            base_offset: Offset::NONE,
            next_offset: Offset::NONE,
            log_start_offset: self.log_start_beside(error, partition),
        });
        PartitionProduceResponse {
            partition,
            error_code: result.err().unwrap_or_default(),
            base_offset: position.base_offset,
            log_append_time_ms: Timestamp::NONE,
            log_start_offset: position.log_start_offset,
            current_leader: None,
        }
    }

    /// Where the log starts, unless the batch was refused before anybody looked there (Kafka's `ReplicaManager.appendRecordsToLocalLog`).
    fn log_start_beside(&self, error: ErrorCode, partition: TopicPartition) -> Offset {
        let was_not_looked_at = matches!(
            error,
            ErrorCode::UnknownTopicId
                | ErrorCode::UnknownTopicOrPartition
                | ErrorCode::NotLeaderOrFollower
                | ErrorCode::MessageTooLarge
                | ErrorCode::CorruptMessage
                | ErrorCode::KafkaStorageError
        );
        let replica = self.partitions.get(&partition).filter(|_| !was_not_looked_at);
        replica.map_or(Offset::NONE, |replica| replica.log().start())
    }

    fn produce(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        entry: &PartitionProduceData,
        acks: Acks,
        changes: &mut Changes,
        out: &mut Outbox,
    ) -> Result<Position, ErrorCode> {
        let result = self.append(context, entry, acks, changes, out);
        if let Err(error) = result {
            out.note(Note::ProduceRefused {
                partition: entry.partition,
                producer_id: entry.records.producer_id(),
                epoch: entry.records.producer_epoch(),
                error,
            });
        }
        result
    }

    fn append(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        entry: &PartitionProduceData,
        acks: Acks,
        changes: &mut Changes,
        out: &mut Outbox,
    ) -> Result<Position, ErrorCode> {
        let around = surroundings!(self, context);
        let (partition, batch) = (entry.partition, &entry.records);
        let topic = around
            .image
            .topics
            .get(&partition.topic)
            .ok_or(ErrorCode::UnknownTopicId)?;
        let replica = self
            .partitions
            .get_mut(&partition)
            .ok_or_else(|| unhosted(around.image, partition))?;
        let leader = replica.leader_in(LeaderEpoch::NONE, context.rules)?;
        if acks == Acks::All && leader.is_under_min_isr(partition, &around) {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        validate(batch, &topic.config)?;
        match verdict(batch, replica, &around) {
            SequenceVerdict::Append => {
                let batch = replica.append(batch, &around, changes, out);
                Ok(position(batch.base_offset, &batch, replica))
            }
            SequenceVerdict::Duplicate(base_offset) => {
                replica.append_nothing(&around, changes, out);
                let (producer_id, sequence) = (batch.producer_id(), batch.base_sequence());
                out.note(Note::DuplicateSuppressed {
                    partition,
                    producer_id,
                    sequence,
                });
                Ok(position(base_offset, batch, replica))
            }
            SequenceVerdict::Fenced => Err(ErrorCode::InvalidProducerEpoch),
            SequenceVerdict::OutOfOrder => Err(ErrorCode::OutOfOrderSequenceNumber),
        }
    }
}

/// What Kafka's broker looks at before it assigns offsets (`UnifiedLog.analyzeAndValidateRecords`, `LogValidator`).
fn validate(batch: &Batch, config: &TopicConfig) -> Result<(), ErrorCode> {
    if batch.base_offset != Offset::ZERO {
        return Err(ErrorCode::InvalidRecord);
    }
    if usize::try_from(config.max_message_bytes).is_ok_and(|limit| batch.size() > limit) {
        return Err(ErrorCode::MessageTooLarge);
    }
    batch.verify().map_err(|_| ErrorCode::CorruptMessage)?;
    let covers_its_count =
        batch.record_count() > 0 && batch.next_offset() - batch.base_offset == i64::from(batch.record_count());
    let has_producer = batch.producer_id() != ProducerId::NONE;
    let is_out_of_place = batch.is_control() || has_producer && batch.base_sequence() < Sequence::ZERO;
    // There are no transactions here.
    if !covers_its_count || is_out_of_place || batch.is_transactional() {
        return Err(ErrorCode::InvalidRecord);
    }
    if config.cleanup_policy.compacts() {
        // A cleaner could not tell what supersedes a record without a key.
        let records = batch.records().map_err(|_| ErrorCode::InvalidRecord)?;
        if records.iter().any(|record| record.key.is_none()) {
            return Err(ErrorCode::InvalidRecord);
        }
    }
    match batch.compression() {
        Compression::None => Ok(()),
        Compression::Gzip | Compression::Snappy | Compression::Lz4 | Compression::Zstd => look_into(batch),
    }
}

/// A compressed batch is opened and then kept as it was received (`compression.type=producer`).
fn look_into(batch: &Batch) -> Result<(), ErrorCode> {
    let records = batch.records().map_err(|error| match error {
        // A stream that breaks is no error of the protocol's in Kafka, so it has no code of its own there.
        BatchError::Undecodable(_) => ErrorCode::UnknownServerError,
        BatchError::Truncated
        | BatchError::UnsupportedMagic(_)
        | BatchError::UnknownCodec(_)
        | BatchError::Corrupt
        | BatchError::Malformed => ErrorCode::InvalidRecord,
    })?;
    let expected = (0..).map(|index| batch.base_offset + index);
    if records
        .iter()
        .map(|record| record.offset)
        .eq(expected.take(records.len()))
    {
        Ok(())
    } else {
        Err(ErrorCode::InvalidRecord)
    }
}

fn verdict(batch: &Batch, replica: &Partition, around: &Surroundings<'_>) -> SequenceVerdict {
    if batch.producer_id() == ProducerId::NONE {
        return SequenceVerdict::Append;
    }
    let sequenced = SequencedBatch {
        epoch: batch.producer_epoch(),
        first_sequence: batch.base_sequence(),
        last_sequence: batch.last_sequence(),
    };
    (around.context.rules.sequence)(replica.log().producer(batch.producer_id()), &sequenced)
}

fn position(base_offset: Offset, batch: &Batch, replica: &Partition) -> Position {
    let next_offset = base_offset + i64::from(batch.record_count());
    Position {
        base_offset,
        next_offset,
        log_start_offset: replica.log().start(),
    }
}
