//! One group of the classic protocol: its members, and where it stands in its rebalance (Kafka's `ClassicGroup`).
//!
//! This file only keeps the members in order. What makes a group go from one state to the next is in `rebalance`, and in the file of the request
//! that asks for it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::offsets::Offsets;
use crate::error::ErrorCode;
use crate::ids::{GenerationId, GroupId, InstanceId, MemberId, Timestamp, TopicName};
use crate::machine::ConnectionId;
use crate::message::{GroupProtocol, JoinGroupRequest};

/// What `ConsumerProtocol` calls itself.
pub(super) const CONSUMER_PROTOCOL: &str = "consumer";

/// One group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::broker) struct Group {
    pub(super) id: GroupId,
    /// Names it in timers: the smallest number that is free.
    pub(super) number: u32,
    pub(super) state: State,
    pub(super) generation: GenerationId,
    pub(super) protocol_type: Option<String>,
    pub(super) protocol_name: Option<String>,
    pub(super) leader: Option<MemberId>,
    pub(super) members: BTreeMap<MemberId, Member>,
    /// Who was told an id and has yet to join with it (KIP-394), with the numbers that name them in timers.
    pub(super) pending: BTreeMap<MemberId, u32>,
    /// Who has yet to ask for the partitions of this generation.
    pub(super) unsynced: BTreeSet<MemberId>,
    /// The topics that some member reads, if that is known.
    pub(super) topics: Option<BTreeSet<TopicName>>,
    /// When it came into its state.
    pub(super) since: Option<Timestamp>,
    /// How far it has come.
    pub(super) offsets: Offsets,
}

/// Where a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
    /// Nobody is in it.
    Empty,
    /// Waits for its members to join.
    PreparingRebalance(Joining),
    /// Waits for its leader to hand out the partitions.
    CompletingRebalance,
    /// Every member can have its partitions.
    Stable,
}

/// How members are awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Joining {
    /// The group was empty: whoever comes within the delay is waited for (KIP-134).
    Initially {
        /// How long the delay may still be extended, in milliseconds.
        remaining_ms: u64,
        /// Somebody has come since the delay began.
        extended: bool,
    },
    /// Those who were in the generation before are waited for.
    Again,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Member {
    /// Names it in timers: the smallest number that is free in its group.
    pub(super) number: u32,
    pub(super) instance_id: Option<InstanceId>,
    pub(super) client_id: String,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) session_timeout_ms: i32,
    pub(super) protocols: Vec<GroupProtocol>,
    pub(super) assignment: Bytes,
    /// Whose JoinGroup waits. The connection may have ended; it counts nevertheless.
    pub(super) joining: Option<ConnectionId>,
    /// Whose SyncGroup waits.
    pub(super) syncing: Option<ConnectionId>,
    /// It was never in a generation.
    pub(super) is_new: bool,
}

impl Member {
    /// Whoever wants to become one.
    pub(super) fn new(number: u32, request: &JoinGroupRequest) -> Self {
        Self {
            number,
            instance_id: request.group_instance_id.clone(),
            client_id: request.client_id.clone(),
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            session_timeout_ms: request.session_timeout_ms,
            protocols: request.protocols.clone(),
            assignment: Bytes::new(),
            joining: None,
            syncing: None,
            is_new: true,
        }
    }

    /// Takes over what it says of itself when it joins again.
    pub(super) fn update(&mut self, request: &JoinGroupRequest) {
        self.protocols.clone_from(&request.protocols);
        self.rebalance_timeout_ms = request.rebalance_timeout_ms;
        self.session_timeout_ms = request.session_timeout_ms;
    }

    /// What a protocol has to know of it.
    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        let supported = self.protocols.iter().find(|supported| supported.name == protocol);
        supported.map_or_else(Bytes::new, |supported| supported.metadata.clone())
    }

    /// Whether it need not be heard from: its request waits for others. One that was never in a generation may not come back.
    pub(super) const fn is_excused(&self) -> bool {
        !self.is_new && (self.joining.is_some() || self.syncing.is_some())
    }

    fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|supported| supported.name == protocol)
    }
}

impl Group {
    /// Without members.
    pub(super) fn new(id: GroupId, number: u32, now: Option<Timestamp>) -> Self {
        Self {
            id,
            number,
            state: State::Empty,
            generation: GenerationId(0),
            protocol_type: None,
            protocol_name: None,
            leader: None,
            members: BTreeMap::new(),
            pending: BTreeMap::new(),
            unsynced: BTreeSet::new(),
            topics: None,
            since: now,
            offsets: Offsets::default(),
        }
    }

