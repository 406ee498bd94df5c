//! Small helpers for text on a screen.

use std::time::Duration;

/// `text` without ANSI escape sequences.
pub fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            // A control sequence ends with a letter or one of `@[\]^_`{|}~`.
            Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
            // An operating system command (a link, a title) ends with BEL or ESC \.
            Some(']') => {
                while let Some(c) = chars.next() {
                    if c == '\u{7}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    plain
}

/// A time in seconds, with two digits behind the point: `0.31 s`.
pub fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

/// `text` safe to print: control characters other than newline and tab are shown, not obeyed.
///
/// A learner's program may print anything; none of it may move the cursor or ring the bell.
pub fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// `2 min`, `1 h 5 min`.
pub fn minutes(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, m) => format!("{m} min"),
        (h, 0) => format!("{h} h"),
        (h, m) => format!("{h} h {m} min"),
    }
}

/// `text` in at most `width` columns.
pub fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let short: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", short.trim_end())
}

/// The first `most` characters of `text`, which may be very long, and a mark where it goes on.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

/// A count with its thing: `no fault`, `1 fault`, `2 faults`.
pub fn many(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}"),
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_by_columns() {
        assert_eq!(shorten("abc def", 5), "abc…");
        assert_eq!(shorten("abc", 5), "abc");
    }

    #[test]
    fn colours_and_links_are_taken_out() {
        assert_eq!(
            without_colours("\u{1b}[1m\u{1b}[31merror\u{1b}[0m: x"),
            "error: x"
        );
        assert_eq!(
            without_colours("\u{1b}]8;;http://x\u{1b}\\E0308\u{1b}]8;;\u{7}!"),
            "E0308!"
        );
        assert_eq!(without_colours("plain 你"), "plain 你");
    }

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(harmless("a\u{1b}[2Jb\tc\n"), "a\u{fffd}[2Jb\tc\n");
    }

    #[test]
    fn minutes_read_like_a_clock() {
        assert_eq!(
            [minutes(5), minutes(60), minutes(75)],
            ["5 min", "1 h", "1 h 15 min"]
        );
    }
}
