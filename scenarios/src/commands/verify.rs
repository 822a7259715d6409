//! `kafkasim verify`: what is wrong with a history, wherever it was recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use kafkasim::history::verify::Counts;
use kafkasim::history::{Anomaly, Header, History, Kind, Verified, verify as check};
use serde::Serialize;

use super::output::{Output, bad, brief, command, count, faint, good, notable, quoted};
use super::{CommandError, Exit};

/// Look for anomalies in a history of what clients saw, of a simulated run or of a real cluster
///
/// A history is a file of JSON lines: every send, poll, assignment, seek, rebalance and commit with its outcome, in the order in which they
/// happened. Its anomalies are those that Jepsen's checker of Kafka knows and that need no transactions, and what a history alone shows of committed
/// offsets. Nobody says which faults there were, or how the cluster was configured, so these are anomalies, not verdicts: whether one is an error
/// depends on what the configuration promises.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The file of a history
    #[arg(value_name = "HISTORY.jsonl", required_unless_present = "kinds")]
    history: Option<PathBuf>,
    /// List every anomaly, not only the first few of each kind
    #[arg(long)]
    all: bool,
    /// Explain the anomalies that there are, and check nothing else
    #[arg(long, exclusive = true)]
    kinds: bool,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
Examples:
  kafkasim replay default --seed 17 --history default-17.jsonl    write the history of a simulated run
  kafkasim verify default-17.jsonl
  kafkasim verify orders-test.jsonl --json                        one that your own test has written
  kafkasim verify --kinds                                         what is looked for

