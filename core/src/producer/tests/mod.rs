//! Conversations with one producer, as text: lines are inputs, lines after them that start with `>` are what the
//! producer does.
//!
//! Inputs: `send CALL VALUE [p=PARTITION] [k=KEY] [topic=NAME]`, `partitions-for CALL TOPIC`, `flush`, `close [TIMEOUT]`, `up NODE`, `down NODE`, `choose OPTION`, `fire TIMER`,
//! `metadata NODE TOPIC=LEADER/EPOCH,…`, `id NODE PRODUCER|ERROR`, `produced NODE
//! PARTITION@OFFSET|PARTITION:ERROR[=LEADER/EPOCH]…`.

mod accumulation;
mod batching;
mod expiry;
mod finishing;
mod intake;
mod memory;
mod partitions_for;
mod properties;
mod recovery;
mod retries;
mod splitting;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::Bytes;

use super::*;
use crate::call::{Answer, PartitionInfo, ProducerRecord};
use crate::ids::{CallId, Generation, IncarnationId, LeaderEpoch, Offset, Sequence, Timestamp, TopicName};
use crate::machine::{Effect, Question};
use crate::message::{
    Acks, LeaderIdAndEpoch, MetadataPartition, MetadataTopic, PartitionProduceResponse, ProduceRequest,
    ProduceResponse, Request,
};
use crate::record::Compression;
use crate::rules::Rules;

/// Kafka's defaults, but for a linger of 0.
fn config() -> ProducerConfig {
    ProducerConfig {
        linger_ms: 0,
        ..ProducerConfig::defaults(Vec::from([NodeId(1)]))
    }
}

fn not_idempotent() -> ProducerConfig {
    ProducerConfig {
        enable_idempotence: false,
        ..config()
    }
}

/// A producer, and whoever drives it.
struct Conversation {
    config: ProducerConfig,
    producer: Producer,
    open: BTreeMap<NodeId, ConnectionId>,
    armed: BTreeSet<Timer>,
    questions: VecDeque<Question>,
    outbox: Outbox,
    /// Also tell of the timers and notes that accompany every batch.
    verbose: bool,
}

impl Conversation {
    /// Just booted.
    fn new(config: ProducerConfig) -> Self {
        let mut conversation = Self {
            producer: Producer {
                cluster: Cluster::bootstrap(&config.bootstrap_servers),
                connections: Connections::default(),
                waiting: VecDeque::new(),
                asking: BTreeMap::new(),
                sticky: BTreeMap::new(),
                accumulator: Accumulator::default(),
                identity: Identity::Unknown,
                left_out: BTreeMap::new(),
                finishing: Finishing::default(),
                failure: None,
            },
            config,
            open: BTreeMap::new(),
            armed: BTreeSet::new(),
            questions: VecDeque::new(),
            outbox: Outbox::new(),
            verbose: false,
        };
        let disk = crate::disk::DiskImage::default();
        let boot = Boot {
            incarnation: IncarnationId(0),
            disk: &disk,
        };
        let booted = Producer::boot(&context(&conversation.config), boot, &mut conversation.outbox);
        assert_eq!(booted, conversation.producer);
        conversation
    }

    /// Connected to every leader of topic `t` (id 1), and with producer id 7 if it is idempotent.
    fn ready(config: ProducerConfig, metadata: &str) -> Self {
        let mut conversation = Self::new(config);
        let mut out = Outbox::new();
        let response = metadata_response(&[metadata]);
        let leaders: BTreeSet<_> = response.topics[0]
            .partitions
            .iter()
            .map(|partition| partition.leader_id)
            .collect();
        let times = refresh_times(&conversation.config);
        conversation.producer.cluster.update(response, false, times, &mut out);
        for effect in out.effects() {
            conversation.note_down(effect);
        }
        for leader in leaders.into_iter().filter(|leader| *leader != NodeId::NONE) {
            assert!(!conversation.producer.connections.ready(leader, Lane::Client, &mut out));
            conversation.producer.connections.connected(connection(leader));
            conversation.open.insert(leader, connection(leader));
        }
        if conversation.config.enable_idempotence {
            conversation.producer.identity = Identity::Known(ProducerId(7), ProducerEpoch(0));
        }
        conversation
    }

