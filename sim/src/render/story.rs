//! A run as a sequence of tales: one for each action, or for several that belong together.

use std::collections::{BTreeMap, BTreeSet};

use kafkasim_core::call::Call;
use kafkasim_core::ids::{NodeId, TopicPartition};
use kafkasim_core::message::{Message, Response};
use kafkasim_core::note::Note;

use super::actions::{self, Headline};
use super::events;
use super::landmarks::landmarks;
use super::lanes::Figure;
use super::messages::{Weight, Words};
use super::names::Names;
use super::scene::Scene;
use super::transit::Sent;
use crate::world::{Action, Event, Fault, Step};

/// One action as it was observed.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) step: Step,
    /// The message that was delivered or lost, if one was.
    pub(super) carried: Option<Sent>,
    pub(super) events: Vec<Event>,
}

/// What words depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) names: &'a Names,
    /// Everything as it is before what is told.
    pub(super) scene: &'a Scene,
    /// The values of the records that the verdict is about.
    pub(super) marks: &'a BTreeSet<String>,
}

/// What a row of the picture tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tale {
    pub(super) figure: Figure,
    /// Everybody who has a part in it.
    pub(super) parts: BTreeSet<NodeId>,
    /// What happened, then what came of it.
    pub(super) words: Vec<Words>,
    /// The replicas whose logs changed.
    pub(super) logs: BTreeSet<(TopicPartition, NodeId)>,
    /// It concerns a record that the verdict is about.
    pub(super) is_marked: bool,
}

impl Tale {
    /// How much it matters: as much as the weightiest of its words, and more if a log changes or a record is concerned.
    pub(super) fn weight(&self) -> Weight {
        let words = self
            .words
            .iter()
            .map(|words| words.weight)
            .max()
            .unwrap_or(Weight::Routine);
        let logs = if self.logs.is_empty() {
            Weight::Routine
        } else {
            Weight::Ordinary
        };
        let marks = if self.is_marked {
            Weight::Notable
        } else {
            Weight::Routine
        };
        words.max(logs).max(marks)
    }
}

/// Tells moments one after the other, and remembers what happened to the records that the verdict is about.
pub(super) struct Teller<'a> {
    names: &'a Names,
    pub(super) marks: &'a BTreeSet<String>,
    pub(super) scene: Scene,
    /// What happened to each of those records, with the numbers of the actions.
    pub(super) lives: BTreeMap<&'a str, Vec<(usize, String)>>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(names: &'a Names, marks: &'a BTreeSet<String>) -> Self {
        Self {
            names,
            marks,
            scene: Scene::new(names.nodes().count()),
            lives: BTreeMap::new(),
        }
    }

    /// Tells the first of these moments, or as many of them as are told as one, and says how many. The first has this number.
    pub(super) fn tell(&mut self, moments: &[Moment], number: usize) -> (Tale, usize) {
        let group = Group::of(&moments[0], &self.scene);
        let belongs = |next: &&Moment| group.is_some() && Group::of(next, &self.scene) == group;
        let count = 1 + moments[1..].iter().take_while(belongs).count();
        let tales: Vec<Tale> = (number..)
            .zip(&moments[..count])
            .map(|(number, moment)| self.tell_one(moment, number))
            .collect();
        (self.together(group, &moments[..count], tales), count)
    }

    fn tell_one(&mut self, moment: &Moment, number: usize) -> Tale {
        let Headline { figure, words } = actions::action(&moment.step.action, moment.carried.as_ref(), self.view());
        let logs = moment
            .events
            .iter()
            .filter_map(|event| self.changed_log(event))
            .collect();
        let parts = figure.parts();
        let mut tale = Tale {
            figure,
            parts,
            words: vec![words],
            logs,
            is_marked: false,
        };
        let mut events = moment.events.as_slice();
        while !events.is_empty() {
            let (words, count) = events::told(events, self.view());
            tale.words
                .extend(words.filter(|_| !is_told(&events[0], moment, &tale.logs)));
            for event in &events[..count] {
                for (value, what) in landmarks(event, self.names, &self.scene, self.marks) {
                    tale.is_marked = true;
                    self.lives.entry(value).or_default().push((number, what));
                }
                self.scene.apply(event);
            }
            events = &events[count..];
        }
        // A message is worth telling if something comes of it; what else causes something need not be told.
        if tale.weight() > Weight::Routine {
            tale.figure.stand_out();
            if matches!(tale.figure, Figure::Arrow { .. }) {
                tale.words[0].weight = tale.words[0].weight.max(Weight::Ordinary);
            }
        }
        tale
    }

    const fn view(&self) -> View<'_> {
        View {
            names: self.names,
            scene: &self.scene,
            marks: self.marks,
        }
    }

    /// The replica whose log this event changes.
    fn changed_log(&self, event: &Event) -> Option<(TopicPartition, NodeId)> {
        let Event::Note { node, note } = event else { return None };
        let partition = if let Note::Appended { partition, .. } | Note::Truncated { partition, .. } = note {
            partition
        } else if let Note::LogRecovered { partition, .. } = note {
            let replica = self.scene.replica(*partition, *node)?;
            (!replica.records.is_empty()).then_some(partition)?
        } else {
            return None;
        };
        (*partition != TopicPartition::CLUSTER_METADATA).then_some((*partition, *node))
    }

    fn tell_all(&self, mut events: &[Event]) -> Vec<Words> {
        let mut all = Vec::new();
        while !events.is_empty() {
            let (words, count) = events::told(events, self.view());
            all.extend(words);
            events = &events[count..];
        }
        all
    }

    /// Several tales in one row.
    fn together(&self, group: Option<Group>, moments: &[Moment], mut tales: Vec<Tale>) -> Tale {
        let (Some(group), [_, _, ..]) = (group, tales.as_slice()) else {
            return tales.remove(0);
        };
        let cuts: Vec<_> = moments
            .iter()
            .filter_map(|moment| cut_by(&moment.step.action))
            .collect();
        let (figure, words) = match group {
            Group::Cuts { .. } => actions::cut(&cuts, self.names).in_one(),
            Group::Mends { .. } => actions::mend(&cuts, self.names).in_one(),
            Group::Starts => {
                let nodes: Vec<NodeId> = moments.iter().filter_map(|moment| moment.step.action.node()).collect();
                actions::starts(&nodes).in_one()
            }
            Group::Sends { .. } => {
                let events: Vec<Event> = moments
                    .iter()
                    .flat_map(|moment| moment.events.iter().cloned())
                    .collect();
                (tales[0].figure.clone(), self.tell_all(&events))
            }
        };
        Tale {
            figure,
            parts: tales.iter().flat_map(|tale| tale.parts.iter().copied()).collect(),
            words,
            logs: BTreeSet::new(),
            is_marked: tales.iter().any(|tale| tale.is_marked),
        }
    }
}

