//! What assignments promise, whatever members say.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::consumer::assignor::{Assignment, Assignor, Member};
use kafkasim_core::ids::{GenerationId, MemberId, TopicName};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const TOPICS: [&str; 4] = ["orders", "payments", "clicks", "b"];
const STICKY: [Assignor; 2] = [Assignor::Sticky, Assignor::CooperativeSticky];
/// Whatever was claimed before: in the second round everybody says what it was given in the first, and nothing is withheld any more.
const ROUNDS: usize = 2;

/// A group that rebalances.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) partitions_of: BTreeMap<TopicName, i32>,
    pub(crate) members: Vec<Member>,
}

impl Group {
    fn assign(&self, assignor: Assignor) -> Assignment {
        assignor.assign(&self.partitions_of, &self.members)
    }

    /// Everybody has heard of the assignment.
    fn keep(&mut self, assignment: &Assignment) {
        for member in &mut self.members {
            member.owned_partitions = assignment[&member.member_id].clone();
            member.generation = member.generation.next();
        }
    }

    /// Rebalances until nothing is withheld.
    fn settle(&mut self, assignor: Assignor) -> Assignment {
        for _ in 0..ROUNDS {
            let assignment = self.assign(assignor);
            self.keep(&assignment);
            if self.missing(&assignment).is_empty() {
                return assignment;
            }
        }
        panic!("{} still withholds partitions after {ROUNDS} rounds", assignor.name());
    }

    /// What somebody has subscribed to.
    fn wanted(&self) -> BTreeSet<(TopicName, i32)> {
        let topics: BTreeSet<&TopicName> = self.members.iter().flat_map(|member| &member.topics).collect();
        let existing = topics
            .into_iter()
            .filter_map(|topic| self.partitions_of.get_key_value(topic));
        existing
            .flat_map(|(topic, &count)| (0..count).map(|index| (topic.clone(), index)))
            .collect()
    }

    fn missing(&self, assignment: &Assignment) -> BTreeSet<(TopicName, i32)> {
        let mut wanted = self.wanted();
        for partition in assignment.values().flatten() {
            wanted.remove(partition);
        }
        wanted
    }

    /// Nothing is given twice, nothing that does not exist, and to nobody what it does not want.
    pub(crate) fn check(&self, assignment: &Assignment) {
        let ids: BTreeSet<&MemberId> = self.members.iter().map(|member| &member.member_id).collect();
        assert_eq!(
            assignment.keys().collect::<BTreeSet<_>>(),
            ids,
            "everybody gets something, if only an empty list"
        );
        let mut left = self.wanted();
        for member in &self.members {
            for partition in &assignment[&member.member_id] {
                assert!(
                    left.remove(partition),
                    "{partition:?} is given twice, or does not exist"
                );
                assert!(
                    member.topics.contains(&partition.0),
                    "{} does not want {partition:?}",
                    member.member_id
                );
            }
        }
    }

    fn claims(&self, member: &Member) -> BTreeSet<(TopicName, i32)> {
        let partitions = member.owned_partitions.iter();
        partitions
            .filter(|&(topic, index)| self.partitions_of.get(topic).is_some_and(|count| index < count))
            .cloned()
            .collect()
    }
}

/// By member, without its order.
fn sets(assignment: &Assignment) -> BTreeMap<&MemberId, BTreeSet<&(TopicName, i32)>> {
    assignment
        .iter()
        .map(|(member, partitions)| (member, partitions.iter().collect()))
        .collect()
}

/// How many more partitions the one with most has than the one with least.
fn spread<'a>(shares: impl Iterator<Item = &'a Vec<(TopicName, i32)>>) -> usize {
    let sizes: Vec<usize> = shares.map(Vec::len).collect();
    sizes.iter().max().unwrap_or(&0) - sizes.iter().min().unwrap_or(&0)
}

fn topic() -> impl Strategy<Value = TopicName> {
    select(&TOPICS[..]).prop_map(TopicName::from)
}

fn subscription() -> impl Strategy<Value = Vec<TopicName>> {
    let topics: Vec<TopicName> = TOPICS.into_iter().map(TopicName::from).collect();
    subsequence(topics, 0..=TOPICS.len())
}

/// Claims may be wrong in every way, but nobody claims a partition twice.
fn member() -> impl Strategy<Value = Member> {
    let claims = vec((topic(), 0..8), 0..10).prop_map(|mut claims| {
        claims.sort();
        claims.dedup();
        claims
    });
    let id = "[a-z]{1,3}-[0-9a-f]{6}";
    (id, option::weighted(0.3, "i[0-9]{4}"), subscription(), claims, -1..5).prop_map(
        |(member_id, group_instance_id, topics, owned_partitions, generation)| Member {
            member_id: member_id.into(),
            group_instance_id: group_instance_id.map(Into::into),
            topics,
            owned_partitions,
            generation: GenerationId(generation),
        },
    )
}

