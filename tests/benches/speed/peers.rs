//! Other simulators, measured in the same run. They live in a package of their own, since madsim has to be compiled with a flag of its own.

use std::path::Path;
use std::process::Command;

/// A peer, and how many messages of an echo it delivers in a second of processor time.
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) messages_per_second: f64,
}

/// Builds and runs `benches/peers`, optimised as we are.
pub(crate) fn measure(target: &Path) -> Vec<Peer> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
    let output = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet"])
        .current_dir(&package)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", package.display()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", package.display());
    String::from_utf8_lossy(&output.stdout).lines().map(peer).collect()
}

fn peer(line: &str) -> Peer {
    let parsed = line.split_once(' ').and_then(|(name, number)| {
        Some(Peer {
            name: name.to_owned(),
            messages_per_second: number.parse().ok()?,
        })
    });
    parsed.unwrap_or_else(|| panic!("expected a name and a number, found {line:?}"))
}
