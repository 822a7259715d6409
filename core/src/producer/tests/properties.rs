//! What holds for every order of events: a producer among brokers that lose connections, answers and leadership at
//! random.

use proptest::prelude::*;

use super::*;
use crate::call::{RecordMetadata, SendFailure};
use crate::ids::LeaderEpoch;
use crate::message::PartitionProduceData;
use crate::record::Batch;
use crate::timer::TimerClass;

type Outcome = Result<RecordMetadata, SendFailure>;

/// One partition as its leaders see it, whoever they are: the log, and for each of its batches the sequence.
#[derive(Debug)]
struct Log {
    leader: i32,
    epoch: i32,
    values: Vec<String>,
    sequences: Vec<((ProducerEpoch, Sequence), usize)>,
    /// The newest epoch of the producer.
    producer_epoch: ProducerEpoch,
    /// The sequence that it expects.
    next: i32,
}

struct World {
    conversation: Conversation,
    connecting: BTreeSet<NodeId>,
    requests: BTreeMap<NodeId, VecDeque<Request>>,
    responses: BTreeMap<NodeId, VecDeque<Response>>,
    /// Requests that outlived their connection.
    late: Vec<(NodeId, Request)>,
    logs: [Log; 2],
    sends: u32,
    answers: BTreeMap<CallId, Outcome>,
    /// The batch that each value was last sent in: its epoch, its digest, and whether it was too large.
    batches: BTreeMap<String, (ProducerEpoch, u128, bool)>,
    max_message_bytes: usize,
}

impl World {
    fn new(config: ProducerConfig, max_message_bytes: usize) -> Self {
        Self {
            max_message_bytes,
            conversation: Conversation::new(config),
            connecting: BTreeSet::new(),
            requests: BTreeMap::new(),
            responses: BTreeMap::new(),
            late: Vec::new(),
            logs: [Log::led_by(1), Log::led_by(2)],
            sends: 0,
            answers: BTreeMap::new(),
            batches: BTreeMap::new(),
        }
    }

