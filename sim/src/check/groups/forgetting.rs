//! C5: what a group has committed is not forgotten before its time.
//!
//! A coordinator forgets an offset by writing that. It may do so `offsets.retention.minutes` after the commit if nobody in the group reads the
//! topic, or after the last member has gone (KIP-211); that the group is being rebalanced is no reason (KAFKA-13636). Times are those that
//! coordinators write.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::group::{GroupMetadata, GroupRecord, subscribed_topics};
use kafkasim_core::ids::{GroupId, Timestamp, TopicName};

use super::super::{Finding, Promise, Scene, Verdict};
use super::{Key, name};

/// Remembers what the logs say of groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Forgetting {
    groups: BTreeMap<GroupId, Known>,
    committed_at: BTreeMap<Key, Timestamp>,
}

/// What its last generation says of a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Known {
    /// The topics that its members read, if it has members; nobody knows, if one says nothing that can be read.
    read: Option<BTreeSet<TopicName>>,
    has_members: bool,
    has_protocol: bool,
    since: Option<Timestamp>,
}

impl Known {
    fn of(value: &GroupMetadata) -> Self {
        let topics = value
            .members
            .iter()
            .map(|member| subscribed_topics(&member.subscription));
        Self {
            read: topics
                .collect::<Option<Vec<_>>>()
                .map(|read| read.into_iter().flatten().collect()),
            has_members: !value.members.is_empty(),
            has_protocol: !value.protocol_type.is_empty(),
            since: value.current_state_timestamp,
        }
    }

    fn reads(&self, topic: &TopicName) -> bool {
        self.has_members && self.read.as_ref().is_none_or(|read| read.contains(topic))
    }
}

impl Forgetting {
    /// A record is committed that was written at this time.
    pub(super) fn committed(&mut self, scene: &Scene<'_>, record: &GroupRecord, now: Timestamp) -> Option<Finding> {
        match record {
            GroupRecord::GroupMetadata {
                group,
                value: Some(value),
            } => {
                self.groups.insert(group.clone(), Known::of(value));
                None
            }
            GroupRecord::GroupMetadata { group, value: None } => {
                let known = self.groups.remove(group)?;
                let message = format!("{group} is forgotten, though it has members");
                known.has_members.then(|| violated(message))
            }
            GroupRecord::OffsetCommit {
                group,
                topic,
                partition,
                value,
            } => {
                let key = (group.clone(), (topic.clone(), *partition));
                match value {
                    Some(value) => {
                        self.committed_at.insert(key, value.commit_timestamp);
                        None
                    }
                    None => self.forgotten(scene, &key, now),
                }
            }
        }
    }

    fn forgotten(&mut self, scene: &Scene<'_>, key: &Key, now: Timestamp) -> Option<Finding> {
        let committed_at = self.committed_at.remove(key)?;
        let (group, place) = key;
        // There is nothing to be read any more.
        scene.truth.locate(&place.0, place.1)?;
        let known = self.groups.get(group);
        let whose = name(place);
        if known.is_some_and(|known| known.reads(&place.0)) {
            let message = format!("{whose}: where {group} has come to is forgotten, though its members read the topic");
            return Some(violated(message));
        }
        let empty_since = known
            .filter(|known| known.has_protocol && !known.has_members)
            .and_then(|known| known.since);
        let since = empty_since.unwrap_or(committed_at);
        let (after_ms, retention_ms) = (now.0 - since.0, scene.view.offsets_retention_ms());
        let message = format!(
            "{whose}: where {group} has come to is forgotten after {after_ms} ms, before offsets.retention.minutes are over"
        );
        (after_ms < retention_ms).then(|| violated(message))
    }
}

fn violated(message: String) -> Finding {
    Finding::new(Promise::UndueExpiry, Verdict::Violated, message)
}
