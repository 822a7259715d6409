//! Writes down what the clients of a simulated run see.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::call::{
    Administration, Answer, Call, CommitError, ConsumerRecord, ProducerRecord, Rebalance, SendFailure, Steering,
    Subscribed,
};
use kafkasim_core::ids::{CallId, LeaderEpoch, NodeId, Offset, TopicName, TopicPartition};
use kafkasim_core::lookup::{LookedUp, LookupError, OffsetLookup};
use kafkasim_core::message::OffsetCommitPartition;
use kafkasim_core::note::Note;

use super::event::{Event, Partition, PolledRecord, Value};
use super::file::{Header, History, Line};
use crate::check::Finale;
use crate::render::{poll_failure, send_error};
use crate::run::Observer;
use crate::setup::{Role, Setup};
use crate::world::{Outcome, Step, World};

/// Watches a run and keeps its history.
#[derive(Clone, Debug)]
pub struct Recorder {
    recorded_by: String,
    clients: BTreeMap<NodeId, Client>,
    lines: Vec<Line>,
    forgets: BTreeSet<TopicName>,
    recreated: BTreeSet<TopicName>,
}

#[derive(Clone, Debug)]
struct Client {
    name: String,
    /// The group of its consumer, and whether that commits by itself.
    group: Option<(String, bool)>,
    /// What it has asked last.
    asked: Option<OffsetLookup>,
}

impl Recorder {
    /// Watches a world that is made of this. What is recorded is to be found again by `recorded_by`.
    #[must_use]
    pub fn new(setup: &Setup, recorded_by: impl Into<String>) -> Self {
        let clients = setup.nodes().filter_map(|(node, process)| {
            let group = match &process.role {
                Role::Producer(..) => None,
                Role::Consumer(config, _) => config
                    .group_id
                    .as_ref()
                    .map(|group| (group.to_string(), config.enable_auto_commit)),
                Role::Controller(_) | Role::Broker(_) | Role::Operator(..) => return None,
            };
            let client = Client {
                name: process.name.clone(),
                group,
                asked: None,
            };
            Some((node, client))
        });
        Self {
            recorded_by: recorded_by.into(),
            clients: clients.collect(),
            lines: Vec::new(),
            forgets: BTreeSet::new(),
            recreated: BTreeSet::new(),
        }
    }

    /// The history, once the run is over. What was within reach of a run that has ended well was read to its end.
    #[must_use]
    pub fn finish(self, world: &World, finale: Option<&Finale>) -> History {
        let finale = finale.filter(|finale| finale.finished);
        let within_reach = finale
            .map(|finale| world.monitors().within_reach(world, finale))
            .unwrap_or_default();
        let read_to_end = within_reach
            .iter()
            .map(|(topic, partition)| Partition::new(topic, *partition));
        let header = Header {
            recorded_by: Some(self.recorded_by),
            all_producers: true,
            read_to_end: read_to_end.collect(),
            forgets: self.forgets.into_iter().collect(),
            recreated: self.recreated.into_iter().collect(),
            ..Header::default()
        };
        History {
            header,
            lines: self.lines,
        }
    }

    fn tell(&mut self, at_us: u64, node: NodeId, event: Event) {
        if let Some(client) = self.clients.get(&node) {
            self.lines.push(Line {
                at_us: Some(at_us),
                process: client.name.clone(),
                event,
            });
        }
    }

    fn observe(&mut self, world: &World, at_us: u64, event: &crate::world::Event) {
        use crate::world::Event as Happening;
        match event {
            Happening::Started { node } => {
                let group = self.clients.get(node).and_then(|client| client.group.clone());
                let (group, auto_commit) = group.unzip();
                self.tell(at_us, *node, Event::Start { group, auto_commit });
            }
            Happening::Stopped { node, .. } => self.tell(at_us, *node, Event::Stop),
            Happening::Called {
                call: Call::Administer(Administration::DeleteTopic(topic)),
                ..
            } => {
                self.recreated.insert(topic.clone());
            }
            Happening::Called { node, call } => {
                if let Some(event) = self.called(*node, call) {
                    self.tell(at_us, *node, event);
                }
            }
            Happening::Answered { node, answer } => {
                if let Some(event) = self.answered(*node, answer) {
                    self.tell(at_us, *node, event);
                }
            }
            Happening::Note {
                note:
                    Note::LogStart { partition, .. }
                    | Note::Compacted { partition, .. }
                    | Note::LogStartedAnew { partition, .. },
                ..
            } => self.forgets.extend(name(world, *partition)),
            Happening::Note { .. }
            | Happening::Processed { .. }
            | Happening::Fault(_)
            | Happening::Late { .. }
            | Happening::Severed { .. }
            | Happening::WriteRefused { .. } => {}
        }
    }

