//! What machines tell about themselves: for monitors, coverage counters and pictures. Notes influence no machine.

use alloc::vec::Vec;

use crate::error::ErrorCode;
use crate::ids::{
    BrokerEpoch, GenerationId, GroupId, LeaderEpoch, MemberId, NodeId, Offset, PartitionEpoch, ProducerEpoch,
    ProducerId, Sequence, Timestamp, TopicId, TopicName, TopicPartition,
};
use crate::message::{ElectionType, OffsetCommitPartition};
use crate::record::Batch;

/// Why a consumer is not a member of a generation any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MembershipEnd {
    /// The application has unsubscribed.
    Unsubscribed,
    /// The application has closed it.
    Closed,
    /// The application has not polled for `max.poll.interval.ms`.
    MaxPollInterval,
    /// The coordinator does not accept the generation, the member, or the instance any more.
    Refused(ErrorCode),
}

/// Something worth telling happened inside a machine.
#[expect(missing_docs, reason = "each variant's line explains its fields")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    // The controller
    /// A broker registered.
    BrokerRegistered { broker: NodeId, epoch: BrokerEpoch },
    /// A broker may lead and follow.
    BrokerUnfenced { broker: NodeId },
    /// A broker may not lead or be in sync any more.
    BrokerFenced { broker: NodeId },
    /// The controller decided on a leader (`None`: the partition is offline) and in-sync replicas.
    PartitionChanged {
        partition: TopicPartition,
        leader: Option<NodeId>,
        leader_epoch: LeaderEpoch,
        isr: Vec<NodeId>,
        elr: Vec<NodeId>,
        partition_epoch: PartitionEpoch,
        /// The new leader was not known to have every committed record.
        unclean: bool,
    },
    /// The controller has deleted a topic.
    TopicDeleted { topic: TopicId },
    /// The controller holds an election that an operator asked for.
    ElectionGranted {
        /// The partition.
        partition: TopicPartition,
        /// Which election.
        election: ElectionType,
    },
    /// AlterPartition was refused.
    AlterPartitionRefused {
        partition: TopicPartition,
        error: ErrorCode,
    },

    // A broker
    /// A broker has removed the log of a partition that it does not replicate any more.
    LogDeleted {
        /// The partition.
        partition: TopicPartition,
    },
    /// It has replayed the metadata log up to here.
    MetadataReplayed { to: Offset },
    /// A replica leads from `start_offset` on.
    BecameLeader {
        partition: TopicPartition,
        epoch: LeaderEpoch,
        start_offset: Offset,
    },
    /// A replica follows.
    BecameFollower {
        partition: TopicPartition,
        epoch: LeaderEpoch,
        leader: Option<NodeId>,
    },
    /// A log was opened at boot.
    LogRecovered {
        partition: TopicPartition,
        end: Offset,
        high_watermark: Offset,
        lost_batches: u32,
    },
    /// A batch entered a log, on the leader or on a follower.
    Appended {
        partition: TopicPartition,
        batch: Batch,
        as_leader: bool,
    },
    /// A produced batch was answered from the producer's state instead of being appended again (KIP-98).
    DuplicateSuppressed {
        partition: TopicPartition,
        producer_id: ProducerId,
        sequence: Sequence,
    },
    /// A produced batch was refused.
    ProduceRefused {
        partition: TopicPartition,
        producer_id: ProducerId,
        epoch: ProducerEpoch,
        error: ErrorCode,
    },
    /// A log lost its end.
    Truncated {
        partition: TopicPartition,
        from: Offset,
        to: Offset,
    },
    /// A log starts later: what was before is deleted.
    LogStart {
        partition: TopicPartition,
        to: Offset,
        cause: LogStartCause,
    },
    /// A follower whose log ended before its leader's starts has begun anew there.
    LogStartedAnew { partition: TopicPartition, at: Offset },
    /// A log has forgotten producers that had been idle for too long (`producer.id.expiration.ms`).
    ProducersExpired {
        partition: TopicPartition,
        producers: Vec<ProducerId>,
        expiration_ms: i64,
    },
    /// A log was cleaned up to here: of each key only the last record is left there.
    Compacted {
        partition: TopicPartition,
        to: Offset,
        /// The records that went.
        removed: Vec<Offset>,
        /// How many of them were deletions of keys whose time was over; later ones of the same key supersede the others.
        deletions: usize,
        /// What the broker's wall clock showed.
        now: Timestamp,
    },
    /// A fetch found that follower and leader had diverged (KIP-595).
    FetchDiverged {
        partition: TopicPartition,
        follower: NodeId,
    },
    /// A request carried an old, or a too new, leader epoch (KIP-320).
    EpochRefused {
        partition: TopicPartition,
        error: ErrorCode,
    },
    /// The high watermark moved, on the leader or on a follower.
    HighWatermark {
        partition: TopicPartition,
        to: Offset,
        as_leader: bool,
    },
    /// The leader proposes other in-sync replicas.
    IsrProposed {
        partition: TopicPartition,
        isr: Vec<NodeId>,
        shrink: bool,
    },
    /// The leader learnt that its in-sync replicas are these.
    IsrCommitted {
        partition: TopicPartition,
        isr: Vec<NodeId>,
        partition_epoch: PartitionEpoch,
    },
    /// A request was parked until it can be answered.
    Parked { produce: bool },
    /// A parked request was answered because its time was up.
    ParkedExpired { produce: bool },
    /// A fetch was given a batch that is larger than what it asked for (KIP-74).
    OversizedBatchRead { partition: TopicPartition },

    // A producer
    /// A batch was handed to the network.
    BatchSent {
        partition: TopicPartition,
        producer_id: ProducerId,
        sequence: Sequence,
        attempt: u32,
    },
    /// A batch will be tried again.
    BatchRetried {
        partition: TopicPartition,
        error: ErrorCode,
    },
    /// A broker coordinates the groups in this partition of `__consumer_offsets` from now on: it has read its log.
    GroupsLoaded { log: TopicPartition, epoch: LeaderEpoch },
    /// A broker coordinates them no longer.
    GroupsUnloaded { log: TopicPartition, epoch: LeaderEpoch },
    /// A group has come into a state.
    GroupState {
        log: TopicPartition,
        group: GroupId,
        generation: GenerationId,
        state: &'static str,
        members: Vec<MemberId>,
    },
    /// A coordinator accepts a commit of a member, or of nobody in particular, and is about to write it.
    OffsetsAccepted {
        log: TopicPartition,
        group: GroupId,
        generation: GenerationId,
        member: MemberId,
    },
    /// A consumer has found the coordinator of its group.
    CoordinatorFound { coordinator: NodeId },
    /// A consumer does not believe any more that this broker coordinates its group.
    CoordinatorUnknown { coordinator: NodeId },
    /// A consumer was told that a generation begins, of which it is a member.
    MemberJoined {
        group: GroupId,
        generation: GenerationId,
        member: MemberId,
        is_leader: bool,
    },
    /// A member was told what it has to read.
    MemberSynced {
        group: GroupId,
        generation: GenerationId,
        member: MemberId,
        partitions: usize,
    },
    /// A consumer is not, or does not believe itself, a member of a generation any more.
    MembershipEnded {
        group: GroupId,
        generation: GenerationId,
        member: MemberId,
        because: MembershipEnd,
    },
    /// A consumer asks its coordinator to remember how far its group has come, by itself or for its application.
    CommitSent {
        group: GroupId,
        generation: GenerationId,
        member: MemberId,
        offsets: Vec<OffsetCommitPartition>,
        is_automatic: bool,
    },
    /// A consumer was told that its coordinator remembers that.
    OffsetsCommitted {
        group: GroupId,
        offsets: Vec<OffsetCommitPartition>,
    },
    /// A consumer begins, or tells its application, where its group has come to; nothing, if it has committed nothing there.
    CommittedTold {
        group: GroupId,
        topic: TopicName,
        partition: i32,
        offset: Option<Offset>,
    },
    /// A send waits for room in `buffer.memory`.
    MemoryAwaited,
    /// Records without a key go to this partition from now on, which was drawn with odds that depend on queues or not (KIP-794).
    StickyPartitionDrawn {
        partition: TopicPartition,
        is_weighed: bool,
    },
    /// A batch was too large, and is sent again in so many parts.
    BatchSplit { partition: TopicPartition, parts: usize },
    /// A batch was given up.
    BatchExpired { partition: TopicPartition },
    /// An idempotent producer gives up what it cannot send under another sequence.
    SequenceLost { partition: TopicPartition },
    /// An idempotent producer begins anew with a sequence that has a gap (KIP-360).
    ProducerEpochBumped {
        partition: TopicPartition,
        producer_id: ProducerId,
        epoch: ProducerEpoch,
    },
    /// The producer has its id.
    ProducerIdAssigned {
        producer_id: ProducerId,
        epoch: ProducerEpoch,
    },

    // A consumer
    /// A Fetch was answered with several batches that are larger than it asked for, of one partition or of all together.
    FetchedTooMuch {
        partition: Option<TopicPartition>,
        bytes: usize,
    },
    /// A position turned out to be outside of the log.
    PositionOutOfRange {
        partition: TopicPartition,
        position: Offset,
    },
    /// A position was looked up by auto.offset.reset.
    PositionReset { partition: TopicPartition, to: Offset },
    /// A position was validated against a new leader (KIP-320).
    PositionValidated { partition: TopicPartition, at: Offset },
    /// The log turned out to be shorter than the position (KIP-320).
    TruncationDetected {
        partition: TopicPartition,
        position: Offset,
        divergent_offset: Offset,
    },
}

