//! Durations as Consul writes them: `10s`, `1m30s`, `300ms`.

use std::time::Duration;

/// Reads a duration in Go's notation. Less than nothing counts as nothing: every place that takes a
/// duration treats the two alike.
///
/// # Errors
/// In words, if it is none.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("time: invalid duration {text:?}");
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut nanos = 0_f64;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return Err(wrong()),
        };
        nanos += number * unit;
        rest = &rest[letters..];
    }
    // Go keeps nanoseconds in 64 bits with a sign: about 292 years.
    if nanos > 9.2e18 {
        return Err(wrong());
    }
    if negative {
        return Ok(Duration::ZERO);
    }
    Ok(Duration::from_secs_f64(nanos / 1e9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations_are_read() {
        assert_eq!(parse("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("1.5h"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(parse("0"), Ok(Duration::ZERO));
        assert_eq!(parse("-5s"), Ok(Duration::ZERO));
    }

    #[test]
    fn a_number_alone_has_no_unit() {
        for text in ["1", "abc", "1d", "", "-", "1é"] {
            assert_eq!(parse(text), Err(format!("time: invalid duration {text:?}")));
        }
    }
}
