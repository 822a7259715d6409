//! What monitors look at when stories are told to them.

use std::collections::BTreeMap;

use kafkasim_core::config::{ConsumerConfig, ProducerConfig};
use kafkasim_core::disk::LogImage;
use kafkasim_core::ids::{NodeId, TopicPartition};
use kafkasim_core::metadata::MetadataImage;

use super::super::view::{Leadership, View};

/// What monitors look at.
#[derive(Default)]
pub(super) struct Scenery {
    pub(super) producers: BTreeMap<NodeId, ProducerConfig>,
    pub(super) consumers: BTreeMap<NodeId, ConsumerConfig>,
    pub(super) logs: BTreeMap<(NodeId, TopicPartition), LogImage>,
    pub(super) leaders: BTreeMap<NodeId, Leadership>,
    pub(super) starts: BTreeMap<NodeId, u32>,
    pub(super) without_elr: bool,
    pub(super) under_way: usize,
    pub(super) held_back: bool,
    pub(super) metadata: BTreeMap<NodeId, MetadataImage>,
}

impl View for Scenery {
    fn name(&self, node: NodeId) -> String {
        match node.0 {
            0 => "controller".to_owned(),
            1..=3 => format!("broker-{node}"),
            _ => format!("client-{node}"),
        }
    }

    fn brokers(&self) -> Vec<NodeId> {
        (1..=3).map(NodeId).collect()
    }

    fn producers(&self) -> Vec<NodeId> {
        self.producers.keys().copied().collect()
    }

    fn producer(&self, node: NodeId) -> Option<&ProducerConfig> {
        self.producers.get(&node)
    }

    fn consumer(&self, node: NodeId) -> Option<&ConsumerConfig> {
        self.consumers.get(&node)
    }

    fn offsets_retention_ms(&self) -> i64 {
        60_000
    }

    fn keeps_eligible_leader_replicas(&self) -> bool {
        !self.without_elr
    }

    fn starts(&self, node: NodeId) -> u32 {
        self.starts.get(&node).copied().unwrap_or(1)
    }

    fn is_running(&self, _: NodeId) -> bool {
        true
    }

    fn log(&self, node: NodeId, partition: TopicPartition) -> Option<&LogImage> {
        self.logs.get(&(node, partition))
    }

    fn leadership(&self, node: NodeId, _: TopicPartition) -> Option<Leadership> {
        self.leaders.get(&node).cloned()
    }

    fn is_held_back(&self, _: NodeId, _: TopicPartition) -> bool {
        self.held_back
    }

    fn metadata(&self, node: NodeId) -> Option<&MetadataImage> {
        self.metadata.get(&node)
    }

    fn unanswered_produces(&self, _: NodeId) -> usize {
        self.under_way
    }
}
