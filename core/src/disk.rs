//! What a process finds on its disk when it starts, and what it writes there.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::ids::{BrokerEpoch, DiskToken, LeaderEpoch, Offset, TopicPartition};
use crate::log::ProducerStates;
use crate::record::Batch;

/// Everything on one process's disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DiskImage {
    /// One log directory per partition.
    pub logs: BTreeMap<TopicPartition, LogImage>,
    /// `replication-offset-checkpoint`: the high watermarks as last written down.
    pub high_watermarks: BTreeMap<TopicPartition, Offset>,
    /// `log-start-offset-checkpoint`: where logs begin that begin within their first segment, as last written down.
    pub log_starts: BTreeMap<TopicPartition, Offset>,
    /// `.kafka_cleanshutdown`: there only after an orderly shutdown, with the epoch of that registration (KIP-966).
    pub clean_shutdown: Option<BrokerEpoch>,
}

/// The files of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogImage {
    /// The segments' contents, as found: the last batch may be torn and any may have rotted, which its CRC tells.
    pub batches: Vec<Batch>,
    /// The segments, by their names, oldest first: all but the one that every log begins with, at offset 0.
    pub segments: Vec<Segment>,
    /// `leader-epoch-checkpoint`.
    pub epochs: Vec<EpochEntry>,
}

impl LogImage {
    /// Where the first segment begins. One that has begun at offset 0 is not in the list, but its batches are there.
    #[must_use]
    pub fn base(&self) -> Offset {
        crate::log::base_of_first(&self.segments, &self.batches)
    }

    /// The offset after the last batch, or where the last segment begins.
    #[must_use]
    pub fn end(&self) -> Offset {
        self.batches.last().map_or_else(|| self.base(), Batch::next_offset)
    }
}

/// One file of a log, and the snapshot of the producers' states that was taken when it was begun.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// Its name: the offset of its first record, or of the first that it would have.
    pub base: Offset,
    /// What was known of producers before that (`.snapshot`).
    pub producers: ProducerStates,
}

/// The first offset of a leader epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochEntry {
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// Its first offset.
    pub start_offset: Offset,
}

/// A write takes effect in the page cache at the end of the step; only a sync completes later. Checkpoint files are replaced
/// atomically and are durable at once, as Kafka forces them; a log's unsynced tail can be lost to a power failure.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DiskOp {
    /// Create an empty log, if there is none.
    CreateLog(TopicPartition),
    /// Remove a log with all its files.
    DeleteLog(TopicPartition),
    /// Append to a log.
    Append {
        /// The log.
        log: TopicPartition,
        /// What, with its final base offset and leader epoch.
        batch: Batch,
    },
    /// Remove every batch that has an offset at or beyond `to`.
    Truncate {
        /// The log.
        log: TopicPartition,
        /// The new end.
        to: Offset,
    },
    /// Begin another segment at the log's end.
    Roll {
        /// The log.
        log: TopicPartition,
        /// The segment.
        segment: Segment,
    },
    /// Remove every segment before the one that begins at `to`.
    DeleteSegments {
        /// The log.
        log: TopicPartition,
        /// The new first segment.
        to: Offset,
    },
    /// Replace everything before `to` by what a cleaner has left of it, which it has forced to the platter beforehand.
    Compact {
        /// The log.
        log: TopicPartition,
        /// Where a segment begins.
        to: Offset,
        /// What is left.
        batches: Vec<Batch>,
        /// All segments that there are now.
        segments: Vec<Segment>,
    },
    /// Remove every segment, and begin anew with an empty one.
    StartAnew {
        /// The log.
        log: TopicPartition,
        /// Where.
        at: Offset,
    },
    /// Replace `leader-epoch-checkpoint`.
    WriteEpochs {
        /// The log.
        log: TopicPartition,
        /// All entries.
        entries: Vec<EpochEntry>,
    },
    /// Replace `replication-offset-checkpoint`.
    WriteHighWatermarks(BTreeMap<TopicPartition, Offset>),
    /// Replace `log-start-offset-checkpoint`.
    WriteLogStarts(BTreeMap<TopicPartition, Offset>),
    /// Force a log to the platter; [`crate::machine::Input::Synced`] follows.
    Sync {
        /// The log.
        log: TopicPartition,
        /// Comes back with the answer.
        token: DiskToken,
    },
    /// Write the clean-shutdown marker (all logs are forced first).
    MarkCleanShutdown(BrokerEpoch),
    /// Remove the clean-shutdown marker, first thing after a start.
    ClearCleanShutdown,
}

/// Why a disk operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskError {
    /// The device reported an error; a broker takes the log directory offline (KIP-112).
    Storage,
}
