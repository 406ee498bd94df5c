//! Patterns of keys, as KEYS, SCAN and CONFIG GET have them: `*`, `?`, `[abc]`, `[a-z]`, `[^a]`, and a
//! backslash before any of these.

/// Whether the whole text fits the pattern.
///
/// A function that calls itself at every `*` needs days for the pattern `*a*a*a*a*a*b` and a long text (Redis had this
/// fault, CVE-2022-36021). Only the last `*` has to be tried again: what fits before it can stay.
pub fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        let step = match pattern.split_first() {
            Some((b'*', rest)) => {
                star = Some((rest, text));
                pattern = rest;
                continue;
            }
            None if text.is_empty() => return true,
            None => None,
            Some(_) => text
                .split_first()
                .and_then(|(byte, tail)| Some((one(pattern, *byte)?, tail))),
        };
        (pattern, text) = match (step, star) {
            (Some(step), _) => step,
            // The star takes one byte more.
            (None, Some((after, [_, tail @ ..]))) => {
                star = Some((after, tail));
                (after, tail)
            }
            (None, _) => return false,
        };
    }
}

/// Fits one byte with the first thing in the pattern; what is behind that.
fn one(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    match pattern {
        [b'?', rest @ ..] => Some(rest),
        [b'[', rest @ ..] => {
            let (fits, rest) = class(rest, byte);
            fits.then_some(rest)
        }
        [b'\\', escaped, rest @ ..] => (*escaped == byte).then_some(rest),
        [other, rest @ ..] => (*other == byte).then_some(rest),
        [] => None,
    }
}

/// A class, from behind its `[`. One without a `]` ends with the pattern.
fn class(pattern: &[u8], byte: u8) -> (bool, &[u8]) {
    let (not, mut rest) = match pattern {
        [b'^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut found = false;
    loop {
        rest = match rest {
            [] => return (found != not, rest),
            [b']', rest @ ..] => return (found != not, rest),
            [b'\\', escaped, rest @ ..] => {
                found |= *escaped == byte;
                rest
            }
            [from, b'-', to, rest @ ..] => {
                found |= (*from.min(to)..=*from.max(to)).contains(&byte);
                rest
            }
            [one, rest @ ..] => {
                found |= *one == byte;
                rest
            }
        };
    }
}
