//! Fetching: one request at a time to each leader, for the partitions that have a valid position and nothing in the buffer.
//!
//! Kafka's `AbstractFetch`, and what its `FetchCollector` does about errors.

use alloc::vec::Vec;
use core::mem;

use super::buffer::{CompletedFetch, Content, corrupt};
use super::position::{FetchState, Lookup, Position};
use super::{ByLeader, Consumer, Pending};
use crate::call::PollError;
use crate::config::ConsumerConfig;
use crate::connections::Connections;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::machine::{Context, Lane, Outbox};
use crate::message::{FetchPartition, FetchRequest, FetchResponse, FetchedPartition};
use crate::note::Note;
use crate::record::Batch;
use crate::timer::{Timer, Window};

/// What was asked of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AskedFetch {
    partition: TopicPartition,
    offset: Offset,
    leader_epoch: LeaderEpoch,
}

/// What an error means for the partition that was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// The leader may be another by now.
    AskForMetadata,
    /// It may go away by itself.
    TryAgain,
    /// The position is outside the log.
    OutOfRange,
    /// The broker found the log broken.
    Corrupt,
}

/// `FetchCollector.handleInitializeErrors`. Kafka throws an exception on any error that it does not expect there; here it is retried.
fn judge(error: ErrorCode) -> Failure {
    if error == ErrorCode::OffsetOutOfRange {
        Failure::OutOfRange
    } else if error == ErrorCode::CorruptMessage {
        Failure::Corrupt
    } else if matches!(
        error,
        ErrorCode::NotLeaderOrFollower
            | ErrorCode::ReplicaNotAvailable
            | ErrorCode::KafkaStorageError
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::OffsetNotAvailable
            | ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId
    ) {
        Failure::AskForMetadata
    } else {
        Failure::TryAgain
    }
}

impl Consumer {
    /// Sends a Fetch to every leader that has none to answer, for its partitions with a valid position and nothing buffered.
    pub(super) fn send_fetches(&mut self, context: &Context<'_, ConsumerConfig>, out: &mut Outbox) {
        let mut requests = ByLeader::new();
        for assigned in &self.assigned {
            let FetchState::Fetching {
                position,
                backing_off: false,
            } = &assigned.state
            else {
                continue;
            };
            // The application may have said where to start before the partition was located.
            let Some(partition) = assigned
                .id
                .filter(|_| !assigned.is_paused && !assigned.is_pending_revocation)
            else {
                continue;
            };
            if self.buffer.iter().any(|fetch| fetch.partition == partition) {
                continue;
            }
            let Some(leader) = position.leader else {
                self.cluster.request_update();
                continue;
            };
            if !has_to_answer_fetch(&self.connections, leader) && self.connections.ready(leader, Lane::Client, out) {
                let Position {
                    offset, leader_epoch, ..
                } = *position;
                requests.push(
                    leader,
                    AskedFetch {
                        partition,
                        offset,
                        leader_epoch,
                    },
                );
            }
        }
        let build = |asked: Vec<AskedFetch>| (fetch_request(context.config, &asked).into(), Pending::Fetch(asked));
        self.send_each(context, requests, build, out);
    }

    /// Takes in what a leader answered; nothing is handed out, and no error looked at, before a poll gets to it.
    pub(super) fn on_fetch(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        leader: NodeId,
        asked: Vec<AskedFetch>,
        response: FetchResponse,
        out: &mut Outbox,
    ) {
        if response.error_code != ErrorCode::None {
            for asked in asked {
                self.keep(leader, asked, Content::Failed(response.error_code));
            }
            return;
        }
        note_excess(context.config, &response, out);
        for (asked, fetched) in asked.into_iter().zip(response.responses) {
            // A broker that confuses partitions is not believed.
            if fetched.partition != asked.partition {
                continue;
            }
            self.learn_leader(context, &fetched, out);
            if fetched.error_code != ErrorCode::None {
                self.keep(leader, asked, Content::Failed(fetched.error_code));
            } else if !fetched.records.is_empty() {
                self.keep(leader, asked, Content::Batches(fetched.records.into()));
            }
        }
    }

    /// A broker that does not lead may say who does (KIP-951).
    fn learn_leader(&mut self, context: &Context<'_, ConsumerConfig>, fetched: &FetchedPartition, out: &mut Outbox) {
        if !matches!(
            fetched.error_code,
            ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch
        ) {
            return;
        }
        let Some(current_leader) = fetched.current_leader else {
            return;
        };
        if self.cluster.learn_leader(fetched.partition, current_leader) {
            let assigned = self
                .assigned
                .iter()
                .position(|assigned| assigned.id == Some(fetched.partition));
            if let Some(index) = assigned {
                self.follow_leader(context, index, out);
            }
        }
    }

    fn keep(&mut self, leader: NodeId, asked: AskedFetch, content: Content) {
        let AskedFetch {
            partition,
            offset,
            leader_epoch,
        } = asked;
        let Some(assigned) = self.assigned.iter().find(|assigned| assigned.id == Some(partition)) else {
            return;
        };
        let Some(position) = assigned.position().filter(|position| position.offset == offset) else {
            return;
        };
        if let Content::Failed(error) = &content {
            // That an earlier leader leads no more is no news.
            let is_passing = matches!(judge(*error), Failure::AskForMetadata | Failure::TryAgain);
            if is_passing && (position.leader, position.leader_epoch) != (Some(leader), leader_epoch) {
                return;
            }
        }
        self.buffer.push_back(CompletedFetch {
            partition,
            next_offset: offset,
            content,
        });
    }

