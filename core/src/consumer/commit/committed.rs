//! How far has the group come? AskedCommitted for partitions that begin, and by the application.

use alloc::vec::Vec;

use super::{Consumer, group_id};
use crate::call::PollError;
use crate::config::ConsumerConfig;
use crate::consumer::Pending;
use crate::consumer::member::{Generation, is_of_another_coordinator};
use crate::consumer::position::{Assigned, FetchState, Position};
use crate::consumer::waiting::Waiting;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, Timestamp, TopicName};
use crate::lookup::{LookedUp, LookupError};
use crate::machine::{Context, Outbox};
use crate::message::{FetchedOffset, OffsetFetchRequest, OffsetFetchResponse};
use crate::note::Note;
use crate::timer::{Timer, Window};

/// Kafka's `pendingCommittedOffsetRequest`: what the coordinator was asked last, and how far that is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::consumer) struct CommittedLookup {
    asked: Option<AskedCommitted>,
    progress: Progress,
}

/// What was asked: in another generation somebody else may have committed meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::consumer) struct AskedCommitted {
    partitions: Vec<(TopicName, i32)>,
    generation: Option<Generation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Progress {
    Due,
    UnderWay,
    BackingOff,
    Told(Vec<FetchedOffset>),
    Failed(ErrorCode),
}

impl CommittedLookup {
    pub(in crate::consumer) const fn new() -> Self {
        Self {
            asked: None,
            progress: Progress::Due,
        }
    }

    /// Asks for something, unless that is what it has asked for.
    fn ask_for(&mut self, asked: AskedCommitted) {
        if self.asked.as_ref() != Some(&asked) {
            *self = Self {
                asked: Some(asked),
                progress: Progress::Due,
            };
        }
    }
}

impl Consumer {
    /// `fetchCommittedOffsets`; `None` if that is not known yet.
    fn fetch_committed(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        partitions: Vec<(TopicName, i32)>,
        out: &mut Outbox,
    ) -> Option<Result<Vec<FetchedOffset>, PollError>> {
        let generation = self.member.stable_generation().cloned();
        self.committed.ask_for(AskedCommitted { partitions, generation });
        match core::mem::replace(&mut self.committed.progress, Progress::Due) {
            Progress::Due => {
                if self.find_coordinator(context, out) {
                    self.send_offset_fetch(context, out);
                }
                None
            }
            progress @ (Progress::UnderWay | Progress::BackingOff) => {
                self.committed.progress = progress;
                None
            }
            Progress::Told(offsets) => {
                self.committed.asked = None;
                Some(Ok(offsets))
            }
            Progress::Failed(error) => {
                self.committed.asked = None;
                Some(Err(PollError::Group(error)))
            }
        }
    }

    fn send_offset_fetch(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        let Some(asked) = self.committed.asked.clone() else {
            return;
        };
        let request = OffsetFetchRequest {
            group_id: group_id(context),
            partitions: Some(asked.partitions.clone()),
            require_stable: true,
        };
        self.committed.progress = Progress::UnderWay;
        self.send_to_coordinator(request.into(), Pending::OffsetFetch(asked));
        self.transmit(context, out);
    }

    pub(in crate::consumer) fn on_offset_fetch(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        asked: &AskedCommitted,
        response: OffsetFetchResponse,
        out: &mut Outbox,
    ) {
        let mut errors = response.partitions.iter().map(|partition| partition.error_code);
        let of_partitions = || errors.find(|error| *error != ErrorCode::None);
        let error = Some(response.error_code)
            .filter(|error| *error != ErrorCode::None)
            .or_else(of_partitions);
        if error.is_some_and(is_of_another_coordinator) {
            self.doubt_coordinator(context, out);
        }
        match error {
            Some(error) => self.offset_fetch_failed(context, asked, error, out),
            None if self.is_awaited(asked) => self.committed.progress = Progress::Told(response.partitions),
            None => {}
        }
    }

