//! The records of `__consumer_offsets`, byte for byte as Kafka 4.1 writes those of classic groups.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::{Buf, BufMut, Bytes};

use super::fields::{
    Lengths, Malformed, put_bytes, put_compact_string, put_length, put_no_tags, put_optional_string, put_string,
};
use crate::ids::{GenerationId, GroupId, InstanceId, LeaderEpoch, MemberId, Offset, Timestamp, TopicName};

/// The version of `OffsetCommitKey`. Version 0 is the same.
const OFFSET_COMMIT_KEY: i16 = 1;
/// The version of `GroupMetadataKey`.
const GROUP_METADATA_KEY: i16 = 2;
/// The version in which a commit is written, the first flexible one.
const OFFSET_COMMIT_VALUE: i16 = 4;
/// The version in which a generation is written, the last that is not flexible.
const GROUP_METADATA_VALUE: i16 = 3;
/// The first flexible version of both values, and the last that is read.
const FLEXIBLE: i16 = 4;

/// One record. Without a value, what it names is forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GroupRecord {
    /// How far a group has come.
    OffsetCommit {
        /// The group.
        group: GroupId,
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: i32,
        /// How far.
        value: Option<CommittedOffset>,
    },
    /// Who is in a group.
    GroupMetadata {
        /// The group.
        group: GroupId,
        /// Who.
        value: Option<GroupMetadata>,
    },
}

/// How far a group has come in a partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommittedOffset {
    /// The offset of the next record to be read.
    pub offset: Offset,
    /// The leader epoch of the last record that was read, or -1.
    pub leader_epoch: LeaderEpoch,
    /// Whatever came with the commit.
    pub metadata: String,
    /// When it was committed.
    pub commit_timestamp: Timestamp,
}

/// A generation of a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupMetadata {
    /// `consumer`, or empty.
    pub protocol_type: String,
    /// The generation.
    pub generation: GenerationId,
    /// The assignor.
    pub protocol: Option<String>,
    /// Who assigns the partitions.
    pub leader: Option<MemberId>,
    /// Since when it has been in its state.
    pub current_state_timestamp: Option<Timestamp>,
    /// Its members.
    pub members: Vec<GroupMember>,
}

/// A member of a generation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupMember {
    /// Its id.
    pub member_id: MemberId,
    /// What a static member calls itself.
    pub group_instance_id: Option<InstanceId>,
    /// What its client calls itself.
    pub client_id: String,
    /// Where its client is.
    pub client_host: String,
    /// How long it is waited for in a rebalance, in milliseconds.
    pub rebalance_timeout_ms: i32,
    /// How long it may be silent, in milliseconds.
    pub session_timeout_ms: i32,
    /// What the assignor has to know of it.
    pub subscription: Bytes,
    /// Its partitions.
    pub assignment: Bytes,
}

impl GroupRecord {
    /// The key and the value of the record.
    #[must_use]
    pub fn encode(&self) -> (Bytes, Option<Bytes>) {
        let mut key = Vec::new();
        match self {
            Self::OffsetCommit {
                group,
                topic,
                partition,
                value,
            } => {
                key.put_i16(OFFSET_COMMIT_KEY);
                put_string(&mut key, group);
                put_string(&mut key, topic);
                key.put_i32(*partition);
                (key.into(), value.as_ref().map(CommittedOffset::encode))
            }
            Self::GroupMetadata { group, value } => {
                key.put_i16(GROUP_METADATA_KEY);
                put_string(&mut key, group);
                (key.into(), value.as_ref().map(GroupMetadata::encode))
            }
        }
    }

    /// Reads a record of any version that Kafka 4.1 reads. Passed over is what no request of ours can ask for: when a single commit is
    /// to expire (version 1), the topic's id (a tag of version 4), and tags that nobody knows yet.
    pub fn decode(key: &Bytes, value: Option<&Bytes>) -> Result<Self, Malformed> {
        let mut key = key.clone();
        match key.try_get_i16()? {
            0 | OFFSET_COMMIT_KEY => Ok(Self::OffsetCommit {
                group: Lengths::Fixed.string(&mut key)?.into(),
                topic: Lengths::Fixed.string(&mut key)?.into(),
                partition: key.try_get_i32()?,
                value: value.map(CommittedOffset::decode).transpose()?,
            }),
            GROUP_METADATA_KEY => Ok(Self::GroupMetadata {
                group: Lengths::Fixed.string(&mut key)?.into(),
                value: value.map(GroupMetadata::decode).transpose()?,
            }),
            _ => Err(Malformed),
        }
    }
}

impl CommittedOffset {
    fn encode(&self) -> Bytes {
        let mut out = Vec::new();
        out.put_i16(OFFSET_COMMIT_VALUE);
        out.put_i64(self.offset.0);
        out.put_i32(self.leader_epoch.0);
        put_compact_string(&mut out, &self.metadata);
        out.put_i64(self.commit_timestamp.0);
        put_no_tags(&mut out);
        out.into()
    }

    fn decode(value: &Bytes) -> Result<Self, Malformed> {
        let mut bytes = value.clone();
        let (version, lengths) = version_of(&mut bytes)?;
        let offset = Offset(bytes.try_get_i64()?);
        let leader_epoch = if version >= 3 {
            LeaderEpoch(bytes.try_get_i32()?)
        } else {
            LeaderEpoch::NONE
        };
        let metadata = lengths.string(&mut bytes)?;
        let commit_timestamp = Timestamp(bytes.try_get_i64()?);
        if version == 1 {
            let _expire_timestamp = bytes.try_get_i64()?;
        }
        lengths.skip_tags(&mut bytes)?;
        Ok(Self {
            offset,
            leader_epoch,
            metadata,
            commit_timestamp,
        })
    }
}

