//! `CooperativeStickyAssignor`: members keep reading while they join, so that nobody may get what another has yet to give up.
//!
//! What is withheld is assigned to nobody. Its owner learns that it has to give it up, joins again, and the next assignment has it for
//! its new owner (KIP-429).

use alloc::collections::BTreeSet;

use super::{Group, Partition, Shares, sticky};

pub(super) fn assign<'a>(group: &Group<'a>) -> Shares<'a> {
    let sticky::Distribution {
        mut shares,
        changing_hands,
    } = sticky::distribute(group);
    if (group.rules.withholds)() {
        for share in shares.values_mut() {
            share.retain(|partition| !changing_hands.contains(partition));
        }
    }
    shares
}

/// What members are given that another member says it owns, believed or not, unless they say so themselves: like Kafka's, the general
/// algorithm does not withhold from a member what it claims with an older generation than somebody else.
pub(super) fn claimed_by_others<'a>(group: &Group<'a>, shares: &Shares<'a>) -> BTreeSet<Partition<'a>> {
    let claimed: BTreeSet<Partition<'a>> = group.members.iter().flat_map(|member| member.claims()).collect();
    let mut changing_hands = BTreeSet::new();
    for member in &group.members {
        let own: BTreeSet<Partition<'a>> = member.claims().collect();
        let given = shares[&member.member_id].iter();
        changing_hands.extend(given.filter(|&partition| claimed.contains(partition) && !own.contains(partition)));
    }
    changing_hands
}
