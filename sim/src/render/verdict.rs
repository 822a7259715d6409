//! What comes below the lanes: what was found, what became of the records that it is about, and the logs as they are in the end.

use kafkasim_core::ids::TopicPartition;

use super::collect::Diagram;
use super::scene::Life;
use super::story::Teller;
use super::strip;
use super::text::{Line, Tone};
use crate::check::{Finding, Verdict};

/// Continued lines are indented by this much.
const INDENT: usize = 4;
/// No more findings are spelt out than this.
const FINDINGS_AT_MOST: usize = 8;
/// No message takes more lines than this.
const MESSAGE_LINES_AT_MOST: usize = 4;
/// No more is told of one record than this: the first half of it and the last.
const LANDMARKS_AT_MOST: usize = 16;
/// No more logs are drawn than this.
const LOGS_AT_MOST: usize = 12;

/// Everything below the lanes.
pub(super) fn lines(diagram: &Diagram, teller: &Teller<'_>, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for finding in diagram.findings.iter().take(FINDINGS_AT_MOST) {
        lines.extend(told(finding, width));
    }
    let more = diagram.findings.len().saturating_sub(FINDINGS_AT_MOST);
    if more > 0 {
        lines.push(Line::of(Tone::Dim, format!("  … and {more} more findings")));
    }
    if diagram.findings.is_empty() {
        lines.push(Line::of(Tone::Good, "✓ Every promise that was watched was kept."));
    }
    for (value, life) in &teller.lives {
        lines.push(Line::new());
        lines.push(Line::of(Tone::Mark, format!("► {value}")));
        lines.extend(biography(life));
    }
    let logs = logs(diagram, teller, width);
    if !logs.is_empty() {
        lines.push(Line::new());
        lines.extend(logs);
    }
    lines
}

fn told(finding: &Finding, width: usize) -> Vec<Line> {
    let Finding {
        promise,
        verdict,
        message,
    } = finding;
    let (sign, tone, judged) = match verdict {
        Verdict::Violated => ("✗", Tone::Bad, "is violated".to_owned()),
        Verdict::Allowed { because } => ("○", Tone::Unsure, format!("is broken, as {because} allows")),
    };
    let first = Line::of(tone, format!("{sign} {} {judged}", promise.name()))
        .then(Tone::Plain, format!(": {}.", promise.sentence()));
    let mut lines = first.wrap(width, INDENT);
    let mut message = Line::plain(format!("  {message}")).wrap(width, INDENT);
    if message.len() > MESSAGE_LINES_AT_MOST {
        message.truncate(MESSAGE_LINES_AT_MOST);
        message.push(Line::of(Tone::Dim, "    …"));
    }
    lines.extend(message);
    lines
}

/// What happened to one record, with the numbers of the actions.
fn biography(life: &[(usize, String)]) -> Vec<Line> {
    let digits = life
        .iter()
        .map(|(number, _)| number.to_string().len())
        .max()
        .unwrap_or(0);
    let event = |(number, what): &(usize, String)| {
        Line::of(Tone::Dim, format!("  #{number:<digits$}  ")).then(Tone::Plain, what.clone())
    };
    let skipped = life.len().saturating_sub(LANDMARKS_AT_MOST);
    let (first, rest) = life.split_at(life.len().min(LANDMARKS_AT_MOST / 2));
    let mut lines: Vec<Line> = first.iter().map(event).collect();
    if skipped > 0 {
        lines.push(Line::of(Tone::Dim, format!("  … {skipped} more")));
    }
    lines.extend(rest[skipped..].iter().map(event));
    lines
}

/// The logs of the partitions that the verdict is about, or of all.
fn logs(diagram: &Diagram, teller: &Teller<'_>, width: usize) -> Vec<Line> {
    let replicas: Vec<_> = teller
        .scene
        .replicas()
        .filter(|(_, node, _)| diagram.names.is_broker(*node))
        .collect();
    let concerned = |partition: TopicPartition| {
        let mut records = replicas
            .iter()
            .filter(|(other, ..)| *other == partition)
            .flat_map(|(.., replica)| &replica.records);
        teller.lives.is_empty() || records.any(|record| teller.marks.contains(&record.value))
    };
    let shown: Vec<_> = replicas
        .iter()
        .filter(|(partition, ..)| concerned(*partition))
        .collect();
    let label = |partition: TopicPartition, node| {
        format!("{} {}", diagram.names.partition(partition), diagram.names.process(node))
    };
    let room = shown
        .iter()
        .map(|(partition, node, _)| label(*partition, *node).len())
        .max()
        .unwrap_or(0);
    let mut lines = Vec::new();
    for (partition, node, replica) in shown.iter().take(LOGS_AT_MOST) {
        let (sign, tone) = match teller.scene.life(*node) {
            Life::Up if replica.leads.is_some() => ("┃", Tone::Leader),
            Life::Up => ("│", Tone::Dim),
            Life::Paused => ("░", Tone::Unsure),
            Life::Down | Life::Unborn => ("┊", Tone::Dim),
        };
        let mut line = Line::of(tone, sign).then(Tone::Plain, format!(" {}", label(*partition, *node)));
        line.pad(room + 3);
        let left = width.saturating_sub(line.width());
        lines.push(line.then_line(strip::draw(replica, teller.marks, left)));
    }
    let more = shown.len().saturating_sub(LOGS_AT_MOST);
    if more > 0 {
        lines.push(Line::of(Tone::Dim, format!("  … and {more} more logs")));
    }
    lines
}
