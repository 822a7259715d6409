//! A controller and brokers without faults: messages take no time, and time passes only when everybody waits.

use std::collections::{BTreeMap, VecDeque};

use kafkasim::world::Disk;
use kafkasim_core::broker::Broker;
use kafkasim_core::broker::group::GROUP_METADATA_TOPIC;
use kafkasim_core::call::{Call, NewTopic};
use kafkasim_core::config::{BrokerConfig, ControllerConfig};
use kafkasim_core::controller::Controller;
use kafkasim_core::disk::DiskOp;
use kafkasim_core::ids::{Generation, IncarnationId, NodeId, Timestamp};
use kafkasim_core::machine::{Boot, Choice, ConnectionId, Context, Effect, Input, Lane, Machine, Outbox};
use kafkasim_core::message::{Api, CreateTopicsRequest, Message, Request, Response};
use kafkasim_core::rules::Rules;
use kafkasim_core::timer::{Mark, Timer};

const CONTROLLER: NodeId = NodeId(0);
const CLIENT: NodeId = NodeId(99);
/// When conversations begin: after everything that records say, but for those that are meant to lie in the future.
const BEGINNING_MS: i64 = 1_800_000_000_000;
/// Nobody waits longer than this for an answer.
const LIMIT_MS: u64 = 120_000;

/// What a client is told.
pub(crate) enum Reply {
    Answer(Response),
    /// Nothing, and nothing is to come.
    Silence,
    /// The broker hangs up.
    Closed,
}

pub(crate) struct Cluster {
    nodes: BTreeMap<NodeId, Node>,
    links: Vec<Link>,
    inputs: VecDeque<(NodeId, Input)>,
    replies: VecDeque<Reply>,
    connected: u32,
    now_ms: u64,
}

struct Node {
    process: Process,
    disk: Disk,
    timers: BTreeMap<Timer, u64>,
    marks: BTreeMap<Mark, u64>,
    is_paused: bool,
    starts: u32,
}

enum Process {
    Down,
    Controller(Controller),
    Broker(Broker),
}

/// A connection between two processes.
#[derive(Clone, Copy, PartialEq)]
struct Link {
    client: NodeId,
    server: NodeId,
    lane: Lane,
    generation: Generation,
}

impl Link {
    fn seen_by(self, node: NodeId) -> ConnectionId {
        ConnectionId {
            peer: if node == self.client { self.server } else { self.client },
            lane: self.lane,
            generation: self.generation,
        }
    }
}

impl Cluster {
    /// A controller and these brokers, started.
    pub(crate) fn of_brokers(brokers: &[NodeId]) -> Self {
        let mut cluster = Self {
            nodes: BTreeMap::new(),
            links: Vec::new(),
            inputs: VecDeque::new(),
            replies: VecDeque::new(),
            connected: 0,
            now_ms: 0,
        };
        cluster.start(CONTROLLER);
        for broker in brokers {
            cluster.start(*broker);
        }
        cluster
    }

    /// Starts a process, and waits until it serves.
    pub(crate) fn start(&mut self, id: NodeId) {
        let node = self.nodes.entry(id).or_insert_with(|| Node {
            process: Process::Down,
            disk: Disk::default(),
            timers: BTreeMap::new(),
            marks: BTreeMap::new(),
            is_paused: false,
            starts: 0,
        });
        node.starts += 1;
        let mut out = Outbox::new();
        node.boot(id, self.now_ms, &mut out);
        self.carry_out(id, out);
        self.run_until(|cluster| cluster.nodes[&id].serves());
    }

    /// Shuts a broker down in order.
    pub(crate) fn stop(&mut self, id: NodeId) {
        self.inputs.push_back((id, Input::Call(Call::ShutDown)));
        self.run_until(|cluster| matches!(cluster.nodes[&id].process, Process::Down));
    }

    /// Ends a broker as it is.
    pub(crate) fn kill(&mut self, id: NodeId) {
        let node = self.node(id);
        node.process = Process::Down;
        node.timers.clear();
        for link in self.links.extract_if(.., |link| link.client == id || link.server == id) {
            let other = if link.client == id { link.server } else { link.client };
            self.inputs.push_back((other, Input::Disconnected(link.seen_by(other))));
        }
        self.settle();
    }

    /// A broker does nothing for a while, and nobody notices but by that.
    pub(crate) fn pause(&mut self, id: NodeId) {
        self.node(id).is_paused = true;
    }

