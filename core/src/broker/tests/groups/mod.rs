//! Conversations about groups. There is one, `g`, and its members support what they say; assignments are words.
//!
//! ```text
//! join c1 [ID] supports=range,sticky   (instance=, client=, session=, late)     choose 0     the rank of a new member's id
//! sync c1 ID gen=1 gives=ID:x,ID:y     beat c1 ID gen=1     leave c1 ID     (instance=)
//! commit c1 [ID] gen=1 t-0@5           committed c1 t-0 (now: what is committed already)
//! who c1   members c1   groups c1   delete-group c1
//! timer load | session 0 | delay | joins | syncs | write 0 | forget
//! ```

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not about groups has a text elsewhere"
)]

mod loading;
mod members;
mod offsets;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::Bytes;

use super::render::outcome;
use super::words::Words;
use crate::error::ErrorCode;
use crate::ids::{GenerationId, GroupId, InstanceId, LeaderEpoch, MemberId, Offset, TopicName};
use crate::message::{
    DeleteGroupsRequest, DescribeGroupsRequest, FindCoordinatorRequest, GroupProtocol, HeartbeatRequest,
    JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, ListGroupsRequest, MemberAssignment, MemberIdentity,
    OffsetCommitPartition, OffsetCommitRequest, OffsetFetchRequest, Request, Response, SyncGroupRequest,
};
use crate::note::Note;
use crate::timer::GroupTimer;

/// A broker (1 of 1, 2) in service that coordinates all groups; broker 2 replicates their log if `replicas` says so.
fn coordinating(replicas: &str) -> String {
    format!(
        "open 9 Lifecycle
         open 9 Metadata
         registered 0
         log register 1; register 2; unfence 1; unfence 2; topic 1 name=__consumer_offsets; topic 2 name=t
         alive
         log partition t2-0 replicas=2 isr=2 leader=2; partition t2-1 replicas=2 isr=2 leader=2
         log partition t1-0 replicas={replicas} isr={replicas} leader=1
         timer load"
    )
}

/// Everything that is written is committed at once.
fn alone() -> String {
    coordinating("1")
}

/// What is about the log and its high watermark is left out: each part's own tests look at that.
fn check(before: &[&str], script: &str) {
    let mut conversation = super::Conversation::boot(crate::rules::Rules::CURRENT);
    let before = before.iter().flat_map(|lines| lines.lines());
    for line in before.filter(|line| !line.trim().is_empty()) {
        conversation.play(line);
    }
    let mut told = Vec::new();
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
    for line in lines.clone().filter(|line| !line.starts_with('>')) {
        told.push(line.to_string());
        let effects = conversation.play(line);
        let is_heard = |effect: &&String| {
            let elsewhere = [
                "leader ",
                "set lag",
                "set checkpoint",
                "cancel ",
                "disk ",
                "OffsetsAccepted",
            ];
            !elsewhere.iter().any(|start| effect.starts_with(start))
        };
        told.extend(effects.iter().filter(is_heard).map(|effect| format!("> {effect}")));
    }
    let expected: Vec<_> = lines.collect();
    assert!(
        told == expected,
        "told:\n{}\nexpected:\n{}",
        told.join("\n"),
        expected.join("\n")
    );
}

