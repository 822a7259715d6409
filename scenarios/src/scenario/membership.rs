//! What is wrong with a consumer section: what contradicts itself, and what only members of groups could do.

use kafkasim_core::broker::group::GROUP_METADATA_TOPIC;
use kafkasim_core::config::BrokerConfig;
use kafkasim_core::consumer::check_pattern;

use super::consumers::{Commit, ConsumerGroup};
use super::file::{Section, find_line};
use super::limits::{LONGEST_MS, Wrong, at_most};
use super::{Scalar, Scenario, Setting};

/// The keys of brokers that say how `__consumer_offsets` is kept.
const REPLICATION_FACTOR: &str = "offsets.topic.replication.factor";

/// Looks at every consumer, and at what their groups need.
pub(super) fn check(scenario: &Scenario, text: &str) -> Result<(), Wrong> {
    for (index, group) in scenario.consumers.iter().enumerate() {
        let section = Section {
            header: "[[consumer]]",
            index,
        };
        check_reads(group, section, text)?;
        check_member(group, section, text)?;
        check_durations(group, section, text)?;
    }
    let is_internal = |name: &str| name == GROUP_METADATA_TOPIC;
    if scenario.topics.iter().any(|topic| is_internal(&topic.name)) {
        let line = find_line(text, &format!("name = \"{GROUP_METADATA_TOPIC}\""));
        let why =
            format!("{GROUP_METADATA_TOPIC} is created as soon as a consumer has a group.id: leave the topic out");
        return Err((line, why));
    }
    check_replicas(scenario, text)
}

/// One of three ways to say what is read.
fn check_reads(group: &ConsumerGroup, section: Section, text: &str) -> Result<(), Wrong> {
    let ways = [
        (group.topic.is_some(), "topic"),
        (!group.topics.is_empty(), "topics"),
        (group.pattern.is_some(), "pattern"),
    ];
    let given: Vec<&str> = ways
        .iter()
        .filter(|(is_given, _)| *is_given)
        .map(|(_, key)| *key)
        .collect();
    match given.as_slice() {
        ["topic"] => Ok(()),
        [_] if group.has_group() => match group.pattern.as_deref().map(check_pattern) {
            // The last line says what is wrong, those before point at it.
            Some(Err(error)) => {
                let why = error
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_owned();
                Err((
                    section.line_of(text, "pattern"),
                    format!("the pattern is no regular expression: {why}"),
                ))
            }
            Some(Ok(())) | None => Ok(()),
        },
        [way] => {
            let why =
                format!("{way} is for members of a group: add config.\"group.id\" = \"…\", or take topic = \"…\"");
            Err((section.line_of(text, way), why))
        }
        [] => {
            let why =
                "nothing says what is read: add topic = \"…\", or topics = [\"…\"] or pattern = \"…\" for a group";
            Err((section.line(text), why.to_owned()))
        }
        [first, second, ..] => {
            let why = format!("{first} and {second} both say what is read: keep one of them");
            Err((section.line_of(text, second), why))
        }
    }
}

fn check_member(group: &ConsumerGroup, section: Section, text: &str) -> Result<(), Wrong> {
    if group.rebuilds_table {
        return check_table(group, section, text);
    }
    if !group.subscribes() {
        return match group.of_members() {
            Some(key) => Err((
                section.line_of(text, key),
                format!("{key} is for members of a group: take topics = [\"…\"] or pattern = \"…\" instead of topic"),
            )),
            None => Ok(()),
        };
    }
    if group.restless {
        let why = "restless readers have partitions of their own: take topic = \"…\"".to_owned();
        return Err((section.line_of(text, "restless"), why));
    }
    if group.produces_to.is_some() {
        if let Some(key) = group.of_others() {
            let why =
                format!("{key} is not for those who produce: they process by sending, and commit once that is done");
            return Err((section.line_of(text, key), why));
        }
        if !is_always(group, "enable.auto.commit", "false") {
            let why = "what is not sent yet would be committed: add config.\"enable.auto.commit\" = false".to_owned();
            return Err((section.line_of(text, "produces-to"), why));
        }
    } else if !group.producer.is_empty() {
        let why = "there is no producer: add produces-to = \"…\"".to_owned();
        return Err((section.line_of(text, "producer"), why));
    }
    if group.commit.is_some() && !is_always(group, "enable.auto.commit", "false") {
        let why = "the consumer commits by itself already: add config.\"enable.auto.commit\" = false".to_owned();
        return Err((section.line_of(text, "commit"), why));
    }
    if group.tries_commits_again && group.commit != Some(Commit::Asynchronously) {
        let why = "whoever waits for a commit knows what became of it: add commit = \"asynchronously\"".to_owned();
        return Err((section.line_of(text, "tries-commits-again"), why));
    }
    if group.static_members && group.config.contains_key("group.instance.id") {
        let why = "static-members gives each member a group.instance.id of its own: keep one of the two".to_owned();
        return Err((section.line_of(text, "static-members"), why));
    }
    match (
        group.stands_still_ms.is_some(),
        group.stands_still_after_polls.is_some(),
    ) {
        (true, false) => Err((
            section.line_of(text, "stands-still-ms"),
            "nothing says when: add stands-still-after-polls".to_owned(),
        )),
        (false, true) => Err((
            section.line_of(text, "stands-still-after-polls"),
            "nothing says for how long: add stands-still-ms = [1000, 5000]".to_owned(),
        )),
        (true, true) | (false, false) => Ok(()),
    }
}

