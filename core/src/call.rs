//! What applications ask of their clients, what operators ask of a cluster, and what they are told.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;
use crate::ids::{CallId, LeaderEpoch, NodeId, Offset, Timestamp, TopicName, TopicPartition};
use crate::lookup::{LookedUp, LookupError, OffsetLookup};
use crate::message::{DeleteBefore, ElectionType, OffsetCommitPartition};

/// A call into a machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Producer: `send(record, callback)`.
    Send {
        /// Comes back with the answer.
        call: CallId,
        /// The record.
        record: ProducerRecord,
    },
    /// Producer: `partitionsFor(topic)`; answered with [`Answer::PartitionsFor`], after `max.block.ms` at the latest.
    PartitionsFor {
        /// Comes back with the answer. No send that is under way has the same number.
        call: CallId,
        /// The topic.
        topic: TopicName,
    },
    /// Producer: `flush()`; sends whatever was sent before without lingering, and is answered with [`Answer::Flushed`] once all of it is
    /// answered. One at a time.
    Flush,
    /// Producer: `close(timeout)`; finishes what was sent before, gives up what is left after the timeout, and is answered with
    /// [`Answer::Closed`]. Whatever is sent after it is refused. Consumer: commits if it does that by itself, leaves its group and hangs up;
    /// nothing may be called after it.
    Close {
        /// How long to finish, in milliseconds; `None` is as long as it takes for a producer, and Kafka's 30 s for a consumer.
        timeout_ms: Option<u64>,
    },
    /// Consumer: `assign(partitions)`, replacing the earlier assignment. Not answered.
    Assign(Vec<(TopicName, i32)>),
    /// Consumer: `subscribe(topics, listener)` or `subscribe(pattern, listener)`, replacing the earlier subscription. Not answered. The listener is
    /// told of every [`Rebalance`].
    Subscribe(Subscribed),
    /// Consumer: `unsubscribe()`; answered with [`Answer::Unsubscribed`], after the listener was told.
    Unsubscribe,
    /// Consumer: the rebalance listener, called with [`Answer::Rebalanced`], returns.
    ListenerReturned,
    /// Consumer: `commitSync(offsets)`; answered with [`Answer::Committed`].
    CommitSync {
        /// What to commit; `None` is the position in every partition that is assigned.
        offsets: Option<Vec<OffsetCommitPartition>>,
        /// How long to try, in milliseconds; `None` is `default.api.timeout.ms`.
        timeout_ms: Option<u64>,
    },
    /// Consumer: `commitAsync(offsets, callback)`. It is not waited for: the callback is called with [`Answer::CommitCompleted`] in a later call.
    CommitAsync {
        /// Comes back with the answer.
        call: CallId,
        /// What to commit; `None` is the position in every partition that is assigned.
        offsets: Option<Vec<OffsetCommitPartition>>,
    },
    /// Consumer: `poll(timeout)`; answered with [`Answer::Polled`]. One at a time.
    Poll {
        /// How long to wait for records, in milliseconds.
        timeout_ms: u64,
    },
    /// Consumer: moves or holds positions, or interrupts a poll. Not answered.
    Steer(Steering),
    /// Consumer: asks where something is; answered with [`Answer::LookedUp`]. One at a time, and not while a poll waits.
    LookUp {
        /// What is asked.
        lookup: OffsetLookup,
        /// How long to wait, in milliseconds; `None` is `default.api.timeout.ms`.
        timeout_ms: Option<u64>,
    },
    /// Broker: shut down in order (SIGTERM); answered with [`Answer::ShutDown`].
    ShutDown,
    /// Operator: have the controller change the cluster; answered with [`Answer::Administered`]. One at a time.
    Administer(Administration),
    /// Operator: delete the oldest records of a partition; answered with [`Answer::RecordsDeleted`]. One at a time.
    DeleteRecords(RecordsToDelete),
}

