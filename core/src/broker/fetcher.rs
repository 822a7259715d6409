//! The follower's side of replication: one request under way to each leader, for all partitions that follow it.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::partition::{Changes, Follower, Partition, Progress};
use super::{Asked, Broker};
use crate::config::BrokerConfig;
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::machine::{Context, Lane, Outbox};
use crate::message::{
    FetchRequest, FetchResponse, IsolationLevel, ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse,
    OffsetForLeaderEpochPartition, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetSpec, ReplicaState,
};
use crate::timer::{Timer, Window};

/// What was asked of a leader about one partition: an answer counts only while the follower still asks the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    partition: TopicPartition,
    epoch: LeaderEpoch,
    from: Offset,
    /// If where this epoch ended is asked for, and nothing is fetched.
    end_of: Option<LeaderEpoch>,
}

impl Wanted {
    fn of(replica: &Partition) -> Self {
        Self {
            partition: replica.log().partition(),
            epoch: replica.leader_epoch(),
            from: replica.log().end(),
            end_of: replica.epoch_to_ask_for(),
        }
    }
}

impl Broker {
    /// Keeps a request under way to each leader that somebody follows, and leaves the others.
    pub(super) fn pursue_fetches(&mut self, context: &Context<'_, BrokerConfig>, out: &mut Outbox) {
        let brokers: Vec<NodeId> = self.metadata.image().brokers.keys().copied().collect();
        for broker in brokers {
            self.pursue_fetch(context, broker, out);
        }
    }

    /// Keeps a request under way to this broker, if somebody follows it.
    pub(super) fn pursue_fetch(&mut self, context: &Context<'_, BrokerConfig>, leader: NodeId, out: &mut Outbox) {
        if !self.is_followed(leader) {
            if self.connections.is_open(leader, Lane::Replica) {
                let _moot = self.connections.close(leader, Lane::Replica, out);
            }
        } else if self.connections.unanswered(leader, Lane::Replica).next().is_some() {
            // One at a time.
        } else if self.askers_of(leader).next().is_some() {
            self.ask_for_ends(context, leader, out);
        } else if self.followers_of(leader, Progress::Outdated).next().is_some() {
            self.ask_for_start(context, leader, out);
        } else if self.followers_of(leader, Progress::Ready).next().is_some() {
            self.fetch(context, leader, out);
        }
    }

    /// The leaders for which [`Timer::ReplicaFetchBackoff`] is armed.
    pub(super) fn backed_off_leaders(&self) -> BTreeSet<NodeId> {
        let followers = self.partitions.values().filter_map(Partition::follower);
        followers
            .filter(|follower| follower.progress() == Progress::Delayed)
            .filter_map(Follower::leader)
            .collect()
    }

    fn fetch(&mut self, context: &Context<'_, BrokerConfig>, leader: NodeId, out: &mut Outbox) {
        if !self.connections.ready(leader, Lane::Replica, out) {
            return;
        }
        let around = surroundings!(self, context);
        let epoch = self
            .lifecycle
            .epoch()
            .filter(|_| (context.rules.fetches_as_registered)());
        let ready = || self.followers_of(leader, Progress::Ready);
        let request = FetchRequest {
            replica: Some(ReplicaState {
                replica_id: context.node,
                replica_epoch: epoch.unwrap_or(BrokerEpoch::NONE),
            }),
            max_wait_ms: context.config.replica_fetch_wait_max_ms,
            min_bytes: context.config.replica_fetch_min_bytes,
            max_bytes: context.config.replica_fetch_response_max_bytes,
            isolation_level: IsolationLevel::ReadUncommitted,
            partitions: ready().filter_map(|replica| replica.next_fetch(&around)).collect(),
        };
        let asked = Asked::Fetch(ready().map(Wanted::of).collect());
        self.connections.send(
            leader,
            Lane::Replica,
            request.into(),
            asked,
            socket_timeout(context.config),
            out,
        );
    }

    fn ask_for_ends(&mut self, context: &Context<'_, BrokerConfig>, leader: NodeId, out: &mut Outbox) {
        if !self.connections.ready(leader, Lane::Replica, out) {
            return;
        }
        let wanted: Vec<Wanted> = self.askers_of(leader).map(Wanted::of).collect();
        let asked = |wanted: &Wanted| {
            Some(OffsetForLeaderEpochPartition {
                partition: wanted.partition,
                current_leader_epoch: wanted.epoch,
                leader_epoch: wanted.end_of?,
            })
        };
        let request = OffsetForLeaderEpochRequest {
            replica_id: Some(context.node),
            partitions: wanted.iter().filter_map(asked).collect(),
        };
        let timeout = socket_timeout(context.config);
        self.connections.send(
            leader,
            Lane::Replica,
            request.into(),
            Asked::EpochEnds(wanted),
            timeout,
            out,
        );
    }

