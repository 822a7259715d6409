//! A log together with its disk, driven by commands in words: what the tests of this module talk to.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::Bytes;

use super::{Checkpoints, Log, ProducerStates};
use crate::config::TopicConfig;
use crate::disk::{DiskOp, EpochEntry, LogImage, Segment};
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp, TopicId, TopicPartition};
use crate::machine::{Effect, Outbox};
use crate::note::{LogStartCause, Note};
use crate::record::{Batch, BatchBuilder};
use crate::rules::Rules;

pub(super) const PARTITION: TopicPartition = TopicPartition {
    topic: TopicId(1),
    partition: 0,
};

/// Runs every line of a transcript up to its `=>` and compares what happens with what follows it.
#[track_caller]
pub(super) fn transcript(expected: &str) {
    let mut replica = Replica::new();
    let mut actual = Vec::new();
    let lines: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    for line in &lines {
        let (command, _) = line.split_once("=>").expect("each line has an outcome");
        let outcome = match replica.run(command) {
            nothing if nothing.is_empty() => "nothing".to_string(),
            something => something,
        };
        actual.push(format!("{command}=> {outcome}"));
    }
    assert_eq!(actual.join("\n"), lines.join("\n"));
}

/// Some records. Equal arguments give equal batches.
pub(super) fn batch(records: i32, producer: Option<(i64, i16, i32)>) -> Batch {
    let mut builder = BatchBuilder::new();
    for _ in 0..records {
        builder.append(Timestamp(0), None, Some(Bytes::from_static(b"v")), &[]);
    }
    builder.build(producer.map(|(id, epoch, first)| (ProducerId(id), ProducerEpoch(epoch), Sequence(first))))
}

/// A log whose effects take place on a disk of its own.
#[derive(Clone, Debug)]
pub(super) struct Replica {
    pub(super) log: Log,
    pub(super) disk: LogImage,
    /// Where the log starts, as last written down.
    log_start_checkpoint: Offset,
}

impl Replica {
    pub(super) fn new() -> Self {
        let mut out = Outbox::new();
        let log = Log::create(PARTITION, &mut out);
        assert_eq!(out.effects(), [Effect::Disk(DiskOp::CreateLog(PARTITION))]);
        Self {
            log,
            disk: LogImage::default(),
            log_start_checkpoint: Offset::ZERO,
        }
    }

    /// Does something with the log and lets it happen on disk as well; tells what.
    pub(super) fn act<T>(&mut self, action: impl FnOnce(&mut Log, &mut Outbox) -> T) -> (T, String) {
        let mut out = Outbox::new();
        let answer = action(&mut self.log, &mut out);
        let effects: Vec<Effect> = out.drain().collect();
        for effect in &effects {
            if let Effect::Disk(op) = effect {
                self.write(op);
            }
        }
        assert_eq!(
            self.disk.batches, self.log.batches,
            "the disk holds the batches of the log"
        );
        assert_eq!(
            self.disk.segments, self.log.segments,
            "the disk holds the segments of the log"
        );
        assert_eq!(
            self.disk.epochs,
            self.log.epochs.entries(),
            "the disk holds the epochs of the log"
        );
        (answer, effects.iter().map(told).collect::<Vec<_>>().join("; "))
    }

    /// Starts again from the disk as it is.
    pub(super) fn restart(&mut self, clean: bool, checkpoint: Offset) -> String {
        let image = self.disk.clone();
        let checkpoints = Checkpoints {
            log_start: self.log_start_checkpoint,
            high_watermark: checkpoint,
        };
        self.act(|log, out| *log = Log::recover(PARTITION, &image, clean, checkpoints, out))
            .1
    }

    /// Cuts the end off, and writes down where the log starts.
    pub(super) fn truncate(&mut self, to: Offset) -> String {
        let (_, told) = self.act(|log, out| log.truncate(to, out));
        self.log_start_checkpoint = self.log.start();
        told
    }

    /// Deletes records, and writes down where the log starts.
    pub(super) fn delete(&mut self, before: Offset) -> (Result<bool, ErrorCode>, String) {
        let told = self.act(|log, out| log.advance_start(before, LogStartCause::DeleteRecords, &Rules::CURRENT, out));
        self.log_start_checkpoint = self.log.start();
        told
    }