/// What a line asks.
pub(super) fn request(verb: &str, words: &Words<'_>) -> Option<Request> {
    let group: GroupId = "g".into();
    let instance = words.named.get("instance").map(|name| InstanceId::from(*name));
    let is_option = |word: &&str| !["late", "now"].contains(word) && !word.contains('@');
    let plain: Vec<_> = words.plain.iter().skip(1).copied().filter(is_option).collect();
    let member: MemberId = plain.first().copied().unwrap_or_default().into();
    let generation = GenerationId(i32::try_from(words.number("gen", -1)).expect("a generation"));
    let number = |name: &str, otherwise| i32::try_from(words.number(name, otherwise)).expect("a number");
    let request = match verb {
        "join" => {
            let named = words.named.get("supports").copied().unwrap_or("range");
            let protocols = named.split(',').map(|name| GroupProtocol {
                name: name.into(),
                metadata: Bytes::copy_from_slice(words.named.get("says").copied().unwrap_or_default().as_bytes()),
            });
            JoinGroupRequest {
                group_id: group,
                session_timeout_ms: number("session", 10_000),
                rebalance_timeout_ms: number("rebalance", 60_000),
                member_id: member,
                group_instance_id: instance,
                protocol_type: words.named.get("type").copied().unwrap_or("consumer").into(),
                protocols: protocols.collect(),
                client_id: words.named.get("client").copied().unwrap_or("c").into(),
            }
            .into()
        }
        "sync" => {
            let given = words.named.get("gives").into_iter().flat_map(|given| given.split(','));
            let assignments = given.map(|given| {
                let (member, assignment) = given.split_once(':').expect("ID:ASSIGNMENT");
                MemberAssignment {
                    member_id: member.into(),
                    assignment: Bytes::copy_from_slice(assignment.as_bytes()),
                }
            });
            SyncGroupRequest {
                group_id: group,
                generation_id: generation,
                member_id: member,
                group_instance_id: instance,
                protocol_type: Some("consumer".into()),
                protocol_name: words.named.get("uses").map(|name| (*name).into()),
                assignments: assignments.collect(),
            }
            .into()
        }
        "beat" => HeartbeatRequest {
            group_id: group,
            generation_id: generation,
            member_id: member,
            group_instance_id: instance,
        }
        .into(),
        "leave" => {
            let leaving = MemberIdentity {
                member_id: member,
                group_instance_id: instance,
            };
            LeaveGroupRequest {
                group_id: group,
                members: [leaving].into(),
            }
            .into()
        }
        "commit" => {
            let commits = words.plain.iter().filter_map(|word| word.split_once('@'));
            let partitions = commits.map(|(place, offset)| OffsetCommitPartition {
                topic: place.split_once('-').expect("TOPIC-PARTITION").0.into(),
                partition: place
                    .split_once('-')
                    .expect("TOPIC-PARTITION")
                    .1
                    .parse()
                    .expect("a partition"),
                committed_offset: Offset(offset.parse().expect("an offset")),
                committed_leader_epoch: LeaderEpoch(0),
                committed_metadata: words.named.get("with").copied().unwrap_or_default().into(),
            });
            OffsetCommitRequest {
                group_id: group,
                generation_id: generation,
                member_id: member,
                group_instance_id: instance,
                partitions: partitions.collect(),
            }
            .into()
        }
        "committed" => {
            let places = plain.iter().filter_map(|word| word.split_once('-'));
            let places: Vec<(TopicName, i32)> = places
                .map(|(topic, partition)| (topic.into(), partition.parse().expect("a partition")))
                .collect();
            OffsetFetchRequest {
                group_id: group,
                partitions: Some(places).filter(|places| !places.is_empty()),
                require_stable: !words.has("now"),
            }
            .into()
        }
        "who" => FindCoordinatorRequest {
            coordinator_keys: [group].into(),
        }
        .into(),
        "members" => DescribeGroupsRequest { groups: [group].into() }.into(),
        "groups" => ListGroupsRequest {
            states_filter: plain.iter().map(|state| (*state).into()).collect(),
        }
        .into(),
        "delete-group" => DeleteGroupsRequest {
            groups_names: [group].into(),
        }
        .into(),
        _ => return None,
    };
    Some(request)
}

