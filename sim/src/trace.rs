//! The trace: one run as a list of actions, in a file of JSON lines. It replays for years; a seed is good for one version of the code.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::check::{Finale, Finding};
use crate::setup::Options;
use crate::world::Step;

/// The format's version.
const VERSION: u32 = 1;

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What was run.
    pub header: Header,
    /// What happened.
    pub steps: Vec<Step>,
    /// How it ended.
    pub footer: Footer,
}

/// What was run, without anything left to chance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The format's version.
    pub kafkasim_trace: u32,
    /// The scenario, every draw made, as TOML.
    pub scenario: String,
    /// The rule set by name.
    pub rules: String,
    /// What the environment could do at all; a random run and an exploration of one scenario differ in this.
    pub options: Options,
    /// The command that found it.
    pub found_by: String,
}

/// How a run ended. A trace without one is truncated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Footer {
    /// How many actions there are.
    pub actions: usize,
    /// The fingerprint of the world after the last.
    pub fingerprint: String,
    /// What the end-of-run checks were told, if the run got that far.
    pub finale: Option<Finale>,
    /// What was found.
    pub findings: Vec<Finding>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Step(Step),
    Header(Header),
    Footer(Footer),
}

/// Why a file is not a trace that can be replayed.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The first line is not a header.
    #[error("{path}:1: this is not a kafkasim trace: its first line must be a header with the key \"kafkasim_trace\"")]
    NotATrace {
        /// The file.
        path: PathBuf,
    },
    /// Written by another version.
    #[error("{path}:1: the trace has format version {found}; this kafkasim reads version {VERSION}")]
    Version {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u32,
    },
    /// A line is broken.
    #[error("{path}:{line}: {why}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// The end is missing.
    #[error("{path}:{line}: the trace is truncated: its last line must be the footer with the key \"fingerprint\"")]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The last line, from 1.
        line: usize,
    },
}

impl Header {
    /// A header of this version.
    #[must_use]
    pub const fn new(scenario: String, rules: String, options: Options, found_by: String) -> Self {
        Self {
            kafkasim_trace: VERSION,
            scenario,
            rules,
            options,
            found_by,
        }
    }
}

impl Trace {
    /// Writes the trace; an existing file is replaced as a whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), TraceError> {
        let mut bytes = Vec::new();
        let written = self.write_lines(&mut bytes).and_then(|()| {
            let beside = prepared(path)?;
            fs::write(&beside, bytes)?;
            fs::rename(&beside, path)
        });
        written.map_err(|source| TraceError::Io {
            path: path.to_owned(),
            source,
        })
    }

    /// Whether a trace could be written there, for those who have long work before them.
    pub fn check_writable(path: &Path) -> Result<(), TraceError> {
        let checked = prepared(path).and_then(|beside| {
            fs::write(&beside, [])?;
            fs::remove_file(&beside)
        });
        checked.map_err(|source| TraceError::Io {
            path: path.to_owned(),
            source,
        })
    }

    fn write_lines(&self, out: &mut Vec<u8>) -> io::Result<()> {
        serde_json::to_writer(&mut *out, &self.header)?;
        out.write_all(b"\n")?;
        for step in &self.steps {
            serde_json::to_writer(&mut *out, step)?;
            out.write_all(b"\n")?;
        }
        serde_json::to_writer(&mut *out, &self.footer)?;
        out.write_all(b"\n")
    }

    /// Reads a trace.
    pub fn read(path: &Path) -> Result<Self, TraceError> {
        let io_error = |source| TraceError::Io {
            path: path.to_owned(),
            source,
        };
        let file = BufReader::new(fs::File::open(path).map_err(io_error)?);
        let mut lines = file.lines().enumerate().map(|(index, line)| (index + 1, line));
        let header = match lines.next() {
            Some((_, Ok(line))) => parse_header(path, &line)?,
            Some((_, Err(error))) if error.kind() != io::ErrorKind::InvalidData => return Err(io_error(error)),
            Some((_, Err(_))) | None => return Err(TraceError::NotATrace { path: path.to_owned() }),
        };
        let mut steps = Vec::new();
        let mut footer = None;
        let mut last = 1;
        for (number, line) in lines {
            last = number;
            let broken = |why: String| TraceError::Line {
                path: path.to_owned(),
                line: number,
                why,
            };
            if footer.is_some() {
                return Err(broken("nothing may follow the footer".to_owned()));
            }
            let line = line.map_err(|error| broken(error.to_string()))?;
            match serde_json::from_str(&line) {
                Ok(Line::Step(step)) => steps.push(step),
                Ok(Line::Footer(found)) => footer = Some(found),
                Ok(Line::Header(_)) => return Err(broken("a second header".to_owned())),
                Err(_) if !line.trim_end().ends_with('}') => {
                    return Err(TraceError::Truncated {
                        path: path.to_owned(),
                        line: number,
                    });
                }
                Err(_) => {
                    let why = serde_json::from_str::<Step>(&line)
                        .err()
                        .map_or_else(String::new, |error| error.to_string());
                    return Err(broken(format!("not an action: {why}")));
                }
            }
        }
        let footer = footer.ok_or(TraceError::Truncated {
            path: path.to_owned(),
            line: last,
        })?;
        if footer.actions != steps.len() {
            let why = format!(
                "the footer counts {} actions, but there are {}",
                footer.actions,
                steps.len()
            );
            return Err(TraceError::Line {
                path: path.to_owned(),
                line: last,
                why,
            });
        }
        Ok(Self { header, steps, footer })
    }
}

/// Makes the folder of a file, and says where it is written before it takes its name.
pub(crate) fn prepared(path: &Path) -> io::Result<PathBuf> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(path.with_extension("partial"))
}

fn parse_header(path: &Path, line: &str) -> Result<Header, TraceError> {
    let version = serde_json::from_str::<serde_json::Value>(line)
        .ok()
        .and_then(|value| value.get("kafkasim_trace")?.as_u64())
        .ok_or_else(|| TraceError::NotATrace { path: path.to_owned() })?;
    if version != u64::from(VERSION) {
        return Err(TraceError::Version {
            path: path.to_owned(),
            found: u32::try_from(version).unwrap_or(u32::MAX),
        });
    }
    serde_json::from_str(line).map_err(|error| TraceError::Line {
        path: path.to_owned(),
        line: 1,
        why: error.to_string(),
    })
}