    fn verbose(self) -> Self {
        Self { verbose: true, ..self }
    }

    /// Holds the conversation and compares.
    fn check(mut self, script: &str) {
        let script: Vec<_> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let mut transcript = Vec::new();
        for line in script.iter().filter(|line| !line.starts_with('>')) {
            transcript.push((*line).to_string());
            let input = self.parse(line);
            let effects = self.input(input);
            let shown = effects
                .iter()
                .filter(|effect| self.verbose || !accompanies_everything(effect));
            transcript.extend(shown.map(|effect| format!("> {}", render(effect))));
        }
        let expected = script.join("\n");
        let actual = transcript.join("\n");
        assert!(expected == actual, "expected:\n{expected}\n\nactual:\n{actual}\n");
    }

    /// One input, with its effects; keeps the driver's books and checks the producer's manners.
    fn input(&mut self, input: Input) -> Vec<Effect> {
        self.producer.step(&context(&self.config), input, &mut self.outbox);
        let effects: Vec<_> = self.outbox.drain().collect();
        for effect in &effects {
            self.note_down(effect);
        }
        if self.producer.is_idle() {
            let of_batches = self.armed.iter().find(|timer| is_for_a_send(timer));
            assert_eq!(of_batches, None, "a timer is armed, but nothing is left to send");
        }
        effects
    }

    fn note_down(&mut self, effect: &Effect) {
        match effect {
            Effect::SetTimer { timer, .. } => {
                self.armed.insert(*timer);
            }
            Effect::CancelTimer(timer) => {
                self.armed.remove(timer);
            }
            Effect::Choose(question) => self.questions.push_back(*question),
            Effect::Disconnect(connection) => {
                assert_eq!(
                    self.open.remove(&connection.peer),
                    Some(*connection),
                    "closed what was not open"
                );
            }
            Effect::Send { connection, message } => {
                assert_eq!(
                    self.open.get(&connection.peer),
                    Some(connection),
                    "sent {message:?} to nobody"
                );
            }
            Effect::Connect { peer, .. } => assert!(!self.open.contains_key(peer), "connected twice"),
            Effect::Answer(_) | Effect::Note(_) => {}
            Effect::Disk(_) | Effect::Mark(_) | Effect::SetTimerFromMark { .. } => panic!("a producer did {effect:?}"),
        }
    }

    fn parse(&mut self, line: &str) -> Input {
        let words: Vec<_> = line.split_whitespace().collect();
        let node = |word: &str| NodeId(word.parse().expect("a node"));
        match words[..] {
            ["send", call, value, ref options @ ..] => {
                let option = |name| options.iter().find_map(|option| option.strip_prefix(name));
                let record = ProducerRecord {
                    topic: TopicName::from(option("topic=").unwrap_or("t")),
                    partition: option("p=").map(|partition| partition.parse().expect("a partition")),
                    key: option("k=").map(|key| Bytes::copy_from_slice(key.as_bytes())),
                    value: Some(Bytes::copy_from_slice(value.as_bytes())),
                };
                Input::Call(Call::Send {
                    call: CallId(call.parse().expect("a call")),
                    record,
                })
            }
            ["partitions-for", call, topic] => Input::Call(Call::PartitionsFor {
                call: CallId(call.parse().expect("a call")),
                topic: (*topic).into(),
            }),
            ["flush"] => Input::Call(Call::Flush),
            ["close"] => Input::Call(Call::Close { timeout_ms: None }),
            ["close", timeout_ms] => Input::Call(Call::Close {
                timeout_ms: Some(timeout_ms.parse().expect("a timeout")),
            }),
            ["up", peer] => self.up(node(peer)),
            ["down", peer] => self.down(node(peer)),
            ["choose", option] => {
                let question = self.questions.pop_front().expect("a question is open");
                Input::Chosen(Choice {
                    kind: question.kind,
                    option: option.parse().expect("an option"),
                })
            }
            ["fire", ref timer @ ..] => {
                let wanted = timer.join(" ");
                let armed = self.armed.iter().find(|timer| render_timer(timer) == wanted).copied();
                self.fire(armed.unwrap_or_else(|| panic!("{wanted} is not armed, but {:?}", self.armed)))
            }
            ["metadata", peer, ref topics @ ..] => self.response(node(peer), metadata_response(topics).into()),
            ["id", peer, answer] => self.response(node(peer), id_response(answer).into()),
            ["produced", peer, ref partitions @ ..] => {
                let responses = partitions
                    .iter()
                    .map(|partition| partition_response(partition))
                    .collect();
                self.response(node(peer), ProduceResponse { responses }.into())
            }
            _ => panic!("what is {line:?}?"),
        }
    }

