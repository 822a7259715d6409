//! A small language in which one consumer is talked to, and in which it answers.
//!
//! A line that starts with `>` is an input, with `>>` one whose effects are not shown; the lines after it are the effects. Time-outs of
//! requests and the metadata's age are left out. Inputs:
//!
//! ```text
//! assign a-0 a-1 | assign          up 1 | down 1
//! pause a-0 | resume a-0           seek a-0 5 | to-beginning a-0 | to-end a-0 | wakeup
//! position a-0 1000                beginning 1000 a-0 a-1 | end 1000 a-0 | times 1000 a-0 5       (`default` for the timeout that is configured)
//! close
//! poll 1000                        fire poll | fire fetch 1 | fire position a-0 | fire reconnect 1 | fire metadata | fire request 1
//! reset none                       max 2                          (auto.offset.reset and max.poll.records from now on)
//! 1: metadata a-0=1@0 a-1=none@3 | 1: metadata a=UNKNOWN_TOPIC_OR_PARTITION
//! 1: offsets a-0=5 | 1: offsets a-0=OFFSET_NOT_AVAILABLE
//! 1: epochs a-0=5@1 | 1: epochs a-0=none | 1: epochs a-0=FENCED_LEADER_EPOCH
//! 1: fetched a-0=0..2@0,3@0,c4@0,!5@0 a-1 | 1: fetched a-0=NOT_LEADER_OR_FOLLOWER>2@1 | 1: refused UNKNOWN_SERVER_ERROR
//! show                             (positions, what is buffered, and whether the consumer is idle)
//! settled a-0 at 5 of 1@0                                         (assigned and looked up by polls of 0; nothing is shown)
//! ```
//!
//! `c1` is the connection to broker 1 as the coordinator of the consumer's group. [`group_language`](super::group_language) has its words.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::group_language::{answer_text, group_call, group_response_of};
use super::language::{
    looked_up_text, named, note_text, number, partition_of, partition_text, polled_text, request_text, response_of,
    timer_text,
};
use super::{config, context};
use crate::call::{Answer, Call, Steering};
use crate::config::{AutoOffsetReset, ConsumerConfig};
use crate::consumer::Consumer;
use crate::disk::DiskImage;
use crate::ids::{Generation, IncarnationId, NodeId, Offset, Timestamp, TopicName};
use crate::lookup::OffsetLookup;
use crate::machine::{Boot, ConnectionId, Effect, Input, Lane, Machine, Outbox};
use crate::message::Message;
use crate::timer::Timer;

/// Compares a conversation with what the consumer really says.
pub(super) fn check(script: &str) {
    check_with(config(), script);
}

/// The same with a consumer that is configured like this.
pub(super) fn check_with(config: ConsumerConfig, script: &str) {
    let mut conversation = Conversation::new(config);
    let mut actual = String::new();
    let mut expected = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        expected += line;
        expected.push('\n');
        let (input, is_shown) = match (line.strip_prefix(">>"), line.strip_prefix('>')) {
            (Some(input), _) => (input, false),
            (None, Some(input)) => (input, true),
            (None, None) => continue,
        };
        actual += line;
        actual.push('\n');
        let effects = conversation.tell(input.trim());
        for effect in effects.into_iter().filter(|_| is_shown) {
            actual += &effect;
            actual.push('\n');
        }
    }
    assert_eq!(actual, expected, "\n--- actual:\n{actual}--- expected:\n{expected}");
}

struct Conversation {
    consumer: Consumer,
    config: ConsumerConfig,
    open: BTreeMap<(NodeId, Lane), ConnectionId>,
    armed: BTreeSet<Timer>,
    out: Outbox,
}

impl Conversation {
    fn new(config: ConsumerConfig) -> Self {
        let disk = DiskImage::default();
        let boot = Boot {
            incarnation: IncarnationId(0),
            disk: &disk,
        };
        let mut out = Outbox::new();
        let consumer = Consumer::boot(&context(&config), boot, &mut out);
        let is_to_commit = config.enable_auto_commit.then_some(Timer::AutoCommit);
        let mut armed = BTreeSet::new();
        for effect in out.drain() {
            let Effect::SetTimer { timer, .. } = effect else {
                panic!("a consumer waits for its application: {effect:?}")
            };
            armed.insert(timer);
        }
        assert!(armed.iter().copied().eq(is_to_commit), "{armed:?}");
        Self {
            consumer,
            config,
            open: BTreeMap::new(),
            armed,
            out,
        }
    }

