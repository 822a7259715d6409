//! Requests from the record, and our answers as they would stand in it: nested by topic and partition, by the protocol guide's names.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafkasim_core::call::NewTopic;
use kafkasim_core::ids::{LeaderEpoch, NodeId, Offset, Timestamp, TopicId, TopicPartition};
use kafkasim_core::message::{
    Acks, CreateTopicsRequest, FetchPartition, FetchRequest, InitProducerIdRequest, IsolationLevel, LeaderIdAndEpoch,
    ListOffsetsPartition, ListOffsetsRequest, MetadataRequest, OffsetForLeaderEpochPartition,
    OffsetForLeaderEpochRequest, OffsetSpec, PartitionProduceData, ProduceRequest, Request, Response,
};
use kafkasim_core::record::Batch;
use serde_json::{Value, json};

use crate::groups::{self, Members};
use crate::text;

/// What a conversation calls a topic that is not there.
const NOWHERE: &str = "nowhere";
/// What the record calls the id that stands for no topic.
const NONE: &str = "none";

/// Ids of topics, as far as Metadata has told.
#[derive(Default)]
pub(crate) struct Topics {
    ids: BTreeMap<String, TopicId>,
    /// Who has joined a group.
    members: Members,
    /// What was created last: the answer of ours does not name it.
    created: String,
}

impl Topics {
    fn partition(&self, name: &Value, index: &Value) -> TopicPartition {
        let topic = self.ids.get(text(name)).copied().unwrap_or(TopicId(u32::MAX));
        TopicPartition {
            topic,
            partition: int(index),
        }
    }

    fn name(&self, id: TopicId) -> &str {
        if id == TopicId(0) {
            return NONE;
        }
        let known = self.ids.iter().find(|(_, known)| **known == id);
        known.map_or(NOWHERE, |(name, _)| name)
    }
}

/// The request of a step, or why there is no such request here.
pub(crate) fn request(step: &Value, topics: &mut Topics) -> Result<Request, &'static str> {
    let request = &step["request"];
    if let Some(request) = groups::request(text(&step["api"]), request, &topics.members) {
        return Ok(request);
    }
    Ok(match text(&step["api"]) {
        "Produce" => produce(request, topics)?.into(),
        "Fetch" => fetch(request, topics).into(),
        "ListOffsets" => list_offsets(request, topics)?.into(),
        "Metadata" => {
            let names = list(&request["topics"]).iter().map(|topic| text(&topic["name"]).into());
            MetadataRequest {
                topics: Some(names.collect()),
            }
            .into()
        }
        "CreateTopics" => {
            let topic = new_topic(only(&request["topics"]));
            topics.created = topic.name.to_string();
            CreateTopicsRequest { topic }.into()
        }
        "InitProducerId" => InitProducerIdRequest.into(),
        "OffsetForLeaderEpoch" => {
            let topic = only(&request["topics"]);
            let partition = only(&topic["partitions"]);
            OffsetForLeaderEpochRequest {
                replica_id: None,
                partitions: vec![OffsetForLeaderEpochPartition {
                    partition: topics.partition(&topic["topic"], &partition["partition"]),
                    current_leader_epoch: LeaderEpoch(int(&partition["current_leader_epoch"])),
                    leader_epoch: LeaderEpoch(int(&partition["leader_epoch"])),
                }],
            }
            .into()
        }
        other => panic!("the record has a request for {other}, which is not replayed yet"),
    })
}

fn produce(request: &Value, topics: &Topics) -> Result<ProduceRequest, &'static str> {
    let topic = only(&request["topic_data"]);
    let partition = only(&topic["partition_data"]);
    let acks = match int(&request["acks"]) {
        -1 => Acks::All,
        0 => Acks::None,
        1 => Acks::Leader,
        _ => return Err("there are no other acks"),
    };
    let bytes = Bytes::from(unhexed(text(&partition["records"])));
    let (records, _) = Batch::decode(&bytes).map_err(|_| "there are no batches that cannot be framed")?;
    Ok(ProduceRequest {
        acks,
        timeout_ms: int(&request["timeout_ms"]),
        partition_data: vec![PartitionProduceData {
            partition: topics.partition(&topic["topic_id"], &partition["index"]),
            records,
        }],
    })
}

