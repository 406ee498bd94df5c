//! Reads the start tags of a built page: enough to see what it links to, loads and runs.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// A start tag.
pub struct Tag {
    /// In lower case.
    pub name: String,
    /// Name (lower case) and value (entities resolved), in order.
    pub attributes: Vec<(String, String)>,
}

impl Tag {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// All start tags of a page, in order.
pub fn tags(html: &str) -> Vec<Tag> {
    let tokenizer = Tokenizer::new(Found::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    // It stops early only where its sink asks it to run a script.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

#[derive(Default)]
struct Found(RefCell<Vec<Tag>>);

impl TokenSink for Found {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else {
            return TokenSinkResult::Continue;
        };
        if tag.kind == TagKind::EndTag {
            return TokenSinkResult::Continue;
        }
        let attributes = tag.attrs.iter();
        self.0.borrow_mut().push(Tag {
            name: tag.name.to_string(),
            attributes: attributes
                .map(|attribute| {
                    (
                        attribute.name.local.to_string(),
                        attribute.value.to_string(),
                    )
                })
                .collect(),
        });
        // What a `<` means in the text that follows.
        match &*tag.name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" => TokenSinkResult::RawData(RawKind::Rawtext),
            _ => TokenSinkResult::Continue,
        }
    }
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
        assert_eq!(tags[3].get("alt"), Some("a > b"));
    }

    #[test]
    fn broken_pages_come_to_an_end() {
        for html in "<a|<a href|<a href=|<a href=\"|<a = = >|<!--|<script>".split('|') {
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
