//! Committed offsets, as far as a history alone shows what they should be: a group's offset in a partition is one register, which commits write, and which
//! `committed()` reads, and whoever goes on from it.
//!
//! A read must return what one of those commits wrote that it may see: each that was called before the read returned, unless another one that was called after it
//! was acknowledged is acknowledged itself before the read began. What is judged is so only by what was not concurrent. Commits whose outcome is open may
//! take effect at any time. Nothing is judged of a group with a member that commits by itself, for which nobody makes a call, nor before a first acknowledgement.

use std::collections::BTreeMap;

use kafkasim_core::ids::Offset;

use super::known::Known;
use super::{Findings, Kind};
use crate::history::event::{Event, Partition};
use crate::history::file::History;

/// Looks for whatever is wrong with committed offsets.
pub(super) fn check(history: &History, known: &Known<'_>, findings: &mut Findings<'_>) {
    let groups = Groups::of(history);
    let mut members: BTreeMap<&str, Member<'_>> = BTreeMap::new();
    for (index, line) in history.lines.iter().enumerate() {
        let member = members.entry(&line.process).or_default();
        let mut scene = Scene {
            known,
            groups: &groups,
            process: &line.process,
            line: History::line_number(index),
            findings: &mut *findings,
        };
        member.observe(&line.event, &mut scene);
    }
}

/// What groups have asked to be committed.
#[derive(Debug, Default)]
struct Groups<'a> {
    commits: BTreeMap<(&'a str, &'a Partition), Vec<Commit>>,
    /// From which line on it is not known what a group has asked for.
    unknown_from: BTreeMap<&'a str, usize>,
}

/// One offset of one commit.
#[derive(Clone, Copy, Debug)]
struct Commit {
    offset: Offset,
    called: usize,
    acknowledged: Option<usize>,
}

/// A commit under way.
struct Asked<'a> {
    called: usize,
    group: &'a str,
    offsets: Option<&'a BTreeMap<Partition, Offset>>,
}

impl<'a> Groups<'a> {
    fn of(history: &'a History) -> Self {
        let mut groups = Self::default();
        let mut group_of: BTreeMap<&str, &str> = BTreeMap::new();
        let mut under_way: BTreeMap<(&str, Option<u64>), Asked<'a>> = BTreeMap::new();
        for (index, line) in history.lines.iter().enumerate() {
            let (number, process) = (History::line_number(index), line.process.as_str());
            if let Event::Start {
                group: Some(group),
                auto_commit,
            } = &line.event
            {
                group_of.insert(process, group);
                if *auto_commit == Some(true) {
                    groups.unknown_from.entry(group).or_insert(number);
                }
            } else if let (Event::Commit { id, offsets }, Some(group)) = (&line.event, group_of.get(process)) {
                under_way.insert(
                    (process, *id),
                    Asked {
                        called: number,
                        group,
                        offsets: offsets.as_ref(),
                    },
                );
            } else if let Event::CommitOk { id, offsets } = &line.event {
                if let Some(asked) = under_way.remove(&(process, *id)) {
                    groups.asked(asked.group, offsets, asked.called, Some(number));
                }
            } else if let Event::CommitFail { id, .. } = &line.event {
                under_way.remove(&(process, *id));
            } else if let Event::CommitInfo { id, .. } = &line.event {
                groups.open(under_way.remove(&(process, *id)));
            } else if line.event == Event::Stop {
                let gone: Vec<_> = under_way
                    .keys()
                    .filter(|(committer, _)| *committer == process)
                    .copied()
                    .collect();
                gone.iter().for_each(|commit| groups.open(under_way.remove(commit)));
            }
        }
        under_way.into_values().for_each(|asked| groups.open(Some(asked)));
        groups
    }

    fn asked(
        &mut self,
        group: &'a str,
        offsets: &'a BTreeMap<Partition, Offset>,
        called: usize,
        acknowledged: Option<usize>,
    ) {
        for (partition, offset) in offsets {
            let commits = self.commits.entry((group, partition)).or_default();
            commits.push(Commit {
                offset: *offset,
                called,
                acknowledged,
            });
        }
    }

