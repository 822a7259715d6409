//! What a line of a history says.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use kafkasim_core::ids::{LeaderEpoch, Offset, TopicName};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fields::Fields;
use crate::check::abridged;

/// A partition by its topic's name: `orders-0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The topic.
    pub topic: TopicName,
    /// Its index within the topic, from 0.
    pub partition: i32,
}

/// A key or a value: text, or `{"hex":"00ff"}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub Bytes);

/// A record as a poll returned it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolledRecord {
    /// The partition.
    #[serde(rename = "in")]
    pub partition: Partition,
    /// Its offset there.
    pub offset: Offset,
    /// The epoch of the leader that appended it, if the client tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<LeaderEpoch>,
    /// The value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// What a process called or was told. The format is described in the [module's documentation](super).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[serde(rename_all_fields = "snake_case")]
pub enum Event {
    /// The process starts.
    Start {
        /// The group of its consumer.
        #[serde(skip_serializing_if = "Option::is_none")]
        group: Option<String>,
        /// Whether that commits by itself; said by every member of a group.
        #[serde(skip_serializing_if = "Option::is_none")]
        auto_commit: Option<bool>,
    },
    /// The process is gone.
    Stop,
    /// A send is called.
    Send {
        /// Comes back with the answer.
        id: u64,
        /// The topic.
        topic: TopicName,
        /// The partition, if the application has chosen one.
        #[serde(skip_serializing_if = "Option::is_none")]
        partition: Option<i32>,
        /// The key.
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<Value>,
        /// The value.
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Value>,
    },
    /// A send is acknowledged.
    SendOk {
        /// The send.
        id: u64,
        /// The partition.
        partition: i32,
        /// The offset, if the producer was told.
        #[serde(skip_serializing_if = "Option::is_none")]
        offset: Option<Offset>,
    },
    /// A send failed, and nothing was written.
    SendFail {
        /// The send.
        id: u64,
        /// Why.
        error: String,
    },
    /// A send failed, and may have been written.
    SendInfo {
        /// The send.
        id: u64,
        /// Why.
        error: String,
    },
    /// Partitions are assigned by hand.
    Assign {
        /// The partitions.
        partitions: Vec<Partition>,
    },
    /// Topics are subscribed to.
    Subscribe {
        /// By name.
        #[serde(skip_serializing_if = "Option::is_none")]
        topics: Option<Vec<TopicName>>,
        /// By pattern.
        #[serde(skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
    },
    /// The subscription is given up.
    Unsubscribe,
    /// It was.
    UnsubscribeOk,
    /// A poll is called.
    Poll,
    /// A poll returned.
    PollOk {
        /// The records.
        records: Vec<PolledRecord>,
    },
    /// A poll threw.
    PollFail {
        /// What.
        error: String,
    },
    /// Partitions are paused.
    Pause {
        /// The partitions.
        partitions: Vec<Partition>,
    },
    /// Partitions are resumed.
    Resume {
        /// The partitions.
        partitions: Vec<Partition>,
    },
    /// A position is moved.
    Seek {
        /// The partition.
        #[serde(rename = "in")]
        partition: Partition,
        /// To where.
        offset: Offset,
    },
    /// Positions are moved to the beginning.
    SeekToBeginning {
        /// The partitions.
        partitions: Vec<Partition>,
    },
    /// Positions are moved to the end.
    SeekToEnd {
        /// The partitions.
        partitions: Vec<Partition>,
    },
    /// The consumer is woken up.
    Wakeup,
    /// The rebalance listener is told of partitions in addition.
    Assigned {
        /// The partitions.
        partitions: Vec<Partition>,
    },
    /// The rebalance listener is told of partitions that are given up.
    Revoked {
        /// The partitions.
        partitions: Vec<Partition>,
    },
    /// The rebalance listener is told of partitions that others may have already.
    Lost {
        /// The partitions.
        partitions: Vec<Partition>,
    },
    /// Offsets are to be committed.
    Commit {
        /// Comes back with the answer of a `commitAsync`; a `commitSync` has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// The offsets, or none for the positions.
        #[serde(skip_serializing_if = "Option::is_none")]
        offsets: Option<BTreeMap<Partition, Offset>>,
    },
    /// A commit is acknowledged.
    CommitOk {
        /// The `commitAsync`.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// The offsets.
        offsets: BTreeMap<Partition, Offset>,
    },
    /// A commit failed, and was not carried out.
    CommitFail {
        /// The `commitAsync`.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// Why.
        error: String,
    },
    /// A commit failed, and may have been carried out.
    CommitInfo {
        /// The `commitAsync`.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// Why.
        error: String,
    },
    /// It is asked what is committed.
    Committed {
        /// In which partitions.
        partitions: Vec<Partition>,
    },
    /// What is committed is told.
    CommittedOk {
        /// The offsets; none where nothing is committed.
        offsets: BTreeMap<Partition, Option<Offset>>,
    },
    /// What is committed is not told.
    CommittedFail {
        /// Why.
        error: String,
    },
    /// A position is asked for.
    Position {
        /// The partition.
        #[serde(rename = "in")]
        partition: Partition,
    },
    /// A position is told.
    PositionOk {
        /// The position.
        offset: Offset,
    },
    /// A position is not told.
    PositionFail {
        /// Why.
        error: String,
    },
    /// A client is to be closed.
    Close,
    /// It is.
    CloseOk,
}