    fn called(&mut self, node: NodeId, call: &Call) -> Option<Event> {
        Some(match call {
            Call::Send { call, record } => send(*call, record),
            Call::Assign(assigned) => Event::Assign {
                partitions: partitions(assigned),
            },
            Call::Subscribe(Subscribed::Topics(topics)) => Event::Subscribe {
                topics: Some(topics.clone()),
                pattern: None,
            },
            Call::Subscribe(Subscribed::Pattern(pattern)) => Event::Subscribe {
                topics: None,
                pattern: Some(pattern.clone()),
            },
            Call::Unsubscribe => Event::Unsubscribe,
            Call::CommitSync { offsets, .. } => Event::Commit {
                id: None,
                offsets: offsets.as_deref().map(committed),
            },
            Call::CommitAsync { call, offsets } => Event::Commit {
                id: Some(call.0.into()),
                offsets: offsets.as_deref().map(committed),
            },
            Call::Poll { .. } => Event::Poll,
            Call::Steer(steering) => steered(steering),
            Call::LookUp { lookup, .. } => {
                self.clients.get_mut(&node)?.asked = Some(lookup.clone());
                return asks(lookup);
            }
            Call::Close { .. } => Event::Close,
            Call::PartitionsFor { .. }
            | Call::Flush
            | Call::ListenerReturned
            | Call::ShutDown
            | Call::Administer(_)
            | Call::DeleteRecords(_) => return None,
        })
    }

    fn answered(&mut self, node: NodeId, answer: &Answer) -> Option<Event> {
        Some(match answer {
            Answer::Sent {
                call,
                result: Ok(place),
            } => Event::SendOk {
                id: call.0.into(),
                partition: place.partition,
                offset: place.offset,
            },
            Answer::Sent {
                call,
                result: Err(failure),
            } => not_sent(*call, *failure),
            Answer::Polled(Ok(records)) => Event::PollOk {
                records: records.iter().map(polled).collect(),
            },
            Answer::Polled(Err(error)) => Event::PollFail {
                error: poll_failure(error),
            },
            Answer::Rebalanced(Rebalance::Assigned(named)) => Event::Assigned {
                partitions: partitions(named),
            },
            Answer::Rebalanced(Rebalance::Revoked(named)) => Event::Revoked {
                partitions: partitions(named),
            },
            Answer::Rebalanced(Rebalance::Lost(named)) => Event::Lost {
                partitions: partitions(named),
            },
            Answer::Unsubscribed => Event::UnsubscribeOk,
            Answer::Committed(Ok(offsets)) => Event::CommitOk {
                id: None,
                offsets: committed(offsets),
            },
            // It has been tried several times, and what became of all but the last attempt nobody says.
            Answer::Committed(Err(error)) => Event::CommitInfo {
                id: None,
                error: error.to_string(),
            },
            Answer::CommitCompleted {
                call,
                result: Ok(offsets),
            } => Event::CommitOk {
                id: Some(call.0.into()),
                offsets: committed(offsets),
            },
            Answer::CommitCompleted {
                call,
                result: Err(error),
            } => not_committed(*call, *error),
            Answer::LookedUp(found) => return told(self.clients.get_mut(&node)?.asked.take()?, found),
            Answer::Closed => Event::CloseOk,
            Answer::PartitionsFor { .. }
            | Answer::Flushed
            | Answer::ShutDown
            | Answer::Administered { .. }
            | Answer::RecordsDeleted(_) => return None,
        })
    }
}

impl Observer for Recorder {
    fn observe(&mut self, world: &mut World, step: &Step, outcome: &Outcome) {
        for event in &outcome.events {
            Self::observe(self, world, step.at_us, event);
        }
    }
}

/// What a partition's topic is called, as far as anybody who runs knows.
fn name(world: &World, partition: TopicPartition) -> Option<TopicName> {
    let images = world.nodes().filter_map(|(_, node)| {
        let controller = node.controller().map(|controller| controller.image());
        controller.or_else(|| node.broker().map(|broker| broker.metadata()))
    });
    images
        .filter_map(|image| image.topics.get(&partition.topic))
        .map(|topic| topic.name.clone())
        .next()
}

