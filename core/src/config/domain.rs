//! Which texts a key accepts, and how text and value turn into each other: Kafka's `ConfigDef` types and validators.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::consumer::assignor::Assignor;
use crate::ids::NodeId;

/// The values that a key accepts. Displayed, it ends the sentence "expected …".
pub(super) trait Domain<T>: fmt::Display {
    /// Reads a value from text without surrounding blanks.
    fn read(&self, text: &str) -> Result<T, Refusal>;
    /// The text that reads back as this value.
    fn write(&self, value: &T) -> String;
}

/// Why a text is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Kafka would not accept it either.
    Malformed,
    /// Kafka would, but no machine acts upon it.
    NotSimulated,
}

/// An integer in a range.
pub(super) struct Integer {
    min: i64,
    max: i64,
}

/// Kafka's `INT`.
pub(super) const INT: Integer = Integer {
    min: i32::MIN as i64,
    max: i32::MAX as i64,
};
/// Kafka's `LONG`.
pub(super) const LONG: Integer = Integer {
    min: i64::MIN,
    max: i64::MAX,
};

impl Integer {
    /// Without what is smaller.
    pub(super) const fn at_least(self, min: i64) -> Self {
        Self { min, max: self.max }
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.max == i64::MAX {
            write!(f, "an integer of at least {}", self.min)
        } else {
            write!(f, "an integer from {} to {}", self.min, self.max)
        }
    }
}

impl<T: TryFrom<i64> + ToString> Domain<T> for Integer {
    fn read(&self, text: &str) -> Result<T, Refusal> {
        let number: i64 = text.parse().map_err(|_| Refusal::Malformed)?;
        if !(self.min..=self.max).contains(&number) {
            return Err(Refusal::Malformed);
        }
        T::try_from(number).map_err(|_| Refusal::Malformed)
    }

    fn write(&self, value: &T) -> String {
        value.to_string()
    }
}

/// A level of gzip: -1 stands for its own default, and 0, which would not compress, is refused.
pub(super) struct GzipLevel;

impl fmt::Display for GzipLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer from 1 to 9, or -1 for the default")
    }
}

impl Domain<i32> for GzipLevel {
    fn read(&self, text: &str) -> Result<i32, Refusal> {
        match text.parse() {
            Ok(level @ (-1 | 1..=9)) => Ok(level),
            Ok(_) | Err(_) => Err(Refusal::Malformed),
        }
    }

    fn write(&self, value: &i32) -> String {
        value.to_string()
    }
}

/// One of some words, each with what it stands for; of several words for one value the first is written.
pub(super) struct OneOf<T: 'static> {
    words: &'static [(&'static str, T)],
    not_simulated: &'static [&'static str],
    ignores_case: bool,
}

/// Kafka's `BOOLEAN`.
pub(super) const BOOLEAN: OneOf<bool> = OneOf {
    words: &[("true", true), ("false", false)],
    not_simulated: &[],
    ignores_case: true,
};

/// One of these words.
pub(super) const fn one_of<T>(words: &'static [(&'static str, T)]) -> OneOf<T> {
    OneOf {
        words,
        not_simulated: &[],
        ignores_case: false,
    }
}

impl<T> OneOf<T> {
    /// Words that Kafka accepts besides, and that no machine acts upon yet. One that ends in a colon stands for all
    /// that start with it.
    pub(super) const fn not_simulated(self, words: &'static [&'static str]) -> Self {
        Self {
            words: self.words,
            not_simulated: words,
            ignores_case: self.ignores_case,
        }
    }

    fn refuses(&self, text: &str) -> bool {
        self.not_simulated
            .iter()
            .any(|word| text == *word || (word.ends_with(':') && text.starts_with(word)))
    }
}

impl<T> fmt::Display for OneOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (word, _)) in self.words.iter().enumerate() {
            let separator = match index {
                0 => "",
                _ if index + 1 == self.words.len() => " or ",
                _ => ", ",
            };
            write!(f, "{separator}{word}")?;
        }
        Ok(())
    }
}

impl<T: Copy + PartialEq> Domain<T> for OneOf<T> {
    fn read(&self, text: &str) -> Result<T, Refusal> {
        let matches = |word: &str| {
            if self.ignores_case {
                word.eq_ignore_ascii_case(text)
            } else {
                word == text
            }
        };
        match self.words.iter().find(|(word, _)| matches(word)) {
            Some((_, value)) => Ok(*value),
            None if self.refuses(text) => Err(Refusal::NotSimulated),
            None => Err(Refusal::Malformed),
        }
    }