/// One topic may be missing, others may have no partitions.
fn group() -> impl Strategy<Value = Group> {
    (vec(0..8, 3..=4), vec(member(), 1..8)).prop_map(|(counts, mut members)| {
        members.sort_by(|left, right| left.member_id.cmp(&right.member_id));
        members.dedup_by(|left, right| left.member_id == right.member_id);
        Group {
            partitions_of: TOPICS.into_iter().map(TopicName::from).zip(counts).collect(),
            members,
        }
    })
}

/// All members have subscribed to the same topics.
fn equal_group() -> impl Strategy<Value = Group> {
    (group(), subscription()).prop_map(|(mut group, topics)| {
        for member in &mut group.members {
            member.topics.clone_from(&topics);
        }
        group
    })
}

proptest! {
    #[test]
    fn every_wanted_partition_has_one_owner_who_wants_it(group in group()) {
        for assignor in Assignor::ALL {
            let assignment = group.assign(assignor);
            group.check(&assignment);
            if !assignor.is_cooperative() {
                prop_assert_eq!(group.missing(&assignment), BTreeSet::new(), "{} leaves something out", assignor.name());
            }
        }
    }

    #[test]
    fn equal_subscriptions_are_balanced_within_one(group in equal_group()) {
        for assignor in [Assignor::RoundRobin, Assignor::Sticky] {
            prop_assert!(spread(group.assign(assignor).values()) <= 1, "{}", assignor.name());
        }
        let ranges = group.assign(Assignor::Range);
        for topic in group.partitions_of.keys() {
            let of_topic = |share: &Vec<(TopicName, i32)>| share.iter().filter(|(other, _)| other == topic).cloned().collect();
            let shares: Vec<Vec<(TopicName, i32)>> = ranges.values().map(of_topic).collect();
            prop_assert!(spread(shares.iter()) <= 1, "{topic}");
        }
    }

    #[test]
    fn nobody_is_given_what_only_others_say_they_own(group in group()) {
        let assignment = group.assign(Assignor::CooperativeSticky);
        for member in &group.members {
            let own = group.claims(member);
            for partition in assignment[&member.member_id].iter().filter(|&partition| !own.contains(partition)) {
                let owner = group.members.iter().find(|other| group.claims(other).contains(partition));
                prop_assert!(owner.is_none(), "{:?} goes from {:?} to {}", partition, owner, member.member_id);
            }
        }
    }

    #[test]
    fn only_what_is_owned_is_withheld(group in group()) {
        let owned: BTreeSet<(TopicName, i32)> = group.members.iter().flat_map(|member| group.claims(member)).collect();
        let missing = group.missing(&group.assign(Assignor::CooperativeSticky));
        prop_assert!(missing.is_subset(&owned), "{:?}", missing.difference(&owned));
    }

    #[test]
    fn what_is_settled_stays(mut group in group()) {
        for assignor in STICKY {
            let settled = group.settle(assignor);
            let again = group.assign(assignor);
            prop_assert_eq!(sets(&again), sets(&settled), "{}", assignor.name());
        }
    }

    #[test]
    fn whoever_joins_takes_only_what_it_needs(mut group in equal_group(), mut joining in member()) {
        for assignor in STICKY {
            let before = group.settle(assignor);
            prop_assume!(!before.contains_key(&joining.member_id));
            joining.topics.clone_from(&group.members[0].topics);
            joining.owned_partitions.clear();
            let mut grown = group.clone();
            grown.members.push(joining.clone());
            let after = grown.settle(assignor);
            for (member, share) in &before {
                prop_assert!(sets(&after)[member].is_subset(&share.iter().collect()), "{}: {member} gets something new", assignor.name());
            }
            prop_assert!(spread(after.values()) <= 1, "{}", assignor.name());
        }
    }

    #[test]
    fn who_stays_keeps_what_it_has_when_another_leaves(mut group in equal_group()) {
        for assignor in STICKY {
            let before = group.settle(assignor);
            let mut left = group.clone();
            left.members.remove(0);
            let after = left.assign(assignor);
            for (member, share) in &after {
                prop_assert!(sets(&before)[member].is_subset(&share.iter().collect()), "{}: {member} loses something", assignor.name());
            }
            prop_assert!(spread(after.values()) <= 1, "{}", assignor.name());
        }
    }
}
