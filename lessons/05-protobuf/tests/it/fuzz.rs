//! Truncated and corrupted bytes for everything that reads them: an error or a message, never a panic,
//! and no memory for a length that was only claimed. `FUZZ_SECONDS=600 cargo test -p l05-protobuf --test
//! it fuzz` goes on for ten minutes.

use std::pin::Pin;
use std::task::{Context, Poll};

use l05_protobuf::addressbook::{AddressBook, Person};
use l05_protobuf::explain::explain;
use l05_protobuf::greeter::HelloRequest;
use l05_protobuf::panda::{Kinds, PandaRequest};
use l05_protobuf::schema::Schema;
use l05_protobuf::school::Student;
use l05_protobuf::{DESCRIPTORS, frame, wire};
use prost::Message;
use testkit::fuzz::{Dice, MEMORY, alone, budget, peak_memory};
use tokio::io::{AsyncRead, ReadBuf};

use crate::generated::Made;

/// A length of nearly 2 GB, and one of nearly 2^64 bytes.
const CLAIMS: [&[u8]; 2] = [
    &[0xff, 0xff, 0xff, 0xff, 0x07],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
];

/// Memory that was asked for and never touched costs nothing yet, so `peak_memory` does not see it. This
/// does: in KiB, and 0 where the system does not tell. Threads that start ask for some, hence the room.
fn peak_asked() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

/// Half of the smallest claim.
const ASKED: u64 = 1024 * 1024;

/// Cuts, changes, adds; sometimes a huge length where one may stand.
fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, dice.byte()),
            2 => bytes.splice(at..at, dice.bytes(12)).for_each(drop),
            3 => bytes
                .splice(at..at, CLAIMS[dice.below(2)].to_vec())
                .for_each(drop),
            _ => {
                let byte = dice.byte();
                if let Some(place) = bytes.get_mut(at) {
                    *place = byte;
                }
            }
        }
    }
}

fn try_as<M: Made>(dice: &mut Dice, schema: &Schema, judged: &mut [usize; 2]) {
    let mut bytes = M::make(dice).encode_to_vec();
    damage(&mut bytes, dice);
    let read = M::decode(&*bytes);
    judged[usize::from(read.is_ok())] += 1;
    if let Ok(message) = read {
        // What was read can be written, and read again as the same.
        let again = message.encode_to_vec();
        let back = M::decode(&*again).unwrap();
        assert_eq!(back.encode_to_vec(), again, "{bytes:02x?}");
    }
    // Our own reader: each byte belongs to one field, in order.
    if let Ok(fields) = wire::fields(&bytes) {
        let told: Vec<u8> = fields
            .iter()
            .flat_map(|field| [field.tag, field.head, field.body].concat())
            .collect();
        assert_eq!(told, bytes);
    }
    if let Ok(lines) = explain(schema, M::NAME, &bytes) {
        let told: Vec<u8> = lines.iter().flat_map(|line| line.bytes.clone()).collect();
        assert_eq!(told, bytes);
    }
}

#[test]
fn damaged_messages_are_errors_or_messages() {
    if !alone() {
        return;
    }
    let schema = Schema::new(DESCRIPTORS).unwrap();
    let (before, asked) = (peak_memory(), peak_asked());
    let mut judged = [0; 2];
    for (number, mut dice) in budget("damaged messages", 30_000).enumerate() {
        match number % 6 {
            0 => try_as::<Kinds>(&mut dice, &schema, &mut judged),
            1 => try_as::<Student>(&mut dice, &schema, &mut judged),
            2 => try_as::<Person>(&mut dice, &schema, &mut judged),
            3 => try_as::<AddressBook>(&mut dice, &schema, &mut judged),
            4 => try_as::<PandaRequest>(&mut dice, &schema, &mut judged),
            _ => try_as::<HelloRequest>(&mut dice, &schema, &mut judged),
        }
    }
    // Both must come up, or the damage is too small or too large to say anything.
    println!("{} errors, {} messages", judged[0], judged[1]);
    assert!(judged.iter().all(|count| *count > 100), "{judged:?}");
    let more = peak_memory().saturating_sub(before);
    assert!(more < MEMORY, "{more} KiB more than before");
    let more = peak_asked().saturating_sub(asked);
    assert!(more < ASKED, "{more} KiB more asked for than before");
}

/// Every prefix of some messages: none of them may do more than fail.
#[test]
fn every_cut_is_an_error_or_a_shorter_message() {
    for mut dice in budget("cut messages", 200) {
        let bytes = Kinds::make(&mut dice).encode_to_vec();
        for end in 0..bytes.len() {
            let _ = Kinds::decode(&bytes[..end]);
            let _ = wire::fields(&bytes[..end]);
        }
    }
}

/// A message inside a message inside a message: an end before the stack has one.
#[test]
fn depth_has_a_limit() {
    let mut list: Vec<u8> = Vec::new();
    for _ in 0..2_000 {
        // Value { list_value = 6: ListValue { values = 1: ... } }
        let mut values = vec![0x0a];
        prost::encoding::encode_varint(list.len() as u64, &mut values);
        values.extend(&list);
        let mut value = vec![0x32];
        prost::encoding::encode_varint(values.len() as u64, &mut value);
        value.extend(&values);
        list = value;
    }
    let error = prost_types::Value::decode(&*list).unwrap_err().to_string();
    assert!(error.contains("recursion limit"), "{error}");
}

/// A connection that gives its bytes in pieces of any size.
struct Pieces<'a> {
    bytes: &'a [u8],
    dice: Dice,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let most = self.bytes.len().min(buf.remaining());
        let n = most.min(1 + self.dice.below(7));
        let (piece, rest) = self.bytes.split_at(n);
        buf.put_slice(piece);
        self.bytes = rest;
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn damaged_frames_never_reserve_what_they_claim() {
    if !alone() {
        return;
    }
    const LIMIT: usize = 200;
    let (before, asked) = (peak_memory(), peak_asked());
    for mut dice in budget("frames", 20_000) {
        let mut stream = Vec::new();
        for _ in 0..dice.below(4) {
            stream.extend(frame::encode(&HelloRequest::make(&mut dice)));
        }
        damage(&mut stream, &mut dice);
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        let mut from = &stream[..];
        let one = loop {
            match frame::read(&mut from, LIMIT).await {
                Ok(Some(body)) => whole.push(body),
                other => break format!("{other:?}"),
            }
        };
        let mut from = Pieces {
            bytes: &stream,
            dice,
        };
        let other = loop {
            match frame::read(&mut from, LIMIT).await {
                Ok(Some(body)) => pieces.push(body),
                other => break format!("{other:?}"),
            }
        };
        assert_eq!((whole, one), (pieces, other), "{stream:02x?}");
    }
    let more = peak_memory().saturating_sub(before);
    assert!(more < MEMORY, "{more} KiB more than before");
    let more = peak_asked().saturating_sub(asked);
    assert!(more < ASKED, "{more} KiB more asked for than before");
}
