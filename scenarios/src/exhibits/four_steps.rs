//! The steps by which followers learnt to truncate: to the high watermark, then by the leader's epochs (KIP-101), by the epoch of its answer
//! (KIP-279), and only if both are of the same epoch (KIP-320). That every fetch is checked (KIP-595) came later.

use kafkasim_core::rules::Rules;

use super::replication::truncate_to_high_watermark;
use super::truncation::{ASKING_ONCE, never, whatever_the_epoch};
use crate::rule_sets::RuleSet;

/// In the order in which Kafka took them.
pub(super) const ALL: [RuleSet; 4] = [
    RuleSet {
        name: "step-1-high-watermark",
        rules: Rules {
            truncation: truncate_to_high_watermark,
            fences_epochs: never,
            ..ASKING_ONCE
        },
    },
    RuleSet {
        name: "step-2-kip-101",
        rules: Rules {
            agreement: whatever_the_epoch,
            fences_epochs: never,
            ..ASKING_ONCE
        },
    },
    RuleSet {
        name: "step-3-kip-279",
        rules: Rules {
            fences_epochs: never,
            ..ASKING_ONCE
        },
    },
    RuleSet {
        name: "step-4-kip-320",
        rules: ASKING_ONCE,
    },
];
