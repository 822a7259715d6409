//! Registration, heartbeats, sessions, controlled shutdown.

use super::{converse, converse_with};

#[test]
fn a_broker_registers_and_is_unfenced_once_it_has_replayed_its_registration() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > register 1 as 11
        log 1 RegisterBroker 1 as 11 epoch 1
        note registered 1@1
        to 1: BrokerRegistration NONE epoch 1
        > heartbeat 1@1 at 0
        to 1: BrokerHeartbeat NONE fenced
        > heartbeat 1@1 at 1
        log 2 BrokerRegistrationChange 1@1 unfence
        arm session 1 9000ms
        note unfenced 1
        to 1: BrokerHeartbeat NONE caught-up
        > heartbeat 1@1 at 2
        arm session 1 9000ms
        to 1: BrokerHeartbeat NONE caught-up
        > heartbeat 1@1 at 2 fence
        cancel session 1
        log 3 BrokerRegistrationChange 1@1 fence
        note fenced 1
        to 1: BrokerHeartbeat NONE caught-up fenced
        > heartbeat 1@1 at 2 fence
        to 1: BrokerHeartbeat NONE caught-up fenced
        ",
    );
}

#[test]
fn another_start_must_wait_for_the_session_to_end() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > register 1 as 11
        log 1 RegisterBroker 1 as 11 epoch 1
        note registered 1@1
        to 1: BrokerRegistration NONE epoch 1
        > register 1 as 11
        to 1: BrokerRegistration NONE epoch 1
        > register 1 as 12
        log 2 RegisterBroker 1 as 12 epoch 2
        note registered 1@2
        to 1: BrokerRegistration NONE epoch 2
        > heartbeat 1@2 at 2
        log 3 BrokerRegistrationChange 1@2 unfence
        arm session 1 9000ms
        note unfenced 1
        to 1: BrokerHeartbeat NONE caught-up
        > register 1 as 12
        to 1: BrokerRegistration NONE epoch 2
        > register 1 as 13
        to 1: BrokerRegistration DUPLICATE_BROKER_REGISTRATION epoch -1
        > expire 1
        log 4 BrokerRegistrationChange 1@2 fence
        note fenced 1
        > register 1 as 13
        log 5 RegisterBroker 1 as 13 epoch 5
        note registered 1@5
        to 1: BrokerRegistration NONE epoch 5
        > heartbeat 1@2 at 9
        to 1: BrokerHeartbeat STALE_BROKER_EPOCH fenced
        > heartbeat 1@5 at 5
        log 6 BrokerRegistrationChange 1@5 unfence
        arm session 1 9000ms
        note unfenced 1
        to 1: BrokerHeartbeat NONE caught-up
        > heartbeat 2@1 at 5
        to 2: BrokerHeartbeat STALE_BROKER_EPOCH fenced
        ",
    );
}

#[test]
fn what_outlived_its_connection_is_carried_out_without_an_answer() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > late register 1 as 11
        log 1 RegisterBroker 1 as 11 epoch 1
        note registered 1@1
        > late heartbeat 1@1 at 1
        log 2 BrokerRegistrationChange 1@1 unfence
        arm session 1 9000ms
        note unfenced 1
        > late heartbeat 1@0 at 1
        ",
    );
}

#[test]
fn producer_ids_come_in_blocks() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1
        > ids 1@1
        log 3 ProducerIds 1@1 next 1000
        to 1: AllocateProducerIds NONE 1000 from 0
        > ids 1@1
        log 4 ProducerIds 1@1 next 2000
        to 1: AllocateProducerIds NONE 1000 from 1000
        > ids 1@0
        to 1: AllocateProducerIds STALE_BROKER_EPOCH 0 from -1
        ",
    );
}

#[test]
fn a_broker_stops_once_its_partitions_have_moved_and_everybody_knows() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1 2 3
        > create t [1,2,3]
        log 7 Topic t is t1
        log 8 Partition t1-0 replicas [1, 2, 3] isr [1, 2, 3] leader 1
        note t1-0 leader 1 epoch 0 isr [1, 2, 3] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > heartbeat 1@1 at 8 stop
        log 9 BrokerRegistrationChange 1@1 shutdown
        log 10 PartitionChange t1-0 leader 2 isr [2, 3]
        arm session 1 9000ms
        note t1-0 leader 2 epoch 1 isr [2, 3] elr [] partition epoch 1
        to 1: BrokerHeartbeat NONE caught-up
        > heartbeat 2@3 at 8
        arm session 2 9000ms
        to 2: BrokerHeartbeat NONE caught-up
        > heartbeat 2@3 at 10
        arm session 2 9000ms
        to 2: BrokerHeartbeat NONE caught-up
        > heartbeat 1@1 at 10 stop
        arm session 1 9000ms
        to 1: BrokerHeartbeat NONE caught-up
        > heartbeat 3@5 at 10
        arm session 3 9000ms
        to 3: BrokerHeartbeat NONE caught-up
        > heartbeat 1@1 at 10 stop
        cancel session 1
        log 11 BrokerRegistrationChange 1@1 fence
        note fenced 1
        to 1: BrokerHeartbeat NONE caught-up fenced stop
        > heartbeat 1@1 at 10 stop
        to 1: BrokerHeartbeat NONE caught-up fenced stop
        > register 1 as 12 after 1
        log 12 RegisterBroker 1 as 12 epoch 12
        note registered 1@12
        to 1: BrokerRegistration NONE epoch 12
        ",
    );
}

