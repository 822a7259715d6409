//! The cluster's metadata as replayed from the metadata log, by the controller and by every broker alike.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::config::TopicConfig;
use crate::error::ErrorCode;
use crate::ids::{
    BrokerEpoch, IncarnationId, LeaderEpoch, NodeId, PartitionEpoch, ProducerId, TopicId, TopicName, TopicPartition,
};
use crate::record::MetadataRecord;

/// Everything that the metadata log says, up to some offset. Cheap to clone: topics are shared until one changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetadataImage {
    /// Every broker ever registered.
    pub brokers: BTreeMap<NodeId, BrokerImage>,
    /// Every topic.
    pub topics: BTreeMap<TopicId, Arc<TopicImage>>,
    /// The first producer id not handed out.
    pub next_producer_id: ProducerId,
}

/// One broker's registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BrokerImage {
    /// The start that registered.
    pub incarnation: IncarnationId,
    /// The registration.
    pub epoch: BrokerEpoch,
    /// May not lead or be in sync.
    pub fenced: bool,
    /// Is handing its partitions over.
    pub in_controlled_shutdown: bool,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicImage {
    /// Its name.
    pub name: TopicName,
    /// Its configuration.
    pub config: TopicConfig,
    /// Its partitions, by index.
    pub partitions: Vec<PartitionImage>,
}

/// One partition's registration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionImage {
    /// All replicas, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// In-sync replicas, in the order of `replicas`.
    pub isr: Vec<NodeId>,
    /// Eligible leader replicas (KIP-966).
    pub elr: Vec<NodeId>,
    /// Those that lost eligibility to an unclean shutdown; the last known leader if everything is lost (KIP-966).
    pub last_known_elr: Vec<NodeId>,
    /// The leader, if the partition is online.
    pub leader: Option<NodeId>,
    /// Grows with every leader.
    pub leader_epoch: LeaderEpoch,
    /// Grows with every change.
    pub partition_epoch: PartitionEpoch,
    /// The leader was elected uncleanly and has not recovered yet.
    pub recovering: bool,
}

impl BrokerImage {
    /// Whether the broker may lead and be in sync: it is neither fenced nor shutting down.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }
}

impl TopicImage {
    /// `min.insync.replicas`, but never more than the partition has replicas.
    #[must_use]
    pub fn effective_min_isr(&self, partition: &PartitionImage) -> usize {
        usize::try_from(self.config.min_insync_replicas)
            .unwrap_or(0)
            .min(partition.replicas.len())
    }
}

impl Default for MetadataImage {
    fn default() -> Self {
        Self::new()
    }
}

