//! One world: every process, every disk and the network between them, at one moment that has no time.
//!
//! [`World::enabled`] lists what could happen next, [`World::apply`] makes one of it happen. Who picks, and when, is not the world's business: the
//! seeded scheduler, the explorer and a replay all drive this very same type. The world holds no clock, no chance and no names that grow.

mod action;
mod disk;
mod disk_fault;
mod enabled;
mod event;
mod network;
mod node;

use std::iter;
use std::sync::Arc;

use kafkasim_core::call::{Answer, Call, RecordsToDelete};
use kafkasim_core::ids::{NodeId, Timestamp};
use kafkasim_core::machine::{Choice, ConnectionId, Effect, Input};

pub use action::{Action, Delivery, Direction, Fault, KeptTail, Link, Step};
pub use disk::Disk;
pub use disk_fault::DiskFault;
pub use event::{Event, Outcome, Queued};
pub use network::{Connection, Network};
pub use node::Node;

use crate::check::{Finale, Finding, Monitors};
use crate::fingerprint::Fingerprint;
use crate::program::AnyProgram;
use crate::setup::{Role, Setup, index};
use network::Packet;

/// Everything there is, between two actions.
#[derive(Clone, Debug)]
pub struct World {
    setup: Arc<Setup>,
    nodes: Vec<Slot>,
    network: Network,
    monitors: Monitors,
}

#[derive(Clone, Debug)]
struct Slot {
    node: Arc<Node>,
    fingerprint: Option<Fingerprint>,
}

impl World {
    /// Every process down, every disk empty.
    #[must_use]
    pub fn new(setup: Arc<Setup>, monitors: Monitors) -> Self {
        let nodes = setup
            .processes
            .iter()
            .map(|_| Slot {
                node: Arc::new(Node::new()),
                fingerprint: None,
            })
            .collect();
        Self {
            setup,
            nodes,
            network: Network::default(),
            monitors,
        }
    }

    /// What it is made of.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// One process.
    ///
    /// # Panics
    /// If there is no such process.
    #[must_use]
    pub fn node(&self, node: NodeId) -> &Node {
        &self.nodes[index(node)].node
    }

    /// Every process.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        (0..).map(NodeId).zip(self.nodes.iter().map(|slot| &*slot.node))
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> &Network {
        &self.network
    }

    /// The checks, with what they remember.
    #[must_use]
    pub const fn monitors(&self) -> &Monitors {
        &self.monitors
    }

