//! Coarse steps: what is carried out at once, before anything else happens.
//!
//! While something of this kind is possible, nothing else is tried, and the states in between are checked but do not count. That is a bound, and
//! is named as one: it gives up interleavings in which a connection is half made, a registration or a heartbeat is on its way, or a request for metadata has not arrived. None of these
//! reads or writes a log, and what the controller decides still reaches every broker at a time of its own.

use kafkasim_core::machine::Lane;
use kafkasim_core::message::Api;
use kafkasim_core::timer::Timer;

use super::suspicion::is_futile;
use crate::world::{Action, Delivery, Direction, World};

/// More urgent actions than this in a row go round in a circle: then everything else is tried, so that nothing is put off for ever.
pub(super) const URGENT_AT_MOST: usize = 200;

/// Whether an action is carried out at once.
#[must_use]
pub(super) fn is_urgent(world: &World, action: &Action) -> bool {
    match action {
        Action::Connect(_) | Action::Refuse(_) | Action::Sync { .. } => true,
        Action::Deliver {
            what: Delivery::End, ..
        } => true,
        Action::Deliver {
            what: Delivery::Late(_),
            ..
        } => false,
        Action::Deliver {
            link,
            direction,
            what: Delivery::Message(api),
        } => match link.lane {
            Lane::Lifecycle | Lane::Forwarding => true,
            Lane::Metadata => *direction == Direction::ToServer,
            Lane::Client => matches!(api, Api::Metadata | Api::InitProducerId),
            Lane::Replica | Lane::AlterPartition => false,
        },
        Action::Fire { timer, .. } => matches!(timer, Timer::ReconnectBackoff { .. }) && !is_futile(world, timer),
        Action::Start { .. } | Action::Choose { .. } | Action::Call { .. } | Action::Fault(_) => false,
    }
}
