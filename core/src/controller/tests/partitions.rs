//! Topics, elections, AlterPartition.

use super::{converse, converse_with};

#[test]
fn a_fenced_leader_is_replaced_from_the_isr() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1 2 3
        > create t [1,2,3] min.insync.replicas=2
        log 7 Topic t is t1
        log 8 Config t min.insync.replicas=2
        log 9 Partition t1-0 replicas [1, 2, 3] isr [1, 2, 3] leader 1
        note t1-0 leader 1 epoch 0 isr [1, 2, 3] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > expire 1
        log 10 PartitionChange t1-0 leader 2 isr [2, 3]
        log 11 BrokerRegistrationChange 1@1 fence
        note t1-0 leader 2 epoch 1 isr [2, 3] elr [] partition epoch 1
        note fenced 1
        > heartbeat 1@1 at 11
        log 12 BrokerRegistrationChange 1@1 unfence
        arm session 1 9000ms
        note unfenced 1
        to 1: BrokerHeartbeat NONE caught-up
        > expire 2
        log 13 PartitionChange t1-0 leader 3 isr [3] elr [2]
        log 14 BrokerRegistrationChange 2@3 fence
        note t1-0 leader 3 epoch 2 isr [3] elr [2] partition epoch 2
        note fenced 2
        > expire 3
        log 15 PartitionChange t1-0 leader -1 isr [] elr [2, 3] last known [3]
        log 16 BrokerRegistrationChange 3@5 fence
        note t1-0 leader none epoch 3 isr [] elr [2, 3] partition epoch 3
        note fenced 3
        > heartbeat 2@3 at 16
        log 17 BrokerRegistrationChange 2@3 unfence
        log 18 PartitionChange t1-0 leader 2 isr [2] elr [3] last known []
        arm session 2 9000ms
        note unfenced 2
        note t1-0 leader 2 epoch 4 isr [2] elr [3] partition epoch 4
        to 2: BrokerHeartbeat NONE caught-up
        ",
    );
}

#[test]
fn without_eligible_leader_replicas_the_last_one_in_sync_stays_on_record() {
    converse_with(
        false,
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
        > expire 1
        log 7 PartitionChange t1-0 leader 2 isr [2]
        log 8 BrokerRegistrationChange 1@1 fence
        note t1-0 leader 2 epoch 1 isr [2] elr [] partition epoch 1
        note fenced 1
        > expire 2
        log 9 PartitionChange t1-0 leader -1
        log 10 BrokerRegistrationChange 2@3 fence
        note t1-0 leader none epoch 2 isr [2] elr [] partition epoch 2
        note fenced 2
        > heartbeat 1@1 at 9
        log 11 BrokerRegistrationChange 1@1 unfence
        arm session 1 9000ms
        note unfenced 1
        to 1: BrokerHeartbeat NONE caught-up
        > register 2 as 21
        log 12 RegisterBroker 2 as 21 epoch 12
        note registered 2@12
        to 2: BrokerRegistration NONE epoch 12
        > heartbeat 2@12 at 12
        log 13 BrokerRegistrationChange 2@12 unfence
        log 14 PartitionChange t1-0 leader 2
        arm session 2 9000ms
        note unfenced 2
        note t1-0 leader 2 epoch 3 isr [2] elr [] partition epoch 3
        to 2: BrokerHeartbeat NONE caught-up
        ",
    );
}

