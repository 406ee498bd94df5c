//! Values as a learner should see them: text in quotes, bytes that are no text as hexadecimal,
//! nothing longer than a line.

use std::io;
use std::time::Duration;

/// More than this many bytes of a value are cut off: the beginning shows what went wrong.
const SHOWN: usize = 48;

/// Writes a value as a failure shows it.
pub trait View {
    /// The value in one line.
    fn view(&self) -> String;
}

/// Bytes as text where they are text, as hexadecimal where they are not.
///
/// ```
/// use testkit::view_bytes;
/// assert_eq!(view_bytes(b"hel"), r#""hel""#);
/// assert_eq!(view_bytes(b"\x00\x05hello"), r#"00 05 68 65 6c 6c 6f  "··hello""#);
/// assert_eq!(view_bytes(&[0xe4]), "e4 (not UTF-8)");
/// assert_eq!(view_bytes(b""), "nothing");
/// ```
pub fn view_bytes(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing".to_string();
    }
    let (head, more) = match bytes.get(..SHOWN) {
        Some(head) if bytes.len() > SHOWN => (head, format!(" ... ({} bytes)", bytes.len())),
        _ => (bytes, String::new()),
    };
    // The cut may fall into a character; that is our doing and no fault of the bytes.
    let text = match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() && bytes.len() > SHOWN => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    match text {
        Some(text)
            if text
                .chars()
                .all(|c| !c.is_control() || "\n\r\t".contains(c)) =>
        {
            format!("{text:?}{more}")
        }
        _ => {
            let hex: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
            let dots: String = head
                .iter()
                .map(|byte| {
                    if (0x20..0x7f).contains(byte) {
                        char::from(*byte)
                    } else {
                        '·'
                    }
                })
                .collect();
            let letters = dots.chars().any(|c| c != '·');
            let dots = if letters {
                format!("  \"{dots}\"")
            } else {
                String::new()
            };
            let note = if text.is_none() { " (not UTF-8)" } else { "" };
            format!("{}{dots}{note}{more}", hex.join(" "))
        }
    }
}

/// A duration for a sentence: `0.4 s`, `60 ms`.
pub fn seconds(duration: Duration) -> String {
    if duration < Duration::from_millis(100) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

impl View for str {
    fn view(&self) -> String {
        if self.is_empty() {
            return "nothing (an empty string)".to_string();
        }
        view_bytes(self.as_bytes())
    }
}

impl View for String {
    fn view(&self) -> String {
        self.as_str().view()
    }
}

impl View for [u8] {
    fn view(&self) -> String {
        view_bytes(self)
    }
}

impl<const N: usize> View for [u8; N] {
    fn view(&self) -> String {
        view_bytes(self)
    }
}

impl View for Vec<u8> {
    fn view(&self) -> String {
        view_bytes(self)
    }
}

impl View for Duration {
    fn view(&self) -> String {
        seconds(*self)
    }
}

impl View for () {
    fn view(&self) -> String {
        "()".to_string()
    }
}

impl View for io::Error {
    /// The kind first: it is what code branches on. The system's own sentence follows.
    fn view(&self) -> String {
        let kind = format!("{:?}", self.kind());
        let text = self.to_string();
        if text.is_empty() || text == kind {
            kind
        } else {
            format!("{kind} ({text})")
        }
    }
}

impl<V: View + ?Sized> View for &V {
    fn view(&self) -> String {
        (**self).view()
    }
}

impl<V: View> View for Option<V> {
    fn view(&self) -> String {
        match self {
            Some(value) => format!("Some({})", value.view()),
            None => "None".to_string(),
        }
    }
}

impl<V: View, E: View> View for Result<V, E> {
    fn view(&self) -> String {
        match self {
            Ok(value) => format!("Ok({})", value.view()),
            Err(error) => format!("Err: {}", error.view()),
        }
    }
}

macro_rules! view_by_display {
    ($($kind:ty),*) => {
        $(impl View for $kind {
            fn view(&self) -> String {
                self.to_string()
            }
        })*
    };
}

// No `u8`: a list of bytes is shown as bytes, a single byte is rarely worth a line.
view_by_display!(bool, u16, u32, u64, usize, i32, i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!("hello\n".view(), r#""hello\n""#);
        assert_eq!("你好".as_bytes().view(), r#""你好""#);
        assert_eq!("".view(), "nothing (an empty string)");
    }

    #[test]
    fn half_a_character_is_hexadecimal() {
        assert_eq!(view_bytes(&"你".as_bytes()[..1]), "e4 (not UTF-8)");
        assert_eq!(view_bytes(b"a\xff"), "61 ff  \"a·\" (not UTF-8)");
    }

    #[test]
    fn long_values_are_cut_and_counted() {
        let long = "你".repeat(1000);
        let view = long.view();
        assert!(view.ends_with("(3000 bytes)"), "{view}");
        assert!(
            view.starts_with('"'),
            "a cut inside a character is not reported: {view}"
        );
    }

    #[test]
    fn results_read_like_code() {
        let answer: io::Result<Option<Vec<u8>>> = Ok(Some(b"hel".to_vec()));
        assert_eq!(answer.view(), "Ok(Some(\"hel\"))");
        let answer: io::Result<()> = Err(io::ErrorKind::TimedOut.into());
        assert_eq!(answer.view(), "Err: TimedOut (timed out)");
    }
}
