//! Numbers and settings that may be drawn anew for every seed.

use std::fmt;

use kafkasim::random::{Purpose, Stream};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Config, Scenario};

/// A number, a range to draw it from, or a list to draw it from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Draw {
    /// `7`
    Number(u64),
    /// `"5..9"`: any of 5, 6, 7, 8, 9
    Range(u64, u64),
    /// `[1, 5]`: one of the two
    OneOf(Vec<u64>),
}

/// A configuration value, or a list to draw it from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a text, a whole number, true or false, or a list of them to draw from"
)]
pub enum Setting {
    /// One value.
    Value(Scalar),
    /// One of these.
    OneOf(Vec<Scalar>),
}

/// One configuration value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true`
    Boolean(bool),
    /// `5`
    Integer(i64),
    /// `"all"`
    Text(String),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

impl Default for Draw {
    fn default() -> Self {
        Self::zero()
    }
}

impl Draw {
    pub(super) const fn zero() -> Self {
        Self::Number(0)
    }

    pub(super) fn is_zero(&self) -> bool {
        *self == Self::zero()
    }

    pub(super) const fn one() -> Self {
        Self::Number(1)
    }

    pub(super) fn is_one(&self) -> bool {
        *self == Self::one()
    }

    pub(super) const fn three() -> Self {
        Self::Number(3)
    }

    pub(super) const fn thousand() -> Self {
        Self::Number(1000)
    }

    /// The smallest number that can be drawn.
    #[must_use]
    pub fn at_least(&self) -> u64 {
        match self {
            Self::Number(number) | Self::Range(number, _) => *number,
            Self::OneOf(numbers) => numbers.iter().copied().min().unwrap_or(0),
        }
    }

    /// The largest number that can be drawn.
    #[must_use]
    pub fn at_most(&self) -> u64 {
        match self {
            Self::Number(number) | Self::Range(_, number) => *number,
            Self::OneOf(numbers) => numbers.iter().copied().max().unwrap_or(0),
        }
    }

    /// As a scenario file has it.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Range(low, high) => format!("\"{low}..{high}\""),
            Self::OneOf(numbers) => format!("{numbers:?}"),
        }
    }

    /// The number, once it is drawn; before that the smallest.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.at_least()
    }

    fn resolve(&mut self, stream: &mut Stream) {
        *self = Self::Number(match self {
            Self::Number(number) => *number,
            Self::Range(low, high) => stream.between(*low, *high),
            Self::OneOf(numbers) => *stream.pick(numbers),
        });
    }
}

impl Serialize for Draw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Range(low, high) => serializer.collect_str(&format_args!("{low}..{high}")),
            Self::OneOf(numbers) => numbers.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Draw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected a number like 7, a range like \"5..9\" or a list like [1, 5]"
        )]
        enum Raw {
            Number(u64),
            Range(String),
            OneOf(Vec<u64>),
        }
        let wrong = |why: String| D::Error::custom(why);
        match Raw::deserialize(deserializer)? {
            Raw::Number(number) => Ok(Self::Number(number)),
            Raw::OneOf(numbers) if numbers.is_empty() => {
                Err(wrong("expected at least one number to draw from".to_owned()))
            }
            Raw::OneOf(numbers) => Ok(Self::OneOf(numbers)),
            Raw::Range(text) => {
                let bounds = text
                    .split_once("..")
                    .and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)));
                match bounds {
                    Some((low, high)) if low <= high => Ok(Self::Range(low, high)),
                    Some(_) | None => Err(wrong(format!(
                        "\"{text}\" is not a range: write the smallest and the largest number, \"5..9\""
                    ))),
                }
            }
        }
    }
}

impl Scenario {
    /// Makes every draw for one seed, and switches some kinds of faults off.
    #[must_use]
    pub fn resolve(&self, seed: u64) -> Self {
        let mut stream = Stream::new(seed, Purpose::Swarm);
        let stream = &mut stream;
        let mut resolved = self.clone();
        resolved.cluster.brokers.resolve(stream);
        resolve_config(&mut resolved.cluster.broker, stream);
        resolve_config(&mut resolved.cluster.controller, stream);
        for topic in &mut resolved.topics {
            topic.partitions.resolve(stream);
            topic.replication_factor.resolve(stream);
            resolve_config(&mut topic.config, stream);
        }
        for group in &mut resolved.producers {
            for draw in [
                &mut group.count,
                &mut group.records,
                &mut group.outstanding,
                &mut group.burst,
                &mut group.keys,
                &mut group.flush_every,
                &mut group.delete_every,
                &mut group.value_bytes,
            ] {
                draw.resolve(stream);
            }
            for draw in [&mut group.partition, &mut group.close_timeout_ms]
                .into_iter()
                .flatten()
            {
                draw.resolve(stream);
            }
            resolve_config(&mut group.config, stream);
        }
        for group in &mut resolved.consumers {
            group.count.resolve(stream);
            group.poll_timeout_ms.resolve(stream);
            for draw in [&mut group.close_after_polls, &mut group.stands_still_after_polls]
                .into_iter()
                .flatten()
            {
                draw.resolve(stream);
            }
            resolve_config(&mut group.producer, stream);
            resolve_config(&mut group.config, stream);
        }
        resolved.faults.count.resolve(stream);
        resolved.run.safety_ms.resolve(stream);
        resolved.run.think_us.resolve(stream);
        if !self.faults.all_kinds && self.faults.kinds.len() > 1 {
            resolved.faults.kinds.retain(|_| stream.chance(1, 2));
            if resolved.faults.kinds.is_empty() {
                resolved.faults.kinds.push(*stream.pick(&self.faults.kinds));
            }
        }
        resolved.faults.all_kinds = true;
        resolved
    }
}

fn resolve_config(config: &mut Config, stream: &mut Stream) {
    for setting in config.values_mut() {
        if let Setting::OneOf(values) = setting {
            *setting = Setting::Value(stream.pick(values).clone());
        }
    }
}
