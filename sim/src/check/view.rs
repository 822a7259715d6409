//! What monitors may look at besides events: disks, configurations, and what leaders believe.

use kafkasim_core::config::{ConsumerConfig, ProducerConfig};
use kafkasim_core::disk::LogImage;
use kafkasim_core::ids::{LeaderEpoch, NodeId, TopicPartition};
use kafkasim_core::metadata::MetadataImage;

use crate::setup::Role;
use crate::world::{Link, World};

/// The world as monitors see it. A trait, so that a monitor can be tested without a world.
pub(crate) trait View {
    /// What people call a process.
    fn name(&self, node: NodeId) -> String;
    /// Every broker.
    fn brokers(&self) -> Vec<NodeId>;
    /// Every process with a producer.
    fn producers(&self) -> Vec<NodeId>;
    /// How a producer is configured, if this process is one.
    fn producer(&self, node: NodeId) -> Option<&ProducerConfig>;
    /// How a consumer is configured, if this process is one.
    fn consumer(&self, node: NodeId) -> Option<&ConsumerConfig>;
    /// `offsets.retention.minutes`, in milliseconds.
    fn offsets_retention_ms(&self) -> i64;
    /// Whether the cluster keeps eligible leader replicas (KIP-966).
    fn keeps_eligible_leader_replicas(&self) -> bool;
    /// How often a process was started.
    fn starts(&self, node: NodeId) -> u32;
    /// Whether a process runs.
    fn is_running(&self, node: NodeId) -> bool;
    /// One log as it is on a disk: what a running process has, and what one that is down will find. The end may be
    /// torn.
    fn log(&self, node: NodeId, partition: TopicPartition) -> Option<&LogImage>;
    /// How a running broker leads a partition, if it believes that it does.
    fn leadership(&self, node: NodeId, partition: TopicPartition) -> Option<Leadership>;
    /// Whether a leader's high watermark waits only for replicas that are down and that it need not wait for: Kafka looks again when
    /// something is appended, not when such a replica goes.
    fn is_held_back(&self, leader: NodeId, partition: TopicPartition) -> bool;
    /// What a running broker knows of the cluster.
    fn metadata(&self, node: NodeId) -> Option<&MetadataImage>;
    /// How many Produces of a process are unanswered on the connection that has most of them.
    fn unanswered_produces(&self, node: NodeId) -> usize;
}

/// What a leader believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leadership {
    /// In which epoch it leads.
    pub(crate) epoch: LeaderEpoch,
    /// How many replicas are in sync, as far as it knows that the controller agrees.
    pub(crate) committed: usize,
    /// Everybody whom the controller may believe to be in sync (KIP-497).
    pub(crate) maximal: Vec<NodeId>,
}

impl View for World {
    fn name(&self, node: NodeId) -> String {
        self.setup().process(node).name.clone()
    }

    fn brokers(&self) -> Vec<NodeId> {
        self.setup().brokers().collect()
    }

    fn producers(&self) -> Vec<NodeId> {
        self.setup()
            .nodes()
            .map(|(node, _)| node)
            .filter(|node| self.producer(*node).is_some())
            .collect()
    }

    fn producer(&self, node: NodeId) -> Option<&ProducerConfig> {
        match &self.setup().process(node).role {
            Role::Producer(config, _) => Some(config),
            Role::Controller(_) | Role::Broker(_) | Role::Operator(..) | Role::Consumer(..) => None,
        }
    }

    fn consumer(&self, node: NodeId) -> Option<&ConsumerConfig> {
        match &self.setup().process(node).role {
            Role::Consumer(config, _) => Some(config),
            Role::Controller(_) | Role::Broker(_) | Role::Operator(..) | Role::Producer(..) => None,
        }
    }

    fn offsets_retention_ms(&self) -> i64 {
        let mut processes = self.setup().processes.iter();
        let found = processes.find_map(|process| match &process.role {
            Role::Broker(config) => Some(config.offsets_retention_ms()),
            Role::Controller(_) | Role::Operator(..) | Role::Producer(..) | Role::Consumer(..) => None,
        });
        found.unwrap_or(i64::MAX)
    }

    fn keeps_eligible_leader_replicas(&self) -> bool {
        self.setup().processes.iter().any(|process| match &process.role {
            Role::Controller(config) => config.eligible_leader_replicas,
            Role::Broker(_) | Role::Operator(..) | Role::Producer(..) | Role::Consumer(..) => false,
        })
    }

    fn starts(&self, node: NodeId) -> u32 {
        self.node(node).starts()
    }

    fn is_running(&self, node: NodeId) -> bool {
        self.node(node).is_running()
    }

    fn log(&self, node: NodeId, partition: TopicPartition) -> Option<&LogImage> {
        self.node(node).disk().image().logs.get(&partition)
    }

    fn leadership(&self, node: NodeId, partition: TopicPartition) -> Option<Leadership> {
        let replica = self.node(node).broker()?.partition(partition)?;
        let (committed, maximal) = (replica.isr()?.len(), replica.maximal_isr()?.collect());
        Some(Leadership {
            epoch: replica.leader_epoch(),
            committed,
            maximal,
        })
    }

    fn is_held_back(&self, leader: NodeId, partition: TopicPartition) -> bool {
        let replica = self
            .node(leader)
            .broker()
            .and_then(|broker| broker.partition(partition));
        replica.is_some_and(|replica| replica.waits_only_for(|node| !self.node(node).is_up()))
    }

    fn metadata(&self, node: NodeId) -> Option<&MetadataImage> {
        Some(self.node(node).broker()?.metadata())
    }

    fn unanswered_produces(&self, node: NodeId) -> usize {
        let is_ours = |link: &Link| link.client == node;
        let connections = self
            .network()
            .connections()
            .filter(|(link, connection)| is_ours(link) && connection.is_open());
        let unanswered = connections.map(|(_, connection)| connection.unanswered_produces());
        unanswered.max().unwrap_or(0)
    }
}
