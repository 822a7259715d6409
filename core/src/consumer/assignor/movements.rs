//! Which partitions have moved from whom to whom within one assignment.
//!
//! If a partition of a topic goes from one member to another and then another partition of that topic the other way, both could have
//! stayed. So the one that came is sent back instead.

use alloc::collections::BTreeMap;

use super::Partition;
use super::java::PartitionSet;
use crate::ids::{MemberId, TopicName};

/// What has moved so far.
#[derive(Debug, Default)]
pub(super) struct Movements<'a> {
    /// Where each partition came from first, and where it is now.
    routes: BTreeMap<Partition<'a>, Route<'a>>,
    /// The partitions of a topic that have taken the same route.
    travellers: BTreeMap<(&'a TopicName, Route<'a>), PartitionSet>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Route<'a> {
    from: &'a MemberId,
    to: &'a MemberId,
}

impl<'a> Movements<'a> {
    /// The partition to move in place of this one.
    pub(super) fn instead_of(&self, partition: Partition<'a>, owner: &'a MemberId, to: &'a MemberId) -> Partition<'a> {
        let (topic, _) = partition;
        let origin = self.routes.get(&partition).map_or(owner, |route| route.from);
        let back = Route { from: to, to: origin };
        self.travellers
            .get(&(topic, back))
            .and_then(|travellers| travellers.first(topic))
            .map_or(partition, |index| (topic, index))
    }

    pub(super) fn record(&mut self, partition: Partition<'a>, owner: &'a MemberId, to: &'a MemberId) {
        let (topic, index) = partition;
        let mut from = owner;
        if let Some(route) = self.routes.remove(&partition) {
            from = route.from;
            let travellers = self
                .travellers
                .get_mut(&(topic, route))
                .expect("whoever has a route travels on it");
            travellers.remove(index);
            if travellers.is_empty() {
                self.travellers.remove(&(topic, route));
            }
        }
        if from != to {
            let route = Route { from, to };
            self.routes.insert(partition, route);
            self.travellers.entry((topic, route)).or_default().insert(index);
        }
    }
}