impl GroupMetadata {
    fn encode(&self) -> Bytes {
        let mut out = Vec::new();
        out.put_i16(GROUP_METADATA_VALUE);
        put_string(&mut out, &self.protocol_type);
        out.put_i32(self.generation.0);
        put_optional_string(&mut out, self.protocol.as_deref());
        put_optional_string(&mut out, self.leader.as_deref());
        out.put_i64(self.current_state_timestamp.unwrap_or(Timestamp::NONE).0);
        put_length(&mut out, self.members.len());
        for member in &self.members {
            put_string(&mut out, &member.member_id);
            put_optional_string(&mut out, member.group_instance_id.as_deref());
            put_string(&mut out, &member.client_id);
            put_string(&mut out, &member.client_host);
            out.put_i32(member.rebalance_timeout_ms);
            out.put_i32(member.session_timeout_ms);
            put_bytes(&mut out, &member.subscription);
            put_bytes(&mut out, &member.assignment);
        }
        out.into()
    }

    fn decode(value: &Bytes) -> Result<Self, Malformed> {
        let mut bytes = value.clone();
        let (version, lengths) = version_of(&mut bytes)?;
        let protocol_type = lengths.string(&mut bytes)?;
        let generation = GenerationId(bytes.try_get_i32()?);
        let protocol = lengths.optional_string(&mut bytes)?;
        let leader = lengths.optional_string(&mut bytes)?.map(MemberId::from);
        let since = if version >= 2 { bytes.try_get_i64()? } else { -1 };
        let members = lengths.array(&mut bytes, |bytes| GroupMember::decode(bytes, version, lengths))?;
        lengths.skip_tags(&mut bytes)?;
        Ok(Self {
            protocol_type,
            generation,
            protocol,
            leader,
            current_state_timestamp: Some(Timestamp(since)).filter(|since| *since != Timestamp::NONE),
            members,
        })
    }
}

impl GroupMember {
    fn decode(bytes: &mut Bytes, version: i16, lengths: Lengths) -> Result<Self, Malformed> {
        let member_id = lengths.string(bytes)?.into();
        let group_instance_id = if version >= 3 {
            lengths.optional_string(bytes)?
        } else {
            None
        };
        let client_id = lengths.string(bytes)?;
        let client_host = lengths.string(bytes)?;
        let rebalance_timeout = if version >= 1 { Some(bytes.try_get_i32()?) } else { None };
        let session_timeout_ms = bytes.try_get_i32()?;
        let subscription = lengths.optional_bytes(bytes)?.ok_or(Malformed)?;
        let assignment = lengths.optional_bytes(bytes)?.ok_or(Malformed)?;
        lengths.skip_tags(bytes)?;
        Ok(Self {
            member_id,
            group_instance_id: group_instance_id.map(InstanceId::from),
            client_id,
            client_host,
            // Who was written before there was one is waited for as long as it may be silent.
            rebalance_timeout_ms: rebalance_timeout.filter(|ms| *ms != -1).unwrap_or(session_timeout_ms),
            session_timeout_ms,
            subscription,
            assignment,
        })
    }
}

/// The version of a value, and how lengths are written in it.
fn version_of(bytes: &mut Bytes) -> Result<(i16, Lengths), Malformed> {
    match bytes.try_get_i16()? {
        FLEXIBLE => Ok((FLEXIBLE, Lengths::Compact)),
        version if (0..FLEXIBLE).contains(&version) => Ok((version, Lengths::Fixed)),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    fn check(record: &GroupRecord) {
        let (key, value) = record.encode();
        assert_eq!(GroupRecord::decode(&key, value.as_ref()).as_ref(), Ok(record));
    }

    #[test]
    fn what_is_written_is_read() {
        let member = GroupMember {
            member_id: "c-1".into(),
            group_instance_id: Some("i".into()),
            client_id: "c".into(),
            client_host: "/h".into(),
            rebalance_timeout_ms: 300_000,
            session_timeout_ms: 45_000,
            subscription: Bytes::from_static(b"s"),
            assignment: Bytes::new(),
        };
        let metadata = GroupMetadata {
            protocol_type: "consumer".into(),
            generation: GenerationId(3),
            protocol: Some("range".into()),
            leader: Some("c-1".into()),
            current_state_timestamp: Some(Timestamp(5)),
            members: vec![member],
        };
        let group: GroupId = "g".into();
        for value in [None, Some(metadata)] {
            let group = group.clone();
            check(&GroupRecord::GroupMetadata { group, value });
        }
        let committed = CommittedOffset {
            offset: Offset(7),
            leader_epoch: LeaderEpoch(2),
            metadata: "m".into(),
            commit_timestamp: Timestamp(9),
        };
        for value in [None, Some(committed)] {
            check(&GroupRecord::OffsetCommit {
                group: group.clone(),
                topic: "t".into(),
                partition: 1,
                value,
            });
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_reading_panic(
            key in prop::collection::vec(any::<u8>(), 0..40),
            value in prop::collection::vec(any::<u8>(), 0..80),
            versions in (0_u8..5, 0_u8..6),
        ) {
            let with = |version: u8, rest: Vec<u8>| Bytes::from([vec![0, version], rest].concat());
            let _ = GroupRecord::decode(&with(versions.0, key.clone()), Some(&with(versions.1, value.clone())));
            let _ = GroupRecord::decode(&key.into(), Some(&value.into()));
        }
    }
}
