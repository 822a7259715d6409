//! How far a partition is committed: the decision, without its consequences.

use super::isr::Isr;
use super::replica::Replica;
use crate::ids::Offset;
use crate::rules::Waited;

/// Up to where everybody has the log who is waited for.
pub(super) fn of_leader(
    leader_end: Offset,
    followers: &[Replica],
    isr: &Isr,
    is_eligible: impl Fn(&Replica) -> bool,
    is_waited_for: fn(&Waited) -> bool,
) -> Offset {
    let counts = |follower: &&Replica| {
        is_waited_for(&Waited {
            is_committed: isr.committed().contains(&follower.id),
            is_proposed: isr
                .proposed()
                .map(|proposed| proposed.iter().any(|state| state.broker_id == follower.id)),
            is_caught_up: follower.is_caught_up(leader_end),
            is_eligible: is_eligible(follower),
        })
    };
    let behind = followers.iter().filter(|follower| follower.end < leader_end);
    behind
        .filter(counts)
        .map(|follower| follower.end)
        .fold(leader_end, Offset::min)
}