    fn up(&mut self, peer: NodeId) -> Input {
        self.open.insert(peer, connection(peer));
        Input::Connected(connection(peer))
    }

    fn down(&mut self, peer: NodeId) -> Input {
        match self.open.remove(&peer) {
            Some(connection) => Input::Disconnected(connection),
            None => Input::Refused {
                peer,
                lane: Lane::Client,
            },
        }
    }

    fn fire(&mut self, timer: Timer) -> Input {
        assert!(self.armed.remove(&timer), "{timer:?} is not armed");
        Input::TimerFired(timer)
    }

    fn response(&self, peer: NodeId, response: Response) -> Input {
        Input::Message {
            connection: connection(peer),
            message: Message::Response(response),
        }
    }
}

fn context(config: &ProducerConfig) -> Context<'_, ProducerConfig> {
    Context {
        node: NodeId(100),
        config,
        rules: &Rules::CURRENT,
        wall_clock: Timestamp(1_000),
    }
}

const fn connection(peer: NodeId) -> ConnectionId {
    ConnectionId {
        peer,
        lane: Lane::Client,
        generation: Generation(0),
    }
}

fn error_code(name: &str) -> ErrorCode {
    let mut codes = (-1..=200).filter_map(ErrorCode::from_code);
    codes
        .find(|code| code.name() == name)
        .unwrap_or_else(|| panic!("there is no error {name}"))
}

fn leader_and_epoch(text: &str) -> LeaderIdAndEpoch {
    let (leader, epoch) = text.split_once('/').expect("LEADER/EPOCH");
    LeaderIdAndEpoch {
        leader_id: NodeId(leader.parse().expect("a leader")),
        leader_epoch: LeaderEpoch(epoch.parse().expect("an epoch")),
    }
}

/// `t=1/0,2/0`, or `t:ERROR`. Topic `t` has the id 1, `u` 2, and so on.
fn metadata_response(topics: &[&str]) -> MetadataResponse {
    let topic = |text: &&str| {
        let (name, partitions) = text.split_once(['=', ':']).expect("TOPIC=… or TOPIC:…");
        let partition = |(index, text): (i32, &str)| {
            let LeaderIdAndEpoch {
                leader_id,
                leader_epoch,
            } = leader_and_epoch(text);
            MetadataPartition {
                error_code: ErrorCode::None,
                partition_index: index,
                leader_id,
                leader_epoch,
                replica_nodes: Vec::new(),
                isr_nodes: Vec::new(),
            }
        };
        let is_known = text.contains('=');
        MetadataTopic {
            error_code: if is_known {
                ErrorCode::None
            } else {
                error_code(partitions)
            },
            name: TopicName::from(name),
            topic_id: TopicId(u32::from(name.as_bytes()[0] - b's')),
            partitions: if is_known {
                (0..).zip(partitions.split(',')).map(partition).collect()
            } else {
                Vec::new()
            },
        }
    };
    MetadataResponse {
        brokers: Vec::from([NodeId(1), NodeId(2)]),
        topics: topics.iter().map(topic).collect(),
    }
}

