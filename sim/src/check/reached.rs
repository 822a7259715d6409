//! How often each situation was reached: a quiet run is no evidence. Counters are no part of a world.

use std::collections::BTreeMap;

use kafkasim_core::call::{Administration, Answer, Call, PollError, SendError, Steering};
use kafkasim_core::error::ErrorCode;
use kafkasim_core::ids::{LeaderEpoch, NodeId, Offset, TopicPartition};
use kafkasim_core::lookup::{LookedUp, LookupError, OffsetLookup};
use kafkasim_core::message::ElectionType;
use kafkasim_core::note::{LogStartCause, Note};
use kafkasim_core::record::{Batch, Compression};
use kafkasim_core::timer::Timer;

use crate::world::{Action, DiskFault, Event, Fault};

/// Something that a campaign may have to reach before its silence means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// What it is called.
    pub name: &'static str,
    /// What happened, in words.
    pub sentence: &'static str,
}

macro_rules! situations {
    ($($variant:ident = $name:literal, $sentence:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Reached { $($variant,)* }

        const SITUATIONS: &[Situation] = &[$(Situation { name: $name, sentence: $sentence },)*];
    };
}

situations! {
    LeaderChange = "leader-change", "a partition got another leader";
    UncleanElection = "unclean-election", "a replica was elected that was not known to have every committed record";
    PreferredElection = "preferred-election", "an operator had a preferred replica take over";
    UncleanElectionAskedFor = "unclean-election-asked-for", "an operator had anybody lead where nobody led";
    TopicDeleted = "topic-deleted", "a topic was deleted";
    ReplicaRetired = "replica-retired", "a broker removed a log that it does not replicate any more";
    PartitionOffline = "partition-offline", "nobody could lead a partition";
    EligibleLeaderKept = "eligible-leader-kept", "a replica left the in-sync replicas, but stayed eligible";
    IsrShrink = "isr-shrink", "a replica left the in-sync replicas";
    IsrExpand = "isr-expand", "a replica joined the in-sync replicas";
    AlterPartitionRefused = "alter-partition-refused", "the controller refused what a leader proposed";
    BrokerFenced = "broker-fenced", "the controller fenced a broker";
    ControllerRestart = "controller-restart", "the controller began another epoch";
    MetadataReplayed = "metadata-replayed", "a broker took in what the controller had committed";
    Truncation = "truncation", "a log lost its end, because its leader had something else";
    RecordsDeleted = "records-deleted", "a leader's log started later, because an operator asked for it";
    SegmentsDeleted = "segments-deleted", "a log started later, because its first segments were too old or too much";
    LogStartFollowed = "log-start-followed", "a follower's log started later, because its leader's did";
    LogStartedAnew = "log-started-anew", "a replica's log ended before its leader's started, and began anew";
    RecordsCompacted = "records-compacted", "a cleaner took records that later ones of the same key supersede";
    DeletionsCompacted = "deletions-compacted", "a cleaner took the deletion of a key, after delete.retention.ms";
    ProducersExpired = "producers-expired", "a log forgot producers that had been idle for too long";
    Divergence = "divergence", "a fetch showed that a follower had diverged";
    EpochRefused = "epoch-refused", "a request carried another leader epoch than the broker's";
    DuplicateSuppressed = "duplicate-suppressed", "a batch was answered instead of being appended again";
    NotEnoughReplicas = "not-enough-replicas", "a batch was refused because too few replicas were in sync";
    ProduceRefused = "produce-refused", "a batch was refused";
    ParkedProduceExpired = "parked-produce-expired", "a Produce was answered before all in-sync replicas had it";
    ParkedFetchExpired = "parked-fetch-expired", "a Fetch had waited long enough";
    OversizedBatchRead = "oversized-batch-read", "a Fetch was given a first batch larger than its limits";
    TornBatch = "torn-batch", "a log was found broken at its end";
    BatchRetried = "batch-retried", "a producer sent a batch again";
    BatchOfOne = "batch-of-one", "a leader took a batch of one record";
    BatchOfMany = "batch-of-many", "a leader took a batch of ten records or more";
    BatchCompressed = "batch-compressed", "a leader took a compressed batch";
    BatchSplit = "batch-split", "a batch was too large for its topic, and was sent again in parts";
    MemoryAwaited = "memory-awaited", "a send had to wait for memory";
    BufferExhausted = "buffer-exhausted", "a send had waited too long for memory";
    MetadataNeverCame = "metadata-never-came", "a send had waited too long for metadata";
    StickyPartitionDrawn = "sticky-partition-drawn", "records without a key went to another partition";
    StickyPartitionWeighed = "sticky-partition-weighed", "shorter queues had better odds of being next for records without a key";
    BatchExpired = "batch-expired", "a producer gave a batch up";
    SequenceLost = "sequence-lost", "an idempotent producer gave up what it could not send again";
    EpochBumped = "epoch-bumped", "an idempotent producer began anew with the next epoch";
    ReaderValidatedPosition = "reader-validated-position", "a consumer validated its position against a new leader";
    ReaderTruncated = "reader-truncated", "a consumer found the log shorter than its position";
    ReaderOutOfRange = "reader-out-of-range", "what a consumer was to read next was not in the log";
    ReaderReset = "reader-reset", "a consumer looked its position up";
    ReaderPaused = "reader-paused", "an application paused partitions";
    ReaderResumed = "reader-resumed", "an application resumed partitions";
    ReaderSought = "reader-sought", "an application moved its position to an offset";
    ReaderSoughtEnd = "reader-sought-end", "an application moved its position to the beginning or the end of the log";
    ReaderWoken = "reader-woken", "a poll, or a lookup, was woken up";
    PositionTold = "position-told", "a consumer told its position";
    BeginningTold = "beginning-told", "a consumer was told where a log begins that had lost its first records";
    EndTold = "end-told", "a consumer was told where a log ends";
    FoundByTime = "found-by-time", "a consumer was told which record is the first at or after a time";
    NotFoundByTime = "not-found-by-time", "a consumer was told that there is no record at or after a time";
    LookupTimedOut = "lookup-timed-out", "a consumer waited too long to be told where something is";
    ReaderClosed = "reader-closed", "a consumer was closed";
    Acknowledged = "acknowledged", "a send was acknowledged";
    SendFailed = "send-failed", "a send was not acknowledged";
    PartitionsTold = "partitions-told", "a producer told which partitions a topic has";
    Flushed = "flushed", "a flush returned";
    Closed = "closed", "a client was closed";
    Read = "read", "a poll returned records";
    Crash = "crash", "a process crashed";
    PowerLoss = "power-loss", "a process lost power";
    LossyPowerLoss = "lossy-power-loss", "a broker lost records to a power failure";
    DiskWiped = "disk-wiped", "a disk was replaced by an empty one";
    CheckpointsStale = "checkpoints-stale", "a process started with checkpoints older than its logs";
    DiskRotten = "disk-rotten", "a batch rotted on a disk";
    CorruptRead = "corrupt-read", "a poll came upon a batch whose CRC does not match";
    DiskFull = "disk-full", "a disk was full";
    WriteRefused = "write-refused", "a process halted because its disk was full";
    Pause = "pause", "a process paused";
    Cut = "cut", "the network was cut";
    Reset = "reset", "a connection was broken";
    ConnectionRefused = "connection-refused", "a connection could not be made";
    ConnectionSevered = "connection-severed", "a connection ended with requests under way";
    LateRequestDelivered = "late-request-delivered", "a request arrived after its connection had ended";
    LateRequestLost = "late-request-lost", "a request whose connection had ended never arrived";
    ClockJump = "clock-jump", "a wall clock jumped";
    ControlledShutdown = "controlled-shutdown", "a broker shut down in order";
    RollingRestart = "rolling-restart", "every broker shut down in order, and none died in between";
    PartitionAdded = "partition-added", "a topic got another partition";
    Restart = "restart", "a process started again";
    SyncFailed = "sync-failed", "a disk could not make something durable";
    RequestTimedOut = "request-timed-out", "somebody waited too long for an answer";
    SessionExpired = "session-expired", "the controller had not heard from a broker for too long";
    ReplicaLagged = "replica-lagged", "a follower had not been caught up for too long";
}

/// Every situation.
pub fn situations() -> impl Iterator<Item = &'static Situation> {
    SITUATIONS.iter()
}

