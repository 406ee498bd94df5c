//! The reader of Go's dialect, and all that comes behind it, fed with noise: a fixed budget, the same
//! bytes in every run, no panic, and never more bytes held than the limit allows.
//! `FUZZ_SECONDS=600 cargo test -p l03-json-rpc --test it fuzz` goes on for ten minutes.

use l03_json_rpc::go;
use l03_json_rpc::split::{Lost, Split};
use testkit::fuzz::{Dice, MEMORY, alone, budget, peak_memory};

const LIMIT: usize = 512;

/// What streams are made of: things that mean something, and things that do not.
const PARTS: [&[u8]; 24] = [
    br#"{"method":"Panda.GetInfo","params":[100],"id":1}"#,
    br#"{"method":"hello.HelloWorld","params":["wire"],"id":"x"}"#,
    br#"{"method":"hello.HelloWorld","params":["}{\"\\"],"id":null}"#,
    br#"{"id":1,"id":2}"#,
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b":",
    b",",
    b" ",
    b"\n",
    b"\0",
    b"\xff",
    b"\xe4\xbd",
    b"\\u00",
    b"1e999",
    b"-0",
    b"null",
    b"\"method\":",
    b"[[[[[[[[[[[[[[[[",
    b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

fn stream(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Most streams begin with something whole, or nearly all would end at their first byte.
    for _ in 0..dice.below(3) {
        bytes.extend_from_slice(PARTS[dice.below(4)]);
    }
    bytes.push(b'{');
    for _ in 0..dice.below(20) {
        bytes.extend_from_slice(PARTS[dice.below(PARTS.len())]);
    }
    for _ in 0..dice.below(4) {
        let at = dice.below(bytes.len());
        bytes[at] = dice.byte();
    }
    bytes
}

/// The messages of a stream that comes in pieces of these sizes.
fn read(
    split: &mut Split,
    bytes: &[u8],
    mut size: impl FnMut() -> usize,
) -> (Vec<Vec<u8>>, Option<Lost>) {
    let (mut messages, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(size().min(rest.len()));
        rest = after;
        split.push(piece);
        loop {
            match split.next_message() {
                Ok(Some(message)) => {
                    assert!(message.len() <= LIMIT);
                    messages.push(message);
                }
                Ok(None) => break,
                Err(lost) => return (messages, Some(lost)),
            }
        }
    }
    (messages, None)
}

#[test]
fn noise_never_panics_and_pieces_change_nothing() {
    if !alone() {
        return;
    }
    let before = peak_memory();
    let (mut streams, mut whole, mut answered, mut lost) = (0, 0, 0, 0);
    for mut dice in budget("Go-dialect reader", 20_000) {
        let bytes = stream(&mut dice);
        let at_once = read(&mut Split::objects(LIMIT), &bytes, || usize::MAX);
        let pieces = read(&mut Split::objects(LIMIT), &bytes, || 1 + dice.below(7));
        let single = read(&mut Split::objects(LIMIT), &bytes, || 1);
        assert_eq!(at_once, pieces, "{bytes:?}");
        assert_eq!(at_once, single, "{bytes:?}");
        streams += 1;
        for message in &at_once.0 {
            whole += 1;
            answered += usize::from(go::answer(message, go::methods).is_some());
        }
        lost += usize::from(at_once.1.is_some());
        let _ = read(&mut Split::lines(LIMIT), &bytes, || 1 + dice.below(7));
    }
    println!("{streams} streams: {whole} objects, {answered} answered, {lost} streams lost");
    // The noise must reach every part, or it shows nothing.
    assert!(whole > streams / 2 && answered > streams / 4 && lost > streams / 20);
    assert!(answered < whole);
    let more = peak_memory().saturating_sub(before);
    assert!(more < MEMORY, "{more} KiB more than before");
}
