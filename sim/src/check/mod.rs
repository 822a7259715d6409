//! Every promise is a sentence with a monitor, a `reached` partner and an exhibit that breaks it.
//!
//! Monitors watch events as they come, together with the world as it is after them. What they remember is part of the
//! world and of its fingerprint, so that an explorer that skips equal worlds cannot skip the path on which a violation
//! comes.
//!
//! `truth` and `sends` keep what all of them need: the former what is so, the latter what was asked for. Then there
//! is one file for each family of promises, and [`guarantee`] decides whether what it found is an error. Whatever is
//! remembered is needed by a later verdict; an event costs what it changed.

mod compaction;
mod completion;
mod deletion;
mod durability;
mod epoch_cache;
mod finishing;
mod groups;
pub mod guarantee;
mod limits;
mod liveness;
mod log_match;
mod lookups;
mod metadata_prefix;
mod offsets;
mod order;
mod promise;
mod reached;
mod reader;
mod relevance;
mod sends;
mod single_leader;
#[cfg(test)]
mod tests;
mod truth;
mod view;
mod watermark;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use kafkasim_core::call::{Answer, Call, ConsumerRecord, Rebalance};
use kafkasim_core::ids::{LeaderEpoch, NodeId, Offset, TopicName, TopicPartition};
use kafkasim_core::lookup::{LookedUp, LookupError};
use kafkasim_core::note::Note;
use serde::{Deserialize, Serialize};

pub(crate) use completion::{deadline_exceeded, time_for_a_send_ms};
pub use promise::Promise;
pub use reached::{Coverage, Situation, situation, situations};
pub(crate) use reader::{Break, Log, Reader};

use crate::fingerprint::Fingerprint;
use crate::setup::Setup;
use crate::world::{Event, World};
use durability::Durability;
use finishing::Finishing;
use groups::Groups;
use lookups::Lookups;
use metadata_prefix::MetadataPrefix;
use offsets::Offsets;
use order::Order;
use relevance::is_relevant;
pub(crate) use sends::abridged;
use sends::{Matching, Risks, Sends};
use single_leader::SingleLeader;
use truth::{Change, Truth};
pub(crate) use view::View;

/// The scene, while the monitors that judge it change.
macro_rules! scene {
    ($state:ident, $view:ident) => {
        Scene {
            view: $view,
            truth: &$state.truth,
            sends: &$state.sends,
            risks: &$state.risks,
        }
    };
}

/// A promise was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// Which.
    pub promise: Promise,
    /// Whether that is an error.
    pub verdict: Verdict,
    /// What was seen, in words, naming partition, offsets and values.
    pub message: String,
}

/// Whether an anomaly is an error under the configuration in use.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Kafka promises that this cannot happen.
    Violated,
    /// The configuration does not cover a step that this run contains.
    Allowed {
        /// The configuration key responsible, with its value.
        because: String,
    },
}

/// How a run ended, for the checks that only the end can answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finale {
    /// The processes that read everything from the start.
    pub readers: Vec<NodeId>,
    /// The brokers that were healed, and stayed so.
    pub healed_core: Vec<NodeId>,
    /// Whether everything that was to finish did so in time.
    pub finished: bool,
}

impl Finding {
    fn new(promise: Promise, verdict: Verdict, message: String) -> Self {
        Self {
            promise,
            verdict,
            message,
        }
    }
}

/// All monitors of a world. Cheap to clone; without a setup there are none.
#[derive(Clone, Debug, Default)]
pub struct Monitors(Option<Arc<Memory>>);

/// What monitors remember, and its fingerprint once somebody has asked for it.
#[derive(Clone, Debug, Default)]
struct Memory {
    state: State,
    fingerprint: OnceLock<Fingerprint>,
}

impl PartialEq for Monitors {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs) || ours.state == theirs.state,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

impl Eq for Monitors {}

impl Monitors {
    /// Monitors for a world that is made of this, before anything has happened.
    #[must_use]
    pub fn new(_: &Setup) -> Self {
        Self(Some(Arc::default()))
    }

    /// An action was carried out, and caused these events; the world is as it is after all of them.
    pub fn observe(&mut self, world: &World, events: &[Event], findings: &mut Vec<Finding>) {
        let Some(memory) = &mut self.0 else { return };
        let mut relevant = events.iter().filter(|event| is_relevant(event)).peekable();
        if relevant.peek().is_none() {
            return;
        }
        let memory = Arc::make_mut(memory);
        memory.fingerprint = OnceLock::new();
        for event in relevant {
            memory.state.observe(world, event, findings);
        }
    }

