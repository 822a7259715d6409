//! Events in words: what applications called and were told, and what machines told about themselves.

use std::fmt::Display;

use kafkasim::world::Event;
use kafkasim_core::call::{Answer, Call, ConsumerRecord, ProducerRecord, RecordMetadata};
use kafkasim_core::ids::TopicPartition;
use kafkasim_core::message::{ElectionType, OffsetCommitPartition};
use kafkasim_core::note::{LogStartCause, MembershipEnd, Note};

use super::names::Names;

/// An event in words; `None` if the action says it all.
pub(crate) fn event(event: &Event, names: &Names) -> Option<String> {
    match event {
        Event::Started { .. } | Event::Fault(_) => None,
        Event::Stopped { node, in_order: true } => Some(format!("{} stops in order", names.process(*node))),
        Event::Stopped { node, in_order: false } => Some(format!("{} is gone", names.process(*node))),
        Event::Late { .. } => None,
        Event::WriteRefused { node } => Some(format!("{} halts, since its disk is full", names.process(*node))),
        Event::Severed { link } => Some(format!("requests were under way: {}", names.link(*link))),
        Event::Called { call, .. } => Some(called(call)),
        Event::Answered { answer, .. } => Some(answered(answer)),
        Event::Processed {
            topic,
            partition,
            offset,
            ..
        } => Some(format!("has processed {topic}-{partition}@{offset}")),
        // The timer that fired says so.
        Event::Note {
            note: Note::ParkedExpired { .. },
            ..
        } => None,
        Event::Note { note, .. } => Some(noted(note, names)),
    }
}

fn called(call: &Call) -> String {
    match call {
        Call::Send { record, .. } => format!("send {} to {}", value(record.value.as_deref()), destination(record)),
        Call::PartitionsFor { topic, .. } => format!("ask for the partitions of {topic}"),
        Call::Flush => "flush".to_owned(),
        Call::Close { timeout_ms: None } => "close".to_owned(),
        Call::Close {
            timeout_ms: Some(timeout_ms),
        } => format!("close within {timeout_ms} ms"),
        Call::Assign(partitions) => {
            let names = partitions
                .iter()
                .map(|(topic, partition)| format!("{topic}-{partition}"));
            format!("assign {}", names.collect::<Vec<_>>().join(", "))
        }
        Call::Steer(steering) => steering.to_string(),
        Call::LookUp { lookup, .. } => lookup.to_string(),
        Call::Subscribe(to) => format!("subscribe to {to}"),
        Call::Unsubscribe => "unsubscribe".to_owned(),
        Call::ListenerReturned => "the rebalance listener returns".to_owned(),
        Call::CommitSync { offsets: None, .. } => "commit the positions".to_owned(),
        Call::CommitSync {
            offsets: Some(offsets), ..
        } => format!("commit {}", offsets_of(offsets)),
        Call::CommitAsync { call, offsets: None } => format!("commit the positions ({call})"),
        Call::CommitAsync {
            call,
            offsets: Some(offsets),
        } => format!("commit {} ({call})", offsets_of(offsets)),
        Call::Poll { timeout_ms } => format!("poll for at most {timeout_ms} ms"),
        Call::ShutDown => "shut down".to_owned(),
        Call::DeleteRecords(_) => "delete records".to_owned(),
        Call::Administer(task) => task.to_string(),
    }
}

