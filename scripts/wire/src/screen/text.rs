//! Events as text: pretty for eyes, plain for a screen reader or a log.
//!
//! The picture is that of the whole course: the client on the left, the server on the right,
//! time runs down.

use std::fmt::Write as _;

use crate::escape::guard;
use crate::event::{Dir, Event, Mark, Tone};

const RESET: &str = "\x1b[0m";
const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
const ITALIC: &str = "\x1b[3m";
const RED: &str = "\x1b[31m";
/// One colour for each direction, told apart by colour-blind eyes as well; the arrow says the same.
const TO_SERVER: &str = "\x1b[36m";
const TO_CLIENT: &str = "\x1b[33m";

/// Columns that most terminals have at least.
const WIDTH: usize = 80;
/// Columns before the words, and around a remark.
const WORDS: usize = 22 + 5;
/// From the end of the words to the place under their beginning.
const NEW_LINE: &str = "\n                      ";

/// One event in columns: seconds, connection, arrow, words. Always ends its lines.
pub fn pretty(event: &Event, colour: bool, out: &mut String) {
    let paint = |code: &'static str| if colour { code } else { "" };
    let shown = &event.shown;
    let words = guard(&shown.words);
    let tone = match shown.tone {
        Tone::Wrong => paint(RED),
        Tone::Part => paint(ITALIC),
        Tone::Quiet => paint(DIM),
        Tone::Good => "",
    };
    let reset = paint(RESET);
    // Writing to a String cannot fail, here and below.
    if shown.mark == Mark::Bare {
        let bold = match shown.tone {
            Tone::Wrong => tone,
            _ => paint(BOLD),
        };
        let _ = writeln!(out, "{bold}{words}{reset}");
    } else {
        let seconds = event.at.as_secs_f64();
        let conn = event.conn.map_or_else(String::new, |n| format!("#{n}"));
        let side = match event.dir {
            Some(Dir::ToServer) => paint(TO_SERVER),
            Some(Dir::ToClient) => paint(TO_CLIENT),
            None => "",
        };
        let arrow = arrow(shown.mark, event.dir);
        let dim = paint(DIM);
        let _ = write!(
            out,
            "{dim}{seconds:>9.4}{reset} {conn:>5}  {side}{arrow}{reset}  {tone}{words}{reset}"
        );
        if !shown.note.is_empty() {
            // A remark that does not fit beside the words stands under them.
            let fits = WORDS + words.chars().count() + shown.note.chars().count() < WIDTH;
            let gap = if fits { "   " } else { NEW_LINE };
            let _ = write!(out, "{gap}{dim}({}){reset}", guard(&shown.note));
        }
        out.push('\n');
    }
    let indent = if shown.mark == Mark::Bare { "" } else { "    " };
    for row in &shown.rows {
        let _ = writeln!(out, "{indent}{}", guard(row));
    }
}

/// One event as a sentence: `0.4123 s, connection 1, client to server: "hi\n"`.
pub fn plain(event: &Event, out: &mut String) {
    let shown = &event.shown;
    // Writing to a String cannot fail, here and below.
    if shown.mark != Mark::Bare {
        let _ = write!(out, "{:.4} s, ", event.at.as_secs_f64());
        if let Some(conn) = event.conn {
            let _ = write!(out, "connection {conn}");
            if let (Some(dir), Mark::Bytes) = (event.dir, shown.mark) {
                let _ = write!(out, ", {} to {}", dir.sender(), dir.receiver());
            }
            out.push_str(": ");
        }
    }
    out.push_str(&guard(&shown.words));
    if !shown.note.is_empty() {
        let _ = write!(out, " ({})", guard(&shown.note));
    }
    out.push('\n');
    for row in &shown.rows {
        let _ = writeln!(out, "{}", guard(row));
    }
}

/// Always three characters wide.
fn arrow(mark: Mark, dir: Option<Dir>) -> &'static str {
    match (mark, dir) {
        (Mark::Bytes, Some(Dir::ToServer)) => "──▶",
        (Mark::Bytes, Some(Dir::ToClient)) => "◀──",
        (Mark::Fin, Some(Dir::ToServer)) => "──┤",
        (Mark::Fin, Some(Dir::ToClient)) => "├──",
        (Mark::Reset, Some(Dir::ToServer)) => "──╳",
        (Mark::Reset, Some(Dir::ToClient)) => "╳──",
        (Mark::Reset, None) => "╳─╳",
        _ => " · ",
    }
}
