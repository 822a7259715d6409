//! Two brokers with the same records, whose leaders move, and who learn late who leads.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::batch;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, NodeId, Offset, Timestamp, TopicId, TopicPartition};
use crate::message::{
    EpochEndOffset, FetchPartition, FetchResponse, FetchedPartition, LeaderIdAndEpoch, ListOffsetsResponse,
    ListedOffset, MetadataPartition, MetadataResponse, MetadataTopic, OffsetForLeaderEpochResponse,
    OffsetForLeaderEpochResult, Request, Response,
};
use crate::record::Batch;

pub(super) struct Brokers {
    pub(super) logs: Vec<Log>,
    /// What each broker knows of the leaders.
    views: BTreeMap<NodeId, Vec<(NodeId, LeaderEpoch)>>,
}

/// One partition, the same on both brokers.
#[derive(Clone)]
pub(super) struct Log {
    batches: Vec<Batch>,
    leader: NodeId,
    epoch: LeaderEpoch,
    /// What the application has read.
    pub(super) polled: i64,
}

impl Brokers {
    pub(super) fn new() -> Self {
        let logs = [NodeId(1), NodeId(2)].map(|leader| Log {
            batches: [batch(0, 2, 0)].into(),
            leader,
            epoch: LeaderEpoch(0),
            polled: 0,
        });
        let mut brokers = Self {
            logs: logs.into(),
            views: BTreeMap::new(),
        };
        brokers.publish(NodeId(1));
        brokers.publish(NodeId(2));
        brokers
    }

    pub(super) fn append(&mut self, index: usize, records: i64) {
        let log = &mut self.logs[index];
        let first = log.end();
        log.batches.push(batch(first, first + records - 1, log.epoch.0));
    }

    pub(super) fn move_leader(&mut self, index: usize) {
        let log = &mut self.logs[index];
        log.leader = NodeId(3 - log.leader.0);
        log.epoch = log.epoch.next();
    }

    /// A broker learns who leads what.
    pub(super) fn publish(&mut self, node: NodeId) {
        let leaders = self.logs.iter().map(|log| (log.leader, log.epoch)).collect();
        self.views.insert(node, leaders);
    }

    pub(super) fn serve(&self, node: NodeId, request: Request, chance: u16) -> Response {
        let is_unlucky = chance.is_multiple_of(7);
        match request {
            Request::Metadata(_) => self.metadata(node).into(),
            Request::ListOffsets(lookup) => {
                let listed = lookup.partitions.iter().map(|asked| {
                    let refused = self.refuse(node, asked.partition, asked.current_leader_epoch);
                    let error_code = if is_unlucky {
                        ErrorCode::OffsetNotAvailable
                    } else {
                        refused
                    };
                    let offset = if error_code == ErrorCode::None {
                        Offset::ZERO
                    } else {
                        Offset::NONE
                    };
                    let (timestamp, leader_epoch) = (Timestamp::NONE, LeaderEpoch::NONE);
                    ListedOffset {
                        partition: asked.partition,
                        error_code,
                        timestamp,
                        offset,
                        leader_epoch,
                    }
                });
                ListOffsetsResponse {
                    partitions: listed.collect(),
                }
                .into()
            }
            Request::OffsetForLeaderEpoch(lookup) => {
                let found = lookup.partitions.iter().map(|asked| {
                    let error_code = self.refuse(node, asked.partition, asked.current_leader_epoch);
                    let end = self.log(asked.partition).end_of(asked.leader_epoch);
                    OffsetForLeaderEpochResult {
                        partition: asked.partition,
                        error_code,
                        end,
                    }
                });
                OffsetForLeaderEpochResponse {
                    partitions: found.collect(),
                }
                .into()
            }
            Request::Fetch(fetch) => {
                let responses = fetch.partitions.iter().map(|asked| self.fetched(node, asked, chance));
                FetchResponse {
                    error_code: ErrorCode::None,
                    responses: responses.collect(),
                }
                .into()
            }
            request @ (Request::Produce(_)
            | Request::CreateTopics(_)
            | Request::DeleteRecords(_)
            | Request::DeleteTopics(_)
            | Request::CreatePartitions(_)
            | Request::ElectLeaders(_)
            | Request::AlterPartitionReassignments(_)
            | Request::InitProducerId(_)
            | Request::AlterPartition(_)
            | Request::BrokerRegistration(_)
            | Request::BrokerHeartbeat(_)
            | Request::AllocateProducerIds(_)
            | Request::FindCoordinator(_)
            | Request::JoinGroup(_)
            | Request::SyncGroup(_)
            | Request::Heartbeat(_)
            | Request::LeaveGroup(_)
            | Request::OffsetCommit(_)
            | Request::OffsetFetch(_)
            | Request::DescribeGroups(_)
            | Request::ListGroups(_)
            | Request::DeleteGroups(_)) => panic!("a consumer does not send {request:?}"),
        }
    }