The smallest history:
  {\"kafkasim_history\":1}
  {\"process\":\"p\",\"event\":\"send\",\"id\":0,\"topic\":\"orders\",\"value\":\"a\"}
  {\"process\":\"p\",\"event\":\"send-ok\",\"id\":0,\"partition\":0,\"offset\":0}
  {\"process\":\"c\",\"event\":\"poll\"}
  {\"process\":\"c\",\"event\":\"poll-ok\",\"records\":[{\"in\":\"orders-0\",\"offset\":0,\"value\":\"a\"}]}
  {\"lines\":4}
Every line there can be is described in sim/src/history/mod.rs, and by `cargo doc --open -p kafkasim` under kafkasim::history; how to record one is
in the README under \"Check a history\".

Exit status: 0 if there are no anomalies but allowed ones, 1 if there are, 2 if the file is no history.";

/// So many anomalies of a kind are told without being asked for all.
const OF_A_KIND: usize = 8;

/// Runs the command.
pub(crate) fn verify(arguments: &Arguments, output: &mut Output) -> Result<Exit, CommandError> {
    let Some(path) = &arguments.history else {
        output.table(
            &["anomaly", "what it is"],
            1,
            Kind::ALL
                .iter()
                .map(|kind| vec![kind.to_string(), kind.sentence().to_owned()]),
        );
        return Ok(Exit::AsExpected);
    };
    let history = History::read(path)?;
    let verified = check(&history);
    if arguments.json {
        output.json(&Document {
            history: &path.to_string_lossy(),
            clean: verified.is_clean(),
            verified: &verified,
        });
    } else {
        tell(path, arguments.all, &history.header, &verified, output);
    }
    Ok(if verified.is_clean() {
        Exit::AsExpected
    } else {
        Exit::Broken
    })
}

#[derive(Serialize)]
struct Document<'a> {
    history: &'a str,
    clean: bool,
    #[serde(flatten)]
    verified: &'a Verified,
}

fn tell(path: &Path, all: bool, header: &Header, verified: &Verified, output: &mut Output) {
    if let Some(recorded_by) = &header.recorded_by {
        output.labelled("recorded", format_args!("by {recorded_by}"));
    }
    output.flow("holds", holds(&verified.counts));
    let (allowed, others): (Vec<_>, Vec<_>) = verified.anomalies.iter().partition(|anomaly| anomaly.allowed.is_some());
    if !verified.anomalies.is_empty() {
        output.gap();
        let rows = shown(&others, all).into_iter().chain(shown(&allowed, all));
        output.table(&["anomaly", "partition", "lines", "what was seen"], 2, rows);
        output.gap();
    }
    for what in not_judged(header, &verified.counts) {
        output.paragraph("not judged", &what);
    }
    tell_verdict(&others, &allowed, output);
    if let Some(first) = others.first() {
        let lines: Vec<_> = first.lines.iter().map(|line| format!("{line}p")).collect();
        output.labelled(
            "next",
            format_args!(
                "sed -n '{}' {}  {}",
                lines.join(";"),
                quoted(&path.to_string_lossy()),
                faint("the lines of the first")
            ),
        );
        output.labelled(
            "",
            format_args!("{}  {}", command("verify --kinds"), faint("what each of them means")),
        );
    }
}

/// What a history holds, piece by piece.
fn holds(counts: &Counts) -> Vec<String> {
    let number = |number: usize, noun: &str| count(number as u64, noun);
    let sends = counts.sends_ok + counts.sends_failed + counts.sends_open;
    let commits = counts.commits_ok + counts.commits_not_ok;
    vec![
        match counts.processes {
            1 => "1 process".to_owned(),
            processes => format!("{processes} processes"),
        },
        format!(
            "{} ({} acknowledged, {} failed, {} open)",
            number(sends, "send"),
            counts.sends_ok,
            counts.sends_failed,
            counts.sends_open
        ),
        format!(
            "{} with {}",
            number(counts.polls, "poll"),
            number(counts.records, "record")
        ),
        number(counts.rebalances, "rebalance call"),
        format!("{} ({} acknowledged)", number(commits, "commit"), counts.commits_ok),
    ]
}

/// One row for each anomaly, of each kind the first few.
fn shown(anomalies: &[&Anomaly], all: bool) -> Vec<Vec<String>> {
    let mut of_a_kind: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut rows = Vec::new();
    for anomaly in anomalies {
        let number = of_a_kind.entry(anomaly.kind).or_default();
        *number += 1;
        if all || *number <= OF_A_KIND {
            rows.push(row(anomaly));
        }
    }
    for (kind, number) in of_a_kind.into_iter().filter(|(_, number)| !all && *number > OF_A_KIND) {
        let more = format!("{} more; --all lists them", number - OF_A_KIND);
        rows.push(vec![faint(kind), String::new(), String::new(), faint(more)]);
    }
    rows
}

fn row(anomaly: &Anomaly) -> Vec<String> {
    let lines: Vec<_> = anomaly.lines.iter().map(ToString::to_string).collect();
    let (kind, why) = match anomaly.allowed {
        None => (bad(anomaly.kind), String::new()),
        Some(allowance) => (
            notable(anomaly.kind),
            format!("; allowed, because {}", allowance.reason()),
        ),
    };
    vec![
        kind,
        anomaly.partition.to_string(),
        lines.join(" "),
        format!("{}{why}", brief(&anomaly.message)),
    ]
}

/// What the history does not say enough for.
fn not_judged(header: &Header, counts: &Counts) -> Vec<String> {
    let mut left = Vec::new();
    if counts.never_read > 0 && header.read_to_end.is_empty() {
        let records = count(counts.never_read as u64, "acknowledged record");
        left.push(format!("{records} that nobody has read: \"read_to_end\" in the header would say which partitions were read from start to end afterwards"));
    }
    if counts.records > 0 && !header.all_producers {
        left.push("values that nobody has sent: \"all_producers\":true in the header would say that every send is in the history".to_owned());
    }
    left
}

fn tell_verdict(others: &[&Anomaly], allowed: &[&Anomaly], output: &mut Output) {
    let anomalies = |number: usize, what: &str| match number {
        1 => format!("1 {what}anomaly"),
        _ => format!("{number} {what}anomalies"),
    };
    let besides = if allowed.is_empty() {
        String::new()
    } else {
        format!(", and {}", anomalies(allowed.len(), "allowed "))
    };
    if others.is_empty() {
        let besides = if allowed.is_empty() {
            String::new()
        } else {
            format!(" but {}", anomalies(allowed.len(), "allowed "))
        };
        output.labelled("found", good(format_args!("no anomalies{besides}")));
    } else {
        output.labelled("found", bad(format_args!("{}{besides}", anomalies(others.len(), ""))));
        output.paragraph("", "Anomalies are not verdicts: what a cluster promises depends on its configuration and on what has failed, which a history does not say.");
    }
}
