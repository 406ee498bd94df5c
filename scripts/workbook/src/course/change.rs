//! A change of a text, as a unified diff without file names: what a known mistake is kept as.
//!
//! A hunk is found by its lines and not by its number, so that a change goes on to fit when the text around it is
//! edited: the old lines of a hunk must stand in the text exactly once. [`make`] takes as much context as that
//! needs (one line mostly). Both are forty lines each; a crate would not check that a hunk fits in one place only.

use std::fmt::Write;
use std::ops::Range;

/// Why a change does not fit a text, in words that name the hunk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misfit(String);

/// Some lines that stand in the old text, and what the new one has in their place.
#[derive(Debug, Default)]
struct Hunk<'a> {
    head: &'a str,
    old: Vec<&'a str>,
    new: Vec<&'a str>,
}

/// Applies the unified diff `change` to the text `base`; one without a hunk gives `base` as it is.
///
/// # Errors
/// [`Misfit`] with the first hunk that cannot be read, or whose old lines do not stand in `base` exactly once, in the
/// order of the hunks.
pub fn apply(base: &str, change: &str) -> Result<String, Misfit> {
    let lines: Vec<&str> = base.lines().collect();
    let mut done = 0;
    let mut text = Vec::new();
    for (hunk, number) in read(change)?.into_iter().zip(1..) {
        let misfit = |why: String| Misfit(format!("hunk {number} ({}) {why}", hunk.head));
        let places = places(&lines, &hunk.old);
        let at = match places[..] {
            [at] if at >= done => at,
            [_] => return Err(misfit("is not in the order of the text".into())),
            [] => {
                return Err(misfit(format!(
                    "does not fit: these lines are not in the text:\n{}",
                    hunk.old.join("\n")
                )));
            }
            _ => {
                let numbers: Vec<String> = places.iter().map(|at| (at + 1).to_string()).collect();
                return Err(misfit(format!(
                    "fits in several places (lines {}): it needs more context",
                    numbers.join(", ")
                )));
            }
        };
        text.extend_from_slice(&lines[done..at]);
        text.extend_from_slice(&hunk.new);
        done = at + hunk.old.len();
    }
    text.extend_from_slice(&lines[done..]);
    Ok(text.join("\n") + "\n")
}

/// The change that makes `text` out of `base`, as small as it can be and still fit in one place only. Empty if the
/// lines of both are the same.
pub fn make(base: &str, text: &str) -> String {
    let old: Vec<&str> = base.lines().collect();
    let new: Vec<&str> = text.lines().collect();
    let differences = differences(&old, &new);
    let mut windows: Vec<Range<usize>> = differences
        .iter()
        .map(|(gone, _)| unique_window(&old, gone))
        .collect();
    windows.sort_by_key(|window| window.start);
    let mut hunks: Vec<Range<usize>> = Vec::new();
    for window in windows {
        match hunks.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => hunks.push(window),
        }
    }
    let mut change = String::new();
    for hunk in hunks {
        let before = differences.iter().filter(|(a, _)| a.start < hunk.start);
        let inside = differences
            .iter()
            .filter(|(a, _)| a.start >= hunk.start && a.end <= hunk.end);
        let start = before.fold(hunk.start, |at, (a, b)| at + b.len() - a.len());
        let len = inside
            .clone()
            .fold(hunk.len(), |len, (a, b)| len + b.len() - a.len());
        let mut line = |mark: &str, text: &str| {
            let mark = if text.is_empty() && mark == " " {
                ""
            } else {
                mark
            };
            // Writing to a String does not fail.
            let _ = writeln!(change, "{mark}{text}");
        };
        line(
            "@@",
            &format!(
                " -{},{} +{},{len} @@",
                hunk.start + 1,
                hunk.len(),
                start + 1
            ),
        );
        let mut from = hunk.start;
        for (gone, come) in inside {
            old[from..gone.start]
                .iter()
                .for_each(|text| line(" ", text));
            old[gone.clone()].iter().for_each(|text| line("-", text));
            new[come.clone()].iter().for_each(|text| line("+", text));
            from = gone.end;
        }
        old[from..hunk.end].iter().for_each(|text| line(" ", text));
    }
    change
}

/// The lines of `text` that `base` does not have in their place.
pub fn new_lines<'a>(base: &str, text: &'a str) -> Vec<&'a str> {
    let old: Vec<&str> = base.lines().collect();
    let new: Vec<&str> = text.lines().collect();
    let differences = differences(&old, &new).into_iter();
    differences
        .flat_map(|(_, come)| new[come].to_vec())
        .collect()
}

/// `gone` with a line of context on both sides, or with as many as it takes to stand in `lines` once only.
fn unique_window(lines: &[&str], gone: &Range<usize>) -> Range<usize> {
    let wide =
        |context: usize| gone.start.saturating_sub(context)..lines.len().min(gone.end + context);
    (1..lines.len())
        .map(wide)
        .find(|window| places(lines, &lines[window.clone()]).len() == 1)
        .unwrap_or(0..lines.len())
}

/// Where the lines `wanted` stand in `lines`, by the index of the first.
fn places(lines: &[&str], wanted: &[&str]) -> Vec<usize> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let windows = lines.windows(wanted.len()).enumerate();
    windows
        .filter(|(_, window)| *window == wanted)
        .map(|(at, _)| at)
        .collect()
}

