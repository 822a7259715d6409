//! What is said about groups.
//!
//! ```text
//! subscribe a b | subscribe /a.*/ | unsubscribe                   return                      (the rebalance listener does)
//! commit default | commit 1000 a-0=5@1                            commit-async 7 | commit-async 7 a-0=5
//! committed default a-0
//! 1: coordinator 2 | 1: coordinator COORDINATOR_NOT_AVAILABLE
//! c2: joined 3 m1 range m1=a m2=a,b (the first leads; without members another does) | c2: joined MEMBER_ID_REQUIRED m1
//! c2: synced a-0 a-1 | c2: synced REBALANCE_IN_PROGRESS           c2: beat NONE               c2: left
//! c2: commits a-0=NONE                                            c2: told a-0=5@1 a-1=none | c2: told NOT_COORDINATOR
//! ```

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::language::{error_of, named, number, polled_text};
use crate::call::{Answer, Call, CommitError, Subscribed};
use crate::error::ErrorCode;
use crate::group::{Assignment, Subscription};
use crate::ids::{CallId, GenerationId, LeaderEpoch, NodeId, Offset, TopicName};
use crate::lookup::OffsetLookup;
use crate::message::{
    CommittedPartition, Coordinator, FetchedOffset, FindCoordinatorResponse, HeartbeatResponse, JoinGroupRequest,
    JoinGroupResponse, JoinedMember, LeaveGroupResponse, OffsetCommitPartition, OffsetCommitResponse,
    OffsetFetchResponse, Request, Response, SyncGroupResponse,
};
use crate::note::Note;

/// A call about groups, if this is one.
pub(super) fn group_call(line: &str) -> Option<Call> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let timeout = |text: &str| (text != "default").then(|| number(text));
    Some(match words[..] {
        ["subscribe", pattern] if pattern.starts_with('/') => {
            Call::Subscribe(Subscribed::Pattern(pattern.trim_matches('/').to_owned()))
        }
        ["subscribe", ref topics @ ..] => {
            let topics = topics.iter().map(|topic| TopicName::from(*topic));
            Call::Subscribe(Subscribed::Topics(topics.collect()))
        }
        ["unsubscribe"] => Call::Unsubscribe,
        ["return"] => Call::ListenerReturned,
        ["commit", time, ref offsets @ ..] => Call::CommitSync {
            offsets: to_commit(offsets),
            timeout_ms: timeout(time),
        },
        ["commit-async", call, ref offsets @ ..] => Call::CommitAsync {
            call: CallId(number(call)),
            offsets: to_commit(offsets),
        },
        ["committed", time, ref partitions @ ..] => Call::LookUp {
            lookup: OffsetLookup::Committed(partitions.iter().map(|partition| named(partition)).collect()),
            timeout_ms: timeout(time),
        },
        _ => return None,
    })
}

fn to_commit(words: &[&str]) -> Option<Vec<OffsetCommitPartition>> {
    let each = words.iter().map(|word| {
        let (at, offset) = word.split_once('=').expect("a partition and an offset");
        let (offset, epoch) = offset.split_once('@').unwrap_or((offset, "-1"));
        let (topic, partition) = named(at);
        OffsetCommitPartition {
            topic,
            partition,
            committed_offset: Offset(number(offset)),
            committed_leader_epoch: LeaderEpoch(number(epoch)),
            committed_metadata: String::new(),
        }
    });
    (!words.is_empty()).then(|| each.collect())
}

/// A response about groups, if this is one.
pub(super) fn group_response_of(text: &str) -> Option<Response> {
    let words: Vec<&str> = text.split_whitespace().collect();
    Some(match words[..] {
        ["coordinator", found] => coordinator_of(found),
        ["joined", error, member] if error_of(error).is_some() => joined(error_of(error), member),
        ["joined", generation, member, protocol, ref members @ ..] => {
            joined_generation(number(generation), member, protocol, members)
        }
        ["synced", error] if error_of(error).is_some() => synced(error_of(error), &[]),
        ["synced", ref partitions @ ..] => synced(None, partitions),
        ["beat", error] => HeartbeatResponse {
            error_code: error_of(error).expect("an error"),
        }
        .into(),
        ["left"] => LeaveGroupResponse {
            error_code: ErrorCode::None,
            members: Vec::new(),
        }
        .into(),
        ["commits", ref results @ ..] => commits_of(results),
        ["told", error] if error_of(error).is_some() => OffsetFetchResponse {
            error_code: error_of(error).expect("an error"),
            partitions: Vec::new(),
        }
        .into(),
        ["told", ref offsets @ ..] => told_of(offsets),
        _ => return None,
    })
}

