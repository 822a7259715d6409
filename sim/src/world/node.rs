//! One process: its machine while it runs, its disk always.

use std::collections::VecDeque;

use kafkasim_core::broker::Broker;
use kafkasim_core::consumer::Consumer;
use kafkasim_core::controller::Controller;
use kafkasim_core::ids::{IncarnationId, NodeId, Timestamp};
use kafkasim_core::machine::{Boot, Context, Input, Machine, Outbox, Question};
use kafkasim_core::operator::Operator;
use kafkasim_core::producer::Producer;
use kafkasim_core::rules::Rules;
use kafkasim_core::timer::{Mark, Timer, Window};

use super::Queued;
use super::disk::Disk;
use crate::program::AnyProgram;
use crate::setup::{Role, Setup};
use crate::sorted::SortedSet;

/// One process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    pub(super) process: Process,
    pub(super) paused: bool,
    pub(super) disk: Disk,
    pub(super) timers: SortedSet<Timer>,
    pub(super) questions: VecDeque<Question>,
    /// How often it was started; the next start is this incarnation.
    pub(super) starts: u32,
}

/// What runs, if anything does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Process {
    Down,
    Controller(Controller),
    Broker(Broker),
    Operator(Client<Operator>),
    Producer(Client<Producer>),
    /// The largest by far.
    Consumer(Box<Client<Consumer>>),
}

/// An application on top of its client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Client<M> {
    pub(super) program: AnyProgram,
    pub(super) machine: M,
}

impl Node {
    pub(super) fn new() -> Self {
        Self {
            process: Process::Down,
            paused: false,
            disk: Disk::default(),
            timers: SortedSet::default(),
            questions: VecDeque::new(),
            starts: 0,
        }
    }

    /// Whether its process exists (it may be paused).
    #[must_use]
    pub const fn is_up(&self) -> bool {
        !matches!(self.process, Process::Down)
    }