    /// Whether a loss of data on all of these brokers would be one too many. Without monitors nobody knows, and nobody judges.
    pub(crate) fn would_expose(&self, world: &World, brokers: &[NodeId]) -> bool {
        let memory = self.0.as_ref();
        memory.is_some_and(|memory| memory.state.truth.would_expose(world, brokers))
    }

    /// Whether every group has come to rest; without monitors nobody knows of any.
    pub(crate) fn groups_are_at_rest(&self, world: &World) -> bool {
        let memory = self.0.as_ref();
        memory.is_none_or(|memory| {
            let state = &memory.state;
            state.groups.unrest(&scene!(state, world)).is_empty()
        })
    }

    /// Which partitions of the topics of applications can be led, and written to, by whoever was healed: whoever reads everything in the end reads these.
    pub(crate) fn within_reach(&self, world: &World, finale: &Finale) -> Vec<(TopicName, i32)> {
        let Some(memory) = &self.0 else { return Vec::new() };
        memory.state.within_reach(world, &finale.healed_core)
    }

    /// The run is over: the checks that only the end can answer.
    pub fn finish(&mut self, world: &World, finale: &Finale, findings: &mut Vec<Finding>) {
        if let Some(memory) = &self.0 {
            memory.state.finish(world, finale, findings);
        }
    }

    /// A digest of everything that decides a later verdict.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let Some(memory) = &self.0 else {
            return Fingerprint::default();
        };
        *memory.fingerprint.get_or_init(|| Fingerprint::of(&memory.state))
    }
}

/// What monitors may look at when they judge.
struct Scene<'a> {
    view: &'a dyn View,
    truth: &'a Truth,
    sends: &'a Sends,
    risks: &'a Risks,
}

/// What monitors remember.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    truth: Truth,
    sends: Sends,
    risks: Risks,
    durability: Durability,
    offsets: Offsets,
    order: Order,
    finishing: Finishing,
    lookups: Lookups,
    single_leader: SingleLeader,
    metadata_prefix: MetadataPrefix,
    groups: Groups,
}

/// What a poll returned of one partition.
#[derive(Default)]
struct Polled {
    values: Vec<(Offset, Bytes)>,
    epochs: Vec<(Offset, LeaderEpoch)>,
}

impl State {
    fn observe(&mut self, view: &dyn View, event: &Event, findings: &mut Vec<Finding>) {
        if let Event::Note {
            node,
            note: Note::BecameLeader { partition, epoch, .. },
        } = event
            && *partition != TopicPartition::CLUSTER_METADATA
        {
            let before = self.truth.replica(*partition, *node).epoch;
            findings.extend(
                self.single_leader
                    .begins(view, &self.truth, *partition, *node, *epoch, before),
            );
        }
        let mut changes = Vec::new();
        self.truth.observe(view, event, &mut changes);
        for change in &changes {
            self.changed(view, change, findings);
        }
        self.risks.observe(view, event);
        match self.sends.observe(view, event) {
            Matching::Fine => {}
            Matching::Completed(value) => self.completed(view, &value, findings),
            Matching::Reused(node, call) => findings.push(completion::reused(view, node, call)),
            Matching::Unasked(node, call) => findings.push(completion::unasked(view, node, call)),
        }
        findings.extend(self.finishing.observe(view, &self.sends, event));
        self.groups.observe(&scene!(self, view), event, findings);
        match event {
            Event::Called {
                node,
                call: Call::Assign(partitions),
            } => self.order.assigned(*node, partitions, &self.truth),
            Event::Called {
                node,
                call: Call::Steer(steering),
            } => self.order.steered(*node, steering, &self.truth),
            Event::Called {
                node,
                call: Call::LookUp { lookup, .. },
            } => self.lookups.asked(*node, lookup),
            Event::Answered {
                node,
                answer: Answer::Polled(Ok(records)),
            } => self.read(view, *node, records, findings),
            Event::Called {
                node,
                call: Call::Subscribe(to),
            } => self.order.subscribed(*node, to),
            Event::Answered {
                node,
                answer: Answer::Unsubscribed | Answer::Closed,
            } => self.order.unsubscribed(*node),
            Event::Answered {
                node,
                answer: Answer::Rebalanced(rebalance),
            } => match rebalance {
                Rebalance::Assigned(partitions) => self.order.handed(*node, partitions, &self.truth),
                Rebalance::Revoked(partitions) | Rebalance::Lost(partitions) => {
                    self.order.taken(*node, partitions, &self.truth);
                }
            },
            Event::Answered {
                node,
                answer: Answer::LookedUp(found),
            } => self.looked_up(view, *node, found.as_deref(), findings),
            Event::Stopped { node, .. } => {
                self.order.stopped(*node);
                self.lookups.stopped(*node);
            }
            Event::Note { node, note } => self.noted(view, *node, note, findings),
            Event::Called { .. }
            | Event::Answered { .. }
            | Event::Processed { .. }
            | Event::Started { .. }
            | Event::Fault(_)
            | Event::Late { .. }
            | Event::Severed { .. }
            | Event::WriteRefused { .. } => {}
        }
    }

