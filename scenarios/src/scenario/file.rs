//! Reading scenario files, and saying what is wrong with them: the file, the line, and what would be right.

use std::fs;
use std::path::{Path, PathBuf};

use kafkasim::check::{Promise, situation, situations};
use kafkasim_core::config::ConfigError;

use super::{Scenario, Setting};

/// Why a scenario is refused.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something in the file is wrong.
    #[error("{}:{line}: {why}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// There is no scenario of this name.
    #[error("there is no scenario \"{name}\"; {}", did_you_mean(.nearest.as_deref(), "`kafkasim list` shows them all, a file of your own ends in .toml"))]
    Unknown {
        /// The name.
        name: String,
        /// The name that was probably meant.
        nearest: Option<String>,
    },
}

impl Scenario {
    /// Reads a scenario file.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let bytes = fs::read(path).map_err(|source| ScenarioError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::parse_bytes(&bytes, path)
    }

    /// Reads a scenario from the bytes of its file.
    pub fn parse_bytes(bytes: &[u8], path: &Path) -> Result<Self, ScenarioError> {
        match str::from_utf8(bytes) {
            Ok(text) => Self::parse(text, path),
            Err(error) => {
                let before = bytes[..error.valid_up_to()].iter();
                Err(ScenarioError::Line {
                    path: path.to_owned(),
                    line: before.filter(|byte| **byte == b'\n').count() + 1,
                    why: "this is not a text in UTF-8".to_owned(),
                })
            }
        }
    }

    /// The scenario, if it has this name.
    pub(crate) fn named(self, name: &str, path: &Path) -> Result<Self, ScenarioError> {
        if self.name == name {
            return Ok(self);
        }
        let why = format!("name = \"{}\": expected \"{name}\", the name of the file", self.name);
        Err(ScenarioError::Line {
            path: path.to_owned(),
            line: 1,
            why,
        })
    }

    /// Reads a scenario from the text of its file.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        let wrong = |line, why| ScenarioError::Line {
            path: path.to_owned(),
            line,
            why,
        };
        let scenario: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            wrong(line, explain(error.message()))
        })?;
        scenario.check(text).map_err(|(line, why)| wrong(line, why))?;
        Ok(scenario)
    }

    /// The scenario as a file.
    ///
    /// # Panics
    /// Never: every scenario can be written.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a scenario can be written as TOML")
    }

    /// What the shape of the file cannot tell: names that must exist, and configurations that Kafka refuses.
    fn check(&self, text: &str) -> Result<(), (usize, String)> {
        super::limits::check(self, text)?;
        let known: Vec<&str> = self.topics.iter().map(|topic| topic.name.as_str()).collect();
        let used = self
            .producers
            .iter()
            .map(|group| &group.topic)
            .map(String::as_str)
            .chain(self.consumers.iter().flat_map(super::ConsumerGroup::named_topics));
        for topic in used {
            if !known.contains(&topic) {
                let line = find_topic(text, topic);
                let nearest = nearest(topic, known.iter().copied());
                let hint = did_you_mean(nearest.as_deref(), "topics are declared in [[topic]]");
                return Err((line, format!("there is no topic \"{topic}\"; {hint}")));
            }
        }
        for name in self.expect.reached.iter().chain(&self.expect.never) {
            if situation(name).is_none() {
                return Err((find_line(text, &format!("\"{name}\"")), no_situation(name)));
            }
        }
        for topic in &self.topics {
            let brokers = self.cluster.brokers.at_least();
            let factors = [topic.replication_factor.at_least(), topic.replication_factor.at_most()];
            if let Some(factor) = factors.into_iter().find(|factor| !(1..=brokers).contains(factor)) {
                let why = format!(
                    "topic \"{}\" wants {factor} replicas of {brokers} brokers: between 1 and {brokers} are possible",
                    topic.name
                );
                let declared = format!("name = \"{}\"", topic.name);
                return Err((find_line_after(text, &declared, "replication-factor"), why));
            }
        }
        self.every_configuration(|section, config, parse| {
            let is_empty = |setting: &Setting| matches!(setting, Setting::OneOf(values) if values.is_empty());
            if let Some((key, _)) = config.iter().find(|(_, setting)| is_empty(setting)) {
                let why = format!("{key} = []: expected at least one value to draw from");
                return Err((section.line_of_key(text, key), why));
            }
            for pairs in variants(config) {
                let pairs: Vec<_> = pairs
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.as_str()))
                    .collect();
                if let Err(error) = parse(&pairs) {
                    return Err((section.line_of_key(text, error.key()), error.to_string()));
                }
            }
            Ok(())
        })
    }
}

/// Every choice of one key at a time, the others at their first value: enough to refuse each value that is wrong by itself.
fn variants(config: &super::Config) -> Vec<Vec<(String, String)>> {
    let choices = |setting: &Setting| match setting {
        Setting::Value(value) => vec![value.to_string()],
        Setting::OneOf(values) => values.iter().map(ToString::to_string).collect(),
    };
    let first: Vec<(String, String)> = config
        .iter()
        .filter_map(|(key, setting)| Some((key.clone(), choices(setting).first()?.clone())))
        .collect();
    let mut variants = vec![first.clone()];
    for (index, setting) in config.values().enumerate() {
        for value in choices(setting).into_iter().skip(1) {
            let mut variant = first.clone();
            variant[index].1 = value;
            variants.push(variant);
        }
    }
    variants
}

