//! R10: records are deleted only if they are committed, and somebody gave them up.

use super::truth::Change;
use super::{Finding, Promise, Scene, Verdict};

/// A log that starts later starts where an operator, or the log of its leader, says.
pub(crate) fn changed(scene: &Scene<'_>, change: &Change) -> Option<Finding> {
    let Change::Started {
        partition,
        node,
        at,
        is_due: false,
    } = change
    else {
        return None;
    };
    let verdict = scene.truth.judge_view(scene.view, *partition, *at);
    let (whose, node) = (scene.truth.name(*partition), scene.name(*node));
    let message = format!("{whose}: {node} has deleted everything before {at}, which nobody has given up");
    (verdict == Verdict::Violated).then(|| Finding::new(Promise::UndueDeletion, verdict, message))
}
