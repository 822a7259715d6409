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

/// How long a send may take, from the call to its answer: it waits for metadata for `max.block.ms`, and then for its acknowledgement for
/// `delivery.timeout.ms`, retries and all (KIP-91).
pub(crate) const fn time_for_a_send_ms(producer: &ProducerConfig) -> u64 {
    producer.max_block_ms.saturating_add(producer.delivery_timeout_ms)
}

/// A send of this producer is unanswered for longer than that. Whoever has a clock finds out.
pub(crate) fn deadline_exceeded(producer: &ProducerConfig, node: &str, elapsed_ms: u64) -> Finding {
    let allowed_ms = time_for_a_send_ms(producer);
    violated(format!(
        "a send of {node} is unanswered after {elapsed_ms} ms, of {allowed_ms} ms that max.block.ms and delivery.timeout.ms allow"
    ))
}

fn violated(message: String) -> Finding {
    Finding::new(Promise::SendCompletion, Verdict::Violated, message)
}
