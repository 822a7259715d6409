//! `kafkasim shrink`: the smallest run that breaks the same promise.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use kafkasim::check::{Finding, Promise, Verdict};
use kafkasim::replay::replay;
use kafkasim::shrink::{Round, Shrinker, Shrunk};
use kafkasim::trace::{Footer, Trace};
use kafkasim::world::Step;
use kafkasim_scenarios::recording::Recording;
use kafkasim_scenarios::scenario::{Expectation, did_you_mean, nearest};

use super::output::{Output, bad, brief, command, count, good, notable, quoted};
use super::summary::because;
use super::{CommandError, Exit, progress};

/// Make a failing run small: the fewest actions, above all the fewest faults, that still break the same promise
///
/// Whole parts of the run are left out, each candidate is replayed, and what still breaks the promise is kept. The result is an ordinary
/// trace.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The file of a trace
    trace: PathBuf,
    /// Where to write the small trace [default: beside the other, as X.shrunk.trace, or X.PROMISE.shrunk.trace]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace that file if it exists
    #[arg(long, short)]
    force: bool,
    /// The promise that must stay broken [default: the headline, which is the gravest that was found broken]
    #[arg(long, value_name = "NAME", value_parser = promise)]
    promise: Option<Promise>,
}

const AFTER_HELP: &str = "\
Examples:
  kafkasim shrink results/failures/kip-101-17.trace
  kafkasim shrink big.trace -o small.trace --promise duplicate";

/// Runs the command.
pub(crate) fn shrink(arguments: &Arguments, output: &mut Output) -> Result<Exit, CommandError> {
    let path = &arguments.trace;
    let recording = Recording::read(path)?;
    let out = arguments.out.clone().unwrap_or_else(|| match arguments.promise {
        Some(promise) => path.with_extension(format!("{promise}.shrunk.trace")),
        None => path.with_extension("shrunk.trace"),
    });
    if out.exists() && !arguments.force {
        return Err(CommandError::Exists { path: out });
    }
    Trace::check_writable(&out)?;
    let wanted = wanted(&recording, arguments.promise, path)?;
    let before = Size::of(&recording.trace.steps);
    let spinner = progress::spinner(&format!("{before}"));
    let shrunk = shrunk(&recording, wanted, |round| {
        spinner.set_message(format!(
            "{before} → {}, {} replayed",
            Size::from(round),
            count(round.replayed as u64, "candidate")
        ));
    });
    spinner.finish();
    let shrunk = shrunk.ok_or_else(|| CommandError::NotReproduced {
        path: path.clone(),
        promise: wanted.promise.name().to_owned(),
    })?;
    let (size, replayed) = (Size::of(&shrunk.steps), shrunk.replayed);
    let trace = recorded(&recording, shrunk);
    trace.write(&out)?;
    let name = if wanted.verdict == Verdict::Violated {
        bad(wanted.promise)
    } else {
        notable(wanted.promise)
    };
    output.prose("shrunk for", &format!("{name}{}", because(&wanted.verdict)));
    if let Some(finding) = trace
        .footer
        .findings
        .iter()
        .find(|finding| finding.promise == wanted.promise)
    {
        output.prose("", &brief(&finding.message));
    }
    tell_others(&recording.trace, wanted, output);
    output.labelled(
        "shrunk",
        format_args!(
            "{} ({} replayed)",
            good(before.to(&size)),
            count(replayed as u64, "candidate")
        ),
    );
    if before.faults > 0 && size.faults == 0 {
        output.prose("", NO_FAULT_NEEDED);
    }
    output.labelled("written", out.display());
    let out = out.to_string_lossy();
    output.labelled("next", command(format_args!("show {}", quoted(&out))));
    output.labelled("", command(format_args!("replay {}", quoted(&out))));
    Ok(Exit::AsExpected)
}

/// What a reader asks who knows that there were faults.
const NO_FAULT_NEEDED: &str =
    "no fault is needed: a replay knows no durations, so a message or timer that is merely late does the same";

