//! Kafka's configuration: its keys, defaults (4.1) and validation.

mod broker;
mod consumer;
mod producer;
mod topic;

pub use broker::{BrokerConfig, ControllerConfig};
pub use consumer::{AutoOffsetReset, ConsumerConfig};
pub use producer::ProducerConfig;
pub use topic::TopicConfig;
