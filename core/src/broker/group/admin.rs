//! DescribeGroups, ListGroups, DeleteGroups, and the expiration of what groups have committed.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::super::Broker;
use super::super::partition::Changes;
use super::shard::Shard;
use super::state::{Group, State};
use super::turn::{Then, Turn};
use crate::config::BrokerConfig;
use crate::error::ErrorCode;
use crate::group::GroupRecord;
use crate::ids::{GroupId, TopicPartition};
use crate::machine::{ConnectionId, Context, Outbox};
use crate::message::{
    DeleteGroupsRequest, DeleteGroupsResponse, DeletedGroup, DescribeGroupsRequest, DescribeGroupsResponse,
    DescribedGroup, DescribedMember, ListGroupsRequest, ListGroupsResponse, ListedGroup,
};
use crate::timer::GroupTimer;

impl Broker {
    pub(in crate::broker) fn describe_groups(&self, request: &DescribeGroupsRequest) -> DescribeGroupsResponse {
        let groups = request.groups.iter().map(|id| match self.coordinated(id) {
            Err(error) => undescribed(id, error, ""),
            Ok(log) => match self.groups.shards[&log].groups.get(id) {
                Some(group) => described(group),
                // Whoever asks for a group that is not there is told that it is dead (and since version 6 that there is none).
                None => undescribed(id, ErrorCode::GroupIdNotFound, "Dead"),
            },
        });
        DescribeGroupsResponse {
            groups: groups.collect(),
        }
    }

    pub(in crate::broker) fn list_groups(&self, request: &ListGroupsRequest) -> ListGroupsResponse {
        if self.groups.shards.values().any(|shard| shard.is_loading) {
            return ListGroupsResponse {
                error_code: ErrorCode::CoordinatorLoadInProgress,
                groups: Vec::new(),
            };
        }
        let is_wanted = |group: &&Group| {
            let mut states = request.states_filter.iter();
            request.states_filter.is_empty() || states.any(|state| state.eq_ignore_ascii_case(group.state_name()))
        };
        let groups = self.groups.shards.values().flat_map(|shard| shard.groups.values());
        let mut listed: Vec<_> = groups
            .filter(is_wanted)
            .map(|group| ListedGroup {
                group_id: group.id.clone(),
                protocol_type: group.protocol_type.clone().unwrap_or_default(),
                group_state: group.state_name().into(),
            })
            .collect();
        listed.sort_by(|one, other| one.group_id.cmp(&other.group_id));
        ListGroupsResponse {
            error_code: ErrorCode::None,
            groups: listed,
        }
    }

    /// Deletes those groups that have no members. Each shard writes what is to go from it, and the answer waits for the last of them.
    pub(in crate::broker) fn delete_groups(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        connection: ConnectionId,
        request: &DeleteGroupsRequest,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let deletable = |id: &GroupId| {
            let log = self.coordinated(id)?;
            let group = self.groups.shards[&log]
                .groups
                .get(id)
                .ok_or(ErrorCode::GroupIdNotFound)?;
            if group.state == State::Empty {
                Ok(log)
            } else {
                Err(ErrorCode::NonEmptyGroup)
            }
        };
        let asked: Vec<_> = request
            .groups_names
            .iter()
            .map(|id| (id.clone(), deletable(id)))
            .collect();
        let results = asked.iter().map(|(id, log)| DeletedGroup {
            group_id: id.clone(),
            error_code: log.err().unwrap_or_default(),
        });
        let response = DeleteGroupsResponse {
            results: results.collect(),
        };
        let mut by_log: BTreeMap<TopicPartition, Vec<GroupId>> = BTreeMap::new();
        for (id, log) in asked {
            if let Ok(log) = log {
                by_log.entry(log).or_default().push(id);
            }
        }
        let Some(last) = by_log.keys().next_back().copied() else {
            return out.respond(connection, response.into());
        };
        for (log, ids) in by_log {
            self.take_turn(context, log, changes, out, |shard, turn| {
                for id in ids {
                    shard.delete(&id, turn);
                }
                if log == last {
                    turn.respond_when_stable(connection, response.clone());
                }
            });
        }
    }
}

impl Shard {
    /// [`GroupTimer::Expiration`]: forgets what has expired, and groups of which nothing is left.
    pub(super) fn expire(&mut self, turn: &mut Turn<'_>) {
        let interval_ms = turn.config.offsets_retention_check_interval_ms;
        turn.arm(GroupTimer::Expiration, interval_ms);
        for group in self.groups.values() {
            let nothing_is_left = group.offsets.is_empty() || group.expire_offsets(turn);
            if nothing_is_left && group.state == State::Empty {
                turn.write([tombstone(&group.id)], Then::Nothing);
            }
        }
    }

    fn delete(&self, id: &GroupId, turn: &mut Turn<'_>) {
        if let Some(group) = self.groups.get(id) {
            group.forget_offsets(turn);
            turn.write([tombstone(id)], Then::Nothing);
        }
    }
}

fn tombstone(id: &GroupId) -> GroupRecord {
    GroupRecord::GroupMetadata {
        group: id.clone(),
        value: None,
    }
}

fn undescribed(id: &GroupId, error_code: ErrorCode, state: &str) -> DescribedGroup {
    DescribedGroup {
        error_code,
        group_id: id.clone(),
        group_state: state.into(),
        protocol_type: String::new(),
        protocol_data: String::new(),
        members: Vec::new(),
    }
}

fn described(group: &Group) -> DescribedGroup {
    let is_stable = group.state == State::Stable;
    let protocol = group.protocol_name.clone().filter(|_| is_stable).unwrap_or_default();
    let members = group.members.iter().map(|(id, member)| DescribedMember {
        member_id: id.clone(),
        group_instance_id: member.instance_id.clone(),
        client_id: member.client_id.clone(),
        member_metadata: if is_stable {
            member.metadata(&protocol)
        } else {
            Bytes::new()
        },
        member_assignment: if is_stable {
            member.assignment.clone()
        } else {
            Bytes::new()
        },
    });
    DescribedGroup {
        error_code: ErrorCode::None,
        group_id: group.id.clone(),
        group_state: group.state_name().into(),
        protocol_type: group.protocol_type.clone().unwrap_or_default(),
        members: members.collect(),
        protocol_data: protocol,
    }
}
