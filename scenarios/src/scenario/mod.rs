//! A scenario: a cluster, what applications do with it, what may happen to it, and what must come of it. One TOML file each.
//!
//! Numbers may be drawn anew for every seed: `"50..80"` is any number from 50 to 80, `[1, 5]` is one of the two. Configuration is
//! given by Kafka's own keys, and a list is again one of its values. [`Scenario::resolve`] makes every draw, so that what a trace embeds leaves
//! nothing to chance.

mod build;
mod consumers;
mod draw;
mod file;
mod limits;
mod membership;

use std::collections::BTreeMap;

use kafkasim::check::Promise;
use kafkasim::explore::Bounds;
use kafkasim::random::{FaultKind, Latency, Losses};
use kafkasim::setup::Options;
use serde::{Deserialize, Serialize};

pub use build::Built;
pub use consumers::{Commit, ConsumerGroup, Pauses};
pub use draw::{Draw, Scalar, Setting};
pub use file::{ScenarioError, did_you_mean, nearest};

/// Configuration by Kafka's keys.
pub type Config = BTreeMap<String, Setting>;

/// One scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// The name by which it is run; that of its file.
    pub name: String,
    /// What it is about, in one sentence.
    pub about: String,
    /// The brokers and their controller.
    #[serde(default)]
    pub cluster: Cluster,
    /// The topics.
    #[serde(rename = "topic")]
    pub topics: Vec<Topic>,
    /// Applications that send.
    #[serde(default, rename = "producer")]
    pub producers: Vec<ProducerGroup>,
    /// Applications that poll.
    #[serde(default, rename = "consumer")]
    pub consumers: Vec<ConsumerGroup>,
    /// What may break.
    #[serde(default)]
    pub faults: Faults,
    /// How long messages take.
    #[serde(default)]
    pub network: Latency,
    /// How far clocks are off.
    #[serde(default)]
    pub clocks: ClockErrors,
    /// How long it takes.
    #[serde(default)]
    pub run: RunLength,
    /// What must come of it.
    #[serde(default)]
    pub expect: Expectation,
    /// How to explore it, if it is small enough for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explore: Option<Exploration>,
}

/// The brokers and their controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Cluster {
    /// How many brokers.
    pub brokers: Draw,
    /// How many racks they are in, one after the other; 0 is a rack for each.
    pub racks: Draw,
    /// Keys of every broker.
    pub broker: Config,
    /// Keys of the controller.
    pub controller: Config,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// How many partitions.
    #[serde(default = "Draw::one")]
    pub partitions: Draw,
    /// How many replicas of each.
    #[serde(default = "Draw::three")]
    pub replication_factor: Draw,
    /// Whether it is not there from the start: a fault of the kind `create` brings it into being.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub created_later: bool,
    /// Keys of the topic.
    #[serde(default)]
    pub config: Config,
}

/// Applications that send records to one topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProducerGroup {
    /// The topic.
    pub topic: String,
    /// How many of them.
    #[serde(default = "Draw::one")]
    pub count: Draw,
    /// How many records each sends.
    pub records: Draw,
    /// How many sends each keeps outstanding.
    #[serde(default = "Draw::one")]
    pub outstanding: Draw,
    /// How many records each sends in a row before it thinks again.
    #[serde(default = "Draw::one", skip_serializing_if = "Draw::is_one")]
    pub burst: Draw,
    /// How many different keys there are; 0 is no key at all.
    #[serde(default = "Draw::zero")]
    pub keys: Draw,
    /// How many bytes of text each value has, at least; 0 is its name alone.
    #[serde(default = "Draw::zero", skip_serializing_if = "Draw::is_zero")]
    pub value_bytes: Draw,
    /// Every which record deletes its key; 0 is none.
    #[serde(default = "Draw::zero", skip_serializing_if = "Draw::is_zero")]
    pub delete_every: Draw,
    /// How many records each sends between two flushes; 0 is no flush at all.
    #[serde(default = "Draw::zero", skip_serializing_if = "Draw::is_zero")]
    pub flush_every: Draw,
    /// How long each may take to close its producer at the end, in milliseconds; absent, it is never closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_timeout_ms: Option<Draw>,
    /// The partition that all go to, instead of a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Draw>,
    /// Whether each asks its producer for the partitions first, and then takes them in turn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_turn: bool,
    /// Keys of the producer.
    #[serde(default)]
    pub config: Config,
}

/// What may break.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Faults {
    /// How many faults there are in a run.
    pub count: Draw,
    /// The kinds to draw from. Every seed switches some of them off.
    pub kinds: Vec<FaultKind>,
    /// How many power losses there may be in a run.
    pub power_losses_at_most: u32,
    /// Which faults may take data from disks: only so many at a time as the configuration copes with, or any.
    pub losses: Losses,
    /// Whether every kind is on in every seed.
    pub all_kinds: bool,
}

/// How far clocks are off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ClockErrors {
    /// Wall clocks, at most, in milliseconds.
    pub skew_ms: u64,
    /// The rates of clocks, at most, in parts per million.
    pub drift_ppm: u64,
}

/// How long a run takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RunLength {
    /// How long things may break, in milliseconds.
    pub safety_ms: Draw,
    /// How long everything may take to finish after that, in milliseconds.
    pub liveness_ms: u64,
    /// How long applications think between two calls, at most, in microseconds.
    pub think_us: Draw,
}

/// What must come of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Expectation {
    /// Anomalies that the configuration allows, and that a campaign must find.
    pub finds: Vec<Promise>,
    /// Anomalies that the configuration allows, and that a campaign may find.
    pub may_find: Vec<Promise>,
    /// Situations that a campaign must reach, or it has shown nothing.
    pub reached: Vec<String>,
    /// Situations that no run may reach.
    pub never: Vec<String>,
}

/// How to explore a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Exploration {
    /// Budgets.
    pub bounds: Bounds,
    /// What the environment may do at all.
    pub options: Options,
    /// How many records each producer sends, if not as few as a run may draw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// Exploring begins once everything is sent, every group has its members, and these have their partitions.
    #[serde(default, skip_serializing_if = "is_false")]
    pub joined: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            brokers: Draw::three(),
            racks: Draw::zero(),
            broker: Config::new(),
            controller: Config::new(),
        }
    }
}

impl Default for RunLength {
    fn default() -> Self {
        Self {
            safety_ms: Draw::Number(20_000),
            liveness_ms: 600_000,
            think_us: Draw::Number(20_000),
        }
    }
}

impl Default for Exploration {
    fn default() -> Self {
        let options = Options {
            late_requests: false,
            instant_sync: true,
        };
        Self {
            bounds: Bounds::default(),
            options,
            records: None,
            joined: false,
        }
    }
}

/// What is said about a file with one line changed.
#[cfg(test)]
fn said_of(fine: &str, from: &str, to: &str) -> String {
    assert!(fine.contains(from), "the line to change is there");
    let text = fine.replace(from, to);
    Scenario::parse(&text, "x.toml".as_ref()).map_or_else(|error| error.to_string(), |_| "fine".to_owned())
}
