//! `RoundRobinAssignor`: all partitions of all topics, in turn to the next member that has subscribed to the topic.

use super::{Group, Shares, sort_statics_first};

pub(super) fn assign<'a>(group: &Group<'a>) -> Shares<'a> {
    let mut shares = group.empty_shares();
    let mut members = group.members.clone();
    sort_statics_first(&mut members);
    let mut turns = members.iter().cycle();
    for (topic, index) in group.partitions() {
        let subscriber = turns
            .find(|member| member.topics.contains(topic))
            .expect("only topics that somebody has subscribed to are distributed");
        shares
            .get_mut(&subscriber.member_id)
            .expect("every member has a share")
            .push((topic, index));
    }
    shares
}
