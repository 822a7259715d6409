//! Progress of whatever takes long, on standard error: a bar on a terminal, elsewhere a plain line from time to time.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressState, ProgressStyle};

/// Where nobody watches a bar, so many seconds go by from one line to the next.
const EVERY_S: u64 = 10;

/// How far something has come.
pub(crate) struct Progress {
    bar: ProgressBar,
    counts: Counts,
    is_plain: bool,
    /// When a line was written last, in seconds since the beginning.
    told_s: AtomicU64,
}

/// What is counted.
#[derive(Clone, Copy)]
enum Counts {
    Seeds,
    States,
    Nothing,
}

/// A bar that counts up to a known number of seeds.
pub(crate) fn seeds(label: &str, total: u64) -> Progress {
    let template = "{msg} {wide_bar} {human_pos}/{human_len} seeds  {rate}/s  {eta}";
    Progress::new(ProgressBar::new(total), template, Counts::Seeds, label)
}

/// A line that changes until it is done.
pub(crate) fn spinner(label: &str) -> Progress {
    let template = "{spinner} {msg}  {elapsed}";
    Progress::new(ProgressBar::new_spinner(), template, Counts::Nothing, label)
}

/// A line that counts states, with how many there are in a second.
pub(crate) fn states(label: &str) -> Progress {
    let template = "{spinner} {human_pos} states  {rate}/s  {msg}  {elapsed}";
    Progress::new(ProgressBar::new_spinner(), template, Counts::States, label)
}

impl Progress {
    fn new(bar: ProgressBar, template: &str, counts: Counts, label: &str) -> Self {
        bar.set_style(style(template));
        bar.set_message(label.to_owned());
        Self {
            bar,
            counts,
            is_plain: !io::stderr().is_terminal(),
            told_s: AtomicU64::new(0),
        }
    }

    /// So many more are done.
    pub(crate) fn inc(&self, more: u64) {
        self.bar.inc(more);
        self.tell();
    }

    /// So many are done.
    pub(crate) fn set_position(&self, done: u64) {
        self.bar.set_position(done);
        self.tell();
    }

    /// So many are to be done.
    pub(crate) fn set_length(&self, total: u64) {
        self.bar.set_length(total);
    }

    /// What is being done.
    pub(crate) fn set_message(&self, message: String) {
        self.bar.set_message(message);
        self.bar.tick();
        self.tell();
    }

    /// It is done, and leaves no bar behind.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Writes a line if it is time for one. Several threads may ask at once; one of them writes.
    fn tell(&self) {
        if !self.is_plain {
            return;
        }
        let (now_s, told_s) = (self.bar.elapsed().as_secs(), self.told_s.load(Ordering::Relaxed));
        let is_due = now_s >= told_s + EVERY_S;
        let exchange = |now_s| {
            self.told_s
                .compare_exchange(told_s, now_s, Ordering::Relaxed, Ordering::Relaxed)
        };
        if is_due && exchange(now_s).is_ok() {
            let (done, message) = (HumanCount(self.bar.position()), self.bar.message());
            let elapsed = HumanDuration(self.bar.elapsed());
            let line = match self.counts {
                Counts::Seeds => {
                    let total = HumanCount(self.bar.length().unwrap_or_default());
                    format!("{message}: {done} of {total} seeds after {elapsed}")
                }
                Counts::States => format!("{message}: {done} states after {elapsed}"),
                Counts::Nothing => format!("{message} after {elapsed}"),
            };
            // Whoever closes standard error wants no progress.
            let _ = writeln!(io::stderr(), "{line}");
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        let digits = if state.per_sec() < 10.0 { 1 } else { 0 };
        // A rate that cannot be shown is no reason to stop.
        let _ = write!(out, "{:.digits$}", state.per_sec());
    };
    ProgressStyle::with_template(template)
        .expect("the template is well-formed")
        .with_key("rate", rate)
}
