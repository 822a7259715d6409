//! A consumer in one partition: whether the next record is the one that comes next. Monitors ask that of what is committed, and those who have only a
//! history of what is known to have been in the log.

use kafkasim_core::ids::{LeaderEpoch, Offset};

/// A consumer in one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Reader {
    /// The last record that it was given: its offset and leader epoch, which say which record it is.
    last: Option<(Offset, LeaderEpoch)>,
    /// Where it is to start, while it was given nothing.
    starts_at: Option<Offset>,
    /// What was deleted when it had to start elsewhere, because what it was to read next was deleted.
    undercut: Option<Offset>,
    /// The application wants it at an end of the log, and that is still to be looked up.
    awaits_reset: bool,
    /// It was given the partition by its group, and is to start where that has come to; nothing was read or sought since.
    awaits_committed: bool,
    /// Its position was moved since: it has been told that it does not simply read on.
    was_moved: bool,
    /// Where its position was moved to last, until it is given something.
    moved_to: Option<Offset>,
}

/// What is wrong with the next records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// They start at or before what was given already.
    Back,
    /// They start before where the application has sought to, or before that was looked up.
    Early,
    /// They start behind something that was not given.
    Skip(Offset),
    /// They go on from a record that their log does not have, and nobody was told (KIP-320).
    Over(Offset),
}

/// A log, as far as readers are judged by it.
pub(crate) struct Log<R, T> {
    /// Where the first record from some offset on is.
    pub(crate) first_record: R,
    /// Whether the record that an offset and a leader epoch name is in it.
    pub(crate) is_there: T,
}

impl Reader {
    /// The application has sought to here.
    pub(crate) fn starting_at(offset: Offset) -> Self {
        Self {
            starts_at: Some(offset),
            moved_to: Some(offset),
            was_moved: true,
            ..Self::default()
        }
    }

    /// The application has sought to an end of the log.
    pub(crate) fn awaiting_reset() -> Self {
        Self {
            awaits_reset: true,
            was_moved: true,
            ..Self::default()
        }
    }

    /// It was given the partition by its group.
    pub(crate) fn awaiting_committed() -> Self {
        Self {
            awaits_committed: true,
            was_moved: true,
            ..Self::default()
        }
    }

    /// It is told where its group has come to, and begins there if it has waited for that.
    pub(crate) fn begins(&mut self, at: Offset) {
        if self.awaits_committed {
            self.starts_at = Some(at);
            self.moved_to = Some(at);
        }
    }

    /// Its position was moved: looked up anew, or taken back behind a truncation.
    pub(crate) fn moved(&mut self, to: Offset) {
        self.awaits_committed = false;
        self.starts_at = self.last.is_none().then_some(to);
        self.moved_to = Some(to);
        self.was_moved = true;
        self.awaits_reset = false;
    }

    /// Whether it may tell that this is its position.
    pub(crate) fn may_be_at(&self, at: Offset, first_from: impl Fn(Offset) -> Option<Offset>) -> bool {
        match (self.moved_to, self.last) {
            _ if self.awaits_reset => false,
            (Some(to), _) => at == to,
            (None, Some((last, _))) => at > last && first_from(last.next()).is_none_or(|next| next >= at),
            (None, None) => true,
        }
    }

    /// It has to start elsewhere; if what it was to read next is among what is deleted before this offset, nothing of that is missed.
    pub(crate) fn undercut_by(&mut self, deleted: Offset) {
        self.undercut = self.last.filter(|(last, _)| last.next() < deleted).map(|_| deleted);
    }

    /// Whether what it was to read next was deleted.
    pub(crate) const fn is_undercut(&self) -> bool {
        self.undercut.is_some()
    }

    /// The offset of the last record that it was given.
    pub(crate) fn last_given(&self) -> Option<Offset> {
        self.last.map(|(offset, _)| offset)
    }

