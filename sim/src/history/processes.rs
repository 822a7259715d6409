//! What can be of one process at a time, and in which order: whoever recorded anything else made a mistake.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::ids::{Offset, TopicName};

use super::event::{Event, Partition, Value};
use super::file::Line;

/// Every process so far.
#[derive(Debug, Default)]
pub(super) struct Processes {
    by_name: BTreeMap<String, Process>,
    /// Where each value was sent, which is once to a topic.
    sent: BTreeMap<(TopicName, Value), usize>,
}

#[derive(Debug, Default)]
struct Process {
    /// The line in which it stopped.
    stopped: Option<usize>,
    has_group: bool,
    /// Sends that are not answered, with their lines.
    sends: BTreeMap<u64, usize>,
    /// The same for `commitAsync`.
    commits: BTreeMap<u64, usize>,
    /// What it waits for; what a rebalance listener calls is behind what it is called in.
    waits: Vec<Wait>,
    /// The rebalance listener was called in what it waits for.
    listens: bool,
}

/// A call that has not returned.
#[derive(Debug)]
struct Wait {
    what: Waiting,
    line: usize,
    /// What is asked about, if an answer has to be about the same.
    about: BTreeSet<Partition>,
}

/// Calls that a process waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Poll,
    Commit,
    Committed,
    Position,
    Unsubscribe,
    Close,
}

impl Waiting {
    const fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Commit => "commit",
            Self::Committed => "committed",
            Self::Position => "position",
            Self::Unsubscribe => "unsubscribe",
            Self::Close => "close",
        }
    }
}

impl Processes {
    /// Takes a line in, or says what is wrong with it.
    pub(super) fn observe(&mut self, number: usize, line: &Line) -> Result<(), String> {
        if let Event::Send {
            topic,
            value: Some(value),
            ..
        } = &line.event
            && let Some(before) = self.sent.insert((topic.clone(), value.clone()), number)
        {
            return Err(format!(
                "{value} was sent to {topic} in line {before} already; records are told apart by their values, so send each once"
            ));
        }
        let is_new = !self.by_name.contains_key(&line.process);
        let process = self.by_name.entry(line.process.clone()).or_default();
        process
            .observe(number, &line.event, is_new)
            .map_err(|why| format!("{} {why}", line.process))
    }
}

impl Process {
    fn observe(&mut self, number: usize, event: &Event, is_new: bool) -> Result<(), String> {
        if let Event::Start { group, auto_commit } = event {
            return self.starts(is_new, group.is_some(), auto_commit.is_some());
        }
        if let Some(stopped) = self.stopped {
            return Err(format!(
                "has stopped in line {stopped}; a line with the event \"start\" must come first"
            ));
        }
        match event {
            Event::Start { .. } => Ok(()),
            Event::Stop => {
                *self = Self {
                    stopped: Some(number),
                    ..Self::default()
                };
                Ok(())
            }
            Event::Send { id, .. } => begin(&mut self.sends, *id, number, "send"),
            Event::SendOk { id, offset, .. } => {
                ends(&mut self.sends, *id, "send-ok", "send")?;
                offset.map_or(Ok(()), |offset| is_offset(&offset))
            }
            Event::SendFail { id, .. } => ends(&mut self.sends, *id, "send-fail", "send"),
            Event::SendInfo { id, .. } => ends(&mut self.sends, *id, "send-info", "send"),
            Event::Assign { .. }
            | Event::Pause { .. }
            | Event::Resume { .. }
            | Event::SeekToBeginning { .. }
            | Event::SeekToEnd { .. } => self.is_free(),
            Event::Seek { offset, .. } => is_offset(offset).and_then(|()| self.is_free()),
            Event::Subscribe { topics, pattern } if topics.is_some() == pattern.is_some() => {
                Err("subscribes to either \"topics\" or a \"pattern\"; one of these keys is needed".to_owned())
            }
            Event::Subscribe { .. } => self.is_free(),
            Event::Wakeup => Ok(()),
            Event::Assigned { .. } | Event::Revoked { .. } | Event::Lost { .. } => self.listens(),
            Event::Poll => self.waits(Waiting::Poll, number, []),
            Event::Unsubscribe => self.waits(Waiting::Unsubscribe, number, []),
            Event::Close => self.waits(Waiting::Close, number, []),
            Event::Committed { partitions } => self
                .needs_group("asks what is committed")
                .and_then(|()| self.waits(Waiting::Committed, number, partitions.iter().cloned())),
            Event::Position { partition } => self.waits(Waiting::Position, number, [partition.clone()]),
            Event::Commit { id, offsets } => {
                self.needs_group("commits")?;
                offsets.iter().flatten().try_for_each(|(_, offset)| is_offset(offset))?;
                match id {
                    Some(id) => self
                        .is_free()
                        .and_then(|()| begin(&mut self.commits, *id, number, "commit")),
                    None => self.waits(Waiting::Commit, number, []),
                }
            }
            Event::PollOk { records } => {
                records.iter().try_for_each(|record| is_offset(&record.offset))?;
                self.returns(Waiting::Poll, "poll-ok").map(drop)
            }
            Event::PollFail { .. } => self.returns(Waiting::Poll, "poll-fail").map(drop),
            Event::UnsubscribeOk => self.returns(Waiting::Unsubscribe, "unsubscribe-ok").map(drop),
            Event::CloseOk => self.returns(Waiting::Close, "close-ok").map(drop),
            Event::PositionOk { offset } => {
                is_offset(offset).and_then(|()| self.returns(Waiting::Position, "position-ok").map(drop))
            }
            Event::PositionFail { .. } => self.returns(Waiting::Position, "position-fail").map(drop),
            Event::CommittedOk { offsets } => {
                offsets.values().flatten().try_for_each(is_offset)?;
                let asked = self.returns(Waiting::Committed, "committed-ok")?;
                offsets
                    .keys()
                    .find(|told| !asked.about.contains(*told))
                    .map_or(Ok(()), |told| {
                        Err(format!(
                            "is told what is committed in {told}, which it has not asked about in line {}",
                            asked.line
                        ))
                    })
            }
            Event::CommittedFail { .. } => self.returns(Waiting::Committed, "committed-fail").map(drop),
            Event::CommitOk { id, offsets } => {
                offsets.values().try_for_each(is_offset)?;
                self.commit_ends(*id, "commit-ok")
            }
            Event::CommitFail { id, .. } => self.commit_ends(*id, "commit-fail"),
            Event::CommitInfo { id, .. } => self.commit_ends(*id, "commit-info"),
        }
    }

