//! Kafka's error codes, by the names and numbers of the protocol guide.

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $kafka:literal, retriable: $retriable:literal;)*) => {
        /// A Kafka error code. [`ErrorCode::None`] is success.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[repr(i16)]
        pub enum ErrorCode { $($(#[$doc])* $name = $code,)* }

        impl ErrorCode {
            /// The name in the protocol guide.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $kafka,)* }
            }

            /// Whether Kafka's clients retry after it.
            #[must_use]
            pub const fn is_retriable(self) -> bool {
                match self { $(Self::$name => $retriable,)* }
            }

            /// The error with this number, if it is one that any of our machines uses.
            #[must_use]
            pub const fn from_code(code: i16) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }
        }
    };
}

error_codes! {
    /// Anything unexpected.
    UnknownServerError = -1, "UNKNOWN_SERVER_ERROR", retriable: false;
    /// Success.
    #[default]
    None = 0, "NONE", retriable: false;
    /// The fetch offset is not within the log.
    OffsetOutOfRange = 1, "OFFSET_OUT_OF_RANGE", retriable: false;
    /// A batch fails its CRC, or is otherwise broken.
    CorruptMessage = 2, "CORRUPT_MESSAGE", retriable: true;
    /// No such topic or partition here.
    UnknownTopicOrPartition = 3, "UNKNOWN_TOPIC_OR_PARTITION", retriable: true;
    /// There is no leader.
    LeaderNotAvailable = 5, "LEADER_NOT_AVAILABLE", retriable: true;
    /// This broker does not lead (or, for some requests, replicate) the partition.
    NotLeaderOrFollower = 6, "NOT_LEADER_OR_FOLLOWER", retriable: true;
    /// A time-out at the broker.
    RequestTimedOut = 7, "REQUEST_TIMED_OUT", retriable: true;
    /// This broker has no replica of the partition.
    ReplicaNotAvailable = 9, "REPLICA_NOT_AVAILABLE", retriable: true;
    /// The batch is larger than `max.message.bytes`.
    MessageTooLarge = 10, "MESSAGE_TOO_LARGE", retriable: false;
    /// The metadata of a committed offset is longer than `offset.metadata.max.bytes`.
    OffsetMetadataTooLarge = 12, "OFFSET_METADATA_TOO_LARGE", retriable: false;
    /// The connection ended before the answer came.
    NetworkException = 13, "NETWORK_EXCEPTION", retriable: true;
    /// The coordinator is still reading what it has to know.
    CoordinatorLoadInProgress = 14, "COORDINATOR_LOAD_IN_PROGRESS", retriable: true;
    /// There is no coordinator, or it cannot write.
    CoordinatorNotAvailable = 15, "COORDINATOR_NOT_AVAILABLE", retriable: true;
    /// This broker does not coordinate the group.
    NotCoordinator = 16, "NOT_COORDINATOR", retriable: true;
    /// The topic's name is not legal.
    InvalidTopicException = 17, "INVALID_TOPIC_EXCEPTION", retriable: false;
    /// Fewer in-sync replicas than `min.insync.replicas`; nothing was appended.
    NotEnoughReplicas = 19, "NOT_ENOUGH_REPLICAS", retriable: true;
    /// Appended, but fewer in-sync replicas than `min.insync.replicas` by then.
    NotEnoughReplicasAfterAppend = 20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", retriable: true;
    /// acks is not 0, 1 or -1.
    InvalidRequiredAcks = 21, "INVALID_REQUIRED_ACKS", retriable: false;
    /// The generation is not that of the group.
    IllegalGeneration = 22, "ILLEGAL_GENERATION", retriable: false;
    /// The member supports no protocol that every other member supports.
    InconsistentGroupProtocol = 23, "INCONSISTENT_GROUP_PROTOCOL", retriable: false;
    /// The group has no name.
    InvalidGroupId = 24, "INVALID_GROUP_ID", retriable: false;
    /// The group has no such member.
    UnknownMemberId = 25, "UNKNOWN_MEMBER_ID", retriable: false;
    /// The session timeout is not between `group.min.session.timeout.ms` and `group.max.session.timeout.ms`.
    InvalidSessionTimeout = 26, "INVALID_SESSION_TIMEOUT", retriable: false;
    /// The group is being rebalanced.
    RebalanceInProgress = 27, "REBALANCE_IN_PROGRESS", retriable: false;
    /// The request's version is not supported.
    UnsupportedVersion = 35, "UNSUPPORTED_VERSION", retriable: false;
    /// The topic is there already.
    TopicAlreadyExists = 36, "TOPIC_ALREADY_EXISTS", retriable: false;
    /// The number of partitions makes no sense.
    InvalidPartitions = 37, "INVALID_PARTITIONS", retriable: false;
    /// The assignment names brokers that cannot be used.
    InvalidReplicaAssignment = 39, "INVALID_REPLICA_ASSIGNMENT", retriable: false;
    /// A configuration key or value is wrong.
    InvalidConfig = 40, "INVALID_CONFIG", retriable: false;
    /// This node is not the active controller.
    NotController = 41, "NOT_CONTROLLER", retriable: true;
    /// The request contradicts itself.
    InvalidRequest = 42, "INVALID_REQUEST", retriable: false;
    /// The batch's format is not supported (its codec, or its magic).
    UnsupportedForMessageFormat = 43, "UNSUPPORTED_FOR_MESSAGE_FORMAT", retriable: false;
    /// A sequence that is not next in line.
    OutOfOrderSequenceNumber = 45, "OUT_OF_ORDER_SEQUENCE_NUMBER", retriable: false;
    /// An older batch than those remembered (never sent by today's brokers for duplicates they remember).
    DuplicateSequenceNumber = 46, "DUPLICATE_SEQUENCE_NUMBER", retriable: false;
    /// The producer epoch is older than the newest known.
    InvalidProducerEpoch = 47, "INVALID_PRODUCER_EPOCH", retriable: false;
    /// The storage failed.
    KafkaStorageError = 56, "KAFKA_STORAGE_ERROR", retriable: true;
    /// The broker does not know this producer id.
    UnknownProducerId = 59, "UNKNOWN_PRODUCER_ID", retriable: false;
    /// The group has members.
    NonEmptyGroup = 68, "NON_EMPTY_GROUP", retriable: false;
    /// There is no such group.
    GroupIdNotFound = 69, "GROUP_ID_NOT_FOUND", retriable: false;
    /// The leader epoch in the request is older than the broker's.
    FencedLeaderEpoch = 74, "FENCED_LEADER_EPOCH", retriable: true;
    /// The leader epoch in the request is newer than the broker's.
    UnknownLeaderEpoch = 75, "UNKNOWN_LEADER_EPOCH", retriable: true;
    /// The codec is not supported.
    UnsupportedCompressionType = 76, "UNSUPPORTED_COMPRESSION_TYPE", retriable: false;
    /// The broker epoch is not that of the current registration.
    StaleBrokerEpoch = 77, "STALE_BROKER_EPOCH", retriable: false;
    /// The leader's high watermark has not yet reached the start of its epoch.
    OffsetNotAvailable = 78, "OFFSET_NOT_AVAILABLE", retriable: true;
    /// A new member has to join again, with the id that it is told here (KIP-394).
    MemberIdRequired = 79, "MEMBER_ID_REQUIRED", retriable: false;
    /// The preferred replica cannot lead.
    PreferredLeaderNotAvailable = 80, "PREFERRED_LEADER_NOT_AVAILABLE", retriable: true;
    /// The group has `group.max.size` members.
    GroupMaxSizeReached = 81, "GROUP_MAX_SIZE_REACHED", retriable: false;
    /// Another process has joined as this static member (KIP-345).
    FencedInstanceId = 82, "FENCED_INSTANCE_ID", retriable: false;
    /// Nobody is there who could lead.
    EligibleLeadersNotAvailable = 83, "ELIGIBLE_LEADERS_NOT_AVAILABLE", retriable: true;
    /// Nothing is being reassigned that could be taken back.
    NoReassignmentInProgress = 85, "NO_REASSIGNMENT_IN_PROGRESS", retriable: false;
    /// A record fails validation.
    InvalidRecord = 87, "INVALID_RECORD", retriable: false;
    /// Another operation got there first.
    InvalidUpdateVersion = 95, "INVALID_UPDATE_VERSION", retriable: false;
    /// The topic id is not known here.
    UnknownTopicId = 100, "UNKNOWN_TOPIC_ID", retriable: true;
    /// A broker of this id is registered and alive.
    DuplicateBrokerRegistration = 101, "DUPLICATE_BROKER_REGISTRATION", retriable: false;
    /// The broker id was never registered.
    BrokerIdNotRegistered = 102, "BROKER_ID_NOT_REGISTERED", retriable: false;
    /// A proposed in-sync replica is fenced, shutting down, or of another registration.
    IneligibleReplica = 107, "INELIGIBLE_REPLICA", retriable: false;
    /// AlterPartition was carried out, and by that the sender leads no longer.
    NewLeaderElected = 108, "NEW_LEADER_ELECTED", retriable: false;
}