/// Actions that are told in one row if they follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    /// First starts.
    Starts,
    /// Cuts at one moment.
    Cuts { at_us: u64 },
    /// Mended cuts at one moment.
    Mends { at_us: u64 },
    /// Sends by one producer.
    Sends { node: NodeId },
}

impl Group {
    fn of(moment: &Moment, scene: &Scene) -> Option<Self> {
        let told = |event: &&Event| match event {
            Event::Started { .. } | Event::Fault(_) => false,
            Event::Note { note, .. } => note.partition() != Some(TopicPartition::CLUSTER_METADATA),
            Event::Stopped { .. }
            | Event::Called { .. }
            | Event::Answered { .. }
            | Event::Processed { .. }
            | Event::Late { .. }
            | Event::Severed { .. }
            | Event::WriteRefused { .. } => true,
        };
        let told: Vec<&Event> = moment.events.iter().filter(told).collect();
        let at_us = moment.step.at_us;
        if let [
            Event::Called {
                node,
                call: Call::Send { .. },
            },
        ] = told.as_slice()
        {
            return Some(Self::Sends { node: *node });
        }
        if !told.is_empty() {
            return None;
        }
        match &moment.step.action {
            Action::Fault(Fault::Cut { .. }) => Some(Self::Cuts { at_us }),
            Action::Fault(Fault::Mend { .. }) => Some(Self::Mends { at_us }),
            Action::Start { node } => scene.is_unborn(*node).then_some(Self::Starts),
            Action::Connect(_)
            | Action::Refuse(_)
            | Action::Deliver { .. }
            | Action::Fire { .. }
            | Action::Sync { .. }
            | Action::Choose { .. }
            | Action::Call { .. }
            | Action::Work { .. }
            | Action::Fault(_) => None,
        }
    }
}

/// Whether something else in its moment tells this event: the strip of a log its high watermark, and an AlterPartition answer, or the news
/// of having become leader, the in-sync replicas.
fn is_told(event: &Event, moment: &Moment, logs: &BTreeSet<(TopicPartition, NodeId)>) -> bool {
    let Event::Note { node, note } = event else {
        return false;
    };
    if let Note::HighWatermark { partition, .. } = note {
        return logs.contains(&(*partition, *node));
    }
    let became_leader = |event: &Event| {
        matches!(
            event,
            Event::Note {
                note: Note::BecameLeader { .. },
                ..
            }
        )
    };
    matches!(note, Note::IsrCommitted { .. })
        && (matches!(
            &moment.carried,
            Some(Sent {
                message: Message::Response(Response::AlterPartition(_)),
                ..
            })
        ) || moment.events.iter().any(became_leader))
}

fn cut_by(action: &Action) -> Option<(NodeId, NodeId)> {
    if let Action::Fault(Fault::Cut { from, to } | Fault::Mend { from, to }) = action {
        Some((*from, *to))
    } else {
        None
    }
}