#[test]
fn an_unclean_shutdown_costs_eligibility() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1 2
        > create t [1,2] min.insync.replicas=2
        log 5 Topic t is t1
        log 6 Config t min.insync.replicas=2
        log 7 Partition t1-0 replicas [1, 2] isr [1, 2] leader 1
        note t1-0 leader 1 epoch 0 isr [1, 2] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > expire 1
        log 8 PartitionChange t1-0 leader 2 isr [2] elr [1]
        log 9 BrokerRegistrationChange 1@1 fence
        note t1-0 leader 2 epoch 1 isr [2] elr [1] partition epoch 1
        note fenced 1
        > expire 2
        log 10 PartitionChange t1-0 leader -1 isr [] elr [1, 2] last known [2]
        log 11 BrokerRegistrationChange 2@3 fence
        note t1-0 leader none epoch 2 isr [] elr [1, 2] partition epoch 2
        note fenced 2
        > register 1 as 11 after 1
        log 12 RegisterBroker 1 as 11 epoch 12
        note registered 1@12
        to 1: BrokerRegistration NONE epoch 12
        > register 2 as 21
        log 13 PartitionChange t1-0 elr [1]
        log 14 RegisterBroker 2 as 21 epoch 14
        note t1-0 leader none epoch 2 isr [] elr [1] partition epoch 3
        note registered 2@14
        to 2: BrokerRegistration NONE epoch 14
        > heartbeat 2@14 at 14
        log 15 BrokerRegistrationChange 2@14 unfence
        arm session 2 9000ms
        note unfenced 2
        to 2: BrokerHeartbeat NONE caught-up
        > heartbeat 1@12 at 14
        log 16 BrokerRegistrationChange 1@12 unfence
        log 17 PartitionChange t1-0 leader 1 isr [1] elr [] last known []
        arm session 1 9000ms
        note unfenced 1
        note t1-0 leader 1 epoch 3 isr [1] elr [] partition epoch 4
        to 1: BrokerHeartbeat NONE caught-up
        ",
    );
}

#[test]
fn the_last_known_leader_leads_again_when_nobody_is_eligible() {
    converse(
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
        > expire 1
        log 5 PartitionChange t1-0 leader -1 isr [] elr [1] last known [1]
        log 6 BrokerRegistrationChange 1@1 fence
        note t1-0 leader none epoch 1 isr [] elr [1] partition epoch 1
        note fenced 1
        > register 1 as 11
        log 7 PartitionChange t1-0 elr []
        log 8 RegisterBroker 1 as 11 epoch 8
        note t1-0 leader none epoch 1 isr [] elr [] partition epoch 2
        note registered 1@8
        to 1: BrokerRegistration NONE epoch 8
        > heartbeat 1@8 at 8
        log 9 BrokerRegistrationChange 1@8 unfence
        log 10 PartitionChange t1-0 leader 1 isr [1] last known [] recovering true
        arm session 1 9000ms
        note unfenced 1
        note t1-0 leader 1 epoch 2 isr [1] elr [] partition epoch 3 unclean
        to 1: BrokerHeartbeat NONE caught-up
        > alter 1@8 t1-0 isr 1@8 epochs 2/3
        log 11 PartitionChange t1-0 recovering false
        note t1-0 leader 1 epoch 2 isr [1] elr [] partition epoch 4
        to 1: AlterPartition NONE t1-0 NONE leader 1 epoch 2 isr [1] partition epoch 4
        ",
    );
}

#[test]
fn an_unclean_election_takes_whoever_is_there() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1 2
        > create t [1,2] unclean.leader.election.enable=true min.insync.replicas=1
        log 5 Topic t is t1
        log 6 Config t unclean.leader.election.enable=true
        log 7 Partition t1-0 replicas [1, 2] isr [1, 2] leader 1
        note t1-0 leader 1 epoch 0 isr [1, 2] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > alter 1@1 t1-0 isr 1@1 epochs 0/0
        log 8 PartitionChange t1-0 isr [1]
        note t1-0 leader 1 epoch 0 isr [1] elr [] partition epoch 1
        to 1: AlterPartition NONE t1-0 NONE leader 1 epoch 0 isr [1] partition epoch 1
        > expire 1
        log 9 PartitionChange t1-0 leader 2 isr [2] recovering true
        log 10 BrokerRegistrationChange 1@1 fence
        note t1-0 leader 2 epoch 1 isr [2] elr [] partition epoch 2 unclean
        note fenced 1
        ",
    );
}

