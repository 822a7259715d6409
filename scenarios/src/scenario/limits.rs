//! Numbers that a scenario may not have: those with which nothing can run, or with which a run would mean nothing.

use kafkasim::random::{Family, FaultKind, Target};

use super::file::{find_line, find_line_after};
use super::{Draw, Scenario};

/// Beyond this, durations and errors of clocks are mistakes: ten years.
pub(super) const LONGEST_MS: u64 = 10 * 365 * 24 * 60 * 60 * 1000;

/// A clock that is off by more than a tenth of the time is broken in another way.
const DRIFT_AT_MOST_PPM: u64 = 100_000;

/// The line, and what is wrong there.
pub(super) type Wrong = (usize, String);

/// Looks at every number of a scenario.
pub(super) fn check(scenario: &Scenario, text: &str) -> Result<(), Wrong> {
    at_least_one(&scenario.cluster.brokers, "brokers", text, "[cluster]")?;
    let mut names: Vec<&str> = Vec::new();
    for topic in &scenario.topics {
        let declared = format!("name = \"{}\"", topic.name);
        at_least_one(&topic.partitions, "partitions", text, &declared)?;
        if names.contains(&topic.name.as_str()) {
            return Err((
                find_line(text, &declared),
                format!("topic \"{}\" is declared twice", topic.name),
            ));
        }
        if topic.created_later && !scenario.faults.kinds.iter().any(|kind| kind.kind == Family::Create) {
            let why = format!(
                "topic \"{}\" is never created: add the kind {{ kind = \"create\", target = \"operator\" }} to [faults]",
                topic.name
            );
            return Err((find_line_after(text, &declared, "created-later"), why));
        }
        names.push(&topic.name);
    }
    let may_expand = scenario.faults.kinds.iter().any(|kind| kind.kind == Family::Expand);
    let added_at_most = u64::from(may_expand);
    for group in &scenario.producers {
        at_least_one(&group.outstanding, "outstanding", text, "[[producer]]")?;
        at_least_one(&group.burst, "burst", text, "[[producer]]")?;
        if group.in_turn && (group.partition.is_some() || group.keys.at_most() > 0) {
            let why = "in-turn takes every partition: leave partition and keys out".to_owned();
            return Err((find_line(text, "in-turn ="), why));
        }
        let partitions = scenario
            .topics
            .iter()
            .find(|topic| topic.name == group.topic)
            .map(|topic| topic.partitions.at_least() + added_at_most);
        if let (Some(partition), Some(partitions)) = (&group.partition, partitions)
            && partition.at_most() >= partitions
        {
            let (wanted, last) = (partition.at_most(), partitions.saturating_sub(1));
            let why = format!(
                "topic \"{}\" has no partition {wanted}: its last is {last}",
                group.topic
            );
            return Err((find_line(text, "partition ="), why));
        }
    }
    for group in &scenario.consumers {
        at_least_one(&group.poll_timeout_ms, "poll-timeout-ms", text, "[[consumer]]")?;
    }
    super::membership::check(scenario, text)?;
    scenario
        .faults
        .kinds
        .iter()
        .try_for_each(|kind| check_fault(kind, text))?;
    if scenario.faults.count.at_most() > 0 && scenario.faults.kinds.is_empty() {
        let why = "there are faults, but no kinds of them to draw from: add kinds = [{ kind = \"crash\" }]";
        return Err((find_line(text, "[faults]"), why.to_owned()));
    }
    check_sizes(scenario, text)?;
    let (low, high) = (scenario.network.min_us, scenario.network.max_us);
    if low > high {
        let why = format!("min-us = {low} is more than max-us = {high}");
        return Err((find_line_after(text, "[network]", "min-us"), why));
    }
    check_durations(scenario, text)
}

fn at_least_one(draw: &Draw, key: &str, text: &str, section: &str) -> Result<(), Wrong> {
    if draw.at_least() > 0 {
        return Ok(());
    }
    Err((
        find_line_after(text, section, key),
        format!("{key} may be 0: expected at least 1"),
    ))
}