    fn config(&self) -> &ProducerConfig {
        &self.conversation.config
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "timers, questions and notes are the conversation's business"
    )]
    fn input(&mut self, input: Input) {
        for effect in self.conversation.input(input) {
            match effect {
                Effect::Connect { peer, .. } => {
                    assert!(self.connecting.insert(peer), "one attempt at a time");
                }
                Effect::Disconnect(connection) => self.cut(connection.peer, true),
                Effect::Send {
                    connection,
                    message: Message::Request(request),
                } => {
                    self.look_at(&request);
                    self.requests.entry(connection.peer).or_default().push_back(request);
                }
                Effect::Answer(Answer::Sent { call, result }) => {
                    assert_eq!(self.answers.insert(call, result), None, "{call:?} was answered twice");
                }
                _ => {}
            }
        }
        for node in [NodeId(1), NodeId(2)] {
            let in_flight = self.conversation.producer.in_flight_requests(node);
            assert!(in_flight <= self.config().max_in_flight_requests_per_connection);
        }
    }

    /// Every record is in one batch only, however often it is sent, unless that is too large or the producer begins anew, and batches are
    /// as large as they may be.
    fn look_at(&mut self, request: &Request) {
        let Request::Produce(produce) = request else { return };
        for PartitionProduceData { records, .. } in &produce.partition_data {
            let values = values_of(records);
            assert!(values.len() == 1 || records.size() <= self.config().batch_size);
            for value in values {
                let is_too_large = records.size() > self.max_message_bytes;
                let now = (records.producer_epoch(), records.digest(), is_too_large);
                let (epoch, digest, was_too_large) = self.batches.insert(value, now).unwrap_or(now);
                assert!(epoch <= now.0, "a record went back to an older epoch");
                let may_change = epoch < now.0 || was_too_large;
                assert!(may_change || digest == now.1, "a record changed its batch");
            }
        }
    }

    fn cut(&mut self, peer: NodeId, stays_on_its_way: bool) {
        self.responses.remove(&peer);
        let requests = self.requests.remove(&peer).unwrap_or_default();
        // Without idempotence nothing protects the order from a request that outlives its connection.
        if stays_on_its_way && self.config().enable_idempotence {
            self.late.extend(requests.into_iter().map(|request| (peer, request)));
        }
    }

    /// One thing that can happen, picked by `decision`; what only faults do only if they are allowed.
    fn happen(&mut self, decision: u16, faults: bool) {
        let what = usize::from(decision % 10);
        let which = usize::from(decision / 10);
        match what {
            0 | 1 if faults && self.sends < 40 => self.send(which),
            2 => self.connect(which, !faults || which % 8 > 0),
            3 | 4 => self.serve(which, faults),
            5 | 6 => self.respond(which),
            7 => self.fire(which, faults),
            8 if faults => self.fault(which),
            9 if !self.conversation.questions.is_empty() => {
                let input = self.conversation.parse(&format!("choose {}", which % 2));
                self.input(input);
            }
            _ => {}
        }
    }

    fn send(&mut self, which: usize) {
        self.sends += 1;
        let (call, padding) = (self.sends, "x".repeat(which % 40));
        let partition = ["", "p=0", "p=1", "p=0"][which % 4];
        let input = self
            .conversation
            .parse(&format!("send {call} {call}-{padding} {partition}"));
        self.input(input);
    }

    fn connect(&mut self, which: usize, succeeds: bool) {
        let Some(peer) = pick(&self.connecting, which) else {
            return;
        };
        self.connecting.remove(&peer);
        let input = if succeeds {
            self.conversation.up(peer)
        } else {
            self.conversation.down(peer)
        };
        self.input(input);
    }

    fn respond(&mut self, which: usize) {
        let waiting: BTreeSet<_> = self
            .responses
            .iter()
            .filter(|(_, it)| !it.is_empty())
            .map(|(node, _)| *node)
            .collect();
        let Some(peer) = pick(&waiting, which) else { return };
        let response = self
            .responses
            .get_mut(&peer)
            .and_then(VecDeque::pop_front)
            .expect("a response waits");
        let input = self.conversation.response(peer, response);
        self.input(input);
    }

    fn fire(&mut self, which: usize, faults: bool) {
        // A false suspicion is a rare thing: every second one costs a producer its sequence.
        let suspects = faults && which.is_multiple_of(32);
        let may_fire = |timer: &&Timer| suspects || timer.class() == TimerClass::Progress;
        let armed: BTreeSet<_> = self.conversation.armed.iter().filter(may_fire).copied().collect();
        let Some(timer) = pick(&armed, which) else { return };
        let input = self.conversation.fire(timer);
        self.input(input);
    }

    fn fault(&mut self, which: usize) {
        let log = &mut self.logs[which % 2];
        match which / 2 % 4 {
            0 => (log.leader, log.epoch) = (3 - log.leader, log.epoch + 1),
            1 | 2 => {
                let open: BTreeSet<_> = self.conversation.open.keys().copied().collect();
                let Some(peer) = pick(&open, which) else { return };
                self.cut(peer, which.is_multiple_of(2));
                let input = self.conversation.down(peer);
                self.input(input);
            }
            _ => {
                if let Some((node, request)) = self.late.pop() {
                    self.carry_out(node, request, which);
                }
            }
        }
    }

    fn serve(&mut self, which: usize, faults: bool) {
        let busy: BTreeSet<_> = self
            .requests
            .iter()
            .filter(|(_, it)| !it.is_empty())
            .map(|(node, _)| *node)
            .collect();
        let Some(peer) = pick(&busy, which) else { return };
        let request = self
            .requests
            .get_mut(&peer)
            .and_then(VecDeque::pop_front)
            .expect("a request waits");
        let response = self.carry_out(peer, request, if faults { which } else { 0 });
        self.responses.entry(peer).or_default().extend(response);
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "no other request is a producer's")]
    fn carry_out(&mut self, node: NodeId, request: Request, luck: usize) -> Option<Response> {
        match request {
            Request::Metadata(_) => {
                let leaders: Vec<_> = self
                    .logs
                    .iter()
                    .map(|log| format!("{}/{}", log.leader, log.epoch))
                    .collect();
                Some(metadata_response(&[&format!("t={}", leaders.join(","))]).into())
            }
            Request::InitProducerId(_) => {
                Some(id_response(if luck % 5 == 4 { "REQUEST_TIMED_OUT" } else { "7" }).into())
            }
            Request::Produce(produce) => {
                let answers = produce
                    .partition_data
                    .iter()
                    .map(|data| self.append(node, data, luck))
                    .collect();
                let response = ProduceResponse { responses: answers };
                (produce.acks != Acks::None).then_some(response.into())
            }
            other => panic!("a producer asked for {other:?}"),
        }
    }

    fn append(&mut self, node: NodeId, data: &PartitionProduceData, luck: usize) -> PartitionProduceResponse {
        let at = data.partition;
        let log = &mut self.logs[usize::try_from(at.partition).expect("a partition")];
        let leader = LeaderIdAndEpoch {
            leader_id: NodeId(log.leader),
            leader_epoch: LeaderEpoch(log.epoch),
        };
        let (error, base_offset) = match luck % 12 {
            _ if node.0 != log.leader => (ErrorCode::NotLeaderOrFollower, Offset::NONE),
            _ if data.records.size() > self.max_message_bytes => (ErrorCode::MessageTooLarge, Offset::NONE),
            9 => (ErrorCode::NotEnoughReplicas, Offset::NONE),
            10 => (
                log.append(&data.records)
                    .err()
                    .unwrap_or(ErrorCode::NotEnoughReplicasAfterAppend),
                Offset::NONE,
            ),
            11 => (
                log.append(&data.records)
                    .err()
                    .unwrap_or(ErrorCode::NotLeaderOrFollower),
                Offset::NONE,
            ),
            _ => match log.append(&data.records) {
                Ok(base_offset) => (ErrorCode::None, base_offset),
                Err(error) => (error, Offset::NONE),
            },
        };
        PartitionProduceResponse {
            partition: at,
            error_code: error,
            base_offset,
            log_append_time_ms: Timestamp::NONE,
            log_start_offset: Offset::ZERO,
            current_leader: luck.is_multiple_of(2).then_some(leader),
        }
    }

    /// From now on nothing fails, and everything that may finish must.
    fn heal(&mut self) {
        for round in 0..10_000_u16 {
            if self.conversation.producer.is_idle() {
                return;
            }
            self.happen(round.wrapping_mul(7), false);
        }
        panic!("stuck: {:?}", self.conversation.producer);
    }

    fn judge(&self) {
        assert_eq!(self.answers.len(), self.sends as usize, "a send was never answered");
        let is_in_order = self.config().enable_idempotence || self.config().max_in_flight_requests_per_connection == 1;
        for (call, outcome) in &self.answers {
            let is_mine = |value: &&String| value.split('-').next() == Some(&call.to_string());
            let places = self.logs.iter().map(|log| log.values.iter().filter(is_mine).count());
            match outcome {
                Ok(RecordMetadata { offset: None, .. }) => {}
                Ok(RecordMetadata {
                    partition,
                    offset: Some(offset),
                    ..
                }) => {
                    let log = &self.logs[usize::try_from(*partition).expect("a partition")];
                    let value = &log.values[usize::try_from(offset.0).expect("an offset")];
                    assert!(is_mine(&value), "{call:?} is not at {offset:?}");
                }
                Err(failure) => {
                    let appended = places.clone().sum::<usize>() > 0;
                    assert!(
                        !(failure.is_definite() && appended),
                        "{call:?} was appended, but {failure:?}"
                    );
                }
            }
            assert!(
                !self.config().enable_idempotence || places.sum::<usize>() <= 1,
                "{call:?} is a duplicate"
            );
        }
        for log in self.logs.iter().filter(|_| is_in_order) {
            let calls = log.values.iter().map(|value| value.split('-').next().expect("a call"));
            let calls = calls.map(|call| call.parse::<u32>().expect("a call"));
            // A record may come again, but not for the first time after a later one.
            let mut seen = BTreeSet::new();
            let firsts: Vec<_> = calls.filter(|call| seen.insert(*call)).collect();
            assert!(firsts.is_sorted(), "out of order: {firsts:?}");
        }
    }
}

