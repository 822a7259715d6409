//! What comes above the lanes: what was run, and what the signs mean.

use super::collect::Diagram;
use super::history::seconds;
use super::text::{Line, Tone};

/// Every sign with its meaning.
const LEGEND: [(&str, Tone, &str); 8] = [
    ("│", Tone::Plain, "up"),
    ("┃", Tone::Leader, "leads"),
    ("┊", Tone::Plain, "down"),
    ("░", Tone::Unsure, "paused"),
    ("╳", Tone::Bad, "cut off"),
    ("──►", Tone::Plain, "request"),
    ("╌╌►", Tone::Plain, "answer"),
    ("►", Tone::Mark, "what the verdict is about"),
];

/// Everything above the lanes.
pub(super) fn lines(diagram: &Diagram, has_marks: bool, width: usize) -> Vec<Line> {
    let Diagram {
        scenario,
        rules,
        moments,
        names,
        ..
    } = diagram;
    let mut title = Line::of(Tone::Strong, scenario.clone());
    if rules != scenario {
        title.push(Tone::Plain, format!(" · rules {rules}"));
    }
    if let Some(partition) = names.sole_partition() {
        title.push(Tone::Plain, format!(" · {}", names.partition(partition)));
    }
    let plural = if moments.len() == 1 { "" } else { "s" };
    title.push(Tone::Plain, format!(" · {} action{plural}", moments.len()));
    if let (Some(last), true) = (moments.last(), diagram.is_timed()) {
        title.push(Tone::Plain, format!(" · {}s", seconds(last.step.at_us)));
    }
    let mut lines = title.wrap(width, 2);
    lines.extend(legend(has_marks, width));
    lines.push(Line::new());
    lines
}

fn legend(has_marks: bool, width: usize) -> Vec<Line> {
    let mut lines = vec![Line::new()];
    for (sign, tone, meaning) in LEGEND.iter().filter(|(_, tone, _)| has_marks || *tone != Tone::Mark) {
        let entry = Line::of(*tone, *sign).then(Tone::Dim, format!(" {meaning}"));
        let line = lines.last_mut().expect("there is a line");
        if line.is_empty() {
            line.extend(entry);
        } else if line.width() + 3 + entry.width() <= width {
            line.push(Tone::Plain, "   ");
            line.extend(entry);
        } else {
            lines.push(entry);
        }
    }
    lines
}
