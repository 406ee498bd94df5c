//! Patterns of keys: what fits, and that none of them is endless work.

use crate::glob::fits;

#[test]
fn patterns_fit_as_in_redis() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("", "", true),
        ("", "a", false),
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("a*b*c", "axxbyyc", true),
        ("a*b*c", "axxcyyb", false),
        ("h?llo", "hello", true),
        ("h?llo", "hllo", false),
        ("h[ae]llo", "hallo", true),
        ("h[^e]llo", "hello", false),
        ("h[a-c]llo", "hbllo", true),
        ("h[c-a]llo", "hbllo", true),
        ("h[a-c", "hb", true),
        ("\\*", "*", true),
        ("\\*", "a", false),
        ("[\\]]", "]", true),
        ("a\\", "a\\", true),
        ("**", "abc", true),
    ] {
        let fit = fits(pattern.as_bytes(), text.as_bytes());
        assert_eq!(fit, expected, "{pattern} {text}");
    }
}

#[test]
fn a_bad_pattern_is_no_endless_work() {
    let pattern = "*a".repeat(30) + "b";
    assert!(!fits(pattern.as_bytes(), "a".repeat(10_000).as_bytes()));
}
