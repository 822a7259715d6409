//! The buffer: what was fetched and not yet polled.
//!
//! Kafka's `CompletedFetch`. A partition is not fetched again while any of its records, or an error, still lies here. What lies here
//! counts only as long as the position is where it was when it was asked for.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::position::{Assigned, FetchState};
use crate::call::{ConsumerRecord, PollError};
use crate::config::ConsumerConfig;
use crate::error::ErrorCode;
use crate::ids::{Offset, TopicPartition};
use crate::record::Batch;

/// What one partition answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CompletedFetch {
    pub(super) partition: TopicPartition,
    /// The first offset that was not handed out yet; records before it in the first batch are skipped.
    pub(super) next_offset: Offset,
    pub(super) content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Content {
    Batches(VecDeque<Batch>),
    Failed(ErrorCode),
}

impl CompletedFetch {
    /// Whether the partition is still to be read from where this was asked for.
    pub(super) fn is_wanted_by(&self, assigned: &Assigned) -> bool {
        assigned.id == Some(self.partition)
            && !assigned.is_pending_revocation
            && matches!(assigned.state, FetchState::Fetching { position, .. } if position.offset == self.next_offset)
    }

    pub(super) const fn error(&self) -> Option<ErrorCode> {
        match &self.content {
            Content::Failed(error) => Some(*error),
            Content::Batches(_) => None,
        }
    }

    pub(super) fn batches(&self) -> impl Iterator<Item = (TopicPartition, &Batch)> {
        let batches = match &self.content {
            Content::Batches(batches) => Some(batches),
            Content::Failed(_) => None,
        };
        batches.into_iter().flatten().map(|batch| (self.partition, batch))
    }

    /// Whether every record was handed out.
    pub(super) fn is_drained(&self) -> bool {
        self.batches().next().is_none()
    }

    /// Moves records into `records` until there are `max_records`, and the position of `assigned` behind them. A batch that cannot be
    /// read stays where it is, and the error comes back in every poll, as in Kafka.
    pub(super) fn drain(
        &mut self,
        assigned: &mut Assigned,
        config: &ConsumerConfig,
        records: &mut Vec<ConsumerRecord>,
    ) -> Result<(), PollError> {
        let Content::Batches(batches) = &mut self.content else {
            return Ok(());
        };
        while let Some(batch) = batches.front()
            && records.len() < config.max_poll_records
        {
            let is_read = hand_out(batch, assigned, config, &mut self.next_offset, records)?;
            if let Some(position) = assigned
                .valid_position()
                .filter(|position| position.offset < self.next_offset)
            {
                position.offset = self.next_offset;
                position.offset_epoch = batch.leader_epoch;
            }
            if is_read {
                batches.pop_front();
            }
        }
        Ok(())
    }
}

/// Hands out what is left of one batch; says whether that was all of it.
fn hand_out(
    batch: &Batch,
    assigned: &Assigned,
    config: &ConsumerConfig,
    next_offset: &mut Offset,
    records: &mut Vec<ConsumerRecord>,
) -> Result<bool, PollError> {
    let unreadable = |_| corrupt(assigned, batch.base_offset);
    if config.check_crcs {
        batch.verify().map_err(unreadable)?;
    }
    // Transaction markers are not for applications.
    if !batch.is_control() {
        for record in batch.records().map_err(unreadable)? {
            if record.offset < *next_offset {
                continue;
            }
            if records.len() == config.max_poll_records {
                return Ok(false);
            }
            *next_offset = record.offset.next();
            records.push(ConsumerRecord {
                topic: assigned.topic.clone(),
                partition: assigned.partition,
                offset: record.offset,
                leader_epoch: batch.leader_epoch,
                timestamp: record.timestamp,
                key: record.key,
                value: record.value,
            });
        }
    }
    // Compaction may have removed the last records of the batch; its last offset stays.
    *next_offset = (*next_offset).max(batch.next_offset());
    Ok(true)
}

pub(super) fn corrupt(assigned: &Assigned, offset: Offset) -> PollError {
    PollError::CorruptRecord {
        topic: assigned.topic.clone(),
        partition: assigned.partition,
        offset,
    }
}