    fn changed(&mut self, view: &dyn View, change: &Change, findings: &mut Vec<Finding>) {
        let scene = scene!(self, view);
        findings.extend(self.single_leader.changed(&scene, change));
        findings.extend(log_match::changed(&scene, change));
        findings.extend(compaction::changed(&scene, change));
        findings.extend(deletion::changed(&scene, change));
        watermark::changed(&scene, change, findings);
        self.durability.changed(&scene, change, findings);
        self.groups.changed(&scene, change, findings);
        match change {
            // Nobody has sent what brokers write there.
            Change::Committed { partition, .. } if self.truth.is_internal(*partition) => {}
            Change::Committed { partition, batches } => {
                for record in batches.iter().flat_map(|batch| &batch.values) {
                    let scene = scene!(self, view);
                    let send = self.sends.get(&record.1);
                    self.offsets.committed(&scene, *partition, record, send, findings);
                    if let Some(send) = send {
                        self.order.committed(&scene, *partition, record, send, findings);
                    }
                    self.sends.committed(&record.1, (*partition, record.0));
                }
            }
            Change::Lost { partition, batches, .. } => {
                for (offset, value) in batches.iter().flat_map(|batch| &batch.values) {
                    self.sends.lost(value, (*partition, *offset));
                }
                // What the new leader brings back is committed behind it, and not yet to be counted.
                let lost_from = batches.first().map_or(Offset::ZERO, |batch| batch.base);
                let kept = self
                    .truth
                    .partition(*partition)
                    .into_iter()
                    .flat_map(|truth| truth.committed.batches())
                    .take_while(|batch| batch.next <= lost_from);
                let kept = kept
                    .flat_map(|batch| &batch.values)
                    .filter_map(|(_, value)| self.sends.get(value));
                self.order.lost(*partition, kept);
            }
            Change::Removed { id, name } => {
                self.sends.forsake_topic(name);
                self.order.removed(*id, name);
            }
            Change::MetadataCommitted { to, image } => self.metadata_prefix.committed(*to, *image),
            Change::Registered {
                partition, old: None, ..
            } => {
                if let Some(topic) = self.truth.topic(partition.topic) {
                    self.order.appeared(&topic.name, partition.partition);
                }
            }
            Change::Registered { old: Some(_), .. }
            | Change::Inactive { .. }
            | Change::Unfenced { .. }
            | Change::Contradicted { .. }
            | Change::Overcleaned { .. }
            | Change::Watermark { .. }
            | Change::Leads { .. }
            | Change::Started { .. }
            | Change::Shortened { .. } => {}
        }
    }

    fn completed(&mut self, view: &dyn View, value: &Bytes, findings: &mut Vec<Finding>) {
        let Some(send) = self.sends.get(value).filter(|send| !send.forsaken) else {
            return;
        };
        let scene = scene!(self, view);
        self.offsets.completed(&scene, value, send, findings);
        self.durability.acknowledged(&scene, value, send, findings);
        findings.extend(self.order.acknowledged(&scene, send, value));
    }

