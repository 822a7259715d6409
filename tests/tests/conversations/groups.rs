//! Requests about groups from the record, and our answers as they would stand in it. Members go by the order in which they come up: their ids are
//! drawn by chance.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not about groups is somewhere else"
)]

use bytes::Bytes;
use kafkasim_core::ids::{GenerationId, InstanceId, LeaderEpoch, MemberId, Offset, TopicName};
use kafkasim_core::message::{
    DeleteGroupsRequest, DescribeGroupsRequest, FetchedOffset, FindCoordinatorRequest, GroupProtocol, HeartbeatRequest,
    JoinGroupRequest, LeaveGroupRequest, ListGroupsRequest, MemberAssignment, MemberIdentity, OffsetCommitPartition,
    OffsetCommitRequest, OffsetFetchRequest, Request, Response, SyncGroupRequest,
};
use serde_json::{Value, json};

use crate::protocol::{hexed, int, list, long, only, unhexed};
use crate::text;

/// What the recorder calls itself.
const CLIENT_ID: &str = "recorder";

/// Members by the order in which they came up.
#[derive(Default)]
pub(crate) struct Members {
    ids: Vec<MemberId>,
}

impl Members {
    fn id(&self, name: &Value) -> MemberId {
        let number = text(name)
            .strip_prefix("member-")
            .and_then(|number| number.parse::<usize>().ok());
        match number {
            Some(number) => self.ids[number - 1].clone(),
            None => text(name).into(),
        }
    }

    fn name(&mut self, id: &MemberId) -> String {
        if id.is_empty() || &**id == "nobody" {
            return id.to_string();
        }
        let known = self.ids.iter().position(|known| known == id);
        let index = known.unwrap_or_else(|| {
            self.ids.push(id.clone());
            self.ids.len() - 1
        });
        format!("member-{}", index + 1)
    }
}

/// The request of a step, if it is about groups.
pub(crate) fn request(api: &str, request: &Value, members: &Members) -> Option<Request> {
    let group = || text(&request["group_id"]).into();
    let instance = |value: &Value| value["group_instance_id"].as_str().map(InstanceId::from);
    let generation = |field: &str| GenerationId(int(&request[field]));
    Some(match api {
        "FindCoordinator" => FindCoordinatorRequest {
            coordinator_keys: list(&request["coordinator_keys"])
                .iter()
                .map(|key| text(key).into())
                .collect(),
        }
        .into(),
        "JoinGroup" => {
            let protocols = list(&request["protocols"]).iter().map(|protocol| GroupProtocol {
                name: text(&protocol["name"]).to_owned(),
                metadata: bytes(&protocol["metadata"]),
            });
            JoinGroupRequest {
                group_id: group(),
                session_timeout_ms: int(&request["session_timeout_ms"]),
                rebalance_timeout_ms: int(&request["rebalance_timeout_ms"]),
                member_id: members.id(&request["member_id"]),
                group_instance_id: instance(request),
                protocol_type: text(&request["protocol_type"]).to_owned(),
                protocols: protocols.collect(),
                client_id: CLIENT_ID.to_owned(),
            }
            .into()
        }
        "SyncGroup" => {
            let assignments = list(&request["assignments"]).iter().map(|given| MemberAssignment {
                member_id: members.id(&given["member_id"]),
                assignment: bytes(&given["assignment"]),
            });
            SyncGroupRequest {
                group_id: group(),
                generation_id: generation("generation_id"),
                member_id: members.id(&request["member_id"]),
                group_instance_id: instance(request),
                protocol_type: request["protocol_type"].as_str().map(str::to_owned),
                protocol_name: request["protocol_name"].as_str().map(str::to_owned),
                assignments: assignments.collect(),
            }
            .into()
        }
        "Heartbeat" => HeartbeatRequest {
            group_id: group(),
            generation_id: generation("generation_id"),
            member_id: members.id(&request["member_id"]),
            group_instance_id: instance(request),
        }
        .into(),
        "LeaveGroup" => {
            let leaving = list(&request["members"]).iter().map(|member| MemberIdentity {
                member_id: members.id(&member["member_id"]),
                group_instance_id: instance(member),
            });
            LeaveGroupRequest {
                group_id: group(),
                members: leaving.collect(),
            }
            .into()
        }
        "OffsetCommit" => {
            let topic = only(&request["topics"]);
            let partitions = list(&topic["partitions"])
                .iter()
                .map(|partition| OffsetCommitPartition {
                    topic: text(&topic["name"]).into(),
                    partition: int(&partition["partition_index"]),
                    committed_offset: Offset(long(&partition["committed_offset"])),
                    committed_leader_epoch: LeaderEpoch(int(&partition["committed_leader_epoch"])),
                    committed_metadata: text(&partition["committed_metadata"]).to_owned(),
                });
            OffsetCommitRequest {
                group_id: group(),
                generation_id: generation("generation_id_or_member_epoch"),
                member_id: members.id(&request["member_id"]),
                group_instance_id: instance(request),
                partitions: partitions.collect(),
            }
            .into()
        }
        "OffsetFetch" => {
            let asked = only(&request["groups"]);
            let partitions = asked["topics"].as_array().map(|topics| {
                let each = topics.iter().flat_map(|topic| {
                    let name: TopicName = text(&topic["name"]).into();
                    list(&topic["partition_indexes"])
                        .iter()
                        .map(move |index| (name.clone(), int(index)))
                });
                each.collect()
            });
            OffsetFetchRequest {
                group_id: text(&asked["group_id"]).into(),
                partitions,
                require_stable: long(&request["require_stable"]) == 1,
            }
            .into()
        }
        "DescribeGroups" => DescribeGroupsRequest {
            groups: list(&request["groups"])
                .iter()
                .map(|group| text(group).into())
                .collect(),
        }
        .into(),
        "ListGroups" => ListGroupsRequest {
            states_filter: list(&request["states_filter"])
                .iter()
                .map(|state| text(state).to_owned())
                .collect(),
        }
        .into(),
        "DeleteGroups" => DeleteGroupsRequest {
            groups_names: list(&request["groups_names"])
                .iter()
                .map(|group| text(group).into())
                .collect(),
        }
        .into(),
        _ => return None,
    })
}

