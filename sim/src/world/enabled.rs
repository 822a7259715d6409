//! What can happen next in a world, and why something cannot.

use kafkasim_core::ids::NodeId;
use kafkasim_core::operator::Operator;

use super::network::Connection;
use super::{Action, Delivery, Direction, DiskFault, Fault, Link, World};
use crate::program::AnyProgram;

impl World {
    /// What could happen next without the environment's doing: deliveries, connections, timers, syncs, choices, calls and work. Faults and starts are the
    /// scheduler's to offer.
    pub fn enabled(&self, actions: &mut Vec<Action>) {
        for (link, connection) in self.network.connections() {
            if connection.is_opening() {
                let can = self.node(link.server).is_listening() && !self.is_cut_off(link);
                actions.push(if can {
                    Action::Connect(link)
                } else {
                    Action::Refuse(link)
                });
            }
            for direction in [Direction::ToServer, Direction::ToClient] {
                if let Some(what) = self.next_delivery(link, direction) {
                    actions.push(Action::Deliver { link, direction, what });
                }
            }
        }
        for (id, node) in self.nodes().filter(|(_, node)| node.is_running()) {
            actions.extend(node.timers().map(|timer| Action::Fire { node: id, timer }));
            actions.extend(node.disk.syncing().map(|token| Action::Sync {
                node: id,
                token,
                ok: true,
            }));
            if let Some(question) = node.question() {
                actions.extend((0..question.options).map(|option| Action::Choose { node: id, option }));
            }
            if node.program().is_some_and(AnyProgram::has_call) {
                actions.push(Action::Call { node: id });
            }
            if node.program().is_some_and(AnyProgram::has_work) {
                actions.push(Action::Work { node: id });
            }
        }
    }

    /// What could be delivered next in one direction of a connection, if anything could now.
    pub(crate) fn next_delivery(&self, link: Link, direction: Direction) -> Option<Delivery> {
        let what = self.network.head(link, direction)?;
        self.can_arrive(link, direction).then_some(what)
    }

    /// Whether this action could happen now; if not, why.
    pub fn check_enabled(&self, action: &Action) -> Result<(), String> {
        let require = |condition: bool, why: &str| if condition { Ok(()) } else { Err(why.to_owned()) };
        if let Some(node) = action.node() {
            let is_known = usize::try_from(node.0).is_ok_and(|index| index < self.nodes.len());
            require(is_known, "there is no such process")?;
        }
        let running = |node: NodeId| {
            require(self.node(node).is_up(), "the process is down")?;
            require(!self.node(node).is_paused(), "the process is paused")
        };
        match action {
            Action::Start { node } => {
                self.check_whole(*node)?;
                require(!self.node(*node).is_up(), "the process is up already")
            }
            Action::Connect(link) => {
                self.check_opening(*link)?;
                require(self.node(link.server).is_listening(), "nobody listens there")?;
                require(!self.is_cut_off(*link), "the network is cut")
            }
            Action::Refuse(link) => self.check_opening(*link),
            Action::Deliver { link, direction, what } => {
                let head = self.network.head(*link, *direction);
                if head != Some(*what) {
                    return Err(match head {
                        Some(head) => format!("what arrives next is {head:?}"),
                        None => "nothing can arrive there".to_owned(),
                    });
                }
                running(link.receiver(*direction))?;
                require(self.can_arrive(*link, *direction), "the network is cut")
            }
            Action::Fire { node, timer } => {
                running(*node)?;
                require(self.node(*node).timers.contains(*timer), "the timer is not armed")
            }
            Action::Sync { node, token, .. } => {
                running(*node)?;
                require(
                    self.node(*node).disk.syncing().any(|syncing| syncing == *token),
                    "no such sync was asked for",
                )
            }
            Action::Choose { node, option } => {
                running(*node)?;
                let question = self.node(*node).question();
                require(
                    question.is_some_and(|question| *option < question.options),
                    "no such option is open",
                )
            }
            Action::Call { node } => {
                running(*node)?;
                let program = self.node(*node).program();
                require(
                    program.is_some_and(AnyProgram::has_call),
                    "the program has no call to make",
                )
            }
            Action::Work { node } => {
                running(*node)?;
                let program = self.node(*node).program();
                require(
                    program.is_some_and(AnyProgram::has_work),
                    "the program has no work to do",
                )
            }
            Action::Fault(fault) => self.check_fault(fault),
        }
    }

