//! Kafka's configuration: its own keys with its own defaults and validation, as of 4.1.
//!
//! Each kind of process has one file with one table: a row gives a key's meaning, default, permitted values and field.
//! `parse` reads pairs over the defaults, `to_pairs` gives the effective configuration back, and [`keys`] lists every
//! row. What Kafka would accept but the machines do not act upon is refused, so that no scenario believes to have set
//! what has no effect.

mod broker;
mod consumer;
mod controller;
mod domain;
mod error;
mod key;
mod not_simulated;
mod operator;
mod producer;
mod removed;
#[cfg(test)]
mod tests;
mod topic;

pub use broker::BrokerConfig;
pub use consumer::{AutoOffsetReset, ConsumerConfig};
pub use controller::ControllerConfig;
pub use error::ConfigError;
pub use key::{KeyDescription, Kind};
pub use operator::OperatorConfig;
pub use producer::ProducerConfig;
pub use topic::{CleanupPolicy, TopicConfig};

/// Every key that is simulated, by kind and in the order of the tables.
pub fn keys() -> impl Iterator<Item = &'static KeyDescription> {
    Kind::ALL.into_iter().flat_map(key::keys_of)
}
