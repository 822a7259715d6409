//! The broker follows the metadata log, replays it into an image of the cluster, and tells its partitions what changed.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::partition::{Changes, Partition};
use super::{Asked, Broker, controller, request_timeout};
use crate::config::BrokerConfig;
use crate::disk::DiskOp;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::log::Log;
use crate::machine::{Context, Lane, Outbox};
use crate::message::{FetchPartition, FetchRequest, FetchResponse, IsolationLevel};
use crate::metadata::MetadataImage;
use crate::note::Note;
use crate::record::{Batch, BatchError, MetadataRecord};
use crate::timer::{Timer, Window};

/// How long the controller may keep a fetch of the metadata log that finds nothing new. Kafka's raft client asks again every 500 ms; nothing comes
/// of that, since the controller does not judge observers by their fetches.
const MAX_WAIT_MS: u32 = 5_000;
/// How much of the metadata log to fetch at once.
const MAX_BYTES: i32 = 8 * 1024 * 1024;
/// How long to wait before the metadata log is fetched again after an error.
const BACKOFF: Window = Window::wall(100);

/// What this broker has replayed of the metadata log. It is kept in memory only, and fetched from its start after each restart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Metadata {
    image: MetadataImage,
    next_offset: Offset,
    /// Waiting for [`Timer::MetadataFetchBackoff`].
    is_backing_off: bool,
    /// The partitions have been told. Until this broker has replayed its own registration, what the log says about it may be about an
    /// earlier start.
    is_published: bool,
}

impl Metadata {
    pub(super) fn new() -> Self {
        Self {
            image: MetadataImage::new(),
            next_offset: Offset::ZERO,
            is_backing_off: false,
            is_published: false,
        }
    }

    /// The cluster, as far as this broker knows.
    pub(super) fn image(&self) -> &MetadataImage {
        &self.image
    }

    /// The first offset not yet replayed.
    pub(super) fn next_offset(&self) -> Offset {
        self.next_offset
    }

    /// Whether the broker is in service.
    pub(super) fn is_published(&self) -> bool {
        self.is_published
    }

    /// Whether the broker of this registration is fenced.
    fn is_fenced(&self, node: NodeId) -> bool {
        self.image
            .brokers
            .get(&node)
            .is_some_and(|registration| registration.fenced)
    }

    /// Replays one batch; says which partitions changed. Of a batch that cannot be read nothing is replayed.
    fn replay(&mut self, batch: &Batch, changed: &mut Vec<TopicPartition>) -> Result<(), BatchError> {
        batch.verify()?;
        let values = batch
            .records()?
            .into_iter()
            .map(|record| record.value.ok_or(BatchError::Malformed));
        let records: Vec<_> = values
            .map(|value| MetadataRecord::decode(&value?))
            .collect::<Result<_, _>>()?;
        for record in &records {
            match record {
                MetadataRecord::Partition { partition, .. } | MetadataRecord::PartitionChange { partition, .. } => {
                    if !changed.contains(partition) {
                        changed.push(*partition);
                    }
                }
                MetadataRecord::RemoveTopic { id } => {
                    let partitions = self.image.partitions().map(|(partition, ..)| partition);
                    let gone = partitions.filter(|partition| partition.topic == *id && !changed.contains(partition));
                    let gone: Vec<_> = gone.collect();
                    changed.extend(gone);
                }
                MetadataRecord::RegisterBroker { .. }
                | MetadataRecord::BrokerRegistrationChange { .. }
                | MetadataRecord::Topic { .. }
                | MetadataRecord::Config { .. }
                | MetadataRecord::ProducerIds { .. }
                | MetadataRecord::NoOp => {}
            }
            self.image.replay(record);
        }
        self.next_offset = batch.next_offset();
        Ok(())
    }
}