/// An answer, if it is about groups.
pub(super) fn response(response: &Response) -> Option<String> {
    let text = match response {
        Response::FindCoordinator(found) => {
            let found = &found.coordinators[0];
            outcome(found.error_code, || format!("coordinator {}", found.node_id))
        }
        Response::JoinGroup(joined) => match joined.error_code {
            ErrorCode::None => joined_text(joined),
            error => format!("join {} {error}", joined.member_id).replace("  ", " "),
        },
        Response::SyncGroup(synced) => {
            let assignment = String::from_utf8_lossy(&synced.assignment);
            format!("synced {}", outcome(synced.error_code, || assignment.to_string()))
                .trim_end()
                .into()
        }
        Response::Heartbeat(beat) => format!("beat {}", outcome(beat.error_code, || "ok".into())),
        Response::LeaveGroup(left) => {
            let each = left.members.iter().map(|left| outcome(left.error_code, || "ok".into()));
            let each: Vec<_> = each.collect();
            format!("left {}", outcome(left.error_code, || each.join(",")))
        }
        Response::OffsetCommit(committed) => {
            let each = committed.partitions.iter().map(|each| {
                let ok = outcome(each.error_code, || "ok".into());
                format!("{}-{} {ok}", each.topic, each.partition)
            });
            format!("commit {}", each.collect::<Vec<_>>().join(", "))
        }
        Response::OffsetFetch(fetched) => {
            let each = fetched.partitions.iter().map(|each| {
                let offset = outcome(each.error_code, || each.committed_offset.to_string());
                format!("{}-{}@{offset}", each.topic, each.partition)
            });
            let each: Vec<_> = each.collect();
            format!("committed {}", outcome(fetched.error_code, || each.join(" ")))
                .trim_end()
                .into()
        }
        Response::DescribeGroups(described) => {
            let group = &described.groups[0];
            let members = group.members.iter().map(|member| {
                format!(
                    " {}:{}",
                    member.member_id,
                    String::from_utf8_lossy(&member.member_assignment)
                )
            });
            let members: String = members.collect();
            outcome(group.error_code, || {
                let text = format!("group {} {}{members}", group.group_state, group.protocol_data);
                text.trim_end().into()
            })
        }
        Response::ListGroups(listed) => {
            let each = listed
                .groups
                .iter()
                .map(|group| format!(" {} {}", group.group_id, group.group_state));
            format!("groups{}", outcome(listed.error_code, || each.collect()))
        }
        Response::DeleteGroups(deleted) => {
            format!("deleted {}", outcome(deleted.results[0].error_code, || "ok".into()))
        }
        _ => return None,
    };
    Some(text)
}

fn joined_text(joined: &JoinGroupResponse) -> String {
    let members: Vec<_> = joined
        .members
        .iter()
        .map(|member| member.member_id.to_string())
        .collect();
    let leads = if members.is_empty() {
        String::new()
    } else {
        format!(" leads {}", members.join(","))
    };
    let skips = if joined.skip_assignment { " skips" } else { "" };
    let protocol = joined.protocol_name.as_deref().unwrap_or("-");
    format!(
        "join {} gen {} {protocol}{leads}{skips}",
        joined.member_id, joined.generation_id
    )
}

/// A timer of a group.
pub(super) fn timer(timer: GroupTimer) -> String {
    match timer {
        GroupTimer::Load => "load".into(),
        GroupTimer::Session { member, .. } => format!("session {member}"),
        GroupTimer::InitialDelay { .. } => "delay".into(),
        GroupTimer::Join { .. } => "joins".into(),
        GroupTimer::Sync { .. } => "syncs".into(),
        GroupTimer::Write { number } => format!("write {number}"),
        GroupTimer::Expiration => "forget".into(),
    }
}

/// A note, if it is about a group.
pub(super) fn note(note: &Note) -> Option<String> {
    match note {
        Note::GroupState {
            generation,
            state,
            members,
            ..
        } => {
            let members: Vec<_> = members.iter().map(ToString::to_string).collect();
            Some(
                format!("{state} gen {generation} {}", members.join(","))
                    .trim_end()
                    .into(),
            )
        }
        Note::GroupsLoaded { epoch, .. } => Some(format!("loaded in e{epoch}")),
        Note::GroupsUnloaded { epoch, .. } => Some(format!("unloaded after e{epoch}")),
        _ => None,
    }
}
