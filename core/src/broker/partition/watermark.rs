//! How far a partition is committed: the decision, without its consequences.

use super::isr::Isr;
use super::replica::Replica;
use crate::ids::Offset;

/// Up to where everybody who counts has the log. Those who may be in sync in the controller's eyes count (the maximal ISR, KIP-497), and
/// so do those who have caught up and are about to be let in, or the high watermark would run away from them for ever.
pub(super) fn of_leader(
    leader_end: Offset,
    followers: &[Replica],
    isr: &Isr,
    is_eligible: impl Fn(&Replica) -> bool,
) -> Offset {
    let counts = |follower: &&Replica| {
        isr.maximal_contains(follower.id) || follower.is_caught_up(leader_end) && is_eligible(follower)
    };
    let behind = followers.iter().filter(|follower| follower.end < leader_end);
    behind
        .filter(counts)
        .map(|follower| follower.end)
        .fold(leader_end, Offset::min)
}