    /// It goes on.
    pub(crate) fn resume(&mut self, id: NodeId) {
        self.node(id).is_paused = false;
        self.settle();
    }

    /// Sends a request to a broker, over a connection of its own; only controllers create topics here.
    pub(crate) fn ask(&mut self, to: NodeId, request: Request) -> Reply {
        let server = if request.api() == Api::CreateTopics {
            CONTROLLER
        } else {
            to
        };
        let expects_response = request.expects_response();
        let link = self.open(CLIENT, server, Lane::Client);
        let connection = link.seen_by(server);
        let message = Message::Request(request);
        self.inputs.push_back((server, Input::Message { connection, message }));
        self.settle();
        if expects_response {
            self.run_until(|cluster| !cluster.replies.is_empty());
        }
        let reply = self.replies.pop_front().unwrap_or(Reply::Silence);
        self.close(link, CLIENT);
        self.settle();
        reply
    }

    /// There is a topic for groups, and this broker coordinates them.
    pub(crate) fn coordinate_groups(&mut self, id: NodeId) {
        let topic = NewTopic {
            name: GROUP_METADATA_TOPIC.into(),
            assignments: vec![vec![id]],
            configs: Vec::new(),
        };
        // It may be there already.
        let _: Reply = self.ask(id, CreateTopicsRequest { topic }.into());
        self.pass(1_000);
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, ms: u64) {
        let then = self.now_ms + ms;
        while self.next_timer().is_some_and(|(due, ..)| due <= then) {
            self.fire();
        }
        self.now_ms = then;
    }

    fn run_until(&mut self, is_so: impl Fn(&Self) -> bool) {
        let begun = self.now_ms;
        self.settle();
        while !is_so(self) {
            assert!(
                self.now_ms - begun < LIMIT_MS,
                "nothing came of waiting for {LIMIT_MS} ms"
            );
            self.fire();
        }
    }

    /// The next timer fires, and all that follows from it happens.
    fn fire(&mut self) {
        let (due, id, timer) = self.next_timer().expect("somebody waits for something");
        self.now_ms = due.max(self.now_ms);
        self.node(id).timers.remove(&timer);
        self.inputs.push_back((id, Input::TimerFired(timer)));
        self.settle();
    }

    fn next_timer(&self) -> Option<(u64, NodeId, Timer)> {
        let running = self.nodes.iter().filter(|(_, node)| !node.is_paused);
        let timers = running.flat_map(|(id, node)| node.timers.iter().map(|(timer, due)| (*due, *id, *timer)));
        timers.min()
    }

    /// Everything happens that takes no time. What a paused process is sent stays where it is.
    fn settle(&mut self) {
        while let Some(position) = self.inputs.iter().position(|(id, _)| !self.is_paused(*id)) {
            let (id, input) = self.inputs.remove(position).expect("it is there");
            let now_ms = self.now_ms;
            let Some(node) = self.nodes.get_mut(&id) else {
                continue;
            };
            let mut out = Outbox::new();
            node.step(id, now_ms, input, &mut out);
            self.carry_out(id, out);
        }
    }

    fn carry_out(&mut self, id: NodeId, mut out: Outbox) {
        for effect in out.drain() {
            let now_ms = self.now_ms;
            match effect {
                Effect::Connect { peer, lane } => self.connect(id, peer, lane),
                Effect::Send { connection, message } => self.send(id, connection, message),
                Effect::Disconnect(connection) => {
                    if let Some(link) = self.link(id, connection) {
                        self.close(link, id);
                    }
                }
                Effect::SetTimer { timer, window } => {
                    self.node(id).timers.insert(timer, now_ms + window.earliest_ms);
                }
                Effect::Mark(mark) => {
                    self.node(id).marks.insert(mark, now_ms);
                }
                Effect::SetTimerFromMark { timer, mark, window } => {
                    let node = self.node(id);
                    let from = node.marks.get(&mark).copied().unwrap_or(now_ms);
                    node.timers.insert(timer, from + window.earliest_ms);
                }
                Effect::CancelTimer(timer) => {
                    self.node(id).timers.remove(&timer);
                }
                Effect::Disk(op) => self.write(id, op),
                // The only thing that a broker is asked for is to shut down.
                Effect::Answer(_) => self.kill(id),
                // Nobody but for members' ids, which are told apart by more than that.
                Effect::Choose(question) => {
                    let choice = Choice {
                        kind: question.kind,
                        option: 0,
                    };
                    self.inputs.push_back((id, Input::Chosen(choice)));
                }
                Effect::Note(_) => {}
            }
        }
    }

