//! What a configuration guarantees: which anomalies are violations, which are allowed, which cannot come about, and
//! because of which key.
//!
//! Allowed is narrow. A configuration that does not cover some [`Step`] allows an anomaly only in a run that contains
//! this step; a run without faults allows nothing. The functions named after anomalies judge one occurrence;
//! [`standing`] says what to expect before anything is run.

use kafkasim_core::config::{AutoOffsetReset, ConsumerConfig, ProducerConfig, TopicConfig};
use kafkasim_core::message::Acks;

use super::{Promise, Verdict};

/// The settings that decide what is promised about one topic and those who use it.
#[derive(Clone, Copy, Debug)]
pub struct Configuration<'a> {
    /// Who writes.
    pub producer: &'a ProducerConfig,
    /// How the topic is kept.
    pub topic: &'a TopicConfig,
    /// How many replicas each partition has.
    pub replication_factor: usize,
    /// Whether the cluster keeps eligible leader replicas (KIP-966).
    pub eligible_leader_replicas: bool,
}

/// What a configuration makes of an anomaly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Kafka promises that it does not happen.
    Violation,
    /// It may happen, if a run contains this step.
    Allowed {
        /// The configuration key responsible, with its value.
        because: String,
        /// What has to happen first.
        step: Step,
    },
    /// The configuration excludes what it takes; if it were seen nevertheless, it would be a violation.
    Impossible {
        /// The configuration key responsible, with its value.
        because: String,
    },
}

/// Something that a configuration may not cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A replica leads that is not known to have every committed record.
    UncleanElection,
    /// So many replicas lost records to power failures, or one did and all others who could lead crashed as well, that
    /// nobody who could lead is sure to have them. A controller cannot tell a crash from a power failure (KIP-966).
    TooManyPowerLosses,
    /// A replica leads that lacks records which only the leader before it had.
    LeaderLostUnreplicated,
    /// A request got lost that nobody answers.
    UnansweredRequestLost,
    /// A batch was sent again after an answer that did not rule out that it had been appended.
    RetryAfterLostAnswer,
    /// A batch was sent again while later ones were under way, or arrived after its connection had ended.
    OvertakenBatch,
    /// A batch was acknowledged later than one behind it: sent again after it was appended, or to another leader.
    LateAcknowledgement,
    /// A consumer was gone before its application had processed what was committed.
    CommittedAhead,
    /// A consumer began where others, or itself before, had processed more than was committed.
    GivenAgain,
    /// A commit was carried out after a later one of the same consumer.
    CommitOvertaken,
}

impl Step {
    /// The step in words.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::UncleanElection => "a replica was elected that was not known to have every committed record",
            Self::TooManyPowerLosses => "too many replicas lost records to power failures",
            Self::LeaderLostUnreplicated => "a leader was replaced by one that lacked acknowledged records",
            Self::UnansweredRequestLost => "a request was lost that nobody answers",
            Self::RetryAfterLostAnswer => "a batch was sent again that may have been appended before",
            Self::OvertakenBatch => "a batch was overtaken by a later one",
            Self::LateAcknowledgement => "a batch was acknowledged after a later one",
            Self::CommittedAhead => "a consumer was gone before what was committed had been processed",
            Self::GivenAgain => "a consumer began before what had been processed already",
            Self::CommitOvertaken => "a commit was carried out after a later one",
        }
    }
}

/// Why a leader did not know an idempotent producer that has written to its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Forgetting {
    /// It had begun anew behind all that it had of that producer: Kafka hands no producers' states over to a replica that has to start at its
    /// leader's start, so old records that are deleted cost the protection of their retries.
    Deleted,
    /// The producer had been idle for too long by its wall clock.
    Expired {
        /// After how many milliseconds that is.
        expiration_ms: i64,
    },
}

/// A batch was appended again, or behind what was sent after it, because its leader did not know its producer any more. That costs the first batch
/// of a sequence its protection, and with it whatever follows it batch after batch: nobody takes anything else from a producer that he does not know.
pub(super) fn unknown_producer(forgetting: Option<Forgetting>, otherwise: Verdict) -> Verdict {
    match (forgetting, otherwise) {
        (Some(Forgetting::Deleted), Verdict::Violated) => Verdict::Allowed {
            because: "the deletion of old records (retention.ms, retention.bytes, DeleteRecords)".to_owned(),
        },
        (Some(Forgetting::Expired { expiration_ms }), Verdict::Violated) => Verdict::Allowed {
            because: format!("producer.id.expiration.ms={expiration_ms}"),
        },
        (_, otherwise) => otherwise,
    }
}

