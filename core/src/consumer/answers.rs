//! Answers, and requests that get none: who is told.

use alloc::vec::Vec;

use super::{Consumer, Pending, reconnect_backoff, refresh_times};
use crate::config::ConsumerConfig;
use crate::error::ErrorCode;
use crate::ids::NodeId;
use crate::machine::{ConnectionId, Context, Lane, Outbox};
use crate::message::{Message, Response};

impl Pending {
    /// Whether it goes over the connection to the coordinator.
    pub(super) const fn is_for_coordinator(&self) -> bool {
        match self {
            Self::JoinGroup(_)
            | Self::SyncGroup(_)
            | Self::Heartbeat(_)
            | Self::LeaveGroup
            | Self::OffsetCommit(_)
            | Self::OffsetFetch(_) => true,
            Self::Metadata { .. }
            | Self::Fetch(_)
            | Self::ListOffsets(_)
            | Self::OffsetForLeaderEpoch(_)
            | Self::Offsets(_)
            | Self::Abandoned
            | Self::FindCoordinator => false,
        }
    }
}

impl Consumer {
    pub(super) fn on_message(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        connection: ConnectionId,
        message: Message,
        out: &mut Outbox,
    ) {
        // Nobody has reason to send a request to a client.
        let Message::Response(response) = message else { return };
        let Some(pending) = self.connections.answered(connection, out) else {
            return;
        };
        match (pending, response) {
            (Pending::Metadata { is_of_all }, Response::Metadata(metadata)) => {
                self.cluster
                    .update(metadata, is_of_all, refresh_times(context.config), out);
                self.metadata_changed(context, is_of_all, out);
            }
            (Pending::Fetch(asked), Response::Fetch(fetched)) => {
                self.on_fetch(context, connection.peer, asked, fetched, out);
            }
            (Pending::ListOffsets(asked), Response::ListOffsets(listed)) => {
                self.on_list_offsets(context, asked, &listed, out);
            }
            (Pending::OffsetForLeaderEpoch(asked), Response::OffsetForLeaderEpoch(found)) => {
                self.on_offset_for_leader_epoch(context, asked, &found, out);
            }
            (Pending::Offsets(asked), Response::ListOffsets(listed)) => self.on_offsets(context, &asked, &listed, out),
            (Pending::Abandoned, Response::ListOffsets(_)) | (Pending::LeaveGroup, Response::LeaveGroup(_)) => {}
            (Pending::FindCoordinator, Response::FindCoordinator(found)) => {
                self.on_find_coordinator(context, &found, out);
            }
            (Pending::JoinGroup(sent), Response::JoinGroup(joined)) => self.on_join_group(context, sent, joined, out),
            (Pending::SyncGroup(sent), Response::SyncGroup(synced)) => self.on_sync_group(context, &sent, synced, out),
            (Pending::Heartbeat(sent), Response::Heartbeat(beat)) => self.on_heartbeat(context, &sent, beat, out),
            (Pending::OffsetCommit(commit), Response::OffsetCommit(committed)) => {
                self.on_offset_commit(context, commit, &committed, out);
            }
            (Pending::OffsetFetch(asked), Response::OffsetFetch(fetched)) => {
                self.on_offset_fetch(context, &asked, fetched, out);
            }
            // The answer to another question is as good as none.
            (pending, _) => {
                let mut lost = Vec::from([pending]);
                lost.extend(self.connections.timed_out(connection, reconnect_backoff(context), out));
                self.on_lost(context, (connection.peer, connection.lane), lost, out);
            }
        }
    }

    /// A connection ended, or could not be made, with these requests unanswered.
    pub(super) fn on_lost(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        (peer, lane): (NodeId, Lane),
        lost: Vec<Pending>,
        out: &mut Outbox,
    ) {
        if lane == Lane::Coordinator {
            return self.coordinator_disconnected(context, peer, lost, out);
        }
        let asked_for_metadata = lost.iter().any(|pending| matches!(pending, Pending::Metadata { .. }));
        for pending in lost {
            self.request_lost(context, pending, out);
        }
        self.cluster
            .disconnected(peer, asked_for_metadata, refresh_times(context.config), out);
    }

    pub(super) fn request_lost(&mut self, context: &Context<'_, ConsumerConfig>, pending: Pending, out: &mut Outbox) {
        match pending {
            // Metadata is asked for anew when the cluster says so. The reconnect back-off keeps a Fetch from being sent again at once.
            Pending::Metadata { .. } | Pending::Fetch(_) | Pending::Abandoned | Pending::LeaveGroup => {}
            Pending::ListOffsets(asked) => self.list_offsets_failed(context, &asked, out),
            Pending::OffsetForLeaderEpoch(asked) => self.validations_failed(context, &asked, out),
            Pending::Offsets(asked) => self.offsets_failed(&asked),
            Pending::FindCoordinator => self.coordinator_not_found(context, ErrorCode::NetworkException, out),
            Pending::JoinGroup(_) | Pending::SyncGroup(_) => self.join_lost(),
            Pending::Heartbeat(_) => self.heartbeat_failed(context, out),
            Pending::OffsetCommit(commit) => self.commit_lost(context, commit, ErrorCode::NetworkException, out),
            Pending::OffsetFetch(asked) => {
                self.offset_fetch_failed(context, &asked, ErrorCode::NetworkException, out);
            }
        }
    }
}
