//! The sticky assignment if all members have subscribed to the same topics: everybody gets the same number of partitions, or one more.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use super::claims::Claims;
use super::sticky::Distribution;
use super::{Group, Partition, Shares};
use crate::ids::MemberId;

pub(super) fn distribute<'a>(group: &Group<'a>, claims: &Claims<'a>) -> Distribution<'a> {
    let mut filling = Filling::new(group);
    filling.keep_owned(group, claims);
    filling.hand_out(group);
    Distribution {
        shares: filling.shares,
        changing_hands: filling.surplus,
    }
}

/// An assignment under way.
struct Filling<'a> {
    shares: Shares<'a>,
    /// What everybody gets at least.
    least: usize,
    /// How many members may still get one more than that.
    extras: usize,
    /// Who does not have the least yet.
    below: Vec<&'a MemberId>,
    /// Who has just that, and gets one more if there are extras left.
    at_least: VecDeque<&'a MemberId>,
    /// What somebody owns who does not keep it.
    surplus: BTreeSet<Partition<'a>>,
}

impl<'a> Filling<'a> {
    fn new(group: &Group<'a>) -> Self {
        let (total, members) = (group.partitions().count(), group.members.len());
        Self {
            shares: Shares::new(),
            least: total / members,
            extras: total % members,
            below: Vec::new(),
            at_least: VecDeque::new(),
            surplus: BTreeSet::new(),
        }
    }

    /// Members keep what they own up to the least, and those who come first one more, as long as there are extras. Nobody keeps what is disputed.
    fn keep_owned(&mut self, group: &Group<'a>, claims: &Claims<'a>) {
        for (member, owned) in group.members.iter().zip(&claims.owned) {
            let member = &member.member_id;
            let undisputed = owned.iter().filter(|partition| !claims.disputed.contains(partition));
            let mut owned: Vec<Partition<'a>> = undisputed.copied().collect();
            owned.sort_by_key(|&(topic, index)| (index, topic));
            if owned.len() < self.least {
                self.below.push(member);
            } else if owned.len() > self.least && self.extras > 0 {
                self.extras -= 1;
                self.surplus.extend(owned.drain(self.least + 1..));
            } else {
                self.at_least.push_back(member);
                self.surplus.extend(owned.drain(self.least..));
            }
            self.shares.insert(member, owned);
        }
        self.surplus.extend(&claims.disputed);
    }

    /// What nobody keeps goes around among those below the least; only then somebody gets one more.
    fn hand_out(&mut self, group: &Group<'a>) {
        let kept: BTreeSet<Partition<'a>> = self.shares.values().flatten().copied().collect();
        self.below.sort_unstable();
        self.at_least.make_contiguous().sort_unstable();
        let mut turn = 0;
        for partition in group.partitions().filter(|partition| !kept.contains(partition)) {
            if turn >= self.below.len() {
                turn = 0;
            }
            let below = self.below.get(turn).copied();
            let member = below.unwrap_or_else(|| self.at_least.pop_front().expect("somebody may get one more"));
            let share = self.shares.get_mut(member).expect("every member has a share");
            share.push(partition);
            if below.is_some() && share.len() == self.least {
                self.below.remove(turn);
                self.at_least.push_back(member);
            } else {
                turn += 1;
            }
        }
        assert!(self.below.is_empty(), "left below the least: {:?}", self.below);
    }
}
