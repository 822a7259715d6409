//! CreatePartitions, with the replicas of each new partition given by the operator (KIP-195).

use super::commit::Records;
use super::topics::{check_assignment, new_partition};
use super::{Controller, ControllerContext};
use crate::call::NewPartitions;
use crate::error::ErrorCode;
use crate::ids::TopicPartition;
use crate::machine::{ConnectionId, Outbox};
use crate::message::{CreatePartitionsRequest, CreatePartitionsResponse};
use crate::metadata::MetadataImage;

impl Controller {
    pub(super) fn on_create_partitions(
        &mut self,
        context: &ControllerContext<'_>,
        connection: ConnectionId,
        request: &CreatePartitionsRequest,
        out: &mut Outbox,
    ) {
        let error_code = match expansion(&self.image, &request.topic) {
            Ok(records) => {
                self.append(context, records, out);
                ErrorCode::None
            }
            Err(error_code) => error_code,
        };
        self.answer(connection, CreatePartitionsResponse { error_code }, out);
    }
}

/// The records that add partitions to a topic. They begin where the topic ends, and have as many replicas as its first partition.
fn expansion(image: &MetadataImage, wanted: &NewPartitions) -> Result<Records, ErrorCode> {
    let (id, topic) = image
        .topic_by_name(&wanted.topic)
        .ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let existing = topic.partitions.len();
    let additional = usize::try_from(wanted.count)
        .ok()
        .and_then(|count| count.checked_sub(existing))
        .filter(|additional| *additional > 0)
        .ok_or(ErrorCode::InvalidPartitions)?;
    if wanted.assignments.len() != additional {
        return Err(ErrorCode::InvalidReplicaAssignment);
    }
    let first = topic.partitions.first().expect("a topic has a partition");
    let mut records = Records::default();
    for (index, replicas) in (existing..).zip(&wanted.assignments) {
        check_assignment(image, replicas, first.replicas.len())?;
        let partition = TopicPartition {
            topic: id,
            partition: i32::try_from(index).expect("below the count wanted, which is an i32"),
        };
        records.push(new_partition(image, partition, replicas)?);
    }
    Ok(records)
}