fn check_fault(kind: &FaultKind, text: &str) -> Result<(), Wrong> {
    let (low, high) = kind.hold_ms;
    let line = || find_line(text, &format!("hold-ms = [{low}, {high}]"));
    if low > high {
        return Err((
            line(),
            format!("hold-ms = [{low}, {high}]: expected the smaller number first"),
        ));
    }
    at_most(high, LONGEST_MS, "hold-ms").map_err(|why| (line(), why))?;
    check_target(kind).map_err(|why| (find_line(text, &format!("kind = {}", in_words(kind.kind))), why))
}

/// Brokers never wait for a disk, and what the only controller has lost nobody else has.
fn check_target(kind: &FaultKind) -> Result<(), String> {
    let is_about_syncs = matches!(kind.kind, Family::SlowDisk | Family::FailingDisk);
    let takes_more_than_power = kind.kind.is_lossy() && kind.kind != Family::PowerLoss;
    let has_disk = kind.kind.is_lossy() || kind.kind == Family::FullDisk;
    let (why, expected) = match kind.target {
        Target::Leader
        | Target::Follower
        | Target::Coordinator
        | Target::Controller
        | Target::Application
        | Target::Rack
        | Target::Site
        | Target::Operator
            if kind.kind == Family::RollingRestart =>
        {
            ("goes from broker to broker, or from consumer to consumer", "broker")
        }
        Target::Operator if !kind.kind.is_administrative() => {
            ("cannot hit the operator, who only changes the cluster", "broker")
        }
        Target::Broker
        | Target::Leader
        | Target::Follower
        | Target::Coordinator
        | Target::Controller
        | Target::Application
        | Target::Consumer
        | Target::Rack
        | Target::Site
            if kind.kind.is_administrative() =>
        {
            ("is done by the operator", "operator")
        }
        Target::Controller | Target::Site if takes_more_than_power => {
            ("cannot hit the only controller, whose log nobody else has", "broker")
        }
        Target::Application | Target::Consumer if has_disk => ("is about disks, and applications have none", "broker"),
        Target::Broker
        | Target::Leader
        | Target::Follower
        | Target::Coordinator
        | Target::Application
        | Target::Consumer
        | Target::Rack
        | Target::Site
            if is_about_syncs =>
        {
            ("is about syncs, for which only controllers wait", "controller")
        }
        Target::Broker
        | Target::Leader
        | Target::Follower
        | Target::Coordinator
        | Target::Controller
        | Target::Application
        | Target::Consumer
        | Target::Rack
        | Target::Site
        | Target::Operator => return Ok(()),
    };
    Err(format!(
        "kind = {} {why}: expected target = \"{expected}\"",
        in_words(kind.kind)
    ))
}

/// A family as a scenario names it, with its quotation marks.
fn in_words(family: Family) -> String {
    toml::Value::try_from(family).map_or_else(|_| format!("{family:?}"), |value| value.to_string())
}

/// A run is to fit into memory, and to end.
fn check_sizes(scenario: &Scenario, text: &str) -> Result<(), Wrong> {
    let topics = scenario
        .topics
        .iter()
        .map(|topic| (&topic.partitions, 1_000, "partitions"));
    let producers = scenario.producers.iter().flat_map(|group| {
        [
            (&group.count, 1_000, "count"),
            (&group.records, 10_000_000, "records"),
            (&group.outstanding, 10_000_000, "outstanding"),
            (&group.burst, 10_000_000, "burst"),
            (&group.keys, u64::from(u32::MAX), "keys"),
            (&group.flush_every, 10_000_000, "flush-every"),
            (&group.delete_every, 10_000_000, "delete-every"),
            (&group.value_bytes, 10_000_000, "value-bytes"),
        ]
    });
    let consumers = scenario.consumers.iter().map(|group| (&group.count, 1_000, "count"));
    let mut sizes = [
        (&scenario.cluster.brokers, 100, "brokers"),
        (&scenario.faults.count, 10_000, "count"),
    ]
    .into_iter()
    .chain(topics)
    .chain(producers)
    .chain(consumers);
    sizes.try_for_each(|(draw, limit, key)| {
        let line = || find_line(text, &format!("{key} = {}", draw.written()));
        at_most(draw.at_most(), limit, key).map_err(|why| (line(), why))
    })
}