    /// Whether its process exists and runs.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.is_up() && !self.paused
    }

    /// Whether it accepts connections: a broker's port is closed until it is in service (a paused process's is open).
    #[must_use]
    pub fn is_listening(&self) -> bool {
        match &self.process {
            Process::Broker(broker) => broker.is_in_service(),
            Process::Down => false,
            Process::Controller(_) | Process::Operator(_) | Process::Producer(_) | Process::Consumer(_) => true,
        }
    }

    /// Whether it is paused.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    /// How often it was started.
    #[must_use]
    pub const fn starts(&self) -> u32 {
        self.starts
    }

    /// Its disk.
    #[must_use]
    pub const fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Whether a batch on its disk has rotted that nobody looks for: an unclean start would have cut it off.
    #[must_use]
    pub fn serves_rot(&self) -> bool {
        (self.is_up() || self.disk.image().clean_shutdown.is_some()) && self.disk.is_rotten()
    }

    /// The armed timers.
    pub fn timers(&self) -> impl Iterator<Item = Timer> {
        self.timers.keys()
    }

    /// The oldest open question.
    #[must_use]
    pub fn question(&self) -> Option<Question> {
        self.questions.front().copied()
    }

    /// The controller that runs here, if one does.
    #[must_use]
    pub const fn controller(&self) -> Option<&Controller> {
        if let Process::Controller(controller) = &self.process {
            Some(controller)
        } else {
            None
        }
    }

    /// The broker that runs here, if one does.
    #[must_use]
    pub const fn broker(&self) -> Option<&Broker> {
        if let Process::Broker(broker) = &self.process {
            Some(broker)
        } else {
            None
        }
    }

    /// The operator that runs here, if one does.
    #[must_use]
    pub const fn operator(&self) -> Option<&Operator> {
        if let Process::Operator(client) = &self.process {
            Some(&client.machine)
        } else {
            None
        }
    }

    /// The producer that runs here, if one does.
    #[must_use]
    pub const fn producer(&self) -> Option<&Producer> {
        if let Process::Producer(client) = &self.process {
            Some(&client.machine)
        } else {
            None
        }
    }

    /// The consumer that runs here, if one does.
    #[must_use]
    pub fn consumer(&self) -> Option<&Consumer> {
        if let Process::Consumer(client) = &self.process {
            Some(&client.machine)
        } else {
            None
        }
    }

    /// The program that runs here, if one does.
    #[must_use]
    pub fn program(&self) -> Option<&AnyProgram> {
        match &self.process {
            Process::Operator(client) => Some(&client.program),
            Process::Producer(client) => Some(&client.program),
            Process::Consumer(client) => Some(&client.program),
            Process::Down | Process::Controller(_) | Process::Broker(_) => None,
        }
    }

    pub(super) fn program_mut(&mut self) -> Option<&mut AnyProgram> {
        match &mut self.process {
            Process::Operator(client) => Some(&mut client.program),
            Process::Producer(client) => Some(&mut client.program),
            Process::Consumer(client) => Some(&mut client.program),
            Process::Down | Process::Controller(_) | Process::Broker(_) => None,
        }
    }

    pub(super) fn boot(&mut self, id: NodeId, setup: &Setup, wall_clock: Timestamp, out: &mut Outbox) {
        let start = Start {
            id,
            rules: &setup.rules,
            wall_clock,
            incarnation: self.starts,
            disk: &self.disk,
        };
        self.process = match &setup.process(id).role {
            Role::Controller(config) => Process::Controller(start.machine(config, out)),
            Role::Broker(config) => Process::Broker(start.machine(config, out)),
            Role::Operator(config, program) => Process::Operator(start.client(config, program, out)),
            Role::Producer(config, program) => Process::Producer(start.client(config, program, out)),
            Role::Consumer(config, program) => Process::Consumer(Box::new(start.client(config, program, out))),
        };
        self.starts += 1;
    }

    pub(super) fn step(&mut self, id: NodeId, setup: &Setup, wall_clock: Timestamp, input: Input, out: &mut Outbox) {
        let rules = &setup.rules;
        match (&mut self.process, &setup.process(id).role) {
            (Process::Controller(machine), Role::Controller(config)) => {
                machine.step(
                    &Context {
                        node: id,
                        config,
                        rules,
                        wall_clock,
                    },
                    input,
                    out,
                );
            }
            (Process::Broker(machine), Role::Broker(config)) => {
                machine.step(
                    &Context {
                        node: id,
                        config,
                        rules,
                        wall_clock,
                    },
                    input,
                    out,
                );
            }
            (Process::Operator(client), Role::Operator(config, _)) => {
                client.machine.step(
                    &Context {
                        node: id,
                        config,
                        rules,
                        wall_clock,
                    },
                    input,
                    out,
                );
            }
            (Process::Producer(client), Role::Producer(config, _)) => {
                client.machine.step(
                    &Context {
                        node: id,
                        config,
                        rules,
                        wall_clock,
                    },
                    input,
                    out,
                );
            }
            (Process::Consumer(client), Role::Consumer(config, _)) => {
                client.machine.step(
                    &Context {
                        node: id,
                        config,
                        rules,
                        wall_clock,
                    },
                    input,
                    out,
                );
            }
            (process, _) => panic!("process {id} cannot take a step: {process:?}"),
        }
    }

    /// Arms a timer of its process, or puts it off.
    pub(super) fn set_timer(
        &mut self,
        id: NodeId,
        timer: Timer,
        from: Option<Mark>,
        window: Window,
        queued: &mut Vec<Queued>,
    ) {
        self.timers.insert(timer, ());
        queued.push(Queued::TimerSet {
            node: id,
            timer,
            from,
            window,
        });
    }

    /// The process is gone; the disk stays.
    pub(super) fn stop(&mut self) {
        self.process = Process::Down;
        self.paused = false;
        self.timers.clear();
        self.questions.clear();
        self.disk.crash();
    }
}

/// What every kind of process needs to start.
struct Start<'a> {
    id: NodeId,
    rules: &'a Rules,
    wall_clock: Timestamp,
    incarnation: u32,
    disk: &'a Disk,
}

impl Start<'_> {
    fn machine<M: Machine>(&self, config: &M::Config, out: &mut Outbox) -> M {
        let context = Context {
            node: self.id,
            config,
            rules: self.rules,
            wall_clock: self.wall_clock,
        };
        M::boot(
            &context,
            Boot {
                incarnation: IncarnationId(self.incarnation),
                disk: self.disk.image(),
            },
            out,
        )
    }

    fn client<M: Machine>(&self, config: &M::Config, program: &AnyProgram, out: &mut Outbox) -> Client<M> {
        let mut program = program.clone();
        program.started(self.incarnation);
        Client {
            program,
            machine: self.machine(config, out),
        }
    }
}
