//! How long messages are under way: a short base with a heavy tail.

use serde::{Deserialize, Serialize};

use super::prng::Stream;

/// The distribution of latencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Latency {
    /// Shortest, in microseconds.
    pub min_us: u64,
    /// Longest of the ordinary ones, in microseconds.
    pub max_us: u64,
    /// One message in so many is slower: its latency doubles, and doubles again with every other toss of a coin. 0 is never.
    pub tail_one_in: u64,
}

impl Default for Latency {
    fn default() -> Self {
        Self {
            min_us: 200,
            max_us: 2_000,
            tail_one_in: 50,
        }
    }
}

/// The tail ends here: 2¹² times the ordinary latency.
const DOUBLINGS_AT_MOST: u32 = 12;
/// And here: a minute, beyond which connections are given up.
const LONGEST_US: u64 = 60_000_000;

impl Latency {
    pub(super) fn draw(&self, stream: &mut Stream) -> u64 {
        let ordinary = stream.between(self.min_us, self.max_us.max(self.min_us));
        if self.tail_one_in == 0 || !stream.chance(1, self.tail_one_in) {
            return ordinary;
        }
        let mut doublings = 1;
        while doublings < DOUBLINGS_AT_MOST && stream.chance(1, 2) {
            doublings += 1;
        }
        (ordinary << doublings).min(LONGEST_US.max(ordinary))
    }
}