    /// Whether everything is equal, compared in full.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let mut nodes = self.nodes.iter().zip(&other.nodes);
        nodes.all(|(ours, theirs)| Arc::ptr_eq(&ours.node, &theirs.node) || ours.node == theirs.node)
            && self.network == other.network
            && self.monitors == other.monitors
    }

    /// A digest of everything; equal worlds have equal digests.
    pub fn fingerprint(&mut self) -> Fingerprint {
        let mut sum = self.network.fingerprint().plus(self.monitors.fingerprint());
        for (id, slot) in self.nodes.iter_mut().enumerate() {
            sum = sum.plus(
                *slot
                    .fingerprint
                    .get_or_insert_with(|| Fingerprint::of(&(id, &*slot.node))),
            );
        }
        sum
    }

    /// Makes one enabled action happen: exactly one machine takes at most one step (and, with instant syncs, one more for each), or one
    /// application goes on with its work.
    ///
    /// # Panics
    /// If the action is not enabled, or if a machine breaks one of its own invariants.
    pub fn apply(&mut self, action: &Action, wall_clock: Timestamp, outcome: &mut Outcome) {
        outcome.clear();
        debug_assert_eq!(self.check_enabled(action), Ok(()), "{action} is not enabled");
        match action {
            Action::Start { node } => self.start(*node, wall_clock, outcome),
            Action::Connect(link) => {
                self.network.establish(*link);
                self.step(link.client, wall_clock, Input::Connected(at_client(*link)), outcome);
            }
            Action::Refuse(link) => {
                self.network.refuse(*link);
                let refused = Input::Refused {
                    peer: link.server,
                    lane: link.lane,
                };
                self.step(link.client, wall_clock, refused, outcome);
            }
            Action::Deliver { link, direction, what } => self.deliver(*link, *direction, *what, wall_clock, outcome),
            Action::Fire { node, timer } => {
                self.node_mut(*node).timers.remove(*timer);
                self.step(*node, wall_clock, Input::TimerFired(*timer), outcome);
            }
            Action::Sync { node, token, ok } => {
                self.node_mut(*node).disk.complete(*token, *ok);
                let result = if *ok {
                    Ok(())
                } else {
                    Err(kafkasim_core::disk::DiskError::Storage)
                };
                self.step(*node, wall_clock, Input::Synced(*token, result), outcome);
            }
            Action::Choose { node, option } => {
                let question = self.node_mut(*node).questions.pop_front().expect("a question is open");
                let choice = Choice {
                    kind: question.kind,
                    option: *option,
                };
                self.step(*node, wall_clock, Input::Chosen(choice), outcome);
            }
            Action::Call { node } => self.call(*node, wall_clock, outcome),
            Action::Work { node } => self.work(*node, outcome),
            Action::Fault(fault) => self.fault(fault, wall_clock, outcome),
        }
        let mut monitors = std::mem::take(&mut self.monitors);
        monitors.observe(self, &outcome.events, &mut outcome.findings);
        self.monitors = monitors;
    }

    /// Whether every group has come to rest: everybody who has subscribed is a member, and every partition belongs to one of them.
    pub(crate) fn groups_are_at_rest(&self) -> bool {
        self.monitors.groups_are_at_rest(self)
    }

    /// Whether a loss of data on all of these brokers would be more than the configuration of some topic covers, given what others have lost and not
    /// caught up with since.
    pub(crate) fn would_expose(&self, brokers: &[NodeId]) -> bool {
        self.monitors.would_expose(self, brokers)
    }

    /// The run is over: the checks that only the end can answer.
    pub fn finish(&mut self, finale: &Finale, findings: &mut Vec<Finding>) {
        let mut monitors = std::mem::take(&mut self.monitors);
        monitors.finish(self, finale, findings);
        self.monitors = monitors;
    }

    fn start(&mut self, id: NodeId, wall_clock: Timestamp, outcome: &mut Outcome) {
        let setup = Arc::clone(&self.setup);
        for node in iter::once(id).chain(setup.parts(id)) {
            outcome.events.push(Event::Started { node });
            self.node_mut(node).boot(node, &setup, wall_clock, &mut outcome.outbox);
            self.carry_out(node, wall_clock, outcome);
        }
        self.announce_program(id, outcome);
    }

    fn deliver(
        &mut self,
        link: Link,
        direction: Direction,
        what: Delivery,
        wall_clock: Timestamp,
        outcome: &mut Outcome,
    ) {
        let receiver = link.receiver(direction);
        let mut connection = match direction {
            Direction::ToServer => at_server(link),
            Direction::ToClient => at_client(link),
        };
        if let Delivery::Late(api) = what {
            connection.generation = ConnectionId::ENDED;
            outcome.events.push(Event::Late { link, api });
        }
        let input = match self.network.take(link, direction) {
            Packet::Message(message) => Input::Message { connection, message },
            Packet::End => Input::Disconnected(connection),
        };
        self.step(receiver, wall_clock, input, outcome);
    }

    fn call(&mut self, id: NodeId, wall_clock: Timestamp, outcome: &mut Outcome) {
        let program = self.node_mut(id).program_mut().expect("applications have programs");
        let call = program.next_call().expect("the program has a call to make");
        program.called(&call);
        let node = self.callee(id, &call);
        outcome.events.push(Event::Called {
            node,
            call: call.clone(),
        });
        self.step(node, wall_clock, Input::Call(call), outcome);
        self.announce_program(id, outcome);
    }

    /// Which part of a process a call is for: an application with a consumer may have a producer, too.
    fn callee(&self, id: NodeId, call: &Call) -> NodeId {
        let is_for_producer = matches!(call, Call::Send { .. } | Call::PartitionsFor { .. } | Call::Flush);
        if is_for_producer && matches!(self.setup.process(id).role, Role::Consumer(..)) {
            let producer = self.setup.parts(id).next();
            producer.unwrap_or_else(|| panic!("{id} has no producer to call"))
        } else {
            id
        }
    }

    fn work(&mut self, id: NodeId, outcome: &mut Outcome) {
        let program = self.node_mut(id).program_mut().expect("applications have programs");
        for (topic, partition, offset) in program.work() {
            outcome.events.push(Event::Processed {
                node: id,
                topic,
                partition,
                offset,
            });
        }
        self.announce_program(id, outcome);
    }

    fn fault(&mut self, fault: &Fault, wall_clock: Timestamp, outcome: &mut Outcome) {
        outcome.events.push(Event::Fault(fault.clone()));
        match fault {
            Fault::Crash { node } => self.stop(*node, false, outcome),
            Fault::PowerLoss { node, kept } => {
                self.stop(*node, false, outcome);
                self.node_mut(*node).disk.lose_power(kept);
            }
            Fault::Pause { node } => self.pause(*node, true),
            Fault::Resume { node } => self.pause(*node, false),
            Fault::ShutDown { node } => self.shut_down(*node, wall_clock, outcome),
            Fault::Administer { node, task } => {
                self.step(*node, wall_clock, Input::Call(Call::Administer(task.clone())), outcome);
            }
            Fault::Cut { from, to } => self.network.cut(*from, *to),
            Fault::Mend { from, to } => self.network.mend(*from, *to),
            Fault::Reset(link) => {
                announce_severed(&self.network, *link, outcome);
                self.network
                    .reset(*link, self.setup.options.late_requests, &mut outcome.queued);
            }
            Fault::Lose(link) => self.network.lose(*link),
            Fault::DeleteRecords {
                node,
                partition,
                before,
                leader,
            } => {
                let call = Call::DeleteRecords(RecordsToDelete {
                    partition: *partition,
                    before: *before,
                    leader: *leader,
                });
                outcome.events.push(Event::Called {
                    node: *node,
                    call: call.clone(),
                });
                self.step(*node, wall_clock, Input::Call(call), outcome);
            }
            Fault::Disk { node, what } => self.node_mut(*node).disk.suffer(*what),
            // The wall clock is the scheduler's; from now on it comes with each step.
            Fault::ClockJump { .. } => {}
        }
    }

    fn pause(&mut self, id: NodeId, is_paused: bool) {
        let setup = Arc::clone(&self.setup);
        for node in iter::once(id).chain(setup.parts(id)) {
            self.node_mut(node).paused = is_paused;
        }
    }

    /// A broker hands over first; an application does as it likes.
    fn shut_down(&mut self, id: NodeId, wall_clock: Timestamp, outcome: &mut Outcome) {
        match self.node_mut(id).program_mut().map(AnyProgram::shut_down) {
            None => self.step(id, wall_clock, Input::Call(Call::ShutDown), outcome),
            Some(false) => self.stop(id, true, outcome),
            Some(true) => self.announce_program(id, outcome),
        }
    }

    fn step(&mut self, id: NodeId, wall_clock: Timestamp, input: Input, outcome: &mut Outcome) {
        let node = self.nodes[index(id)].node_mut();
        node.step(id, &self.setup, wall_clock, input, &mut outcome.outbox);
        self.carry_out(id, wall_clock, outcome);
    }

    /// Carries out what a machine has put into its outbox, in order.
    fn carry_out(&mut self, id: NodeId, wall_clock: Timestamp, outcome: &mut Outcome) {
        let mut outbox = std::mem::take(&mut outcome.outbox);
        let node = self.nodes[index(id)].node_mut();
        let whole = self.setup.whole(id);
        let mut answers_of_part = Vec::new();
        let mut answered = false;
        let mut shut_down = false;
        let mut refused = false;
        for effect in outbox.drain() {
            if refused {
                // The process has halted: whatever it was about to do besides does not happen.
                continue;
            }
            match effect {
                Effect::Connect { peer, lane } => {
                    let link = self.network.open(id, peer, lane);
                    outcome.queued.push(Queued::Opening { link });
                }
                Effect::Send { connection, message } => {
                    self.network.send(id, connection, message, &mut outcome.queued);
                }
                Effect::Disconnect(connection) => {
                    disconnect(
                        &mut self.network,
                        self.setup.options.late_requests,
                        id,
                        connection,
                        outcome,
                    );
                }
                Effect::SetTimer { timer, window } => node.set_timer(id, timer, None, window, &mut outcome.queued),
                Effect::SetTimerFromMark { timer, mark, window } => {
                    node.set_timer(id, timer, Some(mark), window, &mut outcome.queued);
                }
                Effect::Mark(mark) => outcome.queued.push(Queued::Marked { node: id, mark }),
                Effect::CancelTimer(timer) => {
                    if node.timers.remove(timer).is_some() {
                        outcome.queued.push(Queued::TimerCancelled { node: id, timer });
                    }
                }
                Effect::Disk(op) => {
                    if let kafkasim_core::disk::DiskOp::Sync { token, .. } = &op {
                        outcome.queued.push(Queued::Syncing {
                            node: id,
                            token: *token,
                        });
                    }
                    refused = node.disk.write(op).is_err();
                }
                Effect::Choose(question) => {
                    node.questions.push_back(question);
                    outcome.queued.push(Queued::Asked { node: id, question });
                }
                Effect::Answer(answer) => {
                    shut_down |= answer == Answer::ShutDown;
                    if whole != id {
                        answers_of_part.push(answer.clone());
                        answered = true;
                    } else if let Some(program) = node.program_mut() {
                        program.answered(&answer);
                        answered = true;
                    }
                    outcome.events.push(Event::Answered { node: id, answer });
                }
                Effect::Note(note) => outcome.events.push(Event::Note { node: id, note }),
            }
        }
        outcome.outbox = outbox;
        if let Some(program) = self.nodes[index(whole)].program_if_told(&answers_of_part) {
            answers_of_part.iter().for_each(|answer| program.answered(answer));
        }
        if refused {
            // A broker whose last log directory is offline halts (KIP-112), and so does a controller that cannot write its log.
            outcome.events.push(Event::WriteRefused { node: id });
            self.stop(id, false, outcome);
        } else if shut_down {
            self.stop(id, true, outcome);
        } else if self.setup.options.instant_sync {
            self.complete_syncs(id, wall_clock, outcome);
        }
        if answered && self.node(whole).program().is_some_and(AnyProgram::has_exited) {
            self.stop(whole, true, outcome);
        } else if answered {
            self.announce_program(whole, outcome);
        }
    }

    fn complete_syncs(&mut self, id: NodeId, wall_clock: Timestamp, outcome: &mut Outcome) {
        let next = self.node(id).disk.syncing().next();
        if let Some(token) = next {
            self.node_mut(id).disk.complete(token, true);
            self.step(id, wall_clock, Input::Synced(token, Ok(())), outcome);
        }
    }

    fn stop(&mut self, id: NodeId, in_order: bool, outcome: &mut Outcome) {
        let setup = Arc::clone(&self.setup);
        for node in iter::once(id).chain(setup.parts(id)) {
            self.stop_part(node, in_order, outcome);
        }
    }

    fn stop_part(&mut self, id: NodeId, in_order: bool, outcome: &mut Outcome) {
        self.node_mut(id).stop();
        for link in self.network.links_of(id) {
            let closing = if link.client == id {
                Direction::ToServer
            } else {
                Direction::ToClient
            };
            close(
                &mut self.network,
                link,
                closing,
                self.setup.options.late_requests,
                outcome,
            );
        }
        outcome.queued.push(Queued::Stopped { node: id });
        outcome.events.push(Event::Stopped { node: id, in_order });
    }

    fn announce_program(&self, id: NodeId, outcome: &mut Outcome) {
        let Some(program) = self.node(id).program() else {
            return;
        };
        if program.has_call() {
            outcome.queued.push(Queued::Ready { node: id });
        }
        if program.has_work() {
            outcome.queued.push(Queued::Busy { node: id });
        }
    }

    fn node_mut(&mut self, node: NodeId) -> &mut Node {
        self.nodes[index(node)].node_mut()
    }
}

