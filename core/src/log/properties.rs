//! What holds for a log whatever happens to it, tried on random histories.

use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::*;

use super::replica::{PARTITION, Replica, batch};
use super::{Checkpoints, Log, ProducerStates, base_of_first};
use crate::disk::{EpochEntry, LogImage};
use crate::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};
use crate::machine::Outbox;
use crate::message::EpochEndOffset;
use crate::record::Batch;

/// Something that happens to a replica. Epochs count from the log's last one, as the protocol never lets a log's epochs fall.
#[derive(Clone, Debug)]
enum Event {
    Begin { ahead: i32 },
    Lead { ahead: i32, batch: Batch },
    Follow { ahead: i32, batch: Batch },
    Truncate { to: i64 },
    HighWatermark { to: i64 },
    Delete { before: i64 },
    StartAnew { ahead: i64 },
    Restart { clean: bool, checkpoint: i64 },
}

fn some_batch() -> impl Strategy<Value = Batch> {
    let producer = proptest::option::weighted(0.8, (0_i64..3, 0_i16..2, 0_i32..6));
    (1_i32..4, producer).prop_map(|(records, producer)| batch(records, producer))
}

fn event() -> impl Strategy<Value = Event> {
    let ahead = || prop_oneof![3 => Just(0), 1 => 1..4];
    prop_oneof![
        1 => (1..4).prop_map(|ahead| Event::Begin { ahead }),
        6 => (ahead(), some_batch()).prop_map(|(ahead, batch)| Event::Lead { ahead, batch }),
        3 => (ahead(), some_batch()).prop_map(|(ahead, batch)| Event::Follow { ahead, batch }),
        1 => (0_i64..30).prop_map(|to| Event::Truncate { to }),
        1 => (0_i64..30).prop_map(|to| Event::HighWatermark { to }),
        1 => (any::<bool>(), 0_i64..30).prop_map(|(clean, checkpoint)| Event::Restart { clean, checkpoint }),
    ]
}

fn history() -> impl Strategy<Value = Vec<Event>> {
    vec(event(), 0..40)
}

/// With records deleted, and logs that begin anew.
fn history_with_deletions() -> impl Strategy<Value = Vec<Event>> {
    let deletion = prop_oneof![
        2 => (0_i64..30).prop_map(|before| Event::Delete { before }),
        1 => (1_i64..5).prop_map(|ahead| Event::StartAnew { ahead }),
    ];
    vec(prop_oneof![5 => event(), 1 => deletion], 0..40)
}

/// [`Replica::act`] also checks that the disk follows the log.
fn lived_through(history: &[Event]) -> Replica {
    let mut replica = Replica::new();
    let mut last_epoch = LeaderEpoch(0);
    for event in history {
        // A log whose records are all deleted may have forgotten its last epoch, but the cluster has not.
        last_epoch = last_epoch.max(replica.log.last_epoch().unwrap_or(LeaderEpoch(0)));
        let epoch = |ahead: i32| LeaderEpoch(last_epoch.0 + ahead);
        match event {
            Event::Begin { ahead } => drop(replica.act(|log, out| log.begin_epoch(epoch(*ahead), out))),
            Event::Lead { ahead, batch } => {
                drop(replica.act(|log, out| log.append_as_leader(batch, epoch(*ahead), out)));
            }
            Event::Follow { ahead, batch } => {
                let batch = batch.at(replica.log.end(), epoch(*ahead));
                let (answer, _) = replica.act(|log, out| log.append_as_follower(&batch, out));
                answer.expect("the batch is next in line");
            }
            Event::Truncate { to } => drop(replica.truncate(Offset(*to).max(replica.log.start()))),
            Event::HighWatermark { to } => drop(replica.act(|log, _| log.set_high_watermark(Offset(*to)))),
            Event::Delete { before } => {
                let (answer, _) = replica.delete(Offset(*before));
                assert_eq!(answer.is_ok(), Offset(*before) <= replica.log.high_watermark());
            }
            Event::StartAnew { ahead } => {
                let at = replica.log.end() + *ahead;
                drop(replica.act(|log, out| log.start_anew(at, out)));
            }
            Event::Restart { clean, checkpoint } => drop(replica.restart(*clean, Offset(*checkpoint))),
        }
    }
    replica
}

fn log_after(history: &[Event]) -> Log {
    lived_through(history).log
}