/// A consumer goes back. If what it was to read next was deleted, it starts over at whatever its leader still has, and another leader may have
/// more.
pub(super) fn read_again(policy: Option<AutoOffsetReset>, was_undercut: bool, otherwise: Verdict) -> Verdict {
    match policy {
        Some(AutoOffsetReset::Earliest) if was_undercut => Verdict::Allowed {
            because: "auto.offset.reset=earliest".to_owned(),
        },
        Some(AutoOffsetReset::Earliest | AutoOffsetReset::Latest | AutoOffsetReset::None) | None => otherwise,
    }
}

/// A consumer skips a record that was not deleted. If what it was to read next was, or if it had nowhere to begin yet, it may begin at the end.
pub(super) fn skipped(policy: Option<AutoOffsetReset>, had_no_position: bool, otherwise: Verdict) -> Verdict {
    match policy {
        Some(AutoOffsetReset::Latest) if had_no_position => Verdict::Allowed {
            because: "auto.offset.reset=latest".to_owned(),
        },
        Some(AutoOffsetReset::Earliest | AutoOffsetReset::Latest | AutoOffsetReset::None) | None => otherwise,
    }
}

/// A consumer goes on in a new topic where it was in another of the same name. Nobody tells it, unless its leader does not know the epoch.
pub(super) fn brought_along() -> Verdict {
    Verdict::Allowed {
        because: "the deletion of the topic".to_owned(),
    }
}

/// A record is processed again by a consumer that has begun anew in its partition: commits come after processing, or with the next poll, and may not
/// come at all. Only transactions would make one of both.
pub(super) fn processed_again(consumer: Option<&ConsumerConfig>) -> Verdict {
    let is_automatic = consumer.is_some_and(|consumer| consumer.enable_auto_commit);
    Verdict::Allowed {
        because: format!("enable.auto.commit={is_automatic}"),
    }
}

/// A group has passed a record that nobody has processed: `was_ahead` is whether that was committed before somebody was to process it, and then
/// whether by the consumer itself; `is_latest` whether consumers begin at the end where nothing is committed.
pub(super) fn passed_over(was_ahead: Option<bool>, is_latest: bool, otherwise: Verdict) -> Verdict {
    let because = match (was_ahead, is_latest) {
        (Some(true), _) => "enable.auto.commit=true",
        (Some(false), _) => "enable.auto.commit=false, with commits before processing",
        (None, true) => "auto.offset.reset=latest",
        (None, false) => return otherwise,
    };
    Verdict::Allowed {
        because: because.to_owned(),
    }
}

/// A group goes back to what a consumer has sent again behind a later commit; whether its application has asked for that.
pub(super) fn committed_again(was_asked: bool) -> Verdict {
    if was_asked {
        Verdict::Allowed {
            because: "an application that tries a commit again".to_owned(),
        }
    } else {
        Verdict::Violated
    }
}

/// A group goes back to what a consumer has sent before a later commit; whether one of its commits has outlived its connection. Commits have no
/// sequence that a coordinator could tell that by.
pub(super) fn commit_overtaken(was_late: bool) -> Verdict {
    if was_late {
        Verdict::Allowed {
            because: "a commit that outlived its connection".to_owned(),
        }
    } else {
        Verdict::Violated
    }
}

/// A partition is nobody's, and will be until the next rebalance: `has_returned` is whether a static member has taken its place in the generation of
/// a cooperative group again, which withholds what changes hands until somebody gives it up.
pub(super) fn orphaned(has_returned: bool) -> Verdict {
    if has_returned {
        Verdict::Allowed {
            because: "group.instance.id with partition.assignment.strategy=cooperative-sticky".to_owned(),
        }
    } else {
        Verdict::Violated
    }
}

