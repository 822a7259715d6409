//! Turns a resolved scenario into a world and a plan.

use std::sync::Arc;

use kafkasim::check::Monitors;
use kafkasim::program::{AnyProgram, CreateTopics, Part, Placement, PollLoop, SendLoop};
use kafkasim::random::{Family, FaultPlan, Plan};
use kafkasim::setup::{Options, ProcessSpec, Role, Setup};
use kafkasim::world::World;
use kafkasim_core::broker::group::GROUP_METADATA_TOPIC;
use kafkasim_core::call::NewTopic;
use kafkasim_core::config::{
    BrokerConfig, ConfigError, ConsumerConfig, ControllerConfig, OperatorConfig, ProducerConfig, TopicConfig,
};
use kafkasim_core::ids::{NodeId, TopicName};
use kafkasim_core::rules::Rules;

use super::file::{Parse, Section};
use super::{Config, Draw, Scenario, Setting};

/// A resolved scenario, ready to run.
#[derive(Clone, Debug)]
pub struct Built {
    /// What a seeded run needs.
    pub plan: Plan,
}

impl Built {
    /// The world before the first action.
    #[must_use]
    pub fn world(&self) -> World {
        World::new(self.plan.setup.clone(), Monitors::new(&self.plan.setup))
    }
}

const CONTROLLER: NodeId = NodeId(0);

impl Scenario {
    /// Builds the world of a resolved scenario under some rules.
    ///
    /// # Panics
    /// If a configuration conflicts with itself: reading a scenario refuses that.
    #[must_use]
    pub fn build(&self, rules: Rules, options: Options) -> Built {
        self.try_build(rules, options)
            .unwrap_or_else(|error| panic!("scenario {}: {error}", self.name))
    }

    fn try_build(&self, rules: Rules, options: Options) -> Result<Built, ConfigError> {
        let mut processes = vec![ProcessSpec {
            name: "controller".to_owned(),
            role: Role::Controller(ControllerConfig::parse(borrowed(&pairs(&self.cluster.controller)))?),
            part_of: None,
        }];
        for _ in 0..self.cluster.brokers.number() {
            let config = BrokerConfig::parse(borrowed(&pairs(&self.cluster.broker)), vec![CONTROLLER])?;
            processes.push(ProcessSpec {
                name: format!("broker-{}", processes.len()),
                role: Role::Broker(config),
                part_of: None,
            });
        }
        let operator = OperatorConfig::defaults(vec![CONTROLLER]);
        let create = AnyProgram::new(CreateTopics::new(self.first_topics()?));
        processes.push(ProcessSpec {
            name: "operator".to_owned(),
            role: Role::Operator(operator, create),
            part_of: None,
        });
        let first_application = processes.len();
        self.add_producers(&mut processes)?;
        self.add_consumers(&mut processes)?;
        let first_reader = processes.len();
        let reader = ConsumerConfig::parse(
            [("auto.offset.reset", "earliest"), ("client.id", "reader")],
            self.brokers(),
        )?;
        let program = AnyProgram::new(PollLoop::new(self.every_partition(), 1000));
        processes.push(ProcessSpec {
            name: "reader".to_owned(),
            role: Role::Consumer(reader, program),
            part_of: None,
        });
        let nodes = |range: std::ops::Range<usize>| -> Vec<NodeId> { range.map(node).collect() };
        let plan = Plan {
            applications: nodes(first_application..first_reader)
                .into_iter()
                .filter(|node| processes[usize::try_from(node.0).unwrap_or(0)].part_of.is_none())
                .collect(),
            readers: nodes(first_reader..processes.len()),
            setup: Arc::new(Setup {
                rules,
                processes,
                options,
            }),
            faults: FaultPlan {
                kinds: self.faults.kinds.clone(),
                count: u32::try_from(self.faults.count.number()).unwrap_or(u32::MAX),
                power_losses_at_most: self.faults.power_losses_at_most,
                losses: self.faults.losses,
                racks: self.racks(),
                expandable: self.expandable(),
                later: self.new_topics(|topic| topic.created_later),
            },
            latency: self.network,
            think_us: self.run.think_us.number(),
            skew_ms: self.clocks.skew_ms,
            drift_ppm: self.clocks.drift_ppm,
            safety_ms: self.run.safety_ms.number(),
            liveness_ms: self.run.liveness_ms,
        };
        Ok(Built { plan })
    }

