//! Conversations with an operator.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::call::{NewPartitions, NewTopic};
use crate::disk::DiskImage;
use crate::ids::{Generation, IncarnationId, Timestamp};
use crate::machine::Effect;
use crate::message::{
    CreatePartitionsResponse, CreateTopicsResponse, DeleteTopicsResponse, InitProducerIdRequest, Request,
};
use crate::rules::Rules;

/// A script has a line for each input; `check` puts what it caused below it, indented.
///
/// `create NAME`, `expand NAME`, `delete NAME`, `deleted C ERROR`, `connected C`, `refused N`, `disconnected C`, `answer C ERROR`, `expanded C ERROR`, `nonsense C`, `timeout C`, `reconnect N` and
/// `backoff`, where C is a connection like `9#0`: controller 9, generation 0.
#[track_caller]
fn check(controllers: &[i32], script: &str) {
    let config = OperatorConfig::defaults(controllers.iter().map(|id| NodeId(*id)).collect());
    let context = Context {
        node: NodeId(100),
        config: &config,
        rules: &Rules::CURRENT,
        wall_clock: Timestamp(0),
    };
    let boot = Boot {
        incarnation: IncarnationId(0),
        disk: &DiskImage::default(),
    };
    let mut out = Outbox::new();
    let fresh = Operator::boot(&context, boot, &mut out);
    let mut operator = fresh.clone();
    let mut told = String::new();
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('>'))
    {
        told += &format!("{line}\n");
        operator.step(&context, input(line), &mut out);
        for effect in out.drain() {
            told += &format!("  > {}\n", tell(&effect));
            if matches!(effect, Effect::Answer(_)) {
                assert_eq!(operator, fresh, "an operator with nothing to do is as if newly started");
            }
        }
    }
    let expected: String = script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .fold(String::new(), |text, line| {
            text + if line.starts_with('>') { "  " } else { "" } + line + "\n"
        });
    assert_eq!(told, expected, "told:\n{told}");
}

fn input(line: &str) -> Input {
    let words: Vec<_> = line.split(' ').collect();
    match words[..] {
        ["create", name] => Input::Call(Call::Administer(Administration::CreateTopic(NewTopic {
            name: name.into(),
            assignments: vec![vec![NodeId(1), NodeId(2)]],
            configs: Vec::new(),
        }))),
        ["expand", name] => Input::Call(Call::Administer(Administration::CreatePartitions(NewPartitions {
            topic: name.into(),
            count: 2,
            assignments: vec![vec![NodeId(2), NodeId(1)]],
        }))),
        ["delete", name] => Input::Call(Call::Administer(Administration::DeleteTopic(name.into()))),
        ["deleted", id, error] => Input::Message {
            connection: connection(id),
            message: Message::Response(
                DeleteTopicsResponse {
                    error_code: error_code(error),
                }
                .into(),
            ),
        },
        ["connected", id] => Input::Connected(connection(id)),
        ["refused", peer] => Input::Refused {
            peer: NodeId(peer.parse().expect("a node id")),
            lane: Lane::Client,
        },
        ["disconnected", id] => Input::Disconnected(connection(id)),
        ["answer", id, error] => Input::Message {
            connection: connection(id),
            message: Message::Response(
                CreateTopicsResponse {
                    error_code: error_code(error),
                }
                .into(),
            ),
        },
        ["expanded", id, error] => Input::Message {
            connection: connection(id),
            message: Message::Response(
                CreatePartitionsResponse {
                    error_code: error_code(error),
                }
                .into(),
            ),
        },
        ["nonsense", id] => Input::Message {
            connection: connection(id),
            message: Message::Request(Request::InitProducerId(InitProducerIdRequest)),
        },
        ["timeout", id] => Input::TimerFired(Timer::RequestTimeout {
            connection: connection(id),
            slot: 0,
        }),
        ["reconnect", id] => Input::TimerFired(Timer::ReconnectBackoff {
            peer: NodeId(id.parse().expect("a node id")),
            lane: Lane::Client,
        }),
        ["backoff"] => Input::TimerFired(Timer::OperatorBackoff),
        _ => panic!("no such input: {line}"),
    }
}

fn connection(text: &str) -> ConnectionId {
    let (peer, generation) = text.split_once('#').expect("a connection is peer#generation");
    ConnectionId {
        peer: NodeId(peer.parse().expect("a node id")),
        lane: Lane::Client,
        generation: Generation(generation.parse().expect("a generation")),
    }
}

