//! Walks over the lines of a chapter and knows which of them are code.
//!
//! The chapter that explains a directive shows it in a code fence or in a code span; there it is
//! text and nothing else.

/// Follows the fences (```` ``` ```` or `~~~`) from line to line.
#[derive(Debug, Default)]
pub struct Fences {
    open: Option<(char, usize)>,
}

impl Fences {
    /// Takes the next line; true if it is code or the border of code.
    pub fn is_code(&mut self, line: &str) -> bool {
        let text = line.trim_start();
        let Some(mark) = text.chars().next().filter(|c| matches!(c, '`' | '~')) else {
            return self.open.is_some();
        };
        let length = text.chars().take_while(|c| *c == mark).count();
        let rest = &text[length..];
        match self.open {
            Some((open, least)) => {
                if mark == open && length >= least && rest.trim().is_empty() {
                    self.open = None;
                }
                true
            }
            // ```a`b``` in one line is a code span, not a fence.
            None if length >= 3 && !(mark == '`' && rest.contains('`')) => {
                self.open = Some((mark, length));
                true
            }
            None => false,
        }
    }
}

/// The parts of a text, in order: `(is it a code span, the part with its backticks)`.
///
/// A span opens with a run of backticks and closes with a run of the same length; a run without a
/// partner is text.
pub fn spans(text: &str) -> Vec<(bool, &str)> {
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let length = run(&text[start..]);
        let Some(end) = closing(text, start + length, length) else {
            at = start + length;
            continue;
        };
        if from < start {
            parts.push((false, &text[from..start]));
        }
        parts.push((true, &text[start..end]));
        (from, at) = (end, end);
    }
    if from < text.len() {
        parts.push((false, &text[from..]));
    }
    parts
}

fn run(text: &str) -> usize {
    text.bytes().take_while(|b| *b == b'`').count()
}

fn closing(text: &str, mut at: usize, length: usize) -> Option<usize> {
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let here = run(&text[start..]);
        if here == length {
            return Some(start + here);
        }
        at = start + here;
    }
    None
}

/// `text` without its code spans.
pub fn without_code(text: &str) -> String {
    spans(text)
        .into_iter()
        .filter(|(code, _)| !code)
        .map(|(_, part)| part)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_closes_with_its_own_kind() {
        let mut fences = Fences::default();
        let lines = [
            "a", "````md", "```", "x", "````", "b", "~~~", "```", "~~~", "c",
        ];
        let seen = lines.map(|line| if fences.is_code(line) { 'c' } else { '-' });
        assert_eq!(String::from_iter(seen), "-cccc-ccc-");
        assert!(!fences.is_code("```span``` in a line"));
        assert!(!fences.is_code("next"));
    }

    #[test]
    fn spans_close_with_a_run_of_the_same_length() {
        assert_eq!(without_code("a `b` c ``d`e`` f"), "a  c  f");
        assert_eq!(without_code("a ` b"), "a ` b");
        assert_eq!(without_code("``a` b"), "``a` b");
    }
}
