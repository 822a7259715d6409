//! What an assignor has members put into their subscriptions, beyond what every subscription says.
//!
//! Under the eager protocol members own nothing while they join, so that the sticky assignor sends what was assigned last by a way of its
//! own. The cooperative one did so with the generation until subscriptions had it (KIP-792), and still does.

use alloc::vec::Vec;

use bytes::{Buf, BufMut, Bytes};

use super::{Assignor, Member, java};
use crate::group::{Malformed, Subscription, partitions, put_partitions};
use crate::ids::{GenerationId, InstanceId, MemberId, TopicName};

/// What a member was assigned last, and in which generation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LastAssignment {
    /// The partitions.
    pub partitions: Vec<(TopicName, i32)>,
    /// The generation.
    pub generation: GenerationId,
}

impl Assignor {
    /// The user data for the subscription of a member, which may have been assigned nothing yet.
    #[must_use]
    pub fn user_data(self, last: Option<&LastAssignment>) -> Option<Bytes> {
        match self {
            Self::Range | Self::RoundRobin => None,
            Self::Sticky => last.map(encode),
            Self::CooperativeSticky => {
                let generation = last.map_or(GenerationId::NONE, |last| last.generation);
                Some(Bytes::copy_from_slice(&generation.0.to_be_bytes()))
            }
        }
    }
}

impl Member {
    /// What the leader of the group knows of a member that has sent this subscription. User data that cannot be read says nothing.
    #[must_use]
    pub fn new(
        assignor: Assignor,
        member_id: MemberId,
        group_instance_id: Option<InstanceId>,
        subscription: Subscription,
    ) -> Self {
        let user_data = subscription.user_data.unwrap_or_default();
        let (owned_partitions, generation) = match assignor {
            Assignor::Range | Assignor::RoundRobin => (subscription.owned_partitions, subscription.generation_id),
            Assignor::Sticky => {
                let last = decode(user_data).unwrap_or(LastAssignment {
                    partitions: Vec::new(),
                    generation: GenerationId::NONE,
                });
                (last.partitions, last.generation)
            }
            Assignor::CooperativeSticky => {
                let generation = if subscription.generation_id < GenerationId(0) {
                    generation(user_data)
                } else {
                    subscription.generation_id
                };
                (subscription.owned_partitions, generation)
            }
        };
        Self {
            member_id,
            group_instance_id,
            topics: subscription.topics,
            owned_partitions,
            generation,
        }
    }
}

/// Partitions by topic, as Java iterates over a table of topics, and the generation.
fn encode(last: &LastAssignment) -> Bytes {
    let mut topics: Vec<&TopicName> = Vec::new();
    for (topic, _) in &last.partitions {
        if !topics.contains(&topic) {
            topics.push(topic);
        }
    }
    let topics = java::in_hash_order(topics, |topic| topic);
    let place = |topic: &TopicName| topics.iter().position(|other| *other == topic);
    let mut by_topic = last.partitions.clone();
    by_topic.sort_by_key(|(topic, _)| place(topic));
    let mut out = Vec::new();
    put_partitions(&mut out, &by_topic);
    out.put_i32(last.generation.0);
    out.into()
}

/// The first version has no generation.
fn decode(mut bytes: Bytes) -> Result<LastAssignment, Malformed> {
    Ok(LastAssignment {
        partitions: partitions(&mut bytes)?,
        generation: generation(bytes),
    })
}

fn generation(mut bytes: Bytes) -> GenerationId {
    bytes.try_get_i32().map_or(GenerationId::NONE, GenerationId)
}
