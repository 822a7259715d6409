//! R3: logs agree below their high watermarks.

use super::truth::Change;
use super::{Finding, Promise, Scene, Verdict};

/// Whatever a replica takes for committed must be what is committed; so any two agree below the lower of their high
/// watermarks.
pub(crate) fn changed(scene: &Scene<'_>, change: &Change) -> Option<Finding> {
    let Change::Contradicted { partition, node, at } = change else {
        return None;
    };
    let verdict = scene.truth.judge_loss(scene.view, *partition, *at);
    let (whose, node) = (scene.truth.name(*partition), scene.name(*node));
    let message =
        format!("{whose}: {node} has its high watermark beyond {at}, where it does not have what is committed");
    (verdict == Verdict::Violated).then(|| Finding::new(Promise::LogMatching, verdict, message))
}