impl Slot {
    fn node_mut(&mut self) -> &mut Node {
        self.fingerprint = None;
        Arc::make_mut(&mut self.node)
    }

    /// The program, if there is something to tell it.
    fn program_if_told(&mut self, answers: &[Answer]) -> Option<&mut AnyProgram> {
        if answers.is_empty() {
            return None;
        }
        self.node_mut().program_mut()
    }
}

/// A machine closes a connection: usually one that it opened, but a broker also hangs up on clients.
fn disconnect(network: &mut Network, outlive: bool, id: NodeId, connection: ConnectionId, outcome: &mut Outcome) {
    let ours = Link {
        client: id,
        server: connection.peer,
        lane: connection.lane,
        generation: connection.generation,
    };
    if network.connection(ours).is_some() {
        close(network, ours, Direction::ToServer, outlive, outcome);
    } else {
        let theirs = Link {
            client: connection.peer,
            server: id,
            ..ours
        };
        close(network, theirs, Direction::ToClient, false, outcome);
    }
}

fn close(network: &mut Network, link: Link, closing: Direction, outlive: bool, outcome: &mut Outcome) {
    announce_severed(network, link, outcome);
    network.close(link, closing, outlive, &mut outcome.queued);
}

fn announce_severed(network: &Network, link: Link, outcome: &mut Outcome) {
    let is_used = |connection: &Connection| connection.requests().len() > 0 || connection.is_busy();
    if network.connection(link).is_some_and(is_used) {
        outcome.events.push(Event::Severed { link });
    }
}

const fn at_client(link: Link) -> ConnectionId {
    ConnectionId {
        peer: link.server,
        lane: link.lane,
        generation: link.generation,
    }
}

const fn at_server(link: Link) -> ConnectionId {
    ConnectionId {
        peer: link.client,
        lane: link.lane,
        generation: link.generation,
    }
}
