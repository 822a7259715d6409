//! The words that conversations are made of.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::error::ErrorCode;
use crate::ids::{
    Generation, LeaderEpoch, NodeId, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp, TopicId, TopicPartition,
};
use crate::machine::{ConnectionId, Lane};
use crate::record::{Batch, BatchBuilder, Compressor};
use crate::timer::{GroupTimer, Timer};

/// The words of a line.
pub(super) struct Words<'a> {
    pub(super) plain: Vec<&'a str>,
    pub(super) named: BTreeMap<&'a str, &'a str>,
}

impl<'a> Words<'a> {
    pub(super) fn of(line: &'a str) -> Self {
        let (named, plain): (Vec<&str>, Vec<&str>) = line.split_whitespace().partition(|word| word.contains('='));
        Self {
            plain,
            named: named.iter().filter_map(|word| word.split_once('=')).collect(),
        }
    }

    pub(super) fn number(&self, name: &str, otherwise: i64) -> i64 {
        self.named
            .get(name)
            .map_or(otherwise, |word| word.parse().expect("a number"))
    }

    pub(super) fn epoch(&self, name: &str) -> LeaderEpoch {
        LeaderEpoch(i32::try_from(self.number(name, -1)).expect("an epoch"))
    }

    pub(super) fn error(&self, name: &str) -> ErrorCode {
        self.named.get(name).map_or(ErrorCode::None, |word| error(word))
    }

    pub(super) fn nodes(&self, name: &str) -> Vec<NodeId> {
        self.named
            .get(name)
            .map_or_else(Vec::new, |word| word.split(',').map(node).collect())
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.plain.contains(&word)
    }
}

pub(super) fn connection(peer: NodeId, lane: Lane) -> ConnectionId {
    ConnectionId {
        peer,
        lane,
        generation: Generation(0),
    }
}

pub(super) fn client(name: &str) -> ConnectionId {
    let number: i32 = name
        .strip_prefix('c')
        .expect("a client is c and its number")
        .parse()
        .expect("a number");
    connection(NodeId(100 + number), Lane::Client)
}

pub(super) fn node(word: &str) -> NodeId {
    NodeId(word.parse().expect("a node"))
}

pub(super) fn lane(word: &str) -> Lane {
    let lanes = [
        Lane::Client,
        Lane::Replica,
        Lane::Metadata,
        Lane::Lifecycle,
        Lane::AlterPartition,
        Lane::Forwarding,
    ];
    lanes
        .into_iter()
        .find(|lane| alloc::format!("{lane:?}") == word)
        .expect("a lane")
}

pub(super) fn partition(word: &str) -> TopicPartition {
    if word == "metadata" {
        return TopicPartition::CLUSTER_METADATA;
    }
    let (topic, index) = word
        .strip_prefix('t')
        .and_then(|word| word.split_once('-'))
        .expect("a partition");
    TopicPartition {
        topic: TopicId(topic.parse().expect("a topic")),
        partition: index.parse().expect("an index"),
    }
}

pub(super) fn error(word: &str) -> ErrorCode {
    let mut known = (-1..200).filter_map(ErrorCode::from_code);
    known.find(|error| error.name() == word).expect("an error")
}

pub(super) fn timer(words: &Words<'_>) -> Timer {
    let wait = |word: &str| {
        if word.starts_with('c') {
            client(word)
        } else {
            connection(node(word), Lane::Replica)
        }
    };
    let of_group = |timer| Timer::Group { partition: 0, timer };
    match words.plain[..] {
        ["heartbeat"] => Timer::Heartbeat,
        ["registration"] => Timer::RegistrationBackoff,
        ["metadata"] => Timer::MetadataFetchBackoff,
        ["checkpoint"] => Timer::HighWatermarkCheckpoint,
        ["lag", at, follower] => Timer::ReplicaLag {
            partition: partition(at),
            follower: node(follower),
        },
        ["alter", at] => Timer::AlterPartitionBackoff {
            partition: partition(at),
        },
        ["fetch", leader] => Timer::ReplicaFetchBackoff { leader: node(leader) },
        ["fetch-wait", from] => Timer::FetchWait { connection: wait(from) },
        ["cleaner"] => Timer::LogCleaner,
        ["expiration"] => Timer::ProducerExpiration,
        ["starts"] => Timer::LogStartCheckpoint,
        ["delete-wait", from] => Timer::DeleteRecordsWait { connection: wait(from) },
        ["load"] => of_group(GroupTimer::Load),
        ["session", member] => of_group(GroupTimer::Session {
            group: 0,
            member: member.parse().expect("a number"),
        }),
        ["delay"] => of_group(GroupTimer::InitialDelay { group: 0 }),
        ["joins"] => of_group(GroupTimer::Join { group: 0 }),
        ["syncs"] => of_group(GroupTimer::Sync { group: 0 }),
        ["write", number] => of_group(GroupTimer::Write {
            number: number.parse().expect("a number"),
        }),
        ["forget"] => of_group(GroupTimer::Expiration),
        ["produce-wait", from] => Timer::ProduceWait { connection: wait(from) },
        ["reconnect", peer, on] => Timer::ReconnectBackoff {
            peer: node(peer),
            lane: lane(on),
        },
        ["timeout", peer, on] => Timer::RequestTimeout {
            connection: connection(node(peer), lane(on)),
            slot: 0,
        },
        _ => panic!("no such timer: {:?}", words.plain),
    }
}

/// `0-1:e0` is a batch of two records from epoch 0; with `!` at the end it is broken.
pub(super) fn replicated(word: &str) -> Batch {
    let (range, epoch) = word.split_once(":e").expect("FROM-TO:eEPOCH");
    let (from, to) = range.split_once('-').expect("FROM-TO");
    let (from, to): (i64, i64) = (from.parse().expect("an offset"), to.parse().expect("an offset"));
    let values: Vec<String> = (from..=to).map(|offset| format!("v{offset}")).collect();
    let batch = batch(values.iter().map(String::as_str), None, Compressor::default());
    let epoch_number = epoch.trim_end_matches('!').parse().expect("an epoch");
    let batch = batch.at(Offset(from), LeaderEpoch(epoch_number));
    if epoch.ends_with('!') { batch.rotten(3) } else { batch }
}

pub(super) fn batch<'a>(
    values: impl Iterator<Item = &'a str>,
    producer: Option<(ProducerId, ProducerEpoch, Sequence)>,
    compressor: Compressor,
) -> Batch {
    let mut builder = BatchBuilder::new();
    for value in values {
        builder.append(Timestamp(10), None, Some(Bytes::copy_from_slice(value.as_bytes())), &[]);
    }
    builder.build_compressed(producer, compressor)
}
