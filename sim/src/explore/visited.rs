//! Which states were seen: by fingerprint, or exactly.

use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;

use super::bounds::Spent;
use crate::fingerprint::Fingerprint;
use crate::world::World;

/// A set of states.
pub trait Visited: Sync {
    /// Whether a state is there.
    fn contains(&self, fingerprint: Fingerprint, world: &World, spent: Spent) -> bool;

    /// Adds a state; says whether it was not there yet.
    fn insert(&mut self, fingerprint: Fingerprint, world: &World, spent: Spent) -> bool;

    /// How many states there are.
    fn len(&self) -> u64;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Trusts 128 bits to tell states apart.
#[derive(Default)]
pub struct Fingerprints(HashMap<u128, (), BuildHasherDefault<Passthrough>>);

impl Fingerprints {
    /// Whether a state with this fingerprint was seen.
    #[must_use]
    pub fn has(&self, fingerprint: Fingerprint) -> bool {
        self.0.contains_key(&fingerprint.0)
    }
}

impl Visited for Fingerprints {
    fn contains(&self, fingerprint: Fingerprint, _: &World, _: Spent) -> bool {
        self.has(fingerprint)
    }

    fn insert(&mut self, fingerprint: Fingerprint, _: &World, _: Spent) -> bool {
        self.0.insert(fingerprint.0, ()).is_none()
    }

    fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

/// Keeps every state and compares it: slow, large, and beyond doubt.
#[derive(Default)]
pub struct Exact {
    worlds: HashMap<u128, Vec<(World, Spent)>, BuildHasherDefault<Passthrough>>,
    states: u64,
}

impl Visited for Exact {
    fn contains(&self, fingerprint: Fingerprint, world: &World, spent: Spent) -> bool {
        self.worlds.get(&fingerprint.0).is_some_and(|same| {
            same.iter()
                .any(|(other, other_spent)| *other_spent == spent && other.is_same(world))
        })
    }

    fn insert(&mut self, fingerprint: Fingerprint, world: &World, spent: Spent) -> bool {
        if self.contains(fingerprint, world, spent) {
            return false;
        }
        let same = self.worlds.entry(fingerprint.0).or_default();
        assert!(
            same.is_empty(),
            "two different states have the fingerprint {fingerprint}"
        );
        same.push((world.clone(), spent));
        self.states += 1;
        true
    }

    fn len(&self) -> u64 {
        self.states
    }
}

/// Fingerprints are hashes already.
#[derive(Default)]
struct Passthrough(u64);

impl Hasher for Passthrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut first = [0; 8];
        let length = bytes.len().min(8);
        first[..length].copy_from_slice(&bytes[..length]);
        self.0 = u64::from_le_bytes(first);
    }

    #[expect(clippy::cast_possible_truncation, reason = "any 64 of the 128 bits will do")]
    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }
}