fn fetch(request: &Value, topics: &Topics) -> FetchRequest {
    let topic = only(&request["topics"]);
    let partition = only(&topic["partitions"]);
    FetchRequest {
        replica: None,
        max_wait_ms: u32::try_from(int(&request["max_wait_ms"])).expect("a time to wait for"),
        min_bytes: int(&request["min_bytes"]),
        max_bytes: int(&request["max_bytes"]),
        isolation_level: IsolationLevel::ReadUncommitted,
        partitions: vec![FetchPartition {
            partition: topics.partition(&topic["topic_id"], &partition["partition"]),
            current_leader_epoch: LeaderEpoch(int(&partition["current_leader_epoch"])),
            fetch_offset: Offset(long(&partition["fetch_offset"])),
            last_fetched_epoch: LeaderEpoch(int(&partition["last_fetched_epoch"])),
            log_start_offset: Offset(long(&partition["log_start_offset"])),
            partition_max_bytes: int(&partition["partition_max_bytes"]),
        }],
    }
}

fn list_offsets(request: &Value, topics: &Topics) -> Result<ListOffsetsRequest, &'static str> {
    let topic = only(&request["topics"]);
    let partition = only(&topic["partitions"]);
    let timestamp = match long(&partition["timestamp"]) {
        -1 => OffsetSpec::Latest,
        -2 => OffsetSpec::Earliest,
        -3 => return Err("nobody asks for the largest time"),
        timestamp => OffsetSpec::Timestamp(Timestamp(timestamp)),
    };
    Ok(ListOffsetsRequest {
        isolation_level: IsolationLevel::ReadUncommitted,
        partitions: vec![ListOffsetsPartition {
            partition: topics.partition(&topic["name"], &partition["partition_index"]),
            current_leader_epoch: LeaderEpoch(int(&partition["current_leader_epoch"])),
            timestamp,
        }],
    })
}

fn new_topic(topic: &Value) -> NewTopic {
    let assignments = list(&topic["assignments"]).iter();
    let configs = list(&topic["configs"]).iter();
    NewTopic {
        name: text(&topic["name"]).into(),
        assignments: assignments
            .map(|assignment| list(&assignment["broker_ids"]).iter().map(node).collect())
            .collect(),
        configs: configs
            .map(|config| (text(&config["name"]).into(), text(&config["value"]).into()))
            .collect(),
    }
}

