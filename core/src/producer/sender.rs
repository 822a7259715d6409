//! Sends what is ready, one batch per partition and request, and deals with the answers: Kafka's `Sender`.

use alloc::vec::Vec;

use super::partition::Partition;
use super::retry::{self, Attempt, Verdict};
use super::{InFlight, Pending, Producer};
use crate::call::{Answer, SendError, SendFailure};
use crate::config::ProducerConfig;
use crate::error::ErrorCode;
use crate::ids::{NodeId, Offset, TopicPartition};
use crate::machine::{Context, Lane, Outbox};
use crate::message::{
    Acks, LeaderIdAndEpoch, PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse,
};
use crate::note::Note;
use crate::rules;
use crate::timer::{Timer, Window};

/// What goes into the next request to a node.
#[derive(Debug, Default)]
struct Drain {
    partitions: Vec<TopicPartition>,
    /// The first partition that the request has no room for.
    left_out: Option<TopicPartition>,
}

/// What became of a batch in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    error: ErrorCode,
    /// Where the log starts, if the broker knows.
    log_start_offset: Option<Offset>,
    base_offset: Option<Offset>,
    current_leader: Option<LeaderIdAndEpoch>,
}

impl Outcome {
    /// The answer never came.
    pub(super) const fn lost(error: ErrorCode) -> Self {
        Self {
            error,
            log_start_offset: None,
            base_offset: None,
            current_leader: None,
        }
    }

    fn of(response: &PartitionProduceResponse) -> Self {
        Self {
            error: response.error_code,
            log_start_offset: Some(response.log_start_offset).filter(|offset| *offset != Offset::NONE),
            base_offset: Some(response.base_offset).filter(|offset| *offset != Offset::NONE),
            current_leader: response.current_leader,
        }
    }
}

impl Producer {
    /// Sends everything that may be sent now.
    pub(super) fn send_ready(&mut self, context: &Context<'_, ProducerConfig>, out: &mut Outbox) {
        for node in self.ready_nodes(context.config) {
            if !self.connections.ready(node, Lane::Client, out) {
                continue;
            }
            while self.has_room(node, context) {
                let drain = self.choose_batches(node, context.config);
                if drain.partitions.is_empty() {
                    break;
                }
                self.send_batches(context, node, drain, out);
            }
        }
    }

