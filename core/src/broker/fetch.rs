//! Fetch: consumers read up to the high watermark, followers up to the log's end; who finds nothing waits.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::partition::{Changes, Leader, Partition, Surroundings};
use super::{Broker, unhosted};
use crate::config::BrokerConfig;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::log::Log;
use crate::machine::{ConnectionId, Context, Outbox};
use crate::message::{
    BrokerState, EpochEndOffset, FetchPartition, FetchRequest, FetchResponse, FetchedPartition, ReplicaState,
};
use crate::note::Note;
use crate::record::Batch;
use crate::rules::{FetchRoom, Wake};

/// A Fetch that waits for enough to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Parked {
    replica_id: Option<NodeId>,
    min_bytes: i32,
    max_bytes: i32,
    partitions: Vec<FetchPartition>,
}

/// How much more may be read for one request.
struct Room {
    bytes: usize,
    /// Nothing has been read yet: the first batch is returned whatever its size (KIP-74).
    is_untouched: bool,
}

impl Room {
    fn new(max_bytes: i32) -> Self {
        Self {
            bytes: bytes_of(max_bytes),
            is_untouched: true,
        }
    }

    /// Reads from one partition what there is room for, at most `max_bytes`, whole batches only.
    fn read(&mut self, log: &Log, from: Offset, limit: Offset, max_bytes: usize) -> Vec<Batch> {
        let records = log.read(from, limit, max_bytes, self.is_untouched);
        if let Some(last) = records.last() {
            self.is_untouched = false;
            let size: usize = records.iter().map(Batch::size).sum();
            // Kafka reads files by bytes. A batch that is cut off is dropped by the fetcher, but has taken room from the partitions behind.
            let taken = if last.next_offset() < limit {
                size.max(max_bytes)
            } else {
                size
            };
            self.bytes = self.bytes.saturating_sub(taken);
        }
        records
    }
}

/// What was found in one partition.
enum Found {
    Records(Vec<Batch>),
    Diverging(EpochEndOffset),
}

impl Parked {
    /// Whether something that changed may matter to it.
    pub(super) fn is_woken(&self, woken: impl Fn(TopicPartition, &[Wake]) -> bool) -> bool {
        let by = match self.replica_id {
            Some(_) => [Wake::Appended, Wake::LeadershipChanged],
            None => [Wake::HighWatermarkAdvanced, Wake::LeadershipChanged],
        };
        self.partitions.iter().any(|fetch| woken(fetch.partition, &by))
    }

    /// Kafka's `DelayedFetch.tryComplete`.
    pub(super) fn is_ready(&self, partitions: &BTreeMap<TopicPartition, Partition>, around: &Surroundings<'_>) -> bool {
        let mut bytes = 0;
        for fetch in &self.partitions {
            let Ok((_, log)) = located(fetch, partitions, around) else {
                return true;
            };
            let limit = visible_end(log, self.replica_id);
            // The log was truncated below what is asked for.
            if fetch.fetch_offset > limit {
                return true;
            }
            match divergence(fetch, log, around) {
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => return true,
            }
            bytes += log
                .bytes_between(fetch.fetch_offset, limit)
                .min(bytes_of(fetch.partition_max_bytes));
        }
        bytes >= bytes_of(self.min_bytes)
    }
}

