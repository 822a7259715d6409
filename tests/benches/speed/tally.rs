//! What happens in runs of the default scenario, counted.

use std::collections::BTreeMap;

use kafkasim::check::Coverage;
use kafkasim::run::Observer;
use kafkasim::world::{Action, Delivery, Direction, Outcome, Step, World};
use kafkasim_core::machine::Lane;
use kafkasim_core::timer::Timer;
use kafkasim_scenarios::campaign::Trial;

/// How many seeds the averages are of.
pub(crate) const SEEDS: u64 = 1_000;

/// What happened in all of these seeds together.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) events: u64,
    pub(crate) virtual_us: u64,
    pub(crate) faults: u64,
    pub(crate) coverage: Coverage,
    /// How many events of each kind there were.
    pub(crate) kinds: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Runs them.
    pub(crate) fn of(trial: &Trial<'_>) -> Self {
        let mut tally = Self::default();
        for seed in 0..SEEDS {
            let report = trial.run(seed, &mut Kinds(&mut tally.kinds));
            tally.events += report.actions;
            tally.virtual_us += report.virtual_us;
            tally.faults += report.faults;
            tally.coverage.merge(&report.coverage);
        }
        tally
    }
}

struct Kinds<'a>(&'a mut BTreeMap<&'static str, u64>);

impl Observer for Kinds<'_> {
    fn observe(&mut self, _: &mut World, step: &Step, _: &Outcome) {
        *self.0.entry(kind(&step.action)).or_default() += 1;
    }
}

fn kind(action: &Action) -> &'static str {
    match action {
        Action::Connect(_) => "connections made",
        Action::Refuse(_) => "connections refused",
        Action::Deliver {
            what: Delivery::End, ..
        } => "ends of connections",
        Action::Deliver { link, direction, .. } => delivered(link.lane, *direction),
        Action::Fire { timer, .. } => fired(timer),
        Action::Sync { .. } => "syncs",
        Action::Choose { .. } => "choices",
        Action::Call { .. } | Action::Work { .. } => "calls of applications",
        Action::Start { .. } | Action::Fault(_) => "faults, repairs and starts",
    }
}

const fn delivered(lane: Lane, direction: Direction) -> &'static str {
    match (lane, direction) {
        (Lane::Client, Direction::ToServer) => "requests of clients",
        (Lane::Client, Direction::ToClient) => "answers to clients",
        (Lane::Replica, Direction::ToServer) => "fetches of followers",
        (Lane::Replica, Direction::ToClient) => "answers to followers",
        (Lane::Metadata, Direction::ToServer) => "fetches of the metadata log",
        (Lane::Metadata, Direction::ToClient) => "answers with the metadata log",
        (Lane::Coordinator, _) => "requests to coordinators and their answers",
        (Lane::Lifecycle | Lane::AlterPartition | Lane::Forwarding, _) => {
            "heartbeats and other requests to the controller"
        }
    }
}

const fn fired(timer: &Timer) -> &'static str {
    match timer {
        Timer::ReconnectBackoff { .. } => "timers: connect again",
        Timer::FetchWait { .. } => "timers: a parked fetch has waited long enough",
        Timer::PollTimeout => "timers: a poll has waited long enough",
        Timer::Heartbeat => "timers: heartbeat",
        Timer::Linger { .. } => "timers: linger",
        Timer::HighWatermarkCheckpoint => "timers: checkpoint",
        Timer::RequestTimeout { .. }
        | Timer::RegistrationBackoff
        | Timer::MetadataFetchBackoff
        | Timer::ReplicaFetchBackoff { .. }
        | Timer::AlterPartitionBackoff { .. }
        | Timer::ReplicaLag { .. }
        | Timer::LogRetention
        | Timer::ProducerExpiration
        | Timer::LogCleaner
        | Timer::LogStartCheckpoint
        | Timer::ProduceWait { .. }
        | Timer::DeleteRecordsWait { .. }
        | Timer::Session { .. }
        | Timer::RetryBackoff { .. }
        | Timer::DeliveryTimeout { .. }
        | Timer::InitProducerIdBackoff
        | Timer::MaxBlock { .. }
        | Timer::CloseTimeout
        | Timer::MetadataBackoff
        | Timer::MetadataMaxAge
        | Timer::FetchBackoff { .. }
        | Timer::PositionBackoff { .. }
        | Timer::ListenerCallTimeout
        | Timer::CoordinatorBackoff
        | Timer::OffsetsBackoff
        | Timer::MemberHeartbeat
        | Timer::MemberSession
        | Timer::MaxPollInterval
        | Timer::AutoCommit
        | Timer::JoinPrepare
        | Timer::Group { .. }
        | Timer::OperatorBackoff => "timers: others",
    }
}
