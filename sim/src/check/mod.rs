//! Every promise is a sentence with a monitor, a `reached` partner and an exhibit that breaks it.
//!
//! Monitors watch events as they come, together with the world as it is after them. What they remember is part of the world and of its fingerprint, so
//! that an explorer that skips equal worlds cannot skip the path on which a violation comes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::setup::Setup;
use crate::world::{Event, World};

/// What Kafka promises, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// An acknowledged record is read by everybody who reads that far.
    LostWrite,
    /// A record is in the log once.
    Duplicate,
    /// An offset holds one record for ever.
    InconsistentOffsets,
    /// What one producer sends to one partition, in one order, is there in that order.
    NonmonotonicSend,
    /// A consumer skips nothing.
    PollSkip,
    /// A consumer does not go back.
    NonmonotonicPoll,
    /// What was acknowledged is read in the end.
    Unseen,
    /// R1: whoever may be elected has every committed record.
    CandidateCompleteness,
    /// R2: a new leader has every acknowledged record.
    LeaderCompleteness,
    /// R3: logs agree below their high watermarks.
    LogMatching,
    /// R4: the leader's maximal in-sync replicas contain those of the controller.
    QuorumSuperset,
    /// R5: nobody reads beyond the high watermark, and what was read stays.
    ConsistentRead,
    /// R7: one leader per epoch, and epochs only grow.
    SingleLeader,
    /// R8: an acknowledged record exists somewhere.
    AcknowledgedExists,
    /// R9: the epoch cache agrees with the log.
    EpochCache,
    /// P3: an acknowledged offset holds exactly what was sent, in the topic that it was sent to.
    AcknowledgedPayload,
    /// P4: each send completes once, in time, and bounds are kept.
    SendCompletion,
    /// Everything that may finish does finish once enough is healed.
    Liveness,
}

/// A promise was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// Which.
    pub promise: Promise,
    /// Whether that is an error.
    pub verdict: Verdict,
    /// What was seen, in words, naming partition, offsets and values.
    pub message: String,
}

/// Whether an anomaly is an error under the configuration in use.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Kafka promises that this cannot happen.
    Violated,
    /// The configuration does not cover a step that this run contains.
    Allowed {
        /// The configuration key responsible, with its value.
        because: String,
    },
}
