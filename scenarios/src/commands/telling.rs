//! One run in words: what happened, to whom, and what machines told about it.

use std::collections::BTreeMap;
use std::fmt::Display;

use kafkasim::setup::Setup;
use kafkasim::world::{Action, Delivery, Direction, Event, Fault, Link, World};
use kafkasim_core::call::{Answer, Call, ConsumerRecord, ProducerRecord, RecordMetadata};
use kafkasim_core::ids::{NodeId, TopicId, TopicName, TopicPartition};
use kafkasim_core::note::Note;
use kafkasim_core::timer::Timer;

/// What processes and topics are called.
pub(crate) struct Names {
    processes: Vec<String>,
    topics: BTreeMap<TopicId, TopicName>,
}

impl Names {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            processes: setup.processes.iter().map(|process| process.name.clone()).collect(),
            topics: BTreeMap::new(),
        }
    }

    /// Learns the topics that a running controller knows.
    pub(crate) fn learn(&mut self, world: &World) {
        let images = world
            .nodes()
            .filter_map(|(_, node)| node.controller())
            .map(|controller| controller.image());
        for (id, topic) in images.flat_map(|image| &image.topics) {
            if !self.topics.contains_key(id) {
                self.topics.insert(*id, topic.name.clone());
            }
        }
    }

    fn process(&self, node: NodeId) -> &str {
        usize::try_from(node.0)
            .ok()
            .and_then(|index| self.processes.get(index))
            .map_or("?", String::as_str)
    }

    fn processes(&self, nodes: &[NodeId]) -> String {
        nodes
            .iter()
            .map(|node| self.process(*node))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn partition(&self, partition: TopicPartition) -> String {
        if partition == TopicPartition::CLUSTER_METADATA {
            return "metadata".to_owned();
        }
        self.topics.get(&partition.topic).map_or_else(
            || partition.to_string(),
            |topic| format!("{topic}-{}", partition.partition),
        )
    }

    fn link(&self, link: Link) -> String {
        let generation = if link.generation.0 > 0 {
            format!(" #{}", link.generation)
        } else {
            String::new()
        };
        format!(
            "{} → {} ({:?}{generation})",
            self.process(link.client),
            self.process(link.server),
            link.lane
        )
    }

    /// An action in words.
    pub(crate) fn action(&self, action: &Action) -> String {
        match action {
            Action::Start { node } => format!("{} starts", self.process(*node)),
            Action::Connect(link) => format!("connect {}", self.link(*link)),
            Action::Refuse(link) => format!("cannot connect {}", self.link(*link)),
            Action::Deliver { link, direction, what } => {
                let (from, to) = (
                    self.process(link.sender(*direction)),
                    self.process(link.receiver(*direction)),
                );
                match (what, direction) {
                    (Delivery::Message(api), Direction::ToServer) => format!("{from} → {to}: {}", api.name()),
                    (Delivery::Message(api), Direction::ToClient) => format!("{from} → {to}: answer to {}", api.name()),
                    (Delivery::Late(api), Direction::ToServer | Direction::ToClient) => {
                        format!("{from} → {to}: late {}, whose connection has ended", api.name())
                    }
                    (Delivery::End, Direction::ToServer | Direction::ToClient) => {
                        format!(
                            "{to} learns that its connection ({:?}) with {from} has ended",
                            link.lane
                        )
                    }
                }
            }
            Action::Fire { node, timer } => format!("{}: {}", self.process(*node), self.timer(timer)),
            Action::Sync { node, ok: true, .. } => format!("{}: synced", self.process(*node)),
            Action::Sync { node, ok: false, .. } => format!("{}: sync fails", self.process(*node)),
            Action::Choose { node, option } => format!("{}: chance picks option {option}", self.process(*node)),
            Action::Call { node } => format!("{}: the application makes a call", self.process(*node)),
            Action::Fault(fault) => self.fault(fault),
        }
    }

    fn timer(&self, timer: &Timer) -> String {
        match timer {
            Timer::RequestTimeout { connection, .. } => {
                format!(
                    "no answer from {} ({:?}) in time",
                    self.process(connection.peer),
                    connection.lane
                )
            }
            Timer::ReconnectBackoff { peer, lane } => {
                format!("may connect to {} ({lane:?}) again", self.process(*peer))
            }
            Timer::RegistrationBackoff => "may register again".to_owned(),
            Timer::Heartbeat => "a heartbeat is due".to_owned(),
            Timer::MetadataFetchBackoff => "may fetch the metadata log again".to_owned(),
            Timer::ReplicaFetchBackoff { leader } | Timer::FetchBackoff { leader } => {
                format!("may fetch from {} again", self.process(*leader))
            }
            Timer::AlterPartitionBackoff { partition } => {
                format!(
                    "may propose the in-sync replicas of {} again",
                    self.partition(*partition)
                )
            }
            Timer::ReplicaLag { partition, follower } => {
                format!(
                    "{} has not kept up with {} for too long",
                    self.process(*follower),
                    self.partition(*partition)
                )
            }
            Timer::HighWatermarkCheckpoint => "high watermarks are to be written down".to_owned(),
            Timer::FetchWait { connection } => {
                format!("the Fetch of {} has waited long enough", self.process(connection.peer))
            }
            Timer::ProduceWait { connection } => format!(
                "the Produce of {} has waited for too long",
                self.process(connection.peer)
            ),
            Timer::Session { broker } => format!("{} was not heard from for too long", self.process(*broker)),
            Timer::Linger { partition } => format!("a batch for {} has lingered", self.partition(*partition)),
            Timer::RetryBackoff { partition } => format!("may send to {} again", self.partition(*partition)),
            Timer::DeliveryTimeout { partition, .. } => {
                format!("a batch for {} was not delivered in time", self.partition(*partition))
            }
            Timer::InitProducerIdBackoff => "may ask for a producer id again".to_owned(),
            Timer::MaxBlock { call } => format!("call {call} has waited for metadata for too long"),
            Timer::MetadataBackoff => "may ask for metadata again".to_owned(),
            Timer::MetadataMaxAge => "the metadata is old".to_owned(),
            Timer::PollTimeout => "the poll has waited long enough".to_owned(),
            Timer::PositionBackoff { partition } => {
                format!("may look up the position in {} again", self.partition(*partition))
            }
            Timer::OperatorBackoff => "may try again".to_owned(),
        }
    }

    fn fault(&self, fault: &Fault) -> String {
        match fault {
            Fault::Crash { node } => format!("{} CRASHES", self.process(*node)),
            Fault::PowerLoss { node, kept } => {
                let tails = kept.iter().map(|tail| {
                    let torn = if tail.torn_bytes > 0 {
                        format!(" and {} bytes", tail.torn_bytes)
                    } else {
                        String::new()
                    };
                    format!(
                        "{} of {}'s unsynced batches{torn}",
                        tail.whole,
                        self.partition(tail.log)
                    )
                });
                let kept = tails.collect::<Vec<_>>().join(", ");
                let kept = if kept.is_empty() {
                    String::new()
                } else {
                    format!(", keeping {kept}")
                };
                format!("{} LOSES POWER{kept}", self.process(*node))
            }
            Fault::Pause { node } => format!("{} PAUSES", self.process(*node)),
            Fault::Resume { node } => format!("{} resumes", self.process(*node)),
            Fault::ShutDown { node } => format!("{} is asked to SHUT DOWN", self.process(*node)),
            Fault::Cut { from, to } => format!("CUT {} → {}", self.process(*from), self.process(*to)),
            Fault::Mend { from, to } => format!("mended {} → {}", self.process(*from), self.process(*to)),
            Fault::Reset(link) => format!("RESET {}", self.link(*link)),
            Fault::Lose(link) => format!("a late request is lost: {}", self.link(*link)),
            Fault::ClockJump { node, by_ms } => format!("{}'s wall clock JUMPS by {by_ms:+} ms", self.process(*node)),
        }
    }
}

