//! Requests that wait until they can be answered; at most one for each connection, as Kafka reads no further request from it meanwhile.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::partition::Changes;
use super::{Broker, delete_records, fetch, produce};
use crate::config::BrokerConfig;
use crate::ids::TopicPartition;
use crate::machine::{ConnectionId, Context, Outbox};
use crate::note::Note;
use crate::rules::Wake;
use crate::timer::{Timer, Window};

/// The requests that wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Purgatory {
    parked: BTreeMap<ConnectionId, Parked>,
}

/// A request that waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Parked {
    /// For enough to read, or [`Timer::FetchWait`].
    Fetch(fetch::Parked),
    /// For the in-sync replicas, or [`Timer::ProduceWait`].
    Produce(produce::Parked),
    /// For the followers, or [`Timer::DeleteRecordsWait`].
    DeleteRecords(delete_records::Parked),
    /// For a block of producer ids.
    InitProducerId,
}

impl Purgatory {
    /// Keeps a request until it can be answered.
    ///
    /// # Panics
    /// If there is one already: the network delivers the next request after this one was answered.
    pub(super) fn park(&mut self, connection: ConnectionId, request: Parked, out: &mut Outbox) {
        match &request {
            Parked::Fetch(_) => out.note(Note::Parked { produce: false }),
            Parked::Produce(_) => out.note(Note::Parked { produce: true }),
            Parked::DeleteRecords(_) | Parked::InitProducerId => {}
        }
        let earlier = self.parked.insert(connection, request);
        assert!(
            earlier.is_none(),
            "one request at a time is in progress on a connection"
        );
    }

    /// Takes a request out, to answer it because its time is up.
    pub(super) fn expire(&mut self, connection: ConnectionId, out: &mut Outbox) -> Option<Parked> {
        let parked = self.parked.remove(&connection)?;
        match &parked {
            Parked::Fetch(_) => out.note(Note::ParkedExpired { produce: false }),
            Parked::Produce(_) => out.note(Note::ParkedExpired { produce: true }),
            Parked::DeleteRecords(_) | Parked::InitProducerId => {}
        }
        Some(parked)
    }

    /// The peer will never see the answer.
    pub(super) fn forget(&mut self, connection: ConnectionId, out: &mut Outbox) {
        if let Some(parked) = self.parked.remove(&connection) {
            parked.cancel_timer(connection, out);
        }
    }

    /// The connections whose InitProducerId waits.
    pub(super) fn init_producer_id(&self) -> impl Iterator<Item = ConnectionId> {
        let is_wanted = |parked: &Parked| matches!(parked, Parked::InitProducerId);
        self.parked
            .iter()
            .filter(move |(_, parked)| is_wanted(parked))
            .map(|(connection, _)| *connection)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.parked.len()
    }
}

impl Parked {
    fn cancel_timer(&self, connection: ConnectionId, out: &mut Outbox) {
        match self {
            Self::Fetch(_) => out.cancel_timer(Timer::FetchWait { connection }),
            Self::Produce(_) => out.cancel_timer(Timer::ProduceWait { connection }),
            Self::DeleteRecords(_) => out.cancel_timer(Timer::DeleteRecordsWait { connection }),
            Self::InitProducerId => {}
        }
    }
}

impl Broker {
    /// Parks a Fetch.
    pub(super) fn park_fetch(
        &mut self,
        connection: ConnectionId,
        fetch: fetch::Parked,
        wait_ms: u64,
        out: &mut Outbox,
    ) {
        self.purgatory.park(connection, Parked::Fetch(fetch), out);
        out.set_timer(Timer::FetchWait { connection }, Window::monotonic(wait_ms));
    }

    /// Parks a Produce.
    pub(super) fn park_produce(
        &mut self,
        connection: ConnectionId,
        produce: produce::Parked,
        wait_ms: u64,
        out: &mut Outbox,
    ) {
        self.purgatory.park(connection, Parked::Produce(produce), out);
        out.set_timer(Timer::ProduceWait { connection }, Window::monotonic(wait_ms));
    }

    /// Parks a DeleteRecords.
    pub(super) fn park_delete_records(
        &mut self,
        connection: ConnectionId,
        deletion: delete_records::Parked,
        wait_ms: u64,
        out: &mut Outbox,
    ) {
        self.purgatory.park(connection, Parked::DeleteRecords(deletion), out);
        out.set_timer(Timer::DeleteRecordsWait { connection }, Window::monotonic(wait_ms));
    }

    /// Answers those requests that what has changed makes ready.
    pub(super) fn wake_parked(&mut self, context: &Context<'_, BrokerConfig>, changes: &Changes, out: &mut Outbox) {
        if changes.woken.is_empty() || self.purgatory.parked.is_empty() {
            return;
        }
        let woken = |partition: TopicPartition, by: &[Wake]| {
            let mut events = changes
                .woken
                .iter()
                .filter(|(changed, wake)| *changed == partition && by.contains(wake));
            events.any(|(_, wake)| (context.rules.wakes_parked)(*wake))
        };
        let around = surroundings!(self, context);
        let mut ready = Vec::new();
        for (connection, parked) in &mut self.purgatory.parked {
            let is_ready = match parked {
                Parked::Fetch(fetch) => fetch.is_woken(woken) && fetch.is_ready(&self.partitions, &around),
                Parked::Produce(produce) => produce.is_ready(woken, &self.partitions, &around),
                Parked::DeleteRecords(deletion) => deletion.is_ready(woken, &self.partitions, &around),
                Parked::InitProducerId => false,
            };
            if is_ready {
                ready.push(*connection);
            }
        }
        for connection in ready {
            if let Some(parked) = self.purgatory.parked.remove(&connection) {
                parked.cancel_timer(connection, out);
                self.answer_parked(context, connection, parked, out);
            }
        }
    }

    /// [`Timer::FetchWait`], [`Timer::ProduceWait`] or [`Timer::DeleteRecordsWait`]
    pub(super) fn on_wait_over(
        &mut self,
        context: &Context<'_, BrokerConfig>,
        connection: ConnectionId,
        out: &mut Outbox,
    ) {
        if let Some(parked) = self.purgatory.expire(connection, out) {
            self.answer_parked(context, connection, parked, out);
        }
    }

    fn answer_parked(
        &self,
        context: &Context<'_, BrokerConfig>,
        connection: ConnectionId,
        parked: Parked,
        out: &mut Outbox,
    ) {
        match parked {
            Parked::Fetch(fetch) => {
                let response = self.read_again(context, &fetch, out);
                out.respond(connection, response.into());
            }
            Parked::Produce(produce) => {
                let response = self.produced(produce);
                out.respond(connection, response.into());
            }
            Parked::DeleteRecords(deletion) => out.respond(connection, deletion.expired().into()),
            Parked::InitProducerId => panic!("an InitProducerId waits for a block of ids, not for time or partitions"),
        }
    }
}
