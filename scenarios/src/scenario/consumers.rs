//! Applications that read: by themselves, or as members of a group.

use kafkasim::program::{AnyProgram, Commits, GroupLoop, Habits, HandOff, PollLoop, StreamStage, Table};
use kafkasim_core::call::Subscribed;
use kafkasim_core::ids::TopicName;
use serde::{Deserialize, Serialize};

use super::{Config, Draw, Scalar, Setting};

/// Applications that read: every partition of one topic each, or as members of the group that their configuration names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConsumerGroup {
    /// The topic that each reads all of; or else there are `topics` or a `pattern`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The topics that they subscribe to, as members of a group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    /// The pattern that the topics match which they subscribe to, as members of a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// How many of them.
    #[serde(default = "Draw::one")]
    pub count: Draw,
    /// How long each poll waits, in milliseconds.
    #[serde(default = "Draw::thousand")]
    pub poll_timeout_ms: Draw,
    /// Whether they pause and resume partitions, seek, look offsets up and wake their calls up in between.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restless: bool,
    /// Whether each keeps the last value of every key of its topic, as whoever uses a topic for a commit log.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rebuilds_table: bool,
    /// After how many polls each closes its consumer; absent, it is never closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_after_polls: Option<Draw>,
    /// When members of a group commit; absent, they leave that to `enable.auto.commit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// Whether they try an asynchronous commit again that has failed for a passing reason, whatever they have committed since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tries_commits_again: bool,
    /// Whether members of a group hand records to a worker, and poll on meanwhile; absent, they poll again once everything is processed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand_off: Option<Pauses>,
    /// How long it takes members of a group to process a record, at least and at most, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing_ms: Option<(u64, u64)>,
    /// Whether that is how long everything takes that a poll returned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_bulk: bool,
    /// How long members of a group wait before they join it, at least and at most, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joins_after_ms: Option<(u64, u64)>,
    /// For how long each member of a group does nothing at all, once, at least and at most, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_still_ms: Option<(u64, u64)>,
    /// After how many polls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_still_after_polls: Option<Draw>,
    /// Whether each has the name of its process for a `group.instance.id`, so that it is the same member after a restart (KIP-345).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub static_members: bool,
    /// The topic to which members of a group send a record for each that they are given; then they commit once all of them are acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub produces_to: Option<String>,
    /// Keys of the producer that they do it with.
    #[serde(default, skip_serializing_if = "Config::is_empty")]
    pub producer: Config,
    /// Keys of the consumer.
    #[serde(default)]
    pub config: Config,
}

/// When members of a group commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Commit {
    /// Before they process what a poll returned, and wait for it.
    BeforeProcessing,
    /// After they have processed it, and wait for it.
    AfterProcessing,
    /// After they have processed it, without waiting, but for the last time.
    Asynchronously,
}

/// Whether those who hand records to a worker pause their partitions until it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pauses {
    /// They do.
    WithPause,
    /// They do not.
    WithoutPause,
}

impl ConsumerGroup {
    /// Whether they read as members of a group, rather than by themselves.
    #[must_use]
    pub const fn subscribes(&self) -> bool {
        !self.topics.is_empty() || self.pattern.is_some()
    }

    /// Whether they may commit, or are told what was committed.
    #[must_use]
    pub fn has_group(&self) -> bool {
        let names = |scalar: &Scalar| !scalar.to_string().is_empty();
        self.config.get("group.id").is_some_and(|setting| match setting {
            Setting::Value(value) => names(value),
            Setting::OneOf(values) => values.iter().any(names),
        })
    }

    /// Every topic that is named.
    pub(super) fn named_topics(&self) -> impl Iterator<Item = &str> {
        let read = self.topic.iter().chain(&self.topics);
        read.chain(&self.produces_to).map(String::as_str)
    }

