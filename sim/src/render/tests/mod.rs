//! Pictures and histories of hand-made runs.

mod faults;
mod histories;
mod kip_101;
mod real;
mod stage;

use super::ShowOptions;
use stage::Stage;

#[track_caller]
fn check(stage: &Stage, options: &ShowOptions, expected: &str) {
    let drawn = stage.diagram.render(options);
    assert_eq!(drawn.trim_end(), expected.trim(), "\n{drawn}");
}

fn wide(width: usize) -> ShowOptions {
    ShowOptions {
        width,
        ..ShowOptions::default()
    }
}
