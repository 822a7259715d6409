//! A run as its events tell it: who is up, who leads, who is cut off, what is in each log, and what was asked for.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::call::{Answer, Call};
use kafkasim_core::ids::{CallId, LeaderEpoch, NodeId, Offset, TopicPartition};
use kafkasim_core::note::Note;
use kafkasim_core::record::Batch;

use super::names;
use crate::setup::index;
use crate::world::{DiskFault, Event, Fault};

/// Whether a process is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It never was.
    Unborn,
    Up,
    Paused,
    Down,
}

/// Everything at one moment.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    lives: Vec<Life>,
    cuts: BTreeSet<(NodeId, NodeId)>,
    replicas: BTreeMap<(TopicPartition, NodeId), Replica>,
    /// The values of sends that are not answered yet.
    sends: BTreeMap<(NodeId, CallId), String>,
    services: BTreeMap<NodeId, Service>,
}

/// How far a broker has come at any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) registered: bool,
    pub(super) unfenced: bool,
}

/// One replica's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replica {
    pub(super) records: Vec<Stored>,
    pub(super) high_watermark: Offset,
    /// The epoch in which it leads, as far as it knows.
    pub(super) leads: Option<LeaderEpoch>,
}

/// A record in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) offset: Offset,
    pub(super) epoch: LeaderEpoch,
    pub(super) value: String,
}

impl Scene {
    pub(super) fn new(processes: usize) -> Self {
        Self {
            lives: vec![Life::Unborn; processes],
            cuts: BTreeSet::new(),
            replicas: BTreeMap::new(),
            sends: BTreeMap::new(),
            services: BTreeMap::new(),
        }
    }

    pub(super) fn life(&self, node: NodeId) -> Life {
        self.lives[index(node)]
    }

    pub(super) fn is_unborn(&self, node: NodeId) -> bool {
        self.life(node) == Life::Unborn
    }

    /// Whether a process leads any partition of a topic, as far as it knows.
    pub(super) fn leads(&self, node: NodeId) -> bool {
        self.replicas()
            .any(|(_, at, replica)| at == node && replica.leads.is_some())
    }

    /// Whether this broker was registered, and whether it was unfenced, at any time.
    pub(super) fn was_in_service(&self, broker: NodeId) -> Service {
        self.services.get(&broker).copied().unwrap_or_default()
    }

    /// Who is cut off from others, entirely or in part.
    pub(super) fn cut_off(&self) -> BTreeSet<NodeId> {
        hubs(&self.cuts)
    }

    pub(super) fn replica(&self, partition: TopicPartition, node: NodeId) -> Option<&Replica> {
        self.replicas.get(&(partition, node))
    }

    /// Every replica of every topic, by partition.
    pub(super) fn replicas(&self) -> impl Iterator<Item = (TopicPartition, NodeId, &Replica)> {
        let replicas = self
            .replicas
            .iter()
            .map(|((partition, node), replica)| (*partition, *node, replica));
        replicas.filter(|(partition, ..)| *partition != TopicPartition::CLUSTER_METADATA)
    }

    /// The value that an unanswered send carries.
    pub(super) fn sent(&self, node: NodeId, call: CallId) -> Option<&String> {
        self.sends.get(&(node, call))
    }

    /// The unanswered sends of a process.
    pub(super) fn outstanding(&self, node: NodeId) -> impl Iterator<Item = &String> {
        self.sends
            .iter()
            .filter(move |((sender, _), _)| *sender == node)
            .map(|(_, value)| value)
    }

