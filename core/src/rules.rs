//! The contested decisions of the protocol: one plain function each, so that a historical or a proposed rule can be put on trial.
//!
//! [`Rules::CURRENT`] is Kafka 4.1. Wrong and historical rules live with the exhibits that convict them, never here.

use alloc::vec::Vec;

use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, ProducerEpoch, Sequence, Timestamp};
use crate::log::ProducerEntry;
use crate::message::EpochEndOffset;

/// Every decision, as a function that decides and changes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How a replica that starts to follow finds the point up to which it agrees with the leader.
    pub truncation: fn(&FollowerLog) -> Truncation,
    /// Up to where a follower that has asked its leader agrees with it (KIP-101, KIP-279).
    pub agreement: fn(&EpochAnswer) -> Agreement,
    /// Whether the leader checks the last fetched epoch of each fetch and answers with the diverging epoch (KIP-595).
    pub validates_each_fetch: fn() -> bool,
    /// Whether a leader refuses requests that were meant for the leader of another epoch (KIP-320).
    pub fences_epochs: fn() -> bool,
    /// Whether a leader records its epoch when it is elected, before it appends anything.
    pub records_epoch_at_election: fn() -> bool,
    /// Whether a leader takes note of where a follower's log ends from a fetch that shows that it diverges.
    pub notes_diverging_fetch: fn() -> bool,
    /// Whether a record is committed only once this follower has it.
    pub is_waited_for: fn(&Waited) -> bool,
    /// Whether a leader may move its high watermark with so many replicas in sync.
    pub may_commit: fn(&Quorum) -> bool,
    /// Whether a follower tells with each fetch as which registration it fetches (KIP-903).
    pub fetches_as_registered: fn() -> bool,
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
    /// How many bytes of a partition a consumer's or follower's Fetch may still be given.
    pub fetch_room: fn(&FetchRoom) -> usize,
    /// Which end of its log a leader tells consumers, if it knows.
    pub told_end: fn(&LogEnds) -> Option<Offset>,
    /// Whether a search by time goes on in the next segment, if what is late enough in one lies before the log's start.
    pub searches_on: fn() -> bool,
    /// Up to where a compacted log may be cleaned.
    pub cleanable_end: fn(&Cleanable) -> Offset,
    /// Whether a cleaner keeps a batch that it has emptied.
    pub keeps_emptied: fn(&EmptiedBatch) -> bool,
    /// Whether a cleaner takes the deletion of a key that was not written again.
    pub forgets_deletion: fn(&KeptDeletion) -> bool,
    /// Whether `retention.ms` is over for a segment.
    pub has_expired: fn(&AgedSegment) -> bool,
    /// Whether a producer may send another Produce over a connection.
    pub has_room: fn(&InFlight) -> bool,
    /// Whether an attempt that failed gives its batch the whole `delivery.timeout.ms` again.
    pub restarts_delivery_timeout: fn() -> bool,
    /// How large the parts may be into which a producer splits a batch that was too large (KIP-126).
    pub split_size: fn(&TooLarge) -> usize,
    /// Whether the parts of a batch are sent in the order of their records.
    pub splits_in_order: fn() -> bool,
    /// What an idempotent producer does about a sequence that the broker will never see.
    pub recovers: fn(&Gap) -> Recovery,
    /// Whether a flush has done what it is for.
    pub is_flushed: fn(&Flush) -> bool,
    /// Whether this event makes the broker look at its parked requests again.
    pub wakes_parked: fn(Wake) -> bool,
    /// Whether the controller lets a replica be in sync that a leader proposes.
    pub admits_to_isr: fn(&ProposedMember) -> bool,
    /// Whether the controller believes that a broker which registers again still has everything that it had.
    pub kept_everything: fn(&Restart) -> bool,
    /// Whether a consumer asks a new leader if what was read before this position is still there, before it reads on (KIP-320).
    pub validates_position: fn(&ReadPosition) -> bool,
    /// Whether the answer about a consumer's position says that what was read before it is gone.
    pub is_truncated: fn(&ValidatedPosition) -> bool,
    /// Whether a poll looks for a wakeup before it takes records, rather than after.
    pub wakeup_precedes_records: fn() -> bool,
    /// Whether the controller may elect this replica as a clean leader (KIP-966).
    pub may_lead: fn(&LeaderCandidate) -> bool,
    /// Whether a reassignment is complete, and then who is in sync (KIP-455).
    pub completes_move: fn(&Move) -> Option<Vec<NodeId>>,
}

