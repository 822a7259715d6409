//! What is not drawn: actions that say nothing, and the middle of long stretches in which everything goes as it should.

use super::messages::Weight;
use super::text::Line;

/// Fewer actions than this are not worth a row: the numbers beside the rows show that something is left out.
const FOLD_AT_LEAST: usize = 8;
/// So many rows of an ordinary stretch are shown at its beginning, and as many at its end.
const SHOWN_OF_A_STRETCH: usize = 10;
/// An ordinary stretch is folded if at least so many of its rows go.
const STRETCH_AT_LEAST: usize = 15;

/// A part of the picture.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// A row of its own.
    Row(Row),
    /// Actions without one.
    Hidden(Hidden),
}

/// A row, which may take several lines.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) lines: Vec<Line>,
    pub(super) weight: Weight,
    /// How many actions it tells.
    pub(super) actions: usize,
    /// The lanes after it.
    pub(super) lanes: Line,
}

/// How many actions there are without a row.
#[derive(Clone, Debug, Default)]
pub(super) struct Hidden {
    pub(super) routine: usize,
    pub(super) ordinary: usize,
    /// Those that were not to be drawn.
    pub(super) other: usize,
    /// The lanes after them.
    pub(super) lanes: Line,
}

impl Hidden {
    /// In words, if it is worth a row.
    pub(super) fn words(&self) -> Option<String> {
        let Self {
            routine,
            ordinary,
            other,
            ..
        } = self;
        let count = routine + ordinary + other;
        let kind = match (routine, ordinary, other) {
            (_, 0, 0) => "routine actions",
            (_, _, 0) => "ordinary actions",
            (0, 0, _) => "other actions",
            (_, _, _) => "actions",
        };
        (count >= FOLD_AT_LEAST).then(|| format!("… {count} {kind}"))
    }

    fn add(&mut self, other: Self) {
        self.routine += other.routine;
        self.ordinary += other.ordinary;
        self.other += other.other;
        self.lanes = other.lanes;
    }
}

impl Block {
    /// Whether nothing happens in it but what should.
    fn is_calm(&self) -> bool {
        match self {
            Self::Row(row) => row.weight < Weight::Notable,
            Self::Hidden(hidden) => hidden.other == 0,
        }
    }

    fn hide(self) -> Hidden {
        match self {
            Self::Row(row) => Hidden {
                ordinary: row.actions,
                lanes: row.lanes,
                ..Hidden::default()
            },
            Self::Hidden(hidden) => hidden,
        }
    }
}

/// Adds hidden actions to what there is.
pub(super) fn hide(blocks: &mut Vec<Block>, more: Hidden) {
    match blocks.last_mut() {
        Some(Block::Hidden(hidden)) => hidden.add(more),
        Some(Block::Row(_)) | None => blocks.push(Block::Hidden(more)),
    }
}

/// Leaves out the middle of long ordinary stretches.
pub(super) fn abridge(blocks: Vec<Block>) -> Vec<Block> {
    let lengths: Vec<usize> = blocks
        .chunk_by(|last, next| last.is_calm() == next.is_calm())
        .map(<[Block]>::len)
        .collect();
    let mut blocks = blocks.into_iter();
    let stretches = lengths.into_iter().map(|length| blocks.by_ref().take(length).collect());
    stretches.flat_map(abridge_stretch).collect()
}

fn abridge_stretch(mut stretch: Vec<Block>) -> Vec<Block> {
    let rows: Vec<usize> = (0..stretch.len())
        .filter(|index| stretch[*index].is_calm() && matches!(stretch[*index], Block::Row(_)))
        .collect();
    if rows.len() < 2 * SHOWN_OF_A_STRETCH + STRETCH_AT_LEAST {
        return stretch;
    }
    let tail = stretch.split_off(rows[rows.len() - SHOWN_OF_A_STRETCH]);
    for block in stretch.split_off(rows[SHOWN_OF_A_STRETCH]) {
        hide(&mut stretch, block.hide());
    }
    stretch.extend(tail);
    stretch
}