/// What `event` may be.
const EVENTS: &str = "start stop send send-ok send-fail send-info assign subscribe unsubscribe unsubscribe-ok poll poll-ok poll-fail pause \
    resume seek seek-to-beginning seek-to-end wakeup assigned revoked lost commit commit-ok commit-fail commit-info committed committed-ok \
    committed-fail position position-ok position-fail close close-ok";

impl Event {
    /// The event of this name, made of these keys.
    pub(super) fn read(name: &str, fields: &mut Fields) -> Result<Self, String> {
        let told = Self::read_client(name, fields).or_else(|| Self::read_consumer(name, fields));
        told.unwrap_or_else(|| Err(super::fields::unknown("event", name, EVENTS.split_whitespace())))
    }

    /// What processes and their producers call and are told.
    fn read_client(name: &str, fields: &mut Fields) -> Option<Result<Self, String>> {
        let mut read = || {
            Ok(Some(match name {
                "start" => Self::Start {
                    group: fields.optional("group")?,
                    auto_commit: fields.optional("auto_commit")?,
                },
                "stop" => Self::Stop,
                "send" => Self::Send {
                    id: fields.required("id")?,
                    topic: fields.required::<String>("topic")?.into(),
                    partition: fields.optional("partition")?,
                    key: fields.optional("key")?,
                    value: fields.optional("value")?,
                },
                "send-ok" => Self::SendOk {
                    id: fields.required("id")?,
                    partition: fields.required("partition")?,
                    offset: fields.optional("offset")?,
                },
                "send-fail" => Self::SendFail {
                    id: fields.required("id")?,
                    error: fields.required("error")?,
                },
                "send-info" => Self::SendInfo {
                    id: fields.required("id")?,
                    error: fields.required("error")?,
                },
                "close" => Self::Close,
                "close-ok" => Self::CloseOk,
                _ => return Ok(None),
            }))
        };
        read().transpose()
    }

