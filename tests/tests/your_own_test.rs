//! A worked example: how a test of *your* application looks. Copy this file into the `tests` of your crate, add `kafkasim`,
//! `kafkasim-core` and `kafkasim-scenarios` to its `[dev-dependencies]`, and run `cargo test`.
//!
//! Say that your application writes a journal of orders: each order is "placed", then "paid", in this order, and "paid" is sent only once
//! "placed" was acknowledged. Does what readers see ever have an order that was paid but never placed?

use std::sync::Arc;

use bytes::Bytes;
use kafkasim::program::{AnyProgram, Program};
use kafkasim::random;
use kafkasim::render;
use kafkasim::replay::replay;
use kafkasim::run::Observer;
use kafkasim::setup::{Role, Setup};
use kafkasim::trace::{Footer, Header, Trace};
use kafkasim::world::{Event, Outcome, Step, World};
use kafkasim_core::call::{Answer, Call, ProducerRecord};
use kafkasim_core::ids::{CallId, TopicName};
use kafkasim_core::rules::Rules;
use kafkasim_scenarios::campaign::EVERYTHING;
use kafkasim_scenarios::scenario::{Built, Scenario};
use kafkasim_scenarios::seeds;

// 1. Your cluster, your clients' configuration (by Kafka's own keys), and what may break. The README names every kind of fault.

const SCENARIO: &str = r#"
name = "orders"
about = "orders are placed, then paid, on a cluster whose leader dies"

[cluster]
brokers = 3

[[topic]]
name = "orders"
replication-factor = 3
config."min.insync.replicas" = 2

[[producer]]
topic = "orders"
records = 20
config."acks" = "all"
config."enable.idempotence" = true

# Applications think up to two seconds between calls, so that faults hit a cluster at work.
[run]
think-us = 2000000

[faults]
count = "1..3"
kinds = [
  { kind = "crash", target = "leader", hold-ms = [100, 10000] },
  { kind = "isolate", target = "broker", hold-ms = [100, 10000] },
  { kind = "reset", target = "leader" },
]
"#;

// 2. Your application, as a state machine: which call it makes next, and what it learns from each answer. It must not look at a clock, roll dice or
//    start threads; how long it thinks is drawn by the simulator. `Clone + Eq + Hash` let the explorer tell its states apart.

/// Places orders and has them paid, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct OrderDesk {
    orders: u32,
    /// After a restart the desk does not know what it has placed before, so it numbers its orders anew, under another name.
    incarnation: u32,
    at: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Placing { order: u32, is_sent: bool },
    Paying { order: u32, is_sent: bool },
}

impl OrderDesk {
    const fn new(orders: u32) -> Self {
        let at = Stage::Placing {
            order: 0,
            is_sent: false,
        };
        Self {
            orders,
            incarnation: 0,
            at,
        }
    }

    const fn order(&self) -> u32 {
        match self.at {
            Stage::Placing { order, .. } | Stage::Paying { order, .. } => order,
        }
    }
}

impl Program for OrderDesk {
    fn started(&mut self, incarnation: u32) {
        self.incarnation = incarnation;
    }

    fn next_call(&self) -> Option<Call> {
        let (order, what) = match self.at {
            Stage::Placing { order, is_sent: false } if order < self.orders => (order, "placed"),
            Stage::Paying { order, is_sent: false } => (order, "paid"),
            // It waits for an answer, or has served everybody.
            Stage::Placing { .. } | Stage::Paying { is_sent: true, .. } => return None,
        };
        Some(Call::Send {
            // Names the call in its answer; each may be used once.
            call: CallId(2 * order + u32::from(what == "paid")),
            record: ProducerRecord {
                topic: TopicName::from("orders"),
                partition: Some(0),
                key: None,
                // Every value is sent once: that is how checks know a lost record from a duplicate.
                value: Some(Bytes::from(format!("{}.{order} {what}", self.incarnation))),
            },
        })
    }

    fn called(&mut self, _: &Call) {
        match &mut self.at {
            Stage::Placing { is_sent, .. } | Stage::Paying { is_sent, .. } => *is_sent = true,
        }
    }

    fn answered(&mut self, answer: &Answer) {
        let Answer::Sent { result, .. } = answer else { return };
        let order = self.order();
        self.at = match (self.at, result) {
            (Stage::Placing { .. }, Ok(_)) => Stage::Paying { order, is_sent: false },
            // Not placed, as far as we know, so nothing to be paid: on to the next.
            (Stage::Placing { .. }, Err(_)) | (Stage::Paying { .. }, _) => Stage::Placing {
                order: order + 1,
                is_sent: false,
            },
        };
    }

