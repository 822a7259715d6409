//! A worked example: how a test of *your* consumer loop looks. Copy this file into the `tests` of your crate, add `kafkasim`, `kafkasim-core` and
//! `kafkasim-scenarios` to its `[dev-dependencies]`, and run `cargo test`.
//!
//! Say that your service mails a receipt for each order. It reads orders as a member of a group, mails, and commits. Customers do not mind a
//! receipt that comes twice, but each order has to get one. Does it, whatever becomes of the service's processes and of the cluster?

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use kafkasim::program::{AnyProgram, Listener, Program};
use kafkasim::random::{self, Phase};
use kafkasim::render;
use kafkasim::run::Observer;
use kafkasim::setup::{Role, Setup};
use kafkasim::world::{Event, Outcome, Step, World};
use kafkasim_core::call::{Answer, Call, Subscribed};
use kafkasim_core::ids::{NodeId, Offset, TopicName};
use kafkasim_core::rules::Rules;
use kafkasim_scenarios::campaign::EVERYTHING;
use kafkasim_scenarios::scenario::{Built, Scenario};
use kafkasim_scenarios::seeds;

// 1. Your cluster, your clients' configuration (by Kafka's own keys), and what may break. The README names every kind of fault. Each
//    consumer's program is replaced below; `topics` only says here that it is a member of a group.

const SCENARIO: &str = r#"
name = "receipts"
about = "a service of three processes mails receipts, and loses processes, connections and coordinators"

[[topic]]
name = "orders"
partitions = 2
replication-factor = 3
config."min.insync.replicas" = 2

[[producer]]
topic = "orders"
records = 30
keys = 10
config."acks" = "all"

[[consumer]]
topics = ["orders"]
count = 3
config."group.id" = "receipts"
config."auto.offset.reset" = "earliest"
config."enable.auto.commit" = false
config."session.timeout.ms" = 6000
config."heartbeat.interval.ms" = 1000

[cluster]
broker."offsets.topic.num.partitions" = 1

# Applications think up to half a second between calls, so that faults hit a service at work.
[run]
safety-ms = 15000
think-us = 500000

[faults]
count = "2..4"
kinds = [
  { kind = "crash", target = "consumer", hold-ms = [100, 5000] },
  { kind = "pause", target = "consumer", hold-ms = [100, 15000] },
  { kind = "crash", target = "coordinator", hold-ms = [100, 10000] },
  { kind = "isolate", target = "broker", hold-ms = [100, 10000] },
]
"#;

// 2. Your loop, as a state machine: which call it makes next, and what it learns from each answer. It must not look at a clock, roll dice or start
//    threads; how long it thinks and works is drawn by the simulator. `Clone + Eq + Hash` let the explorer tell its states apart.

/// Polls, mails a receipt for each order, and commits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Mailer {
    /// The mistake that the second test below is about.
    commits_first: bool,
    at: Stage,
    /// Everybody who subscribes has a rebalance listener; this one just returns.
    listener: Listener,
    /// Orders that were polled, and have no receipt yet.
    to_do: VecDeque<(TopicName, i32, Offset)>,
    /// Whether there is something to commit.
    is_dirty: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Starts,
    /// The thread that polls is free, or mails.
    Runs,
    /// It waits for an answer.
    Waits,
}

impl Mailer {
    const fn new(commits_first: bool) -> Self {
        Self {
            commits_first,
            at: Stage::Starts,
            listener: Listener::new(),
            to_do: VecDeque::new(),
            is_dirty: false,
        }
    }

    fn may_mail(&self) -> bool {
        self.at == Stage::Runs && !(self.commits_first && self.is_dirty)
    }
}

impl Program for Mailer {
    fn next_call(&self) -> Option<Call> {
        if self.listener.is_called() {
            return Some(Call::ListenerReturned);
        }
        match self.at {
            Stage::Starts => Some(Call::Subscribe(Subscribed::Topics(vec!["orders".into()]))),
            Stage::Runs if self.is_dirty && (self.to_do.is_empty() || self.commits_first) => Some(Call::CommitSync {
                offsets: None,
                timeout_ms: None,
            }),
            Stage::Runs if self.to_do.is_empty() => Some(Call::Poll { timeout_ms: 1000 }),
            // It mails, or waits.
            Stage::Runs | Stage::Waits => None,
        }
    }

    fn called(&mut self, call: &Call) {
        self.listener.called(call);
        if matches!(call, Call::Subscribe(_)) {
            self.at = Stage::Runs;
        } else if matches!(call, Call::Poll { .. } | Call::CommitSync { .. }) {
            self.at = Stage::Waits;
        }
    }

    fn answered(&mut self, answer: &Answer) {
        self.listener.answered(answer);
        if let Answer::Polled(polled) = answer {
            self.at = Stage::Runs;
            // Whatever the poll may throw, it polls again.
            for record in polled.iter().flatten() {
                self.to_do
                    .push_back((record.topic.clone(), record.partition, record.offset));
                self.is_dirty = true;
            }
        } else if matches!(answer, Answer::Committed(_)) {
            // If it failed, the group has made somebody else the owner, or the next commit makes up for it.
            self.at = Stage::Runs;
            self.is_dirty = false;
        }
    }

