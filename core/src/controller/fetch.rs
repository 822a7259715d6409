//! Fetch of the metadata log: brokers follow it with long polls, as observers of the quorum do (KIP-595).
//!
//! Only committed records are given out, so an observer never has to truncate what it has replayed.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{Controller, ControllerContext};
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, TopicPartition};
use crate::log::Log;
use crate::machine::{ConnectionId, Outbox};
use crate::message::{EpochEndOffset, FetchPartition, FetchRequest, FetchResponse, FetchedPartition, LeaderIdAndEpoch};
use crate::note::Note;
use crate::timer::{Timer, Window};

const METADATA: TopicPartition = TopicPartition::CLUSTER_METADATA;

/// Fetches that wait for records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ParkedFetches {
    by_connection: BTreeMap<ConnectionId, Read>,
}

/// What a fetch wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Read {
    from: Offset,
    max_bytes: usize,
}

impl ParkedFetches {
    /// Nobody is left to answer to.
    pub(super) fn forget(&mut self, connection: ConnectionId, out: &mut Outbox) {
        if self.by_connection.remove(&connection).is_some() {
            out.cancel_timer(Timer::FetchWait { connection });
        }
    }

    /// Nobody is left to answer.
    pub(super) fn forget_all(&mut self, out: &mut Outbox) {
        for connection in core::mem::take(&mut self.by_connection).into_keys() {
            out.cancel_timer(Timer::FetchWait { connection });
        }
    }
}

impl Controller {
    pub(super) fn on_fetch(
        &mut self,
        context: &ControllerContext<'_>,
        connection: ConnectionId,
        request: &FetchRequest,
        out: &mut Outbox,
    ) {
        let [wanted] = request.partitions[..] else {
            return refuse(connection, out);
        };
        if wanted.partition != METADATA {
            return refuse(connection, out);
        }
        let read = Read {
            from: wanted.fetch_offset,
            max_bytes: usize::try_from(request.max_bytes.min(wanted.partition_max_bytes)).unwrap_or(0),
        };
        match self.check_position(&wanted) {
            Err(error) => {
                if error != ErrorCode::OffsetOutOfRange {
                    out.note(Note::EpochRefused {
                        partition: METADATA,
                        error,
                    });
                }
                let leader = LeaderIdAndEpoch {
                    leader_id: context.node,
                    leader_epoch: self.epoch(),
                };
                let failed = FetchedPartition {
                    error_code: error,
                    current_leader: Some(leader),
                    ..self.fetched(Vec::new())
                };
                respond(connection, failed, out);
            }
            Ok(Some(diverging)) => {
                if let Some(replica) = request.replica {
                    out.note(Note::FetchDiverged {
                        partition: METADATA,
                        follower: replica.replica_id,
                    });
                }
                let diverged = FetchedPartition {
                    diverging_epoch: Some(diverging),
                    ..self.fetched(Vec::new())
                };
                respond(connection, diverged, out);
            }
            Ok(None) if read.from < self.log.high_watermark() || request.max_wait_ms == 0 => {
                respond(connection, self.read(read), out);
            }
            Ok(None) if connection.has_ended() => {}
            Ok(None) => {
                self.parked.by_connection.insert(connection, read);
                out.note(Note::Parked { produce: false });
                let wait = Window::monotonic(u64::from(request.max_wait_ms));
                out.set_timer(Timer::FetchWait { connection }, wait);
            }
        }
    }

    /// The time of a parked fetch is up.
    pub(super) fn on_fetch_wait_over(&mut self, connection: ConnectionId, out: &mut Outbox) {
        let read = self
            .parked
            .by_connection
            .remove(&connection)
            .expect("only a parked fetch waits");
        out.note(Note::ParkedExpired { produce: false });
        respond(connection, self.read(read), out);
    }

    /// More is committed.
    pub(super) fn wake_fetches(&mut self, out: &mut Outbox) {
        for (connection, read) in core::mem::take(&mut self.parked.by_connection) {
            if read.from < self.log.high_watermark() {
                out.cancel_timer(Timer::FetchWait { connection });
                respond(connection, self.read(read), out);
            } else {
                self.parked.by_connection.insert(connection, read);
            }
        }
    }

    /// Whether the fetcher's log is a prefix of this one; if not, where it stops being one.
    fn check_position(&self, wanted: &FetchPartition) -> Result<Option<EpochEndOffset>, ErrorCode> {
        let epoch = self.epoch();
        if wanted.current_leader_epoch != LeaderEpoch::NONE && wanted.current_leader_epoch < epoch {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if wanted.current_leader_epoch > epoch {
            return Err(ErrorCode::UnknownLeaderEpoch);
        }
        if wanted.last_fetched_epoch != LeaderEpoch::NONE {
            return Ok(diverging(&self.log, wanted));
        }
        let is_within = (self.log.start()..=self.log.end()).contains(&wanted.fetch_offset);
        if is_within {
            Ok(None)
        } else {
            Err(ErrorCode::OffsetOutOfRange)
        }
    }

    fn read(&self, read: Read) -> FetchedPartition {
        let committed = self.log.high_watermark();
        // A fetcher may have more than is known to be committed: the high watermark of a new epoch starts low.
        let records = if read.from < committed {
            self.log.read(read.from, committed, read.max_bytes, true)
        } else {
            Vec::new()
        };
        self.fetched(records)
    }

    fn fetched(&self, records: Vec<crate::record::Batch>) -> FetchedPartition {
        FetchedPartition {
            partition: METADATA,
            error_code: ErrorCode::None,
            high_watermark: self.log.high_watermark(),
            last_stable_offset: Offset::NONE,
            log_start_offset: self.log.start(),
            diverging_epoch: None,
            current_leader: None,
            records,
        }
    }
}

fn diverging(log: &Log, wanted: &FetchPartition) -> Option<EpochEndOffset> {
    let end = log.end_of_epoch(wanted.last_fetched_epoch);
    let agrees = end.leader_epoch == wanted.last_fetched_epoch && end.end_offset >= wanted.fetch_offset;
    (!agrees).then_some(end)
}

fn respond(connection: ConnectionId, fetched: FetchedPartition, out: &mut Outbox) {
    let response = FetchResponse {
        error_code: ErrorCode::None,
        responses: Vec::from([fetched]),
    };
    out.respond(connection, response.into());
}

/// A controller has one log, and a fetch reads that or nothing.
fn refuse(connection: ConnectionId, out: &mut Outbox) {
    let response = FetchResponse {
        error_code: ErrorCode::InvalidRequest,
        responses: Vec::new(),
    };
    out.respond(connection, response.into());
}