/// Says which other promises this run breaks.
fn tell_others(trace: &Trace, wanted: &Finding, output: &mut Output) {
    let others: BTreeSet<_> = trace
        .footer
        .findings
        .iter()
        .map(|finding| finding.promise)
        .filter(|promise| *promise != wanted.promise)
        .collect();
    if !others.is_empty() {
        let others = listed(others.into_iter());
        output.prose("besides", &format!("{others}; --promise NAME shrinks for another"));
    }
}

/// The finding that must stay: the one that was asked for, or else the headline.
fn wanted<'a>(recording: &'a Recording, promise: Option<Promise>, path: &Path) -> Result<&'a Finding, CommandError> {
    let findings = &recording.trace.footer.findings;
    let is_wanted = |finding: &&Finding| promise.is_none_or(|promise| finding.promise == promise);
    let gravest = findings
        .iter()
        .filter(is_wanted)
        .min_by_key(|finding| gravity(finding, &recording.scenario.expect));
    match (gravest, promise) {
        (Some(finding), _) => Ok(finding),
        (None, Some(promise)) if !findings.is_empty() => {
            let found: BTreeSet<_> = findings.iter().map(|finding| finding.promise).collect();
            let promise = promise.name().to_owned();
            Err(CommandError::OtherFound {
                path: path.to_owned(),
                promise,
                found: listed(found.into_iter()),
            })
        }
        (None, _) => Err(CommandError::NothingFound { path: path.to_owned() }),
    }
}

/// The less, the graver; what a report names first is the gravest. What should have held is graver than what may be given up, what nobody expects
/// than what a scenario is about, and what clients see than what replicas look like, which is the order of [`Promise::ALL`].
fn gravity(finding: &Finding, expect: &Expectation) -> (u8, Promise) {
    let promise = finding.promise;
    let kind = if finding.verdict == Verdict::Violated {
        0
    } else if expect.finds.contains(&promise) {
        2
    } else if expect.may_find.contains(&promise) {
        3
    } else {
        1
    };
    (kind, promise)
}

fn listed(promises: impl Iterator<Item = Promise>) -> String {
    promises.map(Promise::name).collect::<Vec<_>>().join(", ")
}

fn shrunk(recording: &Recording, wanted: &Finding, mut progress: impl FnMut(Round)) -> Option<Shrunk> {
    let mut shrinker = Shrinker {
        build: &|| recording.world(),
        promise: wanted.promise,
        is_violation: wanted.verdict == Verdict::Violated,
        finale: recording.trace.footer.finale.clone(),
        progress: &mut progress,
    };
    shrinker.shrink(&recording.trace.steps)
}

/// The small run as an ordinary trace.
fn recorded(recording: &Recording, shrunk: Shrunk) -> Trace {
    let mut world = recording.world();
    let findings =
        replay(&mut world, &shrunk.steps, shrunk.finale.as_ref(), &mut ()).expect("what was kept can happen again");
    let footer = Footer {
        actions: shrunk.steps.len(),
        fingerprint: world.fingerprint().to_string(),
        finale: shrunk.finale,
        findings,
    };
    Trace {
        header: recording.trace.header.clone(),
        steps: shrunk.steps,
        footer,
    }
}

fn promise(name: &str) -> Result<Promise, String> {
    let names = || Promise::ALL.iter().map(|promise| promise.name());
    Promise::from_name(name).ok_or_else(|| {
        format!(
            "there is no such promise; {}",
            did_you_mean(
                nearest(name, names()).as_deref(),
                "`kafkasim list --promises` shows them all"
            )
        )
    })
}

/// How large a run is.
#[derive(Clone, Copy)]
struct Size {
    actions: usize,
    faults: usize,
}

impl Size {
    fn of(steps: &[Step]) -> Self {
        Self {
            actions: steps.len(),
            faults: steps.iter().filter(|step| step.action.is_fault()).count(),
        }
    }

    const fn from(round: Round) -> Self {
        Self {
            actions: round.actions,
            faults: round.faults,
        }
    }

    fn to(self, smaller: &Self) -> String {
        format!(
            "{} → {}, {} → {}",
            count(self.actions as u64, "action"),
            smaller.actions,
            count(self.faults as u64, "fault"),
            smaller.faults
        )
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}, {}",
            count(self.actions as u64, "action"),
            count(self.faults as u64, "fault")
        )
    }
}
