//! Where is something in a log? What an application asks between its polls, and waits for.
//!
//! Kafka's `position`, `offsetsForTimes`, `beginningOffsets` and `endOffsets`. What is asked about one partition after the other is asked of
//! their leaders at once; whoever is not the leader, or cannot tell, is asked again once there is newer metadata. An answer that comes after
//! its call has given up is nobody's, even if the next call asks the same.

use alloc::vec::Vec;
use core::mem;

use super::waiting::Waiting;
use super::{ByLeader, Consumer, Pending, refresh_times};
use crate::config::ConsumerConfig;
use crate::error::ErrorCode;
use crate::ids::{Offset, Timestamp, TopicName, TopicPartition};
use crate::lookup::{LookedUp, LookupError, OffsetLookup};
use crate::machine::{Context, Lane, Outbox};
use crate::message::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, OffsetSpec};

/// What is wanted of one partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    topic: TopicName,
    partition: i32,
    to: OffsetSpec,
    progress: Progress,
}

/// How far that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Progress {
    Due,
    /// Its leader, by the id under which it was located.
    Asked(TopicPartition),
    /// Nobody is known who could tell.
    AwaitsMetadata,
    Found(Option<Offset>, Timestamp),
}

/// What a lookup returns.
type Answered = Result<Vec<LookedUp>, LookupError>;

impl Wanted {
    pub(super) const fn topic(&self) -> &TopicName {
        &self.topic
    }
}

impl Consumer {
    /// Whatever is known at once is answered at once; otherwise a wakeup that came before throws, after the requests are sent, as in Kafka.
    ///
    /// # Panics
    /// If another call is waiting, or if the position in a partition is asked for that is not assigned, which Kafka answers with an
    /// `IllegalStateException`.
    pub(super) fn on_look_up(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        lookup: OffsetLookup,
        timeout_ms: Option<u64>,
        out: &mut Outbox,
    ) {
        let waiting = match lookup {
            OffsetLookup::Position { topic, partition } => {
                self.index_of(&topic, partition);
                Waiting::Position(topic, partition)
            }
            OffsetLookup::ForTimes(times) => wanted(times.into_iter().map(|(topic, partition, time)| {
                let to = OffsetSpec::Timestamp(time);
                ((topic, partition), to)
            })),
            OffsetLookup::Committed(partitions) => Waiting::Committed(partitions),
            OffsetLookup::Beginning(partitions) => wanted(to_each(partitions, OffsetSpec::Earliest)),
            OffsetLookup::End(partitions) => wanted(to_each(partitions, OffsetSpec::Latest)),
        };
        if waiting.topics().any(|topic| self.cluster.topic(topic).is_none()) {
            self.cluster.request_update();
        }
        self.call(context, waiting, timeout_ms, out);
    }

    /// There is newer metadata.
    pub(super) fn ask_offsets_again(&mut self) {
        let Waiting::Offsets(wanted) = &mut self.waiting else {
            return;
        };
        for wanted in wanted {
            if wanted.progress == Progress::AwaitsMetadata {
                wanted.progress = Progress::Due;
            }
        }
    }

    /// What is wanted of this partition, if its leader was asked.
    fn wanted(&mut self, partition: TopicPartition) -> Option<&mut Wanted> {
        let Waiting::Offsets(wanted) = &mut self.waiting else {
            return None;
        };
        wanted
            .iter_mut()
            .find(|wanted| wanted.progress == Progress::Asked(partition))
    }

    /// One turn. `None`: not everything is known yet.
    pub(super) fn take_lookup_turn(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        out: &mut Outbox,
    ) -> Option<Answered> {
        match mem::replace(&mut self.waiting, Waiting::Nothing) {
            Waiting::Position(topic, partition) => {
                let answered = self.look_for_position(context, &topic, partition, out);
                self.waiting = Waiting::Position(topic, partition);
                answered
            }
            Waiting::Offsets(mut wanted) => {
                self.ask_for_offsets(context, &mut wanted, out);
                let answered = all_found(&wanted);
                self.waiting = Waiting::Offsets(wanted);
                if answered.is_none() {
                    self.refresh_metadata(context, out);
                }
                answered.map(Ok)
            }
            waiting @ (Waiting::Nothing
            | Waiting::Poll
            | Waiting::Committed(_)
            | Waiting::Commit(_)
            | Waiting::Unsubscribing
            | Waiting::Closing(_)) => {
                self.waiting = waiting;
                None
            }
        }
    }

