//! Metadata: what this broker believes about the cluster.

use alloc::vec::Vec;

use super::Broker;
use crate::error::ErrorCode;
use crate::ids::{NodeId, TopicId, TopicName};
use crate::message::{MetadataPartition, MetadataRequest, MetadataResponse, MetadataTopic};
use crate::metadata::{MetadataImage, PartitionImage, TopicImage, is_legal_topic_name};

impl Broker {
    pub(super) fn describe(&self, request: &MetadataRequest) -> MetadataResponse {
        let image = self.metadata.image();
        let topics = match &request.topics {
            None => image
                .topics
                .iter()
                .map(|(id, topic)| described(image, *id, topic))
                .collect(),
            Some(names) => names.iter().map(|name| by_name(image, name)).collect(),
        };
        let brokers = image
            .brokers
            .keys()
            .copied()
            .filter(|broker| is_alive(image, *broker))
            .collect();
        MetadataResponse { brokers, topics }
    }
}

fn by_name(image: &MetadataImage, name: &TopicName) -> MetadataTopic {
    match image.topic_by_name(name) {
        Some((id, topic)) => described(image, id, topic),
        None => MetadataTopic {
            error_code: if is_legal_topic_name(name) {
                ErrorCode::UnknownTopicOrPartition
            } else {
                ErrorCode::InvalidTopicException
            },
            name: name.clone(),
            // Kafka's zero id stands for no topic.
            topic_id: TopicId(0),
            partitions: Vec::new(),
        },
    }
}

fn described(image: &MetadataImage, topic_id: TopicId, topic: &TopicImage) -> MetadataTopic {
    let partitions = (0..).zip(&topic.partitions);
    let partitions = partitions
        .map(|(index, partition)| described_partition(image, index, partition))
        .collect();
    MetadataTopic {
        error_code: ErrorCode::None,
        name: topic.name.clone(),
        topic_id,
        partitions,
    }
}

/// A leader that is fenced is not told: nobody could connect to it, for all that is known.
fn described_partition(image: &MetadataImage, partition_index: i32, partition: &PartitionImage) -> MetadataPartition {
    let leader = partition.leader.filter(|leader| is_alive(image, *leader));
    let error_code = if leader.is_some() {
        ErrorCode::None
    } else {
        ErrorCode::LeaderNotAvailable
    };
    MetadataPartition {
        error_code,
        partition_index,
        leader_id: leader.unwrap_or(NodeId::NONE),
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas.clone(),
        isr_nodes: partition.isr.clone(),
    }
}

fn is_alive(image: &MetadataImage, broker: NodeId) -> bool {
    image
        .brokers
        .get(&broker)
        .is_some_and(|registration| !registration.fenced)
}
