//! Registration, heartbeats, shutting down.

use alloc::collections::BTreeMap;

use super::script::Conversation;
use super::{IN_SERVICE, LEADING, check, check_from};
use crate::disk::{DiskImage, LogImage};
use crate::ids::{BrokerEpoch, LeaderEpoch, Offset};
use crate::rules::Rules;

#[test]
fn a_broker_registers_catches_up_and_is_unfenced() {
    check(
        &[],
        "
        boot
        > connect 9 Lifecycle
        > connect 9 Metadata
        open 9 Lifecycle
        > 9 Lifecycle: register 7 after -1
        open 9 Metadata
        > 9 Metadata: fetch metadata@0 e=-1 last=-1
        log register 2
        > 9 Metadata: fetch metadata@1 e=-1 last=-1
        registered 1
        > set heartbeat 2000 monotonic
        log register 1
        > cancel heartbeat
        > 9 Lifecycle: heartbeat of 1 at 1
        > 9 Metadata: fetch metadata@2 e=-1 last=-1
        alive
        > set heartbeat 2000 monotonic
        log unfence 1 epoch=1
        > 9 Metadata: fetch metadata@3 e=-1 last=-1
        timer heartbeat
        > 9 Lifecycle: heartbeat of 1 at 2
        alive
        > set heartbeat 2000 monotonic
        ",
    );
}

#[test]
fn the_answer_to_the_registration_may_come_after_its_record() {
    check(
        &["open 9 Lifecycle\n open 9 Metadata"],
        "
        log register 1; topic 1; partition t1-0 replicas=1 isr=1 leader=1
        > 9 Metadata: fetch metadata@3 e=-1 last=-1
        registered 0
        > disk create t1-0
        > leads t1-0 in e0 from 0
        > t1-0 p0 in sync 1
        > 9 Lifecycle: heartbeat of 0 at 2
        alive
        > set heartbeat 2000 monotonic
        ",
    );
}

#[test]
fn a_refused_registration_is_repeated() {
    check(
        &["open 9 Lifecycle"],
        "
        refused registration DUPLICATE_BROKER_REGISTRATION
        > set registration 500 monotonic
        timer registration
        > 9 Lifecycle: register 7 after -1
        registered 5
        > set heartbeat 2000 monotonic
        ",
    );
}

#[test]
fn a_registration_whose_answer_is_lost_is_repeated() {
    check(
        &["open 9 Lifecycle"],
        "
        drop 9 Lifecycle
        > set reconnect 9 Lifecycle 50 wall
        timer reconnect 9 Lifecycle
        > connect 9 Lifecycle
        open 9 Lifecycle
        > 9 Lifecycle: register 7 after -1
        timer timeout 9 Lifecycle
        > disconnect 9 Lifecycle
        > set reconnect 9 Lifecycle 50 wall
        timer reconnect 9 Lifecycle
        > connect 9 Lifecycle
        unreachable 9 Lifecycle
        > set reconnect 9 Lifecycle 50 wall
        timer reconnect 9 Lifecycle
        > connect 9 Lifecycle
        open 9 Lifecycle
        > 9 Lifecycle: register 7 after -1
        registered 3
        > set heartbeat 2000 monotonic
        ",
    );
}

#[test]
fn a_broker_that_sees_itself_fenced_speaks_up() {
    check(
        &[IN_SERVICE],
        "
        log fence 1
        > cancel heartbeat
        > 9 Lifecycle: heartbeat of 0 at 8
        > 9 Metadata: fetch metadata@9 e=-1 last=-1
        alive
        > set heartbeat 2000 monotonic
        log unfence 1
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        timer heartbeat
        > 9 Lifecycle: heartbeat of 0 at 9
        log fence 1
        > 9 Metadata: fetch metadata@11 e=-1 last=-1
        alive
        > 9 Lifecycle: heartbeat of 0 at 10
        alive
        > set heartbeat 2000 monotonic
        ",
    );
}

#[test]
fn a_registration_that_was_replaced_is_made_again() {
    check(
        &[IN_SERVICE],
        "
        timer heartbeat
        > 9 Lifecycle: heartbeat of 0 at 7
        refused STALE_BROKER_EPOCH
        > set registration 500 monotonic
        timer registration
        > 9 Lifecycle: register 7 after -1
        registered 20
        > set heartbeat 2000 monotonic
        ",
    );
}

#[test]
fn another_error_only_delays_the_heartbeat() {
    check(
        &[IN_SERVICE],
        "
        timer heartbeat
        > 9 Lifecycle: heartbeat of 0 at 7
        refused NOT_CONTROLLER
        > set heartbeat 500 monotonic
        timer heartbeat
        > 9 Lifecycle: heartbeat of 0 at 7
        ",
    );
}

