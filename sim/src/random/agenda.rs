//! What is going to happen, by time: an event queue without ticks, so that an idle process costs nothing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use kafkasim_core::ids::{DiskToken, NodeId};
use kafkasim_core::timer::{Clock, Growth, Mark, Timer, Window};

use super::clock::Clocks;
use super::prng::Stream;
use crate::world::{Direction, Link};

/// Something that falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Opening(Link),
    Packet(Link, Direction),
    LateRequest { link: Link, lost: bool },
    Timer(NodeId, Timer),
    Sync(NodeId, DiskToken),
    Choice(NodeId),
    Call(NodeId),
    Nemesis(usize),
    Recovery(usize),
}

/// Everything that is going to happen, unless something else comes first.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<(u64, u32, u64, Due)>>,
    sequence: u64,
    timers: BTreeMap<(NodeId, Timer), Slot>,
    marks: BTreeMap<(NodeId, Mark), u64>,
    /// How often in a row the timers were armed whose windows grow.
    rows: BTreeMap<(NodeId, Timer), u32>,
}

/// One timer. Most are put off again and again and never fire, so a timer that is put off keeps its place in the heap, and gets the right one when
/// that comes up.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    armed: Option<Armed>,
    /// When it comes up, and the number of that entry: no later than it is due.
    queued: Option<(u64, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Armed {
    due_us: u64,
    tie: u32,
    clock: Clock,
}

impl Agenda {
    /// Puts something on the agenda; ties in time are broken by chance, then by order of entry.
    pub(super) fn at(&mut self, at_us: u64, due: Due, tie: u32) {
        push(&mut self.heap, &mut self.sequence, at_us, due, tie);
    }

    /// Takes what is due first, with its time. Timers that were disarmed or put off do not come up.
    pub(super) fn next(&mut self) -> Option<(u64, Due)> {
        while let Some(Reverse((at_us, _, sequence, due))) = self.heap.pop() {
            match due {
                Due::Timer(node, timer) => {
                    if self.comes_up((node, timer), (at_us, sequence)) {
                        return Some((at_us, due));
                    }
                }
                Due::Opening(_)
                | Due::Packet(..)
                | Due::LateRequest { .. }
                | Due::Sync(..)
                | Due::Choice(_)
                | Due::Call(_)
                | Due::Nemesis(_)
                | Due::Recovery(_) => return Some((at_us, due)),
            }
        }
        None
    }

    /// An entry of a timer came up; says whether the timer is due. One that was put off is entered again.
    fn comes_up(&mut self, key: (NodeId, Timer), entry: (u64, u64)) -> bool {
        let Some(slot) = self.timers.get_mut(&key) else {
            return false;
        };
        if slot.queued != Some(entry) {
            return false;
        }
        slot.queued = None;
        match slot.armed {
            None => {
                self.timers.remove(&key);
                false
            }
            Some(armed) if armed.due_us > entry.0 => {
                self.put(key, armed);
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

    fn put(&mut self, key: (NodeId, Timer), armed: Armed) {
        let slot = self.timers.entry(key).or_default();
        slot.armed = Some(armed);
        if slot.queued.is_none_or(|(at_us, _)| armed.due_us < at_us) {
            let due = Due::Timer(key.0, key.1);
            let number = push(&mut self.heap, &mut self.sequence, armed.due_us, due, armed.tie);
            slot.queued = Some((armed.due_us, number));
        }
    }

    /// The window as it is at this place in its row.
    fn grown(&mut self, key: (NodeId, Timer), window: Window) -> Window {
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
        if let Some(armed) = self.timers.get(&(node, timer)).and_then(|slot| slot.armed) {
            let due_us = at_us;
            self.put((node, timer), Armed { due_us, tie, ..armed });
        }
    }

    pub(super) fn disarm(&mut self, node: NodeId, timer: Timer) {
        if let Some(slot) = self.timers.get_mut(&(node, timer)) {
            slot.armed = None;
            if slot.queued.is_none() {
                self.timers.remove(&(node, timer));
            }
        }
    }

    pub(super) fn mark(&mut self, node: NodeId, mark: Mark, now_us: u64) {
        self.marks.insert((node, mark), now_us);
    }

    /// A process stopped: nothing that it waited for will come.
    pub(super) fn forget(&mut self, node: NodeId) {
        self.timers.retain(|(owner, _), _| *owner != node);
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
        let moved: Vec<_> = self
            .timers
            .iter()
            .filter(|((owner, _), _)| *owner == node)
            .filter_map(|((_, timer), slot)| Some((*timer, slot.armed?)))
            .filter_map(|(timer, armed)| Some((timer, to(&armed)?, armed)))
            .collect();
        for (timer, due_us, armed) in moved {
            let tie = stream.bits();
            self.put((node, timer), Armed { due_us, tie, ..armed });
        }
    }
}

/// Enters something; returns the number of the entry.
fn push(
    heap: &mut BinaryHeap<Reverse<(u64, u32, u64, Due)>>,
    sequence: &mut u64,
    at_us: u64,
    due: Due,
    tie: u32,
) -> u64 {
    *sequence += 1;
    heap.push(Reverse((at_us, tie, *sequence, due)));
    *sequence
}
