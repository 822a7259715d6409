//! What the test binaries share: sizes from the environment, the fingerprint of a whole run, and where results lie.

use std::env;
use std::path::PathBuf;

use kafkasim::fingerprint::Fingerprint;
use kafkasim::run::Observer;
use kafkasim::world::{Outcome, Step, World};

/// A number from the environment, or the default of this test.
///
/// # Panics
/// If the variable is set to something that is not a number.
#[must_use]
pub fn number_from(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |text| {
        let parsed = text
            .strip_prefix("0x")
            .map_or_else(|| text.parse(), |hex| u64::from_str_radix(hex, 16));
        parsed.unwrap_or_else(|_| panic!("{variable}={text}: expected a number like 500 or 0x1f4"))
    })
}

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