impl MetadataImage {
    /// Before the first record.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            brokers: BTreeMap::new(),
            topics: BTreeMap::new(),
            next_producer_id: ProducerId(0),
        }
    }

    /// Applies one record.
    ///
    /// # Panics
    /// If the record refers to a broker, topic or partition that no earlier record made: the log it came from is broken.
    pub fn replay(&mut self, record: &MetadataRecord) {
        match record {
            MetadataRecord::RegisterBroker {
                broker,
                incarnation,
                epoch,
            } => {
                let registration = BrokerImage {
                    incarnation: *incarnation,
                    epoch: *epoch,
                    fenced: true,
                    in_controlled_shutdown: false,
                };
                self.brokers.insert(*broker, registration);
            }
            MetadataRecord::BrokerRegistrationChange {
                broker,
                epoch,
                fenced,
                in_controlled_shutdown,
            } => {
                let registration = self
                    .brokers
                    .get_mut(broker)
                    .expect("a broker changes after it has registered");
                assert!(
                    registration.epoch == *epoch,
                    "only the current registration of broker {broker} changes"
                );
                registration.fenced = fenced.unwrap_or(registration.fenced);
                registration.in_controlled_shutdown =
                    in_controlled_shutdown.unwrap_or(registration.in_controlled_shutdown);
            }
            MetadataRecord::Topic { name, id } => {
                let topic = TopicImage {
                    name: name.clone(),
                    config: kafka_defaults(),
                    partitions: Vec::new(),
                };
                self.topics.insert(*id, Arc::new(topic));
            }
            MetadataRecord::Config { topic, key, value } => {
                let topic = self.topics.values_mut().find(|image| image.name == *topic);
                let topic = Arc::make_mut(topic.expect("a topic is configured after its creation"));
                set_config(&mut topic.config, key, value).expect("configuration is validated before it is written");
            }
            MetadataRecord::Partition {
                partition,
                replicas,
                isr,
                leader,
                leader_epoch,
                partition_epoch,
            } => {
                let topic = self
                    .topics
                    .get_mut(&partition.topic)
                    .expect("a partition follows its topic");
                let topic = Arc::make_mut(topic);
                assert!(
                    usize::try_from(partition.partition) == Ok(topic.partitions.len()),
                    "the partitions of a topic are created in the order of their indexes"
                );
                topic.partitions.push(PartitionImage {
                    replicas: replicas.clone(),
                    isr: isr.clone(),
                    elr: Vec::new(),
                    last_known_elr: Vec::new(),
                    leader: *leader,
                    leader_epoch: *leader_epoch,
                    partition_epoch: *partition_epoch,
                    recovering: false,
                });
            }
            MetadataRecord::PartitionChange {
                partition,
                isr,
                leader,
                recovering,
                elr,
                last_known_elr,
            } => {
                let image = self
                    .partition_mut(*partition)
                    .expect("a partition changes after its creation");
                replace(&mut image.isr, isr.as_ref());
                replace(&mut image.elr, elr.as_ref());
                replace(&mut image.last_known_elr, last_known_elr.as_ref());
                image.recovering = recovering.unwrap_or(image.recovering);
                if let Some(leader) = leader {
                    image.leader = *leader;
                    image.leader_epoch = image.leader_epoch.next();
                }
                image.partition_epoch = image.partition_epoch.next();
            }
            MetadataRecord::ProducerIds { next_producer_id, .. } => self.next_producer_id = *next_producer_id,
            MetadataRecord::NoOp => {}
        }
    }

    /// A partition's registration.
    #[must_use]
    pub fn partition(&self, partition: TopicPartition) -> Option<&PartitionImage> {
        let index = usize::try_from(partition.partition).ok()?;
        self.topics.get(&partition.topic)?.partitions.get(index)
    }

    fn partition_mut(&mut self, partition: TopicPartition) -> Option<&mut PartitionImage> {
        let index = usize::try_from(partition.partition).ok()?;
        Arc::make_mut(self.topics.get_mut(&partition.topic)?)
            .partitions
            .get_mut(index)
    }

    /// Every partition of every topic, in order.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &TopicImage, &PartitionImage)> {
        self.topics.iter().flat_map(|(id, topic)| {
            (0..).zip(&topic.partitions).map(|(index, partition)| {
                (
                    TopicPartition {
                        topic: *id,
                        partition: index,
                    },
                    &**topic,
                    partition,
                )
            })
        })
    }

    /// A topic by its name.
    #[must_use]
    pub fn topic_by_name(&self, name: &TopicName) -> Option<(TopicId, &TopicImage)> {
        self.topics
            .iter()
            .find(|(_, topic)| topic.name == *name)
            .map(|(id, topic)| (*id, &**topic))
    }

    /// Whether a broker is registered, unfenced and not shutting down.
    #[must_use]
    pub fn is_active(&self, broker: NodeId) -> bool {
        self.brokers.get(&broker).is_some_and(BrokerImage::is_active)
    }
}

fn replace(field: &mut Vec<NodeId>, by: Option<&Vec<NodeId>>) {
    if let Some(value) = by {
        field.clone_from(value);
    }
}

/// Kafka's defaults.
pub(crate) const fn kafka_defaults() -> TopicConfig {
    TopicConfig { min_insync_replicas: 1, unclean_leader_election_enable: false, max_message_bytes: 1_048_588 }
}

/// Sets one key.
pub(crate) fn set_config(config: &mut TopicConfig, key: &str, value: &str) -> Result<(), ErrorCode> {
    let number = |least: i32| value.parse().ok().filter(|number| *number >= least).ok_or(ErrorCode::InvalidConfig);
    match key {
        "min.insync.replicas" => config.min_insync_replicas = number(1)?,
        "unclean.leader.election.enable" => {
            config.unclean_leader_election_enable = value.parse().map_err(|_| ErrorCode::InvalidConfig)?;
        }
        "max.message.bytes" => config.max_message_bytes = number(0)?,
        _ => return Err(ErrorCode::InvalidConfig),
    }
    Ok(())
}