    /// What becomes of a commit is not known. Of one without offsets not even what it commits is.
    fn open(&mut self, asked: Option<Asked<'a>>) {
        match asked {
            None => {}
            Some(Asked {
                called,
                group,
                offsets: Some(offsets),
            }) => self.asked(group, offsets, called, None),
            Some(Asked {
                called,
                group,
                offsets: None,
            }) => {
                let from = self.unknown_from.entry(group).or_insert(called);
                *from = called.min(*from);
            }
        }
    }

    /// What a read that lasts from one line to another may return, and the last acknowledgement before it; nothing, if that is not known.
    fn visible(&self, group: &str, partition: &Partition, (from, to): (usize, usize)) -> Option<(Vec<Commit>, Commit)> {
        if self.unknown_from.get(group).is_some_and(|unknown| *unknown < to) {
            return None;
        }
        let commits = self.commits.get(&(group, partition))?;
        let settled = |commit: &&Commit| commit.acknowledged.is_some_and(|at| at < from);
        let last = commits
            .iter()
            .filter(settled)
            .max_by_key(|commit| commit.acknowledged)?;
        let latest_call = commits.iter().filter(settled).map(|commit| commit.called).max()?;
        let is_over = |commit: &&Commit| commit.acknowledged.is_some_and(|at| at < latest_call);
        let visible = commits.iter().filter(|commit| commit.called < to && !is_over(commit));
        Some((visible.copied().collect(), *last))
    }
}

/// Where something is seen.
struct Scene<'a, 'b> {
    known: &'a Known<'a>,
    groups: &'a Groups<'a>,
    process: &'a str,
    line: usize,
    findings: &'a mut Findings<'b>,
}

/// A process as a member of its group.
#[derive(Debug, Default)]
struct Member<'a> {
    group: Option<&'a str>,
    /// Where it reads on, at least, with the line that says so.
    reads_on: BTreeMap<&'a Partition, (Offset, usize)>,
    /// What it was given and has not read from, with the line: it goes on where its group was.
    begins: BTreeMap<&'a Partition, usize>,
    /// Partitions that it has assigned to itself.
    assigned: Vec<&'a Partition>,
    /// When it has asked what is committed, and for which position.
    asks: Option<(usize, Option<&'a Partition>)>,
}

impl<'a> Member<'a> {
    fn observe(&mut self, event: &'a Event, scene: &mut Scene<'_, '_>) {
        match event {
            Event::Start { group, .. } => {
                *self = Self {
                    group: group.as_deref(),
                    ..Self::default()
                }
            }
            Event::Stop | Event::UnsubscribeOk => {
                *self = Self {
                    group: self.group,
                    ..Self::default()
                }
            }
            Event::Assign { partitions } => {
                let new: Vec<_> = partitions
                    .iter()
                    .filter(|partition| !self.assigned.contains(partition))
                    .collect();
                self.assigned.clear();
                self.assigned.extend(partitions);
                self.reads_on.retain(|partition, _| partitions.contains(partition));
                self.begins.retain(|partition, _| partitions.contains(partition));
                self.begins
                    .extend(new.into_iter().map(|partition| (partition, scene.line)));
            }
            Event::Assigned { partitions } => {
                self.leaves(partitions);
                self.begins
                    .extend(partitions.iter().map(|partition| (partition, scene.line)));
            }
            Event::Revoked { partitions } => {
                // Its listener may commit what it has read.
                self.begins.retain(|partition, _| !partitions.contains(partition));
            }
            Event::Lost { partitions } | Event::SeekToBeginning { partitions } | Event::SeekToEnd { partitions } => {
                self.leaves(partitions)
            }
            Event::Seek { partition, offset } => {
                self.begins.remove(partition);
                self.reads_on.insert(partition, (*offset, scene.line));
            }
            Event::PollOk { records } => {
                for record in records {
                    if let Some(since) = self.begins.remove(&record.partition) {
                        self.goes_on(&record.partition, since, record.offset, false, scene);
                    }
                    self.reads_on
                        .insert(&record.partition, (record.offset.next(), scene.line));
                }
            }
            Event::Committed { .. } => self.asks = Some((scene.line, None)),
            Event::Position { partition } => self.asks = Some((scene.line, Some(partition))),
            Event::CommittedOk { offsets } => {
                if let Some((since, _)) = self.asks.take() {
                    offsets
                        .iter()
                        .for_each(|(partition, told)| self.is_told(partition, since, *told, scene));
                }
            }
            Event::PositionOk { offset } => {
                let asked = self.asks.take().and_then(|(_, partition)| partition);
                if let Some(since) = asked.and_then(|partition| self.begins.remove(partition))
                    && let Some(partition) = asked
                {
                    self.goes_on(partition, since, *offset, true, scene);
                    self.reads_on.insert(partition, (*offset, scene.line));
                }
            }
            Event::CommittedFail { .. } | Event::PositionFail { .. } => self.asks = None,
            Event::Commit {
                offsets: Some(offsets), ..
            }
            | Event::CommitOk { offsets, .. } => self.commits(offsets, scene),
            Event::Commit { offsets: None, .. }
            | Event::Send { .. }
            | Event::SendOk { .. }
            | Event::SendFail { .. }
            | Event::SendInfo { .. }
            | Event::Subscribe { .. }
            | Event::Unsubscribe
            | Event::Poll
            | Event::PollFail { .. }
            | Event::Pause { .. }
            | Event::Resume { .. }
            | Event::Wakeup
            | Event::CommitFail { .. }
            | Event::CommitInfo { .. }
            | Event::Close
            | Event::CloseOk => {}
        }
    }

