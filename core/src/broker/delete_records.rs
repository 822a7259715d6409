//! DeleteRecords: the leader's log starts later, and the answer waits until those of the live followers do.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::partition::{Changes, Partition, Surroundings};
use super::{Broker, unhosted};
use crate::config::BrokerConfig;
use crate::error::ErrorCode;
use crate::ids::{Offset, TopicPartition};
use crate::machine::{ConnectionId, Context, Outbox};
use crate::message::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsResponse, DeletedRecords};
use crate::rules::Wake;

/// A DeleteRecords that waits for the followers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Parked {
    /// The answer, complete but for the partitions that are awaited.
    responses: Vec<DeletedRecords>,
    awaited: Vec<Awaited>,
}

/// A partition of which some live replica still has what is to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Awaited {
    /// Index among the responses.
    index: usize,
    /// The first offset that is kept.
    required_offset: Offset,
}

impl Parked {
    /// Settles what can be settled in the partitions that changed; whether nothing is left (Kafka's `DelayedDeleteRecords.tryComplete`).
    pub(super) fn is_ready(
        &mut self,
        woken: impl Fn(TopicPartition, &[Wake]) -> bool,
        partitions: &BTreeMap<TopicPartition, Partition>,
        around: &Surroundings<'_>,
    ) -> bool {
        let responses = &mut self.responses;
        self.awaited.retain(|awaited| {
            let response = &mut responses[awaited.index];
            if !woken(
                response.partition,
                &[Wake::LowWatermarkAdvanced, Wake::LeadershipChanged],
            ) {
                return true;
            }
            match low_watermark(response.partition, partitions, around) {
                Ok(low_watermark) => {
                    response.low_watermark = low_watermark;
                    low_watermark < awaited.required_offset
                }
                Err(error) => {
                    response.error_code = error;
                    false
                }
            }
        });
        self.awaited.is_empty()
    }

    /// The answer; what is still awaited has timed out.
    pub(super) fn expired(mut self) -> DeleteRecordsResponse {
        for awaited in self.awaited {
            self.responses[awaited.index].error_code = ErrorCode::RequestTimedOut;
        }
        DeleteRecordsResponse {
            partitions: self.responses,
        }
    }
}

fn low_watermark(
    partition: TopicPartition,
    partitions: &BTreeMap<TopicPartition, Partition>,
    around: &Surroundings<'_>,
) -> Result<Offset, ErrorCode> {
    let replica = partitions
        .get(&partition)
        .ok_or_else(|| unhosted(around.image, partition))?;
    let leader = replica.leader().ok_or(ErrorCode::NotLeaderOrFollower)?;
    Ok(leader.low_watermark(replica.log(), around))
}

impl Broker {
    pub(super) fn on_delete_records(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        connection: ConnectionId,
        request: &DeleteRecordsRequest,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let mut parked = Parked {
            responses: Vec::with_capacity(request.partitions.len()),
            awaited: Vec::new(),
        };
        for (index, asked) in request.partitions.iter().enumerate() {
            let result = self.delete_records(context, asked, changes, out);
            if let Ok(required_offset) = result {
                parked.awaited.push(Awaited { index, required_offset });
            }
            parked.responses.push(DeletedRecords {
                partition: asked.partition,
                low_watermark: Offset::NONE,
                error_code: result.err().unwrap_or_default(),
            });
        }
        if connection.has_ended() {
            return;
        }
        if parked.is_ready(|_, _| true, &self.partitions, &surroundings!(self, context)) || request.timeout_ms == 0 {
            out.respond(connection, parked.expired().into());
        } else {
            self.park_delete_records(connection, parked, u64::from(request.timeout_ms), out);
        }
    }

    /// The first offset that is kept.
    fn delete_records(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        asked: &DeleteRecordsPartition,
        changes: &mut Changes,
        out: &mut Outbox,
    ) -> Result<Offset, ErrorCode> {
        let image = self.metadata.image();
        let replica = self
            .partitions
            .get_mut(&asked.partition)
            .ok_or_else(|| unhosted(image, asked.partition))?;
        replica.delete_records(asked.offset, context.rules, changes, out)
    }
}