    /// The name of its state, as Kafka writes it.
    pub(super) const fn state_name(&self) -> &'static str {
        match self.state {
            State::Empty => "Empty",
            State::PreparingRebalance(_) => "PreparingRebalance",
            State::CompletingRebalance => "CompletingRebalance",
            State::Stable => "Stable",
        }
    }

    /// Goes into a state.
    pub(super) fn enter(&mut self, state: State, now: Timestamp) {
        self.state = state;
        self.since = Some(now);
    }

    /// A number that no member and nobody who is about to become one has.
    pub(super) fn free_number(&self) -> u32 {
        let is_taken = |number: &u32| {
            self.members.values().any(|member| member.number == *number)
                || self.pending.values().any(|pending| pending == number)
        };
        (0..).find(|number| !is_taken(number)).expect("there is a free number")
    }

    /// The member that a static member's name stands for.
    pub(super) fn static_member(&self, instance_id: &InstanceId) -> Option<&MemberId> {
        let mut members = self.members.iter();
        let found = members.find(|(_, member)| member.instance_id.as_ref() == Some(instance_id));
        found.map(|(id, _)| id)
    }

    /// Whether this is a member, and whoever it says it is (Kafka's `validateMember`).
    pub(super) fn check_member(&self, id: &MemberId, instance_id: Option<&InstanceId>) -> Result<(), ErrorCode> {
        if let Some(instance_id) = instance_id {
            match self.static_member(instance_id) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(known) if known != id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(id) {
            Ok(())
        } else {
            Err(ErrorCode::UnknownMemberId)
        }
    }

    /// Adds a member; the first one leads.
    pub(super) fn add(&mut self, id: MemberId, protocol_type: &str, member: Member) {
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type.into());
        }
        self.leader.get_or_insert_with(|| id.clone());
        self.pending.remove(&id);
        self.members.insert(id, member);
    }

    /// Removes whoever has this id; if it led, the next one does.
    pub(super) fn remove(&mut self, id: &MemberId) -> Option<Member> {
        let removed = self.members.remove(id);
        if self.leader.as_ref() == Some(id) {
            self.leader = self.members.keys().next().cloned();
        }
        self.pending.remove(id);
        self.unsynced.remove(id);
        removed
    }

    /// Whether a leader has joined. If the one there was has not, somebody who has becomes it.
    pub(super) fn elect_joined_leader(&mut self) -> bool {
        let has_joined = |id: &MemberId| self.members.get(id).is_some_and(|member| member.joining.is_some());
        match &self.leader {
            None => false,
            Some(leader) if has_joined(leader) => true,
            Some(_) => {
                let next = self.members.keys().find(|id| has_joined(id)).cloned();
                let is_found = next.is_some();
                self.leader = next.or_else(|| self.leader.take());
                is_found
            }
        }
    }

    /// Whether everybody waits for the next generation who is to be in it.
    pub(super) fn has_all_joined(&self) -> bool {
        self.pending.is_empty() && self.members.values().all(|member| member.joining.is_some())
    }

    /// How long to wait for members in a rebalance, in milliseconds.
    pub(super) fn rebalance_timeout_ms(&self) -> u64 {
        let longest = self.members.values().map(|member| member.rebalance_timeout_ms).max();
        u64::try_from(longest.unwrap_or(0)).unwrap_or(0)
    }

    /// Whether who supports these protocols can be in it.
    pub(super) fn supports(&self, protocol_type: &str, protocols: &[GroupProtocol]) -> bool {
        if self.state == State::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols
                .iter()
                .any(|protocol| self.members.values().all(|member| member.supports(&protocol.name)))
    }

    /// The protocol that most members prefer among those that all support. Between equals the first by name, where Kafka leaves it to a hash map.
    pub(super) fn select_protocol(&self) -> Option<String> {
        let first = self.members.values().next()?;
        let is_supported = |name: &str| self.members.values().all(|member| member.supports(name));
        let candidates = first.protocols.iter().map(|protocol| protocol.name.as_str());
        let mut votes: BTreeMap<&str, usize> = candidates
            .filter(|name| is_supported(name))
            .map(|name| (name, 0))
            .collect();
        for member in self.members.values() {
            let preferred = member
                .protocols
                .iter()
                .find(|protocol| votes.contains_key(protocol.name.as_str()));
            if let Some(preferred) = preferred {
                *votes.entry(preferred.name.as_str()).or_default() += 1;
            }
        }
        let most = votes.values().copied().max()?;
        let selected = votes.into_iter().find(|(_, count)| *count == most);
        selected.map(|(name, _)| name.into())
    }

    /// Whether members that follow the consumer protocol are in it.
    pub(super) fn is_of_consumers(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER_PROTOCOL)
    }

    /// Whether some member reads a topic, or might.
    pub(super) fn reads(&self, topic: &TopicName) -> bool {
        match &self.topics {
            Some(topics) => topics.contains(topic),
            None => self.is_of_consumers(),
        }
    }
}
