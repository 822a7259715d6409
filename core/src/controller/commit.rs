//! From a handler's records to a committed batch: append, replay, force to disk, then tell.
//!
//! At most one sync is outstanding. What is appended meanwhile waits for the next one, as in Kafka's deferred event queue.

use alloc::vec::Vec;

use super::{Controller, ControllerContext, Role};
use crate::disk::{DiskImage, DiskOp};
use crate::ids::{BrokerEpoch, DiskToken, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::log::{Checkpoints, Log};
use crate::machine::{ConnectionId, Outbox};
use crate::message::Response;
use crate::metadata::MetadataImage;
use crate::note::Note;
use crate::record::{BatchBuilder, MetadataRecord};

const METADATA: TopicPartition = TopicPartition::CLUSTER_METADATA;

/// The one sync that is outstanding at a time.
const SYNC: DiskToken = DiskToken(0);

/// Records that are to be appended as one batch, all or none.
#[derive(Debug, Default)]
pub(super) struct Records {
    records: Vec<MetadataRecord>,
    /// Partitions whose new leader is not known to have every committed record.
    unclean: Vec<TopicPartition>,
}

impl Records {
    pub(super) fn push(&mut self, record: MetadataRecord) {
        self.records.push(record);
    }

    pub(super) fn push_change(&mut self, partition: TopicPartition, change: super::election::Change) {
        if change.unclean {
            self.unclean.push(partition);
        }
        self.records.push(change.into_record(partition));
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }
}

/// What is to be told once appended batches are durable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Commits {
    /// What the outstanding sync will commit.
    syncing: Option<Uncommitted>,
    /// What was appended since: for the next sync.
    appended: Option<Uncommitted>,
}

/// Batches that are committed together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Uncommitted {
    notes: Vec<Note>,
    answers: Vec<(ConnectionId, Response)>,
    /// The offset after them.
    end: Offset,
}

impl Commits {
    /// Drops the answers to a connection that has ended.
    pub(super) fn forget(&mut self, connection: ConnectionId) {
        for uncommitted in self.syncing.iter_mut().chain(&mut self.appended) {
            uncommitted.answers.retain(|(to, _)| *to != connection);
        }
    }

    /// What a batch that was just appended waits with; asks for the sync if none is outstanding.
    fn appended(&mut self, end: Offset, out: &mut Outbox) -> &mut Uncommitted {
        let slot = if self.syncing.is_none() {
            out.disk(DiskOp::Sync {
                log: METADATA,
                token: SYNC,
            });
            &mut self.syncing
        } else {
            &mut self.appended
        };
        let waiting = slot.get_or_insert(Uncommitted {
            notes: Vec::new(),
            answers: Vec::new(),
            end,
        });
        waiting.end = end;
        waiting
    }

    /// What the last record appended waits with, if it waits.
    fn last(&mut self) -> Option<&mut Uncommitted> {
        self.appended.as_mut().or(self.syncing.as_mut())
    }
}

/// Opens the metadata log, or creates it, and replays all of it.
pub(super) fn recover(disk: &DiskImage, out: &mut Outbox) -> (Log, MetadataImage) {
    // Nothing is known to be durable before it was forced again, so the high watermark starts at 0 (KAFKA-12619).
    let log = match disk.logs.get(&METADATA) {
        Some(image) => Log::recover(METADATA, image, false, Checkpoints::NONE, out),
        None => Log::create(METADATA, out),
    };
    let mut image = MetadataImage::new();
    for batch in log.batches() {
        let records = batch
            .records()
            .expect("what recovery keeps of the metadata log can be read");
        for value in records.iter().filter_map(|record| record.value.as_ref()) {
            image.replay(&MetadataRecord::decode(value).expect("the metadata log holds metadata records"));
        }
    }
    (log, image)
}

impl Controller {
    /// Begins the epoch of this process with a record of its own: older records commit together with it, never before it.
    pub(super) fn begin_epoch(&mut self, context: &ControllerContext<'_>, out: &mut Outbox) {
        let epoch = self.log.last_epoch().unwrap_or(LeaderEpoch(0)).next();
        self.log.begin_epoch(epoch, out);
        out.note(Note::BecameLeader {
            partition: METADATA,
            epoch,
            start_offset: self.log.end(),
        });
        let mut first = Records::default();
        first.push(MetadataRecord::NoOp);
        self.append(context, first, out);
    }