#[test]
fn a_leader_alters_its_isr() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1 2 3
        > create t [1,2,3] min.insync.replicas=2
        log 7 Topic t is t1
        log 8 Config t min.insync.replicas=2
        log 9 Partition t1-0 replicas [1, 2, 3] isr [1, 2, 3] leader 1
        note t1-0 leader 1 epoch 0 isr [1, 2, 3] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > alter 1@1 t1-0 isr 1@1,2@3 epochs 0/0
        log 10 PartitionChange t1-0 isr [1, 2]
        note t1-0 leader 1 epoch 0 isr [1, 2] elr [] partition epoch 1
        to 1: AlterPartition NONE t1-0 NONE leader 1 epoch 0 isr [1, 2] partition epoch 1
        > alter 1@1 t1-0 isr 1@1 epochs 0/1
        log 11 PartitionChange t1-0 isr [1] elr [2]
        note t1-0 leader 1 epoch 0 isr [1] elr [2] partition epoch 2
        to 1: AlterPartition NONE t1-0 NONE leader 1 epoch 0 isr [1] partition epoch 2
        > alter 1@1 t1-0 isr 3@-1,1@1 epochs 0/2
        log 12 PartitionChange t1-0 isr [1, 3] elr []
        note t1-0 leader 1 epoch 0 isr [1, 3] elr [] partition epoch 3
        to 1: AlterPartition NONE t1-0 NONE leader 1 epoch 0 isr [1, 3] partition epoch 3
        > alter 1@1 t1-0 isr 3@5,1@1 epochs 0/3
        to 1: AlterPartition NONE t1-0 NONE leader 1 epoch 0 isr [1, 3] partition epoch 3
        > late alter 1@1 t1-0 isr 1@1 epochs 0/3
        log 13 PartitionChange t1-0 isr [1] elr [3]
        note t1-0 leader 1 epoch 0 isr [1] elr [3] partition epoch 4
        ",
    );
}

#[test]
fn a_proposal_that_is_out_of_date_or_impossible_is_refused() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1 2 3 4
        > create t [1,2,3]
        log 9 Topic t is t1
        log 10 Partition t1-0 replicas [1, 2, 3] isr [1, 2, 3] leader 1
        note t1-0 leader 1 epoch 0 isr [1, 2, 3] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > expire 3
        log 11 PartitionChange t1-0 isr [1, 2]
        log 12 BrokerRegistrationChange 3@5 fence
        note t1-0 leader 1 epoch 0 isr [1, 2] elr [] partition epoch 1
        note fenced 3
        > alter 1@0 t1-0 isr 1@1 epochs 0/1
        note refused t1-0 STALE_BROKER_EPOCH
        to 1: AlterPartition STALE_BROKER_EPOCH 
        > alter 1@1 t2-0 isr 1@1 epochs 0/1
        note refused t2-0 UNKNOWN_TOPIC_ID
        to 1: AlterPartition NONE t2-0 UNKNOWN_TOPIC_ID
        > alter 1@1 t1-1 isr 1@1 epochs 0/1
        note refused t1-1 UNKNOWN_TOPIC_OR_PARTITION
        to 1: AlterPartition NONE t1-1 UNKNOWN_TOPIC_OR_PARTITION
        > alter 1@1 t1-0 isr 1@1 epochs 1/1
        note refused t1-0 NOT_CONTROLLER
        to 1: AlterPartition NONE t1-0 NOT_CONTROLLER
        > alter 1@1 t1-0 isr 1@1 epochs 0/2
        note refused t1-0 NOT_CONTROLLER
        to 1: AlterPartition NONE t1-0 NOT_CONTROLLER
        > alter 2@3 t1-0 isr 2@3 epochs 0/1
        note refused t1-0 INVALID_REQUEST
        to 2: AlterPartition NONE t1-0 INVALID_REQUEST
        > alter 1@1 t1-0 isr 1@1 epochs 0/0
        note refused t1-0 INVALID_UPDATE_VERSION
        to 1: AlterPartition NONE t1-0 INVALID_UPDATE_VERSION
        > alter 1@1 t1-0 isr 1@1,4@7 epochs 0/1
        note refused t1-0 INVALID_REQUEST
        to 1: AlterPartition NONE t1-0 INVALID_REQUEST
        > alter 1@1 t1-0 isr 1@1,1@1 epochs 0/1
        note refused t1-0 INVALID_REQUEST
        to 1: AlterPartition NONE t1-0 INVALID_REQUEST
        > alter 1@1 t1-0 isr 2@3 epochs 0/1
        note refused t1-0 INVALID_REQUEST
        to 1: AlterPartition NONE t1-0 INVALID_REQUEST
        > alter 1@1 t1-0 isr none epochs 0/1
        note refused t1-0 INVALID_REQUEST
        to 1: AlterPartition NONE t1-0 INVALID_REQUEST
        > alter 1@1 t1-0 isr 1@1 epochs 0/1 recovering
        note refused t1-0 INVALID_REQUEST
        to 1: AlterPartition NONE t1-0 INVALID_REQUEST
        > alter 1@1 t1-0 isr 1@1,3@5 epochs 0/1
        note refused t1-0 INELIGIBLE_REPLICA
        to 1: AlterPartition NONE t1-0 INELIGIBLE_REPLICA
        > alter 1@1 t1-0 isr 1@1,2@2 epochs 0/1
        note refused t1-0 INELIGIBLE_REPLICA
        to 1: AlterPartition NONE t1-0 INELIGIBLE_REPLICA
        > expire 1
        log 13 PartitionChange t1-0 leader 2 isr [2]
        log 14 BrokerRegistrationChange 1@1 fence
        note t1-0 leader 2 epoch 1 isr [2] elr [] partition epoch 2
        note fenced 1
        > alter 1@1 t1-0 isr 1@1 epochs 0/1
        note refused t1-0 FENCED_LEADER_EPOCH
        to 1: AlterPartition NONE t1-0 FENCED_LEADER_EPOCH
        > alter 1@1 t1-0 isr 1@1 epochs 1/2
        note refused t1-0 INVALID_REQUEST
        to 1: AlterPartition NONE t1-0 INVALID_REQUEST
        ",
    );
}

