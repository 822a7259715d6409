//! What `kafkasim` can be asked to do, and what its exit status means.

mod all;
mod draws;
mod error;
mod explore;
mod explored;
mod history;
mod list;
mod names;
mod output;
mod progress;
mod replay;
mod report;
mod run;
mod seeds;
mod show;
mod shrink;
mod summary;
mod target;
mod telling;
mod verdict;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use error::CommandError;
use output::Output;

/// Kafka as pure state machines, put on trial.
///
/// Brokers, controllers, producers and consumers follow Kafka's protocol rules in a simulated world that crashes, cuts, delays and
/// resets them. What clients saw is checked against what Kafka promises for the configuration in use. Without a command, every
/// built-in scenario is run under many seeds, and every exhibit (a wrong rule) must be convicted.
#[derive(Debug, Parser)]
#[command(name = "kafkasim", version, args_conflicts_with_subcommands = true, max_term_width = 110, after_help = AFTER_HELP)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    all: all::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Arguments),
    Run(run::Arguments),
    Replay(replay::Arguments),
    Shrink(shrink::Arguments),
    Show(show::Arguments),
    Explore(explore::Arguments),
    Verify(verify::Arguments),
}

const AFTER_HELP: &str = "\
Examples:
  kafkasim                              everything, with a table of verdicts
  kafkasim list                         what there is
  kafkasim run default --seeds 1000     one scenario under a thousand seeds
  kafkasim run mine.toml                a scenario of your own
  kafkasim run kip-101                  convict a rule that Kafka once had
  kafkasim replay X.trace               a run again, step by step
  kafkasim shrink X.trace               the same failure, small
  kafkasim show X.trace                 the same run as a picture
  kafkasim explore replication-2        every interleaving of a small scenario
  kafkasim verify X.jsonl               anomalies in what clients saw, here or on a real cluster

Exit status:
  0    as expected
  1    a promise was broken, a history shows an anomaly, or the rule of an exhibit was not convicted
  2    bad input: nothing was run, nothing was written
  3    an expected anomaly was never found, or a situation never reached: nothing is shown, be it for want of seeds
  4    a replay differs from what was recorded
  101  a bug of kafkasim itself: a machine broke one of its invariants";

/// How a command came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    /// As expected.
    AsExpected,
    /// A replay differs from what was recorded.
    Drift,
    /// An expected anomaly was not found, or a situation not reached.
    Missing,
    /// A promise was broken, or an exhibit survived.
    Broken,
}

impl Exit {
    const fn status(self) -> u8 {
        match self {
            Self::AsExpected => 0,
            Self::Broken => 1,
            Self::Missing => 3,
            Self::Drift => 4,
        }
    }
}

const BAD_INPUT: u8 = 2;

/// Parses the command line, does what it says, and says once what was wrong.
pub(crate) fn main() -> ExitCode {
    let arguments = CommandLine::parse();
    let mut output = Output::stdout();
    let done = dispatch(&arguments, &mut output).and_then(|exit| output.finish().map(|()| exit));
    match done {
        Ok(exit) => exit.status().into(),
        Err(error) => {
            anstream::eprintln!("{} {error}", output::bad("error:"));
            BAD_INPUT.into()
        }
    }
}

fn dispatch(arguments: &CommandLine, output: &mut Output) -> Result<Exit, CommandError> {
    match &arguments.command {
        None => all::all(&arguments.all, output),
        Some(Command::List(arguments)) => list::list(arguments, output),
        Some(Command::Run(arguments)) => run::run(arguments, output),
        Some(Command::Replay(arguments)) => replay::replay(arguments, output),
        Some(Command::Shrink(arguments)) => shrink::shrink(arguments, output),
        Some(Command::Show(arguments)) => show::show(arguments, output),
        Some(Command::Explore(arguments)) => explore::explore(arguments, output),
        Some(Command::Verify(arguments)) => verify::verify(arguments, output),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::CommandLine::command().debug_assert();
    }
}
