//! Lays a picture out: a margin with time and number, the lanes, and beside them what happened, in words.

use std::collections::BTreeSet;

use kafkasim_core::ids::NodeId;

use super::ShowOptions;
use super::collect::Diagram;
use super::history::seconds;
use super::lanes::{Figure, Lanes};
use super::messages::Words;
use super::scene::Scene;
use super::story::{Tale, Teller};
use super::strip;
use super::text::{Ink, Line, Tone};
use super::verdict;

/// Nothing can be drawn in fewer columns.
const WIDTH_AT_LEAST: usize = 40;
/// Words beside the lanes get at least this much room before the names of the lanes get any.
const TEXT_AT_LEAST: usize = 72;
/// Continued lines are indented by this much.
const INDENT: usize = 2;
/// After so many lines the names of the lanes are shown again.
const REMIND_AFTER: usize = 50;
/// Fewer routine actions than this are not worth a row: the numbers beside them show that something is left out.
const FOLD_AT_LEAST: usize = 4;

/// A picture being drawn.
pub(super) struct Picture<'a> {
    diagram: &'a Diagram,
    options: &'a ShowOptions,
    width: usize,
    lanes: Lanes,
    marks: BTreeSet<String>,
    /// Columns that the time takes, if there is time.
    time: Option<usize>,
    /// Columns that the number of an action takes.
    number: usize,
    lines: Vec<Line>,
    folded: Folded,
    /// How many lines there were when the names of the lanes were last shown.
    reminded: usize,
    /// The last row, so that what is but a repetition of it is folded away, too.
    last: Option<Tale>,
}

/// Actions that have no row of their own.
#[derive(Default)]
struct Folded {
    routine: usize,
    other: usize,
}

/// The left margin of a line.
enum Margin {
    Blank,
    Row { number: usize, at_us: u64, is_marked: bool },
}

impl<'a> Picture<'a> {
    pub(super) fn new(diagram: &'a Diagram, options: &'a ShowOptions) -> Self {
        let width = options.width.max(WIDTH_AT_LEAST);
        let last = diagram.moments.last().map_or(0, |moment| moment.step.at_us);
        let time = diagram.is_timed().then(|| seconds(last).len());
        let number = diagram.moments.len().to_string().len().max(2);
        let is_shown = |node: &NodeId| {
            if options.only.is_empty() {
                diagram.ever_ran(*node)
            } else {
                options.only.contains(node)
            }
        };
        let nodes: Vec<NodeId> = diagram.names.nodes().filter(is_shown).collect();
        let margin = margin_width(time, number);
        let lanes = Lanes::new(nodes, &diagram.names, width - margin - INDENT, TEXT_AT_LEAST);
        let marks = diagram.marks();
        Self {
            diagram,
            options,
            width,
            lanes,
            marks,
            time,
            number,
            lines: Vec::new(),
            folded: Folded::default(),
            reminded: 0,
            last: None,
        }
    }

    pub(super) fn draw(mut self) -> String {
        let diagram = self.diagram;
        let marks = self.marks.clone();
        self.title();
        self.header();
        let mut teller = Teller::new(&diagram.names, &marks);
        let mut index = 0;
        while index < diagram.moments.len() {
            let number = index + 1;
            let lanes_before = self.lanes.draw(&teller.scene, &Figure::Nothing);
            let (tale, count) = teller.tell(&diagram.moments[index..], number);
            if self.is_within(number) && tale.parts.iter().any(|node| self.lanes.shows(*node)) {
                let is_repeated = tale.logs.is_empty() && self.last.as_ref() == Some(&tale);
                if self.options.full || tale.is_notable() && !is_repeated {
                    self.unfold(lanes_before);
                    self.remind();
                    self.row(&teller.scene, &tale, number, diagram.moments[index].step.at_us);
                    self.last = Some(tale);
                } else {
                    self.folded.routine += count;
                }
            } else {
                self.folded.other += count;
            }
            index += count;
        }
        self.unfold(self.lanes.draw(&teller.scene, &Figure::Nothing));
        self.lines.push(Line::new());
        self.lines.extend(verdict::lines(diagram, &teller, self.width));
        self.print()
    }

    fn print(self) -> String {
        let ink = Ink {
            ascii: self.options.ascii,
            colour: self.options.colour,
        };
        let mut out = String::new();
        for line in self.lines {
            line.cut(self.width).print(ink, &mut out);
        }
        out
    }

    fn is_within(&self, number: usize) -> bool {
        self.options
            .around
            .is_none_or(|(centre, context)| number.abs_diff(centre) <= context)
    }

    fn title(&mut self) {
        let Diagram {
            scenario,
            rules,
            moments,
            names,
            ..
        } = self.diagram;
        let length = match (self.time, moments.last()) {
            (Some(_), Some(last)) => format!(" · {}s", seconds(last.step.at_us)),
            (None, _) | (_, None) => String::new(),
        };
        let sole = names
            .sole_partition()
            .map_or_else(String::new, |partition| format!(" · {}", names.partition(partition)));
        let rules = if rules == scenario {
            String::new()
        } else {
            format!(" · rules {rules}")
        };
        let line = Line::of(Tone::Strong, scenario.clone());
        let line = line.then(
            Tone::Plain,
            format!("{rules}{sole} · {} actions{length}", moments.len()),
        );
        self.lines.extend(line.wrap(self.width, INDENT));
        self.legend();
        self.lines.push(Line::new());
    }