/// What is to be expected of an anomaly under a configuration.
#[must_use]
pub fn standing(promise: Promise, configuration: &Configuration<'_>) -> Standing {
    match promise {
        Promise::LostWrite | Promise::Unseen | Promise::AcknowledgedPayload | Promise::AcknowledgedExists => {
            configuration.loss_of_acknowledged()
        }
        Promise::InconsistentOffsets => match configuration.producer.acks {
            // What was acknowledged at an offset counts as seen there, and nobody told where it went.
            Acks::None | Acks::All => configuration.loss_of_committed(),
            Acks::Leader => configuration.loss_of_acknowledged(),
        },
        Promise::PollSkip
        | Promise::NonmonotonicPoll
        | Promise::LeaderCompleteness
        | Promise::CandidateCompleteness
        | Promise::ToldPosition
        | Promise::OffsetForTime
        | Promise::BeginningOffset
        | Promise::EndOffset
        | Promise::AcknowledgedCommit
        | Promise::CommittedOffset
        | Promise::ConsistentRead => configuration.loss_of_committed(),
        Promise::LogMatching | Promise::QuorumSuperset if configuration.replication_factor == 1 => {
            Standing::Impossible {
                because: "replication.factor=1".to_owned(),
            }
        }
        Promise::Duplicate => configuration.duplicates(),
        Promise::NonmonotonicSend => configuration.reordering(),
        Promise::CallbackOrder => configuration.late_callbacks(),
        Promise::LogMatching
        | Promise::QuorumSuperset
        | Promise::MonotoneWatermark
        | Promise::SingleLeader
        | Promise::MetadataPrefix
        | Promise::EpochCache
        | Promise::UndueDeletion
        | Promise::Compaction
        | Promise::DefiniteFailure
        | Promise::SendCompletion
        | Promise::FlushCompletion
        | Promise::PausedPoll
        | Promise::ConsumerLimits
        | Promise::ExclusiveOwnership
        | Promise::UnownedPoll
        | Promise::StaleCommit
        | Promise::CommitBound
        | Promise::UndueExpiry
        | Promise::Liveness => Standing::Violation,
        Promise::ProcessedLoss => Standing::Allowed {
            because: "enable.auto.commit=true".to_owned(),
            step: Step::CommittedAhead,
        },
        Promise::ProcessedTwice => Standing::Allowed {
            because: "enable.auto.commit".to_owned(),
            step: Step::GivenAgain,
        },
        Promise::CommitRegression => Standing::Allowed {
            because: "an application that tries a commit again".to_owned(),
            step: Step::CommitOvertaken,
        },
    }
}

impl Configuration<'_> {
    fn loss_of_acknowledged(&self) -> Standing {
        let because = because_of_acks(self.producer.acks);
        match self.producer.acks {
            Acks::None => Standing::Allowed {
                because,
                step: Step::UnansweredRequestLost,
            },
            Acks::Leader => Standing::Allowed {
                because,
                step: Step::LeaderLostUnreplicated,
            },
            Acks::All => self.loss_of_committed(),
        }
    }

    fn loss_of_committed(&self) -> Standing {
        if self.topic.unclean_leader_election_enable {
            Standing::Allowed {
                because: because_of_unclean(),
                step: Step::UncleanElection,
            }
        } else {
            let because = because_of_power(self.topic, self.eligible_leader_replicas);
            Standing::Allowed {
                because,
                step: Step::TooManyPowerLosses,
            }
        }
    }

    fn duplicates(&self) -> Standing {
        if self.producer.enable_idempotence {
            Standing::Violation
        } else if self.producer.acks == Acks::None {
            Standing::Impossible {
                because: because_of_acks(Acks::None),
            }
        } else if self.producer.retries == 0 {
            Standing::Impossible {
                because: "retries=0".to_owned(),
            }
        } else {
            Standing::Allowed {
                because: because_of_idempotence(),
                step: Step::RetryAfterLostAnswer,
            }
        }
    }

    fn reordering(&self) -> Standing {
        if self.producer.enable_idempotence {
            Standing::Violation
        } else if self.producer.max_in_flight_requests_per_connection > 1 && self.producer.retries > 0 {
            Standing::Allowed {
                because: because_of_in_flight(self.producer),
                step: Step::OvertakenBatch,
            }
        } else {
            // A request that outlives its connection can still be overtaken by its successor.
            Standing::Allowed {
                because: because_of_idempotence(),
                step: Step::OvertakenBatch,
            }
        }
    }

    fn late_callbacks(&self) -> Standing {
        if self.producer.enable_idempotence && self.producer.max_in_flight_requests_per_connection > 1 {
            Standing::Allowed {
                because: because_of_in_flight(self.producer),
                step: Step::LateAcknowledgement,
            }
        } else {
            self.reordering()
        }
    }
}

