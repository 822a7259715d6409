//! Why a configuration is refused.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::Kind;
use crate::ids::NodeId;

/// Why a configuration is refused: which key, which value, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// Kafka has no such key, at least not for this kind.
    Unknown {
        /// What was configured.
        kind: Kind,
        /// The key.
        key: String,
        /// What else it is a key of.
        belongs_to: Option<Kind>,
        /// The key that was probably meant.
        nearest: Option<&'static str>,
    },
    /// Kafka had this key once.
    Removed {
        /// The key.
        key: String,
        /// Since when it is gone, and what to do instead.
        instead: &'static str,
    },
    /// Kafka has this key or value, but no machine acts upon it yet.
    NotSimulated {
        /// The key.
        key: &'static str,
        /// The value, if others would be accepted.
        value: Option<String>,
    },
    /// Kafka refuses this value, by itself or together with others.
    Invalid {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What would be right.
        expected: String,
    },
}

impl ConfigError {
    /// The key that is to blame.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Unknown { key, .. } | Self::Removed { key, .. } => key,
            Self::NotSimulated { key, .. } | Self::Invalid { key, .. } => key,
        }
    }

    pub(super) fn invalid(key: &'static str, value: impl ToString, expected: impl ToString) -> Self {
        Self::Invalid {
            key,
            value: value.to_string(),
            expected: expected.to_string(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown {
                kind,
                key,
                belongs_to: Some(other),
                ..
            } => {
                write!(f, "{key} is a key of a {other}, not of a {kind}")
            }
            Self::Unknown {
                kind,
                key,
                belongs_to: None,
                nearest,
            } => {
                write!(f, "{key} is no key of a {kind}")?;
                nearest.map_or(Ok(()), |nearest| write!(f, "; did you mean {nearest}?"))
            }
            Self::Removed { key, instead } => write!(f, "{key} {instead}"),
            Self::NotSimulated { key, value: None } => write!(f, "{key} is not simulated yet"),
            Self::NotSimulated {
                key,
                value: Some(value),
            } => write!(f, "{key}={value} is not simulated yet"),
            Self::Invalid { key, value, expected } => write!(f, "{key}={value}: expected {expected}"),
        }
    }
}

impl core::error::Error for ConfigError {}

/// Kafka's clients need at least one address to start from.
pub(super) fn require_nodes(key: &'static str, nodes: &[NodeId]) -> Result<(), ConfigError> {
    if nodes.is_empty() {
        Err(ConfigError::invalid(key, "", "at least one node id"))
    } else {
        Ok(())
    }
}

/// The closest of some keys, if it is close enough for a slip of the finger; of equally close ones the first.
pub(super) fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let tolerated = (name.len() / 4).max(2);
    known
        .map(|key| (edit_distance(name, key), key))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, key)| key)
}

/// How many bytes to insert, remove or replace to turn one text into the other (Levenshtein, one row at a time).
fn edit_distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, removed) in from.bytes().enumerate() {
        let mut diagonal = core::mem::replace(&mut row[0], index + 1);
        for (column, inserted) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(removed != inserted);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
