//! One lane for each process: a line while it runs, thick while it leads, broken while something is wrong with it.

use std::collections::BTreeSet;

use kafkasim_core::ids::NodeId;

use super::names::Names;
use super::scene::{Life, Scene};
use super::text::{Line, Tone};

/// Lanes never come closer than this, if there is any room.
const NARROW: usize = 3;
/// Without their names, lanes are no further apart than this: short arrows are read faster.
const WIDE: usize = 6;

/// Where lanes are.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    nodes: Vec<NodeId>,
    spacing: usize,
}

/// What is drawn across the lanes of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// Nothing but the lanes.
    Nothing,
    /// Something in the lanes of some processes.
    At(Vec<(NodeId, char, Tone)>),
    /// From one process to another.
    Arrow { from: NodeId, to: NodeId, shaft: Shaft },
}

/// What an arrow is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shaft {
    /// A request.
    Solid,
    /// A response.
    Dashed,
    /// A connection that cannot be, or is no more.
    Broken,
}

impl Figure {
    /// It is worth a look.
    pub(super) fn stand_out(&mut self) {
        if let Self::At(points) = self {
            for (_, _, tone) in points.iter_mut().filter(|(_, _, tone)| *tone == Tone::Dim) {
                *tone = Tone::Strong;
            }
        }
    }

    /// Everybody who has a part in it.
    pub(super) fn parts(&self) -> BTreeSet<NodeId> {
        match self {
            Self::Nothing => BTreeSet::new(),
            Self::At(points) => points.iter().map(|(node, ..)| *node).collect(),
            Self::Arrow { from, to, .. } => BTreeSet::from([*from, *to]),
        }
    }
}

impl Lanes {
    /// Shares `width` columns out: at most two fifths to lanes, unless there is room enough for the names in one line.
    pub(super) fn new(nodes: Vec<NodeId>, names: &Names, width: usize, text_at_least: usize) -> Self {
        let count = nodes.len().max(1);
        let longest = nodes.iter().map(|node| names.process(*node).len()).max().unwrap_or(0);
        let named = longest + 1;
        let spacing = if named * count + text_at_least <= width {
            named.max(NARROW)
        } else {
            (width * 2 / 5 / count).clamp(NARROW.min((width / 2 / count).max(1)), WIDE)
        };
        Self { nodes, spacing }
    }

    pub(super) fn shows(&self, node: NodeId) -> bool {
        self.nodes.contains(&node)
    }

    /// The end of an arrow that has no lane, in words.
    pub(super) fn hidden_end(&self, figure: &Figure, names: &Names) -> Line {
        let Figure::Arrow { from, to, .. } = figure else {
            return Line::new();
        };
        match (self.shows(*from), self.shows(*to)) {
            (true, false) => Line::of(Tone::Dim, format!("to {}: ", names.process(*to))),
            (false, true) => Line::of(Tone::Dim, format!("from {}: ", names.process(*from))),
            (true, true) | (false, false) => Line::new(),
        }
    }

    pub(super) fn width(&self) -> usize {
        (self.nodes.len().max(1) - 1) * self.spacing + 1
    }

    /// The names above the lanes: in one line if they fit, else stacked.
    pub(super) fn header(&self, names: &Names) -> Vec<Line> {
        let longest = self
            .nodes
            .iter()
            .map(|node| names.process(*node).len())
            .max()
            .unwrap_or(0);
        if longest < self.spacing {
            let mut line = Line::new();
            for node in &self.nodes {
                line.pad(line.width().next_multiple_of(self.spacing));
                line.push(Tone::Strong, names.process(*node));
            }
            return vec![line];
        }
        let stacked = |(index, node): (usize, &NodeId)| {
            let mut line = Line::new();
            for before in 0..index {
                line.pad(before * self.spacing);
                line.push(Tone::Dim, "│");
            }
            line.pad(index * self.spacing);
            line.then(Tone::Strong, names.process(*node))
        };
        self.nodes.iter().enumerate().map(stacked).collect()
    }

    /// The names again, shorter if need be, for whoever cannot see the header any more.
    pub(super) fn reminder(&self, names: &Names) -> Line {
        let mut line = Line::new();
        for (index, node) in self.nodes.iter().enumerate() {
            line.pad(index * self.spacing);
            let name = names.process(*node);
            let fits = name.len() < self.spacing;
            line.push(
                Tone::Dim,
                if fits {
                    name.to_owned()
                } else {
                    short(name, self.spacing - 1)
                },
            );
        }
        line
    }

    /// The lanes as they are at one moment, with something drawn across them.
    pub(super) fn draw(&self, scene: &Scene, figure: &Figure) -> Line {
        let cut_off = scene.cut_off();
        let mut cells = vec![(' ', Tone::Plain); self.width()];
        for (index, node) in self.nodes.iter().enumerate() {
            cells[index * self.spacing] = lane(scene, &cut_off, *node);
        }
        match figure {
            Figure::Nothing => {}
            Figure::At(points) => {
                for (node, char, tone) in points {
                    if let Some(at) = self.at(*node) {
                        cells[at] = (*char, *tone);
                    }
                }
            }
            Figure::Arrow { from, to, shaft } => self.arrow(&mut cells, *from, *to, *shaft),
        }
        let mut line = Line::new();
        for (char, tone) in cells {
            line.push(tone, char);
        }
        line
    }

    fn at(&self, node: NodeId) -> Option<usize> {
        Some(self.nodes.iter().position(|shown| *shown == node)? * self.spacing)
    }

    fn arrow(&self, cells: &mut [(char, Tone)], from: NodeId, to: NodeId, shaft: Shaft) {
        let (Some(start), Some(end)) = (self.at(from), self.at(to)) else {
            let shown = self.at(from).or_else(|| self.at(to));
            if let Some(at) = shown {
                cells[at] = ('●', Tone::Plain);
            }
            return;
        };
        let tone = if shaft == Shaft::Broken { Tone::Bad } else { Tone::Plain };
        let fill = if shaft == Shaft::Dashed { '╌' } else { '─' };
        let rightwards = start < end;
        let between = if rightwards { start + 1..end } else { end + 1..start };
        if between.is_empty() {
            return;
        }
        cells[between.clone()].fill((fill, tone));
        cells[if rightwards { between.end - 1 } else { between.start }] = (if rightwards { '►' } else { '◄' }, tone);
        if shaft == Shaft::Broken {
            cells[between.start + between.len() / 2] = ('╳', tone);
        }
        let joint = match (cells[start].0, rightwards) {
            ('│', true) => '├',
            ('│', false) => '┤',
            ('┃', true) => '┣',
            ('┃', false) => '┫',
            (other, _) => other,
        };
        cells[start].0 = joint;
    }
}

/// `producer-12` in three columns is `p12`.
fn short(name: &str, width: usize) -> String {
    let number = name.trim_start_matches(|char: char| !char.is_ascii_digit());
    let letters = name.chars().take(1).chain(number.chars());
    letters.take(width.max(1)).collect()
}

fn lane(scene: &Scene, cut_off: &BTreeSet<NodeId>, node: NodeId) -> (char, Tone) {
    match scene.life(node) {
        Life::Unborn => (' ', Tone::Plain),
        Life::Down => ('┊', Tone::Dim),
        Life::Paused => ('░', Tone::Unsure),
        Life::Up if cut_off.contains(&node) => ('╳', Tone::Bad),
        Life::Up if scene.leads(node) => ('┃', Tone::Leader),
        Life::Up => ('│', Tone::Dim),
    }
}