impl Broker {
    pub(super) fn on_fetch(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        connection: ConnectionId,
        mut request: FetchRequest,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if connection.has_ended() && request.replica.is_none() {
            return;
        }
        request.max_bytes = request.max_bytes.min(context.config.fetch_max_bytes);
        // What an answer cannot have is not waited for.
        request.min_bytes = request.min_bytes.min(request.max_bytes);
        let mut room = Room::new(request.max_bytes);
        let mut responses = Vec::with_capacity(request.partitions.len());
        let mut bytes = 0;
        let mut is_urgent = request.max_wait_ms == 0 || request.partitions.is_empty();
        for fetch in &request.partitions {
            let fetched = self.fetch_one(context, request.replica, fetch, &mut room, changes, out);
            bytes += fetched.records.iter().map(Batch::size).sum::<usize>();
            is_urgent |= fetched.error_code != ErrorCode::None || fetched.diverging_epoch.is_some();
            responses.push(fetched);
        }
        if connection.has_ended() {
            return;
        }
        if is_urgent || bytes >= bytes_of(request.min_bytes) {
            out.respond(
                connection,
                FetchResponse {
                    error_code: ErrorCode::None,
                    responses,
                }
                .into(),
            );
            return;
        }
        let parked = Parked {
            replica_id: request.replica.map(|replica| replica.replica_id),
            min_bytes: request.min_bytes,
            max_bytes: request.max_bytes,
            partitions: request.partitions,
        };
        if parked.is_ready(&self.partitions, &surroundings!(self, context)) {
            let response = self.read_again(context, &parked, out);
            out.respond(connection, response.into());
        } else {
            self.park_fetch(connection, parked, u64::from(request.max_wait_ms), out);
        }
    }

    /// Reads for a request that has waited. What a follower's fetch says about its log was taken note of when it arrived.
    pub(super) fn read_again(
        &self,
        context: &Context<'_, BrokerConfig>,
        parked: &Parked,
        out: &mut Outbox,
    ) -> FetchResponse {
        let mut room = Room::new(parked.max_bytes);
        let read = |fetch| self.read(context, parked.replica_id, fetch, &mut room, out);
        FetchResponse {
            error_code: ErrorCode::None,
            responses: parked.partitions.iter().map(read).collect(),
        }
    }

    /// Reads from one partition, and only then takes note of what the fetch says about the follower: the answer carries the high
    /// watermark from before.
    fn fetch_one(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        replica: Option<ReplicaState>,
        fetch: &FetchPartition,
        room: &mut Room,
        changes: &mut Changes,
        out: &mut Outbox,
    ) -> FetchedPartition {
        let fetched = self.read(context, replica.map(|replica| replica.replica_id), fetch, room, out);
        let is_noted = fetched.diverging_epoch.is_none() || (context.rules.notes_diverging_fetch)();
        let (Some(replica), ErrorCode::None, true) = (replica, fetched.error_code, is_noted) else {
            return fetched;
        };
        let follower = BrokerState {
            broker_id: replica.replica_id,
            broker_epoch: replica.replica_epoch,
        };
        let around = surroundings!(self, context);
        let hosted = self
            .partitions
            .get_mut(&fetch.partition)
            .expect("what was read from is here");
        match hosted.fetched_by(follower, fetch, &around, changes, out) {
            Ok(()) => fetched,
            Err(error) => self.failed(fetch.partition, error),
        }
    }

    fn read(
        &self,
        context: &Context<'_, BrokerConfig>,
        replica_id: Option<NodeId>,
        fetch: &FetchPartition,
        room: &mut Room,
        out: &mut Outbox,
    ) -> FetchedPartition {
        let around = surroundings!(self, context);
        let partition = fetch.partition;
        let located = located(fetch, &self.partitions, &around);
        let max_bytes = room.bytes.min(bytes_of(fetch.partition_max_bytes));
        let found = located.and_then(|(leader, log)| Ok((found(fetch, replica_id, leader, log, room, &around)?, log)));
        match found {
            Err(error) => {
                if matches!(error, ErrorCode::FencedLeaderEpoch | ErrorCode::UnknownLeaderEpoch) {
                    out.note(Note::EpochRefused { partition, error });
                }
                self.failed(partition, error)
            }
            Ok((found, log)) => {
                let mut fetched = unread(partition);
                fetched.high_watermark = log.high_watermark();
                fetched.log_start_offset = log.start();
                match (found, replica_id) {
                    (Found::Records(records), _) => {
                        if records.first().is_some_and(|batch| batch.size() > max_bytes) {
                            out.note(Note::OversizedBatchRead { partition });
                        }
                        fetched.records = records;
                    }
                    (Found::Diverging(epoch), follower) => {
                        fetched.diverging_epoch = Some(epoch);
                        if let Some(follower) = follower {
                            out.note(Note::FetchDiverged { partition, follower });
                        }
                    }
                }
                if replica_id.is_none() {
                    // Without transactions everything committed is stable.
                    fetched.last_stable_offset = log.high_watermark();
                }
                fetched
            }
        }
    }