#[test]
fn a_topic_needs_a_name_replicas_and_a_configuration_that_make_sense() {
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
        > create '' [1]
        to 50: CreateTopics INVALID_TOPIC_EXCEPTION
        > create .. [1]
        to 50: CreateTopics INVALID_TOPIC_EXCEPTION
        > create a/b [1]
        to 50: CreateTopics INVALID_TOPIC_EXCEPTION
        > create a
        to 50: CreateTopics INVALID_PARTITIONS
        > create a []
        to 50: CreateTopics INVALID_REPLICA_ASSIGNMENT
        > create a [1,1]
        to 50: CreateTopics INVALID_REPLICA_ASSIGNMENT
        > create a [1,2] [1]
        to 50: CreateTopics INVALID_REPLICA_ASSIGNMENT
        > create a [1,4]
        to 50: CreateTopics INVALID_REPLICA_ASSIGNMENT
        > create a [3]
        to 50: CreateTopics INVALID_REPLICA_ASSIGNMENT
        > create a [1] min.insync.replicas=0
        to 50: CreateTopics INVALID_CONFIG
        > create a [1] no.such.key=1
        to 50: CreateTopics INVALID_CONFIG
        > create a.b [3,2,1] [1,2,3] min.insync.replicas=2 max.message.bytes=1048588
        log 6 Topic a.b is t1
        log 7 Config a.b min.insync.replicas=2
        log 8 Partition t1-0 replicas [3, 2, 1] isr [2, 1] leader 2
        log 9 Partition t1-1 replicas [1, 2, 3] isr [1, 2] leader 1
        note t1-0 leader 2 epoch 0 isr [2, 1] elr [] partition epoch 0
        note t1-1 leader 1 epoch 0 isr [1, 2] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > create a.b [1]
        to 50: CreateTopics TOPIC_ALREADY_EXISTS
        > create a_b [1]
        to 50: CreateTopics INVALID_TOPIC_EXCEPTION
        > create c [2]
        log 10 Topic c is t2
        log 11 Partition t2-0 replicas [2] isr [2] leader 2
        note t2-0 leader 2 epoch 0 isr [2] elr [] partition epoch 0
        to 50: CreateTopics NONE
        ",
    );
}