impl Broker {
    /// Keeps one fetch of the metadata log under way.
    pub(super) fn pursue_metadata(&mut self, context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        let controller = controller(context);
        if self.metadata.is_backing_off
            || self.connections.unanswered(controller, Lane::Metadata).next().is_some()
            || !self.connections.ready(controller, Lane::Metadata, out)
        {
            return;
        }
        let partition = FetchPartition {
            partition: TopicPartition::CLUSTER_METADATA,
            current_leader_epoch: LeaderEpoch::NONE,
            fetch_offset: self.metadata.next_offset,
            last_fetched_epoch: LeaderEpoch::NONE,
            log_start_offset: Offset::NONE,
            partition_max_bytes: MAX_BYTES,
        };
        let request = FetchRequest {
            replica: None,
            max_wait_ms: MAX_WAIT_MS,
            min_bytes: 1,
            max_bytes: MAX_BYTES,
            isolation_level: IsolationLevel::ReadUncommitted,
            partitions: [partition].into(),
        };
        let timeout = request_timeout(context.config);
        self.connections.send(
            controller,
            Lane::Metadata,
            request.into(),
            Asked::Metadata,
            timeout,
            out,
        );
    }

    pub(super) fn on_metadata(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        response: &FetchResponse,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let was_fenced = self.metadata.is_fenced(context.node);
        let was_caught_up = self.lifecycle.is_caught_up(self.metadata.next_offset);
        let mut changed = Vec::new();
        let replayed_before = self.metadata.next_offset;
        if self.replay(response, &mut changed).is_err() {
            self.metadata.is_backing_off = true;
            out.set_timer(Timer::MetadataFetchBackoff, BACKOFF);
        }
        if self.metadata.next_offset > replayed_before {
            out.note(Note::MetadataReplayed {
                to: self.metadata.next_offset,
            });
        }
        self.publish(context, &changed, changes, out);

        let is_fenced_now = self.metadata.is_fenced(context.node) && !was_fenced;
        if self.lifecycle.is_caught_up(self.metadata.next_offset) && (!was_caught_up || is_fenced_now) {
            self.lifecycle.speak(out);
            self.pursue_lifecycle(context, out);
        }
        self.pursue_metadata(context, out);
    }

    /// [`Timer::MetadataFetchBackoff`]
    pub(super) fn on_metadata_backed_off(&mut self, context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        self.metadata.is_backing_off = false;
        self.pursue_metadata(context, out);
    }

    fn replay(&mut self, response: &FetchResponse, changed: &mut Vec<TopicPartition>) -> Result<(), ErrorCode> {
        let [fetched] = response.responses.as_slice() else {
            return Err(response.error_code);
        };
        if fetched.error_code != ErrorCode::None {
            return Err(fetched.error_code);
        }
        for batch in &fetched.records {
            // The first batch may start before the offset asked for, and nothing counts before a majority of the controllers has it.
            if batch.base_offset == self.metadata.next_offset && batch.next_offset() <= fetched.high_watermark {
                self.metadata
                    .replay(batch, changed)
                    .map_err(|_| ErrorCode::CorruptMessage)?;
            }
        }
        Ok(())
    }

    /// Tells the partitions what has changed; once this broker is in service, the first time, everything.
    pub(super) fn publish(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        changed: &[TopicPartition],
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        if !self.metadata.is_published && !self.lifecycle.is_caught_up(self.metadata.next_offset) {
            return;
        }
        let backed_off = self.backed_off_leaders();
        if self.metadata.is_published {
            for partition in changed {
                self.assign(context, *partition, changes, out);
            }
        } else {
            self.metadata.is_published = true;
            let assigned = self.metadata.image.partitions().map(|(partition, ..)| partition);
            let found = self.partitions.keys().copied();
            let every: BTreeSet<_> = assigned.chain(found).collect();
            for partition in every {
                self.assign(context, partition, changes, out);
            }
        }
        for leader in backed_off.difference(&self.backed_off_leaders()).copied() {
            out.cancel_timer(Timer::ReplicaFetchBackoff { leader });
        }
        self.coordinate(context, out);
        self.pursue_fetches(context, out);
    }

    fn assign(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        partition: TopicPartition,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let around = surroundings!(self, context);
        let registration = self.metadata.image.partition(partition);
        match registration.filter(|registration| registration.replicas.contains(&context.node)) {
            Some(registration) => {
                let replica = self.partitions.entry(partition);
                let replica = replica.or_insert_with(|| Partition::new(Log::create(partition, out)));
                replica.assign(registration, &around, changes, out);
                self.plan_retention(context, partition, out);
                self.plan_cleaning(context, partition, out);
            }
            None => {
                if let Some(replica) = self.partitions.remove(&partition) {
                    replica.retire(changes, out);
                    out.disk(DiskOp::DeleteLog(partition));
                    out.note(Note::LogDeleted { partition });
                }
            }
        }
    }
}