    /// Appends records as one batch and replays them. They are committed when the disk has them.
    pub(super) fn append(&mut self, context: &ControllerContext<'_>, records: Records, out: &mut Outbox) {
        if records.records.is_empty() {
            return;
        }
        let mut builder = BatchBuilder::new();
        for record in &records.records {
            builder.append(context.wall_clock, None, Some(record.encode()), &[]);
        }
        let batch = self.log.append_as_leader(&builder.build(None), self.epoch(), out);
        out.note(Note::Appended {
            partition: METADATA,
            batch,
            as_leader: true,
        });

        let waiting = self.commits.appended(self.log.end(), out);
        for record in &records.records {
            self.image.replay(record);
            waiting.notes.extend(note(&self.image, record, &records.unclean));
        }
    }

    /// Answers when everything that the answer may be based on is committed.
    pub(super) fn answer(&mut self, connection: ConnectionId, response: impl Into<Response>, out: &mut Outbox) {
        match self.commits.last() {
            Some(_) if connection.has_ended() => {}
            Some(waiting) => waiting.answers.push((connection, response.into())),
            None => out.respond(connection, response.into()),
        }
    }

    /// What the sync covered is committed: notes first, then answers, then those who wait for records.
    pub(super) fn on_synced(&mut self, context: &ControllerContext<'_>, out: &mut Outbox) {
        let committed = self.commits.syncing.take().expect("only what was asked for is synced");
        self.commits.syncing = self.commits.appended.take();
        if self.commits.syncing.is_some() {
            out.disk(DiskOp::Sync {
                log: METADATA,
                token: SYNC,
            });
        }
        self.log.set_high_watermark(committed.end);
        out.note(Note::HighWatermark {
            partition: METADATA,
            to: committed.end,
            as_leader: true,
        });
        for note in committed.notes {
            out.note(note);
        }
        if self.role == Role::Activating {
            self.activate(context, out);
        }
        for (connection, response) in committed.answers {
            out.respond(connection, response);
        }
        self.wake_fetches(out);
    }

    /// Begins to serve. When brokers were last heard from went with the last process, so every session starts anew; those of fenced
    /// brokers matter to nobody (KAFKA-19130).
    fn activate(&mut self, context: &ControllerContext<'_>, out: &mut Outbox) {
        self.role = Role::Active;
        for (broker, registration) in &self.image.brokers {
            if !registration.fenced {
                Self::arm_session(*broker, context, out);
            }
        }
    }

    /// The epoch of the registration whose record follows `records`: the offset that this record will have.
    pub(super) fn next_broker_epoch(&self, records: &Records) -> BrokerEpoch {
        let before = i64::try_from(records.len()).expect("a batch has fewer records than there are offsets");
        BrokerEpoch((self.log.end() + before).0)
    }
}

/// What there is to tell about a record that was just replayed.
fn note(image: &MetadataImage, record: &MetadataRecord, unclean: &[TopicPartition]) -> Option<Note> {
    match record {
        MetadataRecord::RegisterBroker { broker, epoch, .. } => Some(Note::BrokerRegistered {
            broker: *broker,
            epoch: *epoch,
        }),
        MetadataRecord::BrokerRegistrationChange { broker, fenced, .. } => {
            fenced.map(|fenced| fencing(*broker, fenced))
        }
        MetadataRecord::Partition { partition, .. } | MetadataRecord::PartitionChange { partition, .. } => {
            let changed = image
                .partition(*partition)
                .expect("a partition whose record was replayed is there");
            Some(Note::PartitionChanged {
                partition: *partition,
                leader: changed.leader,
                leader_epoch: changed.leader_epoch,
                isr: changed.isr.clone(),
                elr: changed.elr.clone(),
                partition_epoch: changed.partition_epoch,
                unclean: unclean.contains(partition),
            })
        }
        MetadataRecord::RemoveTopic { id } => Some(Note::TopicDeleted { topic: *id }),
        MetadataRecord::Topic { .. }
        | MetadataRecord::Config { .. }
        | MetadataRecord::ProducerIds { .. }
        | MetadataRecord::NoOp => None,
    }
}

const fn fencing(broker: NodeId, fenced: bool) -> Note {
    if fenced {
        Note::BrokerFenced { broker }
    } else {
        Note::BrokerUnfenced { broker }
    }
}
