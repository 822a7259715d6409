//! What processes, partitions and values are called.

use std::collections::BTreeMap;
use std::str;

use kafkasim_core::ids::{NodeId, TopicId, TopicName, TopicPartition};

use crate::check::abridged;
use crate::setup::{Role, Setup, index};
use crate::world::World;

/// The names of everything that a picture mentions.
#[derive(Clone, Debug)]
pub(super) struct Names {
    processes: Vec<String>,
    /// Brokers as lists of replicas name them: by number, if that is what their names end with.
    brokers: BTreeMap<NodeId, String>,
    /// Topics with the number of their partitions.
    topics: BTreeMap<TopicId, (TopicName, usize)>,
}

impl Names {
    pub(super) fn new(setup: &Setup) -> Self {
        let brokers = setup
            .nodes()
            .filter(|(_, process)| matches!(process.role, Role::Broker(_)));
        let number = |name: &str| name.strip_prefix("broker-").unwrap_or(name).to_owned();
        Self {
            processes: setup.processes.iter().map(|process| process.name.clone()).collect(),
            brokers: brokers.map(|(node, process)| (node, number(&process.name))).collect(),
            topics: BTreeMap::new(),
        }
    }

    /// Learns the topics that a running controller knows.
    pub(super) fn learn(&mut self, world: &World) {
        let images = world
            .nodes()
            .filter_map(|(_, node)| node.controller())
            .map(|controller| controller.image());
        for (id, topic) in images.flat_map(|image| &image.topics) {
            if self
                .topics
                .get(id)
                .is_none_or(|(_, partitions)| *partitions != topic.partitions.len())
            {
                self.topics.insert(*id, (topic.name.clone(), topic.partitions.len()));
            }
        }
    }

    #[cfg(test)]
    pub(super) fn learn_topic(&mut self, id: TopicId, name: &str, partitions: usize) {
        self.topics.insert(id, (name.into(), partitions));
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..).map(NodeId).take(self.processes.len())
    }

    pub(super) fn process(&self, node: NodeId) -> &str {
        &self.processes[index(node)]
    }

    pub(super) fn is_broker(&self, node: NodeId) -> bool {
        self.brokers.contains_key(&node)
    }

    /// Replicas as a set: `{1,2}`.
    pub(super) fn replicas(&self, nodes: &[NodeId]) -> String {
        let name = |node: &NodeId| self.brokers.get(node).cloned().unwrap_or_else(|| node.to_string());
        format!("{{{}}}", nodes.iter().map(name).collect::<Vec<_>>().join(","))
    }

    /// `orders`
    pub(super) fn topic(&self, topic: TopicId) -> String {
        match self.topics.get(&topic) {
            Some((name, _)) => name.to_string(),
            None => topic.to_string(),
        }
    }

    /// `orders-0`
    pub(super) fn partition(&self, partition: TopicPartition) -> String {
        match self.topics.get(&partition.topic) {
            Some((name, _)) => format!("{name}-{}", partition.partition),
            None => partition.to_string(),
        }
    }

    /// `orders-0 `, or nothing where only one partition can be meant.
    pub(super) fn whose(&self, partition: TopicPartition) -> String {
        if self.sole_partition() == Some(partition) {
            String::new()
        } else {
            self.partition(partition) + " "
        }
    }

    /// The only partition, if there is only one.
    pub(super) fn sole_partition(&self) -> Option<TopicPartition> {
        let mut topics = self.topics.iter();
        match (topics.next(), topics.next()) {
            (Some((topic, (_, 1))), None) => Some(TopicPartition {
                topic: *topic,
                partition: 0,
            }),
            (Some(_) | None, Some(_) | None) => None,
        }
    }
}

/// A close with its timeout.
pub(super) fn close(timeout_ms: Option<u64>) -> String {
    timeout_ms.map_or_else(
        || "close".to_owned(),
        |timeout_ms| format!("close within {timeout_ms} ms"),
    )
}

/// A value as people read it: text if it is printable UTF-8, else hex.
pub(super) fn value(bytes: Option<&[u8]>) -> String {
    match bytes.map(|bytes| (bytes, str::from_utf8(bytes))) {
        None => "null".to_owned(),
        Some((_, Ok(text))) if !text.is_empty() && !text.chars().any(char::is_control) => abridged(text).to_owned(),
        Some((bytes, _)) => bytes
            .iter()
            .fold("0x".to_owned(), |hex, byte| format!("{hex}{byte:02x}")),
    }
}

/// Some values in a row: all if they are few, else the first and the last of them.
pub(super) fn listed(values: &[String]) -> String {
    match values {
        [first, second, .., last] if values.len() > 4 => format!("{first} {second} … {last}"),
        _ => values.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_text_or_hex() {
        assert_eq!(value(Some(b"p1-3")), "p1-3");
        assert_eq!(value(Some("größer".as_bytes())), "größer");
        assert_eq!(value(Some(b"two words")), "two words");
        assert_eq!(
            value(Some(b"p1-3 and so much more that nobody wants to read it")),
            "p1-3"
        );
        assert_eq!(value(Some(b"a\nb")), "0x610a62");
        assert_eq!(value(Some(&[0xff, 0])), "0xff00");
        assert_eq!(value(Some(b"")), "0x");
        assert_eq!(value(None), "null");
    }

    #[test]
    fn many_values_are_abridged() {
        let values = |count: usize| (0..count).map(|number| format!("v{number}")).collect::<Vec<_>>();
        assert_eq!(listed(&values(0)), "");
        assert_eq!(listed(&values(4)), "v0 v1 v2 v3");
        assert_eq!(listed(&values(9)), "v0 v1 … v8");
    }
}