fn answered(answer: &Answer) -> String {
    match answer {
        Answer::Sent {
            call,
            result:
                Ok(RecordMetadata {
                    topic,
                    partition,
                    offset,
                }),
        } => match offset {
            Some(offset) => format!("send {call} acknowledged at {topic}-{partition} offset {offset}"),
            None => format!("send {call} handed to {topic}-{partition}, unacknowledged (acks=0)"),
        },
        Answer::Sent {
            call,
            result: Err(error),
        } => format!("send {call} fails: {error:?}"),
        Answer::Polled(Ok(records)) if records.is_empty() => "poll returns nothing".to_owned(),
        Answer::Polled(Ok(records)) => {
            let record = |record: &ConsumerRecord| {
                format!(
                    "{} at {}-{} offset {}",
                    value(record.value.as_deref()),
                    record.topic,
                    record.partition,
                    record.offset
                )
            };
            format!(
                "poll returns {}",
                records.iter().map(record).collect::<Vec<_>>().join(", ")
            )
        }
        Answer::Polled(Err(error)) => format!("poll throws {error:?}"),
        Answer::LookedUp(Ok(found)) => {
            let each = found.iter().map(ToString::to_string).collect::<Vec<_>>();
            format!("is told {}", each.join(", "))
        }
        Answer::LookedUp(Err(error)) => format!("is told nothing: {error:?}"),
        Answer::PartitionsFor { result: Ok(told), .. } => format!("is told of {} partitions", told.len()),
        Answer::PartitionsFor { result: Err(error), .. } => format!("is told of no partitions: {error:?}"),
        Answer::Rebalanced(rebalance) => format!("the rebalance listener is told: {rebalance}"),
        Answer::Unsubscribed => "is unsubscribed".to_owned(),
        Answer::Committed(Ok(offsets)) => format!("committed {}", offsets_of(offsets)),
        Answer::Committed(Err(error)) => format!("perhaps not committed: {error}"),
        Answer::CommitCompleted {
            call,
            result: Ok(offsets),
        } => format!("commit {call} succeeded: {}", offsets_of(offsets)),
        Answer::CommitCompleted {
            call,
            result: Err(error),
        } => format!("commit {call} perhaps failed: {error}"),
        Answer::Flushed => "everything is flushed".to_owned(),
        Answer::Closed => "is closed".to_owned(),
        Answer::ShutDown => "has shut down".to_owned(),
        Answer::RecordsDeleted(Ok(low_watermark)) => format!("records deleted up to {low_watermark}"),
        Answer::RecordsDeleted(Err(error)) => format!("records perhaps not deleted: {error}"),
        Answer::Administered { task, result: Ok(()) } => format!("done: {task}"),
        Answer::Administered {
            task,
            result: Err(error),
        } => format!("not done: {task}: {error}"),
    }
}

fn value(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(
        || "null".to_owned(),
        |bytes| String::from_utf8_lossy(bytes).into_owned(),
    )
}

fn destination(record: &ProducerRecord) -> String {
    match record.partition {
        Some(partition) => format!("{}-{partition}", record.topic),
        None => record.topic.to_string(),
    }
}

