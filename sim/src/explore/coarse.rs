//! Coarse steps: what is carried out at once, before anything else happens.
//!
//! While something of this kind is possible and leads to a new state, nothing else is tried. That is a bound, and is named as one: it gives up interleavings in which
//! a connection is half made, a registration or a heartbeat is on its way, or a request for metadata has not arrived. None of these
//! reads or writes a log, and what the controller decides still reaches every broker at a time of its own.

use kafkasim_core::machine::Lane;
use kafkasim_core::message::Api;
use kafkasim_core::timer::Timer;

use crate::world::{Action, Delivery, Direction};

/// Whether an action is carried out at once.
#[must_use]
pub(super) fn is_urgent(action: &Action) -> bool {
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
        Action::Fire { timer, .. } => matches!(timer, Timer::ReconnectBackoff { .. }),
        Action::Start { .. } | Action::Choose { .. } | Action::Call { .. } | Action::Fault(_) => false,
    }
}
