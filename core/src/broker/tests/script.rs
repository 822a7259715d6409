//! Reads one line of a conversation as an input. The first word says what it is; `key=value` words may stand anywhere after it.
//!
//! ```text
//! open 9 Lifecycle              a connection that the broker asked for is up     drop 9 Lifecycle   … or has ended
//! registered 0 | alive | fenced | stop | refused [registration] ERROR    the controller's answer on the lifecycle lane
//! log RECORD; RECORD …          the controller's answer on the metadata lane
//! altered t1-0 e=0 p=1 isr=1,2  the controller's answer on the AlterPartition lane (error=…, all=…)
//! ids 1000 2                    the controller's answer on the forwarding lane
//! got 2 t1-0 hw=1 [0-0:e0] …    the answer of leader 2 to a fetch (error=…, diverging=EPOCH:END)
//! end 2 t1-0 3                  the answer of leader 2 to where its log ends
//! produce c1 acks=all t1-0 a,b  from client 1 (pid=, epoch=, seq=, timeout=, late)
//! read c1 t1-0@0                from client 1 (e=, min=, last=)
//! fetch 2 t1-0@0 e=0            from follower 2 (as=REGISTRATION, last=, min=, late)
//! list c1 t1-0 latest, end-of c1 t1-0 0 e=, describe c1 [NAME], init c1
//! timer …, lost c1, shut-down
//! ```

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::Bytes;

use super::super::Broker;
use super::render;
use crate::call::Call;
use crate::config::BrokerConfig;
use crate::disk::DiskImage;
use crate::error::ErrorCode;
use crate::ids::{
    BrokerEpoch, Generation, IncarnationId, LeaderEpoch, NodeId, Offset, PartitionEpoch, ProducerEpoch, ProducerId,
    Sequence, Timestamp, TopicId, TopicName, TopicPartition,
};
use crate::machine::{Boot, ConnectionId, Context, Input, Lane, Machine, Outbox};
use crate::message::{
    Acks, AllocateProducerIdsResponse, AlterPartitionResponse, AlteredPartition, BrokerHeartbeatResponse,
    BrokerRegistrationResponse, EpochEndOffset, FetchPartition, FetchRequest, FetchResponse, FetchedPartition,
    InitProducerIdRequest, IsolationLevel, ListOffsetsPartition, ListOffsetsRequest, Message, MetadataRequest,
    OffsetForLeaderEpochPartition, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetForLeaderEpochResult, OffsetSpec, PartitionProduceData, ProduceRequest, ReplicaState, Request, Response,
};
use crate::record::{Batch, BatchBuilder, MetadataRecord};
use crate::rules::Rules;
use crate::timer::Timer;

const NODE: NodeId = NodeId(1);
const CONTROLLER: NodeId = NodeId(9);

/// A broker, and what the controller's log holds.
pub(super) struct Conversation {
    pub(super) broker: Broker,
    config: BrokerConfig,
    rules: Rules,
    metadata_end: Offset,
    boot_effects: Vec<String>,
}

/// The words of a line.
struct Words<'a> {
    plain: Vec<&'a str>,
    named: BTreeMap<&'a str, &'a str>,
}

impl<'a> Words<'a> {
    fn of(line: &'a str) -> Self {
        let (named, plain): (Vec<&str>, Vec<&str>) = line.split_whitespace().partition(|word| word.contains('='));
        Self {
            plain,
            named: named.iter().filter_map(|word| word.split_once('=')).collect(),
        }
    }

    fn number(&self, name: &str, otherwise: i64) -> i64 {
        self.named
            .get(name)
            .map_or(otherwise, |word| word.parse().expect("a number"))
    }

    fn epoch(&self, name: &str) -> LeaderEpoch {
        LeaderEpoch(i32::try_from(self.number(name, -1)).expect("an epoch"))
    }

    fn error(&self, name: &str) -> ErrorCode {
        self.named.get(name).map_or(ErrorCode::None, |word| error(word))
    }

    fn nodes(&self, name: &str) -> Vec<NodeId> {
        self.named
            .get(name)
            .map_or_else(Vec::new, |word| word.split(',').map(node).collect())
    }

    fn has(&self, word: &str) -> bool {
        self.plain.contains(&word)
    }
}

impl Conversation {
    pub(super) fn boot(rules: Rules) -> Self {
        Self::boot_from(rules, &DiskImage::default())
    }

