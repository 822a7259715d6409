//! What members say they own, and who is believed.
//!
//! A member that has missed a rebalance, or has not heard of its outcome, claims what others may have been given since. Generations tell
//! whose claim is newer. What the rule `believes` decides was decided otherwise before: claims without a generation were taken as they came
//! (KAFKA-12984), that of an older assignment was sent with a newer generation (KAFKA-13419), and everybody but the members of the
//! latest generation was disbelieved, whatever it claimed (KAFKA-14639).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use super::{Group, Partition};
use crate::ids::GenerationId;
use crate::rules::{Believed, Claim};

/// What members own, as far as they are believed.
#[derive(Debug)]
pub(super) struct Claims<'a> {
    /// What each member owns, in the order of the group's members.
    pub(super) owned: Vec<Vec<Partition<'a>>>,
    /// What several members have claimed in the same generation.
    pub(super) disputed: BTreeSet<Partition<'a>>,
}

impl<'a> Claims<'a> {
    /// Goes through the claims one by one, each against the last one that was made to the same partition and not refused.
    pub(super) fn weigh(group: &Group<'a>) -> Self {
        let mut owned: Vec<Vec<Partition<'a>>> = vec![Vec::new(); group.members.len()];
        let mut disputed = BTreeSet::new();
        let mut last: BTreeMap<Partition<'a>, usize> = BTreeMap::new();
        let generations = group.members.iter().map(|member| member.generation);
        let latest = generations.max().unwrap_or(GenerationId::NONE);
        for (place, member) in group.members.iter().enumerate() {
            for partition in member.claims().filter(|&partition| group.has(partition)) {
                let earlier = last.get(&partition).copied();
                let claim = Claim {
                    generation: member.generation,
                    of_the_earlier: earlier.map(|earlier| group.members[earlier].generation),
                    latest,
                };
                let mut disown = || {
                    if let Some(earlier) = earlier {
                        owned[earlier].retain(|&other| other != partition);
                    }
                };
                match (group.rules.believes)(&claim) {
                    Believed::TheClaim => {
                        disown();
                        owned[place].push(partition);
                        last.insert(partition, place);
                    }
                    Believed::TheEarlier => {}
                    Believed::Neither => {
                        disown();
                        last.insert(partition, place);
                        disputed.insert(partition);
                    }
                }
            }
        }
        Self { owned, disputed }
    }
}
