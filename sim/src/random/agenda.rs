//! What is going to happen, by time: an event queue without ticks, so that an idle process costs nothing.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

use kafkasim_core::ids::{DiskToken, NodeId};
use kafkasim_core::timer::{Clock, Growth, Mark, Timer, Window};

use super::clock::Clocks;
use super::prng::Stream;
use super::timers::{Armed, Name, Timers};
use crate::world::{Direction, Link};

/// Something that falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Opening(Link),
    Packet(Link, Direction),
    LateRequest { link: Link, lost: bool },
    Timer(NodeId, Timer),
    Sync(NodeId, DiskToken),
    Choice(NodeId),
    Call(NodeId),
    Work(NodeId),
    Nemesis(usize),
    Recovery(usize),
}

/// Everything that is going to happen, unless something else comes first.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Entry>,
    sequence: u32,
    timers: Timers,
    marks: BTreeMap<(NodeId, Mark), u64>,
    /// How often in a row the timers were armed whose windows grow.
    rows: BTreeMap<(NodeId, Timer), u32>,
}

/// Something on the agenda. Entries compare by their keys alone; the greatest is the one that is due first.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Key,
    due: Due,
}

/// When an entry comes up, then what breaks ties, then the number of the entry, which no other has: one comparison in place of three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u128);

impl Key {
    fn new(at_us: u64, tie: u32, sequence: u32) -> Self {
        Self(u128::from(at_us) << 64 | u128::from(tie) << 32 | u128::from(sequence))
    }

    fn at_us(self) -> u64 {
        (self.0 >> 64) as u64
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.cmp(&self.key)
    }
}

impl Agenda {
    /// Puts something on the agenda; ties in time are broken by chance, then by order of entry.
    pub(super) fn at(&mut self, at_us: u64, due: Due, tie: u32) {
        push(&mut self.heap, &mut self.sequence, at_us, due, tie);
    }

    /// Takes what is due first, with its time. Timers that were disarmed or put off do not come up.
    pub(super) fn next(&mut self) -> Option<(u64, Due)> {
        while let Some(Entry { key, due }) = self.heap.pop() {
            let comes_up = match due {
                Due::Timer(node, timer) => self.comes_up((node, timer), key),
                Due::Opening(_)
                | Due::Packet(..)
                | Due::LateRequest { .. }
                | Due::Sync(..)
                | Due::Choice(_)
                | Due::Call(_)
                | Due::Work(_)
                | Due::Nemesis(_)
                | Due::Recovery(_) => true,
            };
            if comes_up {
                return Some((key.at_us(), due));
            }
        }
        None
    }

    /// An entry of a timer came up; says whether the timer is due. One that was put off is entered again.
    fn comes_up(&mut self, name: Name, entry: Key) -> bool {
        let Some(slot) = self.timers.get(name) else {
            return false;
        };
        if slot.queued != Some(entry) {
            return false;
        }
        slot.queued = None;
        match slot.armed {
            None => {
                self.timers.remove(name);
                false
            }
            Some(armed) if armed.due_us > entry.at_us() => {
                self.put(name, armed);
                false
            }
            Some(_) => true,
        }
    }

    pub(super) fn arm(
        &mut self,
        now_us: u64,
        (node, timer): (NodeId, Timer),
        from: Option<Mark>,
        window: Window,
        clocks: &Clocks,
        stream: &mut Stream,
    ) {
        let start_us = from
            .and_then(|mark| self.marks.get(&(node, mark)).copied())
            .unwrap_or(now_us);
        let window = self.grown((node, timer), window);
        let local_ms = stream.between(window.earliest_ms, window.latest_ms);
        let armed = Armed {
            due_us: (start_us + clocks.true_us(node, local_ms)).max(now_us),
            tie: stream.bits(),
            clock: window.clock,
        };
        self.put((node, timer), armed);
    }

    fn put(&mut self, name: Name, armed: Armed) {
        let slot = self.timers.get_or_default(name);
        slot.armed = Some(armed);
        if slot.queued.is_none_or(|entry| armed.due_us < entry.at_us()) {
            let due = Due::Timer(name.0, name.1);
            slot.queued = Some(push(&mut self.heap, &mut self.sequence, armed.due_us, due, armed.tie));
        }
    }

    /// The window as it is at this place in its row.
    fn grown(&mut self, key: Name, window: Window) -> Window {
        match window.growth {
            Growth::Never => window,
            Growth::Begins => {
                self.rows.insert(key, 0);
                window
            }
            Growth::Doubles { .. } => {
                let doublings = self.rows.get(&key).map_or(0, |armed| armed.saturating_add(1));
                self.rows.insert(key, doublings);
                window.doubled(doublings)
            }
        }
    }

    /// A timer that came up is to come up again: nothing has happened to it.
    pub(super) fn rearm(&mut self, at_us: u64, node: NodeId, timer: Timer, tie: u32) {
        if let Some(armed) = self.timers.get((node, timer)).and_then(|slot| slot.armed) {
            let due_us = at_us;
            self.put((node, timer), Armed { due_us, tie, ..armed });
        }
    }

    pub(super) fn disarm(&mut self, node: NodeId, timer: Timer) {
        if let Some(slot) = self.timers.get((node, timer)) {
            slot.armed = None;
            if slot.queued.is_none() {
                self.timers.remove((node, timer));
            }
        }
    }

    pub(super) fn mark(&mut self, node: NodeId, mark: Mark, now_us: u64) {
        self.marks.insert((node, mark), now_us);
    }

    /// A process stopped: nothing that it waited for will come.
    pub(super) fn forget(&mut self, node: NodeId) {
        self.timers.forget(node);
        self.marks.retain(|(owner, _), _| *owner != node);
        self.rows.retain(|(owner, _), _| *owner != node);
    }

    /// A process runs again after a pause: what fell due meanwhile is due now.
    pub(super) fn wake(&mut self, node: NodeId, now_us: u64, stream: &mut Stream) {
        self.move_timers(node, |armed| (armed.due_us <= now_us).then_some(now_us), stream);
    }

    /// A wall clock jumps: what is counted on it comes earlier or later by as much.
    pub(super) fn jump(&mut self, node: NodeId, by_ms: i64, now_us: u64, stream: &mut Stream) {
        let by_us = by_ms * 1000;
        let moved = |armed: &Armed| match armed.clock {
            Clock::Wall => Some(armed.due_us.saturating_add_signed(-by_us).max(now_us)),
            Clock::Monotonic => None,
        };
        self.move_timers(node, moved, stream);
    }

    fn move_timers(&mut self, node: NodeId, to: impl Fn(&Armed) -> Option<u64>, stream: &mut Stream) {
        for (timer, armed) in self.timers.armed(node) {
            let Some(due_us) = to(&armed) else {
                continue;
            };
            let tie = stream.bits();
            self.put((node, timer), Armed { due_us, tie, ..armed });
        }
    }
}

/// Enters something; returns the key of the entry.
fn push(heap: &mut BinaryHeap<Entry>, sequence: &mut u32, at_us: u64, due: Due, tie: u32) -> Key {
    *sequence = sequence
        .checked_add(1)
        .expect("a run has fewer than four thousand million entries");
    let key = Key::new(at_us, tie, *sequence);
    heap.push(Entry { key, due });
    key
}
