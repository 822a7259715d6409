//! What clients and the coordinators of their groups tell each other, in words.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not about groups has its words elsewhere"
)]

use kafkasim_core::call::{Answer, Call, Rebalance};
use kafkasim_core::error::ErrorCode;
use kafkasim_core::message::{
    JoinGroupResponse, OffsetCommitPartition, OffsetCommitRequest, OffsetFetchResponse, Request, Response,
};
use kafkasim_core::note::{MembershipEnd, Note};

use super::messages::{Words, joined, outcome};
use super::names::Names;
use super::text::{Line, Tone};

/// A request, if it is about groups.
pub(super) fn request(request: &Request) -> Option<Words> {
    let words = match request {
        Request::FindCoordinator(find) => Words::routine(Line::plain(find.coordinator_keys.join(" "))),
        Request::JoinGroup(join) => {
            let who = if join.member_id.is_empty() {
                "without an id"
            } else {
                &join.member_id
            };
            Words::ordinary(Line::plain(format!("{} {who}", join.group_id)))
        }
        Request::SyncGroup(sync) => {
            let leads = if sync.assignments.is_empty() {
                ""
            } else {
                " hands out the partitions"
            };
            Words::ordinary(Line::plain(format!(
                "{} {} gen {}{leads}",
                sync.group_id, sync.member_id, sync.generation_id
            )))
        }
        Request::Heartbeat(beat) => Words::routine(Line::plain(format!(
            "{} {} gen {}",
            beat.group_id, beat.member_id, beat.generation_id
        ))),
        Request::LeaveGroup(leave) => joined(leave.members.iter().map(|member| {
            let who = member.group_instance_id.as_ref().unwrap_or(&member.member_id);
            Words::notable(Line::plain(format!("{} {who}", leave.group_id)))
        })),
        Request::OffsetCommit(commit) => Words::notable(commits(commit)),
        Request::OffsetFetch(fetch) => Words::routine(Line::plain(&*fetch.group_id)),
        Request::DescribeGroups(describe) => Words::routine(Line::plain(describe.groups.join(" "))),
        Request::ListGroups(_) => Words::routine(Line::new()),
        Request::DeleteGroups(delete) => Words::notable(Line::plain(delete.groups_names.join(" "))),
        _ => return None,
    };
    Some(words)
}

fn commits(commit: &OffsetCommitRequest) -> Line {
    let each = commit.partitions.iter().map(|each| {
        let place = format!("{}-{}", each.topic, each.partition);
        format!("{place}@{}", each.committed_offset)
    });
    let each: Vec<_> = each.collect();
    let who = if commit.member_id.is_empty() {
        String::new()
    } else {
        format!(" of {} gen {}", commit.member_id, commit.generation_id)
    };
    Line::plain(format!("{} {}{who}", commit.group_id, each.join(" ")))
}

/// An answer, if it is about groups.
pub(super) fn response(response: &Response, names: &Names) -> Option<Words> {
    let routine = |error| outcome(error, Words::routine(Line::plain("ok")));
    let words = match response {
        Response::FindCoordinator(found) => joined(found.coordinators.iter().map(|found| {
            let coordinator = || Words::routine(Line::plain(names.process(found.node_id)));
            match found.error_code {
                ErrorCode::None => coordinator(),
                error => outcome(error, Words::routine(Line::new())),
            }
        })),
        Response::JoinGroup(join) => join_response(join),
        Response::SyncGroup(sync) => outcome(sync.error_code, Words::ordinary(Line::plain("has its partitions"))),
        Response::Heartbeat(beat) => routine(beat.error_code),
        Response::LeaveGroup(left) => outcome(
            left.error_code,
            joined(left.members.iter().map(|member| routine(member.error_code))),
        ),
        Response::OffsetCommit(commit) => joined(commit.partitions.iter().map(|each| routine(each.error_code))),
        Response::OffsetFetch(fetch) => outcome(fetch.error_code, Words::ordinary(fetched(fetch))),
        Response::DescribeGroups(described) => joined(
            described
                .groups
                .iter()
                .map(|group| outcome(group.error_code, Words::routine(Line::plain(group.group_state.clone())))),
        ),
        Response::ListGroups(listed) => {
            let ids = listed.groups.iter().map(|group| &*group.group_id);
            let ids: Vec<_> = ids.collect();
            outcome(listed.error_code, Words::routine(Line::plain(ids.join(" "))))
        }
        Response::DeleteGroups(deleted) => joined(deleted.results.iter().map(|each| routine(each.error_code))),
        _ => return None,
    };
    Some(words)
}