impl Log {
    fn led_by(leader: i32) -> Self {
        Self {
            leader,
            epoch: 0,
            values: Vec::new(),
            sequences: Vec::new(),
            producer_epoch: ProducerEpoch(0),
            next: 0,
        }
    }

    /// What a broker that never forgets a producer does.
    fn append(&mut self, batch: &Batch) -> Result<Offset, ErrorCode> {
        let (epoch, sequence) = (batch.producer_epoch(), batch.base_sequence());
        if sequence != Sequence::NONE {
            if epoch < self.producer_epoch {
                return Err(ErrorCode::InvalidProducerEpoch);
            }
            let mut known = self.sequences.iter();
            if let Some((_, offset)) = known.find(|(known, _)| *known == (epoch, sequence)) {
                return Ok(offset_of(*offset));
            }
            let expected = if epoch > self.producer_epoch { 0 } else { self.next };
            if sequence.0 != expected {
                return Err(ErrorCode::OutOfOrderSequenceNumber);
            }
            (self.producer_epoch, self.next) = (epoch, expected + batch.record_count());
        }
        let offset = self.values.len();
        self.sequences.push(((epoch, sequence), offset));
        self.values.extend(values_of(batch));
        Ok(offset_of(offset))
    }
}

fn offset_of(index: usize) -> Offset {
    Offset(i64::try_from(index).expect("an offset"))
}

