//! What a client knows of the cluster, and when it asks again: Kafka's client `Metadata` and the updater in its network client.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::connections::Connections;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, NodeId, TopicId, TopicName, TopicPartition};
use crate::machine::{Lane, Outbox};
use crate::message::{LeaderIdAndEpoch, MetadataRequest, MetadataResponse};
use crate::timer::{Timer, Window};

/// A client's picture of the cluster; it may lag behind the truth.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cluster {
    brokers: Vec<NodeId>,
    topics: BTreeMap<TopicName, TopicView>,
    refresh: Refresh,
    /// Index into the brokers: whom to ask next when no connection is open.
    turn: usize,
}

/// One topic as a client knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicView {
    /// Its id.
    pub id: TopicId,
    /// Its partitions, by index.
    pub partitions: Vec<PartitionView>,
}

/// One partition as a client knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartitionView {
    /// The leader, if there is one.
    pub leader: Option<NodeId>,
    /// Its epoch.
    pub leader_epoch: LeaderEpoch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Refresh {
    Fresh,
    Needed,
    Asked,
    BackingOff,
}

/// How a client asks for metadata.
#[derive(Clone, Copy, Debug)]
pub struct Refreshing<'a> {
    /// `bootstrap.servers`
    pub bootstrap_servers: &'a [NodeId],
    /// `retry.backoff.ms`
    pub retry_backoff_ms: u64,
    /// `request.timeout.ms`
    pub request_timeout_ms: u64,
    /// `metadata.max.age.ms`
    pub metadata_max_age_ms: u64,
}

impl Cluster {
    /// Knows only `bootstrap.servers`, and wants to know more.
    ///
    /// # Panics
    /// If there are none: configuration parsing refuses that.
    #[must_use]
    pub fn bootstrap(bootstrap_servers: &[NodeId]) -> Self {
        assert!(!bootstrap_servers.is_empty(), "bootstrap.servers is not empty");
        Self {
            brokers: bootstrap_servers.to_vec(),
            topics: BTreeMap::new(),
            refresh: Refresh::Needed,
            turn: 0,
        }
    }

    /// A topic, if it is known.
    #[must_use]
    pub fn topic(&self, name: &TopicName) -> Option<&TopicView> {
        self.topics.get(name)
    }

    /// A partition by its name, if it is known.
    #[must_use]
    pub fn locate(&self, name: &TopicName, partition: i32) -> Option<TopicPartition> {
        let topic = self.topics.get(name)?;
        let index = usize::try_from(partition).ok()?;
        (index < topic.partitions.len()).then_some(TopicPartition {
            topic: topic.id,
            partition,
        })
    }

    /// What is known of a partition.
    #[must_use]
    pub fn partition(&self, partition: TopicPartition) -> Option<PartitionView> {
        let topic = self.topics.values().find(|topic| topic.id == partition.topic)?;
        topic
            .partitions
            .get(usize::try_from(partition.partition).ok()?)
            .copied()
    }

    /// The name of a topic that is known by its id.
    #[must_use]
    pub fn name_of(&self, id: TopicId) -> Option<&TopicName> {
        self.topics
            .iter()
            .find(|(_, topic)| topic.id == id)
            .map(|(name, _)| name)
    }

    /// The metadata may be out of date: ask again as soon as [`Self::maybe_ask`] is called and no back-off is running.
    pub fn request_update(&mut self) {
        if self.refresh == Refresh::Fresh {
            self.refresh = Refresh::Needed;
        }
    }

    /// Whether the metadata is wanted or on its way.
    #[must_use]
    pub fn is_updating(&self) -> bool {
        self.refresh != Refresh::Fresh
    }

    /// Asks again, after a back-off: what was learnt does not contain what is needed.
    pub fn request_update_later(&mut self, times: Refreshing<'_>, out: &mut Outbox) {
        if self.refresh == Refresh::Fresh {
            self.back_off(times, out);
        }
    }

    /// The names of the known topics, in order.
    pub fn topic_names(&self) -> impl Iterator<Item = &TopicName> {
        self.topics.keys()
    }

    /// A broker that a request for anybody can be sent to now; if there is none, makes a connection.
    pub fn any_broker<P>(&self, connections: &mut Connections<P>, out: &mut Outbox) -> Option<NodeId> {
        let turn = self.brokers[self.turn % self.brokers.len()];
        let open = self
            .brokers
            .iter()
            .copied()
            .find(|broker| connections.is_open(*broker, Lane::Client));
        open.or_else(|| connections.ready(turn, Lane::Client, out).then_some(turn))
    }

    /// Sends a Metadata request, about these topics or about all, if one is needed and somebody can be reached; otherwise makes a connection.
    pub fn maybe_ask<P>(
        &mut self,
        topics: Option<Vec<TopicName>>,
        pending: P,
        times: Refreshing<'_>,
        connections: &mut Connections<P>,
        out: &mut Outbox,
    ) {
        if self.refresh != Refresh::Needed {
            return;
        }
        let Some(broker) = self.any_broker(connections, out) else {
            return;
        };
        let request = MetadataRequest { topics };
        connections.send(
            broker,
            Lane::Client,
            request.into(),
            pending,
            Window::wall(times.request_timeout_ms),
            out,
        );
        self.refresh = Refresh::Asked;
    }