    fn noted(&mut self, view: &dyn View, node: NodeId, note: &Note, findings: &mut Vec<Finding>) {
        let scene = scene!(self, view);
        if note
            .partition()
            .is_some_and(|partition| self.truth.is_deleted(partition))
        {
            if let Note::Appended { batch, .. } = note {
                self.sends.forsake(batch);
            }
            return;
        }
        findings.extend(epoch_cache::noted(&scene, node, note));
        match note {
            Note::IsrProposed { partition, .. } | Note::IsrCommitted { partition, .. } => {
                findings.extend(watermark::waits_for_too_few(&scene, *partition, node));
            }
            Note::MetadataReplayed { to } => findings.extend(self.metadata_prefix.replayed(view, node, *to)),
            Note::FetchedTooMuch { partition, bytes } => {
                findings.push(limits::fetched_too_much(&scene, node, *partition, *bytes));
            }
            Note::BatchSent { partition, .. } => findings.extend(completion::sent(&scene, node, *partition)),
            Note::PositionReset { partition, to } => {
                findings.extend(self.order.reset(&scene, node, *partition, *to));
            }
            Note::TruncationDetected {
                partition,
                divergent_offset,
                ..
            } => {
                self.order.moved(node, *partition, *divergent_offset);
            }
            Note::CommittedTold {
                topic,
                partition,
                offset: Some(at),
                ..
            } if !self.groups.is_asking(node) => {
                if let Some(place) = self.truth.locate(topic, *partition) {
                    self.order.begins(node, topic, place, *at);
                }
            }
            Note::BrokerRegistered { .. }
            | Note::BrokerUnfenced { .. }
            | Note::TopicDeleted { .. }
            | Note::BrokerFenced { .. }
            | Note::PartitionChanged { .. }
            | Note::AlterPartitionRefused { .. }
            | Note::ElectionGranted { .. }
            | Note::LogDeleted { .. }
            | Note::BecameLeader { .. }
            | Note::BecameFollower { .. }
            | Note::LogRecovered { .. }
            | Note::Appended { .. }
            | Note::DuplicateSuppressed { .. }
            | Note::ProduceRefused { .. }
            | Note::GroupsLoaded { .. }
            | Note::GroupsUnloaded { .. }
            | Note::GroupState { .. }
            | Note::CoordinatorFound { .. }
            | Note::CoordinatorUnknown { .. }
            | Note::MemberJoined { .. }
            | Note::MemberSynced { .. }
            | Note::MembershipEnded { .. }
            | Note::CommitSent { .. }
            | Note::OffsetsCommitted { .. }
            | Note::CommittedTold { .. }
            | Note::OffsetsAccepted { .. }
            | Note::Truncated { .. }
            | Note::LogStart { .. }
            | Note::LogStartedAnew { .. }
            | Note::ProducersExpired { .. }
            | Note::Compacted { .. }
            | Note::PositionOutOfRange { .. }
            | Note::FetchDiverged { .. }
            | Note::EpochRefused { .. }
            | Note::HighWatermark { .. }
            | Note::Parked { .. }
            | Note::ParkedExpired { .. }
            | Note::OversizedBatchRead { .. }
            | Note::BatchRetried { .. }
            | Note::BatchSplit { .. }
            | Note::MemoryAwaited
            | Note::StickyPartitionDrawn { .. }
            | Note::BatchExpired { .. }
            | Note::SequenceLost { .. }
            | Note::ProducerEpochBumped { .. }
            | Note::ProducerIdAssigned { .. }
            | Note::PositionValidated { .. } => {}
        }
    }

    fn read(&mut self, view: &dyn View, reader: NodeId, records: &[ConsumerRecord], findings: &mut Vec<Finding>) {
        findings.extend(limits::polled(view, reader, records.len()));
        let mut by_partition: BTreeMap<TopicPartition, Polled> = BTreeMap::new();
        for record in records {
            let place = self.truth.locate(&record.topic, record.partition);
            // What was written to an earlier topic of this name is read from that.
            let value = record.value.as_ref().filter(|value| self.sends.read(value));
            if let (Some(partition), Some(value)) = (place, value) {
                let polled = by_partition.entry(partition).or_default();
                polled.values.push((record.offset, value.clone()));
                polled.epochs.push((record.offset, record.leader_epoch));
            }
        }
        let scene = scene!(self, view);
        for (partition, Polled { values, epochs }) in &by_partition {
            self.offsets.read(&scene, reader, *partition, values, findings);
            self.order.read(&scene, reader, *partition, epochs, findings);
        }
    }

    fn looked_up(
        &mut self,
        view: &dyn View,
        reader: NodeId,
        found: Result<&[LookedUp], &LookupError>,
        findings: &mut Vec<Finding>,
    ) {
        let scene = scene!(self, view);
        match found {
            Ok(found) => self.lookups.told(&scene, &self.order, reader, found, findings),
            Err(_) => self.lookups.failed(reader),
        }
    }

    fn within_reach(&self, view: &dyn View, core: &[NodeId]) -> Vec<(TopicName, i32)> {
        let scene = scene!(self, view);
        let partitions = self
            .truth
            .partitions()
            .filter(|(_, topic, _)| !topic.name.starts_with("__"));
        let reached = partitions.filter(|(partition, ..)| !liveness::is_out_of_reach(&scene, *partition, core));
        reached
            .map(|(partition, topic, _)| (topic.name.clone(), partition.partition))
            .collect()
    }

    fn finish(&self, view: &dyn View, finale: &Finale, findings: &mut Vec<Finding>) {
        let scene = scene!(self, view);
        liveness::finish(&scene, finale, &self.groups, findings);
        self.groups.finish(&scene, findings);
        self.durability.finish(&scene, finale, &self.offsets, findings);
    }
}

impl Scene<'_> {
    /// What people call a process.
    fn name(&self, node: NodeId) -> String {
        self.view.name(node)
    }

    /// What people call several.
    fn names(&self, nodes: &[NodeId]) -> String {
        nodes.iter().map(|node| self.name(*node)).collect::<Vec<_>>().join(", ")
    }
}
