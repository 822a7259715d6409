//! What rules decide upon, and what they may say.

use alloc::vec::Vec;

use crate::ids::{
    BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, ProducerEpoch, Sequence, Timestamp, TopicId,
};
use crate::message::EpochEndOffset;

/// The log of a replica that starts to follow a leader.
#[derive(Clone, Copy, Debug)]
pub struct FollowerLog {
    /// What it believes to be committed.
    pub high_watermark: Offset,
    /// Where it ends.
    pub end: Offset,
    /// The epoch of its last entry, if it has any.
    pub last_epoch: Option<LeaderEpoch>,
}

/// What a new follower does before it fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truncation {
    /// Nothing: it fetches, and truncates when the leader answers that they diverge (KIP-595).
    OnFetch,
    /// Truncates to this offset, then fetches.
    To(Offset),
    /// Asks the leader where its last epoch ended there, once, and truncates to where they agree (KIP-101, KIP-279).
    AskLeader,
}

/// Where a follower's last epoch ended at its leader, beside what the follower has.
#[derive(Clone, Copy, Debug)]
pub struct EpochAnswer {
    /// The epoch that was asked about.
    pub asked: LeaderEpoch,
    /// The largest epoch that the leader knows and that is not beyond the one asked for, and where it ended there; -1 and -1 if there is none.
    pub at_leader: EpochEndOffset,
    /// The same for the epoch that the leader answered with, in the follower's own log.
    pub here: EpochEndOffset,
    /// Where the follower's log ends.
    pub end: Offset,
    /// What the follower believes to be committed.
    pub high_watermark: Offset,
}

/// How far a follower agrees with its leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Up to here: it truncates there, and fetches.
    UpTo(Offset),
    /// Up to here at most: it truncates there, and asks about the epoch that is its last then.
    AtMost(Offset),
}

/// A follower that may have to have a record before that is committed.
#[derive(Clone, Copy, Debug)]
pub struct Waited {
    /// The controller has committed it as in sync.
    pub is_committed: bool,
    /// Whether the leader has proposed it, if the leader has a proposal under way.
    pub is_proposed: Option<bool>,
    /// It has caught up lately.
    pub is_caught_up: bool,
    /// It is alive and has fetched as the registration that is (KIP-841, KIP-903).
    pub is_eligible: bool,
}

/// Those who are in sync, by their number.
#[derive(Clone, Copy, Debug)]
pub struct Quorum {
    /// How many the controller has committed as in sync, the leader included.
    pub in_sync: usize,
    /// `min.insync.replicas`, at most as many as there are replicas.
    pub min_isr: usize,
}

/// A replica that a leader wants to be in sync.
#[derive(Clone, Copy, Debug)]
pub struct ProposedMember {
    /// It is neither fenced nor shutting down.
    pub is_active: bool,
    /// The registration with which it fetched, or -1 if the leader does not know.
    pub fetched_with: BrokerEpoch,
    /// The registration that is alive.
    pub registered_as: BrokerEpoch,
}

/// A broker that registers once more.
#[derive(Clone, Copy, Debug)]
pub struct Restart {
    /// The registration of which its disk says that it ended in order; -1 if it says nothing.
    pub ended_in_order: BrokerEpoch,
    /// Its last registration.
    pub last: BrokerEpoch,
}

/// A follower that the leader might add to the in-sync replicas.
#[derive(Clone, Copy, Debug)]
pub struct IsrCandidate {
    /// The end of its log, as of its last fetch.
    pub end: Offset,
    /// The leader's high watermark.
    pub high_watermark: Offset,
    /// Where the leader's epoch starts.
    pub leader_epoch_start: Offset,
    /// Whether the controller considers it alive and staying: neither fenced nor shutting down (KIP-841).
    pub is_eligible: bool,
    /// The registration with which it fetched.
    pub fetched_with: BrokerEpoch,
    /// The registration that the metadata log shows.
    pub registered_as: BrokerEpoch,
}

/// A partition's registration, replayed from the metadata log by its leader.
#[derive(Clone, Copy, Debug)]
pub struct Replayed {
    /// As the metadata log shows it.
    pub partition_epoch: PartitionEpoch,
    /// As the leader knows it already, perhaps from the answer to an earlier proposal.
    pub known_partition_epoch: PartitionEpoch,
}

/// A batch that a follower has fetched.
#[derive(Clone, Copy, Debug)]
pub struct FetchedBatch {
    /// The epoch of the leader that appended it, as the batch says.
    pub leader_epoch: LeaderEpoch,
    /// The epoch in which this replica follows: that of the request which fetched the batch.
    pub follows_in: LeaderEpoch,
}

/// A connection over which a producer might send.
#[derive(Clone, Copy, Debug)]
pub struct InFlight {
    /// How many requests on it are unanswered.
    pub unanswered: usize,
    /// `max.in.flight.requests.per.connection`.
    pub most: usize,
}

/// A batch that a leader has refused because it is larger than `max.message.bytes`, which its producer does not know.
#[derive(Clone, Copy, Debug)]
pub struct TooLarge {
    /// It is itself a part of a batch that was split.
    pub is_part: bool,
    /// How many bytes it has.
    pub size: usize,
    /// `batch.size`
    pub batch_size: usize,
}

/// The broker waits for a sequence of an idempotent producer that will never come. What else the producer has given sequences in
/// that partition.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// How many batches are in flight.
    pub in_flight: usize,
    /// How many batches an attempt of which may have been appended.
    pub maybe_appended: usize,
}

