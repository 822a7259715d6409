//! The records of the metadata log, byte for byte as Kafka's (KIP-631).
//!
//! A value is a frame version, the number of the record's type, the version of its schema, and its fields. What Kafka has and we do not
//! is written as Kafka writes it when it is not used; a value that uses it is refused.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::BatchError;
use super::cursor::Cursor;
use super::fields::{Reader, Tags, Writer};
use crate::ids::{
    BrokerEpoch, IncarnationId, LeaderEpoch, NodeId, PartitionEpoch, ProducerId, TopicId, TopicName, TopicPartition,
};

const FRAME_VERSION: u32 = 1;
const CONFIG_OF_A_TOPIC: i8 = 2;

const REGISTER_BROKER: Schema = Schema { api_key: 0, version: 3 };
const TOPIC: Schema = Schema { api_key: 2, version: 0 };
const PARTITION: Schema = Schema { api_key: 3, version: 2 };
const CONFIG: Schema = Schema { api_key: 4, version: 0 };
const PARTITION_CHANGE: Schema = Schema { api_key: 5, version: 2 };
const REMOVE_TOPIC: Schema = Schema { api_key: 9, version: 0 };
const PRODUCER_IDS: Schema = Schema {
    api_key: 15,
    version: 0,
};
const BROKER_REGISTRATION_CHANGE: Schema = Schema {
    api_key: 17,
    version: 2,
};
const NO_OP: Schema = Schema {
    api_key: 20,
    version: 0,
};

#[derive(Clone, Copy, PartialEq, Eq)]
struct Schema {
    api_key: u32,
    version: u32,
}

/// One change of the cluster's metadata.
#[expect(missing_docs, reason = "each variant's line explains its fields")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MetadataRecord {
    /// A broker registered; it starts fenced. Its epoch is the offset of this record.
    RegisterBroker {
        broker: NodeId,
        incarnation: IncarnationId,
        epoch: BrokerEpoch,
    },
    /// A broker's registration changed. Kafka has no record for leaving controlled shutdown: `Some(false)` cannot be encoded.
    BrokerRegistrationChange {
        broker: NodeId,
        epoch: BrokerEpoch,
        fenced: Option<bool>,
        in_controlled_shutdown: Option<bool>,
    },
    /// A topic was created.
    Topic { name: TopicName, id: TopicId },
    /// A topic was deleted, with its partitions and its configuration.
    RemoveTopic { id: TopicId },
    /// A topic's configuration key was set.
    Config {
        topic: TopicName,
        key: String,
        value: String,
    },
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
        replicas: Option<Vec<NodeId>>,
        removing: Option<Vec<NodeId>>,
        adding: Option<Vec<NodeId>>,
        /// `Some(None)`: the partition is offline.
        leader: Option<Option<NodeId>>,
        recovering: Option<bool>,
        elr: Option<Vec<NodeId>>,
        last_known_elr: Option<Vec<NodeId>>,
    },
    /// A block of producer ids was handed out.
    ProducerIds {
        broker: NodeId,
        epoch: BrokerEpoch,
        next_producer_id: ProducerId,
    },
    /// A new leader of the metadata log marks its term, or nothing happened.
    NoOp,
}

impl MetadataRecord {
    /// The value of the record that carries this change.
    pub fn encode(&self) -> Bytes {
        let mut to = Writer::default();
        to.unsigned(FRAME_VERSION);
        let schema = self.schema();
        to.unsigned(schema.api_key);
        to.unsigned(schema.version);
        self.write_fields(&mut to);
        to.into_bytes()
    }

    /// Reads the value of a record.
    pub fn decode(value: &Bytes) -> Result<Self, BatchError> {
        let mut cursor = Cursor::at(value, 0);
        let frame_version = cursor.canonical_unsigned()?;
        if frame_version != FRAME_VERSION {
            return Err(BatchError::Malformed);
        }
        let schema = Schema {
            api_key: cursor.canonical_unsigned()?,
            version: cursor.canonical_unsigned()?,
        };
        let mut from = Reader::new(cursor);
        let record = match schema {
            REGISTER_BROKER => read_register_broker(&mut from)?,
            BROKER_REGISTRATION_CHANGE => read_broker_registration_change(&mut from)?,
            TOPIC => read_topic(&mut from)?,
            REMOVE_TOPIC => read_remove_topic(&mut from)?,
            CONFIG => read_config(&mut from)?,
            PARTITION => read_partition(&mut from)?,
            PARTITION_CHANGE => read_partition_change(&mut from)?,
            PRODUCER_IDS => read_producer_ids(&mut from)?,
            NO_OP => {
                from.no_tags()?;
                Self::NoOp
            }
            _ => return Err(BatchError::Malformed),
        };
        from.end()?;
        Ok(record)
    }

