//! OffsetCommit and OffsetFetch: how far a group has come (Kafka's `OffsetMetadataManager`).

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use super::state::{Group, State};
use super::turn::{Then, Turn};
use crate::controller::refusal::groups::not_committed;
use crate::error::ErrorCode;
use crate::group::{CommittedOffset, GroupRecord};
use crate::ids::{GenerationId, LeaderEpoch, Offset, Timestamp, TopicName};
use crate::machine::ConnectionId;
use crate::message::{
    CommittedPartition, FetchedOffset, OffsetCommitPartition, OffsetCommitRequest, OffsetCommitResponse,
    OffsetFetchRequest, OffsetFetchResponse,
};
use crate::note::Note;
use crate::rules::{AgedCommit, GroupPhase, MemberCommit, Rules};

/// What a group has committed, by topic and partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Offsets {
    entries: BTreeMap<(TopicName, i32), VecDeque<Version>>,
}

/// One commit, and where it is in the log. The last one counts; it is stable once the log's high watermark has passed it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Version {
    at: Offset,
    value: Option<CommittedOffset>,
}

impl Offsets {
    /// A record of the log says so, which is at this offset.
    pub(super) fn replay(&mut self, topic: &TopicName, partition: i32, value: Option<CommittedOffset>, at: Offset) {
        let versions = self.entries.entry((topic.clone(), partition)).or_default();
        versions.push_back(Version { at, value });
    }

    /// Whether anything was said of a partition, be it that it is forgotten.
    pub(super) fn knows(&self, topic: &TopicName, partition: i32) -> bool {
        self.entries.contains_key(&(topic.clone(), partition))
    }

    /// Everything before this offset of the log is committed: what it supersedes is of no use any more.
    pub(super) fn settle(&mut self, high_watermark: Offset) {
        self.entries.retain(|_, versions| {
            let settled = versions.iter().filter(|version| version.at < high_watermark).count();
            versions.drain(..settled.saturating_sub(1));
            versions.len() > 1 || versions.front().is_some_and(|version| version.value.is_some())
        });
    }

    /// How far the group has come, with what is being committed, or without it.
    fn get(&self, key: &(TopicName, i32), before: Offset) -> Option<&CommittedOffset> {
        let versions = self.entries.get(key)?;
        versions
            .iter()
            .rev()
            .find(|version| version.at < before)?
            .value
            .as_ref()
    }

    /// Everything that is committed, with what is being committed, or without it.
    fn iter(&self, before: Offset) -> impl Iterator<Item = (&(TopicName, i32), &CommittedOffset)> {
        let keys = self.entries.keys();
        keys.filter_map(move |key| Some((key, self.get(key, before)?)))
    }

    /// Whether nothing is committed.
    pub(super) fn is_empty(&self) -> bool {
        self.iter(Offset(i64::MAX)).next().is_none()
    }
}

impl Group {
    /// Somebody says how far the group has come. Some partitions may have been refused already.
    pub(super) fn commit(
        &mut self,
        connection: ConnectionId,
        request: &OffsetCommitRequest,
        refused: &[CommittedPartition],
        turn: &mut Turn<'_>,
    ) {
        let mut answers = refused.to_vec();
        if let Err(error) = self.check_commit(request, turn.rules) {
            answers.extend(not_committed(request, error).partitions);
            return turn.respond(connection, OffsetCommitResponse { partitions: answers }.into());
        }
        if matches!(self.state, State::Stable | State::PreparingRebalance(_)) {
            self.expect_heartbeat(&request.member_id, turn);
        }
        let mut records = Vec::new();
        for asked in &request.partitions {
            let is_too_long = asked.committed_metadata.chars().count() > turn.config.offset_metadata_max_bytes;
            if !is_too_long {
                records.push(self.committed(asked, turn.now));
            }
            answers.push(CommittedPartition {
                topic: asked.topic.clone(),
                partition: asked.partition,
                error_code: if is_too_long {
                    ErrorCode::OffsetMetadataTooLarge
                } else {
                    ErrorCode::None
                },
            });
        }
        turn.out.note(Note::OffsetsAccepted {
            log: turn.log,
            group: self.id.clone(),
            generation: request.generation_id,
            member: request.member_id.clone(),
        });
        let response = OffsetCommitResponse { partitions: answers };
        turn.write(records, Then::Answer(connection, response.into()));
    }

    fn committed(&self, asked: &OffsetCommitPartition, now: Timestamp) -> GroupRecord {
        GroupRecord::OffsetCommit {
            group: self.id.clone(),
            topic: asked.topic.clone(),
            partition: asked.partition,
            value: Some(CommittedOffset {
                offset: asked.committed_offset,
                leader_epoch: asked.committed_leader_epoch,
                metadata: asked.committed_metadata.clone(),
                commit_timestamp: now,
            }),
        }
    }