    fn check_whole(&self, node: NodeId) -> Result<(), String> {
        match self.setup.process(node).part_of {
            Some(whole) => Err(format!("it is a part of {whole}, and shares its lot")),
            None => Ok(()),
        }
    }

    fn check_opening(&self, link: Link) -> Result<(), String> {
        match self.network.connection(link) {
            Some(connection) if connection.is_opening() => Ok(()),
            Some(_) => Err("the connection is made already".to_owned()),
            None => Err("no such connection was asked for".to_owned()),
        }
    }

    fn check_disk_fault(&self, node: NodeId, what: DiskFault) -> Result<(), String> {
        let require = |condition: bool, why: &str| if condition { Ok(()) } else { Err(why.to_owned()) };
        let (is_down, disk) = (!self.node(node).is_up(), self.node(node).disk());
        match what {
            DiskFault::Wiped => require(is_down, "the process is up"),
            DiskFault::StaleCheckpoints { .. } => require(
                is_down && disk.image().clean_shutdown.is_none(),
                "the process is up, or has shut down in order",
            ),
            DiskFault::Rotten { log, batch, .. } => {
                require(is_down, "the process is up")?;
                let batches = disk.image().logs.get(&log).map_or(0, |log| log.batches.len());
                require((batch as usize) < batches, "the log has no such batch")
            }
            DiskFault::Full { .. } => require(!disk.is_full(), "the disk is full already"),
            DiskFault::Freed => require(disk.is_full(), "the disk has room"),
        }
    }

    fn check_fault(&self, fault: &Fault) -> Result<(), String> {
        let require = |condition: bool, why: &str| if condition { Ok(()) } else { Err(why.to_owned()) };
        if let Fault::Crash { node } | Fault::Pause { node } | Fault::Resume { node } | Fault::ShutDown { node } = fault
        {
            self.check_whole(*node)?;
        }
        match fault {
            Fault::Crash { node } | Fault::PowerLoss { node, .. } => {
                require(self.node(*node).is_up(), "the process is down")
            }
            Fault::Pause { node } => require(self.node(*node).is_running(), "the process does not run"),
            Fault::Resume { node } => require(self.node(*node).is_paused(), "the process is not paused"),
            Fault::ShutDown { node } => require(
                self.node(*node).is_running()
                    && (self.node(*node).broker().is_some() || self.setup.applications().any(|other| other == *node)),
                "neither a broker nor an application runs there",
            ),
            Fault::Administer { node, .. } => {
                let operator = self.node(*node);
                require(
                    operator.is_running()
                        && operator.operator().is_some_and(Operator::is_idle)
                        && operator.program().is_some_and(AnyProgram::is_done),
                    "no idle operator runs there",
                )
            }
            Fault::Cut { from, to } => require(!self.network.is_cut(*from, *to), "it is cut already"),
            Fault::Mend { from, to } => require(self.network.is_cut(*from, *to), "it is not cut"),
            Fault::Reset(link) => require(
                self.network.connection(*link).is_some_and(Connection::is_open),
                "there is no such open connection",
            ),
            Fault::Lose(link) => {
                let late = self.network.head(*link, Direction::ToServer);
                require(
                    matches!(late, Some(Delivery::Late(_))),
                    "no request has outlived that connection",
                )
            }
            Fault::DeleteRecords { node, .. } => {
                let operator = self.node(*node).operator().filter(|_| self.node(*node).is_running());
                require(
                    operator.is_some_and(Operator::is_idle),
                    "no operator that has nothing to do runs there",
                )
            }
            Fault::Disk { node, what } => self.check_disk_fault(*node, *what),
            Fault::ClockJump { .. } => Ok(()),
        }
    }

    fn can_arrive(&self, link: Link, direction: Direction) -> bool {
        let (sender, receiver) = (link.sender(direction), link.receiver(direction));
        self.node(receiver).is_running() && !self.network.is_cut(sender, receiver)
    }

    fn is_cut_off(&self, link: Link) -> bool {
        self.network.is_cut(link.client, link.server) || self.network.is_cut(link.server, link.client)
    }
}
