//! The sticky assignment if members have subscribed to different topics: partitions move from those who have most to those who have least, for
//! as long as that makes it more balanced.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::claims::Claims;
use super::movements::Movements;
use super::sticky::Distribution;
use super::{Group, Member, Partition, Shares, cooperative};
use crate::ids::{MemberId, TopicName};

pub(super) fn distribute<'a>(group: &Group<'a>, claims: &Claims<'a>) -> Distribution<'a> {
    let mut balancing = Balancing::new(group, claims);
    let was_empty = balancing.owners.is_empty();
    // A member that does not want what it owns any more makes room for more than what is new.
    let is_narrowed = claims.owned.iter().flatten().count() > balancing.owners.len();
    let mut partitions = balancing.partitions(group);
    let mut unassigned = partitions.clone();
    unassigned.retain(|partition| !balancing.owners.contains_key(partition));

    for &partition in &unassigned {
        balancing.give(partition);
    }
    partitions.retain(|&partition| balancing.is_movable(partition));
    unassigned.retain(|&partition| balancing.is_movable(partition));
    let unmoved = balancing.shares.clone();
    let previous = previous_owners(group);
    if !is_narrowed {
        balancing.level(&unassigned, &previous);
    }
    let has_moved = balancing.level(&partitions, &previous);
    if has_moved && !was_empty && balancing.imbalance(&balancing.shares) >= balancing.imbalance(&unmoved) {
        balancing.shares = unmoved;
    }
    let changing_hands = cooperative::claimed_by_others(group, &balancing.shares);
    Distribution {
        shares: balancing.shares,
        changing_hands,
    }
}

/// Who has owned what before somebody else was given it in a later generation, or may have been.
fn previous_owners<'a>(group: &Group<'a>) -> BTreeMap<Partition<'a>, &'a MemberId> {
    let latest = group.members.iter().map(|member| member.generation).max();
    let mut owners: BTreeMap<Partition<'a>, &'a Member> = BTreeMap::new();
    for &member in &group.members {
        if Some(member.generation) == latest {
            continue;
        }
        for partition in member.claims().filter(|(topic, _)| member.topics.contains(topic)) {
            let owner = owners.entry(partition).or_insert(member);
            if member.generation > owner.generation {
                *owner = member;
            }
        }
    }
    owners
        .into_iter()
        .map(|(partition, owner)| (partition, &owner.member_id))
        .collect()
}

/// An assignment under way.
struct Balancing<'a> {
    subscribers: BTreeMap<&'a TopicName, BTreeSet<&'a MemberId>>,
    shares: Shares<'a>,
    owners: BTreeMap<Partition<'a>, &'a MemberId>,
    movements: Movements<'a>,
}

impl<'a> Balancing<'a> {
    /// Everybody has what it owns and still wants.
    fn new(group: &Group<'a>, claims: &Claims<'a>) -> Self {
        let mut subscribers: BTreeMap<&TopicName, BTreeSet<&MemberId>> = BTreeMap::new();
        let mut shares = Shares::new();
        let mut owners = BTreeMap::new();
        for (&member, owned) in group.members.iter().zip(&claims.owned) {
            let id = &member.member_id;
            for topic in &member.topics {
                if let Some((&topic, _)) = group.partitions_of.get_key_value(topic) {
                    subscribers.entry(topic).or_default().insert(id);
                }
            }
            let mut wanted = owned.clone();
            wanted.retain(|(topic, _)| member.topics.contains(topic));
            owners.extend(wanted.iter().map(|&partition| (partition, id)));
            shares.insert(id, wanted);
        }
        Self {
            subscribers,
            shares,
            owners,
            movements: Movements::default(),
        }
    }

    /// Those that fewest members can get come first.
    fn partitions(&self, group: &Group<'a>) -> Vec<Partition<'a>> {
        let mut partitions: Vec<Partition<'a>> = group.partitions().collect();
        partitions.sort_by_key(|(topic, _)| self.subscribers[topic].len());
        partitions
    }

    fn is_movable(&self, (topic, _): Partition<'a>) -> bool {
        self.subscribers[topic].len() > 1
    }

    fn load(&self, member: &MemberId) -> usize {
        self.shares[member].len()
    }

    fn lightest_subscriber(&self, topic: &TopicName) -> &'a MemberId {
        let subscribers = self.subscribers[topic].iter().copied();
        subscribers
            .min_by_key(|&member| (self.load(member), member))
            .expect("only topics that somebody has subscribed to are distributed")
    }

    fn share(&mut self, member: &MemberId) -> &mut Vec<Partition<'a>> {
        self.shares.get_mut(member).expect("every member has a share")
    }

    fn give(&mut self, partition: Partition<'a>) {
        let member = self.lightest_subscriber(partition.0);
        self.share(member).push(partition);
        self.owners.insert(partition, member);
    }

    /// Moves partitions from members who have at least two more than another subscriber: back to their previous owner if that is one of these,
    /// otherwise to the subscriber that has least. Says whether there were any.
    fn level(&mut self, partitions: &[Partition<'a>], previous: &BTreeMap<Partition<'a>, &'a MemberId>) -> bool {
        let mut has_moved = false;
        loop {
            let mut goes_on = false;
            for &partition in partitions {
                let load = self.load(self.owners[&partition]);
                let lightest = self.lightest_subscriber(partition.0);
                let candidates = previous.get(&partition).copied().into_iter().chain([lightest]);
                if let Some(to) = candidates.into_iter().find(|to| load > self.load(to) + 1) {
                    self.relieve_of(partition, to);
                    goes_on = true;
                }
            }
            if !goes_on {
                return has_moved;
            }
            has_moved = true;
        }
    }

    /// Moves this partition, or another one of its topic that thereby comes back to where it was.
    fn relieve_of(&mut self, partition: Partition<'a>, to: &'a MemberId) {
        let partition = self.movements.instead_of(partition, self.owners[&partition], to);
        let from = self.owners.insert(partition, to).expect("it has an owner");
        self.movements.record(partition, from, to);
        self.share(from).retain(|&other| other != partition);
        self.share(to).push(partition);
    }

    /// The sum of the differences between any two members who could get something from another.
    fn imbalance(&self, shares: &Shares<'a>) -> usize {
        let contested = self.subscribers.values().filter(|members| members.len() > 1);
        let members: BTreeSet<&MemberId> = contested.flatten().copied().collect();
        let loads: Vec<usize> = members.into_iter().map(|member| shares[member].len()).collect();
        let pairs = loads.iter().enumerate();
        pairs
            .flat_map(|(place, load)| loads[..place].iter().map(|other| load.abs_diff(*other)))
            .sum()
    }
}
