//! What a picture needs to remember of a run while it happens.

use std::collections::BTreeSet;

use kafkasim_core::call::Call;
use kafkasim_core::ids::{NodeId, Offset, TopicPartition};
use kafkasim_core::note::Note;

use super::names::{self, Names};
use super::picture::Picture;
use super::scene::stored;
use super::story::Moment;
use super::transit::{Sent, Transit};
use super::{ShowOptions, history};
use crate::check::{Finding, Verdict};
use crate::run::Observer;
use crate::setup::Setup;
use crate::world::{Event, Outcome, Step, World};

/// If everything is marked, nothing is.
const MARKS_AT_MOST: usize = 3;

/// Watches a run and draws it: lanes of processes from left to right, time from top to bottom.
#[derive(Clone, Debug)]
pub struct Diagram {
    pub(super) scenario: String,
    pub(super) rules: String,
    pub(super) names: Names,
    pub(super) moments: Vec<Moment>,
    pub(super) findings: Vec<Finding>,
    transit: Transit,
}

impl Diagram {
    /// A picture of a run from its first action on, under the names of its scenario and of its rules.
    #[must_use]
    pub fn new(scenario: &str, rules: &str, setup: &Setup) -> Self {
        Self {
            scenario: scenario.to_owned(),
            rules: rules.to_owned(),
            names: Names::new(setup),
            moments: Vec::new(),
            findings: Vec::new(),
            transit: Transit::default(),
        }
    }

    /// Something that was found in this run; the picture marks the records that the message names.
    pub fn finding(&mut self, finding: &Finding) {
        self.findings.push(finding.clone());
    }

    /// The picture. Equal runs and options give equal text; no line is wider than asked for or ends with a blank.
    #[must_use]
    pub fn render(&self, options: &ShowOptions) -> String {
        Picture::new(self, options).draw()
    }

    /// Whether virtual time means anything. Exploring ignores durations: every wall clock stands still.
    pub(super) fn is_timed(&self) -> bool {
        history::is_timed(self.moments.iter().map(|moment| moment.step.wall_ms))
    }

    /// Whether a process was ever started.
    pub(super) fn ever_ran(&self, node: NodeId) -> bool {
        let mut events = self.moments.iter().flat_map(|moment| &moment.events);
        events.any(|event| matches!(event, Event::Started { node: started } if *started == node))
    }

    /// The values of the records that the findings are about, the first few of them: of violations, if there are any. If no finding names a
    /// value, those that were ever written where a finding says.
    pub(super) fn marks(&self) -> BTreeSet<String> {
        let (violated, allowed): (Vec<_>, Vec<_>) = self
            .findings
            .iter()
            .partition(|finding| finding.verdict == Verdict::Violated);
        let decisive: Vec<&str> = if violated.is_empty() { allowed } else { violated }
            .iter()
            .map(|finding| finding.message.as_str())
            .collect();
        let events = || self.moments.iter().flat_map(|moment| &moment.events);
        let values: BTreeSet<String> = events().flat_map(values).collect();
        let place = |value: String| {
            let mut places = (0..)
                .zip(&decisive)
                .filter_map(|(index, text)| Some((index, mention(text, &value)?)));
            places.next().map(|place: (usize, usize)| (place, value))
        };
        let mut named: Vec<_> = values.into_iter().filter_map(place).collect();
        named.sort();
        let named: BTreeSet<String> = named.into_iter().take(MARKS_AT_MOST).map(|(_, value)| value).collect();
        if !named.is_empty() {
            return named;
        }
        let is_meant = |partition: TopicPartition, offset: Offset| {
            let whose = format!("{}:", self.names.partition(partition));
            decisive
                .iter()
                .any(|text| text.starts_with(&whose) && is_located(text, offset))
        };
        let located = events().flat_map(|event| located(event, &is_meant)).take(MARKS_AT_MOST);
        located.collect()
    }

    pub(super) fn record(&mut self, step: &Step, carried: Option<Sent>, events: &[Event]) {
        self.moments.push(Moment {
            step: step.clone(),
            carried,
            events: events.to_vec(),
        });
    }

    #[cfg(test)]
    pub(super) fn names_mut(&mut self) -> &mut Names {
        &mut self.names
    }
}

impl Observer for Diagram {
    fn observe(&mut self, world: &mut World, step: &Step, outcome: &Outcome) {
        let carried = self.transit.take(&step.action);
        self.record(step, carried, &outcome.events);
        self.transit.follow(world, self.moments.len());
        self.names.learn(world);
    }
}

/// The values that an event introduces.
fn values(event: &Event) -> Vec<String> {
    if let Event::Called {
        call: Call::Send { record, .. },
        ..
    } = event
    {
        vec![names::value(record.value.as_deref())]
    } else if let Event::Note {
        note: Note::Appended { batch, .. },
        ..
    } = event
    {
        stored(batch).into_iter().map(|record| record.value).collect()
    } else {
        Vec::new()
    }
}

/// The values that an event puts where something is meant.
fn located(event: &Event, is_meant: &dyn Fn(TopicPartition, Offset) -> bool) -> Vec<String> {
    let Event::Note {
        note: Note::Appended { partition, batch, .. },
        ..
    } = event
    else {
        return Vec::new();
    };
    let records = stored(batch)
        .into_iter()
        .filter(|record| is_meant(*partition, record.offset));
    records.map(|record| record.value).collect()
}

/// Whether a text speaks of what is at this offset.
fn is_located(text: &str, offset: Offset) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |word: &str| word.trim_end_matches([',', '.', ';', ':']).parse() == Ok(offset.0);
    words.windows(2).any(|pair| pair[0] == "at" && number(pair[1]))
}

/// Where a text names a value, rather than a longer one that contains it.
fn mention(text: &str, value: &str) -> Option<usize> {
    let continues = |char: char| char.is_alphanumeric() || char == '-' || char == '_';
    let continues_backwards = |before: &str| before.ends_with(|char| continues(char) || char == '.');
    // A full stop may end the sentence, or go on as in `p1.1-0`.
    let continues_forwards = |after: &str| after.strip_prefix('.').unwrap_or(after).starts_with(continues);
    let is_whole = |at: usize| !continues_backwards(&text[..at]) && !continues_forwards(&text[at + value.len()..]);
    text.match_indices(value).map(|(at, _)| at).find(|at| is_whole(*at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_spoken_of() {
        let text = "t-0: 3 may be elected, but lacks what is committed at 12";
        assert!(is_located(text, Offset(12)));
        assert!(!is_located(text, Offset(1)));
        assert!(!is_located(text, Offset(3)));
        assert!(is_located("t-0: p1-0 at 0, p1-1 at 1", Offset(0)));
    }

    #[test]
    fn a_value_is_mentioned_as_a_whole_word() {
        let check = |text: &str, at: Option<usize>| assert_eq!(mention(text, "p1-1"), at, "{text}");
        check("leader 2 begins without p1-1, acknowledged at 1", Some(24));
        check("lost p1-1.", Some(5));
        check("p1-1", Some(0));
        check("p1-10 and p1-1", Some(10));
        check("lost p1-10", None);
        check("lost p1-1.5", None);
        check("lost ap1-1", None);
        check("lost x.p1-1", None);
    }
}
