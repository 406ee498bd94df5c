//! The check of `utf8`: texts in several languages, cut inside characters.

mod exercise;

use std::io::{self, ErrorKind, Write};

use testkit::{Case, View, case, view_bytes};

/// What `send` writes for a text.
#[track_caller]
fn sent(case: &Case, text: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    match exercise::send(text, &mut wire) {
        Ok(()) => wire,
        Err(error) => case.differ(
            format!("{} is sent", text.view()),
            error.view(),
            "A text of up to 255 bytes can be sent.",
        ),
    }
}

// The belief of this exercise. A network cuts between any two bytes, also inside a character.
#[test]
fn a_character_in_two_pieces() {
    case("`你` arrives as 1 + 2 bytes", |case| {
        let mut wire = case.pieces([&[3, 0xe4][..], &[0xbd, 0xa0]]).then_silence();
        let answer = exercise::receive(&mut wire);
        let advice = match &answer {
            Ok(text) if text.chars().all(|c| c == '\0') => {
                "None of the three bytes behind the length is in your answer."
            }
            Ok(text) if text == "\u{e4}\u{bd}\u{a0}" => {
                "Each byte was turned into a character of its own. In UTF-8 this character is \
                 three bytes: decode all of them together."
            }
            _ => {
                "你 arrived as 1 + 2 bytes: collect the whole frame, then decode it. A piece may \
                 end inside a character."
            }
        };
        match &answer {
            Ok(text) => case.expect_eq("你", text, advice),
            Err(_) => case.differ("你".view(), answer.view(), advice),
        }
    });
}

// A replacement character is data loss that the caller does not notice.
#[test]
fn bytes_that_are_no_text() {
    for bytes in [&b"\x02a\xff"[..], b"\x01\xe4"] {
        let situation = format!("The frame {}", view_bytes(&bytes[1..]));
        case(&situation, |case| {
            let answer = exercise::receive(&mut case.pieces([bytes]).then_silence());
            let advice = match &answer {
                Ok(text) if text.contains('\u{fffd}') => {
                    "These bytes are not UTF-8, and `\u{fffd}` took the place of some. That \
                     changes the message, and neither side would notice: return an error."
                }
                _ => "These bytes are not UTF-8. Return an error.",
            };
            case.expect_error(ErrorKind::InvalidData, &answer, advice);
        });
    }
    case("The stream ends before the text is complete", |case| {
        let answer = exercise::receive(&mut case.pieces([b"\x05hel"]));
        let advice = "The length says 5 bytes, and the stream ended after 3.";
        case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
        let answer = exercise::receive(&mut case.pieces([""; 0]));
        let advice =
            "The stream ended before the length: there was no text, not even an empty one.";
        case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
    });
}

// The receiver reads bytes, so the length must count bytes.
#[test]
fn length_counts_bytes() {
    case("The length of `你好`", |case| {
        let wire = sent(case, "你好");
        let advice = match wire.first() {
            Some(2) => {
                "`你好` is 2 characters and 6 bytes, and the first byte must say 6. The receiver counts bytes: with 2 \
                 it would stop inside the text."
            }
            _ => "The first byte is the number of bytes of the text, and the text follows.",
        };
        case.expect_eq(&b"\x06\xe4\xbd\xa0\xe5\xa5\xbd"[..], &wire[..], advice);
    });
}

// One byte can say 255. A longer text must be refused before anything is on the wire.
#[test]
fn too_long_is_refused() {
    case("A text of 300 bytes", |case| {
        let mut wire = Vec::new();
        let answer = exercise::send(&"a".repeat(300), &mut wire);
        let advice = match wire.first() {
            Some(44) => {
                "The text was sent with the length 44: 300 does not fit into one byte, and \
                 `as u8` cuts it off. The receiver would take the rest for the next frame."
            }
            _ => "300 does not fit into one byte. Refuse the text.",
        };
        case.expect_error(ErrorKind::InvalidInput, &answer, advice);
        case.expect_eq(
            "0 bytes sent",
            &format!("{} bytes sent", wire.len()),
            "Refuse before you send the first byte.",
        );
    });
    case("A text of 256 bytes, 128 characters", |case| {
        let mut wire = Vec::new();
        let answer = exercise::send(&"ü".repeat(128), &mut wire);
        let advice = "256 does not fit into one byte: the limit counts bytes, not characters.";
        case.expect_error(ErrorKind::InvalidInput, &answer, advice);
    });
    case("A text of 255 bytes", |case| {
        let text = "ü".repeat(127) + "!";
        case.expect_eq(
            "256 bytes sent",
            &format!("{} bytes sent", sent(case, &text).len()),
            "One byte for the length, and 255 for the text.",
        );
    });
}

/// A destination that takes one byte at a time.
struct OneByte(Vec<u8>);

impl Write for OneByte {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend(bytes.first());
        Ok(bytes.len().min(1))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A destination that fails once.
struct FailsOnce(bool);

impl Write for FailsOnce {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match std::mem::replace(&mut self.0, true) {
            true => Ok(bytes.len()),
            false => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// `write` may take a part of the bytes, and it may fail.
#[test]
fn the_destination_is_slow_or_broken() {
    case("A destination that takes one byte at a time", |case| {
        let mut wire = OneByte(Vec::new());
        let _ = exercise::send("Grüße", &mut wire);
        let advice = "`write` took one byte and said so. `write_all` goes on with the rest.";
        case.expect_eq(&b"\x07Gr\xc3\xbc\xc3\x9fe"[..], &wire.0[..], advice);
    });
    case("A destination whose first write fails", |case| {
        let answer = exercise::send("Grüße", &mut FailsOnce(false));
        let advice = "A write failed, so the text is not complete on the other side. Return the \
                      error.";
        case.expect_error(ErrorKind::BrokenPipe, &answer, advice);
    });
}

// Both directions together, one frame after the other.
#[test]
fn what_is_sent_is_received() {
    case("Four texts, byte by byte", |case| {
        let texts = ["wire", "", "Grüße aus 東京", "🦀🦀"];
        let mut bytes = Vec::new();
        for text in texts {
            bytes.extend(sent(case, text));
        }
        let mut wire = case.pieces(bytes.iter().map(|byte| [*byte])).then_silence();
        for text in texts {
            let answer = exercise::receive(&mut wire);
            let advice = "What `send` wrote, `receive` must give back unchanged.";
            match &answer {
                Ok(got) => case.expect_eq(text, got, advice),
                Err(_) => case.differ(text.view(), answer.view(), advice),
            }
        }
    });
}