    /// The effects of one line.
    fn tell(&mut self, line: &str) -> Vec<String> {
        if let Some((from, response)) = line.split_once(": ") {
            let connection = self.connection(from);
            return self.step(Input::Message {
                connection,
                message: Message::Response(group_response_of(response).unwrap_or_else(|| response_of(response))),
            });
        }
        if let Some(call) = group_call(line) {
            return self.step(Input::Call(call));
        }
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "assign" => self.step(Input::Call(Call::Assign(partitions(rest)))),
            "pause" => self.steer(Steering::Pause(partitions(rest))),
            "resume" => self.steer(Steering::Resume(partitions(rest))),
            "to-beginning" => self.steer(Steering::SeekToBeginning(partitions(rest))),
            "to-end" => self.steer(Steering::SeekToEnd(partitions(rest))),
            "wakeup" => self.steer(Steering::Wakeup),
            "seek" => {
                let (at, offset) = rest.split_once(' ').expect("a partition and an offset");
                let (topic, partition) = named(at);
                self.steer(Steering::Seek {
                    topic,
                    partition,
                    offset: Offset(number(offset)),
                })
            }
            "position" | "beginning" | "end" | "times" => self.look_up(verb, rest),
            "close" => self.step(Input::Call(Call::Close { timeout_ms: None })),
            "poll" => self.step(Input::Call(Call::Poll {
                timeout_ms: number(rest),
            })),
            "up" => {
                let (peer, lane) = peer_of(rest);
                let connection = ConnectionId {
                    peer,
                    lane,
                    generation: Generation(0),
                };
                self.open.insert((peer, lane), connection);
                self.step(Input::Connected(connection))
            }
            "down" => {
                let (peer, lane) = peer_of(rest);
                let ended = match self.open.remove(&(peer, lane)) {
                    Some(connection) => Input::Disconnected(connection),
                    None => Input::Refused { peer, lane },
                };
                self.step(ended)
            }
            "fire" => {
                let timer = self.timer(rest);
                assert!(self.armed.remove(&timer), "{timer:?} is not armed");
                self.step(Input::TimerFired(timer))
            }
            "reset" => {
                self.config.auto_offset_reset = match rest {
                    "earliest" => AutoOffsetReset::Earliest,
                    "latest" => AutoOffsetReset::Latest,
                    "none" => AutoOffsetReset::None,
                    other => panic!("no policy {other}"),
                };
                Vec::new()
            }
            "max" => {
                self.config.max_poll_records = number(rest);
                Vec::new()
            }
            "settled" => self.settle(rest),
            "show" => self.show(),
            other => panic!("no input {other}"),
        }
    }

    fn look_up(&mut self, verb: &str, rest: &str) -> Vec<String> {
        let words: Vec<&str> = rest.split_whitespace().collect();
        let (lookup, timeout) = match (verb, &words[..]) {
            ("position", [at, timeout]) => {
                let (topic, partition) = named(at);
                (OffsetLookup::Position { topic, partition }, timeout)
            }
            ("times", [timeout, at, time]) => {
                let (topic, partition) = named(at);
                let times = [(topic, partition, Timestamp(number(time)))].into();
                (OffsetLookup::ForTimes(times), timeout)
            }
            ("beginning", [timeout, at @ ..]) => (OffsetLookup::Beginning(partitions(&at.join(" "))), timeout),
            ("end", [timeout, at @ ..]) => (OffsetLookup::End(partitions(&at.join(" "))), timeout),
            _ => panic!("no lookup {verb} {rest}"),
        };
        let timeout_ms = (*timeout != "default").then(|| number(timeout));
        self.step(Input::Call(Call::LookUp { lookup, timeout_ms }))
    }

    fn steer(&mut self, steering: Steering) -> Vec<String> {
        self.step(Input::Call(Call::Steer(steering)))
    }

    fn show(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (topic, partition) in self.consumer.assignment() {
            let id = partition_of(&format!("{topic}-{partition}"));
            lines.push(match self.consumer.position(id) {
                Some(position) => format!(
                    "{topic}-{partition} at {} after @{}",
                    position.offset, position.offset_epoch
                ),
                None => format!("{topic}-{partition} nowhere"),
            });
        }
        lines.extend(self.consumer.buffered().map(|(partition, batch)| {
            format!(
                "buffered {} {}..{}",
                partition_text(partition),
                batch.base_offset,
                batch.last_offset()
            )
        }));
        lines.extend(self.consumer.is_idle().then(|| "idle".to_owned()));
        lines
    }

    fn settle(&mut self, spec: &str) -> Vec<String> {
        let [partition, "at", offset, "of", leader] = spec.split(' ').collect::<Vec<_>>()[..] else {
            panic!("not a position: {spec}");
        };
        let script = format!(
            "assign {partition}|poll 0|up 1|poll 0|1: metadata {partition}={leader}|poll 0|1: offsets {partition}={offset}"
        );
        for line in script.split('|') {
            self.tell(line);
        }
        Vec::new()
    }

    fn step(&mut self, input: Input) -> Vec<String> {
        self.consumer.step(&context(&self.config), input, &mut self.out);
        let effects: Vec<Effect> = self.out.drain().collect();
        effects.into_iter().filter_map(|effect| self.render(effect)).collect()
    }

    fn render(&mut self, effect: Effect) -> Option<String> {
        Some(match effect {
            Effect::Connect { peer, lane } => format!("connect {}", peer_text(peer, lane)),
            Effect::Disconnect(connection) => {
                self.open.remove(&(connection.peer, connection.lane));
                format!("disconnect {}", peer_text(connection.peer, connection.lane))
            }
            Effect::Send {
                connection,
                message: Message::Request(request),
            } => {
                assert_eq!(
                    self.open.get(&(connection.peer, connection.lane)),
                    Some(&connection),
                    "sent over an open connection"
                );
                let peer = peer_text(connection.peer, connection.lane);
                format!("send {peer} {}", request_text(&request))
            }
            Effect::SetTimer { timer, window } => {
                self.armed.insert(timer);
                format!("set {} {}", timer_text(timer)?, window.latest_ms)
            }
            Effect::CancelTimer(timer) => {
                // One request's time-out ends its connection, and with it the time-outs of all requests, this one among them.
                let was_armed = self.armed.remove(&timer);
                if !was_armed && self.config.group_id.is_some() {
                    // What a member does without is cancelled, armed or not.
                    return None;
                }
                let is_shared = matches!(timer, Timer::RequestTimeout { .. } | Timer::MetadataMaxAge);
                assert!(was_armed || is_shared, "{timer:?} was cancelled, but is not armed");
                format!("cancel {}", timer_text(timer)?)
            }
            Effect::Answer(Answer::LookedUp(found)) => format!("answer {}", looked_up_text(&found)),
            Effect::Answer(Answer::Closed) => "closed".to_owned(),
            Effect::Answer(Answer::Polled(polled)) => format!("answer {}", polled_text(&polled)),
            Effect::Answer(answer) => answer_text(&answer),
            Effect::Note(note) => format!("note {}", note_text(&note)?),
            effect @ (Effect::Send { .. }
            | Effect::Mark(_)
            | Effect::SetTimerFromMark { .. }
            | Effect::Disk(_)
            | Effect::Choose(_)) => panic!("a consumer does not cause {effect:?}"),
        })
    }

    fn connection(&self, peer: &str) -> ConnectionId {
        let open = self.open.get(&peer_of(peer));
        *open.unwrap_or_else(|| panic!("no connection to {peer} is open"))
    }

    fn timer(&self, text: &str) -> Timer {
        match text.split_once(' ').unwrap_or((text, "")) {
            ("poll", _) => Timer::PollTimeout,
            ("metadata", _) => Timer::MetadataBackoff,
            ("metadata-age", _) => Timer::MetadataMaxAge,
            ("fetch", leader) => Timer::FetchBackoff {
                leader: NodeId(number(leader)),
            },
            ("position", partition) => Timer::PositionBackoff {
                partition: partition_of(partition),
            },
            ("reconnect", peer) => {
                let (peer, lane) = peer_of(peer);
                Timer::ReconnectBackoff { peer, lane }
            }
            ("listener", _) => Timer::ListenerCallTimeout,
            ("coordinator", _) => Timer::CoordinatorBackoff,
            ("offsets", _) => Timer::OffsetsBackoff,
            ("heartbeat", _) => Timer::MemberHeartbeat,
            ("session", _) => Timer::MemberSession,
            ("max-poll", _) => Timer::MaxPollInterval,
            ("auto-commit", _) => Timer::AutoCommit,
            ("prepare", _) => Timer::JoinPrepare,
            ("close", _) => Timer::CloseTimeout,
            ("request", peer) => {
                let connection = self.connection(peer);
                let is_of =
                    |timer: &&Timer| matches!(timer, Timer::RequestTimeout { connection: of, .. } if *of == connection);
                *self.armed.iter().find(is_of).expect("a request is unanswered")
            }
            (other, _) => panic!("no timer {other}"),
        }
    }
}

fn partitions(text: &str) -> Vec<(TopicName, i32)> {
    text.split_whitespace().map(named).collect()
}

/// `1`, or `c1` for the connection to a coordinator.
fn peer_of(text: &str) -> (NodeId, Lane) {
    match text.strip_prefix('c') {
        Some(peer) => (NodeId(number(peer)), Lane::Coordinator),
        None => (NodeId(number(text)), Lane::Client),
    }
}

fn peer_text(peer: NodeId, lane: Lane) -> String {
    if lane == Lane::Coordinator {
        format!("c{peer}")
    } else {
        peer.to_string()
    }
}
