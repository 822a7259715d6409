//! Controlled shutdown: a broker may stop once its partitions are led by others, and once everybody knows (KIP-631).

use alloc::collections::BTreeSet;

use super::Controller;
use crate::ids::{NodeId, Offset};

/// A broker that hands its partitions over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ControlledShutdown {
    /// The last record of the change that moved its partitions.
    offset: Offset,
    /// The active brokers that have not replayed up to there yet, as far as their heartbeats say.
    behind: BTreeSet<NodeId>,
}

impl ControlledShutdown {
    /// Whether every active broker has replayed the change.
    pub(super) fn is_known_to_all(&self) -> bool {
        self.behind.is_empty()
    }
}

impl Controller {
    /// A broker begins to hand its partitions over; the records that say so end the log.
    pub(super) fn begin_shutdown(&mut self, broker: NodeId) {
        self.broker_inactive(broker);
        let stays = |id: &NodeId| *id != broker && !self.is_fenced(*id) && !self.shutdowns.contains_key(id);
        let behind = self.image.brokers.keys().copied().filter(stays).collect();
        let offset = Offset(self.log.end().0 - 1);
        self.shutdowns.insert(broker, ControlledShutdown { offset, behind });
    }

    /// An active broker says how far it has replayed. It may just have become active.
    pub(super) fn broker_replayed(&mut self, broker: NodeId, offset: Offset) {
        for shutdown in self.shutdowns.values_mut() {
            if offset >= shutdown.offset {
                shutdown.behind.remove(&broker);
            } else {
                shutdown.behind.insert(broker);
            }
        }
    }

    /// A broker is not active any more, so nobody waits for it; a shutdown of its own is over.
    pub(super) fn broker_inactive(&mut self, broker: NodeId) {
        self.shutdowns.remove(&broker);
        for shutdown in self.shutdowns.values_mut() {
            shutdown.behind.remove(&broker);
        }
    }
}
