//! Reads the inputs of a conversation.
//!
//! ```text
//! register 1 as 11 [after 5]                broker 1, incarnation 11, after an orderly shutdown of the registration with epoch 5
//! heartbeat 1@5 at 7 [fence] [stop]         broker 1 of epoch 5 has replayed offset 7
//! expire 1                                  the session of broker 1
//! create t [1,2] [2,1] key=value            topic t
//! alter 1@5 t1-0 isr 1@5,2@6 epochs 0/0 [recovering]     leader epoch / partition epoch
//! ids 1@5                                   AllocateProducerIds
//! fetch 1 from 3 [epoch 2] [last 2] [now]   current leader epoch, last fetched epoch; without waiting
//! wait over 1                               of the fetch of broker 1
//! disconnect 1 metadata|lifecycle
//! late …                                    the same request, after its connection has ended
//! ```

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::call::{NewPartitions, NewTopic, Reassignment};
use crate::ids::{
    BrokerEpoch, Generation, IncarnationId, LeaderEpoch, NodeId, Offset, PartitionEpoch, TopicId, TopicPartition,
};
use crate::machine::{ConnectionId, Input, Lane};
use crate::message::{
    AllocateProducerIdsRequest, AlterPartitionData, AlterPartitionReassignmentsRequest, AlterPartitionRequest,
    BrokerHeartbeatRequest, BrokerRegistrationRequest, BrokerState, CreatePartitionsRequest, CreateTopicsRequest,
    DeleteTopicsRequest, ElectLeadersRequest, ElectionType, FetchPartition, FetchRequest, IsolationLevel, Message,
    Request,
};
use crate::timer::Timer;

/// The input that a line stands for.
pub(super) fn input(line: &str) -> Input {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["late", ..] => match input(line.trim_start_matches("late ")) {
            Input::Message { connection, message } => Input::Message {
                connection: ConnectionId {
                    generation: ConnectionId::ENDED,
                    ..connection
                },
                message,
            },
            other => panic!("only messages are late, not {other:?}"),
        },
        ["expire", broker] => Input::TimerFired(Timer::Session {
            broker: NodeId(number(broker)),
        }),
        ["wait", "over", broker] => Input::TimerFired(Timer::FetchWait {
            connection: connection(NodeId(number(broker)), Lane::Metadata),
        }),
        ["disconnect", broker, "metadata"] => Input::Disconnected(connection(NodeId(number(broker)), Lane::Metadata)),
        ["disconnect", broker, "lifecycle"] => Input::Disconnected(connection(NodeId(number(broker)), Lane::Lifecycle)),
        [kind, sender, ref rest @ ..] => {
            let (peer, lane, request) = request(kind, sender, rest);
            Input::Message {
                connection: connection(peer, lane),
                message: Message::Request(request),
            }
        }
        [] | [_] => panic!("no input: {line}"),
    }
}

fn request(kind: &str, sender: &str, words: &[&str]) -> (NodeId, Lane, Request) {
    match kind {
        "register" => {
            let broker_id = NodeId(number(sender));
            let request = BrokerRegistrationRequest {
                broker_id,
                incarnation_id: IncarnationId(number(after("as", words).expect("an incarnation"))),
                previous_broker_epoch: BrokerEpoch(after("after", words).map_or(-1, number)),
            };
            (broker_id, Lane::Lifecycle, request.into())
        }
        "heartbeat" => {
            let BrokerState {
                broker_id,
                broker_epoch,
            } = state(sender);
            let request = BrokerHeartbeatRequest {
                broker_id,
                broker_epoch,
                current_metadata_offset: Offset(number(after("at", words).expect("an offset"))),
                want_fence: words.contains(&"fence"),
                want_shut_down: words.contains(&"stop"),
            };
            (broker_id, Lane::Lifecycle, request.into())
        }
        "create" => (
            NodeId(50),
            Lane::Client,
            CreateTopicsRequest {
                topic: topic(sender, words),
            }
            .into(),
        ),
        "expand" => (
            NodeId(50),
            Lane::Client,
            CreatePartitionsRequest {
                topic: expansion(sender, words),
            }
            .into(),
        ),
        "delete" => {
            let topic = sender.into();
            (NodeId(50), Lane::Client, DeleteTopicsRequest { topic }.into())
        }
        "elect" => {
            let election_type = match sender {
                "preferred" => ElectionType::Preferred,
                "unclean" => ElectionType::Unclean,
                other => panic!("no election: {other}"),
            };
            (NodeId(50), Lane::Client, ElectLeadersRequest { election_type }.into())
        }
        "reassign" => {
            let reassignment = Reassignment {
                topic: sender.into(),
                partition: number(words[0]),
                replicas: after("to", words).map(replicas),
            };
            (
                NodeId(50),
                Lane::Client,
                AlterPartitionReassignmentsRequest { reassignment }.into(),
            )
        }
        "alter" => (
            state(sender).broker_id,
            Lane::AlterPartition,
            alter(state(sender), words).into(),
        ),
        "ids" => {
            let BrokerState {
                broker_id,
                broker_epoch,
            } = state(sender);
            (
                broker_id,
                Lane::Forwarding,
                AllocateProducerIdsRequest {
                    broker_id,
                    broker_epoch,
                }
                .into(),
            )
        }
        "fetch" => (NodeId(number(sender)), Lane::Metadata, fetch(words).into()),
        other => panic!("no request: {other}"),
    }
}