    /// Acts on the error at the front of the buffer. An error if the application has to know.
    pub(super) fn fetch_failed(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        index: usize,
        error: ErrorCode,
        out: &mut Outbox,
    ) -> Result<(), PollError> {
        let assigned = &mut self.assigned[index];
        let position = *assigned
            .valid_position()
            .expect("errors of partitions without a valid position are dropped");
        let failure = judge(error);
        if failure == Failure::OutOfRange {
            let partition = assigned.id.expect("a partition with a position has been located");
            out.note(Note::PositionOutOfRange {
                partition,
                position: position.offset,
            });
        }
        match failure {
            Failure::AskForMetadata => {
                self.cluster.request_update();
                self.fetch_later(context, index, position, out);
            }
            Failure::TryAgain => self.fetch_later(context, index, position, out),
            Failure::OutOfRange => {
                if let Some(to) = context.config.auto_offset_reset.spec() {
                    let lookup = Lookup::Due;
                    let left = mem::replace(&mut assigned.state, FetchState::AwaitReset { to, lookup });
                    self.maybe_cancel_fetch_backoff(&left, out);
                    return Ok(());
                }
                let (topic, partition, offset) = (assigned.topic.clone(), assigned.partition, position.offset);
                return Err(PollError::OffsetOutOfRange {
                    topic,
                    partition,
                    offset,
                });
            }
            Failure::Corrupt => return Err(corrupt(assigned, position.offset)),
        }
        Ok(())
    }

    /// The partition waits for a while; others of the same leader do not.
    fn fetch_later(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        index: usize,
        position: Position,
        out: &mut Outbox,
    ) {
        let Some(leader) = position.leader else { return };
        if self.nobody_backs_off_from(leader) {
            out.set_timer(
                Timer::FetchBackoff { leader },
                Window::wall(context.config.retry_backoff_ms),
            );
        }
        self.assigned[index].state = FetchState::Fetching {
            position,
            backing_off: true,
        };
    }

    pub(super) fn fetch_backed_off(&mut self, leader: NodeId) {
        for assigned in &mut self.assigned {
            if let FetchState::Fetching { position, backing_off } = &mut assigned.state
                && position.leader == Some(leader)
            {
                *backing_off = false;
            }
        }
    }

    /// A partition has left this state: if it was the last to wait for its leader's back-off, nobody needs that any more.
    pub(super) fn maybe_cancel_fetch_backoff(&self, left: &FetchState, out: &mut Outbox) {
        if let Some(leader) = left
            .backs_off_from()
            .filter(|leader| self.nobody_backs_off_from(*leader))
        {
            out.cancel_timer(Timer::FetchBackoff { leader });
        }
    }

    fn nobody_backs_off_from(&self, leader: NodeId) -> bool {
        self.assigned
            .iter()
            .all(|assigned| assigned.state.backs_off_from() != Some(leader))
    }
}

fn has_to_answer_fetch(connections: &Connections<Pending>, leader: NodeId) -> bool {
    connections
        .unanswered(leader, Lane::Client)
        .any(|pending| matches!(pending, Pending::Fetch(_)))
}

impl FetchState {
    const fn backs_off_from(&self) -> Option<NodeId> {
        match self {
            Self::Fetching {
                position,
                backing_off: true,
            } => position.leader,
            Self::Fetching { backing_off: false, .. }
            | Self::Initializing
            | Self::AwaitReset { .. }
            | Self::AwaitValidation { .. } => None,
        }
    }
}

/// Kafka's consumer takes what it is sent. That a broker keeps to what it was asked for is for others to judge.
fn note_excess(config: &ConsumerConfig, response: &FetchResponse, out: &mut Outbox) {
    let exceeds = |bytes: usize, limit: i32| usize::try_from(limit).is_ok_and(|limit| bytes > limit);
    let (mut bytes_of_all, mut batches_of_all) = (0, 0);
    for fetched in &response.responses {
        let bytes = fetched.records.iter().map(Batch::size).sum();
        if fetched.records.len() > 1 && exceeds(bytes, config.max_partition_fetch_bytes) {
            let partition = Some(fetched.partition);
            out.note(Note::FetchedTooMuch { partition, bytes });
        }
        bytes_of_all += bytes;
        batches_of_all += fetched.records.len();
    }
    if batches_of_all > 1 && exceeds(bytes_of_all, config.fetch_max_bytes) {
        out.note(Note::FetchedTooMuch {
            partition: None,
            bytes: bytes_of_all,
        });
    }
}

fn fetch_request(config: &ConsumerConfig, asked: &[AskedFetch]) -> FetchRequest {
    let partitions = asked.iter().map(
        |AskedFetch {
             partition,
             offset,
             leader_epoch,
         }| FetchPartition {
            partition: *partition,
            current_leader_epoch: *leader_epoch,
            fetch_offset: *offset,
            // Only followers have their log checked by each fetch; consumers ask with OffsetForLeaderEpoch.
            last_fetched_epoch: LeaderEpoch::NONE,
            log_start_offset: Offset::NONE,
            partition_max_bytes: config.max_partition_fetch_bytes,
        },
    );
    FetchRequest {
        replica: None,
        max_wait_ms: config.fetch_max_wait_ms,
        min_bytes: config.fetch_min_bytes,
        max_bytes: config.fetch_max_bytes,
        isolation_level: config.isolation_level,
        partitions: partitions.collect(),
    }
}
