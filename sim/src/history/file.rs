//! Histories in files: read with one clear message about what is wrong, written as a whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kafkasim_core::ids::TopicName;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::event::{Event, Partition};
use super::fields::Fields;
use super::processes::Processes;

/// The format's version.
const VERSION: u64 = 1;

/// What clients saw of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// What is said of all of it.
    pub header: Header,
    /// What was called and told, in the order in which it happened.
    pub lines: Vec<Line>,
}

/// What is said of a whole history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// The format's version.
    pub(super) kafkasim_history: u64,
    /// What has recorded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_by: Option<String>,
    /// Every send to the topics is in it.
    pub all_producers: bool,
    /// What somebody has read from start to end after everything was sent.
    pub read_to_end: Vec<Partition>,
    /// Topics that delete records.
    pub forgets: Vec<TopicName>,
    /// Topics that were deleted, and created again under the same name.
    pub recreated: Vec<TopicName>,
}

/// One line between header and footer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When, in microseconds since any moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_us: Option<u64>,
    /// Who called, or was told.
    pub process: String,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Footer {
    lines: usize,
}

/// Why a file is not a history.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
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
}

impl Default for Header {
    fn default() -> Self {
        Self {
            kafkasim_history: VERSION,
            recorded_by: None,
            all_producers: false,
            read_to_end: Vec::new(),
            forgets: Vec::new(),
            recreated: Vec::new(),
        }
    }
}

impl History {
    /// Which line of its file an event is in, from 1.
    #[must_use]
    pub const fn line_number(index: usize) -> usize {
        index + 2
    }

    /// Reads a history.
    pub fn read(path: &Path) -> Result<Self, HistoryError> {
        let bytes = fs::read(path).map_err(|source| HistoryError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&bytes).map_err(|(line, why)| HistoryError::Line {
            path: path.to_owned(),
            line,
            why,
        })
    }

    /// Reads a history from the bytes of its file. Otherwise says in which line what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, (usize, String)> {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let mut lines = (1..).zip(bytes.split(|byte| *byte == b'\n')).peekable();
        let (_, first) = lines.next().expect("a split has a first part");
        let mut history = Self {
            header: header(first).map_err(|why| (1, why))?,
            lines: Vec::new(),
        };
        let mut processes = Processes::default();
        let mut last = 1;
        while let Some((number, line)) = lines.next() {
            let object = object(line, lines.peek().is_none()).map_err(|why| (number, why))?;
            if object.contains_key("lines") {
                history.is_counted(object).map_err(|why| (number, why))?;
                return match lines.next() {
                    Some((number, _)) => Err((number, "nothing may follow the last line, {\"lines\": N}".to_owned())),
                    None => Ok(history),
                };
            }
            history
                .add(number, object, &mut processes)
                .map_err(|why| (number, why))?;
            last = number;
        }
        Err((last, TRUNCATED.to_owned()))
    }

    fn add(&mut self, number: usize, object: Map<String, Json>, processes: &mut Processes) -> Result<(), String> {
        let line = read_line(object)?;
        let before = || self.lines.iter().rev().find_map(|line| line.at_us);
        if line
            .at_us
            .is_some_and(|at_us| before().is_some_and(|before| at_us < before))
        {
            return Err(EARLIER.to_owned());
        }
        processes.observe(number, &line)?;
        self.lines.push(line);
        Ok(())
    }

    /// The last line has come.
    fn is_counted(&self, footer: Map<String, Json>) -> Result<(), String> {
        let footer: Footer = serde_json::from_value(Json::Object(footer)).map_err(|error| error.to_string())?;
        let (counted, there) = (footer.lines, self.lines.len());
        if counted != there {
            return Err(format!(
                "the last line counts {counted} lines between itself and the header, but there are {there}"
            ));
        }
        Ok(())
    }

    /// Writes the history; an existing file is replaced as a whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), HistoryError> {
        let written = self.to_bytes().and_then(|bytes| {
            let beside = crate::trace::prepared(path)?;
            fs::write(&beside, bytes)?;
            fs::rename(&beside, path)
        });
        written.map_err(|source| HistoryError::Io {
            path: path.to_owned(),
            source,
        })
    }

    /// The history as its file holds it.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        serde_json::to_writer(&mut bytes, &self.header)?;
        bytes.write_all(b"\n")?;
        for line in &self.lines {
            serde_json::to_writer(&mut bytes, line)?;
            bytes.write_all(b"\n")?;
        }
        serde_json::to_writer(
            &mut bytes,
            &Footer {
                lines: self.lines.len(),
            },
        )?;
        bytes.write_all(b"\n")?;
        Ok(bytes)
    }
}

const TRUNCATED: &str =
    "the history is truncated: its last line must be {\"lines\": N}, the number of lines between it and the header";
const EARLIER: &str = "\"at_us\" is earlier than in a line before; lines are in the order in which things happened";

fn header(line: &[u8]) -> Result<Header, String> {
    let no_history = || "this is no history: its first line must be a header like {\"kafkasim_history\":1}".to_owned();
    let Ok(Json::Object(object)) = serde_json::from_slice(line) else {
        return Err(no_history());
    };
    if object.contains_key("kafkasim_trace") {
        return Err(
            "this is a trace, not a history; `kafkasim replay TRACE --history FILE` writes its history".to_owned(),
        );
    }
    let mut fields = Fields::new(object);
    let version = fields
        .optional::<u64>("kafkasim_history")
        .map_err(|_| no_history())?
        .ok_or_else(no_history)?;
    if version != VERSION {
        return Err(format!(
            "the history has format version {version}; this kafkasim reads version {VERSION}"
        ));
    }
    let header = Header {
        kafkasim_history: version,
        recorded_by: fields.optional("recorded_by")?,
        all_producers: fields.optional("all_producers")?.unwrap_or(false),
        read_to_end: fields.optional("read_to_end")?.unwrap_or_default(),
        forgets: topics("forgets", &mut fields)?,
        recreated: topics("recreated", &mut fields)?,
    };
    fields.finish()?;
    Ok(header)
}

fn topics(key: &'static str, fields: &mut Fields) -> Result<Vec<TopicName>, String> {
    let names = fields.optional::<Vec<String>>(key)?.unwrap_or_default();
    Ok(names.into_iter().map(TopicName::from).collect())
}

fn object(line: &[u8], is_last: bool) -> Result<Map<String, Json>, String> {
    match serde_json::from_slice(line) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(other) => Err(format!("expected a JSON object, not {other}")),
        Err(error) if is_last && (line.is_empty() || error.is_eof()) => Err(TRUNCATED.to_owned()),
        Err(_) if line.is_empty() => Err("this line is empty; expected a JSON object".to_owned()),
        Err(error) => Err(format!("this is no JSON object: {error}")),
    }
}

fn read_line(object: Map<String, Json>) -> Result<Line, String> {
    let mut fields = Fields::new(object);
    let at_us = fields.optional("at_us")?;
    let process = fields.required("process")?;
    let name: String = fields.required("event")?;
    let event = Event::read(&name, &mut fields)?;
    fields.finish()?;
    Ok(Line { at_us, process, event })
}
