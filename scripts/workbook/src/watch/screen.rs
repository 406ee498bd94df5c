//! Draws: text that stays, and under it one line that changes (the keys, or the progress).
//!
//! On a terminal a new verdict takes the place of the old one. Everywhere else (`--plain`,
//! `NO_COLOR`, a dumb terminal, a pipe) all is lines, one after the other, and nothing is ever
//! drawn over.

use std::io::{IsTerminal, Write};

use crate::style::Style;

use crate::text::shorten;

/// Back to the first column, and nothing under it.
const ERASE_FOOT: &str = "\r\u{1b}[J";
/// To the top left corner, and nothing under it.
const CLEAR: &str = "\u{1b}[H\u{1b}[J";

/// Bytes kept for drawing again: many screens.
const KEPT: usize = 256 * 1024;

/// Where all output goes.
pub struct Screen {
    /// The looks.
    pub style: Style,
    plain: bool,
    /// Whether something may be drawn over.
    draws: bool,
    keyboard: bool,
    banner: Vec<String>,
    /// What stands on the screen since it was cleared, to draw it again.
    shown: String,
    foot: String,
    /// Drawn and not yet sent.
    out: String,
    /// Something was shown already.
    began: bool,
    /// The output is closed: nobody reads any more.
    gone: bool,
}

impl Screen {
    pub fn new(plain: bool, keyboard: bool, banner: Vec<String>) -> Self {
        let style = Style::of_stdout(plain);
        let mut screen = Self {
            style,
            plain,
            draws: style.colour && keyboard,
            keyboard,
            banner,
            shown: String::new(),
            foot: String::new(),
            out: String::new(),
            began: false,
            gone: false,
        };
        if screen.draws {
            // What was on the screen scrolls up and is not lost.
            screen.write(&"\n".repeat(size().1.saturating_sub(1)));
        }
        screen
    }

    /// Whether the output was closed.
    pub fn gone(&self) -> bool {
        self.gone
    }

    /// Rows of text that are about two screens.
    pub fn two_screens(&self) -> usize {
        let terminal = std::io::stdout().is_terminal();
        2 * if terminal { size().1 } else { 24 }
    }

    /// Begins anew; where nothing is drawn over, with an empty line.
    pub fn clear(&mut self) {
        if self.draws {
            self.shown.clear();
            self.write(CLEAR);
        }
        let top = self.draws || !self.began;
        for line in self.banner.clone().iter().filter(|_| top) {
            self.say(&self.style.dim(line));
        }
        // After the banner, or between two verdicts that both stay.
        if (top && !self.banner.is_empty()) || (!self.draws && self.began) {
            self.say("");
        }
        self.began = true;
    }

    /// Shows text that stays.
    pub fn say(&mut self, text: &str) {
        let text = text.trim_end_matches('\n');
        if self.draws {
            if self.shown.len() > KEPT {
                self.shown.clear();
            }
            self.shown.push_str(text);
            self.shown.push('\n');
            let foot = self.foot_text();
            self.write(&format!("{ERASE_FOOT}{text}\n{foot}"));
        } else {
            self.write(&format!("{text}\n"));
        }
    }

    /// Changes the keys in the last line. Where nothing is drawn over, other keys are a new line.
    pub fn foot(&mut self, text: &str) {
        if !self.keyboard || (!self.draws && self.foot == text) {
            return;
        }
        text.clone_into(&mut self.foot);
        self.show_foot(text);
    }

    /// Says the keys again, even if they are the same.
    pub fn foot_again(&mut self) {
        self.foot.clear();
    }

    /// Shows the progress of a check in the last line; of two parts the keys have to fit.
    pub fn progress(&mut self, text: &str, keys: &str) {
        if self.draws {
            let room = columns().saturating_sub(keys.len() + 5);
            self.foot = format!("{}   {keys}", shorten(text, room));
        }
        self.show_foot(text);
    }

    fn show_foot(&mut self, text: &str) {
        if self.draws {
            let foot = self.foot_text();
            self.write(&format!("{ERASE_FOOT}{foot}"));
        } else {
            self.write(&format!("  {text}\n"));
        }
    }

    /// Whether the last line can show how time goes by.
    pub fn draws(&self) -> bool {
        self.draws
    }

    /// Draws everything again: the window has changed, or somebody wrote over it.
    pub fn redraw(&mut self) {
        self.style = Style::of_stdout(self.plain);
        if self.draws {
            let foot = self.foot_text();
            let shown = self.shown.clone();
            self.write(&format!("{CLEAR}{shown}{foot}"));
        }
    }

    /// Takes the last line away: the shell's prompt comes here.
    pub fn end(&mut self) {
        if self.draws {
            self.foot.clear();
            self.write(ERASE_FOOT);
        }
        self.flush();
    }

    fn foot_text(&self) -> String {
        if self.foot.is_empty() {
            return String::new();
        }
        self.style
            .dim(&shorten(&format!("  {}", self.foot), columns()))
    }

    fn write(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Sends what was drawn, in one piece: nobody sees half a screen.
    pub fn flush(&mut self) {
        if self.out.is_empty() {
            return;
        }
        let mut out = std::io::stdout().lock();
        self.gone |= out
            .write_all(self.out.as_bytes())
            .and_then(|()| out.flush())
            .is_err();
        self.out.clear();
    }
}

/// Columns and rows of the terminal.
fn size() -> (usize, usize) {
    let (columns, rows) = crossterm::terminal::size().unwrap_or((80, 24));
    (columns.into(), rows.into())
}

/// One column less than there are: a full line would wrap and leave its rest behind.
fn columns() -> usize {
    size().0.saturating_sub(1)
}
