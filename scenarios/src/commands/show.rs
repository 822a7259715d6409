//! `kafkasim show`: a run as a picture.

use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use super::{CommandError, Exit};

/// Draw a recorded run
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file of a trace
    trace: PathBuf,
}

/// Runs the command.
pub(crate) fn show(_: &Arguments, _: &mut Output) -> Result<Exit, CommandError> {
    Ok(Exit::AsExpected)
}