#[test]
fn a_topic_gets_more_partitions_never_fewer_and_all_with_as_many_replicas() {
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
        > expand a to 2 [1,2]
        to 50: CreatePartitions UNKNOWN_TOPIC_OR_PARTITION
        > create a [1,2]
        log 6 Topic a is t1
        log 7 Partition t1-0 replicas [1, 2] isr [1, 2] leader 1
        note t1-0 leader 1 epoch 0 isr [1, 2] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > expand a to 1
        to 50: CreatePartitions INVALID_PARTITIONS
        > expand a to 0
        to 50: CreatePartitions INVALID_PARTITIONS
        > expand a to -1
        to 50: CreatePartitions INVALID_PARTITIONS
        > expand a to 3 [1,2]
        to 50: CreatePartitions INVALID_REPLICA_ASSIGNMENT
        > expand a to 2 [1]
        to 50: CreatePartitions INVALID_REPLICA_ASSIGNMENT
        > expand a to 2 [1,1]
        to 50: CreatePartitions INVALID_REPLICA_ASSIGNMENT
        > expand a to 2 [1,4]
        to 50: CreatePartitions INVALID_REPLICA_ASSIGNMENT
        > expand a to 3 [3,1] [2,1]
        log 8 Partition t1-1 replicas [3, 1] isr [1] leader 1
        log 9 Partition t1-2 replicas [2, 1] isr [2, 1] leader 2
        note t1-1 leader 1 epoch 0 isr [1] elr [] partition epoch 0
        note t1-2 leader 2 epoch 0 isr [2, 1] elr [] partition epoch 0
        to 50: CreatePartitions NONE
        > expand a to 3 [3,1] [2,1]
        to 50: CreatePartitions INVALID_PARTITIONS
        ",
    );
}

#[test]
fn operators_have_leaders_elected() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1 2 3
        > create a [1,2,3]
        log 7 Topic a is t1
        log 8 Partition t1-0 replicas [1, 2, 3] isr [1, 2, 3] leader 1
        note t1-0 leader 1 epoch 0 isr [1, 2, 3] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > heartbeat 1@1 at 9 fence
        cancel session 1
        log 9 PartitionChange t1-0 leader 2 isr [2, 3]
        log 10 BrokerRegistrationChange 1@1 fence
        note t1-0 leader 2 epoch 1 isr [2, 3] elr [] partition epoch 1
        note fenced 1
        to 1: BrokerHeartbeat NONE caught-up fenced
        > elect preferred
        to 50: ElectLeaders NONE t1-0 PREFERRED_LEADER_NOT_AVAILABLE
        > elect unclean
        to 50: ElectLeaders NONE
        > heartbeat 1@1 at 11
        log 11 BrokerRegistrationChange 1@1 unfence
        arm session 1 9000ms
        note unfenced 1
        to 1: BrokerHeartbeat NONE caught-up
        > elect preferred
        to 50: ElectLeaders NONE t1-0 PREFERRED_LEADER_NOT_AVAILABLE
        > alter 2@3 t1-0 isr 1@1,2@3,3@5 epochs 1/1
        log 12 PartitionChange t1-0 isr [1, 2, 3]
        note t1-0 leader 2 epoch 1 isr [1, 2, 3] elr [] partition epoch 2
        to 2: AlterPartition NONE t1-0 NONE leader 2 epoch 1 isr [1, 2, 3] partition epoch 2
        > elect preferred
        note t1-0 elects Preferred
        log 13 PartitionChange t1-0 leader 1
        note t1-0 leader 1 epoch 2 isr [1, 2, 3] elr [] partition epoch 3
        to 50: ElectLeaders NONE t1-0 NONE
        > elect preferred
        to 50: ElectLeaders NONE
        ",
    );
}

