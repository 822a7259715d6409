//! What happens to a disk, other than that its machine loses power.

use std::fmt;

use kafkasim_core::ids::TopicPartition;
use serde::{Deserialize, Serialize};

/// One thing that happens to a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiskFault {
    /// The process is down, and somebody puts an empty disk in place of its own (KIP-858, KIP-903).
    Wiped,
    /// The process has stopped uncleanly, and its checkpoints are older than its logs: those of the high watermarks and the log starts are not there at all, and those
    /// of the leader epochs have only so many entries.
    StaleCheckpoints {
        /// How many entries each `leader-epoch-checkpoint` still has, at most.
        epochs: u32,
    },
    /// The process is down, and one bit of one batch flips.
    Rotten {
        /// The log.
        log: TopicPartition,
        /// Which of its batches, from 0.
        batch: u32,
        /// Which bit of its records, counted around.
        bit: u32,
    },
    /// No more can be appended to any log; of the batch that is refused, so many bytes get there.
    Full {
        /// How many bytes of the refused batch's body are on the disk, at most; 0 is nothing of it.
        torn_bytes: u32,
    },
    /// There is room again.
    Freed,
}

impl fmt::Display for DiskFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wiped => f.write_str("wiped"),
            Self::StaleCheckpoints { epochs } => write!(f, "has stale checkpoints, {epochs} epochs"),
            Self::Rotten { log, batch, bit } => write!(f, "rots at bit {bit} of {log}'s batch {batch}"),
            Self::Full { torn_bytes: 0 } => f.write_str("full"),
            Self::Full { torn_bytes } => write!(f, "full, but for {torn_bytes} B"),
            Self::Freed => f.write_str("has room"),
        }
    }
}
