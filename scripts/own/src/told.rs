//! What the judge says: the situation, what was expected, what happened, a belief where it is
//! recognised, and the messages that went to and fro.

use std::fmt::Write;

/// So many messages are shown: the last ones.
const SHOWN: usize = 10;
/// A longer message is cut.
const LONG: usize = 44;

/// Why a stage has failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What the judge did.
    pub situation: String,
    /// What a right service does then.
    pub expected: String,
    /// What this one did.
    pub happened: String,
    /// The belief behind it, if it is recognised, and the advice.
    pub belief: Option<Belief>,
    /// The messages of this connection.
    pub messages: Vec<Message>,
}

/// A belief that an answer shows, as a slug and as advice.
pub type Belief = &'static (&'static str, &'static str);

/// One message on the wire.
#[derive(Debug, Clone)]
pub struct Message {
    /// Whether the client sent it.
    pub by_client: bool,
    /// What it was, in print.
    pub text: String,
}

impl Failure {
    /// A failure in `situation`.
    pub fn new(
        situation: &str,
        expected: impl Into<String>,
        happened: impl Into<String>,
        belief: Option<Belief>,
    ) -> Self {
        Self {
            situation: situation.to_owned(),
            expected: expected.into(),
            happened: happened.into(),
            belief,
            messages: Vec::new(),
        }
    }

    /// The text of the verdict, in the form of the exercises' verdicts.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}\n  expected      {}\n  your service  {}\n",
            self.situation,
            hanging(&self.expected),
            hanging(&self.happened)
        );
        if !self.messages.is_empty() {
            text.push('\n');
            text.push_str(&picture(&self.messages));
        }
        if let Some((_, advice)) = self.belief {
            let _ = writeln!(text, "→ {advice}");
        }
        text
    }
}

fn hanging(text: &str) -> String {
    text.replace('\n', "\n                ")
}

/// The messages between client and service as a picture, time downwards.
pub fn picture(messages: &[Message]) -> String {
    let skipped = messages.len().saturating_sub(SHOWN);
    let mut text = format!("  {:<54} service\n", "client");
    if skipped > 0 {
        let _ = writeln!(text, "    |   ... {skipped} messages before");
    }
    for message in &messages[skipped..] {
        let words = cut(&message.text);
        let line = "-".repeat(50_usize.saturating_sub(words.chars().count()));
        let _ = if message.by_client {
            writeln!(text, "    | {words} {line}> |")
        } else {
            writeln!(text, "    | <{line} {words} |")
        };
    }
    text
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONG {
        return text.to_owned();
    }
    let head: String = text.chars().take(LONG - 4).collect();
    format!("{head} ...")
}

/// Bytes as a Rust programmer writes them; long ones are cut and counted.
pub fn quoted(bytes: &[u8]) -> String {
    if bytes.len() > 80 {
        let head = String::from_utf8_lossy(&bytes[..24]);
        return format!("{head:?} ... ({} bytes)", bytes.len());
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => format!("{text:?}"),
        Err(_) => format!("\"{}\"", bytes.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_like_a_verdict() {
        let mut failure = Failure::new(
            "One line in two pieces",
            "\"hello Ali\\n\"",
            "\"hello A\\n\"",
            Some(&("one-read", "One read is not one line.")),
        );
        failure.messages.push(Message {
            by_client: true,
            text: "\"A\"".into(),
        });
        failure.messages.push(Message {
            by_client: false,
            text: "\"hello A\\n\"".into(),
        });
        let text = failure.text();
        assert!(text.starts_with("One line in two pieces\n  expected      \"hello Ali"));
        assert!(text.contains("| \"A\" ---") && text.contains("--- \"hello A\\n\" |"));
        assert!(text.ends_with("→ One read is not one line.\n"));
    }

    #[test]
    fn long_and_odd_bytes_stay_readable() {
        assert_eq!(quoted(b"a\xff\n"), "\"a\\xff\\n\"");
        assert!(quoted(&[b'x'; 5000]).ends_with("(5000 bytes)"));
    }
}
