//! What the members of a consumer group tell each other through their coordinator, which does not look into it (`ConsumerProtocol`).

use alloc::string::String;
use alloc::vec::Vec;

use bytes::{Buf, BufMut, Bytes};

use super::fields::{Lengths, Malformed, put_bytes, put_length, put_optional_string, put_string};
use crate::ids::{GenerationId, TopicName};

/// The version in which both messages are written. Newer ones are read like this one.
const VERSION: i16 = 3;
/// No version is flexible.
const LENGTHS: Lengths = Lengths::Fixed;

/// What a member wants, and what it had.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subscription {
    /// The topics that it wants to read.
    pub topics: Vec<TopicName>,
    /// What its assignor wants to be told.
    pub user_data: Option<Bytes>,
    /// The partitions that it has.
    pub owned_partitions: Vec<(TopicName, i32)>,
    /// The generation in which it was given them, or -1 (KIP-792).
    pub generation_id: GenerationId,
}

/// What a member gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Assignment {
    /// The partitions.
    pub partitions: Vec<(TopicName, i32)>,
    /// What its assignor is told.
    pub user_data: Option<Bytes>,
}

impl Subscription {
    /// As Kafka's client writes it: in order of names and numbers.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::new();
        out.put_i16(VERSION);
        let mut topics = self.topics.clone();
        topics.sort_unstable();
        put_length(&mut out, topics.len());
        topics.iter().for_each(|topic| put_string(&mut out, topic));
        put_user_data(&mut out, self.user_data.as_ref());
        let mut owned = self.owned_partitions.clone();
        owned.sort_unstable();
        put_partitions(&mut out, &owned);
        out.put_i32(self.generation_id.0);
        put_optional_string(&mut out, None);
        out.into()
    }

    /// Reads any version.
    pub fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        let mut bytes = bytes.clone();
        let version = version(&mut bytes)?;
        let topics = LENGTHS.array(&mut bytes, |bytes| LENGTHS.string(bytes))?;
        let user_data = LENGTHS.optional_bytes(&mut bytes)?;
        let owned_partitions = if version >= 1 {
            partitions(&mut bytes)?
        } else {
            Vec::new()
        };
        let generation_id = if version >= 2 {
            GenerationId(bytes.try_get_i32()?)
        } else {
            GenerationId::NONE
        };
        if version >= 3 {
            // Nothing here depends on racks.
            LENGTHS.optional_string(&mut bytes)?;
        }
        Ok(Self {
            topics: topics.into_iter().map(TopicName::from).collect(),
            user_data,
            owned_partitions,
            generation_id,
        })
    }
}

impl Assignment {
    /// As Kafka's client writes it: in order of the first partition of each topic.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::new();
        out.put_i16(VERSION);
        put_partitions(&mut out, &self.partitions);
        put_user_data(&mut out, self.user_data.as_ref());
        out.into()
    }

    /// Reads any version. Whoever gets nothing at all gets no bytes.
    pub fn decode(bytes: &Bytes) -> Result<Self, Malformed> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let mut bytes = bytes.clone();
        version(&mut bytes)?;
        Ok(Self {
            partitions: partitions(&mut bytes)?,
            user_data: LENGTHS.optional_bytes(&mut bytes)?,
        })
    }
}

/// The topics of a subscription, if it can be read.
#[must_use]
pub fn subscribed_topics(subscription: &Bytes) -> Option<Vec<TopicName>> {
    Subscription::decode(subscription)
        .ok()
        .map(|subscription| subscription.topics)
}

fn version(bytes: &mut Bytes) -> Result<i16, Malformed> {
    match bytes.try_get_i16()? {
        version if version < 0 => Err(Malformed),
        version => Ok(version),
    }
}

fn put_user_data(out: &mut Vec<u8>, data: Option<&Bytes>) {
    match data {
        None => out.put_i32(-1),
        Some(data) => put_bytes(out, data),
    }
}

/// Partitions by topic, in the order in which the topics first come up.
pub(crate) fn put_partitions(out: &mut Vec<u8>, partitions: &[(TopicName, i32)]) {
    let mut by_topic: Vec<(&TopicName, Vec<i32>)> = Vec::new();
    for (topic, partition) in partitions {
        match by_topic.iter_mut().find(|(known, _)| *known == topic) {
            Some((_, partitions)) => partitions.push(*partition),
            None => by_topic.push((topic, Vec::from([*partition]))),
        }
    }
    put_length(out, by_topic.len());
    for (topic, partitions) in by_topic {
        put_string(out, topic);
        put_length(out, partitions.len());
        partitions.into_iter().for_each(|partition| out.put_i32(partition));
    }
}

/// Partitions by topic.
pub(crate) fn partitions(bytes: &mut Bytes) -> Result<Vec<(TopicName, i32)>, Malformed> {
    let by_topic: Vec<(String, Vec<i32>)> = LENGTHS.array(bytes, |bytes| {
        let topic = LENGTHS.string(bytes)?;
        Ok((topic, LENGTHS.array(bytes, |bytes| Ok(bytes.try_get_i32()?))?))
    })?;
    let flattened = by_topic.into_iter().flat_map(|(topic, partitions)| {
        let topic = TopicName::from(topic);
        partitions.into_iter().map(move |partition| (topic.clone(), partition))
    });
    Ok(flattened.collect())
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn subscriptions_are_written_in_order_and_read_back() {
        let subscription = |topics: [&str; 2], owned: [i32; 2]| Subscription {
            topics: topics.map(TopicName::from).into(),
            user_data: Some(Bytes::from_static(b"x")),
            owned_partitions: owned.map(|partition| (TopicName::from("a"), partition)).into(),
            generation_id: GenerationId(4),
        };
        let bytes = subscription(["b", "a"], [2, 1]).encode();
        assert_eq!(Subscription::decode(&bytes), Ok(subscription(["a", "b"], [1, 2])));
        assert_eq!(subscribed_topics(&bytes), Some(vec!["a".into(), "b".into()]));
        assert_eq!(Subscription::decode(&bytes.slice(..bytes.len() - 1)), Err(Malformed));
    }

    #[test]
    fn assignments_are_written_and_read_back() {
        let assignment = Assignment {
            partitions: vec![("b".into(), 1), ("b".into(), 0), ("a".into(), 2)],
            user_data: None,
        };
        assert_eq!(Assignment::decode(&assignment.encode()), Ok(assignment));
        assert_eq!(Assignment::decode(&Bytes::new()), Ok(Assignment::default()));
    }
}