fn coordinator_of(found: &str) -> Response {
    let error_code = error_of(found);
    let node = || NodeId(number(found));
    FindCoordinatorResponse {
        coordinators: [Coordinator {
            key: "g".into(),
            error_code: error_code.unwrap_or_default(),
            node_id: if error_code.is_some() { NodeId::NONE } else { node() },
        }]
        .into(),
    }
    .into()
}

fn joined(error: Option<ErrorCode>, member: &str) -> Response {
    JoinGroupResponse {
        error_code: error.unwrap_or_default(),
        generation_id: GenerationId::NONE,
        protocol_type: None,
        protocol_name: None,
        leader: "".into(),
        skip_assignment: false,
        member_id: member.into(),
        members: Vec::new(),
    }
    .into()
}

fn joined_generation(generation: i32, member: &str, protocol: &str, members: &[&str]) -> Response {
    let members: Vec<_> = members
        .iter()
        .map(|each| {
            let (member_id, topics) = each.split_once('=').expect("a member and its topics");
            let subscription = Subscription {
                topics: topics.split(',').map(TopicName::from).collect(),
                user_data: None,
                owned_partitions: Vec::new(),
                generation_id: GenerationId::NONE,
            };
            JoinedMember {
                member_id: member_id.into(),
                group_instance_id: None,
                metadata: subscription.encode(),
            }
        })
        .collect();
    let leader = members
        .first()
        .map_or("another".into(), |leader| leader.member_id.clone());
    JoinGroupResponse {
        error_code: ErrorCode::None,
        generation_id: GenerationId(generation),
        protocol_type: Some("consumer".to_owned()),
        protocol_name: Some(protocol.to_owned()),
        leader,
        skip_assignment: false,
        member_id: member.into(),
        members,
    }
    .into()
}

fn synced(error: Option<ErrorCode>, partitions: &[&str]) -> Response {
    let assignment = Assignment {
        partitions: partitions.iter().map(|partition| named(partition)).collect(),
        user_data: None,
    };
    SyncGroupResponse {
        error_code: error.unwrap_or_default(),
        protocol_type: None,
        protocol_name: None,
        assignment: assignment.encode(),
    }
    .into()
}

fn commits_of(results: &[&str]) -> Response {
    let each = results.iter().map(|result| {
        let (at, error) = result.split_once('=').expect("a partition and an error");
        let (topic, partition) = named(at);
        CommittedPartition {
            topic,
            partition,
            error_code: error_of(error).expect("an error"),
        }
    });
    OffsetCommitResponse {
        partitions: each.collect(),
    }
    .into()
}

fn told_of(offsets: &[&str]) -> Response {
    let each = offsets.iter().map(|told| {
        let (at, offset) = told.split_once('=').expect("a partition and an offset");
        let (offset, epoch) = offset.split_once('@').unwrap_or((offset, "-1"));
        let (topic, partition) = named(at);
        let error_code = error_of(offset).unwrap_or_default();
        FetchedOffset {
            topic,
            partition,
            error_code,
            committed_offset: offset.parse().map_or(Offset::NONE, Offset),
            committed_leader_epoch: LeaderEpoch(number(epoch)),
            metadata: String::new(),
        }
    });
    OffsetFetchResponse {
        error_code: ErrorCode::None,
        partitions: each.collect(),
    }
    .into()
}

