//! What became true, for the monitors whose business it is.

use std::sync::Arc;

use kafkasim_core::ids::{NodeId, Offset, TopicId, TopicName, TopicPartition};
use kafkasim_core::metadata::PartitionImage;

use super::super::Verdict;
use super::CommittedBatch;
use crate::fingerprint::Fingerprint;

/// What an event changes about the truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The controller has committed another batch of its log.
    MetadataCommitted {
        /// Where it ends.
        to: Offset,
        /// What the log shows up to there.
        image: Fingerprint,
    },
    /// The controller decided something about a partition.
    Registered {
        /// The partition.
        partition: TopicPartition,
        /// What was so far, if it existed.
        old: Option<Box<PartitionImage>>,
        /// What is now.
        new: Box<PartitionImage>,
    },
    /// The controller counts on replicas from now on that are fenced or shut down.
    Inactive {
        /// The partition.
        partition: TopicPartition,
        /// The replicas.
        brokers: Vec<NodeId>,
    },
    /// The controller lets a broker lead and be in sync.
    Unfenced {
        /// The broker.
        broker: NodeId,
    },
    /// Batches are committed.
    Committed {
        /// The partition.
        partition: TopicPartition,
        /// The batches.
        batches: Vec<Arc<CommittedBatch>>,
    },
    /// A replica takes for committed what differs from what is.
    Contradicted {
        /// The partition.
        partition: TopicPartition,
        /// The replica.
        node: NodeId,
        /// From where on.
        at: Offset,
    },
    /// A topic was deleted.
    Removed {
        /// The topic.
        id: TopicId,
        /// Its name.
        name: TopicName,
    },
    /// A cleaner has left too little of a replica's log.
    Overcleaned {
        /// The partition.
        partition: TopicPartition,
        /// The replica.
        node: NodeId,
        /// Where something is missing.
        at: Offset,
    },
    /// A high watermark moved.
    Watermark {
        /// The partition.
        partition: TopicPartition,
        /// The replica.
        node: NodeId,
        /// From where.
        from: Offset,
        /// To where.
        to: Offset,
        /// Whether it leads.
        as_leader: bool,
    },
    /// The leader that the controller has chosen begins without committed batches. They no longer count as committed.
    Lost {
        /// The partition.
        partition: TopicPartition,
        /// The leader.
        leader: NodeId,
        /// The batches.
        batches: Vec<Arc<CommittedBatch>>,
        /// Whether that is an error.
        verdict: Verdict,
    },
    /// The leader that the controller has chosen begins.
    Leads {
        /// The partition.
        partition: TopicPartition,
        /// The leader.
        leader: NodeId,
        /// Whether somebody else led before, or may have.
        took_over: bool,
        /// From where on the leader lost its log to a power failure.
        lost_from: Option<Offset>,
    },
    /// A log starts later.
    Started {
        /// The partition.
        partition: TopicPartition,
        /// The replica.
        node: NodeId,
        /// Where it starts now.
        at: Offset,
        /// Whether what is gone was given up.
        is_due: bool,
    },
    /// A log lost its end.
    Shortened {
        /// The partition.
        partition: TopicPartition,
        /// The replica.
        node: NodeId,
        /// The new end.
        to: Offset,
    },
}
