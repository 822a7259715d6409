//! R11: cleaners leave what is needed.

use super::truth::Change;
use super::{Finding, Promise, Scene, Verdict};

/// What a cleaner takes must be superseded by something committed, or be the deletion of a key whose time is over.
pub(crate) fn changed(scene: &Scene<'_>, change: &Change) -> Option<Finding> {
    let Change::Overcleaned { partition, node, at } = change else {
        return None;
    };
    let verdict = scene.truth.judge_loss(scene.view, *partition, *at);
    let (whose, node) = (scene.truth.name(*partition), scene.name(*node));
    let message = format!("{whose}: {node} has cleaned its log, and lacks at {at} what nothing committed supersedes");
    (verdict == Verdict::Violated).then(|| Finding::new(Promise::Compaction, verdict, message))
}
