//! Standard output: colours only on a terminal, tables as wide as it is, one JSON document when asked for.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Table, Width, presets};
use serde::Serialize;

use super::CommandError;

/// How wide text is that nobody looks at on a terminal.
const WIDTH: usize = 120;

/// Standard output.
pub(crate) struct Output {
    stream: BufWriter<Box<dyn Write>>,
    colours: bool,
    is_terminal: bool,
    width: Option<usize>,
    failed: Option<io::Error>,
}

impl Output {
    pub(crate) fn stdout() -> Self {
        let stdout = io::stdout();
        let width = terminal_size::terminal_size_of(&stdout).map(|(width, _)| usize::from(width.0));
        Self {
            colours: AutoStream::choice(&stdout) != ColorChoice::Never,
            is_terminal: stdout.is_terminal(),
            width,
            stream: BufWriter::new(Box::new(stdout)),
            failed: None,
        }
    }

    /// Writes one line. What goes wrong is kept for [`Self::finish`]: whatever a command is for, it does even if nobody reads on.
    pub(crate) fn line(&mut self, text: impl Display) {
        let text = text.to_string();
        let text = if self.colours {
            Cow::Borrowed(text.as_str())
        } else {
            Cow::Owned(anstream::adapter::strip_str(&text).to_string())
        };
        if self.failed.is_none() {
            let flushed = |stream: &mut BufWriter<_>| if self.is_terminal { stream.flush() } else { Ok(()) };
            self.failed = writeln!(self.stream, "{}", text.trim_end())
                .and_then(|()| flushed(&mut self.stream))
                .err();
        }
    }

    /// Writes several lines.
    pub(crate) fn text(&mut self, text: &str) {
        text.lines().for_each(|line| self.line(line));
    }

    /// Writes an empty line.
    pub(crate) fn gap(&mut self) {
        self.line("");
    }

    /// Writes one JSON document.
    pub(crate) fn json(&mut self, document: &impl Serialize) {
        self.line(serde_json::to_string_pretty(document).expect("a report can be written as JSON"));
    }

    /// Writes a table without borders. Long cells wrap, but for those of the first `whole` columns.
    pub(crate) fn table(&mut self, header: &[&str], whole: usize, rows: impl IntoIterator<Item = Vec<String>>) {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).force_no_tty();
        table.set_header(header.iter().map(Cell::new));
        let width = self.width.unwrap_or(WIDTH);
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(width).unwrap_or(u16::MAX));
        for row in rows {
            table.add_row(row);
        }
        for (number, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if number < whole {
                column.set_constraint(ColumnConstraint::ContentWidth);
            } else if number + 1 == header.len() {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(LAST_COLUMN)));
            }
        }
        for (number, line) in table.lines().enumerate() {
            self.line(if number == 0 { faint(line) } else { line });
        }
    }

    /// Writes items one after the other behind a label, wrapped and indented under the first.
    pub(crate) fn flow(&mut self, label: &str, items: impl IntoIterator<Item = String>) {
        let width = self.width.unwrap_or(WIDTH);
        let indent = INDENT + LABEL;
        let mut line = String::new();
        let mut first = true;
        for item in items {
            let used = indent + columns(&line);
            if !line.is_empty() && used + SPACES.len() + columns(&item) > width {
                self.labelled(if first { label } else { "" }, &line);
                first = false;
                line.clear();
            }
            if !line.is_empty() {
                line += SPACES;
            }
            line += &item;
        }
        if !line.is_empty() {
            self.labelled(if first { label } else { "" }, line);
        }
    }

    /// Writes a line of a report: a faint label, and what it labels.
    pub(crate) fn labelled(&mut self, label: &str, text: impl Display) {
        self.line(format_args!(
            "{:INDENT$}{} {text}",
            "",
            faint(format_args!("{label:width$}", width = LABEL - 1))
        ));
    }

    /// Writes prose behind a label, wrapped and indented under its first word.
    pub(crate) fn prose(&mut self, label: &str, text: &str) {
        self.wrapped(label, text, self.width.unwrap_or(usize::MAX));
    }

    /// The same for what is read rather than searched: it is wrapped off a terminal, too.
    pub(crate) fn paragraph(&mut self, label: &str, text: &str) {
        self.wrapped(label, text, self.width.unwrap_or(WIDTH));
    }

    fn wrapped(&mut self, label: &str, text: &str, width: usize) {
        let width = width.saturating_sub(INDENT + LABEL);
        for (number, line) in wrap(text, width).into_iter().enumerate() {
            self.labelled(if number == 0 { label } else { "" }, line);
        }
    }

    /// Writes what failed, and the commands that show it, each with its label: beside it, or below it if there is no room.
    pub(crate) fn failure(&mut self, what: &str, commands: &[(&str, String)]) {
        let fail = format!("{} {}", bad("FAIL"), bad(what));
        let longest = commands
            .iter()
            .map(|(label, text)| columns(label) + columns(text) + 2)
            .max()
            .unwrap_or(0);
        let column = columns(&fail) + SPACES.len();
        if self.width.is_none_or(|width| column + longest <= width) {
            for (number, (label, text)) in commands.iter().enumerate() {
                let before = if number == 0 {
                    format!("{fail}{SPACES}")
                } else {
                    " ".repeat(column)
                };
                self.line(format_args!("{before}{label}: {text}"));
            }
        } else {
            self.line(fail);
            for (label, text) in commands {
                self.line(format_args!("     {label}: {text}"));
            }
        }
    }

    /// Writes prose below a headline, wrapped.
    pub(crate) fn indented(&mut self, text: &str) {
        self.hanging("     ", text);
    }

    /// Writes prose behind something, wrapped and indented under its first word.
    pub(crate) fn hanging(&mut self, before: &str, text: &str) {
        let indent = columns(before);
        let width = self.width.unwrap_or(usize::MAX).saturating_sub(indent);
        for (number, line) in wrap(text, width).into_iter().enumerate() {
            if number == 0 {
                self.line(format_args!("{before}{line}"));
            } else {
                self.line(format_args!("{:indent$}{line}", ""));
            }
        }
    }

    /// How many columns there are, if it is a terminal.
    pub(crate) const fn width(&self) -> Option<usize> {
        self.width
    }

    /// Whether colours are welcome.
    pub(crate) const fn colours(&self) -> bool {
        self.colours
    }

    /// Flushes, and reports what went wrong. A reader who went away early (`| head`) is no error.
    pub(crate) fn finish(&mut self) -> Result<(), CommandError> {
        let flushed = self.stream.flush();
        match self.failed.take().map_or(flushed, Err) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::Output(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// The last column of a table takes at least this.
const LAST_COLUMN: u16 = 24;

const INDENT: usize = 2;
const LABEL: usize = 11;
const SPACES: &str = "   ";

/// Breaks text at spaces so that no line is wider than `width`, unless a single word is.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// What fits into a summary of what may be long.
pub(crate) fn brief(text: &str) -> String {
    const CHARS: usize = 240;
    match text.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}… ({} characters more)", &text[..end], text[end..].chars().count()),
        None => text.to_owned(),
    }
}

