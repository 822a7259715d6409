//! Which replicas lost records to power failures, and from which offset on nobody is sure to have them.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::ids::{BrokerEpoch, NodeId, Offset};
use kafkasim_core::metadata::PartitionImage;

/// The replicas of one partition that lost something and have not caught up since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Hits {
    hits: BTreeMap<NodeId, Hit>,
    /// Whom the controller stopped counting on because they had not shut down in order, while there were too few to do without. They may have everything
    /// nevertheless, and then lose it.
    written_off: BTreeSet<NodeId>,
}

/// One replica that lost the end of its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Hit {
    from: Offset,
    /// The registration of that time. Only a later one can have caught up.
    registered_as: BrokerEpoch,
    /// Whether the controller counted on this replica: others may have relied on it, too.
    counted_on: bool,
}

impl Hits {
    /// A replica lost everything from this offset on.
    pub(crate) fn hit(&mut self, node: NodeId, from: Offset, registered_as: BrokerEpoch, registered: &PartitionImage) {
        let counted_on = is_counted_on(registered, node) || self.written_off.contains(&node);
        let hit = self.hits.entry(node).or_insert(Hit {
            from,
            registered_as,
            counted_on,
        });
        hit.from = hit.from.min(from);
        hit.registered_as = registered_as;
        hit.counted_on |= counted_on;
    }

    /// From where on a replica lacks what it once had, if it has not caught up since.
    pub(crate) fn lost_from(&self, node: NodeId) -> Option<Offset> {
        self.hits.get(&node).map(|hit| hit.from)
    }

    /// The same, but only if the replica has registered anew since: before that, whoever believes it to be there is
    /// mistaken.
    pub(crate) fn came_back_without(&self, node: NodeId, registered_as: BrokerEpoch) -> Option<Offset> {
        self.hits
            .get(&node)
            .filter(|hit| hit.registered_as < registered_as)
            .map(|hit| hit.from)
    }

    /// The controller changed the partition. Whoever has joined the in-sync replicas as a newer registration than this has caught
    /// up, unless something is still wrong with its log.
    pub(crate) fn registered(
        &mut self,
        old: &PartitionImage,
        new: &PartitionImage,
        min_isr: usize,
        has_caught_up: impl Fn(NodeId, BrokerEpoch) -> bool,
    ) {
        if new.isr.len() < min_isr {
            let left = old.replicas.iter().filter(|node| is_counted_on(old, **node));
            self.written_off.extend(left);
            self.written_off.retain(|node| !is_counted_on(new, *node));
        } else {
            self.written_off.clear();
        }
        let same_leader = old.leader_epoch == new.leader_epoch;
        let joined = |node: &NodeId| same_leader && new.isr.contains(node) && !old.isr.contains(node);
        self.hits
            .retain(|node, hit| !(joined(node) && has_caught_up(*node, hit.registered_as)));
        for (node, hit) in &mut self.hits {
            hit.counted_on |= is_counted_on(new, *node);
        }
    }

    /// A replica leads: what it has is all there is.
    pub(crate) fn leads(&mut self, node: NodeId) {
        self.hits.remove(&node);
    }

    /// From where on too many replicas lost records. With eligible leader replicas Kafka copes with losses on fewer
    /// than `min_isr` replicas (KIP-966); without, as long as somebody in sync has lost nothing.
    pub(crate) fn exposed_from(
        &self,
        registered: &PartitionImage,
        min_isr: usize,
        eligible_leader_replicas: bool,
    ) -> Option<Offset> {
        if eligible_leader_replicas {
            let counted = self.hits.values().filter(|hit| hit.counted_on);
            let mut lost: Vec<_> = counted.map(|hit| hit.from).collect();
            lost.sort_unstable();
            lost.get(min_isr.max(1) - 1).copied()
        } else {
            let lost: Option<Vec<_>> = registered.isr.iter().map(|node| self.lost_from(*node)).collect();
            lost?.into_iter().max()
        }
    }
}

fn is_counted_on(registered: &PartitionImage, node: NodeId) -> bool {
    registered.isr.contains(&node) || registered.elr.contains(&node)
}

#[cfg(test)]
mod tests {
    use kafkasim_core::ids::{LeaderEpoch, PartitionEpoch};

    use super::*;

    fn registered(isr: &[i32], elr: &[i32]) -> PartitionImage {
        let nodes = |ids: &[i32]| ids.iter().copied().map(NodeId).collect();
        PartitionImage {
            removing: Vec::new(),
            adding: Vec::new(),
            replicas: nodes(&[1, 2, 3]),
            isr: nodes(isr),
            elr: nodes(elr),
            last_known_elr: Vec::new(),
            leader: isr.first().copied().map(NodeId),
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
            recovering: false,
        }
    }

    /// The replicas that lose everything from an offset on, and from where on nobody is sure, with and without eligible
    /// leader replicas.
    fn check(isr: &[i32], elr: &[i32], losses: &[(i32, i64)], expected: [Option<i64>; 2]) {
        let partition = registered(isr, elr);
        let mut hits = Hits::default();
        for (node, from) in losses {
            hits.hit(NodeId(*node), Offset(*from), BrokerEpoch(0), &partition);
        }
        let found = [true, false].map(|kept| hits.exposed_from(&partition, 2, kept).map(|offset| offset.0));
        assert_eq!(found, expected, "{losses:?} of {isr:?} and {elr:?}");
    }

    #[test]
    fn fewer_than_min_isr_may_lose_power() {
        check(&[1, 2, 3], &[], &[], [None, None]);
        check(&[1, 2, 3], &[], &[(1, 4)], [None, None]);
        check(&[1, 2, 3], &[], &[(1, 4), (2, 7)], [Some(7), None]);
        check(&[1], &[2], &[(1, 4)], [None, Some(4)]);
        check(&[1], &[2], &[(3, 2), (2, 5)], [None, None]);
        check(&[1, 2], &[], &[(1, 4), (2, 7)], [Some(7), Some(7)]);
    }

    #[test]
    fn who_is_written_off_may_lose_what_others_relied_on() {
        let exposed = |changes: &[PartitionImage]| {
            let mut hits = Hits::default();
            changes
                .windows(2)
                .for_each(|change| hits.registered(&change[0], &change[1], 2, |_, _| true));
            let last = changes.last().expect("a change");
            hits.hit(NodeId(1), Offset(4), BrokerEpoch(0), last);
            hits.hit(NodeId(2), Offset(3), BrokerEpoch(0), last);
            hits.exposed_from(last, 2, true)
        };
        let (kept, restarted) = (registered(&[1], &[2]), registered(&[1], &[]));
        assert_eq!(exposed(&[kept.clone(), restarted.clone()]), Some(Offset(4)));
        let enough = registered(&[1, 3], &[]);
        assert_eq!(exposed(&[kept, restarted, enough.clone()]), None);
        assert_eq!(exposed(&[registered(&[1, 2, 3], &[]), enough]), None);
    }

    #[test]
    fn joining_anew_is_catching_up() {
        let (out, joined) = (registered(&[1], &[]), registered(&[1, 2], &[]));
        let mut hits = Hits::default();
        hits.hit(NodeId(2), Offset(3), BrokerEpoch(5), &out);
        hits.registered(&out, &joined, 2, |_, since| BrokerEpoch(5) > since);
        assert_eq!(
            hits.lost_from(NodeId(2)),
            Some(Offset(3)),
            "it was proposed before it lost power"
        );
        hits.registered(&out, &joined, 2, |_, since| BrokerEpoch(9) > since);
        assert_eq!(hits.lost_from(NodeId(2)), None);
    }
}
