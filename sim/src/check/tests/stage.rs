//! A stage on which stories are told to monitors: disks, configurations and beliefs without machines.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafkasim_core::call::{
    Answer, Call, ConsumerRecord, ProducerRecord, RecordMetadata, RecordsToDelete, SendError, SendFailure,
};
use kafkasim_core::config::{ConsumerConfig, ProducerConfig};
use kafkasim_core::disk::{EpochEntry, LogImage};
use kafkasim_core::error::ErrorCode;
use kafkasim_core::ids::{
    BrokerEpoch, CallId, Generation, IncarnationId, LeaderEpoch, NodeId, Offset, PartitionEpoch, ProducerEpoch,
    ProducerId, Timestamp, TopicId, TopicName, TopicPartition,
};
use kafkasim_core::machine::Lane;
use kafkasim_core::message::{Api, DeleteBefore};
use kafkasim_core::note::{LogStartCause, Note};
use kafkasim_core::record::{Batch, BatchBuilder, MetadataRecord};

use super::super::view::Leadership;
use super::super::{Finale, Finding, State};
use super::scenery::Scenery;
use crate::world::{Event, Fault, Link};

const METADATA: TopicPartition = TopicPartition::CLUSTER_METADATA;
pub(super) const PARTITION: TopicPartition = TopicPartition {
    topic: TopicId(1),
    partition: 0,
};
const CONTROLLER: NodeId = NodeId(0);

/// Monitors, and everything that they look at.
#[derive(Default)]
pub(super) struct Stage {
    pub(super) state: State,
    pub(super) findings: Vec<Finding>,
    pub(super) scenery: Scenery,
    /// The values sent, in order: a send's number is its call's.
    sent: Vec<String>,
    registrations: i64,
}

