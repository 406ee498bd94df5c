//! Keeps on the screen what a learner needs of a long output; `v` shows the rest.

use crate::text::{harmless, without_colours};

/// The longest line shown of a message.
const COLUMNS: usize = 400;

/// The first errors of the compiler that fit into `rows`, at least one, and how many are left out.
pub fn errors(text: &str, rows: usize) -> (String, usize) {
    let errors = split(text);
    let mut kept = Vec::new();
    let mut used = 0;
    for error in &errors {
        let whole = error.join("\n").trim_end().to_owned();
        used += whole.lines().count() + 1;
        if used > rows && !kept.is_empty() {
            break;
        }
        kept.push(whole);
    }
    let left = errors.len() - kept.len();
    (kept.join("\n\n"), left)
}

/// Each error with its own lines. An error begins with this word at the start of a line.
fn split(text: &str) -> Vec<Vec<&str>> {
    let mut errors: Vec<Vec<&str>> = Vec::new();
    for line in text.lines() {
        let plain = without_colours(line);
        let begins = plain.starts_with("error[") || plain.starts_with("error:");
        match errors.last_mut() {
            Some(error) if !begins => error.push(line),
            _ => errors.push(vec![line]),
        }
    }
    errors
}

/// A message with at most `rows` lines; the advice at its end always stays.
pub fn message(text: &str, rows: usize) -> (String, bool) {
    let mut cut = false;
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let short: String = line.chars().take(COLUMNS).collect();
        if short.len() < line.len() {
            cut = true;
            lines.push(format!("{short}…"));
        } else {
            lines.push(short);
        }
    }
    let advice = lines
        .iter()
        .rposition(|line| line.starts_with("→ "))
        .unwrap_or(lines.len());
    if advice > rows {
        cut = true;
        lines.splice(rows..advice, ["…".to_owned()]);
    }
    (lines.join("\n"), cut)
}

/// `text` safe to print, with its colours kept if they are wanted: of all escape sequences only
/// those that set colours pass.
pub fn colours_only(text: &str, colour: bool) -> String {
    if !colour {
        return harmless(&without_colours(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&harmless(&rest[..at]));
        rest = &rest[at + 2..];
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';'));
        match end {
            Some(end) if rest[end..].starts_with('m') => {
                out.push_str("\u{1b}[");
                out.push_str(&rest[..=end]);
                rest = &rest[end + 1..];
            }
            _ => out.push('\u{fffd}'),
        }
    }
    out.push_str(&harmless(rest));
    out.push_str("\u{1b}[0m");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_errors_stay_whole() {
        let text = "\u{1b}[1m\u{1b}[91merror[E0308]\u{1b}[0m: mismatched\n --> a\n  |\n\n\
                    error: second\n --> b\n\nerror: third\n --> c\n";
        assert_eq!(errors(text, 100).1, 0);
        let (kept, left) = errors(text, 8);
        let both = kept.contains("mismatched") && kept.contains("second");
        assert!(both && left == 1, "{left} {kept}");
        // However small the screen is, one error is shown.
        assert_eq!(errors(text, 1).1, 2);
    }

    #[test]
    fn a_long_message_keeps_its_advice() {
        let text = |rows: &str| format!("Title\n{rows}→ The advice.\n  It goes on.");
        let (short, cut) = message(&text(&"  row\n".repeat(100)), 5);
        assert!(cut);
        assert_eq!(short, text("  row\n  row\n  row\n  row\n…\n"));
        assert_eq!(message("a\n→ b", 5), ("a\n→ b".to_owned(), false));
        assert!(message(&"x".repeat(10_000), 5).0.chars().count() < 500);
    }

    #[test]
    fn only_colours_reach_the_terminal() {
        assert_eq!(
            colours_only("\u{1b}[31mred\u{1b}[2Jx", true),
            "\u{1b}[31mred\u{fffd}2Jx\u{1b}[0m"
        );
        assert_eq!(colours_only("\u{1b}[31mred", false), "red");
    }
}
