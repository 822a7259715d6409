//! The records of the metadata log, byte for byte as Kafka's (KIP-631).

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::BatchError;
use crate::ids::{
    BrokerEpoch, IncarnationId, LeaderEpoch, NodeId, PartitionEpoch, ProducerId, TopicId, TopicName, TopicPartition,
};

/// One change of the cluster's metadata.
#[expect(missing_docs, reason = "each variant's line explains its fields")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MetadataRecord {
    /// A broker registered; it starts fenced. Its epoch is the offset of this record.
    RegisterBroker { broker: NodeId, incarnation: IncarnationId, epoch: BrokerEpoch },
    /// A broker's registration changed.
    BrokerRegistrationChange { broker: NodeId, epoch: BrokerEpoch, fenced: Option<bool>, in_controlled_shutdown: Option<bool> },
    /// A topic was created.
    Topic { name: TopicName, id: TopicId },
    /// A topic's configuration key was set.
    Config { topic: TopicName, key: String, value: String },
    /// A partition was created.
    Partition {
        partition: TopicPartition,
        replicas: Vec<NodeId>,
        isr: Vec<NodeId>,
        leader: Option<NodeId>,
        leader_epoch: LeaderEpoch,
        partition_epoch: PartitionEpoch,
    },
    /// A partition changed; what is `None` stays. The partition epoch grows by 1; the leader epoch grows by 1 if `leader` is set.
    PartitionChange {
        partition: TopicPartition,
        isr: Option<Vec<NodeId>>,
        /// `Some(None)`: the partition is offline.
        leader: Option<Option<NodeId>>,
        recovering: Option<bool>,
        elr: Option<Vec<NodeId>>,
        last_known_elr: Option<Vec<NodeId>>,
    },
    /// A block of producer ids was handed out.
    ProducerIds { broker: NodeId, epoch: BrokerEpoch, next_producer_id: ProducerId },
    /// A new leader of the metadata log marks its term, or nothing happened.
    NoOp,
}

impl MetadataRecord {
    /// The value of the record that carries this change.
    pub fn encode(&self) -> Bytes { todo!() }
    /// Reads the value of a record.
    pub fn decode(value: &Bytes) -> Result<Self, BatchError> { todo!() }
}
