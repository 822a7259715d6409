//! `kafkasim show`: a recorded run as a picture.

use std::path::PathBuf;

use clap::Args;
use kafkasim::render::{Diagram, ShowOptions, history};
use kafkasim::replay::replay;
use kafkasim::setup::Setup;
use kafkasim_core::ids::NodeId;
use kafkasim_scenarios::recording::Recording;

use super::names::Names;
use super::output::{Output, bad, command, faint, quoted};
use super::{CommandError, Exit};

/// Draw a recorded run: a lane for each process, time from top to bottom
///
/// What is of no interest (keep-alives, empty fetches) is folded away. The records that the verdict is about are marked.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The file of a trace
    trace: PathBuf,
    /// Show every action
    #[arg(long, conflicts_with = "history")]
    full: bool,
    /// Show only what is near the action of this number
    #[arg(long, value_name = "ACTION", conflicts_with = "history")]
    around: Option<usize>,
    /// How many actions are near
    #[arg(long, value_name = "N", default_value_t = 30, requires = "around")]
    context: usize,
    /// Show only these processes, by name or number
    #[arg(long, value_name = "PROCESS,…", value_delimiter = ',', conflicts_with = "history")]
    only: Vec<String>,
    /// How many columns to draw in [default: those of the terminal, or else 100]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..))]
    width: Option<u16>,
    /// Use no characters but ASCII
    #[arg(long)]
    ascii: bool,
    /// List what clients called and were told, instead of drawing
    #[arg(long)]
    history: bool,
}

const AFTER_HELP: &str = "\
Examples:
  kafkasim show results/failures/kip-101-17.shrunk.trace
  kafkasim show big.trace --around 3120 --context 50
  kafkasim show big.trace --only broker-1,broker-2,producer-1
  kafkasim show big.trace --history

Shrink a trace first (`kafkasim shrink TRACE`): small pictures are read, large ones are scrolled.";

/// Runs the command.
pub(crate) fn show(arguments: &Arguments, output: &mut Output) -> Result<Exit, CommandError> {
    let recording = Recording::read(&arguments.trace)?;
    let mut world = recording.world();
    let options = options(arguments, world.setup(), recording.trace.steps.len(), output)?;
    let mut diagram = Diagram::new(&recording.scenario.name, recording.rules.name, world.setup());
    for finding in &recording.trace.footer.findings {
        diagram.finding(finding);
    }
    let mut history = history(world.setup());
    let finale = recording.trace.footer.finale.as_ref();
    let replayed = replay(
        &mut world,
        &recording.trace.steps,
        finale,
        &mut (&mut diagram, &mut history),
    );
    if arguments.history {
        output.text(&history.to_string());
    } else {
        output.text(&diagram.render(&options));
    }
    let path = arguments.trace.to_string_lossy();
    let path = quoted(&path);
    output.gap();
    if let Err(drift) = replayed {
        let drift = Names::new(world.setup()).drift(&drift);
        output.hanging(&format!("{} ", bad("FAIL")), &drift);
        output.line(faint("that is as far as the run can be replayed by this version"));
        return Ok(Exit::Drift);
    }
    output.labelled("next", command(format_args!("replay {path}")));
    if !path.contains(".shrunk.") && !recording.trace.footer.findings.is_empty() {
        output.labelled("", command(format_args!("shrink {path}")));
    }
    Ok(Exit::AsExpected)
}

fn options(arguments: &Arguments, setup: &Setup, actions: usize, output: &Output) -> Result<ShowOptions, CommandError> {
    let width = arguments.width.map(usize::from).or(output.width()).unwrap_or(100);
    let only = arguments
        .only
        .iter()
        .map(|name| process(name, setup))
        .collect::<Result<_, _>>()?;
    if let Some(around) = arguments.around.filter(|around| !(1..=actions).contains(around)) {
        let why = format!("--around {around}: this run has the actions 1 to {actions}");
        return Err(CommandError::Usage(why));
    }
    let around = arguments.around.map(|around| (around, arguments.context));
    Ok(ShowOptions {
        width,
        ascii: arguments.ascii,
        colour: output.colours(),
        full: arguments.full,
        around,
        only,
    })
}

fn process(name: &str, setup: &Setup) -> Result<NodeId, CommandError> {
    let is_meant =
        |(node, process): &(NodeId, &kafkasim::setup::ProcessSpec)| process.name == name || node.to_string() == name;
    setup.nodes().find(is_meant).map(|(node, _)| node).ok_or_else(|| {
        let known = setup
            .nodes()
            .map(|(node, process)| format!("{node} {}", process.name))
            .collect::<Vec<_>>()
            .join(", ");
        CommandError::UnknownProcess {
            name: name.to_owned(),
            known,
        }
    })
}