    fn schema(&self) -> Schema {
        match self {
            Self::RegisterBroker { .. } => REGISTER_BROKER,
            Self::BrokerRegistrationChange { .. } => BROKER_REGISTRATION_CHANGE,
            Self::Topic { .. } => TOPIC,
            Self::Config { .. } => CONFIG,
            Self::Partition { .. } => PARTITION,
            Self::PartitionChange { .. } => PARTITION_CHANGE,
            Self::RemoveTopic { .. } => REMOVE_TOPIC,
            Self::ProducerIds { .. } => PRODUCER_IDS,
            Self::NoOp => NO_OP,
        }
    }

    fn write_fields(&self, to: &mut Writer) {
        match self {
            Self::RegisterBroker {
                broker,
                incarnation,
                epoch,
            } => {
                to.int32(broker.0);
                to.boolean(false); // Is not migrating from ZooKeeper.
                to.uuid(incarnation.0);
                to.int64(epoch.0);
                to.empty_array(); // End points.
                to.empty_array(); // Features.
                to.null(); // Rack.
                to.boolean(true); // Fenced.
                to.boolean(false); // Not in controlled shutdown.
                to.no_tags();
            }
            Self::BrokerRegistrationChange {
                broker,
                epoch,
                fenced,
                in_controlled_shutdown,
            } => {
                to.int32(broker.0);
                to.int64(epoch.0);
                write_registration_change(to, *fenced, *in_controlled_shutdown);
            }
            Self::Topic { name, id } => {
                to.string(name);
                to.uuid(id.0);
                to.no_tags();
            }
            Self::RemoveTopic { id } => {
                to.uuid(id.0);
                to.no_tags();
            }
            Self::Config { topic, key, value } => {
                to.int8(CONFIG_OF_A_TOPIC);
                to.string(topic);
                to.string(key);
                to.string(value);
                to.no_tags();
            }
            Self::Partition {
                partition,
                replicas,
                isr,
                leader,
                leader_epoch,
                partition_epoch,
            } => {
                to.int32(partition.partition);
                to.uuid(partition.topic.0);
                to.nodes(replicas);
                to.nodes(isr);
                to.empty_array(); // Removing replicas.
                to.empty_array(); // Adding replicas.
                to.int32(leader_number(*leader));
                to.int32(leader_epoch.0);
                to.int32(partition_epoch.0);
                to.empty_array(); // Directories.
                to.no_tags();
            }
            Self::PartitionChange {
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
                to.int32(partition.partition);
                to.uuid(partition.topic.0);
                let mut tags = Tags::default();
                tags.add_if(0, isr.as_ref(), |to, isr| to.nodes(isr));
                tags.add_if(1, *leader, |to, leader| to.int32(leader_number(leader)));
                tags.add_if(2, replicas.as_ref(), |to, replicas| to.nodes(replicas));
                tags.add_if(3, removing.as_ref(), |to, removing| to.nodes(removing));
                tags.add_if(4, adding.as_ref(), |to, adding| to.nodes(adding));
                tags.add_if(5, *recovering, |to, recovering| to.int8(i8::from(recovering)));
                tags.add_if(6, elr.as_ref(), |to, elr| to.nodes(elr));
                tags.add_if(7, last_known_elr.as_ref(), |to, elr| to.nodes(elr));
                to.tags(tags);
            }
            Self::ProducerIds {
                broker,
                epoch,
                next_producer_id,
            } => {
                to.int32(broker.0);
                to.int64(epoch.0);
                to.int64(next_producer_id.0);
                to.no_tags();
            }
            Self::NoOp => to.no_tags(),
        }
    }
}

