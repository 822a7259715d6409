//! A stage for hand-made runs: what happens is said, nothing is simulated.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafkasim_core::call::{Answer, Call, ConsumerRecord, ProducerRecord, RecordMetadata, SendFailure};
use kafkasim_core::config::{BrokerConfig, ConsumerConfig, ControllerConfig, OperatorConfig, ProducerConfig};
use kafkasim_core::error::ErrorCode;
use kafkasim_core::ids::{
    BrokerEpoch, CallId, Generation, LeaderEpoch, NodeId, Offset, PartitionEpoch, Timestamp, TopicId, TopicPartition,
};
use kafkasim_core::machine::Lane;
use kafkasim_core::message::{
    Acks, FetchPartition, FetchRequest, FetchResponse, FetchedPartition, IsolationLevel, Message, PartitionProduceData,
    PartitionProduceResponse, ProduceRequest, ProduceResponse, ReplicaState, Request, Response,
};
use kafkasim_core::note::Note;
use kafkasim_core::record::{Batch, BatchBuilder};
use kafkasim_core::rules::Rules;

use super::super::transit::Sent;
use super::super::{Diagram, History, history};
use crate::program::{AnyProgram, CreateTopics, PollLoop};
use crate::setup::{Options, ProcessSpec, Role, Setup};
use crate::world::{Action, Delivery, Direction, Event, Fault, Link, Step};

pub(super) const CONTROLLER: NodeId = NodeId(0);
pub(super) const BROKER_1: NodeId = NodeId(1);
pub(super) const BROKER_2: NodeId = NodeId(2);
pub(super) const PRODUCER: NodeId = NodeId(3);
pub(super) const READER: NodeId = NodeId(4);
pub(super) const OPERATOR: NodeId = NodeId(5);
pub(super) const ORDERS: TopicPartition = TopicPartition {
    topic: TopicId(1),
    partition: 0,
};

/// Two brokers, a producer, a reader, and one partition.
pub(super) fn setup() -> Setup {
    let idle = || AnyProgram::new(CreateTopics::new(Vec::new()));
    let process = |name: &str, role| ProcessSpec {
        name: name.to_owned(),
        role,
        part_of: None,
    };
    let earliest = ConsumerConfig::parse([("auto.offset.reset", "earliest")], vec![BROKER_1, BROKER_2]);
    let earliest = earliest.expect("a configuration that Kafka accepts");
    let reader = AnyProgram::new(PollLoop::new(vec![("orders".into(), 0)], 1000));
    Setup {
        rules: Rules::CURRENT,
        processes: vec![
            process("controller", Role::Controller(ControllerConfig::defaults())),
            process("broker-1", Role::Broker(BrokerConfig::defaults(vec![CONTROLLER]))),
            process("broker-2", Role::Broker(BrokerConfig::defaults(vec![CONTROLLER]))),
            process(
                "producer-1",
                Role::Producer(ProducerConfig::defaults(vec![BROKER_1, BROKER_2]), idle()),
            ),
            process("reader", Role::Consumer(earliest, reader)),
            process(
                "operator",
                Role::Operator(OperatorConfig::defaults(vec![CONTROLLER]), idle()),
            ),
        ],
        options: Options {
            late_requests: true,
            instant_sync: true,
        },
    }
}

