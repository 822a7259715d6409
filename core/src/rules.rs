//! The contested decisions of the protocol: one plain function each, so that a historical or a proposed rule can be put on trial.
//!
//! [`Rules::CURRENT`] is Kafka 4.1. Wrong and historical rules live with the exhibits that convict them, never here.

use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, ProducerEpoch, Sequence, Timestamp};
use crate::log::ProducerEntry;

/// Every decision, as a function that decides and changes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How a replica that starts to follow finds the point up to which it agrees with the leader.
    pub truncation: fn(&FollowerLog) -> Truncation,
    /// Whether the leader checks the last fetched epoch of each fetch and answers with the diverging epoch (KIP-595).
    pub validates_each_fetch: fn() -> bool,
    /// Whether the leader may propose this follower for the in-sync replicas.
    pub may_join_isr: fn(&IsrCandidate) -> bool,
    /// Whether a leader whose proposal is under way takes its in-sync replicas from the metadata log, which forgets the proposal.
    pub forgets_proposal: fn(&Replayed) -> bool,
    /// Whether a follower takes this batch into its log.
    pub takes_fetched: fn(&FetchedBatch) -> bool,
    /// Whether the condition of a Produce with acks=all is met.
    pub is_replicated: fn(&PendingProduce) -> bool,
    /// What to do with a batch of an idempotent producer, given what is remembered of that producer.
    pub sequence: fn(Option<&ProducerEntry>, &SequencedBatch) -> SequenceVerdict,
    /// Whether a log whose start moves up forgets what it knows of a producer.
    pub forgets_producer: fn(&KnownProducer) -> bool,
    /// Whether `retention.ms` is over for a segment.
    pub has_expired: fn(&AgedSegment) -> bool,
    /// Whether a producer may send another Produce over a connection.
    pub has_room: fn(&InFlight) -> bool,
    /// Whether an attempt that failed gives its batch the whole `delivery.timeout.ms` again.
    pub restarts_delivery_timeout: fn() -> bool,
    /// Whether this event makes the broker look at its parked requests again.
    pub wakes_parked: fn(Wake) -> bool,
    /// Whether the controller may elect this replica as a clean leader (KIP-966).
    pub may_lead: fn(&LeaderCandidate) -> bool,
}

impl Rules {
    /// What Kafka 4.1 does.
    pub const CURRENT: Self = Self {
        truncation: current::truncation,
        validates_each_fetch: current::validates_each_fetch,
        may_join_isr: current::may_join_isr,
        forgets_proposal: current::forgets_proposal,
        takes_fetched: current::takes_fetched,
        is_replicated: current::is_replicated,
        sequence: current::sequence,
        forgets_producer: current::forgets_producer,
        has_expired: current::has_expired,
        has_room: current::has_room,
        restarts_delivery_timeout: current::restarts_delivery_timeout,
        wakes_parked: current::wakes_parked,
        may_lead: current::may_lead,
    };
}

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

/// Kafka 4.1.
mod current {
    use super::{
        AgedSegment, FetchedBatch, FollowerLog, InFlight, IsrCandidate, KnownProducer, LeaderCandidate, PendingProduce,
        ProducerEntry, Replayed, Sequence, SequenceVerdict, SequencedBatch, Truncation, Wake,
    };

    // A follower learns from each fetch where it diverges (KIP-595), so it need not ask beforehand.
    pub(super) fn truncation(_: &FollowerLog) -> Truncation {
        Truncation::OnFetch
    }

    pub(super) fn validates_each_fetch() -> bool {
        true
    }

    // A new leader's high watermark lags: a follower must also have reached the start of the leader's epoch (KAFKA-7128),
    // must not be fenced or shutting down (KIP-841), and must have fetched as the registration that is alive (KIP-903).
    pub(super) fn may_join_isr(candidate: &IsrCandidate) -> bool {
        candidate.end >= candidate.high_watermark
            && candidate.end >= candidate.leader_epoch_start
            && candidate.is_eligible
            && candidate.fetched_with == candidate.registered_as
    }

    // What the leader knows already is no reason to forget a proposal that was made on top of it: the controller may yet commit that, and
    // until then everybody in it must count (KIP-497).
    pub(super) fn forgets_proposal(replayed: &Replayed) -> bool {
        replayed.partition_epoch > replayed.known_partition_epoch
    }

    // The request was meant for the leader of one epoch; what a later one has appended could only be appended here without the
    // truncation that its epoch asks for. It comes again once the metadata log has told of that epoch (KAFKA-18723, in 4.1).
    pub(super) fn takes_fetched(batch: &FetchedBatch) -> bool {
        batch.leader_epoch <= batch.follows_in
    }

    pub(super) fn is_replicated(produce: &PendingProduce) -> bool {
        produce.high_watermark >= produce.required_offset
    }

    // ProducerAppendInfo in Kafka's storage module; KIP-98, KIP-360.
    pub(super) fn sequence(entry: Option<&ProducerEntry>, batch: &SequencedBatch) -> SequenceVerdict {
        let Some(entry) = entry else {
            return SequenceVerdict::Append;
        };
        if let Some(base_offset) = entry.duplicate_of(batch.epoch, batch.first_sequence, batch.last_sequence) {
            return SequenceVerdict::Duplicate(base_offset);
        }
        if batch.epoch < entry.epoch() {
            SequenceVerdict::Fenced
        } else if batch.epoch > entry.epoch() {
            if batch.first_sequence == Sequence::ZERO {
                SequenceVerdict::Append
            } else {
                SequenceVerdict::OutOfOrder
            }
        } else if entry
            .last_sequence()
            .is_none_or(|last| batch.first_sequence == last.advance(1))
        {
            SequenceVerdict::Append
        } else {
            SequenceVerdict::OutOfOrder
        }
    }

    // A producer is known for as long as it does not expire, whatever becomes of its records (KIP-360): a retry may still come.
    pub(super) fn forgets_producer(_: &KnownProducer) -> bool {
        false
    }

    // A segment goes as a whole, so its youngest record decides.
    pub(super) fn has_expired(segment: &AgedSegment) -> bool {
        segment.now.0 - segment.newest.0 > segment.retention_ms
    }

    pub(super) fn has_room(connection: &InFlight) -> bool {
        connection.unanswered < connection.most
    }

    // A batch's time is counted from its creation, whatever happens to its attempts (KIP-91).
    pub(super) fn restarts_delivery_timeout() -> bool {
        false
    }

    pub(super) fn wakes_parked(_: Wake) -> bool {
        true
    }

    pub(super) fn may_lead(candidate: &LeaderCandidate) -> bool {
        candidate.is_active && (candidate.in_isr || candidate.in_elr)
    }
}
