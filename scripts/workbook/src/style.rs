//! How output looks: colour or none, marks or plain words, and how wide.

use std::io::IsTerminal;

/// The looks of an output.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Colours are understood and wanted.
    pub colour: bool,
    /// For a screen reader: words instead of marks, lines and no redraw.
    pub plain: bool,
    /// Columns.
    pub width: usize,
}

impl Style {
    /// What standard output can show. `NO_COLOR` (no-color.org) and a dumb terminal are honoured.
    pub fn of_stdout(plain: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let terminal = std::io::stdout().is_terminal();
        let columns = if terminal {
            crossterm::terminal::size().map_or(80, |(w, _)| w)
        } else {
            80
        };
        Self {
            colour: terminal && !plain && !dumb && !set("NO_COLOR"),
            plain,
            width: usize::from(columns).clamp(40, 100),
        }
    }

    /// No colour, 80 columns.
    pub fn bare() -> Self {
        Self {
            colour: false,
            plain: false,
            width: 80,
        }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// A thing that went well.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// A thing that went wrong.
    pub fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// A heading.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// What one may skip.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// `text` in lines of at most this width, the first indented by `indent` and each other by `hang`.
    pub fn wrap(self, text: &str, indent: usize, hang: usize) -> String {
        let mut out = " ".repeat(indent);
        let mut columns = indent;
        let mut first = true;
        for word in text.split_whitespace() {
            let length = word.chars().count();
            if !first && columns + 1 + length > self.width {
                out.push('\n');
                out.push_str(&" ".repeat(hang));
                columns = hang;
            } else if !first {
                out.push(' ');
                columns += 1;
            }
            out.push_str(word);
            columns += length;
            first = false;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_advice_hangs_under_itself() {
        let style = Style {
            width: 20,
            ..Style::bare()
        };
        assert_eq!(
            style.wrap("→ one two three four", 2, 4),
            "  → one two three\n    four"
        );
    }
}
