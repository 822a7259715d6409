//! Stories of idempotent producers whom a leader has forgotten: what that excuses, and what it does not.

use bytes::Bytes;
use kafkasim_core::disk::{LogImage, Segment};
use kafkasim_core::ids::{NodeId, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use kafkasim_core::log::ProducerStates;
use kafkasim_core::note::Note;
use kafkasim_core::record::BatchBuilder;

use super::check;
use super::stage::{PARTITION, Stage, number};
use crate::world::{DiskFault, Event, Fault};

const PRODUCER: ProducerId = ProducerId(7);

impl Stage {
    /// `takes a epoch 0 sequence 3`: a leader appends that record of the producer. `forgets`: it expires. `begins-anew 5`: with nothing, there.
    /// `is-wiped`: with nothing, at 0.
    pub(super) fn know(&mut self, node: NodeId, what: &str, with: &[&str]) {
        match (what, with) {
            ("takes", [value, "epoch", epoch, "sequence", sequence]) => {
                let mut builder = BatchBuilder::new();
                builder.append(Timestamp(0), None, Some(Bytes::from((*value).to_owned())), &[]);
                let identity = (PRODUCER, ProducerEpoch(number(epoch)), Sequence(number(sequence)));
                self.append_batch(node, &builder.build(Some(identity)));
            }
            ("forgets", []) => self.note(
                node,
                Note::ProducersExpired {
                    partition: PARTITION,
                    producers: vec![PRODUCER],
                    expiration_ms: 1000,
                },
            ),
            ("begins-anew", [at]) => {
                let at = Offset(number(at));
                let log = self.log(node);
                log.batches.clear();
                log.segments = vec![Segment {
                    base: at,
                    producers: ProducerStates::default(),
                }];
                self.note(
                    node,
                    Note::LogStartedAnew {
                        partition: PARTITION,
                        at,
                    },
                );
            }
            ("is-wiped", []) => {
                *self.log(node) = LogImage::default();
                let what = DiskFault::Wiped;
                self.event(Event::Fault(Fault::Disk { node, what }));
            }
            _ => panic!("{what} {with:?}: no broker does that"),
        }
    }
}

/// Producer 5 has had `a` and `b` committed by broker 1, and then this happens.
fn after(rest: &str, expected: &str) {
    let start = "
        5 uses enable.idempotence=true
        0 creates min.insync.replicas=1
        0 decides isr=1
        1 leads epoch=0 waits-for=1,2
        5 sends early
        5 sends a
        5 sends b
        5 sends c
        1 takes a epoch 0 sequence 0
        1 takes b epoch 0 sequence 1
        1 exposes 2
    ";
    check(&format!("{start}{rest}"), expected);
}

fn twice(value: &str, at: i32, first: i32, verdict: &str) -> String {
    format!("duplicate, {verdict}: t-0: {value} at {at} is in t-0 at {first}, too\n")
}

fn too_late(value: &str, at: i32, verdict: &str) -> String {
    format!("nonmonotonic-send, {verdict}: t-0: {value} at {at} was sent by client-5 before what precedes it there\n")
}

const EXPIRED: &str = "allowed by producer.id.expiration.ms=1000";
const DELETED: &str = "allowed by the deletion of old records (retention.ms, retention.bytes, DeleteRecords)";

#[test]
fn a_retry_is_taken_from_a_producer_that_has_expired() {
    let retried = "1 takes a epoch 0 sequence 0 \n 1 exposes 3";
    after(retried, &twice("a", 2, 0, "violated"));
    after(&format!("1 forgets \n {retried}"), &twice("a", 2, 0, EXPIRED));
    // Who expired somewhere else is known here.
    after(&format!("2 forgets \n {retried}"), &twice("a", 2, 0, "violated"));
}

#[test]
fn what_follows_a_forgotten_first_batch_is_taken_with_it() {
    let both = "1 takes a epoch 0 sequence 0 \n 1 takes b epoch 0 sequence 1 \n 1 exposes 4";
    let found = twice("a", 2, 0, EXPIRED) + &twice("b", 3, 1, EXPIRED);
    after(&format!("1 forgets \n {both}"), &found);
    // But nobody takes a later one alone.
    let alone = "1 takes b epoch 0 sequence 1 \n 1 exposes 3";
    after(&format!("1 forgets \n {alone}"), &twice("b", 2, 1, "violated"));
}

#[test]
fn who_has_written_again_is_known_again() {
    let known_again = "1 forgets \n 1 takes c epoch 1 sequence 0 \n 1 exposes 3";
    let retried = "1 takes a epoch 0 sequence 0 \n 1 exposes 4";
    after(&format!("{known_again} \n {retried}"), &twice("a", 3, 0, "violated"));
    // Unless that is lost.
    after(
        &format!(
            "1 forgets \n 1 takes c epoch 1 sequence 0 \n 1 truncates 2 \n {}",
            retried.replace('4', "3")
        ),
        &twice("a", 2, 0, EXPIRED),
    );
}

#[test]
fn sent_again_as_another_batch_is_no_retry() {
    let renumbered = "1 forgets \n 1 takes a epoch 1 sequence 0 \n 1 exposes 3";
    after(renumbered, &twice("a", 2, 0, "violated"));
}

#[test]
fn what_was_given_up_comes_late_to_who_does_not_know_of_a_newer_epoch() {
    let begun_anew = "1 takes c epoch 1 sequence 0 \n 1 exposes 3 \n";
    let late = "1 takes early epoch 0 sequence 0 \n 1 exposes 4";
    after(&format!("{begun_anew} {late}"), &too_late("early", 3, "violated"));
    after(
        &format!("{begun_anew} 1 forgets \n {late}"),
        &too_late("early", 3, EXPIRED),
    );
    // What belongs to the newest epoch is not late.
    let newest = "1 forgets \n 1 takes early epoch 1 sequence 0 \n 1 exposes 3";
    after(newest, &too_late("early", 2, "violated"));
}

#[test]
fn a_retry_is_taken_where_all_that_was_known_of_a_producer_is_deleted() {
    let begins_anew = |at: i32| format!("4 deletes {at} \n 1 starts {at} \n 2 begins-anew {at} \n");
    let is_elected = "2 copies 1 \n 0 decides isr=1,2 \n 0 decides leader=2 isr=2 \n 2 leads epoch=1 waits-for=2 \n";
    let retried = "2 takes a epoch 0 sequence 0 \n 2 exposes 3";
    let after =
        |what: String, verdict: &str| after(&format!("{what} {is_elected} {retried}"), &twice("a", 2, 0, verdict));
    after(begins_anew(2), DELETED);
    // Who has its last record knows it.
    after(begins_anew(1), "violated");
    // So does who has begun with all there is.
    after(begins_anew(2) + "2 is-wiped \n", "violated");
}