    fn has_work(&self) -> bool {
        self.may_mail() && !self.to_do.is_empty()
    }

    fn work_ms(&self) -> (u64, u64) {
        (10, 400)
    }

    /// A receipt is mailed; that is what `processed` means here.
    fn work(&mut self) -> Vec<(TopicName, i32, Offset)> {
        self.to_do.pop_front().into_iter().collect()
    }

    fn is_done(&self) -> bool {
        // It goes on for ever. A run ends once its group has come to the end of every partition, and it has nothing to do. Before it has subscribed, nobody
        // knows what its group wants.
        self.at != Stage::Starts && self.to_do.is_empty()
    }
}

// 3. Your own property: an observer sees every action and everything that happened in it. The promises of Kafka itself are checked without your
//    doing.

/// Which orders there are, as a reader that reads everything in the end is told, and which have a receipt.
#[derive(Default)]
struct EveryOrderHasAReceipt {
    readers: Vec<NodeId>,
    orders: BTreeSet<(i32, Offset)>,
    receipts: BTreeSet<(i32, Offset)>,
}

impl Observer for EveryOrderHasAReceipt {
    fn observe(&mut self, _: &mut World, _: &Step, outcome: &Outcome) {
        for event in &outcome.events {
            if let Event::Processed { partition, offset, .. } = event {
                self.receipts.insert((*partition, *offset));
            } else if let Event::Answered { node, answer } = event
                && let Answer::Polled(Ok(records)) = answer
                && self.readers.contains(node)
            {
                self.orders
                    .extend(records.iter().map(|record| (record.partition, record.offset)));
            }
        }
    }
}

// 4. One seed is one run: the scenario with this seed's draws, your loop in place of the one that it asks for.

fn build(seed: u64, commits_first: bool) -> Built {
    let scenario = Scenario::parse(SCENARIO, "receipts.toml".as_ref()).unwrap_or_else(|error| panic!("{error}"));
    let mut built = scenario.resolve(seed).build(Rules::CURRENT, EVERYTHING);
    let readers = built.plan.readers.clone();
    let setup: &mut Setup = Arc::make_mut(&mut built.plan.setup);
    for (node, process) in (0..).map(NodeId).zip(&mut setup.processes) {
        if let Role::Consumer(_, program) = &mut process.role
            && !readers.contains(&node)
        {
            *program = AnyProgram::new(Mailer::new(commits_first));
        }
    }
    built
}

/// How many receipts there are, or what is wrong.
fn run(seed: u64, commits_first: bool) -> Result<usize, String> {
    let built = build(seed, commits_first);
    let mut property = EveryOrderHasAReceipt {
        readers: built.plan.readers.clone(),
        ..EveryOrderHasAReceipt::default()
    };
    let mut history = render::history(&built.plan.setup);
    let report = random::run(&built.plan, seed, &mut (&mut property, &mut history));
    let mut broken: Vec<String> = report
        .violation()
        .map(|finding| format!("{}: {}", finding.promise, finding.message))
        .into_iter()
        .collect();
    if report.phase == Phase::Finished {
        let missing = property.orders.difference(&property.receipts);
        broken.extend(missing.map(|(partition, offset)| format!("no receipt for orders-{partition}@{offset}")));
    }
    if broken.is_empty() {
        Ok(property.receipts.len())
    } else {
        Err(format!("{history}\n{}", broken.join("\n")))
    }
}

// 5. The test. It prints what a failing run looked like to its clients, and how to run it again.

#[test]
fn every_order_gets_a_receipt() {
    // One seed if KAFKASIM_SEED is set, as many as KAFKASIM_SEEDS says, or else a hundred.
    let seeds = seeds::from_environment(100).unwrap_or_else(|why| panic!("{why}"));
    let count = seeds.end - seeds.start;
    let mut receipts = 0;
    for seed in seeds {
        match run(seed, false) {
            Ok(more) => receipts += more as u64,
            Err(why) => panic!(
                "{why}\nreplay: KAFKASIM_SEED={seed} cargo test -p kafkasim-scenarios --test your_own_consumer_loop"
            ),
        }
    }
    // A test that cannot fail proves nothing: make sure that something happened.
    assert!(
        receipts > 20 * count,
        "only {receipts} receipts were mailed in {count} runs"
    );
}

// 6. And that it finds what it is there to find: who commits first leaves orders without a receipt when a process dies.

#[test]
fn a_loop_that_commits_first_is_found_out() {
    let found = (0..100).find_map(|seed| run(seed, true).err());
    let found = found.expect("some process died between the commit and the receipt");
    assert!(found.contains("no receipt for orders-"), "{found}");
}
