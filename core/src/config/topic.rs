//! Topic configuration.

/// What the metadata log says about how a topic is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicConfig {
    /// `min.insync.replicas`
    pub min_insync_replicas: i32,
    /// `unclean.leader.election.enable`
    pub unclean_leader_election_enable: bool,
    /// `max.message.bytes`
    pub max_message_bytes: i32,
}
