//! What machines tell about themselves, in words.

use kafkasim_core::ids::{NodeId, Offset, TopicPartition};
use kafkasim_core::note::{LogStartCause, Note};

use super::administration;
use super::groups;
use super::landmarks::missing;
use super::messages::{Words, marked};
use super::names::Names;
use super::scene::{Scene, Stored};
use super::story::View;
use super::text::{Line, Tone};

/// One note in words; `None` if something else tells it.
pub(super) fn noted(node: NodeId, note: &Note, view: View<'_>) -> Option<Words> {
    let View { names, scene, .. } = view;
    of_controller(note, names, scene)
        .or_else(|| of_broker(node, note, view))
        .or_else(|| of_client(note, names))
}

/// What a controller tells. That brokers come up for the first time is the beginning of every run.
fn of_controller(note: &Note, names: &Names, scene: &Scene) -> Option<Words> {
    let mut is_first = false;
    let line = if let Note::BrokerRegistered { broker, .. } = note {
        is_first = !scene.was_in_service(*broker).registered;
        Line::plain(format!("registers {}", names.process(*broker)))
    } else if let Note::BrokerUnfenced { broker } = note {
        is_first = !scene.was_in_service(*broker).unfenced;
        Line::of(Tone::Good, format!("unfences {}", names.process(*broker)))
    } else if let Note::BrokerFenced { broker } = note {
        Line::of(Tone::Bad, format!("fences {}", names.process(*broker)))
    } else if let Note::PartitionChanged {
        partition,
        leader,
        leader_epoch,
        isr,
        elr,
        unclean,
        ..
    } = note
    {
        let mut line = Line::plain(names.whose(*partition));
        match leader {
            Some(leader) => line.push(Tone::Leader, format!("leader {}", names.process(*leader))),
            None => line.push(Tone::Bad, "no leader"),
        }
        line.push(Tone::Plain, format!(" e{leader_epoch} ISR {}", names.replicas(isr)));
        if !elr.is_empty() {
            line.push(Tone::Plain, format!(" ELR {}", names.replicas(elr)));
        }
        line.push(Tone::Bad, if *unclean { " UNCLEAN" } else { "" });
        line
    } else if let Note::TopicDeleted { topic } = note {
        Line::of(Tone::Unsure, format!("deletes {}", names.topic(*topic)))
    } else if let Note::ElectionGranted { partition, election } = note {
        Line::plain(format!(
            "{}{}",
            names.whose(*partition),
            administration::elections(*election)
        ))
    } else if let Note::AlterPartitionRefused { partition, error } = note {
        Line::of(Tone::Bad, format!("{}refused: {error}", names.whose(*partition)))
    } else {
        return None;
    };
    Some(if is_first {
        Words::routine(line)
    } else {
        Words::notable(line)
    })
}

