//! Client rules that Kafka shipped once.

use kafkasim::check::Promise;
use kafkasim_core::rules::Rules;

use super::{Exhibit, Kind, file};

/// Before Kafka 2.1 a batch that was retried had its time counted from its last attempt, so nothing bounded a send but `retries`.
pub(super) const KIP_91: Exhibit = Exhibit {
    name: "kip-91",
    about: "every attempt that fails gives a batch its time again, so that a send takes as long as brokers refuse it",
    kind: Kind::History,
    rules: Rules {
        restarts_delivery_timeout: every_time,
        ..Rules::CURRENT
    },
    convicted_by: &[Promise::SendCompletion],
    scope: "2 brokers, min.insync.replicas=2, 1 record, 1 crash",
    scenario: file!("exhibits/kip-91.toml"),
    seeds_at_most: 200,
};

fn every_time() -> bool {
    true
}
