//! What rebalances do to the places of consumers: what is kept keeps its place, what comes begins anew where the group has come to.

use kafkasim_core::call::Subscribed;
use kafkasim_core::ids::{NodeId, Offset, TopicName, TopicPartition};

use super::super::truth::Truth;
use super::{Order, Reader};

impl Order {
    /// An application has subscribed: whatever partition its topics get from now on, there is nothing in it that was there before.
    pub(crate) fn subscribed(&mut self, node: NodeId, to: &Subscribed) {
        self.came_first.retain(|(reader, ..)| *reader != node);
        match to {
            Subscribed::Topics(topics) => drop(self.subscribed.insert(node, topics.clone())),
            // Which topics it has in mind, it knows itself only once they are there.
            Subscribed::Pattern(_) => drop(self.subscribed.remove(&node)),
        }
    }

    /// It has not, any more.
    pub(crate) fn unsubscribed(&mut self, node: NodeId) {
        self.subscribed.remove(&node);
    }

    /// A partition is there from now on.
    pub(crate) fn appeared(&mut self, topic: &TopicName, partition: i32) {
        let waiting = self.subscribed.iter().filter(|(_, topics)| topics.contains(topic));
        self.came_first
            .extend(waiting.map(|(node, _)| (*node, topic.clone(), partition)));
    }

    /// A consumer is given partitions, and will be told where its group has come to in each of them.
    pub(crate) fn handed(&mut self, node: NodeId, partitions: &[(TopicName, i32)], truth: &Truth) {
        self.taken(node, partitions, truth);
        for partition in partitions
            .iter()
            .filter_map(|(topic, index)| truth.locate(topic, *index))
        {
            self.readers.insert((node, partition), Reader::awaiting_committed());
        }
    }

    /// A consumer does not have these partitions any more. Should they come back, they are not paused.
    pub(crate) fn taken(&mut self, node: NodeId, partitions: &[(TopicName, i32)], truth: &Truth) {
        for partition in partitions
            .iter()
            .filter_map(|(topic, index)| truth.locate(topic, *index))
        {
            self.readers.remove(&(node, partition));
            self.paused.remove(&(node, partition));
        }
    }

    /// A consumer is told where its group has come to, and begins there if it has waited for that.
    pub(crate) fn begins(&mut self, node: NodeId, topic: &TopicName, partition: TopicPartition, at: Offset) {
        self.came_first.remove(&(node, topic.clone(), partition.partition));
        if let Some(reader) = self.readers.get_mut(&(node, partition)) {
            reader.begins(at);
        }
    }
}