    /// The brokers, dealt out to the racks.
    fn racks(&self) -> Vec<Vec<NodeId>> {
        let brokers = self.brokers();
        let racks = match usize::try_from(self.cluster.racks.number()).unwrap_or(usize::MAX) {
            0 => brokers.len(),
            racks => racks.min(brokers.len()),
        };
        let in_rack = |rack| brokers.iter().copied().skip(rack).step_by(racks).collect();
        (0..racks).map(in_rack).collect()
    }

    fn add_producers(&self, processes: &mut Vec<ProcessSpec>) -> Result<(), ConfigError> {
        let mut number = 0;
        for group in &self.producers {
            for _ in 0..group.count.number() {
                number += 1;
                let name = format!("producer-{number}");
                let config = ProducerConfig::parse(borrowed(&pairs(&group.config)), self.brokers())?;
                let placement = match (&group.partition, group.keys.number()) {
                    (Some(partition), _) => Placement::Partition(small(partition)),
                    (None, _) if group.in_turn => Placement::InTurn,
                    (None, 0) => Placement::Sticky,
                    (None, keys) => Placement::Keys(u32::try_from(keys).unwrap_or(u32::MAX)),
                };
                let records = u32::try_from(group.records.number()).unwrap_or(u32::MAX);
                let outstanding = usize::try_from(group.outstanding.number()).unwrap_or(usize::MAX);
                let program = SendLoop::new(
                    &format!("p{number}"),
                    &TopicName::from(group.topic.as_str()),
                    placement,
                    records,
                    outstanding,
                )
                .in_bursts_of(u32::try_from(group.burst.number()).unwrap_or(u32::MAX))
                .with_values_of(usize::try_from(group.value_bytes.number()).unwrap_or(usize::MAX))
                .deleting_every(u32::try_from(group.delete_every.number()).unwrap_or(u32::MAX))
                .flushing_every(u32::try_from(group.flush_every.number()).unwrap_or(u32::MAX));
                let program = match &group.close_timeout_ms {
                    Some(timeout_ms) => program.closing_within(Some(timeout_ms.number())),
                    None => program,
                };
                processes.push(ProcessSpec {
                    name,
                    role: Role::Producer(config, AnyProgram::new(program)),
                    part_of: None,
                });
            }
        }
        Ok(())
    }

    fn add_consumers(&self, processes: &mut Vec<ProcessSpec>) -> Result<(), ConfigError> {
        let mut number = 0;
        for group in &self.consumers {
            for _ in 0..group.count.number() {
                number += 1;
                let name = format!("consumer-{number}");
                let mut config = pairs(&group.config);
                if group.static_members {
                    config.push(("group.instance.id".to_owned(), name.clone()));
                }
                let config = ConsumerConfig::parse(borrowed(&config), self.brokers())?;
                let program = group.program(&format!("c{number}"), &self.every_partition());
                let whole = node(processes.len());
                let producer = format!("{name}/producer");
                processes.push(ProcessSpec {
                    name,
                    role: Role::Consumer(config, program),
                    part_of: None,
                });
                if group.produces_to.is_some() {
                    let config = ProducerConfig::parse(borrowed(&pairs(&group.producer)), self.brokers())?;
                    processes.push(ProcessSpec {
                        name: producer,
                        role: Role::Producer(config, AnyProgram::new(Part)),
                        part_of: Some(whole),
                    });
                }
            }
        }
        Ok(())
    }