/// Committed records are gone: what this run contains that explains it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LossSteps {
    /// The partition had an unclean election since it was last led cleanly.
    pub unclean_election: bool,
    /// An operator asked for that.
    pub asked_for: bool,
    /// The records were among those that power failures took from too many replicas.
    pub too_many_power_losses: bool,
}

/// Judges the loss of a committed record.
#[must_use]
pub fn lost_committed(topic: &TopicConfig, eligible_leader_replicas: bool, steps: LossSteps) -> Verdict {
    if steps.unclean_election && topic.unclean_leader_election_enable {
        Verdict::Allowed {
            because: because_of_unclean(),
        }
    } else if steps.unclean_election && steps.asked_for {
        Verdict::Allowed {
            because: because_of_operator(),
        }
    } else if steps.too_many_power_losses {
        Verdict::Allowed {
            because: because_of_power(topic, eligible_leader_replicas),
        }
    } else {
        Verdict::Violated
    }
}

/// Judges the loss of a record that was acknowledged, but not committed as far as anybody could see: `step` is whether
/// the run contains what its `acks` do not cover, `committed` what a committed record would be judged as.
#[must_use]
pub fn lost_acknowledged(acks: Acks, step: bool, committed: Verdict) -> Verdict {
    match acks {
        Acks::None | Acks::Leader if step => Verdict::Allowed {
            because: because_of_acks(acks),
        },
        Acks::None | Acks::Leader | Acks::All => committed,
    }
}

/// Judges a record that is in the log twice: `retried` is whether its producer sent something to that partition again
/// that may have been appended before. An idempotent producer that begins anew with the next epoch does not send again what
/// may be there (KIP-360).
#[must_use]
pub fn duplicate(producer: &ProducerConfig, retried: bool) -> Verdict {
    if !producer.enable_idempotence && retried {
        Verdict::Allowed {
            because: because_of_idempotence(),
        }
    } else {
        Verdict::Violated
    }
}

/// Judges records of one producer that are in the log in another order than they were sent in: `retried` is whether it
/// sent something to that partition again, `late` whether a request of its outlived its connection.
#[must_use]
pub fn reordered(producer: &ProducerConfig, retried: bool, late: bool) -> Verdict {
    if producer.enable_idempotence {
        Verdict::Violated
    } else if retried && producer.max_in_flight_requests_per_connection > 1 {
        Verdict::Allowed {
            because: because_of_in_flight(producer),
        }
    } else if late {
        Verdict::Allowed {
            because: because_of_idempotence(),
        }
    } else {
        Verdict::Violated
    }
}

/// Judges a producer that is told of a record after it was told of what it has sent behind it: `step` is whether it sent something to that partition
/// again that may have been appended before, or the partition had more than one leader. However idempotent, what is there already is acknowledged
/// when it is sent again, and whatever was under way behind it may be appended in the meantime; and the answer of one leader may come after that
/// of the next. Kafka's documentation guarantees the order of callbacks nevertheless.
#[must_use]
pub fn told_late(producer: &ProducerConfig, step: bool, otherwise: Verdict) -> Verdict {
    if step && producer.max_in_flight_requests_per_connection > 1 {
        Verdict::Allowed {
            because: because_of_in_flight(producer),
        }
    } else {
        otherwise
    }
}

fn because_of_acks(acks: Acks) -> String {
    match acks {
        Acks::None => "acks=0",
        Acks::Leader => "acks=1",
        Acks::All => "acks=all",
    }
    .to_owned()
}

fn because_of_unclean() -> String {
    "unclean.leader.election.enable=true".to_owned()
}

/// What the operator told `kafka-leader-election.sh`.
fn because_of_operator() -> String {
    "--election-type unclean".to_owned()
}

fn because_of_power(topic: &TopicConfig, eligible_leader_replicas: bool) -> String {
    if eligible_leader_replicas {
        format!("min.insync.replicas={}", topic.min_insync_replicas)
    } else {
        "eligible.leader.replicas.version=0".to_owned()
    }
}

