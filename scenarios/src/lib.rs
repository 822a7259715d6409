//! Scenarios and exhibits, as data and as code; campaigns over them.

pub mod campaign;
pub mod catalog;
pub mod exhibits;
pub mod exploration;
pub mod recording;
pub mod rule_sets;
pub mod scenario;
pub mod seeds;