/// An answer of ours as it would stand in the record.
pub(crate) fn response(response: &Response, request: &Request, topics: &mut Topics) -> Value {
    if let Some(answer) = groups::response(response, request, &mut topics.members) {
        return answer;
    }
    match response {
        Response::Produce(response) => {
            let responses = response.responses.iter().map(|response| {
                let partition = json!({
                    "index": response.partition.partition,
                    "error_code": response.error_code as i16,
                    "base_offset": response.base_offset,
                    "log_append_time_ms": response.log_append_time_ms,
                    "log_start_offset": response.log_start_offset,
                    "current_leader": leader(response.current_leader),
                });
                json!({ "topic_id": topics.name(response.partition.topic), "partition_responses": [partition] })
            });
            json!({ "responses": responses.collect::<Value>() })
        }
        Response::Fetch(response) => {
            let responses = response.responses.iter().map(|response| {
                let diverging = response.diverging_epoch;
                let records = response.records.iter().map(|batch| hexed(&batch.encode()));
                let partition = json!({
                    "partition_index": response.partition.partition,
                    "error_code": response.error_code as i16,
                    "high_watermark": response.high_watermark,
                    "last_stable_offset": response.last_stable_offset,
                    "log_start_offset": response.log_start_offset,
                    "diverging_epoch": diverging.map(|end| json!({ "epoch": end.leader_epoch, "end_offset": end.end_offset })),
                    "current_leader": leader(response.current_leader),
                    "records": records.collect::<String>(),
                });
                json!({ "topic_id": topics.name(response.partition.topic), "partitions": [partition] })
            });
            json!({ "error_code": response.error_code as i16, "responses": responses.collect::<Value>() })
        }
        Response::ListOffsets(response) => {
            let listed = response.partitions.iter().map(|listed| {
                let partition = json!({
                    "partition_index": listed.partition.partition,
                    "error_code": listed.error_code as i16,
                    "timestamp": listed.timestamp,
                    "offset": listed.offset,
                    "leader_epoch": listed.leader_epoch,
                });
                json!({ "name": topics.name(listed.partition.topic), "partitions": [partition] })
            });
            json!({ "topics": listed.collect::<Value>() })
        }
        Response::Metadata(response) => {
            for topic in response.topics.iter().filter(|topic| topic.topic_id != TopicId(0)) {
                topics.ids.insert(topic.name.to_string(), topic.topic_id);
            }
            let told = response.topics.iter().map(|topic| {
                let partitions = topic.partitions.iter().map(|partition| {
                    json!({
                        "error_code": partition.error_code as i16,
                        "partition_index": partition.partition_index,
                        "leader_id": partition.leader_id,
                        "leader_epoch": partition.leader_epoch,
                        "replica_nodes": partition.replica_nodes,
                        "isr_nodes": partition.isr_nodes,
                    })
                });
                json!({
                    "error_code": topic.error_code as i16,
                    "name": &*topic.name,
                    "topic_id": topics.name(topic.topic_id),
                    "partitions": partitions.collect::<Value>(),
                })
            });
            let brokers = response.brokers.iter().map(|broker| json!({ "node_id": broker }));
            json!({ "brokers": brokers.collect::<Value>(), "topics": told.collect::<Value>() })
        }
        Response::CreateTopics(response) => {
            json!({ "topics": [{ "name": topics.created, "error_code": response.error_code as i16 }] })
        }
        Response::InitProducerId(response) => json!({
            "error_code": response.error_code as i16,
            "producer_id": response.producer_id,
            "producer_epoch": response.producer_epoch,
        }),
        Response::OffsetForLeaderEpoch(response) => {
            let ends = response.partitions.iter().map(|result| {
                let partition = json!({
                    "error_code": result.error_code as i16,
                    "partition": result.partition.partition,
                    "leader_epoch": result.end.leader_epoch,
                    "end_offset": result.end.end_offset,
                });
                json!({ "topic": topics.name(result.partition.topic), "partitions": [partition] })
            });
            json!({ "topics": ends.collect::<Value>() })
        }
        Response::AlterPartition(_)
        | Response::BrokerRegistration(_)
        | Response::BrokerHeartbeat(_)
        | Response::AllocateProducerIds(_)
        | Response::DeleteTopics(_)
        | Response::CreatePartitions(_)
        | Response::ElectLeaders(_)
        | Response::AlterPartitionReassignments(_)
        | Response::FindCoordinator(_)
        | Response::JoinGroup(_)
        | Response::SyncGroup(_)
        | Response::Heartbeat(_)
        | Response::LeaveGroup(_)
        | Response::OffsetCommit(_)
        | Response::OffsetFetch(_)
        | Response::DescribeGroups(_)
        | Response::ListGroups(_)
        | Response::DeleteGroups(_)
        | Response::DeleteRecords(_) => panic!("no recorded conversation has {response:?}"),
    }
}

fn leader(leader: Option<LeaderIdAndEpoch>) -> Value {
    leader.map_or(
        Value::Null,
        |leader| json!({ "leader_id": leader.leader_id, "leader_epoch": leader.leader_epoch }),
    )
}

/// A broker by its number.
pub(crate) fn node(value: &Value) -> NodeId {
    NodeId(int(value))
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

/// Conversations are about one topic and one partition at a time.
pub(crate) fn only(value: &Value) -> &Value {
    let [only] = list(value) else {
        panic!("{value} is not one thing");
    };
    only
}

pub(crate) fn long(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no number"))
}

pub(crate) fn int(value: &Value) -> i32 {
    i32::try_from(long(value)).unwrap_or_else(|_| panic!("{value} has more than 32 bits"))
}

pub(crate) fn hexed(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhexed(text: &str) -> Vec<u8> {
    let digits = (0..text.len()).step_by(2);
    digits
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("two digits"))
        .collect()
}
