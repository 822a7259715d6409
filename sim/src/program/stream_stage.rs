//! A program that reads and writes: each record that it is given becomes one that it sends.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use kafkasim_core::call::{Answer, Call, ConsumerRecord, ProducerRecord, Steering, Subscribed};
use kafkasim_core::ids::{CallId, Offset, TopicName};

use super::{Listener, Program};

type Place = (TopicName, i32, Offset);

/// A stage of a stream without transactions: it polls, sends one record for each that it was given, under the same key, waits until all of them are
/// acknowledged, and commits. What could not be sent it goes back to. So each record becomes at least one.
///
/// The values are `NAME-0`, `NAME-1`, …; after a restart `NAME.1-0`, so that every value is sent once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StreamStage {
    name: String,
    from: Subscribed,
    to: TopicName,
    poll_timeout_ms: u64,
    state: State,
    listener: Listener,
    to_do: VecDeque<(Place, Option<Bytes>)>,
    /// What is sent and not acknowledged.
    sent: BTreeMap<CallId, Place>,
    /// What is acknowledged, and is about to be told.
    processed: Vec<Place>,
    /// Where to go back to.
    failed: BTreeMap<(TopicName, i32), Offset>,
    next: u32,
    has_to_commit: bool,
    ends: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Unsubscribed,
    Runs,
    Waits,
    Closes,
    Closed,
}

impl StreamStage {
    /// Reads as a member of its consumer's group, and sends values named after `name` to a topic.
    #[must_use]
    pub fn new(name: &str, from: Subscribed, to: &TopicName, poll_timeout_ms: u64) -> Self {
        Self {
            name: name.to_owned(),
            from,
            to: to.clone(),
            poll_timeout_ms,
            state: State::Unsubscribed,
            listener: Listener::new(),
            to_do: VecDeque::new(),
            sent: BTreeMap::new(),
            processed: Vec::new(),
            failed: BTreeMap::new(),
            next: 0,
            has_to_commit: false,
            ends: false,
        }
    }

    fn next_when_running(&self) -> Option<Call> {
        if let Some((_, key)) = self.to_do.front() {
            return Some(self.send(key.clone()));
        }
        if !self.sent.is_empty() || !self.processed.is_empty() {
            return None;
        }
        if let Some(((topic, partition), offset)) = self.failed.first_key_value() {
            return Some(Call::Steer(Steering::Seek {
                topic: topic.clone(),
                partition: *partition,
                offset: *offset,
            }));
        }
        Some(if self.has_to_commit {
            Call::CommitSync {
                offsets: None,
                timeout_ms: None,
            }
        } else if self.ends {
            Call::Close { timeout_ms: None }
        } else {
            Call::Poll {
                timeout_ms: self.poll_timeout_ms,
            }
        })
    }

    fn send(&self, key: Option<Bytes>) -> Call {
        Call::Send {
            call: CallId(self.next),
            record: ProducerRecord {
                topic: self.to.clone(),
                partition: None,
                key,
                value: Some(Bytes::from(format!("{}-{}", self.name, self.next))),
            },
        }
    }

    fn polled(&mut self, records: &[ConsumerRecord]) {
        self.to_do.extend(records.iter().map(|record| {
            let place = (record.topic.clone(), record.partition, record.offset);
            (place, record.key.clone())
        }));
    }

    fn completed(&mut self, call: CallId, is_acknowledged: bool) {
        let Some(place) = self.sent.remove(&call) else {
            return;
        };
        if is_acknowledged {
            self.processed.push(place);
            self.has_to_commit = true;
        } else {
            let (topic, partition, offset) = place;
            let back_to = self.failed.entry((topic, partition)).or_insert(offset);
            *back_to = offset.min(*back_to);
            // What comes behind it is read again.
            for ((topic, partition, offset), _) in self.to_do.drain(..) {
                self.failed.entry((topic, partition)).or_insert(offset);
            }
        }
    }
}

impl Program for StreamStage {
    fn started(&mut self, incarnation: u32) {
        if incarnation > 0 {
            self.name = format!("{}.{incarnation}", self.name);
        }
    }

    fn next_call(&self) -> Option<Call> {
        if self.listener.is_called() {
            return Some(Call::ListenerReturned);
        }
        match self.state {
            State::Unsubscribed => Some(Call::Subscribe(self.from.clone())),
            State::Runs => self.next_when_running(),
            State::Waits | State::Closes | State::Closed => None,
        }
    }

    fn thinks(&self) -> bool {
        self.state == State::Runs && self.to_do.is_empty() && self.failed.is_empty() && !self.has_to_commit
    }

