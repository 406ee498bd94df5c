//! The value of a flag, parsed from its text. The error says what is expected.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

/// Anything that reads itself and says why it cannot.
pub(super) fn plain<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|why: T::Err| why.to_string())
}

/// A number.
pub(super) fn number(text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_| "a number is expected, such as 2".to_string())
}

/// A name, an id, a version: printable, and not too long for any registry.
pub(super) fn name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("it is empty".to_string());
    }
    if text.chars().any(char::is_control) {
        return Err("it has characters that cannot be printed".to_string());
    }
    Ok(text.to_string())
}

// ANCHOR: addresses
/// One address or several, with commas between. Some guides write them with `http://` and others
/// without, so both are right.
pub(super) fn addresses(text: &str) -> Result<Vec<SocketAddr>, String> {
    text.split(',').map(|one| address(one.trim())).collect()
}

/// One address.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    if text.starts_with("https://") {
        return Err(
            "https is not spoken here; 127.0.0.1:2379 or http://127.0.0.1:2379".to_string(),
        );
    }
    let bare = text.strip_prefix("http://").unwrap_or(text);
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    // The one name that needs no resolver.
    let numeric = match bare.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => bare.to_string(),
    };
    numeric
        .parse()
        .map_err(|_| "an address looks like 127.0.0.1:2379, with a port".to_string())
}
// ANCHOR_END: addresses

/// `key=value`, several with commas between.
pub(super) fn metadata(text: &str) -> Result<BTreeMap<String, String>, String> {
    let pair = |one: &str| match one.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_string(), value.trim().to_string()))
        }
        _ => Err("it looks like key=value, several with commas between".to_string()),
    };
    text.split(',').map(pair).collect()
}

/// A time: `30` and `30s` are seconds, `500ms`, `2m`. More than nothing, and at most a day.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let expected = || "a time looks like 30s, 500ms or 2m".to_string();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| expected())?;
    let millis = match &text[digits.len()..] {
        "ms" => Some(number),
        "" | "s" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => return Err(expected()),
    };
    match millis {
        Some(0) => Err("it has to be more than nothing".to_string()),
        Some(millis) if millis <= 86_400_000 => Ok(Duration::from_millis(millis)),
        _ => Err("a day is the most".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, millis) in [
            ("30", 30_000),
            ("30s", 30_000),
            ("500ms", 500),
            ("2m", 120_000),
        ] {
            assert_eq!(time(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "s",
            "-1",
            "1.5s",
            "0",
            "0ms",
            "25h",
            "99999999999999999999s",
            "3 s",
            "3x",
        ] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_with_and_without_http() {
        let one: SocketAddr = "127.0.0.1:3379".parse().unwrap();
        for text in [
            "127.0.0.1:3379",
            "http://127.0.0.1:3379",
            "http://127.0.0.1:3379/",
            "localhost:3379",
        ] {
            assert_eq!(addresses(text), Ok(vec![one]), "{text}");
        }
        let several = addresses("127.0.0.1:3379, http://127.0.0.1:4379");
        assert_eq!(several.unwrap().len(), 2);
        for text in [
            "",
            "127.0.0.1",
            "https://127.0.0.1:3379",
            "127.0.0.1:99999",
            "a,b",
            ":80",
        ] {
            assert!(addresses(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pairs() {
        let two = metadata("zone=a, weight=3").unwrap();
        assert_eq!(two.len(), 2);
        assert_eq!(two["weight"], "3");
        for text in ["", "zone", "=a", "a=b,"] {
            assert!(metadata(text).is_err(), "{text}");
        }
    }
}