/// What an operator has the controller do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Administration {
    /// Create a topic with the given replicas.
    CreateTopic(NewTopic),
    /// Delete a topic, with everything in it.
    DeleteTopic(TopicName),
    /// Add partitions to a topic.
    CreatePartitions(NewPartitions),
    /// Have other leaders elected, in every partition where that is needed.
    ElectLeaders(ElectionType),
    /// Have other brokers replicate a partition.
    Reassign(Reassignment),
}

impl fmt::Display for Administration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateTopic(topic) => {
                write!(
                    f,
                    "create topic {} with {} partitions",
                    topic.name,
                    topic.assignments.len()
                )
            }
            Self::DeleteTopic(topic) => write!(f, "delete topic {topic}"),
            Self::CreatePartitions(topic) => write!(f, "expand topic {} to {} partitions", topic.topic, topic.count),
            Self::ElectLeaders(ElectionType::Preferred) => f.write_str("elect preferred leaders"),
            Self::ElectLeaders(ElectionType::Unclean) => {
                f.write_str("elect leaders where nobody leads, cleanly or not")
            }
            Self::Reassign(Reassignment {
                topic,
                partition,
                replicas: Some(replicas),
            }) => {
                write!(f, "reassign {topic}-{partition} to ")?;
                f.debug_set().entries(replicas.iter().map(|replica| replica.0)).finish()
            }
            Self::Reassign(Reassignment { topic, partition, .. }) => {
                write!(f, "take the reassignment of {topic}-{partition} back")
            }
        }
    }
}

/// What an application does to its consumer between polls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Steering {
    /// `pause(partitions)`: they are not fetched, and polls return nothing of them.
    Pause(Vec<(TopicName, i32)>),
    /// `resume(partitions)`
    Resume(Vec<(TopicName, i32)>),
    /// `seek(partition, offset)`
    Seek {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: i32,
        /// The offset of the next record to return.
        offset: Offset,
    },
    /// `seekToBeginning(partitions)`: the position is looked up by the next poll.
    SeekToBeginning(Vec<(TopicName, i32)>),
    /// `seekToEnd(partitions)`: the position is looked up by the next poll.
    SeekToEnd(Vec<(TopicName, i32)>),
    /// `wakeup()`: the call that waits, or else the next one that would, throws. The only call that may be made while another waits.
    Wakeup,
}

impl fmt::Display for Steering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, partitions) = match self {
            Self::Pause(partitions) => ("pause", partitions),
            Self::Resume(partitions) => ("resume", partitions),
            Self::SeekToBeginning(partitions) => ("seek to the beginning of", partitions),
            Self::SeekToEnd(partitions) => ("seek to the end of", partitions),
            Self::Seek {
                topic,
                partition,
                offset,
            } => return write!(f, "seek {topic}-{partition} to {offset}"),
            Self::Wakeup => return f.write_str("wake up"),
        };
        f.write_str(what)?;
        for (index, (topic, partition)) in partitions.iter().enumerate() {
            let separator = if index == 0 { " " } else { ", " };
            write!(f, "{separator}{topic}-{partition}")?;
        }
        Ok(())
    }
}

/// What an application sends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProducerRecord {
    /// The topic.
    pub topic: TopicName,
    /// The partition, or `None` to let the partitioner decide.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
}

/// A topic to be created.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NewTopic {
    /// Its name.
    pub name: TopicName,
    /// The replicas of each partition, the preferred leader first.
    pub assignments: Vec<Vec<NodeId>>,
    /// Topic configuration by Kafka's keys.
    pub configs: Vec<(alloc::string::String, alloc::string::String)>,
}

/// Records to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordsToDelete {
    /// Of which partition.
    pub partition: TopicPartition,
    /// The first record to keep.
    pub before: DeleteBefore,
    /// Whom to ask: the leader, as far as the caller knows.
    pub leader: NodeId,
}

/// Partitions to be added to a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NewPartitions {
    /// The topic.
    pub topic: TopicName,
    /// How many partitions it is to have afterwards.
    pub count: i32,
    /// The replicas of each new partition, the preferred leader first.
    pub assignments: Vec<Vec<NodeId>>,
}