fn id_response(answer: &str) -> InitProducerIdResponse {
    match answer.parse() {
        Ok(id) => InitProducerIdResponse {
            error_code: ErrorCode::None,
            producer_id: ProducerId(id),
            producer_epoch: ProducerEpoch(0),
        },
        Err(_) => InitProducerIdResponse {
            error_code: error_code(answer),
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
        },
    }
}

/// `t1-0@5`, `t1-0:ERROR`, or `t1-0:ERROR=2/1`.
fn partition_response(text: &str) -> PartitionProduceResponse {
    let (at, outcome) = text.split_once(['@', ':']).expect("PARTITION@… or PARTITION:…");
    let (topic, partition) = at.split_once('-').expect("tTOPIC-PARTITION");
    let partition = TopicPartition {
        topic: TopicId(topic[1..].parse().expect("a topic")),
        partition: partition.parse().expect("a partition"),
    };
    let (error, leader) = outcome
        .split_once('=')
        .map_or((outcome, None), |(error, leader)| (error, Some(leader)));
    PartitionProduceResponse {
        partition,
        error_code: if text.contains('@') {
            ErrorCode::None
        } else {
            error_code(error)
        },
        base_offset: if text.contains('@') {
            Offset(outcome.parse().expect("an offset"))
        } else {
            Offset::NONE
        },
        log_append_time_ms: Timestamp::NONE,
        log_start_offset: Offset::ZERO,
        current_leader: leader.map(leader_and_epoch),
    }
}

fn is_for_a_send(timer: &Timer) -> bool {
    matches!(
        timer,
        Timer::Linger { .. } | Timer::RetryBackoff { .. } | Timer::DeliveryTimeout { .. } | Timer::MaxBlock { .. }
    )
}

