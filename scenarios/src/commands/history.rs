//! What commands that run something have in common if its history is to be kept.

use std::path::PathBuf;

use clap::Args;
use kafkasim::check::Finale;
use kafkasim::history::Recorder;
use kafkasim::trace::Trace;
use kafkasim::world::World;

use super::CommandError;
use super::output::{Output, command, quoted};

/// Whether the history of a run is to be kept.
#[derive(Debug, Args)]
pub(crate) struct Keeping {
    /// Write what clients saw, and nothing else, to this file; `kafkasim verify` reads it
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) history: Option<PathBuf>,
    /// Replace that file if it exists
    #[arg(long, requires = "history")]
    force: bool,
}

impl Keeping {
    /// Makes sure, before anything is run, that the history can be kept.
    pub(crate) fn prepare(&self) -> Result<(), CommandError> {
        let Some(path) = &self.history else { return Ok(()) };
        if path.exists() && !self.force {
            return Err(CommandError::HistoryExists { path: path.clone() });
        }
        Ok(Trace::check_writable(path)?)
    }

    /// Writes the history of a run that has ended.
    pub(crate) fn keep(&self, recorder: Recorder, world: &World, finale: Option<&Finale>) -> Result<(), CommandError> {
        let Some(path) = &self.history else { return Ok(()) };
        Ok(recorder.finish(world, finale).write(path)?)
    }

    /// Says where it is.
    pub(crate) fn tell(&self, output: &mut Output) {
        if let Some(path) = &self.history {
            let path = path.to_string_lossy();
            output.labelled("history", &path);
            output.labelled("", command(format_args!("verify {}", quoted(&path))));
        }
    }
}
