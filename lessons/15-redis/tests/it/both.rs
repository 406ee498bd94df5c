//! Conversations, byte by byte, with the real Redis and with ours: the same table for both, so a line that
//! is wrong about Redis fails here too. Each is held three times: line by line, in one write, and a byte
//! at a time.

use std::path::Path;

use crate::support::{Line, Redis, Side};

/// What one side says and the other answers.
enum Part {
    /// Bytes that are sent, and the bytes of the answer.
    Exactly(Vec<u8>, Vec<u8>),
    /// Bytes that are sent, and an answer that is different every time.
    Whatever(Vec<u8>),
}

struct Conversation {
    name: String,
    parts: Vec<Part>,
    ends: bool,
}

/// Reads a file of conversations; its head says how it is written.
fn read(file: &str) -> Vec<Conversation> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("tests/it/conversations").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut all: Vec<Conversation> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        if mark == "==" {
            all.push(Conversation {
                name: format!("{file}: {rest}"),
                parts: Vec::new(),
                ends: false,
            });
            continue;
        }
        let typed = || format!("{rest}\r\n").into_bytes();
        let Some(one) = all.last_mut() else {
            assert_eq!(line, "", "a line before the first conversation");
            continue;
        };
        match (mark, one.parts.last_mut()) {
            ("", _) => {}
            (">", _) => one.parts.push(Part::Exactly(typed(), Vec::new())),
            (">>", _) => one.parts.push(Part::Exactly(bytes(rest), Vec::new())),
            ("~", _) => one.parts.push(Part::Whatever(typed())),
            ("<", Some(Part::Exactly(_, answer))) => {
                answer.extend(bytes(rest));
                answer.extend(b"\r\n");
            }
            ("<|", _) => one.ends = true,
            _ => panic!("{file}: what is {line:?}?"),
        }
    }
    all
}

/// `\r`, `\n`, `\t`, `\\` and `\xHH` are bytes.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next().unwrap() {
                b'r' => b'\r',
                b'n' => b'\n',
                b't' => b'\t',
                b'x' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    let digits = std::str::from_utf8(&digits).unwrap();
                    u8::from_str_radix(digits, 16).unwrap()
                }
                other => other,
            },
            other => other,
        });
    }
    bytes
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    LineByLine,
    OneWrite,
    ByteByByte,
}

#[track_caller]
fn hold(side: Side, redis: &Redis, conversation: &Conversation, how: How) {
    assert_eq!(redis.line().says("FLUSHALL"), "+OK\r\n");
    let mut line = redis.line();
    let sent = |part: &Part| match part {
        Part::Exactly(sent, _) | Part::Whatever(sent) => sent.clone(),
    };
    if how == How::OneWrite {
        line.send(
            &conversation
                .parts
                .iter()
                .flat_map(sent)
                .collect::<Vec<u8>>(),
        );
    }
    for part in &conversation.parts {
        match how {
            How::LineByLine => line.send(&sent(part)),
            How::ByteByByte => sent(part).iter().for_each(|byte| line.send(&[*byte])),
            How::OneWrite => {}
        }
        match part {
            Part::Whatever(_) => drop(line.value()),
            Part::Exactly(sent, expected) => {
                let answer = line.bytes(expected.len());
                assert!(
                    answer == *expected,
                    "{}, {how:?}, with {side}:\n  sent      {:?}\n  answered  {:?}\n  expected  {:?}",
                    conversation.name,
                    String::from_utf8_lossy(sent),
                    String::from_utf8_lossy(&answer),
                    String::from_utf8_lossy(expected),
                );
            }
        }
    }
    nothing_more(side, &mut line, conversation);
}

#[track_caller]
fn nothing_more(side: Side, line: &mut Line, conversation: &Conversation) {
    let rest = if conversation.ends {
        line.rest()
    } else {
        // If more had been said, it would come before this. `QUIT` is answered in any state.
        line.send(b"QUIT\r\n");
        let rest = line.rest();
        rest.strip_suffix(b"+OK\r\n")
            .map_or(rest.clone(), <[u8]>::to_vec)
    };
    let said = String::from_utf8_lossy(&rest);
    assert_eq!(said, "", "{} with {side}", conversation.name);
}

#[track_caller]
fn all_of(file: &str) {
    let conversations = read(file);
    assert!(!conversations.is_empty(), "{file} is read");
    for side in Side::to_test() {
        let redis = side.start();
        for conversation in &conversations {
            for how in [How::LineByLine, How::OneWrite, How::ByteByByte] {
                hold(side, &redis, conversation, how);
            }
        }
    }
}

#[test]
fn strings() {
    all_of("strings.txt");
}

#[test]
fn counters() {
    all_of("counters.txt");
}

#[test]
fn keys() {
    all_of("keys.txt");
}

#[test]
fn times_to_live() {
    all_of("ttl.txt");
}

#[test]
fn transactions() {
    all_of("transactions.txt");
}

#[test]
fn connections() {
    all_of("connection.txt");
}

#[test]
fn the_protocol_itself() {
    all_of("protocol.txt");
}