    /// A connection to this broker failed: somebody else is asked next, and if a Metadata request was lost with it
    /// (`asked`), after a back-off.
    pub fn disconnected(&mut self, broker: NodeId, asked: bool, times: Refreshing<'_>, out: &mut Outbox) {
        if self.brokers[self.turn % self.brokers.len()] == broker {
            self.turn = (self.turn + 1) % self.brokers.len();
            if self.turn == 0 && self.brokers != times.bootstrap_servers {
                // Nobody whom the client knows can be reached: it starts over (KIP-1102).
                self.brokers = times.bootstrap_servers.to_vec();
            }
        }
        if asked && self.refresh == Refresh::Asked {
            self.back_off(times, out);
        } else {
            // Kafka's clients take any lost connection as a hint that leaders may have moved.
            self.request_update();
        }
    }

    /// Nobody will need metadata any more.
    pub fn stop_timers(&self, out: &mut Outbox) {
        if self.refresh == Refresh::BackingOff {
            out.cancel_timer(Timer::MetadataBackoff);
        }
        out.cancel_timer(Timer::MetadataMaxAge);
    }

    /// [`Timer::MetadataBackoff`] or [`Timer::MetadataMaxAge`] fired.
    pub fn timer_fired(&mut self) {
        if matches!(self.refresh, Refresh::BackingOff | Refresh::Fresh) {
            self.refresh = Refresh::Needed;
        }
    }

    /// Takes in what a broker said. Older leader epochs than those known are not believed (KIP-320). Asks again after a back-off
    /// if a topic could not be described for a passing reason. An answer about all topics says of every other that it does not exist.
    pub fn update(&mut self, response: MetadataResponse, is_of_all: bool, times: Refreshing<'_>, out: &mut Outbox) {
        if is_of_all {
            let exists = |name: &TopicName| response.topics.iter().any(|topic| topic.name == *name);
            self.topics.retain(|name, _| exists(name));
        }
        if !response.brokers.is_empty() {
            self.brokers = response.brokers;
            self.turn %= self.brokers.len();
        }
        let mut complete = true;
        for topic in response.topics {
            if topic.error_code != ErrorCode::None {
                complete = false;
                if topic.error_code == ErrorCode::UnknownTopicOrPartition {
                    self.topics.remove(&topic.name);
                }
                continue;
            }
            let known = self.topics.get(&topic.name).filter(|known| known.id == topic.topic_id);
            let partitions = topic.partitions.iter().enumerate().map(|(index, partition)| {
                let told = PartitionView {
                    leader: (partition.leader_id != NodeId::NONE).then_some(partition.leader_id),
                    leader_epoch: partition.leader_epoch,
                };
                match known.and_then(|known| known.partitions.get(index)) {
                    Some(known) if known.leader_epoch > told.leader_epoch => *known,
                    Some(_) | None => told,
                }
            });
            let view = TopicView {
                id: topic.topic_id,
                partitions: partitions.collect(),
            };
            complete &= view.partitions.iter().all(|partition| partition.leader.is_some());
            self.topics.insert(topic.name, view);
        }
        out.set_timer(Timer::MetadataMaxAge, Window::wall(times.metadata_max_age_ms));
        if complete {
            self.refresh = Refresh::Fresh;
        } else {
            self.back_off(times, out);
        }
    }

    /// Somebody has read what was written in this epoch: metadata from before it is not believed, and newer is wanted.
    pub fn learn_epoch(&mut self, partition: TopicPartition, leader_epoch: LeaderEpoch) {
        let topic = self.topics.values_mut().find(|topic| topic.id == partition.topic);
        let index = usize::try_from(partition.partition).ok();
        let view = topic
            .zip(index)
            .and_then(|(topic, index)| topic.partitions.get_mut(index));
        if let Some(view) = view.filter(|view| view.leader_epoch < leader_epoch) {
            *view = PartitionView {
                leader: None,
                leader_epoch,
            };
            self.request_update();
        }
    }

    /// Takes in a newer leader that came along with an error (KIP-951); says whether it was news.
    pub fn learn_leader(&mut self, partition: TopicPartition, leader: LeaderIdAndEpoch) -> bool {
        let Some(topic) = self.topics.values_mut().find(|topic| topic.id == partition.topic) else {
            return false;
        };
        let Some(view) = usize::try_from(partition.partition)
            .ok()
            .and_then(|index| topic.partitions.get_mut(index))
        else {
            return false;
        };
        let is_news = leader.leader_epoch > view.leader_epoch;
        if is_news {
            *view = PartitionView {
                leader: Some(leader.leader_id),
                leader_epoch: leader.leader_epoch,
            };
        }
        is_news
    }

    fn back_off(&mut self, times: Refreshing<'_>, out: &mut Outbox) {
        self.refresh = Refresh::BackingOff;
        out.set_timer(Timer::MetadataBackoff, Window::backoff(times.retry_backoff_ms));
    }
}
