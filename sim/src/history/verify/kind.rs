//! Every anomaly by its name and its sentence.

use serde::Serialize;

use crate::check::Promise;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $sentence:literal;)*) => {
        /// What may be wrong with a history.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Kind {
            $($(#[$doc])* #[doc = concat!(" ", $sentence, ".")] #[serde(rename = $name)] $variant,)*
        }

        impl Kind {
            /// All of them, in the order in which they are told.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// What it is called: the name that Jepsen gives it, or a name of the same kind.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }
        }
    };
}

kinds! {
    LostWrite = "lost-write", "nobody has read an acknowledged record, though somebody has read beyond it";
    Unseen = "unseen", "nobody has read an acknowledged record, though everything was read to the end";
    InconsistentOffsets = "inconsistent-offsets", "one offset was seen to hold several values";
    Duplicate = "duplicate", "one value was seen at several offsets";
    /// A write that failed for certain was read.
    G1a = "G1a", "somebody has read a value whose send failed for certain";
    PrecommittedRead = "precommitted-read", "somebody has read a value before its send was called";
    AcknowledgedPayload = "acknowledged-payload", "a value is in a partition that it was not sent to, or was never sent";
    NonmonotonicSend = "nonmonotonic-send", "a record is in the log before one whose send was answered before it was sent";
    IntNonmonotonicSend = "int-nonmonotonic-send", "a record is in the log before one that was sent before it and not answered yet";
    CallbackOrder = "callback-order", "a producer was told of its sends to one partition in another order than that of the sends";
    PollSkip = "poll-skip", "a poll begins behind a record that its consumer was not given";
    IntPollSkip = "int-poll-skip", "a poll returns records on both sides of one that it does not return";
    NonmonotonicPoll = "nonmonotonic-poll", "a poll begins at or before what its consumer was given already";
    IntNonmonotonicPoll = "int-nonmonotonic-poll", "a poll returns records in another order than that of the log";
    PausedPoll = "paused-poll", "a poll returns records of a partition that is paused";
    CommitBeyondPoll = "commit-beyond-poll", "a consumer commits an offset behind a record that it was not given";
    StaleCommit = "stale-commit", "a group is told, or goes on from, an offset older than the last one that it was told is committed";
    UnaskedCommit = "unasked-commit", "a group is told, or goes on from, an offset that none of its members wanted to commit";
}

/// Why an anomaly may be no cause for concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allowance {
    /// The partition was rebalanced in between.
    Rebalance,
    /// The consumer subscribes, and nobody tells of its rebalances.
    Subscribe,
    /// The topic deletes records.
    Forgets,
    /// The topic was deleted and created again.
    Recreated,
}

impl Kind {
    /// Whether the deletion of records alone can look like this.
    pub(super) const fn is_explained_by_deletion(self) -> bool {
        match self {
            Self::LostWrite
            | Self::Unseen
            | Self::PollSkip
            | Self::IntPollSkip
            | Self::CommitBeyondPoll
            | Self::StaleCommit
            | Self::UnaskedCommit => true,
            // Whose position is deleted may be sent back to what is left, too.
            Self::NonmonotonicPoll => true,
            Self::InconsistentOffsets
            | Self::Duplicate
            | Self::G1a
            | Self::PrecommittedRead
            | Self::AcknowledgedPayload
            | Self::NonmonotonicSend
            | Self::IntNonmonotonicSend
            | Self::CallbackOrder
            | Self::IntNonmonotonicPoll
            | Self::PausedPoll => false,
        }
    }

    /// The promise whose monitor finds the same in a simulated run, if there is one.
    #[must_use]
    pub const fn promise(self) -> Option<Promise> {
        match self {
            Self::LostWrite => Some(Promise::LostWrite),
            Self::Unseen => Some(Promise::Unseen),
            Self::InconsistentOffsets => Some(Promise::InconsistentOffsets),
            Self::Duplicate => Some(Promise::Duplicate),
            Self::G1a => Some(Promise::DefiniteFailure),
            Self::AcknowledgedPayload => Some(Promise::AcknowledgedPayload),
            Self::NonmonotonicSend | Self::IntNonmonotonicSend => Some(Promise::NonmonotonicSend),
            Self::CallbackOrder => Some(Promise::CallbackOrder),
            Self::PollSkip | Self::IntPollSkip => Some(Promise::PollSkip),
            Self::NonmonotonicPoll | Self::IntNonmonotonicPoll => Some(Promise::NonmonotonicPoll),
            Self::PausedPoll => Some(Promise::PausedPoll),
            Self::PrecommittedRead | Self::CommitBeyondPoll | Self::StaleCommit | Self::UnaskedCommit => None,
        }
    }
}

impl Allowance {
    /// Why, in words.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Rebalance => "the partition was rebalanced in between",
            Self::Subscribe => "the consumer subscribes, and no listener tells of its rebalances",
            Self::Forgets => "the topic deletes records",
            Self::Recreated => "the topic was deleted and created again",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
