//! Why a command could not be carried out; printed once, by `main`.

use std::io;
use std::path::PathBuf;

use kafkasim::history::HistoryError;
use kafkasim::trace::TraceError;
use kafkasim_scenarios::exploration::PreludeError;
use kafkasim_scenarios::recording::RecordingError;
use kafkasim_scenarios::rule_sets::UnknownRules;
use kafkasim_scenarios::scenario::ScenarioError;

/// Bad input, or a machine that does not let us write.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error(transparent)]
    Rules(#[from] UnknownRules),
    #[error(transparent)]
    Recording(#[from] RecordingError),
    #[error(transparent)]
    Trace(#[from] TraceError),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(transparent)]
    Prelude(#[from] PreludeError),
    #[error("{from} + {count} seeds: the largest seed is {}", u64::MAX)]
    SeedsBeyondEnd { from: u64, count: u64 },
    #[error("a scenario is replayed by one seed: add --seed S, or give the file of a trace")]
    SeedMissing,
    #[error("{path} is a trace, and so one run already: --seed and --rules are for scenarios")]
    SeedForTrace { path: PathBuf },
    #[error("{path} is a trace, which is one run: `replay`, `show` and `shrink` take it; here a scenario is expected")]
    TraceForScenario { path: PathBuf },
    #[error("{path} exists already: choose another file with -o, or replace it with --force")]
    Exists { path: PathBuf },
    #[error("{path} exists already: choose another file for the history, or replace it with --force")]
    HistoryExists { path: PathBuf },
    #[error(
        "--history keeps one run: name one scenario and one seed, like `kafkasim run default --seed 17 --history FILE`"
    )]
    HistoryOfMany,
    #[error("{path}: nothing was found in this run, so there is nothing to shrink towards")]
    NothingFound { path: PathBuf },
    #[error("{path}: this run does not break {promise}; it breaks {found}")]
    OtherFound {
        path: PathBuf,
        promise: String,
        found: String,
    },
    #[error(
        "{path}: replayed by this version, the run does not break {promise} any more; `kafkasim replay {path}` shows where it differs"
    )]
    NotReproduced { path: PathBuf, promise: String },
    #[error("there is no process \"{name}\" in this run; there are {known}")]
    UnknownProcess { name: String, known: String },
    #[error("traces cannot be kept in {path}: {source}; choose another folder with --keep")]
    Keep { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Usage(String),
    #[error("cannot start {threads} threads: {source}")]
    Threads {
        threads: usize,
        source: rayon::ThreadPoolBuildError,
    },
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}
