//! What a producer makes of an answer: success, another attempt, or a failure.

use crate::config::ProducerConfig;
use crate::error::ErrorCode;
use crate::timer::{Clock, Growth, Window};

/// What an answer means for a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The batch is in the log.
    Succeeded,
    /// It is to be sent again.
    Retry,
    /// It is to be sent again, and its partition begins anew: the broker waits for a sequence that will never come (KIP-360).
    RetryAnew,
    /// It is to be sent again, in smaller batches (KIP-126).
    Split,
    /// It is given up.
    Failed,
}

/// An attempt that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// The answer.
    pub(super) error: ErrorCode,
    /// How often the batch was put back before.
    pub(super) earlier: u32,
    /// Nothing that is still under way could come before it: a sequence that is out of order has a gap before it.
    pub(super) is_gap: bool,
    /// It has more than one record.
    pub(super) is_divisible: bool,
    /// The answer says where the log starts.
    pub(super) knows_log_start: bool,
}

/// `Sender.completeBatch`, `Sender.canRetry` and `TransactionManager.canRetry`.
pub(super) fn judge(attempt: Attempt, config: &ProducerConfig) -> Verdict {
    let Attempt { error, earlier, .. } = attempt;
    let is_numbered = config.enable_idempotence;
    // The batch is in the log, but so old that the broker does not know where.
    let is_known_already = error == ErrorCode::DuplicateSequenceNumber;
    if error == ErrorCode::None || is_known_already {
        Verdict::Succeeded
    } else if error == ErrorCode::MessageTooLarge && attempt.is_divisible {
        Verdict::Split
    } else if earlier >= config.retries {
        Verdict::Failed
    } else if is_numbered && error == ErrorCode::OutOfOrderSequenceNumber {
        // A sequence that is out of order only because an earlier one was refused comes right with it. What is tried for the first time
        // may have been sent behind an earlier one that was acknowledged only after the broker had refused it.
        if attempt.is_gap && earlier > 0 {
            Verdict::RetryAnew
        } else {
            Verdict::Retry
        }
    } else if is_numbered && error == ErrorCode::UnknownProducerId {
        // A broker that does not say where the log starts is about to lose the partition.
        if attempt.knows_log_start {
            Verdict::RetryAnew
        } else {
            Verdict::Retry
        }
    } else if error.is_retriable() {
        Verdict::Retry
    } else {
        Verdict::Failed
    }
}

/// Whether a broker that answers so has certainly not appended the batch in this attempt. Other errors can also hit a
/// batch that is in the log and waits for its replicas: NOT_LEADER_OR_FOLLOWER, for one (KAFKA-13574).
pub(super) fn rules_out_append(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::NotEnoughReplicas
            | ErrorCode::CorruptMessage
            | ErrorCode::MessageTooLarge
            | ErrorCode::InvalidRecord
            | ErrorCode::InvalidRequest
            | ErrorCode::InvalidTopicException
            | ErrorCode::InvalidRequiredAcks
            | ErrorCode::UnsupportedVersion
            | ErrorCode::UnsupportedForMessageFormat
            | ErrorCode::UnsupportedCompressionType
            | ErrorCode::OutOfOrderSequenceNumber
            | ErrorCode::InvalidProducerEpoch
            | ErrorCode::UnknownProducerId
    )
}

/// Whether the error is one of Kafka's `InvalidMetadataException`s: the leader may be somebody else.
pub(super) fn doubts_metadata(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId
            | ErrorCode::LeaderNotAvailable
            | ErrorCode::NotLeaderOrFollower
            | ErrorCode::ReplicaNotAvailable
            | ErrorCode::NetworkException
            | ErrorCode::KafkaStorageError
            | ErrorCode::FencedLeaderEpoch
    )
}

/// Whether the answer may name the leader (KIP-951).
pub(super) fn may_name_leader(error: ErrorCode) -> bool {
    matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch)
}

/// Kafka's default of `retries`: as many as fit into `delivery.timeout.ms`.
const UNLIMITED: u32 = i32::MAX.cast_unsigned();

/// The number of attempts after one more. It counts up to `retries` or, if those are unlimited, until the back-off has
/// stopped growing: no decision looks further.
pub(super) fn next_attempt(attempts: u32, config: &ProducerConfig) -> u32 {
    let last = if config.retries < UNLIMITED {
        config.retries
    } else {
        doublings(config) + 1
    };
    attempts.saturating_add(1).min(last)
}

/// How long to wait before a batch that was put back `attempts` times is sent again: doubling, ±20 %, up to
/// `retry.backoff.max.ms` (KIP-580).
pub(super) fn backoff(attempts: u32, config: &ProducerConfig) -> Window {
    let max = config.retry_backoff_max_ms;
    let factor = 1_u64 << (attempts.max(1) - 1).min(doublings(config));
    let backoff_ms = config.retry_backoff_ms.saturating_mul(factor).min(max);
    let Window {
        earliest_ms, latest_ms, ..
    } = Window::backoff(backoff_ms);
    Window {
        clock: Clock::Wall,
        earliest_ms,
        latest_ms: latest_ms.min(max),
        growth: Growth::Never,
    }
}

/// How often `retry.backoff.ms` can be doubled until it reaches its maximum.
fn doublings(config: &ProducerConfig) -> u32 {
    let mut backoff_ms = config.retry_backoff_ms;
    let mut doublings = 0;
    while 0 < backoff_ms && backoff_ms < config.retry_backoff_max_ms {
        backoff_ms = backoff_ms.saturating_mul(2);
        doublings += 1;
    }
    doublings
}
