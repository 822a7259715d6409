//! How a member of a group goes about its records.

/// Everything about a member of a group that is decided before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Habits {
    /// How long each poll waits, in milliseconds.
    pub poll_timeout_ms: u64,
    /// Who commits, and when.
    pub commits: Commits,
    /// Whether its callbacks try an asynchronous commit again that has failed for a passing reason, whatever was committed since.
    pub tries_commits_again: bool,
    /// Who processes records while it polls.
    pub hand_off: HandOff,
    /// How long it takes to process one record, or everything that a poll returned, at least and at most, in milliseconds.
    pub processing_ms: (u64, u64),
    /// Whether everything that a poll returned is processed in one go, rather than record by record.
    pub in_bulk: bool,
    /// How long after its process it subscribes for the first time, at least and at most, in milliseconds.
    pub joins_after_ms: (u64, u64),
    /// After so many polls it does nothing at all, once and for so long, at least and at most, in milliseconds.
    pub stands_still: Option<(u32, (u64, u64))>,
    /// After how many polls it closes its consumer, if it ever does.
    pub closes_after: Option<u32>,
}

/// Who commits what was processed, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Commits {
    /// Nobody but the consumer, if its configuration says so.
    LeftToConsumer,
    /// `commitSync` before anything that a poll returned is processed. What is not known to be committed is not processed: no record twice, some
    /// perhaps never.
    BeforeProcessing,
    /// `commitSync` of what is processed, before the next poll, and whatever is left when partitions are revoked: every record, some perhaps twice.
    AfterProcessing,
    /// `commitAsync` of what is processed, before the next poll, with a `commitSync` when partitions are revoked and before the end.
    Asynchronously,
}

/// Who processes records while the thread that polls goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandOff {
    /// Nobody: there is one thread, which polls again once everything is processed.
    Never,
    /// A worker, while the others polls return more and more.
    WithoutPause,
    /// A worker, while all partitions are paused, so that polls only keep the consumer in its group.
    WithPause,
}

impl Habits {
    /// One thread that processes at once, and leaves commits to its consumer.
    #[must_use]
    pub const fn plain(poll_timeout_ms: u64) -> Self {
        Self {
            poll_timeout_ms,
            commits: Commits::LeftToConsumer,
            tries_commits_again: false,
            hand_off: HandOff::Never,
            processing_ms: (0, 0),
            in_bulk: false,
            joins_after_ms: (0, 0),
            stands_still: None,
            closes_after: None,
        }
    }
}
