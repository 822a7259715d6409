//! What the consumer is to read, and who says so: nobody yet, the application by hand, or its group.
//!
//! The other half of Kafka's `SubscriptionState`; where each partition is read from is in [`position`](super::position).

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use regex::Regex;

use super::Consumer;
use crate::call::Subscribed;
use crate::cluster::Cluster;
use crate::group::is_internal_topic;
use crate::ids::TopicName;

/// Who says what is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subscription {
    Nothing,
    ByHand,
    Topics(BTreeSet<TopicName>),
    Pattern {
        pattern: String,
        /// The topics that match, as far as the consumer knows.
        topics: BTreeSet<TopicName>,
    },
}

impl Subscription {
    /// Whether the group says what is read.
    pub(super) const fn is_automatic(&self) -> bool {
        match self {
            Self::Topics(_) | Self::Pattern { .. } => true,
            Self::Nothing | Self::ByHand => false,
        }
    }

    pub(super) const fn is_pattern(&self) -> bool {
        matches!(self, Self::Pattern { .. })
    }

    /// The topics that the group is asked for.
    pub(super) fn topics(&self) -> impl Iterator<Item = &TopicName> {
        let topics = match self {
            Self::Topics(topics) | Self::Pattern { topics, .. } => Some(topics),
            Self::Nothing | Self::ByHand => None,
        };
        topics.into_iter().flatten()
    }

    pub(super) fn contains(&self, topic: &TopicName) -> bool {
        self.topics().any(|other| other == topic)
    }

    /// Whether this is what the application wants: a topic that matches the pattern, even if the consumer has yet to hear of it.
    pub(super) fn accepts(&self, topic: &TopicName) -> bool {
        match self {
            Self::Pattern { pattern, .. } => compiled(pattern).is_match(topic),
            Self::Topics(_) | Self::Nothing | Self::ByHand => self.contains(topic),
        }
    }

    /// The leader of the group has been told of topics that this consumer had yet to hear of.
    pub(super) fn add<'a>(&mut self, assigned: impl Iterator<Item = &'a TopicName>) {
        if let Self::Pattern { topics, .. } = self {
            topics.extend(assigned.cloned());
        }
    }

    /// There is newer metadata: other topics may match.
    pub(super) fn match_again(&mut self, cluster: &Cluster) {
        if let Self::Pattern { pattern, topics } = self {
            let regex = compiled(pattern);
            // Like `exclude.internal.topics` has it.
            let known = cluster.topic_names().filter(|topic| !is_internal_topic(topic));
            *topics = known.filter(|topic| regex.is_match(topic)).cloned().collect();
        }
    }
}

/// What is wrong with a pattern, if anything is.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    match Regex::new(&whole(pattern)) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{error}")),
    }
}

/// A topic matches if its whole name does.
fn whole(pattern: &str) -> String {
    format!("^(?:{pattern})$")
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(&whole(pattern)).unwrap_or_else(|error| panic!("/{pattern}/ is not a regular expression: {error}"))
}

impl Consumer {
    /// `subscribe(topics)` or `subscribe(pattern)`: the next poll joins the group, or joins it again.
    ///
    /// # Panics
    /// If partitions were assigned by hand, which Kafka answers with an `IllegalStateException`, if the pattern is none, or if there are no
    /// topics: to subscribe to nothing is to unsubscribe.
    pub(super) fn subscribe(&mut self, to: Subscribed) {
        assert!(
            self.subscription != Subscription::ByHand,
            "a consumer that was assigned partitions by hand cannot subscribe"
        );
        self.subscription = match to {
            Subscribed::Topics(topics) => {
                assert!(!topics.is_empty(), "to subscribe to nothing is to unsubscribe");
                Subscription::Topics(topics.into_iter().collect())
            }
            Subscribed::Pattern(pattern) => Subscription::Pattern {
                pattern,
                topics: BTreeSet::new(),
            },
        };
        self.subscription.match_again(&self.cluster);
        if !self.subscription.is_pattern() {
            self.drop_other_topics();
        }
        self.cluster.request_update();
    }

    /// What was fetched of other topics is not handed out any more.
    fn drop_other_topics(&mut self) {
        let others = self
            .assigned
            .iter()
            .filter(|assigned| !self.subscription.contains(&assigned.topic));
        let dropped: Vec<_> = others.filter_map(|assigned| assigned.id).collect();
        self.buffer.retain(|fetch| !dropped.contains(&fetch.partition));
    }
}
