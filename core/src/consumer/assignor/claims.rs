//! What members say they own, and who is believed.
//!
//! A member that has missed a rebalance, or has not heard of its outcome, claims what others may have been given since. Generations tell
//! whose claim is newer. What `believed` decides was decided otherwise before: claims without a generation were taken as they came
//! (KAFKA-12984), that of an older assignment was sent with a newer generation (KAFKA-13419), and everybody but the members of the
//! latest generation was disbelieved, whatever it claimed (KAFKA-14639).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

use super::{Group, Partition};
use crate::ids::GenerationId;

/// What members own, as far as they are believed.
#[derive(Debug)]
pub(super) struct Claims<'a> {
    /// What each member owns, in the order of the group's members.
    pub(super) owned: Vec<Vec<Partition<'a>>>,
    /// What several members have claimed in the same generation.
    pub(super) disputed: BTreeSet<Partition<'a>>,
}

/// Whose claim to a partition counts.
enum Believed {
    TheClaim,
    TheEarlier,
    Neither,
}

/// The one decision about two claims: of what was assigned in two generations, the later assignment was made in the knowledge that the earlier one
/// had ended. One generation does not give a partition to two members, so that something is wrong with both.
fn believed(generation: GenerationId, of_the_earlier: GenerationId) -> Believed {
    match generation.cmp(&of_the_earlier) {
        Ordering::Greater => Believed::TheClaim,
        Ordering::Less => Believed::TheEarlier,
        Ordering::Equal => Believed::Neither,
    }
}

impl<'a> Claims<'a> {
    /// Goes through the claims one by one, each against the last one that was made to the same partition and not refused.
    pub(super) fn weigh(group: &Group<'a>) -> Self {
        let mut owned: Vec<Vec<Partition<'a>>> = vec![Vec::new(); group.members.len()];
        let mut disputed = BTreeSet::new();
        let mut last: BTreeMap<Partition<'a>, usize> = BTreeMap::new();
        for (place, member) in group.members.iter().enumerate() {
            for partition in member.claims().filter(|&partition| group.has(partition)) {
                let Some(&earlier) = last.get(&partition) else {
                    owned[place].push(partition);
                    last.insert(partition, place);
                    continue;
                };
                match believed(member.generation, group.members[earlier].generation) {
                    Believed::TheClaim => {
                        owned[earlier].retain(|&other| other != partition);
                        owned[place].push(partition);
                        last.insert(partition, place);
                    }
                    Believed::TheEarlier => {}
                    Believed::Neither => {
                        owned[earlier].retain(|&other| other != partition);
                        last.insert(partition, place);
                        disputed.insert(partition);
                    }
                }
            }
        }
        Self { owned, disputed }
    }
}