    /// What consumers call and are told.
    fn read_consumer(name: &str, fields: &mut Fields) -> Option<Result<Self, String>> {
        let mut read = || {
            let mut partitions = || fields.required("partitions");
            Ok(Some(match name {
                "assign" => Self::Assign {
                    partitions: partitions()?,
                },
                "pause" => Self::Pause {
                    partitions: partitions()?,
                },
                "resume" => Self::Resume {
                    partitions: partitions()?,
                },
                "seek-to-beginning" => Self::SeekToBeginning {
                    partitions: partitions()?,
                },
                "seek-to-end" => Self::SeekToEnd {
                    partitions: partitions()?,
                },
                "assigned" => Self::Assigned {
                    partitions: partitions()?,
                },
                "revoked" => Self::Revoked {
                    partitions: partitions()?,
                },
                "lost" => Self::Lost {
                    partitions: partitions()?,
                },
                "committed" => Self::Committed {
                    partitions: partitions()?,
                },
                "subscribe" => Self::Subscribe {
                    topics: fields.optional("topics")?,
                    pattern: fields.optional("pattern")?,
                },
                "unsubscribe" => Self::Unsubscribe,
                "unsubscribe-ok" => Self::UnsubscribeOk,
                "poll" => Self::Poll,
                "poll-ok" => Self::PollOk {
                    records: fields.required("records")?,
                },
                "poll-fail" => Self::PollFail {
                    error: fields.required("error")?,
                },
                "seek" => Self::Seek {
                    partition: fields.required("in")?,
                    offset: fields.required("offset")?,
                },
                "wakeup" => Self::Wakeup,
                "commit" => Self::Commit {
                    id: fields.optional("id")?,
                    offsets: fields.optional("offsets")?,
                },
                "commit-ok" => Self::CommitOk {
                    id: fields.optional("id")?,
                    offsets: fields.required("offsets")?,
                },
                "commit-fail" => Self::CommitFail {
                    id: fields.optional("id")?,
                    error: fields.required("error")?,
                },
                "commit-info" => Self::CommitInfo {
                    id: fields.optional("id")?,
                    error: fields.required("error")?,
                },
                "committed-ok" => Self::CommittedOk {
                    offsets: fields.required("offsets")?,
                },
                "committed-fail" => Self::CommittedFail {
                    error: fields.required("error")?,
                },
                "position" => Self::Position {
                    partition: fields.required("in")?,
                },
                "position-ok" => Self::PositionOk {
                    offset: fields.required("offset")?,
                },
                "position-fail" => Self::PositionFail {
                    error: fields.required("error")?,
                },
                _ => return Ok(None),
            }))
        };
        read().transpose()
    }
}

impl Partition {
    /// A partition of a topic.
    #[must_use]
    pub fn new(topic: &TopicName, partition: i32) -> Self {
        Self {
            topic: topic.clone(),
            partition,
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once('-').filter(|(topic, _)| !topic.is_empty());
        let read = parts.and_then(|(topic, partition)| Some((topic, partition.parse::<u16>().ok()?)));
        let (topic, partition) =
            read.ok_or_else(|| format!("\"{text}\" is no partition; expected one like \"orders-0\""))?;
        Ok(Self {
            topic: topic.into(),
            partition: i32::from(partition),
        })
    }
}

impl Serialize for Partition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Partition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Bytes as JSON can hold them.
#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields, expecting = "expected a text, or {\"hex\": \"00ff\"}")]
enum Written {
    Text(String),
    Hex { hex: String },
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match std::str::from_utf8(&self.0) {
            Ok(text) => Written::Text(text.to_owned()),
            Err(_) => Written::Hex {
                hex: self.0.iter().map(|byte| format!("{byte:02x}")).collect(),
            },
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Text(text) => Ok(Self(text.into())),
            Written::Hex { hex } => {
                let bytes = unhex(&hex);
                let bytes = bytes.ok_or_else(|| {
                    serde::de::Error::custom(format!("\"{hex}\" are no bytes in hexadecimal digits, two each"))
                })?;
                Ok(Self(bytes.into()))
            }
        }
    }
}

fn unhex(hex: &str) -> Option<Vec<u8>> {
    let digits = hex
        .chars()
        .map(|digit| digit.to_digit(16))
        .collect::<Option<Vec<_>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |[high, low]: &[u32; 2]| u8::try_from(high * 16 + low).ok();
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(abridged(&String::from_utf8_lossy(&self.0)))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_whatever_they_are() {
        for bytes in [&b"text"[..], b"", b"\"\n", &[0xff, 0x00], &[0xc3, 0xa4]] {
            let value = Value(Bytes::copy_from_slice(bytes));
            let json = serde_json::to_string(&value).expect("values can be written");
            assert_eq!(serde_json::from_str::<Value>(&json).expect("and read"), value, "{json}");
        }
        for wrong in ["{\"hex\":\"0\"}", "{\"hex\":\"zz\"}", "7", "{\"hxe\":\"00\"}"] {
            assert!(serde_json::from_str::<Value>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn partitions_are_read_as_they_are_written() {
        for name in ["orders-0", "orders-eu-12"] {
            assert_eq!(name.parse::<Partition>().expect("a partition").to_string(), name);
        }
        for wrong in ["orders", "-0", "orders-", "orders-x", "orders-70000"] {
            assert!(wrong.parse::<Partition>().is_err(), "{wrong}");
        }
    }
}
