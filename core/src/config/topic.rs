//! Topic configuration: how a topic's partitions are kept.

use super::ConfigError;
use super::domain::{BOOLEAN, INT};
use super::key::{Table, configuration};

configuration! {
    /// What the metadata log says about how a topic is kept.
    pub struct TopicConfig for Topic {
        /// With how many in-sync replicas, at least, acks=all is accepted and the high watermark advances.
        "min.insync.replicas" = "1", INT.at_least(1) => min_insync_replicas: i32;
        /// Whether a replica that may lack committed records may lead when no other can.
        "unclean.leader.election.enable" = "false", BOOLEAN => unclean_leader_election_enable: bool;
        /// The largest batch that a leader accepts, in bytes.
        "max.message.bytes" = "1048588", INT.at_least(0) => max_message_bytes: i32;
    }
}

impl TopicConfig {
    /// Kafka's defaults.
    #[must_use]
    pub fn defaults() -> Self {
        Self::of_defaults()
    }

    /// Reads what a topic sets itself; the rest it inherits from the cluster
    /// ([`ControllerConfig::topic_defaults`](super::ControllerConfig::topic_defaults)).
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        inherited: &Self,
    ) -> Result<Self, ConfigError> {
        let mut config = inherited.clone();
        config.read(pairs)?;
        Ok(config)
    }
}