    fn write(&mut self, op: &DiskOp) {
        if let DiskOp::Append { log: PARTITION, batch } = op {
            self.disk.batches.push(batch.clone());
        } else if let DiskOp::Truncate { log: PARTITION, to } = op {
            self.disk.batches.retain(|batch| batch.next_offset() <= *to);
            self.disk.segments.retain(|segment| segment.base <= *to);
        } else if let DiskOp::Roll {
            log: PARTITION,
            segment,
        } = op
        {
            self.disk.segments.push(segment.clone());
        } else if let DiskOp::DeleteSegments { log: PARTITION, to } = op {
            self.disk.batches.retain(|batch| batch.base_offset >= *to);
            self.disk.segments.retain(|segment| segment.base >= *to);
        } else if let DiskOp::Compact {
            log: PARTITION,
            to,
            batches,
            segments,
        } = op
        {
            self.disk.batches.retain(|batch| batch.base_offset >= *to);
            self.disk.batches.splice(..0, batches.iter().cloned());
            self.disk.segments.clone_from(segments);
        } else if let DiskOp::StartAnew { log: PARTITION, at } = op {
            self.disk.batches.clear();
            self.disk.segments = [Segment {
                base: *at,
                producers: ProducerStates::default(),
            }]
            .into();
        } else if let DiskOp::WriteEpochs {
            log: PARTITION,
            entries,
        } = op
        {
            assert_ne!(&self.disk.epochs, entries, "only what changes is written");
            self.disk.epochs.clone_from(entries);
        } else {
            panic!("a log does not cause {op:?}");
        }
    }

    fn run(&mut self, command: &str) -> String {
        let words: Vec<&str> = command.split_whitespace().collect();
        let (&verb, arguments) = words.split_first().expect("a command has a verb");
        match verb {
            "begin" | "lead" | "keyed" | "compact" | "follow" | "truncate" | "delete" | "anew" | "roll" | "clean" => {
                self.change(verb, arguments)
            }
            "tear" | "rot" | "drop" | "checkpoint" | "crash" | "shutdown" => self.damage(verb, arguments),
            _ => self.ask(verb, arguments),
        }
    }

    fn change(&mut self, verb: &str, arguments: &[&str]) -> String {
        match (verb, arguments) {
            ("begin", [epoch]) => self.act(|log, out| log.begin_epoch(LeaderEpoch(number(epoch)), out)).1,
            ("lead", [epoch, rest @ ..]) => {
                let batch = described(rest);
                let (appended, told) =
                    self.act(|log, out| log.append_as_leader(&batch, LeaderEpoch(number(epoch)), out));
                assert_eq!(
                    Some(&appended),
                    self.log.batches.last(),
                    "what was appended is what is told"
                );
                told
            }
            ("follow", [base, epoch, rest @ ..]) => {
                let batch = described(rest).at(Offset(number(base)), LeaderEpoch(number(epoch)));
                let before = self.log.clone();
                let (answer, told) = self.act(|log, out| log.append_as_follower(&batch, out));
                answer.map_or_else(
                    |error| {
                        assert_eq!(
                            (&self.log, told.as_str()),
                            (&before, ""),
                            "a refused batch changes nothing"
                        );
                        error.to_string()
                    },
                    |()| told.clone(),
                )
            }
            ("delete", [before]) => {
                let (answer, told) = self.delete(Offset(number(before)));
                answer.map_or_else(|error| error.to_string(), |_| told)
            }
            ("anew", [at]) => self.act(|log, out| log.start_anew(Offset(number(at)), out)).1,
            ("roll", [records, limits @ ..]) => {
                let batch = described(&[records]);
                let config = topic(limits);
                self.act(|log, out| log.roll_before(&batch, &config, out)).1
            }
            ("clean", [now, limits @ ..]) => {
                let (now, config) = (Timestamp(number(now)), topic(limits));
                let (moved, told) = self.act(|log, out| log.delete_old_segments(&config, now, &Rules::CURRENT, out));
                assert!(!moved || told.contains("starts at"), "a log that starts later says so");
                self.log_start_checkpoint = self.log.start();
                told
            }
            ("keyed", [records, rest @ ..]) => {
                let batch = keyed(records, rest);
                self.act(|log, out| log.append_as_leader(&batch, LeaderEpoch(1), out)).1
            }
            ("compact", [now, limits @ ..]) => {
                let now = Timestamp(number(now));
                let config = topic(limits);
                self.act(|log, out| log.compact(&config, now, &Rules::CURRENT, out)).1
            }
            ("truncate", [to]) => self.truncate(Offset(number(to))),
            _ => panic!("what does {verb} {arguments:?} mean?"),
        }
    }