/// What an idempotent producer does about a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Waits until more is known.
    Wait,
    /// Gives up what may have been appended and whatever was sent before it, and sends the rest under the next epoch.
    GiveUpDoubtful,
    /// Sends everything under the next epoch.
    Reassign,
}

/// A flush under way: what became of the records that were sent before it.
#[derive(Clone, Copy, Debug)]
pub struct Flush {
    /// How many were never handed to the network.
    pub unsent: usize,
    /// How many are not answered, those included.
    pub unanswered: usize,
}

/// A Produce with acks=all that waits.
#[derive(Clone, Copy, Debug)]
pub struct PendingProduce {
    /// The offset after the last record.
    pub required_offset: Offset,
    /// The leader's high watermark.
    pub high_watermark: Offset,
}

/// What a log knows of an idempotent producer while its oldest records are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownProducer {
    /// Where its last batch ends, if any batch of its epoch is known.
    pub last_offset: Option<Offset>,
    /// Where the log starts from now on.
    pub log_start: Offset,
}

/// How much a Fetch may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchRoom {
    /// What is left of its `max_bytes`.
    pub left: usize,
    /// How many bytes of this partition it wants at most.
    pub partition_max: usize,
}

/// A compacted log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleanable {
    /// Below it everything is committed.
    pub high_watermark: Offset,
    /// Where its last segment begins, which is written to.
    pub active_base: Offset,
}

/// A batch all of whose records are superseded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptiedBatch {
    /// It has the last sequence of a producer that the log still knows.
    pub is_last_of_producer: bool,
    /// It is the last of what is cleaned.
    pub ends_round: bool,
}

/// The deletion of a key in a compacted log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptDeletion {
    /// Until when it is kept, if a cleaner has found it before.
    pub horizon: Option<Timestamp>,
    /// What the broker's wall clock shows.
    pub now: Timestamp,
}

/// Where a leader's log ends, for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEnds {
    /// For consumers, as far as the leader knows.
    pub high_watermark: Offset,
    /// For itself.
    pub end: Offset,
    /// Where its epoch starts: all that was committed before lies below.
    pub epoch_start: Offset,
}

/// A segment below the high watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgedSegment {
    /// The earliest of its batches' times.
    pub oldest: Timestamp,
    /// The latest.
    pub newest: Timestamp,
    /// The broker's wall clock.
    pub now: Timestamp,
    /// `retention.ms`
    pub retention_ms: i64,
}

/// What an idempotent producer wants appended.
#[derive(Clone, Copy, Debug)]
pub struct SequencedBatch {
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// Its first sequence.
    pub first_sequence: Sequence,
    /// Its last sequence.
    pub last_sequence: Sequence,
}

/// What to do with the batch of an idempotent producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequenceVerdict {
    /// Append it.
    Append,
    /// It is there already, from this offset on: answer with that.
    Duplicate(Offset),
    /// [`ErrorCode::InvalidProducerEpoch`](crate::error::ErrorCode::InvalidProducerEpoch).
    Fenced,
    /// [`ErrorCode::OutOfOrderSequenceNumber`](crate::error::ErrorCode::OutOfOrderSequenceNumber).
    OutOfOrder,
}

/// Something that may satisfy a parked request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The leader appended to its log.
    Appended,
    /// The high watermark advanced.
    HighWatermarkAdvanced,
    /// Leadership or the in-sync replicas changed.
    LeadershipChanged,
    /// The leader, or a follower, has deleted records.
    LowWatermarkAdvanced,
}

/// Where a consumer reads on from a leader that it has not read from.
#[derive(Clone, Copy, Debug)]
pub struct ReadPosition {
    /// The epoch of the last record before it, or -1 if none was read since the position was looked up.
    pub offset_epoch: LeaderEpoch,
    /// The new leader's epoch, or -1.
    pub leader_epoch: LeaderEpoch,
}

/// A consumer's position, and where its leader says that the epoch before it ends.
#[derive(Clone, Copy, Debug)]
pub struct ValidatedPosition {
    /// The offset of the next record.
    pub offset: Offset,
    /// The epoch of the last record before it, which was asked for.
    pub offset_epoch: LeaderEpoch,
    /// The epoch that the answer is about: that one, or the last before it that the leader knows.
    pub answered_epoch: LeaderEpoch,
    /// Where that ends.
    pub end_offset: Offset,
}

/// A replica that the controller might elect.
#[derive(Clone, Copy, Debug)]
pub struct LeaderCandidate {
    /// The broker.
    pub broker: NodeId,
    /// Whether it is registered, unfenced and not shutting down.
    pub is_active: bool,
    /// Whether it is in sync.
    pub in_isr: bool,
    /// Whether the in-sync replicas are none, and it is one of the eligible leader replicas.
    pub in_elr: bool,
}

/// The topics that there are when another is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownTopics {
    /// The newest that there has ever been.
    pub newest: TopicId,
    /// The smallest id that none of them has.
    pub free: TopicId,
}

/// A reassignment under way.
#[derive(Clone, Debug)]
pub struct Move {
    /// Who replicates the partition once it is complete.
    pub staying: Vec<NodeId>,
    /// Those of them that are in sync, and whoever was in sync and is not to go.
    pub in_sync: Vec<NodeId>,
}