fn of_broker(node: NodeId, note: &Note, View { names, scene, marks }: View<'_>) -> Option<Words> {
    if let Some(words) = groups::note(note, names) {
        return Some(words);
    }
    let lost = |partition: &TopicPartition, to: Offset| {
        let replica = scene.replica(*partition, node);
        let lost = replica.map(|replica| replica.beyond(to)).unwrap_or_default();
        marked(lost.iter().map(|record: &Stored| record.value.clone()).collect(), marks)
    };
    let words = match note {
        Note::BecameLeader {
            partition,
            epoch,
            start_offset,
        } => {
            let mut line = Line::plain(names.whose(*partition));
            line.push(Tone::Leader, format!("★ leads from {start_offset} in e{epoch}"));
            for value in missing(node, *partition, scene, marks) {
                line.push(Tone::Bad, " without ");
                line.push(Tone::Mark, format!("►{value}"));
            }
            line
        }
        Note::BecameFollower {
            partition,
            epoch,
            leader: Some(leader),
        } => Line::plain(format!(
            "{}follows {} in e{epoch}",
            names.whose(*partition),
            names.process(*leader)
        )),
        Note::BecameFollower {
            partition,
            epoch,
            leader: None,
        } => Line::plain(format!("{}follows nobody in e{epoch}", names.whose(*partition))),
        Note::LogRecovered {
            partition,
            end,
            lost_batches,
            ..
        } => {
            let lost = lost(partition, *end);
            if *lost_batches == 0 && lost.is_empty() {
                return Some(Words::routine(Line::plain(format!(
                    "{}recovers to {end}",
                    names.whose(*partition)
                ))));
            }
            Line::of(
                Tone::Bad,
                format!("{}recovers only to {end}, loses ", names.whose(*partition)),
            )
            .then_line(lost)
        }
        Note::LogDeleted { partition } => Line::plain(format!("{}removes its log", names.whose(*partition))),
        Note::Truncated { partition, from, to } => {
            let line = Line::of(
                Tone::Bad,
                format!("{}truncates {from}→{to}, loses ", names.whose(*partition)),
            );
            line.then_line(lost(partition, *to))
        }
        Note::LogStart { partition, to, cause } => {
            let why = match cause {
                LogStartCause::DeleteRecords => "as asked",
                LogStartCause::Retention { .. } => "as its topic says",
                LogStartCause::Leader => "as its leader",
            };
            Line::of(
                Tone::Unsure,
                format!("{}starts at {to}, {why}", names.whose(*partition)),
            )
        }
        Note::Compacted { partition, removed, .. } => {
            let replica = scene.replica(*partition, node);
            let gone = replica.map(|replica| replica.values_at(removed)).unwrap_or_default();
            let line = Line::of(Tone::Unsure, format!("{}cleans its log of ", names.whose(*partition)));
            line.then_line(marked(gone, marks))
        }
        Note::ProducersExpired {
            partition, producers, ..
        } => {
            let producers = producers.iter().map(ToString::to_string).collect::<Vec<_>>();
            let what = format!(
                "{}forgets idle producers {}",
                names.whose(*partition),
                producers.join(" ")
            );
            Line::of(Tone::Unsure, what)
        }
        Note::LogStartedAnew { partition, at } => {
            let line = Line::of(
                Tone::Bad,
                format!("{}starts anew at {at}, loses ", names.whose(*partition)),
            );
            line.then_line(lost(partition, Offset::ZERO))
        }
        Note::HighWatermark { partition, to, .. } => {
            let from = scene
                .replica(*partition, node)
                .map_or(Offset::ZERO, |replica| replica.high_watermark);
            let line = Line::plain(format!("{}hw {from}→{to}", names.whose(*partition)));
            let of_metadata = *partition == TopicPartition::CLUSTER_METADATA;
            return Some(match (of_metadata, *to < from) {
                (true, _) => Words::routine(line),
                (false, true) => Words::notable(line),
                (false, false) => Words::ordinary(line),
            });
        }
        Note::DuplicateSuppressed {
            partition, sequence, ..
        } => Line::of(
            Tone::Unsure,
            format!("{}duplicate of seq {sequence} suppressed", names.whose(*partition)),
        ),
        Note::ProduceRefused { partition, error, .. } | Note::EpochRefused { partition, error } => {
            Line::of(Tone::Bad, format!("{}refused: {error}", names.whose(*partition)))
        }
        Note::FetchDiverged { partition, follower } => Line::of(
            Tone::Unsure,
            format!("{}{} has diverged", names.whose(*partition), names.process(*follower)),
        ),
        Note::IsrProposed { partition, isr, .. } => Line::plain(format!(
            "{}proposes ISR {}",
            names.whose(*partition),
            names.replicas(isr)
        )),
        Note::IsrCommitted { partition, isr, .. } => {
            Line::plain(format!("{}ISR is {}", names.whose(*partition), names.replicas(isr)))
        }
        Note::Parked { .. } => return Some(Words::routine(Line::plain("waits"))),
        Note::ParkedExpired { produce: false } => return Some(Words::routine(Line::plain("has waited enough"))),
        Note::OversizedBatchRead { partition } => {
            let what = "reads a batch larger than asked for";
            return Some(Words::routine(Line::plain(format!(
                "{}{what}",
                names.whose(*partition)
            ))));
        }
        Note::ParkedExpired { produce: true } => Line::of(Tone::Bad, "has waited too long"),
        Note::Appended { .. }
        | Note::MetadataReplayed { .. }
        | Note::BrokerRegistered { .. }
        | Note::BrokerUnfenced { .. }
        | Note::TopicDeleted { .. }
        | Note::BrokerFenced { .. }
        | Note::PartitionChanged { .. }
        | Note::AlterPartitionRefused { .. }
        | Note::ElectionGranted { .. }
        | Note::BatchSent { .. }
        | Note::BatchRetried { .. }
        | Note::BatchSplit { .. }
        | Note::MemoryAwaited
        | Note::StickyPartitionDrawn { .. }
        | Note::BatchExpired { .. }
        | Note::SequenceLost { .. }
        | Note::ProducerEpochBumped { .. }
        | Note::ProducerIdAssigned { .. }
        | Note::FetchedTooMuch { .. }
        | Note::PositionOutOfRange { .. }
        | Note::PositionReset { .. }
        | Note::PositionValidated { .. }
        | Note::TruncationDetected { .. }
        // These were told already.
        | Note::GroupsLoaded { .. }
        | Note::GroupsUnloaded { .. }
        | Note::GroupState { .. }
        | Note::CoordinatorFound { .. }
        | Note::CoordinatorUnknown { .. }
        | Note::MemberJoined { .. }
        | Note::MemberSynced { .. }
        | Note::MembershipEnded { .. }
        | Note::CommitSent { .. }
        | Note::OffsetsCommitted { .. }
        | Note::CommittedTold { .. }
        | Note::OffsetsAccepted { .. } => return None,
    };
    Some(if note.partition() == Some(TopicPartition::CLUSTER_METADATA) {
        Words::routine(words)
    } else {
        Words::notable(words)
    })
}