/// A table has everything in it only if it was read from the beginning.
fn check_table(group: &ConsumerGroup, section: Section, text: &str) -> Result<(), Wrong> {
    let why = if group.subscribes() || group.has_group() {
        "a table is rebuilt from all of a topic: take topic = \"…\", and no group.id"
    } else if !is_always(group, "auto.offset.reset", "earliest") {
        "a table is rebuilt from the beginning: add config.\"auto.offset.reset\" = \"earliest\""
    } else if group.restless || group.close_after_polls.is_some() || group.of_members().is_some() {
        "who rebuilds a table does nothing else: keep count, poll-timeout-ms and config"
    } else {
        return Ok(());
    };
    Err((section.line_of(text, "rebuilds-table"), why.to_owned()))
}

fn check_durations(group: &ConsumerGroup, section: Section, text: &str) -> Result<(), Wrong> {
    for (key, range) in group.durations() {
        let Some((low, high)) = range else { continue };
        let line = || section.line_of(text, key);
        if low > high {
            let why = format!("{key} = [{low}, {high}]: expected the smaller number first");
            return Err((line(), why));
        }
        at_most(high, LONGEST_MS, key).map_err(|why| (line(), why))?;
    }
    Ok(())
}

/// Whether a key has this value whatever is drawn.
fn is_always(group: &ConsumerGroup, key: &str, value: &str) -> bool {
    let is = |scalar: &Scalar| scalar.to_string() == value;
    group.config.get(key).is_some_and(|setting| match setting {
        Setting::Value(value) => is(value),
        Setting::OneOf(values) => values.iter().all(is),
    })
}

/// Kafka cannot create `__consumer_offsets` with more replicas than there are brokers, and tries for ever.
fn check_replicas(scenario: &Scenario, text: &str) -> Result<(), Wrong> {
    if !scenario.has_groups() {
        return Ok(());
    }
    let brokers = scenario.cluster.brokers.at_least();
    let wanted = |scalar: &Scalar| scalar.to_string().parse().unwrap_or(0);
    let factor: u64 = match scenario.cluster.broker.get(REPLICATION_FACTOR) {
        Some(Setting::Value(value)) => wanted(value),
        Some(Setting::OneOf(values)) => values.iter().map(wanted).max().unwrap_or(0),
        None => BrokerConfig::defaults(Vec::new()).offsets_topic_replication_factor as u64,
    };
    if factor <= brokers {
        return Ok(());
    }
    let line = if scenario.cluster.broker.contains_key(REPLICATION_FACTOR) {
        find_line(text, REPLICATION_FACTOR)
    } else {
        find_line(text, "group.id")
    };
    let why = format!(
        "{GROUP_METADATA_TOPIC} is to have {factor} replicas, with {brokers} brokers: set broker.\"{REPLICATION_FACTOR}\" to {brokers} at most"
    );
    Err((line, why))
}

#[cfg(test)]
mod tests {
    use super::super::{Scenario, said_of};