    fn write(&self, value: &T) -> String {
        let word = self.words.iter().find(|(_, meaning)| meaning == value);
        word.expect("every value of the type has a word").0.to_string()
    }
}

/// A share of the whole, in thousandths.
pub(super) struct Share;

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 to 1 with three decimals at most")
    }
}

impl Domain<u64> for Share {
    fn read(&self, text: &str) -> Result<u64, Refusal> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
        if whole.is_empty() || whole.len() > 1 || decimals.len() > 3 || !is_number(whole) || !is_number(decimals) {
            return Err(Refusal::Malformed);
        }
        let thousandths = alloc::format!("{whole}{decimals:0<3}").parse();
        thousandths
            .ok()
            .filter(|share| *share <= 1000)
            .ok_or(Refusal::Malformed)
    }

    fn write(&self, value: &u64) -> String {
        let text = alloc::format!("{}.{:03}", value / 1000, value % 1000);
        text.trim_end_matches('0').trim_end_matches('.').into()
    }
}

/// Any text.
pub(super) struct Text;

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any text")
    }
}

impl Domain<String> for Text {
    fn read(&self, text: &str) -> Result<String, Refusal> {
        Ok(text.to_string())
    }

    fn write(&self, value: &String) -> String {
        value.clone()
    }
}

/// A name that need not be given.
pub(super) struct OptionalName;

impl fmt::Display for OptionalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any text, or nothing")
    }
}

impl<T: for<'a> From<&'a str> + core::ops::Deref<Target = str>> Domain<Option<T>> for OptionalName {
    fn read(&self, text: &str) -> Result<Option<T>, Refusal> {
        Ok((!text.is_empty()).then(|| text.into()))
    }

    fn write(&self, value: &Option<T>) -> String {
        value.as_deref().map(ToString::to_string).unwrap_or_default()
    }
}

/// Ways of distributing partitions, by Kafka's classes or their names.
pub(super) struct Assignors;

impl Assignors {
    fn class(assignor: Assignor) -> &'static str {
        match assignor {
            Assignor::Range => "RangeAssignor",
            Assignor::RoundRobin => "RoundRobinAssignor",
            Assignor::Sticky => "StickyAssignor",
            Assignor::CooperativeSticky => "CooperativeStickyAssignor",
        }
    }

    fn find(name: &str) -> Option<Assignor> {
        let class = name.strip_prefix("org.apache.kafka.clients.consumer.").unwrap_or(name);
        let named = Assignor::ALL
            .into_iter()
            .find(|assignor| Self::class(*assignor) == class);
        named.or_else(|| Assignor::from_name(name))
    }
}

impl fmt::Display for Assignors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("distinct ones of range, roundrobin, sticky and cooperative-sticky, or Kafka's classes, separated by commas")
    }
}

impl Domain<Vec<Assignor>> for Assignors {
    fn read(&self, text: &str) -> Result<Vec<Assignor>, Refusal> {
        let mut assignors = Vec::new();
        for name in text.split(',') {
            let name = name.trim();
            let Some(assignor) = Self::find(name) else {
                // A class of somebody's own.
                let refusal = if name.contains('.') {
                    Refusal::NotSimulated
                } else {
                    Refusal::Malformed
                };
                return Err(refusal);
            };
            if assignors.contains(&assignor) {
                return Err(Refusal::Malformed);
            }
            assignors.push(assignor);
        }
        Ok(assignors)
    }

    fn write(&self, value: &Vec<Assignor>) -> String {
        value
            .iter()
            .map(|assignor| assignor.name())
            .collect::<Vec<_>>()
            .join(",")
    }
}

/// Processes by their ids, which is all the address that a simulated network needs.
pub(super) struct Nodes;

impl fmt::Display for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("distinct node ids, separated by commas")
    }
}

impl Domain<Vec<NodeId>> for Nodes {
    fn read(&self, text: &str) -> Result<Vec<NodeId>, Refusal> {
        let mut nodes = Vec::new();
        for id in text.split(',').filter(|_| !text.is_empty()) {
            let node = NodeId(INT.at_least(0).read(id.trim())?);
            if nodes.contains(&node) {
                return Err(Refusal::Malformed);
            }
            nodes.push(node);
        }
        Ok(nodes)
    }

    fn write(&self, value: &Vec<NodeId>) -> String {
        value.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }
}