    pub(super) fn boot_from(rules: Rules, disk: &DiskImage) -> Self {
        let config = BrokerConfig::defaults([CONTROLLER].into());
        let mut out = Outbox::new();
        let context = Context {
            node: NODE,
            config: &config,
            rules: &rules,
            wall_clock: Timestamp(0),
        };
        let broker = Broker::boot(
            &context,
            Boot {
                incarnation: IncarnationId(7),
                disk,
            },
            &mut out,
        );
        let boot_effects = out.drain().filter_map(|effect| render::effect(&effect)).collect();
        Self {
            broker,
            config,
            rules,
            metadata_end: Offset::ZERO,
            boot_effects,
        }
    }

    /// Plays one line; what it led to. `boot` tells what happened then.
    pub(super) fn play(&mut self, line: &str) -> Vec<String> {
        let line = line.trim();
        if line == "boot" {
            return core::mem::take(&mut self.boot_effects);
        }
        let input = self.input(line);
        let mut out = Outbox::new();
        let context = Context {
            node: NODE,
            config: &self.config,
            rules: &self.rules,
            wall_clock: Timestamp(0),
        };
        self.broker.step(&context, input, &mut out);
        out.drain().filter_map(|effect| render::effect(&effect)).collect()
    }

    fn input(&mut self, line: &str) -> Input {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words = Words::of(rest);
        match verb {
            "open" => Input::Connected(connection(node(words.plain[0]), lane(words.plain[1]))),
            "drop" => Input::Disconnected(connection(node(words.plain[0]), lane(words.plain[1]))),
            "lost" => Input::Disconnected(client(words.plain[0])),
            "shut-down" => Input::Call(Call::ShutDown),
            "timer" => Input::TimerFired(timer(&words)),
            "registered" | "alive" | "fenced" | "stop" | "refused" => {
                from_controller(Lane::Lifecycle, lifecycle(verb, &words))
            }
            "log" => from_controller(Lane::Metadata, self.metadata(rest)),
            "altered" => from_controller(Lane::AlterPartition, altered(&words)),
            "ids" => from_controller(Lane::Forwarding, ids(&words)),
            "got" => response(connection(node(words.plain[0]), Lane::Replica), got(&words)),
            "end" => response(connection(node(words.plain[0]), Lane::Replica), end(&words)),
            "produce" => request(client(words.plain[0]), &words, produce(&words)),
            "read" => request(client(words.plain[0]), &words, fetch(None, &words)),
            "fetch" => {
                let follower = node(words.plain[0]);
                let registration = words.number("as", i64::from(follower.0) - 1);
                let replica = ReplicaState {
                    replica_id: follower,
                    replica_epoch: BrokerEpoch(registration),
                };
                request(
                    connection(follower, Lane::Replica),
                    &words,
                    fetch(Some(replica), &words),
                )
            }
            "list" => request(client(words.plain[0]), &words, list(&words)),
            "end-of" => request(client(words.plain[0]), &words, end_of(&words)),
            "describe" => {
                let topics = words.plain.get(1).map(|name| [TopicName::from(*name)].into());
                request(client(words.plain[0]), &words, MetadataRequest { topics }.into())
            }
            "init" => request(client(words.plain[0]), &words, InitProducerIdRequest.into()),
            _ => panic!("no such line: {line}"),
        }
    }

    fn metadata(&mut self, records: &str) -> Response {
        let batches = records
            .split(';')
            .filter(|record| !record.trim().is_empty())
            .map(|text| {
                let record = record(text, self.metadata_end);
                let mut builder = BatchBuilder::new();
                builder.append(Timestamp(0), None, Some(record.encode()), &[]);
                let batch = builder.build(None).at(self.metadata_end, LeaderEpoch(1));
                self.metadata_end = batch.next_offset();
                batch
            });
        let records = batches.collect();
        let fetched = FetchedPartition {
            high_watermark: self.metadata_end,
            records,
            ..nothing("metadata")
        };
        FetchResponse {
            error_code: ErrorCode::None,
            responses: [fetched].into(),
        }
        .into()
    }
}

fn request(mut connection: ConnectionId, words: &Words<'_>, request: Request) -> Input {
    if words.has("late") {
        connection.generation = ConnectionId::ENDED;
    }
    Input::Message {
        connection,
        message: Message::Request(request),
    }
}

fn response(connection: ConnectionId, response: Response) -> Input {
    Input::Message {
        connection,
        message: Message::Response(response),
    }
}

fn from_controller(lane: Lane, answer: Response) -> Input {
    response(connection(CONTROLLER, lane), answer)
}

