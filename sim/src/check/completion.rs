//! P4: every send completes once, in time, and no more requests are under way than allowed.

use kafkasim_core::config::ProducerConfig;
use kafkasim_core::ids::{CallId, NodeId, TopicPartition};

use super::view::View;
use super::{Finding, Promise, Scene, Verdict};

/// A call has the number of one that is outstanding.
pub(crate) fn reused(view: &dyn View, node: NodeId, call: CallId) -> Finding {
    let node = view.name(node);
    violated(format!("{node} makes call {call} again while it is outstanding"))
}

/// An answer is to a call that is not outstanding: it was never made, or answered before.
pub(crate) fn unasked(view: &dyn View, node: NodeId, call: CallId) -> Finding {
    let node = view.name(node);
    violated(format!(
        "{node} is told how call {call} ended, which is not outstanding"
    ))
}

/// A producer handed a batch to the network.
pub(crate) fn sent(scene: &Scene<'_>, node: NodeId, partition: TopicPartition) -> Option<Finding> {
    let most = scene.view.producer(node)?.max_in_flight_requests_per_connection;
    let under_way = scene.view.unanswered_produces(node);
    (under_way > most).then(|| {
        let (node, whose) = (scene.name(node), scene.truth.name(partition));
        violated(format!(
            "{node} has {under_way} Produces under way when it sends to {whose}, of {most} allowed"
        ))
    })
}

/// A send of this producer took so long, from the call to its answer, or is unanswered for so long. Whoever has a clock
/// asks. Waiting for metadata counts for `max.block.ms`, everything later for `delivery.timeout.ms`; `slack_ms` is what
/// timers may be late.
#[must_use]
pub fn deadline_exceeded(producer: &ProducerConfig, node: &str, elapsed_ms: u64, slack_ms: u64) -> Option<Finding> {
    let allowed = producer.max_block_ms.saturating_add(producer.delivery_timeout_ms);
    (elapsed_ms > allowed.saturating_add(slack_ms)).then(|| {
        violated(format!(
            "a send of {node} took {elapsed_ms} ms, of {allowed} ms that max.block.ms and delivery.timeout.ms allow"
        ))
    })
}

fn violated(message: String) -> Finding {
    Finding::new(Promise::SendCompletion, Verdict::Violated, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sends_have_a_deadline() {
        let mut producer = ProducerConfig::defaults(vec![NodeId(1)]);
        (producer.max_block_ms, producer.delivery_timeout_ms) = (100, 1000);
        let is_late = |elapsed_ms| deadline_exceeded(&producer, "producer-1", elapsed_ms, 10).is_some();
        assert!(!is_late(1110));
        assert!(is_late(1111));
    }
}