/// An event in words; `None` if the action says it all.
pub(crate) fn event(event: &Event, names: &Names) -> Option<String> {
    match event {
        Event::Started { .. } | Event::Fault(_) => None,
        Event::Stopped { node, in_order: true } => Some(format!("{} stops in order", names.process(*node))),
        Event::Stopped { node, in_order: false } => Some(format!("{} is gone", names.process(*node))),
        Event::Late { .. } => None,
        Event::Severed { link } => Some(format!("requests were under way: {}", names.link(*link))),
        Event::Called { call, .. } => Some(called(call)),
        Event::Answered { answer, .. } => Some(answered(answer)),
        Event::Note { note, .. } => Some(noted(note, names)),
    }
}

fn called(call: &Call) -> String {
    match call {
        Call::Send { record, .. } => format!("send {} to {}", value(record.value.as_deref()), destination(record)),
        Call::Assign(partitions) => {
            let names = partitions
                .iter()
                .map(|(topic, partition)| format!("{topic}-{partition}"));
            format!("assign {}", names.collect::<Vec<_>>().join(", "))
        }
        Call::Poll { timeout_ms } => format!("poll for at most {timeout_ms} ms"),
        Call::ShutDown => "shut down".to_owned(),
        Call::CreateTopic(topic) => format!(
            "create topic {} with {} partitions",
            topic.name,
            topic.assignments.len()
        ),
    }
}

