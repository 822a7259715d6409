//! The metadata log: committing, fetching, restarting.

use super::converse;

#[test]
fn nothing_is_told_before_the_disk_has_it() {
    converse(
        "
        > slow disk
        > boot
        note epoch 1 from 0
        log 0 NoOp
        sync?
        > register 1 as 11
        to 1: BrokerRegistration NOT_CONTROLLER epoch -1
        > fetch 1 from 0
        note parked
        arm fetch wait 1 500ms
        > sync
        committed below 1
        cancel fetch wait 1
        to 1: Fetch NONE NONE committed 1 records [0..1]
        > register 1 as 11
        log 1 RegisterBroker 1 as 11 epoch 1
        sync?
        > register 2 as 22
        log 2 RegisterBroker 2 as 22 epoch 2
        > fetch 1 from 1
        note parked
        arm fetch wait 1 500ms
        > register 1 as 11
        > sync
        sync?
        committed below 2
        note registered 1@1
        to 1: BrokerRegistration NONE epoch 1
        cancel fetch wait 1
        to 1: Fetch NONE NONE committed 2 records [1..2]
        > sync
        committed below 3
        note registered 2@2
        to 2: BrokerRegistration NONE epoch 2
        to 1: BrokerRegistration NONE epoch 1
        ",
    );
}

#[test]
fn a_fetch_waits_for_records() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > fetch 1 from 0
        to 1: Fetch NONE NONE committed 1 records [0..1]
        > fetch 1 from 1 epoch 1 last 1
        note parked
        arm fetch wait 1 500ms
        > fetch 2 from 1
        note parked
        arm fetch wait 2 500ms
        > fetch 3 from 1
        note parked
        arm fetch wait 3 500ms
        > late fetch 4 from 1
        > fetch 5 from 1 now
        to 5: Fetch NONE NONE committed 1 records []
        > wait over 2
        note wait over
        to 2: Fetch NONE NONE committed 1 records []
        > disconnect 3 metadata
        cancel fetch wait 3
        > register 1 as 11
        log 1 RegisterBroker 1 as 11 epoch 1
        note registered 1@1
        to 1: BrokerRegistration NONE epoch 1
        cancel fetch wait 1
        to 1: Fetch NONE NONE committed 2 records [1..2]
        ",
    );
}

#[test]
fn a_fetch_is_checked_against_epoch_and_log() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > boot
        note recovered to 1, lost 0
        note epoch 2 from 1
        log 1 NoOp
        > register 1 as 11
        log 2 RegisterBroker 1 as 11 epoch 2
        note registered 1@2
        to 1: BrokerRegistration NONE epoch 2
        > fetch 1 from 0 epoch 1
        note refused FENCED_LEADER_EPOCH
        to 1: Fetch NONE FENCED_LEADER_EPOCH committed 3 records [] leader 100 epoch 2
        > fetch 1 from 0 epoch 3
        note refused UNKNOWN_LEADER_EPOCH
        to 1: Fetch NONE UNKNOWN_LEADER_EPOCH committed 3 records [] leader 100 epoch 2
        > fetch 1 from 4
        to 1: Fetch NONE OFFSET_OUT_OF_RANGE committed 3 records [] leader 100 epoch 2
        > fetch 1 from 2 last 1
        to 1: Fetch NONE NONE committed 3 records [] diverging epoch 1 ends at 1
        > fetch 1 from 3 last 3
        to 1: Fetch NONE NONE committed 3 records [] diverging epoch -1 ends at -1
        > fetch 1 from 0 bytes 1
        to 1: Fetch NONE NONE committed 3 records [0..1]
        > fetch 1 from 0 of t1-0
        to 1: Fetch INVALID_REQUEST 
        ",
    );
}

#[test]
fn a_controller_that_restarts_replays_its_log_and_gives_everybody_a_new_session() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1 2
        > create t [1,2]
        log 5 Topic t is t1
        log 6 Partition t1-0 replicas [1, 2] isr [1, 2] leader 1
        note t1-0 leader 1 epoch 0 isr [1, 2] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > expire 2
        log 7 PartitionChange t1-0 isr [1]
        log 8 BrokerRegistrationChange 2@3 fence
        note t1-0 leader 1 epoch 0 isr [1] elr [] partition epoch 1
        note fenced 2
        > slow disk
        > boot
        note recovered to 9, lost 0
        note epoch 2 from 9
        log 9 NoOp
        sync?
        > heartbeat 1@1 at 5
        to 1: BrokerHeartbeat NOT_CONTROLLER fenced
        > sync
        committed below 10
        arm session 1 9000ms
        > alter 1@1 t1-0 isr 1@1 epochs 0/1
        to 1: AlterPartition NONE t1-0 NONE leader 1 epoch 0 isr [1] partition epoch 1
        > heartbeat 2@3 at 5
        log 10 BrokerRegistrationChange 2@3 unfence
        sync?
        arm session 2 9000ms
        > sync
        committed below 11
        note unfenced 2
        to 2: BrokerHeartbeat NONE caught-up
        ",
    );
}

#[test]
fn what_the_disk_did_not_have_never_happened() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > slow disk
        > register 1 as 11
        log 1 RegisterBroker 1 as 11 epoch 1
        sync?
        > power loss
        note recovered to 1, lost 0
        note epoch 2 from 1
        log 1 NoOp
        sync?
        > sync
        committed below 2
        > register 1 as 11
        log 2 RegisterBroker 1 as 11 epoch 2
        sync?
        > sync
        committed below 3
        note registered 1@2
        to 1: BrokerRegistration NONE epoch 2
        ",
    );
}

#[test]
fn what_the_page_cache_kept_is_committed_with_the_new_epoch() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > slow disk
        > register 1 as 11
        log 1 RegisterBroker 1 as 11 epoch 1
        sync?
        > boot
        note recovered to 2, lost 0
        note epoch 2 from 2
        log 2 NoOp
        sync?
        > fetch 1 from 0
        note parked
        arm fetch wait 1 500ms
        > sync
        committed below 3
        cancel fetch wait 1
        to 1: Fetch NONE NONE committed 3 records [0..1, 1..2, 2..3]
        ",
    );
}

#[test]
fn an_answer_to_a_connection_that_ended_is_dropped() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > slow disk
        > register 1 as 11
        log 1 RegisterBroker 1 as 11 epoch 1
        sync?
        > disconnect 1 lifecycle
        > sync
        committed below 2
        note registered 1@1
        ",
    );
}

#[test]
fn a_controller_whose_disk_fails_falls_silent() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1
        > fetch 1 from 3
        note parked
        arm fetch wait 1 500ms
        > slow disk
        > register 2 as 22
        log 3 RegisterBroker 2 as 22 epoch 3
        sync?
        > sync fails
        cancel fetch wait 1
        cancel session 1
        > register 3 as 33
        ",
    );
}
