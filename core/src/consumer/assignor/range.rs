//! `RangeAssignor`: topic by topic, each subscriber gets a range of neighbouring partitions, the first ones get one more than the last.
//!
//! Topics with as many partitions and the same subscribers are therefore assigned alike: whoever gets partition 3 of one gets
//! partition 3 of the other.

use alloc::vec::Vec;

use super::{Group, Member, Shares, java, sort_statics_first};
use crate::ids::TopicName;

pub(super) fn assign<'a>(group: &Group<'a>) -> Shares<'a> {
    let mut shares = group.empty_shares();
    let mut members = group.members.clone();
    sort_statics_first(&mut members);
    for topic in topics(group) {
        let subscribers: Vec<&Member> = members
            .iter()
            .copied()
            .filter(|member| member.topics.contains(topic))
            .collect();
        let mut partitions = 0..group.partitions_of[topic];
        let each = partitions.len() / subscribers.len();
        let with_one_more = partitions.len() % subscribers.len();
        for (place, subscriber) in subscribers.into_iter().enumerate() {
            let count = each + usize::from(place < with_one_more);
            let range = partitions.by_ref().take(count).map(|index| (topic, index));
            shares
                .get_mut(&subscriber.member_id)
                .expect("every member has a share")
                .extend(range);
        }
    }
    shares
}

/// The topics to distribute, as Java iterates over a table of them that was filled from a table of all subscriptions.
fn topics<'a>(group: &Group<'a>) -> Vec<&'a TopicName> {
    let mut subscribed: Vec<&TopicName> = Vec::new();
    for topic in group.members.iter().flat_map(|member| &member.topics) {
        if !subscribed.contains(&topic) {
            subscribed.push(topic);
        }
    }
    let mut existing = java::in_hash_order(subscribed, |topic| topic);
    existing.retain(|topic| group.partitions_of.contains_key(topic));
    java::in_hash_order(existing, |topic| topic)
}