fn because_of_idempotence() -> String {
    "enable.idempotence=false".to_owned()
}

fn because_of_in_flight(producer: &ProducerConfig) -> String {
    format!(
        "max.in.flight.requests.per.connection={}",
        producer.max_in_flight_requests_per_connection
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[(&str, &str)], promise: Promise, expected: &str) {
        let is_topics = |(key, _): &&(&str, &str)| TopicConfig::parse([(*key, "1")], &TopicConfig::defaults()).is_ok();
        let is_topics = |pair: &&(&str, &str)| is_topics(pair) || pair.0.starts_with("unclean");
        let of_topic: Vec<_> = pairs.iter().filter(is_topics).copied().collect();
        let of_producer: Vec<_> = pairs.iter().filter(|pair| !is_topics(pair)).copied().collect();
        let configuration = Configuration {
            producer: &ProducerConfig::parse(of_producer, vec![kafkasim_core::ids::NodeId(1)])
                .expect("a valid producer"),
            topic: &TopicConfig::parse(of_topic, &TopicConfig::defaults()).expect("a valid topic"),
            replication_factor: 3,
            eligible_leader_replicas: true,
        };
        let told = match standing(promise, &configuration) {
            Standing::Violation => "violation".to_owned(),
            Standing::Allowed { because, step } => format!("allowed by {because} if {}", step.sentence()),
            Standing::Impossible { because } => format!("impossible by {because}"),
        };
        assert_eq!(told, expected, "{promise:?} under {pairs:?}");
    }

    #[test]
    fn names_the_key_responsible() {
        let unreplicated = "allowed by acks=1 if a leader was replaced by one that lacked acknowledged records";
        check(&[("acks", "1")], Promise::LostWrite, unreplicated);
        check(
            &[("acks", "0")],
            Promise::LostWrite,
            "allowed by acks=0 if a request was lost that nobody answers",
        );
        let power = "allowed by min.insync.replicas=2 if too many replicas lost records to power failures";
        check(&[("min.insync.replicas", "2")], Promise::LostWrite, power);
        let unclean = "allowed by unclean.leader.election.enable=true if \
                       a replica was elected that was not known to have every committed record";
        check(
            &[("unclean.leader.election.enable", "true")],
            Promise::InconsistentOffsets,
            unclean,
        );
        check(&[], Promise::Duplicate, "violation");
        let retry = "allowed by enable.idempotence=false if a batch was sent again that may have been appended before";
        check(&[("acks", "1")], Promise::Duplicate, retry);
        check(&[("retries", "0")], Promise::Duplicate, "impossible by retries=0");
        let overtaken = "allowed by max.in.flight.requests.per.connection=5 if a batch was overtaken by a later one";
        check(&[("acks", "1")], Promise::NonmonotonicSend, overtaken);
        check(&[("acks", "1")], Promise::CallbackOrder, overtaken);
        let again = "allowed by max.in.flight.requests.per.connection=5 if a batch was acknowledged after a later one";
        check(&[], Promise::CallbackOrder, again);
        check(
            &[("max.in.flight.requests.per.connection", "1")],
            Promise::CallbackOrder,
            "violation",
        );
    }

    #[test]
    fn allows_nothing_without_the_step() {
        let topic = TopicConfig::defaults();
        assert_eq!(lost_committed(&topic, true, LossSteps::default()), Verdict::Violated);
        let unclean = LossSteps {
            unclean_election: true,
            ..LossSteps::default()
        };
        assert_eq!(
            lost_committed(&topic, true, unclean),
            Verdict::Violated,
            "unclean elections are off"
        );
        let asked_for = LossSteps {
            asked_for: true,
            ..unclean
        };
        let by_operator = Verdict::Allowed {
            because: "--election-type unclean".to_owned(),
        };
        assert_eq!(lost_committed(&topic, true, asked_for), by_operator);
        assert_eq!(
            lost_acknowledged(Acks::Leader, false, Verdict::Violated),
            Verdict::Violated
        );
        let allowed = Verdict::Allowed {
            because: "acks=1".to_owned(),
        };
        assert_eq!(lost_acknowledged(Acks::Leader, true, Verdict::Violated), allowed);
        assert_eq!(lost_acknowledged(Acks::All, true, Verdict::Violated), Verdict::Violated);
    }
}