/// What a consumer asks about its group.
pub(super) fn group_request_text(request: &Request) -> String {
    if let Request::FindCoordinator(find) = request {
        format!("FindCoordinator {}", find.coordinator_keys.join(" "))
    } else if let Request::JoinGroup(join) = request {
        join_text(join)
    } else if let Request::SyncGroup(sync) = request {
        let member = member_text(&sync.member_id, sync.generation_id);
        let assignments = sync.assignments.iter().map(|each| {
            let assignment = Assignment::decode(&each.assignment).expect("an assignment");
            format!(" {}={}", each.member_id, partitions_text(&assignment.partitions))
        });
        format!("SyncGroup {member}{}", assignments.collect::<String>())
    } else if let Request::Heartbeat(beat) = request {
        format!("Heartbeat {}", member_text(&beat.member_id, beat.generation_id))
    } else if let Request::LeaveGroup(leave) = request {
        let members = leave.members.iter().map(|member| member.member_id.to_string());
        format!("LeaveGroup {}", members.collect::<Vec<_>>().join(" "))
    } else if let Request::OffsetCommit(commit) = request {
        let member = member_text(&commit.member_id, commit.generation_id);
        format!("OffsetCommit {member} {}", offsets_text(&commit.partitions))
    } else if let Request::OffsetFetch(fetch) = request {
        assert!(fetch.require_stable, "a consumer waits for what is being committed");
        let partitions = fetch.partitions.as_ref().expect("a consumer asks about partitions");
        format!("OffsetFetch {}", partitions_text(partitions))
    } else {
        panic!("{request:?} is not about groups")
    }
}

fn join_text(join: &JoinGroupRequest) -> String {
    let who = if join.member_id.is_empty() {
        "nobody"
    } else {
        &join.member_id
    };
    let protocols = join.protocols.iter().map(|protocol| {
        let subscription = Subscription::decode(&protocol.metadata).expect("a subscription");
        let owned = if subscription.owned_partitions.is_empty() {
            String::new()
        } else {
            let owned = partitions_text(&subscription.owned_partitions);
            format!(" owning {owned} of gen {}", subscription.generation_id)
        };
        format!("{} {}{owned}", protocol.name, subscription.topics.join(","))
    });
    format!("JoinGroup {who}: {}", protocols.collect::<Vec<_>>().join("; "))
}

fn member_text(member: &str, generation: GenerationId) -> String {
    if member.is_empty() {
        "nobody".to_owned()
    } else {
        format!("{member} gen {generation}")
    }
}

fn partitions_text(partitions: &[(TopicName, i32)]) -> String {
    let each = partitions
        .iter()
        .map(|(topic, partition)| format!("{topic}-{partition}"));
    let each: Vec<_> = each.collect();
    if each.is_empty() {
        "nothing".to_owned()
    } else {
        each.join(",")
    }
}

fn offsets_text(offsets: &[OffsetCommitPartition]) -> String {
    let each = offsets.iter().map(|each| match each.committed_leader_epoch {
        LeaderEpoch::NONE => each.to_string(),
        epoch => format!("{each} after @{epoch}"),
    });
    each.collect::<Vec<_>>().join(" ")
}

fn committed_text(result: &Result<Vec<OffsetCommitPartition>, CommitError>) -> String {
    match result {
        Ok(offsets) if offsets.is_empty() => "nothing".to_owned(),
        Ok(offsets) => offsets_text(offsets),
        Err(error) => format!("{error:?}"),
    }
}

/// What the application is told.
pub(super) fn answer_text(answer: &Answer) -> String {
    if let Answer::Rebalanced(rebalance) = answer {
        format!("listener {rebalance}")
    } else if let Answer::Unsubscribed = answer {
        "unsubscribed".to_owned()
    } else if let Answer::Committed(result) = answer {
        format!("answer committed {}", committed_text(result))
    } else if let Answer::CommitCompleted { call, result } = answer {
        format!("callback {call} {}", committed_text(result))
    } else if let Answer::Polled(polled) = answer {
        polled_text(polled)
    } else {
        panic!("a consumer does not answer {answer:?}")
    }
}

/// `None`: the requests tell as much.
pub(super) fn group_note_text(note: &Note) -> Option<String> {
    if let Note::MembershipEnded {
        generation, because, ..
    } = note
    {
        Some(format!("not in gen {generation} any more: {because:?}"))
    } else if let Note::CoordinatorUnknown { coordinator } = note {
        Some(format!("{coordinator} does not coordinate any more"))
    } else if matches!(
        note,
        Note::CoordinatorFound { .. }
            | Note::MemberJoined { .. }
            | Note::MemberSynced { .. }
            | Note::CommitSent { .. }
            | Note::OffsetsCommitted { .. }
            | Note::CommittedTold { .. }
    ) {
        None
    } else {
        panic!("a consumer has no reason for {note:?}")
    }
}