fn check_durations(scenario: &Scenario, text: &str) -> Result<(), Wrong> {
    let limits = [
        (scenario.clocks.skew_ms, LONGEST_MS, "skew-ms"),
        (scenario.clocks.drift_ppm, DRIFT_AT_MOST_PPM, "drift-ppm"),
        (scenario.run.safety_ms.at_most(), LONGEST_MS, "safety-ms"),
        (scenario.run.liveness_ms, LONGEST_MS, "liveness-ms"),
        (scenario.run.think_us.at_most(), LONGEST_MS * 1000, "think-us"),
        (scenario.network.max_us, LONGEST_MS * 1000, "max-us"),
    ];
    limits
        .iter()
        .try_for_each(|(value, limit, key)| at_most(*value, *limit, key).map_err(|why| (find_line(text, key), why)))
}

pub(super) fn at_most(value: u64, limit: u64, key: &str) -> Result<(), String> {
    if value <= limit {
        Ok(())
    } else {
        Err(format!("{key} = {value}: expected at most {limit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::said_of;

    const FINE: &str = "\
name = \"x\"
about = \"x\"
[cluster]
brokers = 3
[[topic]]
name = \"t\"
partitions = 2
[[producer]]
topic = \"t\"
records = 1
outstanding = 1
partition = 1
[[consumer]]
topic = \"t\"
poll-timeout-ms = 10
[faults]
kinds = [{ kind = \"crash\", hold-ms = [1, 9] }]
[network]
min-us = 1
max-us = 9
[clocks]
skew-ms = 1
drift-ppm = 1
[run]
safety-ms = 1
";

    #[test]
    fn impossible_numbers_are_refused_with_their_line() {
        assert_eq!(said_of(FINE, "x", "x"), "fine");
        for (from, to, expected) in [
            (
                "brokers = 3",
                "brokers = 0",
                "x.toml:4: brokers may be 0: expected at least 1",
            ),
            (
                "kind = \"crash\"",
                "kind = \"slow-disk\"",
                "x.toml:17: kind = \"slow-disk\" is about syncs, for which only controllers wait: expected target = \"controller\"",
            ),
            (
                "kind = \"crash\"",
                "kind = \"rolling-restart\", target = \"rack\"",
                "x.toml:17: kind = \"rolling-restart\" goes from broker to broker, or from consumer to consumer: expected target = \"broker\"",
            ),
            (
                "kind = \"crash\"",
                "kind = \"expand\"",
                "x.toml:17: kind = \"expand\" is done by the operator: expected target = \"operator\"",
            ),
            (
                "kind = \"crash\"",
                "kind = \"crash\", target = \"operator\"",
                "x.toml:17: kind = \"crash\" cannot hit the operator, who only changes the cluster: expected target = \"broker\"",
            ),
            (
                "kind = \"crash\"",
                "kind = \"wipe\", target = \"site\"",
                "x.toml:17: kind = \"wipe\" cannot hit the only controller, whose log nobody else has: expected target = \"broker\"",
            ),
            (
                "kind = \"crash\"",
                "kind = \"rot\", target = \"application\"",
                "x.toml:17: kind = \"rot\" is about disks, and applications have none: expected target = \"broker\"",
            ),
            (
                "partitions = 2",
                "partitions = \"0..2\"",
                "x.toml:7: partitions may be 0: expected at least 1",
            ),
            (
                "partition = 1",
                "partition = 1\nin-turn = true",
                "x.toml:13: in-turn takes every partition: leave partition and keys out",
            ),
            (
                "partition = 1",
                "partition = [0, 2]",
                "x.toml:12: topic \"t\" has no partition 2: its last is 1",
            ),
            (
                "outstanding = 1",
                "outstanding = 0",
                "x.toml:11: outstanding may be 0: expected at least 1",
            ),
            (
                "poll-timeout-ms = 10",
                "poll-timeout-ms = 0",
                "x.toml:15: poll-timeout-ms may be 0: expected at least 1",
            ),
            (
                "[1, 9]",
                "[9, 1]",
                "x.toml:17: hold-ms = [9, 1]: expected the smaller number first",
            ),
            (
                "min-us = 1",
                "min-us = 10",
                "x.toml:19: min-us = 10 is more than max-us = 9",
            ),
            (
                "drift-ppm = 1",
                "drift-ppm = 1000000",
                "x.toml:23: drift-ppm = 1000000: expected at most 100000",
            ),
        ] {
            assert_eq!(said_of(FINE, from, to), expected);
        }
    }
}
