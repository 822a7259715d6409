//! `kafkasim replay`: the same run again, told step by step.

use std::path::{Path, PathBuf};

use clap::Args;
use kafkasim::check::{Finding, Promise, Verdict};
use kafkasim::history::Recorder;
use kafkasim::replay;
use kafkasim::run::Observer;
use kafkasim::setup::Setup;
use kafkasim::trace::Trace;
use kafkasim::world::{Outcome, Step, World};
use kafkasim_scenarios::campaign::EVERYTHING;
use kafkasim_scenarios::recording::Recording;
use serde::Serialize;

use super::history::Keeping;
use super::names::Names;
use super::output::{Output, bad, brief, command, count, faint, good, notable, quoted};
use super::seeds::number;
use super::summary::because;
use super::target::Target;
use super::telling;
use super::{CommandError, Exit};

/// Live through a recorded run again, step by step
///
/// Each action is one line, what machines told about it is indented below. At the end the findings and the final state are compared with
/// what was recorded.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The file of a trace, or a scenario together with --seed
    #[arg(value_name = "TRACE|SCENARIO")]
    what: String,
    /// The seed of the scenario, like 17 or 0x9e37
    #[arg(long, value_name = "SEED", value_parser = number)]
    seed: Option<u64>,
    /// The rules of the scenario: `current`, or those of an exhibit
    #[arg(long, value_name = "NAME", requires = "seed")]
    rules: Option<String>,
    /// Only compare, tell nothing of the way
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    keeping: Keeping,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
Examples:
  kafkasim replay results/failures/acks-1-leader-loss-4.trace
  kafkasim replay default --seed 17
  kafkasim replay default --seed 17 --quiet --history 17.jsonl    what clients saw, for `kafkasim verify`
  kafkasim replay results/regressions/X.trace --quiet && echo still the same

Exit status: 0 if everything is equal, 4 if the run differs from what was recorded.";

/// Runs the command.
pub(crate) fn replay(arguments: &Arguments, output: &mut Output) -> Result<Exit, CommandError> {
    let (run, trace) = match arguments.seed {
        None if is_trace(&arguments.what) => {
            let path = PathBuf::from(&arguments.what);
            let recording = Recording::read(&path)?;
            let world = recording.world();
            (
                Run {
                    name: arguments.what.clone(),
                    file: Some(path),
                    world,
                },
                recording.trace,
            )
        }
        None => {
            Target::find(&arguments.what, arguments.rules.as_deref())?;
            return Err(CommandError::SeedMissing);
        }
        Some(_) if is_trace(&arguments.what) => {
            return Err(CommandError::SeedForTrace {
                path: arguments.what.clone().into(),
            });
        }
        Some(seed) => {
            let target = Target::find(&arguments.what, arguments.rules.as_deref())?;
            let (_, trace) = target.trial().trace(seed);
            let world = target
                .scenario
                .resolve(seed)
                .build(target.rules.rules, EVERYTHING)
                .world();
            (
                Run {
                    name: format!("{} --seed {seed}", target.arguments()),
                    file: None,
                    world,
                },
                trace,
            )
        }
    };
    arguments.keeping.prepare()?;
    let comparison = run.compare(&trace, arguments, output)?;
    Ok(if comparison.is_equal() {
        Exit::AsExpected
    } else {
        Exit::Drift
    })
}

/// Whether a name on the command line is meant as the file of a trace.
fn is_trace(what: &str) -> bool {
    let path = Path::new(what);
    path.extension().is_some_and(|ending| ending == "trace")
        || (path.is_file() && path.extension().is_none_or(|ending| ending != "toml"))
}

/// A run about to be lived through again.
struct Run {
    name: String,
    file: Option<PathBuf>,
    world: World,
}

impl Run {
    fn compare(
        mut self,
        trace: &Trace,
        arguments: &Arguments,
        output: &mut Output,
    ) -> Result<Comparison, CommandError> {
        let is_told = !arguments.quiet && !arguments.json;
        let mut steps = Vec::new();
        if is_told {
            tell_cast(self.world.setup(), output);
        }
        let mut teller = Teller {
            names: Names::new(self.world.setup()),
            output: is_told.then_some(&mut *output),
            steps: &mut steps,
        };
        let mut recorder = Recorder::new(self.world.setup(), &trace.header.found_by);
        let finale = trace.footer.finale.as_ref();
        let replayed = replay::replay(&mut self.world, &trace.steps, finale, &mut (&mut teller, &mut recorder));
        let replayed = replayed.map_err(|drift| teller.names.drift(&drift));
        arguments.keeping.keep(recorder, &self.world, finale)?;
        let comparison = Comparison::of(&mut self.world, trace, replayed);
        if arguments.json {
            let steps = if arguments.quiet { Vec::new() } else { steps };
            output.json(&Document {
                run: &self.name,
                comparison: &comparison,
                steps,
            });
        } else {
            self.tell(trace, &comparison, output);
            arguments.keeping.tell(output);
        }
        Ok(comparison)
    }

