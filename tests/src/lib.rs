//! What the test binaries share: the fingerprint of a whole run, and where results lie.

use std::path::PathBuf;

use kafkasim::fingerprint::Fingerprint;
use kafkasim::run::Observer;
use kafkasim::world::{Outcome, Step, World};

/// A folder of the workspace.
#[must_use]
pub fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// Chains the fingerprint of every state of a run: two runs with the same chain were the same, state by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain(pub Fingerprint);

impl Observer for Chain {
    fn observe(&mut self, world: &mut World, step: &Step, _: &Outcome) {
        self.0 = self.0.then(Fingerprint::of(step)).then(world.fingerprint());
    }
}