impl core::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `org.apache.kafka.common.protocol.Errors` of 4.1.0: number, name, and whether it is a `RetriableException`.
    const KAFKA: &str = "
        -1 UNKNOWN_SERVER_ERROR, 0 NONE, 1 OFFSET_OUT_OF_RANGE, 2 CORRUPT_MESSAGE retriable,
        3 UNKNOWN_TOPIC_OR_PARTITION retriable, 4 INVALID_FETCH_SIZE, 5 LEADER_NOT_AVAILABLE retriable,
        6 NOT_LEADER_OR_FOLLOWER retriable, 7 REQUEST_TIMED_OUT retriable, 8 BROKER_NOT_AVAILABLE,
        9 REPLICA_NOT_AVAILABLE retriable, 10 MESSAGE_TOO_LARGE, 11 STALE_CONTROLLER_EPOCH,
        12 OFFSET_METADATA_TOO_LARGE, 13 NETWORK_EXCEPTION retriable, 14 COORDINATOR_LOAD_IN_PROGRESS retriable,
        15 COORDINATOR_NOT_AVAILABLE retriable, 16 NOT_COORDINATOR retriable, 17 INVALID_TOPIC_EXCEPTION,
        18 RECORD_LIST_TOO_LARGE, 19 NOT_ENOUGH_REPLICAS retriable, 20 NOT_ENOUGH_REPLICAS_AFTER_APPEND retriable,
        21 INVALID_REQUIRED_ACKS, 22 ILLEGAL_GENERATION, 23 INCONSISTENT_GROUP_PROTOCOL, 24 INVALID_GROUP_ID,
        25 UNKNOWN_MEMBER_ID, 26 INVALID_SESSION_TIMEOUT, 27 REBALANCE_IN_PROGRESS, 28 INVALID_COMMIT_OFFSET_SIZE,
        29 TOPIC_AUTHORIZATION_FAILED, 30 GROUP_AUTHORIZATION_FAILED, 31 CLUSTER_AUTHORIZATION_FAILED,
        32 INVALID_TIMESTAMP, 33 UNSUPPORTED_SASL_MECHANISM, 34 ILLEGAL_SASL_STATE, 35 UNSUPPORTED_VERSION,
        36 TOPIC_ALREADY_EXISTS, 37 INVALID_PARTITIONS, 38 INVALID_REPLICATION_FACTOR, 39 INVALID_REPLICA_ASSIGNMENT,
        40 INVALID_CONFIG, 41 NOT_CONTROLLER retriable, 42 INVALID_REQUEST, 43 UNSUPPORTED_FOR_MESSAGE_FORMAT,
        44 POLICY_VIOLATION, 45 OUT_OF_ORDER_SEQUENCE_NUMBER, 46 DUPLICATE_SEQUENCE_NUMBER, 47 INVALID_PRODUCER_EPOCH,
        48 INVALID_TXN_STATE, 49 INVALID_PRODUCER_ID_MAPPING, 50 INVALID_TRANSACTION_TIMEOUT,
        51 CONCURRENT_TRANSACTIONS retriable, 52 TRANSACTION_COORDINATOR_FENCED,
        53 TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 54 SECURITY_DISABLED, 55 OPERATION_NOT_ATTEMPTED,
        56 KAFKA_STORAGE_ERROR retriable, 57 LOG_DIR_NOT_FOUND, 58 SASL_AUTHENTICATION_FAILED, 59 UNKNOWN_PRODUCER_ID,
        60 REASSIGNMENT_IN_PROGRESS, 61 DELEGATION_TOKEN_AUTH_DISABLED, 62 DELEGATION_TOKEN_NOT_FOUND,
        63 DELEGATION_TOKEN_OWNER_MISMATCH, 64 DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
        65 DELEGATION_TOKEN_AUTHORIZATION_FAILED, 66 DELEGATION_TOKEN_EXPIRED, 67 INVALID_PRINCIPAL_TYPE,
        68 NON_EMPTY_GROUP, 69 GROUP_ID_NOT_FOUND, 70 FETCH_SESSION_ID_NOT_FOUND retriable,
        71 INVALID_FETCH_SESSION_EPOCH retriable, 72 LISTENER_NOT_FOUND retriable, 73 TOPIC_DELETION_DISABLED,
        74 FENCED_LEADER_EPOCH retriable, 75 UNKNOWN_LEADER_EPOCH retriable, 76 UNSUPPORTED_COMPRESSION_TYPE,
        77 STALE_BROKER_EPOCH, 78 OFFSET_NOT_AVAILABLE retriable, 79 MEMBER_ID_REQUIRED,
        80 PREFERRED_LEADER_NOT_AVAILABLE retriable, 81 GROUP_MAX_SIZE_REACHED, 82 FENCED_INSTANCE_ID,
        83 ELIGIBLE_LEADERS_NOT_AVAILABLE retriable, 84 ELECTION_NOT_NEEDED retriable, 85 NO_REASSIGNMENT_IN_PROGRESS,
        86 GROUP_SUBSCRIBED_TO_TOPIC, 87 INVALID_RECORD, 88 UNSTABLE_OFFSET_COMMIT retriable,
        89 THROTTLING_QUOTA_EXCEEDED retriable, 90 PRODUCER_FENCED, 91 RESOURCE_NOT_FOUND, 92 DUPLICATE_RESOURCE,
        93 UNACCEPTABLE_CREDENTIAL, 94 INCONSISTENT_VOTER_SET, 95 INVALID_UPDATE_VERSION, 96 FEATURE_UPDATE_FAILED,
        97 PRINCIPAL_DESERIALIZATION_FAILURE, 98 SNAPSHOT_NOT_FOUND, 99 POSITION_OUT_OF_RANGE,
        100 UNKNOWN_TOPIC_ID retriable, 101 DUPLICATE_BROKER_REGISTRATION, 102 BROKER_ID_NOT_REGISTERED,
        103 INCONSISTENT_TOPIC_ID retriable, 104 INCONSISTENT_CLUSTER_ID, 105 TRANSACTIONAL_ID_NOT_FOUND,
        106 FETCH_SESSION_TOPIC_ID_ERROR retriable, 107 INELIGIBLE_REPLICA, 108 NEW_LEADER_ELECTED,
        109 OFFSET_MOVED_TO_TIERED_STORAGE, 110 FENCED_MEMBER_EPOCH, 111 UNRELEASED_INSTANCE_ID,
        112 UNSUPPORTED_ASSIGNOR, 113 STALE_MEMBER_EPOCH, 114 MISMATCHED_ENDPOINT_TYPE, 115 UNSUPPORTED_ENDPOINT_TYPE,
        116 UNKNOWN_CONTROLLER_ID, 117 UNKNOWN_SUBSCRIPTION_ID, 118 TELEMETRY_TOO_LARGE, 119 INVALID_REGISTRATION,
        120 TRANSACTION_ABORTABLE, 121 INVALID_RECORD_STATE, 122 SHARE_SESSION_NOT_FOUND retriable,
        123 INVALID_SHARE_SESSION_EPOCH retriable, 124 FENCED_STATE_EPOCH, 125 INVALID_VOTER_KEY, 126 DUPLICATE_VOTER,
        127 VOTER_NOT_FOUND, 128 INVALID_REGULAR_EXPRESSION, 129 REBOOTSTRAP_REQUIRED, 130 STREAMS_INVALID_TOPOLOGY,
        131 STREAMS_INVALID_TOPOLOGY_EPOCH, 132 STREAMS_TOPOLOGY_FENCED, 133 SHARE_SESSION_LIMIT_REACHED retriable
    ";

    fn kafka() -> impl Iterator<Item = (i16, &'static str, bool)> {
        KAFKA.split(',').map(|entry| {
            let mut words = entry.split_whitespace();
            let code = words
                .next()
                .and_then(|code| code.parse().ok())
                .expect("an entry starts with a number");
            (
                code,
                words.next().expect("then comes the name"),
                words.next() == Some("retriable"),
            )
        })
    }

    #[test]
    fn every_error_is_one_of_kafkas() {
        for code in i16::MIN..=i16::MAX {
            let Some(ours) = ErrorCode::from_code(code) else {
                continue;
            };
            assert_eq!(ours as i16, code);
            let theirs = kafka().find(|(theirs, ..)| *theirs == code);
            assert_eq!(Some((code, ours.name(), ours.is_retriable())), theirs);
        }
        assert_eq!(
            ErrorCode::from_code(133),
            None,
            "SHARE_SESSION_LIMIT_REACHED is not simulated"
        );
        assert_eq!(kafka().count(), 135);
    }
}
