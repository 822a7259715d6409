//! Every promise by its name and its sentence.

use serde::{Deserialize, Serialize};

macro_rules! promises {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $sentence:literal;)*) => {
        /// What Kafka promises, or does not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Promise {
            $($(#[$doc])* #[doc = concat!(" ", $sentence, ".")] #[serde(rename = $name)] $variant,)*
        }

        impl Promise {
            /// All of them, in the order in which they are explained.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// What it is called: the name that Jepsen gives to the anomaly that breaks it, or a name of the same kind.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What is promised.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }

            /// The promise of this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|promise| promise.name() == name)
            }
        }
    };
}

promises! {
    LostWrite = "lost-write", "an acknowledged record is read by somebody once anybody has read beyond its offset";
    Duplicate = "duplicate", "a record is in the log once";
    InconsistentOffsets = "inconsistent-offsets", "an offset holds one record for ever";
    NonmonotonicSend = "nonmonotonic-send", "what one producer sends to one partition is in the log in the order in which it was sent";
    PollSkip = "poll-skip", "a consumer skips no record";
    NonmonotonicPoll = "nonmonotonic-poll", "a consumer does not go back";
    PausedPoll = "paused-poll", "a consumer is given nothing of a partition that it has paused";
    /// C6.
    ConsumerLimits = "consumer-limits", "a poll returns no more records than max.poll.records, and a fetch no more bytes than asked for but for its first batch";
    ToldPosition = "told-position", "the position that a consumer tells is that of the next record that it returns";
    OffsetForTime = "offset-for-time", "the offset that is found for a time is that of the earliest committed record at or after it";
    BeginningOffset = "beginning-offset", "the beginning of a log that is told does not lie behind a record that nobody has given up";
    /// KIP-207.
    EndOffset = "end-offset", "the end of a log that is told does not lie beyond what is committed, nor before what the same consumer has been told or given";
    Unseen = "unseen", "an acknowledged record is read in the end by whoever reads everything";
    /// R1.
    CandidateCompleteness = "candidate-completeness", "whoever may be elected has every committed record";
    /// R2.
    LeaderCompleteness = "leader-completeness", "a new leader has every acknowledged record";
    /// R3.
    LogMatching = "log-matching", "logs agree below their high watermarks";
    /// R4.
    QuorumSuperset = "quorum-superset", "whoever the controller believes to be in sync, the leader waits for";
    /// R5.
    ConsistentRead = "consistent-read", "nobody reads what is not committed, and what was read stays";
    /// R6.
    MonotoneWatermark = "monotone-watermark", "a leader's high watermark never goes back";
    /// R7.
    SingleLeader = "single-leader", "an epoch has one leader, and epochs only grow";
    /// R7.
    MetadataPrefix = "metadata-prefix", "brokers that have replayed the metadata log equally far know the same";
    /// R8.
    AcknowledgedExists = "acknowledged-exists", "an acknowledged record exists in some replica's log";
    /// R9.
    EpochCache = "epoch-cache", "the leader-epoch cache agrees with the log";
    /// R10.
    UndueDeletion = "undue-deletion", "nothing is deleted that is not committed, or that nobody gave up";
    /// R11.
    Compaction = "compaction", "a cleaner leaves the last committed record of every key, and its deletion for delete.retention.ms";
    /// P3.
    AcknowledgedPayload = "acknowledged-payload", "an acknowledged offset holds exactly what was sent, in the partition that it was sent to";
    DefiniteFailure = "definite-failure", "a record of which its producer is told that it was not written is not in the log";
    /// P4.
    SendCompletion = "send-completion", "every send completes once, in time, and no more requests are under way than allowed";
    /// P2.
    CallbackOrder = "callback-order", "what one producer sends to one partition is acknowledged in the order in which it was sent";
    /// P4.
    FlushCompletion = "flush-completion", "flush and close return once every send before them has completed, and nothing that is sent or asked for after a close succeeds";
    /// C2.
    ExclusiveOwnership = "exclusive-ownership", "nobody is given a partition while another member of the same generation owns it";
    /// C2.
    UnownedPoll = "unowned-poll", "a member of a group is given nothing of a partition that it does not own";
    /// C3.
    StaleCommit = "stale-commit", "no commit takes effect but those of members of the generation that a group is in";
    /// C4.
    CommitBound = "commit-bound", "no consumer commits beyond what it was given";
    ProcessedLoss = "processed-loss", "a record that its group has passed was processed by somebody in it";
    ProcessedTwice = "processed-twice", "a group processes no record twice";
    /// C5.
    AcknowledgedCommit = "acknowledged-commit", "a commit that was acknowledged is in the log of its group";
    /// C5.
    CommittedOffset = "committed-offset", "who is told where a group has come to is told of its last commit, or of a later one";
    /// C5.
    CommitRegression = "commit-regression", "where a group has come to does not go back while one of its members goes on";
    /// C5.
    UndueExpiry = "undue-expiry", "what a group has committed is forgotten only offsets.retention.minutes after anybody in it has read the topic";
    Liveness = "liveness", "everything that may finish does finish once enough is healed";
}

impl std::fmt::Display for Promise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_promises() {
        for promise in Promise::ALL {
            assert_eq!(Promise::from_name(promise.name()), Some(*promise));
            assert_eq!(serde_json::to_value(promise).expect("a name"), promise.name());
        }
        assert_eq!(Promise::from_name("no such promise"), None);
    }
}
