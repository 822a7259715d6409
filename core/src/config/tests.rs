//! What configurations accept, refuse and settle.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::TestRunner;

use super::key::keys_of;
use super::*;
use crate::ids::NodeId;

type Pairs<'a> = [(&'a str, &'a str)];
type Effective = Vec<(&'static str, String)>;

/// The configuration in effect, whatever its kind; topics inherit Kafka's defaults, clients start from node 1.
fn parse(kind: Kind, pairs: &Pairs<'_>) -> Result<Effective, ConfigError> {
    let pairs = pairs.iter().copied();
    let nodes = vec![NodeId(1)];
    Ok(match kind {
        Kind::Topic => TopicConfig::parse(pairs, &TopicConfig::defaults())?
            .to_pairs()
            .collect(),
        Kind::Broker => BrokerConfig::parse(pairs, nodes)?.to_pairs().collect(),
        Kind::Controller => ControllerConfig::parse(pairs)?.to_pairs().collect(),
        Kind::Producer => ProducerConfig::parse(pairs, nodes)?.to_pairs().collect(),
        Kind::Consumer => ConsumerConfig::parse(pairs, nodes)?.to_pairs().collect(),
        Kind::Operator => OperatorConfig::parse(pairs, nodes)?.to_pairs().collect(),
    })
}

/// Parses `key=value` lines, and compares the keys in effect that are not as by default, or the error.
#[track_caller]
fn check(kind: Kind, lines: &str, expected: &str) {
    let pairs: Vec<_> = lines
        .lines()
        .map(|line| line.split_once('=').expect("a line has an equals sign"))
        .collect();
    let defaults = parse(kind, &[]).expect("nothing set is a configuration");
    let found = match parse(kind, &pairs) {
        Ok(effective) => {
            let changed = effective.iter().filter(|pair| !defaults.contains(pair));
            changed
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
                .join("\n")
        }
        Err(error) => format!("error: {error}"),
    };
    assert_eq!(found, expected, "{kind} with {lines}");
}

#[test]
fn a_key_takes_effect() {
    check(Kind::Topic, "min.insync.replicas=2", "min.insync.replicas=2");
    check(
        Kind::Topic,
        "unclean.leader.election.enable= TRUE ",
        "unclean.leader.election.enable=true",
    );
    check(
        Kind::Broker,
        "controller.quorum.voters=7, 8,9",
        "controller.quorum.voters=7,8,9",
    );
    check(Kind::Broker, "replica.fetch.min.bytes=-4", "replica.fetch.min.bytes=-4");
    check(
        Kind::Controller,
        "eligible.leader.replicas.version=0",
        "eligible.leader.replicas.version=0",
    );
    check(Kind::Controller, "message.max.bytes=100", "message.max.bytes=100");
    check(
        Kind::Topic,
        "min.cleanable.dirty.ratio=0.250",
        "min.cleanable.dirty.ratio=0.25",
    );
    check(
        Kind::Topic,
        "min.cleanable.dirty.ratio=1.",
        "min.cleanable.dirty.ratio=1",
    );
    check(Kind::Topic, "cleanup.policy=compact", "cleanup.policy=compact");
    check(Kind::Producer, "linger.ms=-0", "linger.ms=0");
    check(Kind::Producer, "linger.ms=+7", "linger.ms=7");
    check(Kind::Producer, "linger.ms=7\nlinger.ms=8", "linger.ms=8");
    check(Kind::Producer, "client.id=a=b", "client.id=a=b");
    check(Kind::Producer, "compression.type=none", "");
    check(Kind::Producer, "compression.type=zstd", "compression.type=zstd");
    check(Kind::Producer, "compression.gzip.level=9", "compression.gzip.level=9");
    check(Kind::Consumer, "auto.offset.reset=none", "auto.offset.reset=none");
    check(
        Kind::Consumer,
        "isolation.level=read_committed",
        "isolation.level=read_committed",
    );
    check(Kind::Operator, "bootstrap.controllers=3,2", "bootstrap.controllers=3,2");
}

#[test]
fn a_value_outside_its_domain_is_refused() {
    let refusals = [
        (Kind::Topic, "min.insync.replicas=0", "an integer from 1 to 2147483647"),
        (
            Kind::Broker,
            "controller.quorum.voters=1,1",
            "distinct node ids, separated by commas",
        ),
        (Kind::Broker, "controller.quorum.voters=", "at least one node id"),
        (Kind::Broker, "replica.lag.time.max.ms=-5", "an integer of at least 0"),
        (Kind::Controller, "eligible.leader.replicas.version=2", "0 or 1"),
        (
            Kind::Controller,
            "broker.session.timeout.ms=9s",
            "an integer from 0 to 2147483647",
        ),
        (Kind::Producer, "acks=2", "all, -1, 0 or 1"),
        (Kind::Producer, "acks=ALL", "all, -1, 0 or 1"),
        (
            Kind::Producer,
            "batch.size=2147483648",
            "an integer from 0 to 2147483647",
        ),
        (Kind::Producer, "linger.ms=", "an integer of at least 0"),
        (Kind::Producer, "linger.ms=1_000", "an integer of at least 0"),
        (Kind::Producer, "enable.idempotence=yes", "true or false"),
        (Kind::Producer, "bootstrap.servers=", "at least one node id"),
        (
            Kind::Producer,
            "bootstrap.servers=kafka1:9092",
            "distinct node ids, separated by commas",
        ),
        (Kind::Producer, "compression.type=gz", "none, gzip, snappy, lz4 or zstd"),
        (
            Kind::Producer,
            "compression.gzip.level=0",
            "an integer from 1 to 9, or -1 for the default",
        ),
        (
            Kind::Producer,
            "compression.gzip.level=10",
            "an integer from 1 to 9, or -1 for the default",
        ),
        (Kind::Consumer, "auto.offset.reset=EARLIEST", "earliest, latest or none"),
        (
            Kind::Consumer,
            "auto.offset.reset=by_duration",
            "earliest, latest or none",
        ),
        (
            Kind::Topic,
            "cleanup.policy=compacted",
            "delete, compact, compact,delete or delete,compact",
        ),
        (
            Kind::Topic,
            "min.cleanable.dirty.ratio=1.001",
            "a number from 0 to 1 with three decimals at most",
        ),
        (
            Kind::Topic,
            "min.cleanable.dirty.ratio=.5",
            "a number from 0 to 1 with three decimals at most",
        ),
        (Kind::Consumer, "max.poll.records=0", "an integer from 1 to 2147483647"),
        (
            Kind::Operator,
            "bootstrap.controllers=-1",
            "distinct node ids, separated by commas",
        ),
    ];
    for (kind, line, expected) in refusals {
        check(kind, line, &format!("error: {line}: expected {expected}"));
    }
}

#[test]
fn a_key_that_is_not_in_the_table_is_explained() {
    check(
        Kind::Producer,
        "linger_ms=1",
        "error: linger_ms is no key of a producer; did you mean linger.ms?",
    );
    check(
        Kind::Producer,
        "retires=1",
        "error: retires is no key of a producer; did you mean retries?",
    );
    check(
        Kind::Producer,
        "transactionalid=1",
        "error: transactionalid is no key of a producer; did you mean transactional.id?",
    );
    check(Kind::Topic, "foo=1", "error: foo is no key of a topic");
    check(
        Kind::Consumer,
        "linger.ms=1",
        "error: linger.ms is a key of a producer, not of a consumer",
    );
    check(
        Kind::Topic,
        "message.max.bytes=1",
        "error: message.max.bytes is a key of a controller, not of a topic",
    );
    check(
        Kind::Broker,
        "broker.session.timeout.ms=1",
        "error: broker.session.timeout.ms is a key of a controller, not of a broker",
    );
    check(
        Kind::Producer,
        "transactional.id=a",
        "error: transactional.id is not simulated yet",
    );
    check(
        Kind::Consumer,
        "group.protocol=consumer",
        "error: group.protocol is not simulated yet",
    );
    check(
        Kind::Operator,
        "ssl.protocol=a",
        "error: ssl.protocol is not simulated yet",
    );
    check(
        Kind::Producer,
        "compression.zstd.level=3",
        "error: compression.zstd.level is not simulated yet",
    );
    check(
        Kind::Consumer,
        "auto.offset.reset=by_duration:P1D",
        "error: auto.offset.reset=by_duration:P1D is not simulated yet",
    );
    check(
        Kind::Broker,
        "zookeeper.connect=a",
        "error: zookeeper.connect was removed in 4.0 with ZooKeeper; clusters run on KRaft (controller.quorum.voters)",
    );
    check(
        Kind::Broker,
        "replica.lag.max.messages=4000",
        "error: replica.lag.max.messages was removed in 0.9; only replica.lag.time.max.ms counts (KIP-16)",
    );
    check(
        Kind::Topic,
        "message.format.version=2.0",
        "error: message.format.version was removed in 4.0; every batch has format version 2 (KIP-724)",
    );
}

#[test]
fn idempotence_gives_way_only_where_kafka_lets_it() {
    check(Kind::Producer, "acks=1", "acks=1\nenable.idempotence=false");
    check(Kind::Producer, "acks=-1", "");
    check(Kind::Producer, "retries=0", "retries=0\nenable.idempotence=false");
    check(
        Kind::Producer,
        "acks=0\nenable.idempotence=true",
        "error: acks=0: expected all, because of enable.idempotence=true",
    );
    check(
        Kind::Producer,
        "retries=0\nenable.idempotence=true",
        "error: retries=0: expected at least 1, because of enable.idempotence=true",
    );
    let too_many =
        "error: max.in.flight.requests.per.connection=6: expected at most 5, unless enable.idempotence=false is set";
    check(Kind::Producer, "max.in.flight.requests.per.connection=6", too_many);
    check(
        Kind::Producer,
        "acks=1\nmax.in.flight.requests.per.connection=6",
        too_many,
    );
    check(
        Kind::Producer,
        "max.in.flight.requests.per.connection=6\nenable.idempotence=false",
        "max.in.flight.requests.per.connection=6\nenable.idempotence=false",
    );
}

#[test]
fn what_keys_imply_for_each_other_is_settled() {
    check(Kind::Producer, "batch.size=0", "batch.size=1");
    check(
        Kind::Producer,
        "request.timeout.ms=200000",
        "request.timeout.ms=200000\ndelivery.timeout.ms=200005",
    );
    check(Kind::Producer, "delivery.timeout.ms=30005", "delivery.timeout.ms=30005");
    check(
        Kind::Producer,
        "delivery.timeout.ms=30004",
        "error: delivery.timeout.ms=30004: expected at least 30005, which is linger.ms + request.timeout.ms",
    );
    check(
        Kind::Producer,
        "linger.ms=9999999999",
        "linger.ms=2147483647\ndelivery.timeout.ms=2147483647",
    );
    check(Kind::Producer, "retry.backoff.ms=5000", "retry.backoff.ms=1000");
    check(
        Kind::Consumer,
        "retry.backoff.max.ms=30",
        "retry.backoff.ms=30\nretry.backoff.max.ms=30",
    );
    check(
        Kind::Broker,
        "replica.fetch.wait.max.ms=31000",
        "error: replica.fetch.wait.max.ms=31000: expected at most 30000, which is replica.socket.timeout.ms",
    );
    check(
        Kind::Broker,
        "replica.fetch.wait.max.ms=31000\nreplica.socket.timeout.ms=40000",
        "error: replica.fetch.wait.max.ms=31000: expected at most 30000, which is replica.lag.time.max.ms",
    );
}

#[test]
fn a_topic_inherits_what_it_does_not_set() {
    let cluster = ControllerConfig::parse([("min.insync.replicas", "2"), ("message.max.bytes", "9")]);
    let inherited = cluster.expect("a controller's keys").topic_defaults;
    let topic = TopicConfig::parse([("max.message.bytes", "10")], &inherited).expect("a topic's key");
    assert_eq!(
        topic,
        TopicConfig {
            max_message_bytes: 10,
            ..inherited
        }
    );
    assert_eq!(ControllerConfig::defaults().topic_defaults, TopicConfig::defaults());
}

#[test]
fn the_tables_are_sound() {
    let mut seen = alloc::collections::BTreeSet::new();
    for row in keys() {
        assert!(seen.insert((row.kind, row.key)), "{} twice", row.key);
        assert!(row.doc.ends_with('.') && !row.doc.starts_with(' '), "{}", row.doc);
        assert!(!row.accepts().is_empty());
        assert_eq!(not_simulated::keys_of(row.kind).find(|key| *key == row.key), None);
        assert_eq!(removed::find(row.kind, row.key), None);
    }
    assert_eq!(
        ProducerConfig::parse([], vec![NodeId(1)]),
        Ok(ProducerConfig::defaults(vec![NodeId(1)]))
    );
    assert_eq!(
        ConsumerConfig::parse([], vec![NodeId(1)]),
        Ok(ConsumerConfig::defaults(vec![NodeId(1)]))
    );
    assert_eq!(
        BrokerConfig::parse([], vec![NodeId(1)]),
        Ok(BrokerConfig::defaults(vec![NodeId(1)]))
    );
}

/// Texts of which every key accepts a few.
const TEXTS: &[&str] = &[
    "0",
    "1",
    "2",
    "5",
    "6",
    "250",
    "30000",
    "40000",
    "200000",
    "2147483647",
    "9999999999",
    "true",
    "False",
    "all",
    "compact",
    "compact,delete",
    "-1",
    "none",
    "earliest",
    "latest",
    "read_committed",
    "read_uncommitted",
    "1,2,3",
    "a client",
    "sticky,range",
];

/// Some keys of this kind, each with a text that it accepts by itself.
fn accepted_pairs(kind: Kind) -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let accepted = |key| {
        TEXTS
            .iter()
            .copied()
            .filter(|text| parse(kind, &[(key, text)]).is_ok())
            .collect::<Vec<_>>()
    };
    let per_key: Vec<_> = keys_of(kind)
        .map(|row| (Just(row.key), select(accepted(row.key))))
        .collect();
    let count = per_key.len();
    subsequence(per_key, 0..=count).prop_flat_map(|chosen| chosen)
}

#[test]
fn what_is_in_effect_reads_back_as_itself() {
    for kind in Kind::ALL {
        let settled = Cell::new(0);
        let outcome = TestRunner::deterministic().run(&accepted_pairs(kind), |pairs| {
            if let Ok(effective) = parse(kind, &pairs) {
                let again: Vec<_> = effective.iter().map(|(key, value)| (*key, value.as_str())).collect();
                prop_assert_eq!(parse(kind, &again), Ok(effective.clone()));
                settled.set(settled.get() + 1);
            }
            Ok(())
        });
        outcome.unwrap_or_else(|failure| panic!("{kind}: {failure}"));
        assert!(
            settled.get() > 50,
            "{kind}: only {} configurations were accepted",
            settled.get()
        );
    }
}