    fn ask_for_start(&mut self, context: &Context<'_, BrokerConfig>, leader: NodeId, out: &mut Outbox) {
        if !self.connections.ready(leader, Lane::Replica, out) {
            return;
        }
        let outdated: Vec<Wanted> = self.followers_of(leader, Progress::Outdated).map(Wanted::of).collect();
        let partitions = outdated.iter().map(|wanted| ListOffsetsPartition {
            partition: wanted.partition,
            current_leader_epoch: wanted.epoch,
            timestamp: OffsetSpec::Earliest,
        });
        let request = ListOffsetsRequest {
            isolation_level: IsolationLevel::ReadUncommitted,
            partitions: partitions.collect(),
        };
        let timeout = socket_timeout(context.config);
        self.connections.send(
            leader,
            Lane::Replica,
            request.into(),
            Asked::LeaderStart(outdated),
            timeout,
            out,
        );
    }

    pub(super) fn on_fetched(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        leader: NodeId,
        wanted: &[Wanted],
        response: &FetchResponse,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let had_delayed = self.followers_of(leader, Progress::Delayed).next().is_some();
        for wanted in wanted {
            let Some(replica) = self.partitions.get_mut(&wanted.partition) else {
                continue;
            };
            if Wanted::of(replica) != *wanted {
                continue;
            }
            let answers = &mut response.responses.iter();
            match answers.find(|answer| answer.partition == wanted.partition) {
                Some(answer) if response.error_code == ErrorCode::None => {
                    // Without the topic there would be nothing to follow.
                    if let Some(topic) = self.metadata.image().topics.get(&wanted.partition.topic) {
                        replica.fetched(answer, &topic.config, context.rules, changes, out);
                    }
                }
                Some(_) | None => replica.follower_mut().into_iter().for_each(|follower| follower.delay()),
            }
        }
        self.after_answer(context, leader, had_delayed, out);
    }

    pub(super) fn on_epoch_ends(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        leader: NodeId,
        wanted: &[Wanted],
        response: &OffsetForLeaderEpochResponse,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let had_delayed = self.followers_of(leader, Progress::Delayed).next().is_some();
        for wanted in wanted {
            let Some(replica) = self.partitions.get_mut(&wanted.partition) else {
                continue;
            };
            if Wanted::of(replica) != *wanted {
                continue;
            }
            let Some(asked) = wanted.end_of else { continue };
            let answers = &mut response.partitions.iter();
            let end = match answers.find(|answer| answer.partition == wanted.partition) {
                Some(answer) if answer.error_code == ErrorCode::None => Ok(answer.end),
                Some(answer) => Err(answer.error_code),
                None => Err(ErrorCode::UnknownServerError),
            };
            replica.epoch_ended_at(asked, end, context.rules, changes, out);
        }
        self.after_answer(context, leader, had_delayed, out);
    }

    pub(super) fn on_leader_start(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        leader: NodeId,
        wanted: &[Wanted],
        response: &ListOffsetsResponse,
        changes: &mut Changes,
        out: &mut Outbox,
    ) {
        let had_delayed = self.followers_of(leader, Progress::Delayed).next().is_some();
        for wanted in wanted {
            let Some(replica) = self.partitions.get_mut(&wanted.partition) else {
                continue;
            };
            if Wanted::of(replica) != *wanted {
                continue;
            }
            let answers = &mut response.partitions.iter();
            let start = match answers.find(|answer| answer.partition == wanted.partition) {
                Some(answer) if answer.error_code == ErrorCode::None => Ok(answer.offset),
                Some(answer) => Err(answer.error_code),
                None => Err(ErrorCode::UnknownServerError),
            };
            replica.leader_starts_at(start, changes, out);
        }
        self.after_answer(context, leader, had_delayed, out);
    }

    /// [`Timer::ReplicaFetchBackoff`]
    pub(super) fn on_fetch_backed_off(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        leader: NodeId,
        out: &mut Outbox,
    ) {
        for follower in self.partitions.values_mut().filter_map(Partition::follower_mut) {
            if follower.leader() == Some(leader) {
                follower.backed_off();
            }
        }
        self.pursue_fetch(context, leader, out);
    }

    fn after_answer(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        leader: NodeId,
        had_delayed: bool,
        out: &mut Outbox,
    ) {
        if !had_delayed && self.followers_of(leader, Progress::Delayed).next().is_some() {
            let backoff = Window::wall(context.config.replica_fetch_backoff_ms);
            out.set_timer(Timer::ReplicaFetchBackoff { leader }, backoff);
        }
        self.pursue_fetch(context, leader, out);
    }

    fn is_followed(&self, leader: NodeId) -> bool {
        self.partitions
            .values()
            .filter_map(Partition::follower)
            .any(|follower| follower.leader() == Some(leader))
    }

    fn askers_of(&self, leader: NodeId) -> impl Iterator<Item = &Partition> {
        self.followers_of(leader, Progress::Asking)
            .chain(self.followers_of(leader, Progress::OutOfRange))
    }

    fn followers_of(&self, leader: NodeId, progress: Progress) -> impl Iterator<Item = &Partition> {
        let is_wanted = move |replica: &&Partition| {
            let follower = replica.follower();
            follower.is_some_and(|follower| follower.leader() == Some(leader) && follower.progress() == progress)
        };
        self.partitions.values().filter(is_wanted)
    }
}

fn socket_timeout(config: &BrokerConfig) -> Window {
    Window::wall(config.replica_socket_timeout_ms)
}
