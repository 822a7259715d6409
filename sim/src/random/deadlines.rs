//! P4's bound in time: until when each send has to have completed. The scheduler asks, because monitors have no clock.
//!
//! Whatever moves or stops the wall clock of a producer stretches what that producer counts on it, as in Kafka: a pause, and a jump
//! backwards. A jump forwards only makes its timers come earlier.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::call::{Answer, Call};
use kafkasim_core::ids::{CallId, NodeId};

use super::clock::Clocks;
use crate::check::{Finding, deadline_exceeded, time_for_a_send_ms};
use crate::setup::{Role, Setup};
use crate::world::Event;

/// What rounding and the answers to questions, which are not instant on a process that was paused, may add.
const SLACK_US: u64 = 10_000;

/// Every unanswered send.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    due: BTreeSet<(u64, NodeId, CallId)>,
    sends: BTreeMap<(NodeId, CallId), Times>,
    paused_since_us: BTreeMap<NodeId, u64>,
}

#[derive(Clone, Copy, Debug)]
struct Times {
    called_us: u64,
    due_us: u64,
}

impl Deadlines {
    /// Takes an event in.
    pub(super) fn observe(&mut self, event: &Event, now_us: u64, setup: &Setup, clocks: &Clocks) {
        match event {
            Event::Called {
                node,
                call: Call::Send { call, .. },
            } => {
                let Role::Producer(config, _) = &setup.process(*node).role else {
                    return;
                };
                let due_us = now_us.saturating_add(clocks.true_us(*node, time_for_a_send_ms(config)));
                let times = Times {
                    called_us: now_us,
                    due_us,
                };
                self.sends.insert((*node, *call), times);
                self.due.insert((due_us, *node, *call));
            }
            Event::Answered {
                node,
                answer: Answer::Sent { call, .. },
            } => {
                if let Some(times) = self.sends.remove(&(*node, *call)) {
                    self.due.remove(&(times.due_us, *node, *call));
                }
            }
            Event::Stopped { node, .. } => {
                self.sends.retain(|(producer, _), _| producer != node);
                self.due.retain(|(_, producer, _)| producer != node);
                self.paused_since_us.remove(node);
            }
            Event::Called { .. }
            | Event::Answered { .. }
            | Event::Processed { .. }
            | Event::Started { .. }
            | Event::Fault(_)
            | Event::Late { .. }
            | Event::Severed { .. }
            | Event::WriteRefused { .. }
            | Event::Note { .. } => {}
        }
    }

    /// A process stops running for a while: its time does not count.
    pub(super) fn paused(&mut self, node: NodeId, now_us: u64) {
        self.paused_since_us.insert(node, now_us);
    }

    /// It runs again.
    pub(super) fn resumed(&mut self, node: NodeId, now_us: u64) {
        if let Some(since_us) = self.paused_since_us.remove(&node) {
            self.postpone(node, now_us - since_us);
        }
    }

    /// A wall clock jumped.
    pub(super) fn jumped(&mut self, node: NodeId, by_ms: i64) {
        if by_ms < 0 {
            self.postpone(node, by_ms.unsigned_abs() * 1000);
        }
    }

    /// A send that ought to have completed by now.
    pub(super) fn overdue(&self, now_us: u64, setup: &Setup) -> Option<Finding> {
        let overdue = self.due.iter().take_while(|(due_us, ..)| due_us + SLACK_US < now_us);
        let (_, node, call) = overdue
            .into_iter()
            .find(|(_, node, _)| !self.paused_since_us.contains_key(node))?;
        let Role::Producer(config, _) = &setup.process(*node).role else {
            return None;
        };
        let elapsed_us = now_us - self.sends[&(*node, *call)].called_us;
        Some(deadline_exceeded(config, &setup.process(*node).name, elapsed_us / 1000))
    }

    fn postpone(&mut self, node: NodeId, by_us: u64) {
        for ((_, call), times) in self.sends.range_mut((node, CallId(0))..=(node, CallId(u32::MAX))) {
            self.due.remove(&(times.due_us, node, *call));
            times.due_us += by_us;
            self.due.insert((times.due_us, node, *call));
        }
    }
}

#[cfg(test)]
mod tests {
    use kafkasim_core::config::ProducerConfig;
    use kafkasim_core::rules::Rules;

    use super::super::prng::{Purpose, Stream};
    use super::*;
    use crate::program::{AnyProgram, Placement, SendLoop};
    use crate::setup::{Options, ProcessSpec};

    const PRODUCER: NodeId = NodeId(0);
    const SECOND_US: u64 = 1_000_000;

    /// A producer that has a second for metadata and five for its acknowledgement.
    fn setup() -> Setup {
        let mut config = ProducerConfig::defaults(vec![NodeId(1)]);
        (config.max_block_ms, config.delivery_timeout_ms) = (1000, 5000);
        let program = AnyProgram::new(SendLoop::new("p", &"t".into(), Placement::Partition(0), 1, 1));
        let producer = ProcessSpec {
            name: "producer".to_owned(),
            role: Role::Producer(config, program),
            part_of: None,
        };
        Setup {
            rules: Rules::CURRENT,
            processes: vec![producer],
            options: Options {
                late_requests: true,
                instant_sync: false,
            },
        }
    }

    /// It sends when the run starts; then this happens. Whether the send is overdue after so many seconds.
    fn is_overdue_after(seconds: u64, then: impl FnOnce(&mut Deadlines)) -> bool {
        let setup = setup();
        let clocks = Clocks::draw(1, 0, 0, &mut Stream::new(0, Purpose::Timers));
        let Role::Producer(_, program) = &setup.process(PRODUCER).role else {
            panic!("it is a producer")
        };
        let call = program.next_call().expect("it has a record to send");
        let sends = Event::Called { node: PRODUCER, call };
        let mut deadlines = Deadlines::default();
        deadlines.observe(&sends, 0, &setup, &clocks);
        then(&mut deadlines);
        deadlines.overdue(seconds * SECOND_US, &setup).is_some()
    }

    #[test]
    fn a_send_has_so_much_time_and_no_more() {
        assert!(!is_overdue_after(6, |_| ()));
        assert!(is_overdue_after(7, |_| ()));
    }

    #[test]
    fn what_stops_or_puts_back_its_clock_gives_a_producer_time() {
        let pause = |deadlines: &mut Deadlines| {
            deadlines.paused(PRODUCER, SECOND_US);
            deadlines.resumed(PRODUCER, 3 * SECOND_US);
        };
        assert!(!is_overdue_after(8, pause));
        assert!(is_overdue_after(9, pause));
        assert!(!is_overdue_after(9, |deadlines| deadlines.paused(PRODUCER, SECOND_US)));
        assert!(!is_overdue_after(8, |deadlines| deadlines.jumped(PRODUCER, -2000)));
        assert!(is_overdue_after(9, |deadlines| deadlines.jumped(PRODUCER, -2000)));
        assert!(is_overdue_after(7, |deadlines| deadlines.jumped(PRODUCER, 2000)));
    }

    #[test]
    fn what_is_gone_owes_nobody_an_answer() {
        let stop = |deadlines: &mut Deadlines| {
            let stopped = Event::Stopped {
                node: PRODUCER,
                in_order: false,
            };
            let clocks = Clocks::draw(1, 0, 0, &mut Stream::new(0, Purpose::Timers));
            deadlines.observe(&stopped, SECOND_US, &setup(), &clocks);
        };
        assert!(!is_overdue_after(9, stop));
    }
}
