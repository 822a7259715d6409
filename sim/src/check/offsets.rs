//! An offset holds one record, and a record is at one offset: inconsistent-offsets, duplicate, R5, P3, and failures
//! that were none.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafkasim_core::ids::{NodeId, Offset, TopicPartition};
use kafkasim_core::message::Acks;

use super::sends::{Outcome, Send, text};
use super::{Finding, Promise, Scene, Verdict, guarantee};

/// Remembers which value clients have seen at which offset, by reading it or by having it acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Offsets {
    seen: BTreeMap<TopicPartition, BTreeMap<Offset, Bytes>>,
    highest_read: BTreeMap<TopicPartition, Offset>,
}

impl Offsets {
    /// The highest offset that anybody has read.
    pub(crate) fn highest_read(&self, partition: TopicPartition) -> Option<Offset> {
        self.highest_read.get(&partition).copied()
    }

    /// A record is committed that was sent like this, if it was. It was not committed before, or at another place.
    pub(crate) fn committed(
        &self,
        scene: &Scene<'_>,
        partition: TopicPartition,
        (offset, value): &(Offset, Bytes),
        send: Option<&Send>,
        findings: &mut Vec<Finding>,
    ) {
        let record = || format!("{}: {} at {offset}", scene.truth.name(partition), text(value));
        let Some(send) = send else {
            let message = format!("{} was never sent", record());
            findings.push(Finding::new(Promise::AcknowledgedPayload, Verdict::Violated, message));
            return;
        };
        if let Some((first_partition, first)) = send.committed {
            let retried = scene.risks.may_have_duplicated(send.producer, partition) && partition == first_partition;
            let producer = scene.view.producer(send.producer);
            let otherwise = producer.map_or(Verdict::Violated, |producer| guarantee::duplicate(producer, retried));
            let forgetting = (partition == first_partition)
                .then(|| scene.truth.forgetting(partition, *offset, Some(first)))
                .flatten();
            let verdict = guarantee::unknown_producer(forgetting, otherwise);
            let message = format!(
                "{} is in {} at {first}, too",
                record(),
                scene.truth.name(first_partition)
            );
            findings.push(Finding::new(Promise::Duplicate, verdict, message));
        }
        if send.outcome == Outcome::Failed {
            findings.push(not_failed(scene, &record(), send));
        }
        if !is_meant_for(scene, send, partition) {
            let message = format!("{} was sent to {}", record(), destination(send));
            findings.push(Finding::new(Promise::AcknowledgedPayload, Verdict::Violated, message));
        }
    }

    /// A send completed.
    pub(crate) fn completed(&mut self, scene: &Scene<'_>, value: &Bytes, send: &Send, findings: &mut Vec<Finding>) {
        match &send.outcome {
            Outcome::Outstanding | Outcome::Open => {}
            Outcome::Failed => {
                if let Some((partition, offset)) = send.committed {
                    let record = format!("{}: {} at {offset}", scene.truth.name(partition), text(value));
                    findings.push(not_failed(scene, &record, send));
                }
            }
            Outcome::Acknowledged(told) => {
                let place = scene.truth.locate(&told.topic, told.partition);
                if place.is_none() && scene.truth.had_another(&told.topic) {
                    // Without acknowledgements nobody is told that the topic is gone.
                    return;
                }
                let Some(partition) = place.filter(|partition| is_meant_for(scene, send, *partition)) else {
                    let (sent, told_at) = (destination(send), format!("{}-{}", told.topic, told.partition));
                    let message = format!("{} was sent to {sent}, but acknowledged in {told_at}", text(value));
                    findings.push(Finding::new(Promise::AcknowledgedPayload, Verdict::Violated, message));
                    return;
                };
                if let Some(offset) = told.offset {
                    findings.extend(misplaced(scene, value, send, partition, offset));
                    self.see(scene, partition, offset, value, findings);
                }
            }
        }
    }

