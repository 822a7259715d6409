//! What a consumer says, as text, and whether it keeps its promises under every interleaving.

mod brokers;
mod conversation;
mod fetching;
mod group_language;
mod groups;
mod interleavings;
mod language;
mod lookup;
mod positions;
mod steering;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::assignor::Assignor;
use crate::config::{AutoOffsetReset, ConsumerConfig};
use crate::ids::{LeaderEpoch, NodeId, Offset, Timestamp};
use crate::machine::Context;
use crate::message::IsolationLevel;
use crate::record::{Batch, BatchBuilder};
use crate::rules::Rules;

fn config() -> ConsumerConfig {
    ConsumerConfig {
        bootstrap_servers: [NodeId(1), NodeId(2)].into(),
        client_id: String::new(),
        group_id: None,
        group_instance_id: None,
        partition_assignment_strategy: [Assignor::Range, Assignor::CooperativeSticky].into(),
        session_timeout_ms: 45_000,
        heartbeat_interval_ms: 3000,
        max_poll_interval_ms: 300_000,
        enable_auto_commit: false,
        auto_commit_interval_ms: 5000,
        auto_offset_reset: AutoOffsetReset::Earliest,
        isolation_level: IsolationLevel::ReadUncommitted,
        fetch_min_bytes: 1,
        fetch_max_wait_ms: 500,
        fetch_max_bytes: 50 << 20,
        max_partition_fetch_bytes: 1 << 20,
        max_poll_records: 500,
        check_crcs: true,
        retry_backoff_ms: 100,
        retry_backoff_max_ms: 1000,
        reconnect_backoff_ms: 50,
        reconnect_backoff_max_ms: 1000,
        request_timeout_ms: 30_000,
        default_api_timeout_ms: 60_000,
        metadata_max_age_ms: 300_000,
    }
}

/// The same in a group, without commits of its own.
fn member() -> ConsumerConfig {
    ConsumerConfig {
        group_id: Some("g".into()),
        ..config()
    }
}

/// The same, but what was read is committed by itself.
fn auto() -> ConsumerConfig {
    ConsumerConfig {
        enable_auto_commit: true,
        ..member()
    }
}

/// A static member.
fn static_member() -> ConsumerConfig {
    ConsumerConfig {
        group_instance_id: Some("i".into()),
        ..member()
    }
}

/// A member that keeps what it has while it joins.
fn cooperative() -> ConsumerConfig {
    ConsumerConfig {
        partition_assignment_strategy: [Assignor::CooperativeSticky].into(),
        ..member()
    }
}

fn context(config: &ConsumerConfig) -> Context<'_, ConsumerConfig> {
    Context {
        node: NodeId(9),
        config,
        rules: &Rules::CURRENT,
        wall_clock: Timestamp(0),
    }
}

/// The value that every record at this offset has.
fn value_at(offset: i64) -> Bytes {
    Bytes::from(format!("v{offset}"))
}

/// A batch with one record at each of these offsets.
fn batch(first: i64, last: i64, epoch: i32) -> Batch {
    let mut builder = BatchBuilder::new();
    for offset in first..=last {
        builder.append(Timestamp(offset), None, Some(value_at(offset)), &[]);
    }
    builder.build(None).at(Offset(first), LeaderEpoch(epoch))
}

/// A transaction marker.
fn control_batch(offset: i64, epoch: i32) -> Batch {
    const ATTRIBUTES_AT: usize = 21;
    let mut bytes: Vec<u8> = batch(offset, offset, epoch).encode().to_vec();
    bytes[ATTRIBUTES_AT + 1] |= 0x20;
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI).checksum(&bytes[ATTRIBUTES_AT..]);
    bytes[ATTRIBUTES_AT - 4..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
    let (batch, _) = Batch::decode(&bytes.into()).expect("it was a batch before the control bit was set");
    assert!(batch.is_control() && batch.verify().is_ok(), "a control batch was made");
    batch
}
