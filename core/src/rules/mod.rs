//! The contested decisions of the protocol: one plain function each, so that a historical or a proposed rule can be put on trial.
//!
//! [`Rules::CURRENT`] is Kafka 4.1. Wrong and historical rules live with the exhibits that convict them, never here.

mod current;
mod facts;
mod groups;

use alloc::vec::Vec;

use crate::ids::{NodeId, Offset, TopicId};
use crate::log::ProducerEntry;

pub use self::facts::{
    AgedSegment, Agreement, Cleanable, EmptiedBatch, EpochAnswer, FetchRoom, FetchedBatch, Flush, FollowerLog, Gap,
    InFlight, IsrCandidate, KeptDeletion, KnownProducer, KnownTopics, LeaderCandidate, LogEnds, Move, PendingProduce,
    ProposedMember, Quorum, ReadPosition, Recovery, Replayed, Restart, SequenceVerdict, SequencedBatch, TooLarge,
    Truncation, ValidatedPosition, Waited, Wake,
};

pub use self::groups::{AgedCommit, Believed, Claim, GroupPhase, MemberCommit, ReadCommit};
use crate::error::ErrorCode;

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
    /// Whether the sends of a batch are answered in the order in which they were made.
    pub answers_in_order: fn() -> bool,
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
    /// By which id a new topic goes (KIP-516).
    pub topic_id: fn(&KnownTopics) -> TopicId,
    /// Whether a reassignment is complete, and then who is in sync (KIP-455).
    pub completes_move: fn(&Move) -> Option<Vec<NodeId>>,
    /// Why a group coordinator refuses a commit, if it does.
    pub refuses_commit: fn(&MemberCommit) -> Option<ErrorCode>,
    /// Whether a group coordinator that reads its log takes this commit in place of what it has read before.
    pub supersedes_commit: fn(&ReadCommit) -> bool,
    /// Whether a group coordinator forgets a commit (`offsets.retention.minutes`).
    pub forgets_commit: fn(&AgedCommit) -> bool,
    /// Whether a group coordinator waits with its answers until what it has written is committed.
    pub awaits_group_write: fn() -> bool,
    /// Whose claim to a partition counts when the leader of a group distributes partitions anew.
    pub believes: fn(&Claim) -> Believed,
    /// Whether a cooperative leader gives a partition to nobody that its owner has yet to give up (KIP-429).
    pub withholds: fn() -> bool,
    /// Whether a poll commits what was read by itself before it takes the next records.
    pub commits_before_records: fn() -> bool,
    /// Whether a consumer sends an asynchronous commit again that has failed for a passing reason.
    pub repeats_commit: fn() -> bool,
    /// Whether a consumer reads nothing more of what its rebalance listener was told that it gives up.
    pub gives_up: fn() -> bool,
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
        answers_in_order: current::answers_in_order,
        recovers: current::recovers,
        is_flushed: current::is_flushed,
        wakes_parked: current::wakes_parked,
        admits_to_isr: current::admits_to_isr,
        kept_everything: current::kept_everything,
        validates_position: current::validates_position,
        is_truncated: current::is_truncated,
        wakeup_precedes_records: current::wakeup_precedes_records,
        may_lead: current::may_lead,
        topic_id: current::topic_id,
        completes_move: current::completes_move,
        refuses_commit: current::refuses_commit,
        supersedes_commit: current::supersedes_commit,
        forgets_commit: current::forgets_commit,
        awaits_group_write: current::awaits_group_write,
        believes: current::believes,
        withholds: current::withholds,
        commits_before_records: current::commits_before_records,
        repeats_commit: current::repeats_commit,
        gives_up: current::gives_up,
    };
}