    /// What a poll does about positions, without fetching. A position that has yet to be validated is none.
    fn look_for_position(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        topic: &TopicName,
        partition: i32,
        out: &mut Outbox,
    ) -> Option<Answered> {
        let index = self.index_of(topic, partition);
        if let Some(position) = self.assigned[index].valid_position() {
            return Some(Ok(Vec::from([LookedUp {
                topic: topic.clone(),
                partition,
                offset: Some(position.offset),
                timestamp: Timestamp::NONE,
            }])));
        }
        if let Some(truncation) = self.truncation.take() {
            return Some(Err(LookupError::Poll(truncation)));
        }
        if let Err(error) = self.initialize_positions(context, out) {
            return Some(Err(LookupError::Poll(error)));
        }
        self.validate_positions(context, out);
        self.look_up_positions(context, out);
        self.refresh_metadata(context, out);
        None
    }

    fn ask_for_offsets(&mut self, context: &Context<'_, ConsumerConfig>, wanted: &mut [Wanted], out: &mut Outbox) {
        let mut requests = ByLeader::new();
        for wanted in wanted.iter_mut().filter(|wanted| wanted.progress == Progress::Due) {
            let partition = self.cluster.locate(&wanted.topic, wanted.partition);
            let view = partition.and_then(|partition| Some((partition, self.cluster.partition(partition)?)));
            let Some((partition, view)) = view else {
                wanted.progress = Progress::AwaitsMetadata;
                continue;
            };
            let Some(leader) = view.leader else {
                wanted.progress = Progress::AwaitsMetadata;
                continue;
            };
            if self.connections.ready(leader, Lane::Client, out) {
                wanted.progress = Progress::Asked(partition);
                let asked = ListOffsetsPartition {
                    partition,
                    current_leader_epoch: view.leader_epoch,
                    timestamp: wanted.to,
                };
                requests.push(leader, asked);
            }
        }
        let isolation_level = context.config.isolation_level;
        let build = |partitions: Vec<ListOffsetsPartition>| {
            let asked = partitions.iter().map(|asked| asked.partition).collect();
            let request = ListOffsetsRequest {
                isolation_level,
                partitions,
            };
            (request.into(), Pending::Offsets(asked))
        };
        self.send_each(context, requests, build, out);
        if wanted.iter().any(|wanted| wanted.progress == Progress::AwaitsMetadata) {
            self.cluster.request_update_later(refresh_times(context.config), out);
        }
    }

    pub(super) fn on_offsets(
        &mut self,
        context: &Context<'_, ConsumerConfig>,
        asked: &[TopicPartition],
        response: &ListOffsetsResponse,
        out: &mut Outbox,
    ) {
        let mut has_failed = false;
        for partition in asked {
            let Some(wanted) = self.wanted(*partition) else {
                continue;
            };
            let listed = response.partitions.iter().find(|listed| listed.partition == *partition);
            wanted.progress = match listed.filter(|listed| listed.error_code == ErrorCode::None) {
                Some(listed) => {
                    let offset = (listed.offset >= Offset::ZERO).then_some(listed.offset);
                    Progress::Found(offset, listed.timestamp)
                }
                None => Progress::AwaitsMetadata,
            };
            has_failed |= wanted.progress == Progress::AwaitsMetadata;
        }
        if has_failed {
            self.cluster.request_update_later(refresh_times(context.config), out);
        }
    }

    /// The connection to a leader is gone; whoever lost it asks for metadata.
    pub(super) fn offsets_failed(&mut self, asked: &[TopicPartition]) {
        for partition in asked {
            if let Some(wanted) = self.wanted(*partition) {
                wanted.progress = Progress::AwaitsMetadata;
            }
        }
    }
}

fn wanted(offsets: impl Iterator<Item = ((TopicName, i32), OffsetSpec)>) -> Waiting {
    let wanted = offsets.map(|((topic, partition), to)| Wanted {
        topic,
        partition,
        to,
        progress: Progress::Due,
    });
    Waiting::Offsets(wanted.collect())
}

fn to_each(partitions: Vec<(TopicName, i32)>, to: OffsetSpec) -> impl Iterator<Item = ((TopicName, i32), OffsetSpec)> {
    partitions.into_iter().map(move |partition| (partition, to))
}

fn all_found(wanted: &[Wanted]) -> Option<Vec<LookedUp>> {
    let each = wanted.iter().map(|wanted| match wanted.progress {
        Progress::Found(offset, timestamp) => Some(LookedUp {
            topic: wanted.topic.clone(),
            partition: wanted.partition,
            offset,
            timestamp,
        }),
        Progress::Due | Progress::Asked(_) | Progress::AwaitsMetadata => None,
    });
    each.collect()
}