#[test]
fn a_broker_hands_over_before_it_stops() {
    check(
        &[IN_SERVICE, LEADING],
        "
        shut-down
        > cancel heartbeat
        > 9 Lifecycle: heartbeat of 0 at 8 want-shut-down
        shut-down
        alive
        > set heartbeat 2000 monotonic
        log leaving 1; change t1-0 isr=2,3 leader=2
        > cancel lag t1-0 2
        > cancel lag t1-0 3
        > follows t1-0 in e1 2
        > 9 Metadata: fetch metadata@11 e=-1 last=-1
        timer heartbeat
        > 9 Lifecycle: heartbeat of 0 at 10 want-shut-down
        stop
        > disk high watermarks t1-0:0
        > disk clean shutdown of 0
        > answer ShutDown
        timer heartbeat
        produce c1 t1-0 a
        ",
    );
}

#[test]
fn a_shutdown_while_a_heartbeat_is_under_way_is_told_next() {
    check(
        &[IN_SERVICE],
        "
        timer heartbeat
        > 9 Lifecycle: heartbeat of 0 at 7
        shut-down
        alive
        > 9 Lifecycle: heartbeat of 0 at 7 want-shut-down
        ",
    );
}

#[test]
fn a_broker_that_is_not_in_service_stops_at_once() {
    check(
        &[],
        "
        shut-down
        > disk high watermarks
        > disk clean shutdown of -1
        > answer ShutDown
        ",
    );
}

#[test]
fn a_broker_that_is_not_in_service_is_not_there() {
    check(
        &["open 9 Lifecycle\n open 9 Metadata"],
        "
        log register 1; topic 1; partition t1-0 replicas=1 isr=1 leader=1
        > 9 Metadata: fetch metadata@3 e=-1 last=-1
        describe c1
        > disconnect c1
        produce c1 t1-0 a late
        registered 0
        > disk create t1-0
        > leads t1-0 in e0 from 0
        > t1-0 p0 in sync 1
        > 9 Lifecycle: heartbeat of 0 at 2
        describe c1
        > c1: brokers ; topic1  0:-1 e0 isr=1 LEADER_NOT_AVAILABLE
        ",
    );
}

#[test]
fn after_an_orderly_shutdown_the_registration_names_the_one_before() {
    let log = LogImage::default();
    let disk = DiskImage {
        logs: BTreeMap::from([(super::words::partition("t1-0"), log)]),
        high_watermarks: BTreeMap::new(),
        log_starts: BTreeMap::new(),
        clean_shutdown: Some(BrokerEpoch(4)),
    };
    check_from(
        Conversation::boot_from(Rules::CURRENT, &disk),
        &[],
        "
        boot
        > disk no clean shutdown
        > LogRecovered { partition: t1-0, end: Offset(0), high_watermark: Offset(0), lost_batches: 0 }
        > connect 9 Lifecycle
        > connect 9 Metadata
        open 9 Lifecycle
        > 9 Lifecycle: register 7 after 4
        ",
    );
}

#[test]
fn a_recovered_log_waits_for_its_assignment() {
    let batch = super::words::replicated("0-1:e0");
    let epochs = [crate::disk::EpochEntry {
        epoch: LeaderEpoch(0),
        start_offset: Offset(0),
    }]
    .into();
    let disk = DiskImage {
        logs: BTreeMap::from([(
            super::words::partition("t1-0"),
            LogImage {
                batches: [batch].into(),
                segments: [].into(),
                epochs,
            },
        )]),
        high_watermarks: BTreeMap::from([(super::words::partition("t1-0"), Offset(1))]),
        log_starts: BTreeMap::new(),
        clean_shutdown: None,
    };
    check_from(
        Conversation::boot_from(Rules::CURRENT, &disk),
        &["open 9 Lifecycle\n open 9 Metadata"],
        "
        boot
        > LogRecovered { partition: t1-0, end: Offset(2), high_watermark: Offset(1), lost_batches: 0 }
        > connect 9 Lifecycle
        > connect 9 Metadata
        registered 0
        > set heartbeat 2000 monotonic
        log register 1; register 2; topic 1; partition t1-0 replicas=2,1 isr=2,1 leader=2; change t1-0 isr=2
        > follows t1-0 in e0 2
        > connect 2 Replica
        > cancel heartbeat
        > 9 Lifecycle: heartbeat of 0 at 4
        > 9 Metadata: fetch metadata@5 e=-1 last=-1
        ",
    );
}