fn connection(peer: NodeId, lane: Lane) -> ConnectionId {
    ConnectionId {
        peer,
        lane,
        generation: Generation(0),
    }
}

fn client(name: &str) -> ConnectionId {
    let number: i32 = name
        .strip_prefix('c')
        .expect("a client is c and its number")
        .parse()
        .expect("a number");
    connection(NodeId(100 + number), Lane::Client)
}

fn node(word: &str) -> NodeId {
    NodeId(word.parse().expect("a node"))
}

fn lane(word: &str) -> Lane {
    let lanes = [
        Lane::Client,
        Lane::Replica,
        Lane::Metadata,
        Lane::Lifecycle,
        Lane::AlterPartition,
        Lane::Forwarding,
    ];
    lanes
        .into_iter()
        .find(|lane| alloc::format!("{lane:?}") == word)
        .expect("a lane")
}

pub(super) fn partition(word: &str) -> TopicPartition {
    if word == "metadata" {
        return TopicPartition::CLUSTER_METADATA;
    }
    let (topic, index) = word
        .strip_prefix('t')
        .and_then(|word| word.split_once('-'))
        .expect("a partition");
    TopicPartition {
        topic: TopicId(topic.parse().expect("a topic")),
        partition: index.parse().expect("an index"),
    }
}

fn error(word: &str) -> ErrorCode {
    let mut known = (-1..200).filter_map(ErrorCode::from_code);
    known.find(|error| error.name() == word).expect("an error")
}

fn timer(words: &Words<'_>) -> Timer {
    let wait = |word: &str| {
        if word.starts_with('c') {
            client(word)
        } else {
            connection(node(word), Lane::Replica)
        }
    };
    match words.plain[..] {
        ["heartbeat"] => Timer::Heartbeat,
        ["registration"] => Timer::RegistrationBackoff,
        ["metadata"] => Timer::MetadataFetchBackoff,
        ["checkpoint"] => Timer::HighWatermarkCheckpoint,
        ["lag", at, follower] => Timer::ReplicaLag {
            partition: partition(at),
            follower: node(follower),
        },
        ["alter", at] => Timer::AlterPartitionBackoff {
            partition: partition(at),
        },
        ["fetch", leader] => Timer::ReplicaFetchBackoff { leader: node(leader) },
        ["fetch-wait", from] => Timer::FetchWait { connection: wait(from) },
        ["produce-wait", from] => Timer::ProduceWait { connection: wait(from) },
        ["reconnect", peer, on] => Timer::ReconnectBackoff {
            peer: node(peer),
            lane: lane(on),
        },
        ["timeout", peer, on] => Timer::RequestTimeout {
            connection: connection(node(peer), lane(on)),
            slot: 0,
        },
        _ => panic!("no such timer: {:?}", words.plain),
    }
}

fn lifecycle(verb: &str, words: &Words<'_>) -> Response {
    let heartbeat = |is_fenced, should_shut_down| {
        BrokerHeartbeatResponse {
            error_code: ErrorCode::None,
            is_caught_up: true,
            is_fenced,
            should_shut_down,
        }
        .into()
    };
    match verb {
        "registered" => {
            let broker_epoch = BrokerEpoch(words.plain[0].parse().expect("an epoch"));
            BrokerRegistrationResponse {
                error_code: ErrorCode::None,
                broker_epoch,
            }
            .into()
        }
        "alive" => heartbeat(false, false),
        "fenced" => heartbeat(true, false),
        "stop" => heartbeat(true, true),
        _ if words.has("registration") => {
            let error_code = error(words.plain[1]);
            BrokerRegistrationResponse {
                error_code,
                broker_epoch: BrokerEpoch::NONE,
            }
            .into()
        }
        _ => {
            let error_code = error(words.plain[0]);
            BrokerHeartbeatResponse {
                error_code,
                is_caught_up: false,
                is_fenced: true,
                should_shut_down: false,
            }
            .into()
        }
    }
}

fn altered(words: &Words<'_>) -> Response {
    let partitions = words.plain.iter().map(|word| AlteredPartition {
        partition: partition(word),
        error_code: words.error("error"),
        leader_id: NODE,
        leader_epoch: words.epoch("e"),
        isr: words.nodes("isr"),
        recovering: false,
        partition_epoch: PartitionEpoch(i32::try_from(words.number("p", -1)).expect("an epoch")),
    });
    AlterPartitionResponse {
        error_code: words.error("all"),
        partitions: partitions.collect(),
    }
    .into()
}