    /// What the one of this name does, given every partition that there is or may come to be.
    pub(super) fn program(&self, name: &str, every_partition: &[(TopicName, i32)]) -> AnyProgram {
        let polls = |draw: &Draw| u32::try_from(draw.number()).unwrap_or(u32::MAX);
        let poll_timeout_ms = self.poll_timeout_ms.number();
        let closes_after = self.close_after_polls.as_ref().map(polls);
        if let (Some(from), Some(to)) = (self.subscribed(), &self.produces_to) {
            let to = TopicName::from(to.as_str());
            return AnyProgram::new(StreamStage::new(name, from, &to, poll_timeout_ms));
        }
        if let Some(subscribed) = self.subscribed() {
            let commits = self.commit.map_or(Commits::LeftToConsumer, |commit| match commit {
                Commit::BeforeProcessing => Commits::BeforeProcessing,
                Commit::AfterProcessing => Commits::AfterProcessing,
                Commit::Asynchronously => Commits::Asynchronously,
            });
            let hand_off = self.hand_off.map_or(HandOff::Never, |hand_off| match hand_off {
                Pauses::WithPause => HandOff::WithPause,
                Pauses::WithoutPause => HandOff::WithoutPause,
            });
            let stands_still = self.stands_still_after_polls.as_ref().map(polls);
            let habits = Habits {
                poll_timeout_ms,
                commits,
                tries_commits_again: self.tries_commits_again,
                hand_off,
                processing_ms: self.processing_ms.unwrap_or_default(),
                in_bulk: self.in_bulk,
                joins_after_ms: self.joins_after_ms.unwrap_or_default(),
                stands_still: stands_still.zip(self.stands_still_ms),
                closes_after,
            };
            return AnyProgram::new(GroupLoop::new(subscribed, habits));
        }
        let is_ours = |topic: &TopicName| self.topic.as_deref() == Some(&**topic);
        let partitions = every_partition.iter().filter(|(topic, _)| is_ours(topic)).cloned();
        if self.rebuilds_table {
            return AnyProgram::new(Table::new(partitions.collect(), poll_timeout_ms));
        }
        let patient = PollLoop::new(partitions.collect(), poll_timeout_ms);
        let open = if self.restless { patient.restless() } else { patient };
        AnyProgram::new(match closes_after {
            Some(polls) => open.closing_after(polls),
            None => open,
        })
    }

    fn subscribed(&self) -> Option<Subscribed> {
        match &self.pattern {
            Some(pattern) => Some(Subscribed::Pattern(pattern.clone())),
            None if self.topics.is_empty() => None,
            None => Some(Subscribed::Topics(
                self.topics
                    .iter()
                    .map(|topic| TopicName::from(topic.as_str()))
                    .collect(),
            )),
        }
    }

    /// The number of durations that are drawn within a run, by their keys.
    pub(super) fn durations(&self) -> [(&'static str, Option<(u64, u64)>); 3] {
        [
            ("processing-ms", self.processing_ms),
            ("joins-after-ms", self.joins_after_ms),
            ("stands-still-ms", self.stands_still_ms),
        ]
    }

    /// What is set that those who produce do not heed: they process by sending, and commit when that is done.
    pub(super) fn of_others(&self) -> Option<&'static str> {
        let others = |key: &&'static str| !matches!(*key, "static-members" | "produces-to");
        let closes = self.close_after_polls.is_some().then_some("close-after-polls");
        self.of_members().filter(others).or(closes)
    }

    /// What is set that only members of a group heed.
    pub(super) fn of_members(&self) -> Option<&'static str> {
        let set = [
            (self.commit.is_some(), "commit"),
            (self.tries_commits_again, "tries-commits-again"),
            (self.hand_off.is_some(), "hand-off"),
            (self.processing_ms.is_some(), "processing-ms"),
            (self.in_bulk, "in-bulk"),
            (self.joins_after_ms.is_some(), "joins-after-ms"),
            (self.stands_still_ms.is_some(), "stands-still-ms"),
            (self.stands_still_after_polls.is_some(), "stands-still-after-polls"),
            (self.static_members, "static-members"),
            (self.produces_to.is_some(), "produces-to"),
        ];
        set.into_iter().find(|(is_set, _)| *is_set).map(|(_, key)| key)
    }
}
