//! CreateTopics, with the replicas of each partition given by the operator, and DeleteTopics.

use alloc::string::String;
use alloc::vec::Vec;

use super::commit::Records;
use super::{Controller, ControllerContext};
use crate::call::NewTopic;
use crate::config::TopicConfig;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, NodeId, PartitionEpoch, TopicId, TopicName, TopicPartition};
use crate::machine::{ConnectionId, Outbox};
use crate::message::{CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse};
use crate::metadata::{MetadataImage, is_legal_topic_name};
use crate::record::MetadataRecord;
use crate::rules::KnownTopics;

impl Controller {
    pub(super) fn on_create_topics(
        &mut self,
        context: &ControllerContext<'_>,
        connection: ConnectionId,
        request: &CreateTopicsRequest,
        out: &mut Outbox,
    ) {
        match creation(context, &self.image, &request.topic) {
            Ok(records) => {
                self.append(context, records, out);
                self.answer(
                    connection,
                    CreateTopicsResponse {
                        error_code: ErrorCode::None,
                    },
                    out,
                );
            }
            Err(error_code) => self.answer(connection, CreateTopicsResponse { error_code }, out),
        }
    }

    pub(super) fn on_delete_topics(
        &mut self,
        context: &ControllerContext<'_>,
        connection: ConnectionId,
        request: &DeleteTopicsRequest,
        out: &mut Outbox,
    ) {
        let error_code = match removal(&self.image, &request.topic) {
            Ok(records) => {
                self.append(context, records, out);
                ErrorCode::None
            }
            Err(error_code) => error_code,
        };
        self.answer(connection, DeleteTopicsResponse { error_code }, out);
    }
}

/// The record that deletes a topic. Its configuration goes with it.
fn removal(image: &MetadataImage, topic: &TopicName) -> Result<Records, ErrorCode> {
    let (id, _) = image.topic_by_name(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let mut records = Records::default();
    records.push(MetadataRecord::RemoveTopic { id });
    Ok(records)
}

/// The records that create a topic.
fn creation(context: &ControllerContext<'_>, image: &MetadataImage, topic: &NewTopic) -> Result<Records, ErrorCode> {
    check_name(image, &topic.name)?;
    let configs = configs(context, topic)?;
    check_assignments(image, &topic.assignments)?;

    let id = (context.rules.topic_id)(&KnownTopics {
        newest: image.newest_topic,
        free: smallest_free(image),
    });
    let mut records = Records::default();
    records.push(MetadataRecord::Topic {
        name: topic.name.clone(),
        id,
    });
    for (key, value) in configs {
        records.push(MetadataRecord::Config {
            topic: topic.name.clone(),
            key: key.into(),
            value,
        });
    }
    for (index, replicas) in (0..).zip(&topic.assignments) {
        let partition = TopicPartition {
            topic: id,
            partition: index,
        };
        records.push(new_partition(image, partition, replicas)?);
    }
    Ok(records)
}

/// The smallest id that no topic has.
fn smallest_free(image: &MetadataImage) -> TopicId {
    let first = TopicId::CLUSTER_METADATA.0 + 1;
    let taken = (first..)
        .zip(image.topics.keys())
        .take_while(|(id, topic)| *id == topic.0);
    TopicId(taken.last().map_or(first, |(id, _)| id + 1))
}

/// The record that makes a partition: in sync is who is active, and the first of these leads.
pub(super) fn new_partition(
    image: &MetadataImage,
    partition: TopicPartition,
    replicas: &[NodeId],
) -> Result<MetadataRecord, ErrorCode> {
    let isr: Vec<NodeId> = replicas
        .iter()
        .copied()
        .filter(|replica| image.is_active(*replica))
        .collect();
    let leader = *isr.first().ok_or(ErrorCode::InvalidReplicaAssignment)?;
    Ok(MetadataRecord::Partition {
        partition,
        replicas: replicas.to_vec(),
        isr,
        leader: Some(leader),
        leader_epoch: LeaderEpoch(0),
        partition_epoch: PartitionEpoch(0),
    })
}

/// The topic's configuration as far as it is not Kafka's default: what the operator sets, and the cluster's own defaults, which the
/// brokers could not know otherwise.
fn configs(context: &ControllerContext<'_>, topic: &NewTopic) -> Result<Vec<(&'static str, String)>, ErrorCode> {
    let pairs = topic.configs.iter().map(|(key, value)| (&**key, &**value));
    let config = TopicConfig::parse(pairs, &context.config.topic_defaults).map_err(|_| ErrorCode::InvalidConfig)?;
    let defaults = TopicConfig::defaults();
    let differs = config
        .to_pairs()
        .zip(defaults.to_pairs())
        .filter(|(own, default)| own != default);
    Ok(differs.map(|(own, _)| own).collect())
}

fn check_name(image: &MetadataImage, name: &TopicName) -> Result<(), ErrorCode> {
    // Kafka's metric names do not tell a dot from an underscore.
    let unified = |name: &str| name.replace('.', "_");
    let collides = |other: &TopicName| unified(other) == unified(name);
    if image.topic_by_name(name).is_some() {
        Err(ErrorCode::TopicAlreadyExists)
    } else if !is_legal_topic_name(name) || image.topics.values().any(|topic| collides(&topic.name)) {
        Err(ErrorCode::InvalidTopicException)
    } else {
        Ok(())
    }
}

fn check_assignments(image: &MetadataImage, assignments: &[Vec<NodeId>]) -> Result<(), ErrorCode> {
    let Some(first) = assignments.first() else {
        return Err(ErrorCode::InvalidPartitions);
    };
    assignments
        .iter()
        .try_for_each(|replicas| check_assignment(image, replicas, first.len()))
}

/// Whether a partition may have these replicas, in a topic whose partitions have so many.
pub(super) fn check_assignment(
    image: &MetadataImage,
    replicas: &[NodeId],
    replication_factor: usize,
) -> Result<(), ErrorCode> {
    let is_repeated = |(at, replica): (usize, &NodeId)| replicas[..at].contains(replica);
    let is_possible = !replicas.is_empty()
        && replicas.len() == replication_factor
        && replicas.iter().all(|replica| image.brokers.contains_key(replica))
        && !replicas.iter().enumerate().any(is_repeated);
    if is_possible {
        Ok(())
    } else {
        Err(ErrorCode::InvalidReplicaAssignment)
    }
}
