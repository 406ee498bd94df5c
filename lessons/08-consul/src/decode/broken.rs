//! What is wrong with broken JSON, as Go would have put it.
//!
//! Its own file, because nothing depends on it but the words: serde finds the mistake.

/// The words for an error at some place in `text`.
pub fn words(text: &str, error: &serde_json::Error) -> String {
    let line = text
        .split('\n')
        .nth(error.line().saturating_sub(1))
        .unwrap_or("");
    let at = error.column().saturating_sub(1);
    let before = line.get(..at).unwrap_or("");
    let found = line
        .get(at..)
        .and_then(|rest| rest.chars().next())
        .unwrap_or('\n');
    let said = error.to_string();
    let place = match said.split(" at line").next().unwrap_or("") {
        "key must be a string" => "looking for beginning of object key string",
        "trailing comma" if found != ']' => "looking for beginning of object key string",
        "expected `:`" => "after object key",
        "expected `,` or `}`" => "after object key:value pair",
        "expected `,` or `]`" => "after array element",
        "expected ident" => return literal(before, found),
        "invalid escape" if in_hex(before) => r"in \u hexadecimal character escape",
        "invalid escape" => "in string escape code",
        said if said.starts_with("control character") => "in string literal",
        "recursion limit exceeded" => return "exceeded max depth".into(),
        _ => "looking for beginning of value",
    };
    format!("invalid character {} {place}", quote(found))
}

/// `true`, `false` and `null`: which of them began, and what should have come.
fn literal(before: &str, found: char) -> String {
    let begun = before
        .rsplit(|c: char| !c.is_ascii_lowercase())
        .next()
        .unwrap_or("");
    for word in ["true", "false", "null"] {
        if let Some(wanted) = word
            .strip_prefix(begun)
            .and_then(|rest| rest.chars().next())
        {
            let (found, wanted) = (quote(found), quote(wanted));
            return format!("invalid character {found} in literal {word} (expecting {wanted})");
        }
    }
    format!("invalid character {} in literal", quote(found))
}

/// Whether an escape that takes four digits has begun and not ended.
fn in_hex(before: &str) -> bool {
    before
        .rfind(r"\u")
        .is_some_and(|start| before.len() - start < r"\u0000".len())
}

/// A character as Go's `quoteChar` shows it.
fn quote(c: char) -> String {
    match c {
        '\'' => r"'\''".into(),
        '"' => "'\"'".into(),
        c if (c as u32) < 0x20 && !"\n\r\t".contains(c) => format!("'\\x{:02x}'", c as u32),
        c => format!("'{}'", c.escape_debug()),
    }
}

#[cfg(test)]
mod tests {
    fn words(json: &str) -> String {
        crate::decode::value(json.as_bytes()).unwrap_err().words
    }

    #[test]
    fn each_mistake_has_its_words() {
        assert_eq!(words(""), "EOF");
        assert_eq!(words("{"), "unexpected EOF");
        for (json, expected) in [
            (r#"{"Name" "n"}"#, "'\"' after object key"),
            (
                r#"{"Name":"n",}"#,
                "'}' looking for beginning of object key string",
            ),
            ("{Name:1}", "'N' looking for beginning of object key string"),
            (r#"{"Name":"n" "x"}"#, "'\"' after object key:value pair"),
            (r#"["a" 5]"#, "'5' after array element"),
            (r#"{"Name":"\q"}"#, "'q' in string escape code"),
            (
                r#"{"Name":"n\u00zz"}"#,
                r"'z' in \u hexadecimal character escape",
            ),
            ("nope", "'o' in literal null (expecting 'u')"),
            (r#"{"Name":tru}"#, "'}' in literal true (expecting 'e')"),
            ("\0", "'\\x00' looking for beginning of value"),
        ] {
            assert_eq!(
                words(json),
                format!("invalid character {expected}"),
                "{json}"
            );
        }
        // Odd places are no place to panic at.
        for json in ["é", "{é", "[1é", "\"\\ué\"", "nulé", "\"\\é"] {
            assert!(!words(json).is_empty());
        }
    }
}
