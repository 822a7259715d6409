//! What processes and topics are called, and actions in words.

use std::collections::BTreeMap;

use kafkasim::replay::Drift;
use kafkasim::setup::Setup;
use kafkasim::world::{Action, Delivery, Direction, DiskFault, Fault, Link, World};
use kafkasim_core::ids::{NodeId, TopicId, TopicName, TopicPartition};
use kafkasim_core::message::DeleteBefore;
use kafkasim_core::timer::{GroupTimer, Timer};

/// What processes and topics are called.
pub(crate) struct Names {
    processes: Vec<String>,
    topics: BTreeMap<TopicId, TopicName>,
}

impl Names {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            processes: setup.processes.iter().map(|process| process.name.clone()).collect(),
            topics: BTreeMap::new(),
        }
    }

    /// Learns the topics that a running controller knows.
    pub(crate) fn learn(&mut self, world: &World) {
        let images = world
            .nodes()
            .filter_map(|(_, node)| node.controller())
            .map(|controller| controller.image());
        for (id, topic) in images.flat_map(|image| &image.topics) {
            if !self.topics.contains_key(id) {
                self.topics.insert(*id, topic.name.clone());
            }
        }
    }

    pub(crate) fn process(&self, node: NodeId) -> &str {
        usize::try_from(node.0)
            .ok()
            .and_then(|index| self.processes.get(index))
            .map_or("?", String::as_str)
    }

    pub(crate) fn processes(&self, nodes: &[NodeId]) -> String {
        nodes
            .iter()
            .map(|node| self.process(*node))
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(crate) fn partition(&self, partition: TopicPartition) -> String {
        if partition == TopicPartition::CLUSTER_METADATA {
            return "metadata".to_owned();
        }
        self.topics.get(&partition.topic).map_or_else(
            || partition.to_string(),
            |topic| format!("{topic}-{}", partition.partition),
        )
    }

    pub(crate) fn link(&self, link: Link) -> String {
        let generation = if link.generation.0 > 0 {
            format!(" #{}", link.generation)
        } else {
            String::new()
        };
        format!(
            "{} → {} ({:?}{generation})",
            self.process(link.client),
            self.process(link.server),
            link.lane
        )
    }

    /// An action in words.
    pub(crate) fn action(&self, action: &Action) -> String {
        match action {
            Action::Start { node } => format!("{} starts", self.process(*node)),
            Action::Connect(link) => format!("connect {}", self.link(*link)),
            Action::Refuse(link) => format!("cannot connect {}", self.link(*link)),
            Action::Deliver { link, direction, what } => {
                let (from, to) = (
                    self.process(link.sender(*direction)),
                    self.process(link.receiver(*direction)),
                );
                match (what, direction) {
                    (Delivery::Message(api), Direction::ToServer) => format!("{from} → {to}: {}", api.name()),
                    (Delivery::Message(api), Direction::ToClient) => format!("{from} → {to}: answer to {}", api.name()),
                    (Delivery::Late(api), Direction::ToServer | Direction::ToClient) => {
                        format!("{from} → {to}: late {}, whose connection has ended", api.name())
                    }
                    (Delivery::End, Direction::ToServer | Direction::ToClient) => {
                        format!(
                            "{to} learns that its connection ({:?}) with {from} has ended",
                            link.lane
                        )
                    }
                }
            }
            Action::Fire { node, timer } => format!("{}: {}", self.process(*node), self.timer(timer)),
            Action::Sync { node, ok: true, .. } => format!("{}: synced", self.process(*node)),
            Action::Sync { node, ok: false, .. } => format!("{}: sync fails", self.process(*node)),
            Action::Choose { node, option } => format!("{}: chance picks option {option}", self.process(*node)),
            Action::Call { node } => format!("{}: the application makes a call", self.process(*node)),
            Action::Work { node } => format!("{}: the application works", self.process(*node)),
            Action::Fault(fault) => self.fault(fault),
        }
    }

    /// In words where a run cannot go on.
    pub(crate) fn drift(&self, drift: &Drift) -> String {
        let Drift { number, step, why } = drift;
        format!(
            "the run drifts at action {number}, \"{}\": {why}",
            self.action(&step.action)
        )
    }

    fn timer(&self, timer: &Timer) -> String {
        match timer {
            Timer::RequestTimeout { connection, .. } => {
                format!(
                    "no answer from {} ({:?}) in time",
                    self.process(connection.peer),
                    connection.lane
                )
            }
            Timer::ReconnectBackoff { peer, lane } => {
                format!("may connect to {} ({lane:?}) again", self.process(*peer))
            }
            Timer::RegistrationBackoff => "may register again".to_owned(),
            Timer::Heartbeat => "a heartbeat is due".to_owned(),
            Timer::MetadataFetchBackoff => "may fetch the metadata log again".to_owned(),
            Timer::ReplicaFetchBackoff { leader } | Timer::FetchBackoff { leader } => {
                format!("may fetch from {} again", self.process(*leader))
            }
            Timer::AlterPartitionBackoff { partition } => {
                format!(
                    "may propose the in-sync replicas of {} again",
                    self.partition(*partition)
                )
            }
            Timer::ReplicaLag { partition, follower } => {
                format!(
                    "{} has not kept up with {} for too long",
                    self.process(*follower),
                    self.partition(*partition)
                )
            }
            Timer::HighWatermarkCheckpoint => "high watermarks are to be written down".to_owned(),
            Timer::LogRetention => "old segments are to be deleted".to_owned(),
            Timer::LogCleaner => "compacted logs are to be cleaned".to_owned(),
            Timer::ProducerExpiration => "idle producers are to be forgotten".to_owned(),
            Timer::LogStartCheckpoint => "where logs start is to be written down".to_owned(),
            Timer::DeleteRecordsWait { connection } => format!(
                "the DeleteRecords of {} has waited for too long",
                self.process(connection.peer)
            ),
            Timer::FetchWait { connection } => {
                format!("the Fetch of {} has waited long enough", self.process(connection.peer))
            }
            Timer::ProduceWait { connection } => format!(
                "the Produce of {} has waited for too long",
                self.process(connection.peer)
            ),
            Timer::Session { broker } => format!("{} was not heard from for too long", self.process(*broker)),
            Timer::Linger { partition } => format!("a batch for {} has lingered", self.partition(*partition)),
            Timer::RetryBackoff { partition } => format!("may send to {} again", self.partition(*partition)),
            Timer::DeliveryTimeout { partition, .. } => {
                format!("a batch for {} was not delivered in time", self.partition(*partition))
            }
            Timer::InitProducerIdBackoff => "may ask for a producer id again".to_owned(),
            Timer::Group { timer, .. } => match timer {
                GroupTimer::Load => "the log of the groups is read",
                GroupTimer::Session { .. } => "a member was not heard from for too long",
                GroupTimer::InitialDelay { .. } => "a group has waited for more members",
                GroupTimer::Join { .. } => "members have not joined again in time",
                GroupTimer::Sync { .. } => "members have not asked for their partitions in time",
                GroupTimer::Write { .. } => "what a coordinator has written is not committed in time",
                GroupTimer::Expiration => "expired commits are to be forgotten",
            }
            .to_owned(),
            Timer::CloseTimeout => "close has taken too long".to_owned(),
            Timer::MaxBlock { call } => format!("call {call} has waited for metadata or memory for too long"),
            Timer::MetadataBackoff => "may ask for metadata again".to_owned(),
            Timer::MetadataMaxAge => "the metadata is old".to_owned(),
            Timer::PollTimeout => "the poll has waited long enough".to_owned(),
            Timer::PositionBackoff { partition } => {
                format!("may look up the position in {} again", self.partition(*partition))
            }
            Timer::ListenerCallTimeout => "the listener's call has waited".to_owned(),
            Timer::CoordinatorBackoff => "coordinator back-off over".to_owned(),
            Timer::OffsetsBackoff => "back-off of a commit or of a lookup over".to_owned(),
            Timer::MemberHeartbeat => "heartbeat to the coordinator due".to_owned(),
            Timer::MemberSession => "coordinator not heard from".to_owned(),
            Timer::MaxPollInterval => "max.poll.interval.ms over".to_owned(),
            Timer::AutoCommit => "commit due".to_owned(),
            Timer::JoinPrepare => "commit before the rebalance not waited for any longer".to_owned(),
            Timer::OperatorBackoff => "may try again".to_owned(),
        }
    }

    fn disk(&self, node: NodeId, what: DiskFault) -> String {
        let process = self.process(node);
        match what {
            DiskFault::Wiped => format!("{process}'s disk is WIPED"),
            DiskFault::StaleCheckpoints { epochs } => {
                format!("{process}'s checkpoints are STALE: no high watermarks, at most {epochs} epochs of each log")
            }
            DiskFault::Rotten { log, batch, .. } => {
                format!("{process}'s disk ROTS: batch {batch} of {}", self.partition(log))
            }
            DiskFault::Full { .. } => format!("{process}'s disk is FULL"),
            DiskFault::Freed => format!("{process}'s disk has room again"),
        }
    }

    fn fault(&self, fault: &Fault) -> String {
        match fault {
            Fault::Crash { node } => format!("{} CRASHES", self.process(*node)),
            Fault::PowerLoss { node, kept } => {
                let tails = kept.iter().map(|tail| {
                    let torn = if tail.torn_bytes > 0 {
                        format!(" and {} bytes", tail.torn_bytes)
                    } else {
                        String::new()
                    };
                    format!(
                        "{} of {}'s unsynced batches{torn}",
                        tail.whole,
                        self.partition(tail.log)
                    )
                });
                let kept = tails.collect::<Vec<_>>().join(", ");
                let kept = if kept.is_empty() {
                    String::new()
                } else {
                    format!(", keeping {kept}")
                };
                format!("{} LOSES POWER{kept}", self.process(*node))
            }
            Fault::Pause { node } => format!("{} PAUSES", self.process(*node)),
            Fault::Resume { node } => format!("{} resumes", self.process(*node)),
            Fault::ShutDown { node } => format!("{} is asked to SHUT DOWN", self.process(*node)),
            Fault::Administer { node, task } => format!("{} is to {task}", self.process(*node)),
            Fault::Cut { from, to } => format!("CUT {} → {}", self.process(*from), self.process(*to)),
            Fault::Mend { from, to } => format!("mended {} → {}", self.process(*from), self.process(*to)),
            Fault::Reset(link) => format!("RESET {}", self.link(*link)),
            Fault::Lose(link) => format!("a late request is lost: {}", self.link(*link)),
            Fault::DeleteRecords {
                node,
                partition,
                before,
                leader,
            } => {
                let what = match before {
                    DeleteBefore::HighWatermark => "everything committed".to_owned(),
                    DeleteBefore::Offset(offset) => format!("everything before {offset}"),
                };
                let (operator, leader) = (self.process(*node), self.process(*leader));
                format!(
                    "{operator} DELETES {what} of {} at {leader}",
                    self.partition(*partition)
                )
            }
            Fault::Disk { node, what } => self.disk(*node, *what),
            Fault::ClockJump { node, by_ms } => format!("{}'s wall clock JUMPS by {by_ms:+} ms", self.process(*node)),
        }
    }
}