    fn damage(&mut self, verb: &str, arguments: &[&str]) -> String {
        match (verb, arguments) {
            ("crash" | "shutdown", [checkpoint]) => {
                return self.restart(verb == "shutdown", Offset(number(checkpoint)));
            }
            ("checkpoint", entries) => self.disk.epochs = entries.iter().map(|text| entry(text)).collect(),
            ("tear" | "rot" | "drop", [base]) => {
                let batches = &mut self.disk.batches;
                let at = batches.partition_point(|batch| batch.base_offset.0 < number(base));
                match verb {
                    "tear" => batches[at] = batches[at].torn(60),
                    "rot" => batches[at] = batches[at].rotten(0),
                    _ => drop(batches.remove(at)),
                }
            }
            _ => panic!("what does {verb} {arguments:?} mean?"),
        }
        "done".to_string()
    }

    fn ask(&mut self, verb: &str, arguments: &[&str]) -> String {
        match (verb, arguments) {
            ("state", []) => format!(
                "{} to {}, high watermark {}, epochs {}",
                self.log.start(),
                self.log.end(),
                self.log.high_watermark(),
                listed(self.log.epochs.entries())
            ),
            ("watermark", [to]) => {
                let changed = self.log.set_high_watermark(Offset(number(to)));
                format!(
                    "{} at {}",
                    if changed { "moved" } else { "still" },
                    self.log.high_watermark()
                )
            }
            ("end-of", [epoch]) => {
                let end = self.log.end_of_epoch(LeaderEpoch(number(epoch)));
                format!("epoch {} ends at {}", end.leader_epoch, end.end_offset)
            }
            ("epoch-at", [offset]) => self
                .log
                .epoch_at(Offset(number(offset)))
                .map_or("none".to_string(), |epoch| epoch.to_string()),
            ("read", [from, limit]) => {
                let (from, limit) = (Offset(number(from)), Offset(number(limit)));
                let batches = self.log.read(from, limit, usize::MAX, false);
                assert_eq!(
                    self.log.bytes_between(from, limit),
                    batches.iter().map(Batch::size).sum()
                );
                batches.iter().map(offsets).collect::<Vec<_>>().join(" ")
            }
            ("producer", [id]) => self
                .log
                .producer(ProducerId(number(id)))
                .map_or("unknown".to_string(), |entry| {
                    let last = entry
                        .last_sequence()
                        .map_or("no batch".to_string(), |last| last.to_string());
                    format!("epoch {}, last {last}", entry.epoch())
                }),
            ("again", [producer, first, last]) => {
                let (id, epoch) = producer.split_once('/').expect("a producer is id/epoch");
                let known = self.log.producer(ProducerId(number(id))).and_then(|entry| {
                    entry.duplicate_of(
                        ProducerEpoch(number(epoch)),
                        Sequence(number(first)),
                        Sequence(number(last)),
                    )
                });
                known.map_or("not known".to_string(), |base| format!("is at {base}"))
            }
            _ => panic!("what does {verb} {arguments:?} mean?"),
        }
    }
}

/// `a1,b1,-a 7/0:5`: records of keys a, b and a, the last one the deletion of its key.
fn keyed(records: &str, rest: &[&str]) -> Batch {
    let mut builder = BatchBuilder::new();
    for record in records.split(',') {
        let (key, value) = match record.strip_prefix('-') {
            Some(key) => (key, None),
            None => (&record[..1], Some(Bytes::from(record.to_string()))),
        };
        builder.append(Timestamp(0), Some(Bytes::from(key.to_string())), value, &[]);
    }
    builder.build(producer_in(rest))
}

/// `x2 7/0:5 rotten`: two records of producer 7 in epoch 0 from sequence 5 on, whose CRC does not match.
fn described(words: &[&str]) -> Batch {
    let (count, words) = words.split_first().expect("a batch has a count");
    let records = number(count.trim_start_matches('x'));
    let producer = producer_in(words).map(|(id, epoch, first)| (id.0, epoch.0, first.0));
    let batch = batch(records, producer);
    if words.contains(&"rotten") {
        batch.rotten(0)
    } else {
        batch
    }
}

