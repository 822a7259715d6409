//! Where everything is: a margin with time and number, the lanes, and the words beside them.

use kafkasim_core::ids::NodeId;

use super::history::seconds;
use super::lanes::Lanes;
use super::names::Names;
use super::text::{Line, Tone};

/// Words beside the lanes get at least this much room before the names of the lanes get any.
const TEXT_AT_LEAST: usize = 72;
/// Between the lanes and the words.
const GAP: usize = 2;

/// The columns of a picture.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) width: usize,
    pub(super) lanes: Lanes,
    /// Columns that the time takes, if there is time.
    time: Option<usize>,
    /// Columns that the number of an action takes.
    number: usize,
}

/// The left margin of a line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Margin {
    /// Of a line that continues another, or tells several actions.
    Blank,
    /// Of the first line of a row.
    Row { number: usize, at_us: u64, is_marked: bool },
}

impl Layout {
    /// For these lanes, and so many actions up to this time, if there is time.
    pub(super) fn new(width: usize, nodes: Vec<NodeId>, names: &Names, actions: usize, until_us: Option<u64>) -> Self {
        let time = until_us.map(|until_us| seconds(until_us).len());
        let number = actions.to_string().len().max(2);
        let lanes = Lanes::new(nodes, names, width - margin_width(time, number) - GAP, TEXT_AT_LEAST);
        Self {
            width,
            lanes,
            time,
            number,
        }
    }

    /// How much room words have.
    pub(super) fn text_width(&self) -> usize {
        self.width - margin_width(self.time, self.number) - self.lanes.width() - GAP
    }

    /// One line.
    pub(super) fn line(&self, margin: Margin, lanes: Line, text: Line) -> Line {
        let text = text.cut(self.text_width());
        self.margin(margin)
            .then_line(lanes)
            .then(Tone::Plain, " ".repeat(GAP))
            .then_line(text)
    }

    /// The names of the columns.
    pub(super) fn header(&self, names: &Names) -> Vec<Line> {
        let mut lanes = self.lanes.header(names);
        let last = lanes.pop().unwrap_or_default();
        let mut lines: Vec<Line> = lanes
            .into_iter()
            .map(|lanes| self.margin(Margin::Blank).then_line(lanes))
            .collect();
        let mut line = Line::plain("  ");
        if let Some(width) = self.time {
            line.push(Tone::Dim, format!("{:>width$} ", "s"));
        }
        line.push(Tone::Dim, format!("{:>width$}  ", "#", width = self.number));
        lines.push(line.then_line(last));
        lines
    }

    /// The names of the lanes again.
    pub(super) fn reminder(&self, names: &Names) -> Line {
        self.margin(Margin::Blank).then_line(self.lanes.reminder(names))
    }

    fn margin(&self, margin: Margin) -> Line {
        let mut line = Line::new();
        match margin {
            Margin::Blank => line.pad(margin_width(self.time, self.number)),
            Margin::Row {
                number,
                at_us,
                is_marked,
            } => {
                line.push(Tone::Mark, if is_marked { "► " } else { "  " });
                if let Some(width) = self.time {
                    line.push(Tone::Dim, format!("{:>width$} ", seconds(at_us)));
                }
                line.push(Tone::Dim, format!("{number:>width$}  ", width = self.number));
            }
        }
        line
    }
}

fn margin_width(time: Option<usize>, number: usize) -> usize {
    2 + time.map_or(0, |width| width + 1) + number + 2
}
