//! The cluster's metadata as replayed from the metadata log, by the controller and by every broker alike.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::config::TopicConfig;
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
    /// The newest topic that there has ever been.
    pub newest_topic: TopicId,
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
    /// Those among them that go once the reassignment under way is complete (KIP-455).
    pub removing: Vec<NodeId>,
    /// Those among them that it added: once all of them are in sync, it is complete.
    pub adding: Vec<NodeId>,
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
            newest_topic: TopicId::CLUSTER_METADATA,
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
                    config: TopicConfig::defaults(),
                    partitions: Vec::new(),
                };
                self.topics.insert(*id, Arc::new(topic));
                self.newest_topic = self.newest_topic.max(*id);
            }
            MetadataRecord::RemoveTopic { id } => {
                let removed = self.topics.remove(id);
                assert!(removed.is_some(), "a topic is removed after its creation");
            }
            MetadataRecord::Config { topic, key, value } => {
                let topic = self.topics.values_mut().find(|image| image.name == *topic);
                let topic = Arc::make_mut(topic.expect("a topic is configured after its creation"));
                topic.config = TopicConfig::parse([(&**key, &**value)], &topic.config)
                    .expect("configuration is validated before it is written");
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
                    removing: Vec::new(),
                    adding: Vec::new(),
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
                replicas,
                removing,
                adding,
                leader,
                recovering,
                elr,
                last_known_elr,
            } => {
                let image = self
                    .partition_mut(*partition)
                    .expect("a partition changes after its creation");
                replace(&mut image.isr, isr.as_ref());
                replace(&mut image.replicas, replicas.as_ref());
                replace(&mut image.removing, removing.as_ref());
                replace(&mut image.adding, adding.as_ref());
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

/// Whether a topic can have this name (Kafka's `Topic.validate`).
#[must_use]
pub fn is_legal_topic_name(name: &str) -> bool {
    const MAX_LENGTH: usize = 249;
    let is_legal = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    (1..=MAX_LENGTH).contains(&name.len()) && name != "." && name != ".." && name.chars().all(is_legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTITION: TopicPartition = TopicPartition {
        topic: TopicId(1),
        partition: 0,
    };

    fn nodes(ids: &[i32]) -> Vec<NodeId> {
        ids.iter().copied().map(NodeId).collect()
    }

    fn unchanged() -> MetadataRecord {
        MetadataRecord::PartitionChange {
            partition: PARTITION,
            isr: None,
            replicas: None,
            removing: None,
            adding: None,
            leader: None,
            recovering: None,
            elr: None,
            last_known_elr: None,
        }
    }

    fn with_topic() -> MetadataImage {
        let mut image = MetadataImage::new();
        image.replay(&MetadataRecord::Topic {
            name: "t".into(),
            id: PARTITION.topic,
        });
        image.replay(&MetadataRecord::Partition {
            partition: PARTITION,
            replicas: nodes(&[1, 2]),
            isr: nodes(&[1, 2]),
            leader: Some(NodeId(1)),
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
        });
        image
    }

    fn epochs(image: &MetadataImage) -> (Option<i32>, i32, i32) {
        let partition = image.partition(PARTITION).expect("it was created");
        (
            partition.leader.map(|leader| leader.0),
            partition.leader_epoch.0,
            partition.partition_epoch.0,
        )
    }

    #[test]
    fn every_change_counts_and_only_naming_a_leader_begins_an_epoch() {
        let mut image = with_topic();
        let MetadataRecord::PartitionChange {
            partition,
            isr,
            recovering,
            elr,
            last_known_elr,
            ..
        } = unchanged()
        else {
            panic!("a partition change is one");
        };
        let change = |leader| MetadataRecord::PartitionChange {
            partition,
            isr: isr.clone(),
            replicas: None,
            removing: None,
            adding: None,
            leader,
            recovering,
            elr: elr.clone(),
            last_known_elr: last_known_elr.clone(),
        };
        for (leader, expected) in [
            (None, (Some(1), 0, 1)),
            (Some(None), (None, 1, 2)),
            (Some(Some(NodeId(2))), (Some(2), 2, 3)),
            (Some(Some(NodeId(2))), (Some(2), 3, 4)),
        ] {
            image.replay(&change(leader));
            assert_eq!(epochs(&image), expected, "after {leader:?}");
        }
    }

    #[test]
    fn what_a_change_does_not_name_stays() {
        let mut image = with_topic();
        image.replay(&MetadataRecord::PartitionChange {
            partition: PARTITION,
            isr: Some(nodes(&[1])),
            replicas: Some(nodes(&[2, 1, 3])),
            removing: Some(nodes(&[1])),
            adding: Some(nodes(&[3])),
            leader: None,
            recovering: Some(true),
            elr: Some(nodes(&[2])),
            last_known_elr: Some(nodes(&[1])),
        });
        let before = image.partition(PARTITION).expect("it was created").clone();
        image.replay(&unchanged());
        let after = PartitionImage {
            partition_epoch: before.partition_epoch.next(),
            ..before
        };
        assert_eq!(image.partition(PARTITION), Some(&after));
        assert!(after.recovering);
        assert_eq!(
            (after.isr, after.elr, after.last_known_elr),
            (nodes(&[1]), nodes(&[2]), nodes(&[1]))
        );
        assert_eq!(
            (after.replicas, after.removing, after.adding),
            (nodes(&[2, 1, 3]), nodes(&[1]), nodes(&[3]))
        );
    }

    #[test]
    fn a_broker_starts_fenced_every_time_it_registers() {
        let mut image = MetadataImage::new();
        let broker = NodeId(1);
        let register = |incarnation, epoch| MetadataRecord::RegisterBroker {
            broker,
            incarnation: IncarnationId(incarnation),
            epoch: BrokerEpoch(epoch),
        };
        let change = |epoch, fenced, in_controlled_shutdown| MetadataRecord::BrokerRegistrationChange {
            broker,
            epoch: BrokerEpoch(epoch),
            fenced,
            in_controlled_shutdown,
        };
        for (record, is_active) in [
            (register(1, 1), false),
            (change(1, Some(false), None), true),
            (change(1, None, Some(true)), false),
            (register(2, 4), false),
            (change(4, Some(false), None), true),
            (change(4, Some(true), None), false),
        ] {
            image.replay(&record);
            assert_eq!(image.is_active(broker), is_active, "after {record:?}");
        }
        assert!(
            !image.is_active(NodeId(2)),
            "a broker that never registered is not active"
        );
    }

    #[test]
    fn topics_are_found_by_name_and_shared_until_one_changes() {
        let mut image = with_topic();
        image.replay(&MetadataRecord::Topic {
            name: "u".into(),
            id: TopicId(2),
        });
        let before = image.clone();
        image.replay(&MetadataRecord::Config {
            topic: "u".into(),
            key: "min.insync.replicas".into(),
            value: "2".into(),
        });
        assert!(Arc::ptr_eq(&before.topics[&TopicId(1)], &image.topics[&TopicId(1)]));
        let (id, topic) = image.topic_by_name(&"u".into()).expect("it was created");
        assert_eq!((id, topic.config.min_insync_replicas), (TopicId(2), 2));
        assert_eq!(before.topics[&TopicId(2)].config.min_insync_replicas, 1);
        assert_eq!(image.topic_by_name(&"v".into()), None);
    }

    #[test]
    fn no_more_in_sync_replicas_are_required_than_there_are() {
        let mut image = with_topic();
        for (min_isr, effective) in [("1", 1), ("2", 2), ("3", 2)] {
            image.replay(&MetadataRecord::Config {
                topic: "t".into(),
                key: "min.insync.replicas".into(),
                value: min_isr.into(),
            });
            let (_, topic, partition) = image.partitions().next().expect("there is one");
            assert_eq!(topic.effective_min_isr(partition), effective);
        }
    }
}