    /// A reader was given records of one partition, in this order.
    pub(crate) fn read(
        &mut self,
        scene: &Scene<'_>,
        reader: NodeId,
        partition: TopicPartition,
        records: &[(Offset, Bytes)],
        findings: &mut Vec<Finding>,
    ) {
        let (Some((first, _)), Some((last, _))) = (records.first(), records.last()) else {
            return;
        };
        let highest = self.highest_read.entry(partition).or_insert(*last);
        *highest = (*highest).max(*last);
        let truth = scene.truth.partition(partition);
        let mut committed = truth
            .into_iter()
            .flat_map(|truth| truth.committed.values_from(*first))
            .peekable();
        for (offset, value) in records {
            while committed.next_if(|(at, _)| at < offset).is_some() {}
            let expected = committed.peek().filter(|(at, _)| at == offset).map(|(_, value)| value);
            if expected != Some(value) {
                let is = expected.map_or("nothing".to_owned(), text);
                let (whose, what, reader) = (scene.truth.name(partition), text(value), scene.name(reader));
                let message = format!("{whose}: {reader} has read {what} at {offset}, where {is} is committed");
                let verdict = scene.truth.judge_view(scene.view, partition, *offset);
                findings.push(Finding::new(Promise::ConsistentRead, verdict, message));
            }
            self.see(scene, partition, *offset, value, findings);
        }
    }

    fn see(
        &mut self,
        scene: &Scene<'_>,
        partition: TopicPartition,
        offset: Offset,
        value: &Bytes,
        findings: &mut Vec<Finding>,
    ) {
        let seen = self.seen.entry(partition).or_default();
        let Some(before) = seen.insert(offset, value.clone()).filter(|before| before != value) else {
            return;
        };
        // What a leader alone has acknowledged need not stay: an election may have put something else there.
        let is_weak = |value: &Bytes| {
            let send = scene.sends.get(value);
            send.is_some_and(|send| is_unreplicated(scene, send, partition, offset))
        };
        let mut verdict = scene.truth.judge_view(scene.view, partition, offset);
        for value in [&before, value].into_iter().filter(|value| is_weak(value)) {
            let acks = scene
                .sends
                .get(value)
                .and_then(|send| scene.view.producer(send.producer));
            verdict = guarantee::lost_acknowledged(acks.map_or(Acks::All, |producer| producer.acks), true, verdict);
        }
        let (whose, values) = (scene.truth.name(partition), [text(&before), text(value)].join(" and "));
        let message = format!("{whose}: offset {offset} was seen to hold {values}");
        findings.push(Finding::new(Promise::InconsistentOffsets, verdict, message));
    }
}

/// P3: something else is where this record was acknowledged to be.
fn misplaced(
    scene: &Scene<'_>,
    value: &Bytes,
    send: &Send,
    partition: TopicPartition,
    offset: Offset,
) -> Option<Finding> {
    let found = scene.truth.partition(partition)?.committed.value_at(offset)?;
    if found == value {
        return None;
    }
    let had_other_leaders = scene
        .truth
        .registered(partition)
        .is_some_and(|registered| registered.leader_epoch.0 > 0);
    let acks = scene
        .view
        .producer(send.producer)
        .map_or(Acks::All, |producer| producer.acks);
    let otherwise = scene.truth.judge_view(scene.view, partition, offset);
    let verdict = guarantee::lost_acknowledged(acks, had_other_leaders, otherwise);
    let (whose, what, is) = (scene.truth.name(partition), text(value), text(found));
    let message = format!("{whose}: {what} was acknowledged at {offset}, where {is} is committed");
    Some(Finding::new(Promise::AcknowledgedPayload, verdict, message))
}

/// Whether a record was acknowledged there without being replicated, in a partition whose leaders have changed.
fn is_unreplicated(scene: &Scene<'_>, send: &Send, partition: TopicPartition, offset: Offset) -> bool {
    let acks = scene
        .view
        .producer(send.producer)
        .map_or(Acks::All, |producer| producer.acks);
    let had_other_leaders = scene
        .truth
        .registered(partition)
        .is_some_and(|registered| registered.leader_epoch.0 > 0);
    acks != Acks::All && had_other_leaders && send.committed != Some((partition, offset))
}

fn not_failed(scene: &Scene<'_>, record: &str, send: &Send) -> Finding {
    let producer = scene.name(send.producer);
    let message = format!("{record} is committed, but {producer} was told that it was not written");
    Finding::new(Promise::DefiniteFailure, Verdict::Violated, message)
}

fn is_meant_for(scene: &Scene<'_>, send: &Send, partition: TopicPartition) -> bool {
    let is_topic = scene
        .truth
        .topic(partition.topic)
        .is_none_or(|topic| topic.name == send.topic);
    is_topic && send.partition.is_none_or(|chosen| chosen == partition.partition)
}

fn destination(send: &Send) -> String {
    match send.partition {
        Some(partition) => format!("{}-{partition}", send.topic),
        None => send.topic.to_string(),
    }
}