fn ids(words: &Words<'_>) -> Response {
    let error_code = words.error("error");
    let number = |index: usize| {
        words
            .plain
            .get(index)
            .map_or(-1, |word| word.parse().expect("a number"))
    };
    let producer_id_len = i32::try_from(number(1)).expect("a length");
    AllocateProducerIdsResponse {
        error_code,
        producer_id_start: ProducerId(number(0)),
        producer_id_len,
    }
    .into()
}

fn nothing(at: &str) -> FetchedPartition {
    FetchedPartition {
        partition: partition(at),
        error_code: ErrorCode::None,
        high_watermark: Offset::NONE,
        last_stable_offset: Offset::NONE,
        log_start_offset: Offset::ZERO,
        diverging_epoch: None,
        current_leader: None,
        records: Vec::new(),
    }
}

fn got(words: &Words<'_>) -> Response {
    let batches = words
        .plain
        .iter()
        .filter_map(|word| word.strip_prefix('[')?.strip_suffix(']'));
    let diverging_epoch = words.named.get("diverging").map(|word| {
        let (epoch, end) = word.split_once(':').expect("EPOCH:END");
        let leader_epoch = LeaderEpoch(epoch.parse().expect("an epoch"));
        EpochEndOffset {
            leader_epoch,
            end_offset: Offset(end.parse().expect("an offset")),
        }
    });
    let fetched = FetchedPartition {
        error_code: words.error("error"),
        high_watermark: Offset(words.number("hw", 0)),
        diverging_epoch,
        records: batches.map(replicated).collect(),
        ..nothing(words.plain[1])
    };
    FetchResponse {
        error_code: words.error("all"),
        responses: [fetched].into(),
    }
    .into()
}

/// `0-1:e0` is a batch of two records from epoch 0; with `!` at the end it is broken.
pub(super) fn replicated(word: &str) -> Batch {
    let (range, epoch) = word.split_once(":e").expect("FROM-TO:eEPOCH");
    let (from, to) = range.split_once('-').expect("FROM-TO");
    let (from, to): (i64, i64) = (from.parse().expect("an offset"), to.parse().expect("an offset"));
    let values: Vec<String> = (from..=to).map(|offset| alloc::format!("v{offset}")).collect();
    let batch = batch(values.iter().map(String::as_str), None);
    let epoch_number = epoch.trim_end_matches('!').parse().expect("an epoch");
    let batch = batch.at(Offset(from), LeaderEpoch(epoch_number));
    if epoch.ends_with('!') { batch.rotten(3) } else { batch }
}

fn batch<'a>(values: impl Iterator<Item = &'a str>, producer: Option<(ProducerId, ProducerEpoch, Sequence)>) -> Batch {
    let mut builder = BatchBuilder::new();
    for value in values {
        builder.append(Timestamp(10), None, Some(Bytes::copy_from_slice(value.as_bytes())), &[]);
    }
    builder.build(producer)
}

fn end(words: &Words<'_>) -> Response {
    let end_offset = words
        .plain
        .get(2)
        .map_or(Offset::NONE, |word| Offset(word.parse().expect("an offset")));
    let result = OffsetForLeaderEpochResult {
        partition: partition(words.plain[1]),
        error_code: words.error("error"),
        end: EpochEndOffset {
            leader_epoch: words.epoch("e"),
            end_offset,
        },
    };
    OffsetForLeaderEpochResponse {
        partitions: [result].into(),
    }
    .into()
}

/// After the client and its options, pairs of a partition and its values.
fn produce(words: &Words<'_>) -> Request {
    let acks = match words.named.get("acks") {
        Some(&"0") => Acks::None,
        Some(&"1") => Acks::Leader,
        Some(&"all") | None => Acks::All,
        Some(other) => panic!("no such acks: {other}"),
    };
    let producer = words.named.get("pid").map(|pid| {
        let epoch = ProducerEpoch(i16::try_from(words.number("epoch", 0)).expect("an epoch"));
        let sequence = Sequence(i32::try_from(words.number("seq", 0)).expect("a sequence"));
        (ProducerId(pid.parse().expect("a producer id")), epoch, sequence)
    });
    let entries: Vec<&str> = words.plain[1..]
        .iter()
        .copied()
        .filter(|word| *word != "late" && *word != "rotten")
        .collect();
    let partition_data = entries.chunks(2).map(|pair| {
        let records = batch(pair[1].split(','), producer);
        let records = if words.has("rotten") {
            records.rotten(3)
        } else {
            records
        };
        PartitionProduceData {
            partition: partition(pair[0]),
            records,
        }
    });
    let timeout_ms = i32::try_from(words.number("timeout", 30000)).expect("a time");
    ProduceRequest {
        acks,
        timeout_ms,
        partition_data: partition_data.collect(),
    }
    .into()
}