/// Why a log starts later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogStartCause {
    /// An operator asked the leader for it (DeleteRecords).
    DeleteRecords,
    /// The leader's log starts there.
    Leader,
    /// Old segments were deleted.
    Retention {
        /// The wall clock by which they were old.
        now: Timestamp,
    },
}

impl Note {
    /// The partition that it is about, if it is about one.
    #[must_use]
    pub fn partition(&self) -> Option<TopicPartition> {
        match self {
            Self::BecameLeader { partition, .. }
            | Self::BecameFollower { partition, .. }
            | Self::LogRecovered { partition, .. }
            | Self::Appended { partition, .. }
            | Self::Truncated { partition, .. }
            | Self::LogStart { partition, .. }
            | Self::LogStartedAnew { partition, .. }
            | Self::Compacted { partition, .. }
            | Self::ProducersExpired { partition, .. }
            | Self::PositionOutOfRange { partition, .. }
            | Self::FetchDiverged { partition, .. }
            | Self::EpochRefused { partition, .. }
            | Self::HighWatermark { partition, .. }
            | Self::PartitionChanged { partition, .. }
            | Self::AlterPartitionRefused { partition, .. }
            | Self::ElectionGranted { partition, .. }
            | Self::LogDeleted { partition }
            | Self::DuplicateSuppressed { partition, .. }
            | Self::ProduceRefused { partition, .. }
            | Self::IsrProposed { partition, .. }
            | Self::IsrCommitted { partition, .. }
            | Self::BatchSent { partition, .. }
            | Self::BatchRetried { partition, .. }
            | Self::BatchSplit { partition, .. }
            | Self::StickyPartitionDrawn { partition, .. }
            | Self::BatchExpired { partition }
            | Self::OversizedBatchRead { partition }
            | Self::SequenceLost { partition }
            | Self::ProducerEpochBumped { partition, .. }
            | Self::PositionReset { partition, .. }
            | Self::PositionValidated { partition, .. }
            | Self::TruncationDetected { partition, .. }
            | Self::GroupsLoaded { log: partition, .. }
            | Self::GroupsUnloaded { log: partition, .. }
            | Self::GroupState { log: partition, .. }
            | Self::OffsetsAccepted { log: partition, .. } => Some(*partition),
            Self::FetchedTooMuch { partition, .. } => *partition,
            Self::MetadataReplayed { .. }
            | Self::TopicDeleted { .. }
            | Self::BrokerRegistered { .. }
            | Self::BrokerUnfenced { .. }
            | Self::BrokerFenced { .. }
            | Self::Parked { .. }
            | Self::ParkedExpired { .. }
            | Self::CoordinatorFound { .. }
            | Self::CoordinatorUnknown { .. }
            | Self::MemberJoined { .. }
            | Self::MemberSynced { .. }
            | Self::MembershipEnded { .. }
            | Self::CommitSent { .. }
            | Self::OffsetsCommitted { .. }
            | Self::CommittedTold { .. }
            | Self::MemoryAwaited
            | Self::ProducerIdAssigned { .. } => None,
        }
    }
}