    fn starts(&mut self, is_new: bool, has_group: bool, says_auto_commit: bool) -> Result<(), String> {
        if !is_new && self.stopped.is_none() {
            return Err(
                "is running already; a line with the event \"stop\" must come before another \"start\"".to_owned(),
            );
        }
        if has_group != says_auto_commit {
            return Err("starts with only one of \"group\" and \"auto_commit\"; a member of a group says both, like \"group\":\"g\",\"auto_commit\":true".to_owned());
        }
        *self = Self {
            has_group,
            ..Self::default()
        };
        Ok(())
    }

    fn needs_group(&self, what: &str) -> Result<(), String> {
        if self.has_group {
            return Ok(());
        }
        Err(format!(
            "{what}, but is in no group; its line with the event \"start\" must say \"group\" and \"auto_commit\""
        ))
    }

    /// Calls that do not wait, but cannot be made while another one waits, unless its rebalance listener makes them.
    fn is_free(&self) -> Result<(), String> {
        match self.waits.last() {
            Some(wait) if !self.listens || self.waits.len() > 1 => {
                let (what, line) = (wait.what.name(), wait.line);
                Err(format!(
                    "still waits for the {what} of line {line}; a consumer does one thing at a time"
                ))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn waits(&mut self, what: Waiting, line: usize, about: impl IntoIterator<Item = Partition>) -> Result<(), String> {
        self.is_free()?;
        self.waits.push(Wait {
            what,
            line,
            about: about.into_iter().collect(),
        });
        Ok(())
    }

    fn listens(&mut self) -> Result<(), String> {
        match self.waits.as_slice() {
            [Wait { what: Waiting::Poll | Waiting::Unsubscribe | Waiting::Close, .. }] => {
                self.listens = true;
                Ok(())
            }
            [] | [_, ..] => Err("is told of a rebalance outside of a poll, an unsubscribe and a close; listeners are called within these".to_owned()),
        }
    }

    fn returns(&mut self, what: Waiting, event: &str) -> Result<Wait, String> {
        match self.waits.pop() {
            Some(wait) if wait.what == what => {
                self.listens &= !self.waits.is_empty();
                Ok(wait)
            }
            Some(wait) => Err(format!(
                "is answered {event}, but waits for the {} of line {}",
                wait.what.name(),
                wait.line
            )),
            None => Err(format!("is answered {event}, but no {} is under way", what.name())),
        }
    }

    fn commit_ends(&mut self, id: Option<u64>, event: &str) -> Result<(), String> {
        match id {
            Some(id) => ends(&mut self.commits, id, event, "commit"),
            None => self.returns(Waiting::Commit, event).map(drop),
        }
    }
}

fn begin(under_way: &mut BTreeMap<u64, usize>, id: u64, line: usize, what: &str) -> Result<(), String> {
    match under_way.insert(id, line) {
        None => Ok(()),
        Some(before) => Err(format!(
            "makes a {what} with the id {id}, but that of line {before} is still under way; give it another id"
        )),
    }
}

fn ends(under_way: &mut BTreeMap<u64, usize>, id: u64, event: &str, what: &str) -> Result<(), String> {
    match under_way.remove(&id) {
        Some(_) => Ok(()),
        None => Err(format!(
            "is answered {event}, but no {what} with the id {id} is under way; a line with the event \"{what}\" must come first"
        )),
    }
}

fn is_offset(offset: &Offset) -> Result<(), String> {
    if *offset < Offset::ZERO {
        return Err(format!("has to do with the offset {offset}; offsets are 0 or more"));
    }
    Ok(())
}
