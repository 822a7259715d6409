//! Who reads which partitions: Kafka's assignors, as functions that the leader of a group applies to what its members sent with their
//! JoinGroup requests.
//!
//! Each gives exactly what the class of the same name in Kafka 4.1's Java client gives, in the same order, but for racks, which nobody
//! has here, and for what is wrong with Kafka's (see [`Assignor::assign`]). Which of several members a sticky assignor takes partitions
//! from, and in which order topics come in a range assignment, follows the order in which Java iterates its hash tables; `java` knows it.
//!
//! - `range`, `round_robin`: by position only.
//! - `sticky`: as balanced as it gets, and then as close as it gets to what members own. `claims`: who is believed to own what. `constrained` if
//!   all members have subscribed to the same topics, otherwise `general`, with `movements` that saves partitions from being exchanged.
//! - `cooperative`: the same, but nobody gets what another member has yet to give up (KIP-429).
//! - `user_data`: what assignors have members tell.

mod claims;
mod constrained;
mod cooperative;
mod general;
mod java;
mod movements;
mod range;
mod round_robin;
mod sticky;
mod user_data;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

pub use self::user_data::LastAssignment;
use crate::ids::{GenerationId, InstanceId, MemberId, TopicName};
use crate::rules::Rules;

/// What a member of a group tells the leader of the group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// Given by the coordinator, unique within the group.
    pub member_id: MemberId,
    /// `group.instance.id` of a static member (KIP-345).
    pub group_instance_id: Option<InstanceId>,
    /// What it has subscribed to. Not every topic need exist.
    pub topics: Vec<TopicName>,
    /// What it was assigned last: `owned_partitions` of its subscription under the cooperative protocol, what the sticky assignor
    /// keeps in its user data under the eager one. Other assignors do not look at it.
    pub owned_partitions: Vec<(TopicName, i32)>,
    /// The generation in which it was assigned that, or [`GenerationId::NONE`] if it does not know.
    pub generation: GenerationId,
}

impl Member {
    fn claims(&self) -> impl Iterator<Item = Partition<'_>> {
        self.owned_partitions.iter().map(|(topic, index)| (topic, *index))
    }
}

/// A value of `partition.assignment.strategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assignor {
    /// Of each topic a range of neighbouring partitions to each member.
    Range,
    /// All partitions of all topics in turn.
    RoundRobin,
    /// As balanced as possible, and everybody keeps as much as possible (KIP-54); for the eager protocol.
    Sticky,
    /// The same for the cooperative protocol: what changes its owner is withheld until its old owner has given it up (KIP-429).
    CooperativeSticky,
}

/// What each member is given, by its member id. Nobody is left out, who gets nothing gets an empty list.
pub type Assignment = BTreeMap<MemberId, Vec<(TopicName, i32)>>;

/// A partition of a topic that exists.
type Partition<'a> = (&'a TopicName, i32);
/// An assignment under way.
type Shares<'a> = BTreeMap<&'a MemberId, Vec<Partition<'a>>>;

impl Assignor {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Range, Self::RoundRobin, Self::Sticky, Self::CooperativeSticky];

    /// The name by which members agree on it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
            Self::Sticky => "sticky",
            Self::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The assignor of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assignor| assignor.name() == name)
    }

    /// Whether members may keep what they own while they join (KIP-429). All of them also do for the eager protocol.
    #[must_use]
    pub const fn is_cooperative(self) -> bool {
        match self {
            Self::CooperativeSticky => true,
            Self::Range | Self::RoundRobin | Self::Sticky => false,
        }
    }

    /// Distributes the partitions of all topics that somebody has subscribed to. `partitions_of` says how many partitions a topic has;
    /// one that is missing there, or has none, is passed over. The order of `members` is that of the JoinGroup response.
    ///
    /// Here nobody is given what it has not subscribed to, and nobody what does not exist. Kafka's sticky assignors keep a member's
    /// partition that its topic, created anew, does not have any more, or throw an exception over it; they give partitions to a member
    /// without a subscription if it comes first, because they take its subscription for that of the next one; and they give back to a
    /// member what it once owned although it has subscribed to something else since. They also remember the highest generation that
    /// they have ever seen, where this looks at that of `members` only.
    #[must_use]
    pub fn assign(self, partitions_of: &BTreeMap<TopicName, i32>, members: &[Member]) -> Assignment {
        self.assign_by(&Rules::CURRENT, partitions_of, members)
    }

    /// The same by other rules than Kafka's.
    #[must_use]
    pub fn assign_by(self, rules: &Rules, partitions_of: &BTreeMap<TopicName, i32>, members: &[Member]) -> Assignment {
        if members.is_empty() {
            return Assignment::new();
        }
        let group = Group::new(rules, partitions_of, members);
        let shares = match self {
            Self::Range => range::assign(&group),
            Self::RoundRobin => round_robin::assign(&group),
            Self::Sticky => sticky::assign(&group),
            Self::CooperativeSticky => cooperative::assign(&group),
        };
        shares
            .into_iter()
            .map(|(member, partitions)| {
                let partitions = partitions.into_iter().map(|(topic, index)| (topic.clone(), index));
                (MemberId::clone(member), partitions.collect())
            })
            .collect()
    }
}

/// What there is to distribute, and among whom.
#[derive(Debug)]
struct Group<'a> {
    rules: &'a Rules,
    /// In the order in which Kafka's client goes through them.
    members: Vec<&'a Member>,
    /// How many partitions each topic has that exists and that somebody has subscribed to.
    partitions_of: BTreeMap<&'a TopicName, i32>,
}

impl<'a> Group<'a> {
    fn new(rules: &'a Rules, partitions_of: &'a BTreeMap<TopicName, i32>, members: &'a [Member]) -> Self {
        let subscribed = members.iter().flat_map(|member| &member.topics);
        let existing = subscribed.filter_map(|topic| partitions_of.get_key_value(topic));
        Self {
            rules,
            members: java::in_hash_order(members.iter().collect(), |member| &member.member_id),
            partitions_of: existing
                .filter(|&(_, &count)| count > 0)
                .map(|(topic, &count)| (topic, count))
                .collect(),
        }
    }

    /// By topic and number.
    fn partitions(&self) -> impl Iterator<Item = Partition<'a>> {
        self.partitions_of
            .iter()
            .flat_map(|(&topic, &count)| (0..count).map(move |index| (topic, index)))
    }

    fn has(&self, (topic, index): Partition<'_>) -> bool {
        self.partitions_of
            .get(topic)
            .is_some_and(|&count| (0..count).contains(&index))
    }

    fn empty_shares(&self) -> Shares<'a> {
        self.members
            .iter()
            .map(|member| (&member.member_id, Vec::new()))
            .collect()
    }
}

/// Static members come first, in the order of their `group.instance.id`, so that a restart, which costs them their member id, changes
/// nothing (KIP-345).
fn sort_statics_first(members: &mut [&Member]) {
    members.sort_by(
        |left, right| match (&left.group_instance_id, &right.group_instance_id) {
            (Some(left), Some(right)) => left.cmp(right),
            (Some(_), None) => core::cmp::Ordering::Less,
            (None, Some(_)) => core::cmp::Ordering::Greater,
            (None, None) => left.member_id.cmp(&right.member_id),
        },
    );
}