fn of_client(note: &Note, names: &Names) -> Option<Words> {
    if let Some(words) = groups::note(note, names) {
        return Some(words);
    }
    let words = if let Note::BatchSent {
        partition,
        sequence,
        attempt,
        ..
    } = note
    {
        let what = if *attempt > 0 {
            format!("sends again, attempt {}", attempt + 1)
        } else {
            "sends".to_owned()
        };
        let numbered = if sequence.0 < 0 {
            String::new()
        } else {
            format!(" seq {sequence}")
        };
        let words = Line::plain(format!("{}{what}{numbered}", names.whose(*partition)));
        return Some(if *attempt > 0 {
            Words::notable(words)
        } else {
            Words::routine(words)
        });
    } else if let Note::BatchRetried { partition, .. } = note {
        Line::of(Tone::Unsure, format!("{}will retry", names.whose(*partition)))
    } else if let Note::BatchSplit { partition, parts } = note {
        let what = format!("sends a batch again in {parts} parts");
        Line::of(Tone::Unsure, format!("{}{what}", names.whose(*partition)))
    } else if let Note::MemoryAwaited = note {
        Line::of(Tone::Unsure, "has no memory for more")
    } else if let Note::StickyPartitionDrawn { partition, .. } = note {
        let words = Line::plain(format!("{}is next for records without a key", names.whose(*partition)));
        return Some(Words::routine(words));
    } else if let Note::BatchExpired { partition } = note {
        Line::of(Tone::Bad, format!("{}gives a batch up", names.whose(*partition)))
    } else if let Note::SequenceLost { partition } = note {
        Line::of(
            Tone::Bad,
            format!("{}gives up what may be there already", names.whose(*partition)),
        )
    } else if let Note::ProducerEpochBumped { partition, epoch, .. } = note {
        Line::of(
            Tone::Unsure,
            format!("{}begins anew with epoch {epoch}", names.whose(*partition)),
        )
    } else if let Note::ProducerIdAssigned { producer_id, epoch } = note {
        return Some(Words::routine(Line::plain(format!(
            "is producer {producer_id} epoch {epoch}"
        ))));
    } else if let Note::PositionOutOfRange { partition, position } = note {
        Line::of(
            Tone::Bad,
            format!("{}position {position} is out of range", names.whose(*partition)),
        )
    } else if let Note::FetchedTooMuch { partition, bytes } = note {
        let whose = partition.map_or_else(String::new, |partition| names.whose(partition));
        Line::of(Tone::Bad, format!("{whose}is sent too much: {bytes} bytes"))
    } else if let Note::PositionReset { partition, to } = note {
        Line::plain(format!("{}starts at {to}", names.whose(*partition)))
    } else if let Note::PositionValidated { partition, at } = note {
        Line::plain(format!("{}position {at} is valid", names.whose(*partition)))
    } else if let Note::TruncationDetected {
        partition,
        position,
        divergent_offset,
    } = note
    {
        let what = format!("position {position} was truncated from {divergent_offset} on");
        Line::of(Tone::Bad, format!("{}{what}", names.whose(*partition)))
    } else {
        return None;
    };
    Some(Words::notable(words))
}