/// The situation of this name.
#[must_use]
pub fn situation(name: &str) -> Option<&'static Situation> {
    situations().find(|situation| situation.name == name)
}

/// How often each situation was reached.
#[derive(Clone, Debug)]
pub struct Coverage {
    counts: [u64; SITUATIONS.len()],
    /// What the next events are compared with.
    memory: Memory,
}

#[derive(Clone, Debug, Default)]
struct Memory {
    registered: BTreeMap<TopicPartition, (LeaderEpoch, usize)>,
    ends: BTreeMap<(TopicPartition, NodeId), Offset>,
    started: std::collections::BTreeSet<NodeId>,
    /// Brokers that have registered.
    brokers: std::collections::BTreeSet<NodeId>,
    /// Those that shut down in order since a broker died.
    rolled: std::collections::BTreeSet<NodeId>,
    /// What consumers have asked last.
    asked: BTreeMap<NodeId, OffsetLookup>,
    /// Those who have assigned partitions.
    readers: std::collections::BTreeSet<NodeId>,
}

impl Default for Coverage {
    fn default() -> Self {
        Self {
            counts: [0; SITUATIONS.len()],
            memory: Memory::default(),
        }
    }
}

impl Coverage {
    /// Every situation with its count.
    pub fn counts(&self) -> impl Iterator<Item = (&'static Situation, u64)> {
        SITUATIONS.iter().zip(self.counts)
    }