    fn legend(&mut self) {
        let entries = [
            ("│", Tone::Plain, "up"),
            ("┃", Tone::Leader, "leads"),
            ("┊", Tone::Plain, "down"),
            ("░", Tone::Unsure, "paused"),
            ("╳", Tone::Bad, "cut off"),
            ("──►", Tone::Plain, "request"),
            ("╌╌►", Tone::Plain, "answer"),
            ("►", Tone::Mark, "what the verdict is about"),
        ];
        let mut line = Line::new();
        for (sign, tone, meaning) in entries.iter().take(entries.len() - usize::from(self.marks.is_empty())) {
            let entry = Line::of(*tone, *sign).then(Tone::Dim, format!(" {meaning}   "));
            if line.width() + entry.width() > self.width + 3 {
                self.lines.push(std::mem::take(&mut line));
            }
            line.extend(entry);
        }
        self.lines.push(line);
    }

    fn header(&mut self) {
        let mut names = self.lanes.header(&self.diagram.names);
        let last = names.pop().unwrap_or_default();
        let blank = margin_width(self.time, self.number);
        for name in names {
            let mut line = Line::new();
            line.pad(blank);
            self.lines.push(line.then_line(name));
        }
        let mut line = Line::plain("  ");
        if let Some(width) = self.time {
            line.push(Tone::Dim, format!("{:>width$} ", "s"));
        }
        line.push(Tone::Dim, format!("{:>width$}  ", "#", width = self.number));
        self.lines.push(line.then_line(last));
        self.reminded = self.lines.len();
    }

    fn remind(&mut self) {
        if self.lines.len() - self.reminded >= REMIND_AFTER {
            let mut line = Line::new();
            line.pad(margin_width(self.time, self.number));
            self.lines
                .push(line.then_line(self.lanes.reminder(&self.diagram.names)));
            self.reminded = self.lines.len();
        }
    }

    /// One row for all the actions that had none.
    fn unfold(&mut self, lanes: Line) {
        let Folded { routine, other } = std::mem::take(&mut self.folded);
        if routine + other < FOLD_AT_LEAST {
            return;
        }
        let what = match (routine, other) {
            (_, 0) => format!("… {routine} routine actions"),
            (0, _) => format!("… {other} other actions"),
            (_, _) => format!("… {routine} routine and {other} other actions"),
        };
        self.line(&Margin::Blank, lanes, Line::of(Tone::Dim, what));
    }

    fn row(&mut self, scene: &Scene, tale: &Tale, number: usize, at_us: u64) {
        let hidden = self.lanes.hidden_end(&tale.figure, &self.diagram.names);
        let mut text = flow(hidden, &tale.words, self.options.full, self.text_width());
        for (partition, node) in &tale.logs {
            let Some(replica) = scene.replica(*partition, *node) else {
                continue;
            };
            let names = &self.diagram.names;
            let mut line = Line::plain(" ".repeat(INDENT));
            line.push(
                Tone::Plain,
                format!("{} {}", names.process(*node), names.whose(*partition)),
            );
            let room = self.text_width().saturating_sub(line.width());
            text.push(line.then_line(strip::draw(replica, &self.marks, room)));
        }
        let mut margin = Margin::Row {
            number,
            at_us,
            is_marked: tale.is_marked,
        };
        let mut figure = &tale.figure;
        for line in text {
            let lanes = self.lanes.draw(scene, figure);
            self.line(&margin, lanes, line);
            (margin, figure) = (Margin::Blank, &Figure::Nothing);
        }
    }

    fn line(&mut self, margin: &Margin, lanes: Line, text: Line) {
        let mut line = Line::new();
        match margin {
            Margin::Blank => line.pad(margin_width(self.time, self.number)),
            Margin::Row {
                number,
                at_us,
                is_marked,
            } => {
                line.push(Tone::Mark, if *is_marked { "► " } else { "  " });
                if let Some(width) = self.time {
                    line.push(Tone::Dim, format!("{:>width$} ", seconds(*at_us)));
                }
                line.push(Tone::Dim, format!("{number:>width$}  ", width = self.number));
            }
        }
        let text = text.cut(self.text_width());
        self.lines.push(
            line.then_line(lanes)
                .then(Tone::Plain, " ".repeat(INDENT))
                .then_line(text),
        );
    }

    fn text_width(&self) -> usize {
        self.width - margin_width(self.time, self.number) - self.lanes.width() - INDENT
    }
}

fn margin_width(time: Option<usize>, number: usize) -> usize {
    2 + time.map_or(0, |width| width + 1) + number + 2
}

/// What happened and what came of it, in as few lines as it takes. Routine parts are told only in `full`.
fn flow(mut hidden: Line, words: &[Words], full: bool, width: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for words in words
        .iter()
        .filter(|words| (full || words.notable) && !words.line.is_empty())
    {
        let words = std::mem::take(&mut hidden).then_line(words.line.clone());
        match lines.last_mut() {
            Some(line) if line.width() + " · ".chars().count() + words.width() <= width => {
                line.push(Tone::Dim, " · ");
                line.extend(words);
            }
            Some(_) => lines.extend(Line::plain(" ".repeat(INDENT)).then_line(words).wrap(width, INDENT)),
            None => lines = words.wrap(width, INDENT),
        }
    }
    if lines.is_empty() {
        lines.push(Line::new());
    }
    lines
}