impl Stage {
    /// Tells one line: who, what, and with what.
    pub(super) fn tell(&mut self, line: &str) {
        let words: Vec<_> = line.split_whitespace().collect();
        let [who, what, with @ ..] = &words[..] else {
            panic!("{line}: who does what?")
        };
        let node = NodeId(number(who));
        match (*what, with) {
            ("uses", pairs) => {
                let config = ProducerConfig::parse(pairs.iter().map(|pair| split(pair, '=')), vec![NodeId(1)]);
                self.scenery.producers.insert(node, config.expect("a valid producer"));
            }
            ("reads-with", pairs) => {
                let config = ConsumerConfig::parse(pairs.iter().map(|pair| split(pair, '=')), vec![NodeId(1)]);
                self.scenery.consumers.insert(node, config.expect("a valid consumer"));
            }
            ("asks" | "is-answered", _) => self.ask(node, what, with),
            ("takes" | "forgets" | "begins-anew" | "is-wiped", _) => self.know(node, what, with),
            ("is-sent-too-much", [bytes]) => {
                let (partition, bytes) = (Some(PARTITION), number(bytes));
                self.note(node, Note::FetchedTooMuch { partition, bytes });
            }
            ("group", [what, with @ ..]) => self.group(node, what, with),
            ("keeps-no-elr", []) => self.scenery.without_elr = true,
            ("creates", pairs) => self.create(pairs),
            ("removes", []) => self.commit(&[MetadataRecord::RemoveTopic { id: PARTITION.topic }]),
            ("registers", [broker]) => self.register(NodeId(number(broker))),
            ("unfences", [broker]) => self.fence(NodeId(number(broker)), false),
            ("fences", [broker]) => self.fence(NodeId(number(broker)), true),
            ("decides", pairs) => self.decide(pairs),
            ("leads", pairs) => self.lead(node, pairs),
            ("follows", [epoch]) => self.note(
                node,
                Note::BecameFollower {
                    partition: PARTITION,
                    epoch: LeaderEpoch(number(epoch)),
                    leader: None,
                },
            ),
            ("appends", values) => self.append(node, values),
            ("copies", [from]) => self.copy(node, NodeId(number(from))),
            ("exposes", [to]) => self.expose(node, number(to), true),
            ("believes", [to]) => self.expose(node, number(to), false),
            ("caches", [epoch, start]) => {
                let entry = EpochEntry {
                    epoch: LeaderEpoch(number(epoch)),
                    start_offset: Offset(number(start)),
                };
                self.log(node).epochs.push(entry);
            }
            ("truncates", [to]) => self.truncate(node, number(to)),
            ("loses-power", [to]) => self.lose_power(node, number(to)),
            ("stops", []) => self.event(Event::Stopped { node, in_order: false }),
            ("starts", []) => *self.scenery.starts.entry(node).or_insert(1) += 1,
            ("sends", [value]) => self.send(node, value, None),
            ("sends", [value, "to", partition]) => self.send(node, value, Some(number(partition))),
            ("is-told", [value, outcome]) => self.complete(node, value, outcome),
            ("flushes", []) => self.event(Event::Called {
                node,
                call: Call::Flush,
            }),
            ("is-flushed", []) => self.event(Event::Answered {
                node,
                answer: Answer::Flushed,
            }),
            ("closes", []) => self.event(Event::Called {
                node,
                call: Call::Close { timeout_ms: None },
            }),
            ("is-closed", []) => self.event(Event::Answered {
                node,
                answer: Answer::Closed,
            }),
            ("retries", [error]) => self.retry(node, error),
            ("is-late", []) => self.event(Event::Late {
                link: link(node),
                api: Api::Produce,
            }),
            ("is-severed", []) => self.event(Event::Severed { link: link(node) }),
            ("refuses", []) => self.refuse(node),
            ("hands-over", [under_way]) => self.hand_over(node, under_way),
            ("is-held-back", []) => self.scenery.held_back = true,
            ("replays", batches) => self.replay(node, batches),
            ("believes-metadata", [to]) => {
                self.scenery.metadata.entry(node).or_default();
                let to = Offset(number(to));
                self.note(node, Note::MetadataReplayed { to });
            }
            ("deletes", [before]) => {
                let call = Call::DeleteRecords(RecordsToDelete {
                    partition: PARTITION,
                    before: DeleteBefore::Offset(Offset(number(before))),
                    leader: NodeId(1),
                });
                self.event(Event::Called { node, call });
            }
            ("starts" | "starts-as-leader", [at]) => {
                let cause = match *what {
                    "starts" => LogStartCause::DeleteRecords,
                    _ => LogStartCause::Leader,
                };
                let (partition, to) = (PARTITION, Offset(number(at)));
                self.note(node, Note::LogStart { partition, to, cause });
            }
            ("cleans", [offsets, now]) => self.clean(node, offsets, Timestamp(number(now))),
            ("drops", [before]) => {
                let before = Offset(number(before));
                self.log(node).batches.retain(|batch| batch.base_offset >= before);
            }
            ("is-assigned", [index]) => self.event(Event::Called {
                node,
                call: Call::Assign(vec![("t".into(), number(index))]),
            }),
            ("reads", records) => self.read(node, records),
            ("seeks", [to]) => self.note(
                node,
                Note::PositionReset {
                    partition: PARTITION,
                    to: Offset(number(to)),
                },
            ),
            ("ends", pairs) => self.end(pairs),
            _ => panic!("{line}: nobody can do that"),
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        self.state.observe(&self.scenery, &event, &mut self.findings);
    }

    pub(super) fn note(&mut self, node: NodeId, note: Note) {
        self.event(Event::Note { node, note });
    }

    pub(super) fn log(&mut self, node: NodeId) -> &mut LogImage {
        self.scenery.logs.entry((node, PARTITION)).or_default()
    }

    pub(super) fn commit(&mut self, records: &[MetadataRecord]) {
        let log = self.scenery.logs.entry((CONTROLLER, METADATA)).or_default();
        let end = log.batches.last().map_or(Offset::ZERO, Batch::next_offset);
        let values: Vec<_> = records.iter().map(MetadataRecord::encode).collect();
        let batch = batch(&values).at(end, LeaderEpoch(1));
        let to = batch.next_offset();
        log.batches.push(batch);
        self.note(
            CONTROLLER,
            Note::HighWatermark {
                partition: METADATA,
                to,
                as_leader: true,
            },
        );
    }

    /// The topic `t`, led by the first replica.
    fn create(&mut self, pairs: &[&str]) {
        let topic: TopicName = "t".into();
        let replicas: Vec<_> = (1..=3).map(NodeId).collect();
        let config = pairs
            .iter()
            .map(|pair| split(pair, '='))
            .map(|(key, value)| MetadataRecord::Config {
                topic: "t".into(),
                key: key.to_owned(),
                value: value.to_owned(),
            });
        let partition = MetadataRecord::Partition {
            partition: PARTITION,
            replicas: replicas.clone(),
            isr: replicas,
            leader: Some(NodeId(1)),
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
        };
        let records = [MetadataRecord::Topic {
            name: topic,
            id: PARTITION.topic,
        }]
        .into_iter()
        .chain(config);
        self.commit(&records.chain([partition]).collect::<Vec<_>>());
        (1..=3).map(NodeId).for_each(|broker| self.register(broker));
    }

    fn register(&mut self, broker: NodeId) {
        self.registrations += 1;
        let epoch = BrokerEpoch(self.registrations);
        self.commit(&[MetadataRecord::RegisterBroker {
            broker,
            incarnation: IncarnationId(0),
            epoch,
        }]);
        self.fence(broker, false);
    }

    fn fence(&mut self, broker: NodeId, fenced: bool) {
        let epoch = BrokerEpoch(self.registrations);
        let change = MetadataRecord::BrokerRegistrationChange {
            broker,
            epoch,
            fenced: Some(fenced),
            in_controlled_shutdown: None,
        };
        self.commit(&[change]);
    }

    /// `leader=2 isr=2,3 elr=1`: what is not mentioned stays.
    fn decide(&mut self, pairs: &[&str]) {
        let pairs: BTreeMap<_, _> = pairs.iter().map(|pair| split(pair, '=')).collect();
        let change = MetadataRecord::PartitionChange {
            partition: PARTITION,
            isr: pairs.get("isr").map(|ids| nodes(ids)),
            replicas: None,
            removing: None,
            adding: None,
            leader: pairs.get("leader").map(|id| nodes(id).first().copied()),
            recovering: None,
            elr: pairs.get("elr").map(|ids| nodes(ids)),
            last_known_elr: None,
        };
        self.commit(&[change]);
    }

    /// `epoch=1 waits-for=1,2 in-sync=2`
    fn lead(&mut self, node: NodeId, pairs: &[&str]) {
        let pairs: BTreeMap<_, _> = pairs.iter().map(|pair| split(pair, '=')).collect();
        let epoch = LeaderEpoch(number(pairs["epoch"]));
        let start_offset = self.log(node).batches.last().map_or(Offset::ZERO, Batch::next_offset);
        self.log(node).epochs.push(EpochEntry { epoch, start_offset });
        let maximal = pairs.get("waits-for").map_or_else(|| nodes("1,2,3"), |ids| nodes(ids));
        let committed = pairs.get("in-sync").map_or(maximal.len(), |count| number(count));
        self.scenery.leaders.insert(
            node,
            Leadership {
                epoch,
                committed,
                maximal: maximal.clone(),
            },
        );
        self.note(
            node,
            Note::BecameLeader {
                partition: PARTITION,
                epoch,
                start_offset,
            },
        );
        self.note(
            node,
            Note::IsrProposed {
                partition: PARTITION,
                isr: maximal,
                shrink: false,
            },
        );
    }

    fn append(&mut self, node: NodeId, values: &[&str]) {
        let values: Vec<_> = values.iter().map(|value| Bytes::from(value.to_string())).collect();
        self.append_batch(node, &batch(&values));
    }

    /// One batch, in the epoch in which this broker last led.
    pub(super) fn append_batch(&mut self, node: NodeId, batch: &Batch) {
        let epoch = self.scenery.leaders[&node].epoch;
        let log = self.log(node);
        let batch = batch.at(log.end(), epoch);
        log.batches.push(batch.clone());
        self.note(
            node,
            Note::Appended {
                partition: PARTITION,
                batch,
                as_leader: true,
            },
        );
    }

    /// `0,3`: takes away these records of the whole log.
    fn clean(&mut self, node: NodeId, offsets: &str, now: Timestamp) {
        let removed: Vec<Offset> = offsets
            .split(',')
            .filter(|offset| *offset != "-")
            .map(|offset| Offset(number(offset)))
            .collect();
        let log = self.log(node);
        let to = log.batches.last().map_or(Offset::ZERO, Batch::next_offset);
        log.batches = log
            .batches
            .iter()
            .filter_map(|batch| {
                let records = batch.records().expect("a sound batch").into_iter();
                let left: Vec<_> = records.filter(|record| !removed.contains(&record.offset)).collect();
                (!left.is_empty()).then(|| batch.cleaned(&left, None))
            })
            .collect();
        let deletions = 0;
        self.note(
            node,
            Note::Compacted {
                partition: PARTITION,
                to,
                removed,
                deletions,
                now,
            },
        );
    }

    fn copy(&mut self, node: NodeId, from: NodeId) {
        let source = self.log(from).clone();
        let end = self.log(node).end();
        for batch in source.batches.iter().filter(|batch| batch.base_offset >= end) {
            self.log(node).batches.push(batch.clone());
            self.log(node).epochs.clone_from(&source.epochs);
            self.note(
                node,
                Note::Appended {
                    partition: PARTITION,
                    batch: batch.clone(),
                    as_leader: false,
                },
            );
        }
    }

    fn expose(&mut self, node: NodeId, to: i64, as_leader: bool) {
        self.note(
            node,
            Note::HighWatermark {
                partition: PARTITION,
                to: Offset(to),
                as_leader,
            },
        );
    }

    fn truncate(&mut self, node: NodeId, to: i64) {
        let from = self.log(node).batches.last().map_or(Offset::ZERO, Batch::next_offset);
        self.cut(node, to);
        self.note(
            node,
            Note::Truncated {
                partition: PARTITION,
                from,
                to: Offset(to),
            },
        );
    }

    fn lose_power(&mut self, node: NodeId, to: i64) {
        self.cut(node, to);
        self.event(Event::Fault(Fault::PowerLoss { node, kept: Vec::new() }));
        self.event(Event::Stopped { node, in_order: false });
    }

    fn cut(&mut self, node: NodeId, to: i64) {
        let log = self.log(node);
        log.batches.retain(|batch| batch.next_offset() <= Offset(to));
        log.epochs
            .retain(|entry| entry.start_offset < Offset(to) || entry.epoch > LeaderEpoch(5));
    }

    fn send(&mut self, node: NodeId, value: &str, partition: Option<i32>) {
        let call = CallId(u32::try_from(self.sent.len()).expect("few sends"));
        self.sent.push(value.to_owned());
        let record = ProducerRecord {
            topic: "t".into(),
            partition,
            key: None,
            value: Some(Bytes::from(value.to_owned())),
        };
        self.event(Event::Called {
            node,
            call: Call::Send { call, record },
        });
    }

    /// `@3`: acknowledged at 3; `@`: acknowledged, nobody knows where; `failed`, `open`.
    fn complete(&mut self, node: NodeId, value: &str, outcome: &str) {
        let index = self.sent.iter().position(|sent| sent == value).expect("it was sent");
        let failure = |maybe_appended| {
            Err(SendFailure {
                error: SendError::DeliveryTimeout,
                maybe_appended,
            })
        };
        let result = match outcome {
            "failed" => failure(false),
            "open" => failure(true),
            place => {
                let offset = place.strip_prefix('@').expect("an outcome");
                let offset = (!offset.is_empty()).then(|| Offset(number(offset)));
                Ok(RecordMetadata {
                    topic: "t".into(),
                    partition: 0,
                    offset,
                })
            }
        };
        let call = CallId(u32::try_from(index).expect("few sends"));
        self.event(Event::Answered {
            node,
            answer: Answer::Sent { call, result },
        });
    }

    fn retry(&mut self, node: NodeId, error: &str) {
        let error = match error {
            "lost" => ErrorCode::NetworkException,
            "refused" => ErrorCode::NotEnoughReplicas,
            other => panic!("{other} is no reason to retry"),
        };
        self.note(
            node,
            Note::BatchRetried {
                partition: PARTITION,
                error,
            },
        );
    }

    fn refuse(&mut self, node: NodeId) {
        let (producer_id, epoch) = (ProducerId::NONE, ProducerEpoch::NONE);
        let error = ErrorCode::NotLeaderOrFollower;
        self.note(
            node,
            Note::ProduceRefused {
                partition: PARTITION,
                producer_id,
                epoch,
                error,
            },
        );
    }

    fn hand_over(&mut self, node: NodeId, under_way: &str) {
        self.scenery.under_way = number(under_way);
        let (producer_id, sequence) = (ProducerId::NONE, kafkasim_core::ids::Sequence::NONE);
        self.note(
            node,
            Note::BatchSent {
                partition: PARTITION,
                producer_id,
                sequence,
                attempt: 0,
            },
        );
    }

    /// These batches of the metadata log, each by its place among them.
    fn replay(&mut self, node: NodeId, batches: &[&str]) {
        let log = &self.scenery.logs[&(CONTROLLER, METADATA)].batches;
        let image = self.scenery.metadata.entry(node).or_default();
        let mut to = Offset::ZERO;
        for batch in batches.iter().map(|place| &log[number::<usize>(place)]) {
            for record in batch.records().expect("a batch of ours") {
                let value = record.value.expect("a metadata record");
                image.replay(&MetadataRecord::decode(&value).expect("a metadata record"));
            }
            to = batch.next_offset();
        }
        self.note(node, Note::MetadataReplayed { to });
    }

    /// `3:c 4:d`
    fn read(&mut self, node: NodeId, records: &[&str]) {
        let records = records.iter().map(|record| {
            let (offset, value) = split(record, ':');
            ConsumerRecord {
                topic: "t".into(),
                partition: 0,
                offset: Offset(number(offset)),
                leader_epoch: LeaderEpoch(0),
                timestamp: Timestamp(0),
                key: None,
                value: Some(Bytes::from(value.to_owned())),
            }
        });
        let answer = Answer::Polled(Ok(records.collect()));
        self.event(Event::Answered { node, answer });
    }

    /// `core=1,2 finished=false`
    fn end(&mut self, pairs: &[&str]) {
        let pairs: BTreeMap<_, _> = pairs.iter().map(|pair| split(pair, '=')).collect();
        let healed_core = pairs.get("core").map_or_else(|| nodes("1,2,3"), |ids| nodes(ids));
        let finished = pairs.get("finished") != Some(&"false");
        let finale = Finale {
            readers: Vec::new(),
            healed_core,
            finished,
        };
        self.state.finish(&self.scenery, &finale, &mut self.findings);
    }
}

/// `key=…` has a key, and `key=` is its deletion.
fn batch(values: &[Bytes]) -> Batch {
    let mut builder = BatchBuilder::new();
    for value in values {
        let equals = value.iter().position(|byte| *byte == b'=');
        let key = equals.map(|at| value.slice(..at));
        let is_deletion = equals.is_some_and(|at| at + 1 == value.len());
        builder.append(Timestamp(0), key, (!is_deletion).then(|| value.clone()), &[]);
    }
    builder.build(None)
}

pub(super) fn link(client: NodeId) -> Link {
    Link {
        client,
        server: NodeId(1),
        lane: Lane::Client,
        generation: Generation(0),
    }
}

pub(super) fn nodes(ids: &str) -> Vec<NodeId> {
    ids.split(',')
        .filter(|id| !id.is_empty())
        .map(|id| NodeId(number(id)))
        .collect()
}

pub(super) fn split(pair: &str, at: char) -> (&str, &str) {
    pair.split_once(at).unwrap_or_else(|| panic!("{pair} has no {at}"))
}

pub(super) fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is not a number"))
}
