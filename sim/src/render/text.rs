//! Lines of text with tones, measured in terminal columns.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What a piece of text is to stand out as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Ordinary.
    Plain,
    /// Scaffolding and routine.
    Dim,
    /// Names and headings.
    Strong,
    /// Something broke, or was refused.
    Bad,
    /// Something worked.
    Good,
    /// Nobody knows whether it worked.
    Unsure,
    /// Who leads.
    Leader,
    /// What the verdict is about.
    Mark,
}

/// How lines leave: in which characters, and whether with colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    /// Only ASCII.
    pub(super) ascii: bool,
    /// ANSI colours.
    pub(super) colour: bool,
}

/// One line, or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    spans: Vec<(Tone, String)>,
}

impl Line {
    pub(super) const fn new() -> Self {
        Self { spans: Vec::new() }
    }

    pub(super) fn of(tone: Tone, text: impl Into<String>) -> Self {
        Self::new().then(tone, text)
    }

    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::of(Tone::Plain, text)
    }

    /// This line with some more text at its end.
    pub(super) fn then(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.push(tone, text);
        self
    }

    pub(super) fn push(&mut self, tone: Tone, text: impl Into<String>) {
        let text = text.into();
        if text.is_empty() {
            return;
        }
        match self.spans.last_mut() {
            Some((last, before)) if *last == tone => before.push_str(&text),
            Some(_) | None => self.spans.push((tone, text)),
        }
    }

    /// This line with another at its end.
    pub(super) fn then_line(mut self, other: Self) -> Self {
        self.extend(other);
        self
    }

    pub(super) fn extend(&mut self, other: Self) {
        for (tone, text) in other.spans {
            self.push(tone, text);
        }
    }

    /// Fills up with blanks.
    pub(super) fn pad(&mut self, width: usize) {
        let blanks = width.saturating_sub(self.width());
        self.push(Tone::Plain, " ".repeat(blanks));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Terminal columns taken.
    pub(super) fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| text.width()).sum()
    }

    /// No more than `width` columns of it; what is missing is hinted at.
    pub(super) fn cut(self, width: usize) -> Self {
        if self.width() <= width {
            return self;
        }
        let mut line = Self::new();
        let mut left = width.saturating_sub(1);
        for (tone, text) in self.spans {
            let kept = prefix(&text, left);
            left -= kept.width();
            line.push(tone, kept);
            if kept.len() < text.len() {
                if width > 0 {
                    line.push(tone, "…");
                }
                break;
            }
        }
        line
    }

    /// Breaks at blanks into lines of at most `width` columns, all but the first indented; a word that is longer is cut.
    pub(super) fn wrap(self, width: usize, indent: usize) -> Vec<Self> {
        let mut lines = vec![Self::new()];
        let mut is_fresh = true;
        for (tone, text) in self.spans {
            for word in text.split_inclusive(' ') {
                let line = lines.last_mut().expect("there is a line");
                if !is_fresh && line.width() + word.trim_end().width() > width {
                    line.trim_end();
                    lines.push(Self::plain(" ".repeat(indent)).then(tone, word));
                } else {
                    line.push(tone, word);
                }
                is_fresh = false;
            }
        }
        if let Some(line) = lines.last_mut() {
            line.trim_end();
        }
        lines.into_iter().map(|line| line.cut(width)).collect()
    }

    /// A blank at the end takes no room.
    fn trim_end(&mut self) {
        while let Some((_, text)) = self.spans.last_mut() {
            text.truncate(text.trim_end().len());
            if !text.is_empty() {
                break;
            }
            self.spans.pop();
        }
    }

    /// Appends the line, without trailing blanks, to what is printed.
    pub(super) fn print(&self, ink: Ink, out: &mut String) {
        let end = self
            .spans
            .iter()
            .rposition(|(_, text)| !text.trim_end().is_empty())
            .map_or(0, |last| last + 1);
        for (index, (tone, text)) in self.spans[..end].iter().enumerate() {
            let text = if index + 1 == end { text.trim_end() } else { text };
            let code = if ink.colour { colour(*tone) } else { "" };
            if !code.is_empty() {
                out.push_str("\x1b[");
                out.push_str(code);
                out.push('m');
            }
            if ink.ascii {
                out.extend(text.chars().map(ascii));
            } else {
                out.push_str(text);
            }
            if !code.is_empty() {
                out.push_str("\x1b[0m");
            }
        }
        out.push('\n');
    }
}

/// As much of the beginning of a text as fits.
fn prefix(text: &str, width: usize) -> &str {
    let mut taken = 0;
    for (at, char) in text.char_indices() {
        taken += char.width().unwrap_or(0);
        if taken > width {
            return &text[..at];
        }
    }
    text
}

const fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Dim => "2",
        Tone::Strong => "1",
        Tone::Bad => "1;31",
        Tone::Good => "32",
        Tone::Unsure => "33",
        Tone::Leader => "1;36",
        Tone::Mark => "1;35",
    }
}

/// The nearest thing that every terminal has; one character for one, so that columns stay.
const fn ascii(char: char) -> char {
    match char {
        ' '..='~' => char,
        '│' | '├' | '┤' => '|',
        '┃' | '┣' | '┫' => '#',
        '┊' => ':',
        '░' => '%',
        '─' => '-',
        '╌' | '·' => '.',
        '►' | '▸' => '>',
        '◄' => '<',
        '●' | '○' => 'o',
        '✗' | '╳' => 'X',
        '✓' => 'v',
        '★' | '◇' => '*',
        '↺' => '^',
        '⏸' => '=',
        '→' => '>',
        '⇄' => '=',
        '×' => 'x',
        '…' => '~',
        '–' | '—' => '-',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(line: &Line, ascii: bool, colour: bool) -> String {
        let mut out = String::new();
        line.print(Ink { ascii, colour }, &mut out);
        out
    }

    #[test]
    fn long_text_is_cut_to_the_column() {
        let line = Line::plain("append ").then(Tone::Good, "日本語");
        assert_eq!(line.width(), 13);
        let cut = |width| printed(&line.clone().cut(width), false, false);
        assert_eq!(cut(13), "append 日本語\n");
        assert_eq!(cut(12), "append 日本…\n");
        assert_eq!(cut(11), "append 日…\n");
        assert_eq!(cut(1), "…\n");
        assert_eq!(cut(0), "\n");
    }

    #[test]
    fn wraps_at_blanks() {
        let line = Line::plain("one two three ").then(Tone::Bad, "four incomprehensible");
        let wrapped: Vec<String> = line
            .clone()
            .wrap(9, 0)
            .iter()
            .map(|line| printed(line, false, false))
            .collect();
        assert_eq!(wrapped, ["one two\n", "three\n", "four\n", "incompre…\n"]);
        // A line that is full but for the blank behind it is not cut.
        assert_eq!(
            line.clone().wrap(7, 0).first().map(|line| printed(line, false, false)),
            Some("one two\n".to_owned())
        );
        let wrapped: Vec<String> = line.wrap(9, 2).iter().map(|line| printed(line, false, false)).collect();
        assert_eq!(wrapped, ["one two\n", "  three\n", "  four\n", "  incomp…\n"]);
    }

    #[test]
    fn prints_in_ascii_and_in_colour() {
        let line = Line::of(Tone::Dim, "│ ")
            .then(Tone::Bad, "✗ é ")
            .then(Tone::Plain, "  ");
        assert_eq!(printed(&line, true, false), "| X ?\n");
        assert_eq!(printed(&line, false, true), "\x1b[2m│ \x1b[0m\x1b[1;31m✗ é\x1b[0m\n");
    }
}
