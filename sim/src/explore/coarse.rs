//! Coarse steps: what is carried out at once, before anything else happens.
//!
//! While something of this kind is possible, nothing else is tried, and the states in between are checked but do not count. That is a bound, and
//! is named as one: it gives up interleavings in which a connection is half made, a registration or a heartbeat is on its way, or a request for metadata has not arrived. None of these
//! reads or writes a log, and what the controller decides still reaches every broker at a time of its own.

use core::fmt;
use core::str::FromStr;

use kafkasim_core::machine::Lane;
use kafkasim_core::message::Api;
use kafkasim_core::timer::Timer;
use serde::{Deserialize, Serialize};

use super::suspicion::{is_futile, is_keep_alive};
use crate::world::{Action, Delivery, Direction, World};

/// More urgent actions than this in a row go round in a circle: then everything else is tried, so that nothing is put off for ever.
pub(super) const URGENT_AT_MOST: usize = 200;

/// What is carried out at once. Each of these gives up the interleavings of the one before, and more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coarse {
    /// Nothing: the plain explorer.
    Off,
    /// Connections, registrations, heartbeats and requests for metadata.
    #[default]
    Control,
    /// Also the requests and answers of clients: a send arrives at once at whoever its producer takes for the leader. When a client calls, retries or learns of
    /// a new leader still interleaves with everything; so do the brokers among themselves and with the controller.
    Clients,
    /// Also what brokers say to each other, so that what is appended is at once wherever it is replicated to. When each of them hears of what the controller has
    /// decided still interleaves with everything.
    Replication,
}

impl Coarse {
    /// All of them, by name.
    pub const NAMES: [&str; 4] = ["off", "control", "clients", "replication"];
}

impl fmt::Display for Coarse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES[*self as usize])
    }
}

/// That is none of [`Coarse::NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("coarse steps are `off`, `control`, `clients` or `replication`")]
pub struct UnknownCoarse;

impl FromStr for Coarse {
    type Err = UnknownCoarse;

    fn from_str(name: &str) -> Result<Self, UnknownCoarse> {
        [Self::Off, Self::Control, Self::Clients, Self::Replication]
            .into_iter()
            .find(|coarse| coarse.to_string() == name)
            .ok_or(UnknownCoarse)
    }
}

/// Whether an action is carried out at once.
#[must_use]
pub(super) fn is_urgent(world: &World, action: &Action, coarse: Coarse) -> bool {
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
            Lane::Coordinator => coarse >= Coarse::Clients,
            Lane::Client => coarse >= Coarse::Clients || matches!(api, Api::Metadata | Api::InitProducerId),
            Lane::Replica | Lane::AlterPartition => coarse == Coarse::Replication,
        },
        Action::Fire {
            timer: timer @ Timer::ReconnectBackoff { .. },
            ..
        } => !is_futile(world, timer),
        Action::Fire {
            node,
            timer: timer @ Timer::FetchWait { .. },
        } => coarse == Coarse::Replication && !is_keep_alive(world, *node, timer),
        Action::Fire { .. }
        | Action::Start { .. }
        | Action::Choose { .. }
        | Action::Call { .. }
        | Action::Work { .. }
        | Action::Fault(_) => false,
    }
}