    fn is_done(&self) -> bool {
        matches!(self.at, Stage::Placing { order, .. } if order >= self.orders)
    }
}

// 3. Your own property, if you have one: an observer sees every action and everything that happened in it. The promises of Kafka itself are checked
//    without your doing.

/// Remembers what readers were given, and complains about orders that are paid but not placed.
#[derive(Default)]
struct PaidImpliesPlaced {
    read: Vec<Bytes>,
    complaints: Vec<String>,
}

impl Observer for PaidImpliesPlaced {
    fn observe(&mut self, _: &mut World, _: &Step, outcome: &Outcome) {
        for event in &outcome.events {
            let Event::Answered {
                answer: Answer::Polled(Ok(records)),
                ..
            } = event
            else {
                continue;
            };
            for value in records.iter().filter_map(|record| record.value.clone()) {
                let text = String::from_utf8_lossy(&value).into_owned();
                if let Some(order) = text.strip_suffix(" paid") {
                    let placed = format!("{order} placed");
                    if !self.read.iter().any(|read| **read == *placed.as_bytes()) {
                        self.complaints
                            .push(format!("order {order} was paid, but never placed"));
                    }
                }
                self.read.push(value);
            }
        }
    }
}

// 4. One seed is one run: the scenario with this seed's draws, your program in place of the one that it asks for.

fn build(seed: u64) -> (Scenario, Built) {
    let scenario = Scenario::parse(SCENARIO, "orders.toml".as_ref()).unwrap_or_else(|error| panic!("{error}"));
    let resolved = scenario.resolve(seed);
    let mut built = resolved.build(Rules::CURRENT, EVERYTHING);
    let setup: &mut Setup = Arc::make_mut(&mut built.plan.setup);
    for process in &mut setup.processes {
        if let Role::Producer(_, program) = &mut process.role {
            *program = AnyProgram::new(OrderDesk::new(10));
        }
    }
    (resolved, built)
}

/// Everything that it takes to live through a run again, even when the code that chose its actions has changed. Written to a file with
/// [`Trace::write`], it belongs in your repository once it has found a bug.
fn trace(seed: u64) -> Trace {
    let (resolved, built) = build(seed);
    let mut steps: Vec<Step> = Vec::new();
    let mut report = random::run(&built.plan, seed, &mut steps);
    Trace {
        header: Header::new(
            resolved.to_toml(),
            "current".to_owned(),
            EVERYTHING,
            format!("seed {seed}"),
        ),
        footer: Footer {
            actions: steps.len(),
            fingerprint: report.world.fingerprint().to_string(),
            finale: report.finale,
            findings: report.findings,
        },
        steps,
    }
}

// 5. The test. It prints what a failing run looked like to its clients, and how to run it again.

#[test]
fn a_hundred_seeds_keep_every_promise() {
    // One seed if KAFKASIM_SEED is set, as many as KAFKASIM_SEEDS says, or else a hundred.
    let seeds = seeds::from_environment(100).unwrap_or_else(|why| panic!("{why}"));
    let count = seeds.end - seeds.start;
    let mut read = 0;
    for seed in seeds {
        let (_, built) = build(seed);
        let mut property = PaidImpliesPlaced::default();
        let mut history = render::history(&built.plan.setup);
        let report = random::run(&built.plan, seed, &mut (&mut property, &mut history));
        let mut broken = property.complaints;
        broken.extend(
            report
                .violation()
                .map(|finding| format!("{}: {}", finding.promise, finding.message)),
        );
        assert!(
            broken.is_empty(),
            "{history}\n{}\nreplay: KAFKASIM_SEED={seed} cargo test --test your_own_test",
            broken.join("\n")
        );
        read += property.read.len() as u64;
    }
    // A test that cannot fail proves nothing: make sure that something happened.
    assert!(read > 10 * count, "only {read} records were read in {count} runs");
}

// 6. A trace replays in a world that you build yourself, with your own program in it; put your breakpoints there.

#[test]
fn a_trace_happens_again() {
    let trace = trace(7);
    let mut world = build(7).1.world();
    let findings = replay(&mut world, &trace.steps, trace.footer.finale.as_ref(), &mut ());
    assert_eq!(findings, Ok(trace.footer.findings));
    assert_eq!(world.fingerprint().to_string(), trace.footer.fingerprint);
}