    fn leaves(&mut self, partitions: &[Partition]) {
        self.begins.retain(|partition, _| !partitions.contains(partition));
        self.reads_on.retain(|partition, _| !partitions.contains(partition));
    }

    /// Whether it skips what it was not given. It is told of once: the next commits are judged from there.
    fn commits(&mut self, offsets: &'a BTreeMap<Partition, Offset>, scene: &mut Scene<'_, '_>) {
        for (partition, offset) in offsets {
            let Some((from, since)) = self.reads_on.get(partition).copied() else {
                continue;
            };
            let log = scene.known.version_order(partition);
            let Some(missed) = log
                .and_then(|log| log.first_record(from))
                .filter(|missed| missed < offset)
            else {
                continue;
            };
            self.reads_on.remove(partition);
            let what = log.map_or_else(String::new, |log| log.text(missed));
            let message = format!(
                "{} commits {offset}, but was not given {missed} ({what})",
                scene.process
            );
            let shown = log.and_then(|log| log.line_of(missed)).unwrap_or(since);
            scene.findings.add(
                Kind::CommitBeyondPoll,
                partition,
                message,
                vec![since, shown, scene.line],
                None,
            );
        }
    }

    /// It is told what is committed.
    fn is_told(&self, partition: &Partition, since: usize, told: Option<Offset>, scene: &mut Scene<'_, '_>) {
        let visible = self
            .group
            .and_then(|group| scene.groups.visible(group, partition, (since, scene.line)));
        let Some((visible, last)) = visible else { return };
        let what = told.map_or("nothing".to_owned(), |told| told.to_string());
        let words = format!("{} is told that {what} is committed", scene.process);
        if visible.iter().all(|commit| Some(commit.offset) != told) {
            let is_older = visible
                .iter()
                .all(|commit| told.is_none_or(|told| told < commit.offset));
            scene.disagrees(partition, is_older, words, last);
        }
    }

    /// It goes on reading in a partition that it was given: at a position that it has told, or else at the first record from there on.
    fn goes_on(&self, partition: &Partition, since: usize, at: Offset, is_position: bool, scene: &mut Scene<'_, '_>) {
        let visible = self
            .group
            .and_then(|group| scene.groups.visible(group, partition, (since, scene.line)));
        let Some((visible, last)) = visible else { return };
        let log = scene.known.version_order(partition);
        let leads_there = |commit: &Commit| {
            let first = log.and_then(|log| log.first_record(commit.offset));
            commit.offset == at || !is_position && commit.offset < at && first.is_none_or(|first| first >= at)
        };
        if !visible.iter().any(leads_there) {
            let is_older = visible.iter().all(|commit| at < commit.offset);
            scene.disagrees(partition, is_older, format!("{} goes on at {at}", scene.process), last);
        }
    }
}

impl Scene<'_, '_> {
    fn disagrees(&mut self, partition: &Partition, is_older: bool, what: String, last: Commit) {
        let kind = if is_older {
            Kind::StaleCommit
        } else {
            Kind::UnaskedCommit
        };
        let message = format!(
            "{what}, but the last commit that its group was told of is {}",
            last.offset
        );
        let lines = [Some(last.called), last.acknowledged, Some(self.line)];
        self.findings
            .add(kind, partition, message, lines.into_iter().flatten().collect(), None);
    }
}