    /// Every configuration in the scenario, with its section and how Kafka reads it.
    pub(super) fn every_configuration<E>(
        &self,
        mut check: impl FnMut(Section, &Config, Parse<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let brokers = || self.brokers();
        let nth = |header| (0..).map(move |index| Section { header, index });
        let cluster = Section {
            header: "[cluster",
            index: 0,
        };
        check(cluster, &self.cluster.controller, &|pairs| {
            ControllerConfig::parse(pairs.iter().copied()).map(drop)
        })?;
        check(cluster, &self.cluster.broker, &|pairs| {
            BrokerConfig::parse(pairs.iter().copied(), vec![CONTROLLER]).map(drop)
        })?;
        for (section, topic) in nth("[[topic]]").zip(&self.topics) {
            check(section, &topic.config, &|pairs| {
                TopicConfig::parse(pairs.iter().copied(), &TopicConfig::defaults()).map(drop)
            })?;
        }
        for (section, group) in nth("[[producer]]").zip(&self.producers) {
            check(section, &group.config, &|pairs| {
                ProducerConfig::parse(pairs.iter().copied(), brokers()).map(drop)
            })?;
        }
        for (section, group) in nth("[[consumer]]").zip(&self.consumers) {
            check(section, &group.producer, &|pairs| {
                ProducerConfig::parse(pairs.iter().copied(), brokers()).map(drop)
            })?;
            check(section, &group.config, &|pairs| {
                ConsumerConfig::parse(pairs.iter().copied(), brokers()).map(drop)
            })?;
        }
        Ok(())
    }

    fn brokers(&self) -> Vec<NodeId> {
        let brokers = usize::try_from(self.cluster.brokers.number()).unwrap_or(1);
        (1..=brokers.max(1)).map(node).collect()
    }

    /// Whether anything may be committed.
    pub(super) fn has_groups(&self) -> bool {
        self.consumers.iter().any(super::ConsumerGroup::has_group)
    }

    /// What the operator creates before anything else. Kafka's brokers create the topic of the groups themselves, when somebody looks for a
    /// coordinator for the first time.
    fn first_topics(&self) -> Result<Vec<NewTopic>, ConfigError> {
        let mut topics = self.new_topics(|topic| !topic.created_later);
        if self.has_groups() {
            let config = BrokerConfig::parse(borrowed(&pairs(&self.cluster.broker)), vec![CONTROLLER])?;
            let configs = [
                ("cleanup.policy", "compact".to_owned()),
                ("segment.bytes", config.offsets_topic_segment_bytes.to_string()),
            ];
            topics.push(NewTopic {
                name: TopicName::from(GROUP_METADATA_TOPIC),
                assignments: self.assignments(
                    config.offsets_topic_num_partitions,
                    config.offsets_topic_replication_factor,
                ),
                configs: configs.map(|(key, value)| (key.to_owned(), value)).into(),
            });
        }
        Ok(topics)
    }

    /// So many partitions, each on so many brokers, which take turns.
    fn assignments(&self, partitions: usize, replicas: usize) -> Vec<Vec<NodeId>> {
        let brokers = self.brokers();
        let replica = |partition: usize, index: usize| brokers[(partition + index) % brokers.len()];
        let replicas = replicas.min(brokers.len());
        (0..partitions)
            .map(|partition| (0..replicas).map(|index| replica(partition, index)).collect())
            .collect()
    }

    fn new_topics(&self, is_wanted: impl Fn(&super::Topic) -> bool) -> Vec<NewTopic> {
        let new_topic = |topic: &super::Topic| {
            let replicas = usize::try_from(topic.replication_factor.number()).unwrap_or(1);
            let partitions = usize::try_from(topic.partitions.number()).unwrap_or(1);
            NewTopic {
                name: TopicName::from(topic.name.as_str()),
                assignments: self.assignments(partitions, replicas),
                configs: pairs(&topic.config),
            }
        };
        let wanted = self.topics.iter().filter(|topic| is_wanted(topic));
        wanted.map(new_topic).collect()
    }

    /// Each topic with the number of partitions that it may have after an expansion, if there may be one.
    fn expandable(&self) -> Vec<(TopicName, i32)> {
        let expand = self.faults.kinds.iter().any(|kind| kind.kind == Family::Expand);
        let topics = self.topics.iter().filter(|_| expand);
        topics
            .map(|topic| (TopicName::from(topic.name.as_str()), small(&topic.partitions) + 1))
            .collect()
    }

    /// Every partition that there is or may come to be. Whoever assigns one that is not there yet reads it from when it is.
    fn every_partition(&self) -> Vec<(TopicName, i32)> {
        let expandable = self.expandable();
        let partitions = |topic: &super::Topic| {
            let name = TopicName::from(topic.name.as_str());
            let expanded = expandable.iter().find(|(expandable, _)| *expandable == name);
            let count = expanded.map_or(small(&topic.partitions), |(_, count)| *count);
            (0..count).map(move |partition| (name.clone(), partition))
        };
        self.topics.iter().flat_map(partitions).collect()
    }
}

fn pairs(config: &Config) -> Vec<(String, String)> {
    let value = |setting: &Setting| match setting {
        Setting::Value(value) => value.to_string(),
        Setting::OneOf(values) => values.first().map(ToString::to_string).unwrap_or_default(),
    };
    config
        .iter()
        .map(|(key, setting)| (key.clone(), value(setting)))
        .collect()
}

fn borrowed(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}

fn node(index: usize) -> NodeId {
    NodeId(i32::try_from(index).expect("few processes"))
}

fn small(draw: &Draw) -> i32 {
    i32::try_from(draw.number()).unwrap_or(i32::MAX)
}
