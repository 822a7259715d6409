//! Producer configuration.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::ConfigError;
use super::domain::{BOOLEAN, Domain, GzipLevel, INT, LONG, Nodes, OneOf, Text, one_of};
use super::error::require_nodes;
use super::key::{Given, Table, configuration};
use crate::ids::NodeId;
use crate::message::Acks;
use crate::record::{Compression, Compressor};

configuration! {
    /// A producer's configuration, validated as `org.apache.kafka.clients.producer.ProducerConfig` validates it.
    pub struct ProducerConfig for Producer {
        /// The brokers that are asked first, by id.
        "bootstrap.servers" = "", Nodes => bootstrap_servers: Vec<NodeId>;
        /// What the producer calls itself.
        "client.id" = "", Text => client_id: String;
        /// When a leader answers: never (0), after its own append (1), or once every in-sync replica has it (all).
        "acks" = "all", ACKS => acks: Acks;
        /// How large a batch may grow, in bytes; 0, or 1, gives every record a batch of its own.
        "batch.size" = "16384", INT.at_least(0) => batch_size: usize;
        /// How long a batch may wait for more records.
        "linger.ms" = "5", LONG.at_least(0) => linger_ms: u64;
        /// How large a request, and thereby a record, may be, in bytes.
        "max.request.size" = "1048576", INT.at_least(0) => max_request_size: usize;
        /// How many bytes of records may wait to be sent and answered; further sends wait for max.block.ms.
        "buffer.memory" = "33554432", LONG.at_least(0) => buffer_memory: usize;
        /// How many Produces may be unanswered on one connection.
        "max.in.flight.requests.per.connection" = "5", INT.at_least(1)
            => max_in_flight_requests_per_connection: usize;
        /// How often a batch is tried again, within delivery.timeout.ms.
        "retries" = "2147483647", INT.at_least(0) => retries: u32;
        /// How long to wait before the first retry of a batch.
        "retry.backoff.ms" = "100", LONG.at_least(0) => retry_backoff_ms: u64;
        /// How long to wait at most before a retry, since each wait is twice the one before (KIP-580).
        "retry.backoff.max.ms" = "1000", LONG.at_least(0) => retry_backoff_max_ms: u64;
        /// How long to wait before connecting to a broker again.
        "reconnect.backoff.ms" = "50", LONG.at_least(0) => reconnect_backoff_ms: u64;
        /// How long to wait at most before connecting to a broker again, since each wait in a row is twice the one before.
        "reconnect.backoff.max.ms" = "1000", LONG.at_least(0) => reconnect_backoff_max_ms: u64;
        /// How long to wait for an answer.
        "request.timeout.ms" = "30000", INT.at_least(0) => request_timeout_ms: u64;
        /// How long after its append to a batch a record is given up.
        "delivery.timeout.ms" = "120000", INT.at_least(0) => delivery_timeout_ms: u64;
        /// How long a send may wait for metadata and for memory.
        "max.block.ms" = "60000", LONG.at_least(0) => max_block_ms: u64;
        /// How old metadata may become.
        "metadata.max.age.ms" = "300000", LONG.at_least(0) => metadata_max_age_ms: u64;
        /// Whether batches are numbered, so that a leader can tell a retry from something new (KIP-98).
        "enable.idempotence" = "true", BOOLEAN => enable_idempotence: bool;
        /// Whether sticky partitions are drawn the more often the fewer batches wait for them (KIP-794).
        "partitioner.adaptive.partitioning.enable" = "true", BOOLEAN => partitioner_adaptive_partitioning_enable: bool;
        /// Whether records with a key are placed as if they had none.
        "partitioner.ignore.keys" = "false", BOOLEAN => partitioner_ignore_keys: bool;
        /// How batches are compressed.
        "compression.type" = "none", COMPRESSION => compression_type: Compression;
        /// How hard gzip tries (KIP-390).
        "compression.gzip.level" = "-1", GzipLevel => compression_gzip_level: i32;
    }
}