fn noted(note: &Note, names: &Names) -> String {
    let of = |partition: &TopicPartition, what: &dyn Display| format!("{}: {what}", names.partition(*partition));
    match note {
        Note::BrokerRegistered { broker, epoch } => {
            format!("{} registers, broker epoch {epoch}", names.process(*broker))
        }
        Note::MetadataReplayed { to } => format!("it has replayed the metadata log up to {to}"),
        Note::BrokerUnfenced { broker } => format!("{} is unfenced", names.process(*broker)),
        Note::BrokerFenced { broker } => format!("{} is fenced", names.process(*broker)),
        Note::PartitionChanged {
            partition,
            leader,
            leader_epoch,
            isr,
            elr,
            unclean,
            ..
        } => {
            let leader = leader.map_or("nobody", |leader| names.process(leader));
            let elr = if elr.is_empty() {
                String::new()
            } else {
                format!(", eligible {}", names.processes(elr))
            };
            let how = if *unclean { ", elected uncleanly" } else { "" };
            of(
                partition,
                &format_args!(
                    "led by {leader} in epoch {leader_epoch}, in sync {}{elr}{how}",
                    names.processes(isr)
                ),
            )
        }
        Note::TopicDeleted { topic } => format!("topic {topic} is deleted"),
        Note::ElectionGranted { partition, election } => of(
            partition,
            &match election {
                ElectionType::Preferred => "the preferred leader is elected, as asked for",
                ElectionType::Unclean => "anybody may be elected, as asked for",
            },
        ),
        Note::LogDeleted { partition } => of(partition, &"the replica is not needed any more, its log is removed"),
        Note::AlterPartitionRefused { partition, error } => {
            of(partition, &format_args!("AlterPartition refused: {error}"))
        }
        Note::BecameLeader {
            partition,
            epoch,
            start_offset,
        } => of(
            partition,
            &format_args!("leads epoch {epoch} from offset {start_offset}"),
        ),
        Note::BecameFollower {
            partition,
            epoch,
            leader,
        } => {
            let leader = leader.map_or("nobody", |leader| names.process(leader));
            of(partition, &format_args!("follows {leader} in epoch {epoch}"))
        }
        Note::LogRecovered {
            partition,
            end,
            high_watermark,
            lost_batches,
        } => of(
            partition,
            &format_args!(
                "log opened, end {end}, high watermark {high_watermark}, {lost_batches} torn batches dropped"
            ),
        ),
        Note::Appended {
            partition,
            batch,
            as_leader,
        } => {
            let (first, last) = (batch.base_offset, batch.last_offset());
            let range = if first == last {
                format!("offset {first}")
            } else {
                format!("offsets {first} to {last}")
            };
            of(
                partition,
                &format_args!("appended {range}{}", if *as_leader { " as leader" } else { "" }),
            )
        }
        Note::DuplicateSuppressed {
            partition, sequence, ..
        } => of(
            partition,
            &format_args!("sequence {sequence} is there already, not appended again"),
        ),
        Note::ProduceRefused { partition, error, .. } => of(partition, &format_args!("produce refused: {error}")),
        Note::Truncated { partition, from, to } => of(partition, &format_args!("log truncated from {from} to {to}")),
        Note::LogStart { partition, to, cause } => {
            let why = match cause {
                LogStartCause::DeleteRecords => "as asked",
                LogStartCause::Retention { .. } => "as its topic says",
                LogStartCause::Leader => "as its leader",
            };
            of(partition, &format_args!("log starts at {to}, {why}"))
        }
        Note::LogStartedAnew { partition, at } => of(
            partition,
            &format_args!("log starts anew at {at}: its leader has nothing earlier"),
        ),
        Note::Compacted {
            partition, to, removed, ..
        } => of(
            partition,
            &format_args!("log cleaned up to {to}, {} records removed", removed.len()),
        ),
        Note::ProducersExpired {
            partition, producers, ..
        } => of(partition, &format_args!("{} idle producers forgotten", producers.len())),
        Note::FetchedTooMuch { partition, bytes } => match partition {
            Some(partition) => of(partition, &format_args!("sent too much: {bytes} bytes")),
            None => format!("sent too much: {bytes} bytes"),
        },
        Note::PositionOutOfRange { partition, position } => {
            of(partition, &format_args!("position {position} is out of range"))
        }
        Note::FetchDiverged { partition, follower } => {
            of(partition, &format_args!("{} has diverged", names.process(*follower)))
        }
        Note::EpochRefused { partition, error } => of(partition, &format_args!("refused: {error}")),
        Note::HighWatermark { partition, to, .. } => of(partition, &format_args!("high watermark {to}")),
        Note::IsrProposed { partition, isr, shrink } => {
            let what = if *shrink { "fewer" } else { "more" };
            of(
                partition,
                &format_args!("proposes {what} in sync: {}", names.processes(isr)),
            )
        }
        Note::IsrCommitted { partition, isr, .. } => of(partition, &format_args!("in sync: {}", names.processes(isr))),
        Note::Parked { produce: true } => "it waits for followers".to_owned(),
        Note::Parked { produce: false } => "it waits for something new".to_owned(),
        Note::ParkedExpired { produce: true } => "the Produce has waited for too long".to_owned(),
        Note::ParkedExpired { produce: false } => "the Fetch has waited long enough".to_owned(),
        Note::OversizedBatchRead { partition } => of(partition, &"a batch larger than asked for is read"),
        Note::BatchSent {
            partition,
            sequence,
            attempt,
            ..
        } => {
            let again = if *attempt > 0 {
                format!(", attempt {}", attempt + 1)
            } else {
                String::new()
            };
            of(partition, &format_args!("batch sent, sequence {sequence}{again}"))
        }
        Note::BatchRetried { partition, error } => of(partition, &format_args!("batch to be sent again after {error}")),
        Note::BatchSplit { partition, parts } => {
            of(partition, &format_args!("batch to be sent again in {parts} parts"))
        }
        Note::MemoryAwaited => "there is no memory for more".to_owned(),
        Note::StickyPartitionDrawn { partition, is_weighed } => {
            let how = if *is_weighed { ", drawn by its queue" } else { "" };
            of(partition, &format_args!("next for records without a key{how}"))
        }
        Note::BatchExpired { partition } => of(partition, &"batch given up"),
        Note::SequenceLost { partition } => of(partition, &"what may be there already is given up"),
        Note::ProducerEpochBumped { partition, epoch, .. } => {
            of(partition, &format_args!("begins anew with epoch {epoch}"))
        }
        Note::ProducerIdAssigned { producer_id, epoch } => format!("is producer {producer_id}, epoch {epoch}"),
        Note::PositionReset { partition, to } => of(partition, &format_args!("position reset to {to}")),
        Note::PositionValidated { partition, at } => of(partition, &format_args!("position {at} is valid")),
        Note::GroupsLoaded { log, epoch } => of(log, &format_args!("its groups are coordinated here, epoch {epoch}")),
        Note::GroupsUnloaded { log, epoch } => of(
            log,
            &format_args!("its groups are coordinated here no longer, epoch {epoch}"),
        ),
        Note::GroupState {
            group,
            generation,
            state,
            members,
            ..
        } => {
            let members = if members.is_empty() {
                String::new()
            } else {
                format!(": {}", members.join(", "))
            };
            format!("group {group} is {state}, generation {generation}{members}")
        }
        Note::OffsetsAccepted {
            group,
            generation,
            member,
            ..
        } => {
            let who = if member.is_empty() { "somebody" } else { member };
            format!("group {group}: {who} commits in generation {generation}")
        }
        Note::CoordinatorFound { coordinator } => format!("{} coordinates its group", names.process(*coordinator)),
        Note::CoordinatorUnknown { coordinator } => {
            format!(
                "it does not believe any more that {} coordinates its group",
                names.process(*coordinator)
            )
        }
        Note::MemberJoined {
            group,
            generation,
            member,
            is_leader,
        } => {
            let leads = if *is_leader { ", and leads it" } else { "" };
            format!("it is {member} of {group} in generation {generation}{leads}")
        }
        Note::MemberSynced {
            generation, partitions, ..
        } => {
            format!("it has {partitions} partitions in generation {generation}")
        }
        Note::MembershipEnded {
            generation, because, ..
        } => {
            let why = match because {
                MembershipEnd::Unsubscribed => "it unsubscribes".to_owned(),
                MembershipEnd::Closed => "it closes".to_owned(),
                MembershipEnd::MaxPollInterval => "it has not polled for max.poll.interval.ms".to_owned(),
                MembershipEnd::Refused(error) => error.to_string(),
            };
            format!("it is not a member in generation {generation} any more: {why}")
        }
        Note::CommitSent {
            offsets, is_automatic, ..
        } => {
            let by_itself = if *is_automatic { " by itself" } else { "" };
            format!("it commits {}{by_itself}", offsets_of(offsets))
        }
        Note::OffsetsCommitted { offsets, .. } => format!("its commit of {} succeeded", offsets_of(offsets)),
        Note::CommittedTold {
            topic,
            partition,
            offset,
            ..
        } => match offset {
            Some(offset) => format!("its group has come to {offset} in {topic}-{partition}"),
            None => format!("its group has committed nothing in {topic}-{partition}"),
        },
        Note::TruncationDetected {
            partition,
            position,
            divergent_offset,
        } => of(
            partition,
            &format_args!("position {position} is beyond the log, which differs from {divergent_offset} on"),
        ),
    }
}

fn offsets_of(offsets: &[OffsetCommitPartition]) -> String {
    let each = offsets.iter().map(ToString::to_string).collect::<Vec<_>>();
    each.join(", ")
}
