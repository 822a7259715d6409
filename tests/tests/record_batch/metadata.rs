//! Values of the metadata log as Kafka's own classes write them.

use bytes::Bytes;
use kafkasim_core::ids::NodeId;
use kafkasim_core::record::{BatchError, MetadataRecord};

use super::notation::{from_hex, to_hex};

const BY_JAVA: &str = include_str!("../../golden/record_batch/metadata.txt");

/// Pairs of a description and a value, of those descriptions that start with `word`.
fn values(word: &str) -> Vec<(&'static str, Bytes)> {
    let lines: Vec<&str> = BY_JAVA.lines().collect();
    lines
        .windows(2)
        .filter_map(|pair| {
            let description = pair[0].strip_prefix(word)?.strip_prefix(' ')?;
            let hex = pair[1].strip_prefix("hex ").expect("a value follows its description");
            Some((description, Bytes::from(from_hex(hex))))
        })
        .collect()
}

fn same_or<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or("same".to_owned(), show)
}

fn nodes(nodes: &[NodeId]) -> String {
    let nodes: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
    format!("[{}]", nodes.join(","))
}

fn leader(leader: Option<NodeId>) -> String {
    leader.map_or("none".to_owned(), |leader| leader.to_string())
}

fn show(record: &MetadataRecord) -> String {
    match record {
        MetadataRecord::RegisterBroker {
            broker,
            incarnation,
            epoch,
        } => {
            format!("RegisterBroker broker={broker} incarnation={incarnation} epoch={epoch}")
        }
        MetadataRecord::BrokerRegistrationChange {
            broker,
            epoch,
            fenced,
            in_controlled_shutdown,
        } => format!(
            "BrokerRegistrationChange broker={broker} epoch={epoch} fenced={} in_controlled_shutdown={}",
            same_or(*fenced, |fenced| fenced.to_string()),
            same_or(*in_controlled_shutdown, |shutdown| shutdown.to_string()),
        ),
        MetadataRecord::Topic { name, id } => format!("Topic name={name} id={id}"),
        MetadataRecord::RemoveTopic { id } => format!("RemoveTopic id={id}"),
        MetadataRecord::Config { topic, key, value } => format!("Config topic={topic} key={key} value={value}"),
        MetadataRecord::Partition {
            partition,
            replicas,
            isr,
            leader: led_by,
            leader_epoch,
            partition_epoch,
        } => format!(
            "Partition topic={} partition={} replicas={} isr={} leader={} leader_epoch={leader_epoch} \
             partition_epoch={partition_epoch}",
            partition.topic,
            partition.partition,
            nodes(replicas),
            nodes(isr),
            leader(*led_by),
        ),
        MetadataRecord::PartitionChange {
            partition,
            isr,
            replicas,
            removing,
            adding,
            leader: led_by,
            recovering,
            elr,
            last_known_elr,
        } => format!(
            "PartitionChange topic={} partition={} isr={} replicas={} removing={} adding={} leader={} \
             recovering={} elr={} last_known_elr={}",
            partition.topic,
            partition.partition,
            same_or(isr.as_deref(), nodes),
            same_or(replicas.as_deref(), nodes),
            same_or(removing.as_deref(), nodes),
            same_or(adding.as_deref(), nodes),
            same_or(*led_by, leader),
            same_or(*recovering, |recovering| recovering.to_string()),
            same_or(elr.as_deref(), nodes),
            same_or(last_known_elr.as_deref(), nodes),
        ),
        MetadataRecord::ProducerIds {
            broker,
            epoch,
            next_producer_id,
        } => {
            format!("ProducerIds broker={broker} epoch={epoch} next_producer_id={next_producer_id}")
        }
        MetadataRecord::NoOp => "NoOp".to_owned(),
    }
}

#[test]
fn values_of_kafka_itself_are_read_and_made() {
    let values = values("record");
    for (description, value) in &values {
        let record = MetadataRecord::decode(value).unwrap_or_else(|error| panic!("{description}: {error}"));
        assert_eq!(show(&record), *description);
        assert_eq!(to_hex(&record.encode()), to_hex(value), "{description}");
    }
    let mut kinds: Vec<&str> = values
        .iter()
        .filter_map(|(description, _)| description.split(' ').next())
        .collect();
    kinds.dedup();
    assert_eq!(kinds.len(), 9, "every variant occurs: {kinds:?}");
}

#[test]
fn what_kafka_can_say_and_we_cannot_is_refused() {
    let values = values("refused");
    assert_eq!(values.len(), 13);
    for (description, value) in values {
        assert_eq!(
            MetadataRecord::decode(&value),
            Err(BatchError::Malformed),
            "{description}"
        );
    }
}
