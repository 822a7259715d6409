//! What replicas do not know any more of idempotent producers, and what they took from them because of that.

use std::collections::BTreeMap;

use kafkasim_core::ids::{LeaderEpoch, NodeId, Offset, ProducerId, TopicPartition};
use kafkasim_core::record::Batch;

use super::super::guarantee::Forgetting;
use super::super::view::View;
use super::{Partition, Truth, batches};

/// The producers that one partition has forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Forgotten {
    /// Replicas that have begun anew at their leader's start, and where that was: what was known of producers whose records lay before is not
    /// known there (Kafka's `truncateFullyAndStartAt`).
    began_anew: BTreeMap<NodeId, Offset>,
    /// Where which producers have expired.
    expired: BTreeMap<(NodeId, ProducerId), Expiry>,
    /// Batches that begin a sequence, by what names them, whose leader did not know their producer any more, and why not.
    taken: BTreeMap<(Offset, LeaderEpoch), Forgetting>,
}

/// A replica has forgotten an idle producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Expiry {
    /// The end of its log then: it knows the producer again by whatever comes after.
    end: Offset,
    expiration_ms: i64,
}

impl Truth {
    /// Why a partition's leader took what is at an offset, if whoever knew its producer would have refused it. What is a copy of what is at
    /// `original` must be its retry: sent again as another batch, it is none that anybody could recognise.
    pub(crate) fn forgetting(
        &self,
        partition: TopicPartition,
        offset: Offset,
        original: Option<Offset>,
    ) -> Option<Forgetting> {
        let Partition {
            committed, forgotten, ..
        } = self.partition(partition)?;
        let first = committed.first_of_sequence(offset)?;
        let is_retry = original.is_none_or(|original| committed.is_retry(original, offset));
        let is_excused = is_retry && committed.is_outdated(first);
        forgotten.why_unknown(first).filter(|_| is_excused)
    }

    /// A leader has taken the first batch of a sequence, knowing its producer or not.
    pub(super) fn began_sequence(&mut self, view: &dyn View, id: TopicPartition, leader: NodeId, batch: &Batch) {
        let Some(Partition {
            committed, forgotten, ..
        }) = self.partitions.get_mut(&id)
        else {
            return;
        };
        let log = batches(view.log(leader, id));
        let is_before = |other: &Batch, from| {
            let is_between = other.base_offset >= from && other.base_offset < batch.base_offset;
            is_between && other.producer_id() == batch.producer_id()
        };
        forgotten.began_sequence(leader, batch, |from| {
            log.iter().any(|other| is_before(other, from)) || committed.any(|other| is_before(other, from))
        });
    }

    /// A replica's log ends here now: what comes next comes after whatever it has forgotten.
    pub(super) fn ends_at(&mut self, id: TopicPartition, node: NodeId, end: Offset) {
        if let Some(partition) = self.partitions.get_mut(&id) {
            partition.forgotten.ends_at(node, end);
        }
    }
}

impl Forgotten {
    /// A replica has begun anew from here.
    pub(super) fn began_anew(&mut self, node: NodeId, at: Offset) {
        self.expired.retain(|(replica, _), _| *replica != node);
        self.began_anew.insert(node, at);
    }

    /// A replica whose log ends here has forgotten these producers, because they had been idle for so long.
    pub(super) fn expired(&mut self, node: NodeId, producers: &[ProducerId], expiration_ms: i64, end: Offset) {
        let expiry = Expiry { end, expiration_ms };
        self.expired
            .extend(producers.iter().map(|producer| ((node, *producer), expiry)));
    }

    fn ends_at(&mut self, node: NodeId, end: Offset) {
        let here = self.expired.iter_mut().filter(|((replica, _), _)| *replica == node);
        here.for_each(|(_, expiry)| expiry.end = expiry.end.min(end));
    }

    /// A replica's log is gone. Another one has nothing to have forgotten.
    pub(super) fn log_gone(&mut self, node: NodeId) {
        self.began_anew.remove(&node);
        self.expired.retain(|(replica, _), _| *replica != node);
    }

    /// A leader has taken a batch that begins a sequence. `was_there_since` is whether its producer has written anything else there that lies
    /// between an offset and that batch.
    fn began_sequence(&mut self, leader: NodeId, batch: &Batch, was_there_since: impl Fn(Offset) -> bool) {
        let expiry = self.expired.get(&(leader, batch.producer_id()));
        let expiry = expiry.filter(|expiry| !was_there_since(expiry.end));
        let began_anew = self.began_anew.get(&leader).filter(|at| !was_there_since(**at));
        let forgetting = match (expiry, began_anew) {
            (Some(Expiry { expiration_ms, .. }), _) => Forgetting::Expired {
                expiration_ms: *expiration_ms,
            },
            (None, Some(_)) => Forgetting::Deleted,
            (None, None) => return,
        };
        self.taken.insert((batch.base_offset, batch.leader_epoch), forgetting);
    }

    /// Why the leader that took this batch, which begins a sequence, did not know its producer any more.
    fn why_unknown(&self, batch: &Batch) -> Option<Forgetting> {
        self.taken.get(&(batch.base_offset, batch.leader_epoch)).copied()
    }
}