    /// Something happened.
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Started { node } => self.lives[index(*node)] = Life::Up,
            Event::Stopped { node, .. } => {
                self.lives[index(*node)] = Life::Down;
                self.sends.retain(|(sender, _), _| sender != node);
                for replica in self
                    .replicas
                    .iter_mut()
                    .filter(|((_, at), _)| at == node)
                    .map(|(_, replica)| replica)
                {
                    replica.leads = None;
                }
            }
            Event::Fault(fault) => self.strike(fault),
            Event::Called {
                node,
                call: Call::Send { call, record },
            } => {
                self.sends.insert((*node, *call), names::value(record.value.as_deref()));
            }
            Event::Called {
                call:
                    Call::PartitionsFor { .. }
                    | Call::Flush
                    | Call::Close { .. }
                    | Call::Assign(_)
                    | Call::Subscribe(_)
                    | Call::Unsubscribe
                    | Call::ListenerReturned
                    | Call::CommitSync { .. }
                    | Call::CommitAsync { .. }
                    | Call::Steer(_)
                    | Call::LookUp { .. }
                    | Call::Poll { .. }
                    | Call::ShutDown
                    | Call::Administer(_)
                    | Call::DeleteRecords(_),
                ..
            } => {}
            Event::Answered {
                node,
                answer: Answer::Sent { call, .. },
            } => {
                self.sends.remove(&(*node, *call));
            }
            Event::Answered {
                answer:
                    Answer::Polled(_)
                    | Answer::LookedUp(_)
                    | Answer::Rebalanced(_)
                    | Answer::Unsubscribed
                    | Answer::Committed(_)
                    | Answer::CommitCompleted { .. }
                    | Answer::PartitionsFor { .. }
                    | Answer::Flushed
                    | Answer::Closed
                    | Answer::ShutDown
                    | Answer::Administered { .. }
                    | Answer::RecordsDeleted(_),
                ..
            } => {}
            Event::Processed { .. } | Event::Late { .. } | Event::Severed { .. } | Event::WriteRefused { .. } => {}
            Event::Note { node, note } => self.note(*node, note),
        }
    }

    fn strike(&mut self, fault: &Fault) {
        match fault {
            Fault::Pause { node } => self.lives[index(*node)] = Life::Paused,
            Fault::Resume { node } => self.lives[index(*node)] = Life::Up,
            Fault::Cut { from, to } => {
                self.cuts.insert((*from, *to));
            }
            Fault::Mend { from, to } => {
                self.cuts.remove(&(*from, *to));
            }
            // What stops is told by its own event.
            Fault::Crash { .. } | Fault::PowerLoss { .. } => {}
            Fault::Disk {
                node,
                what: DiskFault::Wiped,
            } => self.replicas.retain(|(_, replica), _| replica != node),
            Fault::ShutDown { .. }
            | Fault::Administer { .. }
            | Fault::Reset(_)
            | Fault::Lose(_)
            | Fault::DeleteRecords { .. }
            | Fault::Disk { .. }
            | Fault::ClockJump { .. } => {}
        }
    }

    fn note(&mut self, node: NodeId, note: &Note) {
        if let Note::BecameLeader { partition, epoch, .. } = note {
            self.replica_mut(*partition, node).leads = Some(*epoch);
        } else if let Note::BecameFollower { partition, .. } = note {
            self.replica_mut(*partition, node).leads = None;
        } else if let Note::LogRecovered {
            partition,
            end,
            high_watermark,
            ..
        } = note
        {
            let replica = self.replica_mut(*partition, node);
            replica.truncate(*end);
            replica.high_watermark = *high_watermark;
        } else if let Note::Appended { partition, batch, .. } = note {
            self.replica_mut(*partition, node).records.extend(stored(batch));
        } else if let Note::Truncated { partition, to, .. } = note {
            self.replica_mut(*partition, node).truncate(*to);
        } else if let Note::LogStart { partition, to, .. } = note {
            self.replica_mut(*partition, node)
                .records
                .retain(|record| record.offset >= *to);
        } else if let Note::Compacted { partition, removed, .. } = note {
            self.replica_mut(*partition, node)
                .records
                .retain(|record| removed.binary_search(&record.offset).is_err());
        } else if let Note::LogDeleted { partition } = note {
            let replica = self.replica_mut(*partition, node);
            replica.records.clear();
            replica.high_watermark = Offset::ZERO;
        } else if let Note::LogStartedAnew { partition, at } = note {
            let replica = self.replica_mut(*partition, node);
            replica.records.clear();
            replica.high_watermark = *at;
        } else if let Note::HighWatermark { partition, to, .. } = note {
            self.replica_mut(*partition, node).high_watermark = *to;
        } else if let Note::BrokerRegistered { broker, .. } = note {
            self.services.entry(*broker).or_default().registered = true;
        } else if let Note::BrokerUnfenced { broker } = note {
            self.services.entry(*broker).or_default().unfenced = true;
        }
    }

    fn replica_mut(&mut self, partition: TopicPartition, node: NodeId) -> &mut Replica {
        self.replicas.entry((partition, node)).or_insert(Replica::EMPTY)
    }
}

impl Replica {
    const EMPTY: Self = Self {
        records: Vec::new(),
        high_watermark: Offset::ZERO,
        leads: None,
    };

    /// What a truncation would take.
    pub(super) fn beyond(&self, end: Offset) -> &[Stored] {
        &self.records[self.records.partition_point(|record| record.offset < end)..]
    }

    /// The values at some of its offsets.
    pub(super) fn values_at(&self, offsets: &[Offset]) -> Vec<String> {
        let there = self
            .records
            .iter()
            .filter(|record| offsets.binary_search(&record.offset).is_ok());
        there.map(|record| record.value.clone()).collect()
    }

    fn truncate(&mut self, end: Offset) {
        self.records.truncate(self.records.len() - self.beyond(end).len());
        self.high_watermark = self.high_watermark.min(end);
    }
}

/// Whom to blame for some cuts: the fewest processes that have a part in every one of them. Of a cut that stands alone it is the end that
/// cannot send.
pub(super) fn hubs<'a>(cuts: impl IntoIterator<Item = &'a (NodeId, NodeId)>) -> BTreeSet<NodeId> {
    let mut cuts: Vec<(NodeId, NodeId)> = cuts.into_iter().copied().collect();
    let mut hubs = BTreeSet::new();
    while !cuts.is_empty() {
        let mut parts: BTreeMap<NodeId, usize> = BTreeMap::new();
        for node in cuts.iter().flat_map(|(from, to)| [*from, *to]) {
            *parts.entry(node).or_default() += 1;
        }
        if let [(from, _)] = cuts.as_slice() {
            hubs.insert(*from);
            break;
        }
        let most = parts.values().max().copied().unwrap_or(0);
        let worst: Vec<NodeId> = parts
            .into_iter()
            .filter(|(_, cuts)| *cuts == most)
            .map(|(node, _)| node)
            .collect();
        cuts.retain(|(from, to)| !worst.contains(from) && !worst.contains(to));
        hubs.extend(worst);
    }
    hubs
}

/// The records of a batch; one that cannot be read is one record whose value nobody knows.
pub(super) fn stored(batch: &Batch) -> Vec<Stored> {
    let epoch = batch.leader_epoch;
    match batch.records() {
        Ok(records) => records
            .iter()
            .map(|record| Stored {
                offset: record.offset,
                epoch,
                value: names::value(record.value.as_deref()),
            })
            .collect(),
        Err(_) => vec![Stored {
            offset: batch.base_offset,
            epoch,
            value: "unreadable".to_owned(),
        }],
    }
}