    /// The leaders of the partitions that have a reason to be sent from.
    fn ready_nodes(&self, config: &ProducerConfig) -> Vec<NodeId> {
        let ready = self
            .accumulator
            .iter()
            .filter(|(_, partition)| self.is_ready(partition));
        let mut nodes: Vec<_> = ready
            .filter_map(|(at, partition)| self.destination(at, partition, config))
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// Whether there is a reason to send now: the partition's own, or somebody who waits for everything, or for memory.
    fn is_ready(&self, partition: &Partition) -> bool {
        partition.is_ready() || partition.head().is_some() && (self.finishing.is_urgent() || self.waits_for_memory())
    }

    /// Whom the next batch of a partition may be sent to.
    fn destination(&self, at: TopicPartition, partition: &Partition, config: &ProducerConfig) -> Option<NodeId> {
        let view = self.cluster.partition(at)?;
        let may_send = partition.may_send(view.leader_epoch, self.identity.known()) && !self.is_muted(at, config);
        view.leader.filter(|_| may_send)
    }

    /// With one request in flight per connection Kafka promises order even without idempotence: while a batch is
    /// unanswered anywhere, the next of its partition waits.
    fn is_muted(&self, at: TopicPartition, config: &ProducerConfig) -> bool {
        config.max_in_flight_requests_per_connection == 1
            && self.connections.all_unanswered().any(|pending| pending.concerns(at))
    }

    fn has_room(&self, node: NodeId, context: &Context<'_, ProducerConfig>) -> bool {
        (context.rules.has_room)(&rules::InFlight {
            unanswered: self.connections.unanswered(node, Lane::Client).count(),
            most: context.config.max_in_flight_requests_per_connection,
        })
    }

    /// Once one partition of a node is ready, the next batches of its other partitions come along, lingering or not.
    fn choose_batches(&self, node: NodeId, config: &ProducerConfig) -> Drain {
        let first = self.left_out.get(&node).copied();
        let mut drain = Drain::default();
        let mut bytes = 0;
        let mut is_ready = false;
        for (at, partition) in self.accumulator.iter_from(first) {
            let Some(head) = partition.head() else { continue };
            if self.destination(at, partition, config) != Some(node) {
                continue;
            }
            is_ready |= self.is_ready(partition);
            if drain.left_out.is_some() {
                continue;
            }
            bytes += head.size();
            if bytes > config.max_request_size && !drain.partitions.is_empty() {
                drain.left_out = Some(at);
            } else {
                drain.partitions.push(at);
            }
        }
        if is_ready { drain } else { Drain::default() }
    }

    fn send_batches(&mut self, context: &Context<'_, ProducerConfig>, node: NodeId, drain: Drain, out: &mut Outbox) {
        let config = context.config;
        // Whoever did not fit this time comes first next time.
        match drain.left_out {
            Some(first) => self.left_out.insert(node, first),
            None => self.left_out.remove(&node),
        };
        let mut in_flight = Vec::with_capacity(drain.partitions.len());
        let mut partition_data = Vec::with_capacity(drain.partitions.len());
        for at in drain.partitions {
            let view = self
                .cluster
                .partition(at)
                .expect("a partition without a known leader is not sent from");
            let producer = self.identity.known();
            let partition = self
                .accumulator
                .get_mut(at)
                .expect("a partition that is sent from has batches");
            let (batch, sent) = partition.send_head(at, view.leader_epoch, producer, config.compressor(), out);
            let (records, ratio) = (sent.records.clone(), sent.ratio);
            out.note(Note::BatchSent {
                partition: at,
                producer_id: records.producer_id(),
                sequence: records.base_sequence(),
                attempt: sent.attempts,
            });
            if let Some(ratio) = ratio {
                self.accumulator.observe(at.topic, ratio);
            }
            partition_data.push(PartitionProduceData { partition: at, records });
            in_flight.push(InFlight { partition: at, batch });
        }
        let timeout_ms = i32::try_from(config.request_timeout_ms).unwrap_or(i32::MAX);
        let request = ProduceRequest {
            acks: config.acks,
            timeout_ms,
            partition_data,
        };
        let timeout = Window::wall(config.request_timeout_ms);
        // With acks=0 nobody answers: what was handed to an open connection counts as sent.
        let done = if config.acks == Acks::None {
            in_flight.clone()
        } else {
            Vec::new()
        };
        self.connections.send(
            node,
            Lane::Client,
            request.into(),
            Pending::Produce(in_flight),
            timeout,
            out,
        );
        for in_flight in done {
            self.succeed(context, in_flight, None, out);
        }
    }

    /// A Produce was answered.
    pub(super) fn on_produced(
        &mut self,
        context: &Context<'_, ProducerConfig>,
        in_flight: Vec<InFlight>,
        response: &ProduceResponse,
        out: &mut Outbox,
    ) {
        for in_flight in in_flight {
            let answer = response
                .responses
                .iter()
                .find(|answer| answer.partition == in_flight.partition);
            let outcome = answer.map_or(Outcome::lost(ErrorCode::NetworkException), Outcome::of);
            self.complete(context, in_flight, outcome, out);
        }
    }

    /// An attempt is over: `Sender.completeBatch`.
    pub(super) fn complete(
        &mut self,
        context: &Context<'_, ProducerConfig>,
        in_flight: InFlight,
        outcome: Outcome,
        out: &mut Outbox,
    ) {
        if self.failure.is_some() {
            return;
        }
        if retry::may_name_leader(outcome.error)
            && let Some(leader) = outcome.current_leader
        {
            self.cluster.learn_leader(in_flight.partition, leader);
        }
        if retry::doubts_metadata(outcome.error) {
            self.cluster.request_update();
        }
        let InFlight {
            partition: at,
            batch: number,
        } = in_flight;
        // A batch whose time was up while it was in flight has been answered.
        let Some(partition) = self.accumulator.get(at) else {
            return;
        };
        let Some(batch) = partition.in_flight(number) else {
            return;
        };
        let attempts = batch.sent().expect("a batch in flight was sent").attempts;
        let attempt = Attempt {
            error: outcome.error,
            earlier: attempts,
            is_gap: batch
                .sequence()
                .is_some_and(|first| partition.sequences.is_gap_before(first)),
            is_divisible: batch.calls.len() > 1,
            knows_log_start: outcome.log_start_offset.is_some(),
        };
        match retry::judge(attempt, context.config) {
            Verdict::Succeeded => self.succeed(context, in_flight, outcome.base_offset, out),
            Verdict::Retry => self.retry(in_flight, outcome.error, context, out),
            Verdict::RetryAnew => {
                self.retry(in_flight, outcome.error, context, out);
                let partition = self.accumulator.get_mut(at).expect("a batch put back has a partition");
                partition.sequences.break_off();
            }
            Verdict::Split => self.split(in_flight, context, out),
            Verdict::Failed => self.fail(in_flight, outcome.error, context.config, out),
        }
    }

    fn succeed(
        &mut self,
        context: &Context<'_, ProducerConfig>,
        in_flight: InFlight,
        base_offset: Option<Offset>,
        out: &mut Outbox,
    ) {
        let InFlight {
            partition: at,
            batch: number,
        } = in_flight;
        let partition = self.accumulator.get_mut(at).expect("a batch in flight has a partition");
        let (batch, _) = partition.take(at, number, out);
        if batch.sequence().is_some() {
            let last = batch
                .sent()
                .expect("a batch with a sequence was sent")
                .records
                .last_sequence();
            partition.sequences.acknowledge(last);
        }
        batch.succeed(context.rules, &partition.topic, at.partition, base_offset, out);
        self.accumulator.prune(at);
    }

    fn retry(
        &mut self,
        in_flight: InFlight,
        error: ErrorCode,
        context: &Context<'_, ProducerConfig>,
        out: &mut Outbox,
    ) {
        let InFlight {
            partition: at,
            batch: number,
        } = in_flight;
        let leader_epoch = self.cluster.partition(at).map(|view| view.leader_epoch);
        let partition = self.accumulator.get_mut(at).expect("a batch in flight has a partition");
        out.note(Note::BatchRetried { partition: at, error });
        partition.put_back(
            at,
            number,
            !retry::rules_out_append(error),
            leader_epoch,
            context.config,
            out,
        );
        if (context.rules.restarts_delivery_timeout)() {
            let batch = partition.in_flight(number).expect("a batch put back is there").deadline;
            let timer = Timer::DeliveryTimeout { partition: at, batch };
            out.set_timer(timer, Window::wall(context.config.delivery_timeout_ms));
        }
    }

    fn fail(&mut self, in_flight: InFlight, error: ErrorCode, config: &ProducerConfig, out: &mut Outbox) {
        let InFlight {
            partition: at,
            batch: number,
        } = in_flight;
        let partition = self.accumulator.get_mut(at).expect("a batch in flight has a partition");
        let (batch, _) = partition.take(at, number, out);
        let sent = batch.sent().expect("a batch in flight was sent");
        let maybe_appended = sent.maybe_appended || !retry::rules_out_append(error);
        if batch.sequence().is_some() {
            // What was refused for good leaves a gap; what was merely not tried often enough may be there.
            if sent.attempts < config.retries {
                partition.sequences.break_off();
            } else {
                partition.sequences.leave_unresolved(sent.records.last_sequence());
            }
        }
        batch.fail(SendError::Kafka(error), maybe_appended, out);
        self.accumulator.prune(at);
    }

    /// [`Timer::DeliveryTimeout`](crate::timer::Timer::DeliveryTimeout): a batch has been here for too long, and so
    /// has everything that came before it.
    pub(super) fn expire(&mut self, at: TopicPartition, deadline: u32, out: &mut Outbox) {
        let partition = self
            .accumulator
            .get_mut(at)
            .expect("a delivery timeout is armed only for a batch that is there");
        for number in partition.up_to_deadline(deadline) {
            let (batch, is_in_flight) = partition.take(at, number, out);
            // A batch that was never sent takes no sequence with it.
            if let Some(sent) = batch.sent().filter(|_| batch.sequence().is_some()) {
                partition.sequences.leave_unresolved(sent.records.last_sequence());
            }
            let maybe_appended = is_in_flight || batch.sent().is_some_and(|sent| sent.maybe_appended);
            out.note(Note::BatchExpired { partition: at });
            batch.fail(SendError::DeliveryTimeout, maybe_appended, out);
        }
        self.accumulator.prune(at);
    }

    /// Nothing can be sent any more: answers every send, and from now on every other one at once.
    pub(super) fn give_up(&mut self, error: SendError, out: &mut Outbox) {
        self.failure = Some(error);
        for (batch, is_in_flight) in self.accumulator.take_all(out) {
            let maybe_appended = is_in_flight || batch.sent().is_some_and(|sent| sent.maybe_appended);
            batch.fail(error, maybe_appended, out);
        }
        self.left_out.clear();
        self.sticky.clear();
        self.stop_all_asking(error, out);
        for waiting in core::mem::take(&mut self.waiting) {
            waiting.stop_timer(out);
            let failure = SendFailure {
                error,
                maybe_appended: false,
            };
            out.answer(Answer::Sent {
                call: waiting.call,
                result: Err(failure),
            });
        }
    }
}
