//! What rules about consumer groups decide upon.

use crate::error::ErrorCode;
use crate::ids::GenerationId;

/// A commit in the name of a generation.
#[derive(Clone, Copy, Debug)]
pub struct MemberCommit {
    /// What is wrong with the member, if anything is: it is none, or another instance is in its place.
    pub member: Option<ErrorCode>,
    /// The generation that it commits in.
    pub generation: GenerationId,
    /// The generation that the group is in.
    pub group_generation: GenerationId,
    /// The partitions of that generation are not handed out yet.
    pub is_completing: bool,
}

/// A commit that a coordinator finds in the log that it reads.
#[derive(Clone, Copy, Debug)]
pub struct ReadCommit {
    /// The log had an earlier one of the same partition.
    pub had_another: bool,
    /// It says that an earlier one is forgotten.
    pub is_deletion: bool,
}

/// A commit that may have expired.
#[derive(Clone, Copy, Debug)]
pub struct AgedCommit {
    /// Who is in the group.
    pub group: GroupPhase,
    /// Somebody in the group has subscribed to the topic, as far as the coordinator knows.
    pub is_read: bool,
    /// For how long it has been committed, in milliseconds.
    pub age_ms: i64,
    /// For how long the group has been in its state, in milliseconds, if that is known.
    pub in_state_ms: Option<i64>,
    /// `offsets.retention.minutes`, in milliseconds.
    pub retention_ms: i64,
}

/// Who is in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupPhase {
    /// Nobody ever was: it only commits.
    Simple,
    /// Nobody is any more.
    Empty,
    /// Members are, and it is being rebalanced.
    Rebalancing,
    /// Members are, and have their partitions.
    Stable,
}

/// A member says that it owns a partition.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The generation in which it was given that.
    pub generation: GenerationId,
    /// The same of another member that claims it, too, and that was believed so far.
    pub of_the_earlier: Option<GenerationId>,
    /// The latest generation that any member speaks of.
    pub latest: GenerationId,
}

/// Whose claim to a partition counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Believed {
    /// That of the member at hand.
    TheClaim,
    /// That of who has claimed it before, if anybody has.
    TheEarlier,
    /// Nobody's.
    Neither,
}