fn write_registration_change(to: &mut Writer, fenced: Option<bool>, in_controlled_shutdown: Option<bool>) {
    assert!(
        in_controlled_shutdown != Some(false),
        "a broker leaves controlled shutdown only by registering again"
    );
    let mut tags = Tags::default();
    tags.add_if(0, fenced, |to, fenced| to.int8(if fenced { 1 } else { -1 }));
    tags.add_if(1, in_controlled_shutdown, |to, _| to.int8(1));
    to.tags(tags);
}

fn leader_number(leader: Option<NodeId>) -> i32 {
    leader.unwrap_or(NodeId::NONE).0
}

fn read_register_broker(from: &mut Reader<'_>) -> Result<MetadataRecord, BatchError> {
    let broker = NodeId(from.int32()?);
    from.expect_boolean(false)?;
    let incarnation = IncarnationId(from.uuid()?);
    let epoch = BrokerEpoch(from.int64()?);
    from.expect_empty_array()?;
    from.expect_empty_array()?;
    from.expect_null()?;
    from.expect_boolean(true)?;
    from.expect_boolean(false)?;
    from.no_tags()?;
    Ok(MetadataRecord::RegisterBroker {
        broker,
        incarnation,
        epoch,
    })
}

fn read_broker_registration_change(from: &mut Reader<'_>) -> Result<MetadataRecord, BatchError> {
    let broker = NodeId(from.int32()?);
    let epoch = BrokerEpoch(from.int64()?);
    let mut fenced = None;
    let mut in_controlled_shutdown = None;
    from.tags(|tag, from| match tag {
        0 => from.choice(&[(1, true), (-1, false)]).map(|value| fenced = Some(value)),
        1 => from
            .choice(&[(1, true)])
            .map(|value| in_controlled_shutdown = Some(value)),
        _ => Err(BatchError::Malformed),
    })?;
    Ok(MetadataRecord::BrokerRegistrationChange {
        broker,
        epoch,
        fenced,
        in_controlled_shutdown,
    })
}

fn read_topic(from: &mut Reader<'_>) -> Result<MetadataRecord, BatchError> {
    let name = TopicName::from(from.string()?);
    let id = TopicId(from.uuid()?);
    from.no_tags()?;
    Ok(MetadataRecord::Topic { name, id })
}

fn read_config(from: &mut Reader<'_>) -> Result<MetadataRecord, BatchError> {
    from.choice(&[(CONFIG_OF_A_TOPIC, ())])?;
    let topic = TopicName::from(from.string()?);
    let key = from.string()?;
    let value = from.string()?;
    from.no_tags()?;
    Ok(MetadataRecord::Config { topic, key, value })
}

fn read_remove_topic(from: &mut Reader<'_>) -> Result<MetadataRecord, BatchError> {
    let id = TopicId(from.uuid()?);
    from.no_tags()?;
    Ok(MetadataRecord::RemoveTopic { id })
}

fn read_partition(from: &mut Reader<'_>) -> Result<MetadataRecord, BatchError> {
    let partition = read_topic_partition(from)?;
    let replicas = from.nodes()?;
    let isr = from.nodes()?;
    from.expect_empty_array()?;
    from.expect_empty_array()?;
    let leader = read_leader(from)?;
    let leader_epoch = LeaderEpoch(from.int32()?);
    let partition_epoch = PartitionEpoch(from.int32()?);
    from.expect_empty_array()?;
    from.no_tags()?;
    Ok(MetadataRecord::Partition {
        partition,
        replicas,
        isr,
        leader,
        leader_epoch,
        partition_epoch,
    })
}

fn read_partition_change(from: &mut Reader<'_>) -> Result<MetadataRecord, BatchError> {
    let partition = read_topic_partition(from)?;
    let (mut isr, mut leader, mut recovering, mut elr, mut last_known_elr) = (None, None, None, None, None);
    let (mut replicas, mut removing, mut adding) = (None, None, None);
    from.tags(|tag, from| match tag {
        0 => from.nodes().map(|nodes| isr = Some(nodes)),
        1 => read_leader(from).map(|value| leader = Some(value)),
        2 => from.nodes().map(|nodes| replicas = Some(nodes)),
        3 => from.nodes().map(|nodes| removing = Some(nodes)),
        4 => from.nodes().map(|nodes| adding = Some(nodes)),
        5 => from
            .choice(&[(0, false), (1, true)])
            .map(|value| recovering = Some(value)),
        6 => from.nodes().map(|nodes| elr = Some(nodes)),
        7 => from.nodes().map(|nodes| last_known_elr = Some(nodes)),
        _ => Err(BatchError::Malformed),
    })?;
    Ok(MetadataRecord::PartitionChange {
        partition,
        isr,
        replicas,
        removing,
        adding,
        leader,
        recovering,
        elr,
        last_known_elr,
    })
}