    /// It is given this record.
    pub(crate) fn next(
        &mut self,
        record: (Offset, LeaderEpoch),
        log: &Log<impl Fn(Offset) -> Option<Offset>, impl Fn((Offset, LeaderEpoch)) -> bool>,
    ) -> Option<Break> {
        let offset = record.0;
        let last = self.last.replace(record);
        let starts_at = self.starts_at.take();
        let undercut = self.undercut.take();
        self.moved_to = None;
        self.awaits_committed = false;
        if self.awaits_reset || starts_at.is_some_and(|start| offset < start) {
            return Some(Break::Early);
        }
        let was_moved = std::mem::take(&mut self.was_moved);
        if let Some(last) = last {
            if offset <= last.0 {
                return Some(Break::Back);
            }
            let has_new_epoch = last.1 != record.1;
            // What is read from another log than this one is judged as that.
            if has_new_epoch && !was_moved && (log.is_there)(record) && !(log.is_there)(last) {
                return Some(Break::Over(last.0));
            }
        }
        let from = last.map(|(last, _)| last.next()).or(starts_at)?;
        if offset == from {
            return None;
        }
        let from = undercut.map_or(from, |deleted| from.max(deleted));
        (log.first_record)(from)
            .filter(|missed| *missed < offset)
            .map(Break::Skip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader meets in a log with records at these offsets, up to 9 of the epoch 1 and from 10 on of the epoch 2. `cut:7` looks its
    /// position up after the deletion of what is before 7.
    fn check(records: &[i64], steps: &str, expected: &str) {
        let epoch_of = |offset: i64| LeaderEpoch(if offset < 10 { 1 } else { 2 });
        let log = Log {
            first_record: |from: Offset| records.iter().copied().map(Offset).find(|offset| *offset >= from),
            is_there: |(offset, epoch): (Offset, LeaderEpoch)| {
                records.contains(&offset.0) && epoch_of(offset.0) == epoch
            },
        };
        let mut reader = Reader::default();
        let told: Vec<_> = steps
            .split_whitespace()
            .filter_map(|step| {
                if let Some(to) = step.strip_prefix("seek:") {
                    reader = to
                        .parse()
                        .map_or_else(|_| Reader::awaiting_reset(), |to| Reader::starting_at(Offset(to)));
                    return None;
                }
                if let Some(deleted) = step.strip_prefix("cut:") {
                    reader.undercut = Some(Offset(deleted.parse().expect("an offset")));
                    return None;
                }
                if let Some(to) = step.strip_prefix("move:") {
                    reader.moved(Offset(to.parse().expect("an offset")));
                    return None;
                }
                let (offset, epoch) = step.split_once('@').unwrap_or((step, ""));
                let offset: i64 = offset.parse().expect("an offset");
                let epoch = epoch.parse().map_or_else(|_| epoch_of(offset), LeaderEpoch);
                Some(match reader.next((Offset(offset), epoch), &log) {
                    None => format!("{offset}"),
                    Some(Break::Back) => format!("{offset}:back"),
                    Some(Break::Early) => format!("{offset}:early"),
                    Some(Break::Skip(missed)) => format!("{offset}:skips {missed}"),
                    Some(Break::Over(gone)) => format!("{offset}:over {gone}"),
                })
            })
            .collect();
        assert_eq!(told.join(" "), expected, "{steps}");
    }

    #[test]
    fn a_position_is_where_it_was_moved_to_or_behind_what_was_given() {
        let first_from = |from: Offset| [0, 1, 3].map(Offset).into_iter().find(|offset| *offset >= from);
        let may_be =
            |reader: &Reader| -> Vec<i64> { (0..6).filter(|at| reader.may_be_at(Offset(*at), first_from)).collect() };
        let log = Log {
            first_record: first_from,
            is_there: |_| false,
        };
        let mut reader = Reader::starting_at(Offset(1));
        assert_eq!(may_be(&reader), [1]);
        assert_eq!(reader.next((Offset(1), LeaderEpoch(1)), &log), None);
        assert_eq!(may_be(&reader), [2, 3]);
        reader.moved(Offset(0));
        assert_eq!(may_be(&reader), [0]);
        assert_eq!(may_be(&Reader::awaiting_reset()), [0_i64; 0]);
    }

    #[test]
    fn who_seeks_reads_from_there() {
        check(&[0, 1, 2, 3], "0 1 seek:3 3", "0 1 3");
        check(&[0, 1, 2, 3], "0 1 2 seek:1 1 2", "0 1 2 1 2");
        check(&[0, 1, 3], "0 seek:2 3", "0 3");
        check(&[0, 1, 2, 3], "0 seek:2 3", "0 3:skips 2");
        check(&[0, 1, 2, 3], "0 seek:2 1", "0 1:early");
        check(&[0, 1, 2, 3], "0 seek:end 1", "0 1:early");
        check(&[0, 1, 2, 3], "0 seek:end move:3 3", "0 3");
        check(&[0, 1, 2, 3], "0 seek:9 move:0 0", "0 0");
    }

    #[test]
    fn nobody_reads_on_over_what_is_gone() {
        check(&[8, 9, 10, 11], "8 9 10 11", "8 9 10 11");
        check(&[8, 9, 10, 11], "9 10@1 11@1", "9 10 11");
        check(&[8, 9, 10, 11], "9 10@1 11@2", "9 10 11:over 10");
        check(&[8, 9, 10, 11], "9@0 10", "9 10:over 9");
        check(&[8, 9, 10, 11], "9@0 move:10 10", "9 10");
        check(&[8, 9, 10, 11], "9 10@1 move:10 10 11", "9 10 10:back 11");
        check(&[8, 9, 10], "9@0 10@1", "9 10");
    }

    #[test]
    fn reads_are_contiguous_and_monotone() {
        check(&[0, 1, 2, 3], "0 1 2 3", "0 1 2 3");
        check(&[0, 1, 2, 3], "0 2", "0 2:skips 1");
        check(&[0, 1, 3], "0 1 3", "0 1 3");
        check(&[0, 1, 2], "0 1 1 2", "0 1 1:back 2");
        check(&[0, 1, 2], "2", "2");
        check(&[0, 1, 2], "move:0 2", "2:skips 0");
        check(&[0, 1, 2], "0 1 2 move:1 1", "0 1 2 1:back");
        check(&[0, 1, 2, 3], "0 move:3 3", "0 3:skips 1");
        check(&[0, 1, 2, 3, 4], "0 cut:3 3 4", "0 3 4");
        check(&[0, 1, 2, 3, 4], "0 cut:3 4", "0 4:skips 3");
        check(&[0, 1, 2, 3, 4], "0 1 cut:3 1", "0 1 1:back");
        check(&[0, 1, 2, 3, 4], "0 cut:2 2 4", "0 2 4:skips 3");
    }
}