fn error_code(name: &str) -> ErrorCode {
    let mut codes = (i16::MIN..=i16::MAX).filter_map(ErrorCode::from_code);
    codes.find(|code| code.name() == name).expect("a Kafka error")
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what an operator never causes is told as it is"
)]
fn tell(effect: &Effect) -> String {
    let connection = |id: &ConnectionId| format!("{}#{}", id.peer, id.generation);
    let timer = |timer: &Timer| match timer {
        Timer::RequestTimeout { connection: id, slot } => format!("timeout {}/{slot}", connection(id)),
        Timer::ReconnectBackoff {
            peer,
            lane: Lane::Client,
        } => format!("reconnect {peer}"),
        other => format!("{other:?}"),
    };
    match effect {
        Effect::Connect {
            peer,
            lane: Lane::Client,
        } => format!("connect {peer}"),
        Effect::Send {
            connection: id,
            message: Message::Request(Request::CreateTopics(request)),
        } => {
            format!(
                "ask {} for {} on {:?}",
                connection(id),
                request.topic.name,
                request.topic.assignments
            )
        }
        Effect::Send {
            connection: id,
            message: Message::Request(Request::CreatePartitions(request)),
        } => format!(
            "ask {} for {} partitions of {}, new on {:?}",
            connection(id),
            request.topic.count,
            request.topic.topic,
            request.topic.assignments
        ),
        Effect::Send {
            connection: id,
            message: Message::Request(Request::DeleteTopics(request)),
        } => format!("ask {} to delete {}", connection(id), request.topic),
        Effect::Disconnect(id) => format!("disconnect {}", connection(id)),
        Effect::SetTimer { timer: name, window } => {
            format!("set {} {}..{}", timer(name), window.earliest_ms, window.latest_ms)
        }
        Effect::CancelTimer(name) => format!("cancel {}", timer(name)),
        Effect::Answer(Answer::Administered { task, result }) => {
            let done = match task {
                Administration::CreateTopic(_) => "created",
                Administration::DeleteTopic(_) => "deleted",
                Administration::CreatePartitions(_) => "expanded",
                Administration::ElectLeaders(_) => "elected",
                Administration::Reassign(_) => "reassigned",
            };
            result.map_or_else(|error| format!("not {done}: {error}"), |()| done.into())
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn a_topic_gets_more_partitions_even_if_the_answer_is_lost() {
    check(
        &[9],
        "expand a
           > connect 9
         connected 9#0
           > set timeout 9#0/0 30000..30000
           > ask 9#0 for 2 partitions of a, new on [[NodeId(2), NodeId(1)]]
         disconnected 9#0
           > set reconnect 9 80..120
           > cancel timeout 9#0/0
         reconnect 9
           > connect 9
         connected 9#1
           > set timeout 9#1/0 30000..30000
           > ask 9#1 for 2 partitions of a, new on [[NodeId(2), NodeId(1)]]
         expanded 9#1 INVALID_PARTITIONS
           > cancel timeout 9#1/0
           > disconnect 9#1
           > expanded",
    );
}

#[test]
fn too_few_partitions_are_refused_where_nothing_is_in_doubt() {
    check(
        &[9],
        "expand a
           > connect 9
         connected 9#0
           > set timeout 9#0/0 30000..30000
           > ask 9#0 for 2 partitions of a, new on [[NodeId(2), NodeId(1)]]
         expanded 9#0 INVALID_PARTITIONS
           > cancel timeout 9#0/0
           > disconnect 9#0
           > not expanded: INVALID_PARTITIONS",
    );
}

#[test]
fn a_topic_is_deleted_and_once_it_is_gone_nobody_asks_again() {
    check(
        &[9],
        "delete a
           > connect 9
         connected 9#0
           > set timeout 9#0/0 30000..30000
           > ask 9#0 to delete a
         timeout 9#0
           > disconnect 9#0
           > set reconnect 9 80..120
           > cancel timeout 9#0/0
         reconnect 9
           > connect 9
         connected 9#1
           > set timeout 9#1/0 30000..30000
           > ask 9#1 to delete a
         deleted 9#1 UNKNOWN_TOPIC_OR_PARTITION
           > cancel timeout 9#1/0
           > disconnect 9#1
           > deleted
         delete b
           > connect 9
         connected 9#2
           > set timeout 9#2/0 30000..30000
           > ask 9#2 to delete b
         deleted 9#2 UNKNOWN_TOPIC_OR_PARTITION
           > cancel timeout 9#2/0
           > disconnect 9#2
           > not deleted: UNKNOWN_TOPIC_OR_PARTITION",
    );
}

#[test]
fn a_topic_is_created() {
    check(
        &[9],
        "create a
           > connect 9
         connected 9#0
           > set timeout 9#0/0 30000..30000
           > ask 9#0 for a on [[NodeId(1), NodeId(2)]]
         answer 9#0 NONE
           > cancel timeout 9#0/0
           > disconnect 9#0
           > created",
    );
}

#[test]
fn a_definite_refusal_is_told() {
    check(
        &[9],
        "create a
           > connect 9
         connected 9#0
           > set timeout 9#0/0 30000..30000
           > ask 9#0 for a on [[NodeId(1), NodeId(2)]]
         answer 9#0 TOPIC_ALREADY_EXISTS
           > cancel timeout 9#0/0
           > disconnect 9#0
           > not created: TOPIC_ALREADY_EXISTS",
    );
}

#[test]
fn brokers_that_are_not_there_yet_are_waited_for_without_doubt() {
    check(
        &[9],
        "create a
           > connect 9
         connected 9#0
           > set timeout 9#0/0 30000..30000
           > ask 9#0 for a on [[NodeId(1), NodeId(2)]]
         answer 9#0 INVALID_REPLICA_ASSIGNMENT
           > cancel timeout 9#0/0
           > set OperatorBackoff 80..120
         backoff
           > set timeout 9#0/0 30000..30000
           > ask 9#0 for a on [[NodeId(1), NodeId(2)]]
         answer 9#0 TOPIC_ALREADY_EXISTS
           > cancel timeout 9#0/0
           > disconnect 9#0
           > not created: TOPIC_ALREADY_EXISTS",
    );
}

#[test]
fn an_attempt_without_an_answer_may_have_succeeded() {
    for lost in [
        "disconnected 9#0
           > set reconnect 9 80..120
           > cancel timeout 9#0/0",
        "timeout 9#0
           > disconnect 9#0
           > set reconnect 9 80..120
           > cancel timeout 9#0/0",
    ] {
        check(
            &[9],
            &format!(
                "create a
                   > connect 9
                 connected 9#0
                   > set timeout 9#0/0 30000..30000
                   > ask 9#0 for a on [[NodeId(1), NodeId(2)]]
                 {lost}
                 reconnect 9
                   > connect 9
                 connected 9#1
                   > set timeout 9#1/0 30000..30000
                   > ask 9#1 for a on [[NodeId(1), NodeId(2)]]
                 answer 9#0 INVALID_CONFIG
                 answer 9#1 TOPIC_ALREADY_EXISTS
                   > cancel timeout 9#1/0
                   > disconnect 9#1
                   > created"
            ),
        );
    }
}

#[test]
fn a_retriable_error_may_have_followed_a_success() {
    check(
        &[9],
        "create a
           > connect 9
         connected 9#0
           > set timeout 9#0/0 30000..30000
           > ask 9#0 for a on [[NodeId(1), NodeId(2)]]
         answer 9#0 NOT_CONTROLLER
           > cancel timeout 9#0/0
           > set OperatorBackoff 80..120
         backoff
           > set timeout 9#0/0 30000..30000
           > ask 9#0 for a on [[NodeId(1), NodeId(2)]]
         answer 9#0 TOPIC_ALREADY_EXISTS
           > cancel timeout 9#0/0
           > disconnect 9#0
           > created",
    );
}

#[test]
fn a_connection_that_ends_while_backing_off_leaves_one_timer() {
    check(
        &[9],
        "create a
           > connect 9
         refused 9
           > set reconnect 9 80..120
         reconnect 9
           > connect 9
         connected 9#0
           > set timeout 9#0/0 30000..30000
           > ask 9#0 for a on [[NodeId(1), NodeId(2)]]
         answer 9#0 REQUEST_TIMED_OUT
           > cancel timeout 9#0/0
           > set OperatorBackoff 80..120
         disconnected 9#0
           > set reconnect 9 80..120
           > cancel OperatorBackoff
         reconnect 9
           > connect 9
         connected 9#0
           > set timeout 9#0/0 30000..30000
           > ask 9#0 for a on [[NodeId(1), NodeId(2)]]
         nonsense 9#0
           > cancel timeout 9#0/0
           > disconnect 9#0
           > not created: UNKNOWN_SERVER_ERROR",
    );
}

#[test]
fn another_controller_is_asked_when_one_fails_or_is_not_in_office() {
    check(
        &[7, 8, 9],
        "create a
           > connect 7
         refused 7
           > set reconnect 7 80..120
           > connect 8
         connected 8#0
           > set timeout 8#0/0 30000..30000
           > ask 8#0 for a on [[NodeId(1), NodeId(2)]]
         answer 8#0 NOT_CONTROLLER
           > cancel timeout 8#0/0
           > disconnect 8#0
           > set OperatorBackoff 80..120
         reconnect 7
         backoff
           > connect 9
         refused 9
           > set reconnect 9 80..120
           > connect 7
         connected 7#0
           > set timeout 7#0/0 30000..30000
           > ask 7#0 for a on [[NodeId(1), NodeId(2)]]
         answer 7#0 NONE
           > cancel timeout 7#0/0
           > disconnect 7#0
           > cancel reconnect 9
           > created",
    );
}