/// An answer of ours as it would stand in the record, if it is about groups.
pub(crate) fn response(response: &Response, request: &Request, members: &mut Members) -> Option<Value> {
    Some(match response {
        Response::FindCoordinator(found) => {
            let found = found.coordinators.iter().map(
                |found| json!({ "key": found.key, "node_id": found.node_id, "error_code": found.error_code as i16 }),
            );
            json!({ "coordinators": found.collect::<Value>() })
        }
        Response::JoinGroup(joined) => {
            let leader = members.name(&joined.leader);
            let member_id = members.name(&joined.member_id);
            let others = joined.members.iter().map(|member| {
                json!({
                    "member_id": members.name(&member.member_id),
                    "group_instance_id": member.group_instance_id,
                    "metadata": hexed(&member.metadata),
                })
            });
            json!({
                "error_code": joined.error_code as i16,
                "generation_id": joined.generation_id,
                "protocol_type": joined.protocol_type,
                "protocol_name": joined.protocol_name,
                "members": others.collect::<Value>(),
                "leader": leader,
                "skip_assignment": i8::from(joined.skip_assignment),
                "member_id": member_id,
            })
        }
        Response::SyncGroup(synced) => json!({
            "error_code": synced.error_code as i16,
            "protocol_type": synced.protocol_type,
            "protocol_name": synced.protocol_name,
            "assignment": hexed(&synced.assignment),
        }),
        Response::Heartbeat(beat) => json!({ "error_code": beat.error_code as i16 }),
        Response::LeaveGroup(left) => {
            let each = left.members.iter().map(|left| {
                json!({
                    "member_id": members.name(&left.member_id),
                    "group_instance_id": left.group_instance_id,
                    "error_code": left.error_code as i16,
                })
            });
            json!({ "members": each.collect::<Value>(), "error_code": left.error_code as i16 })
        }
        Response::OffsetCommit(committed) => {
            let each = committed.partitions.iter().map(|each| {
                let partition = json!({ "partition_index": each.partition, "error_code": each.error_code as i16 });
                (&each.topic, partition)
            });
            json!({ "topics": by_topic(each) })
        }
        Response::OffsetFetch(fetched) => {
            let Request::OffsetFetch(asked) = request else {
                panic!("{response:?} answers {request:?}");
            };
            let each = fetched
                .partitions
                .iter()
                .map(|each| (&each.topic, fetched_offset(each)));
            let group = json!({
                "group_id": asked.group_id,
                "topics": by_topic(each),
                "error_code": fetched.error_code as i16,
            });
            json!({ "groups": [group] })
        }
        Response::DescribeGroups(described) => {
            let groups = described.groups.iter().map(|group| {
                let each = group.members.iter().map(|member| {
                    json!({
                        "member_id": members.name(&member.member_id),
                        "group_instance_id": member.group_instance_id,
                        "client_id": member.client_id,
                        "member_metadata": hexed(&member.member_metadata),
                        "member_assignment": hexed(&member.member_assignment),
                    })
                });
                json!({
                    "error_code": group.error_code as i16,
                    "group_id": group.group_id,
                    "group_state": group.group_state,
                    "protocol_type": group.protocol_type,
                    "protocol_data": group.protocol_data,
                    "members": each.collect::<Value>(),
                })
            });
            json!({ "groups": groups.collect::<Value>() })
        }
        Response::ListGroups(listed) => {
            let groups = listed.groups.iter().map(|group| {
                json!({
                    "group_id": group.group_id,
                    "protocol_type": group.protocol_type,
                    "group_state": group.group_state,
                })
            });
            json!({ "error_code": listed.error_code as i16, "groups": groups.collect::<Value>() })
        }
        Response::DeleteGroups(deleted) => {
            let results = deleted
                .results
                .iter()
                .map(|result| json!({ "group_id": result.group_id, "error_code": result.error_code as i16 }));
            json!({ "results": results.collect::<Value>() })
        }
        _ => return None,
    })
}

fn fetched_offset(fetched: &FetchedOffset) -> Value {
    json!({
        "partition_index": fetched.partition,
        "committed_offset": fetched.committed_offset,
        "committed_leader_epoch": fetched.committed_leader_epoch,
        "metadata": fetched.metadata,
        "error_code": fetched.error_code as i16,
    })
}

/// Partitions under their topics, in the order in which these come up.
fn by_topic<'a>(partitions: impl Iterator<Item = (&'a TopicName, Value)>) -> Value {
    let mut topics: Vec<(&TopicName, Vec<Value>)> = Vec::new();
    for (topic, partition) in partitions {
        match topics.iter_mut().find(|(known, _)| *known == topic) {
            Some((_, partitions)) => partitions.push(partition),
            None => topics.push((topic, vec![partition])),
        }
    }
    let topics = topics
        .into_iter()
        .map(|(name, partitions)| json!({ "name": name, "partitions": partitions }));
    topics.collect()
}

fn bytes(value: &Value) -> Bytes {
    unhexed(text(value)).into()
}
