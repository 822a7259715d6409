//! The other requests of clients.

use super::{IN_SERVICE, LEADING, check};

#[test]
fn the_end_of_a_log_is_not_told_before_it_is_known() {
    check(
        &[
            IN_SERVICE,
            "log partition t1-0 replicas=2,1 isr=2,1 leader=2",
            "open 2 Replica",
            "got 2 t1-0 hw=1 [0-0:e0] [1-1:e0]",
        ],
        "
        list c1 t1-0 latest
        > c1: listed t1-0 NOT_LEADER_OR_FOLLOWER
        log change t1-0 leader=1
        > leads t1-0 in e1 from 2
        > set lag t1-0 2 30000..45000 wall
        > t1-0 p1 in sync 2,1
        > disconnect 2 Replica
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        list c1 t1-0 latest
        > c1: listed t1-0 OFFSET_NOT_AVAILABLE
        list c1 t1-0 earliest
        > c1: listed t1-0 0 e0 time -1
        list c1 t1-0 10
        > c1: listed t1-0 0 e0 time 10
        list c1 t1-0 11
        > c1: listed t1-0 OFFSET_NOT_AVAILABLE
        fetch 2 t1-0@2 e=1 last=1 wait=0
        > set lag t1-0 2 30000..45000 wall
        > leader t1-0 high watermark 2
        > 2 Replica: fetched t1-0 hw=1
        list c1 t1-0 latest
        > c1: listed t1-0 2 e1 time -1
        list c1 t1-0 11
        > c1: listed t1-0 -1 e-1 time -1
        list c1 t5-0 latest
        > c1: listed t5-0 UNKNOWN_TOPIC_OR_PARTITION
        ",
    );
}

#[test]
fn metadata_names_only_leaders_that_are_alive() {
    check(
        &[IN_SERVICE, LEADING],
        "
        describe c1
        > c1: brokers 1,2,3; topic1  0:1 e0 isr=1,2,3
        describe c1 topic1
        > c1: brokers 1,2,3; topic1  0:1 e0 isr=1,2,3
        describe c1 topic7
        > c1: brokers 1,2,3; topic7 UNKNOWN_TOPIC_OR_PARTITION
        describe c1 topic/7
        > c1: brokers 1,2,3; topic/7 INVALID_TOPIC_EXCEPTION
        log fence 1
        > cancel heartbeat
        > 9 Lifecycle: heartbeat of 0 at 9
        > 9 Metadata: fetch metadata@10 e=-1 last=-1
        describe c1
        > c1: brokers 2,3; topic1  0:-1 e0 isr=1,2,3 LEADER_NOT_AVAILABLE
        ",
    );
}

#[test]
fn producer_ids_come_in_blocks() {
    check(
        &[IN_SERVICE],
        "
        init c1
        > connect 9 Forwarding
        init c2
        open 9 Forwarding
        > 9 Forwarding: AllocateProducerIds(AllocateProducerIdsRequest { broker_id: NodeId(1), broker_epoch: BrokerEpoch(0) })
        ids 1000 1
        > c1: producer 1000 epoch 0
        > 9 Forwarding: AllocateProducerIds(AllocateProducerIdsRequest { broker_id: NodeId(1), broker_epoch: BrokerEpoch(0) })
        ids 2000 3
        > c2: producer 2000 epoch 0
        init c1 late
        init c1
        > c1: producer 2002 epoch 0
        ",
    );
}

#[test]
fn a_block_that_is_refused_or_lost_is_asked_for_again() {
    check(
        &[IN_SERVICE, "init c1"],
        "
        open 9 Forwarding
        > 9 Forwarding: AllocateProducerIds(AllocateProducerIdsRequest { broker_id: NodeId(1), broker_epoch: BrokerEpoch(0) })
        drop 9 Forwarding
        > set reconnect 9 Forwarding 50 wall
        timer reconnect 9 Forwarding
        > connect 9 Forwarding
        open 9 Forwarding
        > 9 Forwarding: AllocateProducerIds(AllocateProducerIdsRequest { broker_id: NodeId(1), broker_epoch: BrokerEpoch(0) })
        ids error=STALE_BROKER_EPOCH
        > c1: REQUEST_TIMED_OUT
        init c1
        > 9 Forwarding: AllocateProducerIds(AllocateProducerIdsRequest { broker_id: NodeId(1), broker_epoch: BrokerEpoch(0) })
        lost c1
        ids 1000 2
        init c2
        > c2: producer 1000 epoch 0
        ",
    );
}