fn send(call: CallId, record: &ProducerRecord) -> Event {
    Event::Send {
        id: call.0.into(),
        topic: record.topic.clone(),
        partition: record.partition,
        key: record.key.clone().map(Value),
        value: record.value.clone().map(Value),
    }
}

fn not_sent(call: CallId, failure: SendFailure) -> Event {
    let (id, error) = (call.0.into(), send_error(failure.error).to_owned());
    if failure.is_definite() {
        Event::SendFail { id, error }
    } else {
        Event::SendInfo { id, error }
    }
}

/// An asynchronous commit is tried once, so a refusal is final.
fn not_committed(call: CallId, failure: CommitError) -> Event {
    let (id, error) = (Some(call.0.into()), failure.to_string());
    match failure {
        CommitError::CommitFailed | CommitError::RebalanceInProgress | CommitError::FencedInstanceId => {
            Event::CommitFail { id, error }
        }
        CommitError::Retriable(_) | CommitError::Kafka(_) | CommitError::Timeout | CommitError::Wakeup => {
            Event::CommitInfo { id, error }
        }
    }
}

fn polled(record: &ConsumerRecord) -> PolledRecord {
    PolledRecord {
        partition: Partition::new(&record.topic, record.partition),
        offset: record.offset,
        epoch: (record.leader_epoch != LeaderEpoch::NONE).then_some(record.leader_epoch),
        value: record.value.clone().map(Value),
    }
}

fn steered(steering: &Steering) -> Event {
    match steering {
        Steering::Pause(named) => Event::Pause {
            partitions: partitions(named),
        },
        Steering::Resume(named) => Event::Resume {
            partitions: partitions(named),
        },
        Steering::Seek {
            topic,
            partition,
            offset,
        } => Event::Seek {
            partition: Partition::new(topic, *partition),
            offset: *offset,
        },
        Steering::SeekToBeginning(named) => Event::SeekToBeginning {
            partitions: partitions(named),
        },
        Steering::SeekToEnd(named) => Event::SeekToEnd {
            partitions: partitions(named),
        },
        Steering::Wakeup => Event::Wakeup,
    }
}

/// Of what can be asked, only what has to do with positions is kept.
fn asks(lookup: &OffsetLookup) -> Option<Event> {
    match lookup {
        OffsetLookup::Position { topic, partition } => Some(Event::Position {
            partition: Partition::new(topic, *partition),
        }),
        OffsetLookup::Committed(named) => Some(Event::Committed {
            partitions: partitions(named),
        }),
        OffsetLookup::ForTimes(_) | OffsetLookup::Beginning(_) | OffsetLookup::End(_) => None,
    }
}

fn told(asked: OffsetLookup, found: &Result<Vec<LookedUp>, LookupError>) -> Option<Event> {
    let failure = |error: &LookupError| match error {
        LookupError::Timeout => "nothing in time".to_owned(),
        LookupError::Poll(error) => poll_failure(error),
    };
    match (asked, found) {
        (OffsetLookup::Position { .. }, Ok(found)) => Some(match found.first().and_then(|found| found.offset) {
            Some(offset) => Event::PositionOk { offset },
            None => Event::PositionFail {
                error: "nowhere".to_owned(),
            },
        }),
        (OffsetLookup::Position { .. }, Err(error)) => Some(Event::PositionFail { error: failure(error) }),
        (OffsetLookup::Committed(_), Ok(found)) => {
            let offsets = found
                .iter()
                .map(|found| (Partition::new(&found.topic, found.partition), found.offset));
            Some(Event::CommittedOk {
                offsets: offsets.collect(),
            })
        }
        (OffsetLookup::Committed(_), Err(error)) => Some(Event::CommittedFail { error: failure(error) }),
        (OffsetLookup::ForTimes(_) | OffsetLookup::Beginning(_) | OffsetLookup::End(_), Ok(_) | Err(_)) => None,
    }
}

fn partitions(named: &[(TopicName, i32)]) -> Vec<Partition> {
    named
        .iter()
        .map(|(topic, partition)| Partition::new(topic, *partition))
        .collect()
}

fn committed(offsets: &[OffsetCommitPartition]) -> BTreeMap<Partition, Offset> {
    offsets
        .iter()
        .map(|each| (Partition::new(&each.topic, each.partition), each.committed_offset))
        .collect()
}
