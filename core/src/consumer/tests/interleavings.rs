//! Whatever happens in whatever order: records come out contiguous and once, and nobody is asked anything between polls.
//!
//! Leaders move, metadata lags, connections break, answers are late. No record is ever lost, so the consumer has no excuse. In the end
//! everything is healed, and everything has to be read.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use proptest::prelude::*;

use super::brokers::Brokers;
use super::{config, context};
use crate::call::{Answer, Call};
use crate::config::ConsumerConfig;
use crate::consumer::Consumer;
use crate::consumer::position::{FetchState, Lookup};
use crate::disk::DiskImage;
use crate::ids::{Generation, IncarnationId, NodeId, Offset, TopicId, TopicPartition};
use crate::machine::{Boot, ConnectionId, Effect, Input, Lane, Machine, Outbox};
use crate::message::{Message, Request, Response};
use crate::timer::Timer;

const PARTITIONS: [TopicPartition; 2] = [
    TopicPartition {
        topic: TopicId(1),
        partition: 0,
    },
    TopicPartition {
        topic: TopicId(1),
        partition: 1,
    },
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_come_out_contiguous_and_once(
        max_poll_records in 1_usize..5,
        choices in proptest::collection::vec(any::<u16>(), 1..300),
    ) {
        let mut world = World::new(max_poll_records);
        for choice in choices {
            let mut enabled = world.enabled();
            // The cluster itself does not change all the time, or everything would come right by itself.
            enabled.retain(|action| choice >> 14 == 0 || !is_change(action));
            let action = enabled[usize::from(choice) % enabled.len()];
            world.apply(action, choice);
        }
        world.heal();
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    Poll(u64),
    Fire(Timer),
    Connect(NodeId),
    Disconnect(NodeId),
    /// A broker answers its oldest request, with what is true now.
    Serve(NodeId),
    /// The oldest answer arrives.
    Deliver(NodeId),
    Append(usize),
    MoveLeader(usize),
    /// A broker learns who leads what.
    Publish(NodeId),
}

#[derive(Clone, Default)]
struct Link {
    generation: u32,
    is_open: bool,
    requests: VecDeque<Request>,
    responses: VecDeque<Response>,
}

struct World {
    consumer: Consumer,
    config: ConsumerConfig,
    out: Outbox,
    is_polling: bool,
    armed: BTreeSet<Timer>,
    connecting: BTreeSet<NodeId>,
    links: BTreeMap<NodeId, Link>,
    brokers: Brokers,
}

impl World {
    fn new(max_poll_records: usize) -> Self {
        let config = ConsumerConfig {
            max_poll_records,
            ..config()
        };
        let disk = DiskImage::default();
        let mut out = Outbox::new();
        let boot = Boot {
            incarnation: IncarnationId(0),
            disk: &disk,
        };
        let mut consumer = Consumer::boot(&context(&config), boot, &mut out);
        let assignment = Call::Assign(PARTITIONS.map(|partition| ("a".into(), partition.partition)).into());
        consumer.step(&context(&config), Input::Call(assignment), &mut out);
        assert!(out.effects().is_empty(), "an assignment asks nobody");
        Self {
            consumer,
            config,
            out,
            is_polling: false,
            armed: BTreeSet::new(),
            connecting: BTreeSet::new(),
            links: [1, 2].map(|node| (NodeId(node), Link::default())).into(),
            brokers: Brokers::new(),
        }
    }

    fn enabled(&self) -> Vec<Action> {
        let mut enabled: Vec<Action> = self.armed.iter().copied().map(Action::Fire).collect();
        if !self.is_polling {
            enabled.extend([Action::Poll(0), Action::Poll(100)]);
        }
        for node in [NodeId(1), NodeId(2)] {
            let link = &self.links[&node];
            if self.connecting.contains(&node) {
                enabled.push(Action::Connect(node));
            }
            if self.connecting.contains(&node) || link.is_open {
                enabled.push(Action::Disconnect(node));
            }
            if !link.requests.is_empty() {
                enabled.extend([Action::Serve(node), Action::Serve(node)]);
            }
            if !link.responses.is_empty() {
                enabled.extend([Action::Deliver(node), Action::Deliver(node)]);
            }
            enabled.push(Action::Publish(node));
        }
        enabled.extend([
            Action::Append(0),
            Action::Append(1),
            Action::MoveLeader(0),
            Action::MoveLeader(1),
        ]);
        enabled
    }

    fn apply(&mut self, action: Action, chance: u16) {
        match action {
            Action::Poll(timeout_ms) => {
                self.is_polling = true;
                self.step(Input::Call(Call::Poll { timeout_ms }));
            }
            Action::Fire(timer) => {
                self.armed.remove(&timer);
                self.step(Input::TimerFired(timer));
            }
            Action::Connect(node) => {
                self.connecting.remove(&node);
                let link = self.links.get_mut(&node).expect("there are two brokers");
                link.is_open = true;
                link.generation += 1;
                let connection = self.connection(node);
                self.step(Input::Connected(connection));
            }
            Action::Disconnect(node) => {
                let ended = if self.connecting.remove(&node) {
                    Input::Refused {
                        peer: node,
                        lane: Lane::Client,
                    }
                } else {
                    Input::Disconnected(self.connection(node))
                };
                self.close(node);
                self.step(ended);
            }
            Action::Serve(node) => {
                let request = self.links.get_mut(&node).and_then(|link| link.requests.pop_front());
                let response = self.brokers.serve(node, request.expect("there is a request"), chance);
                self.links
                    .get_mut(&node)
                    .expect("there are two brokers")
                    .responses
                    .push_back(response);
            }
            Action::Deliver(node) => {
                let response = self.links.get_mut(&node).and_then(|link| link.responses.pop_front());
                let message = Message::Response(response.expect("there is a response"));
                let connection = self.connection(node);
                self.step(Input::Message { connection, message });
            }
            Action::Append(index) => self.brokers.append(index, 1 + i64::from(chance >> 12) % 4),
            Action::MoveLeader(index) => self.brokers.move_leader(index),
            Action::Publish(node) => self.brokers.publish(node),
        }
    }

    fn step(&mut self, input: Input) {
        let may_ask = self.is_polling;
        self.consumer.step(&context(&self.config), input, &mut self.out);
        let effects: Vec<Effect> = self.out.drain().collect();
        for effect in effects {
            match effect {
                Effect::Connect { peer, .. } => {
                    assert!(may_ask, "a connection was made between polls");
                    assert!(self.connecting.insert(peer), "one attempt at a time");
                }
                Effect::Send {
                    connection,
                    message: Message::Request(request),
                } => {
                    assert!(may_ask, "a request was sent between polls");
                    assert_eq!(
                        connection,
                        self.connection(connection.peer),
                        "sent over the open connection"
                    );
                    let link = self.links.get_mut(&connection.peer).expect("there are two brokers");
                    link.requests.push_back(request);
                    let is_fetch = |request: &&Request| matches!(request, Request::Fetch(_));
                    let fetches = link.requests.iter().filter(is_fetch).count()
                        + link
                            .responses
                            .iter()
                            .filter(|response| matches!(response, Response::Fetch(_)))
                            .count();
                    assert!(fetches <= 1, "a leader has two fetches to answer");
                }
                Effect::Disconnect(connection) => self.close(connection.peer),
                Effect::SetTimer { timer, .. } => {
                    self.armed.insert(timer);
                }
                Effect::CancelTimer(timer) => {
                    self.armed.remove(&timer);
                }
                Effect::Answer(answer) => self.answered(&answer),
                Effect::Note(_) => {}
                effect @ (Effect::Send { .. }
                | Effect::Mark(_)
                | Effect::SetTimerFromMark { .. }
                | Effect::Disk(_)
                | Effect::Choose(_)) => panic!("a consumer does not cause {effect:?}"),
            }
        }
        self.check_timers();
        for (log, partition) in self.brokers.logs.iter().zip(PARTITIONS) {
            if let Some(position) = self.consumer.position(partition) {
                assert_eq!(
                    position.offset,
                    Offset(log.polled),
                    "the position is behind the last record polled"
                );
            }
        }
    }

    /// Timers are armed exactly as long as somebody waits for them.
    fn check_timers(&self) {
        let is_armed = |timer| self.armed.contains(&timer);
        assert_eq!(
            is_armed(Timer::PollTimeout),
            self.is_polling,
            "a poll waits for its time-out"
        );
        let mut backing_off = BTreeSet::new();
        for assigned in &self.consumer.assigned {
            if let FetchState::Fetching {
                position,
                backing_off: true,
            } = assigned.state
            {
                backing_off.extend(position.leader);
            }
            let is_backing_off = match assigned.state {
                FetchState::AwaitReset { lookup, .. } | FetchState::AwaitValidation { lookup, .. } => {
                    lookup == Lookup::BackingOff
                }
                FetchState::Initializing | FetchState::Fetching { .. } => false,
            };
            if let Some(partition) = assigned.id {
                assert_eq!(
                    is_armed(Timer::PositionBackoff { partition }),
                    is_backing_off,
                    "of {partition}"
                );
            }
        }
        for leader in [NodeId(1), NodeId(2)] {
            assert_eq!(
                is_armed(Timer::FetchBackoff { leader }),
                backing_off.contains(&leader),
                "of {leader}"
            );
        }
    }

    fn answered(&mut self, answer: &Answer) {
        self.is_polling = false;
        let Answer::Polled(Ok(records)) = answer else {
            panic!("a poll failed, though nothing was lost: {answer:?}")
        };
        assert!(
            records.len() <= self.config.max_poll_records,
            "more than max.poll.records"
        );
        for record in records {
            let log = &mut self.brokers.logs[usize::try_from(record.partition).expect("partitions count from 0")];
            assert_eq!(record.offset, Offset(log.polled), "the next record of the partition");
            assert_eq!(
                record.value,
                Some(super::value_at(record.offset.0)),
                "the record belongs to its offset"
            );
            log.polled += 1;
        }
    }

    fn connection(&self, peer: NodeId) -> ConnectionId {
        ConnectionId {
            peer,
            lane: Lane::Client,
            generation: Generation(self.links[&peer].generation),
        }
    }

    fn close(&mut self, node: NodeId) {
        let link = self.links.get_mut(&node).expect("there are two brokers");
        *link = Link {
            generation: link.generation,
            ..Link::default()
        };
    }

    /// Nothing goes wrong any more, and everybody gets a turn: everything has to be read.
    fn heal(&mut self) {
        // Three batches in each answer, and no bad luck.
        const CHANCE: u16 = 0x0301;
        self.apply(Action::Publish(NodeId(1)), CHANCE);
        self.apply(Action::Publish(NodeId(2)), CHANCE);
        for _ in 0..1000 {
            if self.brokers.logs.iter().all(|log| log.polled == log.end()) {
                return;
            }
            for action in self.enabled().into_iter().filter(is_healing) {
                if self.enabled().contains(&action) {
                    self.apply(action, CHANCE);
                }
            }
        }
        panic!("not everything was read: {:?}", self.consumer);
    }
}

fn is_change(action: &Action) -> bool {
    matches!(action, Action::Append(_) | Action::MoveLeader(_) | Action::Publish(_))
}

fn is_healing(action: &Action) -> bool {
    match action {
        Action::Poll(timeout_ms) => *timeout_ms > 0,
        Action::Fire(timer) => {
            matches!(timer, Timer::ReconnectBackoff { .. } | Timer::MetadataBackoff)
                || matches!(timer, Timer::FetchBackoff { .. } | Timer::PositionBackoff { .. })
        }
        Action::Connect(_) | Action::Serve(_) | Action::Deliver(_) => true,
        Action::Disconnect(_) | Action::Append(_) | Action::MoveLeader(_) | Action::Publish(_) => false,
    }
}
