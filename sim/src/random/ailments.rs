//! What is slow or fails for a while. None of it is in the world: it shows in when things happen there, and how they end.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::ids::NodeId;

/// Something that is wrong with a process or a link, for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ailment {
    /// Nothing gets through from one process to another; then everything does.
    Clogged(NodeId, NodeId),
    /// Whatever arrives at a process waits for so many microseconds.
    Slow(NodeId, u64),
    /// No sync of a process completes; then all do.
    SlowDisk(NodeId),
    /// The syncs of a process fail.
    FailingDisk(NodeId),
}

/// Everything that is wrong, and until when.
#[derive(Clone, Debug, Default)]
pub(super) struct Ailments {
    until_us: BTreeMap<Ailment, u64>,
}

impl Ailments {
    /// Something goes wrong until then.
    pub(super) fn befall(&mut self, ailment: Ailment, until_us: u64) {
        let until = self.until_us.entry(ailment).or_default();
        *until = until_us.max(*until);
    }

    /// Nothing is wrong any more. Returns who was ailing: what was held back there is still to come.
    pub(super) fn cure(&mut self, now_us: u64) -> BTreeSet<NodeId> {
        let ailing = self.until_us.iter().filter(|(_, until_us)| now_us < **until_us);
        let ailing = ailing.flat_map(|(ailment, _)| match ailment {
            Ailment::Clogged(from, to) => [*from, *to],
            Ailment::Slow(node, _) | Ailment::SlowDisk(node) | Ailment::FailingDisk(node) => [*node, *node],
        });
        let ailing = ailing.collect();
        self.until_us.clear();
        ailing
    }

    /// When something arrives that would arrive at `at_us`.
    pub(super) fn arrival_us(&self, from: NodeId, to: NodeId, at_us: u64) -> u64 {
        let clogged = self.until_us.get(&Ailment::Clogged(from, to));
        let at_us = clogged.map_or(at_us, |until_us| at_us.max(*until_us));
        let slow = self.until_us.range(Ailment::Slow(to, 0)..=Ailment::Slow(to, u64::MAX));
        let delays = slow.map(|(ailment, until_us)| match ailment {
            Ailment::Slow(_, by_us) if at_us < *until_us => *by_us,
            Ailment::Slow(..) | Ailment::Clogged(..) | Ailment::SlowDisk(_) | Ailment::FailingDisk(_) => 0,
        });
        at_us + delays.sum::<u64>()
    }

    /// When a sync completes that would complete at `at_us`.
    pub(super) fn synced_us(&self, node: NodeId, at_us: u64) -> u64 {
        let slow = self.until_us.get(&Ailment::SlowDisk(node));
        slow.map_or(at_us, |until_us| at_us.max(*until_us))
    }

    /// Whether a sync that completes now fails.
    pub(super) fn fails(&self, node: NodeId, now_us: u64) -> bool {
        let failing = self.until_us.get(&Ailment::FailingDisk(node));
        failing.is_some_and(|until_us| now_us < *until_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: NodeId = NodeId(1);
    const OTHER: NodeId = NodeId(2);

    #[test]
    fn a_clogged_link_holds_back_one_way_and_a_slow_process_all_that_arrives_there() {
        let mut ailments = Ailments::default();
        ailments.befall(Ailment::Clogged(ONE, OTHER), 500);
        assert_eq!(ailments.arrival_us(ONE, OTHER, 100), 500);
        assert_eq!(ailments.arrival_us(OTHER, ONE, 100), 100);
        ailments.befall(Ailment::Slow(OTHER, 30), 520);
        assert_eq!(ailments.arrival_us(ONE, OTHER, 100), 530);
        assert_eq!(ailments.arrival_us(NodeId(3), OTHER, 100), 130);
        assert_eq!(ailments.arrival_us(NodeId(3), OTHER, 520), 520, "it is well again");
        assert_eq!(ailments.cure(505), [OTHER].into(), "the link is not clogged any more");
        assert_eq!(ailments.arrival_us(ONE, OTHER, 100), 100);
    }

    #[test]
    fn disks_are_slow_or_fail_until_they_do_not() {
        let mut ailments = Ailments::default();
        ailments.befall(Ailment::SlowDisk(ONE), 500);
        ailments.befall(Ailment::FailingDisk(OTHER), 500);
        assert_eq!((ailments.synced_us(ONE, 10), ailments.synced_us(OTHER, 10)), (500, 10));
        assert!(ailments.fails(OTHER, 499) && !ailments.fails(OTHER, 500) && !ailments.fails(ONE, 10));
    }
}
