//! What things are called in a history: partitions, and the values that tell records apart.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use kafkasim_core::ids::TopicName;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
