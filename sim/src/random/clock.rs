//! The clocks of the processes: each with its own skew and drift, and wall clocks that jump.

use kafkasim_core::ids::{NodeId, Timestamp};

use super::prng::Stream;
use crate::setup::index;

/// The Unix time at which every run starts: 2025-01-01T00:00:00Z, in milliseconds.
pub const EPOCH_MS: i64 = 1_735_689_600_000;

/// Every process's clocks.
#[derive(Clone, Debug)]
pub(super) struct Clocks {
    clocks: Vec<Clock>,
}

#[derive(Clone, Copy, Debug)]
struct Clock {
    /// How far the wall clock is off, in milliseconds; jumps add to it.
    offset_ms: i64,
    /// How much faster than true time both clocks run, in parts per million.
    drift_ppm: i64,
}

impl Clocks {
    /// Clocks that are off by at most `skew_ms` and drift by at most `drift_ppm`.
    pub(super) fn draw(processes: usize, skew_ms: u64, drift_ppm: u64, stream: &mut Stream) -> Self {
        let mut symmetric = |bound: u64| {
            i64::try_from(stream.below(2 * bound + 1)).expect("bounds are small")
                - i64::try_from(bound).expect("bounds are small")
        };
        let clocks = (0..processes)
            .map(|_| Clock {
                offset_ms: symmetric(skew_ms),
                drift_ppm: symmetric(drift_ppm),
            })
            .collect();
        Self { clocks }
    }

    /// Parts of one process look at the same clock.
    pub(super) fn share(&mut self, part: NodeId, whole: NodeId) {
        self.clocks[index(part)] = self.clocks[index(whole)];
    }

    /// What a process's wall clock shows.
    pub(super) fn wall(&self, node: NodeId, now_us: u64) -> Timestamp {
        let clock = self.clocks[index(node)];
        let now_ms = i64::try_from(now_us / 1000).expect("runs are shorter than the universe is old");
        Timestamp(EPOCH_MS + now_ms + now_ms * clock.drift_ppm / 1_000_000 + clock.offset_ms)
    }

    /// How much true time goes by while a process's clock counts this many milliseconds.
    pub(super) fn true_us(&self, node: NodeId, local_ms: u64) -> u64 {
        let rate_ppm = (1_000_000 + self.clocks[index(node)].drift_ppm).unsigned_abs();
        match local_ms.checked_mul(1_000_000_000) {
            Some(scaled) => scaled / rate_ppm,
            None => u64::try_from(u128::from(local_ms) * 1_000_000_000 / u128::from(rate_ppm))
                .expect("a duration in microseconds fits into 64 bits"),
        }
    }

    pub(super) fn jump(&mut self, node: NodeId, by_ms: i64) {
        self.clocks[index(node)].offset_ms += by_ms;
    }
}
