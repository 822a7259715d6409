//! Draws a picture: the heading, a row for everything that is worth one, and the verdict.

use std::collections::BTreeSet;

use kafkasim_core::ids::NodeId;

use super::ShowOptions;
use super::collect::Diagram;
use super::fold::{Block, Hidden, Row, abridge, hide};
use super::heading;
use super::lanes::Figure;
use super::layout::{Layout, Margin};
use super::messages::{Weight, Words};
use super::scene::Scene;
use super::story::{Tale, Teller};
use super::strip;
use super::text::{Ink, Line, Tone};
use super::verdict;

/// Nothing can be drawn in fewer columns.
const WIDTH_AT_LEAST: usize = 40;
/// Continued lines are indented by this much.
const INDENT: usize = 2;
/// After so many lines the names of the lanes are shown again.
const REMIND_AFTER: usize = 50;

/// A picture to be drawn.
pub(super) struct Picture<'a> {
    diagram: &'a Diagram,
    options: &'a ShowOptions,
    layout: Layout,
    marks: BTreeSet<String>,
}

impl<'a> Picture<'a> {
    pub(super) fn new(diagram: &'a Diagram, options: &'a ShowOptions) -> Self {
        let is_shown = |node: &NodeId| {
            if options.only.is_empty() {
                diagram.ever_ran(*node)
            } else {
                options.only.contains(node)
            }
        };
        let nodes: Vec<NodeId> = diagram.names.nodes().filter(is_shown).collect();
        let moments = &diagram.moments;
        let until_us = moments
            .last()
            .filter(|_| diagram.is_timed())
            .map(|last| last.step.at_us);
        let width = options.width.max(WIDTH_AT_LEAST);
        let layout = Layout::new(width, nodes, &diagram.names, moments.len(), until_us);
        Self {
            diagram,
            options,
            layout,
            marks: diagram.marks(),
        }
    }

    pub(super) fn draw(&self) -> String {
        let Self {
            diagram, layout, marks, ..
        } = self;
        let mut teller = Teller::new(&diagram.names, marks);
        let mut blocks = self.blocks(&mut teller);
        if !self.options.full && self.options.around.is_none() {
            blocks = abridge(blocks);
        }
        let mut lines = heading::lines(diagram, !marks.is_empty(), layout.width);
        lines.extend(layout.header(&diagram.names));
        self.rows(blocks, &mut lines);
        lines.push(Line::new());
        lines.extend(verdict::lines(diagram, &teller, layout.width));
        let ink = Ink {
            ascii: self.options.ascii,
            colour: self.options.colour,
        };
        let mut out = String::new();
        for line in lines {
            line.cut(layout.width).print(ink, &mut out);
        }
        out
    }

    /// The whole run, told.
    fn blocks(&self, teller: &mut Teller<'_>) -> Vec<Block> {
        let moments = &self.diagram.moments;
        let mut blocks = Vec::new();
        let mut last = None;
        let mut index = 0;
        while index < moments.len() {
            let number = index + 1;
            let (tale, actions) = teller.tell(&moments[index..], number);
            let lanes = self.layout.lanes.draw(&teller.scene, &Figure::Nothing);
            // What is but a repetition of the last row is routine, too.
            let is_repeated = tale.logs.is_empty() && last.as_ref() == Some(&tale);
            if !self.is_asked_for(number, &tale) {
                hide(
                    &mut blocks,
                    Hidden {
                        other: actions,
                        lanes,
                        ..Hidden::default()
                    },
                );
            } else if self.options.full || tale.weight() > Weight::Routine && !is_repeated {
                let lines = self.row(&teller.scene, &tale, number, moments[index].step.at_us);
                blocks.push(Block::Row(Row {
                    lines,
                    weight: tale.weight(),
                    actions,
                    lanes,
                }));
                last = Some(tale);
            } else {
                hide(
                    &mut blocks,
                    Hidden {
                        routine: actions,
                        lanes,
                        ..Hidden::default()
                    },
                );
            }
            index += actions;
        }
        blocks
    }

    fn is_asked_for(&self, number: usize, tale: &Tale) -> bool {
        let is_near = self
            .options
            .around
            .is_none_or(|(centre, context)| number.abs_diff(centre) <= context);
        is_near && tale.parts.iter().any(|node| self.layout.lanes.shows(*node))
    }

    fn row(&self, scene: &Scene, tale: &Tale, number: usize, at_us: u64) -> Vec<Line> {
        let Self {
            diagram,
            layout,
            marks,
            options,
        } = self;
        let names = &diagram.names;
        let hidden_end = layout.lanes.hidden_end(&tale.figure, names);
        let mut texts = flow(hidden_end, &tale.words, options.full, layout.text_width());
        for (partition, node) in &tale.logs {
            let replica = scene.replica(*partition, *node).expect("a log that changed is there");
            let whose = format!(
                "{}{} {}",
                " ".repeat(INDENT),
                names.process(*node),
                names.whose(*partition)
            );
            let room = layout.text_width().saturating_sub(whose.len());
            texts.push(Line::plain(whose).then_line(strip::draw(replica, marks, room)));
        }
        let first = (
            Margin::Row {
                number,
                at_us,
                is_marked: tale.is_marked,
            },
            &tale.figure,
        );
        let places = std::iter::once(first).chain(std::iter::repeat((Margin::Blank, &Figure::Nothing)));
        let line = |(text, (margin, figure))| layout.line(margin, layout.lanes.draw(scene, figure), text);
        texts.into_iter().zip(places).map(line).collect()
    }

    /// Puts the blocks below each other, with the names of the lanes in between from time to time.
    fn rows(&self, blocks: Vec<Block>, lines: &mut Vec<Line>) {
        let mut reminded = lines.len();
        for block in blocks {
            match block {
                Block::Row(row) => {
                    if lines.len() - reminded >= REMIND_AFTER {
                        lines.push(self.layout.reminder(&self.diagram.names));
                        reminded = lines.len();
                    }
                    lines.extend(row.lines);
                }
                Block::Hidden(hidden) => {
                    let words = hidden.words().map(|words| Line::of(Tone::Dim, words));
                    lines.extend(words.map(|words| self.layout.line(Margin::Blank, hidden.lanes, words)));
                }
            }
        }
    }
}

/// What happened and what came of it, in as few lines as it takes. Routine parts are told only in `full`.
fn flow(mut hidden_end: Line, words: &[Words], full: bool, width: usize) -> Vec<Line> {
    const SEPARATOR: &str = " · ";
    let mut lines: Vec<Line> = Vec::new();
    for words in words.iter().filter(|words| full || words.weight > Weight::Routine) {
        if words.line.is_empty() {
            continue;
        }
        let words = std::mem::take(&mut hidden_end).then_line(words.line.clone());
        match lines.last_mut() {
            Some(line) if line.width() + SEPARATOR.chars().count() + words.width() <= width => {
                line.push(Tone::Dim, SEPARATOR);
                line.extend(words);
            }
            Some(_) => lines.extend(Line::plain(" ".repeat(INDENT)).then_line(words).wrap(width, INDENT)),
            None => lines = words.wrap(width, INDENT),
        }
    }
    if lines.is_empty() { vec![Line::new()] } else { lines }
}
