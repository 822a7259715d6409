//! How often each situation was reached: a quiet run is no evidence. Counters are no part of a world.

mod groups;
mod situations;

use std::collections::BTreeMap;

use kafkasim_core::call::{Administration, Answer, Call, PollError, SendError, Steering};
use kafkasim_core::error::ErrorCode;
use kafkasim_core::ids::{LeaderEpoch, NodeId, Offset, TopicPartition};
use kafkasim_core::lookup::{LookedUp, LookupError, OffsetLookup};
use kafkasim_core::message::ElectionType;
use kafkasim_core::note::{LogStartCause, Note};
use kafkasim_core::record::{Batch, Compression};
use kafkasim_core::timer::{GroupTimer, Timer};

use crate::world::{Action, DiskFault, Event, Fault};
use groups::GroupMemory;
use situations::{Reached, SITUATIONS};
pub use situations::{Situation, situation, situations};

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
    groups: GroupMemory,
    /// Those who have assigned partitions, or subscribed.
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
                timer:
                    Timer::Group {
                        timer: GroupTimer::Session { .. },
                        ..
                    },
                ..
            } => self.reached(Reached::MemberExpired),
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
            Event::Stopped { node, .. } => self.memory.groups.stopped(*node),
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
                call: Call::Assign(_) | Call::Subscribe(_),
            } => {
                self.memory.readers.insert(*node);
            }
            Event::Called {
                node,
                call: Call::CommitSync { .. },
            } => self.commits(*node),
            Event::Called {
                node,
                call: Call::CommitAsync { call, .. },
            } => self.commits_asynchronously(*node, *call),
            Event::Called {
                node,
                call: Call::ListenerReturned,
            } => self.listener_returned(*node),
            Event::Called { .. } => {}
            Event::Processed { .. } => self.reached(Reached::RecordProcessed),
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
            Answer::Rebalanced(rebalance) => self.rebalanced(node, rebalance),
            Answer::Committed(Err(_)) => self.reached(Reached::CommitRefused),
            Answer::CommitCompleted { call, result } => self.called_back(node, *call, result.as_ref().err().copied()),
            Answer::Polled(Err(PollError::CorruptRecord { .. })) => self.reached(Reached::CorruptRead),
            Answer::Administered {
                task: Administration::CreatePartitions(_),
                result: Ok(()),
            } => self.reached(Reached::PartitionAdded),
            Answer::PartitionsFor { result: Err(_), .. }
            | Answer::Polled(_)
            | Answer::Unsubscribed
            | Answer::Committed(Ok(_))
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
                    self.wrote(*partition, batch);
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
            Note::GroupsLoaded { log, .. } => self.coordinates(node, *log),
            Note::GroupState {
                group,
                generation,
                state,
                members,
                ..
            } => self.stands(group, *generation, state, members),
            Note::MemberJoined { .. } => self.reached(Reached::MemberJoined),
            Note::MembershipEnded { because, .. } => self.ended(*because),
            Note::CommitSent { is_automatic: true, .. } => self.reached(Reached::CommittedAutomatically),
            Note::OffsetsCommitted { .. } => self.reached(Reached::CommitAcknowledged),
            Note::CommittedTold { offset, .. } => self.told(node, *offset),
            Note::CoordinatorUnknown { .. } => self.reached(Reached::CoordinatorLost),
            Note::GroupsUnloaded { .. }
            | Note::CoordinatorFound { .. }
            | Note::MemberSynced { .. }
            | Note::CommitSent { .. }
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
            Note::TruncationDetected { position, .. } => {
                self.reached(Reached::ReaderTruncated);
                self.truncated(node, *position);
            }
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

    fn note(note: Note) -> Event {
        Event::Note { node: NodeId(1), note }
    }

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
    fn counts_what_groups_come_into() {
        let stands = |generation: i32, state: &'static str, members: &[&str]| {
            note(Note::GroupState {
                log: TopicPartition::CLUSTER_METADATA,
                group: "g".into(),
                generation: kafkasim_core::ids::GenerationId(generation),
                state,
                members: members.iter().map(|member| (*member).into()).collect(),
            })
        };
        let mut coverage = Coverage::default();
        for event in [
            stands(1, "Stable", &["a"]),
            stands(2, "PreparingRebalance", &["a", "b"]),
            stands(2, "Stable", &["a", "b"]),
            stands(2, "Stable", &["a", "c"]),
            stands(3, "Empty", &[]),
        ] {
            coverage.observe(&event);
        }
        for situation in ["group-rebalanced", "static-member-returned", "group-emptied"] {
            assert_eq!(coverage.count(situation), 1, "{situation}");
        }
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