fn read(change: &str) -> Result<Vec<Hunk<'_>>, Misfit> {
    let mut hunks: Vec<Hunk<'_>> = Vec::new();
    for line in change.lines() {
        if line.starts_with("@@ ") {
            hunks.push(Hunk {
                head: line,
                ..Hunk::default()
            });
            continue;
        }
        let Some(hunk) = hunks.last_mut() else {
            return Err(Misfit(format!("`{line}` stands before the first hunk")));
        };
        // Editors take away the space of an empty line.
        let (mark, text) = line.split_at_checked(1).unwrap_or((" ", ""));
        match mark {
            " " => {
                hunk.old.push(text);
                hunk.new.push(text);
            }
            "-" => hunk.old.push(text),
            "+" => hunk.new.push(text),
            _ => {
                return Err(Misfit(format!(
                    "`{line}` begins with none of space, - and +"
                )));
            }
        }
    }
    for (hunk, number) in hunks.iter().zip(1..) {
        let counts = format!("{} {}", hunk.old.len(), hunk.new.len());
        let said = hunk.head.split(['-', '+', ' ', '@']);
        let said: Vec<&str> = said
            .filter(|range| !range.is_empty())
            .map(|range| range.split_once(',').map_or("1", |(_, count)| count))
            .take(2)
            .collect();
        if said.join(" ") != counts {
            return Err(Misfit(format!(
                "hunk {number} ({}) has {} old lines and {} new ones",
                hunk.head,
                hunk.old.len(),
                hunk.new.len()
            )));
        }
    }
    Ok(hunks)
}

/// The ranges in which `old` and `new` differ, by their longest common subsequence. Braces and empty lines alone
/// between two of them are no common ground: a change is then read in one piece.
fn differences(old: &[&str], new: &[&str]) -> Vec<(Range<usize>, Range<usize>)> {
    // longest[i][j]: the worth of what old[i..] and new[j..] have in common; a line with words is worth more.
    let words = |line: &str| line.chars().any(char::is_alphanumeric);
    let worth = |line: &str| if words(line) { 4 } else { 1 };
    let mut longest = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let skip = longest[i + 1][j].max(longest[i][j + 1]);
            longest[i][j] = if old[i] == new[j] {
                skip.max(longest[i + 1][j + 1] + worth(old[i]))
            } else {
                skip
            };
        }
    }
    let mut found: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let (from, to) = (i, j);
        while i < old.len() || j < new.len() {
            if i < old.len() && j < new.len() && old[i] == new[j] {
                break;
            }
            if j == new.len() || i < old.len() && longest[i + 1][j] >= longest[i][j + 1] {
                i += 1;
            } else {
                j += 1;
            }
        }
        match found.last_mut() {
            Some((a, b)) if !old[a.end..from].iter().any(|line| words(line)) => {
                (a.end, b.end) = (i, j);
            }
            _ => found.push((from..i, to..j)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "fn a() {\n    one();\n}\n\nfn b() {\n    two();\n}\n";

    #[test]
    fn what_is_made_can_be_applied() {
        let texts = [
            "fn a() {\n    one();\n}\n\nfn b() {\n    three();\n}\n",
            "use x;\nfn a() {\n    one();\n}\n\nfn b() {\n    two();\n}\nfn c() {}\n",
            "fn a() {}\n",
            "nothing\n",
            "fn a() {\n    one();\n}\n\nfn b() {\n    two();\n    two();\n}\n",
        ];
        for text in texts {
            let change = make(BASE, text);
            assert_eq!(apply(BASE, &change).as_deref(), Ok(text), "{change}");
        }
        assert_eq!(make(BASE, BASE), "");
        assert_eq!(apply(BASE, "").as_deref(), Ok(BASE));
    }

    #[test]
    fn a_change_is_small() {
        let text = BASE.replace("two", "three");
        assert_eq!(
            make(BASE, &text),
            "@@ -5,3 +5,3 @@\n fn b() {\n-    two();\n+    three();\n }\n"
        );
    }

    #[test]
    fn a_change_fits_after_an_edit_elsewhere() {
        let change = make(BASE, &BASE.replace("two", "three"));
        let edited = BASE.replace("one();", "one();\n    one_more();");
        let applied = apply(&edited, &change);
        assert_eq!(applied, Ok(edited.replace("two", "three")));
    }

    #[test]
    fn context_grows_until_the_place_is_the_only_one() {
        let base = "{\n    a\n}\n{\n    b\n}\n{\n    a\n}\n";
        let text = "{\n    a\n}\n{\n    b\n}\n{\n    c\n}\n";
        let change = make(base, text);
        assert_eq!(apply(base, &change).as_deref(), Ok(text), "{change}");
        assert!(
            change.starts_with("@@ -6,4 +6,4 @@\n }\n {\n-    a\n"),
            "{change}"
        );
    }

    #[test]
    fn a_change_that_does_not_fit_names_its_hunk() {
        let said = |base: &str, change: &str| apply(base, change).unwrap_err().to_string();
        let change = make(BASE, &BASE.replace("two", "three"));
        let gone = said("fn a() {}\n", &change);
        assert!(
            gone.starts_with("hunk 1 (@@ -5,3 +5,3 @@) does not fit"),
            "{gone}"
        );
        let twice = said(&format!("{BASE}{BASE}"), &change);
        assert!(
            twice.contains("fits in several places (lines 5, 12)"),
            "{twice}"
        );
        assert!(said(BASE, "@@ -1,2 +1,1 @@\n-fn a() {\n").contains("has 1 old lines"));
        assert!(said(BASE, "+++ b\n").contains("before the first hunk"));
    }
}