    /// The answer is an error, or there will be none.
    pub(in crate::consumer) fn offset_fetch_failed(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        asked: &AskedCommitted,
        error: ErrorCode,
        out: &mut Outbox,
    ) {
        if !self.is_awaited(asked) {
            return;
        }
        // A partition that does not exist is an error, although it may exist later.
        self.committed.progress = if error.is_retriable() && error != ErrorCode::UnknownTopicOrPartition {
            let backoff = Window::backoff(context.config.retry_backoff_ms);
            out.set_timer(Timer::OffsetsBackoff, backoff);
            Progress::BackingOff
        } else {
            Progress::Failed(error)
        };
    }

    fn is_awaited(&self, asked: &AskedCommitted) -> bool {
        self.committed.progress == Progress::UnderWay && self.committed.asked.as_ref() == Some(asked)
    }

    /// [`Timer::OffsetsBackoff`]
    pub(in crate::consumer) fn offset_fetch_backed_off(&mut self) {
        if self.committed.progress == Progress::BackingOff {
            self.committed.progress = Progress::Due;
        }
    }

    /// Partitions that begin do so where the group has come to. Whether that is known; where it has committed nothing, they still begin.
    pub(in crate::consumer) fn begin_where_committed(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        out: &mut Outbox,
    ) -> Result<bool, PollError> {
        let begins = self
            .assigned
            .iter()
            .filter(|assigned| assigned.state == FetchState::Initializing);
        let mut begins: Vec<_> = begins
            .map(|assigned| (assigned.topic.clone(), assigned.partition))
            .collect();
        if begins.is_empty() {
            return Ok(true);
        }
        begins.sort_unstable();
        match self.fetch_committed(context, begins, out) {
            None => Ok(false),
            Some(Err(error)) => Err(error),
            Some(Ok(offsets)) => {
                for fetched in &offsets {
                    self.begin_at(context, fetched, out);
                }
                Ok(true)
            }
        }
    }

    fn begin_at(&mut self, context: &Context<'_, ConsumerConfig>, fetched: &FetchedOffset, out: &mut Outbox) {
        note_committed(context, fetched, out);
        if fetched.committed_offset < Offset::ZERO {
            return;
        }
        let is_this = |assigned: &Assigned| assigned.topic == fetched.topic && assigned.partition == fetched.partition;
        let Some(index) = self.assigned.iter().position(is_this) else {
            return;
        };
        if let Some(id) = self.assigned[index].id {
            // Metadata that is older than what was read here is not to be believed.
            self.cluster.learn_epoch(id, fetched.committed_leader_epoch);
        }
        let view = self.assigned[index].id.and_then(|id| self.cluster.partition(id));
        let position = Position {
            offset: fetched.committed_offset,
            offset_epoch: fetched.committed_leader_epoch,
            leader: view.and_then(|view| view.leader),
            leader_epoch: view.map_or(LeaderEpoch::NONE, |view| view.leader_epoch),
        };
        self.begin_at_position(context, index, position);
    }

    /// One turn of `committed(partitions)`.
    pub(in crate::consumer) fn take_committed_turn(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        out: &mut Outbox,
    ) -> Option<Result<Vec<LookedUp>, LookupError>> {
        let Waiting::Committed(partitions) = &self.waiting else {
            return None;
        };
        let partitions = partitions.clone();
        let mut sorted = partitions.clone();
        sorted.sort_unstable();
        let Some(fetched) = self.fetch_committed(context, sorted, out) else {
            self.refresh_metadata(context, out);
            return None;
        };
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(error) => return Some(Err(LookupError::Poll(error))),
        };
        fetched.iter().for_each(|fetched| note_committed(context, fetched, out));
        let told = partitions.into_iter().map(|(topic, partition)| {
            let of_this = |told: &&FetchedOffset| told.topic == topic && told.partition == partition;
            let offset = fetched.iter().find(of_this).map(|told| told.committed_offset);
            LookedUp {
                offset: offset.filter(|offset| *offset >= Offset::ZERO),
                topic,
                partition,
                timestamp: Timestamp::NONE,
            }
        });
        Some(Ok(told.collect()))
    }
}

fn note_committed(context: &Context<'_, ConsumerConfig>, fetched: &FetchedOffset, out: &mut Outbox) {
    out.note(Note::CommittedTold {
        group: group_id(context),
        topic: fetched.topic.clone(),
        partition: fetched.partition,
        offset: Some(fetched.committed_offset).filter(|offset| *offset >= Offset::ZERO),
    });
}