/// Other replicas for a partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reassignment {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: i32,
    /// Who is to replicate it in the end, the preferred leader first; `None` goes back to how it was before the reassignment under way.
    pub replicas: Option<Vec<NodeId>>,
}

/// What a consumer wants to read as a member of its group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subscribed {
    /// The topics of these names, whether they exist or not.
    Topics(Vec<TopicName>),
    /// Every topic, but for internal ones, whose whole name matches this regular expression.
    Pattern(alloc::string::String),
}

impl fmt::Display for Subscribed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topics(topics) => {
                for (index, topic) in topics.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{topic}")?;
                }
                Ok(())
            }
            Self::Pattern(pattern) => write!(f, "/{pattern}/"),
        }
    }
}

/// What a `ConsumerRebalanceListener` is told, within a poll, an unsubscribe or a close. What it is told of is still, or already, assigned:
/// positions can be asked for and offsets committed, but not of what is lost.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Rebalance {
    /// `onPartitionsAssigned`: what came in addition to what the consumer has.
    Assigned(Vec<(TopicName, i32)>),
    /// `onPartitionsRevoked`: what the consumer gives up.
    Revoked(Vec<(TopicName, i32)>),
    /// `onPartitionsLost`: what the consumer had, and others may have already.
    Lost(Vec<(TopicName, i32)>),
}

/// What a machine tells its caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// A send completed.
    Sent {
        /// The call that it answers.
        call: CallId,
        /// Where the record is, or why not.
        result: Result<RecordMetadata, SendFailure>,
    },
    /// Which partitions a topic has, as far as the producer knows; or why it does not.
    PartitionsFor {
        /// The call that it answers.
        call: CallId,
        /// All of them, in order.
        result: Result<Vec<PartitionInfo>, SendError>,
    },
    /// A flush returned.
    Flushed,
    /// A producer is closed: every send was answered. Or a consumer is.
    Closed,
    /// A poll returned.
    Polled(Result<Vec<ConsumerRecord>, PollError>),
    /// The rebalance listener is called. It may steer, look up and commit, and ends with [`Call::ListenerReturned`].
    Rebalanced(Rebalance),
    /// An unsubscribe returned.
    Unsubscribed,
    /// A `commitSync` returned: what was committed, or why it is not known to be.
    Committed(Result<Vec<OffsetCommitPartition>, CommitError>),
    /// The callback of a `commitAsync` is called.
    CommitCompleted {
        /// The call that it answers.
        call: CallId,
        /// What was committed, or why it is not known to be.
        result: Result<Vec<OffsetCommitPartition>, CommitError>,
    },
    /// A lookup returned: what is known of each partition, in the order in which they were asked about.
    LookedUp(Result<Vec<LookedUp>, LookupError>),
    /// The broker has shut down in order; the process ends.
    ShutDown,
    /// The controller has begun what it was asked to do, or cannot.
    Administered {
        /// What.
        task: Administration,
        /// Whether it has.
        result: Result<(), ErrorCode>,
    },
    /// The partition's low watermark, or why the records may still be there.
    RecordsDeleted(Result<Offset, ErrorCode>),
}

/// A partition as its producer knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartitionInfo {
    /// Its number.
    pub partition: i32,
    /// Who leads it, if anybody does.
    pub leader: Option<NodeId>,
}

/// Where a record was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordMetadata {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: i32,
    /// The record's offset; `None` with acks=0, or if the broker only said that it has the record already.
    pub offset: Option<Offset>,
}

/// A send that did not succeed, as far as the client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendFailure {
    /// What the application is told.
    pub error: SendError,
    /// Some attempt may have been appended: a request was lost, or was refused in a way that does not rule it out.
    pub maybe_appended: bool,
}

impl SendFailure {
    /// Whether the client knows that no attempt was ever appended; otherwise the outcome is open.
    #[must_use]
    pub const fn is_definite(&self) -> bool {
        !self.maybe_appended
    }
}