fn join_response(join: &JoinGroupResponse) -> Words {
    match join.error_code {
        ErrorCode::None => {
            let leads = if join.members.is_empty() { "" } else { ", leads" };
            Words::notable(Line::plain(format!(
                "{} gen {}{leads}",
                join.member_id, join.generation_id
            )))
        }
        // No more than a part of joining.
        ErrorCode::MemberIdRequired => Words::routine(Line::plain(format!("is to be {}", join.member_id))),
        error => outcome(error, Words::routine(Line::new())),
    }
}

fn fetched(fetch: &OffsetFetchResponse) -> Line {
    let each = fetch.partitions.iter().map(|each| {
        let place = format!("{}-{}", each.topic, each.partition);
        format!("{place}@{}", each.committed_offset)
    });
    Line::plain(each.collect::<Vec<_>>().join(" "))
}

/// What a coordinator tells of itself.
pub(super) fn note(note: &Note, names: &Names) -> Option<Words> {
    let words = match note {
        Note::GroupsLoaded { log, epoch } => Words::notable(Line::plain(format!(
            "coordinates the groups of {} in e{epoch}",
            names.partition(*log)
        ))),
        Note::GroupsUnloaded { log, .. } => Words::notable(Line::plain(format!(
            "coordinates the groups of {} no longer",
            names.partition(*log)
        ))),
        Note::GroupState {
            group,
            generation,
            state,
            members,
            ..
        } => {
            let members = if members.is_empty() {
                String::new()
            } else {
                format!(" {{{}}}", members.join(", "))
            };
            let line = Line::of(Tone::Leader, format!("{group} is {state} gen {generation}{members}"));
            Words::notable(line)
        }
        Note::CoordinatorFound { coordinator } => Words::ordinary(Line::plain(format!(
            "{} coordinates its group",
            names.process(*coordinator)
        ))),
        Note::CoordinatorUnknown { coordinator } => Words::ordinary(Line::plain(format!(
            "does not believe any more that {} coordinates its group",
            names.process(*coordinator)
        ))),
        Note::MemberJoined {
            generation, is_leader, ..
        } => {
            let leads = if *is_leader { ", leads" } else { "" };
            Words::notable(Line::plain(format!("is in gen {generation}{leads}")))
        }
        Note::MembershipEnded {
            generation, because, ..
        } => {
            let why = match because {
                MembershipEnd::Unsubscribed => "unsubscribes".to_owned(),
                MembershipEnd::Closed => "closes".to_owned(),
                MembershipEnd::MaxPollInterval => "has not polled for max.poll.interval.ms".to_owned(),
                MembershipEnd::Refused(error) => error.to_string(),
            };
            Words::notable(Line::of(
                Tone::Bad,
                format!("is not in gen {generation} any more: {why}"),
            ))
        }
        Note::CommitSent {
            offsets,
            is_automatic: true,
            ..
        } => Words::notable(Line::plain(format!("commits {} by itself", each(offsets)))),
        _ => return None,
    };
    Some(words)
}

/// What an application asks of its consumer about groups and commits.
pub(super) fn call(call: &Call) -> Option<String> {
    Some(match call {
        Call::Subscribe(to) => format!("subscribe to {to}"),
        Call::Unsubscribe => "unsubscribe".to_owned(),
        Call::CommitSync { offsets, .. } => format!("commit {}", to_commit(offsets.as_deref())),
        Call::CommitAsync { offsets, .. } => format!("commit {} by the way", to_commit(offsets.as_deref())),
        _ => return None,
    })
}

/// What it is told about that.
pub(super) fn answer(answer: &Answer) -> Option<(Tone, String)> {
    Some(match answer {
        Answer::Rebalanced(rebalance @ Rebalance::Lost(_)) => (Tone::Bad, rebalance.to_string()),
        Answer::Rebalanced(rebalance) => (Tone::Plain, rebalance.to_string()),
        Answer::Unsubscribed => (Tone::Plain, "unsubscribed".to_owned()),
        Answer::Committed(result) | Answer::CommitCompleted { result, .. } => match result {
            Ok(offsets) => (Tone::Good, format!("committed {}", each(offsets))),
            Err(error) => (Tone::Bad, format!("perhaps not committed: {error}")),
        },
        _ => return None,
    })
}

fn to_commit(offsets: Option<&[OffsetCommitPartition]>) -> String {
    offsets.map_or_else(|| "positions".to_owned(), each)
}

fn each(offsets: &[OffsetCommitPartition]) -> String {
    if offsets.is_empty() {
        return "nothing".to_owned();
    }
    offsets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