fn values_of(batch: &Batch) -> Vec<String> {
    let records = batch.records().expect("the producer's batches can be read");
    let value = |value: Option<Bytes>| String::from_utf8_lossy(&value.expect("a value")).into_owned();
    records.into_iter().map(|record| value(record.value)).collect()
}

fn pick<T: Copy + Ord>(from: &BTreeSet<T>, which: usize) -> Option<T> {
    from.iter().nth(which.checked_rem(from.len())?).copied()
}

fn run(config: ProducerConfig, max_message_bytes: usize, decisions: &[u16]) -> World {
    let mut world = World::new(config, max_message_bytes);
    for decision in decisions {
        world.happen(*decision, true);
    }
    world.heal();
    world.judge();
    world
}

proptest! {
    #[test]
    fn every_send_is_answered_once_and_honestly(
        decisions in prop::collection::vec(any::<u16>(), 0..400),
        batch_size in prop_oneof![Just(1_usize), Just(150), Just(16_384)],
        linger_ms in prop_oneof![Just(0_u64), Just(5)],
        max_in_flight_requests_per_connection in 1_usize..=5,
        retries in prop_oneof![Just(0_u32), Just(2), Just(2_147_483_647)],
        max_request_size in prop_oneof![Just(200_usize), Just(1_048_576)],
        max_message_bytes in prop_oneof![Just(120_usize), Just(300), Just(usize::MAX)],
        batches_at_most in prop_oneof![Just(1_usize), Just(4), Just(1000)],
        (acks, enable_idempotence) in prop_oneof![
            Just((Acks::All, true)), Just((Acks::All, false)), Just((Acks::Leader, false)), Just((Acks::None, false)),
        ],
    ) {
        let retries = if enable_idempotence { retries.max(1) } else { retries };
        // A record of these has at most 150 bytes.
        let buffer_memory = batch_size.max(150) * batches_at_most;
        run(ProducerConfig {
            buffer_memory, batch_size, linger_ms, max_in_flight_requests_per_connection, retries, max_request_size, acks, enable_idempotence,
            ..config()
        }, max_message_bytes, &decisions);
    }

    /// Suspicion aside, an idempotent producer gets everything through.
    #[test]
    fn without_timeouts_nothing_is_lost(
        decisions in prop::collection::vec(any::<u16>(), 0..400),
        batch_size in prop_oneof![Just(1_usize), Just(150), Just(16_384)],
        max_message_bytes in prop_oneof![Just(120_usize), Just(usize::MAX)],
    ) {
        let mut world = World::new(ProducerConfig { batch_size, ..config() }, max_message_bytes);
        for decision in decisions {
            let is_suspicion = decision % 10 == 7;
            world.happen(decision, !is_suspicion);
        }
        world.heal();
        world.judge();
        prop_assert!(world.answers.values().all(Result::is_ok));
    }
}

/// The properties are about something: the situations that they are about do come up.
#[test]
fn the_interesting_situations_come_up() {
    let mut seen = BTreeSet::new();
    let mut epoch = ProducerEpoch(0);
    let mut luck = 1_u32;
    for _ in 0..200 {
        let decisions: Vec<u16> = core::iter::repeat_with(|| {
            luck = luck.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (luck >> 16) as u16
        })
        .take(300)
        .collect();
        let world = run(
            ProducerConfig {
                batch_size: 150,
                linger_ms: 5,
                ..config()
            },
            120,
            &decisions,
        );
        for outcome in world.answers.values() {
            seen.insert(match outcome {
                Ok(_) => "ok",
                Err(failure) if failure.is_definite() => "never appended",
                Err(_) => "maybe appended",
            });
        }
        assert_eq!(world.conversation.producer.failure(), None, "there is always a way on");
        epoch = epoch.max(
            world
                .conversation
                .producer
                .producer_id()
                .map_or(epoch, |(_, epoch)| epoch),
        );
    }
    assert_eq!(seen, BTreeSet::from(["maybe appended", "never appended", "ok"]));
    assert!(epoch > ProducerEpoch(1), "the producer began anew more than once");
}