/// Parses one configuration: the closure that [`Scenario::every_configuration`] hands out.
pub(super) type Parse<'a> = &'a dyn Fn(&[(&str, &str)]) -> Result<(), ConfigError>;

fn line_of(text: &str, position: usize) -> usize {
    text[..position.min(text.len())].matches('\n').count() + 1
}

pub(super) fn find_line(text: &str, wanted: &str) -> usize {
    text.lines()
        .position(|line| line.contains(wanted))
        .map_or(1, |index| index + 1)
}

/// Where a topic is named that somebody sends to or reads.
fn find_topic(text: &str, topic: &str) -> usize {
    let quoted = format!("\"{topic}\"");
    let names = |line: &str| line.trim_start().starts_with("topic") && line.contains(&quoted);
    text.lines().position(names).map_or(1, |index| index + 1)
}

/// The first line behind that of `section` that sets `key`, or else that of the section.
pub(super) fn find_line_after(text: &str, section: &str, key: &str) -> usize {
    let section = find_line(text, section);
    let sets = |line: &str| {
        line.trim_start()
            .strip_prefix(key)
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    text.lines()
        .skip(section - 1)
        .position(sets)
        .map_or(section, |index| section + index)
}

/// One section of a scenario file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    /// How its header begins.
    pub(super) header: &'static str,
    /// How many sections with the same header there are before it.
    pub(super) index: usize,
}

impl Section {
    /// The line of its header, or 1 if it has none.
    pub(super) fn line(self, text: &str) -> usize {
        let is_ours = |line: &&str| line.trim_start().starts_with(self.header);
        text.lines()
            .enumerate()
            .filter(|(_, line)| is_ours(line))
            .nth(self.index)
            .map_or(1, |(index, _)| index + 1)
    }

    /// The line of this section that sets a key of ours, or else that of its header.
    pub(super) fn line_of(self, text: &str, key: &str) -> usize {
        let begin = self.line(text);
        let sets = |line: &str| {
            line.trim_start()
                .strip_prefix(key)
                .is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
        };
        let ours = text
            .lines()
            .skip(begin)
            .take_while(|line| !line.trim_start().starts_with('['));
        ours.enumerate()
            .find(|(_, line)| sets(line))
            .map_or(begin, |(index, _)| begin + index + 1)
    }

    /// The line of this section that sets a key of Kafka's: `config."acks" = 1`, or `"acks" = 1` in a table of its own.
    fn line_of_key(self, text: &str, key: &str) -> usize {
        let begin = self.line(text) - 1;
        let quoted = format!("\"{key}\"");
        let sets = |line: &str, key: &str| {
            line.split_once(key)
                .is_some_and(|(_, rest)| rest.trim_start().starts_with('='))
        };
        let find = |key: &str| text.lines().skip(begin).position(|line| sets(line, key));
        find(&quoted)
            .or_else(|| find(key))
            .map_or_else(|| find_line(text, key), |index| begin + index + 1)
    }
}

/// Adds the nearest right name to serde's message about an unknown one.
fn explain(message: &str) -> String {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match names.split_first() {
        Some((wrong, right)) if message.starts_with("unknown") => match nearest(wrong, right.iter().copied()) {
            // The name that was meant says more than all that there are.
            Some(nearest) => {
                // What serde calls a variant is a value to whoever writes a scenario.
                let what = message.split('`').next().unwrap_or_default().trim_end();
                let what = what.replace("variant", "value");
                format!("{what} \"{wrong}\"; did you mean \"{nearest}\"?")
            }
            None if right.iter().any(|name| Promise::from_name(name).is_some()) => no_promise(wrong),
            None => message.trim_end().to_owned(),
        },
        Some(_) | None => message.trim_end().to_owned(),
    }
}

/// What is wrong with a name that stands where a promise is expected.
fn no_promise(name: &str) -> String {
    if situation(name).is_some() {
        format!("\"{name}\" is a situation, not a promise: it belongs in `reached`")
    } else {
        format!("there is no promise \"{name}\"; `kafkasim list --promises` shows them all")
    }
}

/// What is wrong with a name that stands where a situation is expected.
fn no_situation(name: &str) -> String {
    if Promise::from_name(name).is_some() {
        return format!("\"{name}\" is a promise, not a situation: it belongs in `finds` or `may-find`");
    }
    let nearest = nearest(name, situations().map(|situation| situation.name));
    let hint = did_you_mean(nearest.as_deref(), "`kafkasim list --situations` shows them all");
    format!("there is no situation \"{name}\"; {hint}")
}

/// `did you mean "x"?`, if there is an x; otherwise how to find it.
#[must_use]
pub fn did_you_mean(nearest: Option<&str>, otherwise: &str) -> String {
    nearest.map_or_else(
        || otherwise.to_owned(),
        |nearest| format!("did you mean \"{nearest}\"?"),
    )
}

/// The name that was probably meant.
#[must_use]
pub fn nearest<'a>(wrong: &str, right: impl Iterator<Item = &'a str>) -> Option<String> {
    right
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, name)| *distance <= name.len().max(wrong.len()).div_ceil(3))
        .min()
        .map(|(_, name)| name.to_owned())
}
