//! Reading scenario files, and saying what is wrong with them: the file, the line, and what would be right.

use std::fs;
use std::path::{Path, PathBuf};

use kafkasim_core::config::ConfigError;

use super::Scenario;

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
    #[error("there is no scenario \"{name}\"{}; `kafkasim list` shows them all", did_you_mean(.nearest.as_deref()))]
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
        let text = fs::read_to_string(path).map_err(|source| ScenarioError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
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
            .chain(self.consumers.iter().map(|group| &group.topic));
        for topic in used {
            if !known.contains(&topic.as_str()) {
                let line = find_line(text, &format!("topic = \"{topic}\""));
                let nearest = did_you_mean(nearest(topic, known.iter().copied()).as_deref());
                return Err((
                    line,
                    format!("there is no topic \"{topic}\"{nearest}; topics are declared in [[topic]]"),
                ));
            }
        }
        for name in &self.expect.reached {
            if kafkasim::check::situation(name).is_none() {
                let nearest = nearest(name, kafkasim::check::situations().map(|situation| situation.name));
                return Err((
                    find_line(text, name),
                    format!("\"{name}\" is not a situation{}", did_you_mean(nearest.as_deref())),
                ));
            }
        }
        for topic in &self.topics {
            let (brokers, factor) = (self.cluster.brokers.at_least(), topic.replication_factor.at_least());
            if factor == 0 || factor > brokers {
                let why = format!(
                    "topic \"{}\" wants {factor} replicas of {brokers} brokers: between 1 and {brokers} are possible",
                    topic.name
                );
                return Err((find_line(text, "replication-factor"), why));
            }
        }
        self.every_configuration(|config, parse| {
            for pairs in variants(config) {
                let pairs: Vec<_> = pairs
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.as_str()))
                    .collect();
                if let Err(error) = parse(&pairs) {
                    return Err((find_key(text, error.key()), error.to_string()));
                }
            }
            Ok(())
        })
    }
}

/// Every choice of one key at a time, the others at their first value: enough to refuse each value that is wrong by itself.
fn variants(config: &super::Config) -> Vec<Vec<(String, String)>> {
    let choices = |setting: &super::Setting| match setting {
        super::Setting::Value(value) => vec![value.to_string()],
        super::Setting::OneOf(values) => values.iter().map(ToString::to_string).collect(),
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

/// The line that sets a key of Kafka's: `config."acks" = 1`, or `"acks" = 1` in a table of its own.
fn find_key(text: &str, key: &str) -> usize {
    let quoted = format!("\"{key}\"");
    let sets = |line: &str, key: &str| {
        line.split_once(key)
            .is_some_and(|(_, rest)| rest.trim_start().starts_with('='))
    };
    let line = text.lines().position(|line| sets(line, &quoted));
    line.or_else(|| text.lines().position(|line| sets(line, key)))
        .map_or_else(|| find_line(text, key), |index| index + 1)
}

/// Adds the nearest right name to serde's message about an unknown one.
fn explain(message: &str) -> String {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match names.split_first() {
        Some((wrong, right)) if message.starts_with("unknown") => match nearest(wrong, right.iter().copied()) {
            // The name that was meant says more than all that there are.
            Some(nearest) => {
                let what = message.split('`').next().unwrap_or_default().trim_end();
                format!("{what} \"{wrong}\"{}", did_you_mean(Some(&nearest)))
            }
            None => message.trim_end().to_owned(),
        },
        Some(_) | None => message.trim_end().to_owned(),
    }
}

/// `; did you mean "x"?`, if there is an x.
#[must_use]
pub fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean \"{nearest}\"?"))
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