#[test]
fn a_topic_is_deleted_and_its_id_is_not_given_again() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1 2
        > create a [1,2]
        log 5 Topic a is t1
        log 6 Partition t1-0 replicas [1, 2] isr [1, 2] leader 1
        note t1-0 leader 1 epoch 0 isr [1, 2] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > delete b
        to 50: DeleteTopics UNKNOWN_TOPIC_OR_PARTITION
        > delete a
        log 7 RemoveTopic t1
        note TopicDeleted { topic: TopicId(1) }
        to 50: DeleteTopics NONE
        > create a [1,2]
        log 8 Topic a is t2
        log 9 Partition t2-0 replicas [1, 2] isr [1, 2] leader 1
        note t2-0 leader 1 epoch 0 isr [1, 2] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > delete a
        log 10 RemoveTopic t2
        note TopicDeleted { topic: TopicId(2) }
        to 50: DeleteTopics NONE
        > delete a
        to 50: DeleteTopics UNKNOWN_TOPIC_OR_PARTITION
        ",
    );
}

#[test]
fn a_reassignment_adds_replicas_then_drops_them() {
    converse(
        "
        > boot
        note epoch 1 from 0
        log 0 NoOp
        > brokers 1 2 3 4
        > create a [1,2,3]
        log 9 Topic a is t1
        log 10 Partition t1-0 replicas [1, 2, 3] isr [1, 2, 3] leader 1
        note t1-0 leader 1 epoch 0 isr [1, 2, 3] elr [] partition epoch 0
        to 50: CreateTopics NONE
        > reassign a 0 to [4,5]
        to 50: AlterPartitionReassignments INVALID_REPLICA_ASSIGNMENT
        > reassign a 1 to [4,2]
        to 50: AlterPartitionReassignments UNKNOWN_TOPIC_OR_PARTITION
        > reassign b 0 to [4,2]
        to 50: AlterPartitionReassignments UNKNOWN_TOPIC_OR_PARTITION
        > reassign a 0
        to 50: AlterPartitionReassignments NO_REASSIGNMENT_IN_PROGRESS
        > reassign a 0 to [4,2]
        log 11 PartitionChange t1-0 replicas [4, 2, 1, 3] removing [1, 3] adding [4]
        note t1-0 leader 1 epoch 0 isr [1, 2, 3] elr [] partition epoch 1
        to 50: AlterPartitionReassignments NONE
        > reassign a 0
        log 12 PartitionChange t1-0 leader 1 replicas [2, 1, 3] removing [] adding []
        note t1-0 leader 1 epoch 1 isr [1, 2, 3] elr [] partition epoch 2
        to 50: AlterPartitionReassignments NONE
        > reassign a 0 to [4,2]
        log 13 PartitionChange t1-0 replicas [4, 2, 1, 3] removing [1, 3] adding [4]
        note t1-0 leader 1 epoch 1 isr [1, 2, 3] elr [] partition epoch 3
        to 50: AlterPartitionReassignments NONE
        > alter 1@1 t1-0 isr 4@7,1@1,2@3,3@5 epochs 1/3
        note refused t1-0 NEW_LEADER_ELECTED
        log 14 PartitionChange t1-0 leader 4 isr [4, 2] replicas [4, 2] removing [] adding []
        note t1-0 leader 4 epoch 2 isr [4, 2] elr [] partition epoch 4
        to 1: AlterPartition NONE t1-0 NEW_LEADER_ELECTED
        > reassign a 0 to [3,1]
        log 15 PartitionChange t1-0 replicas [3, 1, 4, 2] removing [4, 2] adding [3, 1]
        note t1-0 leader 4 epoch 2 isr [4, 2] elr [] partition epoch 5
        to 50: AlterPartitionReassignments NONE
        > alter 4@7 t1-0 isr 4@7,2@3,3@5 epochs 2/5
        log 16 PartitionChange t1-0 isr [3, 4, 2]
        note t1-0 leader 4 epoch 2 isr [3, 4, 2] elr [] partition epoch 6
        to 4: AlterPartition NONE t1-0 NONE leader 4 epoch 2 isr [3, 4, 2] partition epoch 6
        > reassign a 0 to [3,4]
        log 17 PartitionChange t1-0 leader 4 isr [3, 4] replicas [3, 4] removing [] adding []
        note t1-0 leader 4 epoch 3 isr [3, 4] elr [] partition epoch 7
        to 50: AlterPartitionReassignments NONE
        ",
    );
}
