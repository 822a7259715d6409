//! A replica's log as a strip, with leader epochs where they begin: `[0:e0 p1-0|1 p1-1|2:e1 p2-0) hw=2`.

use std::collections::BTreeSet;

use super::scene::{Replica, Stored};
use super::text::{Line, Tone};

/// What is shown of a log: a tail, and before it perhaps one marked record.
struct Shown {
    marked: Option<usize>,
    tail: usize,
}

/// Draws as much of a log as fits, the end above all; records whose values are in `marks` stand out.
pub(super) fn draw(replica: &Replica, marks: &BTreeSet<String>, width: usize) -> Line {
    let Replica {
        records,
        high_watermark,
        ..
    } = replica;
    let end = format!(" hw={high_watermark}");
    let Shown { marked, tail } = which_fit(records, marks, width.saturating_sub(end.len() + 2));
    let mut line = Line::plain("[");
    let first = marked.unwrap_or(tail);
    line.push(Tone::Dim, if first > 0 { "…|" } else { "" });
    if let Some(marked) = marked {
        line.extend(cell(records, marked, true, marks));
        line.push(Tone::Dim, if marked + 1 < tail { "|…|" } else { "|" });
    }
    for index in tail..records.len() {
        line.push(Tone::Dim, if index > tail { "|" } else { "" });
        line.extend(cell(records, index, index == tail, marks));
    }
    line.then(Tone::Plain, ")").then(Tone::Dim, end).cut(width)
}

fn cell(records: &[Stored], index: usize, is_first: bool, marks: &BTreeSet<String>) -> Line {
    let record = &records[index];
    let begins_epoch = is_first || records[index - 1].epoch != record.epoch;
    let epoch = if begins_epoch {
        format!(":e{}", record.epoch)
    } else {
        String::new()
    };
    let where_it_is = format!("{}{epoch} ", record.offset);
    if marks.contains(&record.value) {
        Line::of(Tone::Mark, format!("►{where_it_is}{}", record.value))
    } else {
        Line::of(Tone::Dim, where_it_is).then(Tone::Plain, record.value.clone())
    }
}

/// As long a tail as fits, and the last marked record before it, if there is one.
fn which_fit(records: &[Stored], marks: &BTreeSet<String>, room: usize) -> Shown {
    /// Columns of `|…|`.
    const GAP: usize = 3;
    if tail(records, marks, room) == 0 {
        return Shown { marked: None, tail: 0 };
    }
    let last = records.len() - 1;
    let start = tail(records, marks, room.saturating_sub(GAP)).min(last);
    let marked = records[..start]
        .iter()
        .rposition(|record| marks.contains(&record.value));
    let Some(marked) = marked else {
        return Shown {
            marked: None,
            tail: start,
        };
    };
    let taken = cell(records, marked, true, marks).width() + 2 * GAP;
    let start = tail(records, marks, room.saturating_sub(taken)).clamp(marked + 1, last);
    Shown {
        marked: Some(marked),
        tail: start,
    }
}

/// Where the longest tail begins that fits.
fn tail(records: &[Stored], marks: &BTreeSet<String>, room: usize) -> usize {
    let mut taken = 0;
    let fits = |index: &usize| {
        let first = cell(records, *index, true, marks).width();
        let fits = taken + first <= room;
        taken += cell(records, *index, *index == 0, marks).width() + "|".len();
        fits
    };
    records.len() - (0..records.len()).rev().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use kafkasim_core::ids::{LeaderEpoch, Offset};

    use super::super::text::Ink;
    use super::*;

    #[track_caller]
    fn check(records: i64, mark: &str, width: usize, expected: &str) {
        let stored = |offset| Stored {
            offset: Offset(offset),
            epoch: LeaderEpoch(i32::from(offset > 1)),
            value: format!("p1-{offset}"),
        };
        let replica = Replica {
            records: (0..records).map(stored).collect(),
            high_watermark: Offset(2),
            leads: None,
        };
        let line = draw(&replica, &BTreeSet::from([mark.to_owned()]), width);
        let mut printed = String::new();
        line.print(
            Ink {
                ascii: false,
                colour: false,
            },
            &mut printed,
        );
        assert_eq!(printed.trim_end(), expected);
        assert!(line.width() <= width, "{} columns of {width}", line.width());
    }

    #[test]
    fn shows_offsets_epochs_and_values() {
        check(0, "", 80, "[) hw=2");
        check(3, "", 80, "[0:e0 p1-0|1 p1-1|2:e1 p1-2) hw=2");
        check(3, "", 33, "[0:e0 p1-0|1 p1-1|2:e1 p1-2) hw=2");
    }

    #[test]
    fn shows_the_tail_of_a_long_log() {
        check(3, "", 32, "[…|1:e0 p1-1|2:e1 p1-2) hw=2");
        check(20, "", 42, "[…|17:e1 p1-17|18 p1-18|19 p1-19) hw=2");
        check(20, "", 12, "[…|19:e1 p1…");
    }

    #[test]
    fn shows_what_is_marked() {
        check(3, "p1-1", 80, "[0:e0 p1-0|►1 p1-1|2:e1 p1-2) hw=2");
        check(20, "p1-1", 50, "[…|►1:e0 p1-1|…|18:e1 p1-18|19 p1-19) hw=2");
        check(20, "p1-0", 50, "[►0:e0 p1-0|…|18:e1 p1-18|19 p1-19) hw=2");
    }
}