fn producer_in(words: &[&str]) -> Option<(ProducerId, ProducerEpoch, Sequence)> {
    words.iter().find_map(|word| {
        let (id, rest) = word.split_once('/')?;
        let (epoch, first) = rest.split_once(':')?;
        Some((
            ProducerId(number(id)),
            ProducerEpoch(number(epoch)),
            Sequence(number(first)),
        ))
    })
}

/// `retention.ms=5` and the like.
fn topic(pairs: &[&str]) -> TopicConfig {
    let pairs = pairs.iter().map(|pair| pair.split_once('=').expect("KEY=VALUE"));
    TopicConfig::parse(pairs, &TopicConfig::defaults()).expect("a topic's keys")
}

fn number<T: core::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is no such number"))
}

pub(super) fn entry(text: &str) -> EpochEntry {
    let (epoch, start_offset) = text.split_once('@').expect("an entry is epoch@offset");
    EpochEntry {
        epoch: LeaderEpoch(number(epoch)),
        start_offset: Offset(number(start_offset)),
    }
}

pub(super) fn listed(entries: &[EpochEntry]) -> String {
    let entries = entries
        .iter()
        .map(|entry| format!("{}@{}", entry.epoch, entry.start_offset));
    match entries.collect::<Vec<_>>().join(" ") {
        none if none.is_empty() => "none".to_string(),
        some => some,
    }
}

/// `0-2[a1 c]`: a batch with these offsets, the values of its records, and `-c` for the deletion of a key.
fn contents(batch: &Batch) -> String {
    let records = batch.records().expect("a batch of ours");
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    let each = records.iter().map(|record| match (&record.value, &record.key) {
        (Some(value), _) => text(value),
        (None, Some(key)) => format!("-{}", text(key)),
        (None, None) => "nothing".to_string(),
    });
    let horizon = batch
        .delete_horizon()
        .map_or(String::new(), |horizon| format!(" until {horizon}"));
    format!("{}[{}{horizon}]", offsets(batch), each.collect::<Vec<_>>().join(" "))
}

fn offsets(batch: &Batch) -> String {
    format!("{}-{}", batch.base_offset, batch.last_offset())
}

fn told(effect: &Effect) -> String {
    if let Effect::Disk(DiskOp::Append { batch, .. }) = effect {
        format!("append {} of epoch {}", offsets(batch), batch.leader_epoch)
    } else if let Effect::Disk(DiskOp::Truncate { to, .. }) = effect {
        format!("cut at {to}")
    } else if let Effect::Disk(DiskOp::WriteEpochs { entries, .. }) = effect {
        format!("write epochs {}", listed(entries))
    } else if let Effect::Disk(DiskOp::Roll { segment, .. }) = effect {
        format!("new segment at {}", segment.base)
    } else if let Effect::Disk(DiskOp::DeleteSegments { to, .. }) = effect {
        format!("delete segments up to {to}")
    } else if let Effect::Disk(DiskOp::Compact { to, batches, .. }) = effect {
        let left = batches.iter().map(contents).collect::<Vec<_>>();
        format!("leave {} before {to}", left.join(" "))
    } else if let Effect::Note(Note::Compacted { removed, .. }) = effect {
        format!("{} removed", removed.len())
    } else if let Effect::Disk(DiskOp::StartAnew { at, .. }) = effect {
        format!("begin again at {at}")
    } else if let Effect::Note(Note::LogStart { to, .. }) = effect {
        format!("starts at {to}")
    } else if let Effect::Note(Note::LogStartedAnew { at, .. }) = effect {
        format!("started anew at {at}")
    } else if let Effect::Note(Note::Truncated {
        partition: PARTITION,
        from,
        to,
    }) = effect
    {
        format!("truncated from {from} to {to}")
    } else if let Effect::Note(Note::LogRecovered {
        partition: PARTITION,
        end,
        high_watermark,
        lost_batches,
    }) = effect
    {
        format!("recovered to {end}, high watermark {high_watermark}, {lost_batches} batches lost")
    } else {
        panic!("a log does not cause {effect:?}")
    }
}