fn answered(answer: &Answer) -> String {
    match answer {
        Answer::Sent {
            call,
            result:
                Ok(RecordMetadata {
                    topic,
                    partition,
                    offset,
                }),
        } => match offset {
            Some(offset) => format!("send {call} acknowledged at {topic}-{partition} offset {offset}"),
            None => format!("send {call} handed to {topic}-{partition}, unacknowledged (acks=0)"),
        },
        Answer::Sent {
            call,
            result: Err(error),
        } => format!("send {call} fails: {error:?}"),
        Answer::Polled(Ok(records)) if records.is_empty() => "poll returns nothing".to_owned(),
        Answer::Polled(Ok(records)) => {
            let record = |record: &ConsumerRecord| {
                format!(
                    "{} at {}-{} offset {}",
                    value(record.value.as_deref()),
                    record.topic,
                    record.partition,
                    record.offset
                )
            };
            format!(
                "poll returns {}",
                records.iter().map(record).collect::<Vec<_>>().join(", ")
            )
        }
        Answer::Polled(Err(error)) => format!("poll throws {error:?}"),
        Answer::ShutDown => "has shut down".to_owned(),
        Answer::TopicCreated(Ok(())) => "topic created".to_owned(),
        Answer::TopicCreated(Err(error)) => format!("topic not created: {error}"),
    }
}

fn value(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(
        || "null".to_owned(),
        |bytes| String::from_utf8_lossy(bytes).into_owned(),
    )
}

fn destination(record: &ProducerRecord) -> String {
    match record.partition {
        Some(partition) => format!("{}-{partition}", record.topic),
        None => record.topic.to_string(),
    }
}

