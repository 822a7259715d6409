//! A replica's log as a strip, with leader epochs where they begin: `[0:e0 p1-0|1 p1-1|2:e1 p2-0) hw=2`.

use std::collections::BTreeSet;
use std::ops::Range;

use super::scene::{Replica, Stored};
use super::text::{Line, Tone};

/// Draws as much of a log as fits, the end above all; records whose values are in `marks` stand out.
pub(super) fn draw(replica: &Replica, marks: &BTreeSet<String>, width: usize) -> Line {
    let end = format!(" hw={}", replica.high_watermark);
    let room = width.saturating_sub(end.len() + 2);
    let shown = which_fit(&replica.records, marks, room);
    let mut line = Line::plain("[");
    let mut next = 0;
    for range in shown {
        if range.start > next {
            line.push(Tone::Dim, if next > 0 { "|…|" } else { "…|" });
        } else if next > 0 {
            line.push(Tone::Dim, "|");
        }
        for index in range.clone() {
            if index > range.start {
                line.push(Tone::Dim, "|");
            }
            line.extend(cell(&replica.records, index, index == range.start, marks));
        }
        next = range.end;
    }
    line.push(Tone::Plain, ")");
    line.push(Tone::Dim, end);
    line.cut(width)
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

/// The ranges of records that are shown: as long a tail as fits, and before it the last marked record, if there is one.
fn which_fit(records: &[Stored], marks: &BTreeSet<String>, room: usize) -> Vec<Range<usize>> {
    const GAP: usize = "|…|".len();
    let Some(last) = records.len().checked_sub(1) else {
        return Vec::new();
    };
    if tail(records, marks, room) == 0 {
        return vec![0..records.len()];
    }
    let start = tail(records, marks, room.saturating_sub(GAP)).min(last);
    match records[..start]
        .iter()
        .rposition(|record| marks.contains(&record.value))
    {
        Some(marked) => {
            let taken = cell(records, marked, true, marks).width() + 2 * GAP;
            let start = tail(records, marks, room.saturating_sub(taken)).clamp(marked + 1, last);
            vec![marked..marked + 1, start..records.len()]
        }
        None => vec![start..records.len()],
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
        check(20, "", 40, "[…|17:e1 p1-17|18 p1-18|19 p1-19) hw=2");
        check(20, "", 12, "[…|19:e1 p1…");
    }

    #[test]
    fn shows_what_is_marked() {
        check(3, "p1-1", 80, "[0:e0 p1-0|►1 p1-1|2:e1 p1-2) hw=2");
        check(20, "p1-1", 50, "[…|►1:e0 p1-1|…|18:e1 p1-18|19 p1-19) hw=2");
        check(20, "p1-0", 50, "[►0:e0 p1-0|…|18:e1 p1-18|19 p1-19) hw=2");
    }
}
