//! A map and a set for the few things of a kind that there are at a time, looked up several times for each action: neighbours in memory, in order.

use std::hash::{Hash, Hasher};

use kafkasim_core::timer::Timer;

use crate::world::Link;

/// What can be told apart, and put in order, by one number.
pub(crate) trait Numbered: Copy {
    /// A number of its own.
    fn number(self) -> u128;
}

impl Numbered for Link {
    fn number(self) -> u128 {
        self.key()
    }
}

impl Numbered for Timer {
    fn number(self) -> u128 {
        self.key()
    }
}

/// Values by key, in the order of the keys' numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SortedMap<K, V> {
    entries: Vec<(u128, K, V)>,
}

/// Keys, in their order.
pub(crate) type SortedSet<K> = SortedMap<K, ()>;

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<K> Hash for SortedSet<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.entries.len());
        for (number, ..) in &self.entries {
            state.write_u128(*number);
        }
    }
}

impl<K: Numbered, V> SortedMap<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn contains(&self, key: K) -> bool {
        self.find(key).is_ok()
    }

    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.find(key).ok().map(|at| &self.entries[at].2)
    }

    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.find(key).ok().map(|at| &mut self.entries[at].2)
    }

    pub(crate) fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let at = self.find(key).unwrap_or_else(|at| {
            self.entries.insert(at, (key.number(), key, V::default()));
            at
        });
        &mut self.entries[at].2
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        match self.find(key) {
            Ok(at) => self.entries[at].2 = value,
            Err(at) => self.entries.insert(at, (key.number(), key, value)),
        }
    }

    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let at = self.find(key).ok()?;
        Some(self.entries.remove(at).2)
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = K> {
        self.entries.iter().map(|(_, key, _)| *key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.entries.iter().map(|(_, key, value)| (*key, value))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (K, &mut V)> {
        self.entries.iter_mut().map(|(_, key, value)| (*key, value))
    }

    fn find(&self, key: K) -> Result<usize, usize> {
        let number = key.number();
        self.entries.binary_search_by(|(other, ..)| other.cmp(&number))
    }
}

#[cfg(test)]
mod tests {
    use kafkasim_core::ids::{Generation, NodeId};
    use kafkasim_core::machine::Lane;

    use super::*;

    fn link(client: i32, server: i32, lane: Lane, generation: u32) -> Link {
        Link {
            client: NodeId(client),
            server: NodeId(server),
            lane,
            generation: Generation(generation),
        }
    }

    #[test]
    fn links_come_in_the_order_of_their_fields_however_they_were_entered() {
        let ordered = [
            link(0, 9, Lane::Forwarding, 7),
            link(1, 0, Lane::Client, 3),
            link(1, 2, Lane::Client, 0),
            link(1, 2, Lane::Client, 1),
            link(1, 2, Lane::Replica, 0),
            link(2, 0, Lane::Client, 0),
        ];
        let mut map = SortedMap::default();
        for at in [3, 0, 5, 1, 4, 2] {
            map.insert(ordered[at], at);
        }
        assert!(map.iter().eq(ordered.into_iter().zip(&[0, 1, 2, 3, 4, 5])));
        map.remove(ordered[2]);
        assert_eq!((map.get(ordered[2]), map.get(ordered[3])), (None, Some(&3)));
        assert_eq!(*map.get_or_default(ordered[2]), 0);
        assert_eq!(map.len(), ordered.len());
    }
}
