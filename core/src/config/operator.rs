//! Operator configuration: the keys of Kafka's admin client that an operator acts upon.

use alloc::vec::Vec;

use super::ConfigError;
use super::domain::{INT, LONG, Nodes};
use super::error::require_nodes;
use super::key::{Table, configuration};
use crate::ids::NodeId;

configuration! {
    /// An operator's configuration, validated as `org.apache.kafka.clients.admin.AdminClientConfig` validates it.
    pub struct OperatorConfig for Operator {
        /// The controllers, by id, in the order in which they are tried (KIP-919).
        "bootstrap.controllers" = "", Nodes => controllers: Vec<NodeId>;
        /// How long to wait before trying again.
        "retry.backoff.ms" = "100", LONG.at_least(0) => retry_backoff_ms: u64;
        /// How long to wait for an answer.
        "request.timeout.ms" = "30000", INT.at_least(0) => request_timeout_ms: u64;
    }
}

impl OperatorConfig {
    /// Kafka's defaults, with these controllers.
    #[must_use]
    pub fn defaults(controllers: Vec<NodeId>) -> Self {
        Self {
            controllers,
            ..Self::of_defaults()
        }
    }

    /// Reads pairs over the defaults.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        controllers: Vec<NodeId>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::defaults(controllers);
        config.read(pairs)?;
        require_nodes("bootstrap.controllers", &config.controllers)?;
        Ok(config)
    }
}
