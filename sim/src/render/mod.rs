//! Makes a run readable: a space-time diagram in text, and the history that clients saw.
//!
//! [`Diagram`] and [`History`] watch while a trace is replayed, and draw afterwards. A diagram has a lane for each process; every row is an
//! action, with arrows for messages and, beside the lanes, what happened in words. What does not matter is folded away.
//!
//! `collect` remembers a run; `scene` follows it; `story` tells it, with `actions`, `messages`, `events` and `notes` for the words and
//! `landmarks` for what the verdict is about. `picture` draws it, with `heading`, `layout`, `lanes`, `strip` and `verdict` for the parts, and `fold`
//! for what is left out; `text` measures and colours.

mod actions;
mod administration;
mod collect;
mod events;
mod fold;
mod groups;
mod heading;
mod history;
mod landmarks;
mod lanes;
mod layout;
mod messages;
mod names;
mod notes;
mod picture;
mod scene;
mod story;
mod strip;
#[cfg(test)]
mod tests;
mod text;
mod transit;
mod verdict;

use kafkasim_core::ids::NodeId;

pub use collect::Diagram;
pub(crate) use events::{poll_failure, send_error};
pub use history::{History, history};

/// How to draw a [`Diagram`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowOptions {
    /// Columns of the terminal; no line is wider (but nothing can be drawn in fewer than 40).
    pub width: usize,
    /// Use no other characters than ASCII.
    pub ascii: bool,
    /// Use ANSI colours.
    pub colour: bool,
    /// Show every action, keep-alives and empty fetches too.
    pub full: bool,
    /// Show only what is near this action: its number, from 1, and how many actions before and after it.
    pub around: Option<(usize, usize)>,
    /// Show only the lanes of these processes, and what they have a part in; all, if there are none.
    pub only: Vec<NodeId>,
}

impl Default for ShowOptions {
    /// A terminal of 100 columns, without colours.
    fn default() -> Self {
        Self {
            width: 100,
            ascii: false,
            colour: false,
            full: false,
            around: None,
            only: Vec::new(),
        }
    }
}