#[test]
fn nobody_waits_for_a_broker_that_is_fenced_but_for_one_that_was_unfenced_meanwhile() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1 2
        > register 3 as 30
        log 5 RegisterBroker 3 as 30 epoch 5
        note registered 3@5
        to 3: BrokerRegistration NONE epoch 5
        > create t [1,2]
        log 6 Topic t is t1
        log 7 Partition t1-0 replicas [1, 2] isr [1, 2] leader 1
        note t1-0 leader 1 epoch 0 isr [1, 2] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > heartbeat 1@1 at 6 stop
        log 8 BrokerRegistrationChange 1@1 shutdown
        log 9 PartitionChange t1-0 leader 2 isr [2]
        arm session 1 9000ms
        note t1-0 leader 2 epoch 1 isr [2] elr [] partition epoch 1
        to 1: BrokerHeartbeat NONE caught-up
        > heartbeat 3@5 at 7
        log 10 BrokerRegistrationChange 3@5 unfence
        arm session 3 9000ms
        note unfenced 3
        to 3: BrokerHeartbeat NONE caught-up
        > heartbeat 2@3 at 9
        arm session 2 9000ms
        to 2: BrokerHeartbeat NONE caught-up
        > heartbeat 1@1 at 10 stop
        arm session 1 9000ms
        to 1: BrokerHeartbeat NONE caught-up
        > expire 3
        log 11 BrokerRegistrationChange 3@5 fence
        note fenced 3
        > heartbeat 1@1 at 10 stop
        cancel session 1
        log 12 BrokerRegistrationChange 1@1 fence
        note fenced 1
        to 1: BrokerHeartbeat NONE caught-up fenced stop
        ",
    );
}

#[test]
fn a_broker_without_partitions_stops_at_once() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1
        > heartbeat 1@1 at 2 stop
        cancel session 1
        log 3 BrokerRegistrationChange 1@1 fence
        note fenced 1
        to 1: BrokerHeartbeat NONE caught-up fenced stop
        > heartbeat 1@1 at 2 stop
        to 1: BrokerHeartbeat NONE caught-up fenced stop
        ",
    );
}

#[test]
fn a_broker_that_shuts_down_need_not_be_waited_for() {
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
        > heartbeat 1@1 at 5 stop
        log 7 BrokerRegistrationChange 1@1 shutdown
        log 8 PartitionChange t1-0 leader 2 isr [2]
        arm session 1 9000ms
        note t1-0 leader 2 epoch 1 isr [2] elr [] partition epoch 1
        to 1: BrokerHeartbeat NONE caught-up
        > register 1 as 12
        cancel session 1
        log 9 RegisterBroker 1 as 12 epoch 9
        note registered 1@9
        to 1: BrokerRegistration NONE epoch 9
        > heartbeat 1@1 at 5 stop
        to 1: BrokerHeartbeat STALE_BROKER_EPOCH fenced
        ",
    );
}

#[test]
fn a_shutdown_with_nobody_to_take_over_takes_the_partition_offline() {
    converse_with(
        false,
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1
        > create t [1]
        log 3 Topic t is t1
        log 4 Partition t1-0 replicas [1] isr [1] leader 1
        note t1-0 leader 1 epoch 0 isr [1] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > heartbeat 1@1 at 5 stop
        log 5 BrokerRegistrationChange 1@1 shutdown
        log 6 PartitionChange t1-0 leader -1
        arm session 1 9000ms
        note t1-0 leader none epoch 1 isr [1] elr [] partition epoch 1
        to 1: BrokerHeartbeat NONE caught-up
        > heartbeat 1@1 at 5 stop
        cancel session 1
        log 7 BrokerRegistrationChange 1@1 fence
        note fenced 1
        to 1: BrokerHeartbeat NONE caught-up fenced stop
        ",
    );
}