/// Why a send failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SendError {
    /// The broker's (or, for a closed connection, the client's) error on the last attempt.
    Kafka(ErrorCode),
    /// `delivery.timeout.ms` went by.
    DeliveryTimeout,
    /// `max.block.ms` went by before there was metadata.
    MaxBlock,
    /// `max.block.ms` went by before there was room in `buffer.memory`.
    BufferExhausted,
    /// The record is larger than `max.request.size`, or with its batch larger than `buffer.memory`.
    RecordTooLarge,
    /// The producer was closed before the send, or gave it up when the timeout of its close was over.
    Closed,
    /// An idempotent producer had to begin anew with its sequence, and cannot tell whether it has to send this again.
    SequenceLost,
}

/// A record as an application receives it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConsumerRecord {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: Offset,
    /// The epoch of the leader that appended it.
    pub leader_epoch: LeaderEpoch,
    /// As the batch says.
    pub timestamp: Timestamp,
    /// The key.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
}

/// Why a poll threw, or another call that waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PollError {
    /// `WakeupException`: somebody called `wakeup()`. Nothing was taken from the partitions.
    Wakeup,
    /// `NoOffsetForPartitionException`: no position, and auto.offset.reset is none.
    NoOffsetForPartition {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: i32,
    },
    /// `OffsetOutOfRangeException`: the position is outside the log, and auto.offset.reset is none.
    OffsetOutOfRange {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: i32,
        /// The position.
        offset: Offset,
    },
    /// `LogTruncationException`: the log was truncated below the position, and auto.offset.reset is none (KIP-320).
    LogTruncation {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: i32,
        /// The position.
        offset: Offset,
        /// The first offset from which the log differs from what was read.
        divergent_offset: Offset,
    },
    /// A record's CRC does not match.
    CorruptRecord {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: i32,
        /// Base offset of the batch.
        offset: Offset,
    },
    /// `FencedInstanceIdException`: another process has the same `group.instance.id`.
    FencedInstanceId,
    /// The group does not take this consumer: INCONSISTENT_GROUP_PROTOCOL, INVALID_SESSION_TIMEOUT, GROUP_MAX_SIZE_REACHED and the like.
    Group(ErrorCode),
}

/// Why a commit is not known to have succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommitError {
    /// `CommitFailedException`: the consumer is not a member of the group any more.
    CommitFailed,
    /// `RebalanceInProgressException`: the group is being rebalanced; a poll takes part in that.
    RebalanceInProgress,
    /// `FencedInstanceIdException`: another process has the same `group.instance.id`.
    FencedInstanceId,
    /// `RetriableCommitFailedException`: an asynchronous commit is not tried again by the consumer itself. The commit may have been carried out
    /// if no answer came ([`ErrorCode::NetworkException`]).
    Retriable(ErrorCode),
    /// Any other error.
    Kafka(ErrorCode),
    /// `TimeoutException`: it may be carried out yet.
    Timeout,
    /// `WakeupException`: it may be carried out yet.
    Wakeup,
}

impl fmt::Display for Rebalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, partitions) = match self {
            Self::Assigned(partitions) => ("assigned", partitions),
            Self::Revoked(partitions) => ("revoked", partitions),
            Self::Lost(partitions) => ("lost", partitions),
        };
        f.write_str(what)?;
        if partitions.is_empty() {
            return f.write_str(" nothing");
        }
        for (index, (topic, partition)) in partitions.iter().enumerate() {
            let separator = if index == 0 { " " } else { ", " };
            write!(f, "{separator}{topic}-{partition}")?;
        }
        Ok(())
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommitFailed => f.write_str("not a member of the group any more"),
            Self::RebalanceInProgress => f.write_str("the group is being rebalanced"),
            Self::FencedInstanceId => f.write_str("fenced by another instance"),
            Self::Retriable(error) => write!(f, "{error}, not tried again"),
            Self::Kafka(error) => error.fmt(f),
            Self::Timeout => f.write_str("timed out"),
            Self::Wakeup => f.write_str("woken up"),
        }
    }
}