    /// Kafka's `ClassicGroup.validateOffsetCommit`. Who commits without being a member may do so only as long as there are none.
    fn check_commit(&self, request: &OffsetCommitRequest, rules: &Rules) -> Result<(), ErrorCode> {
        let OffsetCommitRequest {
            generation_id,
            member_id,
            group_instance_id,
            ..
        } = request;
        if *generation_id < GenerationId(0) && self.state == State::Empty {
            return Ok(());
        }
        if *generation_id < GenerationId(0) && member_id.is_empty() && group_instance_id.is_none() {
            return Err(ErrorCode::UnknownMemberId);
        }
        let commit = MemberCommit {
            member: self.check_member(member_id, group_instance_id.as_ref()).err(),
            generation: *generation_id,
            group_generation: self.generation,
            is_completing: self.state == State::CompletingRebalance,
        };
        (rules.refuses_commit)(&commit).map_or(Ok(()), Err)
    }

    /// What has expired is forgotten; whether nothing is left (`offsets.retention.minutes`).
    pub(super) fn expire_offsets(&self, turn: &mut Turn<'_>) -> bool {
        let has_expired = |topic: &TopicName, committed: &CommittedOffset| {
            (turn.rules.forgets_commit)(&AgedCommit {
                group: self.phase(),
                is_read: self.reads(topic),
                age_ms: turn.now.0 - committed.commit_timestamp.0,
                in_state_ms: self.since.map(|since| turn.now.0 - since.0),
                retention_ms: turn.config.offsets_retention_ms(),
            })
        };
        let (expired, kept): (Vec<_>, Vec<_>) = self
            .offsets
            .iter(Offset(i64::MAX))
            .partition(|((topic, _), committed)| has_expired(topic, committed));
        let records: Vec<_> = expired.iter().map(|(key, _)| self.forgotten(key)).collect();
        let is_empty = kept.is_empty();
        turn.write(records, Then::Nothing);
        is_empty
    }

    /// What decides whether commits of it may expire.
    fn phase(&self) -> GroupPhase {
        match (&self.protocol_type, self.state) {
            (None, _) => GroupPhase::Simple,
            (Some(_), State::Empty) => GroupPhase::Empty,
            // What members read of which nobody can tell is as uncertain as in a rebalance.
            (Some(_), State::Stable) if self.is_of_consumers() && self.topics.is_some() => GroupPhase::Stable,
            (Some(_), State::Stable | State::PreparingRebalance(_) | State::CompletingRebalance) => {
                GroupPhase::Rebalancing
            }
        }
    }

    /// Every commit is forgotten.
    pub(super) fn forget_offsets(&self, turn: &mut Turn<'_>) {
        let keys = self.offsets.iter(Offset(i64::MAX)).map(|(key, _)| key);
        let records: Vec<_> = keys.map(|key| self.forgotten(key)).collect();
        turn.write(records, Then::Nothing);
    }

    fn forgotten(&self, (topic, partition): &(TopicName, i32)) -> GroupRecord {
        GroupRecord::OffsetCommit {
            group: self.id.clone(),
            topic: topic.clone(),
            partition: *partition,
            value: None,
        }
    }
}

/// How far a group has come, if there is one; `before` leaves out what is at that offset of the log, or behind it.
pub(super) fn fetch(group: Option<&Group>, request: &OffsetFetchRequest, before: Offset) -> OffsetFetchResponse {
    let offsets = group.map(|group| &group.offsets);
    let partitions = match &request.partitions {
        Some(keys) => keys
            .iter()
            .map(|key| fetched(key, offsets.and_then(|offsets| offsets.get(key, before))))
            .collect(),
        None => {
            let every = offsets.into_iter().flat_map(|offsets| offsets.iter(before));
            every.map(|(key, committed)| fetched(key, Some(committed))).collect()
        }
    };
    OffsetFetchResponse {
        error_code: ErrorCode::None,
        partitions,
    }
}

fn fetched((topic, partition): &(TopicName, i32), committed: Option<&CommittedOffset>) -> FetchedOffset {
    FetchedOffset {
        topic: topic.clone(),
        partition: *partition,
        error_code: ErrorCode::None,
        committed_offset: committed.map_or(Offset::NONE, |committed| committed.offset),
        committed_leader_epoch: committed.map_or(LeaderEpoch::NONE, |committed| committed.leader_epoch),
        metadata: committed.map_or_else(String::new, |committed| committed.metadata.clone()),
    }
}
