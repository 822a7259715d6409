//! What a world is made of: static, shared by every state of it.

use kafkasim_core::config::{BrokerConfig, ConsumerConfig, ControllerConfig, OperatorConfig, ProducerConfig};
use kafkasim_core::ids::NodeId;
use kafkasim_core::rules::Rules;

use crate::program::AnyProgram;

/// Processes, rules and options of a world.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The contested decisions in force.
    pub rules: Rules,
    /// Every process; [`NodeId`]s index this list.
    pub processes: Vec<ProcessSpec>,
    /// What the environment may do at all.
    pub options: Options,
}

/// One process.
#[derive(Clone, Debug)]
pub struct ProcessSpec {
    /// What people call it: `broker-1`.
    pub name: String,
    /// What it runs.
    pub role: Role,
    /// The process that it is only a part of: it starts, stands still and stops with the whole, whose program makes its calls and is told its
    /// answers. So an application has a producer besides its consumer.
    pub part_of: Option<NodeId>,
}

/// What a process runs.
#[derive(Clone, Debug)]
pub enum Role {
    /// The controller.
    Controller(ControllerConfig),
    /// A broker.
    Broker(BrokerConfig),
    /// Whoever creates topics.
    Operator(OperatorConfig, AnyProgram),
    /// An application with a producer.
    Producer(ProducerConfig, AnyProgram),
    /// An application with a consumer.
    Consumer(ConsumerConfig, AnyProgram),
}

/// Properties of the environment. Each is a named bound of an exploration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Options {
    /// Requests may outlive their connections.
    pub late_requests: bool,
    /// A sync completes within the step that asked for it.
    pub instant_sync: bool,
}

impl Setup {
    /// One process.
    ///
    /// # Panics
    /// If there is no such process.
    #[must_use]
    pub fn process(&self, node: NodeId) -> &ProcessSpec {
        &self.processes[index(node)]
    }

    /// Every process with its id.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &ProcessSpec)> {
        (0..).map(NodeId).zip(&self.processes)
    }

    /// The process that this one is a part of, or itself.
    ///
    /// # Panics
    /// If there is no such process.
    #[must_use]
    pub fn whole(&self, node: NodeId) -> NodeId {
        self.process(node).part_of.unwrap_or(node)
    }

    /// The parts of a process, itself left out.
    pub fn parts(&self, whole: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes()
            .filter(move |(_, process)| process.part_of == Some(whole))
            .map(|(node, _)| node)
    }

    /// The brokers.
    pub fn brokers(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes()
            .filter(|(_, process)| matches!(process.role, Role::Broker(_)))
            .map(|(node, _)| node)
    }

    /// The applications: everything but controllers, brokers and operators.
    pub fn applications(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes()
            .filter(|(_, process)| matches!(process.role, Role::Producer(..) | Role::Consumer(..)))
            .map(|(node, _)| node)
    }
}

/// Where a process is in every list of processes.
pub(crate) fn index(node: NodeId) -> usize {
    usize::try_from(node.0).unwrap_or_else(|_| panic!("{node:?} is not a process"))
}
