//! The keys that Kafka once had, with what has become of them.

use super::Kind;

/// If Kafka had this key for this kind before 4.1: the end of a sentence that starts with the key.
pub(super) fn find(kind: Kind, name: &str) -> Option<&'static str> {
    let tables: &[&'static [(&'static str, &'static str)]] = match kind {
        Kind::Topic => &[TOPIC],
        Kind::Broker | Kind::Controller => &[SERVER, EVERYWHERE],
        Kind::Producer => &[PRODUCER, EVERYWHERE],
        Kind::Consumer => &[CONSUMER, EVERYWHERE],
        Kind::Operator => &[EVERYWHERE],
    };
    tables
        .iter()
        .copied()
        .flatten()
        .find(|(key, _)| is_named(key, name))
        .map(|(_, instead)| *instead)
}

/// A key that ends in a dot stands for all that start with it.
fn is_named(key: &str, name: &str) -> bool {
    key == name || (key.ends_with('.') && name.starts_with(key))
}

const NO_ZOOKEEPER: &str = "was removed in 4.0 with ZooKeeper; clusters run on KRaft (controller.quorum.voters)";
const NO_OLD_FORMATS: &str = "was removed in 4.0; every batch has format version 2 (KIP-724)";
const NO_OLD_CONSUMER: &str = "was a key of the old consumer, removed in 2.0";
const TIMESTAMP_DIFFERENCE: &str =
    "was removed in 4.0; use message.timestamp.before.max.ms and message.timestamp.after.max.ms (KIP-937)";

const EVERYWHERE: &[(&str, &str)] = &[(
    "auto.include.jmx.reporter",
    "was removed in 4.0; list JmxReporter in metric.reporters (KIP-830)",
)];

const TOPIC: &[(&str, &str)] = &[
    ("message.downconversion.enable", NO_OLD_FORMATS),
    ("message.format.version", NO_OLD_FORMATS),
    ("message.timestamp.difference.max.ms", TIMESTAMP_DIFFERENCE),
];

const SERVER: &[(&str, &str)] = &[
    ("broker.id.generation.enable", NO_ZOOKEEPER),
    ("control.plane.listener.name", NO_ZOOKEEPER),
    ("controlled.shutdown.max.retries", NO_ZOOKEEPER),
    ("controlled.shutdown.retry.backoff.ms", NO_ZOOKEEPER),
    (
        "delegation.token.master.key",
        "was removed in 4.0; use delegation.token.secret.key",
    ),
    (
        "eligible.leader.replicas.enable",
        "is gone; set the feature eligible.leader.replicas.version (KIP-966)",
    ),
    (
        "group.coordinator.new.enable",
        "is gone; the coordinator of KIP-848 is the only one",
    ),
    (
        "inter.broker.protocol.version",
        "was removed in 4.0; the feature metadata.version took its place (KIP-584)",
    ),
    ("leader.imbalance.per.broker.percentage", NO_ZOOKEEPER),
    ("log.message.downconversion.enable", NO_OLD_FORMATS),
    ("log.message.format.version", NO_OLD_FORMATS),
    ("log.message.timestamp.difference.max.ms", TIMESTAMP_DIFFERENCE),
    (
        "offsets.commit.required.acks",
        "was removed in 4.0; offsets are always committed with acks=all (KIP-1041)",
    ),
    ("password.encoder.", NO_ZOOKEEPER),
    (
        "replica.lag.max.messages",
        "was removed in 0.9; only replica.lag.time.max.ms counts (KIP-16)",
    ),
    ("reserved.broker.max.id", NO_ZOOKEEPER),
    ("zookeeper.", NO_ZOOKEEPER),
];

const PRODUCER: &[(&str, &str)] = &[
    ("block.on.buffer.full", "is gone; use max.block.ms"),
    ("metadata.fetch.timeout.ms", "is gone; use max.block.ms"),
    (
        "request.required.acks",
        "was a key of the old producer, removed in 2.0; use acks",
    ),
    ("timeout.ms", "is gone; use request.timeout.ms"),
];

const CONSUMER: &[(&str, &str)] = &[
    ("auto.commit.enable", NO_OLD_CONSUMER),
    ("fetch.message.max.bytes", NO_OLD_CONSUMER),
    ("zookeeper.connect", NO_OLD_CONSUMER),
];
