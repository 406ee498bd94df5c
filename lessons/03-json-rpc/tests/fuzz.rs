//! The reader of Go's dialect, and all that comes behind it, fed with noise: a fixed budget, the same
//! bytes in every run, no panic, and never more bytes held than the limit allows.

use l03_json_rpc::go;
use l03_json_rpc::split::{Lost, Split};

const ROUNDS: u64 = 20_000;
const LIMIT: usize = 512;

/// A small generator of numbers (xorshift64*): the same seed gives the same run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end
    }
}

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

fn stream(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Most streams begin with something whole, or nearly all would end at their first byte.
    for _ in 0..random.below(3) {
        bytes.extend_from_slice(PARTS[random.below(4)]);
    }
    bytes.push(b'{');
    for _ in 0..random.below(20) {
        bytes.extend_from_slice(PARTS[random.below(PARTS.len())]);
    }
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len());
        bytes[at] = (random.next() >> 40).to_le_bytes()[0];
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
    let mut random = Random(0x5eed);
    let (mut whole, mut answered, mut lost) = (0, 0, 0);
    for round in 0..ROUNDS {
        let bytes = stream(&mut random);
        let at_once = read(&mut Split::objects(LIMIT), &bytes, || usize::MAX);
        let pieces = read(&mut Split::objects(LIMIT), &bytes, || 1 + random.below(7));
        let single = read(&mut Split::objects(LIMIT), &bytes, || 1);
        assert_eq!(at_once, pieces, "round {round}: {bytes:?}");
        assert_eq!(at_once, single, "round {round}: {bytes:?}");
        for message in &at_once.0 {
            whole += 1;
            answered += usize::from(go::answer(message, go::methods).is_some());
        }
        lost += usize::from(at_once.1.is_some());
        let _ = read(&mut Split::lines(LIMIT), &bytes, || 1 + random.below(7));
    }
    println!("{ROUNDS} streams: {whole} objects, {answered} answered, {lost} streams lost");
    // The noise must reach every part, or it shows nothing.
    assert!(whole > 10_000 && answered > 5_000 && lost > 1_000 && answered < whole);
}