/// A run as it is made up.
pub(super) struct Stage {
    pub(super) diagram: Diagram,
    pub(super) history: History,
    at_ms: u64,
    timed: bool,
    number: usize,
    calls: BTreeMap<String, CallId>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let setup = setup();
        let mut diagram = Diagram::new("hand-made", "current", &setup);
        diagram.names_mut().learn_topic(ORDERS.topic, "orders", 1);
        Self {
            diagram,
            history: history(&setup),
            at_ms: 0,
            timed: true,
            number: 0,
            calls: BTreeMap::new(),
        }
    }

    /// As an explorer runs it: without time.
    pub(super) fn without_time() -> Self {
        Self {
            timed: false,
            ..Self::new()
        }
    }

    /// From now on it is so late.
    pub(super) fn at(&mut self, ms: u64) -> &mut Self {
        self.at_ms = ms;
        self
    }

    pub(super) fn happens(&mut self, action: Action, events: &[Event]) -> &mut Self {
        self.carries(action, None, events)
    }

    pub(super) fn start(&mut self, node: NodeId) -> &mut Self {
        self.happens(Action::Start { node }, &[Event::Started { node }])
    }

    pub(super) fn fault(&mut self, fault: Fault) -> &mut Self {
        let mut events = vec![Event::Fault(fault.clone())];
        if let Fault::Crash { node } | Fault::PowerLoss { node, .. } = &fault {
            events.push(Event::Stopped {
                node: *node,
                in_order: false,
            });
        }
        self.happens(Action::Fault(fault), &events)
    }

    pub(super) fn send(&mut self, value: &str) -> &mut Self {
        let call = CallId(u32::try_from(self.calls.len()).expect("few calls"));
        self.calls.insert(value.to_owned(), call);
        let value = Some(Bytes::copy_from_slice(value.as_bytes()));
        let record = ProducerRecord {
            topic: "orders".into(),
            partition: Some(0),
            key: None,
            value,
        };
        let called = Event::Called {
            node: PRODUCER,
            call: Call::Send { call, record },
        };
        self.happens(Action::Call { node: PRODUCER }, &[called])
    }

    pub(super) fn request(&mut self, link: Link, request: Request, events: &[Event]) -> &mut Self {
        let what = Delivery::Message(request.api());
        let action = Action::Deliver {
            link,
            direction: Direction::ToServer,
            what,
        };
        self.carries(action, Some(Message::Request(request)), events)
    }

    pub(super) fn late(&mut self, link: Link, request: Request, events: &[Event]) -> &mut Self {
        let what = Delivery::Late(request.api());
        let action = Action::Deliver {
            link,
            direction: Direction::ToServer,
            what,
        };
        self.carries(action, Some(Message::Request(request)), events)
    }

    pub(super) fn response(&mut self, link: Link, response: Response, events: &[Event]) -> &mut Self {
        let what = Delivery::Message(response.api());
        let action = Action::Deliver {
            link,
            direction: Direction::ToClient,
            what,
        };
        self.carries(action, Some(Message::Response(response)), events)
    }

    pub(super) fn carries(&mut self, action: Action, message: Option<Message>, events: &[Event]) -> &mut Self {
        let ms = if self.timed { self.at_ms } else { 0 };
        let at_us = if self.timed {
            self.at_ms * 1000
        } else {
            self.number as u64
        };
        let step = Step {
            at_us,
            wall_ms: Timestamp(i64::try_from(ms).expect("soon")),
            action,
        };
        let carried = message.map(|message| Sent {
            message,
            by: self.number.saturating_sub(1),
        });
        self.number += 1;
        self.diagram.record(&step, carried, events);
        self.history.record(&step, events);
        self
    }

    pub(super) fn answered(&self, value: &str, result: Result<i64, SendFailure>) -> Event {
        let at = |offset| RecordMetadata {
            topic: "orders".into(),
            partition: 0,
            offset: Some(Offset(offset)),
        };
        Event::Answered {
            node: PRODUCER,
            answer: Answer::Sent {
                call: self.calls[value],
                result: result.map(at),
            },
        }
    }
}

pub(super) fn note(node: NodeId, note: Note) -> Event {
    Event::Note { node, note }
}

/// One record as a batch, as a producer makes it.
pub(super) fn batch(value: &str) -> Batch {
    let mut builder = BatchBuilder::new();
    builder.append(Timestamp(0), None, Some(Bytes::copy_from_slice(value.as_bytes())), &[]);
    builder.build(None)
}

pub(super) fn appended(node: NodeId, offset: i64, epoch: i32, value: &str) -> Event {
    let batch = batch(value).at(Offset(offset), LeaderEpoch(epoch));
    note(
        node,
        Note::Appended {
            partition: ORDERS,
            batch,
            as_leader: true,
        },
    )
}