fn read_producer_ids(from: &mut Reader<'_>) -> Result<MetadataRecord, BatchError> {
    let broker = NodeId(from.int32()?);
    let epoch = BrokerEpoch(from.int64()?);
    let next_producer_id = ProducerId(from.int64()?);
    from.no_tags()?;
    Ok(MetadataRecord::ProducerIds {
        broker,
        epoch,
        next_producer_id,
    })
}

fn read_topic_partition(from: &mut Reader<'_>) -> Result<TopicPartition, BatchError> {
    let partition = from.int32()?;
    Ok(TopicPartition {
        topic: TopicId(from.uuid()?),
        partition,
    })
}

fn read_leader(from: &mut Reader<'_>) -> Result<Option<NodeId>, BatchError> {
    match from.int32()? {
        -1 => Ok(None),
        leader if leader >= 0 => Ok(Some(NodeId(leader))),
        _ => Err(BatchError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const PARTITION: TopicPartition = TopicPartition {
        topic: TopicId(7),
        partition: 2,
    };

    fn one_of_each() -> Vec<MetadataRecord> {
        let nothing = MetadataRecord::PartitionChange {
            partition: PARTITION,
            isr: None,
            replicas: None,
            removing: None,
            adding: None,
            leader: None,
            recovering: None,
            elr: None,
            last_known_elr: None,
        };
        let everything = MetadataRecord::PartitionChange {
            partition: PARTITION,
            isr: Some(vec![]),
            replicas: Some(vec![NodeId(3), NodeId(1)]),
            removing: Some(vec![NodeId(1)]),
            adding: Some(vec![]),
            leader: Some(None),
            recovering: Some(true),
            elr: Some(vec![NodeId(1)]),
            last_known_elr: Some(vec![NodeId(3), NodeId(2)]),
        };
        let change = |fenced, in_controlled_shutdown| MetadataRecord::BrokerRegistrationChange {
            broker: NodeId(3),
            epoch: BrokerEpoch(9),
            fenced,
            in_controlled_shutdown,
        };
        vec![
            MetadataRecord::RegisterBroker {
                broker: NodeId(3),
                incarnation: IncarnationId(u32::MAX),
                epoch: BrokerEpoch(9),
            },
            change(None, None),
            change(Some(true), None),
            change(Some(false), Some(true)),
            MetadataRecord::Topic {
                name: TopicName::from("orders"),
                id: TopicId(7),
            },
            MetadataRecord::Config {
                topic: TopicName::from("orders"),
                key: "k".into(),
                value: "".into(),
            },
            MetadataRecord::Partition {
                partition: PARTITION,
                replicas: vec![NodeId(1), NodeId(2)],
                isr: vec![NodeId(2)],
                leader: Some(NodeId(2)),
                leader_epoch: LeaderEpoch(0),
                partition_epoch: PartitionEpoch(0),
            },
            nothing,
            everything,
            MetadataRecord::ProducerIds {
                broker: NodeId(3),
                epoch: BrokerEpoch(9),
                next_producer_id: ProducerId(1000),
            },
            MetadataRecord::NoOp,
        ]
    }

    #[test]
    fn every_record_survives_its_bytes() {
        for record in one_of_each() {
            assert_eq!(MetadataRecord::decode(&record.encode()), Ok(record));
        }
    }

    #[test]
    fn whatever_is_read_is_what_would_have_been_written() {
        for record in one_of_each() {
            let good = record.encode();
            for at in 0..good.len() {
                assert!(
                    MetadataRecord::decode(&good.slice(..at)).is_err(),
                    "a part of {record:?} was read"
                );
                for byte in 0..=u8::MAX {
                    let mut changed = good.to_vec();
                    changed[at] = byte;
                    let changed = Bytes::from(changed);
                    if let Ok(read) = MetadataRecord::decode(&changed) {
                        assert_eq!(read.encode(), changed, "{read:?}");
                    }
                }
            }
        }
    }
}