fn fetch(replica: Option<ReplicaState>, words: &Words<'_>) -> Request {
    let partitions = words
        .plain
        .iter()
        .filter_map(|word| word.split_once('@'))
        .map(|(at, offset)| FetchPartition {
            partition: partition(at),
            current_leader_epoch: words.epoch("e"),
            fetch_offset: Offset(offset.parse().expect("an offset")),
            last_fetched_epoch: words.epoch("last"),
            log_start_offset: Offset::ZERO,
            partition_max_bytes: i32::try_from(words.number("partition.max", 1_048_576)).expect("a size"),
        });
    let request = FetchRequest {
        replica,
        max_wait_ms: u32::try_from(words.number("wait", 500)).expect("a time"),
        min_bytes: i32::try_from(words.number("min", 1)).expect("a size"),
        max_bytes: i32::try_from(words.number("max", 52_428_800)).expect("a size"),
        isolation_level: IsolationLevel::ReadUncommitted,
        partitions: partitions.collect(),
    };
    request.into()
}

fn list(words: &Words<'_>) -> Request {
    let timestamp = match words.plain[2] {
        "earliest" => OffsetSpec::Earliest,
        "latest" => OffsetSpec::Latest,
        at => OffsetSpec::Timestamp(Timestamp(at.parse().expect("a time"))),
    };
    let query = ListOffsetsPartition {
        partition: partition(words.plain[1]),
        current_leader_epoch: words.epoch("e"),
        timestamp,
    };
    ListOffsetsRequest {
        isolation_level: IsolationLevel::ReadUncommitted,
        partitions: [query].into(),
    }
    .into()
}

fn end_of(words: &Words<'_>) -> Request {
    let query = OffsetForLeaderEpochPartition {
        partition: partition(words.plain[1]),
        current_leader_epoch: words.epoch("e"),
        leader_epoch: LeaderEpoch(words.plain[2].parse().expect("an epoch")),
    };
    OffsetForLeaderEpochRequest {
        replica_id: None,
        partitions: [query].into(),
    }
    .into()
}

/// A record of the metadata log; a registration's epoch is its offset.
fn record(text: &str, at: Offset) -> MetadataRecord {
    let words = Words::of(text);
    let broker = |index: usize| node(words.plain[index]);
    let change = |fenced: Option<bool>, in_controlled_shutdown| MetadataRecord::BrokerRegistrationChange {
        broker: broker(1),
        epoch: BrokerEpoch(words.number("epoch", i64::from(broker(1).0) - 1)),
        fenced,
        in_controlled_shutdown,
    };
    let leader = words
        .named
        .get("leader")
        .map(|word| (*word != "none").then(|| node(word)));
    match words.plain[0] {
        "register" => {
            let incarnation = IncarnationId(u32::try_from(words.number("incarnation", 7)).expect("a number"));
            MetadataRecord::RegisterBroker {
                broker: broker(1),
                incarnation,
                epoch: BrokerEpoch(at.0),
            }
        }
        "unfence" => change(Some(false), None),
        "fence" => change(Some(true), None),
        "leaving" => change(None, Some(true)),
        "topic" => {
            let id = TopicId(words.plain[1].parse().expect("a topic"));
            // The configuration follows as a record of its own.
            MetadataRecord::Topic {
                name: Arc::from(alloc::format!("topic{id}")),
                id,
            }
        }
        "config" => {
            let (key, value) = words.named.iter().next().expect("a key and its value");
            MetadataRecord::Config {
                topic: Arc::from(words.plain[1]),
                key: (*key).into(),
                value: (*value).into(),
            }
        }
        "partition" => MetadataRecord::Partition {
            partition: partition(words.plain[1]),
            replicas: words.nodes("replicas"),
            isr: words.nodes("isr"),
            leader: leader.flatten(),
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
        },
        "change" => MetadataRecord::PartitionChange {
            partition: partition(words.plain[1]),
            isr: words.named.get("isr").map(|_| words.nodes("isr")),
            leader,
            recovering: None,
            elr: None,
            last_known_elr: None,
        },
        "nothing" => MetadataRecord::NoOp,
        other => panic!("no such record: {other}"),
    }
}
