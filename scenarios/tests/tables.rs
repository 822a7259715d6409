//! Tables that are rebuilt from a topic: each row has the last value of its key.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafkasim::program::Table;
use kafkasim::random::Phase;
use kafkasim::run::Observer;
use kafkasim::world::{Event, Outcome, Step, World};
use kafkasim_core::call::{Answer, ConsumerRecord};
use kafkasim_core::ids::{NodeId, Offset, TopicName};
use kafkasim_scenarios::campaign::Trial;
use kafkasim_scenarios::catalog;
use kafkasim_scenarios::rule_sets;

/// What the readers of the end, who read everything that is there, were given.
struct Everything {
    readers: Vec<NodeId>,
    rows: BTreeMap<Bytes, Bytes>,
    ends: BTreeMap<(TopicName, i32), Offset>,
}

impl Everything {
    fn add(&mut self, record: &ConsumerRecord) {
        let partition = (record.topic.clone(), record.partition);
        self.ends.insert(partition, record.offset.next());
        let key = record.key.clone().expect("every record has a key");
        match &record.value {
            Some(value) => self.rows.insert(key, value.clone()),
            None => self.rows.remove(&key),
        };
    }

    /// Whether a table has come as far.
    fn has_come_as_far(&self, table: &Table) -> bool {
        let mut ends = self.ends.iter();
        ends.all(|((topic, partition), end)| table.applied(topic, *partition).is_some_and(|applied| applied >= *end))
    }
}

impl Observer for Everything {
    fn observe(&mut self, _: &mut World, _: &Step, outcome: &Outcome) {
        for event in &outcome.events {
            if let Event::Answered {
                node,
                answer: Answer::Polled(Ok(records)),
            } = event
                && self.readers.contains(node)
            {
                records.iter().for_each(|record| self.add(record));
            }
        }
    }
}

#[test]
fn rebuilt_tables_have_the_last_value_of_every_key() {
    let scenario = catalog::find("commit-log-table").unwrap_or_else(|error| panic!("{error}"));
    let trial = Trial {
        scenario: &scenario,
        rules: &rule_sets::CURRENT,
    };
    let mut compared = 0;
    for seed in 0..50 {
        let plan = trial.build(seed).1.plan;
        let mut everything = Everything {
            readers: plan.readers,
            rows: BTreeMap::new(),
            ends: BTreeMap::new(),
        };
        let report = trial.run(seed, &mut everything);
        assert_eq!(report.violation(), None, "seed {seed}");
        let programs = plan
            .applications
            .iter()
            .filter_map(|node| report.world.node(*node).program());
        let tables = programs.filter_map(|program| program.downcast_ref::<Table>());
        for table in tables.filter(|table| report.phase == Phase::Finished && everything.has_come_as_far(table)) {
            assert_eq!(*table.rows(), everything.rows, "seed {seed}");
            compared += 1;
        }
    }
    assert!(compared > 50, "only {compared} tables had come as far as the reader");
}
