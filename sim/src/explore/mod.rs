//! The explorer: every interleaving of the very same world, within named bounds.
//!
//! It ignores durations: within its bounds it misses nothing, and it may report a timing that no clock would produce, which the trace then shows.
//! Bounds limit faults and false suspicions, never healing.

mod bfs;
mod bounds;
mod coarse;
mod healing;
mod suspicion;
mod visited;
mod walk;

pub use bfs::{Coverage, Explored, Explorer, Failure, Progress};
pub use bounds::{Bounds, Spent};
pub use coarse::{Coarse, UnknownCoarse};
pub use healing::{settle, settle_until, settle_without_calls};
pub use suspicion::{Suspicions, UnknownSuspicions, is_false_suspicion, is_futile, is_keep_alive};
pub use visited::{Exact, Fingerprints, Visited};
pub use walk::walk;