    fn log(&self, partition: TopicPartition) -> &Log {
        &self.logs[usize::try_from(partition.partition).expect("partitions count from 0")]
    }

    /// Who leads is known only as of the broker's latest news.
    fn refuse(&self, node: NodeId, partition: TopicPartition, epoch: LeaderEpoch) -> ErrorCode {
        let (leader, known) = self.views[&node][usize::try_from(partition.partition).expect("partitions count from 0")];
        if leader != node {
            ErrorCode::NotLeaderOrFollower
        } else if epoch < known {
            ErrorCode::FencedLeaderEpoch
        } else if epoch > known {
            ErrorCode::UnknownLeaderEpoch
        } else {
            ErrorCode::None
        }
    }

    /// Batches from the one with the fetch offset on; sometimes fewer than there are, sometimes with a hint who leads instead.
    fn fetched(&self, node: NodeId, asked: &FetchPartition, chance: u16) -> FetchedPartition {
        let error_code = self.refuse(node, asked.partition, asked.current_leader_epoch);
        let log = self.log(asked.partition);
        let batches = log
            .batches
            .iter()
            .filter(|batch| batch.next_offset() > asked.fetch_offset)
            .cloned();
        let count = if error_code == ErrorCode::None {
            usize::from(chance >> 8) % 4
        } else {
            0
        };
        let hint = LeaderIdAndEpoch {
            leader_id: log.leader,
            leader_epoch: log.epoch,
        };
        FetchedPartition {
            partition: asked.partition,
            error_code,
            high_watermark: Offset(log.end()),
            last_stable_offset: Offset(log.end()),
            log_start_offset: Offset::ZERO,
            diverging_epoch: None,
            current_leader: (error_code != ErrorCode::None && chance.is_multiple_of(2)).then_some(hint),
            records: batches.take(count).collect(),
        }
    }

    fn metadata(&self, node: NodeId) -> MetadataResponse {
        let partitions = self.views[&node]
            .iter()
            .zip(0..)
            .map(|(&(leader_id, leader_epoch), partition_index)| {
                let (replica_nodes, isr_nodes) = (Vec::new(), Vec::new());
                let error_code = ErrorCode::None;
                MetadataPartition {
                    error_code,
                    partition_index,
                    leader_id,
                    leader_epoch,
                    replica_nodes,
                    isr_nodes,
                }
            });
        let topic = MetadataTopic {
            error_code: ErrorCode::None,
            name: "a".into(),
            topic_id: TopicId(1),
            partitions: partitions.collect(),
        };
        MetadataResponse {
            brokers: [NodeId(1), NodeId(2)].into(),
            topics: [topic].into(),
        }
    }
}

impl Log {
    pub(super) fn end(&self) -> i64 {
        self.batches.last().map_or(0, |batch| batch.next_offset().0)
    }

    fn end_of(&self, epoch: LeaderEpoch) -> EpochEndOffset {
        let last = self.batches.iter().rev().find(|batch| batch.leader_epoch <= epoch);
        last.map_or(
            EpochEndOffset {
                leader_epoch: LeaderEpoch::NONE,
                end_offset: Offset::NONE,
            },
            |batch| EpochEndOffset {
                leader_epoch: batch.leader_epoch,
                end_offset: batch.next_offset(),
            },
        )
    }
}