const ACKS: OneOf<Acks> = one_of(&[
    ("all", Acks::All),
    ("-1", Acks::All),
    ("0", Acks::None),
    ("1", Acks::Leader),
]);

const COMPRESSION: OneOf<Compression> = one_of(&[
    ("none", Compression::None),
    ("gzip", Compression::Gzip),
    ("snappy", Compression::Snappy),
    ("lz4", Compression::Lz4),
    ("zstd", Compression::Zstd),
]);

/// Leaders remember as many batches of a producer, and could not tell an older retry from a gap.
const MAX_IN_FLIGHT_FOR_IDEMPOTENCE: usize = 5;

/// The longest time that fits Kafka's type for `linger.ms` and `delivery.timeout.ms`, once they are added up.
const LONGEST_MS: u64 = i32::MAX as u64;

impl ProducerConfig {
    /// Kafka's defaults, with these brokers to start from.
    #[must_use]
    pub fn defaults(bootstrap_servers: Vec<NodeId>) -> Self {
        Self {
            bootstrap_servers,
            ..Self::of_defaults()
        }
    }

    /// Reads pairs over the defaults, and settles what they imply as Kafka does: the result is what is in effect.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        bootstrap_servers: Vec<NodeId>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::defaults(bootstrap_servers);
        let given = config.read(pairs)?;
        require_nodes("bootstrap.servers", &config.bootstrap_servers)?;
        config.settle_idempotence(&given)?;
        config.batch_size = config.batch_size.max(1);
        config.linger_ms = config.linger_ms.min(LONGEST_MS);
        config.retry_backoff_ms = config.retry_backoff_ms.min(config.retry_backoff_max_ms);
        config.settle_delivery_timeout(&given)?;
        Ok(config)
    }

    /// What compresses the batches.
    pub(crate) const fn compressor(&self) -> Compressor {
        Compressor {
            codec: self.compression_type,
            gzip_level: self.compression_gzip_level,
        }
    }

    /// Idempotence that was not asked for gives way to `acks` and `retries` (KIP-679), but since 4.0 no longer to too
    /// many requests in flight; these are refused even when `acks` or `retries` switches it off.
    fn settle_idempotence(&mut self, given: &Given) -> Result<(), ConfigError> {
        if !self.enable_idempotence {
            return Ok(());
        }
        let asked_for = given.contains("enable.idempotence");
        let acks = ACKS.write(&self.acks);
        let conflicts = [
            ("retries", "0", "at least 1", self.retries == 0),
            ("acks", acks.as_str(), "all", self.acks != Acks::All),
        ];
        for (key, value, expected, conflicts) in conflicts {
            if conflicts && asked_for {
                return Err(ConfigError::invalid(
                    key,
                    value,
                    format!("{expected}, because of enable.idempotence=true"),
                ));
            }
            self.enable_idempotence &= !conflicts;
        }
        if self.max_in_flight_requests_per_connection > MAX_IN_FLIGHT_FOR_IDEMPOTENCE {
            return Err(ConfigError::invalid(
                "max.in.flight.requests.per.connection",
                self.max_in_flight_requests_per_connection,
                format!("at most {MAX_IN_FLIGHT_FOR_IDEMPOTENCE}, unless enable.idempotence=false is set"),
            ));
        }
        Ok(())
    }

    /// A batch must have time to linger and to be answered once (KIP-91).
    fn settle_delivery_timeout(&mut self, given: &Given) -> Result<(), ConfigError> {
        let least = (self.linger_ms + self.request_timeout_ms).min(LONGEST_MS);
        if self.delivery_timeout_ms < least && given.contains("delivery.timeout.ms") {
            let expected = format!("at least {least}, which is linger.ms + request.timeout.ms");
            return Err(ConfigError::invalid(
                "delivery.timeout.ms",
                self.delivery_timeout_ms,
                expected,
            ));
        }
        self.delivery_timeout_ms = self.delivery_timeout_ms.max(least);
        Ok(())
    }
}