    /// How often the situation of this name was reached; never, if there is none of this name.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        self.counts()
            .find(|(situation, _)| situation.name == name)
            .map_or(0, |(_, count)| count)
    }

    /// Which of these were never reached: a campaign that is about them has shown nothing.
    pub fn missing<'a>(&self, gates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        gates.into_iter().filter(|gate| self.count(gate) == 0).collect()
    }

    /// Adds another run's counts.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
    }

    /// An action was carried out.
    pub fn acted(&mut self, action: &Action) {
        match action {
            Action::Refuse(_) => self.reached(Reached::ConnectionRefused),
            Action::Sync { ok: false, .. } => self.reached(Reached::SyncFailed),
            Action::Fire {
                timer: Timer::RequestTimeout { .. },
                ..
            } => self.reached(Reached::RequestTimedOut),
            Action::Fire {
                timer: Timer::Session { .. },
                ..
            } => self.reached(Reached::SessionExpired),
            Action::Fire {
                timer: Timer::ReplicaLag { .. },
                ..
            } => self.reached(Reached::ReplicaLagged),
            Action::Start { .. }
            | Action::Connect(_)
            | Action::Deliver { .. }
            | Action::Fire { .. }
            | Action::Sync { .. }
            | Action::Choose { .. }
            | Action::Call { .. }
            | Action::Work { .. }
            | Action::Fault(_) => {}
        }
    }

    /// Something happened.
    pub fn observe(&mut self, event: &Event) {
        match event {
            Event::Started { node } => {
                if !self.memory.started.insert(*node) {
                    self.reached(Reached::Restart);
                }
            }
            Event::Stopped { in_order: true, node } if self.memory.brokers.contains(node) => {
                self.reached(Reached::ControlledShutdown);
                self.memory.rolled.insert(*node);
                if self.memory.rolled.is_superset(&self.memory.brokers) {
                    self.memory.rolled.clear();
                    self.reached(Reached::RollingRestart);
                }
            }
            Event::Stopped { in_order: false, node } if self.memory.brokers.contains(node) => {
                self.memory.rolled.clear()
            }
            Event::Stopped { .. } => {}
            Event::Called {
                call: Call::Steer(steering),
                ..
            } => self.steered(steering),
            Event::Called {
                node,
                call: Call::LookUp { lookup, .. },
            } => {
                self.memory.asked.insert(*node, lookup.clone());
            }
            Event::Called {
                node,
                call: Call::Assign(_),
            } => {
                self.memory.readers.insert(*node);
            }
            Event::Called { .. } | Event::Processed { .. } => {}
            Event::Fault(fault) => self.broke(fault),
            Event::Late { .. } => self.reached(Reached::LateRequestDelivered),
            Event::Severed { .. } => self.reached(Reached::ConnectionSevered),
            Event::WriteRefused { .. } => self.reached(Reached::WriteRefused),
            Event::Answered { node, answer } => self.answered(*node, answer),
            Event::Note { node, note } => self.noted(*node, note),
        }
    }

    fn broke(&mut self, fault: &Fault) {
        match fault {
            Fault::Crash { .. } => self.reached(Reached::Crash),
            Fault::PowerLoss { .. } => self.reached(Reached::PowerLoss),
            Fault::Disk { what, .. } => match what {
                DiskFault::Wiped => self.reached(Reached::DiskWiped),
                DiskFault::StaleCheckpoints { .. } => self.reached(Reached::CheckpointsStale),
                DiskFault::Rotten { .. } => self.reached(Reached::DiskRotten),
                DiskFault::Full { .. } => self.reached(Reached::DiskFull),
                DiskFault::Freed => {}
            },
            Fault::Pause { .. } => self.reached(Reached::Pause),
            Fault::Cut { .. } => self.reached(Reached::Cut),
            Fault::Reset(_) => self.reached(Reached::Reset),
            Fault::Lose(_) => self.reached(Reached::LateRequestLost),
            Fault::ClockJump { .. } => self.reached(Reached::ClockJump),
            Fault::Resume { .. }
            | Fault::ShutDown { .. }
            | Fault::Administer { .. }
            | Fault::Mend { .. }
            | Fault::DeleteRecords { .. } => {}
        }
    }

    fn steered(&mut self, steering: &Steering) {
        match steering {
            Steering::Pause(_) => self.reached(Reached::ReaderPaused),
            Steering::Resume(_) => self.reached(Reached::ReaderResumed),
            Steering::Seek { .. } => self.reached(Reached::ReaderSought),
            Steering::SeekToBeginning(_) | Steering::SeekToEnd(_) => self.reached(Reached::ReaderSoughtEnd),
            // It counts when a poll has thrown.
            Steering::Wakeup => {}
        }
    }

    fn answered(&mut self, node: NodeId, answer: &Answer) {
        match answer {
            Answer::Sent { result: Ok(_), .. } => self.reached(Reached::Acknowledged),
            Answer::Sent {
                result: Err(failure), ..
            } => self.failed(failure.error),
            Answer::Polled(Ok(records)) if !records.is_empty() => self.reached(Reached::Read),
            Answer::PartitionsFor { result: Ok(_), .. } => self.reached(Reached::PartitionsTold),
            Answer::Flushed => self.reached(Reached::Flushed),
            Answer::Closed => {
                self.reached(Reached::Closed);
                if self.memory.readers.contains(&node) {
                    self.reached(Reached::ReaderClosed);
                }
            }
            Answer::LookedUp(found) => self.looked_up(node, found.as_deref()),
            Answer::Polled(Err(PollError::Wakeup)) => self.reached(Reached::ReaderWoken),
            Answer::Polled(Err(PollError::CorruptRecord { .. })) => self.reached(Reached::CorruptRead),
            Answer::Administered {
                task: Administration::CreatePartitions(_),
                result: Ok(()),
            } => self.reached(Reached::PartitionAdded),
            Answer::PartitionsFor { result: Err(_), .. }
            | Answer::Polled(_)
            | Answer::Rebalanced(_)
            | Answer::Unsubscribed
            | Answer::Committed(_)
            | Answer::CommitCompleted { .. }
            | Answer::ShutDown
            | Answer::Administered { .. }
            | Answer::RecordsDeleted(_) => {}
        }
    }

    fn took(&mut self, batch: &Batch) {
        match batch.record_count() {
            1 => self.reached(Reached::BatchOfOne),
            10.. => self.reached(Reached::BatchOfMany),
            _ => {}
        }
        if batch.compression() != Compression::None {
            self.reached(Reached::BatchCompressed);
        }
    }

    fn failed(&mut self, error: SendError) {
        self.reached(Reached::SendFailed);
        match error {
            SendError::BufferExhausted => self.reached(Reached::BufferExhausted),
            SendError::MaxBlock => self.reached(Reached::MetadataNeverCame),
            SendError::Kafka(_)
            | SendError::DeliveryTimeout
            | SendError::RecordTooLarge
            | SendError::Closed
            | SendError::SequenceLost => {}
        }
    }

    fn looked_up(&mut self, node: NodeId, found: Result<&[LookedUp], &LookupError>) {
        let found = match found {
            Ok(found) => found,
            Err(LookupError::Timeout) => return self.reached(Reached::LookupTimedOut),
            Err(LookupError::Poll(PollError::Wakeup)) => return self.reached(Reached::ReaderWoken),
            Err(LookupError::Poll(_)) => return,
        };
        let offsets = found.iter().map(|found| found.offset);
        let each: Vec<_> = match self.memory.asked.get(&node) {
            Some(OffsetLookup::Position { .. }) => offsets.flatten().map(|_| Reached::PositionTold).collect(),
            Some(OffsetLookup::Beginning(_)) => {
                let later = offsets.flatten().filter(|begin| *begin > Offset::ZERO);
                later.map(|_| Reached::BeginningTold).collect()
            }
            Some(OffsetLookup::End(_)) => offsets.flatten().map(|_| Reached::EndTold).collect(),
            Some(OffsetLookup::ForTimes(_)) => offsets
                .map(|offset| offset.map_or(Reached::NotFoundByTime, |_| Reached::FoundByTime))
                .collect(),
            Some(OffsetLookup::Committed(_)) | None => Vec::new(),
        };
        each.into_iter().for_each(|situation| self.reached(situation));
    }

    fn noted(&mut self, node: NodeId, note: &Note) {
        match note {
            Note::PartitionChanged {
                partition,
                leader,
                leader_epoch,
                isr,
                elr,
                unclean,
                ..
            } => {
                if *unclean {
                    self.reached(Reached::UncleanElection);
                }
                if leader.is_none() {
                    self.reached(Reached::PartitionOffline);
                }
                if !elr.is_empty() {
                    self.reached(Reached::EligibleLeaderKept);
                }
                self.registered(*partition, *leader_epoch, isr.len());
            }
            Note::BrokerFenced { .. } => self.reached(Reached::BrokerFenced),
            Note::ElectionGranted { election, .. } => self.reached(match election {
                ElectionType::Preferred => Reached::PreferredElection,
                ElectionType::Unclean => Reached::UncleanElectionAskedFor,
            }),
            Note::TopicDeleted { .. } => self.reached(Reached::TopicDeleted),
            Note::LogDeleted { partition } => {
                self.memory.ends.remove(&(*partition, node));
                self.reached(Reached::ReplicaRetired);
            }
            Note::AlterPartitionRefused { .. } => self.reached(Reached::AlterPartitionRefused),
            Note::BecameLeader { partition, epoch, .. } => {
                if *partition == TopicPartition::CLUSTER_METADATA && *epoch > LeaderEpoch(1) {
                    self.reached(Reached::ControllerRestart);
                }
            }
            Note::Appended {
                partition,
                batch,
                as_leader,
            } => {
                if *as_leader && *partition != TopicPartition::CLUSTER_METADATA {
                    self.took(batch);
                }
                self.memory.ends.insert((*partition, node), batch.next_offset());
            }
            Note::Truncated { partition, to, .. } => {
                self.memory.ends.insert((*partition, node), *to);
                self.reached(Reached::Truncation);
            }
            Note::LogRecovered {
                partition,
                end,
                lost_batches,
                ..
            } => {
                if *lost_batches > 0 {
                    self.reached(Reached::TornBatch);
                }
                let before = self.memory.ends.insert((*partition, node), *end);
                if before.is_some_and(|before| before > *end) {
                    self.reached(Reached::LossyPowerLoss);
                }
            }
            Note::LogStart {
                cause: LogStartCause::DeleteRecords,
                ..
            } => self.reached(Reached::RecordsDeleted),
            Note::LogStart {
                cause: LogStartCause::Retention { .. },
                ..
            } => self.reached(Reached::SegmentsDeleted),
            Note::LogStart {
                cause: LogStartCause::Leader,
                ..
            } => self.reached(Reached::LogStartFollowed),
            Note::Compacted { removed, deletions, .. } => {
                if removed.len() > *deletions {
                    self.reached(Reached::RecordsCompacted);
                }
                if *deletions > 0 {
                    self.reached(Reached::DeletionsCompacted);
                }
            }
            Note::GroupsLoaded { .. }
            | Note::GroupsUnloaded { .. }
            | Note::GroupState { .. }
            | Note::CoordinatorFound { .. }
            | Note::CoordinatorUnknown { .. }
            | Note::MemberJoined { .. }
            | Note::MemberSynced { .. }
            | Note::MembershipEnded { .. }
            | Note::CommitSent { .. }
            | Note::OffsetsCommitted { .. }
            | Note::CommittedTold { .. }
            | Note::OffsetsAccepted { .. } => {}
            Note::ProducersExpired { .. } => self.reached(Reached::ProducersExpired),
            Note::LogStartedAnew { .. } => self.reached(Reached::LogStartedAnew),
            Note::PositionOutOfRange { .. } => self.reached(Reached::ReaderOutOfRange),
            Note::FetchDiverged { .. } => self.reached(Reached::Divergence),
            Note::EpochRefused { .. } => self.reached(Reached::EpochRefused),
            Note::DuplicateSuppressed { .. } => self.reached(Reached::DuplicateSuppressed),
            Note::ProduceRefused { error, .. } => {
                if *error == ErrorCode::NotEnoughReplicas {
                    self.reached(Reached::NotEnoughReplicas);
                }
                self.reached(Reached::ProduceRefused);
            }
            Note::ParkedExpired { produce: true } => self.reached(Reached::ParkedProduceExpired),
            Note::ParkedExpired { produce: false } => self.reached(Reached::ParkedFetchExpired),
            Note::OversizedBatchRead { .. } => self.reached(Reached::OversizedBatchRead),
            Note::BatchRetried { .. } => self.reached(Reached::BatchRetried),
            Note::BatchSplit { parts, .. } => {
                if *parts > 1 {
                    self.reached(Reached::BatchSplit);
                }
            }
            Note::MemoryAwaited => self.reached(Reached::MemoryAwaited),
            Note::StickyPartitionDrawn { is_weighed, .. } => {
                self.reached(Reached::StickyPartitionDrawn);
                if *is_weighed {
                    self.reached(Reached::StickyPartitionWeighed);
                }
            }
            Note::BatchExpired { .. } => self.reached(Reached::BatchExpired),
            Note::SequenceLost { .. } => self.reached(Reached::SequenceLost),
            Note::ProducerEpochBumped { .. } => self.reached(Reached::EpochBumped),
            Note::PositionValidated { .. } => self.reached(Reached::ReaderValidatedPosition),
            Note::TruncationDetected { .. } => self.reached(Reached::ReaderTruncated),
            Note::PositionReset { .. } => self.reached(Reached::ReaderReset),
            Note::MetadataReplayed { .. } => self.reached(Reached::MetadataReplayed),
            Note::BrokerRegistered { broker, .. } => {
                self.memory.brokers.insert(*broker);
            }
            Note::BrokerUnfenced { .. }
            | Note::BecameFollower { .. }
            | Note::HighWatermark { .. }
            | Note::IsrProposed { .. }
            | Note::IsrCommitted { .. }
            | Note::Parked { .. }
            | Note::BatchSent { .. }
            | Note::FetchedTooMuch { .. }
            | Note::ProducerIdAssigned { .. } => {}
        }
    }

    fn registered(&mut self, partition: TopicPartition, epoch: LeaderEpoch, in_sync: usize) {
        let Some((epoch_before, in_sync_before)) = self.memory.registered.insert(partition, (epoch, in_sync)) else {
            return;
        };
        if epoch > epoch_before {
            self.reached(Reached::LeaderChange);
        }
        if in_sync < in_sync_before {
            self.reached(Reached::IsrShrink);
        }
        if in_sync > in_sync_before {
            self.reached(Reached::IsrExpand);
        }
    }

    fn reached(&mut self, situation: Reached) {
        self.counts[situation as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use kafkasim_core::ids::PartitionEpoch;

    use super::*;

    fn registered(leader_epoch: i32, isr: &[i32]) -> Event {
        let note = Note::PartitionChanged {
            partition: TopicPartition {
                topic: kafkasim_core::ids::TopicId(1),
                partition: 0,
            },
            leader: isr.first().copied().map(NodeId),
            leader_epoch: LeaderEpoch(leader_epoch),
            isr: isr.iter().copied().map(NodeId).collect(),
            elr: Vec::new(),
            partition_epoch: PartitionEpoch(0),
            unclean: false,
        };
        Event::Note { node: NodeId(0), note }
    }

    #[test]
    fn counts_what_was_reached_and_names_what_was_not() {
        let mut coverage = Coverage::default();
        for event in [
            registered(0, &[1, 2, 3]),
            registered(1, &[2, 3]),
            registered(1, &[1, 2, 3]),
        ] {
            coverage.observe(&event);
        }
        coverage.merge(&coverage.clone());
        assert_eq!(coverage.count("leader-change"), 2);
        assert_eq!(coverage.count("isr-shrink"), 2);
        assert_eq!(coverage.missing(["isr-expand", "crash"]), ["crash"]);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = situations().map(|situation| situation.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SITUATIONS.len());
        assert_eq!(
            situation("crash").map(|crash| crash.sentence),
            Some("a process crashed")
        );
    }
}
