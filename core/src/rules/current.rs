//! Kafka 4.1.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::{
    AgedCommit, AgedSegment, Agreement, Believed, Claim, Cleanable, EmptiedBatch, EpochAnswer, FetchRoom, FetchedBatch,
    Flush, FollowerLog, Gap, GroupPhase, InFlight, IsrCandidate, KeptDeletion, KnownProducer, KnownTopics,
    LeaderCandidate, LogEnds, MemberCommit, Move, PendingProduce, ProposedMember, Quorum, ReadCommit, ReadPosition,
    Recovery, Replayed, Restart, SequenceVerdict, SequencedBatch, TooLarge, Truncation, ValidatedPosition, Waited,
    Wake,
};
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, Sequence, TopicId};
use crate::log::ProducerEntry;

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

// `KafkaProducer` promises that of the callbacks of one partition.
pub(super) fn answers_in_order() -> bool {
    true
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

// Kafka draws a random id; any that no topic has ever had will do.
pub(super) fn topic_id(known: &KnownTopics) -> TopicId {
    TopicId(known.newest.0 + 1)
}

pub(super) fn completes_move(progress: &Move) -> Option<Vec<NodeId>> {
    let is_in_sync = |replica| progress.in_sync.contains(replica);
    let is_complete = !progress.in_sync.is_empty() && progress.staying.iter().all(is_in_sync);
    is_complete.then(|| progress.in_sync.clone())
}

// `ClassicGroup.validateOffsetCommit`. While partitions are handed out nobody knows who is to have which; in the phase before, those who had
// them still do.
pub(super) fn refuses_commit(commit: &MemberCommit) -> Option<ErrorCode> {
    if commit.member.is_some() {
        commit.member
    } else if commit.generation != commit.group_generation {
        Some(ErrorCode::IllegalGeneration)
    } else if commit.is_completing {
        Some(ErrorCode::RebalanceInProgress)
    } else {
        None
    }
}

// The last one in the log counts (KAFKA-5600).
pub(super) fn supersedes_commit(_: &ReadCommit) -> bool {
    true
}

// Time counts from the commit for who only commits; otherwise from when the last member has gone (KIP-211), or from the commit in a topic that no
// member reads any more. In a rebalance nobody knows what members read (KAFKA-13636).
pub(super) fn forgets_commit(commit: &AgedCommit) -> bool {
    let counted_ms = match commit.group {
        GroupPhase::Simple | GroupPhase::Stable => commit.age_ms,
        GroupPhase::Empty => commit.in_state_ms.unwrap_or(commit.age_ms),
        GroupPhase::Rebalancing => return false,
    };
    !commit.is_read && counted_ms >= commit.retention_ms
}

pub(super) fn awaits_group_write() -> bool {
    true
}

// Of what was assigned in two generations, the later assignment was made in the knowledge that the earlier one had ended. One generation does not
// give a partition to two members, so that something is wrong with both. What nobody else claims may well be owned since long ago (KAFKA-14639).
pub(super) fn believes(claim: &Claim) -> Believed {
    match claim.of_the_earlier.map(|earlier| claim.generation.cmp(&earlier)) {
        None | Some(Ordering::Greater) => Believed::TheClaim,
        Some(Ordering::Less) => Believed::TheEarlier,
        Some(Ordering::Equal) => Believed::Neither,
    }
}

pub(super) fn withholds() -> bool {
    true
}

// Positions are behind what polls have returned; what a poll takes next is not processed yet.
pub(super) fn commits_before_records() -> bool {
    true
}

// What was committed meanwhile would be undone: `commitAsync` leaves that to its callback, and what is committed automatically is committed anew.
pub(super) fn repeats_commit() -> bool {
    false
}

pub(super) fn gives_up() -> bool {
    true
}
