//! What replicas do not know any more of idempotent producers, and whether that has come to matter.

use std::collections::BTreeMap;

use kafkasim_core::ids::{NodeId, Offset, ProducerId};

use super::super::guarantee::Forgetting;

/// The producers that one partition has forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Forgotten {
    /// Replicas that have begun anew at their leader's start, and where that was: what was known of producers whose records lay before is not
    /// known there (Kafka's `truncateFullyAndStartAt`).
    began_anew: BTreeMap<NodeId, Offset>,
    /// The latest such start of a replica that has led since.
    before: Option<Offset>,
    /// Where which producers have expired, and after how many milliseconds.
    expired: BTreeMap<(NodeId, ProducerId), i64>,
    /// Those that have expired at somebody who led then, or has since.
    expired_at_leader: BTreeMap<ProducerId, i64>,
}

impl Forgotten {
    /// A replica has begun anew from here.
    pub(super) fn began_anew(&mut self, node: NodeId, at: Offset) {
        self.began_anew.insert(node, at);
    }

    /// A replica has forgotten these producers, because they had been idle for so long.
    pub(super) fn expired(&mut self, node: NodeId, producers: &[ProducerId], expiration_ms: i64, leads: bool) {
        for producer in producers {
            self.expired.insert((node, *producer), expiration_ms);
            if leads {
                self.expired_at_leader.insert(*producer, expiration_ms);
            }
        }
    }

    /// A replica begins to lead.
    pub(super) fn leads(&mut self, node: NodeId) {
        self.before = self.before.max(self.began_anew.get(&node).copied());
        let here = self.expired.iter().filter(|((at, _), _)| *at == node);
        self.expired_at_leader
            .extend(here.map(|((_, producer), expiration_ms)| (*producer, *expiration_ms)));
    }

    /// Why a leader may not have known these ids of a producer, nor what stood at `first_place`, if that is given.
    pub(super) fn of(
        &self,
        mut ids: impl Iterator<Item = ProducerId>,
        first_place: Option<Offset>,
    ) -> Option<Forgetting> {
        let expiration_ms = ids.find_map(|id| self.expired_at_leader.get(&id).copied());
        match expiration_ms {
            Some(expiration_ms) => Some(Forgetting::Expired { expiration_ms }),
            None => self
                .before
                .filter(|start| first_place.is_none_or(|place| place < *start))
                .map(|_| Forgetting::Deleted),
        }
    }
}
