//! What an application asks its consumer about logs: its position, their ends, and which record is the first at or after a time.

use alloc::vec::Vec;
use core::fmt;

use crate::call::PollError;
use crate::ids::{Offset, Timestamp, TopicName};

/// What is asked, about each partition once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OffsetLookup {
    /// `position(partition)`: the offset of the next record that a poll returns.
    Position {
        /// The topic.
        topic: TopicName,
        /// The partition; it is assigned.
        partition: i32,
    },
    /// `committed(partitions)`: how far the consumer's group has come.
    Committed(Vec<(TopicName, i32)>),
    /// `offsetsForTimes(timestamps)`: the first record at or after the time. Like the others below, for assigned partitions or any others.
    ForTimes(Vec<(TopicName, i32, Timestamp)>),
    /// `beginningOffsets(partitions)`
    Beginning(Vec<(TopicName, i32)>),
    /// `endOffsets(partitions)`: of what is visible at the consumer's isolation level.
    End(Vec<(TopicName, i32)>),
}

/// What is known of one partition, in the order in which partitions were asked about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LookedUp {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: i32,
    /// The offset; none, if there is no record so late, or if nothing was committed.
    pub offset: Option<Offset>,
    /// The record's time, or -1 if a time was not what was looked for.
    pub timestamp: Timestamp,
}

/// Why nothing is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LookupError {
    /// `TimeoutException`
    Timeout,
    /// What a poll would have thrown.
    Poll(PollError),
}

impl fmt::Display for OffsetLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, partitions) = match self {
            Self::Position { topic, partition } => return write!(f, "ask for the position in {topic}-{partition}"),
            Self::ForTimes(times) => {
                f.write_str("ask for the offsets of")?;
                for (index, (topic, partition, time)) in times.iter().enumerate() {
                    let separator = if index == 0 { " " } else { ", " };
                    write!(f, "{separator}{topic}-{partition} at time {time}")?;
                }
                return Ok(());
            }
            Self::Committed(partitions) => ("committed offsets", partitions),
            Self::Beginning(partitions) => ("beginning", partitions),
            Self::End(partitions) => ("end", partitions),
        };
        write!(f, "ask for the {what} of")?;
        for (index, (topic, partition)) in partitions.iter().enumerate() {
            let separator = if index == 0 { " " } else { ", " };
            write!(f, "{separator}{topic}-{partition}")?;
        }
        Ok(())
    }
}

impl fmt::Display for LookedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, partition, .. } = self;
        match self.offset {
            Some(offset) => write!(f, "{topic}-{partition} {offset}"),
            None => write!(f, "{topic}-{partition} nowhere"),
        }
    }
}
