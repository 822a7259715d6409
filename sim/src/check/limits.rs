//! Consumers get no more at a time than they ask for (C6): max.poll.records, max.partition.fetch.bytes, fetch.max.bytes.

use kafkasim_core::ids::{NodeId, TopicPartition};

use super::view::View;
use super::{Finding, Promise, Scene, Verdict};

/// A poll returned so many records.
pub(super) fn polled(view: &dyn View, reader: NodeId, records: usize) -> Option<Finding> {
    let most = view.consumer(reader)?.max_poll_records;
    (records > most).then(|| {
        let reader = view.name(reader);
        violated(format!(
            "{reader} is given {records} records by one poll, with max.poll.records={most}"
        ))
    })
}

/// A consumer was sent several batches that are together larger than it allows, of a partition or of all.
pub(super) fn fetched_too_much(
    scene: &Scene<'_>,
    reader: NodeId,
    partition: Option<TopicPartition>,
    bytes: usize,
) -> Finding {
    let reader = scene.name(reader);
    violated(match partition {
        Some(partition) => {
            let whose = scene.truth.name(partition);
            format!("{whose}: {reader} is sent {bytes} bytes at once, more than max.partition.fetch.bytes")
        }
        None => format!("{reader} is sent {bytes} bytes at once, more than fetch.max.bytes"),
    })
}

fn violated(message: String) -> Finding {
    Finding::new(Promise::ConsumerLimits, Verdict::Violated, message)
}
