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
    /// The connection ended before the answer came.
    NetworkException = 13, "NETWORK_EXCEPTION", retriable: true;
    /// The topic's name is not legal.
    InvalidTopicException = 17, "INVALID_TOPIC_EXCEPTION", retriable: false;
    /// Fewer in-sync replicas than `min.insync.replicas`; nothing was appended.
    NotEnoughReplicas = 19, "NOT_ENOUGH_REPLICAS", retriable: true;
    /// Appended, but fewer in-sync replicas than `min.insync.replicas` by then.
    NotEnoughReplicasAfterAppend = 20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", retriable: true;
    /// acks is not 0, 1 or -1.
    InvalidRequiredAcks = 21, "INVALID_REQUIRED_ACKS", retriable: false;
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
    /// A record fails validation.
    InvalidRecord = 87, "INVALID_RECORD", retriable: false;
    /// Another operation got there first.
    InvalidUpdateVersion = 95, "INVALID_UPDATE_VERSION", retriable: false;
    /// The topic id is not known here.
    UnknownTopicId = 100, "UNKNOWN_TOPIC_ID", retriable: true;
    /// A broker of this id is registered and alive.
    DuplicateBrokerRegistration = 101, "DUPLICATE_BROKER_REGISTRATION", retriable: false;
    /// The broker id was never registered.
    BrokerIdNotRegistered = 102, "BROKER_ID_NOT_REGISTERED", retriable: true;
    /// A proposed in-sync replica is fenced, shutting down, or of another registration.
    IneligibleReplica = 107, "INELIGIBLE_REPLICA", retriable: false;
    /// AlterPartition lost to a concurrent change that made its leader another's.
    NewLeaderElected = 108, "NEW_LEADER_ELECTED", retriable: false;
}

impl core::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}
