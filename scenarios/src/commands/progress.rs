//! Progress of whatever takes long, on standard error, and only if that is a terminal.

use std::fmt::Write;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// A bar that counts up to a known number of seeds.
pub(crate) fn seeds(label: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    bar.set_style(style("{msg} {wide_bar} {human_pos}/{human_len} seeds  {rate}/s  {eta}"));
    bar.set_message(label.to_owned());
    bar
}

/// A line that changes until it is done.
pub(crate) fn spinner(label: &str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    spinner.set_style(style("{spinner} {msg}  {elapsed}"));
    spinner.set_message(label.to_owned());
    spinner
}

/// A line that counts states, with how many there are in a second.
pub(crate) fn states() -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    spinner.set_style(style("{spinner} {human_pos} states  {rate}/s  {msg}  {elapsed}"));
    spinner
}

fn style(template: &str) -> ProgressStyle {
    let rate = |state: &ProgressState, out: &mut dyn Write| {
        let digits = if state.per_sec() < 10.0 { 1 } else { 0 };
        // A rate that cannot be shown is no reason to stop.
        let _ = write!(out, "{:.digits$}", state.per_sec());
    };
    ProgressStyle::with_template(template)
        .expect("the template is well-formed")
        .with_key("rate", rate)
}
