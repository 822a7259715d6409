//! Reads one line of a conversation as an input. The first word says what it is; `key=value` words may stand anywhere after it.
//!
//! ```text
//! open 9 Lifecycle              a connection that the broker asked for is up     drop 9 Lifecycle   … or has ended
//! unreachable 9 Lifecycle       … or could not be made
//! registered 0 | alive | fenced | stop | refused [registration] ERROR    the controller's answer on the lifecycle lane
//! log RECORD; RECORD …          the controller's answer on the metadata lane
//! altered t1-0 e=0 p=1 isr=1,2  the controller's answer on the AlterPartition lane (error=…, all=…)
//! ids 1000 2                    the controller's answer on the forwarding lane
//! got 2 t1-0 hw=1 [0-0:e0] …    the answer of leader 2 to a fetch (error=…, diverging=EPOCH:END)
//! end 2 t1-0 3                  the answer of leader 2 to where its log ends
//! start 2 t1-0 3                the answer of leader 2 to where its log starts
//! produce c1 acks=all t1-0 a,b  from client 1 (pid=, epoch=, seq=, timeout=, late)
//! read c1 t1-0@0                from client 1 (e=, min=, last=)
//! fetch 2 t1-0@0 e=0            from follower 2 (as=REGISTRATION, last=, min=, start=, late)
//! delete c1 t1-0 3 | committed  records, from client 1 (timeout=)
//! list c1 t1-0 latest, end-of c1 t1-0 0 e=, describe c1 [NAME], init c1
//! choose 0                      what the broker has left to chance; what is asked about groups: see `groups`
//! timer …, lost c1, shut-down, clock MS (what the wall clock shows from now on), configure KEY=VALUE (the only one that is not a default)
//! ```

use alloc::string::String;
use alloc::vec::Vec;

use super::super::Broker;
use super::answers::{altered, end, got, ids, lifecycle, nothing, record, start};
use super::groups;
use super::render;
use super::requests::{delete, end_of, fetch, list, produce};
use super::words::{Words, client, connection, lane, node, timer};
use crate::call::Call;
use crate::config::BrokerConfig;
use crate::disk::DiskImage;
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, IncarnationId, LeaderEpoch, NodeId, Offset, Timestamp, TopicName};
use crate::machine::{Boot, Choice, ConnectionId, Context, Input, Lane, Machine, Outbox, QuestionKind};
use crate::message::{
    FetchResponse, FetchedPartition, InitProducerIdRequest, Message, MetadataRequest, ReplicaState, Request, Response,
};
use crate::record::BatchBuilder;
use crate::rules::Rules;

const NODE: NodeId = NodeId(1);
const CONTROLLER: NodeId = NodeId(9);

/// A broker, and what the controller's log holds.
pub(super) struct Conversation {
    pub(super) broker: Broker,
    config: BrokerConfig,
    rules: Rules,
    wall_clock: Timestamp,
    metadata_end: Offset,
    boot_effects: Vec<String>,
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
            wall_clock: Timestamp(0),
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
        if let Some(time) = line.strip_prefix("clock ") {
            self.wall_clock = Timestamp(time.parse().expect("a time"));
            return Vec::new();
        }
        if let Some(pair) = line.strip_prefix("configure ") {
            let pair = pair.split_once('=').expect("KEY=VALUE");
            self.config = BrokerConfig::parse([pair], [CONTROLLER].into()).expect("a broker's key");
            return Vec::new();
        }
        let input = self.input(line);
        let mut out = Outbox::new();
        let context = Context {
            node: NODE,
            config: &self.config,
            rules: &self.rules,
            wall_clock: self.wall_clock,
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
            "unreachable" => Input::Refused {
                peer: node(words.plain[0]),
                lane: lane(words.plain[1]),
            },
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
            "start" => response(connection(node(words.plain[0]), Lane::Replica), start(&words)),
            "delete" => request(client(words.plain[0]), &words, delete(&words)),
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
            "choose" => Input::Chosen(Choice {
                kind: QuestionKind::MemberId,
                option: words.plain[0].parse().expect("an option"),
            }),
            _ => match groups::request(verb, &words) {
                Some(asked) => request(client(words.plain[0]), &words, asked),
                None => panic!("no such line: {line}"),
            },
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