pub(super) fn high_watermark(node: NodeId, to: i64) -> Event {
    note(
        node,
        Note::HighWatermark {
            partition: ORDERS,
            to: Offset(to),
            as_leader: true,
        },
    )
}

pub(super) fn leads(node: NodeId, epoch: i32, from: i64) -> Event {
    note(
        node,
        Note::BecameLeader {
            partition: ORDERS,
            epoch: LeaderEpoch(epoch),
            start_offset: Offset(from),
        },
    )
}

pub(super) fn follows(node: NodeId, epoch: i32, leader: NodeId) -> Event {
    note(
        node,
        Note::BecameFollower {
            partition: ORDERS,
            epoch: LeaderEpoch(epoch),
            leader: Some(leader),
        },
    )
}

pub(super) fn elected(leader: NodeId, epoch: i32, isr: &[NodeId]) -> Event {
    let changed = Note::PartitionChanged {
        partition: ORDERS,
        leader: Some(leader),
        leader_epoch: LeaderEpoch(epoch),
        isr: isr.to_vec(),
        elr: Vec::new(),
        partition_epoch: PartitionEpoch(epoch),
        unclean: false,
    };
    note(CONTROLLER, changed)
}

pub(super) fn read(values: &[&str], first: i64) -> Event {
    let record = |(offset, value): (i64, &&str)| ConsumerRecord {
        topic: "orders".into(),
        partition: 0,
        offset: Offset(offset),
        leader_epoch: LeaderEpoch(0),
        timestamp: Timestamp(0),
        key: None,
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
    };
    let records = (first..).zip(values).map(record).collect();
    Event::Answered {
        node: READER,
        answer: Answer::Polled(Ok(records)),
    }
}

pub(super) const fn link(client: NodeId, server: NodeId, lane: Lane) -> Link {
    Link {
        client,
        server,
        lane,
        generation: Generation(0),
    }
}

pub(super) fn produce(value: &str, acks: Acks) -> Request {
    let records = batch(value);
    ProduceRequest {
        acks,
        timeout_ms: 30_000,
        partition_data: vec![PartitionProduceData {
            partition: ORDERS,
            records,
        }],
    }
    .into()
}

pub(super) fn produced(error_code: ErrorCode, base_offset: i64) -> Response {
    let response = PartitionProduceResponse {
        partition: ORDERS,
        error_code,
        base_offset: Offset(base_offset),
        log_append_time_ms: Timestamp::NONE,
        log_start_offset: Offset::ZERO,
        current_leader: None,
    };
    ProduceResponse {
        responses: vec![response],
    }
    .into()
}

pub(super) fn fetch(from: i64, last_epoch: i32) -> Request {
    let partition = FetchPartition {
        partition: ORDERS,
        current_leader_epoch: LeaderEpoch(0),
        fetch_offset: Offset(from),
        last_fetched_epoch: LeaderEpoch(last_epoch),
        log_start_offset: Offset::ZERO,
        partition_max_bytes: 1 << 20,
    };
    let fetch = FetchRequest {
        replica: Some(ReplicaState {
            replica_id: BROKER_2,
            replica_epoch: BrokerEpoch(1),
        }),
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: 1 << 20,
        isolation_level: IsolationLevel::ReadUncommitted,
        partitions: vec![partition],
    };
    fetch.into()
}

/// What the leader of the orders has for a follower.
pub(super) fn fetched(values: &[&str]) -> Response {
    answer(ORDERS, values)
}

/// Some news from the controller.
pub(super) fn metadata() -> Response {
    answer(
        TopicPartition::CLUSTER_METADATA,
        &["PartitionRecord", "PartitionChangeRecord"],
    )
}

fn answer(partition: TopicPartition, values: &[&str]) -> Response {
    let partition = FetchedPartition {
        partition,
        error_code: ErrorCode::None,
        high_watermark: Offset(0),
        last_stable_offset: Offset::NONE,
        log_start_offset: Offset::ZERO,
        diverging_epoch: None,
        current_leader: None,
        records: values.iter().map(|value| batch(value)).collect(),
    };
    FetchResponse {
        error_code: ErrorCode::None,
        responses: vec![partition],
    }
    .into()
}
