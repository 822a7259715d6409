//! Every situation by its name and its sentence.

/// Something that a campaign may have to reach before its silence means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// What it is called.
    pub name: &'static str,
    /// What happened, in words.
    pub sentence: &'static str,
}

macro_rules! situations {
    ($($variant:ident = $name:literal, $sentence:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Reached { $($variant,)* }

        pub(super) const SITUATIONS: &[Situation] = &[$(Situation { name: $name, sentence: $sentence },)*];
    };
}

situations! {
    LeaderChange = "leader-change", "a partition got another leader";
    UncleanElection = "unclean-election", "a replica was elected that was not known to have every committed record";
    PreferredElection = "preferred-election", "an operator had a preferred replica take over";
    UncleanElectionAskedFor = "unclean-election-asked-for", "an operator had anybody lead where nobody led";
    TopicDeleted = "topic-deleted", "a topic was deleted";
    ReplicaRetired = "replica-retired", "a broker removed a log that it does not replicate any more";
    PartitionOffline = "partition-offline", "nobody could lead a partition";
    EligibleLeaderKept = "eligible-leader-kept", "a replica left the in-sync replicas, but stayed eligible";
    IsrShrink = "isr-shrink", "a replica left the in-sync replicas";
    IsrExpand = "isr-expand", "a replica joined the in-sync replicas";
    AlterPartitionRefused = "alter-partition-refused", "the controller refused what a leader proposed";
    BrokerFenced = "broker-fenced", "the controller fenced a broker";
    ControllerRestart = "controller-restart", "the controller began another epoch";
    MetadataReplayed = "metadata-replayed", "a broker took in what the controller had committed";
    Truncation = "truncation", "a log lost its end, because its leader had something else";
    RecordsDeleted = "records-deleted", "a leader's log started later, because an operator asked for it";
    SegmentsDeleted = "segments-deleted", "a log started later, because its first segments were too old or too much";
    LogStartFollowed = "log-start-followed", "a follower's log started later, because its leader's did";
    LogStartedAnew = "log-started-anew", "a replica's log ended before its leader's started, and began anew";
    RecordsCompacted = "records-compacted", "a cleaner took records that later ones of the same key supersede";
    DeletionsCompacted = "deletions-compacted", "a cleaner took the deletion of a key, after delete.retention.ms";
    ProducersExpired = "producers-expired", "a log forgot producers that had been idle for too long";
    Divergence = "divergence", "a fetch showed that a follower had diverged";
    EpochRefused = "epoch-refused", "a request carried another leader epoch than the broker's";
    DuplicateSuppressed = "duplicate-suppressed", "a batch was answered instead of being appended again";
    NotEnoughReplicas = "not-enough-replicas", "a batch was refused because too few replicas were in sync";
    ProduceRefused = "produce-refused", "a batch was refused";
    ParkedProduceExpired = "parked-produce-expired", "a Produce was answered before all in-sync replicas had it";
    ParkedFetchExpired = "parked-fetch-expired", "a Fetch had waited long enough";
    OversizedBatchRead = "oversized-batch-read", "a Fetch was given a first batch larger than its limits";
    TornBatch = "torn-batch", "a log was found broken at its end";
    BatchRetried = "batch-retried", "a producer sent a batch again";
    BatchOfOne = "batch-of-one", "a leader took a batch of one record";
    BatchOfMany = "batch-of-many", "a leader took a batch of ten records or more";
    BatchCompressed = "batch-compressed", "a leader took a compressed batch";
    BatchSplit = "batch-split", "a batch was too large for its topic, and was sent again in parts";
    MemoryAwaited = "memory-awaited", "a send had to wait for memory";
    BufferExhausted = "buffer-exhausted", "a send had waited too long for memory";
    MetadataNeverCame = "metadata-never-came", "a send had waited too long for metadata";
    StickyPartitionDrawn = "sticky-partition-drawn", "records without a key went to another partition";
    StickyPartitionWeighed = "sticky-partition-weighed", "shorter queues had better odds of being next for records without a key";
    BatchExpired = "batch-expired", "a producer gave a batch up";
    SequenceLost = "sequence-lost", "an idempotent producer gave up what it could not send again";
    EpochBumped = "epoch-bumped", "an idempotent producer began anew with the next epoch";
    ReaderValidatedPosition = "reader-validated-position", "a consumer validated its position against a new leader";
    ReaderTruncated = "reader-truncated", "a consumer found the log shorter than its position";
    ReaderOutOfRange = "reader-out-of-range", "what a consumer was to read next was not in the log";
    ReaderReset = "reader-reset", "a consumer looked its position up";
    ReaderPaused = "reader-paused", "an application paused partitions";
    ReaderResumed = "reader-resumed", "an application resumed partitions";
    ReaderSought = "reader-sought", "an application moved its position to an offset";
    ReaderSoughtEnd = "reader-sought-end", "an application moved its position to the beginning or the end of the log";
    ReaderWoken = "reader-woken", "a poll, or a lookup, was woken up";
    PositionTold = "position-told", "a consumer told its position";
    BeginningTold = "beginning-told", "a consumer was told where a log begins that had lost its first records";
    EndTold = "end-told", "a consumer was told where a log ends";
    FoundByTime = "found-by-time", "a consumer was told which record is the first at or after a time";
    NotFoundByTime = "not-found-by-time", "a consumer was told that there is no record at or after a time";
    LookupTimedOut = "lookup-timed-out", "a consumer waited too long to be told where something is";
    ReaderClosed = "reader-closed", "a consumer was closed";
    MemberJoined = "member-joined", "a consumer joined a generation of its group";
    GroupRebalanced = "group-rebalanced", "the partitions of a group were distributed anew";
    GroupEmptied = "group-emptied", "the last member of a group was gone";
    PartitionsAssigned = "partitions-assigned", "a rebalance listener was told of partitions that came";
    PartitionsRevoked = "partitions-revoked", "a rebalance listener was told of partitions that went";
    PartitionsLost = "partitions-lost", "a rebalance listener was told of partitions that others may have already";
    MemberFenced = "member-fenced", "a consumer was told that it is no member any more";
    MemberExpired = "member-expired", "a coordinator had not heard from a member for too long";
    PollIntervalExceeded = "poll-interval-exceeded", "a consumer left its group because its application did not poll";
    StaticMemberReturned = "static-member-returned", "a static member took its place in the same generation again";
    CommitAcknowledged = "commit-acknowledged", "a commit was acknowledged";
    CommitRefused = "commit-refused", "an application was told that a commit failed";
    CommitOvertaken = "commit-overtaken", "an asynchronous commit failed for a passing reason while a later one was under way";
    CommittedAutomatically = "committed-automatically", "a consumer committed by itself";
    CommittedInListener = "committed-in-listener", "a rebalance listener committed what it was about to lose";
    CommittedPositionUsed = "committed-position-used", "a consumer began where its group had come to";
    NothingCommitted = "nothing-committed", "a consumer was told that its group has committed nothing in a partition";
    CommittedTruncated = "committed-truncated", "a consumer found the log shorter than where its group had come to";
    OffsetsForgotten = "offsets-forgotten", "a coordinator forgot where a group had come to";
    CoordinatorLoaded = "coordinator-loaded", "a broker read what groups had written before";
    CoordinatorMoved = "coordinator-moved", "another broker than before coordinated a group";
    CoordinatorLost = "coordinator-lost", "a consumer looked for another coordinator";
    RecordProcessed = "record-processed", "an application processed a record";
    Acknowledged = "acknowledged", "a send was acknowledged";
    SendFailed = "send-failed", "a send was not acknowledged";
    PartitionsTold = "partitions-told", "a producer told which partitions a topic has";
    Flushed = "flushed", "a flush returned";
    Closed = "closed", "a client was closed";
    Read = "read", "a poll returned records";
    Crash = "crash", "a process crashed";
    PowerLoss = "power-loss", "a process lost power";
    LossyPowerLoss = "lossy-power-loss", "a broker lost records to a power failure";
    DiskWiped = "disk-wiped", "a disk was replaced by an empty one";
    CheckpointsStale = "checkpoints-stale", "a process started with checkpoints older than its logs";
    DiskRotten = "disk-rotten", "a batch rotted on a disk";
    CorruptRead = "corrupt-read", "a poll came upon a batch whose CRC does not match";
    DiskFull = "disk-full", "a disk was full";
    WriteRefused = "write-refused", "a process halted because its disk was full";
    Pause = "pause", "a process paused";
    Cut = "cut", "the network was cut";
    Reset = "reset", "a connection was broken";
    ConnectionRefused = "connection-refused", "a connection could not be made";
    ConnectionSevered = "connection-severed", "a connection ended with requests under way";
    LateRequestDelivered = "late-request-delivered", "a request arrived after its connection had ended";
    LateRequestLost = "late-request-lost", "a request whose connection had ended never arrived";
    ClockJump = "clock-jump", "a wall clock jumped";
    ControlledShutdown = "controlled-shutdown", "a broker shut down in order";
    RollingRestart = "rolling-restart", "every broker shut down in order, and none died in between";
    PartitionAdded = "partition-added", "a topic got another partition";
    Restart = "restart", "a process started again";
    SyncFailed = "sync-failed", "a disk could not make something durable";
    RequestTimedOut = "request-timed-out", "somebody waited too long for an answer";
    SessionExpired = "session-expired", "the controller had not heard from a broker for too long";
    ReplicaLagged = "replica-lagged", "a follower had not been caught up for too long";
}

/// Every situation.
pub fn situations() -> impl Iterator<Item = &'static Situation> {
    SITUATIONS.iter()
}

/// The situation of this name.
#[must_use]
pub fn situation(name: &str) -> Option<&'static Situation> {
    situations().find(|situation| situation.name == name)
}
