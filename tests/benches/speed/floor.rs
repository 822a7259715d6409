//! What nobody who simulates messages can do without: an agenda, and chance. Each event takes what is due first and puts something else on
//! the agenda after a random latency. No machine, no network, no check.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use kafkasim::random::{Purpose, Stream};

/// As much as is on the agenda of a small cluster at a time.
const PENDING: u64 = 40;

/// Lets so many events happen, and returns when the last one did.
pub(crate) fn run(events: u64) -> u64 {
    let mut chance = Stream::new(0, Purpose::Network);
    let mut agenda: BinaryHeap<Reverse<(u64, u32, u64)>> = (0..PENDING)
        .map(|number| Reverse((number, chance.bits(), number)))
        .collect();
    let mut now_us = 0;
    for number in PENDING..PENDING + events {
        let Reverse((at_us, _, _)) = agenda.pop().expect("what is taken is replaced");
        now_us = at_us;
        agenda.push(Reverse((now_us + chance.between(200, 2_000), chance.bits(), number)));
    }
    now_us
}