    fn write(&mut self, id: NodeId, op: DiskOp) {
        let token = if let DiskOp::Sync { token, .. } = &op {
            Some(*token)
        } else {
            None
        };
        let disk = &mut self.node(id).disk;
        disk.write(op).expect("the disk is sound");
        if let Some(token) = token {
            disk.complete(token, true);
            self.inputs.push_back((id, Input::Synced(token, Ok(()))));
        }
    }

    fn connect(&mut self, client: NodeId, server: NodeId, lane: Lane) {
        let input = if self.nodes.get(&server).is_some_and(Node::serves) {
            Input::Connected(self.open(client, server, lane).seen_by(client))
        } else {
            Input::Refused { peer: server, lane }
        };
        self.inputs.push_back((client, input));
    }

    fn open(&mut self, client: NodeId, server: NodeId, lane: Lane) -> Link {
        self.connected += 1;
        let link = Link {
            client,
            server,
            lane,
            generation: Generation(self.connected),
        };
        self.links.push(link);
        link
    }

    /// One end closes; the other learns of it.
    fn close(&mut self, link: Link, by: NodeId) {
        let before = self.links.len();
        self.links.retain(|open| *open != link);
        if self.links.len() == before {
            return;
        }
        let other = if link.client == by { link.server } else { link.client };
        if other == CLIENT {
            self.replies.push_back(Reply::Closed);
        } else {
            self.inputs.push_back((other, Input::Disconnected(link.seen_by(other))));
        }
    }

    fn send(&mut self, from: NodeId, connection: ConnectionId, message: Message) {
        let Some(link) = self.link(from, connection) else {
            return;
        };
        let to = connection.peer;
        match message {
            Message::Response(response) if to == CLIENT => self.replies.push_back(Reply::Answer(response)),
            message @ (Message::Request(_) | Message::Response(_)) => {
                let connection = link.seen_by(to);
                self.inputs.push_back((to, Input::Message { connection, message }));
            }
        }
    }

    fn link(&self, end: NodeId, connection: ConnectionId) -> Option<Link> {
        let is_it = |link: &&Link| (link.client == end || link.server == end) && link.seen_by(end) == connection;
        self.links.iter().find(is_it).copied()
    }

    fn is_paused(&self, id: NodeId) -> bool {
        self.nodes.get(&id).is_some_and(|node| node.is_paused)
    }

    fn node(&mut self, id: NodeId) -> &mut Node {
        self.nodes
            .get_mut(&id)
            .unwrap_or_else(|| panic!("{id} is no process of this cluster"))
    }
}

impl Node {
    fn serves(&self) -> bool {
        match &self.process {
            Process::Down => false,
            Process::Controller(_) => true,
            Process::Broker(broker) => broker.is_in_service(),
        }
    }

    fn boot(&mut self, id: NodeId, now_ms: u64, out: &mut Outbox) {
        let boot = Boot {
            incarnation: IncarnationId(self.starts),
            disk: self.disk.image(),
        };
        self.process = if id == CONTROLLER {
            Process::Controller(Controller::boot(
                &context(id, now_ms, &ControllerConfig::defaults()),
                boot,
                out,
            ))
        } else {
            Process::Broker(Broker::boot(&context(id, now_ms, &broker_config()), boot, out))
        };
    }

    fn step(&mut self, id: NodeId, now_ms: u64, input: Input, out: &mut Outbox) {
        match &mut self.process {
            Process::Down => {}
            Process::Controller(controller) => {
                controller.step(&context(id, now_ms, &ControllerConfig::defaults()), input, out);
            }
            Process::Broker(broker) => broker.step(&context(id, now_ms, &broker_config()), input, out),
        }
    }
}

fn broker_config() -> BrokerConfig {
    BrokerConfig::defaults(vec![CONTROLLER])
}

fn context<C>(node: NodeId, now_ms: u64, config: &C) -> Context<'_, C> {
    Context {
        node,
        config,
        rules: &Rules::CURRENT,
        wall_clock: Timestamp(BEGINNING_MS + i64::try_from(now_ms).expect("a conversation is short")),
    }
}
