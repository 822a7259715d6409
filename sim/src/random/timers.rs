//! The timers of every process, found by name.

use kafkasim_core::ids::NodeId;
use kafkasim_core::timer::{Clock, Timer};

use super::agenda::Key;
use crate::setup::index;
use crate::sorted::SortedMap;

/// A timer, by its process and name.
pub(super) type Name = (NodeId, Timer);

/// Every timer that is armed or still on the agenda.
#[derive(Debug, Default)]
pub(super) struct Timers {
    of: Vec<SortedMap<Timer, Slot>>,
}

/// One timer. Most are put off again and again and never fire, so a timer that is put off keeps its place in the heap, and gets the right one when
/// that comes up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slot {
    pub(super) armed: Option<Armed>,
    /// The entry with which it comes up: no later than it is due.
    pub(super) queued: Option<Key>,
}

/// What a timer waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Armed {
    pub(super) due_us: u64,
    pub(super) tie: u32,
    pub(super) clock: Clock,
}

impl Timers {
    pub(super) fn get(&mut self, (node, timer): Name) -> Option<&mut Slot> {
        self.of.get_mut(index(node))?.get_mut(timer)
    }

    pub(super) fn get_or_default(&mut self, (node, timer): Name) -> &mut Slot {
        if self.of.len() <= index(node) {
            self.of.resize_with(index(node) + 1, SortedMap::default);
        }
        self.of[index(node)].get_or_default(timer)
    }

    pub(super) fn remove(&mut self, (node, timer): Name) {
        if let Some(of) = self.of.get_mut(index(node)) {
            of.remove(timer);
        }
    }

    /// Forgets all timers of a process.
    pub(super) fn forget(&mut self, node: NodeId) {
        if let Some(of) = self.of.get_mut(index(node)) {
            of.clear();
        }
    }

    /// The timers of a process that are armed, in the order of their names.
    pub(super) fn armed(&self, node: NodeId) -> Vec<(Timer, Armed)> {
        let slots = self.of.get(index(node)).into_iter().flat_map(SortedMap::iter);
        slots.filter_map(|(timer, slot)| Some((timer, slot.armed?))).collect()
    }
}
