//! Assignors on trial: against what Kafka's own client does, and against what they promise.

mod golden;
mod notation;
mod properties;
mod user_data;
