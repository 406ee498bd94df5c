//! Reads the start tags of a built page: enough to see what it links to, loads and runs.
//!
//! It reads what mdBook and our theme write, which is well-formed; it is no browser.

/// A start tag, with what it stands before where that is no HTML.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tag<'a> {
    /// In lower case.
    pub name: String,
    /// Name (lower case) and value (entities resolved), in order.
    pub attributes: Vec<(String, String)>,
    /// The raw text of a `script` or `style`, up to its end tag.
    pub text: &'a str,
}

impl Tag<'_> {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// All start tags of a page, in order.
pub fn tags(html: &str) -> Vec<Tag<'_>> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        if rest.starts_with("<!--") {
            rest = after(rest, "-->");
        } else if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            let (mut tag, left) = tag(rest);
            rest = left;
            if matches!(tag.name.as_str(), "script" | "style") {
                let end = end_tag(rest, &tag.name);
                tag.text = &rest[..end];
                rest = &rest[end..];
            }
            found.push(tag);
        } else {
            rest = &rest[1..];
        }
    }
    found
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    text.find(mark).map_or("", |at| &text[at + mark.len()..])
}

fn end_tag(text: &str, name: &str) -> usize {
    let end = format!("</{name}");
    text.char_indices()
        .map(|(at, _)| at)
        .find(|at| {
            text.get(*at..at + end.len())
                .is_some_and(|part| part.eq_ignore_ascii_case(&end))
        })
        .unwrap_or(text.len())
}

/// Reads `<name a=b c="d" e>`; the second part is what follows.
fn tag(text: &str) -> (Tag<'_>, &str) {
    let is_end = |c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/' | '=');
    let (name, mut rest) = split(&text[1..], is_end);
    let mut tag = Tag {
        name: name.to_ascii_lowercase(),
        ..Tag::default()
    };
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return (tag, rest);
        }
        if let Some(left) = rest.strip_prefix('>') {
            return (tag, left);
        }
        let (name, left) = split(rest, is_end);
        // A stray `=` would stand still here for ever.
        if name.is_empty() {
            rest = &rest[1..];
            continue;
        }
        let trimmed = left.trim_start();
        let (value, left) = match trimmed.strip_prefix('=') {
            None => ("", left),
            Some(given) => {
                let given = given.trim_start();
                match given.chars().next().filter(|c| matches!(c, '"' | '\'')) {
                    Some(quote) => {
                        let (value, left) = split(&given[1..], |c| c == quote);
                        (value, left.get(1..).unwrap_or(""))
                    }
                    None => split(given, |c| c.is_ascii_whitespace() || c == '>'),
                }
            }
        };
        tag.attributes
            .push((name.to_ascii_lowercase(), unescape(value)));
        rest = left;
    }
}

fn split(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

/// Resolves the entities that occur in attributes.
fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&#x3D;", "=")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// `%41` to `A`; `None` where that is no UTF-8 or no hex.
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |b: Option<u8>| char::from(b?).to_digit(16);
            let value = digit(rest.next())? * 16 + digit(rest.next())?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_with_their_attributes() {
        let html = "<!DOCTYPE html><!-- <a href=x> --><A HREF='a&amp;b' id = c disabled>t</a><br/>\
                    <script>if (a<b) { \"<a href=y>\" }</SCRIPT><img src=\"i.svg\" alt=\"a > b\"> 1 < 2 <";
        let tags = tags(html);
        let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["a", "br", "script", "img"]);
        assert_eq!(tags[0].get("href"), Some("a&b"));
        assert_eq!(tags[0].get("id"), Some("c"));
        assert_eq!(tags[0].get("disabled"), Some(""));
        assert_eq!(tags[2].text, "if (a<b) { \"<a href=y>\" }");
        assert_eq!(tags[3].get("alt"), Some("a > b"));
    }

    #[test]
    fn broken_pages_come_to_an_end() {
        for html in [
            "<a",
            "<a href",
            "<a href=",
            "<a href=\"",
            "<a = = >",
            "<!--",
            "<script>",
        ] {
            assert!(tags(html).len() <= 1, "{html}");
        }
    }

    #[test]
    fn percent_signs_are_resolved() {
        assert_eq!(percent_decoded("a%2fb%20c").as_deref(), Some("a/b c"));
        assert_eq!(percent_decoded("%"), None);
        assert_eq!(percent_decoded("%zz"), None);
        assert_eq!(percent_decoded("%ff"), None);
    }
}