    const FINE: &str = "\
name = \"x\"
about = \"x\"
[cluster]
brokers = 3
[[topic]]
name = \"t\"
[[consumer]]
topic = \"t\"
[[consumer]]
topics = [\"t\"]
commit = \"after-processing\"
processing-ms = [1, 9]
stands-still-ms = [5, 5]
stands-still-after-polls = 3
config.\"group.id\" = \"g\"
config.\"enable.auto.commit\" = false
";

    #[test]
    fn contradictions_are_refused_with_their_line() {
        assert_eq!(said_of(FINE, "x", "x"), "fine");
        for (from, to, expected) in [
            (
                "topics = [\"t\"]",
                "topics = [\"t\"]\ntopic = \"t\"",
                "x.toml:10: topic and topics both say what is read: keep one of them",
            ),
            (
                "topics = [\"t\"]",
                "topics = [\"u\"]",
                "x.toml:10: there is no topic \"u\"; did you mean \"t\"?",
            ),
            (
                "topics = [\"t\"]",
                "pattern = \"t(\"",
                "x.toml:10: the pattern is no regular expression: unclosed group",
            ),
            (
                "topics = [\"t\"]\n",
                "",
                "x.toml:9: nothing says what is read: add topic = \"…\", or topics = [\"…\"] or pattern = \"…\" for a group",
            ),
            (
                "config.\"group.id\" = \"g\"\nconfig.\"enable.auto.commit\" = false\n",
                "",
                "x.toml:10: topics is for members of a group: add config.\"group.id\" = \"…\", or take topic = \"…\"",
            ),
            (
                "topic = \"t\"\n",
                "topic = \"t\"\nhand-off = \"with-pause\"\n",
                "x.toml:9: hand-off is for members of a group: take topics = [\"…\"] or pattern = \"…\" instead of topic",
            ),
            (
                "topic = \"t\"\n",
                "topic = \"t\"\nrebuilds-table = true\n",
                "x.toml:9: a table is rebuilt from the beginning: add config.\"auto.offset.reset\" = \"earliest\"",
            ),
            (
                "commit = \"after-processing\"",
                "rebuilds-table = true",
                "x.toml:11: a table is rebuilt from all of a topic: take topic = \"…\", and no group.id",
            ),
            (
                "topic = \"t\"\n",
                "topic = \"t\"\nrestless = true\nrebuilds-table = true\nconfig.\"auto.offset.reset\" = \"earliest\"\n",
                "x.toml:10: who rebuilds a table does nothing else: keep count, poll-timeout-ms and config",
            ),
            (
                "commit = \"after-processing\"",
                "commit = \"after-processing\"\nrestless = true",
                "x.toml:12: restless readers have partitions of their own: take topic = \"…\"",
            ),
            (
                "config.\"enable.auto.commit\" = false",
                "config.\"enable.auto.commit\" = [false, true]",
                "x.toml:11: the consumer commits by itself already: add config.\"enable.auto.commit\" = false",
            ),
            (
                "commit = \"after-processing\"",
                "commit = \"after-processing\"\ntries-commits-again = true",
                "x.toml:12: whoever waits for a commit knows what became of it: add commit = \"asynchronously\"",
            ),
            (
                "processing-ms = [1, 9]",
                "processing-ms = [1, 9]\nstatic-members = true\nconfig.\"group.instance.id\" = \"i\"",
                "x.toml:13: static-members gives each member a group.instance.id of its own: keep one of the two",
            ),
            (
                "commit = \"after-processing\"",
                "commit = \"after-processing\"\nproduces-to = \"t\"",
                "x.toml:11: commit is not for those who produce: they process by sending, and commit once that is done",
            ),
            (
                "commit = \"after-processing\"",
                "commit = \"after-processing\"\nproducer.\"acks\" = 1",
                "x.toml:12: there is no producer: add produces-to = \"…\"",
            ),
            (
                "processing-ms = [1, 9]",
                "processing-ms = [9, 1]",
                "x.toml:12: processing-ms = [9, 1]: expected the smaller number first",
            ),
            (
                "stands-still-after-polls = 3\n",
                "",
                "x.toml:13: nothing says when: add stands-still-after-polls",
            ),
            (
                "stands-still-ms = [5, 5]\n",
                "",
                "x.toml:13: nothing says for how long: add stands-still-ms = [1000, 5000]",
            ),
            (
                "name = \"t\"",
                "name = \"t\"\n[[topic]]\nname = \"__consumer_offsets\"",
                "x.toml:8: __consumer_offsets is created as soon as a consumer has a group.id: leave the topic out",
            ),
            (
                "brokers = 3\n[[topic]]\nname = \"t\"",
                "brokers = 2\n[[topic]]\nname = \"t\"\nreplication-factor = 1",
                "x.toml:16: __consumer_offsets is to have 3 replicas, with 2 brokers: set broker.\"offsets.topic.replication.factor\" to 2 at most",
            ),
            (
                "brokers = 3",
                "brokers = 3\nbroker.\"offsets.topic.replication.factor\" = [1, 4]",
                "x.toml:5: __consumer_offsets is to have 4 replicas, with 3 brokers: set broker.\"offsets.topic.replication.factor\" to 3 at most",
            ),
            (
                "brokers = 3",
                "brokers = 3\nbroker.\"offsets.topic.num.partitions\" = 0",
                "x.toml:5: offsets.topic.num.partitions=0: expected an integer from 1 to 2147483647",
            ),
            (
                "name = \"t\"",
                "name = \"t\"\ncreated-later = true",
                "x.toml:7: topic \"t\" is never created: add the kind { kind = \"create\", target = \"operator\" } to [faults]",
            ),
        ] {
            assert_eq!(said_of(FINE, from, to), expected);
        }
    }

    #[test]
    fn what_is_read_comes_back_from_what_is_written() {
        let text = FINE.replace("[[consumer]]\ntopics", "[[consumer]]\nstatic-members = true\ntopics");
        let scenario = Scenario::parse(&text, "x.toml".as_ref()).expect("it is fine");
        let again = Scenario::parse(&scenario.to_toml(), "y.toml".as_ref()).expect("what is written can be read");
        assert_eq!(scenario, again);
        assert!(scenario.consumers[1].static_members);
    }
}