    fn tell(&self, trace: &Trace, comparison: &Comparison, output: &mut Output) {
        output.gap();
        for finding in &comparison.findings {
            let promise = match finding.verdict {
                Verdict::Violated => bad(finding.promise),
                Verdict::Allowed { .. } => notable(finding.promise),
            };
            output.prose("found", &format!("{promise}{}", because(&finding.verdict)));
            output.prose("", &brief(&finding.message));
        }
        let found_by = &trace.header.found_by;
        let found_by = command(found_by.strip_prefix("kafkasim ").unwrap_or(found_by));
        output.labelled("found by", found_by);
        if comparison.is_equal() {
            let actions = count(trace.steps.len() as u64, "action");
            let findings = count(comparison.findings.len() as u64, "finding");
            output.labelled(
                "verdict",
                format_args!("{}, event for event: {actions}, {findings}", good("equal")),
            );
            output.labelled("", faint(format_args!("fingerprint {}", comparison.fingerprint)));
        } else {
            output.labelled("verdict", bad("different from what was recorded"));
            for difference in comparison.differences() {
                output.prose("", &difference);
            }
            output.prose(
                "",
                "A trace replays as long as machines do what they did; if they were changed on purpose, find it again.",
            );
            return;
        }
        match &self.file {
            Some(path) => {
                let path = path.to_string_lossy();
                output.labelled("next", command(format_args!("show {}", quoted(&path))));
                if !trace.footer.findings.is_empty() && !path.contains(".shrunk.") {
                    output.labelled("", command(format_args!("shrink {}", quoted(&path))));
                }
            }
            None => output.labelled(
                "next",
                format_args!(
                    "{}  {}",
                    command(format_args!("run {}", self.name)),
                    faint("keeps the trace if it finds something")
                ),
            ),
        }
    }
}

/// How a run differs from what was recorded, if it does.
#[derive(Serialize)]
struct Comparison {
    equal: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    drift: Option<String>,
    findings: Vec<Finding>,
    #[serde(skip)]
    recorded: Vec<Finding>,
    fingerprint: String,
    recorded_fingerprint: String,
}

impl Comparison {
    fn of(world: &mut World, trace: &Trace, replayed: Result<Vec<Finding>, String>) -> Self {
        let (findings, drift) = match replayed {
            Ok(findings) => (findings, None),
            Err(drift) => (Vec::new(), Some(drift)),
        };
        let fingerprint = world.fingerprint().to_string();
        // A run without a finale did not get far enough for a replay to judge whether it would have finished.
        let can_be_found = |finding: &&Finding| trace.footer.finale.is_some() || finding.promise != Promise::Liveness;
        let recorded: Vec<_> = trace.footer.findings.iter().filter(can_be_found).cloned().collect();
        let equal = drift.is_none() && findings == recorded && fingerprint == trace.footer.fingerprint;
        Self {
            equal,
            drift,
            findings,
            recorded,
            fingerprint,
            recorded_fingerprint: trace.footer.fingerprint.clone(),
        }
    }

    const fn is_equal(&self) -> bool {
        self.equal
    }

    fn differences(&self) -> Vec<String> {
        if let Some(drift) = &self.drift {
            return vec![drift.clone()];
        }
        let mut differences = Vec::new();
        for missing in self.recorded.iter().filter(|finding| !self.findings.contains(finding)) {
            differences.push(format!("not found any more: {}: {}", missing.promise, missing.message));
        }
        for new in self.findings.iter().filter(|finding| !self.recorded.contains(finding)) {
            differences.push(format!("not found then: {}: {}", new.promise, new.message));
        }
        if self.fingerprint != self.recorded_fingerprint {
            differences.push(format!(
                "every action could happen again, but the final state is another: {} was {}",
                self.fingerprint, self.recorded_fingerprint
            ));
        }
        differences
    }
}

/// Says who is who.
fn tell_cast(setup: &Setup, output: &mut Output) {
    let cast = setup
        .nodes()
        .map(|(node, process)| format!("{} {}", faint(node), process.name));
    output.flow("processes", cast);
    output.gap();
}

/// Tells every step, or notes it down.
struct Teller<'a> {
    names: Names,
    output: Option<&'a mut Output>,
    steps: &'a mut Vec<Told>,
}

/// One action in words.
#[derive(Serialize)]
struct Told {
    number: usize,
    at_us: u64,
    action: String,
    events: Vec<String>,
    found: Vec<Finding>,
}

impl Observer for Teller<'_> {
    fn observe(&mut self, world: &mut World, step: &Step, outcome: &Outcome) {
        self.names.learn(world);
        let events = outcome
            .events
            .iter()
            .filter_map(|event| telling::event(event, &self.names));
        let number = self.steps.last().map_or(1, |told| told.number + 1);
        let told = Told {
            number,
            at_us: step.at_us,
            action: self.names.action(&step.action),
            events: events.collect(),
            found: outcome.findings.clone(),
        };
        match &mut self.output {
            Some(output) => {
                tell_step(&told, step, output);
                self.steps.clear();
                self.steps.push(told);
            }
            None => self.steps.push(told),
        }
    }
}

fn tell_step(told: &Told, step: &Step, output: &mut Output) {
    let at = format!("{:>5}.{:06}", told.at_us / 1_000_000, told.at_us % 1_000_000);
    let before = format!("{} {at}  ", faint(format_args!("{:>6}", told.number)));
    if step.action.is_fault() {
        output.line(format_args!("{before}{}", bad(&told.action)));
    } else {
        output.hanging(&before, &told.action);
    }
    for event in &told.events {
        output.hanging(EVENT, event);
    }
    for finding in &told.found {
        output.hanging(EVENT, &format!("{} {}", bad(finding.promise), finding.message));
    }
}

/// Events are told below their action, behind this.
const EVENT: &str = "                      ";

#[derive(Serialize)]
struct Document<'a> {
    run: &'a str,
    #[serde(flatten)]
    comparison: &'a Comparison,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Told>,
}