fn topic(name: &str, words: &[&str]) -> NewTopic {
    let (assignments, configs): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| word.starts_with('['));
    let config = |pair: &str| -> (String, String) {
        let (key, value) = pair.split_once('=').expect("key=value");
        (key.to_string(), value.to_string())
    };
    NewTopic {
        name: if name == "''" { "".into() } else { name.into() },
        assignments: assignments.into_iter().map(replicas).collect(),
        configs: configs.into_iter().map(config).collect(),
    }
}

fn expansion(name: &str, words: &[&str]) -> NewPartitions {
    NewPartitions {
        topic: name.into(),
        count: number(after("to", words).expect("a count")),
        assignments: words
            .iter()
            .filter(|word| word.starts_with('['))
            .map(|list| replicas(list))
            .collect(),
    }
}

/// `[1,2]`
fn replicas(list: &str) -> Vec<NodeId> {
    let list = list.trim_matches(['[', ']']);
    list.split(',')
        .filter(|id| !id.is_empty())
        .map(|id| NodeId(number(id)))
        .collect()
}

fn alter(broker: BrokerState, words: &[&str]) -> AlterPartitionRequest {
    let isr = after("isr", words).expect("an isr");
    let (leader_epoch, partition_epoch) = after("epochs", words)
        .and_then(|epochs| epochs.split_once('/'))
        .expect("leader epoch/partition epoch");
    let data = AlterPartitionData {
        partition: partition(words[0]),
        leader_epoch: LeaderEpoch(number(leader_epoch)),
        new_isr: isr.split(',').filter(|id| *id != "none").map(state).collect(),
        recovering: words.contains(&"recovering"),
        partition_epoch: PartitionEpoch(number(partition_epoch)),
    };
    AlterPartitionRequest {
        broker,
        partitions: Vec::from([data]),
    }
}

fn fetch(words: &[&str]) -> FetchRequest {
    let partition = FetchPartition {
        partition: after("of", words).map_or(TopicPartition::CLUSTER_METADATA, partition),
        current_leader_epoch: LeaderEpoch(after("epoch", words).map_or(-1, number)),
        fetch_offset: Offset(number(after("from", words).expect("an offset"))),
        last_fetched_epoch: LeaderEpoch(after("last", words).map_or(-1, number)),
        log_start_offset: Offset::ZERO,
        partition_max_bytes: after("bytes", words).map_or(1 << 20, number),
    };
    FetchRequest {
        replica: None,
        max_wait_ms: if words.contains(&"now") { 0 } else { 500 },
        min_bytes: 1,
        max_bytes: 1 << 20,
        isolation_level: IsolationLevel::ReadUncommitted,
        partitions: Vec::from([partition]),
    }
}

fn connection(peer: NodeId, lane: Lane) -> ConnectionId {
    ConnectionId {
        peer,
        lane,
        generation: Generation(0),
    }
}

fn partition(text: &str) -> TopicPartition {
    let (topic, partition) = text.trim_start_matches('t').split_once('-').expect("topic-partition");
    TopicPartition {
        topic: TopicId(number(topic)),
        partition: number(partition),
    }
}

fn state(text: &str) -> BrokerState {
    let (broker, epoch) = text.split_once('@').expect("broker@epoch");
    BrokerState {
        broker_id: NodeId(number(broker)),
        broker_epoch: BrokerEpoch(number(epoch)),
    }
}

fn after<'a>(name: &str, words: &[&'a str]) -> Option<&'a str> {
    let at = words.iter().position(|word| *word == name)?;
    words.get(at + 1).copied()
}

fn number<T: core::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}
