//! The seeded scheduler: a virtual clock, a generator, and an agenda. It only ever picks among what the world allows.

mod administration;
mod agenda;
mod ailments;
mod clock;
mod deadlines;
mod driver;
mod groups;
mod latency;
mod nemesis;
mod phases;
mod plan;
mod prng;
mod timers;

pub use clock::EPOCH_MS;
pub use latency::Latency;
pub use phases::{Phase, Report, is_finished, is_settled, run};
pub use plan::{Family, FaultKind, FaultPlan, Losses, Plan, Target};
pub use prng::{Purpose, Stream};
