//! Our brokers on trial against conversations with Apache Kafka's: the same requests, and the same answers, field by field.
//!
//! `conversations/kafka.json` was recorded once, by `conversations/make/record.py`. Where our answers differ, [`differences`] says why; an entry that no
//! conversation needs any more fails as well.

mod cluster;
mod differences;
mod groups;
mod protocol;

use std::collections::BTreeSet;

use kafkasim_core::ids::NodeId;
use serde_json::Value;

use cluster::{Cluster, Reply};
use differences::{Difference, Differences};
use protocol::Topics;

const RECORDED: &str = include_str!("../../conversations/kafka.json");
/// How often a request is repeated, and how long the cluster is left to itself in between, until it is answered as it was.
const REPEATS: usize = 600;
const PATIENCE_MS: u64 = 100;

#[test]
fn every_answer_is_that_of_kafka() {
    let recorded: Value = serde_json::from_str(RECORDED).expect("the record is JSON");
    let conversations = recorded["conversations"].as_array().expect("a list of conversations");
    assert!(conversations.len() >= 12, "there are at least a dozen conversations");
    let mut differences = Differences::default();
    for conversation in conversations {
        replay(conversation, &mut differences);
    }
    differences.check();
}

#[test]
fn every_conversation_has_a_name_of_its_own_and_a_purpose() {
    let recorded: Value = serde_json::from_str(RECORDED).expect("the record is JSON");
    let conversations = recorded["conversations"].as_array().expect("a list of conversations");
    let names: BTreeSet<&str> = conversations
        .iter()
        .map(|conversation| text(&conversation["name"]))
        .collect();
    assert_eq!(names.len(), conversations.len());
    for conversation in conversations {
        assert!(
            text(&conversation["purpose"]).ends_with('.'),
            "{}",
            conversation["name"]
        );
    }
}

/// Two brokers that know nothing yet go through one conversation.
fn replay(conversation: &Value, differences: &mut Differences) {
    let name = text(&conversation["name"]);
    let mut cluster = Cluster::of_brokers(&[NodeId(1), NodeId(2)]);
    let mut topics = Topics::default();
    for (index, step) in conversation["steps"]
        .as_array()
        .expect("a list of steps")
        .iter()
        .enumerate()
    {
        if step.get("api").is_none() {
            happen(&mut cluster, step);
            continue;
        }
        let found = differing(&mut cluster, &mut topics, step);
        differences.found(name, index, text(&step["api"]), found);
    }
}

/// Something happens to a broker.
fn happen(cluster: &mut Cluster, step: &Value) {
    let (what, node) = step
        .as_object()
        .and_then(|step| step.iter().next())
        .expect("something happens");
    let node = NodeId(
        node.as_i64()
            .and_then(|node| i32::try_from(node).ok())
            .expect("to a broker"),
    );
    match what.as_str() {
        "stop" => cluster.stop(node),
        "kill" => cluster.kill(node),
        "pause" => cluster.pause(node),
        "resume" => cluster.resume(node),
        "start" => cluster.start(node),
        "groups" => cluster.coordinate_groups(node),
        other => panic!("{other} cannot happen to a broker; stop, kill, pause, resume, start and groups can"),
    }
}

/// How our answer to one request differs from Kafka's.
fn differing(cluster: &mut Cluster, topics: &mut Topics, step: &Value) -> Vec<Difference> {
    let request = match protocol::request(step, topics) {
        Ok(request) => request,
        Err(why) => return vec![Difference::new("request", "understood", why)],
    };
    let to = protocol::node(&step["to"]);
    let repeats = if step.get("until").is_some() { REPEATS } else { 1 };
    let mut found = Vec::new();
    for _ in 0..repeats {
        let ours = match cluster.ask(to, request.clone()) {
            Reply::Answer(response) => protocol::response(&response, &request, topics),
            Reply::Silence => Value::Null,
            Reply::Closed => "closed".into(),
        };
        found = differences::between(&step["answer"], &ours);
        if found.iter().all(Difference::is_of_shape) {
            break;
        }
        if repeats > 1 {
            cluster.pass(PATIENCE_MS);
        }
    }
    found
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