    fn failed(&self, partition: TopicPartition, error: ErrorCode) -> FetchedPartition {
        let tells_leader = matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
        let current_leader = if tells_leader {
            self.current_leader(partition)
        } else {
            None
        };
        FetchedPartition {
            error_code: error,
            current_leader,
            ..unread(partition)
        }
    }
}

fn unread(partition: TopicPartition) -> FetchedPartition {
    FetchedPartition {
        partition,
        error_code: ErrorCode::None,
        high_watermark: Offset::NONE,
        last_stable_offset: Offset::NONE,
        log_start_offset: Offset::NONE,
        diverging_epoch: None,
        current_leader: None,
        records: Vec::new(),
    }
}

fn located<'a>(
    fetch: &FetchPartition,
    partitions: &'a BTreeMap<TopicPartition, Partition>,
    around: &Surroundings<'_>,
) -> Result<(&'a Leader, &'a Log), ErrorCode> {
    if !around.image.topics.contains_key(&fetch.partition.topic) {
        return Err(ErrorCode::UnknownTopicId);
    }
    let replica = partitions
        .get(&fetch.partition)
        .ok_or_else(|| unhosted(around.image, fetch.partition))?;
    let leader = replica.leader_in(fetch.current_leader_epoch, around.context.rules)?;
    Ok((leader, replica.log()))
}

fn found(
    fetch: &FetchPartition,
    replica_id: Option<NodeId>,
    leader: &Leader,
    log: &Log,
    room: &mut Room,
    around: &Surroundings<'_>,
) -> Result<Found, ErrorCode> {
    if replica_id.is_some_and(|replica| leader.follower_end(replica).is_none()) {
        // The fetcher may know of an assignment that the leader does not know yet.
        let knows_epoch = fetch.current_leader_epoch != LeaderEpoch::NONE;
        return Err(if knows_epoch {
            ErrorCode::UnknownLeaderEpoch
        } else {
            ErrorCode::NotLeaderOrFollower
        });
    }
    if let Some(epoch) = divergence(fetch, log, around)? {
        return Ok(Found::Diverging(epoch));
    }
    if fetch.fetch_offset < log.start() || fetch.fetch_offset > log.end() {
        return Err(ErrorCode::OffsetOutOfRange);
    }
    let limit = visible_end(log, replica_id);
    if fetch.fetch_offset >= limit {
        return Ok(Found::Records(Vec::new()));
    }
    let max_bytes = (around.context.rules.fetch_room)(&FetchRoom {
        left: room.bytes,
        partition_max: bytes_of(fetch.partition_max_bytes),
    });
    let records = room.read(log, fetch.fetch_offset, limit, max_bytes);
    Ok(Found::Records(records))
}

/// Where the fetcher's last epoch ended here, if its log is not a prefix of this one (KIP-595).
fn divergence(
    fetch: &FetchPartition,
    log: &Log,
    around: &Surroundings<'_>,
) -> Result<Option<EpochEndOffset>, ErrorCode> {
    if fetch.last_fetched_epoch == LeaderEpoch::NONE || !(around.context.rules.validates_each_fetch)() {
        return Ok(None);
    }
    let here = log.end_of_epoch(fetch.last_fetched_epoch);
    if here.end_offset == Offset::NONE || here.leader_epoch == LeaderEpoch::NONE || fetch.fetch_offset < log.start() {
        return Err(ErrorCode::OffsetOutOfRange);
    }
    let diverges = here.leader_epoch < fetch.last_fetched_epoch || here.end_offset < fetch.fetch_offset;
    Ok(diverges.then_some(here))
}

fn visible_end(log: &Log, replica_id: Option<NodeId>) -> Offset {
    match replica_id {
        Some(_) => log.end(),
        None => log.high_watermark(),
    }
}

fn bytes_of(limit: i32) -> usize {
    usize::try_from(limit).unwrap_or(0)
}