fn accompanies_everything(effect: &Effect) -> bool {
    let is_usual = |timer: &Timer| {
        matches!(
            timer,
            Timer::RequestTimeout { .. } | Timer::DeliveryTimeout { .. } | Timer::MetadataMaxAge
        )
    };
    match effect {
        Effect::SetTimer { timer, .. } | Effect::CancelTimer(timer) => is_usual(timer),
        Effect::Note(note) => matches!(
            note,
            Note::BatchSent { .. } | Note::MemoryAwaited | Note::StickyPartitionDrawn { .. }
        ),
        Effect::Connect { .. }
        | Effect::Send { .. }
        | Effect::Disconnect(_)
        | Effect::Mark(_)
        | Effect::SetTimerFromMark { .. }
        | Effect::Disk(_)
        | Effect::Choose(_)
        | Effect::Answer(_) => false,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what has no words of its own here is shown as it is"
)]
fn render_timer(timer: &Timer) -> String {
    match timer {
        Timer::RequestTimeout { connection, slot } => format!("RequestTimeout {}#{slot}", connection.peer),
        Timer::ReconnectBackoff { peer, .. } => format!("ReconnectBackoff {peer}"),
        Timer::Linger { partition } => format!("Linger {partition}"),
        Timer::RetryBackoff { partition } => format!("RetryBackoff {partition}"),
        Timer::DeliveryTimeout { partition, batch } => format!("DeliveryTimeout {partition}#{batch}"),
        Timer::MaxBlock { call } => format!("MaxBlock {call}"),
        Timer::CloseTimeout => "CloseTimeout".to_string(),
        other => format!("{other:?}"),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what has no words of its own here is shown as it is"
)]
fn render(effect: &Effect) -> String {
    match effect {
        Effect::Connect { peer, .. } => format!("connect {peer}"),
        Effect::Disconnect(connection) => format!("disconnect {}", connection.peer),
        Effect::Send {
            connection,
            message: Message::Request(request),
        } => {
            format!("to {}: {}", connection.peer, render_request(request))
        }
        Effect::SetTimer { timer, window } if window.earliest_ms == window.latest_ms => {
            format!("set {} {}ms", render_timer(timer), window.latest_ms)
        }
        Effect::SetTimer { timer, window } => {
            format!(
                "set {} {}..{}ms",
                render_timer(timer),
                window.earliest_ms,
                window.latest_ms
            )
        }
        Effect::CancelTimer(timer) => format!("cancel {}", render_timer(timer)),
        Effect::Choose(question) => format!("choose 1 of {}", question.options),
        Effect::Answer(Answer::Sent {
            call,
            result: Ok(metadata),
        }) => match metadata.offset {
            Some(offset) => format!("answer {call}: {}-{}@{offset}", metadata.topic, metadata.partition),
            None => format!("answer {call}: {}-{}", metadata.topic, metadata.partition),
        },
        Effect::Answer(Answer::Sent {
            call,
            result: Err(failure),
        }) => {
            let appended = if failure.is_definite() {
                "never appended"
            } else {
                "maybe appended"
            };
            format!("answer {call}: {:?}, {appended}", failure.error)
        }
        Effect::Answer(Answer::PartitionsFor { call, result }) => match result {
            Ok(partitions) => {
                let leader =
                    |told: &PartitionInfo| told.leader.map_or("nobody".to_string(), |leader| leader.to_string());
                let told = partitions
                    .iter()
                    .map(|told| format!("{} by {}", told.partition, leader(told)));
                format!("answer {call}: {}", told.collect::<Vec<_>>().join(", "))
            }
            Err(error) => format!("answer {call}: {error:?}"),
        },
        Effect::Answer(Answer::Flushed) => "flushed".to_string(),
        Effect::Answer(Answer::Closed) => "closed".to_string(),
        Effect::Note(Note::BatchSent {
            partition,
            sequence,
            attempt,
            ..
        }) => {
            format!("note sent {partition} seq {sequence} attempt {attempt}")
        }
        Effect::Note(Note::MemoryAwaited) => "note waits for memory".to_string(),
        Effect::Note(Note::BatchRetried { partition, error }) => format!("note retried {partition} {error}"),
        Effect::Note(Note::BatchSplit { partition, parts }) => format!("note split {partition} {parts}"),
        Effect::Note(Note::BatchExpired { partition }) => format!("note expired {partition}"),
        Effect::Note(Note::SequenceLost { partition }) => format!("note sequence lost {partition}"),
        Effect::Note(Note::ProducerEpochBumped {
            partition,
            producer_id,
            epoch,
        }) => {
            format!("note bumped {partition} {producer_id}/{epoch}")
        }
        Effect::Note(Note::ProducerIdAssigned { producer_id, epoch }) => format!("note id {producer_id}/{epoch}"),
        other => format!("{other:?}"),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what has no words of its own here is shown as it is"
)]
fn render_request(request: &Request) -> String {
    match request {
        Request::Produce(produce) => render_produce(produce),
        Request::Metadata(metadata) => {
            format!(
                "Metadata [{}]",
                metadata
                    .topics
                    .as_ref()
                    .map_or(String::from("*"), |topics| topics.join(" "))
            )
        }
        other => other.api().name().to_string(),
    }
}

fn render_produce(produce: &ProduceRequest) -> String {
    let batches = produce.partition_data.iter().map(|data| {
        let records = data.records.records().expect("the producer's batches can be read");
        let value = |value: &Option<Bytes>| String::from_utf8_lossy(value.as_ref().expect("a value")).into_owned();
        let values: Vec<_> = records.iter().map(|record| value(&record.value)).collect();
        let sequence = data.records.base_sequence();
        let codec = match data.records.compression() {
            Compression::None => String::new(),
            codec @ (Compression::Gzip | Compression::Snappy | Compression::Lz4 | Compression::Zstd) => {
                format!(" {codec}")
            }
        };
        match sequence {
            Sequence::NONE => format!("{}{codec} [{}]", data.partition, values.join(" ")),
            sequence => format!("{}{codec} seq {sequence} [{}]", data.partition, values.join(" ")),
        }
    });
    format!("Produce {}", batches.collect::<Vec<_>>().join(", "))
}