/// How many columns text takes, colours aside.
fn columns(text: &str) -> usize {
    anstream::adapter::strip_str(text).to_string().chars().count()
}

const fn coloured(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(anstyle::Color::Ansi(colour)))
}

fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Something as it should be.
pub(crate) fn good(text: impl Display) -> String {
    styled(coloured(AnsiColor::Green).bold(), text)
}

/// Something that is wrong.
pub(crate) fn bad(text: impl Display) -> String {
    styled(coloured(AnsiColor::Red).bold(), text)
}

/// Something to look at.
pub(crate) fn notable(text: impl Display) -> String {
    styled(coloured(AnsiColor::Yellow), text)
}

/// Something to skip when in a hurry.
pub(crate) fn faint(text: impl Display) -> String {
    styled(Style::new().dimmed(), text)
}

/// A heading.
pub(crate) fn strong(text: impl Display) -> String {
    styled(Style::new().bold(), text)
}

/// A command to type, as this one was: through cargo, or by the program's own name.
pub(crate) fn command(arguments: impl Display) -> String {
    let typed = std::env::args().next().unwrap_or_default();
    let program = if std::env::var_os("CARGO").is_some() {
        Cow::Borrowed("cargo run --release --")
    } else {
        quoted(&typed)
    };
    styled(coloured(AnsiColor::Cyan), format_args!("{program} {arguments}"))
}

/// A command to type, for a reader of JSON.
pub(crate) fn plain_command(arguments: impl Display) -> String {
    anstream::adapter::strip_str(&command(arguments)).to_string()
}

/// An argument as a shell wants it.
pub(crate) fn quoted(argument: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:=+,@%".contains(c);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        Cow::Borrowed(argument)
    } else {
        Cow::Owned(format!("'{}'", argument.replace('\'', r"'\''")))
    }
}

/// A number with its noun: `1 seed`, `1,234 seeds`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", indicatif::HumanCount(number))
}

/// Virtual time, in the unit that fits.
pub(crate) struct Duration {
    /// In microseconds.
    pub(crate) us: u64,
}

impl Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = |unit_us: u64| format!("{}.{}", self.us / unit_us, self.us % unit_us * 10 / unit_us);
        match self.us / 1_000_000 {
            0..120 => write!(f, "{} s", tenths(1_000_000)),
            120..7_200 => write!(f, "{} min", tenths(60_000_000)),
            7_200..172_800 => write!(f, "{} h", tenths(3_600_000_000)),
            _ => write!(f, "{} days", tenths(86_400_000_000)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_get_back_what_they_are_given() {
        assert_eq!(quoted("results/failures/x-1.trace"), "results/failures/x-1.trace");
        assert_eq!(quoted("it's mine.toml"), r"'it'\''s mine.toml'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn prose_is_wrapped_at_spaces() {
        assert_eq!(wrap("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrap("unbreakable", 3), ["unbreakable"]);
    }

    #[test]
    fn durations_take_the_unit_that_fits() {
        let text = |us| Duration { us }.to_string();
        assert_eq!(
            [text(1_500_000), text(600_000_000), text(9_000_000_000)],
            ["1.5 s", "10.0 min", "2.5 h"]
        );
    }
}
