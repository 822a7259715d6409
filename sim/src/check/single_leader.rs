//! R7: an epoch has one leader, and epochs only grow.

use std::collections::BTreeMap;

use kafkasim_core::ids::{LeaderEpoch, NodeId, TopicPartition};

use super::truth::{Change, Truth};
use super::view::View;
use super::{Finding, Promise, Scene, Verdict};

/// Remembers whom the controller chose for each epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct SingleLeader {
    chosen: BTreeMap<TopicPartition, BTreeMap<LeaderEpoch, NodeId>>,
}

impl SingleLeader {
    /// The controller decided something.
    pub(crate) fn changed(&mut self, scene: &Scene<'_>, change: &Change) -> Option<Finding> {
        let Change::Registered { partition, old, new } = change else {
            return None;
        };
        let known = self.chosen.entry(*partition).or_default();
        let rival = new
            .leader
            .and_then(|leader| known.insert(new.leader_epoch, leader).filter(|known| *known != leader))
            .map(|rival| scene.name(rival));
        let whose = scene.truth.name(*partition);
        let (epoch, version) = (new.leader_epoch, new.partition_epoch);
        let message = match (rival, old) {
            (Some(rival), _) => format!("{whose}: the controller chose {rival} and another leader for epoch {epoch}"),
            (None, Some(old)) if epoch < old.leader_epoch || version <= old.partition_epoch => {
                format!("{whose}: leader epoch {epoch} and partition epoch {version} do not follow their predecessors")
            }
            (None, _) => return None,
        };
        Some(Finding::new(Promise::SingleLeader, Verdict::Violated, message))
    }

    /// A broker begins to lead; `before` is its own epoch until now, in this life.
    pub(crate) fn begins(
        &self,
        view: &dyn View,
        truth: &Truth,
        partition: TopicPartition,
        node: NodeId,
        epoch: LeaderEpoch,
        before: LeaderEpoch,
    ) -> Option<Finding> {
        let chosen = self.chosen.get(&partition).and_then(|chosen| chosen.get(&epoch));
        let (whose, name) = (truth.name(partition), view.name(node));
        let message = match chosen {
            Some(chosen) if *chosen != node => {
                let chosen = view.name(*chosen);
                format!("{whose}: {name} leads in epoch {epoch}, which is {chosen}'s")
            }
            None => format!("{whose}: {name} leads in epoch {epoch}, which nobody decided on"),
            Some(_) if epoch < before => format!("{whose}: {name} goes back from epoch {before} to {epoch}"),
            Some(_) => return None,
        };
        Some(Finding::new(Promise::SingleLeader, Verdict::Violated, message))
    }
}