/// A log without an epoch that has no data: what a restart, or a truncation to nowhere, makes of it.
fn without_empty_epoch(log: &Log) -> Log {
    let mut log = log.clone();
    log.truncate(log.end(), &mut Outbox::new());
    log
}

/// Answered from the batches alone, but for the epochs that had none.
fn naive_end_of_epoch(log: &Log, epoch: LeaderEpoch) -> EpochEndOffset {
    let known: Vec<LeaderEpoch> = log.epochs.entries().iter().map(|entry| entry.epoch).collect();
    if known.iter().all(|known| *known < epoch) || epoch < LeaderEpoch(0) {
        return EpochEndOffset {
            leader_epoch: LeaderEpoch(-1),
            end_offset: Offset(-1),
        };
    }
    let not_beyond = log.batches.iter().filter(|batch| batch.leader_epoch <= epoch);
    EpochEndOffset {
        leader_epoch: known.into_iter().filter(|known| *known <= epoch).max().unwrap_or(epoch),
        end_offset: not_beyond.map(Batch::next_offset).max().unwrap_or(Offset(0)),
    }
}

/// The batches of one producer that a leader must recognise: the last five of its latest run in one epoch.
fn naive_remembered(log: &Log, id: ProducerId) -> (Option<ProducerEpoch>, Vec<&Batch>) {
    let its_batches = || log.batches.iter().rev().filter(|batch| batch.producer_id() == id);
    let epoch = its_batches().next().map(Batch::producer_epoch);
    let latest_run = its_batches().take_while(|batch| Some(batch.producer_epoch()) == epoch);
    (epoch, latest_run.take(5).collect())
}

