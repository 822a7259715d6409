//! `StickyAssignor`, and what `CooperativeStickyAssignor` shares with it.

use alloc::collections::BTreeSet;

use super::claims::Claims;
use super::{Group, Partition, Shares, constrained, general};
use crate::ids::TopicName;

/// What comes of it, before the cooperative protocol withholds anything.
#[derive(Debug)]
pub(super) struct Distribution<'a> {
    pub(super) shares: Shares<'a>,
    /// What is given to a member although another one may still own it.
    pub(super) changing_hands: BTreeSet<Partition<'a>>,
}

pub(super) fn assign<'a>(group: &Group<'a>) -> Shares<'a> {
    distribute(group).shares
}

pub(super) fn distribute<'a>(group: &Group<'a>) -> Distribution<'a> {
    let claims = Claims::weigh(group);
    if have_equal_subscriptions(group) {
        constrained::distribute(group, &claims)
    } else {
        general::distribute(group, &claims)
    }
}

fn have_equal_subscriptions(group: &Group<'_>) -> bool {
    let mut subscriptions = group
        .members
        .iter()
        .map(|member| member.topics.iter().collect::<BTreeSet<&TopicName>>());
    let first = subscriptions.next();
    subscriptions.all(|other| Some(other) == first)
}