impl Rules {
    /// What Kafka 4.1 does.
    pub const CURRENT: Self = Self {
        truncation: current::truncation,
        agreement: current::agreement,
        validates_each_fetch: current::validates_each_fetch,
        fences_epochs: current::fences_epochs,
        records_epoch_at_election: current::records_epoch_at_election,
        notes_diverging_fetch: current::notes_diverging_fetch,
        is_waited_for: current::is_waited_for,
        may_commit: current::may_commit,
        fetches_as_registered: current::fetches_as_registered,
        may_join_isr: current::may_join_isr,
        forgets_proposal: current::forgets_proposal,
        takes_fetched: current::takes_fetched,
        is_replicated: current::is_replicated,
        sequence: current::sequence,
        forgets_producer: current::forgets_producer,
        fetch_room: current::fetch_room,
        told_end: current::told_end,
        searches_on: current::searches_on,
        cleanable_end: current::cleanable_end,
        keeps_emptied: current::keeps_emptied,
        forgets_deletion: current::forgets_deletion,
        has_expired: current::has_expired,
        has_room: current::has_room,
        restarts_delivery_timeout: current::restarts_delivery_timeout,
        split_size: current::split_size,
        splits_in_order: current::splits_in_order,
        recovers: current::recovers,
        is_flushed: current::is_flushed,
        wakes_parked: current::wakes_parked,
        admits_to_isr: current::admits_to_isr,
        kept_everything: current::kept_everything,
        validates_position: current::validates_position,
        is_truncated: current::is_truncated,
        wakeup_precedes_records: current::wakeup_precedes_records,
        may_lead: current::may_lead,
        completes_move: current::completes_move,
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

/// A reassignment under way.
#[derive(Clone, Debug)]
pub struct Move {
    /// Who replicates the partition once it is complete.
    pub staying: Vec<NodeId>,
    /// Those of them that are in sync, and whoever was in sync and is not to go.
    pub in_sync: Vec<NodeId>,
}

/// Kafka 4.1.
mod current {
    use super::{
        AgedSegment, Agreement, Cleanable, EmptiedBatch, EpochAnswer, FetchRoom, FetchedBatch, Flush, FollowerLog, Gap,
        InFlight, IsrCandidate, KeptDeletion, KnownProducer, LeaderCandidate, LogEnds, Move, PendingProduce,
        ProducerEntry, ProposedMember, Quorum, ReadPosition, Recovery, Replayed, Restart, Sequence, SequenceVerdict,
        SequencedBatch, TooLarge, Truncation, ValidatedPosition, Waited, Wake,
    };
    use alloc::vec::Vec;

    use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset};

    // A follower learns from each fetch where it diverges (KIP-595), so it need not ask beforehand.
    pub(super) fn truncation(_: &FollowerLog) -> Truncation {
        Truncation::OnFetch
    }

    // A leader that does not know the epoch answers with an earlier one. If the follower does not know that one, it drops what came after it and
    // asks again (KIP-279).
    pub(super) fn agreement(answer: &EpochAnswer) -> Agreement {
        let (at_leader, here) = (answer.at_leader, answer.here);
        if at_leader.end_offset == Offset::NONE {
            Agreement::UpTo(answer.high_watermark)
        } else if here.end_offset == Offset::NONE || at_leader.leader_epoch == LeaderEpoch::NONE {
            Agreement::UpTo(at_leader.end_offset.min(answer.end))
        } else if here.leader_epoch == at_leader.leader_epoch {
            Agreement::UpTo(here.end_offset.min(at_leader.end_offset))
        } else {
            Agreement::AtMost(here.end_offset.min(answer.end))
        }
    }

    pub(super) fn validates_each_fetch() -> bool {
        true
    }

    pub(super) fn fences_epochs() -> bool {
        true
    }

    // Otherwise the next follower would be told that an earlier epoch goes on to the end of the log (KAFKA-7415).
    pub(super) fn records_epoch_at_election() -> bool {
        true
    }

    // What lies behind the divergence is not what the leader has there (KAFKA-13141).
    pub(super) fn notes_diverging_fetch() -> bool {
        false
    }

    // Those who may be in sync in the controller's eyes are waited for, whichever way a proposal goes (KIP-497), and so are those who have caught up
    // and are about to be let in, or the high watermark would run away from them for ever.
    pub(super) fn is_waited_for(follower: &Waited) -> bool {
        follower.is_committed || follower.is_proposed == Some(true) || follower.is_caught_up && follower.is_eligible
    }

    // What fewer replicas have than an acknowledgement needs is not committed: nobody may read it (KAFKA-15583).
    pub(super) fn may_commit(quorum: &Quorum) -> bool {
        quorum.in_sync >= quorum.min_isr
    }

    pub(super) fn fetches_as_registered() -> bool {
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

    // ProducerAppendInfo in Kafka's storage module; KIP-98, KIP-360. But Kafka takes any sequence of a producer that it knows nothing of, so that of
    // several first batches under way a later one may overtake one that was refused for lack of replicas. A sequence beyond 0 has something
    // before it: that comes, or is acknowledged and was deleted, and then its producer begins anew with the next epoch.
    pub(super) fn sequence(entry: Option<&ProducerEntry>, batch: &SequencedBatch) -> SequenceVerdict {
        let Some(entry) = entry else {
            return if batch.first_sequence == Sequence::ZERO {
                SequenceVerdict::Append
            } else {
                SequenceVerdict::OutOfOrder
            };
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

    pub(super) fn fetch_room(fetch: &FetchRoom) -> usize {
        fetch.left.min(fetch.partition_max)
    }

    // A new leader learns only from its followers' fetches what is committed. Until its high watermark has reached the start of its epoch, it
    // may tell an end that lies before what its predecessor has told (KIP-207).
    pub(super) fn told_end(log: &LogEnds) -> Option<Offset> {
        (log.high_watermark >= log.epoch_start).then_some(log.high_watermark)
    }

    // Kafka looks into one segment (`UnifiedLog.searchOffsetInLocalLog`), and so may find nothing though there is a later record.
    pub(super) fn searches_on() -> bool {
        true
    }

    // What is not committed may yet be truncated, and must not cost a key its last committed record.
    pub(super) fn cleanable_end(log: &Cleanable) -> Offset {
        log.high_watermark.min(log.active_base)
    }

    // Whoever reads the log from its start must still learn the last sequence of every producer (KAFKA-5490), and where the cleaned part ends.
    pub(super) fn keeps_emptied(batch: &EmptiedBatch) -> bool {
        batch.is_last_of_producer || batch.ends_round
    }

    // Counted from the first cleaning that finds it, so that every reader has as long to learn of it, however late that is (KIP-534).
    pub(super) fn forgets_deletion(deletion: &KeptDeletion) -> bool {
        deletion.horizon.is_some_and(|horizon| deletion.now >= horizon)
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

    // A batch may be too large only because it compressed worse than expected. If its parts are too large, too, `batch.size` is, and halves
    // get somewhere (KAFKA-8350, in 4.2).
    pub(super) fn split_size(batch: &TooLarge) -> usize {
        if batch.is_part {
            batch.size / 2
        } else {
            batch.batch_size
        }
    }

    pub(super) fn splits_in_order() -> bool {
        true
    }

    // Under another sequence a broker cannot recognise what it has appended already. So the producer drains the partition first, and does
    // not send again what may be there (KAFKA-5793, KAFKA-14034).
    pub(super) fn recovers(gap: &Gap) -> Recovery {
        if gap.in_flight > 0 {
            Recovery::Wait
        } else if gap.maybe_appended > 0 {
            Recovery::GiveUpDoubtful
        } else {
            Recovery::Reassign
        }
    }

    // A flush promises that every record before it is acknowledged, or known not to be (`RecordAccumulator.awaitFlushCompletion`).
    pub(super) fn is_flushed(flush: &Flush) -> bool {
        flush.unanswered == 0
    }

    pub(super) fn wakes_parked(_: Wake) -> bool {
        true
    }

    // Not a replica that is fenced or shuts down (KIP-841), nor one of another registration than the leader saw fetching: it may have lost its log
    // since (KIP-903). A member that has not fetched yet is proposed without its registration: had it died, the partition would have changed.
    pub(super) fn admits_to_isr(member: &ProposedMember) -> bool {
        member.is_active && (member.fetched_with == BrokerEpoch::NONE || member.fetched_with == member.registered_as)
    }

    // Whoever did not stop in order may have lost what it had not forced to its disk (KIP-966).
    pub(super) fn kept_everything(restart: &Restart) -> bool {
        restart.ended_in_order == restart.last
    }

    // A position that nothing was read before cannot have been truncated.
    pub(super) fn validates_position(position: &ReadPosition) -> bool {
        position.offset_epoch != LeaderEpoch::NONE && position.leader_epoch != LeaderEpoch::NONE
    }

    // A leader that does not know the epoch has none of its records, however long an earlier epoch goes on there: followers have been told so
    // since KIP-279. Kafka 4.0's consumer looks at the end offset only.
    pub(super) fn is_truncated(position: &ValidatedPosition) -> bool {
        position.answered_epoch < position.offset_epoch || position.end_offset < position.offset
    }

    // Positions move when records are taken: a poll that throws afterwards has lost them.
    pub(super) fn wakeup_precedes_records() -> bool {
        true
    }

    pub(super) fn may_lead(candidate: &LeaderCandidate) -> bool {
        candidate.is_active && (candidate.in_isr || candidate.in_elr)
    }

    pub(super) fn completes_move(progress: &Move) -> Option<Vec<NodeId>> {
        let is_in_sync = |replica| progress.in_sync.contains(replica);
        let is_complete = !progress.in_sync.is_empty() && progress.staying.iter().all(is_in_sync);
        is_complete.then(|| progress.in_sync.clone())
    }
}