fn noted(note: &Note, names: &Names) -> String {
    let of = |partition: &TopicPartition, what: &dyn Display| format!("{}: {what}", names.partition(*partition));
    match note {
        Note::BrokerRegistered { broker, epoch } => {
            format!("{} registers, broker epoch {epoch}", names.process(*broker))
        }
        Note::BrokerUnfenced { broker } => format!("{} is unfenced", names.process(*broker)),
        Note::BrokerFenced { broker } => format!("{} is fenced", names.process(*broker)),
        Note::PartitionChanged {
            partition,
            leader,
            leader_epoch,
            isr,
            elr,
            unclean,
            ..
        } => {
            let leader = leader.map_or("nobody", |leader| names.process(leader));
            let elr = if elr.is_empty() {
                String::new()
            } else {
                format!(", eligible {}", names.processes(elr))
            };
            let how = if *unclean { ", elected uncleanly" } else { "" };
            of(
                partition,
                &format_args!(
                    "led by {leader} in epoch {leader_epoch}, in sync {}{elr}{how}",
                    names.processes(isr)
                ),
            )
        }
        Note::AlterPartitionRefused { partition, error } => {
            of(partition, &format_args!("AlterPartition refused: {error}"))
        }
        Note::BecameLeader {
            partition,
            epoch,
            start_offset,
        } => of(
            partition,
            &format_args!("leads epoch {epoch} from offset {start_offset}"),
        ),
        Note::BecameFollower {
            partition,
            epoch,
            leader,
        } => {
            let leader = leader.map_or("nobody", |leader| names.process(leader));
            of(partition, &format_args!("follows {leader} in epoch {epoch}"))
        }
        Note::LogRecovered {
            partition,
            end,
            high_watermark,
            lost_batches,
        } => of(
            partition,
            &format_args!(
                "log opened, end {end}, high watermark {high_watermark}, {lost_batches} torn batches dropped"
            ),
        ),
        Note::Appended {
            partition,
            batch,
            as_leader,
        } => {
            let (first, last) = (batch.base_offset, batch.last_offset());
            let range = if first == last {
                format!("offset {first}")
            } else {
                format!("offsets {first} to {last}")
            };
            of(
                partition,
                &format_args!("appended {range}{}", if *as_leader { " as leader" } else { "" }),
            )
        }
        Note::DuplicateSuppressed {
            partition, sequence, ..
        } => of(
            partition,
            &format_args!("sequence {sequence} is there already, not appended again"),
        ),
        Note::ProduceRefused { partition, error, .. } => of(partition, &format_args!("produce refused: {error}")),
        Note::Truncated { partition, from, to } => of(partition, &format_args!("log truncated from {from} to {to}")),
        Note::FetchDiverged { partition, follower } => {
            of(partition, &format_args!("{} has diverged", names.process(*follower)))
        }
        Note::EpochRefused { partition, error } => of(partition, &format_args!("refused: {error}")),
        Note::HighWatermark { partition, to, .. } => of(partition, &format_args!("high watermark {to}")),
        Note::IsrProposed { partition, isr, shrink } => {
            let what = if *shrink { "fewer" } else { "more" };
            of(
                partition,
                &format_args!("proposes {what} in sync: {}", names.processes(isr)),
            )
        }
        Note::IsrCommitted { partition, isr, .. } => of(partition, &format_args!("in sync: {}", names.processes(isr))),
        Note::Parked { produce: true } => "it waits for followers".to_owned(),
        Note::Parked { produce: false } => "it waits for something new".to_owned(),
        Note::ParkedExpired { produce: true } => "the Produce has waited for too long".to_owned(),
        Note::ParkedExpired { produce: false } => "the Fetch has waited long enough".to_owned(),
        Note::BatchSent {
            partition,
            sequence,
            attempt,
            ..
        } => {
            let again = if *attempt > 0 {
                format!(", attempt {}", attempt + 1)
            } else {
                String::new()
            };
            of(partition, &format_args!("batch sent, sequence {sequence}{again}"))
        }
        Note::BatchRetried { partition, error } => of(partition, &format_args!("batch to be sent again after {error}")),
        Note::BatchExpired { partition } => of(partition, &"batch given up"),
        Note::SequenceLost { partition } => of(partition, &"the sequence is lost"),
        Note::ProducerIdAssigned { producer_id, epoch } => format!("is producer {producer_id}, epoch {epoch}"),
        Note::PositionReset { partition, to } => of(partition, &format_args!("position reset to {to}")),
        Note::PositionValidated { partition, at } => of(partition, &format_args!("position {at} is valid")),
        Note::TruncationDetected {
            partition,
            position,
            divergent_offset,
        } => of(
            partition,
            &format_args!("position {position} is beyond the log, which differs from {divergent_offset} on"),
        ),
    }
}
