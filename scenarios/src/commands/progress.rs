//! Progress of whatever takes long, on standard error, and only if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts up to a known number of seeds.
pub(crate) fn seeds(label: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    bar.set_style(style(
        "{msg} {wide_bar} {human_pos}/{human_len} seeds  {per_sec}  {eta}",
    ));
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
    spinner.set_style(style("{spinner} {human_pos} states  {per_sec}  {msg}  {elapsed}"));
    spinner
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is well-formed")
}