    fn called(&mut self, call: &Call) {
        self.listener.called(call);
        match call {
            Call::Subscribe(_) => self.state = State::Runs,
            Call::Poll { .. } => self.state = State::Waits,
            Call::CommitSync { .. } => {
                self.has_to_commit = false;
                self.state = State::Waits;
            }
            Call::Send { call, .. } => {
                self.next += 1;
                if let Some((place, _)) = self.to_do.pop_front() {
                    self.sent.insert(*call, place);
                }
            }
            Call::Steer(_) => {
                self.failed.pop_first();
            }
            Call::Close { .. } => self.state = State::Closes,
            Call::PartitionsFor { .. }
            | Call::Flush
            | Call::Assign(_)
            | Call::Unsubscribe
            | Call::ListenerReturned
            | Call::CommitAsync { .. }
            | Call::LookUp { .. }
            | Call::ShutDown
            | Call::Administer(_)
            | Call::DeleteRecords(_) => {}
        }
    }

    fn answered(&mut self, answer: &Answer) {
        self.listener.answered(answer);
        match answer {
            Answer::Polled(polled) => {
                self.state = State::Runs;
                self.polled(polled.as_deref().unwrap_or_default());
            }
            Answer::Committed(_) => self.state = State::Runs,
            Answer::Sent { call, result } => self.completed(*call, result.is_ok()),
            Answer::Closed => self.state = State::Closed,
            Answer::PartitionsFor { .. }
            | Answer::Flushed
            | Answer::Rebalanced(_)
            | Answer::Unsubscribed
            | Answer::CommitCompleted { .. }
            | Answer::LookedUp(_)
            | Answer::ShutDown
            | Answer::Administered { .. }
            | Answer::RecordsDeleted(_) => {}
        }
    }

    fn has_work(&self) -> bool {
        !self.processed.is_empty()
    }

    fn work(&mut self) -> Vec<Place> {
        std::mem::take(&mut self.processed)
    }

    fn is_done(&self) -> bool {
        let has_nothing = self.to_do.is_empty() && self.sent.is_empty() && self.failed.is_empty();
        self.state == State::Closed || has_nothing && !self.has_to_commit && self.state != State::Unsubscribed
    }

    fn shut_down(&mut self) -> bool {
        self.ends = true;
        true
    }

    fn has_exited(&self) -> bool {
        self.state == State::Closed
    }
}

/// What runs a part of a process, whose program is that of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Part;

impl Program for Part {
    fn next_call(&self) -> Option<Call> {
        None
    }

    fn called(&mut self, _: &Call) {}

    fn answered(&mut self, _: &Answer) {}

    fn is_done(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use kafkasim_core::call::{RecordMetadata, SendError, SendFailure};
    use kafkasim_core::ids::{LeaderEpoch, Timestamp};

    use super::*;

    fn record(offset: i64) -> ConsumerRecord {
        ConsumerRecord {
            topic: "in".into(),
            partition: 0,
            offset: Offset(offset),
            leader_epoch: LeaderEpoch(0),
            timestamp: Timestamp(0),
            key: None,
            value: None,
        }
    }

    fn call(stage: &mut StreamStage) -> Call {
        let call = stage.next_call().expect("it has a call to make");
        stage.called(&call);
        call
    }

    fn sends(stage: &mut StreamStage, value: &str) {
        let Call::Send { record, .. } = call(stage) else {
            panic!("it sends")
        };
        assert_eq!(record.value, Some(Bytes::from(value.to_owned())));
    }

    fn is_told(stage: &mut StreamStage, call: u32, is_acknowledged: bool) {
        let (topic, call) = (TopicName::from("out"), CallId(call));
        let result = if is_acknowledged {
            Ok(RecordMetadata {
                topic,
                partition: 0,
                offset: None,
            })
        } else {
            Err(SendFailure {
                error: SendError::DeliveryTimeout,
                maybe_appended: true,
            })
        };
        stage.answered(&Answer::Sent { call, result });
    }

    #[test]
    fn it_commits_what_became_something_and_goes_back_to_the_rest() {
        let mut stage = StreamStage::new("s", Subscribed::Topics(vec!["in".into()]), &"out".into(), 100);
        call(&mut stage);
        let poll = Call::Poll { timeout_ms: 100 };
        let commit = Call::CommitSync {
            offsets: None,
            timeout_ms: None,
        };
        assert_eq!(call(&mut stage), poll);
        stage.answered(&Answer::Polled(Ok(vec![record(4), record(5), record(6)])));
        for value in ["s-0", "s-1", "s-2"] {
            sends(&mut stage, value);
        }
        assert!(!stage.has_call() && !stage.is_done(), "nothing is acknowledged");
        is_told(&mut stage, 0, true);
        is_told(&mut stage, 1, false);
        assert_eq!(stage.work(), [("in".into(), 0, Offset(4))]);
        assert!(!stage.has_call(), "the last is not answered");
        is_told(&mut stage, 2, true);
        stage.work();
        let back = Call::Steer(Steering::Seek {
            topic: "in".into(),
            partition: 0,
            offset: Offset(5),
        });
        assert_eq!(call(&mut stage), back);
        assert_eq!(call(&mut stage), commit, "the position is before what failed");
        stage.answered(&Answer::Committed(Ok(Vec::new())));
        assert!(stage.is_done());
        assert_eq!(call(&mut stage), poll);
    }
}