proptest! {
    #[test]
    fn batches_follow_each_other_and_the_high_watermark_is_among_them(history in history_with_deletions()) {
        let log = log_after(&history);
        let mut end = base_of_first(log.segments(), log.batches());
        prop_assert!(end <= log.start());
        for batch in log.batches() {
            prop_assert_eq!(batch.base_offset, end);
            end = batch.next_offset();
        }
        prop_assert_eq!(log.end(), end);
        prop_assert!(log.start() <= log.high_watermark() && log.high_watermark() <= log.end());
    }

    #[test]
    fn the_epoch_cache_grows_and_agrees_with_the_batches(history in history()) {
        let log = log_after(&history);
        let entries = log.epochs().entries();
        let grows = |pair: &[EpochEntry]| pair[0].epoch < pair[1].epoch && pair[0].start_offset < pair[1].start_offset;
        prop_assert!(entries.windows(2).all(grows));
        for batch in log.batches() {
            for offset in batch.base_offset.0..batch.next_offset().0 {
                prop_assert_eq!(log.epoch_at(Offset(offset)), Some(batch.leader_epoch));
            }
        }
        for entry in entries {
            let first = log.batches().iter().find(|batch| batch.leader_epoch == entry.epoch);
            prop_assert_eq!(first.map_or(log.end(), |batch| batch.base_offset), entry.start_offset);
        }
    }

    #[test]
    fn an_epoch_ends_where_its_batches_do(history in history()) {
        let log = log_after(&history);
        for epoch in (-1..=log.last_epoch().map_or(0, |last| last.0 + 1)).map(LeaderEpoch) {
            prop_assert_eq!(log.end_of_epoch(epoch), naive_end_of_epoch(&log, epoch), "of epoch {}", epoch);
        }
    }

    #[test]
    fn a_producer_is_remembered_by_its_last_five_batches(history in history()) {
        let log = log_after(&history);
        for id in (0..4).map(ProducerId) {
            let (epoch, remembered) = naive_remembered(&log, id);
            let entry = log.producer(id);
            prop_assert_eq!(entry.map(super::ProducerEntry::epoch), epoch);
            let Some(entry) = entry else { continue };
            prop_assert_eq!(entry.last_sequence(), remembered.first().map(|newest| newest.last_sequence()));
            for batch in log.batches() {
                let (first, last) = (batch.base_sequence(), batch.last_sequence());
                let is_same = |known: &&&Batch| known.base_sequence() == first && known.last_sequence() == last;
                let oldest = remembered.iter().rev().find(is_same).map(|known| known.base_offset);
                prop_assert_eq!(entry.duplicate_of(entry.epoch(), first, last), oldest);
                prop_assert_eq!(entry.duplicate_of(ProducerEpoch(entry.epoch().0 + 1), first, last), None);
            }
        }
    }

    #[test]
    fn producers_are_what_reading_the_log_gives(history in history_with_deletions()) {
        let log = log_after(&history);
        prop_assert_eq!(&log.producers, &ProducerStates::recovered(log.segments(), log.batches()));
    }

    #[test]
    fn truncating_leaves_what_recovering_the_rest_gives(history in history_with_deletions(), to in 0_i64..40, clean: bool) {
        let before = log_after(&history);
        let to = to.max(before.start().0);
        let mut truncated = before.clone();
        truncated.truncate(Offset(to), &mut Outbox::new());
        let rest = before.batches.iter().filter(|batch| batch.last_offset() < Offset(to)).cloned().collect();
        let image = LogImage {
            batches: rest,
            segments: before.segments.clone(),
            epochs: before.epochs.entries().to_vec(),
        };
        let checkpoints = Checkpoints { log_start: truncated.start(), high_watermark: before.high_watermark };
        let recovered = Log::recover(PARTITION, &image, clean, checkpoints, &mut Outbox::new());
        prop_assert_eq!(truncated, without_empty_epoch(&recovered));
    }

    #[test]
    fn a_restart_keeps_everything_but_an_epoch_without_data(history in history_with_deletions(), clean: bool) {
        let mut replica = lived_through(&history);
        let before = replica.log.clone();
        replica.restart(clean, before.high_watermark());
        prop_assert_eq!(without_empty_epoch(&replica.log), without_empty_epoch(&before));
    }

    #[test]
    fn damage_costs_the_damaged_batch_and_what_follows_it(
        history in history(), damaged: prop::sample::Index, torn: bool, at in 0_usize..200,
    ) {
        let mut replica = lived_through(&history);
        prop_assume!(!replica.log.batches().is_empty());
        let damaged = damaged.index(replica.disk.batches.len());
        let victim = &mut replica.disk.batches[damaged];
        let lost_from = victim.base_offset;
        *victim = if torn { victim.torn(at) } else { victim.rotten(at) };
        let mut expected = replica.log.clone();
        expected.truncate(lost_from, &mut Outbox::new());
        replica.restart(false, expected.high_watermark());
        prop_assert_eq!(&replica.log, &expected);
        replica.restart(false, expected.high_watermark());
        prop_assert_eq!(&replica.log, &expected);
    }

    #[test]
    fn what_is_appended_can_be_truncated_again(history in history(), batches in vec((0..3, some_batch()), 0..10)) {
        let before = without_empty_epoch(&log_after(&history));
        let mut log = before.clone();
        for (ahead, batch) in batches {
            let epoch = LeaderEpoch(log.last_epoch().map_or(0, |last| last.0) + ahead);
            log.append_as_leader(&batch, epoch, &mut Outbox::new());
        }
        log.truncate(before.end(), &mut Outbox::new());
        prop_assert_eq!(log, before);
    }

    #[test]
    fn a_follower_that_takes_everything_becomes_its_leader(history in history()) {
        let leader = without_empty_epoch(&log_after(&history));
        let mut follower = Replica::new();
        while follower.log.end() < leader.end() {
            let batches = leader.read(follower.log.end(), leader.end(), 150, true);
            prop_assert!(!batches.is_empty());
            for batch in batches {
                prop_assert_eq!(follower.act(|log, out| log.append_as_follower(&batch, out)).0, Ok(()));
            }
        }
        follower.log.set_high_watermark(leader.high_watermark());
        prop_assert_eq!(follower.log, leader);
    }

    #[test]
    fn a_read_gives_the_most_that_it_may(
        history in history(), from in 0_i64..60, limit in 0_i64..60, max_bytes in 0_usize..1000, first_always: bool,
    ) {
        let log = log_after(&history);
        let (from, limit) = (Offset(from), Offset(limit));
        let mut expected: Vec<Batch> = Vec::new();
        let mut bytes = 0;
        for batch in log.batches() {
            if batch.last_offset() < from {
                continue;
            }
            bytes += batch.size();
            let fits = bytes <= max_bytes || first_always && expected.is_empty();
            if batch.last_offset() >= limit || !fits {
                break;
            }
            expected.push(batch.clone());
        }
        prop_assert_eq!(log.read(from, limit, max_bytes, first_always), expected);
        let unlimited = log.read(from, limit, usize::MAX, false);
        prop_assert_eq!(log.bytes_between(from, limit), unlimited.iter().map(Batch::size).sum::<usize>());
    }
}
